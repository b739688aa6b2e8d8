#include "sim/scenario.hpp"

#include <algorithm>
#include <utility>

namespace windlass::sim {

using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t scenario_seed = 1;
constexpr Duration still_for = 60s;        // `settle` ends when nothing has changed for so long
constexpr Duration settle_within = 30min;  // and gives up after this
constexpr Duration look_every = 1s;
constexpr Duration answer_within = 10s;

AppId app_id(const ScenarioLine& line, std::size_t index) { return {"/" + word(line, index)}; }

Constraint to_constraint(const std::string& text) {
  static const std::map<std::string, ConstraintOperator> operators = {
      {"UNIQUE", ConstraintOperator::unique},     {"CLUSTER", ConstraintOperator::cluster},
      {"LIKE", ConstraintOperator::like},         {"UNLIKE", ConstraintOperator::unlike},
      {"GROUP_BY", ConstraintOperator::group_by}, {"MAX_PER", ConstraintOperator::max_per}};
  const auto first = text.find(':');
  const auto second = first == std::string::npos ? first : text.find(':', first + 1);
  if (first == std::string::npos) throw LineError("a constraint is field:OPERATOR[:value]");
  auto found = operators.find(text.substr(first + 1, second == std::string::npos ? second : second - first - 1));
  if (found == operators.end()) throw LineError("unknown operator in " + text);
  Constraint constraint{text.substr(0, first), found->second, {}};
  if (second != std::string::npos) constraint.value = text.substr(second + 1);
  return constraint;
}

bool holds(std::int64_t seen, const std::string& comparison, std::int64_t wanted) {
  if (comparison == "==") return seen == wanted;
  if (comparison == "<=") return seen <= wanted;
  if (comparison == ">=") return seen >= wanted;
  if (comparison == "<") return seen < wanted;
  if (comparison == ">") return seen > wanted;
  throw LineError("unknown comparison " + comparison);
}

std::string status_of(const Error& error) {
  switch (error.code) {
    case Errc::not_found: return "404";
    case Errc::conflict:
    case Errc::invalid: return "422";
    default: return "500";
  }
}

bool is_comparison(const std::string& word) { return word.find_first_of("<>=") == 0; }

// 1 for yes, 0 for no: "on" and "off".
bool to_switch(const std::string& text) {
  if (text != "on" && text != "off") throw LineError("on or off, not " + text);
  return text == "on";
}

}  // namespace

Scenario::Scenario(std::vector<ScenarioLine> lines) : lines_(std::move(lines)), faults_(no_faults()) {}

std::string Scenario::run() {
  for (const ScenarioLine& line : lines_) {
    try {
      run_line(line);
    } catch (const std::runtime_error& error) {
      return std::to_string(line.number) + ": " + line.text + ": " + error.what();
    }
  }
  return {};
}

std::vector<std::string> Scenario::log() const {
  if (!cluster_) return {};
  return {cluster_->world.recent().begin(), cluster_->world.recent().end()};
}

void Scenario::run_line(const ScenarioLine& line) {
  using Verb = void (Scenario::*)(const ScenarioLine&);
  static const std::map<std::string, Verb> before = {
      {"machine", &Scenario::machine}, {"image", &Scenario::image}, {"network", &Scenario::network}};
  static const std::map<std::string, Verb> verbs = {{"at", &Scenario::at},
                                                    {"advance", &Scenario::advance},
                                                    {"settle", &Scenario::settle},
                                                    {"start", &Scenario::start},
                                                    {"stop", &Scenario::stop},
                                                    {"scale", &Scenario::scale},
                                                    {"kill", &Scenario::kill},
                                                    {"crash", &Scenario::crash},
                                                    {"down", &Scenario::down},
                                                    {"up", &Scenario::up},
                                                    {"cut", &Scenario::cut},
                                                    {"exit", &Scenario::exit_container},
                                                    {"docker", &Scenario::docker},
                                                    {"remember", &Scenario::remember},
                                                    {"expect", &Scenario::expect},
                                                    {"always", &Scenario::always},
                                                    {"guest", &Scenario::guest},
                                                    {"partition", &Scenario::partition},
                                                    {"power_fails", &Scenario::power_fails},
                                                    {"gone", &Scenario::gone}};
  if (auto early = before.find(line.words[0]); early != before.end()) return (this->*early->second)(line);
  auto verb = verbs.find(line.words[0]);
  if (verb == verbs.end()) throw LineError("unknown verb " + line.words[0]);
  start_world();
  (this->*verb->second)(line);
}

