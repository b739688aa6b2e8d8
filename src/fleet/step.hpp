#pragma once
// A Mesos master with many agents that are only pretended: their tasks run in memory, after a set delay.
//
//   frameworks --calls--> step --> events to frameworks          (Mesos v1 scheduler API)
//
// What is said and heard is what the engine's core has (engine/step.hpp), without executors and processes.

#include "engine/step.hpp"
#include "fleet/state.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace windlass::fleet {

// --- what happens ---
using engine::FrameworkCall;
using engine::FrameworkStreamClosed;
using engine::FrameworkSubscribe;
using engine::FrameworkTeardown;
using engine::Started;
using engine::TimePassed;
using Event =
    std::variant<FrameworkSubscribe, FrameworkCall, FrameworkTeardown, FrameworkStreamClosed, Started, TimePassed>;

// --- what follows ---
using engine::PutEngine;
using engine::PutFramework;
struct PutTask {
  FrameworkId framework_id;
  TaskId task_id;
  std::optional<TaskRecord> record = {};  // none: forget it
  friend bool operator==(const PutTask&, const PutTask&) = default;
};
using Write = std::variant<PutEngine, PutFramework, PutTask>;

using engine::CloseFrameworkStream;
using engine::SendToFramework;
using Call = std::variant<SendToFramework, CloseFrameworkStream>;
using engine::Answer;

struct Effects {
  std::vector<Write> writes;  // durable before anything below happens
  std::vector<Call> calls;    // in this order
  std::vector<Answer> notices;
  std::optional<TimePoint> wake_at;  // when to send TimePassed
  friend bool operator==(const Effects&, const Effects&) = default;
};

using core::Inputs;

// REQUIRES: `Started` is the first event after the state was made or loaded.
Effects step(State& state, const Event& event, const Inputs& in);

// The rows of a journal.
struct Records {
  std::optional<EngineRecord> fleet = {};  // none: a new journal
  std::vector<FrameworkRecord> frameworks = {};
  std::vector<TaskRecord> tasks = {};
};
// The state that they describe; send `Started` next.
State load(Settings settings, Records records);

// What readers see, as it is between two steps. Costs the same however many agents and tasks there are.
struct FrameworkSummary {
  FrameworkInfo info;
  bool active = false;
  std::map<TaskState, std::uint64_t> tasks;  // as Framework::counts
  Amounts held;
};
struct Summary {
  MasterInfo master;
  std::size_t agents = 0;
  Amounts total;
  std::vector<FrameworkSummary> frameworks;  // that are not removed
};
Summary summarize(const State& state);

// What must be true between any two steps; empty: it is. Takes time in proportion to all there is: for tests.
std::string broken_invariant(const State& state);

}  // namespace windlass::fleet
