#include "windlass_executor/steering.hpp"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

namespace windlass {

namespace {

constexpr const char* default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::string_view our_prefix = "WINDLASS_";

// Our own agent lets no framework set variables with this prefix. Under another agent a framework that sets ours, to
// pretend that this is the case, is seen: SUBSCRIBED then has the variable, too.
bool has_our_agent(const Environment& all, const std::vector<EnvironmentVariable>& framework) {
  const auto says_so = [](const EnvironmentVariable& each) { return each.name == agent_docker_host; };
  return all.contains(agent_docker_host) && std::ranges::none_of(framework, says_so);
}

// Mesos tells no value of a secret: then the name is enough.
bool is_set_by(const std::vector<EnvironmentVariable>& framework, const std::string& name, const std::string& value) {
  return std::ranges::any_of(framework, [&](const EnvironmentVariable& each) {
    return each.name == name && (each.value.empty() || each.value == value);
  });
}

bool steers(const std::string& name) {
  // Only of these is it worth telling that they are ignored: the others change nothing in how the executor works.
  return name == "DOCKER_HOST" || name == "DOCKER_CONFIG" || name.starts_with(our_prefix);
}

// From the file itself: other sources of users (LDAP) need shared libraries, which a static program does not have.
std::string home_folder() {
  std::string folder;
  std::FILE* file = std::fopen("/etc/passwd", "re");
  if (file == nullptr) return folder;
  while (const passwd* each = ::fgetpwent(file)) {
    if (each->pw_uid != ::geteuid()) continue;
    folder = each->pw_dir;
    break;
  }
  std::fclose(file);
  return folder;
}

}  // namespace

Result<Steering> steer(const Environment& all, const std::vector<EnvironmentVariable>& framework,
                       const std::vector<std::string>& argv) {
  Steering steering;
  const bool keeps_ours = has_our_agent(all, framework);
  for (const auto& [name, value] : all) {
    const bool is_ours = keeps_ours && name.starts_with(our_prefix);
    if (is_ours || !is_set_by(framework, name, value)) {
      steering.environment[name] = value;
    } else if (is_denial_variable(name)) {
      // The operator may have set the same variable before, and the framework's has replaced it: what was denied is not
      // known.
      steering.refusal =
          Error{Errc::forbidden, name + " is the operator's: a framework that sets it gets no container", {}};
    } else if (name == "PATH") {
      // The executor may run as root: the programs that it starts must not be those that a framework names.
      steering.environment[name] = default_path;
    } else if (name == "HOME") {
      steering.environment[name] = home_folder();
    } else if (steers(name)) {
      steering.ignored.push_back(name);
    }
  }
  auto flags = read_executor_flags(argv, steering.environment);
  if (!flags) return flags.error();
  steering.flags = std::move(*flags);
  steering.docker_host = read_docker_host(steering.environment);
  return steering;
}

void replace_environment(const Environment& environment) {
  // setenv() alone would keep what is to be gone.
  ::clearenv();
  for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
}

}  // namespace windlass
