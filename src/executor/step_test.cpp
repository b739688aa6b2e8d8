// Dialogues: what happens, and what follows.

#include "executor/step.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <concepts>

namespace windlass::executor {
namespace {

using namespace std::chrono_literals;

TaskInfo docker_task(const std::string& id = "t1") {
  TaskInfo task{.id = {id}, .name = id, .agent_id = {"a1"}};
  task.container = ContainerInfo{.docker = DockerInfo{.image = "redis"}};
  return task;
}

TaskInfo command_task(const std::string& value) {
  TaskInfo task{.id = {"t1"}, .name = "t1", .agent_id = {"a1"}};
  task.command = CommandInfo{.value = value};
  return task;
}

ContainerPlan plan_of(const std::string& image = "redis:latest") {
  return ContainerPlan{.spec = {.name = "mesos-c1", .image = image}};
}

ContainerView running_view() {
  ContainerView view{.id = "d1", .running = true, .started = true, .stop_signal = "SIGQUIT"};
  view.started_at = "2026-01-01T00:00:00Z";
  view.addresses = {{.network = "bridge", .ipv4 = "172.17.0.2"}};
  view.document = "{\"Id\":\"d1\"}";
  return view;
}

// The call, or what it says of a task.
template <class Wanted>
const Wanted* find(const Call& call) {
  if constexpr (std::constructible_from<TaskCallBody, Wanted>) {
    const auto* of_task = std::get_if<TaskCall>(&call);
    return of_task == nullptr ? nullptr : std::get_if<Wanted>(&of_task->body);
  } else {
    return std::get_if<Wanted>(&call);
  }
}

// An executor under test: moves time, takes events, keeps what followed.
class Dialogue {
 public:
  explicit Dialogue(Settings settings = {.checkpoint = true}) { state.settings = settings; }

  template <class Body>
  requires std::constructible_from<TaskEventBody, Body>
  const std::vector<Call>& tell(Body body, const std::string& task = "t1") {
    return tell(Event{TaskEvent{{task}, std::move(body)}});
  }
  const std::vector<Call>& tell(const Event& event) {
    last = step(state, event, {.now = now, .prng = prng}).calls;
    calls.insert(calls.end(), last.begin(), last.end());
    if (docker_removes) remove_at_once();
    return last;
  }
  const std::vector<Call>& hear(ExecutorEvent event) { return tell(Event{AgentEvent{std::move(event)}}); }
  const std::vector<Call>& pass(Duration time) {
    now += std::chrono::duration_cast<TimePoint::duration>(time);
    return tell(Event{TimePassed{}});
  }
  void subscribe(bool killing = true) {
    FrameworkInfo framework{.user = "root", .name = "f"};
    if (killing) framework.capabilities.insert(Capability::task_killing_state);
    hear(executor_events::Subscribed{{}, framework, {}, {"c1"}});
  }
  void launch(const TaskInfo& task = docker_task()) { hear(executor_events::Launch{task}); }
  void kill(std::optional<Duration> grace = {}, const std::string& task = "t1") {
    std::optional<KillPolicy> policy;
    if (grace) policy = KillPolicy{*grace};
    hear(executor_events::Kill{{task}, policy});
  }
  void run(const TaskInfo& task = docker_task()) {
    subscribe();
    launch(task);
    begin(task.id.value);
  }
  // From planned to running.
  void begin(const std::string& task, const std::string& container = "d1", const ContainerPlan& plan = plan_of()) {
    tell(ContainerPlanned{plan}, task);
    tell(ImageInspected{std::optional<DockerImage>{DockerImage{}}}, task);
    tell(ContainerCreated{container}, task);
    tell(ContainerAttached{}, task);
    tell(ContainerStarted{}, task);
    tell(ContainerInspected{running_view()}, task);
  }
  void acknowledge_all() {
    const auto updates = state.outbox.updates;
    for (const auto& update : updates) hear(executor_events::Acknowledged{update.status.task_id, *update.status.uuid});
  }

  template <class Wanted>
  [[nodiscard]] std::vector<Wanted> sent() const {
    std::vector<Wanted> found;
    for (const Call& call : calls) {
      if (const auto* wanted = find<Wanted>(call)) found.push_back(*wanted);
    }
    return found;
  }
  [[nodiscard]] std::vector<TaskStatus> statuses() const {
    std::vector<TaskStatus> found;
    for (const SendToAgent& call : sent<SendToAgent>()) {
      found.push_back(std::get<executor_calls::Update>(call.body).status);
    }
    return found;
  }
  [[nodiscard]] std::vector<TaskState> states() const {
    std::vector<TaskState> found;
    for (const TaskStatus& status : statuses()) found.push_back(status.state);
    return found;
  }
  [[nodiscard]] long killings() const {
    const std::vector<TaskState> all = states();
    return std::count(all.begin(), all.end(), TaskState::killing);
  }
  [[nodiscard]] std::vector<std::string> signals() const {
    std::vector<std::string> found;
    for (const auto& call : sent<SignalContainer>()) found.push_back(call.signal);
    return found;
  }

  // Docker answers a removal within the same moment; `last` then has what followed, too.
  void remove_at_once() {
    std::vector<Call> followed = last;
    for (const Call& call : last) {
      if (find<RemoveContainer>(call) == nullptr) continue;
      const auto more =
          step(state, TaskEvent{std::get<TaskCall>(call).task, ContainerRemoved{}}, {.now = now, .prng = prng}).calls;
      calls.insert(calls.end(), more.begin(), more.end());
      followed.insert(followed.end(), more.begin(), more.end());
    }
    last = std::move(followed);
  }

