#pragma once
// The journals: what survives a crash. Only whole batches get in.

#include "engine/step.hpp"
#include "scheduler/step.hpp"

#include <map>
#include <optional>
#include <vector>

namespace windlass::sim {

struct EngineRows {
  std::optional<EngineRecord> engine;
  std::map<FrameworkId, FrameworkRecord> frameworks;
  std::map<ContainerId, ExecutorRecord> executors;
  std::map<engine::TaskKey, TaskRecord> tasks;

  void commit(const std::vector<engine::Write>& writes);
};

struct SchedulerRows {
  FrameworkId framework_id;
  std::map<AppId, App> apps;
  std::map<InstanceId, Instance> instances;

  void commit(const std::vector<scheduler::Write>& writes);
};

}  // namespace windlass::sim
