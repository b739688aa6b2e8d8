// The table of all flags. A new one: a member with its default in config.hpp, a line here, `windlass flags >
// docs/flags.md`.

#include "base/url.hpp"
#include "model/framework.hpp"
#include "model/resources.hpp"
#include "windlass/config.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace windlass {
namespace {

constexpr unsigned up = static_cast<unsigned>(Command::up);
constexpr unsigned engine = up | static_cast<unsigned>(Command::engine);
constexpr unsigned scheduler = up | static_cast<unsigned>(Command::scheduler);
constexpr unsigned all = engine | scheduler;

// --- checks: what is wrong with a value, or "" --------------------------------------------------------------------

std::string absolute_path(const std::string& value) { return value.starts_with("/") ? "" : "is not an absolute path"; }

std::string not_empty(const std::string& value) { return value.empty() ? "is empty" : ""; }

// What may stand in a URL: the name is shown as part of many.
std::string host_or_address(const std::string& value) {
  const bool good = !value.empty() && value.size() <= 253 &&
                    value.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:") ==
                        std::string::npos;
  return good ? "" : "is not a host name or address";
}

// MasterInfo has room for an IPv4 address only (mesos.md 1.7).
std::string ipv4(const std::string& value) {
  in_addr room{};
  return inet_pton(AF_INET, value.c_str(), &room) == 1 ? "" : "is not an IPv4 address";
}

std::string at_least_one(const std::string& value) {
  return value.starts_with("-") || value == "0" ? "is below 1" : "";
}

// Numbers of one length compare as texts do; that it is a number was seen when it was parsed.
std::string agent_count(const std::string& value) {
  return value.starts_with("-") || value.size() > 6 || (value.size() == 6 && value > "100000")
             ? "is not between 0 and 100000"
             : "";
}

std::string share(const std::string& value) {
  return value.starts_with("-") || value > "1" ? "is not between 0 and 1" : "";
}

// As windlass-executor takes it, which checks it again: here a mistake is told at the start, and not by each task.
std::string log_size(const std::string& value) {
  const auto unit = value.find_first_not_of("0123456789");
  const std::string_view suffix = unit == std::string::npos ? "" : std::string_view{value}.substr(unit);
  constexpr std::array<std::string_view, 7> units{"", "B", "KB", "MB", "GB", "M", "G"};
  const bool good =
      unit != 0 && !value.empty() && value.size() <= 12 && std::ranges::find(units, suffix) != units.end();
  return good ? "" : "is not a size such as 10MB";
}

std::string log_files(const std::string& value) {
  return value.starts_with("-") || value == "0" || value.size() > 3 ? "is not between 1 and 999" : "";
}

std::string log_level(const std::string& value) {
  constexpr std::array<std::string_view, 4> levels{"debug", "info", "warning", "error"};
  return std::ranges::find(levels, value) == levels.end() ? "is not one of debug, info, warning, error" : "";
}

std::string master(const std::string& value) {
  if (value == "embedded") return "";
  // Schedulers are often configured so; it deserves an answer of its own.
  if (value.starts_with("zk://")) return "is a ZooKeeper address; give host:port of the Mesos master";
  const UrlParts parts = split_url(value);
  const auto place = parse_authority(parts.authority);
  const bool good = place && place->port && place->user.empty() && parts.target.empty() &&
                    (parts.scheme.empty() || parts.scheme == "http") && value.find(',') == std::string::npos;
  return good ? "" : "is neither 'embedded' nor host:port";
}

// As Mesos wants roles (common/roles).
std::string role(const std::string& value) {
  if (value == "*") return "";
  const bool good = !value.empty() && value.find_first_of(" \t\n\v\f\r\b*") == std::string::npos &&
                    !value.starts_with("-") && !value.starts_with("/") && !value.ends_with("/") && value != "." &&
                    value != ".." && value.find("//") == std::string::npos;
  return good ? "" : "is not a role";
}

std::string executor(const std::string& value) {
  const bool path = value.starts_with("/") && value.size() > 1 && value.find("//") == std::string::npos;
  return path || value == "//cmd" ? "" : "is neither //cmd nor an absolute path";
}

// Below the mount of the control groups, and nowhere else.
std::string relative_path(const std::string& value) {
  const bool good = !value.empty() && !value.starts_with("/") && !value.ends_with("/") &&
                    ("/" + value + "/").find("/../") == std::string::npos && value.find("//") == std::string::npos;
  return good ? "" : "is not a relative path";
}

std::string docker_socket(const std::string& value) {
  const UrlParts parts = split_url(value);
  const bool is_path = value.starts_with("/") || (parts.scheme == "unix" && parts.authority.empty());
  const bool good = is_path ? parts.target.size() > 1
                            : (parts.scheme == "tcp" || parts.scheme == "http") && parse_authority(parts.authority);
  return good ? "" : "is neither a path nor unix:///path nor tcp://host:port";
}

std::string resources(const std::string& value) {
  const auto parsed = parse_resources(value);
  return parsed ? "" : "are not resources: " + parsed.error().message;
}

std::string attributes(const std::string& value) {
  const auto parsed = parse_attributes(value);
  return parsed ? "" : "are not attributes: " + parsed.error().message;
}

using namespace std::chrono_literals;

constexpr Duration day = 24h;

// A flag that is a time, with the bounds between which it works.
Flag time(const char* name, Duration Config::*member, const char* unit, unsigned commands, const char* help,
          Duration at_least, Duration at_most, PlainNumber plain = PlainNumber::none) {
  Flag flag{name, member, unit, commands, help, "", plain};
  flag.at_least = at_least;
  flag.at_most = at_most;
  return flag;
}

constexpr PlainNumber ms = PlainNumber::milliseconds;
constexpr PlainNumber s = PlainNumber::seconds;
constexpr PlainNumber none = PlainNumber::none;

std::vector<Flag> api_flags() {
  return {
      {"http_address", &Config::http_address, "address", scheduler,
       "Where the API listens; 0.0.0.0 is everywhere, which needs --http_credentials or --insecure."},
      {"http_port", &Config::http_port, "port", scheduler, "Port of the API and the web UI."},
      {"http_credentials", &Config::http_credentials, "file", scheduler,
       "Who may use the API: a file with lines user:password that only its owner may read, or user:password itself.",
       "nobody is asked"},
      {"insecure", &Config::insecure, "", scheduler,
       "Let other machines use the API without credentials. Whoever reaches it is root on this machine."},
      {"hostname", &Config::hostname, "host", all,
       "Name or address of this machine that others reach it by; endpoints show it.",
       "the address of the default route's interface", none, host_or_address},
      {"work_dir", &Config::work_dir, "path", all, "Folder of the journals and the sandboxes.", "", none,
       absolute_path},
      {"log_level", &Config::log_level, "level", all, "Least that is logged: debug, info, warning, error.", "", none,
       log_level},
  };
}

std::vector<Flag> scheduler_flags() {
  return {
      {"master", &Config::master, "host:port", scheduler,
       "Mesos master to run tasks on; `embedded` is an engine in this process.", "", none, master},
      {"framework_name", &Config::framework_name, "name", scheduler, "Name by which Mesos knows this scheduler.", "",
       none, not_empty},
      time("failover_timeout", &Config::failover_timeout, "s", scheduler,
           "How long Mesos keeps the tasks of a scheduler that is away.", 0s, 3650 * day, s),
      {"mesos_role", &Config::mesos_role, "role", scheduler, "Role whose resources are used.", "", none, role},
      {"mesos_user", &Config::mesos_user, "user", scheduler, "User that tasks run as.", "the user that runs Windlass"},
      {"executor", &Config::executor, "path", scheduler,
       "Executor of apps that name none: `//cmd`, or a path on the agents.", "", none, executor},
      {"docker_executor", &Config::docker_executor, "path", all,
       "The program windlass-executor; of `scheduler`, where the agents have it.",
       "windlass-executor beside this program; of `scheduler`, none", none, absolute_path},
      {"local_port_min", &Config::local_port_min, "port", scheduler, "First of the service ports given to apps."},
      {"local_port_max", &Config::local_port_max, "port", scheduler, "End of the service ports, not included."},
      time("task_launch_timeout", &Config::task_launch_timeout, "ms", scheduler,
           "Kill a task that does not run yet when nothing has been heard of it for this time.", 1s, 7 * day, ms),
      time("decline_offer_duration", &Config::decline_offer_duration, "ms", scheduler,
           "How long Mesos keeps back offers that were of no use.", 0s, day, ms),
      time("min_revive_offers_interval", &Config::min_revive_offers_interval, "ms", scheduler,
           "Ask for offers again at most this often.", 0s, 1h, ms),
      time("reconciliation_interval", &Config::reconciliation_interval, "ms", scheduler,
           "Ask Mesos for the state of all tasks this often.", 1s, 7 * day, ms),
      time("kill_retry_timeout", &Config::kill_retry_timeout, "ms", scheduler,
           "Ask again for the end of a task that was to be killed after this time.", 100ms, day, ms),
      {"max_instances_per_offer", &Config::max_instances_per_offer, "count", scheduler,
       "Most instances to launch on one offer.", "", none, at_least_one},
  };
}

std::vector<Flag> engine_flags() {
  return {
      {"engine_ip", &Config::engine_ip, "address", engine, "Where the engine listens, IPv4.", "", none, ipv4},
      {"master_port", &Config::master_port, "port", engine, "Port of the engine's Mesos master API."},
      {"agent_port", &Config::agent_port, "port", engine, "Port of the engine's Mesos agent API."},
      {"resources", &Config::resources, "resources", engine,
       "What the agent offers, as `cpus:4;mem:8192;ports:[31000-32000]`; what is not named is measured.", "measured",
       none, resources},
      {"attributes", &Config::attributes, "attributes", engine, "The agent's attributes, as `rack:abc;zone:west`.",
       "none", none, attributes},
      {"docker_socket", &Config::docker_socket, "path", engine,
       "Docker Engine's socket, or unix:// or tcp:// as in DOCKER_HOST (which is heeded too).", "", none, docker_socket,
       "DOCKER_HOST"},
      time("executor_registration_timeout", &Config::executor_registration_timeout, "time", engine,
           "End an executor that has not subscribed this long after it was started.", 1s, day),
      time("executor_reregistration_timeout", &Config::executor_reregistration_timeout, "time", engine,
           "How long executors may take to come back after a restart of the engine.", 100ms, 15s),
      time("executor_shutdown_grace_period", &Config::executor_shutdown_grace_period, "time", engine,
           "How long an executor may take to end after it was told to.", 0s, day),
      time("recovery_timeout", &Config::recovery_timeout, "time", engine,
           "How long executors wait for an engine that is away before they end their tasks.", 100ms, 3650 * day),
      time("fetcher_stall_timeout", &Config::fetcher_stall_timeout, "time", engine,
           "Give a download up that has brought nothing for this time.", 1s, day),
      time("gc_delay", &Config::gc_delay, "time", engine,
           "Remove a sandbox this long after its executor ended; sooner, the fuller the disk is.", 0s, 3650 * day),
      {"gc_disk_headroom", &Config::gc_disk_headroom, "share", engine,
       "Share of the disk to keep free: when it is used, no sandbox that is not in use is kept.", "", none, share},
      time("disk_watch_interval", &Config::disk_watch_interval, "time", engine, "Look for old sandboxes this often.",
           1s, 7 * day),
      {"max_log_size", &Config::max_log_size, "size", engine,
       "Rotate a task's stdout or stderr when it would become larger than this (at least 4KB); 0 never does.", "", none,
       log_size},
      {"max_log_files", &Config::max_log_files, "count", engine,
       "How many files of each are kept, the current one among them.", "", none, log_files},
      time("allocation_interval", &Config::allocation_interval, "time", engine, "How often free resources are offered.",
           10ms, 1h),
      {"switch_user", &Config::switch_user, "", engine, "Run executors as the task's user (needs root)."},
      {"cgroups", &Config::cgroups, "", engine, "Put each executor into a control group of its own, where permitted."},
      {"cgroups_root", &Config::cgroups_root, "path", engine, "Control group above those of the executors.", "", none,
       relative_path},
      {"simulated_agents", &Config::simulated_agents, "count", engine,
       "Pretend to be this many agents, whose tasks run in memory only, each with `--resources`, or else "
       "cpus:16;mem:65536;ports:[31000-32000]; 0: this machine.",
       "", none, agent_count},
      time("simulated_task_delay", &Config::simulated_task_delay, "time", engine,
           "How long a task of a simulated agent is starting before it runs.", 0s, day),
  };
}

}  // namespace

const std::vector<Flag>& flags() {
  static const std::vector<Flag> table = [] {
    std::vector<Flag> all = api_flags();
    for (const std::vector<Flag>& more : {scheduler_flags(), engine_flags()}) {
      all.insert(all.end(), more.begin(), more.end());
    }
    return all;
  }();
  return table;
}

}  // namespace windlass