void Scenario::start_world() {
  if (cluster_) return;
  cluster_ = std::make_unique<Cluster>(scenario_seed, options_, faults_);
  for (const auto& [name, kind] : images_) cluster_->images.set(name, kind);
  cluster_->start();
}

// --- the world ------------------------------------------------------------------------------------------------------

void Scenario::machine(const ScenarioLine& line) {
  if (cluster_) throw LineError("the machine is described before anything happens");
  allow_options(line, {"cpus", "mem", "ports", "hostname", "attributes", "failover_timeout", "agents"});
  auto option = [&](const char* name, const char* otherwise) {
    auto found = line.options.find(name);
    return found == line.options.end() ? std::string{otherwise} : found->second;
  };
  options_.resources = "cpus:" + option("cpus", "16") + ";mem:" + option("mem", "16384") + ";disk:100000;ports:[" +
                       option("ports", "31000-31039") + "]";
  options_.hostname = option("hostname", "host1");
  options_.attributes = option("attributes", "rack:a;zone:west");
  if (line.options.contains("failover_timeout")) {
    options_.failover_timeout = std::chrono::duration<double>(to_duration(line.options.at("failover_timeout"))).count();
  }
  options_.agents = static_cast<std::size_t>(to_number(option("agents", "0")));
  if (!parse_resources(options_.resources)) throw LineError("no such resources: " + options_.resources);
}

void Scenario::image(const ScenarioLine& line) {
  allow_options(line, {"exits_after", "code", "pull_takes", "answers_after"});
  ImageKind kind;
  for (std::size_t i = 2; i < line.words.size(); ++i) {
    const std::string& how = line.words[i];
    if (how == "missing") {
      kind.exists = false;
    } else if (how == "does_not_start") {
      kind.start_fails = true;
    } else if (how == "cannot_be_created") {
      kind.create_fails = true;
    } else if (how == "ignores_stop") {
      kind.ignores_stop = true;
    } else if (how == "sick") {
      kind.is_sick = true;
    } else if (how != "good") {
      throw LineError("unknown kind of image: " + how);
    }
  }
  if (line.options.contains("exits_after")) kind.exits_after = to_duration(line.options.at("exits_after"));
  if (line.options.contains("pull_takes")) kind.pull_takes = to_duration(line.options.at("pull_takes"));
  if (line.options.contains("answers_after")) kind.answers_after = to_duration(line.options.at("answers_after"));
  if (line.options.contains("code")) kind.exit_code = static_cast<int>(to_number(line.options.at("code")));
  images_[word(line, 1)] = kind;
  if (cluster_) cluster_->images.set(word(line, 1), kind);
}

void Scenario::network(const ScenarioLine& line) {
  allow_options(line, {"delay", "cut_noticed_within"});
  Faults& faults = cluster_ ? cluster_->faults : faults_;
  for (const auto& [name, value] : line.options) {
    (name == "delay" ? faults.network_delay_max : faults.cut_notice_max) = to_duration(value);
  }
}

void Scenario::run_for(Duration time) {
  World& world = cluster_->world;
  const TimePoint end = world.now() + std::chrono::duration_cast<microseconds>(time);
  while (world.run_one(end)) {
    for (const Always& each : always_) {
      const std::int64_t seen = measure(each.what, each.app);
      if (!holds(seen, each.comparison, each.number)) {
        throw LineError("it was not always so:" + each.text + ": it is " + std::to_string(seen));
      }
    }
  }
}

void Scenario::at(const ScenarioLine& line) {
  const Duration when = to_duration(word(line, 1));
  if (when < cluster_->world.elapsed()) throw LineError("it is later than that");
  run_for(when - cluster_->world.elapsed());
}

void Scenario::advance(const ScenarioLine& line) { run_for(to_duration(word(line, 1))); }

// What an operator sees, as text: instances, containers, executors.
std::string Scenario::picture() const {
  std::string text;
  for (const auto& [id, instance] : cluster_->scheduler.rows().instances) {
    text += instance.task_id.value + std::to_string(static_cast<int>(instance.condition)) + " ";
  }
  for (const auto& machine : cluster_->machines) {
    for (const auto& [id, container] : machine->docker.containers()) {
      text += id + std::to_string(static_cast<int>(container.state)) + " ";
    }
  }
  for (const ExecutorNode* executor : cluster_->executors()) text += std::to_string(executor->pid()) + " ";
  return text;
}

