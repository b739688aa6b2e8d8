#include "fleet/step.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace windlass::fleet {
namespace {

using namespace std::chrono_literals;

Settings settings_of(std::size_t agents, Duration delay = 0s) {
  Settings settings;
  settings.master = {.id = {}, .hostname = "host", .ip = "10.0.0.1", .port = 5050, .version = "1.11.0"};
  settings.agent.hostname = "host";
  settings.agent.ip = "10.0.0.1";
  settings.agent.resources = *parse_resources("cpus:4;mem:1024;ports:[31000-31009]");
  settings.agents = agents;
  settings.task_delay = delay;
  return settings;
}

FrameworkInfo framework_info(const std::string& name = "windlass") {
  FrameworkInfo info;
  info.user = "root";
  info.name = name;
  info.failover_timeout = 3600;
  info.checkpoint = true;
  info.roles = {"*"};
  info.capabilities = {Capability::multi_role, Capability::partition_aware};
  return info;
}

// A fleet with its journal in memory, and a framework that hears what is sent to it.
class World {
 public:
  explicit World(Settings settings) : settings_{std::move(settings)} {
    state.settings = settings_;
    step(Started{});
  }

  Effects step(const Event& event) {
    Effects fx = fleet::step(state, event, Inputs{now, prng_});
    for (const Write& write : fx.writes) std::visit([this](const auto& put) { keep(put); }, write);
    for (const Call& each : fx.calls) {
      const auto* send = std::get_if<SendToFramework>(&each);
      if (send != nullptr) heard.push_back(send->event);
      if (send == nullptr) closed.push_back(std::get<CloseFrameworkStream>(each).stream);
    }
    wake_at_ = fx.wake_at;
    EXPECT_EQ(broken_invariant(state), "");
    return fx;
  }

  // Time goes by; the core is woken when it wishes.
  void pass(Duration wait) {
    const TimePoint end = after(now, wait);
    while (wake_at_ && *wake_at_ <= end) {
      now = std::max(now, *wake_at_);
      step(TimePassed{});
    }
    now = end;
  }

  // kill -9 and start: what is not in the journal is gone.
  void restart() {
    Records records{record_, {}, {}};
    for (const auto& [id, record] : frameworks_) records.frameworks.push_back(record);
    for (const auto& [id, record] : tasks) records.tasks.push_back(record);
    state = load(settings_, std::move(records));
    heard.clear();
    step(Started{});
  }
  void restart_with(std::size_t agents) {
    settings_.agents = agents;
    restart();
  }

  Uuid subscribe(FrameworkInfo info = framework_info(), const FrameworkId& id = {}) {
    const Uuid stream = Uuid::random(prng_);
    info.id = id;
    step(FrameworkSubscribe{.stream = stream, .framework_id = id, .subscribe = {info}});
    for (const SchedulerEvent& event : heard) {
      if (const auto* first = std::get_if<events::Subscribed>(&event)) framework = first->framework_id;
    }
    stream_ = stream;
    return stream;
  }

  std::string call_as(const FrameworkId& id, const std::optional<std::string>& stream, const calls::Body& body) {
    const Effects fx = step(FrameworkCall{.request = 7, .stream_header = stream, .call = {id, body}});
    EXPECT_EQ(fx.notices.size(), 1U);
    const Answer& answer = fx.notices.at(0);
    return std::to_string(answer.status) + (answer.text.empty() ? "" : " " + answer.text);
  }
  std::string call(const calls::Body& body) { return call_as(framework, stream_.to_string(), body); }

  // All that were heard of since the last time of asking.
  std::vector<Offer> offers() {
    std::vector<Offer> all;
    for (const SchedulerEvent& event : take_heard()) {
      if (const auto* some = std::get_if<events::Offers>(&event)) {
        all.insert(all.end(), some->offers.begin(), some->offers.end());
      }
    }
    return all;
  }
  std::vector<TaskStatus> statuses() {
    std::vector<TaskStatus> all;
    for (const SchedulerEvent& event : take_heard()) {
      if (const auto* update = std::get_if<events::Update>(&event)) all.push_back(update->status);
    }
    return all;
  }
  std::vector<SchedulerEvent> take_heard() { return std::exchange(heard, {}); }

