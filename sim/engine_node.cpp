#include "sim/engine_node.hpp"

#include "engine/invariants.hpp"
#include "sim/cluster.hpp"
#include "sim/describe.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace windlass::sim {

using namespace std::chrono_literals;

namespace {

constexpr Duration startup_max = 50ms;  // in which it answers 503
constexpr auto leftover_limit = 10s;
// Each step checks the invariants of what it has touched; so often all of them are.
constexpr std::uint64_t steps_between_checks = 50;

}  // namespace

struct EngineActs {
  EngineNode& node;
  void operator()(const engine::SendToFramework& call) { node.send_to_framework(call.stream, call.event); }
  void operator()(const engine::CloseFrameworkStream& call) {
    auto found = node.streams_.find(call.stream);
    if (found == node.streams_.end()) return;
    const Link::Id id = found->second.connection;
    node.streams_.erase(found);
    node.stream_of_.erase(id);
    node.cluster_.framework_link.close_server(id);
  }
  void operator()(const engine::SendToExecutor& call) { node.send_to_executor(call.connection, call.event); }
  void operator()(const engine::CloseExecutorStream& call) {
    node.executor_streams_.erase(call.connection);
    node.machine_.executor_link.close_server(call.connection);
  }
  void operator()(const engine::LaunchExecutor& call) { node.launch(call); }
  void operator()(const engine::DestroyExecutor& call) { node.destroy(call.container_id); }
};

EngineNode::EngineNode(Cluster& cluster, Machine& machine, engine::Settings settings)
    : cluster_(cluster), machine_(machine), settings_(std::move(settings)) {}

bool EngineNode::serving() const { return up() && cluster_.world.now() >= serving_from_; }

void EngineNode::later(Duration delay, std::function<void()> what) {
  cluster_.world.after(delay, [this, life = life_, what = std::move(what)] {
    if (life == life_) what();
  });
}

void EngineNode::load() {
  engine::Records records;
  records.engine = rows_.engine;
  for (const auto& [id, record] : rows_.frameworks) records.frameworks.push_back(record);
  for (const auto& [id, record] : rows_.executors) records.executors.push_back(record);
  for (const auto& [key, record] : rows_.tasks) records.tasks.push_back(record);
  state_ = engine::load(settings_, std::move(records));
}

void EngineNode::start() {
  World& world = cluster_.world;
  world.note("engine", "starts");
  ++life_;
  prng_ = std::make_unique<Prng>(world.prng().next());
  serving_from_ = after(world.now(), world.between(1ms, startup_max));
  load();
  CoreLoop<engine::Event, engine::Effects>::Hooks hooks;
  hooks.step = [this](const engine::Event& event) {
    engine::Effects fx = engine::step(state_, event, {.now = cluster_.world.now(), .prng = *prng_});
    if (++steps_ % steps_between_checks == 0) engine::check_invariants(state_);
    return fx;
  };
  hooks.carry_out = [this](engine::Effects fx, std::function<void()> done) {
    carry_out(std::move(fx), std::move(done));
  };
  hooks.time_passed = engine::TimePassed{};
  loop_ = std::make_unique<CoreLoop<engine::Event, engine::Effects>>(world, "engine", std::move(hooks));
  loop_->post(engine::Started{});
  look_for_lost_children();
}

// What the shell finds out when it looks for the processes of the executors in its journal.
void EngineNode::look_for_lost_children() {
  for (const auto& [container, record] : rows_.executors) {
    if (record.pid == 0 || machine_.find_executor(container) != nullptr) continue;
    report_end(container, record.pid, {}, cluster_.world.now() + leftover_limit);
  }
}

void EngineNode::crash(const std::string& why, std::optional<Duration> down) {
  if (!up()) return;
  cluster_.world.note("engine", "dies: " + why);
  ++life_;
  loop_.reset();
  crash_point_ = CrashPoint::none;
  requests_.clear();
  stream_of_.clear();
  streams_.clear();
  executor_streams_.clear();
  launching_.clear();
  children_.clear();
  cluster_.agent_checker.offers_end();
  cluster_.framework_link.close_all_servers();
  machine_.executor_link.close_all_servers();
  if (down) later(*down, [this] { start(); });
}

void EngineNode::carry_out(engine::Effects fx, std::function<void()> done) {
  Duration delay{};
  if (!fx.writes.empty())
    delay = cluster_.world.between(50us, std::max<Duration>(50us, cluster_.faults.commit_delay_max));
  later(delay, [this, fx = std::move(fx), done = std::move(done)] {
    const auto life = life_;
    commit_and_act(fx);
    if (life == life_) done();
  });
}