void Scenario::settle(const ScenarioLine&) {
  const Duration limit = cluster_->world.elapsed() + settle_within;
  std::string before = picture();
  Duration since = cluster_->world.elapsed();
  while (cluster_->world.elapsed() - since < still_for) {
    if (cluster_->world.elapsed() > limit) throw LineError("things are still changing after 30 minutes");
    run_for(look_every);
    if (const std::string now = picture(); now != before) {
      before = now;
      since = cluster_->world.elapsed();
    }
  }
}

// --- requests -------------------------------------------------------------------------------------------------------

void Scenario::send(const AppId& id, scheduler::Event command) {
  answer_.clear();
  const auto app = cluster_->scheduler.rows().apps.find(id);
  std::optional<std::int64_t> before;
  if (app != cluster_->scheduler.rows().apps.end()) before = app->second.instances;
  auto answered = [this, id, before](const std::optional<scheduler::Answer>& answer) {
    Checker& checker = cluster_->checker;
    checker.never_answered(id, cluster_->scheduler.rows());  // what is in the journal is what counts from now on
    if (!answer) {
      answer_ = "none";
    } else if (answer->error) {
      answer_ = status_of(*answer->error);
      if (checker.possible(id) != Checker::Counts{before}) answer_ = "changed in spite of " + answer_;
    } else {
      answer_ = "ok";
      killed_ = static_cast<std::int64_t>(answer->killed.size());
    }
  };
  cluster_->scheduler.request(std::move(command), answered);
}

void Scenario::start(const ScenarioLine& line) {
  allow_options(line, {"image", "instances", "cpus", "mem", "ports", "constraint", "backoff", "backoff_factor"});
  auto option = [&](const char* name, const char* otherwise) {
    auto found = line.options.find(name);
    return found == line.options.end() ? std::string{otherwise} : found->second;
  };
  App app;
  app.id = app_id(line, 1);
  app.cmd = option("image", "redis");
  app.executor = "/var/lib/mesos/executors/docker";
  app.instances = to_number(option("instances", "1"));
  app.cpus = to_amount(option("cpus", "1"));
  app.mem = to_amount(option("mem", "64"));
  app.ports.resize(static_cast<std::size_t>(to_number(option("ports", "1"))));
  if (line.options.contains("constraint")) app.constraints.push_back(to_constraint(line.options.at("constraint")));
  if (line.options.contains("backoff")) app.backoff = to_duration(line.options.at("backoff"));
  if (line.options.contains("backoff_factor")) app.backoff_factor = to_amount(line.options.at("backoff_factor"));
  if (cluster_->scheduler.rows().apps.contains(app.id)) return send(app.id, scheduler::StartApp{0, app});
  cluster_->checker.asked(app.id, {std::nullopt, app.instances}, app);
  send(app.id, scheduler::StartApp{0, app});
}

void Scenario::stop(const ScenarioLine& line) {
  const AppId id = app_id(line, 1);
  cluster_->checker.asked(id, {std::nullopt});
  send(id, scheduler::StopApp{0, id});
}

void Scenario::scale(const ScenarioLine& line) {
  const AppId id = app_id(line, 1);
  const std::int64_t instances = to_number(word(line, 2));
  if (cluster_->scheduler.rows().apps.contains(id)) cluster_->checker.asked(id, {instances});
  send(id, scheduler::ScaleApp{0, id, instances});
}

void Scenario::kill(const ScenarioLine& line) {
  allow_options(line, {"host", "task", "scale"});
  scheduler::KillTasks command{.app = app_id(line, 1)};
  if (line.options.contains("host")) command.host = line.options.at("host");
  if (line.options.contains("scale")) command.scale = line.options.at("scale") == "true";
  if (line.options.contains("task")) {
    if (line.options.at("task") != "first") throw LineError("task=first is the only choice");
    for (const auto& [id, instance] : cluster_->scheduler.rows().instances) {
      if (instance.app_id == command.app && !command.task_id) command.task_id = instance.task_id.value;
    }
  }
  auto app = cluster_->scheduler.rows().apps.find(command.app);
  if (command.scale && app != cluster_->scheduler.rows().apps.end()) {
    Checker::Counts possible;
    for (std::int64_t i = 0; i <= app->second.instances; ++i) possible.insert(i);
    cluster_->checker.asked(command.app, possible);
  }
  send(command.app, command);
}

// --- what goes wrong ------------------------------------------------------------------------------------------------

