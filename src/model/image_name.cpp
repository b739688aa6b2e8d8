#include "model/image_name.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace windlass {
namespace {

constexpr std::size_t name_bytes_max = 255;
constexpr std::size_t tag_bytes_max = 128;
constexpr std::size_t digest_bytes_min = 32;
constexpr std::size_t id_bytes = 64;
constexpr std::string_view id_prefix = "sha256:";

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter_or_digit(char c) { return is_lower(c) || is_upper(c) || is_digit(c); }
bool is_hex(char c) { return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f'); }

bool is_id(std::string_view text) {
  return text.size() == id_bytes &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

// "redis", "my_image", "a.b--c": separators stand between letters or digits.
bool is_path_component(std::string_view text) {
  std::size_t at = 0;
  while (true) {
    const std::size_t word = at;
    while (at < text.size() && (is_lower(text[at]) || is_digit(text[at]))) ++at;
    if (at == word) return false;
    if (at == text.size()) return true;
    const std::size_t separator = at;
    while (at < text.size() && (text[at] == '.' || text[at] == '_' || text[at] == '-')) ++at;
    const std::string_view between = text.substr(separator, at - separator);
    const bool dashes = !between.empty() && between.find_first_not_of('-') == std::string_view::npos;
    if (between != "." && between != "_" && between != "__" && !dashes) return false;
  }
}

bool is_host(std::string_view text) {
  if (text.starts_with('[')) {
    if (text.size() < 3 || !text.ends_with(']')) return false;
    const std::string_view address = text.substr(1, text.size() - 2);
    return std::all_of(address.begin(), address.end(), [](char c) { return is_hex(c) || c == ':'; });
  }
  const auto labels = split(text, '.');
  return std::all_of(labels.begin(), labels.end(), [](std::string_view label) {
    return !label.empty() && label.front() != '-' && label.back() != '-' &&
           std::all_of(label.begin(), label.end(), [](char c) { return is_letter_or_digit(c) || c == '-'; });
  });
}

// "localhost:5000", "[::1]:5000".
bool is_domain(std::string_view text) {
  const auto colon = text.rfind(':');
  const bool has_port = colon != std::string_view::npos && !text.ends_with(']');
  if (!has_port) return is_host(text);
  const std::string_view port = text.substr(colon + 1);
  return is_host(text.substr(0, colon)) && !port.empty() && std::all_of(port.begin(), port.end(), is_digit);
}

bool is_tag(std::string_view text) {
  const auto is_word = [](char c) { return is_letter_or_digit(c) || c == '_'; };
  return !text.empty() && text.size() <= tag_bytes_max && is_word(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return is_word(c) || c == '.' || c == '-'; });
}

// "sha256:<hex>", "a+b.c:<hex>".
bool is_digest(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  std::string algorithm{text.substr(0, colon)};
  const std::string_view value = text.substr(colon + 1);
  std::replace_if(
      algorithm.begin(), algorithm.end(), [](char c) { return c == '+' || c == '.' || c == '-' || c == '_'; }, '+');
  const auto parts = split(algorithm, '+');
  const bool named = std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
    return !part.empty() && !is_digit(part.front()) && std::all_of(part.begin(), part.end(), is_letter_or_digit);
  });
  return named && value.size() >= digest_bytes_min && std::all_of(value.begin(), value.end(), is_hex);
}

// How much of the name, "/" included, is a domain.
std::size_t domain_bytes(std::string_view name) {
  const auto slash = name.find('/');
  if (slash == std::string_view::npos) return 0;
  const std::string_view first = name.substr(0, slash);
  const bool domain = first.find_first_of(".:") != std::string_view::npos || first == "localhost" ||
                      std::any_of(first.begin(), first.end(), is_upper);
  return domain ? slash + 1 : 0;
}

// What is wrong with a name, or "".
std::string name_problem(std::string_view name) {
  const std::size_t domain = domain_bytes(name);
  if (domain > 0 && !is_domain(name.substr(0, domain - 1))) {
    return "'" + std::string{name.substr(0, domain - 1)} + "' is not a registry: host[:port]";
  }
  const std::string_view path = name.substr(domain);
  if (path.empty()) return "no repository is named";
  if (path.size() > name_bytes_max) return "it has more than " + std::to_string(name_bytes_max) + " bytes";
  for (const std::string_view component : split(path, '/')) {
    if (is_path_component(component)) continue;
    if (std::any_of(component.begin(), component.end(), is_upper)) return "repositories are written in lower case";
    return component.empty() ? "it has an empty part"
                             : "'" + std::string{component} + "' is not a part of a repository";
  }
  return {};
}

// The parts of "name:tag@digest"; what is wrong with them, or "".
std::string problem_of(std::string_view text) {
  const auto at = text.find('@');
  if (at != std::string_view::npos && !is_digest(text.substr(at + 1))) {
    return "'" + std::string{text.substr(at + 1)} + "' is not a digest";
  }
  std::string_view name = text.substr(0, at);
  const auto colon = name.rfind(':');
  // A colon before the last "/" is one of the domain.
  if (colon != std::string_view::npos && name.find('/', colon) == std::string_view::npos) {
    const std::string_view tag = name.substr(colon + 1);
    if (!is_tag(tag)) return "'" + std::string{tag} + "' is not a tag";
    name = name.substr(0, colon);
  }
  return name_problem(name);
}

}  // namespace

Result<std::string> parse_image_name(std::string_view text) {
  std::string_view name = text;
  if (name.starts_with(image_scheme)) name.remove_prefix(image_scheme.size());
  const auto refused = [&](const std::string& why) {
    return Error{Errc::invalid, "'" + std::string{text} + "' is not the name of an image: " + why, {}};
  };
  if (const auto scheme = name.find("://"); scheme != std::string_view::npos) {
    return refused("it begins with " + std::string{name.substr(0, scheme + 3)} +
                   ", and images are named as in redis, registry.example:5000/shop/cart:1.2 or docker:///redis");
  }
  if (name.empty()) return refused("it is empty");
  const std::string problem = problem_of(name);
  if (!problem.empty()) return refused(problem);
  return std::string{name};
}

// As Mesos does before it pulls (mesos.md 4.3). "registry:5000/redis" has no tag: only the last part is looked at.
std::string with_tag(const std::string& image) {
  const auto slash = image.rfind('/');
  const auto name = slash == std::string::npos ? image : image.substr(slash + 1);
  const bool tagged = name.find_first_of(":@") != std::string::npos;
  return tagged || image.starts_with(id_prefix) || is_id(image) ? image : image + ":latest";
}

}  // namespace windlass
