#include "fleet/step.hpp"

#include "base/check.hpp"
#include "engine/framework_rules.hpp"
#include "fleet/frameworks.hpp"
#include "fleet/offers.hpp"
#include "fleet/tasks.hpp"
#include "fleet/turn.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace windlass::fleet {
namespace {

// One function for each call of the API; those that end without an answer of their own are answered 202.
struct CallHandler {
  Turn& turn;
  Framework& framework;
  engine::RequestId request;

  int operator()(const calls::Subscribe&) const { return 501; }  // comes as FrameworkSubscribe
  int operator()(const calls::Teardown&) const { return remove_framework(turn, framework), 202; }
  int operator()(const calls::Accept& call) const { return accept(turn, framework, call), 202; }
  int operator()(const calls::Decline& call) const { return decline(turn, framework, call), 202; }
  int operator()(const calls::Revive& call) const { return revive(turn, framework, call), 202; }
  int operator()(const calls::Suppress& call) const { return suppress(framework, call), 202; }
  int operator()(const calls::Kill& call) const { return kill(turn, framework, call), 202; }
  int operator()(const calls::Shutdown& call) const { return shut_down(turn, framework, call), 202; }
  int operator()(const calls::Acknowledge& call) const { return acknowledge(turn, framework, call), 202; }
  int operator()(const calls::Reconcile& call) const { return reconcile(turn, framework, call), 202; }
  int operator()(const calls::Message&) const { return 202; }  // no executor hears it
  int operator()(const calls::Request&) const { return 202; }
  int operator()(const calls::Unsupported&) const { return 501; }
  // The only call that is answered with what came of it (mesos.md 1.3).
  int operator()(const calls::UpdateFramework& call) const {
    update_framework(turn, request, framework, call);
    return 0;
  }
};

void framework_call(Turn& turn, const FrameworkCall& event) {
  const FrameworkId& id = event.call.framework_id;
  Framework* framework = find_framework(turn.state, id);
  const bool is_known = framework != nullptr;
  // In Mesos' order: an unknown framework, one that is not connected, another stream's id (mesos.md 1.3).
  const auto refusal =
      engine::call_refusal(id, is_known, is_known ? framework->stream : std::nullopt, event.stream_header);
  if (refusal) return turn.answer(event.request, refusal->status, refusal->text);
  const int status = std::visit(CallHandler{turn, *framework, event.request}, event.call.body);
  if (status != 0) turn.answer(event.request, status);
}

// --- the beginning of a process ---

// Ids are the master's with a number behind, as Mesos' are: the same after a restart, though no agent has a row.
void make_agents(State& state) {
  const AgentInfo& like = state.settings.agent;
  state.agents.resize(state.settings.agents);
  for (std::uint32_t i = 0; i < state.agents.size(); ++i) {
    const std::string number = std::to_string(i);
    state.agents[i].id = {state.record.master_id + "-S" + number};
    state.agents[i].hostname = "agent" + number + "." + like.hostname;
    state.idle.insert(i);
  }
}

// Agents may have become fewer since: their tasks are gone with them.
void recover_task(Turn& turn, Framework& framework, Task& task) {
  State& state = turn.state;
  TaskRecord& record = task.record;
  if (record.agent >= state.settings.agents) {
    record.agent = 0;  // statuses name some agent
    // change_state() gives back what a task has, and nobody holds these.
    record.resources = {};
    if (!is_terminal(record.state)) change_state(turn, framework, task, TaskState::gone, "Its agent was removed");
    return;
  }
  if (is_terminal(record.state)) return;
  state.agents[record.agent].used += record.resources;
  hold(state, {record.framework_id, record.role}, record.resources);
  if (record.state != TaskState::starting) return;
  // How much of its delay had passed is not in the journal: it begins anew.
  task.start_at = after(turn.in.now, state.settings.task_delay);
  set_alarm(state, task);
}

void recover(Turn& turn) {
  State& state = turn.state;
  // The first start. The id stays, because those of agents, frameworks and offers begin with it.
  if (state.record.master_id.empty()) {
    state.record.master_id = Uuid::random(turn.in.prng).to_string();
    turn.fleet_changed = true;
  }
  state.settings.master.id = state.record.master_id;
  // Behind the numbers that an earlier process may have used: who accepts one of its offers must not get a new one.
  state.next_offer = state.record.next_offer;
  make_agents(state);
  // No stream has outlived the process, so every framework is away. Those that were so before keep their time, because
  // the failover timeout goes on through restarts (mesos.md 10.2). Expired last: that removes frameworks from the map.
  std::vector<FrameworkId> away;
  for (auto& [id, framework] : state.frameworks) {
    for (auto& [task_id, task] : framework.tasks) recover_task(turn, framework, task);
    if (framework.completed()) continue;
    away.push_back(id);
    if (framework.record.disconnected) continue;
    framework.record.disconnected = turn.in.now;
    turn.save(framework);
  }
  for (const FrameworkId& id : away) expire(turn, state.frameworks.at(id));
}

void time_passed(Turn& turn) {
  State& state = turn.state;
  // Collected first: a framework that expires may take an old one out of the map, and takes its tasks along.
  std::vector<FrameworkId> due;
  for (const auto& [id, framework] : state.frameworks) {
    const auto time = next_alarm(framework);
    if (time && *time <= turn.in.now) due.push_back(id);
  }
  for (const FrameworkId& id : due) expire(turn, state.frameworks.at(id));
  for (const TaskNumber number : state.alarms.take_due(turn.in.now)) {
    const auto task = state.numbered.find(number);
    if (task != state.numbered.end()) expire(turn, *task->second);
  }
  if (state.next_allocation && *state.next_allocation <= turn.in.now) turn.offers_wanted = true;
}

struct Handler {
  Turn& turn;
  void operator()(const FrameworkSubscribe& event) const { subscribe(turn, event); }
  void operator()(const FrameworkCall& event) const { framework_call(turn, event); }
  void operator()(const FrameworkTeardown& event) const { tear_down(turn, event); }
  void operator()(const FrameworkStreamClosed& event) const { stream_closed(turn, event); }
  void operator()(const Started&) const { recover(turn); }
  void operator()(const TimePassed&) const { time_passed(turn); }
};

// Each row once, as the step leaves it; what is not found any more is removed.
void write_changes(Turn& turn) {
  const State& state = turn.state;
  if (turn.fleet_changed) turn.fx.writes.push_back(PutEngine{state.record});
  for (const FrameworkId& id : turn.changed_frameworks) {
    const auto found = state.frameworks.find(id);
    const bool known = found != state.frameworks.end();
    turn.fx.writes.push_back(PutFramework{id, known ? std::optional{found->second.record} : std::nullopt});
  }
  for (const auto& [framework_id, task_id] : turn.changed_tasks) {
    PutTask put{framework_id, task_id};
    const auto framework = state.frameworks.find(framework_id);
    if (framework != state.frameworks.end()) {
      const auto task = framework->second.tasks.find(task_id);
      if (task != framework->second.tasks.end()) put.record = task->second.record;
    }
    turn.fx.writes.push_back(std::move(put));
  }
}

// Tasks are many and have their times in order; frameworks are few, and are asked one by one.
std::optional<TimePoint> next_wake(const State& state) {
  std::optional<TimePoint> first = state.alarms.next();
  const auto take = [&first](const std::optional<TimePoint>& time) {
    if (time && (!first || *time < *first)) first = time;
  };
  take(state.next_allocation);
  for (const auto& [id, framework] : state.frameworks) take(next_alarm(framework));
  return first;
}

}  // namespace

