#include "cli/app_json.hpp"

#include <boost/json.hpp>

#include <charconv>

namespace windlass {
namespace {

namespace json = boost::json;

template <class Number>
Result<Number> to_number(const std::string& flag, const std::string& text) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, number);
  // To the end: "2x" is a mistake, not a 2.
  if (problem == std::errc{} && stopped == end && !text.empty()) return number;
  return Error{Errc::invalid, "'" + text + "' is not a number", "--" + flag};
}

template <class Number>
Result<void> put_number(const Arguments& arguments, const std::string& flag, json::object& app) {
  const std::string* text = arguments.value(flag);
  if (text == nullptr) return {};
  auto number = to_number<Number>(flag, *text);
  if (!number) return number.error();
  app[flag] = *number;
  return {};
}

Result<void> put_env(const Arguments& arguments, json::object& app) {
  json::object env;
  for (const std::string& pair : arguments.values("env")) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Error{Errc::invalid, "'" + pair + "' is not NAME=value", "--env"};
    }
    env[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  if (!env.empty()) app["env"] = std::move(env);
  return {};
}

Result<void> put_ports(const Arguments& arguments, json::object& app) {
  json::array ports;
  for (const std::string& text : arguments.values("port")) {
    auto port = to_number<std::uint16_t>("port", text);
    if (!port) return Error{Errc::invalid, "'" + text + "' is not a port number (0: any)", "--port"};
    ports.push_back(*port);
  }
  if (!ports.empty()) app["ports"] = std::move(ports);
  return {};
}

// field:OPERATOR[:value]
Result<void> put_constraints(const Arguments& arguments, json::object& app) {
  json::array constraints;
  for (const std::string& text : arguments.values("constraint")) {
    const auto first = text.find(':');
    if (first == std::string::npos || first == 0) {
      return Error{Errc::invalid, "'" + text + "' is not field:OPERATOR or field:OPERATOR:value", "--constraint"};
    }
    // Only the first two colons: a value may have some itself.
    const auto second = text.find(':', first + 1);
    json::array parts{text.substr(0, first), text.substr(first + 1, second - first - 1)};
    if (second != std::string::npos) parts.push_back(json::string{text.substr(second + 1)});
    constraints.push_back(std::move(parts));
  }
  if (!constraints.empty()) app["constraints"] = std::move(constraints);
  return {};
}

void put_container(const Arguments& arguments, json::object& app) {
  const std::string* image = arguments.value("image");
  if (image == nullptr) return;
  json::array options;
  for (const std::string& option : arguments.values("option")) options.push_back(json::string{option});
  // The form that v1's executors expect (marathon.md 1.7).
  const std::string url = image->find("://") == std::string::npos ? "docker:///" + *image : *image;
  app["container"] = {{"image", url}, {"options", std::move(options)}};
}

}  // namespace

const std::set<std::string>& app_flags() {
  static const std::set<std::string> names{"cmd", "instances", "cpus",  "mem",    "executor",  "env",
                                           "uri", "port",      "image", "option", "constraint"};
  return names;
}

Result<std::string> app_json(const std::string& id, const Arguments& arguments) {
  json::object app{{"id", id}, {"instances", 1}};
  for (const char* flag : {"cmd", "executor"}) {
    if (const std::string* text = arguments.value(flag)) app[flag] = *text;
  }
  json::array uris;
  for (const std::string& uri : arguments.values("uri")) uris.push_back(json::string{uri});
  if (!uris.empty()) app["uris"] = std::move(uris);
  put_container(arguments, app);
  // The server would ignore them without a word.
  if (arguments.has("option") && !arguments.has("image")) {
    return Error{Errc::invalid, "is a docker run option; it needs --image", "--option"};
  }
  auto done = put_number<std::int64_t>(arguments, "instances", app);
  if (done) done = put_number<double>(arguments, "cpus", app);
  if (done) done = put_number<double>(arguments, "mem", app);
  if (done) done = put_env(arguments, app);
  if (done) done = put_ports(arguments, app);
  if (done) done = put_constraints(arguments, app);
  if (!done) return done.error();
  return json::serialize(app);
}

}  // namespace windlass