void EngineNode::commit_and_act(const engine::Effects& fx) {
  World& world = cluster_.world;
  if (!fx.writes.empty()) {
    const auto chance = cluster_.faults.commit_failure;
    const bool fails = chance != 0 && world.chance(chance, 1000);
    const Duration down = world.between(1ms, cluster_.faults.down_max);
    if (fails || crash_point_ == CrashPoint::before_commit) return crash("the journal cannot be written", down);
    cluster_.agent_checker.engine_will_commit(rows_, fx.writes);
    rows_.commit(fx.writes);
    if (crash_point_ == CrashPoint::after_commit) return crash("after a commit", down);
  }
  for (const auto& call : fx.calls) std::visit(EngineActs{*this}, call);
  for (const auto& answer : fx.notices) tell(answer);
}

void EngineNode::tell(const engine::Answer& answer) {
  auto found = requests_.find(answer.request);
  if (found == requests_.end()) cluster_.world.fail("the engine answers a request that does not wait for it");
  Answered answered = std::move(found->second);
  requests_.erase(found);
  answered(answer.status, answer.text);
}

// --- frameworks -----------------------------------------------------------------------------------------------------

void EngineNode::framework_subscribes(Link::Id id, FrameworkEnd& from, const FrameworkId& framework,
                                      const calls::Subscribe& subscribe) {
  if (!serving()) return cluster_.framework_link.close_server(id);
  const Uuid stream = Uuid::random(cluster_.world.prng());
  stream_of_[id] = stream;
  streams_[stream] = {id, &from};
  cluster_.framework_link.send_down(id, [&from, id, stream] { from.opened(id, stream); });
  loop_->post(engine::FrameworkSubscribe{stream, framework, subscribe});
}

void EngineNode::framework_calls(Link::Id id, FrameworkEnd& from, const std::optional<Uuid>& stream,
                                 const SchedulerCall& call) {
  if (!serving()) return cluster_.framework_link.close_server(id);
  const auto request = next_request_++;
  requests_[request] = [this, id, &from](int status, const std::string& text) {
    cluster_.framework_link.send_down(id, [&from, id, status, text] { from.answered(id, status, text); });
  };
  cluster_.agent_checker.master_hears(call.body);
  std::optional<std::string> header;
  if (stream) header = stream->to_string();
  loop_->post(engine::FrameworkCall{request, header, call});
}

void EngineNode::send_to_framework(const Uuid& stream, const SchedulerEvent& event) {
  // Also when nobody listens any more: the engine has forgotten what it had offered before.
  if (const auto* subscribed = std::get_if<events::Subscribed>(&event)) {
    cluster_.agent_checker.offers_end(subscribed->framework_id);
  }
  auto found = streams_.find(stream);
  if (found == streams_.end()) return;
  const Link::Id id = found->second.connection;
  cluster_.agent_checker.master_tells(event);
  std::function<void()> deliver = [from = found->second.framework, id, event] { from->event_in(id, event); };
  cluster_.framework_link.send_down(id, deliver);
  const auto chance = cluster_.faults.duplicate;
  if (chance != 0 && std::holds_alternative<events::Update>(event) && cluster_.world.chance(chance, 1000)) {
    later(cluster_.world.between(0ms, 30s), [this, id, deliver] { cluster_.framework_link.send_down(id, deliver); });
  }
  if (!std::holds_alternative<events::Error>(event)) return;
  streams_.erase(found);
  stream_of_.erase(id);
  cluster_.framework_link.close_server(id);
}

// --- executors ------------------------------------------------------------------------------------------------------

void EngineNode::executor_subscribes(Link::Id id, const FrameworkId& framework, const ExecutorId& executor,
                                     const executor_calls::Subscribe& subscribe) {
  if (!serving()) return machine_.executor_link.close_server(id);
  const auto request = next_request_++;
  executor_streams_[id] = {};
  requests_[request] = [this, id](int status, const std::string& text) {
    machine_.executor_link.send_down(id, [this, id, status, text] {
      for (auto& [pid, node] : machine_.executors) {
        if (node->connection() == id) return node->subscribe_answered(id, status, text);
      }
    });
    auto found = executor_streams_.find(id);
    if (found == executor_streams_.end()) return;
    if (status != 200) {
      executor_streams_.erase(found);
      return machine_.executor_link.close_server(id);
    }
    found->second.open = true;
    for (const auto& event : std::exchange(found->second.waiting, {})) deliver_to_executor(id, event);
  };
  loop_->post(engine::ExecutorSubscribe{request, id, framework, executor, subscribe});
}

