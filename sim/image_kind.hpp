#pragma once
// How the containers of an image behave, and in the same words the processes of a program.

#include "base/time.hpp"

#include <map>
#include <optional>
#include <string>

namespace windlass::sim {

struct ImageKind {
  bool exists = true;  // in the registry
  std::optional<Duration> exits_after = {};
  int exit_code = 0;
  bool ignores_stop = false;                // only SIGKILL ends it
  std::optional<Duration> pull_takes = {};  // and it moves all the time
  bool create_fails = false;
  bool start_fails = false;
  // What checks find.
  bool is_sick = false;
  std::optional<Duration> answers_after = {};  // how long it takes to find it
};

class ImageKinds {
 public:
  void set(const std::string& name, ImageKind kind) { kinds_[name] = kind; }
  [[nodiscard]] ImageKind find(const std::string& name) const {
    auto found = kinds_.find(name.substr(0, name.rfind(":latest")));
    return found == kinds_.end() ? ImageKind{} : found->second;
  }

 private:
  std::map<std::string, ImageKind> kinds_;
};

}  // namespace windlass::sim
