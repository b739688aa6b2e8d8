#pragma once
// A Docker Engine that exists only here: images, pulls, containers, a daemon that hangs, restarts and refuses.
//
//   created ──start──> running ──exit, kill──> exited ──remove──> (gone)
//
// A call takes effect at some time and is answered later; when the daemon goes down between the two, the caller sees an
// error although the thing was done. That is what makes real Docker hard.

#include "base/error.hpp"
#include "model/ids.hpp"
#include "sim/faults.hpp"
#include "sim/image_kind.hpp"
#include "sim/world.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace windlass::sim {

enum class ContainerState { created, running, exited };

struct Container {
  std::string id = {};
  std::int64_t owner = 0;  // the pid of the executor that made it
  TaskId task = {};        // none: it holds the network of a group
  std::string name = {};
  std::string image = {};
  std::vector<std::uint16_t> host_ports = {};
  ContainerState state = ContainerState::created;
  int exit_code = 0;
  bool signalled = false;  // somebody asked it to end
  TimePoint started = {};
};

class Docker {
 public:
  using Done = std::function<void(std::optional<Error>)>;
  using Created = std::function<void(Result<std::string>)>;
  using Inspected = std::function<void(Result<Container>)>;
  // True: the image is on this machine.
  using ImageFound = std::function<void(Result<bool>)>;
  using PullId = std::uint64_t;
  // How much is done, of 1000.
  using Pulled = std::function<void(int)>;

  // `number`: of its machine, which is part of the ids of its containers.
  Docker(World& world, const Faults& faults, const ImageKinds& images, std::size_t number)
      : world_(world), faults_(faults), images_(images), number_(number) {}
  // Called when a container has been made, has begun to run, has ended, or the daemon has gone (false) or come back
  // (true).
  std::function<void(const Container&)> on_created;
  std::function<void(const Container&)> on_started;
  std::function<void(const Container&)> on_exited;
  std::function<void(bool)> on_daemon;

  void inspect_image(const std::string& image, ImageFound done);
  PullId pull(const std::string& image, Pulled pulled, Done done);
  // It is answered as cancelled.
  void cancel_pull(PullId id);
  void create(Container container, Created done);
  void attach(const std::string& id, Done done);
  void start(const std::string& id, Done done);
  void inspect(const std::string& id, Inspected done);
  // "" and anything but SIGKILL may be ignored by the container.
  void signal(const std::string& id, const std::string& signal, Done done);
  void remove(const std::string& id, Done done);
  // What the reaper does: remove all containers of this executor, however often it must try.
  void reap(std::int64_t owner);

  // What an operator or bad luck does.
  void forget_images() { local_.clear(); }
  // The daemon is down for a while; with live-restore, running containers do not notice.
  void restart(Duration down, bool live_restore);
  void stop_daemon(bool live_restore);
  void start_daemon();
  void hang(Duration duration);
  void exit_by_itself(const std::string& id, int code) { end(id, code); }

  [[nodiscard]] bool daemon_up() const { return up_; }
  // How long it will be silent from now on.
  [[nodiscard]] Duration wait_for_hang() const;
  // By id or name; null when there is none.
  [[nodiscard]] const Container* find(const std::string& id) const;
  [[nodiscard]] const std::map<std::string, Container>& containers() const { return containers_; }

 private:
  // Runs `effect` and then `answer` with what it returned; the daemon may go down before either.
  template <class Value>
  void call(Duration work_max, std::function<Value()> effect, std::function<void(Value)> answer,
            std::function<Value(Error)> refused);
  void call(std::function<std::optional<Error>()> effect, Done answer);
  [[nodiscard]] std::optional<Error> bad_luck();
  std::optional<Error> start_now(const std::string& id);
  void pull_slowly(PullId id, Duration step, int pulled, Pulled tell, std::function<void()> end);
  void finish_pull(PullId id, const std::string& image);
  void answer_pull(PullId id, std::optional<Error> error);
  std::optional<Error> pull_now(const std::string& image);
  std::optional<Error> signal_now(const std::string& id, const std::string& signal);
  void end(const std::string& id, int code);
  [[nodiscard]] Container* find_mutable(const std::string& id);
  void look_for_orphans(std::int64_t owner, std::optional<TimePoint> last_time);

  World& world_;
  const Faults& faults_;
  const ImageKinds& images_;
  const std::size_t number_;
  bool up_ = true;
  std::uint64_t life_ = 0;  // of the daemon; goes up with each stop
  TimePoint hangs_until_ = {};
  TimePoint busy_until_ = {};  // when the last of the calls about containers takes effect
  std::set<std::string> local_;
  std::map<std::string, Container> containers_;
  std::map<PullId, Done> pulls_;
  std::uint64_t next_ = 1;
};

}  // namespace windlass::sim