  State state;
  TimePoint now = from_seconds(1000);
  Prng prng{7};
  bool docker_removes = true;
  std::vector<Call> calls;
  std::vector<Call> last;
};

template <class Wanted>
bool has(const std::vector<Call>& calls) {
  return std::ranges::any_of(calls, [](const Call& call) { return find<Wanted>(call) != nullptr; });
}

using States = std::vector<TaskState>;

TEST(Executor, RunsATaskToItsEnd) {
  Dialogue d;
  d.run();
  d.tell(ContainerExited{{.exit_code = 0}});
  EXPECT_EQ(d.states(), (States{TaskState::starting, TaskState::running, TaskState::finished}));
  const TaskStatus running = d.statuses()[1];
  EXPECT_EQ(running.data, "[{\"Id\":\"d1\"}]");
  ASSERT_TRUE(running.container);
  EXPECT_EQ(running.container->networks.at(0).addresses, (std::vector<IpAddress>{{.address = "172.17.0.2"}}));
  EXPECT_EQ(running.container->container_id, ContainerId{"c1"});
  EXPECT_EQ(running.source, StatusSource::executor);
  EXPECT_TRUE(running.uuid && running.timestamp);
  EXPECT_NE(*running.uuid, *d.statuses()[0].uuid);
  EXPECT_EQ(d.statuses()[2].message, "Container exited with status 0");
  EXPECT_EQ(d.sent<RemoveContainer>(), (std::vector<RemoveContainer>{{"d1"}}));
  EXPECT_TRUE(d.sent<Exit>().empty()) << "the framework has not been heard yet";
  d.acknowledge_all();
  EXPECT_EQ(d.sent<Exit>(), (std::vector<Exit>{{0}}));
}

// An agent may destroy the executor and all that is in its control groups once it has the last word.
TEST(Executor, TheContainerIsGoneBeforeTheEndIsTold) {
  Dialogue d;
  d.docker_removes = false;
  d.run();
  d.tell(ContainerExited{{.exit_code = 0}});
  EXPECT_EQ(d.sent<RemoveContainer>(), (std::vector<RemoveContainer>{{"d1"}}));
  d.pass(4s);
  EXPECT_EQ(d.states().back(), TaskState::running);
  d.tell(ContainerRemoved{});
  EXPECT_EQ(d.states().back(), TaskState::finished);
  EXPECT_EQ(d.statuses().back().timestamp, d.now - 4s) << "of the end, not of the removal";
}

TEST(Executor, ADockerThatHangsDoesNotHideTheEnd) {
  Dialogue d;
  d.docker_removes = false;
  d.run();
  d.tell(ContainerExited{{.exit_code = 0}});
  d.pass(5s);
  EXPECT_EQ(d.states().back(), TaskState::finished);
  d.acknowledge_all();
  EXPECT_TRUE(d.sent<Exit>().empty()) << "the removal is still under way";
  d.tell(ContainerRemoved{});
  EXPECT_EQ(d.sent<Exit>(), (std::vector<Exit>{{0}}));
  EXPECT_EQ(d.sent<RemoveContainer>().size(), 1u);
}

TEST(Executor, ARemovalThatDockerRefusesDoesNotHideTheEnd) {
  Dialogue d;
  d.docker_removes = false;
  d.run();
  d.tell(ContainerExited{{.exit_code = 0}});
  d.tell(ContainerRemoved{Error{Errc::internal, "device or resource busy"}});
  EXPECT_EQ(d.states().back(), TaskState::finished);
}

TEST(Executor, AShutdownLeavesNoTimeToWaitForTheRemoval) {
  Dialogue d{{.checkpoint = true, .shutdown_grace = 3s}};
  d.docker_removes = false;
  d.run();
  d.tell(ContainerExited{{.exit_code = 0}});
  d.hear(executor_events::Shutdown{});
  d.pass(2s);
  EXPECT_EQ(d.states().back(), TaskState::finished);
}

TEST(Executor, TellsTheAddressesOfEveryNetwork) {
  Dialogue d;
  TaskInfo task = docker_task();
  task.container->network_names = {"front"};
  d.subscribe();
  d.launch(task);
  d.tell(ContainerPlanned{plan_of()});
  d.tell(ImageInspected{std::optional<DockerImage>{DockerImage{}}});
  d.tell(ContainerCreated{std::string{"d1"}});
  d.tell(ContainerAttached{});
  d.tell(ContainerStarted{});
  ContainerView view = running_view();
  view.addresses = {{.network = "front", .ipv4 = "10.0.0.2", .ipv6 = "fd00::2"},
                    {.network = "back", .ipv4 = "10.1.0.2"}};
  d.tell(ContainerInspected{view});
  const auto networks = d.statuses().back().container->networks;
  ASSERT_EQ(networks.size(), 2U);
  EXPECT_EQ(networks[0].name, "front");
  EXPECT_EQ(networks[0].addresses,
            (std::vector<IpAddress>{{.address = "10.0.0.2"}, {.address = "fd00::2", .protocol = 2}}));
  EXPECT_EQ(networks[1].name, "back");
}

TEST(Executor, DoesThingsInTheirOrder) {
  Dialogue d;
  d.subscribe();
  d.launch();
  EXPECT_TRUE(has<PlanContainer>(d.last));
  EXPECT_EQ(d.states(), States{TaskState::starting});
  EXPECT_TRUE(has<InspectImage>(d.tell(ContainerPlanned{plan_of()})));
  EXPECT_TRUE(has<CreateContainer>(d.tell(ImageInspected{std::optional<DockerImage>{DockerImage{}}})));
  EXPECT_TRUE(has<AttachContainer>(d.tell(ContainerCreated{std::string{"d1"}})));
  EXPECT_TRUE(has<StartContainer>(d.tell(ContainerAttached{}))) << "attached before it is started";
  EXPECT_TRUE(has<InspectContainer>(d.tell(ContainerStarted{})));
  EXPECT_EQ(d.states(), States{TaskState::starting}) << "running only when Docker says so";
  EXPECT_TRUE(has<WatchContainer>(d.tell(ContainerInspected{running_view()})));
  EXPECT_EQ(d.states().back(), TaskState::running);
}

TEST(Executor, AsksAgainUntilDockerSeesItStarted) {
  Dialogue d;
  d.subscribe();
  d.launch();
  d.tell(ContainerPlanned{plan_of()});
  d.tell(ImageInspected{std::optional<DockerImage>{DockerImage{}}});
  d.tell(ContainerCreated{std::string{"d1"}});
  d.tell(ContainerAttached{});
  d.tell(ContainerStarted{});
  d.tell(ContainerInspected{ContainerView{.id = "d1"}});
  EXPECT_EQ(d.states(), States{TaskState::starting});
  EXPECT_TRUE(has<InspectContainer>(d.pass(500ms)));
  d.tell(ContainerInspected{running_view()});
  EXPECT_EQ(d.states().back(), TaskState::running);
}

TEST(Executor, ArgumentsAreForTheImagesProgramWhereThePlanSaysSo) {
  for (const bool keeps : {true, false}) {
    Dialogue d;
    d.subscribe();
    d.launch();
    ContainerPlan plan = plan_of();
    plan.spec.command = {"-l"};
    plan.keeps_program = keeps;
    d.tell(ContainerPlanned{plan});
    d.tell(ImageInspected{std::optional<DockerImage>{DockerImage{.program = "ls"}}});
    const auto created = d.sent<CreateContainer>();
    ASSERT_EQ(created.size(), 1U);
    EXPECT_EQ(created.front().spec.command.size(), keeps ? 2U : 1U);
  }
}

TEST(Executor, APullBringsTheTasksLogin) {
  Dialogue d;
  d.subscribe();
  d.launch();
  ContainerPlan plan = plan_of();
  plan.registry_config = "{}";
  d.tell(ContainerPlanned{plan});
  d.tell(ImageInspected{std::optional<DockerImage>{}});
  ASSERT_EQ(d.sent<PullImage>().size(), 1U);
  EXPECT_EQ(d.sent<PullImage>().front().registry_config, "{}");
}

TEST(Executor, PullsWhatIsMissingAndReportsProgressAtABoundedRate) {
  Dialogue d;
  d.subscribe();
  d.launch();
  d.tell(ContainerPlanned{plan_of()});
  d.tell(ImageInspected{std::optional<DockerImage>{}});
  ASSERT_TRUE(has<PullImage>(d.last));
  EXPECT_EQ(d.statuses().back().message, "Pulling redis:latest: waiting for the registry");
  const auto before = d.statuses().size();
  for (int i = 0; i < 10; ++i) {
    d.tell(PullProgress{"1 of 3 layers, " + std::to_string(i) + ".0 of 9.0 MB"});
    d.pass(400ms);
  }
  EXPECT_EQ(d.statuses().size(), before) << "4 s have passed, not 5";
  d.pass(1s);
  ASSERT_EQ(d.statuses().size(), before + 1);
  EXPECT_EQ(d.statuses().back().message, "Pulling redis:latest: 1 of 3 layers, 9.0 of 9.0 MB");
  d.pass(60s);
  EXPECT_EQ(d.statuses().size(), before + 1) << "nothing has changed";
  EXPECT_TRUE(has<InspectImage>(d.tell(PullEnded{})));
  EXPECT_TRUE(has<CreateContainer>(d.tell(ImageInspected{std::optional<DockerImage>{DockerImage{}}})));
}

// Launched, its image missing.
Dialogue pulling_dialogue() {
  Dialogue d;
  d.subscribe();
  d.launch();
  d.tell(ContainerPlanned{plan_of("reg.example:5000/redis:latest")});
  d.tell(ImageInspected{std::optional<DockerImage>{}});
  return d;
}

TEST(Executor, TriesAPullAgainWhenTheRegistryIsAway) {
  Dialogue d = pulling_dialogue();
  const Error away{Errc::unavailable, "connection refused", {}};
  d.tell(PullEnded{away});
  EXPECT_EQ(d.sent<PullImage>().size(), 1U);
  d.pass(1s);
  EXPECT_EQ(d.sent<PullImage>().size(), 2U);
  d.tell(PullEnded{away});
  d.pass(1s);
  EXPECT_EQ(d.sent<PullImage>().size(), 2U) << "the wait doubles";
  d.pass(1s);
  EXPECT_EQ(d.sent<PullImage>().size(), 3U);
  d.pass(5s);
  EXPECT_EQ(d.statuses().back().message,
            "Pulling reg.example:5000/redis:latest: connection refused; next attempt in 2secs");
  d.tell(PullEnded{});
  d.tell(ImageInspected{std::optional<DockerImage>{DockerImage{}}});
  EXPECT_TRUE(has<CreateContainer>(d.last));
}

TEST(Executor, GivesAPullUpAfterItsTimeAndNamesTheRegistry) {
  Dialogue d = pulling_dialogue();
  for (int i = 0; i < 100 && d.states().back() != TaskState::failed; ++i) {
    d.tell(PullEnded{Error{Errc::internal, "toomanyrequests", {}}});
    d.pass(30s);
  }
  EXPECT_EQ(
      d.statuses().back().message,
      "Failed to launch container: Failed to pull image 'reg.example:5000/redis:latest' from reg.example:5000 in 6 "
      "attempts: toomanyrequests");
}

TEST(Executor, APullThatMovesIsReportedAlsoWhenItsWordsStayTheSame) {
  Dialogue d = pulling_dialogue();
  const auto before = d.statuses().size();
  for (int i = 0; i < 60; ++i) {
    d.tell(PullProgress{"2 of 3 layers, 9.0 of 9.0 MB", "{}", 9'000'000});  // a large layer is being unpacked
    d.pass(10s);
  }
  EXPECT_EQ(d.statuses().size(), before + 60);
}

// Before, all attempts together had two and a half minutes from the first one's beginning.
TEST(Executor, APullThatBreaksOffAfterHoursIsTriedAgain) {
  Dialogue d = pulling_dialogue();
  for (std::uint64_t i = 1; i <= 720; ++i) {
    d.tell(PullProgress{"0 of 1 layers", "{}", i});
    d.pass(10s);
  }
  d.tell(PullEnded{Error{Errc::closed, "connection reset by peer", {}}});
  d.pass(1s);
  EXPECT_EQ(d.sent<PullImage>().size(), 2U);
  EXPECT_EQ(d.states().back(), TaskState::starting);
}

TEST(Executor, APullThatBreaksOffAtTheSamePlaceAgainIsGivenUp) {
  Dialogue d = pulling_dialogue();
  for (int attempt = 1; attempt <= 2; ++attempt) {
    for (std::uint64_t i = 1; i <= 60; ++i) {
      d.tell(PullProgress{"0 of 1 layers", "{}", i});
      d.pass(10s);
    }
    d.tell(PullEnded{Error{Errc::closed, "connection reset by peer", {}}});
    d.pass(1s);
  }
  EXPECT_EQ(d.sent<PullImage>().size(), 2U);
  ASSERT_EQ(d.states().back(), TaskState::failed);
  EXPECT_NE(d.statuses().back().message.find("in 2 attempts: connection reset by peer"), std::string::npos);
}

TEST(Executor, AKillBeforeTheStartSaysWhatWasWaitedFor) {
  Dialogue d = pulling_dialogue();
  d.tell(PullProgress{"3 of 7 layers, 12.5 of 60.1 MB"});
  d.kill();
  EXPECT_EQ(d.statuses().back().message,
            "Killed before the container was started, while it was pulling reg.example:5000/redis:latest (3 of 7 "
            "layers, 12.5 of 60.1 MB)");
}

TEST(Executor, APullThatStallsIsBegunAnew) {
  Dialogue d = pulling_dialogue();
  d.pass(59s);
  d.tell(PullProgress{"1 of 3 layers", "{}"});
  d.pass(59s);
  EXPECT_TRUE(d.sent<CancelPull>().empty()) << "it has been heard of meanwhile";
  d.pass(1s);
  ASSERT_EQ(d.sent<CancelPull>().size(), 1U);
  d.tell(PullEnded{Error{Errc::cancelled, "the pull was cancelled", {}}});
  d.pass(1s);
  EXPECT_EQ(d.sent<PullImage>().size(), 2U);
  EXPECT_EQ(d.states().back(), TaskState::starting);
}

TEST(Executor, AKillWhileItWaitsToPullAgainEndsAtOnce) {
  Dialogue d = pulling_dialogue();
  d.tell(PullEnded{Error{Errc::unavailable, "connection refused", {}}});
  d.kill();
  EXPECT_EQ(d.states().back(), TaskState::killed);
  d.pass(60s);
  EXPECT_EQ(d.sent<PullImage>().size(), 1U);
}

TEST(Executor, ProgressIsForProgramsToo) {
  Dialogue d = pulling_dialogue();
  d.pass(5s);
  d.tell(PullProgress{"1 of 3 layers", "{\"pull\":{}}"});
  EXPECT_EQ(d.statuses().back().data, "{\"pull\":{}}");
}

TEST(Executor, ForcePullDoesNotLookFirst) {
  Dialogue d;
  d.subscribe();
  d.launch();
  ContainerPlan plan = plan_of();
  plan.force_pull = true;
  EXPECT_TRUE(has<PullImage>(d.tell(ContainerPlanned{plan})));
  EXPECT_TRUE(d.sent<InspectImage>().empty());
}

TEST(Executor, NeverPullsWhenToldSo) {
  Dialogue d;
  d.subscribe();
  d.launch();
  ContainerPlan plan = plan_of();
  plan.never_pull = true;
  d.tell(ContainerPlanned{plan});
  d.tell(ImageInspected{std::optional<DockerImage>{}});
  EXPECT_TRUE(d.sent<PullImage>().empty());
  EXPECT_EQ(d.statuses().back().message,
            "Failed to launch container: image 'redis:latest' is not on this machine, and --pull is never");
}

TEST(Executor, SendsStatisticsWhileSubscribed) {
  Dialogue d;
  d.run();
  d.tell(StatisticsTaken{"{}"});
  EXPECT_EQ(std::get<executor_calls::Message>(d.sent<SendToAgent>().back().body).data, "{}");
  d.tell(Event{AgentDisconnected{}});
  EXPECT_TRUE(d.tell(StatisticsTaken{"{}"}).empty());
}

TEST(Executor, TheKernelsCountOfOomKillsCountsMoreThanDockersFlag) {
  Dialogue d;
  d.run();
  d.tell(ContainerExited{{.exit_code = 137, .oom_killed = true, .oom = OomEvents{}}});
  EXPECT_FALSE(d.statuses().back().reason) << "it was killed by somebody else";
  Dialogue e;
  e.run();
  const OomEvents events{.kills = 1, .at_limit = true, .limit_bytes = 32 << 20, .peak_bytes = 32 << 20};
  e.tell(ContainerExited{{.exit_code = 137, .oom = events}});
  EXPECT_EQ(e.statuses().back().reason, Reason::container_limitation_memory);
  EXPECT_EQ(
      e.statuses().back().message,
      "Memory limit exceeded: the container is limited to 32 MB and used 32 MB at its peak. Container exited with "
      "status 137 (SIGKILL)");
}

TEST(Executor, AFailedHealthCheckEndsTheTask) {
  TaskInfo task = docker_task();
  task.health_check = HealthCheck{};
  task.health_check->type = CheckType::tcp;
  task.health_check->tcp = TcpCheck{.port = 80};
  task.health_check->delay = 0s;
  task.health_check->grace_period = 0s;
  task.health_check->consecutive_failures = 1;
  Dialogue d;
  d.run(task);
  d.pass(1s);
  ASSERT_EQ(d.sent<RunProbe>().size(), 1U);
  d.tell(ProbeEnded{d.sent<RunProbe>()[0].number, probe_results::Refused{"connection refused"}});
  EXPECT_EQ(d.statuses().back().state, TaskState::killing);
  EXPECT_EQ(d.statuses().back().healthy, false);
  EXPECT_EQ(d.signals(), (std::vector<std::string>{"SIGQUIT"}));
  d.tell(ContainerExited{{.exit_code = 0}});
  EXPECT_EQ(d.statuses().back().state, TaskState::killed);
  EXPECT_EQ(d.statuses().back().healthy, false) << "what was found last goes with the last update";
}

TEST(Executor, SaysWhatDockerSaidWhenTheLaunchFails) {
  Dialogue d;
  d.subscribe();
  d.launch();
  d.tell(ContainerPlanned{plan_of("no/such:image")});
  d.tell(ImageInspected{std::optional<DockerImage>{}});
  d.tell(PullEnded{Error{Errc::not_found, "manifest unknown", {}}});
  const TaskStatus last = d.statuses().back();
  EXPECT_EQ(last.state, TaskState::failed);
  EXPECT_EQ(last.reason, Reason::container_launch_failed);
  EXPECT_EQ(last.message, "Failed to launch container: Failed to pull image 'no/such:image': manifest unknown");
  d.acknowledge_all();
  EXPECT_EQ(d.sent<Exit>(), (std::vector<Exit>{{1}}));
  EXPECT_TRUE(d.sent<RemoveContainer>().empty()) << "there is no container";
}

TEST(Executor, RemovesAContainerThatCouldNotBeStarted) {
  Dialogue d;
  d.subscribe();
  d.launch();
  d.tell(ContainerPlanned{plan_of()});
  d.tell(ImageInspected{std::optional<DockerImage>{DockerImage{}}});
  d.tell(ContainerCreated{std::string{"d1"}});
  d.tell(ContainerAttached{});
  d.tell(ContainerStarted{Error{Errc::internal, "port is already allocated", {}}});
  EXPECT_EQ(d.statuses().back().message, "Failed to launch container: port is already allocated");
  d.acknowledge_all();
  EXPECT_EQ(d.sent<RemoveContainer>(), (std::vector<RemoveContainer>{{"d1"}}));
}

TEST(Executor, RemovesByNameWhenCreateHadNoAnswer) {
  Dialogue d;
  d.subscribe();
  d.launch();
  d.tell(ContainerPlanned{plan_of()});
  d.tell(ImageInspected{std::optional<DockerImage>{DockerImage{}}});
  d.tell(ContainerCreated{Error{Errc::timeout, "no answer in time", {}}});
  d.acknowledge_all();
  EXPECT_EQ(d.sent<RemoveContainer>(), (std::vector<RemoveContainer>{{"mesos-c1"}}));
}

TEST(Executor, ExitCodesAndSignalsAreNamed) {
  Dialogue d;
  d.run();
  d.tell(ContainerExited{{.exit_code = 137}});
  EXPECT_EQ(d.statuses().back().state, TaskState::failed);
  EXPECT_EQ(d.statuses().back().message, "Container exited with status 137 (SIGKILL)");
  d.acknowledge_all();
  d.tell(ContainerRemoved{});
  EXPECT_EQ(d.sent<Exit>(), (std::vector<Exit>{{137}}));
}

TEST(Executor, OutOfMemoryNamesTheLimit) {
  Dialogue d;
  d.subscribe();
  d.launch();
  ContainerPlan plan = plan_of();
  plan.spec.memory_bytes = 32 << 20;
  d.tell(ContainerPlanned{plan});
  d.tell(ImageInspected{std::optional<DockerImage>{DockerImage{}}});
  d.tell(ContainerCreated{std::string{"d1"}});
  d.tell(ContainerAttached{});
  d.tell(ContainerStarted{});
  d.tell(ContainerInspected{running_view()});
  d.tell(ContainerExited{{.exit_code = 137, .oom_killed = true}});
  EXPECT_EQ(d.statuses().back().reason, Reason::container_limitation_memory);
  EXPECT_EQ(d.statuses().back().message,
            "Memory limit exceeded: the container is limited to 32 MB. Container exited with status 137 (SIGKILL)");
}

TEST(Executor, KillSendsTheStopSignalAndSigkillAfterTheGrace) {
  Dialogue d;
  d.run();
  d.kill(3s);
  EXPECT_EQ(d.states().back(), TaskState::killing);
  EXPECT_EQ(d.signals(), (std::vector<std::string>{"SIGQUIT"}));
  d.pass(2900ms);
  EXPECT_EQ(d.signals().size(), 1U);
  d.pass(100ms);
  EXPECT_EQ(d.signals(), (std::vector<std::string>{"SIGQUIT", "SIGKILL"}));
  d.pass(5s);
  EXPECT_EQ(d.signals().back(), "SIGKILL") << "repeated while it lives";
  EXPECT_EQ(d.signals().size(), 3U);
  d.tell(ContainerExited{{.exit_code = 0}});
  EXPECT_EQ(d.states().back(), TaskState::killed) << "whatever the code";
}

TEST(Executor, KillsTheProcessItselfWhenDockerStaysDeaf) {
  Dialogue d;
  d.run();
  d.kill(1s);
  d.pass(1s);
  EXPECT_TRUE(d.sent<KillContainerProcess>().empty()) << "Docker is asked first";
  d.pass(5s);
  EXPECT_EQ(d.sent<KillContainerProcess>().size(), 1U);
  d.tell(ContainerProcessKilled{});
  EXPECT_EQ(d.statuses().back().state, TaskState::killed);
  EXPECT_EQ(d.statuses().back().message,
            "Container exited with status 137 (SIGKILL); Docker did not answer, its process was killed directly");
  d.acknowledge_all();
  EXPECT_EQ(d.sent<RemoveContainer>(), (std::vector<RemoveContainer>{{"d1"}}));
}

TEST(Executor, NoKillingForFrameworksThatDoNotKnowIt) {
  Dialogue d;
  d.run();
  d.subscribe(false);
  d.kill();
  EXPECT_EQ(d.states().back(), TaskState::running);
}

TEST(Executor, KillPolicyOfTheEventThenTheTaskThenTheAgent) {
  const auto grace_of = [](const TaskInfo& task, std::optional<Duration> in_event) {
    Dialogue d;
    d.run(task);
    d.kill(in_event);
    Duration waited{};
    for (; d.signals().size() < 2 && waited < 60s; waited += 1s) d.pass(1s);
    return waited;
  };
  TaskInfo task = docker_task();
  EXPECT_EQ(grace_of(task, {}), 5s);
  task.kill_policy = KillPolicy{9s};
  EXPECT_EQ(grace_of(task, {}), 9s);
  EXPECT_EQ(grace_of(task, 2s), 2s);
}

TEST(Executor, ASecondKillMovesTheDeadlineBothWays) {
  Dialogue d;
  d.run();
  d.kill(60s);
  d.pass(1s);
  d.kill(2s);
  EXPECT_EQ(d.signals().size(), 1U) << "the stop signal is not sent twice";
  d.pass(2s);
  EXPECT_EQ(d.signals().back(), "SIGKILL");

  Dialogue e;
  e.run();
  e.kill(2s);
  e.kill(0s);
  EXPECT_EQ(e.signals().back(), "SIGKILL");
  EXPECT_EQ(e.killings(), 1);
}

TEST(Executor, ARepeatedKillDoesNotPutSigkillOff) {
  Dialogue d;
  d.run();
  d.kill();
  d.pass(3s);
  d.kill();
  EXPECT_EQ(d.signals().size(), 1U);
  d.pass(2s);
  EXPECT_EQ(d.signals().back(), "SIGKILL") << "5 s after the first one";
}

TEST(Executor, StopTimeoutIsTheGraceWhereNoKillPolicySaysAnother) {
  const auto grace_of = [](int stop_timeout, std::optional<Duration> of_task, std::optional<Duration> in_event) {
    Dialogue d;
    TaskInfo task = docker_task();
    if (of_task) task.kill_policy = KillPolicy{*of_task};
    d.subscribe();
    d.launch(task);
    ContainerPlan plan = plan_of();
    plan.spec.stop_timeout = stop_timeout;
    d.begin("t1", "d1", plan);
    d.kill(in_event);
    Duration waited{};
    for (; d.signals().size() < 2 && waited < 60s; waited += 1s) d.pass(1s);
    return waited;
  };
  EXPECT_EQ(grace_of(20, {}, {}), 20s);
  EXPECT_EQ(grace_of(-1, {}, {}), 60s) << "never: as Docker has it";
  EXPECT_EQ(grace_of(20, 9s, {}), 9s);
  EXPECT_EQ(grace_of(20, 9s, 2s), 2s);
}

TEST(Executor, AQuietPullSaysOnlyThatItGoesOn) {
  Dialogue d;
  d.subscribe();
  d.launch();
  ContainerPlan plan = plan_of();
  plan.spec.quiet_pull = true;
  d.tell(ContainerPlanned{plan});
  d.tell(ImageInspected{std::optional<DockerImage>{}});
  const auto before = d.statuses().size();
  for (int i = 0; i < 30; ++i) {
    d.pass(10s);
    d.tell(PullProgress{"1 of 3 layers", "{}"});
  }
  EXPECT_EQ(d.statuses().size(), before + 30);
  EXPECT_EQ(d.statuses().back().message, "Pulling redis:latest");
  EXPECT_FALSE(d.statuses().back().data);
}

TEST(Executor, KillWhilePullingEndsAtOnce) {
  Dialogue d;
  d.subscribe();
  d.launch();
  d.tell(ContainerPlanned{plan_of()});
  d.tell(ImageInspected{std::optional<DockerImage>{}});
  d.kill();
  EXPECT_TRUE(has<CancelPull>(d.last));
  EXPECT_EQ(d.states().back(), TaskState::killed);
  EXPECT_TRUE(d.tell(PullEnded{}).empty()) << "too late";
  d.acknowledge_all();
  EXPECT_EQ(d.sent<Exit>(), (std::vector<Exit>{{0}}));
}

TEST(Executor, KillWhileCreatingRemovesWhatWasCreated) {
  Dialogue d;
  d.subscribe();
  d.launch();
  d.tell(ContainerPlanned{plan_of()});
  d.tell(ImageInspected{std::optional<DockerImage>{DockerImage{}}});
  d.kill();
  EXPECT_EQ(d.states().back(), TaskState::killing);
  d.kill();
  EXPECT_EQ(d.killings(), 1);
  d.tell(ContainerCreated{std::string{"d1"}});
  EXPECT_EQ(d.states().back(), TaskState::killed);
  EXPECT_TRUE(d.sent<StartContainer>().empty());
  d.acknowledge_all();
  EXPECT_EQ(d.sent<RemoveContainer>(), (std::vector<RemoveContainer>{{"d1"}}));
}

TEST(Executor, KillWhileStartingStopsItWithoutSayingRunning) {
  Dialogue d;
  d.subscribe();
  d.launch();
  d.tell(ContainerPlanned{plan_of()});
  d.tell(ImageInspected{std::optional<DockerImage>{DockerImage{}}});
  d.tell(ContainerCreated{std::string{"d1"}});
  d.tell(ContainerAttached{});
  d.kill();
  d.tell(ContainerStarted{});
  d.tell(ContainerInspected{running_view()});
  EXPECT_EQ(d.signals(), (std::vector<std::string>{"SIGQUIT"}));
  d.tell(ContainerExited{{.exit_code = 143}});
  EXPECT_EQ(d.states(), (States{TaskState::starting, TaskState::killing, TaskState::killed}));
}

TEST(Executor, AKillOfAnotherTaskIsIgnored) {
  Dialogue d;
  d.subscribe();
  d.launch(docker_task("t2"));
  const auto before = d.calls.size();
  d.kill();
  EXPECT_EQ(d.calls.size(), before);
}

TEST(Executor, AKillThatOvertakesItsLaunchCounts) {
  Dialogue d;
  d.subscribe();
  d.kill();
  EXPECT_TRUE(d.calls.empty());
  d.launch();
  EXPECT_TRUE(d.sent<PlanContainer>().empty());
  EXPECT_EQ(d.states(), (States{TaskState::starting, TaskState::killed}));
  EXPECT_EQ(d.statuses().back().message,
            "Killed before the container was started, when nothing had been done for it yet");
}

TEST(Executor, AKillThatIsOldIsNotForTheTaskThatComesNow) {
  Dialogue d;
  d.subscribe();
  d.launch(docker_task("t2"));
  d.kill();
  d.pass(61s);
  d.launch();
  EXPECT_EQ(d.sent<PlanContainer>().size(), 2U);
}

TEST(Executor, AKillThatOvertakesTheLaunchOfAGroupEndsTheGroup) {
  Dialogue d;
  d.subscribe();
  d.kill({}, "b");
  d.hear(executor_events::LaunchGroup{{docker_task("a"), docker_task("b"), docker_task("c")}});
  const auto killed = std::ranges::count(d.states(), TaskState::killed);
  EXPECT_EQ(killed, 3);
}

TEST(Executor, ShutdownKeepsASecondForItself) {
  Dialogue d;
  d.run();
  d.hear(executor_events::Shutdown{});
  EXPECT_EQ(d.signals(), (std::vector<std::string>{"SIGQUIT"}));
  d.pass(4s);
  EXPECT_EQ(d.signals().back(), "SIGKILL");
  d.tell(ContainerExited{{.exit_code = 137}});
  EXPECT_EQ(d.statuses().back().message,
            "Container exited with status 137 (SIGKILL) after the executor was told to shut down");
  EXPECT_EQ(d.states().back(), TaskState::killed);

  Dialogue idle;
  idle.subscribe();
  EXPECT_TRUE(has<Exit>(idle.hear(executor_events::Shutdown{})));
}

TEST(Executor, ASignalEndsTheTaskInOrder) {
  Dialogue d;
  d.run();
  d.tell(Event{SignalReceived{15}});
  d.tell(ContainerExited{{.exit_code = 0}});
  EXPECT_EQ(d.states().back(), TaskState::killed);
  EXPECT_EQ(d.statuses().back().message, "Container exited with status 0 after the executor received SIGTERM");
}

TEST(Executor, LeavesAfterAMinuteWithoutAcknowledgement) {
  Dialogue d;
  d.run();
  d.tell(ContainerExited{{.exit_code = 3}});
  d.pass(59s);
  EXPECT_TRUE(d.sent<Exit>().empty());
  d.pass(1s);
  EXPECT_EQ(d.sent<Exit>(), (std::vector<Exit>{{3}}));
}

TEST(Executor, ARemovalThatHangsDoesNotKeepIt) {
  Dialogue d;
  d.docker_removes = false;
  d.run();
  d.tell(ContainerExited{{.exit_code = 3}});
  d.pass(5s);
  d.acknowledge_all();
  d.pass(29s);
  EXPECT_TRUE(d.sent<Exit>().empty());
  d.pass(1s);
  EXPECT_EQ(d.sent<Exit>(), (std::vector<Exit>{{3}}));
}

TEST(Executor, RunsSeveralTasksAndLeavesAfterTheLast) {
  Dialogue d;
  d.run();
  d.launch();
  EXPECT_TRUE(d.last.empty()) << "the same task again is a repetition";
  d.launch(docker_task("t2"));
  EXPECT_EQ(d.sent<PlanContainer>().back().ordinal, 1) << "not the first: it gets names of its own";
  d.begin("t2", "d2");
  EXPECT_EQ(d.statuses().back().task_id, TaskId{"t2"});
  EXPECT_EQ(d.states().back(), TaskState::running);
  d.kill(3s, "t2");
  EXPECT_EQ(d.sent<SignalContainer>().back().id, "d2");
  d.tell(ContainerExited{{.exit_code = 4}});
  EXPECT_EQ(d.statuses().back().task_id, TaskId{"t1"});
  d.acknowledge_all();
  EXPECT_EQ(d.sent<RemoveContainer>(), (std::vector<RemoveContainer>{{"d1"}})) << "the other has not ended";
  d.tell(ContainerRemoved{});
  EXPECT_EQ(d.sent<ForgetTask>(), (std::vector<ForgetTask>{{{"t1"}}}));
  EXPECT_TRUE(d.sent<Exit>().empty());
  d.tell(ContainerExited{{.exit_code = 0}}, "t2");
  d.acknowledge_all();
  d.tell(ContainerRemoved{}, "t2");
  EXPECT_EQ(d.sent<Exit>(), (std::vector<Exit>{{4}})) << "the first that was not 0";
}

TEST(Executor, ALostAgentEndsAllTasks) {
  Dialogue d{Settings{.checkpoint = false}};
  d.run();
  d.launch(docker_task("t2"));
  d.begin("t2", "d2");
  d.tell(Event{AgentDisconnected{}});
  EXPECT_EQ(d.signals(), (std::vector<std::string>{"SIGQUIT", "SIGQUIT"}));
}

TEST(Executor, TakesNoTaskWhileItShutsDown) {
  Dialogue d;
  d.run();
  d.hear(executor_events::Shutdown{});
  d.launch(docker_task("t2"));
  EXPECT_EQ(d.statuses().back().task_id, TaskId{"t2"});
  EXPECT_EQ(d.statuses().back().state, TaskState::failed);
  EXPECT_EQ(d.statuses().back().message, "The executor is shutting down");
  d.tell(ContainerExited{{.exit_code = 0}});
  for (const TaskStatus& status : d.statuses()) {
    if (status.task_id == TaskId{"t1"}) d.hear(executor_events::Acknowledged{status.task_id, *status.uuid});
  }
  d.tell(ContainerRemoved{});
  EXPECT_TRUE(d.sent<Exit>().empty()) << "the refusal has not been acknowledged";
  d.acknowledge_all();
  EXPECT_EQ(d.sent<Exit>(), (std::vector<Exit>{{0}}));
}

TEST(Executor, CarriesWhatIsNotAcknowledgedIntoTheNextSubscription) {
  Dialogue d;
  d.subscribe();
  d.launch();
  d.tell(Event{AgentDisconnected{}});
  const auto sent = d.statuses().size();
  d.tell(ContainerPlanned{plan_of()});
  d.tell(ImageInspected{std::optional<DockerImage>{}});
  EXPECT_EQ(d.statuses().size(), sent) << "nobody is there";
  const auto carried = take_subscription(d.state);
  EXPECT_EQ(carried.unacknowledged_tasks.size(), 1U);
  EXPECT_EQ(carried.unacknowledged_updates.size(), 2U);
  d.tell(PullEnded{Error{Errc::not_found, "gone", {}}});
  d.subscribe();
  ASSERT_EQ(d.statuses().size(), sent + 1) << "only what came after the subscription was written";
  EXPECT_EQ(d.statuses().back().state, TaskState::failed);
  d.acknowledge_all();
  EXPECT_TRUE(take_subscription(d.state).unacknowledged_tasks.empty());
}

TEST(Executor, AFirstAcknowledgementReleasesTheTask) {
  Dialogue d;
  d.run();
  const auto first = d.statuses().front();
  d.hear(executor_events::Acknowledged{first.task_id, *first.uuid});
  const auto carried = take_subscription(d.state);
  EXPECT_TRUE(carried.unacknowledged_tasks.empty());
  EXPECT_EQ(carried.unacknowledged_updates.size(), 1U);
}

TEST(Executor, ALostAgentWithoutCheckpointEndsTheTask) {
  Dialogue d{Settings{.checkpoint = false}};
  d.run();
  d.tell(Event{AgentDisconnected{}});
  EXPECT_EQ(d.signals(), (std::vector<std::string>{"SIGQUIT"}));
  d.tell(ContainerExited{{.exit_code = 0}});
  EXPECT_FALSE(d.sent<RemoveContainer>().empty()) << "nobody will acknowledge";
  d.tell(ContainerRemoved{});
  EXPECT_FALSE(d.sent<Exit>().empty());
}

TEST(Executor, ALostAgentWithCheckpointMayComeBackInTime) {
  Dialogue d;
  d.run();
  d.tell(Event{AgentDisconnected{}});
  d.pass(14min);
  EXPECT_TRUE(d.signals().empty());
  d.subscribe();
  d.pass(20min);
  EXPECT_TRUE(d.signals().empty());
  d.tell(Event{AgentDisconnected{}});
  d.pass(15min);
  EXPECT_EQ(d.signals(), (std::vector<std::string>{"SIGQUIT"}));
}

TEST(Executor, AnAgentThatNeverAnswersIsGivenUp) {
  Dialogue d;
  d.tell(Event{AgentDisconnected{}});
  d.pass(59s);
  EXPECT_TRUE(d.sent<Exit>().empty());
  d.pass(1s);
  EXPECT_EQ(d.sent<Exit>(), (std::vector<Exit>{{1}}));
}

TEST(Executor, AnAgentThatDoesNotKnowUsIsLost) {
  Dialogue d;
  d.tell(Event{AgentRefused{"Executor cannot be found"}});
  EXPECT_EQ(d.sent<Exit>(), (std::vector<Exit>{{1}}));
}

TEST(Executor, KeepsTheContainerWhileDockerIsAway) {
  Dialogue d;
  d.run();
  const auto before = d.statuses().size();
  d.tell(WatchFailed{Error{Errc::closed, "end of stream", {}}});
  EXPECT_TRUE(has<InspectContainer>(d.pass(1s)));
  d.tell(ContainerInspected{Error{Errc::unavailable, "connection refused", {}}});
  EXPECT_TRUE(has<InspectContainer>(d.pass(1s)));
  d.tell(ContainerInspected{running_view()});
  EXPECT_TRUE(has<AttachContainer>(d.last));
  EXPECT_TRUE(has<WatchContainer>(d.last));
  EXPECT_EQ(d.statuses().size(), before) << "the framework does not notice";
  d.tell(ContainerExited{{.exit_code = 0}});
  EXPECT_EQ(d.states().back(), TaskState::finished);
}

TEST(Executor, AContainerThatWasStartedAgainIsAnotherOne) {
  for (const bool killed : {false, true}) {
    Dialogue d;
    d.run();
    if (killed) d.kill();
    d.tell(WatchFailed{Error{Errc::closed, "end of stream", {}}});
    EXPECT_TRUE(has<InspectContainer>(d.pass(1s)));
    ContainerView view = running_view();
    view.started_at = "2026-01-01T00:00:01Z";
    d.tell(ContainerInspected{view});
    EXPECT_EQ(d.states().back(), killed ? TaskState::killed : TaskState::failed);
    EXPECT_EQ(d.statuses().back().message, "Container was restarted by somebody else");
    d.acknowledge_all();
    EXPECT_EQ(d.sent<RemoveContainer>(), (std::vector<RemoveContainer>{{"d1"}}));
    d.tell(ContainerRemoved{});
    EXPECT_EQ(d.sent<Exit>(), (std::vector<Exit>{{1}}));
  }
}

TEST(Executor, AContainerThatVanishedFails) {
  Dialogue d;
  d.run();
  d.tell(WatchFailed{Error{Errc::not_found, "No such container: d1", {}}});
  EXPECT_EQ(d.states().back(), TaskState::failed);
  EXPECT_EQ(d.statuses().back().message, "Container is gone: No such container: d1");
}

TEST(Executor, LooksAfterTheContainerWhenItsOutputEndsEarly) {
  Dialogue d;
  d.run();
  d.tell(OutputLost{});
  d.pass(1s);
  EXPECT_TRUE(has<InspectContainer>(d.last));
}

TEST(Executor, RepeatsASignalThatDidNotGetThrough) {
  Dialogue d;
  d.run();
  d.kill(10s);
  d.tell(SignalFailed{Error{Errc::timeout, "no answer in time", {}}});
  d.pass(1s);
  EXPECT_EQ(d.signals(), (std::vector<std::string>{"SIGQUIT", "SIGQUIT"}));
}

TEST(Executor, MaxCompletionTimeIsAFailureWithItsReason) {
  TaskInfo task = docker_task();
  task.max_completion_time = 2s;
  Dialogue d;
  d.run(task);
  d.pass(2s);
  EXPECT_EQ(d.signals(), (std::vector<std::string>{"SIGKILL"}));
  d.tell(ContainerExited{{.exit_code = 137}});
  EXPECT_EQ(d.states().back(), TaskState::failed);
  EXPECT_EQ(d.statuses().back().reason, Reason::max_completion_time_reached);
  EXPECT_EQ(d.statuses().back().message,
            "Container exited with status 137 (SIGKILL) after its max_completion_time of 2secs");
}

TEST(Executor, CommandTasksRunAsProcesses) {
  Dialogue d;
  d.subscribe();
  d.launch(command_task("exit 7"));
  EXPECT_EQ(d.sent<StartProcess>().at(0).argv, (std::vector<std::string>{"/bin/sh", "-c", "exit 7"}));
  d.tell(ProcessStarted{42});
  d.tell(ProcessExited{.exit_code = 7});
  EXPECT_EQ(d.states(), (States{TaskState::starting, TaskState::running, TaskState::failed}));
  EXPECT_EQ(d.statuses().back().message, "Command exited with status 7");
  EXPECT_FALSE(d.statuses().back().reason);
  d.acknowledge_all();
  EXPECT_EQ(d.sent<Exit>(), (std::vector<Exit>{{7}}));
}

TEST(Executor, CommandTasksAreKilledWithGrace) {
  Dialogue d;
  d.subscribe();
  d.launch(command_task("sleep 100"));
  d.tell(ProcessStarted{42});
  d.kill(3s);
  d.pass(3s);
  EXPECT_EQ(d.sent<SignalProcess>(), (std::vector<SignalProcess>{{42, 15}, {42, 9}}));
  d.tell(ProcessExited{.signal = 9});
  EXPECT_EQ(d.statuses().back().message, "Command terminated with signal Killed");
  EXPECT_EQ(d.states().back(), TaskState::killed);
}

TEST(Executor, ArgvCommandsRunTheValueWithTheArgumentsAfterTheName) {
  TaskInfo task = command_task("/bin/echo");
  task.command->shell = false;
  task.command->arguments = {"echo", "a b"};
  Dialogue d;
  d.subscribe();
  d.launch(task);
  EXPECT_EQ(d.sent<StartProcess>().at(0).argv, (std::vector<std::string>{"/bin/echo", "a b"}));
}

TEST(Executor, ACommandWithoutValueFails) {
  TaskInfo task = command_task("");
  task.command->value.reset();
  Dialogue d;
  d.subscribe();
  d.launch(task);
  EXPECT_EQ(d.statuses().back().message, "Failed to launch command: Shell specified but no command value provided");
}

}  // namespace
}  // namespace windlass::executor
