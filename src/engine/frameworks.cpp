#include "engine/frameworks.hpp"

#include "engine/accounts.hpp"
#include "engine/executors.hpp"
#include "engine/framework_rules.hpp"
#include "engine/offers.hpp"
#include "engine/tasks.hpp"

#include <algorithm>
#include <utility>

namespace windlass::engine {
namespace {

FrameworkId new_framework_id(Turn& turn) {
  turn.engine_changed = true;
  // A framework that brought its own id may have taken the next one (admit).
  while (true) {
    FrameworkId id = framework_id(turn.state.record.master_id, turn.state.record.next_framework++);
    if (!turn.state.frameworks.contains(id)) return id;
  }
}

void greet(Turn& turn, Framework& framework) {
  MasterInfo master = turn.state.settings.master;
  master.id = turn.state.record.master_id;
  turn.send(framework, events::Subscribed{.framework_id = framework.record.info.id,
                                          .heartbeat_interval_seconds = framework_heartbeat_interval.count(),
                                          .master = std::move(master)});
  // The first heartbeat follows at once (mesos.md 1.8); clients measure their patience from it.
  turn.send(framework, events::Heartbeat{});
  framework.next_heartbeat = turn.in.now + framework_heartbeat_interval;
}

// Replaces what it said of itself. True when a role can get offers that could get none before.
bool change_info(Turn& turn, Framework& framework, FrameworkInfo info, const std::vector<std::string>& suppressed) {
  const auto before = framework.record.info.all_roles();
  // Both sets replace those of before (mesos.md 1.10).
  const auto suppressed_before = std::exchange(framework.suppressed, {suppressed.begin(), suppressed.end()});
  // UPDATE_FRAMEWORK may come without the id inside.
  info.id = framework.record.info.id;
  framework.record.info = std::move(info);
  turn.save(framework);
  const auto roles = framework.record.info.all_roles();
  return std::any_of(roles.begin(), roles.end(), [&](const std::string& role) {
    const bool had = std::find(before.begin(), before.end(), role) != before.end();
    return !framework.suppressed.contains(role) && (!had || suppressed_before.contains(role));
  });
}

void admit(Turn& turn, const FrameworkSubscribe& event) {
  // A framework may bring an id that this engine never gave: it is admitted under that id (mesos.md 1.10), so that it
  // lives on when the journal was lost.
  const FrameworkId id = event.framework_id.empty() ? new_framework_id(turn) : event.framework_id;
  Framework& framework = turn.state.frameworks[id];
  framework.record.info = event.subscribe.info;
  framework.record.info.id = id;
  framework.record.registered = turn.in.now;
  framework.suppressed = {event.subscribe.suppressed_roles.begin(), event.subscribe.suppressed_roles.end()};
  framework.stream = event.stream;
  turn.save(framework);
  greet(turn, framework);
  turn.offers_wanted = true;
}

// The newest subscription wins (mesos.md 1.10): two schedulers with one id would answer each other's offers and
// updates.
void admit_again(Turn& turn, Framework& framework, const FrameworkSubscribe& event) {
  const bool connected = framework.stream.has_value();
  // Still on the old stream, if there is one.
  turn.send(framework, events::Error{"Framework failed over"});
  withdraw_offers(turn, framework);
  FrameworkInfo info = event.subscribe.info;
  // These two never change, and a SUBSCRIBE that differs is not an error (mesos.md 1.10).
  info.user = framework.record.info.user;
  info.checkpoint = framework.record.info.checkpoint;
  const bool more_roles = change_info(turn, framework, std::move(info), event.subscribe.suppressed_roles);
  framework.stream = event.stream;
  framework.record.disconnected.reset();
  greet(turn, framework);
  // One that was connected all the time waits for the next batch, as with Mesos.
  if (!connected || more_roles) turn.offers_wanted = true;
  // Its updates follow at the end of the step: they come after the offers.
  turn.resumed = framework.record.info.id;
}

// The id of one that is forgotten may be used again, as with Mesos: it is burnt only as long as it is remembered
// (mesos.md 1.10).
void forget_oldest_removed(Turn& turn) {
  auto& frameworks = turn.state.frameworks;
  while (true) {
    const auto oldest = surplus_removed(frameworks);
    if (oldest == frameworks.end()) return;
    turn.save(oldest->second);
    for (const std::uint64_t number : turn.state.completed_of[oldest->first]) {
      turn.state.completed_tasks.erase(number);
    }
    turn.state.completed_of.erase(oldest->first);
    frameworks.erase(oldest);
  }
}

// The framework hears nothing of it (mesos.md 2.10). The executor may run the task for a while: until it has ended, it
// holds the task's resources as its remains, and they are not offered.
void abandon_task(Turn& turn, Task& task) {
  TaskRecord& record = task.record;
  const bool live = !is_terminal(record.state);
  Executor* executor = find_executor(turn.state, record.framework_id, record.executor_id);
  if (live) {
    release(turn.state.accounts, use_of(task));
    record.state = TaskState::killed;
  }
  if (live && executor != nullptr) {
    executor->record.remains.push_back(record.info);
    hold(turn.state.accounts, use_of_remains(*executor, record.info));
  }
  // Nobody is left to acknowledge them.
  record.updates.clear();
  complete_task(turn, {record.framework_id, record.info.id});
}

}  // namespace

void subscribe(Turn& turn, const FrameworkSubscribe& event) {
  const auto found = turn.state.frameworks.find(event.framework_id);
  const FrameworkRecord* record = found == turn.state.frameworks.end() ? nullptr : &found->second.record;
  if (const auto why = subscribe_error(record, event.subscribe)) {
    // Not Turn::send: the stream belongs to no framework yet. The refused may even bear the id of one that is
    // connected.
    turn.call(SendToFramework{event.stream, events::Error{*why}});
    return;
  }
  if (Framework* known = find_framework(turn.state, event.framework_id)) {
    admit_again(turn, *known, event);
  } else {
    admit(turn, event);
  }
}

void stream_closed(Turn& turn, const FrameworkStreamClosed& event) {
  Framework* framework = find_framework(turn.state, event.stream);
  if (framework == nullptr) return;
  framework->stream.reset();
  framework->next_heartbeat.reset();
  // Refusals do not outlive the connection: the next scheduler may want what this one did not.
  framework->refused.clear();
  framework->record.disconnected = turn.in.now;
  turn.save(*framework);
  withdraw_offers(turn, *framework);
  pause_updates(turn, *framework);
  expire(turn, *framework);
}

void remove_framework(Turn& turn, Framework& framework) {
  if (framework.stream) turn.call(CloseFrameworkStream{*framework.stream});
  framework.stream.reset();
  framework.next_heartbeat.reset();
  framework.refused.clear();
  framework.suppressed.clear();
  framework.record.disconnected.reset();
  framework.record.removed = turn.in.now;
  turn.save(framework);
  withdraw_offers(turn, framework);
  // Before the executors are shut down, for then their ends have no tasks to tell of.
  for (Task* task : tasks_of(turn.state, framework)) abandon_task(turn, *task);
  const FrameworkId id = framework.record.info.id;
  const auto& executors = turn.state.executor_ids;
  for (auto at = executors.lower_bound({id, {}}); at != executors.end() && at->first.first == id; ++at) {
    Executor& executor = turn.state.executors.at(at->second);
    // For its remains, also when it is being shut down already.
    turn.save(executor);
    shut_down(turn, executor);
  }
  turn.offer_later();
  forget_oldest_removed(turn);
}

void tear_down(Turn& turn, const FrameworkTeardown& event) {
  Framework* framework = find_framework(turn.state, event.framework_id);
  if (framework == nullptr) {
    turn.answer(event.request, 400, no_framework);
    return;
  }
  remove_framework(turn, *framework);
  turn.answer(event.request, 200);
}

void update_framework(Turn& turn, RequestId request, Framework& framework, const calls::UpdateFramework& call) {
  auto error = framework_error(call.info);
  if (!error) error = suppressed_roles_error(call.info, call.suppressed_roles);
  if (error) {
    turn.answer(request, 400, "Supplied FrameworkInfo is not valid: " + *error);
    return;
  }
  // Unlike SUBSCRIBE, which silently keeps user and checkpoint, this refuses to change them (mesos.md 2.3).
  if (const auto why = update_error(framework.record.info, call.info)) {
    turn.answer(request, 400, "FrameworkInfo update is not valid: " + *why);
    return;
  }
  const auto before = framework.record.info.all_roles();
  if (change_info(turn, framework, call.info, call.suppressed_roles)) turn.offers_wanted = true;
  const auto roles = framework.record.info.all_roles();
  for (const std::string& role : before) {
    // An offer in a role that the framework gave up would be accepted into that role (mesos.md 2.3).
    if (std::find(roles.begin(), roles.end(), role) == roles.end()) rescind_offers(turn, framework, role);
  }
  turn.answer(request, 200);
}

void expire(Turn& turn, Framework& framework) {
  const auto deadline = failover_deadline(framework.record);
  // A timeout of 0 has passed as soon as the stream is closed (mesos.md 1.10).
  if (deadline && *deadline <= turn.in.now) return remove_framework(turn, framework);
  if (!framework.next_heartbeat || *framework.next_heartbeat > turn.in.now) return;
  framework.next_heartbeat = turn.in.now + framework_heartbeat_interval;
  turn.touch(framework);
  turn.send(framework, events::Heartbeat{});
}

}  // namespace windlass::engine
