#include "sim/docker.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace windlass::sim {

using namespace std::chrono_literals;

namespace {

constexpr Duration reap_wait_max = 300ms;  // from the executor's end to the reaper's work
constexpr Duration reap_again_after = 1s;  // when the daemon did not answer
constexpr int pull_steps = 1000;           // of a slow pull
constexpr int killed_exit_code = 137;      // 128 + SIGKILL
constexpr int stopped_exit_code = 143;     // 128 + SIGTERM

Error no_daemon() { return {Errc::unavailable, "Cannot connect to the Docker daemon at unix:///var/run/docker.sock"}; }
Error no_container(const std::string& id) { return {Errc::not_found, "No such container: " + id}; }

}  // namespace

Duration Docker::wait_for_hang() const {
  return hangs_until_ > world_.now() ? Duration{hangs_until_ - world_.now()} : Duration{};
}

template <class Value>
void Docker::call(Duration work_max, std::function<Value()> effect, std::function<void(Value)> answer,
                  std::function<Value(Error)> refused) {
  const auto life = life_;
  const Duration first = wait_for_hang() + world_.between(100us, std::max<Duration>(work_max, 100us));
  const bool is_pull = work_max > faults_.docker_delay_max;  // which leaves no container
  if (!is_pull) busy_until_ = std::max(busy_until_, after(world_.now(), first));
  const Duration second = world_.between(50us, std::max<Duration>(faults_.docker_delay_max / 4, 50us));
  world_.after(first, [=, this, effect = std::move(effect), answer = std::move(answer), refused = std::move(refused)] {
    if (!up_ || life != life_) return answer(refused(no_daemon()));
    auto value = std::make_shared<Value>(effect());
    world_.after(second, [=, this] {
      if (!up_ || life != life_) return answer(refused(no_daemon()));
      answer(std::move(*value));
    });
  });
}

void Docker::call(std::function<std::optional<Error>()> effect, Done answer) {
  call<std::optional<Error>>(faults_.docker_delay_max, std::move(effect), std::move(answer),
                             [](Error error) { return std::optional<Error>{std::move(error)}; });
}

std::optional<Error> Docker::bad_luck() {
  if (faults_.docker_error == 0 || !world_.chance(faults_.docker_error, 1000)) return {};
  return Error{Errc::internal, "server error 500: driver failed"};
}

void Docker::inspect_image(const std::string& image, ImageFound done) {
  call<Result<bool>>(
      faults_.docker_delay_max,
      [this, image]() -> Result<bool> {
        if (auto error = bad_luck()) return *error;
        return local_.contains(image);
      },
      std::move(done), [](Error error) { return Result<bool>{std::move(error)}; });
}

Docker::PullId Docker::pull(const std::string& image, Pulled pulled, Done done) {
  const PullId id = next_++;
  pulls_[id] = std::move(done);
  const auto takes = images_.find(image).pull_takes;
  std::function<void()> end = [this, id, image] { finish_pull(id, image); };
  if (!takes) {
    end();
  } else {
    pull_slowly(id, *takes / pull_steps, 0, std::move(pulled), std::move(end));
  }
  return id;
}

// Not in one call(): a daemon that goes down ends it without a word, and the executor hears nothing more of it.
void Docker::pull_slowly(PullId id, Duration step, int pulled, Pulled tell, std::function<void()> end) {
  if (!pulls_.contains(id)) return;
  tell(pulled);
  if (pulled >= pull_steps) return end();
  const auto life = life_;
  world_.after(step, [=, this, tell = std::move(tell), end = std::move(end)] {
    if (up_ && life == life_) pull_slowly(id, step, pulled + 1, tell, end);
  });
}

void Docker::finish_pull(PullId id, const std::string& image) {
  call<std::optional<Error>>(
      faults_.pull_delay_max,
      [this, image, id]() -> std::optional<Error> {
        if (!pulls_.contains(id)) return {};
        return pull_now(image);
      },
      [this, id](std::optional<Error> error) { answer_pull(id, std::move(error)); },
      [](Error error) { return std::optional<Error>{std::move(error)}; });
}

