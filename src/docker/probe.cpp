#include "docker/probe.hpp"

#include "docker/probe_parts.hpp"
#include "io/task_scope.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace windlass {

namespace {

using namespace std::chrono_literals;

// A timeout above this is none: timers do not count that far.
constexpr Duration endless = 24h * 365;
// After a failure Docker is asked whether the container still runs; if it does not say, the failure stands.
constexpr auto second_look_limit = 5s;

// Only failures are looked at twice: a success of a container that has ended meanwhile does no harm.
bool is_failure(const ProbeResult& result) {
  if (const auto* exited = std::get_if<probe_results::Exited>(&result)) return exited->code != 0;
  return std::holds_alternative<probe_results::Refused>(result) ||
         std::holds_alternative<probe_results::Failed>(result) ||
         std::holds_alternative<probe_results::TimedOut>(result);
}

std::chrono::milliseconds limit_of(Duration timeout) {
  // 0 means no limit (mesos.md 3.7).
  if (timeout <= Duration::zero() || timeout >= endless) return {};
  // Rounded up: 0 would be no limit at all.
  return std::max(1ms, std::chrono::ceil<std::chrono::milliseconds>(timeout));
}

asio::awaitable<Result<ProbeResult>> ask_docker(DockerClient& docker, std::string container) {
  auto inspecting = docker.inspect(std::move(container));
  auto view = co_await std::move(inspecting);
  if (!view) co_return no_answer(view.error());
  co_return ProbeResult{probe_results::DockerSays{view->health}};
}

// Its process is on this machine, so that we see its end before Docker does.
bool is_near(const ProbeTarget& target) {
  return target.container.empty() ? target.pid > 0 : is_in_container(target.pid, target.container);
}

// True when it runs, or when that cannot be found out.
asio::awaitable<bool> still_runs(DockerClient& docker, ProbeTarget target, bool was_near) {
  // The kernel knows before Docker. Asked only if it was near before the probe: afterwards its pid is nobody's, or
  // another's.
  if (was_near && is_ending(target.pid)) co_return false;
  if (target.container.empty()) co_return true;
  auto inspecting = docker.inspect(target.container);
  auto limited = with_deadline<ContainerView>(second_look_limit, std::move(inspecting));
  auto view = co_await std::move(limited);
  if (!view) co_return view.error().code != Errc::not_found;
  co_return view->running;
}

}  // namespace

ProbeTarget probe_target(const ContainerView& view) {
  return ProbeTarget{
      .container = view.id, .pid = view.pid, .host_network = view.host_network, .addresses = view.addresses};
}

struct ProbeRunner::Impl {
  using Key = std::pair<TaskId, std::uint64_t>;
  struct Running {
    asio::cancellation_signal stop;
    bool given_up = false;
  };

  asio::any_io_executor loop;
  std::shared_ptr<DockerClient> docker;
  OnResult on_result;
  std::map<Key, Running> probes = {};  // a map: slots need stable addresses

  void end(const Key& key, const std::exception_ptr& error, ProbeResult result);
  static asio::awaitable<ProbeResult> run(DockerClient& docker, Probe probe, ProbeTarget target);
  static asio::awaitable<ProbeResult> look(DockerClient& docker, Probe probe, ProbeTarget target);
};

// Takes the probe to whom it belongs; each of those ends what it has begun.
asio::awaitable<ProbeResult> ProbeRunner::Impl::look(DockerClient& docker, Probe probe, ProbeTarget target) {
  const std::chrono::milliseconds limit = limit_of(probe.timeout);
  if (const auto* command = std::get_if<CommandProbe>(&probe.what)) {
    auto running = target.container.empty() ? run_process_probe(command->command, std::move(target), limit)
                                            : run_exec_probe(docker, command->command, std::move(target), limit);
    auto result = co_await std::move(running);
    co_return result;
  }
  if (const auto* http = std::get_if<HttpProbe>(&probe.what)) {
    auto asking = run_http_probe(*http, std::move(target), limit);
    auto result = co_await std::move(asking);
    co_return result;
  }
  if (const auto* tcp = std::get_if<TcpProbe>(&probe.what)) {
    auto connecting = run_tcp_probe(*tcp, std::move(target), limit);
    auto result = co_await std::move(connecting);
    co_return result;
  }
  auto asking = ask_docker(docker, std::move(target.container));
  auto limited = within(limit, std::move(asking));
  auto result = co_await std::move(limited);
  co_return result;
}

asio::awaitable<ProbeResult> ProbeRunner::Impl::run(DockerClient& docker, Probe probe, ProbeTarget target) {
  const bool was_near = is_near(target);
  auto looking = look(docker, std::move(probe), target);
  auto result = co_await std::move(looking);
  if (!is_failure(result)) co_return result;
  auto asking = still_runs(docker, std::move(target), was_near);
  const bool runs = co_await std::move(asking);
  if (!runs) co_return probe_results::Unknown{"the task has ended"};
  co_return result;
}

ProbeRunner::ProbeRunner(asio::any_io_executor loop, std::shared_ptr<DockerClient> docker, OnResult on_result)
    : impl_{std::make_shared<Impl>(Impl{std::move(loop), std::move(docker), std::move(on_result)})} {}

ProbeRunner::~ProbeRunner() { cancel_all(); }

void ProbeRunner::Impl::end(const Key& key, const std::exception_ptr& error, ProbeResult result) {
  const bool given_up = probes.at(key).given_up;
  probes.erase(key);
  if (given_up) return;
  // Only an exception that nobody expected comes here; the check goes on.
  if (error) result = probe_results::Unknown{describe(error)};
  on_result(key.first, key.second, std::move(result));
}

void ProbeRunner::start(const TaskId& task, std::uint64_t number, Probe probe, ProbeTarget target) {
  const Impl::Key key{task, number};
  auto on_end = [impl = impl_, key](std::exception_ptr error, ProbeResult result) {
    // Not at once: the signal is still in use while its probe ends.
    auto later = [impl, key, error, result = std::move(result)] { impl->end(key, error, result); };
    asio::post(impl->loop, std::move(later));
  };
  auto& stop = impl_->probes[key].stop;
  asio::co_spawn(impl_->loop, Impl::run(*impl_->docker, std::move(probe), std::move(target)),
                 asio::bind_cancellation_slot(stop.slot(), std::move(on_end)));
}

void ProbeRunner::cancel(const TaskId& task, std::uint64_t number) {
  const auto found = impl_->probes.find({task, number});
  if (found == impl_->probes.end() || std::exchange(found->second.given_up, true)) return;
  // It stays in the map until it has really ended; given_up keeps its result from being told.
  found->second.stop.emit(asio::cancellation_type::terminal);
}

void ProbeRunner::cancel_all() {
  std::vector<Impl::Key> keys;
  for (const auto& [key, running] : impl_->probes) keys.push_back(key);
  for (const auto& [task, number] : keys) cancel(task, number);
}

std::size_t ProbeRunner::running() const { return impl_->probes.size(); }

}  // namespace windlass
