#include "sim/processes.hpp"

#include <algorithm>
#include <vector>

namespace windlass::sim {

using namespace std::chrono_literals;

namespace {

constexpr int sigkill = 9;

}  // namespace

std::optional<int> Processes::start(std::int64_t owner, const TaskId& task, const std::string& program) {
  const ImageKind how = kinds_.find(program);
  if (how.start_fails) return {};
  const int pid = next_pid_++;
  const Process& process = running_[pid] = {.pid = pid, .owner = owner, .task = task, .program = program};
  world_.note("machine", "process " + std::to_string(pid) + " runs for " + task.value);
  on_started(process);
  if (how.exits_after) {
    world_.after(*how.exits_after, [this, pid, program, code = how.exit_code] {
      if (kinds_.find(program).exits_after) end(pid, code, 0);  // the program may have become a good one
    });
  }
  return pid;
}

void Processes::signal(int pid, int signal) {
  const auto found = running_.find(pid);
  if (found == running_.end()) return;
  found->second.signalled = true;
  const bool kill = signal == sigkill;
  if (!kill && kinds_.find(found->second.program).ignores_stop) return;
  const Duration limit = kill ? 20ms : std::max<Duration>(1ms, faults_.stop_delay_max);
  world_.after(world_.between(1ms, limit), [this, pid, signal] { end(pid, 0, signal); });
}

void Processes::end_all_of(std::int64_t owner) {
  std::vector<int> pids;
  for (const auto& [pid, process] : running_) {
    if (process.owner == owner) pids.push_back(pid);
  }
  for (const int pid : pids) end(pid, 0, sigkill);
}

const Process* Processes::find(const TaskId& task) const {
  for (const auto& [pid, process] : running_) {
    if (process.task == task) return &process;
  }
  return nullptr;
}

void Processes::end(int pid, int code, int signal) {
  const auto found = running_.find(pid);
  if (found == running_.end()) return;
  Process process = found->second;
  running_.erase(found);
  process.exit_code = code;
  process.signal = signal;
  world_.note("machine", "process " + std::to_string(pid) + " has ended, " +
                             (signal != 0 ? "signal " + std::to_string(signal) : "code " + std::to_string(code)));
  on_ended(process);
}

}  // namespace windlass::sim
