#pragma once
// Carries out what the executor's core asks for one task. What comes of it is posted to the core as TaskEvents. Used on
// the loop thread only.
//
//   TaskRun  ◀── ContainerRun   a Docker task: container_run.hpp
//            ◀── ProcessRun     a command task: process_run.hpp

#include "container/plan.hpp"
#include "docker/client.hpp"
#include "docker/container_output.hpp"
#include "docker/probe.hpp"
#include "executor/step.hpp"
#include "io/fd.hpp"
#include "io/process/output_file.hpp"
#include "io/task_scope.hpp"
#include "windlass_executor/reaper.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace windlass {

struct ExecutorSetup;

// What the tasks of an executor share. It outlives them.
struct TaskHost {
  const ExecutorSetup& setup;
  const std::optional<Error>& refusal;  // why no container is run; none: they are
  asio::io_context& loop;
  Reaper& reaper;
  TaskScope& scope;
  ContainerContext& context;
  asio::steady_timer& prepared;  // expired: `context` is filled
  const std::string name;        // own_name()
  ContainerOutput::Files files;  // our own stdout and stderr
  std::function<void(executor::TaskEvent)> post;
};

class TaskRun : public std::enable_shared_from_this<TaskRun> {
 public:
  TaskRun(TaskHost& host, TaskId task, std::shared_ptr<DockerClient> docker);
  virtual ~TaskRun() = default;
  TaskRun(const TaskRun&) = delete;
  TaskRun& operator=(const TaskRun&) = delete;

  // The work may go on after this has returned; the run stays alive for that long.
  void act(const executor::TaskCallBody& call);
  void cancel_pull() { docker_->cancel_pull(); }
  // The executor leaves: no probe is waited for.
  void cancel_probes() { probes_.cancel_all(); }
  [[nodiscard]] std::size_t probes() const { return probes_.running(); }

 protected:
  // Everything but probes.
  virtual void carry_out(const executor::TaskCallBody& call) = 0;
  // What its checks look at.
  [[nodiscard]] virtual ProbeTarget target() const = 0;

  void post(executor::TaskEventBody body);
  void spawn(const char* name, asio::awaitable<void> work);
  // Its files are in a folder of its own from now on.
  [[nodiscard]] Result<void> use_own_folder();
  [[nodiscard]] ContainerOutput::Files files();
  // Once it runs.
  asio::awaitable<void> trim_memory();

  TaskHost& host_;
  const TaskId task_;
  const std::shared_ptr<DockerClient> docker_;
  std::string folder_;  // the sandbox, or the task's own folder in it

 private:
  Fd out_fd_, err_fd_;  // the task's own files; none: ours
  std::optional<OutputFile> out_, err_;
  ProbeRunner probes_;
};

// For the first call of a task, which tells what kind of task it is.
std::shared_ptr<TaskRun> make_task_run(TaskHost& host, const executor::TaskCall& first,
                                       std::shared_ptr<DockerClient> docker);

}  // namespace windlass