void Scenario::crash(const ScenarioLine& line) {
  const std::string& who = word(line, 1);
  const std::string when = line.words.size() > 2 ? line.words[2] : "now";
  const CrashPoint point = when == "before_commit"  ? CrashPoint::before_commit
                           : when == "after_commit" ? CrashPoint::after_commit
                                                    : CrashPoint::none;
  if (point == CrashPoint::none && when != "now" && who != "executor" && who != "agent")
    throw LineError("unknown moment " + when);
  if (who == "scheduler") {
    if (point == CrashPoint::none) return cluster_->scheduler.crash("kill -9", 200ms);
    return cluster_->scheduler.crash_at_next_commit(point);
  }
  if (who == "engine" || who == "master") {
    if (point == CrashPoint::none) return cluster_->crash_master("kill -9", 200ms);
    if (!cluster_->engine) throw LineError("only the engine can be ended there");
    return cluster_->engine->crash_at_next_commit(point);
  }
  if (who == "guest") return cluster_->guest.crash("kill -9", 200ms);
  if (who == "agent") return agent_of(line, 2).crash("kill -9", 200ms);
  if (who != "executor") throw LineError("scheduler, engine, master, agent, guest or executor, not " + who);
  const std::string prefix = safe_path(app_id(line, 2)) + ".";
  for (const ExecutorNode* executor : cluster_->executors()) {
    if (executor->has_task({word(line, 2)})) return cluster_->kill_executor(executor->pid());
  }
  for (const auto& [instance_id, instance] : cluster_->scheduler.rows().instances) {
    if (!instance.task_id.value.starts_with(prefix)) continue;
    for (const ExecutorNode* executor : cluster_->executors()) {
      if (executor->has_task(instance.task_id)) return cluster_->kill_executor(executor->pid());
    }
  }
  throw LineError("no executor runs it");
}

void Scenario::down(const ScenarioLine& line) {
  const std::string& who = word(line, 1);
  if (who == "scheduler") return cluster_->scheduler.crash("kill -9", {});
  if (who == "engine" || who == "master") return cluster_->crash_master("kill -9", {});
  if (who == "guest") return cluster_->guest.crash("kill -9", {});
  if (who == "agent") return agent_of(line, 2).crash("kill -9", {});
  throw LineError("scheduler, engine, master, agent or guest, not " + who);
}

void Scenario::up(const ScenarioLine& line) {
  const std::string& who = word(line, 1);
  if (who == "scheduler" && !cluster_->scheduler.up()) return cluster_->scheduler.start();
  if (who == "engine" && cluster_->engine && !cluster_->engine->up()) return cluster_->engine->start();
  if (who == "master" && cluster_->mesos && !cluster_->mesos->up()) return cluster_->mesos->start();
  if (who == "guest" && !cluster_->guest.up()) return cluster_->guest.start();
  if (who == "agent" && !agent_of(line, 2).up()) return agent_of(line, 2).start();
  throw LineError(who + " is not down");
}

void Scenario::cut(const ScenarioLine& line) {
  const std::string& who = word(line, 1);
  if (who == "scheduler") return cluster_->framework_link.cut_all();
  if (who == "executors") {
    for (const auto& machine : cluster_->machines) machine->executor_link.cut_all();
    return;
  }
  throw LineError("scheduler or executors, not " + who);
}

void Scenario::exit_container(const ScenarioLine& line) {
  allow_options(line, {"code"});
  const auto ids = containers_of(app_id(line, 1));
  if (ids.empty()) throw LineError("it has no container");
  const int code = line.options.contains("code") ? static_cast<int>(to_number(line.options.at("code"))) : 0;
  for (const auto& machine : cluster_->machines) machine->docker.exit_by_itself(*ids.begin(), code);
}

void Scenario::docker(const ScenarioLine& line) {
  allow_options(line, {"host"});
  const std::string& what = word(line, 1);
  Docker& docker = machine_of(line).docker;
  if (what == "restart") return docker.restart(2s, true);
  if (what == "restart_without_live_restore") return docker.restart(2s, false);
  if (what == "hang") return docker.hang(to_duration(word(line, 2)));
  if (what == "pull_fails") {
    cluster_->faults.pull_failure = to_switch(word(line, 2)) ? 1000 : 0;
    return;
  }
  if (what == "fails") {
    cluster_->faults.docker_error = to_switch(word(line, 2)) ? 1000 : 0;
    return;
  }
  throw LineError("docker cannot " + what);
}

// --- what is seen ---------------------------------------------------------------------------------------------------

