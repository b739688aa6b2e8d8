#pragma once
// A command task: a process beside the executor, and its output.

#include "io/process/command_output.hpp"
#include "io/process/process.hpp"
#include "windlass_executor/task_run.hpp"

#include <memory>
#include <string>

namespace windlass {

class ProcessRun : public TaskRun {
 public:
  using TaskRun::TaskRun;

 private:
  void carry_out(const executor::TaskCallBody& call) override;
  [[nodiscard]] ProbeTarget target() const override;

  void start(const executor::StartProcess& call);
  void signal(int signal);
  asio::awaitable<void> watch();
  [[nodiscard]] Result<void> give_output(const executor::StartProcess& call, ProcessSpec& spec);

  std::unique_ptr<CommandOutput> output_;  // when its files are rotated
  ProcessSpec command_;
  ProcessId process_;
};

}  // namespace windlass
