#include "sim/executor_acts.hpp"

#include "base/text.hpp"
#include "container/plan.hpp"
#include "sim/cluster.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace windlass::sim {

using namespace std::chrono_literals;

namespace {

constexpr Duration probe_takes_max = 50ms;
constexpr std::uint32_t status_ok = 200, status_sick = 503;

// The executor's arguments, as the shell gives them to it: the words after "exec '<path>' ".
std::vector<std::string> argv_of(const ExecutorInfo& executor) {
  const std::string command = executor.command && executor.command->value ? *executor.command->value : "";
  const auto exec = command.find("exec '");
  const auto quote = exec == std::string::npos ? exec : command.find('\'', exec + 6);
  if (quote == std::string::npos) return {};
  std::vector<std::string> argv;
  for (const std::string_view word : split_words(std::string_view{command}.substr(quote + 1))) argv.emplace_back(word);
  return argv;
}

ContainerView view_of(const Container& container) {
  ContainerView view;
  view.id = container.id;
  view.running = container.state == ContainerState::running;
  view.started = container.state != ContainerState::created;
  view.stop_signal = "SIGTERM";
  if (view.started) view.started_at = std::to_string(container.started.time_since_epoch().count());
  view.exit_code = container.exit_code;
  view.addresses.push_back({"bridge", "172.17.0.2", {}});
  return view;
}

// "/bin/sh -c 'batch 7'" runs batch, and so does "batch 7".
std::string program_of(const std::vector<std::string>& argv) {
  const std::string& command = argv.size() > 2 && argv[1] == "-c" ? argv[2] : argv.front();
  return command.substr(0, command.find(' '));
}

Container container_of(const ContainerSpec& spec, std::int64_t owner, const TaskId& task) {
  Container container;
  container.owner = owner;
  container.task = task;
  container.name = spec.name;
  container.image = spec.image;
  for (const auto& binding : spec.ports) {
    container.host_ports.push_back(static_cast<std::uint16_t>(std::stoi(binding.host_port)));
  }
  return container;
}

ProbeResult result_of(const Probe& probe, bool good) {
  if (std::holds_alternative<HttpProbe>(probe.what)) {
    return probe_results::Answered{good ? status_ok : status_sick};
  }
  if (std::holds_alternative<TcpProbe>(probe.what)) {
    if (good) return probe_results::Connected{};
    return probe_results::Refused{"connection refused"};
  }
  if (std::holds_alternative<CommandProbe>(probe.what)) return probe_results::Exited{good ? 0 : 1, ""};
  return probe_results::DockerSays{good ? HealthState::healthy : HealthState::unhealthy};
}

}  // namespace

template <class Value>
std::function<void(Value)> ExecutorNode::answer(std::function<void(ExecutorNode&, Value)> take) {
  return [&machine = machine_, pid = pid_, take = std::move(take)](Value value) {
    if (ExecutorNode* self = machine.find_executor(pid)) take(*self, std::move(value));
  };
}

// --- calls about one task -------------------------------------------------------------------------------------------

template <class Event>
Docker::Done TaskActs::done() {
  return node.answer<std::optional<Error>>(
      [task = task](ExecutorNode& self, std::optional<Error> error) { self.tell(task, Event{std::move(error)}); });
}

Docker& TaskActs::docker() const { return node.machine_.docker; }

void TaskActs::operator()(const executor::PlanContainer& call) { node.plan(call); }

void TaskActs::operator()(const executor::InspectImage& call) {
  auto inspected = [task = task, image = call.image](ExecutorNode& self, Result<bool> found) {
    if (!found) return self.tell(task, executor::ImageInspected{found.error()});
    std::optional<DockerImage> known;
    if (*found) known = DockerImage{"sha256:" + image, {6379, 6380}};
    self.tell(task, executor::ImageInspected{known});
  };
  docker().inspect_image(call.image, node.answer<Result<bool>>(inspected));
}

void TaskActs::operator()(const executor::PullImage& call) {
  const auto pulled = node.answer<int>([task = task](ExecutorNode& self, int part) {
    self.tell(task, executor::PullProgress{"1 of 3 layers", {}, static_cast<std::uint64_t>(part)});
  });
  node.runs_[task].pull = docker().pull(call.image, pulled, done<executor::PullEnded>());
  node.post_later(10ms, task, executor::PullProgress{"1 of 3 layers"});
}

void TaskActs::operator()(const executor::CancelPull&) {
  if (const auto pull = std::exchange(node.runs_[task].pull, {})) docker().cancel_pull(*pull);
}

void TaskActs::operator()(const executor::CreateContainer& call) { node.create(task, call.spec); }

void TaskActs::operator()(const executor::AttachContainer& call) {
  node.runs_[task].attached = true;
  docker().attach(call.id, done<executor::ContainerAttached>());
}

void TaskActs::operator()(const executor::StartContainer& call) {
  docker().start(call.id, done<executor::ContainerStarted>());
}

