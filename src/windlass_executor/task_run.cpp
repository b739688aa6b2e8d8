#include "windlass_executor/task_run.hpp"

#include "io/nothrow.hpp"
#include "windlass_executor/container_run.hpp"
#include "windlass_executor/process_run.hpp"
#include "windlass_executor/shell.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

namespace windlass {

namespace {

using namespace std::chrono_literals;

// How long after a task has begun to run freed memory goes back to the system.
constexpr auto trim_delay = 500ms;
constexpr mode_t folder_mode = 0755, file_mode = 0644;

Error folder_error(const std::string& path) {
  return Error{Errc::disk, "could not make '" + path + "': " + std::generic_category().message(errno), {}};
}

// Keeps the run alive until the work has ended.
asio::awaitable<void> hold(std::shared_ptr<TaskRun> run, asio::awaitable<void> work) {
  co_await std::move(work);
  run.reset();
}

}  // namespace

TaskRun::TaskRun(TaskHost& host, TaskId task, std::shared_ptr<DockerClient> docker)
    : host_{host},
      task_{std::move(task)},
      docker_{std::move(docker)},
      folder_{host.setup.agent.sandbox},
      probes_{host.loop.get_executor(), docker_, [this](const TaskId&, std::uint64_t number, ProbeResult result) {
                post(executor::ProbeEnded{number, std::move(result)});
              }} {}

void TaskRun::act(const executor::TaskCallBody& call) {
  if (const auto* run = std::get_if<executor::RunProbe>(&call)) {
    probes_.start(task_, run->number, run->probe, target());
  } else if (const auto* cancel = std::get_if<executor::CancelProbe>(&call)) {
    probes_.cancel(task_, cancel->number);
  } else {
    carry_out(call);
  }
}

void TaskRun::post(executor::TaskEventBody body) { host_.post({task_, std::move(body)}); }

void TaskRun::spawn(const char* name, asio::awaitable<void> work) {
  // A task may be forgotten while Docker still answers: the work keeps its run alive, and no `this` is left hanging.
  host_.scope.spawn(name, hold(shared_from_this(), std::move(work)));
}

// tasks/<task id> in the sandbox, with the output in it, as Mesos' default executor has it. Owned as the sandbox is.
Result<void> TaskRun::use_own_folder() {
  const std::string tasks = folder_ + "/tasks";
  struct stat sandbox {};
  // Whose the sandbox is, before folder_ becomes the task's own.
  if (::stat(folder_.c_str(), &sandbox) != 0) return folder_error(folder_);
  folder_ = tasks + "/" + task_.value;
  for (const std::string& path : {tasks, folder_}) {
    // A folder that is there is the same one: an earlier task of the id, or `tasks` of another task.
    if (::mkdir(path.c_str(), folder_mode) != 0 && errno != EEXIST) return folder_error(path);
    // lchown, not chown: a task could have put a symbolic link there.
    if (::geteuid() == 0 && ::lchown(path.c_str(), sandbox.st_uid, sandbox.st_gid) != 0) return folder_error(path);
  }
  for (auto [fd, file] : {std::pair{&out_fd_, "/stdout"}, std::pair{&err_fd_, "/stderr"}}) {
    const std::string path = folder_ + file;
    *fd = Fd{::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, file_mode)};
    if (fd->value < 0) return folder_error(path);
  }
  out_.emplace(out_fd_.value, host_.setup.flags.log_limits);
  err_.emplace(err_fd_.value, host_.setup.flags.log_limits);
  return {};
}

ContainerOutput::Files TaskRun::files() {
  if (!out_) return host_.files;
  return {.out = *out_, .err = *err_};
}

// The launch has needed memory (JSON, protobuf) that running does not need.
asio::awaitable<void> TaskRun::trim_memory() {
  asio::steady_timer timer{host_.loop, trim_delay};
  auto waited = co_await timer.async_wait(nothrow);
  static_cast<void>(waited);
  ::malloc_trim(0);
}

std::shared_ptr<TaskRun> make_task_run(TaskHost& host, const executor::TaskCall& first,
                                       std::shared_ptr<DockerClient> docker) {
  // The first call tells: a command task begins with its process, a container with its plan.
  if (std::holds_alternative<executor::StartProcess>(first.body)) {
    return std::make_shared<ProcessRun>(host, first.task, std::move(docker));
  }
  return std::make_shared<ContainerRun>(host, first.task, std::move(docker));
}

}  // namespace windlass
