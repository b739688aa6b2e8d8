#include "sim/guest_node.hpp"

#include "sim/cluster.hpp"
#include "sim/describe.hpp"

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

namespace windlass::sim {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t tasks_max = 12;  // in random runs: together they fit into what make_it_fit leaves
constexpr Duration look_every = 30s;   // whether all is still as it was told
constexpr Duration offer_held_max = 20s;
constexpr std::size_t operations_max = 3;  // of one ACCEPT

FrameworkInfo guest_info(const FrameworkId& id) {
  FrameworkInfo info;
  info.user = "guest";
  info.name = "guest";
  info.id = id;
  info.failover_timeout = 604800;
  info.checkpoint = true;
  info.roles = {guest_role};
  info.capabilities = {Capability::task_killing_state, Capability::partition_aware, Capability::multi_role,
                       Capability::reservation_refinement};
  return info;
}

}  // namespace

struct GuestEars {
  GuestNode& node;
  void operator()(const events::Subscribed& event) const {
    node.framework_id_ = event.framework_id;
    node.subscribed_ = true;
    node.call(calls::Revive{});
    node.reconcile();
  }
  void operator()(const events::Offers& event) const {
    for (const Offer& offer : event.offers) node.take_offer(offer);
  }
  void operator()(const events::Update& event) const { node.take_status(event.status); }
  // An older SUBSCRIBE of ours may have come late.
  void operator()(const events::Error& event) const {
    if (event.message == "Framework failed over") return node.lost(node.connection_);
    node.cluster_.world.fail("the guest hears an error: " + event.message);
  }
  template <class Other>
  void operator()(const Other&) const {}
};

void GuestNode::later(Duration delay, std::function<void()> what) {
  cluster_.world.after(delay, [this, life = life_, what = std::move(what)] {
    if (life == life_) what();
  });
}

void GuestNode::start() {
  if (up_) return;
  cluster_.world.note("guest", "starts");
  ++life_;
  up_ = true;
  subscribe_after(cluster_.world.between(1ms, 500ms));
  look_again();
}

void GuestNode::crash(const std::string& why, std::optional<Duration> down) {
  if (!up_) return;
  cluster_.world.note("guest", "dies: " + why);
  ++life_;
  up_ = false;
  subscribed_ = false;
  if (connection_ != 0) cluster_.framework_link.close_client(std::exchange(connection_, 0));
  if (down) later(*down, [this] { start(); });
}

// What it has asked for may have been lost on the way.
void GuestNode::look_again() {
  later(look_every, [this] {
    reconcile();
    if (!wishes_.empty()) call(calls::Revive{});
    look_again();
  });
}

// --- the subscription -----------------------------------------------------------------------------------------------

void GuestNode::subscribe_after(Duration delay) {
  later(delay, [this] {
    if (connection_ == 0) subscribe();
  });
}

void GuestNode::subscribe() {
  Link& link = cluster_.framework_link;
  connection_ = link.connect([this](Link::Id id) { lost(id); });
  subscribed_ = false;
  const calls::Subscribe subscribe{.info = guest_info(framework_id_)};
  link.send_up(connection_, [this, id = connection_, framework = framework_id_, subscribe] {
    cluster_.master->framework_subscribes(id, *this, framework, subscribe);
  });
}

void GuestNode::lost(Link::Id id) {
  if (id != connection_) return;
  cluster_.world.note("guest", "has lost its connection");
  cluster_.framework_link.close_client(std::exchange(connection_, 0));
  subscribed_ = false;
  subscribe_after(cluster_.world.between(100ms, 2s));
}

void GuestNode::opened(Link::Id id, const Uuid& stream) {
  if (id == connection_) stream_ = stream;
}

void GuestNode::event_in(Link::Id id, const SchedulerEvent& event) {
  if (id != connection_ || !up_) return;
  if (!std::holds_alternative<events::Heartbeat>(event)) cluster_.world.note("guest", "hears " + describe(event));
  std::visit(GuestEars{*this}, event);
}

void GuestNode::answered(Link::Id id, int status, const std::string& text) {
  if (id != connection_ || status == 202) return;
  cluster_.world.note("guest", "is answered " + std::to_string(status) + " " + text);
  lost(id);
}

void GuestNode::call(const calls::Body& body) {
  if (!subscribed_) return;
  cluster_.world.note("guest", "calls " + describe(body));
  cluster_.framework_link.send_up(
      connection_, [this, id = connection_, stream = stream_, call = SchedulerCall{framework_id_, body}] {
        cluster_.master->framework_calls(id, *this, stream, call);
      });
}

// --- offers ---------------------------------------------------------------------------------------------------------