  static TaskInfo task(const std::string& id, const Offer& offer, const char* resources = "cpus:1;mem:64") {
    TaskInfo info{.id = {id}, .name = id, .agent_id = offer.agent_id};
    info.resources = *parse_resources(resources);
    info.command = CommandInfo{.value = "sleep 1"};
    return info;
  }
  std::string accept(const std::vector<Offer>& with, std::vector<TaskInfo> infos, double refuse_seconds = 0) {
    calls::Operation operation{.type = calls::operation_launch};
    operation.tasks = std::move(infos);
    calls::Accept accept{.offer_ids = {}, .operations = {operation}, .refuse_seconds = refuse_seconds};
    for (const Offer& offer : with) accept.offer_ids.push_back(offer.id);
    return call(accept);
  }
  void acknowledge(const TaskStatus& status) {
    EXPECT_EQ(call(calls::Acknowledge{status.agent_id, status.task_id, *status.uuid}), "202");
  }

  State state;
  TimePoint now = TimePoint{1'700'000'000s};
  FrameworkId framework;
  std::map<TaskId, TaskRecord> tasks;  // in the journal
  std::vector<SchedulerEvent> heard;
  std::vector<Uuid> closed;

 private:
  void keep(const PutEngine& put) { record_ = put.record; }
  void keep(const PutFramework& put) {
    frameworks_.erase(put.id);
    if (put.record) frameworks_[put.id] = *put.record;
  }
  void keep(const PutTask& put) {
    tasks.erase(put.task_id);
    if (put.record) tasks[put.task_id] = *put.record;
  }

  Settings settings_;
  Prng prng_{7};
  Uuid stream_ = {};
  std::optional<TimePoint> wake_at_;
  std::optional<EngineRecord> record_;
  std::map<FrameworkId, FrameworkRecord> frameworks_;
};

std::string text_of(const TaskStatus& status) {
  return status.task_id.value + " " + to_string(status.state) + (status.message.empty() ? "" : ": " + status.message);
}

TEST(Fleet, OffersEachAgentAsAWhole) {
  World world{settings_of(1200)};
  world.subscribe();
  std::size_t largest = 0;
  for (const SchedulerEvent& event : world.heard) {
    if (const auto* some = std::get_if<events::Offers>(&event)) largest = std::max(largest, some->offers.size());
  }
  EXPECT_EQ(largest, 500U) << "no event is without bounds";
  const auto offers = world.offers();
  ASSERT_EQ(offers.size(), 1200U);
  EXPECT_EQ(offers[7].agent_id.value, world.state.record.master_id + "-S7");
  EXPECT_EQ(offers[7].hostname, "agent7.host");
  EXPECT_EQ(offers[7].resources, world.state.settings.agent.resources.allocated_to("*"));
}

TEST(Fleet, ATaskStartsRunsAndIsKilled) {
  World world{settings_of(1, 5s)};
  world.subscribe();
  const Offer offer = world.offers().at(0);
  EXPECT_EQ(world.accept({offer}, {World::task("a", offer)}), "202");
  auto told = world.statuses();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(text_of(told[0]), "a TASK_STARTING");
  EXPECT_EQ(told[0].agent_id, offer.agent_id);
  EXPECT_EQ(world.tasks.at({"a"}).updates.size(), 1U) << "what is told is in the journal";
  world.acknowledge(told[0]);
  world.pass(5s);
  told = world.statuses();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(text_of(told[0]), "a TASK_RUNNING");
  world.acknowledge(told[0]);
  EXPECT_EQ(world.call(calls::Kill{{"a"}}), "202");
  told = world.statuses();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(text_of(told[0]), "a TASK_KILLED");
  EXPECT_EQ(world.call(calls::Kill{{"a"}}), "202");
  EXPECT_TRUE(world.statuses().empty()) << "it has ended already";
  world.acknowledge(told[0]);
  EXPECT_TRUE(world.tasks.empty());
}

TEST(Fleet, WithoutADelayATaskRunsAtOnce) {
  World world{settings_of(1)};
  world.subscribe();
  const Offer offer = world.offers().at(0);
  world.accept({offer}, {World::task("a", offer)});
  const auto told = world.statuses();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(text_of(told[0]), "a TASK_RUNNING");
}

TEST(Fleet, WhatIsLeftIsOfferedAgain) {
  World world{settings_of(1)};
  world.subscribe();
  const Offer offer = world.offers().at(0);
  world.accept({offer}, {World::task("a", offer, "cpus:3;mem:64;ports:[31000-31004]")});
  world.take_heard();
  world.pass(1s);
  const auto left = world.offers();
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].resources, parse_resources("cpus:1;mem:960;ports:[31005-31009]")->allocated_to("*"));
  world.accept(left, {}, 60);
  world.pass(59s);
  EXPECT_TRUE(world.offers().empty()) << "it is refused";
  world.pass(2s);
  EXPECT_EQ(world.offers().size(), 1U);
}

