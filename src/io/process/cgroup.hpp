#pragma once
// Control groups, best effort: version 1, version 2, or both beside each other.
//
//   v1:  <mount of each hierarchy>/mesos/<container id>/{cgroup.procs,tasks}    (cpu, cpuacct, memory, freezer, …)
//   v2:  <unified mount>/mesos/<container id>/cgroup.procs      (only when no v1 hierarchy has controllers)

#include "base/error.hpp"

#include <sys/types.h>

#include <string>
#include <vector>

namespace windlass {

struct CgroupHierarchy {
  std::string mount;                     // "/sys/fs/cgroup/memory"
  std::string root;                      // the group that is seen there: "/", or the container's that we are in
  std::vector<std::string> controllers;  // {"memory"}, {"cpu", "cpuacct"}; v2: what cgroup.controllers lists
  bool unified = false;                  // version 2
};

class Cgroups {
 public:
  // Reads the mounts. No cgroup file system is not an error: then hierarchies() is empty and everything is a no-op.
  // Errors: Errc::unavailable when mountinfo cannot be read.
  [[nodiscard]] static Result<Cgroups> detect(const std::string& mountinfo = "/proc/self/mountinfo");

  Cgroups() = default;

  [[nodiscard]] const std::vector<CgroupHierarchy>& hierarchies() const { return hierarchies_; }
  // Makes the group ("mesos/<container id>") in every hierarchy that lets us, but not in cpuset (an empty v1 cpuset
  // admits nobody) and in named ones. problems says what did not work.
  struct Created {
    std::vector<std::string> directories;
    std::vector<std::string> problems;
  };
  [[nodiscard]] Created create(const std::string& group) const;
  // The files by which a process joins, of the hierarchies where the group exists: what ProcessSpec.cgroup_procs wants.
  // v1: `tasks`, which moves one thread and so need not wait, as cgroup.procs does, until no process of the machine is
  // about to fork or end: that takes 5 to 13 ms.
  [[nodiscard]] std::vector<std::string> procs_files(const std::string& group) const;
  // Every process in it or below it, each once, in ascending order.
  [[nodiscard]] std::vector<pid_t> pids(const std::string& group) const;
  // SIGKILL to every process in it or below it. Does not wait for their end: until then remove() says Errc::conflict.
  // Errors: Errc::forbidden.
  [[nodiscard]] Result<void> kill(const std::string& group) const;
  // Removes it and the groups below it, from every hierarchy (Docker makes them also where create() does not). A group
  // that does not exist is fine. Errors: Errc::conflict while processes are in it.
  [[nodiscard]] Result<void> remove(const std::string& group) const;

 private:
  std::vector<CgroupHierarchy> hierarchies_;
};

}  // namespace windlass