void TaskActs::operator()(const executor::InspectContainer& call) {
  auto inspected = [task = task](ExecutorNode& self, Result<Container> seen) {
    if (!seen) return self.tell(task, executor::ContainerInspected{seen.error()});
    self.tell(task, executor::ContainerInspected{view_of(*seen)});
  };
  docker().inspect(call.id, node.answer<Result<Container>>(inspected));
}

void TaskActs::operator()(const executor::WatchContainer& call) { node.watch(task, call.id); }

void TaskActs::operator()(const executor::SignalContainer& call) {
  auto signalled = [task = task](ExecutorNode& self, std::optional<Error> error) {
    if (error) self.tell(task, executor::SignalFailed{*error});
  };
  docker().signal(call.id, call.signal, node.answer<std::optional<Error>>(signalled));
}

void TaskActs::operator()(const executor::KillContainerProcess&) {}

void TaskActs::operator()(const executor::RemoveContainer& call) {
  docker().remove(call.id, done<executor::ContainerRemoved>());
}

void TaskActs::operator()(const executor::StartProcess& call) { node.start_process(task, call); }

void TaskActs::operator()(const executor::SignalProcess& call) {
  node.machine_.processes.signal(call.pid, call.signal);
}

void TaskActs::operator()(const executor::RunProbe& call) { node.probe(task, call); }
void TaskActs::operator()(const executor::CancelProbe& call) { node.runs_[task].probes.erase(call.number); }

// --- other calls ----------------------------------------------------------------------------------------------------

void ExecutorActs::operator()(const executor::SendToAgent& call) { node.send(call.body); }
void ExecutorActs::operator()(const executor::TaskCall& call) { std::visit(TaskActs{node, call.task}, call.body); }
void ExecutorActs::operator()(const executor::ForgetTask& call) { node.runs_.erase(call.task); }
void ExecutorActs::operator()(const executor::MakeHolder& call) { node.make_holder(call); }

void ExecutorActs::operator()(const executor::RemoveHolder& call) {
  auto removed = [group = call.group](ExecutorNode& self, std::optional<Error> error) {
    self.loop_->post(executor::HolderRemoved{group, std::move(error)});
  };
  node.machine_.docker.remove(call.container, node.answer<std::optional<Error>>(removed));
}

void ExecutorActs::operator()(const executor::LogToSandbox& call) {
  node.cluster_.world.note(node.name(), "writes: " + call.line);
}

void ExecutorActs::operator()(const executor::Exit& call) {
  node.exiting_ = true;
  node.cluster_.world.after(0ms, [&machine = node.machine_, pid = node.pid_, code = call.code] {
    machine.end_executor(pid, code << 8, "exit code " + std::to_string(code));
  });
}

// --- Docker ---------------------------------------------------------------------------------------------------------

void ExecutorNode::plan(const executor::PlanContainer& call) {
  const ContainerContext context{.argv = argv_of(launch_.executor),
                                 .framework_id = launch_.framework.id,
                                 .executor_id = launch_.executor.id,
                                 .container_id = launch_.container_id,
                                 .sandbox = "/sandboxes/" + launch_.container_id.value};
  auto planned = plan_container(call.task, context);
  if (planned && call.ordinal > 0) planned->spec.name += "." + std::to_string(call.ordinal + 1);
  post_later(1ms, call.task.id, executor::ContainerPlanned{std::move(planned)});
}

void ExecutorNode::create(const TaskId& task, const ContainerSpec& spec) {
  runs_[task].image = spec.image;
  auto created = [task](ExecutorNode& self, Result<std::string> id) {
    if (id) self.runs_[task].container = *id;
    self.tell(task, executor::ContainerCreated{std::move(id)});
  };
  machine_.docker.create(container_of(spec, pid_, task), answer<Result<std::string>>(created));
}

// Docker's wait: it answers when the container has ended, also if that was before.
void ExecutorNode::watch(const TaskId& task, const std::string& id) {
  auto inspected = [task, id](ExecutorNode& self, Result<Container> seen) {
    if (!seen) return self.tell(task, executor::WatchFailed{seen.error()});
    const Container* now = self.machine_.docker.find(id);
    if (now == nullptr) {
      return self.tell(task, executor::WatchFailed{{Errc::not_found, "No such container: " + id}});
    }
    if (now->state == ContainerState::exited) return self.report_exit(*now);
    self.runs_[task].watched = now->id;
  };
  machine_.docker.inspect(id, answer<Result<Container>>(inspected));
}

void ExecutorNode::container_exited(const Container& container) {
  const auto run = runs_.find(container.task);
  if (run == runs_.end() || run->second.watched != container.id) return;
  run->second.watched.reset();
  report_exit(container);
}

// Sometimes the wait says no more than Podman's does when somebody else removes the container: a guess, which the
// inspect that follows sets right, unless Docker is away by then.
void ExecutorNode::report_exit(const Container& container) {
  runs_[container.task].attached = false;
  executor::ContainerExited event{{.exit_code = container.exit_code}, view_of(container)};
  World& world = cluster_.world;
  if (cluster_.faults.guessed_end != 0 && world.chance(cluster_.faults.guessed_end, 1000)) {
    event.end = {.error = "the container was removed"};
    if (world.chance(1, 2)) event.view = Error{Errc::unavailable, "no answer from Docker"};
  }
  post_later(world.between(1ms, 20ms), container.task, std::move(event));
}

