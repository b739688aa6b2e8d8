// Task groups: all or nothing, one network, one end.

#include "executor/step.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace windlass::executor {
namespace {

using namespace std::chrono_literals;

class GroupTest : public testing::Test {
 protected:
  GroupTest() {
    hear(executor_events::Subscribed{{}, FrameworkInfo{.user = "root", .name = "f"}, {}, {"c1"}});
    hear(executor_events::LaunchGroup{{task("a"), task("b")}});
  }

  static TaskInfo task(const std::string& id) {
    TaskInfo made{.id = {id}, .name = id, .agent_id = {"a1"}};
    made.container = ContainerInfo{.docker = DockerInfo{.image = "redis"}};
    return made;
  }

  void tell(const Event& event) {
    const auto more = step(state, event, {.now = now, .prng = prng}).calls;
    calls.insert(calls.end(), more.begin(), more.end());
    // Docker removes containers of tasks in the same moment.
    for (const Call& call : more) {
      const auto* of_task = std::get_if<TaskCall>(&call);
      if (of_task == nullptr || !std::holds_alternative<RemoveContainer>(of_task->body)) continue;
      tell(TaskEvent{of_task->task, ContainerRemoved{}});
    }
  }
  void hear(ExecutorEvent event) { tell(AgentEvent{std::move(event)}); }
  void tell(const std::string& id, TaskEventBody body) { tell(TaskEvent{{id}, std::move(body)}); }

  static ContainerView holder_view() {
    ContainerView view{.id = "h1", .running = true, .started = true};
    view.addresses = {{.network = "bridge", .ipv4 = "172.17.0.9"}};
    return view;
  }
  void plan(const std::string& id, const std::string& network, std::uint16_t port) {
    ContainerPlan made{.spec = {.name = "mesos-c1." + id, .image = "redis:latest", .network_mode = network}};
    if (port != 0) made.spec.ports = {{.container_port = port, .host_port = std::to_string(31000 + port)}};
    tell(id, ContainerPlanned{made});
    tell(id, ImageInspected{std::optional<DockerImage>{DockerImage{}}});
  }
  void run_both() {
    plan("a", "bridge", 80);
    plan("b", "bridge", 81);
    tell(HolderMade{holders().at(0).group, holder_view()});
    for (const char* id : {"a", "b"}) {
      tell(id, ContainerCreated{std::string{"d-"} + id});
      tell(id, ContainerAttached{});
    }
    for (const char* id : {"a", "b"}) {
      tell(id, ContainerStarted{});
      tell(id, ContainerInspected{ContainerView{.id = std::string{"d-"} + id, .running = true, .started = true}});
    }
  }

  template <class Wanted>
  std::vector<std::pair<std::string, Wanted>> of_tasks() const {
    std::vector<std::pair<std::string, Wanted>> found;
    for (const Call& call : calls) {
      const auto* of_task = std::get_if<TaskCall>(&call);
      if (of_task == nullptr) continue;
      if (const auto* wanted = std::get_if<Wanted>(&of_task->body)) found.push_back({of_task->task.value, *wanted});
    }
    return found;
  }
  template <class Wanted>
  std::vector<Wanted> sent() const {
    std::vector<Wanted> found;
    for (const Call& call : calls) {
      if (const auto* wanted = std::get_if<Wanted>(&call)) found.push_back(*wanted);
    }
    return found;
  }
  std::vector<MakeHolder> holders() const { return sent<MakeHolder>(); }
  TaskStatus last_of(const std::string& id) const {
    TaskStatus last;
    for (const SendToAgent& call : sent<SendToAgent>()) {
      const auto& status = std::get<executor_calls::Update>(call.body).status;
      if (status.task_id.value == id) last = status;
    }
    return last;
  }
  void acknowledge_all() {
    const auto updates = state.outbox.updates;
    for (const auto& update : updates) hear(executor_events::Acknowledged{update.status.task_id, *update.status.uuid});
  }

