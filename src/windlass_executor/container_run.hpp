#pragma once
// A Docker task: its container and its output. How the container has ended is not decided here: the core is told what
// Docker has said (executor/container_end.hpp).

#include "docker/container_account.hpp"
#include "windlass_executor/task_run.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace windlass {

class ContainerRun : public TaskRun {
 public:
  ContainerRun(TaskHost& host, TaskId task, std::shared_ptr<DockerClient> docker);

 private:
  struct Act;
  void carry_out(const executor::TaskCallBody& call) override;
  [[nodiscard]] ProbeTarget target() const override;

  asio::awaitable<void> plan(executor::PlanContainer call);
  asio::awaitable<void> inspect_image(std::string image);
  asio::awaitable<void> pull(executor::PullImage call);
  asio::awaitable<void> create(ContainerSpec spec);
  asio::awaitable<void> copy_output(std::string id);
  asio::awaitable<void> start(std::string id);
  asio::awaitable<void> inspect(std::string id);
  asio::awaitable<void> watch(executor::WatchContainer call);
  asio::awaitable<void> signal(std::string id, std::string signal);
  asio::awaitable<void> remove(std::string id);
  asio::awaitable<void> kill_process();
  void begin_account(const ContainerView& view);
  void log_account() const;

  std::unique_ptr<ContainerOutput> output_;
  std::string name_;              // of the container that may be left behind; empty: none
  std::uint64_t watches_ = 0;     // so far: only the newest answers
  bool exited_ = false;           // Docker's wait says so: the end of the output is no loss
  bool unblocking_ = false;       // its output is given up when it is stuck
  std::uint64_t disk_bytes_ = 0;  // the task's share; 0: it has asked for none
  ContainerAccount account_;
  std::optional<ProbeTarget> container_;  // as Docker saw it last
  std::string container_id_;
};

}  // namespace windlass
