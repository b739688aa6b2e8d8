#include "executor/checks.hpp"

#include "executor/signals.hpp"

#include <algorithm>
#include <utility>

namespace windlass::executor {

namespace {

// A check with an interval of 0 would leave the executor no time for anything else.
constexpr Duration interval_min = std::chrono::milliseconds{10};
// How often Docker is asked for the state of its own HEALTHCHECK, and how long it may take to say it.
constexpr Duration docker_health_interval = std::chrono::seconds{5};
constexpr Duration docker_health_timeout = std::chrono::seconds{30};
// The whole output would travel with every update of a failing task, through the agent and the master to the framework.
constexpr std::size_t output_in_message_max = 200;

// --- probes ----------------------------------------------------------------------------------------------------------

// What a check leaves out is http and IPv4; a path that is empty is read as "/" by the probe.
Probe to_probe(CheckType type, const std::optional<CommandInfo>& command, const std::optional<HttpCheck>& http,
               const std::optional<TcpCheck>& tcp, Duration timeout) {
  Probe probe{.what = CommandProbe{command.value_or(CommandInfo{})}, .timeout = timeout};
  if (type == CheckType::http) {
    const HttpCheck check = http.value_or(HttpCheck{});
    probe.what = HttpProbe{.scheme = check.scheme.value_or("http"),
                           .port = check.port,
                           .path = check.path.value_or(""),
                           .family = check.family.value_or(AddressFamily::ipv4)};
  } else if (type == CheckType::tcp) {
    const TcpCheck check = tcp.value_or(TcpCheck{});
    probe.what = TcpProbe{.port = check.port, .family = check.family.value_or(AddressFamily::ipv4)};
  }
  return probe;
}

Probe health_probe(const Checks& checks, const TaskInfo& task) {
  if (checks.follows_docker) return Probe{.what = DockerHealthProbe{}, .timeout = docker_health_timeout};
  const HealthCheck& check = *task.health_check;
  return to_probe(check.type, check.command, check.http, check.tcp, check.timeout);
}

Probe general_probe(const TaskInfo& task) {
  const CheckInfo& check = *task.check;
  return to_probe(check.type, check.command, check.http, check.tcp, check.timeout);
}

// The interval counts from the result, not from the beginning: a probe that takes longer than its interval never meets
// the next one of its kind.
void wait_for_next(CheckWatch& watch, Duration interval, TimePoint now) {
  watch = CheckWatch{.due = after(now, std::max(interval, interval_min))};
}

// Every probe has a number of its own, so that the result of one that was cancelled is known for what it is and
// ignored.
void begin_probe(Checks& checks, CheckWatch& watch, Probe probe, CheckActions& actions) {
  watch = CheckWatch{.probing = ++checks.probes};
  actions.run.push_back({watch.probing, std::move(probe)});
}

void cancel_probe(CheckWatch& watch, CheckActions& actions) {
  if (watch.probing != 0) actions.cancel.push_back(watch.probing);
  watch = CheckWatch{};
}

// --- what a result means ---------------------------------------------------------------------------------------------

// A command writes what it likes; a message is one line of text.
std::string with_output(const std::string& text, const std::string& output) {
  const std::size_t end = output.find_last_not_of(" \r\n\t") + 1;
  if (end == 0) return text;
  // The end of the output, not its beginning: that is where programs say what went wrong.
  const std::size_t begin = end > output_in_message_max ? end - output_in_message_max : 0;
  std::string line = output.substr(begin, end - begin);
  for (char& c : line) {
    const auto byte = static_cast<unsigned char>(c);
    // The cut may have split a UTF-8 character, and a message that is not UTF-8 cannot be sent as JSON or protobuf.
    if (byte < 0x20) c = ' ';
    if (byte >= 0x7f) c = '?';
  }
  return text + ": " + line;
}

// Why the task is not healthy; nothing: it is.
struct Complaint {
  Duration timeout = {};

