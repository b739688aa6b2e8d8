#pragma once
// What container a task asks for: TaskInfo, in either contract, to a ContainerPlan.
//
//   first-class   TaskInfo.container is of type DOCKER (mesos.md 4.2)
//                 or of type MESOS, with what that means there: container/mesos_container.hpp
//   seed          otherwise: the executor's argv and TaskInfo.data (mesos.md 8.1, marathon.md 1.6-1.8)
//   both          a container, a command, and data that names the same image: the seed contract counts, with the
//                 command's arguments as argv. Our scheduler says an app so that names no executor
//
// The limits, as Mesos sets them; an option of `docker run` that the user gives replaces the one of its name:
//
//   cpus     CpuShares: 1024 for each. CpuQuota: limits.cpus, or with enable_cfs the cpus; infinite: none
//   mem      Memory: limits.mem, or the mem; infinite: none. With limits: MemoryReservation is the mem, and when the
//            limit is above it, OomScoreAdj is the higher the smaller the mem is: who borrows is the first to go
//   gpus     DeviceRequests with that count. Docker gives the first ones of the machine: of tasks that share a machine
//            each gets the same, unless the frameworks name devices (--gpus device=…)
//   disk     StorageOpt size, when the storage can
//
// Labels: MESOS_TASK_ID, MESOS_FRAMEWORK_ID, MESOS_EXECUTOR_ID, MESOS_CONTAINER_ID, and MARATHON_APP_ID when the
// environment of the task has it.

#include "base/error.hpp"
#include "model/container_policy.hpp"
#include "model/container_spec.hpp"
#include "model/task.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace windlass {

// What the executor knows besides the task.
struct ContainerContext {
  std::vector<std::string> argv = {};  // the executor's own arguments: image and command of the seed contract
  FrameworkId framework_id = {};
  ExecutorId executor_id = {};
  ContainerId container_id = {};  // Mesos' id of the executor's container
  std::string sandbox = {};       // on the host, absolute
  std::string cgroup_parent = {};
  std::uint64_t host_memory_bytes = 0;  // 0: unknown
  ContainerPolicy policy = {};          // the operator's
  // What `--env NAME` takes, and what reads files beneath the sandbox for --env-file and the like (nullptr: nothing).
  std::map<std::string, std::string> environment = {};
  Result<std::string> (*read_file)(const std::string& directory, const std::string& path) = nullptr;
  bool enable_cfs = false;      // a task's cpus are a limit also without TaskInfo.limits (Mesos: cgroups_enable_cfs)
  bool limit_swap = false;      // no swap beyond the memory limit (Mesos: cgroups_limit_swap); else Docker adds as much
  bool can_limit_disk = false;  // Docker's storage takes a size for a container: wire/docker/storage.hpp
  friend bool operator==(const ContainerContext&, const ContainerContext&) = default;
};

// Where the container finds the sandbox.
inline constexpr const char* mapped_sandbox = "/mnt/mesos/sandbox";

// "mesos-<container id>", as Mesos names its containers.
std::string container_name(const ContainerId& container_id);

// Errors: Errc::invalid or unsupported with a text for the framework, worded as Mesos words it where Mesos has it;
// Errc::forbidden for what the operator does not allow.
[[nodiscard]] Result<ContainerPlan> plan_container(const TaskInfo& task, const ContainerContext& context);

}  // namespace windlass
