// Random lives of the core against a small Mesos of our own, with crashes, lost calls and repeated updates.

#include "scheduler/dialogue_testing.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <deque>

namespace windlass::scheduler {
namespace {

using namespace std::chrono_literals;

// Master, agents and executors in one: tasks that live until something ends them.
class FakeMesos {
 public:
  explicit FakeMesos(std::uint64_t seed) : prng_{seed} {}

  struct Task {
    AgentId agent;
    AppId app;
    TaskState state = TaskState::staging;
  };
  std::map<TaskId, Task> tasks;                      // alive
  std::map<TaskId, std::deque<TaskStatus>> updates;  // unacknowledged

  [[nodiscard]] std::int64_t alive(const AppId& app) const {
    std::int64_t count = 0;
    for (const auto& [id, task] : tasks) count += task.app == app ? 1 : 0;
    return count;
  }

  std::vector<Offer> make_offers() {
    std::vector<Offer> offers;
    if (suppressed_) return offers;
    for (const char* host : {"h1", "h2"}) {
      offers.push_back(make_offer("O" + std::to_string(++offers_made_), host));
      outstanding_.insert(offers.back().id);
    }
    return offers;
  }

  // Offers of an earlier connection are gone.
  void connect() {
    outstanding_.clear();
    suppressed_ = false;
  }

  void take(const calls::Body& body, std::vector<SchedulerEvent>& answers) {
    if (const auto* accept = std::get_if<calls::Accept>(&body)) launch(*accept, answers);
    if (const auto* kill = std::get_if<calls::Kill>(&body)) end(kill->task_id, TaskState::killed, answers);
    if (const auto* reconcile = std::get_if<calls::Reconcile>(&body)) answer(*reconcile, answers);
    if (std::holds_alternative<calls::Suppress>(body)) suppressed_ = true;
    if (std::holds_alternative<calls::Revive>(body)) suppressed_ = false;
    if (const auto* ack = std::get_if<calls::Acknowledge>(&body)) acknowledge(*ack);
  }

  void progress() {
    for (auto& [id, task] : tasks) {
      if (task.state == TaskState::running || !prng_.chance(1, 2)) continue;
      task.state = task.state == TaskState::staging ? TaskState::starting : TaskState::running;
      updates[id].push_back(status(id, task.agent, task.state));
    }
  }
  void fail_one() {
    if (tasks.empty()) return;
    auto task = tasks.begin();
    std::advance(task, static_cast<std::ptrdiff_t>(prng_.below(tasks.size())));
    std::vector<SchedulerEvent> none;
    end(task->first, prng_.chance(1, 2) ? TaskState::failed : TaskState::finished, none);
  }

 private:
  TaskStatus status(const TaskId& id, const AgentId& agent, TaskState state) {
    TaskStatus result;
    result.task_id = id;
    result.agent_id = agent;
    result.state = state;
    result.uuid = Uuid::random(prng_);
    return result;
  }

  void launch(const calls::Accept& accept, std::vector<SchedulerEvent>& answers) {
    const bool valid = outstanding_.erase(accept.offer_ids.at(0)) > 0;
    for (const TaskInfo& info : accept.operations.at(0).tasks) {
      EXPECT_FALSE(tasks.contains(info.id)) << "a task id is never used twice";
      if (valid) {
        tasks[info.id] = {info.agent_id, AppId{"/" + info.name}};
        continue;
      }
      TaskStatus dropped = status(info.id, info.agent_id, TaskState::dropped);
      dropped.uuid.reset();
      answers.emplace_back(events::Update{dropped});
    }
  }

  void end(const TaskId& id, TaskState state, std::vector<SchedulerEvent>& answers) {
    const auto task = tasks.find(id);
    if (task != tasks.end()) {
      updates[id].push_back(status(id, task->second.agent, state));
      tasks.erase(task);
    } else if (!updates.contains(id)) {
      answer({.tasks = {{id, AgentId{"A-h1"}}}}, answers);
    }
  }

  void answer(const calls::Reconcile& reconcile, std::vector<SchedulerEvent>& answers) {
    const auto tell = [&](const TaskId& id, TaskState state) {
      TaskStatus known = status(id, AgentId{"A-h1"}, state);
      known.uuid.reset();
      known.reason = Reason::reconciliation;
      answers.emplace_back(events::Update{known});
    };
    for (const calls::ReconcileTask& each : reconcile.tasks) {
      const auto task = tasks.find(each.task_id);
      if (task != tasks.end()) tell(each.task_id, task->second.state);
      if (task == tasks.end() && !updates.contains(each.task_id)) tell(each.task_id, TaskState::gone);
    }
    if (!reconcile.tasks.empty()) return;
    for (const auto& [id, task] : tasks) tell(id, task.state);
  }

  void acknowledge(const calls::Acknowledge& ack) {
    const auto queue = updates.find(ack.task_id);
    if (queue == updates.end() || queue->second.front().uuid != ack.uuid) return;
    queue->second.pop_front();
    if (queue->second.empty()) updates.erase(queue);
  }