  std::optional<std::string> operator()(const probe_results::Exited& result) const {
    if (result.code == 0) return std::nullopt;
    return with_output("the command exited with status " + exit_code_text(result.code), result.output);
  }
  // The codes that Mesos calls healthy (mesos.md 4.5). Redirects are followed before, so 3xx comes without a Location.
  std::optional<std::string> operator()(const probe_results::Answered& result) const {
    if (result.status >= 200 && result.status < 400) return std::nullopt;
    return "unexpected HTTP response code " + std::to_string(result.status);
  }
  std::optional<std::string> operator()(const probe_results::Connected&) const { return std::nullopt; }
  std::optional<std::string> operator()(const probe_results::Refused& result) const { return result.why; }
  std::optional<std::string> operator()(const probe_results::Failed& result) const { return result.why; }
  std::optional<std::string> operator()(const probe_results::TimedOut&) const {
    return "no result within " + to_mesos_duration(timeout);
  }
  // Neither is asked: see take_health_result.
  std::optional<std::string> operator()(const probe_results::DockerSays&) const { return std::nullopt; }
  std::optional<std::string> operator()(const probe_results::Unknown& result) const { return result.why; }
};

// The status of a general check; the value stays away when there is none.
struct ToStatus {
  CheckType type = CheckType::unknown;

