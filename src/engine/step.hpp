#pragma once
// Everything that the engine decides, and nothing that it does: master and agent of one machine as a pure function.
//
//   frameworks --calls--> step --> events to frameworks          (Mesos v1 scheduler API)
//   executors  --calls--> step --> events to executors           (Mesos v1 executor API)
//   processes  --facts--> step --> launch, destroy               (the shell's work)

#include "base/time.hpp"
#include "core/turn.hpp"
#include "engine/state.hpp"
#include "model/engine_records.hpp"
#include "model/executor_api.hpp"
#include "model/scheduler_api.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace windlass::engine {

// An HTTP request that waits for its Answer.
using RequestId = std::uint64_t;

// --- what happens -------------------------------------------------------------------------------------------------

// SUBSCRIBE, after the checks that need no state (mesos.md 1.3, 1.4). The shell has answered 200 with this stream id;
// any refusal is an ERROR event on the stream.
struct FrameworkSubscribe {
  Uuid stream;
  FrameworkId framework_id = {};
  calls::Subscribe subscribe;
};
// Any other scheduler call; always answered (202, 200, 400, 403, 501).
struct FrameworkCall {
  RequestId request = 0;
  std::optional<std::string> stream_header = {};  // Mesos-Stream-Id as it came
  SchedulerCall call;
};
// An operator's TEARDOWN, connected or not (mesos.md 5.9); answered 200, or 400 when there is no such framework.
struct FrameworkTeardown {
  RequestId request = 0;
  FrameworkId framework_id;
};
struct FrameworkStreamClosed {
  Uuid stream;
};
// SUBSCRIBE of an executor. Answered 200 (the shell then binds the stream to `connection`), 400, 403 or 503.
struct ExecutorSubscribe {
  RequestId request = 0;
  ConnectionId connection = 0;
  FrameworkId framework_id;
  ExecutorId executor_id;
  executor_calls::Subscribe subscribe;
};
// UPDATE, MESSAGE (HEARTBEAT is answered by the shell).
struct ExecutorCallReceived {
  RequestId request = 0;
  ExecutorCall call;
};
struct ExecutorStreamClosed {
  ConnectionId connection = 0;
};
// The executor's process runs.
struct ExecutorStarted {
  ContainerId container_id;
  std::int64_t pid = 0;
  std::uint64_t start_time = 0;
  std::string boot_id;
  std::string directory;
};
// Its URIs are being fetched: this much of them has arrived, more than was told the last time.
struct ExecutorFetching {
  ContainerId container_id;
  std::uint64_t bytes = 0;
};
// It could not be started: fetching failed, no such user, no such program. `message` is the cause.
struct ExecutorLaunchFailed {
  ContainerId container_id;
  std::string message;
};
// Its process ended. No status when the engine that started it is gone (after a restart).
struct ExecutorExited {
  ContainerId container_id;
  std::optional<int> wait_status = {};
  std::string how = {};         // "exited with status 127"; empty when nobody saw its end
  std::string last_words = {};  // the last line of its stderr; empty when there is none
  // Set when the kernel killed it for want of memory; then the message says limit and use.
  std::optional<std::string> memory_limitation = {};
};
// The first event of a process: the state was loaded from the journal; executors have a while to come back.
struct Started {};
// wake_at has come.
struct TimePassed {};

using Event = std::variant<FrameworkSubscribe, FrameworkCall, FrameworkTeardown, FrameworkStreamClosed,
                           ExecutorSubscribe, ExecutorCallReceived, ExecutorStreamClosed, ExecutorFetching,
                           ExecutorStarted, ExecutorLaunchFailed, ExecutorExited, Started, TimePassed>;

// --- what follows -------------------------------------------------------------------------------------------------

