// What a guest framework does in a scenario, and what it has heard.

#include "sim/scenario.hpp"

#include <algorithm>
#include <utility>

namespace windlass::sim {

namespace {

std::string option(const ScenarioLine& line, const char* name, const char* otherwise) {
  const auto found = line.options.find(name);
  return found == line.options.end() ? otherwise : found->second;
}

CheckType to_check_type(const std::string& text) {
  if (text == "none") return CheckType::unknown;
  if (text == "command") return CheckType::command;
  if (text == "http") return CheckType::http;
  if (text == "tcp") return CheckType::tcp;
  throw LineError("a check is command, http or tcp, not " + text);
}

GuestWish to_wish(const ScenarioLine& line) {
  allow_options(line, {"program", "image", "count", "executor", "host", "cpus", "mem", "ports", "network", "health",
                       "check", "interval", "timeout", "grace", "failures", "kill_grace"});
  GuestWish wish;
  const auto kind = guest_kind(word(line, 3));
  if (!kind) throw LineError("a guest cannot launch a " + word(line, 3));
  wish.kind = *kind;
  wish.name = word(line, 2);
  wish.program = option(line, "image", option(line, "program", "serve").c_str());
  wish.count = static_cast<std::size_t>(to_number(option(line, "count", *kind == GuestKind::group ? "2" : "1")));
  wish.executor = option(line, "executor", "shared");
  if (line.options.contains("host")) wish.host = line.options.at("host");
  wish.cpus = to_amount(option(line, "cpus", "0.1"));
  wish.mem = to_amount(option(line, "mem", "32"));
  wish.ports = static_cast<std::size_t>(to_number(option(line, "ports", "0")));
  wish.bridge = option(line, "network", "host") == "bridge";
  wish.health = to_check_type(option(line, "health", "none"));
  wish.check = to_check_type(option(line, "check", "none"));
  wish.interval = to_duration(option(line, "interval", "10s"));
  wish.timeout = to_duration(option(line, "timeout", "5s"));
  wish.grace_period = to_duration(option(line, "grace", "10s"));
  wish.failures = static_cast<std::uint32_t>(to_number(option(line, "failures", "3")));
  if (line.options.contains("kill_grace")) wish.kill_grace = to_duration(line.options.at("kill_grace"));
  if (wish.health == wish.check && wish.health != CheckType::unknown) {
    throw LineError("the two checks of a task have to be of two types");
  }
  return wish;
}

std::string state_text(const GuestChecker::News& news) {
  const std::string text = news.state ? to_string(*news.state) : "TASK_NEVER_HEARD_OF";
  return text.substr(text.find('_') + 1);
}

std::string health_text(const GuestChecker::News& news) {
  if (!news.healthy) return "of_unknown_health";
  return *news.healthy ? "healthy" : "unhealthy";
}

std::string check_text(const GuestChecker::News& news) {
  if (!news.check) return "none";
  if (news.check->exit_code) return std::to_string(*news.check->exit_code);
  if (news.check->status_code) return std::to_string(*news.check->status_code);
  if (news.check->succeeded) return *news.check->succeeded ? "connected" : "refused";
  return "no_answer";
}

}  // namespace

void Scenario::guest(const ScenarioLine& line) {
  if (!cluster_->guest.up() && !cluster_->options.has_guest) cluster_->invite_guest();
  const std::string& what = word(line, 1);
  if (what == "launch") return cluster_->guest.want(to_wish(line));
  allow_options(line, {});
  if (what == "reconcile") return cluster_->guest.reconcile();
  if (what == "shutdown") return cluster_->guest.shut_down({word(line, 2)});
  if (what == "kill" && word(line, 2) == "all") return cluster_->guest.kill_all();
  if (what == "kill") return cluster_->guest.kill({word(line, 2)});
  throw LineError("a guest cannot " + what);
}

// "expect guest a RUNNING", "expect guest a healthy", "expect guest a check 200".
void Scenario::expect_guest(const ScenarioLine& line) {
  const auto news = cluster_->guest_checker.news_of({word(line, 2)});
  const std::string& wanted = word(line, 3);
  std::string seen = state_text(news);
  if (wanted.ends_with("health") || wanted.ends_with("healthy")) seen = health_text(news);
  if (wanted == "check") seen = check_text(news);
  if (seen != (wanted == "check" ? word(line, 4) : wanted)) throw LineError("it is " + seen);
}

}  // namespace windlass::sim
