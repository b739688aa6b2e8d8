#include "agent/machine.hpp"

#include "io/files.hpp"

#include <unistd.h>

#include <filesystem>
#include <set>

namespace windlass {
namespace {

constexpr std::uint64_t megabyte = 1024 * 1024;

// Mesos leaves 1 GB of memory and 5 GB of disk to the machine, or half where there is less than twice that.
double share(std::uint64_t total_megabytes, std::uint64_t spare) {
  const std::uint64_t rest = total_megabytes > 2 * spare ? total_megabytes - spare : total_megabytes / 2;
  return static_cast<double>(rest);
}

// work_dir is made later, but its disk is wanted now.
std::string existing_parent(std::filesystem::path path) {
  std::error_code ignored;
  while (!path.empty() && path != path.root_path() && !std::filesystem::exists(path, ignored)) {
    path = path.parent_path();
  }
  return path.empty() ? "/" : path.string();
}

}  // namespace

Result<Resources> agent_resources(const std::string& given, const std::string& work_dir) {
  auto wanted = parse_resources(given);
  if (!wanted) return wanted.error();
  std::set<std::string> named;
  for (const Resource& resource : wanted->entries()) named.insert(resource.name);
  Resources all;
  // In the order in which Mesos lists them.
  if (!named.contains("cpus")) all.add(Resource::scalar("cpus", cpu_count()));
  if (!named.contains("mem")) {
    auto memory = memory_total();
    // What cannot be measured gets Mesos' fallback (mesos.md 6.3).
    all.add(Resource::scalar("mem", memory ? share(*memory / megabyte, 1024) : 1024));
  }
  if (!named.contains("disk")) {
    auto disk = disk_size(existing_parent(work_dir));
    all.add(Resource::scalar("disk", disk ? share(disk->total_bytes / megabyte, 5 * 1024) : 10 * 1024));
  }
  if (!named.contains("ports")) all.add(Resource::make_ranges("ports", {{31000, 32000}}));
  Resources ordered;
  const Resources both = all + *wanted;
  for (const char* name : {"cpus", "mem", "disk", "ports"}) {
    for (const Resource& resource : both.entries()) {
      if (resource.name == name) ordered.add(resource);
    }
  }
  for (const Resource& resource : both.entries()) {
    if (!ordered.contains(Resources{{resource}})) ordered.add(resource);
  }
  return ordered;
}

std::string advertised_hostname(const std::string& configured) {
  if (!configured.empty()) return configured;
  // An address before the machine's name: the name need not resolve elsewhere, and on Debian it resolves to 127.0.1.1
  // here.
  auto address = default_route_address();
  return address ? *address : host_name();
}

std::string executor_program(const std::string& configured) {
  if (!configured.empty()) return configured;
  std::error_code error;
  // Not argv[0]: that may be a bare name found in PATH, or a path relative to where the program was started.
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return (self.parent_path() / "windlass-executor").string();
}

// At the start: else every task would fail, one by one, with an error in its sandbox.
Result<void> check_executor_program(const std::string& path) {
  std::error_code ignored;
  const bool file = std::filesystem::is_regular_file(path, ignored);
  if (file && ::access(path.c_str(), X_OK) == 0) return {};
  return Error{Errc::invalid, "'" + path + "' is " + (file ? "a file that may not be executed" : "no file"),
               "--docker_executor"};
}

}  // namespace windlass