TEST(Fleet, RevivingEndsRefusalsAndSuppressingEndsOffers) {
  World world{settings_of(2)};
  world.subscribe();
  auto offers = world.offers();
  EXPECT_EQ(world.call(calls::Decline{{offers[0].id, offers[1].id}, 3600}), "202");
  world.pass(60s);
  EXPECT_TRUE(world.offers().empty());
  EXPECT_EQ(world.call(calls::Revive{}), "202");
  offers = world.offers();
  EXPECT_EQ(offers.size(), 2U);
  EXPECT_EQ(world.call(calls::Suppress{}), "202");
  world.call(calls::Decline{{offers[0].id, offers[1].id}, 0});
  world.pass(60s);
  EXPECT_TRUE(world.offers().empty());
  EXPECT_EQ(world.call(calls::Revive{{"nobody"}}), "202");
  EXPECT_TRUE(world.offers().empty()) << "not a role of its own";
}

TEST(Fleet, RefusesTasksInMesosWords) {
  World world{settings_of(2)};
  world.subscribe();
  const auto offers = world.offers();
  TaskInfo twice = World::task("twice", offers[0]);
  TaskInfo stray = World::task("stray", offers[1]);
  TaskInfo nothing = World::task("nothing", offers[0], "");
  TaskInfo both = World::task("both", offers[0]);
  both.executor = ExecutorInfo{.id = {"e"}};
  TaskInfo broken = World::task("broken", offers[0]);
  broken.defect = "It is broken";
  world.accept({offers[0]}, {World::task("a/b", offers[0]), twice, twice, stray, nothing, both, broken,
                             World::task("large", offers[0], "cpus:64")});
  const std::string id = world.state.record.master_id;
  std::vector<std::string> texts;
  for (const TaskStatus& status : world.statuses()) texts.push_back(text_of(status));
  EXPECT_EQ(texts, (std::vector<std::string>{
                       "a/b TASK_ERROR: 'a/b' contains invalid characters", "twice TASK_RUNNING",
                       "twice TASK_ERROR: Task has duplicate ID: twice",
                       "stray TASK_ERROR: Task uses invalid agent " + id + "-S1 while agent " + id + "-S0 is expected",
                       "nothing TASK_ERROR: Task uses no resources",
                       "both TASK_ERROR: Task should have at least one (but not both) of CommandInfo or ExecutorInfo "
                       "present",
                       "broken TASK_ERROR: It is broken",
                       "large TASK_ERROR: Total resources cpus(allocated: *):64 required by task and its executor is "
                       "more than available cpus(allocated: *):3; mem(allocated: *):960; ports(allocated: "
                       "*):[31000-31009]"}));
}

