#pragma once
// Carries out what an executor's core wants, one overload for each call.

#include "sim/executor_node.hpp"

#include <optional>
#include <string>

namespace windlass::sim {

// Of one task.
struct TaskActs {
  ExecutorNode& node;
  const TaskId& task;

  void operator()(const executor::PlanContainer& call);
  void operator()(const executor::InspectImage& call);
  void operator()(const executor::PullImage& call);
  void operator()(const executor::CancelPull& call);
  void operator()(const executor::CreateContainer& call);
  void operator()(const executor::AttachContainer& call);
  void operator()(const executor::StartContainer& call);
  void operator()(const executor::InspectContainer& call);
  void operator()(const executor::WatchContainer& call);
  void operator()(const executor::SignalContainer& call);
  void operator()(const executor::KillContainerProcess& call);
  void operator()(const executor::RemoveContainer& call);
  void operator()(const executor::StartProcess& call);
  void operator()(const executor::SignalProcess& call);
  void operator()(const executor::RunProbe& call);
  void operator()(const executor::CancelProbe& call);

 private:
  // Error or not, as the event that says so.
  template <class Event>
  Docker::Done done();
  [[nodiscard]] Docker& docker() const;
};

struct ExecutorActs {
  ExecutorNode& node;

  void operator()(const executor::SendToAgent& call);
  void operator()(const executor::TaskCall& call);
  void operator()(const executor::ForgetTask& call);
  void operator()(const executor::MakeHolder& call);
  void operator()(const executor::RemoveHolder& call);
  void operator()(const executor::LogToSandbox& call);
  void operator()(const executor::Exit& call);
};

}  // namespace windlass::sim
