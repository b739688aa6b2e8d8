#include "sim/workload.hpp"

#include <algorithm>
#include <utility>

namespace windlass::sim {

using namespace std::chrono_literals;

namespace {

constexpr std::int64_t instances_max = 8;

// What make_it_fit does not count on.
struct Share {
  double cpus = 0;
  double mem = 0;
  std::int64_t ports = 0;
};
constexpr Share left_on_each{0.5, 256, 2};  // too little for an instance
constexpr Share guests_share{4, 2048, 15};
const std::vector<std::string> app_names = {"/web", "/api", "/db", "/cache", "/jobs", "/shop/cart"};
const std::vector<std::string> images = {"redis", "nginx", "postgres", "batch", "stubborn", "private"};

}  // namespace

void Workload::begin() {
  ++turn_;
  next();
}

void Workload::next() {
  cluster_.world.after(cluster_.world.between(1ms, 2 * mean_pause_), [this, turn = turn_] {
    if (turn != turn_) return;
    act();
    next();
  });
}

void Workload::act() {
  const AppId id{app_names[cluster_.world.prng().below(app_names.size())]};
  if (!busy_.contains(id) && cluster_.scheduler.up()) act_on(id);
}

void Workload::act_on(const AppId& id) {
  World& world = cluster_.world;
  const auto possible = cluster_.checker.possible(id);
  const auto count = *possible.begin();
  if (!count) return world.chance(9, 10) ? start(id) : use_unknown(id);
  const auto dice = world.prng().below(100);
  if (dice < 50) return scale(id, static_cast<std::int64_t>(world.prng().below(instances_max)));
  if (dice < 65) return stop(id);
  if (dice < 90) return kill(id, *count);
  start_again(id, *count);
}

void Workload::send(const AppId& id, scheduler::Event command, std::function<void(const scheduler::Answer&)> settle) {
  busy_.insert(id);
  cluster_.scheduler.request(std::move(command),
                             [this, id, settle = std::move(settle)](const std::optional<scheduler::Answer>& answer) {
                               busy_.erase(id);
                               if (!answer) {
                                 cluster_.world.note("user", "has no answer for " + id.value);
                                 return cluster_.checker.never_answered(id, cluster_.scheduler.rows());
                               }
                               cluster_.world.note("user", "has an answer for " + id.value);
                               settle(*answer);
                             });
}

void Workload::fail(const AppId& id, const std::string& what, const scheduler::Answer& answer) {
  cluster_.world.fail("wrong answer to " + what + " " + id.value + ": " +
                      (answer.error ? to_string(*answer.error) : std::string{"done"}));
}

App Workload::random_app(const AppId& id) {
  World& world = cluster_.world;
  App app;
  app.id = id;
  app.cmd = images[world.prng().below(images.size())];
  app.executor = "/var/lib/mesos/executors/docker";
  app.instances = static_cast<std::int64_t>(world.prng().below(instances_max));
  app.cpus = world.chance(1, 2) ? 0.1 : 0.5;
  app.mem = world.chance(1, 2) ? 32 : 256;
  app.env["SEED"] = std::to_string(world.prng().below(1000));
  app.ports.resize(world.prng().below(3));
  if (world.chance(1, 8)) {
    app.constraints.push_back({"hostname", ConstraintOperator::unique, {}});
    app.instances = std::min<std::int64_t>(app.instances, 1);
  } else if (world.chance(1, 8)) {
    app.constraints.push_back({"rack", ConstraintOperator::cluster, "a"});
  }
  return app;
}

void Workload::start(const AppId& id) {
  const App app = random_app(id);
  cluster_.world.note("user", "start " + id.value + " instances=" + std::to_string(app.instances) + " " + *app.cmd);
  cluster_.checker.asked(id, {std::nullopt, app.instances}, app);
  send(id, scheduler::StartApp{0, app}, [this, id, count = app.instances](const scheduler::Answer& answer) {
    if (answer.error) fail(id, "start", answer);
    cluster_.checker.answered(id, count);
  });
}

void Workload::start_again(const AppId& id, std::int64_t instances) {
  cluster_.world.note("user", "start again " + id.value);
  App app = *cluster_.checker.definition(id);
  app.instances = instances + 1;
  send(id, scheduler::StartApp{0, app}, [this, id](const scheduler::Answer& answer) {
    if (!answer.error || answer.error->code != Errc::conflict) fail(id, "start again", answer);
  });
}

void Workload::stop(const AppId& id) {
  cluster_.world.note("user", "stop " + id.value);
  cluster_.checker.asked(id, {std::nullopt});
  send(id, scheduler::StopApp{0, id}, [this, id](const scheduler::Answer& answer) {
    if (answer.error) fail(id, "stop", answer);
    cluster_.checker.answered(id, {});
  });
}

void Workload::scale(const AppId& id, std::int64_t instances) {
  const App* app = cluster_.checker.definition(id);
  const bool unique = !app->constraints.empty() && app->constraints.front().op == ConstraintOperator::unique;
  if (unique) instances = std::min<std::int64_t>(instances, 1);
  cluster_.world.note("user", "scale " + id.value + " " + std::to_string(instances));
  cluster_.checker.asked(id, {instances});
  send(id, scheduler::ScaleApp{0, id, instances}, [this, id, instances](const scheduler::Answer& answer) {
    if (answer.error) fail(id, "scale", answer);
    cluster_.checker.answered(id, instances);
  });
}

void Workload::kill(const AppId& id, std::int64_t instances) {
  World& world = cluster_.world;
  scheduler::KillTasks command{.app = id};
  command.scale = world.chance(1, 2);
  std::vector<std::string> tasks;
  for (const auto& [instance_id, instance] : cluster_.scheduler.rows().instances) {
    if (instance.app_id == id) tasks.push_back(instance.task_id.value);
  }
  if (tasks.empty() || world.chance(1, 4)) {
    command.host = "*";
  } else {
    command.task_id = tasks[world.prng().below(tasks.size())];
  }
  world.note("user", "kill " + id.value + (command.scale ? " and scale " : " ") + command.task_id.value_or("*"));
  if (command.scale) {
    Checker::Counts possible;
    for (std::int64_t i = 0; i <= instances; ++i) possible.insert(i);
    cluster_.checker.asked(id, possible);
  }
  send(id, command, [this, id, instances, scale = command.scale](const scheduler::Answer& answer) {
    if (answer.error) fail(id, "kill", answer);
    if (!scale) return;
    const auto killed = static_cast<std::int64_t>(answer.killed.size());
    cluster_.checker.answered(id, std::max<std::int64_t>(0, instances - killed));
  });
}

void Workload::use_unknown(const AppId& id) {
  scheduler::Event command = scheduler::StopApp{0, id};
  if (cluster_.world.chance(1, 2)) command = scheduler::ScaleApp{0, id, 3};
  cluster_.world.note("user", "stop or scale unknown " + id.value);
  send(id, std::move(command), [this, id](const scheduler::Answer& answer) {
    if (!answer.error || answer.error->code != Errc::not_found) fail(id, "a command for the unknown", answer);
  });
}

void Workload::make_it_fit() {
  double cpus = 0;
  double mem = 0;
  std::int64_t ports = 0;
  for (const auto& machine : cluster_.machines) {
    for (const Resource& each : machine->info.resources.entries()) {
      if (!each.reservation.empty()) continue;
      if (each.name == "cpus") cpus += from_milli(each.milli) - left_on_each.cpus;
      if (each.name == "mem") mem += from_milli(each.milli) - left_on_each.mem;
      if (each.name == "ports") ports += static_cast<std::int64_t>(count(each.ranges)) - left_on_each.ports;
    }
  }
  if (cluster_.options.has_guest) {
    cpus -= guests_share.cpus;
    mem -= guests_share.mem;
    ports -= guests_share.ports;
  }
  for (const AppId& id : cluster_.checker.known_apps()) {
    const auto possible = cluster_.checker.possible(id);
    const std::int64_t wanted = possible.rbegin()->value_or(0);
    const App* app = cluster_.checker.definition(id);
    if (wanted == 0 || busy_.contains(id)) continue;
    std::int64_t fits = wanted;
    const auto app_ports = static_cast<std::int64_t>(app->ports.size());
    while (fits > 0 && (app->cpus * static_cast<double>(fits) > cpus || app->mem * static_cast<double>(fits) > mem ||
                        app_ports * fits > ports)) {
      --fits;
    }
    cpus -= app->cpus * static_cast<double>(fits);
    mem -= app->mem * static_cast<double>(fits);
    ports -= app_ports * fits;
    if (fits < wanted) scale(id, fits);
  }
}

void Workload::make_images_bad() {
  ImageKinds& kinds = cluster_.images;
  World& world = cluster_.world;
  kinds.set("batch", {.exits_after = world.between(1s, 300s), .exit_code = world.chance(1, 2) ? 0 : 1});
  kinds.set("stubborn", {.ignores_stop = true});
  kinds.set("sick", {.is_sick = true});
  kinds.set("slow", {.answers_after = world.between(1s, 60s)});
  kinds.set("private", {.exists = !world.chance(1, 2), .start_fails = world.chance(1, 2)});
}

void Workload::make_images_good() {
  for (const auto& image : images) cluster_.images.set(image, {});
  for (const char* image : {"sick", "slow"}) cluster_.images.set(image, {});
}

}  // namespace windlass::sim
