// Frameworks and executors that do anything at any time: whatever comes, the invariants hold (step checks them), every
// call is answered once, and when all is quiet all is free again.

#include "engine/accounts.hpp"
#include "engine/engine_testing.hpp"

#include <gtest/gtest.h>

#include <array>
#include <iterator>

namespace windlass::engine {
namespace {

using namespace std::chrono_literals;

template <class Map>
auto records_of(const Map& map) {
  std::map<typename Map::key_type, decltype(map.begin()->second.record)> all;
  for (const auto& [key, value] : map) all.emplace(key, value.record);
  return all;
}

class Anything {
 public:
  explicit Anything(std::uint64_t seed) : prng_{seed} {}

  void act() {
    switch (prng_.below(16)) {
      case 0: return subscribe();
      case 1: return close_stream();
      case 2: return launch();
      case 3: return launch();
      case 4: return decline();
      case 5: return on_task([this](const TaskRecord& task) { call(calls::Kill{task.info.id}); });
      case 6: return on_task([this](const TaskRecord& task) { acknowledge(task); });
      case 7: return on_task([this](const TaskRecord& task) { update(task); });
      case 8: return on_task([this](const TaskRecord& task) { update(task); });
      case 9: return on_executor([this](const ExecutorRecord& executor) { subscribe_executor(executor); });
      case 10: return on_executor([this](const ExecutorRecord& executor) { change_process(executor); });
      case 11: return some_call();
      case 12: return world_.pass(std::chrono::milliseconds{prng_.below(3000)});
      case 13: return world_.pass(std::chrono::seconds{prng_.below(40)});
      case 14: return prng_.chance(1, 8) ? world_.restart() : world_.pass(100ms);
      default: return prng_.chance(1, 8) ? call(calls::Teardown{}) : call(calls::Reconcile{});
    }
  }

  // The picture that was kept up to date with each step's changes shows what one that is made anew does.
  void compare_pictures() const {
    const Picture& kept = *world_.picture;
    const auto made = make_picture(world_.state);
    EXPECT_EQ(kept.record, made->record);
    EXPECT_EQ(kept.offers, made->offers);
    EXPECT_EQ(kept.ended, made->ended);
    EXPECT_EQ(kept.completed_tasks, made->completed_tasks);
    EXPECT_EQ(records_of(kept.frameworks), records_of(made->frameworks));
    EXPECT_EQ(records_of(kept.executors), records_of(made->executors));
    EXPECT_EQ(records_of(kept.tasks), records_of(made->tasks));
    for (const auto& [id, framework] : made->frameworks) {
      EXPECT_EQ(kept.frameworks.at(id).stream, framework.stream);
      EXPECT_EQ(kept.frameworks.at(id).next_heartbeat, framework.next_heartbeat);
      EXPECT_EQ(kept.frameworks.at(id).offers_made, framework.offers_made);
    }
  }

  // Frameworks go, executors end when they are told to.
  void end_everything() {
    std::vector<Uuid> streams;
    for (const auto& [id, framework] : world_.state.frameworks) {
      if (framework.stream) streams.push_back(*framework.stream);
    }
    for (const Uuid& stream : streams) world_.step(FrameworkStreamClosed{stream});
    world_.pass(2h);
    while (!world_.state.executors.empty()) world_.step(ExecutorExited{world_.state.executors.begin()->first, 0});
    EXPECT_TRUE(world_.state.tasks.empty());
    EXPECT_TRUE(world_.state.offers.empty());
    EXPECT_EQ(free_resources(world_.state), world_.state.settings.agent.resources);
  }

 private:
  void call(const calls::Body& body) { world_.call(body); }

  void subscribe() {
    FrameworkInfo info = prng_.chance(1, 2) ? modern_framework() : old_framework();
    info.failover_timeout = prng_.chance(1, 4) ? 0 : 100;
    info.checkpoint = !prng_.chance(1, 4);
    const bool again = prng_.chance(2, 3) && !world_.state.frameworks.empty();
    world_.subscribe(info, again ? pick(world_.state.frameworks)->first : FrameworkId{});
  }