Effects step(State& state, const Event& event, const Inputs& in) {
  Effects fx;
  Turn turn{{state, in, fx}};
  std::visit(Handler{turn}, event);
  // A framework hears SUBSCRIBED, HEARTBEAT and OFFERS in this order (mesos.md 2.14), then what it has not
  // acknowledged.
  if (turn.offers_wanted) make_offers(turn);
  Framework* resumed = turn.resumed ? find_framework(state, *turn.resumed) : nullptr;
  if (resumed != nullptr) resume_updates(turn, *resumed);
  write_changes(turn);
  fx.wake_at = next_wake(state);
  return fx;
}

State load(Settings settings, Records records) {
  State state;
  state.settings = std::move(settings);
  if (records.fleet) state.record = *records.fleet;
  for (FrameworkRecord& record : records.frameworks) {
    const FrameworkId id = record.info.id;
    state.frameworks[id].record = std::move(record);
  }
  for (TaskRecord& record : records.tasks) {
    const auto framework = state.frameworks.find(record.framework_id);
    if (framework == state.frameworks.end()) continue;
    Task& task = framework->second.tasks[record.id];
    task.record = std::move(record);
    task.number = state.next_number++;
    state.numbered[task.number] = &task;
    ++framework->second.counts[task.record.state];
  }
  return state;
}

