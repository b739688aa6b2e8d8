#pragma once
// Between the generated protobuf classes and model/. Included only by the .cpp files of wire/mesos.

#include "model/executor_api.hpp"
#include "model/scheduler_api.hpp"

#include "mesos.pb.h"

#include <string>
#include <vector>

namespace windlass::convert {

namespace pb = mesos::v1;

// How resources are written for a framework (mesos.md 2.2).
struct ResourceStyle {
  bool allocation = true;  // with allocation_info
  bool refined = true;     // reservations[] instead of role
};

Resource from(const pb::Resource& in);
void to(const Resource& in, pb::Resource& out, ResourceStyle style = {});
template <class Repeated>
Resources resources_from(const Repeated& list) {
  Resources result;
  for (const auto& each : list) result.add(from(each));
  return result;
}
template <class Repeated>
void resources_to(const Resources& in, Repeated& out, ResourceStyle style = {}) {
  out.Clear();
  for (const Resource& each : in.entries()) to(each, *out.Add(), style);
}

Attribute from(const pb::Attribute& in);
void to(const Attribute& in, pb::Attribute& out);
FrameworkInfo from(const pb::FrameworkInfo& in);
void to(const FrameworkInfo& in, pb::FrameworkInfo& out);
MasterInfo from(const pb::MasterInfo& in);
void to(const MasterInfo& in, pb::MasterInfo& out);
AgentInfo from(const pb::AgentInfo& in);
void to(const AgentInfo& in, pb::AgentInfo& out);
Offer from(const pb::Offer& in);
void to(const Offer& in, pb::Offer& out, ResourceStyle style);

// Mesos has times as nanoseconds or as seconds: those go to the nanosecond, and what is longer than a Duration can be
// becomes the longest.
Duration duration_from(const pb::DurationInfo& in);
Duration duration_from(double seconds);
double seconds_of(Duration duration);
std::vector<Label> labels_from(const pb::Labels& in);
void labels_to(const std::vector<Label>& in, pb::Labels& out);

CommandInfo from(const pb::CommandInfo& in);
void to(const CommandInfo& in, pb::CommandInfo& out);
ContainerInfo from(const pb::ContainerInfo& in);
void to(const ContainerInfo& in, pb::ContainerInfo& out);
HealthCheck from(const pb::HealthCheck& in);
void to(const HealthCheck& in, pb::HealthCheck& out);
CheckInfo from(const pb::CheckInfo& in);
void to(const CheckInfo& in, pb::CheckInfo& out);
KillPolicy from(const pb::KillPolicy& in);
void to(const KillPolicy& in, pb::KillPolicy& out);
ExecutorInfo from(const pb::ExecutorInfo& in);
void to(const ExecutorInfo& in, pb::ExecutorInfo& out);
TaskInfo from(const pb::TaskInfo& in);
void to(const TaskInfo& in, pb::TaskInfo& out);
TaskStatus from(const pb::TaskStatus& in);
void to(const TaskStatus& in, pb::TaskStatus& out);

// The first rule of mesos.md 2.6 (4 to 11) that the task breaks and the model cannot show, as Mesos words it; "" if
// none.
std::string task_defect(const pb::TaskInfo& task);

}  // namespace windlass::convert
