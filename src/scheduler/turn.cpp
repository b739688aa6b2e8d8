#include "scheduler/turn.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace windlass::scheduler {
namespace {

// Mesos' advice is a truncated exponential backoff (mesos.md 2.13): a master that still recovers does not answer at
// all.
constexpr Duration first_reconcile_delay = std::chrono::seconds{10};
constexpr Duration reconcile_delay_max = std::chrono::minutes{10};
// No news of a launched task for so long: ask Mesos whether it knows it.
constexpr Duration launch_confirm_delay = std::chrono::seconds{30};

// --- watches ---------------------------------------------------------------------------------------------------------

void no_question(Watch& watch) {
  watch.reconcile_at.reset();
  watch.reconcile_delay = {};
}

bool is_launching(const Instance& instance) {
  return instance.goal == Goal::running &&
         (instance.condition == Condition::provisioned || instance.condition == Condition::staging ||
          instance.condition == Condition::starting);
}

// What follows from a row, and from what we ask about its task. The wait for a task to run begins anew with each news
// of it: an image of many gigabytes may take an hour, as long as it gets nearer.
void watch_row(Turn& turn, InstanceKey key, const InstancePtr& instance, Question question) {
  State& state = turn.state;
  const bool launching = is_launching(*instance);
  const bool is_news = launching || question == Question::later;
  // Most rows are those of tasks that simply run: no watch is made for them only to be dropped again.
  if (!is_news && state.watches.find(key) == nullptr) return;
  Watch& watch = state.watches.watch(key, instance);
  watch.overdue_at.reset();
  if (launching) watch.overdue_at = after(turn.in.now, state.settings.task_launch_timeout);
  if (question != Question::as_it_was) no_question(watch);
  if (question == Question::later) watch.reconcile_at = after(turn.in.now, launch_confirm_delay);
  state.watches.arm(key, watch);
}

// --- indexes ---------------------------------------------------------------------------------------------------------

void add_ports(State& state, const App& app) {
  for (const PortDefinition& port : app.ports) state.service_ports.add(port.port, app.id);
}

void remove_ports(State& state, const App& app) {
  for (const PortDefinition& port : app.ports) state.service_ports.remove(port.port, app.id);
}

AppIndex& index_of(State& state, const AppId& id) {
  const auto [at, is_new] = state.index.try_emplace(id);
  // A task id names its app by the safe path, which "/a/b" and "/a_b" share (see find_instance).
  if (is_new) state.apps_of_path[safe_path(id)].insert(id);
  return at->second;
}

// Unreachable comes before ending: an instance that is both is replaced at once, as its end may never be heard of.
void place(AppIndex& index, InstanceKey key, const Instance& instance) {
  if (is_unreachable(instance)) {
    index.away.insert(key);
  } else if (instance.goal != Goal::running) {
    index.ending.insert(key);
  }
}

void unplace(AppIndex& index, InstanceKey key) {
  index.away.erase(key);
  index.ending.erase(key);
}

// A removed app keeps its index until the last of its instances has ended: KILLs are repeated, statuses come in.
void drop_index_if_empty(State& state, const AppId& id) {
  const auto found = state.index.find(id);
  if (found == state.index.end() || !found->second.instances.empty() || state.apps.contains(id)) return;
  state.index.erase(found);
  const auto path = state.apps_of_path.find(safe_path(id));
  path->second.erase(id);
  if (path->second.empty()) state.apps_of_path.erase(path);
}

// --- demand ----------------------------------------------------------------------------------------------------------

// The app is not matched any more. A demand counts its refusals once for all of its apps, so that an offer costs the
// same however many wait; what an app has been refused itself is that sum plus an offset. The offset takes away what
// was counted before the app joined, and keeps the app's sum when it leaves.
void leave_demand(State& state, const AppId& id, AppIndex& index) {
  if (!index.waiting || index.waiting->demand == 0) return;
  const auto demand = state.demands.find(std::exchange(index.waiting->demand, 0));
  index.waiting->offset += demand->second.funnel;
  demand->second.ready.erase(id);
  if (!demand->second.ready.empty()) return;
  state.funnels.erase(demand->first);
  state.demand_of.erase(demand->second.requirement);
  state.demands.erase(demand);
}

void join_demand(State& state, const App& app, AppIndex& index) {
  Requirement requirement = requirement_of(app);
  const auto [known, is_new] = state.demand_of.try_emplace(requirement, state.last_demand + 1);
  if (is_new) {
    ++state.last_demand;
    state.demands.emplace(known->second, Demand{.requirement = std::move(requirement), .ready = {}});
    state.funnels.set(known->second, {});
  }
  Demand& demand = state.demands.at(known->second);
  demand.ready.insert(app.id);
  index.waiting->demand = known->second;
  index.waiting->offset -= demand.funnel;
  // A later version may ask for something else: review() compares.
  index.demanded = app.version;
}

void end_delay(State& state, const AppId& id, Waiting& waiting) {
  if (waiting.delayed_until) state.delayed.erase({*waiting.delayed_until, id});
  waiting.delayed_until.reset();
}

void end_waiting(State& state, const AppId& id, AppIndex& index) {
  if (!index.waiting) return;
  leave_demand(state, id, index);
  end_delay(state, id, *index.waiting);
  index.waiting.reset();
  state.waiting.erase(id);
}

// Delays belong to a configuration: a changed app is tried at once, a scaled one keeps its delay (marathon.md 4.5).
std::optional<TimePoint> delayed_until(const AppIndex& index, const App& app, TimePoint now) {
  const auto backoff = index.backoffs.find(app.last_config_change);
  if (backoff == index.backoffs.end() || backoff->second.until <= now) return std::nullopt;
  return backoff->second.until;
}

void review(Turn& turn, const App* app, const AppId& id, AppIndex& index) {
  State& state = turn.state;
  const std::size_t wanted = app != nullptr ? static_cast<std::size_t>(app->instances) : 0;
  // Instances that are ending still count, or the replacement would run beside the old one and the app be over its
  // count. Unreachable ones do not.
  const std::size_t missing = wanted > index.occupied() ? wanted - index.occupied() : 0;
  const bool grew = missing > index.missing;
  index.missing = missing;
  if (missing == 0) return end_waiting(state, id, index);
  if (!index.waiting) {
    index.waiting = Waiting{.since = turn.in.now};
    state.waiting.set(id, turn.in.now);
  }
  const bool was_ready = index.waiting->demand != 0;
  end_delay(state, id, *index.waiting);
  if (const auto until = delayed_until(index, *app, turn.in.now)) {
    leave_demand(state, id, index);
    index.waiting->delayed_until = until;
    state.delayed.emplace(*until, id);
    return;
  }
  if (was_ready && index.demanded != app->version) leave_demand(state, id, index);
  if (index.waiting->demand == 0) join_demand(state, *app, index);
  // For what has waited before, a REVIVE has gone out already.
  if (!was_ready || grew) state.revive_wanted = true;
}

// --- surplus ---------------------------------------------------------------------------------------------------------

// Those that cost least first: not running yet, then the youngest, as Marathon does by default (marathon.md 3.2). Ids
// break ties, so that every machine chooses the same.
bool goes_first(const InstancePtr& left, const InstancePtr& right) {
  const bool left_runs = left->condition == Condition::running;
  const bool right_runs = right->condition == Condition::running;
  if (left_runs != right_runs) return right_runs;
  const TimePoint left_start = left->started_at.value_or(left->since);
  const TimePoint right_start = right->started_at.value_or(right->since);
  return left_start != right_start ? left_start > right_start : left->id > right->id;
}

void kill_surplus(Turn& turn, const App* app, const AppIndex& index) {
  const std::size_t wanted = app != nullptr ? static_cast<std::size_t>(app->instances) : 0;
  std::vector<InstancePtr> victims;
  if (index.active() > wanted) {
    for (const auto& [key, each] : index.instances) {
      if (each->goal == Goal::running && !is_unreachable(*each)) victims.push_back(each);
    }
    std::sort(victims.begin(), victims.end(), goes_first);
    victims.resize(index.active() - wanted);
  }
  // Nothing of a removed app is to come back: repeated KILLs reach its unreachable tasks when they return.
  if (app == nullptr) {
    for (const InstanceKey& key : index.away) {
      const InstancePtr& away = index.instances.at(key);
      if (away->goal == Goal::running) victims.push_back(away);
    }
  }
  for (const InstancePtr& each : victims) end_instance(turn, each);
}

}  // namespace

