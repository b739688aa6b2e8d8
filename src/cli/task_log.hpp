#pragma once
// What a task has printed, as `windlass task log` shows it. It lies in the task's sandbox on the agent that runs it:
//
//   master /state  ──▶  the task's agent, framework and executor
//   agent /api/v1  ──▶  READ_FILE /frameworks/<F>/executors/<E>/runs/latest/stdout
//
// Both are Mesos' own APIs, so this works with Apache Mesos as it does with the engine.

#include "cli/transport.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

namespace windlass {

struct TaskLogOptions {
  std::string master_url;  // "http://host:port"
  std::string task;
  std::string file = "stdout";
  std::optional<std::size_t> lines = {};  // only the last ones; none: everything
  bool follow = false;                    // until the task has ended
};

struct TaskLogWorld {
  std::function<Transport(const ApiPlace& place)> connect;
  std::function<void(std::chrono::milliseconds)> wait;  // between two looks at a file that may grow
  std::ostream& out;
};

// Errors: Errc::not_found for a task that the master does not know, a sandbox that is gone, or an agent that is away;
// Errc::malformed for answers that are not Mesos'; else why master or agent was not reached, or refused.
[[nodiscard]] Result<void> show_task_log(const TaskLogOptions& options, const TaskLogWorld& world);

// The master beside the API at `api_url`: its host, and the port that masters have. Nothing for a URL without a host.
[[nodiscard]] std::optional<std::string> master_beside(const std::string& api_url);

}  // namespace windlass
