#include "container/seed_data.hpp"

#include "base/text.hpp"
#include "model/image_name.hpp"
#include "wire/json/reader.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace windlass {

namespace {

namespace json = boost::json;

std::string to_text(const json::value& value) {
  if (const auto* text = value.if_string()) return std::string{text->begin(), text->end()};
  return json::serialize(value);
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
  // Without the scheme the seed's executor fails (mesos.md 8.1); here argv may still name the image.
  if (value.is_string() && image.starts_with(image_scheme) && image.size() > image_scheme.size()) {
    seed.image = image.substr(image_scheme.size());
  } else if (!value.is_null()) {
    seed.warnings.push_back("TaskInfo.data: container.image '" + image + "' is not docker:///<image> and is ignored");
  }
}

void read_options(const json::value& value, SeedData& seed) {
  if (const auto* list = value.if_array()) {
    for (const json::value& option : *list) seed.options.push_back(to_text(option));
  } else if (value.is_string()) {
    for (const std::string_view word : split_words(value.get_string())) seed.options.emplace_back(word);
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
  // No data is usual and no mistake. The seed's executor failed here, and the task had no PORT variables
  // (mesos.md 8.1).
  if (trim(data).empty()) return seed;
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
