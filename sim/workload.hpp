#pragma once
// Users: they start, stop, scale and kill apps at random, and remember what was answered.

#include "sim/cluster.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace windlass::sim {

class Workload {
 public:
  Workload(Cluster& cluster, Duration mean_pause) : cluster_(cluster), mean_pause_(mean_pause) {}

  void begin();
  void end() { ++turn_; }
  // Scales apps down until all of them fit on the machine, so that everything wanted can run.
  void make_it_fit();
  // Some images are bad: they cannot be pulled, do not start, end by themselves, do not stop.
  void make_images_bad();
  void make_images_good();

 private:
  void next();
  void act();
  void act_on(const AppId& id);
  void start(const AppId& id);
  void start_again(const AppId& id, std::int64_t instances);
  void stop(const AppId& id);
  void scale(const AppId& id, std::int64_t instances);
  void kill(const AppId& id, std::int64_t instances);
  void use_unknown(const AppId& id);
  App random_app(const AppId& id);
  // Sends it; `settle` is called with the answer, unless there is none.
  void send(const AppId& id, scheduler::Event command, std::function<void(const scheduler::Answer&)> settle);
  void fail(const AppId& id, const std::string& what, const scheduler::Answer& answer);

  Cluster& cluster_;
  Duration mean_pause_;
  std::uint64_t turn_ = 0;
  std::set<AppId> busy_;  // one request for each app at a time
};

}  // namespace windlass::sim
