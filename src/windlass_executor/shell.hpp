#pragma once
// windlass-executor at work: the loop around executor::step. Events come in one after the other, each is stepped, its
// calls are carried out at once; what they answer are further events.

#include "link/agent_environment.hpp"
#include "windlass_executor/flags.hpp"
#include "windlass_executor/reaper.hpp"

#include <string>
#include <vector>

namespace windlass {

// The program's only argument in the container that holds a task group's network.
inline constexpr const char* hold_argument = "--hold";

struct ExecutorSetup {
  AgentEnvironment agent;
  std::vector<std::string> argv = {};  // without the program's name
  ExecutorFlags flags = {};            // flags.arguments: image and command of the seed contract
  Environment environment = {};        // what command tasks get, below their own variables
};

// Runs until the task and what is to be done about it have ended. Returns the exit code of the process.
// `setup` is what the environment says. Once the agent tells what of it the framework has put there, only the rest
// counts: a DOCKER_HOST that is none then fails the tasks.
[[nodiscard]] Result<int> run_executor(ExecutorSetup setup, Reaper& reaper);

}  // namespace windlass
