#include "cli/arguments.hpp"

namespace windlass {

Result<Arguments> Arguments::parse(const std::vector<std::string>& arguments, const std::set<std::string>& valued,
                                   const std::set<std::string>& switches) {
  Arguments parsed;
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    std::string argument = arguments[at];
    if (argument == "-n" && valued.contains("lines")) argument = "--lines";
    if (argument == "-f" && switches.contains("follow")) argument = "--follow";
    if (!argument.starts_with("--")) {
      parsed.words_.push_back(argument);
      continue;
    }
    const auto equals = argument.find('=');
    const std::string flag = argument.substr(0, equals);
    const std::string name = flag.substr(2);
    if (switches.contains(name)) {
      if (equals != std::string::npos) return Error{Errc::invalid, "takes no value", flag};
      parsed.values_[name] = {""};
      continue;
    }
    if (!valued.contains(name)) return Error{Errc::invalid, "no such flag", flag};
    if (equals != std::string::npos) {
      parsed.values_[name].push_back(argument.substr(equals + 1));
    } else if (at + 1 < arguments.size()) {
      parsed.values_[name].push_back(arguments[++at]);
    } else {
      return Error{Errc::invalid, "needs a value", flag};
    }
  }
  return parsed;
}

const std::string* Arguments::value(const std::string& flag) const {
  const auto found = values_.find(flag);
  return found == values_.end() ? nullptr : &found->second.back();
}

std::vector<std::string> Arguments::values(const std::string& flag) const {
  const auto found = values_.find(flag);
  return found == values_.end() ? std::vector<std::string>{} : found->second;
}

}  // namespace windlass
