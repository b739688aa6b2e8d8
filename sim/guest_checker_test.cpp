// The checkers of agents and of the guest notice what they are there for.

#include "sim/cluster.hpp"

#include <gtest/gtest.h>

#include <string>

namespace windlass::sim {
namespace {

using namespace std::chrono_literals;

struct Observed {
  Cluster cluster{1, {}, no_faults()};
  GuestChecker& guest = cluster.guest_checker;
  AgentChecker& agents = cluster.agent_checker;
  Machine& machine = cluster.machine();
  Prng prng{1};

  TaskStatus say(const std::string& task, TaskState state) {
    return {.task_id = {task}, .state = state, .uuid = Uuid::random(prng)};
  }
  void pass(Duration time) {
    World& world = cluster.world;
    world.run_until(world.now() + std::chrono::duration_cast<microseconds>(time));
  }
};

TaskInfo plain_task(const std::string& name, const std::string& resources = "cpus:1") {
  TaskInfo task;
  task.id = {name};
  task.resources = *parse_resources(resources);
  return task;
}

TaskInfo checked_task(const std::string& name) {
  TaskInfo task = plain_task(name);
  HealthCheck check;
  check.type = CheckType::http;
  check.grace_period = 10s;
  check.consecutive_failures = 2;
  task.health_check = check;
  return task;
}

const Probe http_probe{.what = HttpProbe{.port = 80}};
const ProbeResult bad_answer = probe_results::Answered{503};

TEST(GuestChecker, StatusesOfTasksThatWereNeverLaunched) {
  Observed watched;
  EXPECT_THROW(watched.guest.hears(watched.say("a", TaskState::running)), Violation);
}

TEST(GuestChecker, TasksThatEndTwice) {
  Observed watched;
  watched.guest.launches({plain_task("a")}, {"e"}, false);
  const TaskStatus end = watched.say("a", TaskState::failed);
  watched.guest.hears(end);
  EXPECT_NO_THROW(watched.guest.hears(end)) << "the same again";
  EXPECT_THROW(watched.guest.hears(watched.say("a", TaskState::killed)), Violation);
}

TEST(GuestChecker, StatusesOutOfOrder) {
  Observed watched;
  watched.guest.launches({plain_task("a")}, {"e"}, false);
  watched.guest.hears(watched.say("a", TaskState::running));
  EXPECT_THROW(watched.guest.hears(watched.say("a", TaskState::starting)), Violation);
}

TEST(GuestChecker, KillsWithoutAReason) {
  Observed watched;
  watched.guest.launches({plain_task("a"), plain_task("b")}, {"e"}, false);
  watched.guest.kills({"a"});
  EXPECT_NO_THROW(watched.guest.executor_says(watched.say("a", TaskState::killed)));
  EXPECT_THROW(watched.guest.executor_says(watched.say("b", TaskState::killed)), Violation);
}

TEST(GuestChecker, KillsForAHealthCheckThatHasNotFailedOftenEnough) {
  Observed watched;
  watched.guest.launches({checked_task("a")}, {"e"}, false);
  watched.guest.task_started({"a"});
  watched.guest.executor_says(watched.say("a", TaskState::running));
  for (int i = 0; i < 5; ++i) watched.guest.probe_ended({"a"}, http_probe, bad_answer);
  EXPECT_THROW(watched.guest.executor_says(watched.say("a", TaskState::killed)), Violation) << "in its grace period";
  watched.pass(20s);
  watched.guest.probe_ended({"a"}, http_probe, bad_answer);
  EXPECT_THROW(watched.guest.executor_says(watched.say("a", TaskState::killed)), Violation) << "one is not enough";
  watched.guest.probe_ended({"a"}, http_probe, probe_results::Answered{200});
  watched.guest.probe_ended({"a"}, http_probe, bad_answer);
  EXPECT_THROW(watched.guest.executor_says(watched.say("a", TaskState::killed)), Violation) << "not in a row";
  watched.guest.probe_ended({"a"}, http_probe, probe_results::Unknown{"Docker is away"});
  watched.guest.probe_ended({"a"}, http_probe, bad_answer);
  EXPECT_NO_THROW(watched.guest.executor_says(watched.say("a", TaskState::killed)));
}

TEST(GuestChecker, HealthChecksThatKillNobody) {
  Observed watched;
  watched.guest.launches({checked_task("a")}, {"e"}, false);
  watched.machine.processes.start(1, {"a"}, "serve");
  watched.guest.executor_says(watched.say("a", TaskState::running));
  watched.guest.hears(
      {.task_id = {"a"}, .state = TaskState::running, .uuid = Uuid::random(watched.prng), .healthy = true});
  EXPECT_EQ(watched.guest.why_not_converged(), "");
  watched.pass(20s);
  for (int i = 0; i < 2; ++i) watched.guest.probe_ended({"a"}, http_probe, bad_answer);
  EXPECT_EQ(watched.guest.why_not_converged(), "a has failed its health check often enough to be ended");
}

TEST(GuestChecker, ResultsOfChecksThatDoNotArrive) {
  Observed watched;
  TaskInfo task = checked_task("a");
  CheckInfo check;
  check.type = CheckType::tcp;
  task.check = check;
  watched.guest.launches({task}, {"e"}, false);
  watched.machine.processes.start(1, {"a"}, "serve");
  watched.guest.hears(watched.say("a", TaskState::running));
  EXPECT_EQ(watched.guest.why_not_converged(), "a is not said to be healthy");
  TaskStatus status = watched.say("a", TaskState::running);
  status.healthy = true;
  watched.guest.hears(status);
  EXPECT_EQ(watched.guest.why_not_converged(), "a has no result of its check");
  status.uuid = Uuid::random(watched.prng);
  status.check = CheckStatus{.type = CheckType::tcp, .succeeded = false};
  watched.guest.hears(status);
  EXPECT_EQ(watched.guest.why_not_converged(), "a has a bad result of its check");
}

TEST(GuestChecker, TasksThatAreLostOrLeftOver) {
  Observed watched;
  watched.guest.launches({plain_task("a")}, {"e"}, false);
  EXPECT_EQ(watched.guest.why_not_converged(), "a was launched, and nothing is heard of it");
  watched.guest.hears(watched.say("a", TaskState::running));
  EXPECT_EQ(watched.guest.why_not_converged(), "a has no container and no process");
  watched.machine.processes.start(1, {"a"}, "serve");
  EXPECT_EQ(watched.guest.why_not_converged(), "");
  watched.guest.kills({"a"});
  EXPECT_EQ(watched.guest.why_not_converged(), "a was to be killed");
  watched.guest.hears(watched.say("a", TaskState::killed));
  EXPECT_EQ(watched.guest.why_not_converged(), "a runs though it is said to have ended");
}

TEST(GuestChecker, GroupsThatBeginOrEndInParts) {
  Observed watched;
  watched.guest.launches({plain_task("a"), plain_task("b")}, {"e"}, true);
  watched.guest.container_created({"a"});
  EXPECT_THROW(watched.guest.task_started({"a"}), Violation);
  watched.guest.container_created({"b"});
  EXPECT_NO_THROW(watched.guest.task_started({"a"}));
  watched.machine.processes.start(1, {"a"}, "serve");
  watched.guest.hears(watched.say("a", TaskState::running));
  watched.guest.hears(watched.say("b", TaskState::failed));
  EXPECT_EQ(watched.guest.why_not_converged(), "a runs without b of its group");
}

TEST(AgentChecker, MoreIsOfferedThanThereIs) {
  Observed watched;
  Offer offer{.id = {"o1"}, .framework_id = {"f"}, .agent_id = {"s"}, .hostname = watched.machine.info.hostname};
  offer.role = "*";
  offer.resources = *parse_resources("cpus:10");
  watched.agents.master_tells(events::Offers{.offers = {offer}});
  watched.agents.executor_hears(watched.machine, 1, executor_events::Launch{plain_task("a", "cpus:6")});
  offer.id = {"o2"};
  offer.resources = *parse_resources("cpus:1");
  EXPECT_THROW(watched.agents.master_tells(events::Offers{.offers = {offer}}), Violation);
  watched.agents.master_tells(events::Rescind{{"o2"}});
  watched.agents.master_hears(calls::Decline{{{"o1"}}});
  EXPECT_NO_THROW(watched.agents.master_tells(events::Offers{.offers = {offer}}));
}

TEST(AgentChecker, ReservedResourcesAreOfferedToOthers) {
  Observed watched;
  Offer offer{.id = {"o"}, .framework_id = {"f"}, .agent_id = {"s"}, .hostname = "elsewhere"};
  offer.resources = *parse_resources("cpus(guest):1");
  offer.role = "guest";
  EXPECT_NO_THROW(watched.agents.master_tells(events::Offers{.offers = {offer}}));
  offer.role = "*";
  EXPECT_THROW(watched.agents.master_tells(events::Offers{.offers = {offer}}), Violation);
}

TEST(AgentChecker, LivingTasksThatAreReportedDead) {
  Observed watched;
  watched.agents.executor_hears(watched.machine, 1, executor_events::Launch{plain_task("a")});
  watched.machine.processes.start(1, {"a"}, "serve");
  EXPECT_NO_THROW(watched.agents.master_tells(events::Update{watched.say("a", TaskState::unreachable)}));
  EXPECT_THROW(watched.agents.master_tells(events::Update{watched.say("a", TaskState::failed)}), Violation);
}

TEST(AgentChecker, SuccessOfATaskThatHasFailed) {
  Observed watched;
  watched.agents.executor_hears(watched.machine, 1, executor_events::Launch{plain_task("a")});
  watched.agents.task_ended({"a"}, 3);
  EXPECT_THROW(watched.agents.executor_says(1, executor_calls::Update{watched.say("a", TaskState::finished)}),
               Violation);
}

TEST(AgentChecker, AcknowledgementsBeforeTheJournal) {
  Observed watched;
  const Uuid update = Uuid::random(watched.prng);
  EXPECT_THROW(watched.agents.agent_acknowledges({"a"}, update), Violation);
  watched.agents.agent_has(update);
  EXPECT_NO_THROW(watched.agents.agent_acknowledges({"a"}, update));
}

}  // namespace
}  // namespace windlass::sim