// Rows of the journal: set when there is a record, removed when not.
struct PutEngine {
  EngineRecord record;
  friend bool operator==(const PutEngine&, const PutEngine&) = default;
};
struct PutFramework {
  FrameworkId id;
  std::optional<FrameworkRecord> record = {};  // none: forget it
  friend bool operator==(const PutFramework&, const PutFramework&) = default;
};
struct PutExecutor {
  ContainerId id;
  std::optional<ExecutorRecord> record = {};
  friend bool operator==(const PutExecutor&, const PutExecutor&) = default;
};
struct PutTask {
  FrameworkId framework_id;
  TaskId task_id;
  std::optional<TaskRecord> record = {};
  friend bool operator==(const PutTask&, const PutTask&) = default;
};
using Write = std::variant<PutEngine, PutFramework, PutExecutor, PutTask>;

// To a framework's stream. After an events::Error the shell closes the stream.
struct SendToFramework {
  Uuid stream;
  SchedulerEvent event;
  friend bool operator==(const SendToFramework&, const SendToFramework&) = default;
};
struct CloseFrameworkStream {
  Uuid stream;
  friend bool operator==(const CloseFrameworkStream&, const CloseFrameworkStream&) = default;
};
struct SendToExecutor {
  ConnectionId connection = 0;
  ExecutorEvent event;
  friend bool operator==(const SendToExecutor&, const SendToExecutor&) = default;
};
struct CloseExecutorStream {
  ConnectionId connection = 0;
  friend bool operator==(const CloseExecutorStream&, const CloseExecutorStream&) = default;
};
// Make the sandbox, fetch (ExecutorFetching), start; answered by ExecutorStarted (and later ExecutorExited) or by
// ExecutorLaunchFailed.
// Comes again for the same container when the engine ended before it had ExecutorStarted in its journal: processes that
// the earlier attempt left are to be killed first.
struct LaunchExecutor {
  ContainerId container_id;
  FrameworkInfo framework;
  ExecutorInfo executor;  // its command says what to run; for command tasks the shell's own executor program
  bool is_command = false;
  std::string user = {};  // command.user, else framework.user
  std::vector<Uri> uris = {};
  std::vector<EnvironmentVariable> environment = {};  // the framework's, which may override ours (mesos.md 3.2)
  friend bool operator==(const LaunchExecutor&, const LaunchExecutor&) = default;
};
// SIGKILL all of its processes. Answered by ExecutorExited, also when it never ran. May come more than once.
struct DestroyExecutor {
  ContainerId container_id;
  friend bool operator==(const DestroyExecutor&, const DestroyExecutor&) = default;
};
using Call = std::variant<SendToFramework, CloseFrameworkStream, SendToExecutor, CloseExecutorStream, LaunchExecutor,
                          DestroyExecutor>;

// The answer of a request: told after everything above. status 200 for an ExecutorSubscribe opens its stream; what the
// calls of the same step send to that connection is then its beginning.
struct Answer {
  RequestId request = 0;
  int status = 202;
  std::string text = {};
  friend bool operator==(const Answer&, const Answer&) = default;
};

struct Effects {
  std::vector<Write> writes;       // durable before anything below happens
  std::vector<RecordKey> changes;  // what readers need a new picture of (engine/picture.hpp); some may be gone
  std::vector<Call> calls;         // in this order
  std::vector<Answer> notices;
  std::optional<TimePoint> wake_at;  // when to send TimePassed; the last step's value counts
  friend bool operator==(const Effects&, const Effects&) = default;
};

using core::Inputs;

// REQUIRES: `Started` is the first event after the state was made or loaded.
// ENSURES: the invariants (engine/invariants.hpp) of what the step has touched; a breach ends the process.
Effects step(State& state, const Event& event, const Inputs& in);

// When the state must be looked at next, if nothing else happens.
std::optional<TimePoint> next_wake(const State& state);

// The rows of a journal.
struct Records {
  std::optional<EngineRecord> engine = {};  // none: a new journal
  std::vector<FrameworkRecord> frameworks = {};
  std::vector<ExecutorRecord> executors = {};
  std::vector<TaskRecord> tasks = {};
};
// The state that they describe; send `Started` next.
State load(Settings settings, Records records);

}  // namespace windlass::engine
