#pragma once
// What a container uses, read from the kernel: its control groups (version 1, version 2, or both beside each other) and
// its network namespace. No process is started, nothing stays open; a sample is some fifteen small files.
//
//   v1   <mount of each controller>/docker/<id>/…   cpuacct.stat cpu.stat memory.stat memory.oom_control …
//   v2   <unified mount>/system.slice/docker-<id>.scope/…   cpu.stat memory.stat memory.events io.stat …
//
// The groups vanish when the container ends: Docker removes them before it answers POST /containers/<id>/wait. What the
// kernel has counted is therefore read at the end of the container's first process, which comes some ten milliseconds
// earlier, because the processes around Docker only begin to clear away when they see it too:
//
//   running     the first inspect that says so has State.Pid
//                 groups = find_container_cgroups(pid, id);  init = identify_process(pid)
//   meanwhile   every few seconds: sample_container(statistics, *groups, now)
//   at the end  co_await wait_process(*init)        (a pidfd, which is readable as soon as the process is dead)
//                 sample_container(statistics, *groups, now);  oom = read_oom_events(*groups)
//               and only then the exit code, from Docker's answer to wait
//
// It is a race that a busy machine may lose. read_oom_events then goes on to the kernel's log, which names the
// container of each process that was killed, and is not cleared away with it. When that cannot be read either (no
// rights, or too much has been logged since) it returns an Error: there is only Docker's State.OOMKilled left, which is
// set when any process of the container was killed, ever, and stays unset when Docker missed the event.
//
// With kills == 0 Docker's flag is wrong. With kills > 0 the container has failed for want of memory if it failed (exit
// code 137 when its first process was the victim), and not when it was asked to end or exited with 0.

#include "base/error.hpp"
#include "base/time.hpp"
#include "model/statistics.hpp"

#include <sys/types.h>

#include <string>

namespace windlass {

// Where one controller keeps the container's files.
struct CgroupFolder {
  std::string path = {};  // empty: the controller cannot be seen
  bool unified = false;   // version 2
  friend bool operator==(const CgroupFolder&, const CgroupFolder&) = default;
};

struct ContainerCgroups {
  CgroupFolder cpu = {};
  CgroupFolder cpuacct = {};
  CgroupFolder memory = {};
  CgroupFolder blkio = {};
  CgroupFolder pids = {};
  std::string container_id = {};
  std::string process = {};  // "/proc/4711", the container's first process
  std::string network = {};  // its network namespace, "net:[4026532567]"; empty: the one that we are in, or unknown
  friend bool operator==(const ContainerCgroups&, const ContainerCgroups&) = default;
};

// The groups of the container that this process runs in. The container's id is a part of their paths, whichever Engine
// and driver made them; groups that the container has made below its own belong to it. `proc` is /proc but in tests.
// Errors: Errc::not_found when there is no such process, or it belongs to no container of that id (Docker may run in
// another pid namespace); Errc::unavailable when the mounts cannot be read.
[[nodiscard]] Result<ContainerCgroups> find_container_cgroups(pid_t pid, const std::string& container_id,
                                                              const std::string& proc = "/proc");

// Reads what there is into statistics. What cannot be read (a controller that is not there, a number that is none, a
// container that has gone half way) stays as it was, so that the last sample of an ended container keeps what only a
// living one tells, such as its network. Returns false when none of it is there any more; then nothing has changed.
bool sample_container(ContainerStatistics& statistics, const ContainerCgroups& groups, TimePoint now);

// What the kernel has counted, or else logged: when to call it, and what follows, stands above. Reading the log takes
// some milliseconds. Errors: Errc::not_found when neither tells of this container, Errc::unsupported when the kernel
// does not count kills (version 1 before Linux 4.13), Errc::malformed.
[[nodiscard]] Result<OomEvents> read_oom_events(const ContainerCgroups& groups,
                                                const std::string& kernel_log = "/dev/kmsg");

}  // namespace windlass