  State state{.settings = {.checkpoint = true}};
  TimePoint now = from_seconds(1000);
  Prng prng{7};
  std::vector<Call> calls;
};

TEST_F(GroupTest, StartsNobodyBeforeAllAreAttached) {
  plan("a", "bridge", 80);
  EXPECT_TRUE(holders().empty()) << "b has no image yet";
  plan("b", "bridge", 81);
  ASSERT_EQ(holders().size(), 1U);
  const ContainerSpec holder = holders()[0].spec;
  EXPECT_EQ(holder.network_mode, "bridge");
  ASSERT_EQ(holder.ports.size(), 2U) << "ports are the holder's: the others have no network of their own";
  EXPECT_TRUE(of_tasks<CreateContainer>().empty());
  tell(HolderMade{holders()[0].group, holder_view()});
  const auto created = of_tasks<CreateContainer>();
  ASSERT_EQ(created.size(), 2U);
  for (const auto& [id, call] : created) {
    EXPECT_EQ(call.spec.network_mode, "container:h1") << id;
    EXPECT_TRUE(call.spec.ports.empty()) << id;
  }
  tell("a", ContainerCreated{std::string{"d-a"}});
  tell("a", ContainerAttached{});
  EXPECT_TRUE(of_tasks<StartContainer>().empty());
  tell("b", ContainerCreated{std::string{"d-b"}});
  tell("b", ContainerAttached{});
  EXPECT_EQ(of_tasks<StartContainer>().size(), 2U);
}

TEST_F(GroupTest, NeedsNoHolderOnTheHostsNetwork) {
  plan("a", "host", 0);
  plan("b", "host", 0);
  EXPECT_TRUE(holders().empty());
  EXPECT_EQ(of_tasks<CreateContainer>().size(), 2U);
}

TEST_F(GroupTest, AllOrNothing) {
  plan("a", "bridge", 80);
  tell("b", ContainerPlanned{Error{Errc::invalid, "no image", {}}});
  EXPECT_EQ(last_of("b").state, TaskState::failed);
  EXPECT_EQ(last_of("a").state, TaskState::killed);
  EXPECT_TRUE(of_tasks<CreateContainer>().empty());
  acknowledge_all();
  EXPECT_EQ(sent<Exit>(), (std::vector<Exit>{{1}}));
}

TEST_F(GroupTest, RefusesDifferentNetworks) {
  plan("a", "bridge", 80);
  plan("b", "other", 0);
  EXPECT_EQ(last_of("a").message, "Failed to launch container: the tasks of a group have to be on one network");
  EXPECT_EQ(last_of("b").state, TaskState::killed);
}

TEST_F(GroupTest, AHolderThatCannotBeMadeFailsTheGroup) {
  plan("a", "bridge", 80);
  plan("b", "bridge", 80);
  tell(HolderMade{holders().at(0).group, Error{Errc::internal, "port is already allocated", {}}});
  EXPECT_EQ(last_of("a").message, "Failed to launch container: port is already allocated");
  acknowledge_all();
  EXPECT_TRUE(sent<RemoveHolder>().empty());
  EXPECT_EQ(sent<Exit>().size(), 1U);
}

TEST_F(GroupTest, AHolderOfWhichDockerSaidNothingIsRemovedByName) {
  plan("a", "bridge", 80);
  plan("b", "bridge", 81);
  tell(HolderMade{holders().at(0).group, Error{Errc::timeout, "no answer in time", {}}});
  acknowledge_all();
  EXPECT_EQ(sent<RemoveHolder>().at(0).container, "mesos-c1.a.network");
}

TEST_F(GroupTest, EndsTogetherWhenOneFails) {
  run_both();
  EXPECT_EQ(last_of("b").state, TaskState::running);
  ASSERT_TRUE(last_of("b").container) << "the holder's address is everybody's";
  EXPECT_EQ(last_of("b").container->networks.at(0).addresses.at(0).address, "172.17.0.9");
  tell("a", ContainerExited{{.exit_code = 3}});
  const auto signals = of_tasks<SignalContainer>();
  ASSERT_EQ(signals.size(), 1U);
  EXPECT_EQ(signals[0].second.id, "d-b");
  EXPECT_EQ(last_of("a").state, TaskState::failed);
  EXPECT_TRUE(sent<RemoveHolder>().empty()) << "b still uses the network";
  tell("b", ContainerExited{{.exit_code = 143}});
  ASSERT_EQ(sent<RemoveHolder>().size(), 1U);
  EXPECT_EQ(sent<RemoveHolder>()[0].container, "h1") << "its name may have been changed";
  EXPECT_EQ(last_of("b").state, TaskState::running) << "the last word comes when nothing is left";
  tell(HolderRemoved{sent<RemoveHolder>()[0].group, {}});
  EXPECT_EQ(last_of("b").state, TaskState::killed);
  EXPECT_EQ(last_of("b").message,
            "Container exited with status 143 (SIGTERM) after another task of its group had ended");
  EXPECT_TRUE(sent<Exit>().empty());
  acknowledge_all();
  EXPECT_EQ(sent<Exit>(), (std::vector<Exit>{{3}}));
}

TEST_F(GroupTest, OneThatEndsWellLeavesTheOthersAlone) {
  run_both();
  tell("a", ContainerExited{{.exit_code = 0}});
  EXPECT_EQ(last_of("a").state, TaskState::finished);
  EXPECT_TRUE(of_tasks<SignalContainer>().empty());
}

TEST_F(GroupTest, AKillOfOneEndsAll) {
  run_both();
  hear(executor_events::Kill{{"a"}, {}});
  tell("a", ContainerExited{{.exit_code = 143}});
  EXPECT_EQ(of_tasks<SignalContainer>().back().second.id, "d-b");
}

TEST_F(GroupTest, AKillWhileTheHolderIsMadeRemovesIt) {
  plan("a", "bridge", 80);
  plan("b", "bridge", 81);
  hear(executor_events::Kill{{"a"}, {}});
  EXPECT_EQ(last_of("a").state, TaskState::starting) << "Docker has not said whether there is a holder";
  now += 5s;
  tell(TimePassed{});
  EXPECT_EQ(last_of("a").state, TaskState::killed) << "and may not say it for long";
  EXPECT_EQ(last_of("b").state, TaskState::killed);
  acknowledge_all();
  EXPECT_TRUE(sent<Exit>().empty());
  tell(HolderMade{holders().at(0).group, holder_view()});
  ASSERT_EQ(sent<RemoveHolder>().size(), 1U);
  EXPECT_TRUE(of_tasks<CreateContainer>().empty());
  now += 30s;
  tell(TimePassed{});
  EXPECT_EQ(sent<Exit>().size(), 1U) << "a removal that hangs does not keep it";
}

TEST_F(GroupTest, RefusesCommandTasks) {
  State other{.settings = {.checkpoint = true}};
  state = other;
  calls.clear();
  hear(executor_events::Subscribed{{}, FrameworkInfo{.user = "root", .name = "f"}, {}, {"c1"}});
  TaskInfo command{.id = {"c"}, .name = "c", .agent_id = {"a1"}};
  command.command = CommandInfo{.value = "true"};
  hear(executor_events::LaunchGroup{{task("a"), command}});
  EXPECT_EQ(last_of("a").state, TaskState::failed);
  EXPECT_EQ(last_of("c").message, "Each task of a group has to be a container");
  acknowledge_all();
  EXPECT_EQ(sent<Exit>().size(), 1U);
}

}  // namespace
}  // namespace windlass::executor
