#include "sim/link.hpp"

#include <algorithm>
#include <vector>

namespace windlass::sim {

using namespace std::chrono_literals;

namespace {

constexpr Duration quick_notice_max = 50ms;

}  // namespace

Link::Id Link::connect(Closed client_closed) {
  const Id id = next_++;
  Connection connection;
  connection.client_closed = std::move(client_closed);
  connection.last_up = connection.last_down = world_.now();
  connections_.emplace(id, std::move(connection));
  return id;
}

// Never overtakes what was sent before.
Duration Link::delay(TimePoint& last) {
  const Duration wanted = world_.between(faults_.network_delay_min, faults_.network_delay_max);
  const TimePoint at = std::max(last, after(world_.now(), wanted));
  last = at;
  return at - world_.now();
}

void Link::send_up(Id id, std::function<void()> deliver) {
  auto found = connections_.find(id);
  if (found == connections_.end() || !found->second.client_open) return;
  world_.after(delay(found->second.last_up), [this, id, deliver = std::move(deliver)] {
    auto now = connections_.find(id);
    if (now != connections_.end() && now->second.server_open && !now->second.cut) deliver();
  });
}

void Link::send_down(Id id, std::function<void()> deliver) {
  auto found = connections_.find(id);
  if (found == connections_.end() || !found->second.server_open) return;
  world_.after(delay(found->second.last_down), [this, id, deliver = std::move(deliver)] {
    auto now = connections_.find(id);
    if (now != connections_.end() && now->second.client_open && !now->second.cut) deliver();
  });
}

void Link::close_client(Id id) {
  auto found = connections_.find(id);
  if (found == connections_.end() || !found->second.client_open) return;
  found->second.client_open = false;
  if (!found->second.cut) notice_server(id, delay(found->second.last_up));
  forget_if_over(id);
}

void Link::close_server(Id id) {
  auto found = connections_.find(id);
  if (found == connections_.end() || !found->second.server_open) return;
  found->second.server_open = false;
  if (!found->second.cut) notice_client(id, delay(found->second.last_down));
  forget_if_over(id);
}

void Link::close_all_servers() {
  std::vector<Id> ids;
  for (const auto& [id, connection] : connections_) ids.push_back(id);
  for (const Id id : ids) close_server(id);
}

void Link::cut(Id id) {
  auto found = connections_.find(id);
  if (found == connections_.end() || found->second.cut) return;
  found->second.cut = true;
  world_.note(name_, "connection " + std::to_string(id) + " is cut");
  for (const bool client : {true, false}) {
    const Duration when =
        world_.chance(1, 2) ? world_.between(0ms, quick_notice_max) : world_.between(0ms, faults_.cut_notice_max);
    client ? notice_client(id, when) : notice_server(id, when);
  }
}

void Link::cut_all() {
  std::vector<Id> ids;
  for (const auto& [id, connection] : connections_) ids.push_back(id);
  for (const Id id : ids) cut(id);
}

void Link::notice_cuts() {
  for (const auto& [id, connection] : connections_) {
    if (!connection.cut) continue;
    notice_client(id, world_.between(0ms, quick_notice_max));
    notice_server(id, world_.between(0ms, quick_notice_max));
  }
}

bool Link::client_open(Id id) const {
  auto found = connections_.find(id);
  return found != connections_.end() && found->second.client_open;
}

void Link::notice_client(Id id, Duration when) {
  world_.after(when, [this, id] {
    auto found = connections_.find(id);
    if (found == connections_.end() || !found->second.client_open) return;
    found->second.client_open = false;
    Closed closed = std::move(found->second.client_closed);
    forget_if_over(id);
    closed(id);
  });
}

void Link::notice_server(Id id, Duration when) {
  world_.after(when, [this, id] {
    auto found = connections_.find(id);
    if (found == connections_.end() || !found->second.server_open) return;
    found->second.server_open = false;
    forget_if_over(id);
    server_closed_(id);
  });
}

void Link::forget_if_over(Id id) {
  auto found = connections_.find(id);
  if (!found->second.client_open && !found->second.server_open) connections_.erase(found);
}

}  // namespace windlass::sim
