#pragma once
// What the Mesos API handlers need of a fleet's runtime. Used on the loop thread only.

#include "fleet/step.hpp"
#include "node/framework_port.hpp"

#include <memory>

namespace windlass {

class FleetPort : public FrameworkPort {
 public:
  // As of now: nothing that is not in the journal yet.
  [[nodiscard]] virtual std::shared_ptr<const fleet::Summary> summary() const = 0;
};

}  // namespace windlass