TEST(Fleet, RefusesOperationsThatItDoesNotServe) {
  World world{settings_of(1)};
  world.subscribe();
  const Offer offer = world.offers().at(0);
  calls::Operation group{.type = calls::operation_launch_group};
  group.tasks = {World::task("g", offer)};
  calls::Operation named{.type = calls::operation_launch, .has_id = true};
  named.tasks = {World::task("n", offer)};
  calls::Operation reserve{.type = 2};
  EXPECT_EQ(world.call(calls::Accept{{offer.id}, {group, named, reserve}}), "202");
  const auto told = world.statuses();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(text_of(told[0]), "g TASK_ERROR: Task groups are not supported by this agent");
  EXPECT_EQ(text_of(told[1]), "n TASK_ERROR: The `id` field cannot be set on LAUNCH operations");
}

TEST(Fleet, DropsTasksOfOffersThatAreNone) {
  World world{settings_of(2)};
  world.subscribe();
  const auto offers = world.offers();
  const auto dropped = [&](const std::vector<Offer>& with) {
    world.accept(with, {World::task("a", offers[0])});
    const auto told = world.statuses();
    return told.size() == 1 ? text_of(told[0]) : std::to_string(told.size());
  };
  const std::string begin = "a TASK_DROPPED: Task launched with invalid offers: ";
  EXPECT_EQ(dropped({}), begin + "No offers specified");
  EXPECT_EQ(dropped({offers[0], offers[0]}), begin + "Duplicate offer " + offers[0].id.value + " in offer list");
  EXPECT_EQ(dropped({offers[0]}), begin + "Offer " + offers[0].id.value + " is no longer valid");
  world.pass(1s);
  const auto again = world.offers();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(dropped({offers[1], again[0]}), begin + "Aggregated offers must belong to one single agent. Offer " +
                                                again[0].id.value + " uses agent " + again[0].agent_id.value +
                                                " and agent " + offers[1].agent_id.value);
}

TEST(Fleet, OffersInOtherRolesCannotBeAddedUp) {
  World world{settings_of(2)};
  FrameworkInfo info = framework_info();
  info.roles = {"a", "b"};
  world.subscribe(info);
  const auto offers = world.offers();
  ASSERT_EQ(offers.size(), 2U);
  EXPECT_NE(offers[0].role, offers[1].role) << "each in turn";
  world.accept(offers, {World::task("t", offers[0])});
  const auto told = world.statuses();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(told[0].message.find("Aggregated offers must be allocated to the same role"), std::string::npos);
}

TEST(Fleet, TwoFrameworksShareTheAgents) {
  World world{settings_of(10)};
  const Uuid first = world.subscribe(framework_info("first"));
  const FrameworkId id = world.framework;
  world.call(calls::Suppress{});
  for (const Offer& offer : world.offers()) world.call(calls::Decline{{offer.id}, 0});
  world.subscribe(framework_info("second"));
  world.call(calls::Suppress{});
  for (const Offer& offer : world.offers()) world.call(calls::Decline{{offer.id}, 0});
  world.call_as(id, first.to_string(), calls::Revive{});
  const auto all = world.offers();
  EXPECT_EQ(all.size(), 10U) << "the other wants none";
  for (const Offer& offer : all) world.call_as(id, first.to_string(), calls::Decline{{offer.id}, 0});
  world.state.frameworks.at(world.framework).suppressed.clear();
  world.pass(1s);
  std::map<FrameworkId, int> counts;
  for (const Offer& offer : world.offers()) ++counts[offer.framework_id];
  EXPECT_EQ(counts[id], 5);
  EXPECT_EQ(counts[world.framework], 5);
}

TEST(Fleet, RepeatsWhatIsNotAcknowledged) {
  World world{settings_of(1)};
  world.subscribe();
  const Offer offer = world.offers().at(0);
  world.accept({offer}, {World::task("a", offer)});
  const auto first = world.statuses();
  world.pass(10s);
  const auto again = world.statuses();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0], first.at(0));
  world.pass(19s);
  EXPECT_TRUE(world.statuses().empty()) << "each wait is twice the one before";
  world.pass(1s);
  EXPECT_EQ(world.statuses().size(), 1U);
  TaskStatus other = first[0];
  other.uuid = Uuid{};
  world.acknowledge(other);
  EXPECT_EQ(world.tasks.at({"a"}).updates.size(), 1U);
  other = first[0];
  other.agent_id = {"nobody"};
  world.acknowledge(other);
  other.task_id = {"nothing"};
  world.acknowledge(other);
  EXPECT_EQ(world.tasks.at({"a"}).updates.size(), 1U);
  world.acknowledge(first[0]);
  EXPECT_TRUE(world.tasks.at({"a"}).updates.empty());
  world.pass(3600s);
  EXPECT_TRUE(world.statuses().empty());
}