// --- rows ------------------------------------------------------------------------------------------------------------

bool is_unreachable(const Instance& instance) {
  return instance.condition == Condition::unreachable || instance.condition == Condition::unreachable_inactive;
}

const App* find_app(const State& state, const AppId& id) {
  const auto found = state.apps.find(id);
  return found == state.apps.end() ? nullptr : found->second.get();
}

InstancePtr find_instance(const State& state, const TaskId& id) {
  const auto name = parse_instance_name(id.value);
  if (!name) return nullptr;
  const auto apps = state.apps_of_path.find(name->app);
  if (apps == state.apps_of_path.end()) return nullptr;
  for (const AppId& app : apps->second) {
    const InstancePtr* found = state.index.at(app).instances.get(name->key);
    // The key is the UUID alone. Another incarnation, or another app of this path, is not meant.
    if (found != nullptr && (*found)->task_id == id) return *found;
  }
  return nullptr;
}

InstancePtr current_row(const State& state, const Instance& instance) {
  const auto index = state.index.find(instance.app_id);
  if (index == state.index.end()) return nullptr;
  const InstancePtr* found = index->second.instances.get(key_of(instance.id));
  return found == nullptr ? nullptr : *found;
}

void put_app(Turn& turn, const App& app) {
  const auto old = turn.state.apps.find(app.id);
  // Before the new ones are added: an app is listed once for each port, so that removing the old ones afterwards
  // would also remove those that it keeps.
  if (old != turn.state.apps.end()) remove_ports(turn.state, *old->second);
  auto row = std::make_shared<const App>(app);
  add_ports(turn.state, *row);
  turn.state.apps.insert_or_assign(row->id, row);
  index_of(turn.state, row->id);
  turn.touched.insert(row->id);
  turn.fx.writes.emplace_back(PutApp{row->id, row});
}