Summary summarize(const State& state) {
  const Amounts each = amounts_of(state.settings.agent.resources);
  const auto count = static_cast<std::int64_t>(state.agents.size());
  Summary summary{state.settings.master, state.agents.size(), {each.cpus * count, each.mem * count}, {}};
  for (const auto& [id, framework] : state.frameworks) {
    if (framework.completed()) continue;
    FrameworkSummary of{framework.record.info, framework.stream.has_value(), framework.counts, {}};
    // A framework's roles lie next to each other, since holders are ordered by framework first.
    for (auto at = state.held.lower_bound({id, {}}); at != state.held.end() && at->first.first == id; ++at) {
      of.held.cpus += at->second.cpus;
      of.held.mem += at->second.mem;
    }
    summary.frameworks.push_back(std::move(of));
  }
  return summary;
}

Framework* find_framework(State& state, const FrameworkId& id) {
  const auto found = state.frameworks.find(id);
  return found == state.frameworks.end() || found->second.completed() ? nullptr : &found->second;
}

// By the number in the id, without a map of all agents. Frameworks may send any text, so the whole of it is compared.
std::optional<std::uint32_t> agent_number(const State& state, const AgentId& id) {
  const std::string& text = id.value;
  const std::size_t begin = state.record.master_id.size() + 2;  // "<master>-S"
  if (text.size() <= begin) return std::nullopt;
  std::uint32_t number = 0;
  std::from_chars(text.data() + begin, text.data() + text.size(), number);
  return number < state.agents.size() && state.agents[number].id == id ? std::optional{number} : std::nullopt;
}

Amounts amounts_of(const Resources& resources) { return {resources.milli("cpus"), resources.milli("mem")}; }

void hold(State& state, const Holder& holder, const Resources& resources) {
  const Amounts more = amounts_of(resources);
  if (more == Amounts{}) return;
  // Who holds nothing has no entry, so that release() leaves the map as it was before.
  Amounts& held = state.held[holder];
  held.cpus += more.cpus;
  held.mem += more.mem;
}

void release(State& state, const Holder& holder, const Resources& resources) {
  const Amounts less = amounts_of(resources);
  if (less == Amounts{}) return;
  const auto held = state.held.find(holder);
  CHECK(held != state.held.end());
  held->second.cpus -= less.cpus;
  held->second.mem -= less.mem;
  if (held->second == Amounts{}) state.held.erase(held);
}

std::string broken_invariant(const State& state) {
  std::map<Holder, Amounts> held;
  std::vector<Resources> used(state.agents.size());
  const auto add = [&held](const Holder& holder, const Resources& resources) {
    const Amounts more = amounts_of(resources);
    held[holder].cpus += more.cpus;
    held[holder].mem += more.mem;
  };
  std::size_t tasks = 0;
  for (const auto& [id, framework] : state.frameworks) {
    tasks += framework.tasks.size();
    for (const auto& [task_id, task] : framework.tasks) {
      if (state.numbered.at(task.number) != &task) return task_id.value + " is not found by its number";
      if (is_terminal(task.record.state)) continue;
      used[task.record.agent] += task.record.resources;
      add({id, task.record.role}, task.record.resources);
    }
  }
  if (tasks != state.numbered.size()) return "a number names no task";
  for (const auto& [id, offer] : state.offers) {
    add(offer.holder, offer.resources);
    if (state.agents[offer.agent].offer != id) return id.value + " is not its agent's offer";
  }
  std::erase_if(held, [](const auto& each) { return each.second == Amounts{}; });
  if (held != state.held) return "the sums of what is held are wrong";
  for (std::uint32_t i = 0; i < state.agents.size(); ++i) {
    const Agent& agent = state.agents[i];
    if (!(agent.used == used[i])) return agent.id.value + " uses " + agent.used.to_string();
    if (state.idle.contains(i) == agent.offer.has_value()) return agent.id.value + " is idle or offered";
    if (!state.settings.agent.resources.contains(agent.used.allocated_to(""))) return agent.id.value + " is overfull";
  }
  return {};
}

}  // namespace windlass::fleet