TEST(Fleet, UpdatesGoOutOneAfterTheOther) {
  World world{settings_of(1, 5s)};
  world.subscribe();
  const Offer offer = world.offers().at(0);
  world.accept({offer}, {World::task("a", offer)});
  const auto starting = world.statuses();
  world.pass(5s);
  EXPECT_TRUE(world.statuses().empty()) << "the first waits for its acknowledgement";
  world.acknowledge(starting.at(0));
  const auto running = world.statuses();
  ASSERT_EQ(running.size(), 1U);
  EXPECT_EQ(text_of(running[0]), "a TASK_RUNNING");
}

TEST(Fleet, GoesOnAfterAKill9) {
  World world{settings_of(2, 5s)};
  world.subscribe();
  const auto offers = world.offers();
  world.accept({offers[0]}, {World::task("a", offers[0], "cpus:3;mem:64")});
  const auto starting = world.statuses();
  const std::string master = world.state.record.master_id;
  world.restart();
  EXPECT_EQ(world.state.record.master_id, master);
  world.subscribe(framework_info(), world.framework);
  EXPECT_EQ(world.statuses(), starting) << "it was not acknowledged";
  world.acknowledge(starting.at(0));
  world.pass(5s);
  const auto running = world.statuses();
  ASSERT_EQ(running.size(), 1U);
  EXPECT_EQ(text_of(running[0]), "a TASK_RUNNING");
  world.acknowledge(running[0]);
  world.restart();
  world.subscribe(framework_info(), world.framework);
  const auto again = world.offers();
  ASSERT_EQ(again.size(), 2U);
  EXPECT_EQ(again[0].resources.scalar("cpus"), 1) << "it is still there";
  EXPECT_NE(again[0].id, offers[0].id) << "no offer id comes twice";
}

TEST(Fleet, TasksOfAgentsThatAreNoMoreAreGone) {
  World world{settings_of(2)};
  world.subscribe();
  const auto offers = world.offers();
  world.accept({offers[1]}, {World::task("a", offers[1])});
  world.acknowledge(world.statuses().at(0));
  world.restart_with(1);
  world.subscribe(framework_info(), world.framework);
  const auto told = world.statuses();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(text_of(told[0]), "a TASK_GONE: Its agent was removed");
  world.acknowledge(told[0]);
  EXPECT_TRUE(world.tasks.empty());
}

TEST(Fleet, Reconciles) {
  World world{settings_of(1)};
  world.subscribe();
  const Offer offer = world.offers().at(0);
  world.accept({offer}, {World::task("a", offer)});
  world.take_heard();
  EXPECT_EQ(world.call(calls::Reconcile{}), "202");
  auto told = world.statuses();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(text_of(told[0]), "a TASK_RUNNING: Reconciliation: Latest task state");
  EXPECT_FALSE(told[0].uuid);
  EXPECT_EQ(told[0].reason, Reason::reconciliation);
  world.call(calls::Reconcile{{{{"b"}, offer.agent_id}, {{"c"}, AgentId{"elsewhere"}}, {{"d"}, std::nullopt}}});
  world.call(calls::Kill{{"e"}});
  std::vector<std::string> texts;
  for (const TaskStatus& status : world.statuses()) texts.push_back(text_of(status));
  EXPECT_EQ(texts, (std::vector<std::string>{"b TASK_GONE: Reconciliation: Task is unknown to the agent",
                                             "c TASK_UNKNOWN: Reconciliation: Task is unknown",
                                             "d TASK_UNKNOWN: Reconciliation: Task is unknown",
                                             "e TASK_UNKNOWN: Reconciliation: Task is unknown"}));
}

