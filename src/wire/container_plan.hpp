#pragma once
// What container a task asks for: TaskInfo, in either contract, to a ContainerPlan.
//
//   first-class   TaskInfo.container is of type DOCKER (mesos.md 4.2)
//   seed          otherwise: the executor's argv and TaskInfo.data (mesos.md 8.1, marathon.md 1.6-1.8)

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
  friend bool operator==(const ContainerContext&, const ContainerContext&) = default;
};

// Where the container finds the sandbox.
inline constexpr const char* mapped_sandbox = "/mnt/mesos/sandbox";

// "mesos-<container id>", as Mesos names its containers.
std::string container_name(const ContainerId& container_id);

// Errors: Errc::invalid or unsupported with a text for the framework, worded as Mesos words it where Mesos has it;
// Errc::forbidden for what the operator does not allow.
[[nodiscard]] Result<ContainerPlan> plan_container(const TaskInfo& task, const ContainerContext& context);

// "redis" -> "redis:latest"; what has a tag, a digest or is an image id stays.
std::string with_tag(const std::string& image);

}  // namespace windlass
