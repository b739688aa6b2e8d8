#pragma once
// Everything that an operator can set. One struct holds the values and their defaults; one table (config_flags.cpp)
// says for each its name, unit, help and the commands that take it. --help, docs/flags.md and the environment
// variables come from that table.

#include "base/error.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace windlass {

// An IPv4 or IPv6 address in digits.
struct Address {
  std::string value;
  friend bool operator==(const Address&, const Address&) = default;
};

struct Port {
  std::uint16_t value = 0;
  friend bool operator==(const Port&, const Port&) = default;
};

struct Config {
  // API
  Address http_address{"127.0.0.1"};
  Port http_port{8080};
  std::string http_credentials = {};  // user:password, or a file of them; empty: nobody is asked
  bool insecure = false;              // listen for other machines without credentials
  std::string hostname = {};          // empty: advertised_hostname() finds it
  std::string work_dir = "/var/lib/windlass";
  std::string log_level = "info";

  // Scheduler
  std::string master = "embedded";
  std::string framework_name = "windlass";
  Duration failover_timeout = std::chrono::seconds{604800};
  std::string mesos_role = "*";
  std::string mesos_user = {};  // empty: the user that runs Windlass
  std::string executor = "//cmd";
  std::string docker_executor = {};  // empty: windlass-executor beside this program
  Port local_port_min{10000};
  Port local_port_max{20000};
  Duration task_launch_timeout = std::chrono::minutes{5};
  Duration decline_offer_duration = std::chrono::seconds{120};
  Duration min_revive_offers_interval = std::chrono::milliseconds{50};
  Duration reconciliation_interval = std::chrono::minutes{10};
  Duration kill_retry_timeout = std::chrono::seconds{30};
  std::int64_t max_instances_per_offer = 100;

  // Engine
  Address engine_ip{"127.0.0.1"};
  Port master_port{5050};
  Port agent_port{5051};
  std::string resources = {};  // what it does not name is measured
  std::string attributes = {};
  std::string docker_socket = "/var/run/docker.sock";  // a path, or unix:// or tcp:// as in DOCKER_HOST
  Duration executor_registration_timeout = std::chrono::minutes{1};
  Duration executor_reregistration_timeout = std::chrono::seconds{2};
  Duration executor_shutdown_grace_period = std::chrono::seconds{5};
  Duration recovery_timeout = std::chrono::minutes{15};
  Duration fetcher_stall_timeout = std::chrono::minutes{1};
  Duration gc_delay = std::chrono::hours{7 * 24};
  double gc_disk_headroom = 0.1;
  Duration disk_watch_interval = std::chrono::minutes{1};
  std::string max_log_size = "10MB";
  std::int64_t max_log_files = 5;
  Duration allocation_interval = std::chrono::seconds{1};
  bool switch_user = true;
  bool cgroups = true;
  std::string cgroups_root = "mesos";
  std::int64_t simulated_agents = 0;  // more: no task is really run
  Duration simulated_task_delay = Duration::zero();

  // `docker_socket` as DOCKER_HOST has it: unix:///var/run/docker.sock.
  [[nodiscard]] std::string docker_host() const;
  // Other machines can reach the API.
  [[nodiscard]] bool listens_for_others() const;
  [[nodiscard]] bool embedded() const { return master == "embedded"; }
  friend bool operator==(const Config&, const Config&) = default;
};

// The commands that take flags of the table.
enum class Command : unsigned { up = 1, engine = 2, scheduler = 4 };

// What a plain number means in a duration's text; `none`: only text with a unit ("15mins").
enum class PlainNumber { none, milliseconds, seconds };

struct Flag {
  using Member = std::variant<std::string Config::*, Address Config::*, Port Config::*, std::int64_t Config::*,
                              bool Config::*, Duration Config::*, double Config::*>;
  using Check = std::string (*)(const std::string& value);  // what is wrong with it ("is not a path"), or ""

  const char* name;
  Member member;
  const char* unit;   // as help shows it; "" for none
  unsigned commands;  // of Command
  const char* help;
  const char* shown_default = "";  // what help says instead of an empty default
  PlainNumber plain = PlainNumber::none;
  Check check = nullptr;
  const char* also_env = "";  // another program's variable that counts unless WINDLASS_<NAME> is set
  // For durations: the bounds between which it works; what is outside of them is refused.
  Duration at_least = Duration::zero();
  Duration at_most = std::chrono::hours{24 * 3650};
};

const std::vector<Flag>& flags();

struct ParsedConfig {
  Config config;
  bool help = false;  // --help was given: print help_text() and do nothing else
  // Variables that begin with WINDLASS_ and name no flag: worth a warning, they may be misspelt.
  std::vector<std::string> unknown_environment = {};
};

// Arguments after the command. Written --name=value or --name value; booleans --name, --no-name, --disable_name or
// --name=true; each also as WINDLASS_<NAME> in the environment, which the command line overrules.
// Errors: Errc::invalid; to_string() of it reads "--http_port: 'abc' is not a port number (1 to 65535)".
[[nodiscard]] Result<ParsedConfig> parse_config(Command command, const std::vector<std::string>& arguments,
                                                const std::map<std::string, std::string>& environment);

// The flags of a command with default and unit, for people.
std::string help_text(Command command);
// The contents of docs/flags.md.
std::string flags_markdown();

}  // namespace windlass