TEST(Fleet, ShutdownEndsTheTasksOfAnExecutor) {
  World world{settings_of(1)};
  world.subscribe();
  const Offer offer = world.offers().at(0);
  TaskInfo own = World::task("own", offer);
  own.command.reset();
  own.executor = ExecutorInfo{.id = {"e"}};
  own.executor->resources = *parse_resources("cpus:0.5");
  world.accept({offer}, {own, World::task("other", offer)});
  world.take_heard();
  EXPECT_EQ(world.state.agents[0].used.scalar("cpus"), 2.5);
  EXPECT_EQ(world.call(calls::Shutdown{{"e"}, {"elsewhere"}}), "202");
  EXPECT_EQ(world.tasks.at({"own"}).state, TaskState::running);
  EXPECT_EQ(world.call(calls::Shutdown{{"e"}, offer.agent_id}), "202");
  EXPECT_EQ(world.tasks.at({"own"}).state, TaskState::killed);
  EXPECT_EQ(world.tasks.at({"other"}).state, TaskState::running);
}

TEST(Fleet, CallsOfStrangersAreRefused) {
  World world{settings_of(1)};
  const Uuid stream = world.subscribe();
  EXPECT_EQ(world.call_as({"nobody"}, stream.to_string(), calls::Revive{}), "400 Framework cannot be found");
  EXPECT_EQ(world.call_as(world.framework, std::nullopt, calls::Revive{}),
            "400 All non-subscribe calls should include the 'Mesos-Stream-Id' header");
  EXPECT_TRUE(world.call_as(world.framework, "x", calls::Revive{}).starts_with("400 The stream ID 'x'"));
  EXPECT_EQ(world.call(calls::Message{}), "202");
  EXPECT_EQ(world.call(calls::Request{}), "202");
  EXPECT_EQ(world.call(calls::Unsupported{"ACCEPT_INVERSE_OFFERS"}), "501");
  EXPECT_EQ(world.call(calls::Subscribe{}), "501");
  world.step(FrameworkStreamClosed{stream});
  EXPECT_EQ(world.call(calls::Revive{}), "403 Framework is not subscribed");
  world.step(FrameworkStreamClosed{stream});
}

TEST(Fleet, AFrameworkThatStaysAwayIsRemovedWithItsTasks) {
  World world{settings_of(1)};
  const Uuid stream = world.subscribe();
  const Offer offer = world.offers().at(0);
  world.accept({offer}, {World::task("a", offer)});
  world.step(FrameworkStreamClosed{stream});
  world.take_heard();
  world.pass(3599s);
  EXPECT_EQ(world.tasks.size(), 1U);
  world.pass(2s);
  EXPECT_TRUE(world.tasks.empty());
  world.subscribe(framework_info(), world.framework);
  EXPECT_EQ(std::get<events::Error>(world.heard.back()).message, "Framework has been removed");
}

TEST(Fleet, TeardownClosesTheStream) {
  World world{settings_of(1)};
  const Uuid stream = world.subscribe();
  const Offer offer = world.offers().at(0);
  world.accept({offer}, {World::task("a", offer)});
  EXPECT_EQ(world.call(calls::Teardown{}), "202");
  EXPECT_EQ(world.closed, (std::vector{stream}));
  EXPECT_TRUE(world.tasks.empty());
  EXPECT_EQ(summarize(world.state).frameworks.size(), 0U);
}

TEST(Fleet, AnOperatorEndsAFramework) {
  World world{settings_of(1)};
  const Uuid stream = world.subscribe();
  const auto teardown = [&] {
    const Answer answer = world.step(FrameworkTeardown{1, world.framework}).notices.at(0);
    return std::to_string(answer.status) + answer.text;
  };
  EXPECT_EQ(teardown(), "200");
  EXPECT_EQ(world.closed, (std::vector{stream}));
  EXPECT_EQ(teardown(), "400No framework found with specified ID");
}