void ExecutorNode::daemon_changed(bool up) {
  if (up) return;
  const Error error{Errc::closed, "the connection to the Docker daemon is lost"};
  World& world = cluster_.world;
  for (auto& [task, run] : runs_) {
    if (std::exchange(run.watched, {})) post_later(world.between(0ms, 20ms), task, executor::WatchFailed{error});
    if (std::exchange(run.attached, false)) post_later(world.between(0ms, 20ms), task, executor::OutputLost{});
  }
}

// What holds the network of a group: created and started, and removed again when it does not start.
void ExecutorNode::make_holder(const executor::MakeHolder& call) {
  auto created = [group = call.group](ExecutorNode& self, Result<std::string> id) {
    if (!id) return self.loop_->post(executor::HolderMade{group, id.error()});
    self.start_holder(group, *id);
  };
  machine_.docker.create(container_of(call.spec, pid_, {}), answer<Result<std::string>>(created));
}

void ExecutorNode::start_holder(executor::GroupNumber group, const std::string& id) {
  auto started = [group, id](ExecutorNode& self, std::optional<Error> error) {
    if (error) {
      self.machine_.docker.remove(id, [](const std::optional<Error>&) {});
      return self.loop_->post(executor::HolderMade{group, *error});
    }
    auto inspected = [group](ExecutorNode& node, Result<Container> seen) {
      if (!seen) return node.loop_->post(executor::HolderMade{group, seen.error()});
      node.loop_->post(executor::HolderMade{group, view_of(*seen)});
    };
    self.machine_.docker.inspect(id, self.answer<Result<Container>>(inspected));
  };
  machine_.docker.start(id, answer<std::optional<Error>>(started));
}

// --- processes of command tasks -------------------------------------------------------------------------------------

void ExecutorNode::start_process(const TaskId& task, const executor::StartProcess& call) {
  runs_[task].image = program_of(call.argv);
  cluster_.world.after(1ms, [&machine = machine_, pid = pid_, task] {
    ExecutorNode* self = machine.find_executor(pid);
    if (self == nullptr) return;
    const auto process = machine.processes.start(pid, task, self->runs_[task].image);
    self->runs_[task].process = process;
    if (process) return self->tell(task, executor::ProcessStarted{*process});
    self->tell(task, executor::ProcessStarted{Error{Errc::not_found, "no such file or directory"}});
  });
}

void ExecutorNode::process_exited(const Process& process) {
  post_later(cluster_.world.between(0ms, 5ms), process.task,
             executor::ProcessExited{.exit_code = process.exit_code, .signal = process.signal});
}

// --- checks ---------------------------------------------------------------------------------------------------------

// A look takes a while, and longer than its limit when the task is slow or Docker is.
void ExecutorNode::probe(const TaskId& task, const executor::RunProbe& call) {
  Run& run = runs_[task];
  run.probes.insert(call.number);
  const ImageKind kind = cluster_.images.find(run.image);
  Duration takes = kind.answers_after.value_or(cluster_.world.between(1ms, probe_takes_max));
  const bool by_docker = std::holds_alternative<CommandProbe>(call.probe.what) && !run.process;
  if (by_docker) takes += machine_.docker.wait_for_hang();
  const bool late = call.probe.timeout > Duration{} && takes > call.probe.timeout;
  if (late) takes = call.probe.timeout;
  cluster_.world.after(takes, [&machine = machine_, pid = pid_, task, late, call] {
    ExecutorNode* self = machine.find_executor(pid);
    if (self == nullptr) return;
    const auto now = self->runs_.find(task);
    if (now == self->runs_.end() || now->second.probes.erase(call.number) == 0) return;
    const ProbeResult result = late ? ProbeResult{probe_results::TimedOut{}} : self->find_out(task, call.probe);
    self->cluster_.guest_checker.probe_ended(task, call.probe, result);
    self->tell(task, executor::ProbeEnded{call.number, result});
  });
}

ProbeResult ExecutorNode::find_out(const TaskId& task, const Probe& probe) {
  if (auto refusal = docker_refuses(task, probe)) return *refusal;
  const bool good = machine_.runs(task) && !cluster_.images.find(runs_[task].image).is_sick;
  return result_of(probe, good);
}

std::optional<ProbeResult> ExecutorNode::docker_refuses(const TaskId& task, const Probe& probe) const {
  const Run& run = runs_.at(task);
  if (!std::holds_alternative<CommandProbe>(probe.what) || run.process) return {};
  const Docker& docker = machine_.docker;
  if (!docker.daemon_up() || docker.wait_for_hang() > Duration{}) {
    return probe_results::Unknown{"Docker does not answer"};
  }
  if (!machine_.runs(task)) return probe_results::Unknown{"the task has ended"};
  return {};
}

}  // namespace windlass::sim
