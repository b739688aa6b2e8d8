#pragma once
// Does a container ask for more than the operator of its agent allows?

#include "base/error.hpp"
#include "model/container_policy.hpp"
#include "model/container_spec.hpp"

#include <string>

namespace windlass {

// own_cgroup: the parent that the executor itself chose; empty: the Engine's default.
// Errors: Errc::forbidden with the option that asks for it and, where there is one, its value.
[[nodiscard]] Result<void> check_policy(const ContainerSpec& spec, const ContainerPolicy& policy,
                                        const std::string& own_cgroup = {});

}  // namespace windlass
