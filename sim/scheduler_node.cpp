#include "sim/scheduler_node.hpp"

#include "base/check.hpp"
#include "sim/cluster.hpp"
#include "sim/describe.hpp"

#include <iterator>
#include <utility>

namespace windlass::sim {

using namespace std::chrono_literals;

namespace {

constexpr Duration subscribe_wait_max = 500ms;

FrameworkInfo framework_info(const FrameworkId& id, double failover_timeout) {
  FrameworkInfo info;
  info.user = "root";
  info.name = "windlass";
  info.id = id;
  info.failover_timeout = failover_timeout;
  info.checkpoint = true;
  info.roles = {"*"};
  info.capabilities = {Capability::task_killing_state, Capability::partition_aware, Capability::multi_role,
                       Capability::reservation_refinement};
  return info;
}

struct SetRequest {
  scheduler::RequestId request;
  void operator()(scheduler::StartApp& command) const { command.request = request; }
  void operator()(scheduler::StopApp& command) const { command.request = request; }
  void operator()(scheduler::ScaleApp& command) const { command.request = request; }
  void operator()(scheduler::KillTasks& command) const { command.request = request; }
  template <class Other>
  void operator()(Other&) const {}
};

}  // namespace

struct SchedulerActs {
  SchedulerNode& node;
  void operator()(const scheduler::MesosCall& call) { node.send(call.body); }
  void operator()(const scheduler::LogWarning&) {}
  void operator()(const scheduler::Resubscribe&) {
    node.cluster_.world.note("scheduler", "ends its subscription");
    node.lost(node.connection_);
  }
};

SchedulerNode::SchedulerNode(Cluster& cluster, scheduler::Settings settings)
    : cluster_(cluster), settings_(std::move(settings)) {}

void SchedulerNode::later(Duration delay, std::function<void()> what) {
  cluster_.world.after(delay, [this, life = life_, what = std::move(what)] {
    if (life == life_) what();
  });
}

void SchedulerNode::start() {
  World& world = cluster_.world;
  world.note("scheduler", "starts");
  ++life_;
  prng_ = std::make_unique<Prng>(world.prng().next());
  state_ = scheduler::State{};
  state_.settings = settings_;
  state_.framework_id = rows_.framework_id;
  std::vector<scheduler::AppPtr> apps;
  std::vector<scheduler::InstancePtr> instances;
  for (const auto& [id, app] : rows_.apps) apps.push_back(std::make_shared<const App>(app));
  for (const auto& [id, instance] : rows_.instances) instances.push_back(std::make_shared<const Instance>(instance));
  CHECK(scheduler::load_rows(state_, std::move(apps), std::move(instances)));
  CoreLoop<scheduler::Event, scheduler::Effects>::Hooks hooks;
  hooks.step = [this](const scheduler::Event& event) {
    auto fx = scheduler::step(state_, event, {.now = cluster_.world.now(), .prng = *prng_});
    scheduler::check_invariants(state_);
    return fx;
  };
  hooks.carry_out = [this](scheduler::Effects fx, std::function<void()> done) {
    carry_out(std::move(fx), std::move(done));
  };
  hooks.time_passed = scheduler::TimePassed{};
  loop_ = std::make_unique<CoreLoop<scheduler::Event, scheduler::Effects>>(world, "scheduler", std::move(hooks));
  loop_->post(scheduler::Started{});
  subscribe_after(world.between(1ms, subscribe_wait_max));
}

void SchedulerNode::crash(const std::string& why, std::optional<Duration> down) {
  if (!up()) return;
  cluster_.world.note("scheduler", "dies: " + why);
  ++life_;
  loop_.reset();
  crash_point_ = CrashPoint::none;
  drop_connection();
  for (auto& [id, answered] : std::exchange(requests_, {})) answered({});
  if (down) later(*down, [this] { start(); });
}

void SchedulerNode::carry_out(scheduler::Effects fx, std::function<void()> done) {
  Duration delay{};
  if (!fx.writes.empty())
    delay = cluster_.world.between(50us, std::max<Duration>(50us, cluster_.faults.commit_delay_max));
  later(delay, [this, fx = std::move(fx), done = std::move(done)] {
    const auto life = life_;
    commit_and_act(fx);
    if (life == life_) done();
  });
}

void SchedulerNode::commit_and_act(const scheduler::Effects& fx) {
  World& world = cluster_.world;
  if (!fx.writes.empty()) {
    const auto chance = cluster_.faults.commit_failure;
    const bool fails = chance != 0 && world.chance(chance, 1000);
    const Duration down = world.between(1ms, cluster_.faults.down_max);
    if (fails || crash_point_ == CrashPoint::before_commit) return crash("the journal cannot be written", down);
    cluster_.checker.scheduler_will_commit(rows_, fx.writes);
    rows_.commit(fx.writes);
    cluster_.checker.scheduler_has_committed(rows_);
    if (crash_point_ == CrashPoint::after_commit) return crash("after a commit", down);
  }
  for (const auto& call : fx.calls) std::visit(SchedulerActs{*this}, call);
  for (const auto& answer : fx.notices) {
    auto found = requests_.find(answer.request);
    if (found == requests_.end()) world.fail("the scheduler answers a request that does not wait for it");
    Answered answered = std::move(found->second);
    requests_.erase(found);
    answered(answer);
  }
}

void SchedulerNode::request(scheduler::Event command, Answered answered) {
  if (!up()) return answered({});
  const auto id = next_request_++;
  std::visit(SetRequest{id}, command);
  requests_[id] = std::move(answered);
  loop_->post(std::move(command));
}

// --- the subscription -----------------------------------------------------------------------------------------------

void SchedulerNode::subscribe_after(Duration delay) {
  later(delay, [this] {
    if (connection_ == 0) subscribe();
  });
}

void SchedulerNode::subscribe() {
  Link& link = cluster_.framework_link;
  connection_ = link.connect([this](Link::Id id) { lost(id); });
  subscribed_ = false;
  framework_id_ = rows_.framework_id;
  calls::Subscribe subscribe{.info = framework_info(framework_id_, cluster_.options.failover_timeout)};
  link.send_up(connection_, [this, id = connection_, framework = framework_id_, subscribe] {
    cluster_.master->framework_subscribes(id, *this, framework, subscribe);
  });
}

void SchedulerNode::drop_connection() {
  if (connection_ != 0) cluster_.framework_link.close_client(connection_);
  connection_ = 0;
  subscribed_ = false;
}

void SchedulerNode::lost(Link::Id id) {
  if (id != connection_) return;
  cluster_.world.note("scheduler", "has lost its connection");
  const bool was_subscribed = subscribed_;
  drop_connection();
  if (was_subscribed) loop_->post(scheduler::MesosDisconnected{});
  subscribe_after(cluster_.world.between(100ms, 2s));
}

void SchedulerNode::opened(Link::Id id, const Uuid& stream) {
  if (id == connection_) stream_ = stream;
}

void SchedulerNode::event_in(Link::Id id, const SchedulerEvent& event) {
  if (id != connection_ || !up()) return;
  if (!std::holds_alternative<events::Heartbeat>(event)) cluster_.world.note("scheduler", "hears " + describe(event));
  if (const auto* subscribed = std::get_if<events::Subscribed>(&event)) {
    subscribed_ = true;
    framework_id_ = subscribed->framework_id;
  }
  cluster_.checker.scheduler_hears(event);
  loop_->post(scheduler::MesosEvent{event});
}

// A refused call means that the master and we do not agree on the subscription: make a new one.
void SchedulerNode::answered(Link::Id id, int status, const std::string& text) {
  if (id != connection_ || status == 202) return;
  cluster_.world.note("scheduler", "is answered " + std::to_string(status) + " " + text);
  lost(id);
}

void SchedulerNode::send(const calls::Body& body) {
  if (!subscribed_) return;
  cluster_.world.note("scheduler", "calls " + describe(body));
  cluster_.checker.scheduler_calls(rows_, body);
  cluster_.framework_link.send_up(
      connection_, [this, id = connection_, stream = stream_, call = SchedulerCall{framework_id_, body}] {
        cluster_.master->framework_calls(id, *this, stream, call);
      });
}

}  // namespace windlass::sim