  void close_stream() {
    if (world_.stream && prng_.chance(1, 2)) world_.step(FrameworkStreamClosed{*world_.stream});
  }

  void launch() {
    if (world_.state.offers.empty()) return;
    std::vector<TaskInfo> tasks;
    for (std::uint64_t i = 0; i <= prng_.below(3); ++i) {
      const std::string id = "t" + std::to_string(prng_.below(12));
      tasks.push_back(prng_.chance(1, 2) ? custom_task(world_, id) : command_task(world_, id));
      if (tasks.back().executor && prng_.chance(1, 2)) tasks.back().executor->id = {"shared"};
      const std::uint64_t port = 31000 + prng_.below(20);
      tasks.back().resources.add(Resource::make_ranges("ports", {{port, port}}));
    }
    const OfferId offer = pick(world_.state.offers)->first;
    call(calls::Accept{{offer}, {{.type = calls::operation_launch, .tasks = tasks}}, double(prng_.below(4))});
  }

  void decline() {
    if (world_.state.offers.empty()) return;
    call(calls::Decline{{pick(world_.state.offers)->first}, double(prng_.below(10))});
  }

  void acknowledge(const TaskRecord& task) {
    if (task.updates.empty()) return;
    call(calls::Acknowledge{world_.state.record.agent_id, task.info.id, *task.updates.front().uuid});
  }

  void update(const TaskRecord& task) {
    static constexpr std::array states{TaskState::starting, TaskState::running, TaskState::killing,
                                       TaskState::finished, TaskState::failed,  TaskState::lost};
    const auto uuid = static_cast<std::uint8_t>(1 + prng_.below(250));
    world_.update(task.executor_id, task.info.id, states.at(prng_.below(states.size())), uuid);
  }

  void subscribe_executor(const ExecutorRecord& executor) {
    executor_calls::Subscribe subscribe;
    if (prng_.chance(1, 2)) subscribe.unacknowledged_tasks.push_back(custom_task(world_, "t1"));
    world_.step(ExecutorSubscribe{1, ++connection_, executor.framework_id, executor.info.id, subscribe});
    if (prng_.chance(1, 4)) world_.step(ExecutorStreamClosed{connection_});
  }

  void change_process(const ExecutorRecord& executor) {
    switch (prng_.below(4)) {
      case 0: world_.step(ExecutorExited{executor.container_id, 256}); return;
      case 1: world_.step(ExecutorLaunchFailed{executor.container_id, "why"}); return;
      default: world_.step(ExecutorStarted{executor.container_id, 4711, 1, "boot", "/d"}); return;
    }
  }

  void some_call() {
    switch (prng_.below(4)) {
      case 0: return call(calls::Revive{});
      case 1: return call(calls::Suppress{});
      case 2: return call(calls::Shutdown{{"shared"}, world_.state.record.agent_id});
      default: return call(calls::Message{world_.state.record.agent_id, {"shared"}, "hello"});
    }
  }

  template <class Act>
  void on_task(const Act& act) {
    if (world_.state.tasks.empty()) return;
    const TaskRecord record = pick(world_.state.tasks)->second.record;
    act(record);
  }

  template <class Act>
  void on_executor(const Act& act) {
    if (world_.state.executors.empty()) return;
    const ExecutorRecord record = pick(world_.state.executors)->second.record;
    act(record);
  }

  template <class Map>
  typename Map::const_iterator pick(const Map& map) {
    return std::next(map.begin(), static_cast<std::ptrdiff_t>(prng_.below(map.size())));
  }

  Prng prng_;
  World world_;
  ConnectionId connection_ = 0;
};

TEST(Random, InvariantsHoldWhateverComes) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Anything anything{seed};
    for (int i = 0; i < 1000; ++i) {
      anything.act();
      if (i % 50 == 0) anything.compare_pictures();
    }
    anything.end_everything();
  }
}

}  // namespace
}  // namespace windlass::engine
