#include "sim/guest_checker.hpp"

#include "sim/cluster.hpp"

#include <algorithm>

namespace windlass::sim {

using namespace std::chrono_literals;

namespace {

// Between a result and its count.
constexpr Duration probe_slack = 1s;

int rank_of(TaskState state) {
  switch (state) {
    case TaskState::staging: return 0;
    case TaskState::starting: return 1;
    case TaskState::running: return 2;
    case TaskState::killing: return 3;
    default: return 4;
  }
}

// UNKNOWN is the master's word for: there is no such task.
bool says_over(TaskState state) { return is_terminal(state) || state == TaskState::unknown; }

// None: it says nothing of the task.
std::optional<bool> is_good(const ProbeResult& result) {
  if (std::holds_alternative<probe_results::Unknown>(result)) return {};
  if (const auto* exited = std::get_if<probe_results::Exited>(&result)) return exited->code == 0;
  if (const auto* answered = std::get_if<probe_results::Answered>(&result)) return answered->status < 400;
  return std::holds_alternative<probe_results::Connected>(result);
}

CheckType type_of(const Probe& probe) {
  if (std::holds_alternative<CommandProbe>(probe.what)) return CheckType::command;
  if (std::holds_alternative<HttpProbe>(probe.what)) return CheckType::http;
  return CheckType::tcp;
}

bool is_good(const CheckStatus& status) {
  switch (status.type) {
    case CheckType::command: return status.exit_code == 0;
    case CheckType::http: return status.status_code == 200U;
    case CheckType::tcp: return status.succeeded == true;
    case CheckType::unknown: break;
  }
  return false;
}

}  // namespace

GuestChecker::Watched* GuestChecker::find(const TaskId& task) {
  auto found = tasks_.find(task);
  return found == tasks_.end() ? nullptr : &found->second;
}

// --- the guest ------------------------------------------------------------------------------------------------------

void GuestChecker::launches(const std::vector<TaskInfo>& tasks, const ExecutorId& executor, bool is_group) {
  const int group = next_group_++;
  for (const TaskInfo& info : tasks) {
    Watched& task = tasks_[info.id];
    task.info = info;
    task.executor = executor;
    if (is_group) task.group = group;
  }
}

void GuestChecker::kills(const TaskId& id) {
  Watched* task = find(id);
  if (task == nullptr) return;
  task->may_be_killed = task->must_be_killed = true;
}

void GuestChecker::shuts_down(const ExecutorId& executor) {
  for (auto& [id, task] : tasks_) {
    if (task.executor == executor) task.may_be_killed = true;
  }
}

void GuestChecker::gives_up(const TaskId& id) {
  if (Watched* task = find(id)) task->over = true;
}

void GuestChecker::hears(const TaskStatus& status) {
  Watched* task = find(status.task_id);
  if (task == nullptr) world_.fail("a status of a task that was never launched: " + status.task_id.value);
  if (status.uuid) {
    if (task->seen.insert(*status.uuid).second) take_update(*task, status);
  } else if (says_over(status.state)) {
    task->over = true;
  }
  if (!task->over || is_terminal(status.state)) task->news.state = status.state;
}

void GuestChecker::take_update(Watched& task, const TaskStatus& status) {
  const std::string& name = status.task_id.value;
  if (task.end) {
    world_.fail(name + " has ended, and then is " + to_string(status.state));
  }
  const int rank = rank_of(status.state);
  if (rank < task.rank) world_.fail(name + " goes back to " + to_string(status.state));
  task.rank = rank;
  if (status.healthy) task.news.healthy = status.healthy;
  if (status.check) task.news.check = status.check;
  if (!is_terminal(status.state)) return;
  task.end = status.uuid;
  task.over = true;
}

bool GuestChecker::is_over(const TaskId& id) const {
  const auto found = tasks_.find(id);
  return found == tasks_.end() || found->second.over;
}

std::vector<TaskId> GuestChecker::running() const {
  std::vector<TaskId> ids;
  for (const auto& [id, task] : tasks_) {
    if (!task.over && task.news.state == TaskState::running) ids.push_back(id);
  }
  return ids;
}

GuestChecker::News GuestChecker::news_of(const TaskId& id) const {
  const auto found = tasks_.find(id);
  return found == tasks_.end() ? News{} : found->second.news;
}

// --- the machines ---------------------------------------------------------------------------------------------------

void GuestChecker::container_created(const TaskId& id) {
  if (Watched* task = find(id)) task->is_created = true;
}

void GuestChecker::task_started(const TaskId& id) {
  Watched* task = find(id);
  if (task == nullptr) return;
  task->started = world_.now();
  if (!task->group) return;
  for (const auto& [other_id, other] : tasks_) {
    if (other.group == task->group && !other.is_created) {
      world_.fail(id.value + " begins before " + other_id.value + " of its group can");
    }
  }
}

void GuestChecker::executor_says(const TaskStatus& status) {
  Watched* task = find(status.task_id);
  if (task == nullptr) return;
  if (status.state == TaskState::running && !task->said_running) task->said_running = world_.now();
  if (status.state == TaskState::killed) check_killed(*task, status);
}

// One of the others of its group may have ended otherwise than well, or be the one that was to be killed.
bool GuestChecker::group_may_end(const Watched& task) const {
  if (!task.group) return false;
  return std::ranges::any_of(tasks_, [&](const auto& each) {
    const Watched& other = each.second;
    return other.group == task.group && &other != &task &&
           (other.may_be_killed || other.may_fail || !other.started || !cluster_.agent_checker.lives(each.first));
  });
}

void GuestChecker::check_killed(const Watched& task, const TaskStatus& status) const {
  if (task.may_be_killed || task.may_fail || group_may_end(task)) return;
  world_.fail(status.task_id.value + " is killed without a reason: " + status.message);
}

void GuestChecker::probe_ended(const TaskId& id, const Probe& probe, const ProbeResult& result) {
  Watched* task = find(id);
  if (task == nullptr || !task->info.health_check || task->info.health_check->type != type_of(probe)) return;
  if (const auto good = is_good(result)) count_health(*task, *good);
}

void GuestChecker::count_health(Watched& task, bool good) {
  if (good) {
    task.has_succeeded = true;
    task.certain_failures = task.possible_failures = 0;
    return;
  }
  const HealthCheck& check = *task.info.health_check;
  const std::uint32_t limit = std::max(1U, check.consecutive_failures);
  const bool may_count =
      task.has_succeeded || !task.started || world_.now() + probe_slack >= after(*task.started, check.grace_period);
  const bool counts = task.has_succeeded ||
                      (task.said_running && world_.now() > after(*task.said_running, check.grace_period + probe_slack));
  if (may_count) ++task.possible_failures;
  if (counts) ++task.certain_failures;
  if (task.possible_failures >= limit) task.may_fail = true;
  if (task.certain_failures >= limit) task.must_fail = true;
}

// --- liveness -------------------------------------------------------------------------------------------------------

std::string GuestChecker::why_not_converged() const {
  const std::set<TaskId> living = cluster_.agent_checker.living();
  for (const auto& [id, task] : tasks_) {
    const bool lives = living.contains(id);
    if (task.over && lives) return id.value + " runs though it is said to have ended";
    if (task.over) continue;
    if (auto why = task_not_converged(task); !why.empty()) return id.value + why;
    if (!lives) return id.value + " has no container and no process";
  }
  return groups_not_converged();
}

std::string GuestChecker::task_not_converged(const Watched& task) const {
  if (task.must_be_killed) return " was to be killed";
  if (task.must_fail) return " has failed its health check often enough to be ended";
  if (!task.news.state) return " was launched, and nothing is heard of it";
  if (task.news.state != TaskState::running) return std::string{" is "} + to_string(*task.news.state);
  return checks_not_converged(task);
}

std::string GuestChecker::checks_not_converged(const Watched& task) const {
  if (task.info.health_check && task.news.healthy != true) return " is not said to be healthy";
  if (!task.info.check) return {};
  if (!task.news.check) return " has no result of its check";
  return is_good(*task.news.check) ? "" : " has a bad result of its check";
}

std::string GuestChecker::groups_not_converged() const {
  for (const auto& [id, task] : tasks_) {
    if (!task.group || task.over) continue;
    for (const auto& [other_id, other] : tasks_) {
      const bool ended_well = other.news.state == TaskState::finished;
      if (other.group == task.group && other.over && !ended_well) {
        return id.value + " runs without " + other_id.value + " of its group";
      }
    }
  }
  return {};
}

}  // namespace windlass::sim
