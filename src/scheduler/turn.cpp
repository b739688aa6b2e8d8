#include "scheduler/turn.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <utility>

namespace windlass::scheduler {
namespace {

constexpr Duration first_reconcile_delay = std::chrono::seconds{10};
constexpr Duration reconcile_delay_max = std::chrono::minutes{10};

bool is_unreachable(const Instance& instance) {
  return instance.condition == Condition::unreachable || instance.condition == Condition::unreachable_inactive;
}

std::set<InstanceId>& place_of(AppIndex& index, const Instance& instance) {
  if (is_unreachable(instance)) return index.away;
  return instance.goal == Goal::running ? index.active : index.ending;
}

void arm(State& state, const TaskId& task, Watch& watch) {
  std::optional<TimePoint> next = watch.reconcile_at;
  for (const auto& time : {watch.kill_at, watch.overdue_at}) {
    if (time && (!next || *time < *next)) next = time;
  }
  if (watch.armed) state.timers.erase({*watch.armed, task});
  watch.armed = next;
  if (next) {
    state.timers.emplace(*next, task);
  } else {
    state.watches.erase(task);
  }
}

void forget_watch(State& state, const TaskId& task) {
  const auto watch = state.watches.find(task);
  if (watch == state.watches.end()) return;
  if (watch->second.armed) state.timers.erase({*watch->second.armed, task});
  state.watches.erase(watch);
}

// The tasks whose time has come. They are taken out first: one that is armed for now again waits for the next step, so
// that no setting, however short, can keep this step from ending.
std::vector<TaskId> take_due(State& state, TimePoint now) {
  std::vector<TaskId> due;
  while (!state.timers.empty() && state.timers.begin()->first <= now) {
    due.push_back(state.timers.begin()->second);
    state.watches.at(due.back()).armed.reset();
    state.timers.erase(state.timers.begin());
  }
  return due;
}

void watch_launch(State& state, const Instance& instance) {
  const bool launching = instance.goal == Goal::running &&
                         (instance.condition == Condition::provisioned || instance.condition == Condition::staging ||
                          instance.condition == Condition::starting);
  if (!launching && !state.watches.contains(instance.task_id)) return;
  Watch& watch = state.watches[instance.task_id];
  watch.overdue_at.reset();
  if (launching) watch.overdue_at = after(instance.since, state.settings.task_launch_timeout);
  arm(state, instance.task_id, watch);
}

void add_ports(State& state, const App& app) {
  for (const PortDefinition& port : app.ports) ++state.service_ports[port.port];
}

void remove_ports(State& state, const App& app) {
  for (const PortDefinition& port : app.ports) {
    const auto used = state.service_ports.find(port.port);
    if (--used->second == 0) state.service_ports.erase(used);
  }
}

void index_instance(State& state, const Instance& instance) {
  place_of(state.index[instance.app_id], instance).insert(instance.id);
  state.instance_of_task[instance.task_id] = instance.id;
  watch_launch(state, instance);
}

void drop_index_if_empty(State& state, const AppId& id) {
  const auto found = state.index.find(id);
  if (found == state.index.end() || !found->second.empty() || state.apps.contains(id)) return;
  state.index.erase(found);
}

void not_waiting(State& state, const AppId& id, AppIndex& index) {
  state.ready.erase(id);
  if (index.delayed_until) state.delayed.erase({*index.delayed_until, id});
  index.delayed_until.reset();
}

// Those that cost least first: not running yet, then the youngest.
bool goes_first(const Instance* left, const Instance* right) {
  const bool left_runs = left->condition == Condition::running;
  const bool right_runs = right->condition == Condition::running;
  if (left_runs != right_runs) return right_runs;
  const TimePoint left_start = left->started_at.value_or(left->since);
  const TimePoint right_start = right->started_at.value_or(right->since);
  return left_start != right_start ? left_start > right_start : left->id > right->id;
}

void kill_surplus(Turn& turn, const AppId& id) {
  const AppIndex& index = turn.state.index[id];
  const App* app = find_app(turn.state, id);
  const std::size_t wanted = app != nullptr ? static_cast<std::size_t>(app->instances) : 0;
  std::vector<const Instance*> victims;
  if (index.active.size() > wanted) {
    for (const InstanceId& each : index.active) victims.push_back(&turn.state.instances.at(each));
    std::sort(victims.begin(), victims.end(), goes_first);
    victims.resize(index.active.size() - wanted);
  }
  if (app == nullptr) {
    for (const InstanceId& each : index.away) victims.push_back(&turn.state.instances.at(each));
  }
  std::vector<InstanceId> ids;
  for (const Instance* victim : victims) {
    if (victim->goal == Goal::running) ids.push_back(victim->id);
  }
  for (const InstanceId& each : ids) end_instance(turn, each);
}

}  // namespace

const App* find_app(const State& state, const AppId& id) {
  const auto found = state.apps.find(id);
  return found == state.apps.end() ? nullptr : &found->second;
}

void put_app(Turn& turn, const App& app) {
  const auto old = turn.state.apps.find(app.id);
  if (old != turn.state.apps.end()) remove_ports(turn.state, old->second);
  add_ports(turn.state, app);
  turn.state.apps.insert_or_assign(app.id, app);
  turn.state.index[app.id];
  turn.fx.writes.emplace_back(PutApp{app.id, app});
  turn.touched.insert(app.id);
}

void remove_app(Turn& turn, const AppId& id) {
  const auto old = turn.state.apps.find(id);
  CHECK(old != turn.state.apps.end());
  remove_ports(turn.state, old->second);
  turn.state.apps.erase(old);
  std::erase_if(turn.state.backoffs, [&](const auto& each) { return each.first.first == id; });
  turn.fx.writes.emplace_back(PutApp{id});
  turn.touched.insert(id);
}

void put_instance(Turn& turn, const Instance& instance) {
  CHECK(!instance.task_id.empty());
  const auto old = turn.state.instances.find(instance.id);
  if (old != turn.state.instances.end()) {
    if (old->second == instance) return;
    place_of(turn.state.index[old->second.app_id], old->second).erase(instance.id);
  }
  turn.state.instances.insert_or_assign(instance.id, instance);
  index_instance(turn.state, instance);
  turn.fx.writes.emplace_back(PutInstance{instance.id, instance});
  turn.touched.insert(instance.app_id);
}

void remove_instance(Turn& turn, const InstanceId& id) {
  const auto old = turn.state.instances.find(id);
  CHECK(old != turn.state.instances.end());
  const Instance& instance = old->second;
  place_of(turn.state.index[instance.app_id], instance).erase(id);
  turn.state.instance_of_task.erase(instance.task_id);
  forget_watch(turn.state, instance.task_id);
  turn.touched.insert(instance.app_id);
  turn.fx.writes.emplace_back(PutInstance{id});
  turn.state.instances.erase(old);
}

void build_indexes(Turn& turn) {
  for (const auto& [id, app] : turn.state.apps) {
    turn.state.index[id];
    add_ports(turn.state, app);
    turn.touched.insert(id);
  }
  for (const auto& [id, instance] : turn.state.instances) {
    index_instance(turn.state, instance);
    turn.touched.insert(instance.app_id);
  }
}

void call(Turn& turn, calls::Body body) {
  if (turn.state.connected) turn.fx.calls.emplace_back(MesosCall{std::move(body)});
}

void end_instance(Turn& turn, const InstanceId& id) {
  Instance instance = turn.state.instances.at(id);
  instance.goal = Goal::decommissioned;
  put_instance(turn, instance);
  send_kill(turn, instance);
}

void send_kill(Turn& turn, const Instance& instance) {
  ++turn.state.counters.kills;
  call(turn, calls::Kill{instance.task_id, instance.agent_id, {}});
  Watch& watch = turn.state.watches[instance.task_id];
  watch.kill_at = after(turn.in.now, turn.state.settings.kill_retry_timeout);
  arm(turn.state, instance.task_id, watch);
}

void ask_about(Turn& turn, const TaskId& task) {
  turn.asked.push_back(task);
  Watch& watch = turn.state.watches[task];
  watch.reconcile_delay = std::min(std::max(first_reconcile_delay, watch.reconcile_delay * 2), reconcile_delay_max);
  watch.reconcile_at = after(turn.in.now, watch.reconcile_delay);
  arm(turn.state, task, watch);
}

void ask_about_later(Turn& turn, const TaskId& task, Duration delay) {
  Watch& watch = turn.state.watches[task];
  watch.reconcile_delay = {};
  watch.reconcile_at = after(turn.in.now, delay);
  arm(turn.state, task, watch);
}

void heard_of(Turn& turn, const TaskId& task) {
  const auto found = turn.state.watches.find(task);
  if (found == turn.state.watches.end()) return;
  found->second.reconcile_at.reset();
  found->second.reconcile_delay = {};
  arm(turn.state, task, found->second);
}

void run_timers(Turn& turn) {
  const TimePoint now = turn.in.now;
  for (const TaskId& task : take_due(turn.state, now)) {
    const Watch watch = turn.state.watches.at(task);
    const Instance instance = turn.state.instances.at(turn.state.instance_of_task.at(task));
    const bool overdue = watch.overdue_at && *watch.overdue_at <= now;
    if (overdue) end_instance(turn, instance.id);
    if (!overdue && watch.kill_at && *watch.kill_at <= now) send_kill(turn, instance);
    if (watch.reconcile_at && *watch.reconcile_at <= now) ask_about(turn, task);
  }
  while (!turn.state.delayed.empty() && turn.state.delayed.begin()->first <= now) {
    const AppId id = turn.state.delayed.begin()->second;
    review_demand(turn, id);
  }
}

void settle_app(Turn& turn, const AppId& id) {
  kill_surplus(turn, id);
  review_demand(turn, id);
  drop_index_if_empty(turn.state, id);
}

void review_demand(Turn& turn, const AppId& id) {
  State& state = turn.state;
  AppIndex& index = state.index[id];
  const App* app = find_app(state, id);
  const std::size_t wanted = app != nullptr ? static_cast<std::size_t>(app->instances) : 0;
  const std::size_t missing = wanted > index.occupied() ? wanted - index.occupied() : 0;
  const bool was_ready = state.ready.contains(id);
  const bool grew = missing > index.missing;
  not_waiting(state, id, index);
  index.missing = missing;
  if (missing == 0) return;
  const auto backoff = state.backoffs.find({id, app->last_config_change});
  if (backoff != state.backoffs.end() && backoff->second.until > turn.in.now) {
    index.delayed_until = backoff->second.until;
    state.delayed.emplace(backoff->second.until, id);
    return;
  }
  state.ready.insert(id);
  if (!was_ready || grew) state.revive_wanted = true;
}

void add_delay(Turn& turn, const App& app) {
  const std::pair key{app.id, app.last_config_change};
  std::erase_if(turn.state.backoffs, [&](const auto& each) {
    return each.first.first == app.id && (each.first != key || each.second.forget_at <= turn.in.now);
  });
  const auto known = turn.state.backoffs.find(key);
  Backoff backoff;
  backoff.delay = app.backoff;
  if (known != turn.state.backoffs.end()) {
    const double longer = static_cast<double>(known->second.delay.count()) * app.backoff_factor;
    const double limit = static_cast<double>(app.max_launch_delay.count());
    backoff.delay = Duration{static_cast<Duration::rep>(std::min(longer, limit))};
  }
  backoff.delay = std::min(backoff.delay, app.max_launch_delay);
  backoff.until = after(turn.in.now, backoff.delay);
  backoff.forget_at = after(backoff.until, app.max_launch_delay);
  turn.state.backoffs.insert_or_assign(key, backoff);
  turn.touched.insert(app.id);
}

void refresh_delay(Turn& turn, const App& app) {
  const auto known = turn.state.backoffs.find({app.id, app.last_config_change});
  if (known == turn.state.backoffs.end() || known->second.forget_at <= turn.in.now) return;
  known->second.forget_at = std::max(known->second.forget_at, after(turn.in.now, app.max_launch_delay));
}

}  // namespace windlass::scheduler
