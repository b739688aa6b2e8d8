#pragma once
// The network between clients and one server: subscriptions over TCP, with the calls beside them.
//
//   client end ──up──> server end      in order, delayed
//   client end <─down─ server end      in order, delayed
//
// A cut loses everything under way; each end notices at its own time, perhaps minutes later.

#include "sim/faults.hpp"
#include "sim/world.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace windlass::sim {

class Link {
 public:
  using Id = std::uint64_t;
  using Closed = std::function<void(Id)>;

  // The server hears of closed connections through `server_closed`.
  Link(World& world, const Faults& faults, std::string name) : world_(world), faults_(faults), name_(std::move(name)) {}
  void on_server_closed(Closed server_closed) { server_closed_ = std::move(server_closed); }

  // A new connection; `client_closed` is called at most once, when the client notices its end.
  Id connect(Closed client_closed);
  // Delivers at the other end, unless that end is closed or the way is cut by then.
  void send_up(Id id, std::function<void()> deliver);
  void send_down(Id id, std::function<void()> deliver);
  // The end closes by itself (or its process died): the other notices soon.
  void close_client(Id id);
  void close_server(Id id);
  // The server's process died: all server ends are closed.
  void close_all_servers();
  // The way is cut; both ends notice later.
  void cut(Id id);
  void cut_all();
  // Both ends of what is cut find out soon.
  void notice_cuts();
  [[nodiscard]] bool client_open(Id id) const;

 private:
  struct Connection {
    Closed client_closed;
    bool client_open = true;
    bool server_open = true;
    bool cut = false;
    TimePoint last_up;
    TimePoint last_down;
  };
  Duration delay(TimePoint& last);
  void notice_client(Id id, Duration when);
  void notice_server(Id id, Duration when);
  void forget_if_over(Id id);

  World& world_;
  const Faults& faults_;
  std::string name_;
  Closed server_closed_;
  std::map<Id, Connection> connections_;
  Id next_ = 1;
};

}  // namespace windlass::sim