  Prng prng_;
  int offers_made_ = 0;
  std::set<OfferId> outstanding_;
  bool suppressed_ = false;
};

class Life {
 public:
  explicit Life(std::uint64_t seed) : prng_{seed}, mesos_{seed + 1}, d_{settings(), seed + 2} {}

  void run_with_faults(int steps) {
    for (int i = 0; i < steps; ++i) {
      act(true);
      check();
    }
  }

  // Without faults everything comes to what is wanted.
  void heal() {
    for (int i = 0; i < 600; ++i) {
      d_.now += 2s;
      if (!d_.state.connected) connect();
      say(MesosEvent{events::Heartbeat{}}, false);
      mesos_.progress();
      deliver(false);
      say(MesosEvent{events::Offers{.offers = mesos_.make_offers()}}, false);
      say(TimePassed{}, false);
      check();
    }
    std::set<TaskId> known;
    for (const auto& [id, index] : d_.state.index) {
      for (const auto& [key, instance] : index.instances) known.insert(instance->task_id);
    }
    for (const auto& [id, task] : mesos_.tasks) EXPECT_TRUE(known.contains(id)) << "nobody knows " << id.value;
    EXPECT_EQ(known.size(), mesos_.tasks.size());
    for (const auto& [id, app] : d_.state.apps) EXPECT_EQ(mesos_.alive(id), app->instances) << id.value;
  }

 private:
  static Settings settings() {
    Settings settings;
    settings.max_instances_per_offer = 3;
    return settings;
  }

  void act(bool faults) {
    d_.now += std::chrono::milliseconds{prng_.below(4000)};
    const AppId id{"/app" + std::to_string(prng_.below(3))};
    switch (prng_.below(14)) {
      case 0: return say(StartApp{.request = 1, .app = make_app(id.value, count())}, faults);
      case 1: return say(ScaleApp{.request = 1, .id = id, .instances = count()}, faults);
      case 2: return prng_.chance(1, 3) ? say(StopApp{.request = 1, .id = id}, faults) : void();
      case 3: return say(KillTasks{.request = 1, .app = id, .host = "h1", .scale = prng_.chance(1, 2)}, faults);
      case 4: return mesos_.fail_one();
      case 5: return restart();
      case 6: return say(MesosDisconnected{}, faults);
      case 7: return d_.state.connected ? void() : connect();
      case 8: return mesos_.progress();
      case 9:
      case 10: return deliver(faults);
      case 11: return say(TimePassed{}, faults);
      default:
        return d_.state.connected ? say(MesosEvent{events::Offers{.offers = mesos_.make_offers()}}, faults) : void();
    }
  }

  std::int64_t count() { return static_cast<std::int64_t>(prng_.below(6)); }

  void restart() {
    d_.restart();
    if (prng_.chance(1, 2)) connect();
  }

  void connect() {
    mesos_.connect();
    say(MesosEvent{events::Subscribed{FrameworkId{"F1"}}}, false);
  }

  // Steps, then makes the calls; a fault loses one of them, or all with the process.
  void say(const Event& event, bool faults) {
    const Effects fx = d_.say(event);
    std::vector<SchedulerEvent> answers;
    if (faults && prng_.chance(1, 20)) return restart();
    for (const Call& each : fx.calls) {
      const auto* call = std::get_if<MesosCall>(&each);
      if (call == nullptr || (faults && prng_.chance(1, 20))) continue;
      mesos_.take(call->body, answers);
    }
    for (const SchedulerEvent& answer : answers) say(MesosEvent{answer}, faults);
  }

  void deliver(bool faults) {
    if (!d_.state.connected) return;
    std::vector<TaskStatus> first;
    for (const auto& [id, queue] : mesos_.updates) first.push_back(queue.front());
    for (const TaskStatus& each : first) {
      const int times = faults && prng_.chance(1, 10) ? 2 : 1;
      for (int i = 0; i < times && d_.state.connected; ++i) say(MesosEvent{events::Update{each}}, faults);
    }
  }

  void check() {
    for (const auto& [id, index] : d_.state.index) {
      const App* app = find_app(d_.state, id);
      const std::int64_t wanted = app == nullptr ? 0 : app->instances;
      const auto ending = static_cast<std::int64_t>(index.ending.size());
      ASSERT_LE(mesos_.alive(id), wanted + ending) << "never more alive than wanted, but for those that are ending";
    }
  }

  Prng prng_;
  FakeMesos mesos_;
  Dialogue d_;
};

TEST(Property, FaultsDoNotStartTooManyAndHealedItConverges) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Life life{seed};
    life.run_with_faults(400);
    life.heal();
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(Property, SameSeedSameEffects) {
  const auto live = [](std::uint64_t seed) {
    std::vector<Effects> all;
    Dialogue d{{}, seed};
    all.push_back(d.subscribe());
    all.push_back(d.start(make_app("/web", 5)));
    all.push_back(d.offer(make_offer()));
    return all;
  };
  EXPECT_EQ(live(7), live(7));
  EXPECT_NE(live(7), live(8));
}

}  // namespace
}  // namespace windlass::scheduler
