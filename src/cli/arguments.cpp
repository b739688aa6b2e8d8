#include "cli/arguments.hpp"

#include "base/flags.hpp"

#include <utility>

namespace windlass {

Result<Arguments> Arguments::parse(const std::vector<std::string>& arguments, const std::set<std::string>& valued,
                                   const std::set<std::string>& switches) {
  Arguments parsed;
  std::vector<std::string> words = arguments;
  for (std::string& word : words) {
    // As `tail` has them. Only where a command has the long form: elsewhere they stay unknown.
    if (word == "-n" && valued.contains("lines")) word = "--lines";
    if (word == "-f" && switches.contains("follow")) word = "--follow";
  }
  const auto kind_of = [&](std::string_view name) {
    if (switches.contains(std::string{name})) return FlagKind::toggle;
    return valued.contains(std::string{name}) ? FlagKind::valued : FlagKind::none;
  };
  FlagReader reader{words, {.kind_of = kind_of}};
  while (auto found = reader.next()) {
    if (found->is == FlagWord::Is::word && found->text != "--") {
      parsed.words_.push_back(std::move(found->text));
      continue;
    }
    if (found->is != FlagWord::Is::flag) return Error{Errc::invalid, "no such flag", found->text};
    if (switches.contains(found->name)) {
      if (found->value) return Error{Errc::invalid, "takes no value", found->text};
      parsed.values_[found->name] = {""};
      continue;
    }
    if (!found->value) return Error{Errc::invalid, "needs a value", found->text};
    parsed.values_[found->name].push_back(std::move(*found->value));
  }
  return parsed;
}

const std::string* Arguments::value(const std::string& flag) const {
  const auto found = values_.find(flag);
  // The last one counts, so that a flag in an alias can be overruled.
  return found == values_.end() ? nullptr : &found->second.back();
}

std::vector<std::string> Arguments::values(const std::string& flag) const {
  const auto found = values_.find(flag);
  return found == values_.end() ? std::vector<std::string>{} : found->second;
}

}  // namespace windlass