void remove_app(Turn& turn, const AppId& id) {
  const auto old = turn.state.apps.find(id);
  CHECK(old != turn.state.apps.end());
  remove_ports(turn.state, *old->second);
  turn.state.apps.erase(old);
  // Whoever creates an app of this id again begins without delay.
  turn.state.index.at(id).backoffs.clear();
  turn.fx.writes.emplace_back(PutApp{id});
  turn.touched.insert(id);
}

InstancePtr put_instance(Turn& turn, Instance instance, Question question) {
  CHECK(!instance.task_id.empty());
  const InstanceKey key = key_of(instance.id);
  AppIndex& index = index_of(turn.state, instance.app_id);
  const InstancePtr* old = index.instances.get(key);
  // Repeated updates and answers to reconciliation say nothing new: they cost no row of the journal.
  if (old != nullptr && **old == instance) {
    const InstancePtr same = *old;
    if (question == Question::answered) heard_of(turn, same);
    return same;
  }
  const auto row = std::make_shared<const Instance>(std::move(instance));
  if (old != nullptr) unplace(index, key);
  place(index, key, *row);
  index.instances.set(key, row);
  watch_row(turn, key, row, question);
  turn.fx.writes.emplace_back(PutInstance{row->id, row});
  turn.touched.insert(row->app_id);
  return row;
}

void remove_instance(Turn& turn, const InstancePtr& instance) {
  const InstanceKey key = key_of(instance->id);
  AppIndex& index = turn.state.index.at(instance->app_id);
  CHECK(index.instances.erase(key) == 1);
  unplace(index, key);
  turn.state.watches.forget(key);
  turn.touched.insert(instance->app_id);
  turn.fx.writes.emplace_back(PutInstance{instance->id});
}

