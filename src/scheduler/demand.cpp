#include "scheduler/demand.hpp"

#include <algorithm>

namespace windlass::scheduler {
namespace {

// LIKE, UNLIKE and IS ask only about the agent, so the answer is the same for every app that asks it.
bool looks_at_others(const Constraint& constraint) {
  switch (constraint.op) {
    case ConstraintOperator::like:
    case ConstraintOperator::unlike:
    case ConstraintOperator::is: return false;
    case ConstraintOperator::unique:
    case ConstraintOperator::cluster:
    case ConstraintOperator::group_by:
    case ConstraintOperator::max_per: return true;
  }
  return true;
}

}  // namespace

// In thousandths, as Mesos compares amounts (mesos.md 2.2): a smaller difference makes no other requirement.
Requirement requirement_of(const App& app) {
  Requirement requirement{.cpus = to_milli(app.cpus), .mem = to_milli(app.mem), .disk = to_milli(app.disk)};
  if (app.require_ports) {
    for (const PortDefinition& port : app.ports) requirement.fixed_ports.push_back(port.port);
  } else {
    requirement.ports = app.ports.size();
  }
  requirement.constraints = app.constraints;
  if (std::ranges::any_of(app.constraints, looks_at_others)) requirement.app = app.id;
  return requirement;
}

}  // namespace windlass::scheduler
