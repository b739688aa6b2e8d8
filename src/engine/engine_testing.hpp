#pragma once
// A world around the engine for its tests: time, a journal, streams; and everything said as short texts.

#include "engine/picture.hpp"
#include "engine/step.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace windlass::engine {

using Texts = std::vector<std::string>;

// A framework with the capabilities that Windlass' own has.
FrameworkInfo modern_framework();
// Without any.
FrameworkInfo old_framework();

class World {
 public:
  World();

  Effects step(const Event& event);
  // Time goes by; the engine is woken when it wishes.
  void pass(Duration wait);
  // kill -9 and start: what is not in the journal is gone. Streams are closed without a word.
  void restart();

  // --- frameworks; the result is the stream ---
  Uuid subscribe(const FrameworkInfo& info, const FrameworkId& id = {},
                 const std::vector<std::string>& suppressed = {});
  // By the framework that subscribed last (or that of the stream); the answer as "202" or "400 text".
  std::string call(const calls::Body& body);
  std::string call_as(const FrameworkId& id, const std::optional<std::string>& stream, const calls::Body& body);
  // Accepts the newest offer with one LAUNCH of these tasks.
  std::string launch(const std::vector<TaskInfo>& tasks, double refuse_seconds = 0);
  void acknowledge(const TaskId& task);

  // --- executors ---
  // Started by the shell, then subscribed; the answer as text.
  std::string start_executor(const ExecutorId& id, ConnectionId connection);
  std::string subscribe_executor(const ExecutorId& id, ConnectionId connection,
                                 const executor_calls::Subscribe& subscribe = {});
  std::string update(const ExecutorId& id, const TaskId& task, TaskState state, std::uint8_t uuid = 0);
  std::string executor_call(const ExecutorId& id, const executor_calls::Body& body);
  void exit(const ExecutorId& id, std::optional<int> wait_status);

  // --- what was said since the last time of asking ---
  Texts heard();  // by all frameworks
  Texts executor_heard(ConnectionId connection);
  Texts commands();  // LAUNCH and DESTROY for the shell
  OfferId newest_offer() const;
  const Executor& executor(const ExecutorId& id) const;
  FrameworkId framework_id;  // of the last subscription
  std::optional<Uuid> stream = {};

  State state;
  std::shared_ptr<const Picture> picture;  // kept up to date with the changes of each step
  TimePoint now = TimePoint{std::chrono::seconds{1'700'000'000}};
  std::size_t rows_written = 0;
  std::vector<SchedulerEvent> events = {};  // all, as values
  std::vector<LaunchExecutor> launches = {};

 private:
  void keep(const Effects& effects);
  std::string answer_of(const Effects& effects, RequestId request) const;
  [[nodiscard]] std::string shorten(std::string text) const;
  [[nodiscard]] std::string describe(const SchedulerEvent& event) const;
  [[nodiscard]] static std::string describe(const ExecutorEvent& event);

  Settings settings_;
  Prng prng_{7};
  RequestId request_ = 0;
  std::uint8_t uuid_ = 0;
  std::optional<TimePoint> wake_at_;
  std::optional<EngineRecord> engine_;
  std::map<FrameworkId, FrameworkRecord> frameworks_;
  std::map<ContainerId, ExecutorRecord> executors_;
  std::map<TaskKey, TaskRecord> tasks_;
  Texts heard_;
  std::map<ConnectionId, Texts> executor_heard_;
  Texts commands_;
};

// A uuid that tests can name.
Uuid uuid_of(std::uint8_t number);
Resources resources_of(const char* text);
// A task of 0.1 cpus and 32 MB with an executor "x-<id>" of the same size; with a command.
TaskInfo custom_task(const World& world, const std::string& id);
TaskInfo command_task(const World& world, const std::string& id);

}  // namespace windlass::engine
