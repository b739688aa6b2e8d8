#pragma once
// Where an app's instances may run (marathon.md 4.6): UNIQUE, CLUSTER, LIKE, UNLIKE, GROUP_BY, MAX_PER, IS over the
// host name and the agent's attributes.

#include "base/error.hpp"
#include "model/app.hpp"
#include "model/framework.hpp"
#include "scheduler/state.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace windlass::scheduler {

// Error.where is "constraints".
std::optional<Error> validate(const Constraint& constraint);

// The value of a constraint's field at the place that an offer is of; none when the agent lacks the attribute.
std::optional<std::string> field_value(const Offer& offer, const std::string& field);
// The values that an instance has to remember, so that later instances can be compared with it.
std::map<std::string, std::string> constraint_values(const App& app, const Offer& offer);

// The constraints of one app, with how many of its instances have which value. Made for one batch of offers.
class ConstraintTally {
 public:
  // Counts the instances of the app's current configuration, also those that are ending: they are still there.
  ConstraintTally(const State& state, const App& app);
  ~ConstraintTally();
  ConstraintTally(ConstraintTally&&) noexcept;

  [[nodiscard]] bool allows(const Offer& offer) const;
  // An instance was placed there.
  void add(const Offer& offer);

 private:
  struct Rule;
  std::vector<std::unique_ptr<Rule>> rules_;
};

}  // namespace windlass::scheduler
