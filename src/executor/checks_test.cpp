// What each result means, and when the next look is due.

#include "executor/checks.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace windlass::executor {
namespace {

using namespace std::chrono_literals;
namespace results = probe_results;

constexpr TimePoint start{1'700'000'000s};

HealthCheck health_check(const std::string& command = "true") {
  return HealthCheck{.type = CheckType::command,
                     .command = CommandInfo{.value = command},
                     .delay = 1s,
                     .interval = 2s,
                     .timeout = 5s,
                     .grace_period = 0s,
                     .consecutive_failures = 3};
}

CheckInfo http_check() {
  return CheckInfo{.type = CheckType::http,
                   .http = HttpCheck{.port = 80, .path = "/ok"},
                   .delay = 1s,
                   .interval = 2s,
                   .timeout = 5s};
}

// A task with checks, whose probes answer what the test says.
struct Patient {
  TaskInfo task{.id = {"t1"}, .name = "t1", .agent_id = {"a1"}};
  Checks checks = {};
  TimePoint now = start;
  CheckActions last = {};

  void begin(CheckOptions options = {}) { last = start_checks(checks, task, options, now); }
  // To the next time that the checks ask for; false when they ask for none.
  bool pass() {
    const auto next = next_check(checks);
    if (!next) return false;
    now = *next;
    last = continue_checks(checks, task, now);
    return true;
  }
  // What was last begun answers so; REQUIRES: something was.
  const CheckActions& answer(const ProbeResult& result) {
    const std::uint64_t number = last.run.at(0).number;
    last = take_probe_result(checks, task, number, result, now);
    return last;
  }
  const CheckActions& next_answer(const ProbeResult& result) {
    EXPECT_TRUE(pass());
    return answer(result);
  }
  TaskStatus status() const {
    TaskStatus status{.task_id = task.id};
    attach_checks(checks, task, status);
    return status;
  }
};

Patient with_health(const HealthCheck& check = health_check()) {
  Patient patient;
  patient.task.health_check = check;
  return patient;
}

Patient with_check(const CheckInfo& check = http_check()) {
  Patient patient;
  patient.task.check = check;
  return patient;
}

// --- when ------------------------------------------------------------------------------------------------------------

TEST(CheckTimes, NothingHappensWithoutChecks) {
  Patient patient;
  patient.begin();
  EXPECT_EQ(patient.last, CheckActions{});
  EXPECT_EQ(next_check(patient.checks), std::nullopt);
  EXPECT_EQ(patient.status().healthy, std::nullopt);
  EXPECT_EQ(patient.status().check, std::nullopt);
}

TEST(CheckTimes, TheDelayComesFirstThenTheIntervalAfterEachResult) {
  Patient patient = with_health();
  patient.begin();
  EXPECT_TRUE(patient.last.run.empty());
  EXPECT_EQ(next_check(patient.checks), start + 1s);
  EXPECT_EQ(continue_checks(patient.checks, patient.task, start + 999ms), CheckActions{}) << "too early";
  ASSERT_TRUE(patient.pass());
  ASSERT_EQ(patient.last.run.size(), 1u);
  EXPECT_EQ(next_check(patient.checks), std::nullopt) << "no second probe beside the first";
  EXPECT_EQ(continue_checks(patient.checks, patient.task, start + 1h), CheckActions{});
  patient.now = start + 4s;
  patient.answer(results::Exited{0});
  EXPECT_EQ(next_check(patient.checks), start + 6s) << "counted from the result";
}

TEST(CheckTimes, NoDelayIsAtOnceAndNoIntervalIsNotEndless) {
  HealthCheck check = health_check();
  check.delay = 0s;
  check.interval = 0s;
  Patient patient = with_health(check);
  patient.begin();
  ASSERT_EQ(patient.last.run.size(), 1u);
  patient.answer(results::Exited{0});
  EXPECT_EQ(next_check(patient.checks), start + 10ms);
}

TEST(CheckTimes, TimesWithoutEndDoNotOverflow) {
  HealthCheck check = health_check();
  check.delay = Duration::max();
  check.grace_period = Duration::max();
  Patient patient = with_health(check);
  patient.begin();
  ASSERT_TRUE(next_check(patient.checks));
  EXPECT_GT(*next_check(patient.checks), start + 24h * 365 * 200);
}

TEST(CheckTimes, BothChecksRunByThemselves) {
  Patient patient = with_health();
  patient.task.check = http_check();
  patient.task.check->delay = 1500ms;
  patient.begin();
  ASSERT_TRUE(patient.pass());
  const std::uint64_t health = patient.last.run.at(0).number;
  EXPECT_EQ(next_check(patient.checks), start + 1500ms);
  ASSERT_TRUE(patient.pass());
  const std::uint64_t general = patient.last.run.at(0).number;
  EXPECT_NE(health, general);
  const CheckActions first =
      take_probe_result(patient.checks, patient.task, general, results::Answered{200}, start + 2s);
  EXPECT_EQ(first.report, (CheckReport{Reason::task_check_status_updated, ""}));
  const CheckActions second = take_probe_result(patient.checks, patient.task, health, results::Exited{0}, start + 3s);
  EXPECT_EQ(second.report, (CheckReport{Reason::task_health_check_status_updated, ""}));
  EXPECT_EQ(next_check(patient.checks), start + 4s);
  EXPECT_EQ(patient.status().healthy, true);
  EXPECT_EQ(patient.status().check, (CheckStatus{.type = CheckType::http, .status_code = 200}));
}

// --- what is asked ---------------------------------------------------------------------------------------------------

struct AskCase {
  HealthCheck check;
  Probe probe;
};

TEST(CheckProbes, HealthChecksBecomeProbes) {
  const CommandInfo command{.shell = false, .value = "/bin/x", .arguments = {"x", "-y"}};
  const HttpCheck http{.port = 443, .path = "/a?b", .scheme = "https", .family = AddressFamily::ipv6};
  const std::vector<AskCase> cases{
      {{.type = CheckType::command, .command = command}, {CommandProbe{command}, 20s}},
      {{.type = CheckType::http, .http = HttpCheck{.port = 80}, .timeout = 0s}, {HttpProbe{.port = 80}, 0s}},
      {{.type = CheckType::http, .http = http}, {HttpProbe{"https", 443, "/a?b", AddressFamily::ipv6}, 20s}},
      {{.type = CheckType::tcp, .tcp = TcpCheck{.port = 6379}}, {TcpProbe{6379, AddressFamily::ipv4}, 20s}},
      {{.type = CheckType::tcp, .tcp = TcpCheck{1, AddressFamily::ipv6}}, {TcpProbe{1, AddressFamily::ipv6}, 20s}}};
  for (const AskCase& each : cases) {
    Patient patient = with_health(each.check);
    patient.begin();
    ASSERT_TRUE(patient.pass());
    ASSERT_EQ(patient.last.run.size(), 1u);
    EXPECT_EQ(patient.last.run[0].probe, each.probe);
  }
}

TEST(CheckProbes, GeneralChecksBecomeProbes) {
  Patient patient = with_check();
  patient.begin();
  ASSERT_TRUE(patient.pass());
  EXPECT_EQ(patient.last.run.at(0).probe, (Probe{HttpProbe{.port = 80, .path = "/ok"}, 5s}));
}

// --- the health check ------------------------------------------------------------------------------------------------

struct MeaningCase {
  ProbeResult result;
  std::optional<bool> healthy;
  std::string message;
};

TEST(HealthChecks, EachResultHasItsMeaning) {
  const std::vector<MeaningCase> cases{
      {results::Exited{0, "fine"}, true, ""},
      {results::Exited{1, ""}, false, "Health check failed (1 of 3): the command exited with status 1"},
      {results::Exited{137, "a\nb\x01\xff\n"}, false,
       "Health check failed (1 of 3): the command exited with status 137 (SIGKILL): a b ?"},
      {results::Answered{199}, false, "Health check failed (1 of 3): unexpected HTTP response code 199"},
      {results::Answered{200}, true, ""},
      {results::Answered{399}, true, ""},
      {results::Answered{400}, false, "Health check failed (1 of 3): unexpected HTTP response code 400"},
      {results::Connected{}, true, ""},
      {results::Refused{"nobody"}, false, "Health check failed (1 of 3): nobody"},
      {results::Failed{"no curl"}, false, "Health check failed (1 of 3): no curl"},
      {results::TimedOut{}, false, "Health check failed (1 of 3): no result within 5secs"},
      {results::Unknown{"Docker is away"}, std::nullopt, ""}};
  for (const MeaningCase& each : cases) {
    Patient patient = with_health();
    patient.begin();
    const CheckActions actions = patient.next_answer(each.result);
    EXPECT_EQ(patient.status().healthy, each.healthy) << each.message;
    EXPECT_EQ(actions.report.has_value(), each.healthy.has_value()) << each.message;
    if (actions.report) {
      EXPECT_EQ(actions.report->reason, Reason::task_health_check_status_updated);
      EXPECT_EQ(actions.report->message, each.message);
    }
    EXPECT_FALSE(actions.kill);
    EXPECT_EQ(next_check(patient.checks), start + 3s) << "it goes on after any result";
  }
}

TEST(HealthChecks, LongOutputIsCutAtItsBeginning) {
  Patient patient = with_health();
  patient.begin();
  const std::string message =
      patient.next_answer(results::Exited{1, std::string(5000, 'x') + "the end"}).report->message;
  EXPECT_LT(message.size(), 300u);
  EXPECT_TRUE(message.ends_with("the end")) << message;
}

// A letter each time: ok, fail, timeout, unknown; what follows: T healthy, F unhealthy, K unhealthy and kill, -
// nothing.
struct StoryCase {
  std::uint32_t consecutive_failures;
  std::string results;
  std::string follows;
  std::string why;
};

char what_follows(const Patient& patient, const CheckActions& actions) {
  if (actions.kill) return patient.status().healthy == false && actions.report ? 'K' : '?';
  if (!actions.report) return '-';
  return patient.status().healthy == true ? 'T' : 'F';
}

TEST(HealthChecks, TellStories) {
  const std::vector<StoryCase> cases{{3, "ooo", "T--", "only the first success is news"},
                                     {3, "off", "TFF", "each counted failure is"},
                                     {3, "offf", "TFFK", "three in a row are too many"},
                                     {3, "offofff", "TFFTFFK", "a success begins anew"},
                                     {3, "fff", "FFK", "also before the first success"},
                                     {3, "ftf", "FFK", "a timeout is a failure"},
                                     {3, "ffuf", "FF-K", "what is not known changes nothing"},
                                     {3, "uuo", "--T", "nor does it hide the first success"},
                                     {1, "of", "TK", "the first failure"},
                                     {0, "f", "K", "0 is as 1"},
                                     {2, "fofoff", "FTFTFK", "never two in a row until the end"}};
  for (const StoryCase& each : cases) {
    HealthCheck check = health_check();
    check.consecutive_failures = each.consecutive_failures;
    Patient patient = with_health(check);
    patient.begin();
    std::string follows;
    for (const char letter : each.results) {
      ProbeResult result = results::Exited{0};
      if (letter == 'f') result = results::Exited{1};
      if (letter == 't') result = results::TimedOut{};
      if (letter == 'u') result = results::Unknown{"?"};
      const CheckActions actions = patient.next_answer(result);
      follows += what_follows(patient, actions);
    }
    EXPECT_EQ(follows, each.follows) << each.why << " (" << each.results << ")";
  }
}

TEST(HealthChecks, AKillSaysWhy) {
  HealthCheck check = health_check();
  check.consecutive_failures = 2;
  Patient patient = with_health(check);
  patient.begin();
  patient.next_answer(results::Exited{1});
  EXPECT_EQ(patient.next_answer(results::Answered{500}).kill,
            "its health check failed 2 times in a row: unexpected HTTP response code 500");
  check.consecutive_failures = 1;
  patient = with_health(check);
  patient.begin();
  EXPECT_EQ(patient.next_answer(results::TimedOut{}).kill, "its health check failed: no result within 5secs");
}

struct GraceCase {
  Duration grace;
  Duration at;  // when the result comes
  bool counts;
};

TEST(HealthChecks, FailuresInTheGracePeriodCountForNothing) {
  const std::vector<GraceCase> cases{{10s, 1s, false}, {10s, 10s, false}, {10s, 10s + 1us, true},
                                     {0s, 0s, true},   {0s, 1s, true},    {Duration::max(), 24h, false}};
  for (const GraceCase& each : cases) {
    HealthCheck check = health_check();
    check.delay = 0s;
    check.grace_period = each.grace;
    Patient patient = with_health(check);
    patient.begin();
    patient.now = after(start, each.at);
    const CheckActions actions = patient.answer(results::Exited{1});
    EXPECT_EQ(actions.report.has_value(), each.counts) << each.at.count();
    EXPECT_EQ(patient.status().healthy.has_value(), each.counts);
    EXPECT_FALSE(actions.log.empty()) << "a person can see it";
  }
}

TEST(HealthChecks, GraceEndsWithTheFirstSuccess) {
  HealthCheck check = health_check();
  check.grace_period = 1h;
  Patient patient = with_health(check);
  patient.begin();
  EXPECT_FALSE(patient.next_answer(results::Exited{1}).report);
  EXPECT_TRUE(patient.next_answer(results::Exited{0}).report) << "the first success";
  EXPECT_TRUE(patient.next_answer(results::Exited{1}).report);
  EXPECT_EQ(patient.status().healthy, false);
}

TEST(HealthChecks, GraceRunsBesideTheDelay) {
  HealthCheck check = health_check();
  check.delay = 15s;
  check.grace_period = 10s;
  Patient patient = with_health(check);
  patient.begin();
  EXPECT_TRUE(patient.next_answer(results::Exited{1}).report) << "at 15 s the grace of 10 s is over";
}

TEST(HealthChecks, SuccessWithinTheGraceIsReported) {
  HealthCheck check = health_check();
  check.grace_period = 1h;
  Patient patient = with_health(check);
  patient.begin();
  EXPECT_TRUE(patient.next_answer(results::Exited{0}).report);
  EXPECT_EQ(patient.status().healthy, true);
}

// --- the general check -----------------------------------------------------------------------------------------------

struct CheckStep {
  ProbeResult result;
  CheckStatus status;
  bool reported;
};

void tell(CheckType type, const std::vector<CheckStep>& steps) {
  CheckInfo check = http_check();
  check.type = type;
  Patient patient = with_check(check);
  EXPECT_EQ(patient.status().check, CheckStatus{.type = type}) << "from the first update on, without a value";
  patient.begin();
  for (const CheckStep& each : steps) {
    const CheckActions actions = patient.next_answer(each.result);
    EXPECT_EQ(actions.report.has_value(), each.reported);
    if (actions.report) {
      EXPECT_EQ(actions.report->reason, Reason::task_check_status_updated);
    }
    EXPECT_EQ(patient.status().check, each.status);
    EXPECT_EQ(patient.status().healthy, std::nullopt) << "a general check says nothing about health";
    EXPECT_FALSE(actions.kill);
  }
}

TEST(GeneralChecks, ReportChangesOfCommands) {
  const CheckType type = CheckType::command;
  tell(type, {{results::Exited{0}, {.type = type, .exit_code = 0}, true},
              {results::Exited{0, "other output"}, {.type = type, .exit_code = 0}, false},
              {results::Exited{3}, {.type = type, .exit_code = 3}, true},
              {results::TimedOut{}, {.type = type}, true},
              {results::TimedOut{}, {.type = type}, false},
              {results::Unknown{"?"}, {.type = type}, false},
              {results::Exited{3}, {.type = type, .exit_code = 3}, true},
              {results::Unknown{"?"}, {.type = type, .exit_code = 3}, false},
              {results::Failed{"no such program"}, {.type = type}, true}});
}

TEST(GeneralChecks, ReportChangesOfHttp) {
  const CheckType type = CheckType::http;
  tell(type, {{results::Failed{"refused"}, {.type = type}, false},
              {results::Answered{200}, {.type = type, .status_code = 200}, true},
              {results::Answered{503}, {.type = type, .status_code = 503}, true},
              {results::Answered{503}, {.type = type, .status_code = 503}, false},
              {results::Failed{"refused"}, {.type = type}, true}});
}

TEST(GeneralChecks, ReportChangesOfTcp) {
  const CheckType type = CheckType::tcp;
  tell(type, {{results::TimedOut{}, {.type = type}, false},
              {results::Refused{"refused"}, {.type = type, .succeeded = false}, true},
              {results::Connected{}, {.type = type, .succeeded = true}, true},
              {results::Connected{}, {.type = type, .succeeded = true}, false},
              {results::TimedOut{}, {.type = type}, true}});
}

// --- pause -----------------------------------------------------------------------------------------------------------

TEST(PausedChecks, CancelTheirProbesAndIgnoreTheirResults) {
  Patient patient = with_health();
  patient.task.check = http_check();
  patient.begin();
  ASSERT_TRUE(patient.pass());
  ASSERT_EQ(patient.last.run.size(), 2u);
  const auto running = patient.last.run;
  const CheckActions paused = pause_checks(patient.checks);
  EXPECT_EQ(paused.cancel, (std::vector{running[0].number, running[1].number}));
  EXPECT_EQ(pause_checks(patient.checks), CheckActions{}) << "once";
  EXPECT_EQ(next_check(patient.checks), std::nullopt);
  EXPECT_EQ(continue_checks(patient.checks, patient.task, start + 1h), CheckActions{});
  for (const ProbeToRun& each : running) {
    EXPECT_EQ(take_probe_result(patient.checks, patient.task, each.number, results::Exited{1}, patient.now),
              CheckActions{});
  }
  EXPECT_EQ(patient.status().healthy, std::nullopt);
}

TEST(PausedChecks, KeepWhatIsKnown) {
  Patient patient = with_health();
  patient.task.check = http_check();
  patient.begin();
  ASSERT_TRUE(patient.pass());
  const auto running = patient.last.run;
  take_probe_result(patient.checks, patient.task, running[0].number, results::Exited{1}, patient.now);
  take_probe_result(patient.checks, patient.task, running[1].number, results::Answered{404}, patient.now);
  pause_checks(patient.checks);
  EXPECT_EQ(patient.status().healthy, false) << "what the last update of a task says that its health check has killed";
  EXPECT_EQ(patient.status().check, (CheckStatus{.type = CheckType::http, .status_code = 404}));
}

TEST(PausedChecks, ResumeAtOnce) {
  Patient patient = with_health();
  patient.begin();
  ASSERT_TRUE(patient.pass());
  const std::uint64_t before = patient.last.run.at(0).number;
  pause_checks(patient.checks);
  const CheckActions resumed = resume_checks(patient.checks, patient.task, patient.now);
  ASSERT_EQ(resumed.run.size(), 1u);
  EXPECT_NE(resumed.run[0].number, before) << "the old answer is still ignored";
  EXPECT_EQ(resume_checks(patient.checks, patient.task, patient.now), CheckActions{}) << "it is not paused";
}

TEST(PausedChecks, NeverBeginWhenTheTaskDidNotRun) {
  Patient patient = with_health();
  EXPECT_EQ(pause_checks(patient.checks), CheckActions{});
  EXPECT_EQ(resume_checks(patient.checks, patient.task, start), CheckActions{});
  EXPECT_EQ(next_check(patient.checks), std::nullopt);
}

TEST(Checks, StrayResultsAreIgnored) {
  Patient patient = with_health();
  patient.begin();
  EXPECT_EQ(take_probe_result(patient.checks, patient.task, 0, results::Exited{0}, start), CheckActions{});
  EXPECT_EQ(take_probe_result(patient.checks, patient.task, 99, results::Exited{0}, start), CheckActions{});
  ASSERT_TRUE(patient.pass());
  const std::uint64_t number = patient.last.run.at(0).number;
  patient.answer(results::Exited{0});
  EXPECT_EQ(take_probe_result(patient.checks, patient.task, number, results::Exited{1}, patient.now), CheckActions{})
      << "a second answer of one probe";
}

// --- Docker's own HEALTHCHECK ----------------------------------------------------------------------------------------

TEST(DockerHealthChecks, AreReportedOnRequestAndOnChange) {
  Patient patient;
  patient.begin({.report_docker_health = true});
  const auto says = [](HealthState health) { return results::DockerSays{health}; };
  ASSERT_TRUE(patient.pass());
  EXPECT_TRUE(std::holds_alternative<DockerHealthProbe>(patient.last.run.at(0).probe.what));
  EXPECT_FALSE(patient.answer(says(HealthState::starting)).report);
  EXPECT_EQ(patient.status().healthy, std::nullopt);
  EXPECT_EQ(patient.next_answer(says(HealthState::healthy)).report, (CheckReport{.message = ""}));
  EXPECT_EQ(patient.status().healthy, true);
  EXPECT_FALSE(patient.next_answer(says(HealthState::healthy)).report);
  EXPECT_FALSE(patient.next_answer(results::Unknown{"away"}).report);
  EXPECT_FALSE(patient.next_answer(results::TimedOut{}).report) << "Docker is slow, not the task";
  const CheckActions unhealthy = patient.next_answer(says(HealthState::unhealthy));
  EXPECT_EQ(unhealthy.report, (CheckReport{.message = "Docker says that the container is unhealthy"}));
  EXPECT_EQ(patient.status().healthy, false);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(patient.next_answer(says(HealthState::unhealthy)), CheckActions{}) << "it never kills";
  }
  EXPECT_TRUE(patient.next_answer(says(HealthState::healthy)).report);
}

TEST(DockerHealthChecks, EndForAnImageWithoutOne) {
  Patient patient;
  patient.begin({.report_docker_health = true});
  EXPECT_EQ(patient.next_answer(results::DockerSays{HealthState::none}), CheckActions{});
  EXPECT_FALSE(patient.pass());
}

TEST(DockerHealthChecks, GiveWayToTheHealthCheckOfTheTask) {
  Patient patient = with_health();
  patient.begin({.report_docker_health = true});
  ASSERT_TRUE(patient.pass());
  EXPECT_TRUE(std::holds_alternative<CommandProbe>(patient.last.run.at(0).probe.what));
}

TEST(DockerHealthChecks, AreNotAskedForUnlessWanted) {
  Patient patient;
  patient.begin();
  EXPECT_FALSE(patient.pass());
}

}  // namespace
}  // namespace windlass::executor
