#pragma once
// A scheduler core in conversation with a test, which plays user, master and clock. Header only; for tests.

#include "base/check.hpp"
#include "scheduler/step.hpp"
#include "scheduler/turn.hpp"
#include "scheduler/world.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace windlass::scheduler {

// What the journal would hold.
struct Rows {
  FrameworkId framework_id;
  std::map<AppId, App> apps;
  std::map<InstanceId, Instance> instances;

  void apply(const std::vector<Write>& writes) {
    for (const Write& write : writes) {
      std::visit([this](const auto& each) { put(each); }, write);
    }
  }
  [[nodiscard]] State load(const Settings& settings) const {
    State state;
    state.settings = settings;
    state.framework_id = framework_id;
    std::vector<AppPtr> app_rows;
    std::vector<InstancePtr> instance_rows;
    for (const auto& [id, app] : apps) app_rows.push_back(std::make_shared<const App>(app));
    for (const auto& [id, each] : instances) instance_rows.push_back(std::make_shared<const Instance>(each));
    CHECK(load_rows(state, std::move(app_rows), std::move(instance_rows)));
    return state;
  }

 private:
  void put(const PutFrameworkId& write) { framework_id = write.id; }
  void put(const PutApp& write) {
    apps.erase(write.id);
    if (write.app) apps.emplace(write.id, *write.app);
  }
  void put(const PutInstance& write) {
    instances.erase(write.id);
    if (write.instance) instances.emplace(write.id, *write.instance);
  }
};

class Dialogue {
 public:
  explicit Dialogue(Settings settings = {}, std::uint64_t seed = 1) : prng{seed} {
    state.settings = settings;
    say(Started{});
  }

  Effects say(const Event& event) {
    Effects fx = step(state, event, Inputs{now, prng});
    check_invariants(state);
    rows.apply(fx.writes);
    world = make_world(state);
    return fx;
  }
  Effects hear(SchedulerEvent event) { return say(MesosEvent{std::move(event)}); }
  Effects subscribe(const std::string& id = "F1") { return hear(events::Subscribed{FrameworkId{id}}); }
  Effects wait(Duration duration) {
    now += std::chrono::duration_cast<std::chrono::microseconds>(duration);
    return say(TimePassed{});
  }
  // The master says something every few seconds, so that it is not taken for dead.
  Effects wait_in_touch(Duration duration) {
    now += std::chrono::duration_cast<std::chrono::microseconds>(duration);
    hear(events::Heartbeat{});
    return say(TimePassed{});
  }
  // kill -9 and a new process.
  Effects restart() {
    state = rows.load(state.settings);
    world = std::make_shared<const World>();
    return say(Started{});
  }

  Effects start(const App& app) { return say(StartApp{.request = 1, .app = app}); }
  Effects offer(const Offer& one) { return hear(events::Offers{.offers = {one}}); }
  Effects update(const TaskId& task, TaskState task_state, std::optional<Reason> reason = {},
                 const std::string& message = {}) {
    TaskStatus status;
    status.task_id = task;
    status.state = task_state;
    status.agent_id = AgentId{"A1"};
    status.uuid = Uuid::random(prng);
    status.reason = reason;
    status.message = message;
    return hear(events::Update{status});
  }
  // Starts the app, offers room for all of it, and lets all of it run. Returns its tasks in the order of launch.
  std::vector<TaskId> run(const App& app);

  [[nodiscard]] std::vector<Instance> instances(const AppId& id) const {
    std::vector<Instance> all;
    const auto index = state.index.find(id);
    if (index == state.index.end()) return all;
    for (const auto& [key, instance] : index->second.instances) all.push_back(*instance);
    return all;
  }

  State state;
  Prng prng;
  TimePoint now{std::chrono::seconds{1'380'000'000}};
  Rows rows;
  std::shared_ptr<const World> world = std::make_shared<const World>();
};

inline App make_app(const std::string& id, std::int64_t instances = 1) {
  App app;
  app.id = AppId{id};
  app.cmd = "sleep 60";
  app.instances = instances;
  app.cpus = 0.1;
  app.mem = 16;
  app.ports = {PortDefinition{}};
  return app;
}

inline Offer make_offer(const std::string& id = "O1", const std::string& host = "h1", double cpus = 16,
                        double mem = 16384) {
  Offer offer;
  offer.id = OfferId{id};
  offer.agent_id = AgentId{"A-" + host};
  offer.hostname = host;
  offer.role = "*";
  Resources resources;
  resources.add(Resource::scalar("cpus", cpus));
  resources.add(Resource::scalar("mem", mem));
  resources.add(Resource::scalar("disk", 10000));
  resources.add(Resource::make_ranges("ports", {{31000, 32000}}));
  offer.resources = resources.allocated_to("*");
  return offer;
}

// The bodies of one kind among the calls.
template <class Body>
std::vector<Body> calls_of(const Effects& fx) {
  std::vector<Body> found;
  for (const Call& each : fx.calls) {
    const auto* call = std::get_if<MesosCall>(&each);
    if (call == nullptr) continue;
    if (const auto* body = std::get_if<Body>(&call->body)) found.push_back(*body);
  }
  return found;
}

inline bool resubscribes(const Effects& fx) {
  for (const Call& each : fx.calls) {
    if (std::holds_alternative<Resubscribe>(each)) return true;
  }
  return false;
}

inline std::vector<TaskInfo> launched(const Effects& fx) {
  std::vector<TaskInfo> tasks;
  for (const calls::Accept& accept : calls_of<calls::Accept>(fx)) {
    for (const calls::Operation& operation : accept.operations) {
      tasks.insert(tasks.end(), operation.tasks.begin(), operation.tasks.end());
    }
  }
  return tasks;
}

inline std::vector<TaskId> Dialogue::run(const App& app) {
  start(app);
  std::vector<TaskId> tasks;
  for (const TaskInfo& task : launched(offer(make_offer("O-" + app.id.value)))) {
    tasks.push_back(task.id);
    now += std::chrono::seconds{1};
    update(task.id, TaskState::running);
  }
  return tasks;
}

}  // namespace windlass::scheduler
