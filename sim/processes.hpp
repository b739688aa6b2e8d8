#pragma once
// The processes of command tasks on one machine. What a program does is said as for images: by its name.

#include "model/ids.hpp"
#include "sim/faults.hpp"
#include "sim/image_kind.hpp"
#include "sim/world.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace windlass::sim {

struct Process {
  int pid = 0;
  std::int64_t owner = 0;  // the pid of the executor that started it
  TaskId task = {};
  std::string program = {};
  bool signalled = false;  // somebody asked it to end
  // How it ended.
  int exit_code = 0;
  int signal = 0;
};

class Processes {
 public:
  Processes(World& world, const Faults& faults, const ImageKinds& kinds)
      : world_(world), faults_(faults), kinds_(kinds) {}
  // Called when one has begun to run, or has ended.
  std::function<void(const Process&)> on_started;
  std::function<void(const Process&)> on_ended;

  // None: there is no such program.
  std::optional<int> start(std::int64_t owner, const TaskId& task, const std::string& program);
  void signal(int pid, int signal);
  void exit_by_itself(int pid, int code) { end(pid, code, 0); }
  // SIGKILL to all that this executor has started.
  void end_all_of(std::int64_t owner);
  [[nodiscard]] const std::map<int, Process>& running() const { return running_; }
  [[nodiscard]] const Process* find(const TaskId& task) const;

 private:
  void end(int pid, int code, int signal);

  World& world_;
  const Faults& faults_;
  const ImageKinds& kinds_;
  std::map<int, Process> running_;
  int next_pid_ = 20'000;
};

}  // namespace windlass::sim
