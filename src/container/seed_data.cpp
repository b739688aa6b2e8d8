#include "container/seed_data.hpp"

#include "wire/json/reader.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace windlass {

namespace {

namespace json = boost::json;

constexpr std::string_view image_prefix = "docker:///";

std::string to_text(const json::value& value) {
  if (const auto* text = value.if_string()) return std::string{text->begin(), text->end()};
  return json::serialize(value);
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const auto begin = text.find_first_not_of(" \t\n");
    if (begin == std::string_view::npos) break;
    const auto end = text.find_first_of(" \t\n", begin);
    words.emplace_back(text.substr(begin, end - begin));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end);
  }
  return words;
}

void read_env(const json::value& value, SeedData& seed) {
  const auto* env = value.if_object();
  if (env == nullptr) {
    if (!value.is_null()) seed.warnings.emplace_back("TaskInfo.data: 'env' is not an object and is ignored");
    return;
  }
  for (const auto& [name, text] : *env) {
    if (!text.is_null()) seed.env.emplace_back(std::string{name.begin(), name.end()}, to_text(text));
  }
}

void read_image(const json::value& value, SeedData& seed) {
  const std::string image = to_text(value);
  if (value.is_string() && image.starts_with(image_prefix) && image.size() > image_prefix.size()) {
    seed.image = image.substr(image_prefix.size());
  } else if (!value.is_null()) {
    seed.warnings.push_back("TaskInfo.data: container.image '" + image + "' is not docker:///<image> and is ignored");
  }
}

void read_options(const json::value& value, SeedData& seed) {
  if (const auto* list = value.if_array()) {
    for (const json::value& option : *list) seed.options.push_back(to_text(option));
  } else if (value.is_string()) {
    seed.options = split_words(to_text(value));
  } else if (!value.is_null()) {
    seed.warnings.emplace_back("TaskInfo.data: container.options is not a list and is ignored");
  }
}

void read_container(const json::value& value, SeedData& seed) {
  const auto* container = value.if_object();
  if (container == nullptr) {
    if (!value.is_null()) seed.warnings.emplace_back("TaskInfo.data: 'container' is not an object and is ignored");
    return;
  }
  if (const auto* image = container->if_contains("image")) read_image(*image, seed);
  if (const auto* options = container->if_contains("options")) read_options(*options, seed);
}

}  // namespace

SeedData parse_seed_data(std::string_view data) {
  SeedData seed;
  if (data.find_first_not_of(" \t\r\n") == std::string_view::npos) return seed;
  auto value = read_json(data);
  if (!value) {
    seed.warnings.push_back("TaskInfo.data is not JSON and is ignored: " + value.error().message);
    return seed;
  }
  const auto* object = value->if_object();
  if (object == nullptr) {
    seed.warnings.emplace_back("TaskInfo.data is not a JSON object and is ignored");
    return seed;
  }
  if (const auto* env = object->if_contains("env")) read_env(*env, seed);
  if (const auto* container = object->if_contains("container")) read_container(*container, seed);
  return seed;
}

}  // namespace windlass
