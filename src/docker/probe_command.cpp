// Commands of checks: Docker's exec, and processes of our own.

#include "docker/probe_parts.hpp"
#include "io/nothrow.hpp"
#include "io/process/child.hpp"
#include "wire/docker/stream.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>

namespace windlass {

namespace {

using namespace std::chrono_literals;

// Docker says a moment later than the output that a command has ended.
constexpr auto exec_look_first = 5ms;
constexpr auto exec_look_last = 500ms;
// What is left to do for a command that has taken too long.
constexpr auto late_limit = 5s;

void keep_tail(std::string& tail, std::string_view bytes) {
  tail.append(bytes);
  if (tail.size() > probe_output_max) tail.erase(0, tail.size() - probe_output_max);
}

// --- processes of our own --------------------------------------------------------------------------------------------

void set_variable(std::vector<std::string>& env, const EnvironmentVariable& variable) {
  const std::string prefix = variable.name + "=";
  // Most programs take the first of two variables of one name, and the check's own has to count.
  std::erase_if(env, [&](const std::string& each) { return each.starts_with(prefix); });
  env.push_back(prefix + variable.value);
}

asio::awaitable<Result<ProbeResult>> run_process(ProcessSpec spec) {
  auto running = run_child(std::move(spec), {.most = probe_output_max});
  auto ended = co_await std::move(running);
  if (!ended) co_return ended.error();
  co_return ProbeResult{probe_results::Exited{ended->code, std::move(ended->out)}};
}

// --- Docker's exec ---------------------------------------------------------------------------------------------------

// What is known of it when its time is over.
struct ExecProgress {
  std::string id = {};
  bool has_started = false;
  std::string output = {};
};
using ExecProgressPtr = std::shared_ptr<ExecProgress>;

// A container that is not there or does not run has another story to tell, and a Docker that is away has none.
Result<ProbeResult> exec_not_made(const Error& error) {
  const bool is_paused = error.code == Errc::conflict && error.message.find("paused") != std::string::npos;
  const bool is_answer =
      error.code == Errc::internal || error.code == Errc::invalid || error.code == Errc::forbidden || is_paused;
  if (is_answer) return ProbeResult{probe_results::Failed{to_string(error)}};
  return no_answer(error);
}

asio::awaitable<Result<ProbeResult>> await_exec_end(DockerClient& docker, ExecProgressPtr progress) {
  auto loop = co_await asio::this_coro::executor;
  asio::steady_timer timer{loop};
  for (std::chrono::milliseconds wait = exec_look_first;;
       wait = std::min<std::chrono::milliseconds>(wait * 2, exec_look_last)) {
    auto inspecting = docker.inspect_exec(progress->id);
    auto view = co_await std::move(inspecting);
    if (!view) co_return no_answer(view.error());
    if (view->exit_code) co_return ProbeResult{probe_results::Exited{*view->exit_code, progress->output}};
    // The pause doubles: the output has ended, so that most commands are over at the first look, and Docker is not
    // asked hundreds of times about the others.
    timer.expires_after(wait);
    auto waited = co_await timer.async_wait(nothrow);
    static_cast<void>(waited);
  }
}

asio::awaitable<Result<ProbeResult>> run_exec(DockerClient& docker, std::string container, ExecSpec spec,
                                              ExecProgressPtr progress) {
  auto creating = docker.create_exec(std::move(container), std::move(spec));
  auto created = co_await std::move(creating);
  if (!created) co_return exec_not_made(created.error());
  progress->id = *created;
  auto starting = docker.start_exec(*created);
  auto stream = co_await std::move(starting);
  if (!stream) co_return exec_not_made(stream.error());
  progress->has_started = true;
  OutputReader reader;
  while (true) {
    auto reading = stream->read_some();
    auto bytes = co_await std::move(reading);
    if (!bytes) co_return no_answer(bytes.error());
    if (bytes->empty()) break;
    for (const OutputPiece& piece : reader.feed(*bytes)) keep_tail(progress->output, piece.bytes);
  }
  auto waiting = await_exec_end(docker, progress);
  auto result = co_await std::move(waiting);
  co_return result;
}

// Docker cannot end an exec. Its process leads a session of its own.
void kill_exec(int pid, const std::string& container) {
  // Docker's pid may be one of another machine, or of somebody else by now: what is not in the container is never
  // killed.
  if (pid <= 1 || !is_in_container(pid, container)) return;
  const auto process = identify_process(pid);
  if (!process) return;
  static_cast<void>(kill_session(*process));
  static_cast<void>(signal_process(*process, SIGKILL));
}

asio::awaitable<ProbeResult> end_late_exec(DockerClient& docker, std::string container, ExecProgressPtr progress) {
  if (!progress->has_started) co_return probe_results::Unknown{"Docker did not start the command in time"};
  auto inspecting = docker.inspect_exec(progress->id);
  auto limited = with_deadline<ExecView>(late_limit, std::move(inspecting));
  auto view = co_await std::move(limited);
  // It may have ended and only its output is held open, by what it has left behind.
  if (view && view->exit_code) co_return probe_results::Exited{*view->exit_code, progress->output};
  if (view) kill_exec(view->pid, container);
  co_return probe_results::TimedOut{};
}

ExecSpec exec_spec(const CommandInfo& command) {
  ExecSpec spec{.argv = {}, .user = command.user.value_or("")};
  if (command.shell) {
    // `sh` by name, as Mesos calls it (mesos.md 4.5): where the shell lies is the image's business.
    spec.argv = {"sh", "-c", command.value.value_or("")};
  } else {
    // As Mesos runs them in containers: the arguments come after the program.
    spec.argv = {command.value.value_or("")};
    spec.argv.insert(spec.argv.end(), command.arguments.begin(), command.arguments.end());
  }
  for (const EnvironmentVariable& variable : command.environment) set_variable(spec.env, variable);
  return spec;
}

}  // namespace

asio::awaitable<ProbeResult> run_process_probe(CommandInfo command, ProbeTarget target,
                                               std::chrono::milliseconds limit) {
  ProcessSpec spec = std::move(target.process);
  spec.argv = {"/bin/sh", "-c", command.value.value_or("")};
  if (!command.shell) {
    // As Mesos runs them: the first argument is what the program sees as its own name.
    spec.argv = {command.value.value_or("")};
    if (!command.arguments.empty()) {
      spec.argv.insert(spec.argv.end(), command.arguments.begin() + 1, command.arguments.end());
    }
  }
  for (const EnvironmentVariable& variable : command.environment) set_variable(spec.env, variable);
  // Without root it is the executor's user in any case, as for the task itself.
  if (command.user && ::geteuid() == 0) spec.user = *command.user;
  auto running = run_process(std::move(spec));
  auto limited = within(limit, std::move(running));
  auto result = co_await std::move(limited);
  co_return result;
}

asio::awaitable<ProbeResult> run_exec_probe(DockerClient& docker, CommandInfo command, ProbeTarget target,
                                            std::chrono::milliseconds limit) {
  // Shared with the coroutine that the limit may cut off at any point: what it has found out has to outlive it.
  auto progress = std::make_shared<ExecProgress>();
  auto running = run_exec(docker, target.container, exec_spec(command), progress);
  auto limited = within(limit, std::move(running));
  auto result = co_await std::move(limited);
  if (!std::holds_alternative<probe_results::TimedOut>(result)) co_return result;
  auto ending = end_late_exec(docker, std::move(target.container), std::move(progress));
  result = co_await std::move(ending);
  co_return result;
}

}  // namespace windlass