void EngineNode::executor_calls_in(Link::Id id, const ExecutorCall& call) {
  if (!serving()) return machine_.executor_link.close_server(id);
  const auto request = next_request_++;
  requests_[request] = [this, id](int status, const std::string& text) {
    if (status == 202) return;
    machine_.executor_link.send_down(id, [this, id, status, text] {
      for (auto& [pid, node] : machine_.executors) {
        if (node->connection() == id) return node->refused(status, text);
      }
    });
  };
  loop_->post(engine::ExecutorCallReceived{request, call});
}

void EngineNode::send_to_executor(Link::Id id, const ExecutorEvent& event) {
  auto found = executor_streams_.find(id);
  if (found == executor_streams_.end()) return;
  if (!found->second.open) return found->second.waiting.push_back(event);
  deliver_to_executor(id, event);
}

void EngineNode::deliver_to_executor(Link::Id id, const ExecutorEvent& event) {
  cluster_.agent_checker.engine_tells_executor(rows_, event);
  machine_.executor_link.send_down(id, [this, id, event] {
    for (auto& [pid, node] : machine_.executors) {
      if (node->connection() == id) return node->event_in(id, event);
    }
  });
}

void EngineNode::framework_stream_closed(Link::Id id) {
  auto found = stream_of_.find(id);
  if (found == stream_of_.end()) return;
  const Uuid stream = found->second;
  for (const auto& [framework_id, framework] : state_.frameworks) {
    if (framework.stream == stream) cluster_.agent_checker.offers_end(framework_id);
  }
  stream_of_.erase(found);
  streams_.erase(stream);
  loop_->post(engine::FrameworkStreamClosed{stream});
}

void EngineNode::executor_stream_closed(Link::Id id) {
  auto found = executor_streams_.find(id);
  if (found == executor_streams_.end()) return;
  const bool open = found->second.open;
  executor_streams_.erase(found);
  if (open) loop_->post(engine::ExecutorStreamClosed{id});
}

// --- processes ------------------------------------------------------------------------------------------------------

void EngineNode::launch(const engine::LaunchExecutor& launch) {
  // One that an engine started which died before it could write that down is taken over.
  if (const ExecutorNode* earlier = machine_.find_executor(launch.container_id)) {
    return started(launch.container_id, earlier->pid());
  }
  launching_.insert(launch.container_id);
  later(cluster_.world.between(1ms, std::max<Duration>(1ms, cluster_.faults.launch_delay_max)), [this, launch] {
    if (launching_.erase(launch.container_id) == 0) return;
    const auto chance = cluster_.faults.launch_failure;
    if (chance != 0 && cluster_.world.chance(chance, 1000)) {
      return loop_->post(engine::ExecutorLaunchFailed{launch.container_id, "Failed to fetch all URIs"});
    }
    const std::int64_t pid = machine_.spawn_executor(launch);
    children_.insert(pid);
    started(launch.container_id, pid);
  });
}

void EngineNode::started(const ContainerId& container, std::int64_t pid) {
  loop_->post(engine::ExecutorStarted{container, pid, static_cast<std::uint64_t>(pid) * 100, "boot-1",
                                      "/var/lib/windlass/sandbox/" + container.value});
}

void EngineNode::destroy(const ContainerId& container) {
  launching_.erase(container);
  if (ExecutorNode* executor = machine_.find_executor(container)) {
    return machine_.end_executor(executor->pid(), 9, "destroyed by the engine");
  }
  later(1ms, [this, container] { loop_->post(engine::ExecutorExited{.container_id = container}); });
}

void EngineNode::process_ended(std::int64_t pid, const ContainerId& container, int wait_status) {
  if (!up()) return;
  std::optional<int> status;
  if (children_.erase(pid) != 0) status = wait_status;
  report_end(container, pid, status, cluster_.world.now() + leftover_limit);
}

// The end of an executor is told when what it leaves behind has ended too, or after a while.
void EngineNode::report_end(const ContainerId& container, std::int64_t pid, std::optional<int> wait_status,
                            TimePoint limit) {
  later(cluster_.world.between(1ms, 100ms), [this, container, pid, wait_status, limit] {
    const bool left = machine_.holds_something_of(pid);
    if (left && cluster_.world.now() < limit) return report_end(container, pid, wait_status, limit);
    loop_->post(engine::ExecutorExited{.container_id = container, .wait_status = wait_status});
  });
}

std::vector<TaskView> EngineNode::tasks() const {
  std::vector<TaskView> views;
  for (const auto& [key, record] : rows_.tasks)
    views.push_back({key.first, key.second, record.state, record.updates.size()});
  return views;
}

}  // namespace windlass::sim
