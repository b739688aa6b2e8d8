#pragma once
// The commands that stay in the foreground until SIGTERM or SIGINT. Each returns the exit code of the process.

#include "windlass/config.hpp"

namespace windlass {

// Engine, scheduler and API in one process.
int run_up(const Config& config);
// Scheduler and API on the master that config.master names.
int run_scheduler(const Config& config);
// The engine alone, for other frameworks.
int run_engine(const Config& config);

}  // namespace windlass
