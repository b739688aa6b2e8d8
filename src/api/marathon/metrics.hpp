#pragma once
// /metrics of the scheduler: one list of numbers, as Coda Hale's JSON or in Prometheus' text format.

#include "scheduler/world.hpp"

#include <string>

namespace windlass {

// {"version":"3.0.0","gauges":{"<name>":{"value":n},...},"counters":{"<name>":{"count":n},...},...}.
std::string metrics_json(const scheduler::World& world);
// "# TYPE windlass_... counter" and so on, version 0.0.4.
std::string metrics_prometheus(const scheduler::World& world);

}  // namespace windlass
