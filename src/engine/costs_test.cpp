// A step costs the same with few tasks and with many: nothing in it goes through all of them.

#include "engine/engine_testing.hpp"

#include <gtest/gtest.h>

#include <time.h>

#include <algorithm>

namespace windlass::engine {
namespace {

// What the processor spent on this thread: what else the machine does does not count.
double seconds_of_this_thread() {
  timespec spent{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
}

// An engine with so many tasks, whose executors are all connected.
class LoadedEngine {
 public:
  explicit LoadedEngine(std::size_t tasks) {
    Records records;
    records.engine = EngineRecord{.master_id = "m", .agent_id = {"m-S0"}};
    FrameworkRecord framework{.info = modern_framework()};
    framework.info.id = {"f"};
    records.frameworks.push_back(framework);
    for (std::size_t i = 0; i < tasks; ++i) add_task(records, "t" + std::to_string(i));
    Settings settings;
    settings.agent.resources = resources_of("cpus:100000;mem:1000000");
    state_ = load(settings, std::move(records));
    step(Started{});
    step(FrameworkSubscribe{stream_, {"f"}, {framework.info, {}}});
    ConnectionId connection = 0;
    for (std::size_t i = 0; i < tasks; ++i) {
      const std::string name = "t" + std::to_string(i);
      step(ExecutorSubscribe{1, ++connection, {"f"}, {name}, {}});
    }
  }

  // The median of what such a step costs, in seconds.
  template <class Act>
  double cost_of(const Act& act) {
    std::vector<double> costs;
    for (std::size_t i = 0; i < 101; ++i) {
      const Event event = act(*this, i);
      const double before = seconds_of_this_thread();
      step(event);
      costs.push_back(seconds_of_this_thread() - before);
    }
    std::nth_element(costs.begin(), costs.begin() + 50, costs.end());
    return costs[50];
  }

  Event update(std::size_t number) const {
    const std::string name = "t" + std::to_string(number);
    TaskStatus status{.task_id = {name}, .state = TaskState::running};
    status.uuid = uuid_of(static_cast<std::uint8_t>(number + 1));
    return ExecutorCallReceived{1, {{"f"}, {name}, executor_calls::Update{status}}};
  }
  Event acknowledge(std::size_t number) const {
    const TaskId task{"t" + std::to_string(number)};
    return call(calls::Acknowledge{{"m-S0"}, task, uuid_of(static_cast<std::uint8_t>(number + 1))});
  }
  // Refuses nothing: each time all that is free is offered again.
  Event decline_or_offer(std::size_t number) {
    if (number % 2 == 0) return call(calls::Decline{{state_.offers.begin()->first}, 0});
    now_ += std::chrono::seconds{1};
    return TimePassed{};
  }
  Event stream_closed(std::size_t number) const { return ExecutorStreamClosed{number + 1}; }

 private:
  static void add_task(Records& records, const std::string& name) {
    const Resources resources = resources_of("cpus:0.1;mem:32").allocated_to("*");
    TaskRecord task{.framework_id = {"f"},
                    .info = {.id = {name}, .name = name, .agent_id = {"m-S0"}},
                    .executor_id = {name},
                    .role = "*"};
    task.info.resources = resources;
    task.state = TaskState::starting;
    task.queued = false;
    ExecutorRecord executor{.framework_id = {"f"}, .info = {.id = {name}}, .container_id = {"c-" + name}};
    executor.is_command = true;
    executor.subscribed = true;
    executor.pid = 4711;
    records.tasks.push_back(std::move(task));
    records.executors.push_back(std::move(executor));
  }
  Event call(calls::Body body) const { return FrameworkCall{1, stream_.to_string(), {{"f"}, std::move(body)}}; }
  void step(const Event& event) { engine::step(state_, event, {.now = now_, .prng = prng_}); }

  const Uuid stream_ = uuid_of(99);
  State state_;
  Prng prng_{1};
  TimePoint now_{std::chrono::seconds{1'700'000'000}};
};

TEST(Costs, OfAStepAreTheSameWithFewTasksAndMany) {
  LoadedEngine few{200};
  LoadedEngine many{10'000};
  const auto compare = [&](const char* what, const auto& act) {
    SCOPED_TRACE(what);
    const double before = few.cost_of(act);
    // The way through a map is longer, and less of it is in the processor's cache; fifty times as many tasks would be
    // fifty times the cost if they were gone through.
    EXPECT_LT(many.cost_of(act), 15 * before);
  };
  compare("update", [](LoadedEngine& engine, std::size_t i) { return engine.update(i); });
  compare("acknowledgement", [](LoadedEngine& engine, std::size_t i) { return engine.acknowledge(i); });
  compare("offers", [](LoadedEngine& engine, std::size_t i) { return engine.decline_or_offer(i); });
  compare("executor's stream", [](LoadedEngine& engine, std::size_t i) { return engine.stream_closed(i); });
}

}  // namespace
}  // namespace windlass::engine
