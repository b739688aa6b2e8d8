#pragma once
// Carries out what the executor's core asks for one task: its container or process, its output, its files. What comes
// of it is posted to the core as TaskEvents. Used on the loop thread only.

#include "container/plan.hpp"
#include "docker/client.hpp"
#include "docker/container_account.hpp"
#include "docker/container_output.hpp"
#include "docker/probe.hpp"
#include "executor/step.hpp"
#include "io/command_output.hpp"
#include "io/fd.hpp"
#include "io/output_file.hpp"
#include "io/process.hpp"
#include "io/task_scope.hpp"
#include "link/agent_environment.hpp"
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

  // May still be at it when it returns; the run stays alive for that long.
  void act(const executor::TaskCallBody& call);
  void cancel_pull() { docker_->cancel_pull(); }
  // The executor leaves: no probe is waited for.
  void cancel_probes() { probes_.cancel_all(); }
  [[nodiscard]] std::size_t probes() const { return probes_.running(); }

 private:
  struct Act;
  void post(executor::TaskEventBody body);
  void spawn(const char* name, asio::awaitable<void> work);

  asio::awaitable<void> plan(executor::PlanContainer call);
  asio::awaitable<void> inspect_image(std::string image);
  asio::awaitable<void> pull(executor::PullImage call);
  asio::awaitable<void> create(ContainerSpec spec);
  asio::awaitable<void> copy_output(std::string id);
  asio::awaitable<void> start(std::string id);
  asio::awaitable<void> inspect(std::string id);
  asio::awaitable<void> watch(std::string id);
  asio::awaitable<void> signal(std::string id, std::string signal);
  asio::awaitable<void> remove(std::string id);
  asio::awaitable<void> kill_container_process();
  asio::awaitable<void> watch_command();
  asio::awaitable<void> trim_memory();
  void begin_account(const ContainerView& view);
  void log_account() const;
  [[nodiscard]] ProbeTarget target() const;
  [[nodiscard]] Result<void> use_own_folder();
  [[nodiscard]] ContainerOutput::Files files();
  [[nodiscard]] Result<void> give_output(const executor::StartProcess& call, ProcessSpec& spec);
  void start_command(const executor::StartProcess& call);
  void signal_command(int signal);

  TaskHost& host_;
  const TaskId task_;
  std::shared_ptr<DockerClient> docker_;
  std::string folder_;  // the sandbox, or the task's own folder in it
  Fd out_fd_, err_fd_;  // the task's own files; none: ours
  std::optional<OutputFile> out_, err_;
  std::unique_ptr<ContainerOutput> output_;
  std::unique_ptr<CommandOutput> command_output_;  // a command task's, when its files are rotated
  std::string name_;                               // of the container that may be left behind; empty: none
  std::uint64_t watch_generation_ = 0;             // a new watch replaces the former
  bool exited_ = false;
  bool unblocking_ = false;       // its output is given up when it is stuck
  std::uint64_t disk_bytes_ = 0;  // the task's share; 0: it has asked for none
  ContainerAccount account_;
  std::optional<ProbeTarget> container_;  // as Docker saw it last
  std::string container_id_;
  std::string started_at_;  // of the start that is the task; empty: not seen yet
  // By the last inspect: Docker's wait need not be asked, and may hang.
  std::optional<ContainerEnd> seen_ended_;
  ProcessSpec command_;  // a command task's
  ProcessId process_;
  ProbeRunner probes_;
};

}  // namespace windlass
