#pragma once
// A login that a task brings, as the configuration of Docker's client that says the same.

#include "model/task.hpp"

#include <string>

namespace windlass {

// {"auths": {"registry.example": {"username": …, "password": …}}}: this login for the registry of the image.
[[nodiscard]] std::string registry_config(const std::string& image, const RegistryUser& user);

}  // namespace windlass
