#pragma once
// Everything that the executor decides, and nothing that it does: the life of its tasks, each in a Docker container or,
// for a command task, in a process.

#include "base/error.hpp"
#include "base/time.hpp"
#include "core/turn.hpp"
#include "executor/state.hpp"
#include "model/container_spec.hpp"
#include "model/executor_api.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace windlass::executor {

// --- what happens -------------------------------------------------------------------------------------------------

// From the agent.
struct AgentEvent {
  ExecutorEvent event;
};
// The subscription ended, or could not be had. The shell tries again by itself until the executor exits.
struct AgentDisconnected {};
// The agent does not know this executor (400 to SUBSCRIBE): there is nothing to come back to.
struct AgentRefused {
  std::string text;
};

// Answers, each to the call of the same name; a late one finds its state gone and is ignored.
// An Error says what Docker said: Errc::not_found for 404, conflict for 409, invalid for 400, internal for 500,
// unavailable, closed or timeout when Docker cannot be reached.
struct ContainerPlanned {
  Result<ContainerPlan> plan;
};
struct ImageInspected {
  Result<std::optional<DockerImage>> image;  // none: not on this machine
};
struct PullProgress {
  std::string text;        // "3 of 7 layers, 12.5 of 60.1 MB"
  std::string data = {};   // the same for programs
  std::uint64_t done = 0;  // grows with all that this attempt gets done
};
struct PullEnded {
  std::optional<Error> error;
};
struct ContainerCreated {
  Result<std::string> id;
};
struct ContainerAttached {
  std::optional<Error> error;
};
struct ContainerStarted {
  std::optional<Error> error;
};
struct ContainerInspected {
  Result<ContainerView> view;
};
// Answers to WatchContainer. All of the output is in the sandbox when ContainerExited comes; `end` is what Docker's
// wait has said (container_end.hpp tells what that is worth), `view` an inspect after it.
struct ContainerExited {
  ContainerEnd end;
  Result<ContainerView> view = ContainerView{};
};
struct WatchFailed {
  Error error;
};
// The output ended though the container may still run: the daemon went away.
struct OutputLost {};
struct SignalFailed {
  Error error;
};
// After KillContainerProcess: it is dead, whatever Docker says or does not say.
struct ContainerProcessKilled {};
struct ContainerRemoved {
  std::optional<Error> error;
};
// Command tasks.
struct ProcessStarted {
  Result<int> pid;
};
struct ProcessExited {
  int exit_code = 0;
  int signal = 0;  // not 0: it was terminated by this
};

// What came of a RunProbe.
struct ProbeEnded {
  std::uint64_t number = 0;
  ProbeResult result;
};
// What its container uses, as wire/statistics_json has it: for the framework.
struct StatisticsTaken {
  std::string message;
};

// Each tells of one task.
using TaskEventBody =
    std::variant<ContainerPlanned, ImageInspected, PullProgress, PullEnded, ContainerCreated, ContainerAttached,
                 ContainerStarted, ContainerInspected, ContainerExited, WatchFailed, OutputLost, SignalFailed,
                 ContainerProcessKilled, ContainerRemoved, ProcessStarted, ProcessExited, ProbeEnded, StatisticsTaken>;
struct TaskEvent {
  TaskId task;
  TaskEventBody body;
};

// Answers to MakeHolder and RemoveHolder.
struct HolderMade {
  GroupNumber group = 0;
  Result<ContainerView> view;
};
struct HolderRemoved {
  GroupNumber group = 0;
  std::optional<Error> error;
};

// SIGTERM, SIGINT or SIGHUP to the executor.
struct SignalReceived {
  int number = 0;
};
// wake_at has come.
struct TimePassed {};

using Event = std::variant<AgentEvent, AgentDisconnected, AgentRefused, TaskEvent, HolderMade, HolderRemoved,
                           SignalReceived, TimePassed>;

// --- what follows -------------------------------------------------------------------------------------------------