Result<void> load_rows(State& state, std::vector<AppPtr> apps, std::vector<InstancePtr> instances) {
  for (AppPtr& app : apps) {
    AppId id = app->id;
    state.apps.insert_or_assign(std::move(id), std::move(app));
  }
  using Entry = std::pair<InstanceKey, InstancePtr>;
  std::map<AppId, std::vector<Entry>> entries;
  for (InstancePtr& instance : instances) {
    const auto name = parse_instance_name(instance->id.value);
    if (!name) return Error{Errc::malformed, "not the id of an instance: " + instance->id.value};
    entries[instance->app_id].emplace_back(name->key, std::move(instance));
  }
  for (auto& [app, own] : entries) {
    const auto by_key = [](const Entry& left, const Entry& right) { return left.first < right.first; };
    // Ids ascend with time, so what comes in their order is sorted already; the tree is then built in one go, because a
    // restart may have to do it for a million instances.
    if (!std::is_sorted(own.begin(), own.end(), by_key)) std::sort(own.begin(), own.end(), by_key);
    index_of(state, app).instances = core::PersistentMap<InstanceKey, InstancePtr>::from_sorted(
        std::make_move_iterator(own.begin()), std::make_move_iterator(own.end()));
  }
  return {};
}

void build_indexes(Turn& turn) {
  for (const auto& [id, app] : turn.state.apps) {
    index_of(turn.state, id);
    add_ports(turn.state, *app);
  }
  for (auto& [id, index] : turn.state.index) {
    for (const auto& [key, instance] : index.instances) {
      place(index, key, *instance);
      // A launch that was under way gets its full time again. Questions follow the first Subscribed.
      watch_row(turn, key, instance, Question::as_it_was);
    }
    turn.touched.insert(id);
  }
}

// --- calls and timers ------------------------------------------------------------------------------------------------

void call(Turn& turn, calls::Body body) {
  if (turn.state.connected) turn.fx.calls.emplace_back(MesosCall{std::move(body)});
}

void end_instance(Turn& turn, const InstancePtr& instance) {
  Instance ending = *instance;
  ending.goal = Goal::decommissioned;
  // The new goal is durable before the KILL leaves, so a crash in between does not forget it.
  send_kill(turn, put_instance(turn, std::move(ending)));
}

// Nobody confirms a KILL, and an agent that is not ready ignores it without a word (mesos.md 3.6): hence again and
// again, until the task's end is heard of.
void send_kill(Turn& turn, const InstancePtr& instance) {
  ++turn.state.counters.kills;
  call(turn, calls::Kill{instance->task_id, instance->agent_id, {}});
  const InstanceKey key = key_of(instance->id);
  Watch& watch = turn.state.watches.watch(key, instance);
  watch.kill_at = after(turn.in.now, turn.state.settings.kill_retry_timeout);
  turn.state.watches.arm(key, watch);
}

void ask_about(Turn& turn, const InstancePtr& instance) {
  turn.asked.push_back(instance);
  const InstanceKey key = key_of(instance->id);
  Watch& watch = turn.state.watches.watch(key, instance);
  watch.reconcile_delay = std::min(std::max(first_reconcile_delay, watch.reconcile_delay * 2), reconcile_delay_max);
  watch.reconcile_at = after(turn.in.now, watch.reconcile_delay);
  turn.state.watches.arm(key, watch);
}

void heard_of(Turn& turn, const InstancePtr& instance) {
  const InstanceKey key = key_of(instance->id);
  Watch* watch = turn.state.watches.find(key);
  if (watch == nullptr) return;
  no_question(*watch);
  turn.state.watches.arm(key, *watch);
}

void expect_news(Turn& turn, const InstancePtr& instance) {
  watch_row(turn, key_of(instance->id), instance, Question::as_it_was);
}

namespace {

// A task that was silent for too long. The KILL is ours, so its end will not count as a failure; the failure is counted
// here, or the same launch would be tried again at once, for ever.
void give_up_launch(Turn& turn, const InstancePtr& instance) {
  Instance overdue = *instance;
  const std::string last = overdue.message.empty() ? "nothing was heard of it" : "last news: " + overdue.message;
  // STARTING is the first word of an executor; nothing before it comes from there (mesos.md 2.6).
  const bool has_executor = overdue.condition == Condition::starting;
  overdue.message = "Killed by --task_launch_timeout: no news for " +
                    to_mesos_duration(turn.state.settings.task_launch_timeout) + " while " +
                    (has_executor ? "its executor was starting it" : "its executor was waited for") + "; " + last;
  turn.fx.calls.emplace_back(LogWarning{"task " + overdue.task_id.value + ": " + overdue.message});
  ++turn.state.counters.failures;
  const App* app = find_app(turn.state, overdue.app_id);
  if (app != nullptr && overdue.app_version >= app->last_config_change) add_delay(turn, *app);
  overdue.goal = Goal::decommissioned;
  send_kill(turn, put_instance(turn, std::move(overdue)));
}

}  // namespace