TEST(Fleet, RemovedFrameworksAreForgottenInTheEnd) {
  World world{settings_of(1)};
  for (int i = 0; i < 60; ++i) {
    world.subscribe();
    world.call(calls::Teardown{});
    world.now += 1s;
  }
  EXPECT_EQ(world.state.frameworks.size(), 50U);
}

TEST(Fleet, TheNewestSubscriptionWins) {
  World world{settings_of(1)};
  world.subscribe();
  const auto before = world.offers();
  world.subscribe(framework_info(), world.framework);
  EXPECT_EQ(std::get<events::Error>(world.heard.at(0)).message, "Framework failed over");
  const auto offers = world.offers();
  ASSERT_EQ(offers.size(), 1U);
  EXPECT_NE(offers[0].id, before.at(0).id);
  world.take_heard();
  world.pass(15s);
  EXPECT_EQ(world.take_heard().size(), 1U) << "a heartbeat";
}

TEST(Fleet, SubscriptionsThatSayNonsenseAreRefused) {
  World world{settings_of(1)};
  const auto error = [&](const FrameworkInfo& info, const std::vector<std::string>& suppressed = {},
                         const FrameworkId& id = {}) {
    world.take_heard();
    world.step(FrameworkSubscribe{.stream = Uuid{}, .framework_id = id, .subscribe = {info, suppressed}});
    const auto* said = std::get_if<events::Error>(&world.heard.at(0));
    return said == nullptr ? std::string{} : said->message;
  };
  FrameworkInfo info = framework_info();
  info.roles = {"/"};
  EXPECT_NE(error(info), "");
  EXPECT_NE(error(framework_info(), {"other"}), "");
  world.subscribe();
  info = framework_info();
  info.principal = "other";
  EXPECT_EQ(error(info, {}, world.framework), "Changing framework's principal is not allowed.");
}

TEST(Fleet, UpdateFrameworkChangesRoles) {
  World world{settings_of(2)};
  FrameworkInfo info = framework_info();
  info.roles = {"a"};
  world.subscribe(info);
  ASSERT_EQ(world.offers().size(), 2U);
  info.roles = {"b"};
  EXPECT_EQ(world.call(calls::UpdateFramework{info}), "200");
  std::size_t rescinded = 0;
  std::size_t offered = 0;
  for (const SchedulerEvent& event : world.take_heard()) {
    if (std::holds_alternative<events::Rescind>(event)) ++rescinded;
    if (const auto* some = std::get_if<events::Offers>(&event)) offered += some->offers.size();
  }
  EXPECT_EQ(rescinded, 2U);
  EXPECT_EQ(offered, 2U);
  info.roles = {"/"};
  EXPECT_TRUE(world.call(calls::UpdateFramework{info}).starts_with("400 Supplied FrameworkInfo is not valid"));
  info.roles = {"b"};
  info.user = "other";
  EXPECT_TRUE(world.call(calls::UpdateFramework{info}).starts_with("400 FrameworkInfo update is not valid"));
}

TEST(Fleet, SummariesCountTasks) {
  World world{settings_of(3)};
  world.subscribe();
  const Offer offer = world.offers().at(0);
  world.accept({offer}, {World::task("a", offer), World::task("b", offer)});
  world.call(calls::Kill{{"b"}});
  for (const TaskStatus& status : world.statuses()) world.acknowledge(status);
  world.take_heard();
  const Summary summary = summarize(world.state);
  EXPECT_EQ(summary.agents, 3U);
  EXPECT_EQ(summary.total, (Amounts{12'000, 3 * 1024'000}));
  ASSERT_EQ(summary.frameworks.size(), 1U);
  EXPECT_TRUE(summary.frameworks[0].active);
  EXPECT_EQ(summary.frameworks[0].tasks.at(TaskState::running), 1U);
  EXPECT_EQ(summary.frameworks[0].tasks.at(TaskState::killed), 1U);
}

}  // namespace
}  // namespace windlass::fleet
