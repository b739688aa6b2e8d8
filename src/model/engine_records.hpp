#pragma once
// What the engine keeps in its journal: enough to go on after kill -9 as if nothing had happened.
// A field's place in BOOST_DESCRIBE_STRUCT is its tag in the journal: new ones go to the end, and what a field is made
// with does not change (wire/record/record.hpp).

#include "model/framework.hpp"
#include "model/status.hpp"
#include "model/task.hpp"

#include <boost/describe.hpp>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace windlass {

// One row: who this engine is.
struct EngineRecord {
  std::string master_id;  // a UUID; framework, agent and offer ids begin with it
  AgentId agent_id;
  std::uint64_t next_framework = 0;
  std::uint64_t next_offer = 0;
  std::string agent_address = {};  // "ip:port" that the newest executors were told to call; empty in older journals
  friend bool operator==(const EngineRecord&, const EngineRecord&) = default;
};
BOOST_DESCRIBE_STRUCT(EngineRecord, (), (master_id, agent_id, next_framework, next_offer, agent_address))

struct FrameworkRecord {
  FrameworkInfo info;
  TimePoint registered = {};
  std::optional<TimePoint> removed = {};  // completed: its id is burnt
  std::optional<TimePoint> disconnected = {};
  friend bool operator==(const FrameworkRecord&, const FrameworkRecord&) = default;
};
BOOST_DESCRIBE_STRUCT(FrameworkRecord, (), (info, registered, removed, disconnected))

struct ExecutorRecord {
  FrameworkId framework_id;
  ExecutorInfo info;
  ContainerId container_id;
  bool is_command = false;  // made by the engine for a task that has only a command: no FAILURE when it ends
  bool subscribed = false;  // has been, at least once
  bool terminating = false;
  std::int64_t pid = 0;          // 0: not started yet
  std::uint64_t start_time = 0;  // field 22 of /proc/<pid>/stat, so that a reused pid is not taken for it
  std::string boot_id = {};
  std::string directory = {};  // absolute path of the sandbox
  // Tasks of a removed framework that it may still run: nobody is told of them, their resources are held until it ends.
  std::vector<TaskInfo> remains = {};
  friend bool operator==(const ExecutorRecord&, const ExecutorRecord&) = default;
};
BOOST_DESCRIBE_STRUCT(ExecutorRecord, (),
                      (framework_id, info, container_id, is_command, subscribed, terminating, pid, start_time, boot_id,
                       directory, remains))

struct TaskRecord {
  FrameworkId framework_id;
  TaskInfo info;
  ExecutorId executor_id;
  std::string role = {};
  TaskState state = TaskState::staging;   // the newest that the agent knows
  bool queued = true;                     // not yet sent to its executor
  bool kill_requested = false;            // a KILL waits for its executor to come back
  std::vector<TaskStatus> statuses = {};  // those that were sent to the scheduler, newest last, without data
  std::deque<TaskStatus> updates = {};    // not acknowledged by the scheduler; the first is the one in flight
  std::vector<Uuid> received = {};        // of the newest updates: one that comes again is known
  friend bool operator==(const TaskRecord&, const TaskRecord&) = default;
};
BOOST_DESCRIBE_STRUCT(TaskRecord, (),
                      (framework_id, info, executor_id, role, state, queued, kill_requested, statuses, updates,
                       received))

}  // namespace windlass
