#include "base/text.hpp"
#include "wire/json/reader.hpp"
#include "wire/json/text.hpp"
#include "wire/marathon/v1.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <string_view>
#include <utility>

namespace windlass {
namespace {

namespace json = boost::json;

constexpr std::string_view id_pattern = "^[A-Za-z0-9_.-]+$";
// "type": "DOCKER", "docker": {"image": "redis"} instead of "image": "docker:///redis".
constexpr std::string_view not_v1 =
    "is missing: this is a container as /v2/apps has it (type, docker, volumes); v1 wants "
    "{\"image\": \"docker:///redis\", \"options\": [\"-v\", \"/host:/container\"]}";
// Editors on Windows put it at the beginning of a file, which is then posted as it is.
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

// The members of one object, and what is found wrong with them.
struct Reader {
  const json::object& object;
  std::vector<FieldError>& errors;

  // Null where the member is absent or null.
  [[nodiscard]] const json::value* find(std::string_view key) const {
    const json::value* value = object.if_contains({key.data(), key.size()});
    return value == nullptr || value->is_null() ? nullptr : value;
  }
  void fail(std::string_view attribute, std::string error) const {
    errors.push_back({std::string{attribute}, std::move(error)});
  }
};

// A number, or a string that reads as one from its first to its last character.
std::optional<double> to_number(const json::value& value) {
  if (value.is_double()) return value.get_double();
  if (value.is_int64()) return static_cast<double>(value.get_int64());
  if (value.is_uint64()) return static_cast<double>(value.get_uint64());
  if (!value.is_string()) return std::nullopt;
  std::string_view text = view(value.get_string());
  text = trim(text);
  // from_chars takes no "+".
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// 9e15 is below 2 to the power of 53: up to there a double holds every whole number.
std::optional<std::int64_t> to_whole_number(const json::value& value) {
  const auto number = to_number(value);
  if (!number || !(std::abs(*number) <= 9e15) || std::trunc(*number) != *number) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

// As Jackson coerces scalars.
std::optional<std::string> to_text(const json::value& value) {
  if (value.is_string()) return std::string{view(value.get_string())};
  if (value.is_bool()) return value.get_bool() ? "true" : "false";
  if (value.is_int64()) return std::to_string(value.get_int64());
  if (value.is_uint64()) return std::to_string(value.get_uint64());
  if (!value.is_double()) return std::nullopt;
  std::string text;
  append_json_double(text, value.get_double());
  return text;
}

void read_text(const Reader& in, std::string_view key, std::string& out) {
  const json::value* value = in.find(key);
  if (value == nullptr) return;
  auto text = to_text(*value);
  if (!text) return in.fail(key, "must be a string");
  out = std::move(*text);
}

void read_amount(const Reader& in, std::string_view key, double& out) {
  const json::value* value = in.find(key);
  if (value == nullptr) return;
  const auto number = to_number(*value);
  // A string may read as "inf" or "nan".
  if (!number || !std::isfinite(*number)) return in.fail(key, "must be a number");
  out = *number;
}

void read_instances(const Reader& in, std::int64_t& out) {
  const json::value* value = in.find("instances");
  if (value == nullptr) return;
  const auto number = to_whole_number(*value);
  if (!number) return in.fail("instances", "must be a whole number");
  out = *number;
}

bool is_v1_id(std::string_view id) {
  return std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  });
}

// The pattern is that of 0.2 and later. Only new apps have to keep to it: those that are there can be stopped and
// scaled whatever their ids are (marathon.md 1.2, 1.3).
void read_new_id(const Reader& in, AppId& out) {
  std::string id;
  const std::size_t before = in.errors.size();
  read_text(in, "id", id);
  if (in.errors.size() > before) return;
  if (!is_v1_id(id)) return in.fail("id", "must match \"" + std::string{id_pattern} + "\"");
  out = app_id_from_v1(id);
}

// A blank command is none, which 0.4 and later allow (marathon.md 1.2).
void read_cmd(const Reader& in, App& app) {
  std::string cmd;
  const std::size_t before = in.errors.size();
  read_text(in, "cmd", cmd);
  if (in.errors.size() > before) return;
  if (!trim(cmd).empty()) app.cmd = std::move(cmd);
}

void read_env(const Reader& in, std::map<std::string, std::string>& out) {
  const json::value* value = in.find("env");
  if (value == nullptr) return;
  if (!value->is_object()) return in.fail("env", "must be an object");
  for (const auto& member : value->get_object()) {
    const std::string name{member.key().data(), member.key().size()};
    auto text = to_text(member.value());
    if (member.value().is_null()) {
      // The variable is there, without a value.
      out[name] = "";
    } else if (!text) {
      in.fail("env", "the value of " + name + " must be a string");
    } else {
      out[name] = std::move(*text);
    }
  }
}

// Strings of a list; none (and an error) when it is not one.
// Not a part of it when one element is wrong: half a list of URIs would start a task that cannot work.
std::optional<std::vector<std::string>> read_texts(const Reader& in, std::string_view key, const json::value& value) {
  std::vector<std::string> texts;
  if (value.is_array()) {
    for (const json::value& each : value.get_array()) {
      auto text = to_text(each);
      if (!text) break;
      texts.push_back(std::move(*text));
    }
    if (texts.size() == value.get_array().size()) return texts;
  }
  in.fail(key, "must be a list of strings");
  return std::nullopt;
}

void read_uris(const Reader& in, std::vector<Uri>& out) {
  const json::value* value = in.find("uris");
  if (value == nullptr) return;
  const auto texts = read_texts(in, "uris", *value);
  if (!texts) return;
  for (const std::string& text : *texts) out.push_back({.value = text});
}

std::optional<std::uint16_t> to_port(const json::value& value) {
  const auto number = to_whole_number(value);
  if (!number || *number < 0 || *number > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

// `port` is how it was called before `ports` (marathon.md 1.2).
void read_ports(const Reader& in, std::vector<PortDefinition>& out) {
  std::vector<const json::value*> values;
  if (const json::value* ports = in.find("ports")) {
    if (!ports->is_array()) return in.fail("ports", "must be a list of numbers");
    for (const json::value& each : ports->get_array()) values.push_back(&each);
  } else if (const json::value* port = in.find("port")) {
    values.push_back(port);
  }
  for (const json::value* value : values) {
    const auto port = to_port(*value);
    if (!port) return in.fail("ports", "must be numbers from 0 to 65535");
    out.push_back({.port = *port});
  }
  // 0 asks for a random service port, as an empty list does (marathon.md 1.5).
  if (out.empty()) out.push_back({.port = 0});
}

// By name in any case, or by the number that 0.1 used.
std::optional<ConstraintOperator> to_operator(const json::value& value) {
  using enum ConstraintOperator;
  // The first four at the places of their numbers (marathon.md 1.2).
  static const std::vector<std::pair<std::string_view, ConstraintOperator>> operators{
      {"UNIQUE", unique},   {"LIKE", like}, {"CLUSTER", cluster}, {"GROUP_BY", group_by}, {"UNLIKE", unlike},
      {"MAX_PER", max_per}, {"IS", is}};
  if (value.is_number()) {
    const auto number = to_whole_number(value);
    if (!number || *number < 0 || *number > 3) return std::nullopt;
    return operators[static_cast<std::size_t>(*number)].second;
  }
  auto text = to_text(value);
  if (!text) return std::nullopt;
  *text = to_upper(*text);
  // A number may come as a string here, as everywhere in v1.
  const bool digit = text->size() == 1 && (*text)[0] >= '0' && (*text)[0] <= '3';
  if (digit) return operators[static_cast<std::size_t>((*text)[0] - '0')].second;
  for (const auto& [name, op] : operators) {
    if (name == *text) return op;
  }
  return std::nullopt;
}

// What is wrong with it, or "".
std::string read_constraint(const json::value& value, Constraint& out) {
  const json::array* words = value.if_array();
  if (words == nullptr || words->size() < 2 || words->size() > 3) {
    return "Each constraint must have either 2 or 3 fields";
  }
  auto field = to_text((*words)[0]);
  if (!field || field->empty()) return "missing field for constraint declaration";
  const auto op = to_operator((*words)[1]);
  if (!op) return "operator must be one of the following UNIQUE, CLUSTER, GROUP_BY, LIKE, MAX_PER, UNLIKE or IS";
  out.field = std::move(*field);
  out.op = *op;
  if (words->size() == 2 || (*words)[2].is_null()) return {};
  auto text = to_text((*words)[2]);
  if (!text) return "illegal constraint specification";
  if (!text->empty()) out.value = std::move(*text);
  return {};
}

void read_constraints(const Reader& in, std::vector<Constraint>& out) {
  const json::value* value = in.find("constraints");
  if (value == nullptr) return;
  if (!value->is_array()) return in.fail("constraints", "must be a list");
  for (const json::value& each : value->get_array()) {
    Constraint constraint;
    std::string problem = read_constraint(each, constraint);
    if (!problem.empty()) return in.fail("constraints", std::move(problem));
    out.push_back(std::move(constraint));
  }
}

// Fields that only the containers of v2 have.
bool is_v2_container(const Reader& container) {
  return container.find("docker") != nullptr || container.find("type") != nullptr ||
         container.find("volumes") != nullptr || container.find("portMappings") != nullptr;
}

void read_container(const Reader& in, std::optional<SeedContainer>& out) {
  const json::value* value = in.find("container");
  if (value == nullptr) return;
  if (!value->is_object()) return in.fail("container", "must be an object");
  // Errors of the container go into the same list as the app's.
  const Reader inner{value->get_object(), in.errors};
  SeedContainer container;
  const json::value* image = inner.find("image");
  if (image != nullptr) container.image = to_text(*image).value_or("");
  if (image == nullptr && is_v2_container(inner)) {
    in.fail("container.image", std::string{not_v1});
  }
  if (const json::value* options = inner.find("options")) {
    if (auto texts = read_texts(in, "container.options", *options)) container.options = std::move(*texts);
  }
  out = std::move(container);
}

// Calls read(reader) with the body's object, if it is one.
template <class T, class Read>
V1Read<T> read_object(std::string_view body, Read read) {
  V1Read<T> result;
  if (body.starts_with(byte_order_mark)) body.remove_prefix(byte_order_mark.size());
  // Not JSON is one error, told apart from wrong fields: the status is another one (400, not 422).
  auto parsed = read_json(body);
  if (!parsed) {
    result.malformed = Error{Errc::malformed, "Invalid JSON: " + parsed.error().message};
  } else if (!parsed->is_object()) {
    result.malformed = Error{Errc::malformed, "Please specify data in JSON format: an object is expected"};
  } else {
    read(Reader{parsed->get_object(), result.errors}, result.value);
  }
  return result;
}

// The place of a field in the order in which errors are listed: that of the fields in the documentation of v1.
std::size_t rank_of(const std::string& attribute) {
  static constexpr std::string_view order[] = {"id",   "cmd",           "env",      "instances",   "cpus", "mem",
                                               "disk", "taskRateLimit", "executor", "constraints", "uris", "ports"};
  return static_cast<std::size_t>(std::find(std::begin(order), std::end(order), attribute) - std::begin(order));
}

// A field that could not even be read is not judged.
void add_broken_rules(const Reader& in, const App& app) {
  for (FieldError& broken : broken_rules(app)) {
    const bool known = std::any_of(in.errors.begin(), in.errors.end(),
                                   [&](const FieldError& each) { return each.attribute == broken.attribute; });
    if (!known) in.errors.push_back(std::move(broken));
  }
  std::stable_sort(in.errors.begin(), in.errors.end(), [](const FieldError& a, const FieldError& b) {
    return rank_of(a.attribute) < rank_of(b.attribute);
  });
}

// Whether there is such an app the handler says: these bodies are not validated further (marathon.md 1.3).
void read_id(const Reader& in, AppId& out) {
  std::string id;
  const std::size_t before = in.errors.size();
  read_text(in, "id", id);
  if (id.empty() && in.errors.size() == before) in.fail("id", "may not be empty");
  out = app_id_from_v1(id);
}

}  // namespace

V1Read<App> read_v1_app(std::string_view body) {
  return read_object<App>(body, [](const Reader& in, App& app) {
    app.instances = 0;  // v1's default
    read_new_id(in, app.id);
    read_cmd(in, app);
    read_env(in, app.env);
    read_instances(in, app.instances);
    read_amount(in, "cpus", app.cpus);
    read_amount(in, "mem", app.mem);
    read_amount(in, "disk", app.disk);
    read_amount(in, "taskRateLimit", app.task_rate_limit);
    read_text(in, "executor", app.executor);
    read_constraints(in, app.constraints);
    read_uris(in, app.fetch);
    read_ports(in, app.ports);
    read_container(in, app.seed_container);
    // Last, over the whole app: rules may be about several fields.
    add_broken_rules(in, app);
  });
}

V1Read<V1AppRef> read_v1_app_ref(std::string_view body) {
  return read_object<V1AppRef>(body, [](const Reader& in, V1AppRef& ref) { read_id(in, ref.id); });
}

V1Read<V1Scale> read_v1_scale(std::string_view body) {
  return read_object<V1Scale>(body, [](const Reader& in, V1Scale& scale) {
    read_id(in, scale.id);
    if (in.find("instances") == nullptr) in.fail("instances", "may not be null");
    read_instances(in, scale.instances);
    if (auto broken = broken_rule_of_count(scale.instances)) in.errors.push_back(std::move(*broken));
  });
}

}  // namespace windlass
