#pragma once
// The checks of one task: when to look, what its framework hears of it, and when the task has to end (mesos.md 3.7).
//
//   start ─delay─▶ due ─run─▶ probing ─result─▶ waiting ─interval─▶ due        both checks, each by itself
//                                 └── pause: the probe is cancelled ──▶ paused ─resume─▶ due
//
// Health check: a failure within the grace period, before the first success, counts for nothing. Every other failure is
// reported (healthy=false), `consecutive_failures` of them in a row end the task. A success is reported (healthy=true)
// when it is the first, or comes after failures.
// General check: a result that differs from the last one is reported; nothing follows from it. A check that timed out
// or could not be made has a status without a value.
// What was found last goes into every later update of the task, also when another thing caused it: attach_checks().

#include "base/time.hpp"
#include "model/probe.hpp"
#include "model/status.hpp"
#include "model/task.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace windlass::executor {

// Of one of the two checks.
struct CheckWatch {
  std::optional<TimePoint> due = {};  // unset: a probe is under way, or there is no check, or it is paused
  std::uint64_t probing = 0;          // the number of the probe under way; 0: none
  friend bool operator==(const CheckWatch&, const CheckWatch&) = default;
};

// Part of a task's state, made with the task and kept as long as it is. The checks themselves stay in its TaskInfo:
// each function takes the same one.
struct Checks {
  bool active = false;  // started, and not paused
  std::optional<TimePoint> started_at = {};
  std::uint64_t probes = 0;  // numbers given out
  CheckWatch health = {};
  CheckWatch general = {};

  // Docker's own HEALTHCHECK is reported; only for a task without a health check.
  bool follows_docker = false;

  // The health check.
  bool has_succeeded = false;
  std::uint32_t failures = 0;  // in a row, those that count

  // Found last.
  std::optional<bool> healthy = {};
  std::optional<CheckStatus> status = {};  // unset: nothing yet
  friend bool operator==(const Checks&, const Checks&) = default;
};

struct CheckOptions {
  bool report_docker_health = false;
};

struct ProbeToRun {
  std::uint64_t number = 0;
  Probe probe;
  friend bool operator==(const ProbeToRun&, const ProbeToRun&) = default;
};

// An update to send: TASK_RUNNING with this reason and message, and what attach_checks() adds.
struct CheckReport {
  Reason reason = Reason::task_health_check_status_updated;
  std::string message = {};
  friend bool operator==(const CheckReport&, const CheckReport&) = default;
};

// What follows. The report goes out before the task is killed.
struct CheckActions {
  std::vector<ProbeToRun> run = {};
  std::vector<std::uint64_t> cancel = {};  // probes whose results nobody waits for any more
  std::optional<CheckReport> report = {};
  std::optional<std::string> kill = {};  // the task has to be killed, with the grace of a KILL without one; why
  std::vector<std::string> log = {};     // lines for the sandbox
  friend bool operator==(const CheckActions&, const CheckActions&) = default;
};

// The task runs: the grace period and the delays begin now.
CheckActions start_checks(Checks& checks, const TaskInfo& task, const CheckOptions& options, TimePoint now);
// Time has passed: probes that are due.
CheckActions continue_checks(Checks& checks, const TaskInfo& task, TimePoint now);
// A result of a probe that was cancelled is ignored.
CheckActions take_probe_result(Checks& checks, const TaskInfo& task, std::uint64_t number, const ProbeResult& result,
                               TimePoint now);
// The task is being killed, or has ended. May be called again, and before start_checks().
CheckActions pause_checks(Checks& checks);
// Both checks are due at once. Nothing, unless they were started and paused.
CheckActions resume_checks(Checks& checks, const TaskInfo& task, TimePoint now);
// When to call continue_checks(); nothing: not before something else happens.
std::optional<TimePoint> next_check(const Checks& checks);
// `healthy` and `check_status` of any update of the task, from the first to the last.
void attach_checks(const Checks& checks, const TaskInfo& task, TaskStatus& status);

}  // namespace windlass::executor