void Docker::answer_pull(PullId id, std::optional<Error> error) {
  const auto found = pulls_.find(id);
  if (found == pulls_.end()) return;
  const Done done = std::move(found->second);
  pulls_.erase(found);
  done(std::move(error));
}

void Docker::cancel_pull(PullId id) {
  world_.after(1ms, [this, id] { answer_pull(id, Error{Errc::cancelled, "pull was cancelled"}); });
}

std::optional<Error> Docker::pull_now(const std::string& image) {
  if (!images_.find(image).exists)
    return Error{Errc::not_found, "manifest for " + image + " not found: manifest unknown"};
  if (faults_.pull_failure != 0 && world_.chance(faults_.pull_failure, 1000)) {
    return Error{Errc::unavailable, "Get registry: TLS handshake timeout"};
  }
  local_.insert(image);
  return {};
}

void Docker::create(Container container, Created done) {
  call<Result<std::string>>(
      faults_.docker_delay_max,
      [this, container = std::move(container)]() mutable -> Result<std::string> {
        if (auto error = bad_luck()) return *error;
        if (!local_.contains(container.image)) {
          return Error{Errc::not_found, "No such image: " + container.image};
        }
        if (images_.find(container.image).create_fails) return Error{Errc::invalid, "invalid reference format"};
        if (!container.name.empty() && find(container.name) != nullptr) {
          return Error{Errc::conflict, "The container name \"/" + container.name + "\" is already in use"};
        }
        container.id = "c" + std::to_string(next_++) + (number_ == 0 ? "" : "." + std::to_string(number_ + 1));
        containers_[container.id] = container;
        on_created(container);
        return container.id;
      },
      std::move(done), [](Error error) { return Result<std::string>{std::move(error)}; });
}

void Docker::attach(const std::string& id, Done done) {
  call(
      [this, id]() -> std::optional<Error> {
        if (auto error = bad_luck()) return error;
        if (find(id) == nullptr) return no_container(id);
        return {};
      },
      std::move(done));
}

void Docker::start(const std::string& id, Done done) {
  call([this, id] { return start_now(id); }, std::move(done));
}

std::optional<Error> Docker::start_now(const std::string& id) {
  if (auto error = bad_luck()) return error;
  Container* found = find_mutable(id);
  if (found == nullptr) return no_container(id);
  Container& container = *found;
  if (container.state == ContainerState::running) return {};
  const ImageKind how = images_.find(container.image);
  if (how.start_fails) return Error{Errc::internal, "OCI runtime create failed: exec: \"x\": not found"};
  for (const auto& [other_id, other] : containers_) {
    if (other.state != ContainerState::running) continue;
    for (const auto port : container.host_ports) {
      if (std::ranges::count(other.host_ports, port) == 0) continue;
      return Error{Errc::internal, "Bind for 0.0.0.0:" + std::to_string(port) + " failed: port is already allocated"};
    }
  }
  container.state = ContainerState::running;
  container.started = world_.now();
  world_.note("docker", "runs " + container.id + " for " + (container.task.empty() ? "a group" : container.task.value));
  on_started(container);
  if (how.exits_after) {
    world_.after(*how.exits_after, [this, id = container.id, image = container.image, code = how.exit_code] {
      if (images_.find(image).exits_after) end(id, code);  // the image may have become a good one
    });
  }
  if (faults_.images_forgotten != 0 && world_.chance(faults_.images_forgotten, 1000)) forget_images();
  return {};
}

void Docker::inspect(const std::string& id, Inspected done) {
  call<Result<Container>>(
      faults_.docker_delay_max,
      [this, id]() -> Result<Container> {
        if (auto error = bad_luck()) return *error;
        const Container* found = find(id);
        if (found == nullptr) return no_container(id);
        return *found;
      },
      std::move(done), [](Error error) { return Result<Container>{std::move(error)}; });
}

void Docker::signal(const std::string& id, const std::string& signal, Done done) {
  call([this, id, signal] { return signal_now(id, signal); }, std::move(done));
}

