#include "fleet/frameworks.hpp"

#include "engine/framework_rules.hpp"
#include "fleet/offers.hpp"
#include "fleet/tasks.hpp"

#include <algorithm>
#include <utility>

namespace windlass::fleet {
namespace {

using engine::framework_heartbeat_interval;

// A framework may come with an id that this master never gave, and is taken with it (mesos.md 1.10): such a number is
// skipped.
FrameworkId new_framework_id(Turn& turn) {
  turn.fleet_changed = true;
  while (true) {
    FrameworkId id = engine::framework_id(turn.state.record.master_id, turn.state.record.next_framework++);
    if (!turn.state.frameworks.contains(id)) return id;
  }
}

// The first heartbeat follows at once; clients wait for it (mesos.md 1.8).
void greet(Turn& turn, Framework& framework) {
  turn.send(framework, events::Subscribed{.framework_id = framework.record.info.id,
                                          .heartbeat_interval_seconds = framework_heartbeat_interval.count(),
                                          .master = turn.state.settings.master});
  turn.send(framework, events::Heartbeat{});
  framework.next_heartbeat = turn.in.now + framework_heartbeat_interval;
}

// What a SUBSCRIBE says of suppressed roles replaces what was said before (mesos.md 1.10).
void change_info(Turn& turn, Framework& framework, FrameworkInfo info, const std::vector<std::string>& suppressed) {
  info.id = framework.record.info.id;
  framework.record.info = std::move(info);
  framework.suppressed = {suppressed.begin(), suppressed.end()};
  turn.save(framework);
}

// The newest subscription wins, and the older stream hears why it ends. Its offers are taken back without a RESCIND;
// user and checkpoint keep their first values, whatever it says now (mesos.md 1.10).
void admit_again(Turn& turn, Framework& framework, const FrameworkSubscribe& event) {
  turn.send(framework, events::Error{"Framework failed over"});
  withdraw_offers(turn, framework);
  FrameworkInfo info = event.subscribe.info;
  info.user = framework.record.info.user;
  info.checkpoint = framework.record.info.checkpoint;
  change_info(turn, framework, std::move(info), event.subscribe.suppressed_roles);
  framework.record.disconnected.reset();
}

// An id is burnt only for as long as the master remembers it (mesos.md 1.10).
void forget_oldest_removed(Turn& turn) {
  const auto oldest = engine::surplus_removed(turn.state.frameworks);
  if (oldest == turn.state.frameworks.end()) return;
  turn.save(oldest->second);
  turn.state.frameworks.erase(oldest);
}

}  // namespace

void subscribe(Turn& turn, const FrameworkSubscribe& event) {
  const auto found = turn.state.frameworks.find(event.framework_id);
  const FrameworkRecord* record = found == turn.state.frameworks.end() ? nullptr : &found->second.record;
  // The request has had its 200 by now: a refusal is an ERROR on the new stream (mesos.md 1.3).
  if (const auto why = engine::subscribe_error(record, event.subscribe)) {
    turn.fx.calls.push_back(SendToFramework{event.stream, events::Error{*why}});
    return;
  }
  Framework* framework = find_framework(turn.state, event.framework_id);
  if (framework != nullptr) {
    admit_again(turn, *framework, event);
  } else {
    const FrameworkId id = event.framework_id.empty() ? new_framework_id(turn) : event.framework_id;
    framework = &turn.state.frameworks[id];
    framework->record.info.id = id;
    framework->record.registered = turn.in.now;
    change_info(turn, *framework, event.subscribe.info, event.subscribe.suppressed_roles);
  }
  framework->stream = event.stream;
  greet(turn, *framework);
  // Without waiting for the next batch, as in Mesos (mesos.md 6.1).
  turn.offers_wanted = true;
  turn.resumed = framework->record.info.id;
}

void stream_closed(Turn& turn, const FrameworkStreamClosed& event) {
  const auto found = std::find_if(turn.state.frameworks.begin(), turn.state.frameworks.end(),
                                  [&](const auto& each) { return each.second.stream == event.stream; });
  // A newer subscription has taken its place, or its framework was removed: nobody has gone away.
  if (found == turn.state.frameworks.end()) return;
  Framework& framework = found->second;
  framework.stream.reset();
  framework.next_heartbeat.reset();
  framework.record.disconnected = turn.in.now;
  turn.save(framework);
  withdraw_offers(turn, framework);
  pause_updates(turn, framework);
  // With a failover timeout of 0 that is its end (mesos.md 1.10).
  expire(turn, framework);
}

void remove_framework(Turn& turn, Framework& framework) {
  // Without a stream from here on: of what goes with a framework nobody is told (mesos.md 2.10).
  if (framework.stream) turn.fx.calls.push_back(CloseFrameworkStream{*framework.stream});
  framework.stream.reset();
  framework.next_heartbeat.reset();
  framework.suppressed.clear();
  framework.record.disconnected.reset();
  framework.record.removed = turn.in.now;
  turn.save(framework);
  withdraw_offers(turn, framework);
  while (!framework.tasks.empty()) drop_task(turn, framework, framework.tasks.begin()->second);
  turn.offer_later();
  forget_oldest_removed(turn);
}

void tear_down(Turn& turn, const FrameworkTeardown& event) {
  Framework* framework = find_framework(turn.state, event.framework_id);
  if (framework == nullptr) return turn.answer(event.request, 400, engine::no_framework);
  remove_framework(turn, *framework);
  turn.answer(event.request, 200);
}

void update_framework(Turn& turn, engine::RequestId request, Framework& framework, const calls::UpdateFramework& call) {
  auto error = engine::framework_error(call.info);
  if (!error) error = engine::suppressed_roles_error(call.info, call.suppressed_roles);
  if (error) return turn.answer(request, 400, "Supplied FrameworkInfo is not valid: " + *error);
  error = engine::update_error(framework.record.info, call.info);
  if (error) return turn.answer(request, 400, "FrameworkInfo update is not valid: " + *error);
  // Offers in a role that it gives up are rescinded (mesos.md 2.3).
  const auto before = framework.record.info.all_roles();
  change_info(turn, framework, call.info, call.suppressed_roles);
  const auto roles = framework.record.info.all_roles();
  for (const std::string& role : before) {
    if (std::find(roles.begin(), roles.end(), role) == roles.end()) rescind_offers(turn, framework, role);
  }
  turn.offers_wanted = true;
  turn.answer(request, 200);
}

void expire(Turn& turn, Framework& framework) {
  const auto deadline = engine::failover_deadline(framework.record);
  if (deadline && *deadline <= turn.in.now) return remove_framework(turn, framework);
  if (!framework.next_heartbeat || *framework.next_heartbeat > turn.in.now) return;
  framework.next_heartbeat = turn.in.now + framework_heartbeat_interval;
  turn.send(framework, events::Heartbeat{});
}

// Heartbeats while it is connected, the failover timeout while it is away: never both.
std::optional<TimePoint> next_alarm(const Framework& framework) {
  return framework.next_heartbeat ? framework.next_heartbeat : engine::failover_deadline(framework.record);
}

}  // namespace windlass::fleet
