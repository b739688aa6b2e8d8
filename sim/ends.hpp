#pragma once
// The ends of connections: what a node is for those who talk to it, so that each of them may be of several kinds.

#include "model/executor_api.hpp"
#include "model/scheduler_api.hpp"
#include "sim/link.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace windlass::sim {

// A framework, as its master sees it.
class FrameworkEnd {
 public:
  virtual void opened(Link::Id id, const Uuid& stream) = 0;
  virtual void event_in(Link::Id id, const SchedulerEvent& event) = 0;
  virtual void answered(Link::Id id, int status, const std::string& text) = 0;

 protected:
  ~FrameworkEnd() = default;
};

// A master, as frameworks see it: the engine, or one with many agents.
class MasterEnd {
 public:
  virtual void framework_subscribes(Link::Id id, FrameworkEnd& from, const FrameworkId& framework,
                                    const calls::Subscribe& subscribe) = 0;
  virtual void framework_calls(Link::Id id, FrameworkEnd& from, const std::optional<Uuid>& stream,
                               const SchedulerCall& call) = 0;
  virtual void framework_stream_closed(Link::Id id) = 0;

 protected:
  ~MasterEnd() = default;
};

// A task, as its agent knows it.
struct TaskView {
  FrameworkId framework;
  TaskId id;
  TaskState state = TaskState::staging;
  std::size_t unacknowledged = 0;  // updates
};

// An agent, as its executors and its machine see it: the engine, or one of many.
class AgentEnd {
 public:
  virtual void executor_subscribes(Link::Id id, const FrameworkId& framework, const ExecutorId& executor,
                                   const executor_calls::Subscribe& subscribe) = 0;
  virtual void executor_calls_in(Link::Id id, const ExecutorCall& call) = 0;
  virtual void executor_stream_closed(Link::Id id) = 0;
  // From the kernel.
  virtual void process_ended(std::int64_t pid, const ContainerId& container, int wait_status) = 0;
  // In its journal.
  [[nodiscard]] virtual std::vector<TaskView> tasks() const = 0;

 protected:
  ~AgentEnd() = default;
};

}  // namespace windlass::sim
