#include "container/registry_config.hpp"

#include "model/container_spec.hpp"
#include "wire/json/writer.hpp"

namespace windlass {

namespace {

// Docker's client knows its own registry by this address, not by its name.
constexpr std::string_view hub = "docker.io";
constexpr std::string_view hub_key = "https://index.docker.io/v1/";

}  // namespace

std::string registry_config(const std::string& image, const RegistryUser& user) {
  // Written out as JSON, so that there is one way for logins: what reads a task's own configuration reads this one too.
  const std::string registry = registry_of(image);
  JsonWriter json;
  json.open('{');
  json.open("auths", '{');
  json.open(registry == hub ? hub_key : registry, '{');
  json.text("username", user.name);
  json.text("password", user.password);
  json.close('}');
  json.close('}');
  json.close('}');
  return json.take();
}

}  // namespace windlass
