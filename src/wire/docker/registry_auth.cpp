#include "wire/docker/registry_auth.hpp"

#include "base/base64.hpp"
#include "base/url.hpp"
#include "model/container_spec.hpp"
#include "wire/json/reader.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <optional>

namespace windlass {

namespace {

namespace json = boost::json;

constexpr std::string_view hub = "docker.io";
// Under this address Docker's client keeps the login for its own registry.
constexpr std::string_view hub_key = "https://index.docker.io/v1/";
constexpr std::string_view token_user = "<token>";

std::string text_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

const json::object* object_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_object();
}

bool names_registry(std::string_view key, const std::string& registry) {
  const std::string_view host = split_url(key).authority;  // "https://host:5000/v1/" -> "host:5000"
  // Keys are what somebody once typed: with a scheme and a path, or without.
  return registry == hub ? host == hub || host == "index.docker.io" : host == registry;
}

// The member of a map from registries; null: none.
const json::key_value_pair* find_registry(const json::object* map, const std::string& registry) {
  if (map == nullptr) return nullptr;
  const auto* found =
      std::find_if(map->begin(), map->end(), [&](const auto& each) { return names_registry(each.key(), registry); });
  return found == map->end() ? nullptr : found;
}

std::string to_header(const json::object& login) {
  std::string text = encode_base64(json::serialize(login));
  // Base64 for URLs, with its padding: that is what the Engine decodes.
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

Result<std::string> header_of(const json::object& entry, std::string_view server) {
  json::object login{{"serveraddress", server}};
  std::string user = text_at(entry, "username");
  std::string password = text_at(entry, "password");
  const std::string both = text_at(entry, "auth");
  if (!both.empty()) {
    auto decoded = decode_base64(both);
    const auto colon = decoded ? decoded->find(':') : std::string::npos;
    if (colon == std::string::npos) {
      return Error{
          Errc::malformed, "the credentials of " + std::string{server} + " are not base64 of user:password", {}};
    }
    // The first colon: a password may have more of them.
    user = decoded->substr(0, colon);
    password = decoded->substr(colon + 1);
  }
  const std::string token = text_at(entry, "identitytoken");
  // An identity token stands for user and password.
  if (!token.empty()) {
    login["identitytoken"] = token;
  } else {
    login["username"] = user;
    login["password"] = password;
  }
  return to_header(login);
}

// It becomes part of a program's name.
bool is_helper_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

Result<json::object> read_config(std::string_view text) {
  auto value = read_json(text);
  if (!value || !value->is_object()) return Error{Errc::malformed, "the Docker configuration is not a JSON object", {}};
  return std::move(value->get_object());
}

}  // namespace

Result<RegistryLogin> registry_login(std::string_view config_json, const std::string& image) {
  auto config = read_config(config_json);
  if (!config) return config.error();
  const std::string registry = registry_of(image);
  // The store is for all registries; a helper of the registry's own counts more.
  std::string helper = text_at(*config, "credsStore");
  const auto* own_helper = find_registry(object_at(*config, "credHelpers"), registry);
  if (own_helper != nullptr && own_helper->value().is_string()) helper = own_helper->value().get_string();
  if (!helper.empty()) {
    if (!is_helper_name(helper))
      return Error{Errc::malformed, "'" + helper + "' is no name of a credential helper", {}};
    // A helper is asked by the key under which `docker login` has stored the login: for Docker's own registry that is
    // the address.
    return RegistryLogin{.helper = helper, .server = registry == hub ? std::string{hub_key} : registry};
  }
  const bool is_file_of_auths = config->contains("auths");
  const auto* login = find_registry(is_file_of_auths ? object_at(*config, "auths") : &*config, registry);
  if (login == nullptr || !login->value().is_object()) return RegistryLogin{};
  auto header = header_of(login->value().get_object(), login->key());
  if (!header) return header.error();
  return RegistryLogin{.header = std::move(*header)};
}

Result<std::string> read_helper_login(std::string_view output, const std::string& server) {
  auto value = read_json(output);
  const auto* said = value ? value->if_object() : nullptr;
  const std::string user = said == nullptr ? "" : text_at(*said, "Username");
  if (user.empty()) return Error{Errc::malformed, "it printed no Username", {}};
  const std::string secret = text_at(*said, "Secret");
  json::object login{{"serveraddress", server}};
  if (user == token_user) {
    login["identitytoken"] = secret;
  } else {
    login["username"] = user;
    login["password"] = secret;
  }
  return to_header(login);
}

}  // namespace windlass
