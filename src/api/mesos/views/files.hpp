#pragma once
// The sandboxes as files for others to read (mesos.md 5.7). A path is attached when it is, or lies in,
//
//   <work_dir>/slaves/<agent>/frameworks/<F>/executors/<E>/runs/<container or latest>
//   /frameworks/<F>/executors/<E>/runs/latest
//
// of an executor that runs or has run. Nothing outside of that sandbox can be reached: ".." is resolved before anything
// is looked up, and symbolic links that lead out of it are as good as missing.

#include "base/error.hpp"
#include "model/ids.hpp"
#include "wire/mesos/operator.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace windlass {

class SandboxFiles {
 public:
  static constexpr std::size_t read_bytes_max = 16 * 4096;             // of one read, as in Mesos
  static constexpr std::size_t download_bytes_max = 64 * 1024 * 1024;  // larger files are to be read in pieces

  SandboxFiles(const std::string& work_dir, const AgentId& agent) : root_{work_dir + "/slaves/" + agent.value} {}

  // Errors (all): Errc::not_found without a text; Errc::invalid with the text of a 400 answer.
  // What lies in a folder, by path; of a file: nothing.
  [[nodiscard]] Result<operator_api::Files> list(const std::string& path) const;
  // At most read_bytes_max, from `offset` on; no length: as much as there is.
  [[nodiscard]] Result<operator_api::FileData> read(const std::string& path, std::uint64_t offset,
                                                    std::optional<std::uint64_t> length) const;
  // The whole file.
  [[nodiscard]] Result<std::string> download(const std::string& path) const;
  // Every attached path and the folder that it names.
  [[nodiscard]] std::map<std::string, std::string> attached() const;

  // <work_dir>/slaves/<agent>/frameworks/<F>/executors/<E>/runs/<container>.
  [[nodiscard]] std::string sandbox(const FrameworkId& framework, const ExecutorId& executor,
                                    const std::string& container) const;

 private:
  struct Place {
    std::string real;     // without symbolic links
    std::string sandbox;  // that it lies in, likewise
  };
  [[nodiscard]] Result<Place> resolve(const std::string& path) const;

  std::string root_;
};

}  // namespace windlass