std::optional<Error> Docker::signal_now(const std::string& id, const std::string& signal) {
  if (auto error = bad_luck()) return error;
  Container* found = find_mutable(id);
  if (found == nullptr) return no_container(id);
  if (found->state != ContainerState::running) return Error{Errc::conflict, "Container " + id + " is not running"};
  found->signalled = true;
  const bool kill = signal == "SIGKILL" || signal == "KILL" || signal == "9";
  if (!kill && images_.find(found->image).ignores_stop) return {};
  const Duration when =
      kill ? world_.between(1ms, 20ms) : world_.between(1ms, std::max<Duration>(1ms, faults_.stop_delay_max));
  world_.after(when, [this, id = found->id, kill] { end(id, kill ? killed_exit_code : stopped_exit_code); });
  return {};
}

void Docker::remove(const std::string& id, Done done) {
  call(
      [this, id]() -> std::optional<Error> {
        if (auto error = bad_luck()) return error;
        const Container* found = find(id);
        if (found == nullptr) return no_container(id);
        const std::string real_id = found->id;
        end(real_id, killed_exit_code);
        containers_.erase(real_id);
        return {};
      },
      std::move(done));
}

// Calls of the dead that are under way may still make or start a container: once the daemon answers, the reaper looks
// again for a while.
void Docker::reap(std::int64_t owner) {
  world_.after(world_.between(1ms, reap_wait_max), [this, owner] { look_for_orphans(owner, {}); });
}

void Docker::look_for_orphans(std::int64_t owner, std::optional<TimePoint> last_time) {
  const bool answers = up_ && hangs_until_ <= world_.now();
  if (answers && !last_time) {
    last_time = after(std::max(world_.now(), busy_until_), 2 * faults_.docker_delay_max + 1s);
  }
  std::vector<std::string> ids;
  for (const auto& [id, container] : containers_) {
    if (answers && container.owner == owner) ids.push_back(id);
  }
  for (const auto& id : ids) {
    end(id, killed_exit_code);
    containers_.erase(id);
    world_.note("reaper", "removed " + id);
  }
  if (answers && world_.now() >= *last_time) return;
  world_.after(reap_again_after, [this, owner, last_time] { look_for_orphans(owner, last_time); });
}

const Container* Docker::find(const std::string& id) const {
  auto found = containers_.find(id);
  if (found != containers_.end()) return &found->second;
  for (const auto& [each_id, container] : containers_) {
    if (container.name == id) return &container;
  }
  return nullptr;
}

Container* Docker::find_mutable(const std::string& id) {
  return const_cast<Container*>(static_cast<const Docker*>(this)->find(id));
}

void Docker::end(const std::string& id, int code) {
  auto found = containers_.find(id);
  if (found == containers_.end() || found->second.state != ContainerState::running) return;
  found->second.state = ContainerState::exited;
  found->second.exit_code = code;
  world_.note("docker", "container " + id + " has ended, code " + std::to_string(code));
  on_exited(found->second);
}

void Docker::stop_daemon(bool live_restore) {
  if (!up_) return;
  world_.note("docker", live_restore ? "daemon stops, containers stay" : "daemon stops, containers too");
  up_ = false;
  ++life_;
  if (!live_restore) {
    std::vector<std::string> ids;
    for (const auto& [id, container] : containers_) ids.push_back(id);
    for (const auto& id : ids) end(id, killed_exit_code);
  }
  on_daemon(false);
}

void Docker::start_daemon() {
  if (up_) return;
  world_.note("docker", "daemon is back");
  up_ = true;
  on_daemon(true);
}

void Docker::restart(Duration down, bool live_restore) {
  if (!up_) return;
  stop_daemon(live_restore);
  const auto life = life_;
  world_.after(down, [this, life] {
    if (life == life_) start_daemon();
  });
}

void Docker::hang(Duration duration) {
  world_.note("docker", "daemon hangs for " + to_mesos_duration(duration));
  hangs_until_ = std::max(hangs_until_, after(world_.now(), duration));
}

}  // namespace windlass::sim
