#include "api/marathon/metrics.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

namespace windlass {
namespace {

struct Metric {
  std::string_view name;  // words apart by "."
  bool counter = false;
  std::string_view help;
  std::uint64_t value = 0;
};

std::vector<Metric> collect(const scheduler::World& world) {
  std::uint64_t running = 0;
  std::uint64_t staged = 0;
  std::uint64_t waiting = 0;
  for (const auto& [id, view] : world.apps) {
    waiting += view->missing;
    for (const auto& [key, instance] : view->instances) {
      running += instance->condition == Condition::running ? 1 : 0;
      // Of an instance that does not run yet: from the launch to its first TASK_RUNNING.
      const bool starts = instance->condition == Condition::provisioned || instance->condition == Condition::staging ||
                          instance->condition == Condition::starting;
      staged += starts ? 1 : 0;
    }
  }
  const scheduler::Counters& counters = world.counters;
  return {
      {"apps.active", false, "Apps that are defined", world.apps.size()},
      {"instances.running", false, "Instances that run", running},
      {"instances.staged", false, "Instances that were sent to Mesos and do not run yet", staged},
      {"instances.waiting", false, "Instances that wait for an offer", waiting},
      {"mesos.connected", false, "1 while subscribed to a master", world.connected ? 1U : 0U},
      {"instances.launched", true, "Instances sent to Mesos", counters.launches},
      {"instances.failed", true, "Instances that ended without being told to", counters.failures},
      {"kills", true, "Kill calls", counters.kills},
      {"mesos.offers.received", true, "Offers received", counters.offers},
      {"mesos.offers.declined", true, "Offers declined", counters.offers_declined},
      {"mesos.status.updates", true, "Status updates received", counters.status_updates},
      {"mesos.subscriptions", true, "Subscriptions that the master confirmed", counters.subscriptions},
  };
}

std::string json_section(const std::vector<Metric>& metrics, bool counters) {
  std::string section;
  for (const Metric& metric : metrics) {
    if (metric.counter != counters) continue;
    section += section.empty() ? "" : ",";
    section += "\"windlass." + std::string{metric.name} + (counters ? "\":{\"count\":" : "\":{\"value\":") +
               std::to_string(metric.value) + "}";
  }
  return section;
}

}  // namespace

// In the form of Marathon's own GET /metrics (marathon.md 1.3).
std::string metrics_json(const scheduler::World& world) {
  const std::vector<Metric> metrics = collect(world);
  return "{\"version\":\"3.0.0\",\"gauges\":{" + json_section(metrics, false) + "},\"counters\":{" +
         json_section(metrics, true) + "},\"histograms\":{},\"meters\":{},\"timers\":{}}";
}

std::string metrics_prometheus(const scheduler::World& world) {
  std::string text;
  for (const Metric& metric : collect(world)) {
    std::string name = "windlass_" + std::string{metric.name} + (metric.counter ? "_total" : "");
    // Prometheus takes no dots in names, and wants `_total` behind counters.
    std::replace(name.begin(), name.end(), '.', '_');
    text += "# HELP " + name + " " + std::string{metric.help} + "\n# TYPE " + name +
            (metric.counter ? " counter\n" : " gauge\n") + name + " " + std::to_string(metric.value) + "\n";
  }
  return text;
}

}  // namespace windlass
