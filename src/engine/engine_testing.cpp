#include "engine/engine_testing.hpp"

#include "base/check.hpp"
#include "engine/invariants.hpp"

#include <utility>

namespace windlass::engine {

Uuid uuid_of(std::uint8_t number) {
  Uuid uuid;
  uuid.bytes[6] = 0x40;
  uuid.bytes[15] = number;
  return uuid;
}

Resources resources_of(const char* text) { return *parse_resources(text); }

FrameworkInfo modern_framework() {
  return {.user = "root",
          .name = "modern",
          .failover_timeout = 3600,
          .checkpoint = true,
          .roles = {"*"},
          .capabilities = {Capability::multi_role, Capability::partition_aware, Capability::task_killing_state,
                           Capability::reservation_refinement}};
}

FrameworkInfo old_framework() { return {.user = "root", .name = "old", .failover_timeout = 3600, .checkpoint = true}; }

TaskInfo command_task(const World& world, const std::string& id) {
  return {.id = {id},
          .name = id,
          .agent_id = world.state.record.agent_id,
          .resources = resources_of("cpus:0.1;mem:32"),
          .command = CommandInfo{.value = "sleep 100"}};
}

TaskInfo custom_task(const World& world, const std::string& id) {
  TaskInfo task = command_task(world, id);
  task.command.reset();
  task.executor = ExecutorInfo{.id = {"x-" + id},
                               .type = ExecutorType::custom,
                               .command = CommandInfo{.value = "./executor"},
                               .resources = resources_of("cpus:0.1;mem:32")};
  return task;
}

World::World() {
  settings_.master = {.id = {}, .hostname = "127.0.0.1", .ip = "127.0.0.1", .port = 5050, .version = "1.11.0"};
  settings_.agent.hostname = "127.0.0.1";
  settings_.agent.ip = "127.0.0.1";
  settings_.agent.resources = resources_of("cpus:4;mem:8192;disk:10000;ports:[31000-32000]");
  state = load(settings_, {});
  picture = make_picture(state);
  step(Started{});
}

Effects World::step(const Event& event) {
  Effects effects = engine::step(state, event, {.now = now, .prng = prng_});
  check_invariants(state);
  keep(effects);
  picture = update_picture(*picture, state, effects.changes);
  return effects;
}

void World::pass(Duration wait) {
  const TimePoint end = after(now, wait);
  while (wake_at_ && *wake_at_ <= end) {
    CHECK(*wake_at_ > now);  // else it would be woken for ever
    now = *wake_at_;
    step(TimePassed{});
  }
  now = end;
}

void World::restart() {
  Records records{.engine = engine_};
  for (const auto& [id, record] : frameworks_) records.frameworks.push_back(record);
  for (const auto& [id, record] : executors_) records.executors.push_back(record);
  for (const auto& [id, record] : tasks_) records.tasks.push_back(record);
  stream.reset();
  state = load(settings_, std::move(records));
  picture = make_picture(state);
  step(Started{});
}

Uuid World::subscribe(const FrameworkInfo& info, const FrameworkId& id, const std::vector<std::string>& suppressed) {
  FrameworkInfo named = info;
  named.id = id;
  stream = uuid_of(static_cast<std::uint8_t>(100 + ++uuid_));
  step(FrameworkSubscribe{*stream, id, {named, suppressed}});
  for (const auto& [known, framework] : state.frameworks) {
    if (framework.stream == stream) framework_id = known;
  }
  return *stream;
}

std::string World::call(const calls::Body& body) {
  return call_as(framework_id, stream ? std::optional{stream->to_string()} : std::nullopt, body);
}

std::string World::call_as(const FrameworkId& id, const std::optional<std::string>& header, const calls::Body& body) {
  const Effects effects = step(FrameworkCall{++request_, header, {id, body}});
  CHECK(effects.notices.size() == 1);
  return answer_of(effects, request_);
}

std::string World::launch(const std::vector<TaskInfo>& tasks, double refuse_seconds) {
  const calls::Operation operation{.type = calls::operation_launch, .tasks = tasks};
  return call(calls::Accept{{newest_offer()}, {operation}, refuse_seconds});
}

void World::acknowledge(const TaskId& task) {
  const auto& updates = state.tasks.at({framework_id, task}).record.updates;
  CHECK(!updates.empty());
  CHECK(call(calls::Acknowledge{state.record.agent_id, task, *updates.front().uuid}) == "202");
}

std::string World::start_executor(const ExecutorId& id, ConnectionId connection) {
  step(ExecutorStarted{executor(id).record.container_id, 4711, 99, "boot", "/sandbox"});
  return subscribe_executor(id, connection);
}

std::string World::subscribe_executor(const ExecutorId& id, ConnectionId connection,
                                      const executor_calls::Subscribe& subscribe) {
  const Effects effects = step(ExecutorSubscribe{++request_, connection, framework_id, id, subscribe});
  return answer_of(effects, request_);
}

std::string World::update(const ExecutorId& id, const TaskId& task, TaskState task_state, std::uint8_t uuid) {
  TaskStatus status{.task_id = task, .state = task_state, .source = StatusSource::executor};
  status.uuid = uuid_of(uuid != 0 ? uuid : ++uuid_);
  status.timestamp = now;
  return executor_call(id, executor_calls::Update{status});
}

std::string World::executor_call(const ExecutorId& id, const executor_calls::Body& body) {
  const Effects effects = step(ExecutorCallReceived{++request_, {framework_id, id, body}});
  return answer_of(effects, request_);
}

void World::exit(const ExecutorId& id, std::optional<int> wait_status) {
  step(ExecutorExited{executor(id).record.container_id, wait_status});
}

Texts World::heard() { return std::exchange(heard_, {}); }
Texts World::executor_heard(ConnectionId connection) { return std::exchange(executor_heard_[connection], {}); }
Texts World::commands() { return std::exchange(commands_, {}); }

OfferId World::newest_offer() const {
  OfferId newest{"none"};
  std::size_t number = 0;
  for (const auto& [id, offer] : state.offers) {
    const std::size_t its_number = std::stoul(id.value.substr(id.value.rfind('O') + 1));
    if (newest.value != "none" && its_number < number) continue;
    newest = id;
    number = its_number;
  }
  return newest;
}

const Executor& World::executor(const ExecutorId& id) const {
  return state.executors.at(state.executor_ids.at({framework_id, id}));
}

void World::keep(const Effects& effects) {
  wake_at_ = effects.wake_at;
  rows_written += effects.writes.size();
  const auto put = [](auto& rows, const auto& key, const auto& record) {
    rows.erase(key);
    if (record) rows.emplace(key, *record);
  };
  for (const Write& write : effects.writes) {
    if (const auto* row = std::get_if<PutEngine>(&write)) engine_ = row->record;
    if (const auto* row = std::get_if<PutFramework>(&write)) put(frameworks_, row->id, row->record);
    if (const auto* row = std::get_if<PutExecutor>(&write)) put(executors_, row->id, row->record);
    if (const auto* row = std::get_if<PutTask>(&write)) {
      put(tasks_, TaskKey{row->framework_id, row->task_id}, row->record);
    }
  }
  for (const Call& call : effects.calls) {
    if (const auto* sent = std::get_if<SendToFramework>(&call)) {
      heard_.push_back(shorten(describe(sent->event)));
      events.push_back(sent->event);
    } else if (std::holds_alternative<CloseFrameworkStream>(call)) {
      heard_.emplace_back("(closed)");
    } else if (const auto* told = std::get_if<SendToExecutor>(&call)) {
      executor_heard_[told->connection].push_back(describe(told->event));
    } else if (const auto* closed = std::get_if<CloseExecutorStream>(&call)) {
      executor_heard_[closed->connection].emplace_back("(closed)");
    } else if (const auto* launch = std::get_if<LaunchExecutor>(&call)) {
      commands_.push_back("launch " + launch->executor.id.value);
      launches.push_back(*launch);
    } else if (const auto* destroy = std::get_if<DestroyExecutor>(&call)) {
      const auto found = state.executors.find(destroy->container_id);
      const bool known = found != state.executors.end();
      commands_.push_back("destroy " + (known ? found->second.record.info.id.value : std::string{"a stranger"}));
    }
  }
}

std::string World::answer_of(const Effects& effects, RequestId request) const {
  for (const Answer& answer : effects.notices) {
    if (answer.request != request) continue;
    return std::to_string(answer.status) + (answer.text.empty() ? "" : " " + shorten(answer.text));
  }
  return "none";
}

// The master's id reads "M".
std::string World::shorten(std::string text) const {
  const std::string& id = state.record.master_id;
  for (auto at = text.find(id); at != std::string::npos; at = text.find(id)) text.replace(at, id.size(), "M");
  return text;
}

std::string World::describe(const SchedulerEvent& event) const {
  if (const auto* subscribed = std::get_if<events::Subscribed>(&event)) {
    return "SUBSCRIBED " + subscribed->framework_id.value;
  }
  if (std::holds_alternative<events::Heartbeat>(event)) return "HEARTBEAT";
  if (const auto* offers = std::get_if<events::Offers>(&event)) {
    std::string text = "OFFERS";
    for (const Offer& offer : offers->offers) {
      text += " " + offer.id.value + " " + offer.role + " " + offer.resources.allocated_to("").to_string();
      for (const ExecutorId& id : offer.executor_ids) text += " +" + id.value;
    }
    return text;
  }
  if (const auto* rescind = std::get_if<events::Rescind>(&event)) return "RESCIND " + rescind->offer_id.value;
  if (const auto* update = std::get_if<events::Update>(&event)) {
    const TaskStatus& status = update->status;
    std::string text = "UPDATE " + status.task_id.value + " " + to_string(status.state);
    if (status.reason) text += std::string{" "} + to_string(*status.reason);
    if (!status.message.empty()) text += " '" + status.message + "'";
    return text;
  }
  if (const auto* message = std::get_if<events::Message>(&event)) {
    return "MESSAGE " + message->executor_id.value + " " + message->data;
  }
  if (const auto* failure = std::get_if<events::Failure>(&event)) {
    return "FAILURE " + failure->executor_id.value_or(ExecutorId{}).value + " " +
           std::to_string(failure->status.value_or(0));
  }
  if (const auto* error = std::get_if<events::Error>(&event)) return "ERROR " + error->message;
  return "?";
}

std::string World::describe(const ExecutorEvent& event) {
  if (const auto* subscribed = std::get_if<executor_events::Subscribed>(&event)) {
    return "SUBSCRIBED " + subscribed->executor.id.value;
  }
  if (const auto* launch = std::get_if<executor_events::Launch>(&event)) return "LAUNCH " + launch->task.id.value;
  if (const auto* kill = std::get_if<executor_events::Kill>(&event)) {
    const bool graced = kill->kill_policy && kill->kill_policy->grace_period;
    return "KILL " + kill->task_id.value + (graced ? " " + to_mesos_duration(*kill->kill_policy->grace_period) : "");
  }
  if (const auto* acknowledged = std::get_if<executor_events::Acknowledged>(&event)) {
    return "ACKNOWLEDGED " + acknowledged->task_id.value + " " + std::to_string(acknowledged->uuid.bytes[15]);
  }
  if (const auto* message = std::get_if<executor_events::Message>(&event)) return "MESSAGE " + message->data;
  if (std::holds_alternative<executor_events::Shutdown>(event)) return "SHUTDOWN";
  if (std::holds_alternative<executor_events::Heartbeat>(event)) return "HEARTBEAT";
  return "?";
}

}  // namespace windlass::engine
