#pragma once
// Everything that the Docker executor decides, and nothing that it does: the life of one Docker task.

#include "base/error.hpp"
#include "base/prng.hpp"
#include "base/time.hpp"
#include "executor/container_spec.hpp"
#include "executor/state.hpp"
#include "model/executor_api.hpp"

#include <cstdint>
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
// The subscription ended; the shell tries again by itself (or not: Settings.checkpoint).
struct AgentDisconnected {};
// A call to the agent was answered with something else than 202; the update will be sent again after a subscription.
struct AgentRefused {
  int status = 0;
  std::string text;
};

// Answers of Docker, each to the call of the same name. An Error says what Docker said.
struct ImageInspected {
  std::optional<Image> image;  // none: not on this machine
};
struct PullProgress {
  std::string text;  // "3 of 7 layers, 12.5 of 60.1 MB"
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
struct ContainerStartEnded {
  std::optional<Error> error;
};
struct ContainerInspected {
  Result<ContainerView> view;
};
// It has ended, by Docker's wait or by an inspect that found it so.
struct ContainerExited {
  ContainerEnd end;
};
struct StopFailed {
  Error error;
};
// All of its output is in the sandbox, and it was removed (or could not be).
struct ContainerRemoved {
  std::optional<Error> error;
};
// The Docker daemon went away or came back (seen by the shell's watch).
struct DockerLost {
  Error error;
};
struct DockerBack {};

// SIGTERM, SIGINT or SIGHUP to the executor.
struct SignalReceived {
  int number = 0;
};
// wake_at has come.
struct TimePassed {};

using Event =
    std::variant<AgentEvent, AgentDisconnected, AgentRefused, ImageInspected, PullProgress, PullEnded, ContainerCreated,
                 ContainerAttached, ContainerStartEnded, ContainerInspected, ContainerExited, StopFailed,
                 ContainerRemoved, DockerLost, DockerBack, SignalReceived, TimePassed>;

// --- what follows -------------------------------------------------------------------------------------------------

// To the agent. Dropped by the shell while not subscribed: the next Subscribe carries what is not acknowledged.
struct SendToAgent {
  executor_calls::Body body;
  friend bool operator==(const SendToAgent&, const SendToAgent&) = default;
};
struct InspectImage {
  std::string image;
  friend bool operator==(const InspectImage&, const InspectImage&) = default;
};
struct PullImage {
  std::string image;
  friend bool operator==(const PullImage&, const PullImage&) = default;
};
struct CancelPull {
  friend bool operator==(const CancelPull&, const CancelPull&) = default;
};
struct CreateContainer {
  ContainerSpec spec;
  friend bool operator==(const CreateContainer&, const CreateContainer&) = default;
};
// Output goes to the sandbox's stdout and stderr from now on.
struct AttachContainer {
  std::string id;
  friend bool operator==(const AttachContainer&, const AttachContainer&) = default;
};
// Start it, and from then on watch for its end (ContainerExited).
struct StartContainer {
  std::string id;
  friend bool operator==(const StartContainer&, const StartContainer&) = default;
};
struct InspectContainer {
  std::string id;
  friend bool operator==(const InspectContainer&, const InspectContainer&) = default;
};
// Send its stop signal (or `signal`); the core decides when SIGKILL follows.
struct SignalContainer {
  std::string id;
  std::string signal;  // "SIGTERM", "SIGKILL"; empty: the container's own stop signal
  friend bool operator==(const SignalContainer&, const SignalContainer&) = default;
};
// Wait until its output is written, then remove it with its anonymous volumes.
struct RemoveContainer {
  std::string id;
  friend bool operator==(const RemoveContainer&, const RemoveContainer&) = default;
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
using Call = std::variant<SendToAgent, InspectImage, PullImage, CancelPull, CreateContainer, AttachContainer,
                          StartContainer, InspectContainer, SignalContainer, RemoveContainer, LogToSandbox, Exit>;

struct Effects {
  std::vector<Call> calls;           // in this order
  std::optional<TimePoint> wake_at;  // when to send TimePassed; the last step's value counts
  friend bool operator==(const Effects&, const Effects&) = default;
};

struct Inputs {
  TimePoint now;
  Prng& prng;
};

Effects step(State& state, const Event& event, const Inputs& in);

// What a SUBSCRIBE carries now: tasks and updates that the agent has not acknowledged.
executor_calls::Subscribe subscription(const State& state);

}  // namespace windlass::executor