void run_timers(Turn& turn) {
  const TimePoint now = turn.in.now;
  for (const InstanceKey& key : turn.state.watches.take_due(now)) {
    // A copy: what follows arms, changes or drops the watch.
    const Watch watch = *turn.state.watches.find(key);
    const InstancePtr instance = current_row(turn.state, *watch.instance);
    CHECK(instance != nullptr);
    const bool overdue = watch.overdue_at && *watch.overdue_at <= now;
    if (overdue && turn.state.connected) give_up_launch(turn, instance);
    if (overdue && !turn.state.connected) expect_news(turn, instance);  // there can be none
    if (!overdue && watch.kill_at && *watch.kill_at <= now) send_kill(turn, instance);
    // With the row of now: give_up_launch may have put a newer one.
    if (watch.reconcile_at && *watch.reconcile_at <= now) ask_about(turn, current_row(turn.state, *instance));
  }
  // Each is taken out of `delayed` by the review of its demand, and so the loop ends.
  while (!turn.state.delayed.empty() && turn.state.delayed.begin()->first <= now) {
    const AppId id = turn.state.delayed.begin()->second;
    review_demand(turn, id);
    turn.touched.insert(id);
  }
}

// --- counts ----------------------------------------------------------------------------------------------------------

void settle_app(Turn& turn, const AppId& id) {
  AppIndex& index = index_of(turn.state, id);
  const App* app = find_app(turn.state, id);
  // First: what is killed goes on taking its place, and so is not missing.
  kill_surplus(turn, app, index);
  review(turn, app, id, index);
  drop_index_if_empty(turn.state, id);
}

void show_app(State& state, const AppId& id) {
  const auto app = state.apps.find(id);
  if (app == state.apps.end()) {
    state.views.erase(id);
    return;
  }
  // A new view rather than a change of the old one, which readers may hold on other threads.
  const AppIndex& index = state.index.at(id);
  state.views.set(id,
                  std::make_shared<const AppView>(AppView{app->second, index.instances, index.missing, index.waiting}));
}

void review_demand(Turn& turn, const AppId& id) {
  review(turn, find_app(turn.state, id), id, index_of(turn.state, id));
}

void add_delay(Turn& turn, const App& app) {
  auto& backoffs = turn.state.index.at(app.id).backoffs;
  // Older configurations are never launched again. A delay that was kept long enough counts as never imposed.
  std::erase_if(backoffs, [&](const auto& each) {
    return each.first != app.last_config_change || each.second.forget_at <= turn.in.now;
  });
  const auto known = backoffs.find(app.last_config_change);
  Backoff backoff;
  backoff.delay = app.backoff;
  if (known != backoffs.end()) {
    // As doubles: the product may be more than a Duration can hold, and to convert that is undefined.
    const double longer = static_cast<double>(known->second.delay.count()) * app.backoff_factor;
    const double limit = static_cast<double>(app.max_launch_delay.count());
    backoff.delay = Duration{static_cast<Duration::rep>(std::min(longer, limit))};
  }
  backoff.delay = std::min(backoff.delay, app.max_launch_delay);
  backoff.until = after(turn.in.now, backoff.delay);
  backoff.forget_at = after(backoff.until, app.max_launch_delay);
  backoffs.insert_or_assign(app.last_config_change, backoff);
  turn.touched.insert(app.id);
}

// That a task runs does not end the delay, or an app that fails after each start would be started without end; the
// delay only expires (marathon.md 4.5).
void refresh_delay(Turn& turn, const App& app) {
  auto& backoffs = turn.state.index.at(app.id).backoffs;
  const auto known = backoffs.find(app.last_config_change);
  if (known == backoffs.end() || known->second.forget_at <= turn.in.now) return;
  known->second.forget_at = std::max(known->second.forget_at, after(turn.in.now, app.max_launch_delay));
}

}  // namespace windlass::scheduler