// To the agent. Only emitted while subscribed; what is lost with the connection goes into the next subscription.
struct SendToAgent {
  executor_calls::Body body;
  friend bool operator==(const SendToAgent&, const SendToAgent&) = default;
};
// Text to values: the task (in either contract) and its options. The executor's first task has the sandbox and its
// output files to itself; later ones and those of groups have a folder of their own in it.
struct PlanContainer {
  TaskInfo task;
  int ordinal = 0;          // among the executor's tasks: names tell them apart
  bool own_folder = false;  // as below
  friend bool operator==(const PlanContainer&, const PlanContainer&) = default;
};
struct InspectImage {
  std::string image;
  friend bool operator==(const InspectImage&, const InspectImage&) = default;
};
struct PullImage {
  std::string image;
  std::string platform = {};         // "linux/arm64"; empty: the daemon's
  std::string registry_config = {};  // the task's own configuration of Docker's client; empty: none
  friend bool operator==(const PullImage&, const PullImage&) = default;
};
struct CancelPull {
  friend bool operator==(const CancelPull&, const CancelPull&) = default;
};
struct CreateContainer {
  ContainerSpec spec;
  friend bool operator==(const CreateContainer&, const CreateContainer&) = default;
};
// Output goes to the sandbox's stdout and stderr from now on; after a loss, from where it was lost.
struct AttachContainer {
  std::string id;
  friend bool operator==(const AttachContainer&, const AttachContainer&) = default;
};
struct StartContainer {
  std::string id;
  friend bool operator==(const StartContainer&, const StartContainer&) = default;
};
struct InspectContainer {
  std::string id;
  friend bool operator==(const InspectContainer&, const InspectContainer&) = default;
};
// Answered with its end. A further one for the same container replaces the former. `seen`: it has ended already, as an
// inspect has shown; Docker's wait is not asked.
struct WatchContainer {
  std::string id;
  std::optional<ContainerEnd> seen = {};
  friend bool operator==(const WatchContainer&, const WatchContainer&) = default;
};
struct SignalContainer {
  std::string id;
  std::string signal;  // "SIGTERM"
  friend bool operator==(const SignalContainer&, const SignalContainer&) = default;
};
// SIGKILL to the container's first process without Docker, which does not answer.
struct KillContainerProcess {
  friend bool operator==(const KillContainerProcess&, const KillContainerProcess&) = default;
};
// With its anonymous volumes, running or not. It may be gone already.
struct RemoveContainer {
  std::string id;
  friend bool operator==(const RemoveContainer&, const RemoveContainer&) = default;
};
// In the sandbox, with the executor's environment and these variables; watched until ProcessExited.
struct StartProcess {
  std::vector<std::string> argv;
  std::vector<EnvironmentVariable> environment;
  std::string user;         // empty: the executor's
  bool own_folder = false;  // as of PlanContainer
  friend bool operator==(const StartProcess&, const StartProcess&) = default;
};
// To the process and all that it started.
struct SignalProcess {
  int pid = 0;
  int signal = 0;
  friend bool operator==(const SignalProcess&, const SignalProcess&) = default;
};
// One look at the task, for its checks.
struct RunProbe {
  std::uint64_t number = 0;
  Probe probe;
  friend bool operator==(const RunProbe&, const RunProbe&) = default;
};
struct CancelProbe {
  std::uint64_t number = 0;
  friend bool operator==(const CancelProbe&, const CancelProbe&) = default;
};
// Each is about one task.
using TaskCallBody =
    std::variant<PlanContainer, InspectImage, PullImage, CancelPull, CreateContainer, AttachContainer, StartContainer,
                 InspectContainer, WatchContainer, SignalContainer, KillContainerProcess, RemoveContainer, StartProcess,
                 SignalProcess, RunProbe, CancelProbe>;
struct TaskCall {
  TaskId task;
  TaskCallBody body;
  friend bool operator==(const TaskCall&, const TaskCall&) = default;
};
// The task is gone for good: what was kept for it can go too.
struct ForgetTask {
  TaskId task;
  friend bool operator==(const ForgetTask&, const ForgetTask&) = default;
};
// Creates and starts a container that does nothing, and looks at it: from this image and with this network.
struct MakeHolder {
  GroupNumber group = 0;
  ContainerSpec spec;
  friend bool operator==(const MakeHolder&, const MakeHolder&) = default;
};
struct RemoveHolder {
  GroupNumber group = 0;
  std::string container;  // id or name
  friend bool operator==(const RemoveHolder&, const RemoveHolder&) = default;
};
// A line into the sandbox's stderr, for the person who reads it there.
struct LogToSandbox {
  std::string line;
  friend bool operator==(const LogToSandbox&, const LogToSandbox&) = default;
};
// The process ends with this code.
struct Exit {
  int code = 0;
  friend bool operator==(const Exit&, const Exit&) = default;
};
using Call = std::variant<SendToAgent, TaskCall, ForgetTask, MakeHolder, RemoveHolder, LogToSandbox, Exit>;

struct Effects {
  std::vector<Call> calls;           // in this order
  std::optional<TimePoint> wake_at;  // when to send TimePassed; the last step's value counts
  friend bool operator==(const Effects&, const Effects&) = default;
};

using core::Inputs;

Effects step(State& state, const Event& event, const Inputs& in);

// What a SUBSCRIBE that is sent now carries: tasks and updates that the agent has not acknowledged. They count as sent.
executor_calls::Subscribe take_subscription(State& state);

}  // namespace windlass::executor