std::set<std::string> Scenario::containers_of(const AppId& id, const std::string& host) const {
  std::set<std::string> ids;
  const std::string prefix = safe_path(id) + ".";
  for (const auto& machine : cluster_->machines) {
    if (!host.empty() && machine->info.hostname != host) continue;
    for (const auto& [container_id, container] : machine->docker.containers()) {
      const bool its = container.task.value.starts_with(prefix);
      if (container.state == ContainerState::running && its) ids.insert(container_id);
    }
  }
  return ids;
}

// Instances that the scheduler shows as running and that do run.
std::int64_t Scenario::running(const AppId& id) const {
  std::int64_t count = 0;
  for (const auto& [instance_id, instance] : cluster_->scheduler.rows().instances) {
    if (instance.app_id != id || instance.condition != Condition::running || instance.goal != Goal::running) continue;
    if (cluster_->agent_checker.lives(instance.task_id)) ++count;
  }
  return count;
}

std::int64_t Scenario::measure(const std::string& what, const AppId& id) const {
  const SchedulerRows& rows = cluster_->scheduler.rows();
  if (what == "running") return running(id);
  if (what == "containers") return static_cast<std::int64_t>(containers_of(id).size());
  if (what == "launches") return static_cast<std::int64_t>(cluster_->checker.launches(id));
  if (what == "executors") return static_cast<std::int64_t>(cluster_->executors().size());
  if (what == "wanted") return rows.apps.contains(id) ? rows.apps.at(id).instances : 0;
  if (what == "apps") return static_cast<std::int64_t>(rows.apps.size());
  if (what == "killed") return killed_;
  if (what == "unacknowledged") {
    std::int64_t count = 0;
    for (const auto& machine : cluster_->machines) {
      for (const TaskView& task : machine->agent->tasks()) count += static_cast<std::int64_t>(task.unacknowledged);
    }
    return count;
  }
  throw LineError("unknown measure " + what);
}

void Scenario::remember(const ScenarioLine& line) { remembered_[app_id(line, 1)] = containers_of(app_id(line, 1)); }

void Scenario::expect(const ScenarioLine& line) {
  const std::string& what = word(line, 1);
  if (what == "answer") return expect_answer(line);
  if (what == "same") return expect_same(line);
  if (what == "guest") return expect_guest(line);
  if (what == "healed") return expect_healed(line);
  if (what == "containers" && line.options.contains("host")) {
    const auto there = containers_of(app_id(line, 2), line.options.at("host"));
    return expect_number(line, static_cast<std::int64_t>(there.size()));
  }
  const bool of_app = what == "running" || what == "containers" || what == "launches" || what == "wanted";
  expect_number(line, measure(what, of_app ? app_id(line, 2) : AppId{}));
}

// "expect running web 2", "expect launches web <= 5".
void Scenario::expect_number(const ScenarioLine& line, std::int64_t seen) {
  const std::string& last = line.words.back();
  const std::string& before = line.words[line.words.size() - 2];
  const std::string comparison = is_comparison(before) ? before : "==";
  if (!holds(seen, comparison, to_number(last))) throw LineError("it is " + std::to_string(seen));
}

void Scenario::expect_answer(const ScenarioLine& line) {
  for (Duration waited{}; answer_.empty() && waited < answer_within; waited += 10ms) run_for(10ms);
  const std::string seen = answer_.empty() ? "waiting" : answer_;
  if (seen != word(line, 2)) throw LineError("it is " + seen);
}

void Scenario::expect_same(const ScenarioLine& line) {
  if (word(line, 2) != "containers") throw LineError("the same what?");
  const AppId id = app_id(line, 3);
  if (!remembered_.contains(id)) throw LineError("nothing is remembered of it");
  if (remembered_[id].empty()) throw LineError("no container is remembered");
  if (remembered_[id] != containers_of(id)) throw LineError("they are others");
}

void Scenario::expect_healed(const ScenarioLine&) {
  if (auto why = cluster_->why_not_converged(); !why.empty()) throw LineError(why);
}

void Scenario::always(const ScenarioLine& line) {
  const std::string& what = word(line, 1);
  if (what == "nothing") return always_.clear();
  Always each{line.text, what, app_id(line, 2), word(line, 3), to_number(word(line, 4))};
  const std::int64_t seen = measure(each.what, each.app);
  if (!holds(seen, each.comparison, each.number)) throw LineError("it is " + std::to_string(seen) + " already");
  always_.push_back(each);
}

}  // namespace windlass::sim
