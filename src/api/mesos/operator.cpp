#include "api/mesos/operator.hpp"

#include "api/mesos/calls.hpp"
#include "api/mesos/views/files.hpp"
#include "api/mesos/views/metrics.hpp"
#include "api/mesos/views/views.hpp"

#include <list>
#include <utility>
#include <variant>

namespace windlass {
namespace {

namespace v1 = operator_api;
using engine::Picture;
using v1::CallType;

// --- the master's answers ---

// Pointers into the picture, which lives as long as the answer is made: tasks may be many and large.
v1::Tasks master_tasks(const Picture& state) {
  v1::Tasks tasks;
  for (const auto& [key, task] : state.tasks) tasks.launched.push_back(&task.record);
  for (const auto& [number, task] : state.completed_tasks) tasks.completed.push_back(&task);
  return tasks;
}

v1::Executors master_executors(const Picture& state) {
  v1::Executors executors{.agent_id = state.record.agent_id};
  for (const auto& [id, executor] : state.executors) {
    // The master knows no command executors; the agent does (mesos.md 5.9).
    if (!executor.record.is_command) executors.executors.push_back(&executor.record.info);
  }
  return executors;
}

v1::Frameworks master_frameworks(const Picture& state) {
  const Holdings held = holdings(state);
  std::map<FrameworkId, std::vector<const Offer*>> offers;
  for (const auto& [id, offer] : state.offers) offers[offer.framework_id].push_back(&offer);
  v1::Frameworks frameworks;
  for (const auto& [id, framework] : state.frameworks) {
    Holding holding = held.of(id);
    v1::FrameworkView view{.info = &framework.record.info,
                           .connected = framework.stream.has_value(),
                           .recovered = is_recovered(framework),
                           .registered = framework.record.registered,
                           .unregistered = framework.record.removed,
                           .offers = offers[id],
                           .allocated = std::move(holding.allocated),
                           .offered = std::move(holding.offered)};
    (framework.completed() ? frameworks.completed : frameworks.frameworks).push_back(std::move(view));
  }
  return frameworks;
}

v1::Agents master_agents(const EngineView& engine) {
  Holding held = holdings(engine.state()).all;
  return {.info = agent_info(engine.state()),
          .version = engine.state().settings.master.version,
          .registered = engine.started_at(),
          .allocated = std::move(held.allocated),
          .offered = std::move(held.offered)};
}

// Quantities: what is no scalar has none here.
Resources scalars(const Resources& resources) {
  Resources sums;
  for (Resource each : resources.entries()) {
    each.allocation.clear();
    each.reservation.clear();
    if (each.type == ResourceType::scalar) sums.add(each);
  }
  return sums;
}

v1::Roles master_roles(const Picture& state) {
  const Holdings held = holdings(state);
  v1::Roles roles;
  for (const auto& [name, frameworks] : roles_of(state)) {
    v1::Role role{.name = name, .frameworks = frameworks};
    const auto found = held.by_role.find(name);
    if (found != held.by_role.end()) role.resources = scalars(found->second.allocated + found->second.offered);
    roles.roles.push_back(std::move(role));
  }
  return roles;
}

// --- the agent's ---

v1::Tasks agent_tasks(const Picture& state) {
  v1::Tasks tasks;
  for (const auto& [key, task] : state.tasks) {
    // Terminated: ended, but not acknowledged by the framework yet; completed: both (mesos.md 5.9).
    const bool ended = is_terminal(task.record.state);
    (ended ? tasks.terminated : task.record.queued ? tasks.queued : tasks.launched).push_back(&task.record);
  }
  for (const auto& [number, task] : state.completed_tasks) tasks.completed.push_back(&task);
  return tasks;
}

// An executor that we run for a task's command has the task's variables; which of them are secrets only the task says.
ExecutorInfo without_variables(ExecutorInfo info) {
  // The received bytes hold the variables, too, and would be sent as they are.
  info.raw.clear();
  if (info.command) info.command->environment.clear();
  return info;
}

// of_commands: a place for copies that the answer points to.
v1::Executors agent_executors(const EngineView& engine, std::list<ExecutorInfo>& of_commands) {
  v1::Executors executors{.agent_id = engine.state().record.agent_id};
  for (const auto& [id, executor] : engine.state().executors) {
    const ExecutorRecord& record = executor.record;
    if (record.is_command) of_commands.push_back(without_variables(record.info));
    executors.executors.push_back(record.is_command ? &of_commands.back() : &record.info);
  }
  for (ExecutorView& view : completed_executors(engine)) executors.completed.push_back(std::move(view.record.info));
  return executors;
}

// Those that have, or had, something here.
v1::Frameworks agent_frameworks(const Picture& state) {
  std::map<FrameworkId, bool> active;
  for (const auto& [number, task] : state.completed_tasks) active.emplace(task.framework_id, false);
  for (const auto& [id, executor] : state.executors) active[executor.record.framework_id] = true;
  v1::Frameworks frameworks;
  for (const auto& [id, is_active] : active) {
    const auto found = state.frameworks.find(id);
    // Of the removed frameworks only some are remembered, and completed tasks may outlive the memory of theirs.
    if (found == state.frameworks.end()) continue;
    v1::FrameworkView view{.info = &found->second.record.info};
    (is_active ? frameworks.frameworks : frameworks.completed).push_back(std::move(view));
  }
  return frameworks;
}

// --- both ---

struct Served {
  std::vector<ExecutorView> executors = {};  // what Containers point to
  std::list<ExecutorInfo> of_commands = {};  // what Executors point to
  v1::Response response;
};

void add_containers(Served& served, const EngineView& engine) {
  served.executors = executor_views(engine.state());
  v1::Containers containers;
  for (const ExecutorView& view : served.executors) {
    containers.containers.push_back({&view.record, executor_statistics(view, engine.now())});
  }
  served.response = std::move(containers);
}

v1::Response master_answer(CallType type, const EngineView& engine) {
  const Picture& state = engine.state();
  switch (type) {
    case CallType::get_health: return v1::Health{};
    case CallType::get_version: return v1::Version{state.settings.master.version};
    case CallType::get_flags: return v1::Flags{master_flags(engine)};
    case CallType::get_metrics: return v1::Metrics{master_metrics(engine)};
    case CallType::get_logging_level: return v1::LoggingLevel{};
    case CallType::get_state:
      return v1::StateView{master_tasks(state), master_executors(state), master_frameworks(state),
                           master_agents(engine)};
    case CallType::get_tasks: return master_tasks(state);
    case CallType::get_executors: return master_executors(state);
    case CallType::get_frameworks: return master_frameworks(state);
    case CallType::get_agents: return master_agents(engine);
    case CallType::get_roles: return master_roles(state);
    case CallType::get_master: return v1::Master{master_info(state), engine.started_at()};
    default: return v1::Nothing{type};
  }
}

v1::Response agent_answer(CallType type, const EngineView& engine, std::list<ExecutorInfo>& of_commands) {
  const Picture& state = engine.state();
  switch (type) {
    case CallType::get_health: return v1::Health{};
    case CallType::get_version: return v1::Version{state.settings.master.version};
    case CallType::get_flags: return v1::Flags{agent_flags(engine)};
    case CallType::get_metrics: return v1::Metrics{agent_metrics(engine)};
    case CallType::get_logging_level: return v1::LoggingLevel{};
    case CallType::get_state:
      return v1::StateView{agent_tasks(state), agent_executors(engine, of_commands), agent_frameworks(state)};
    case CallType::get_tasks: return agent_tasks(state);
    case CallType::get_executors: return agent_executors(engine, of_commands);
    case CallType::get_frameworks: return agent_frameworks(state);
    case CallType::get_agent: return v1::Agent{agent_info(state)};
    default: return v1::Nothing{type};
  }
}

// LIST_FILES and READ_FILE of the agent; the master has no files.
Result<v1::Response> read_files(const v1::Call& call, const EngineView& engine) {
  const SandboxFiles files{engine.work_dir(), engine.state().record.agent_id};
  if (call.type == CallType::list_files) {
    auto list = files.list(call.path);
    if (!list) return list.error();
    return v1::Response{std::move(*list)};
  }
  auto data = files.read(call.path, call.offset, call.length);
  if (!data) return data.error();
  return v1::Response{std::move(*data)};
}

HttpResponse answer(std::string body, Encoding encoding) {
  HttpResponse response;
  response.content_type = content_type(encoding);
  response.body = std::move(body);
  return response;
}

struct Decoded {
  v1::Call call;
  Encoding accepted = Encoding::json;
};
using Decode = Result<v1::Call> (*)(std::string_view bytes, Encoding encoding);

// The checks that both sides make, in Mesos' order.
std::variant<HttpResponse, Decoded> decode(const HttpRequest& request, Decode decode_call) {
  auto checked = check_post(request);
  if (auto* refusal = std::get_if<HttpResponse>(&checked)) return std::move(*refusal);
  auto call = decode_call(request.body, std::get<Encoding>(checked));
  if (!call) return mesos_text(call.error().code == Errc::unsupported ? 501 : 400, call.error().message);
  const auto accepted = accepted_encoding(request);
  if (!accepted) return mesos_accept_refused();
  return Decoded{std::move(*call), *accepted};
}

bool asks_for_files(CallType type) { return type == CallType::list_files || type == CallType::read_file; }

}  // namespace

HttpResponse serve_master_call(const HttpRequest& request, const EngineView& engine) {
  auto decoded = decode(request, v1::decode_master_call);
  if (auto* refusal = std::get_if<HttpResponse>(&decoded)) return std::move(*refusal);
  const auto& [call, accepted] = std::get<Decoded>(decoded);
  // As for a path that does not exist: the master has no files (mesos.md 5.9).
  if (asks_for_files(call.type)) return mesos_text(404, {});
  return answer(v1::encode_master(master_answer(call.type, engine), accepted), accepted);
}

std::optional<FrameworkId> teardown_call(const HttpRequest& request) {
  auto decoded = decode(request, v1::decode_master_call);
  // Only what is admitted is a TEARDOWN; anything else, refusals too, is answered by serve_master_call().
  const auto* admitted = std::get_if<Decoded>(&decoded);
  if (admitted == nullptr || admitted->call.type != CallType::teardown) return std::nullopt;
  return admitted->call.framework_id;
}

HttpResponse serve_agent_call(const HttpRequest& request, const EngineView& engine) {
  auto decoded = decode(request, v1::decode_agent_call);
  if (auto* refusal = std::get_if<HttpResponse>(&decoded)) return std::move(*refusal);
  const auto& [call, accepted] = std::get<Decoded>(decoded);
  Served served;
  if (asks_for_files(call.type)) {
    auto read = read_files(call, engine);
    if (!read) return mesos_text(read.error().code == Errc::not_found ? 404 : 400, read.error().message);
    served.response = std::move(*read);
  } else if (call.type == CallType::get_containers) {
    add_containers(served, engine);
  } else {
    served.response = agent_answer(call.type, engine, served.of_commands);
  }
  return answer(v1::encode_agent(served.response, accepted), accepted);
}

}  // namespace windlass
