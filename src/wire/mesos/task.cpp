#include "wire/mesos/convert.hpp"

namespace windlass::convert {
namespace {

// What the engine may have changed in a task that came from a framework: like Mesos it injects the allocation's role
// into resources, and fills in the framework of the executor (mesos.md 2.6).
void overlay(const TaskInfo& in, pb::TaskInfo& out) {
  out.mutable_agent_id()->set_value(in.agent_id.value);
  resources_to(in.resources, *out.mutable_resources());
  if (!in.executor) return;
  auto& executor = *out.mutable_executor();
  if (!in.executor->framework_id.empty()) executor.mutable_framework_id()->set_value(in.executor->framework_id.value);
  resources_to(in.executor->resources, *executor.mutable_resources());
}

}  // namespace

CommandInfo from(const pb::CommandInfo& in) {
  CommandInfo out;
  out.shell = in.shell();
  if (in.has_value()) out.value = in.value();
  out.arguments = {in.arguments().begin(), in.arguments().end()};
  for (const auto& variable : in.environment().variables()) {
    // A container gets the secret as the value of its variable; in `raw` it stays a secret, which views hide.
    const bool is_secret = variable.type() == pb::Environment::Variable::SECRET;
    out.environment.push_back({variable.name(), is_secret ? variable.secret().value().data() : variable.value()});
  }
  for (const auto& uri : in.uris()) {
    out.uris.push_back({uri.value(), uri.executable(), uri.extract(), uri.cache(), uri.output_file()});
  }
  if (in.has_user()) out.user = in.user();
  return out;
}

// For messages without `raw`, which are those that we make ourselves: secrets come out as plain values here.
void to(const CommandInfo& in, pb::CommandInfo& out) {
  out.set_shell(in.shell);
  if (in.value) out.set_value(*in.value);
  for (const std::string& argument : in.arguments) out.add_arguments(argument);
  for (const EnvironmentVariable& each : in.environment) {
    auto* variable = out.mutable_environment()->add_variables();
    variable->set_name(each.name);
    variable->set_value(each.value);
  }
  for (const Uri& each : in.uris) {
    auto* uri = out.add_uris();
    uri->set_value(each.value);
    uri->set_extract(each.extract);
    if (each.executable) uri->set_executable(true);
    if (each.cache) uri->set_cache(true);
    if (!each.output_file.empty()) uri->set_output_file(each.output_file);
  }
  if (in.user) out.set_user(*in.user);
}

// No grace period is not a grace period of 0, which kills at once (mesos.md 3.6).
KillPolicy from(const pb::KillPolicy& in) {
  KillPolicy out;
  if (in.has_grace_period()) out.grace_period = duration_from(in.grace_period());
  return out;
}

void to(const KillPolicy& in, pb::KillPolicy& out) {
  if (in.grace_period) out.mutable_grace_period()->set_nanoseconds(in.grace_period->count());
}

ExecutorInfo from(const pb::ExecutorInfo& in) {
  ExecutorInfo out;
  out.id.value = in.executor_id().value();
  out.type = static_cast<ExecutorType>(in.type());
  out.framework_id.value = in.framework_id().value();
  if (in.has_command()) out.command = from(in.command());
  if (in.has_container()) out.container = from(in.container());
  out.resources = resources_from(in.resources());
  out.name = in.name();
  out.source = in.source();
  if (in.has_shutdown_grace_period()) out.shutdown_grace_period = duration_from(in.shutdown_grace_period());
  out.raw = in.SerializePartialAsString();
  return out;
}

// As it came in: the master takes a second task for an executor only if the ExecutorInfo is identical (mesos.md 2.6).
void to(const ExecutorInfo& in, pb::ExecutorInfo& out) {
  if (!in.raw.empty()) {
    out.ParsePartialFromString(in.raw);
  } else {
    if (in.type != ExecutorType::unknown) out.set_type(static_cast<pb::ExecutorInfo::Type>(in.type));
    out.mutable_executor_id()->set_value(in.id.value);
    if (in.command) to(*in.command, *out.mutable_command());
    if (in.container) to(*in.container, *out.mutable_container());
    if (!in.name.empty()) out.set_name(in.name);
    if (!in.source.empty()) out.set_source(in.source);
    if (in.shutdown_grace_period) {
      out.mutable_shutdown_grace_period()->set_nanoseconds(in.shutdown_grace_period->count());
    }
  }
  if (!in.framework_id.empty()) out.mutable_framework_id()->set_value(in.framework_id.value);
  resources_to(in.resources, *out.mutable_resources());
}

TaskInfo from(const pb::TaskInfo& in) {
  TaskInfo out;
  out.id.value = in.task_id().value();
  out.name = in.name();
  out.agent_id.value = in.agent_id().value();
  out.resources = resources_from(in.resources());
  if (in.has_executor()) out.executor = from(in.executor());
  if (in.has_command()) out.command = from(in.command());
  if (in.has_container()) out.container = from(in.container());
  out.data = in.data();
  out.labels = labels_from(in.labels());
  if (in.has_kill_policy()) out.kill_policy = from(in.kill_policy());
  if (in.has_max_completion_time()) out.max_completion_time = duration_from(in.max_completion_time());
  for (const auto& [name, limit] : in.limits()) out.limits[name] = limit.value();
  if (in.has_health_check()) out.health_check = from(in.health_check());
  if (in.has_check()) out.check = from(in.check());
  out.defect = task_defect(in);
  // Executors get these bytes: the type that the master fills in has to be in them (mesos.md 2.6).
  if (in.has_health_check() && out.health_check->type != CheckType::unknown) {
    pb::TaskInfo normal = in;
    normal.mutable_health_check()->set_type(static_cast<pb::HealthCheck::Type>(out.health_check->type));
    out.raw = normal.SerializePartialAsString();
  } else {
    out.raw = in.SerializePartialAsString();
  }
  return out;
}

// The executor gets the framework's own bytes: fields of TaskInfo that we do not know may matter to it.
void to(const TaskInfo& in, pb::TaskInfo& out) {
  if (!in.raw.empty()) {
    out.ParsePartialFromString(in.raw);
    overlay(in, out);
    return;
  }
  out.set_name(in.name);
  out.mutable_task_id()->set_value(in.id.value);
  out.mutable_agent_id()->set_value(in.agent_id.value);
  resources_to(in.resources, *out.mutable_resources());
  if (in.executor) to(*in.executor, *out.mutable_executor());
  if (in.command) to(*in.command, *out.mutable_command());
  if (in.container) to(*in.container, *out.mutable_container());
  if (!in.data.empty()) out.set_data(in.data);
  if (!in.labels.empty()) labels_to(in.labels, *out.mutable_labels());
  if (in.kill_policy) to(*in.kill_policy, *out.mutable_kill_policy());
  if (in.max_completion_time) out.mutable_max_completion_time()->set_nanoseconds(in.max_completion_time->count());
  for (const auto& [name, limit] : in.limits) (*out.mutable_limits())[name].set_value(limit);
  if (in.health_check) to(*in.health_check, *out.mutable_health_check());
  if (in.check) to(*in.check, *out.mutable_check());
}

}  // namespace windlass::convert
