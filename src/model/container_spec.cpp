#include "model/container_spec.hpp"

#include <algorithm>

namespace windlass {

namespace {

auto find_env(auto& env, const std::string& name) {
  return std::find_if(env.begin(), env.end(), [&](const std::string& entry) {
    return entry.starts_with(name) && (entry.size() == name.size() || entry[name.size()] == '=');
  });
}

void put_env(ContainerSpec& spec, const std::string& name, std::string entry) {
  auto found = find_env(spec.env, name);
  if (found != spec.env.end()) {
    *found = std::move(entry);
  } else {
    spec.env.push_back(std::move(entry));
  }
}

}  // namespace

void set_env(ContainerSpec& spec, const std::string& name, const std::string& value) {
  put_env(spec, name, name + "=" + value);
}

void unset_env(ContainerSpec& spec, const std::string& name) { put_env(spec, name, name); }

bool has_env(const ContainerSpec& spec, const std::string& name) { return find_env(spec.env, name) != spec.env.end(); }

// As Docker tells a registry from the first part of a path: by a dot, a colon, or the name localhost.
std::string registry_of(const std::string& image) {
  const auto slash = image.find('/');
  if (slash == std::string::npos) return "docker.io";
  const std::string first = image.substr(0, slash);
  const bool is_host = first == "localhost" || first.find_first_of(".:") != std::string::npos;
  return is_host ? first : "docker.io";
}

}  // namespace windlass
