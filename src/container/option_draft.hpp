#pragma once
// What the options of one container have said so far, and what can only be decided when all of them are known.

#include "base/error.hpp"
#include "container/options.hpp"
#include "model/container_spec.hpp"

#include <optional>
#include <string>
#include <vector>

namespace windlass::docker {

struct OptionDraft {
  ContainerSpec& spec;
  const OptionSources& sources;

  // Files come before the options of the same kind, wherever they stand.
  std::vector<std::string> env_files = {};
  std::vector<std::string> env = {};  // "NAME=value" or "NAME"
  std::vector<std::string> label_files = {};
  std::vector<std::string> labels = {};

  std::vector<NetworkAttachment> networks = {};
  NetworkAttachment first_network = {};  // --ip, --network-alias and the like: wishes about the first network
  std::vector<std::string> links = {};

  DockerHealth health = {};
  bool no_health = false;
};

// Puts what was held back into the spec. Errors: Errc::invalid for options that exclude each other, for files that
// cannot be read or are malformed; the messages name the option.
[[nodiscard]] Result<void> finish_options(OptionDraft& draft);

// The text of a file that an option names. Errors: Errc::unsupported, invalid.
[[nodiscard]] Result<std::string> read_option_file(const OptionDraft& draft, const std::string& path);

}  // namespace windlass::docker
