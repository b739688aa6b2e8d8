#include "windlass_executor/process_run.hpp"

#include "base/check.hpp"
#include "windlass_executor/shell.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

namespace windlass {

namespace {

// Who has it may speak to the agent in our name.
constexpr const char* hidden_variable = "MESOS_EXECUTOR_AUTHENTICATION_TOKEN";

// The file behind our own descriptor, so that a command task appends to it; the sandbox's file when it is none.
std::string output_path(int fd, const std::string& fallback) {
  char path[4096];
  const ssize_t size = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
  const std::string found{path, size > 0 ? static_cast<std::size_t>(size) : 0};
  return found.starts_with('/') && !found.ends_with(" (deleted)") ? found : fallback;
}

}  // namespace

void ProcessRun::carry_out(const executor::TaskCallBody& call) {
  if (const auto* spec = std::get_if<executor::StartProcess>(&call)) return start(*spec);
  const auto* sent = std::get_if<executor::SignalProcess>(&call);
  CHECK(sent != nullptr);  // else it is a container's call
  signal(sent->signal);
}

ProbeTarget ProcessRun::target() const {
  ProbeTarget target{.pid = static_cast<int>(process_.pid)};
  // A check runs as the task does: same variables, folder and user (mesos.md 3.7).
  target.process.env = command_.env;
  target.process.cwd = command_.cwd;
  target.process.user = command_.user;
  return target;
}

// The files themselves; when they are rotated, pipes that we empty into them.
Result<void> ProcessRun::give_output(const executor::StartProcess& call, ProcessSpec& spec) {
  // Without rotation the process writes into the files by itself, and no byte has to pass through us.
  const auto [out, err] = files();
  if (!out.rotates() && !err.rotates()) {
    spec.stdout_path = call.own_folder ? folder_ + "/stdout" : output_path(1, folder_ + "/stdout");
    spec.stderr_path = call.own_folder ? folder_ + "/stderr" : output_path(2, folder_ + "/stderr");
    return {};
  }
  auto made = CommandOutput::create(host_.loop.get_executor(), out, err);
  if (!made) return made.error();
  output_ = std::move(*made);
  spec.stdout_fd = output_->out_end();
  spec.stderr_fd = output_->err_end();
  return {};
}

void ProcessRun::start(const executor::StartProcess& call) {
  if (call.own_folder) {
    auto made = use_own_folder();
    if (!made) return post(executor::ProcessStarted{made.error()});
  }
  Environment variables = host_.setup.environment;
  variables.erase(hidden_variable);
  // The task's own folder, which is not the executor's when it has several tasks.
  for (const char* name : {"MESOS_SANDBOX", "MESOS_DIRECTORY"}) variables[name] = folder_;
  for (const EnvironmentVariable& variable : call.environment) variables[variable.name] = variable.value;
  ProcessSpec spec{.argv = call.argv, .env = {}, .cwd = folder_};
  for (const auto& [name, value] : variables) spec.env.push_back(name + "=" + value);
  // Only root may become somebody else; without root it is the executor's user.
  if (::geteuid() == 0) spec.user = call.user;
  // Kept before the output is added: checks of the task want their own.
  command_ = spec;
  auto given = give_output(call, spec);
  if (!given) return post(executor::ProcessStarted{given.error()});
  auto started = start_process(spec);
  // The child has its copies. With ours open the pipe would never end.
  if (output_) output_->close_ends();
  if (!started) {
    post(executor::ProcessStarted{started.error()});
    return;
  }
  process_ = started->id;
  host_.reaper.watch_process(process_.pid);
  post(executor::ProcessStarted{static_cast<int>(process_.pid)});
  spawn("watch", watch());
  if (!output_) return;
  spawn("stdout", output_->copy_out());
  spawn("stderr", output_->copy_err());
}

void ProcessRun::signal(int signal) {
  if (signal == SIGKILL) {
    // The whole session, as a process that left its parent's group would outlive the task otherwise.
    static_cast<void>(kill_session(process_));
  } else if (is_alive(process_)) {
    ::kill(-process_.pid, signal);  // it leads a session and so a group of its own
  }
}

asio::awaitable<void> ProcessRun::watch() {
  spawn("trim", trim_memory());
  auto waiting = wait_process(process_);
  auto ended = co_await std::move(waiting);
  // What it has left in the background belongs to the task and ends with it.
  static_cast<void>(kill_session(process_));
  if (output_) {
    auto draining = output_->drained();
    co_await std::move(draining);
  }
  // If the status cannot be had, the task must not look like a success.
  executor::ProcessExited event{.exit_code = 1};
  if (ended && *ended) {
    const int status = **ended;
    event = {.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0,
             .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0};
  }
  host_.reaper.forget_process(process_.pid);
  post(event);
}

}  // namespace windlass