  CheckStatus operator()(const probe_results::Exited& result) const { return {.type = type, .exit_code = result.code}; }
  CheckStatus operator()(const probe_results::Answered& result) const {
    return {.type = type, .status_code = result.status};
  }
  CheckStatus operator()(const probe_results::Connected&) const { return {.type = type, .succeeded = true}; }
  CheckStatus operator()(const probe_results::Refused&) const { return {.type = type, .succeeded = false}; }
  template <class Other>
  // Mesos writes "no result" as a status with its type and an empty message (mesos.md 3.7).
  CheckStatus operator()(const Other&) const {
    return {.type = type};
  }
};

// --- the health check ------------------------------------------------------------------------------------------------

void count_success(Checks& checks, CheckActions& actions) {
  // Mesos reports a success only when it changes something, but every failure that counts (mesos.md 3.7).
  const bool is_news = !checks.has_succeeded || checks.failures > 0;
  checks.has_succeeded = true;
  checks.failures = 0;
  checks.healthy = true;
  if (is_news) actions.report = CheckReport{};
}

bool is_in_grace(const Checks& checks, const HealthCheck& check, TimePoint now) {
  // The grace is for a task that is still starting up: once it was healthy, a failure is a failure (mesos.md 3.7).
  if (checks.has_succeeded || check.grace_period <= Duration::zero()) return false;
  return now <= after(*checks.started_at, check.grace_period);
}

void count_failure(Checks& checks, const HealthCheck& check, const std::string& why, TimePoint now,
                   CheckActions& actions) {
  if (is_in_grace(checks, check, now)) {
    actions.log.push_back("health check failed in its grace period: " + why);
    return;
  }
  ++checks.failures;
  checks.healthy = false;
  std::string text = "Health check failed (" + std::to_string(checks.failures) + " of " +
                     std::to_string(std::max(1U, check.consecutive_failures)) + "): " + why;
  actions.log.push_back(text);
  actions.report = CheckReport{.message = std::move(text)};
  // 0 asks for an end at the first failure, as 1 does; the text above says 1, so that nobody reads "1 of 0".
  if (checks.failures < check.consecutive_failures) return;
  const std::string times = checks.failures == 1 ? "" : std::to_string(checks.failures) + " times in a row";
  actions.kill = "its health check failed" + (times.empty() ? times : " " + times) + ": " + why;
}

// Docker counts and decides by itself.
void follow_docker(Checks& checks, HealthState health, CheckActions& actions) {
  if (health != HealthState::healthy && health != HealthState::unhealthy) return;
  const bool is_healthy = health == HealthState::healthy;
  // Docker has its own count of retries, and its state is read every few seconds: only a change is news.
  if (checks.healthy == is_healthy) return;
  checks.healthy = is_healthy;
  actions.report = CheckReport{.message = is_healthy ? "" : "Docker says that the container is unhealthy"};
}

void take_docker_health(Checks& checks, const ProbeResult& result, TimePoint now, CheckActions& actions) {
  const auto* says = std::get_if<probe_results::DockerSays>(&result);
  if (says != nullptr && says->health == HealthState::none) {
    checks.health = CheckWatch{};  // the image has no HEALTHCHECK, and never will
    return;
  }
  // Whatever else came (Docker is away, the container has ended) says nothing about health, and it is asked again.
  if (says != nullptr) follow_docker(checks, says->health, actions);
  wait_for_next(checks.health, docker_health_interval, now);
}

void take_health_result(Checks& checks, const TaskInfo& task, const ProbeResult& result, TimePoint now,
                        CheckActions& actions) {
  if (checks.follows_docker) return take_docker_health(checks, result, now, actions);
  const HealthCheck& check = *task.health_check;
  // A probe that could not be made counts neither as success nor as failure: the failure would be ours or Docker's, and
  // must not end a task that may be well.
  wait_for_next(checks.health, check.interval, now);
  if (const auto* unknown = std::get_if<probe_results::Unknown>(&result)) {
    actions.log.push_back("health check could not be made: " + unknown->why);
    return;
  }
  const auto why = std::visit(Complaint{check.timeout}, result);
  why ? count_failure(checks, check, *why, now, actions) : count_success(checks, actions);
}

// --- the general check -----------------------------------------------------------------------------------------------

CheckStatus latest_status(const Checks& checks, const CheckInfo& check) {
  return checks.status.value_or(CheckStatus{.type = check.type});
}

void take_general_result(Checks& checks, const TaskInfo& task, const ProbeResult& result, TimePoint now,
                         CheckActions& actions) {
  const CheckInfo& check = *task.check;
  wait_for_next(checks.general, check.interval, now);
  if (const auto* unknown = std::get_if<probe_results::Unknown>(&result)) {
    actions.log.push_back("check could not be made: " + unknown->why);
    return;
  }
  const CheckStatus status = std::visit(ToStatus{check.type}, result);
  // A complaint is of use only where there is no value: exit code 1 or status 503 says by itself what was found.
  const bool has_value = status.exit_code || status.status_code || status.succeeded;
  std::string why;
  if (!has_value) why = std::visit(Complaint{check.timeout}, result).value_or("");
  if (!why.empty()) actions.log.push_back("check failed: " + why);
  // Compared with the empty status too, so that a first result without a value is no news: every update has said so
  // already.
  if (status == latest_status(checks, check)) return;
  checks.status = status;
  actions.report = CheckReport{.reason = Reason::task_check_status_updated, .message = std::move(why)};
}

}  // namespace

CheckActions start_checks(Checks& checks, const TaskInfo& task, const CheckOptions& options, TimePoint now) {
  checks.active = true;
  checks.started_at = now;
  checks.follows_docker = options.report_docker_health && !task.health_check;
  if (task.health_check) checks.health.due = after(now, task.health_check->delay);
  if (checks.follows_docker) checks.health.due = after(now, docker_health_interval);
  if (task.check) checks.general.due = after(now, task.check->delay);
  return continue_checks(checks, task, now);
}

CheckActions continue_checks(Checks& checks, const TaskInfo& task, TimePoint now) {
  CheckActions actions;
  if (!checks.active) return actions;
  const auto is_due = [&](const CheckWatch& watch) { return watch.due && *watch.due <= now; };
  if (is_due(checks.health)) begin_probe(checks, checks.health, health_probe(checks, task), actions);
  if (is_due(checks.general)) begin_probe(checks, checks.general, general_probe(task), actions);
  return actions;
}

CheckActions take_probe_result(Checks& checks, const TaskInfo& task, std::uint64_t number, const ProbeResult& result,
                               TimePoint now) {
  CheckActions actions;
  // 0 stands for "no probe under way" in CheckWatch and must not match it.
  if (number == 0) return actions;
  if (number == checks.health.probing) {
    take_health_result(checks, task, result, now, actions);
  } else if (number == checks.general.probing) {
    take_general_result(checks, task, result, now, actions);
  }
  return actions;
}

CheckActions pause_checks(Checks& checks) {
  CheckActions actions;
  // What was found stays: the last update of a killed task still says healthy=false (mesos.md 3.7).
  checks.active = false;
  cancel_probe(checks.health, actions);
  cancel_probe(checks.general, actions);
  return actions;
}

CheckActions resume_checks(Checks& checks, const TaskInfo& task, TimePoint now) {
  if (checks.active || !checks.started_at) return {};
  checks.active = true;
  if (task.health_check || checks.follows_docker) checks.health.due = now;
  if (task.check) checks.general.due = now;
  return continue_checks(checks, task, now);
}

std::optional<TimePoint> next_check(const Checks& checks) {
  if (!checks.active) return std::nullopt;
  if (!checks.health.due || !checks.general.due) return checks.health.due ? checks.health.due : checks.general.due;
  return std::min(*checks.health.due, *checks.general.due);
}

void attach_checks(const Checks& checks, const TaskInfo& task, TaskStatus& status) {
  if (checks.healthy) status.healthy = checks.healthy;
  // With a check there is always a status, before the first result an empty one: frameworks tell by it that there is
  // one.
  if (task.check) status.check = latest_status(checks, *task.check);
}

}  // namespace windlass::executor