// Now and then it keeps an offer for a while, which may be withdrawn by then.
void GuestNode::take_offer(const Offer& offer) {
  World& world = cluster_.world;
  const bool holds = cluster_.faults.offers_held != 0 && world.chance(cluster_.faults.offers_held, 1000);
  later(holds ? world.between(0s, offer_held_max) : Duration{}, [this, offer] { answer_offer(offer); });
}

void GuestNode::answer_offer(const Offer& offer) {
  if (!subscribed_) return;
  calls::Accept accept{.offer_ids = {offer.id}};
  Resources free = offer.resources;
  for (auto wish = wishes_.begin(); wish != wishes_.end() && accept.operations.size() < operations_max;) {
    auto operation = launch_of(*wish, framework_id_, offer, free);
    if (!operation) {
      ++wish;
      continue;
    }
    const bool is_group = wish->kind == GuestKind::group;
    const auto& executor = is_group ? operation->executor : operation->tasks.front().executor;
    const ExecutorId executor_id = executor ? executor->id : ExecutorId{operation->tasks.front().id.value};
    cluster_.guest_checker.launches(operation->tasks, executor_id, is_group);
    for (const TaskId& task : tasks_of(*operation)) tasks_[task] = {.agent = offer.agent_id, .executor = executor_id};
    accept.operations.push_back(std::move(*operation));
    wish = wishes_.erase(wish);
  }
  accept.refuse_seconds = std::chrono::duration<double>(cluster_.world.between(100ms, 30s)).count();
  if (accept.operations.empty()) return call(calls::Decline{accept.offer_ids, accept.refuse_seconds});
  call(accept);
}

// --- tasks ----------------------------------------------------------------------------------------------------------

void GuestNode::want(GuestWish wish) {
  wishes_.push_back(std::move(wish));
  call(calls::Revive{});
}

std::size_t GuestNode::tasks() const {
  return static_cast<std::size_t>(std::ranges::count_if(tasks_, [](const auto& each) { return !each.second.over; }));
}

void GuestNode::kill(const TaskId& task) {
  auto found = tasks_.find(task);
  if (found == tasks_.end() || found->second.over) return;
  found->second.kill_wanted = true;
  cluster_.guest_checker.kills(task);
  call(calls::Kill{task, found->second.agent, {}});
}

void GuestNode::kill_all() {
  std::vector<TaskId> ids;
  for (const auto& [id, task] : tasks_) ids.push_back(id);
  for (const TaskId& id : ids) kill(id);
}

void GuestNode::shut_down(const ExecutorId& executor) {
  for (const auto& [id, task] : tasks_) {
    if (task.executor != executor || task.over) continue;
    cluster_.guest_checker.shuts_down(executor);
    return call(calls::Shutdown{executor, task.agent});
  }
}

void GuestNode::reconcile() {
  calls::Reconcile reconcile;
  for (const auto& [id, task] : tasks_) {
    if (!task.over) reconcile.tasks.push_back({id, task.agent});
  }
  if (reconcile.tasks.empty()) return;
  call(reconcile);
}

void GuestNode::take_status(const TaskStatus& status) {
  cluster_.guest_checker.hears(status);
  Task& task = tasks_[status.task_id];
  const bool over = is_terminal(status.state) || status.state == TaskState::unknown;
  if (over) task.over = true;
  acknowledge(status);
  const bool lives = status.state == TaskState::running || status.state == TaskState::starting;
  if (task.kill_wanted && lives && !status.uuid) call(calls::Kill{status.task_id, status.agent_id, {}});
}

// Late now and then, and now and then only when it is said again.
void GuestNode::acknowledge(const TaskStatus& status) {
  if (!status.uuid) return;
  World& world = cluster_.world;
  const auto chance = cluster_.faults.late_acknowledge;
  if (chance != 0 && world.chance(chance, 1000)) {
    if (world.chance(1, 2)) return;
    return later(world.between(0s, 30s), [this, status] {
      call(calls::Acknowledge{status.agent_id, status.task_id, *status.uuid});
    });
  }
  call(calls::Acknowledge{status.agent_id, status.task_id, *status.uuid});
}

void GuestNode::act() {
  if (!up_) return;
  World& world = cluster_.world;
  const auto dice = world.prng().below(100);
  if (dice < 50) {
    if (tasks() + 3 * wishes_.size() < tasks_max) want(random_wish(world, next_wish_++));
    return;
  }
  const auto running = cluster_.guest_checker.running();
  if (running.empty()) return;
  const TaskId& chosen = running[world.prng().below(running.size())];
  if (dice < 80) return kill(chosen);
  if (dice < 88) return shut_down(tasks_.at(chosen).executor);
  if (dice < 94) return reconcile();
  if (dice < 97) return call(calls::Suppress{});
  call(calls::Revive{});
}

}  // namespace windlass::sim
