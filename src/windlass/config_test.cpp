#include "windlass/config.hpp"

#include "engine/state.hpp"
#include "scheduler/state.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

namespace windlass {
namespace {

using namespace std::chrono_literals;

using Environment = std::map<std::string, std::string>;
using Arguments = std::vector<std::string>;

Config parsed(const Arguments& arguments, const Environment& environment = {}, Command command = Command::up) {
  const auto result = parse_config(command, arguments, environment);
  EXPECT_TRUE(result) << to_string(result.error());
  return result ? result->config : Config{};
}

std::string refusal(const Arguments& arguments, const Environment& environment = {}, Command command = Command::up) {
  const auto result = parse_config(command, arguments, environment);
  EXPECT_FALSE(result);
  return result ? "accepted" : to_string(result.error());
}

TEST(Config, NothingGivenIsTheDefaults) { EXPECT_EQ(parsed({}), Config{}); }

TEST(Config, TheCoresHaveTheSameDefaults) {
  const Config config;
  const scheduler::Settings scheduler;
  EXPECT_EQ(config.executor, scheduler.default_executor);
  EXPECT_EQ(config.local_port_min.value, scheduler.local_port_min);
  EXPECT_EQ(config.local_port_max.value, scheduler.local_port_max);
  EXPECT_EQ(config.mesos_role, scheduler.mesos_role);
  EXPECT_EQ(config.max_instances_per_offer, scheduler.max_instances_per_offer);
  EXPECT_EQ(config.decline_offer_duration, scheduler.decline_offer_duration);
  EXPECT_EQ(config.min_revive_offers_interval, scheduler.min_revive_offers_interval);
  EXPECT_EQ(config.reconciliation_interval, scheduler.reconciliation_interval);
  EXPECT_EQ(config.task_launch_timeout, scheduler.task_launch_timeout);
  EXPECT_EQ(config.kill_retry_timeout, scheduler.kill_retry_timeout);
  const engine::Settings engine;
  EXPECT_EQ(config.executor_registration_timeout, engine.executor_registration_timeout);
  EXPECT_EQ(config.executor_reregistration_timeout, engine.executor_reregistration_timeout);
  EXPECT_EQ(config.executor_shutdown_grace_period, engine.executor_shutdown_grace_period);
  EXPECT_EQ(config.allocation_interval, engine.allocation_interval);
}

TEST(Config, BothSpellingsOfAFlag) {
  EXPECT_EQ(parsed({"--http_port=9090"}).http_port.value, 9090);
  EXPECT_EQ(parsed({"--http_port", "9090"}).http_port.value, 9090);
  EXPECT_EQ(parsed({"--attributes=rack:a=b"}).attributes, "rack:a=b");
  EXPECT_EQ(parsed({"--http_port=1", "--http_port=2"}).http_port.value, 2) << "the last one counts";
}

TEST(Config, Switches) {
  EXPECT_TRUE(parsed({"--switch_user"}).switch_user);
  EXPECT_TRUE(parsed({"--switch_user=true"}).switch_user);
  EXPECT_FALSE(parsed({"--switch_user=false"}).switch_user);
  EXPECT_FALSE(parsed({"--no-switch_user"}).switch_user);
  EXPECT_FALSE(parsed({"--disable_cgroups"}).cgroups);
  EXPECT_EQ(refusal({"--no-switch_user=false"}), "--no-switch_user: takes no value");
  EXPECT_EQ(refusal({"--switch_user=maybe"}), "--switch_user: 'maybe' is not true or false");
  EXPECT_EQ(refusal({"--switch_user", "false"}), "'false' is not a flag; flags are written --name=value");
}

TEST(Config, TimesAsMesosAndAsMarathonWriteThem) {
  EXPECT_EQ(parsed({"--recovery_timeout=15mins"}).recovery_timeout, std::chrono::minutes{15});
  EXPECT_EQ(parsed({"--recovery_timeout=500ms"}).recovery_timeout, std::chrono::milliseconds{500});
  EXPECT_EQ(parsed({"--task_launch_timeout=1500"}).task_launch_timeout, std::chrono::milliseconds{1500});
  EXPECT_EQ(parsed({"--task_launch_timeout=2mins"}).task_launch_timeout, std::chrono::minutes{2});
  EXPECT_EQ(parsed({"--failover_timeout=60"}).failover_timeout, std::chrono::seconds{60});
  EXPECT_EQ(refusal({"--recovery_timeout=15"}),
            "--recovery_timeout: '15' is not a time such as 500ms, 5secs or 15mins");
  EXPECT_EQ(refusal({"--task_launch_timeout=soon"}),
            "--task_launch_timeout: 'soon' is not a number of ms, or a time such as 500ms or 15mins");
  EXPECT_EQ(refusal({"--failover_timeout=-1"}), "--failover_timeout: '-1' is not a time in range");
  EXPECT_EQ(refusal({"--failover_timeout=99999999999999"}),
            "--failover_timeout: '99999999999999' is not a time in range");
  EXPECT_EQ(refusal({"--recovery_timeout=-5secs"}), "--recovery_timeout: '-5secs' is not a time in range");
}

TEST(Config, EveryTimeHasBoundsThatAreKept) {
  for (const Flag& flag : flags()) {
    const auto* member = std::get_if<Duration Config::*>(&flag.member);
    if (member == nullptr) continue;
    const unsigned commands = flag.commands;
    const bool of_engine = (commands & static_cast<unsigned>(Command::up)) == 0;
    const Command command = of_engine ? Command::engine : Command::up;
    const std::string name = std::string{"--"} + flag.name;
    const auto with = [&](Duration value) {
      return parse_config(command, {name + "=" + std::to_string(value.count()) + "ns"}, {});
    };
    EXPECT_TRUE(with(flag.at_least)) << name;
    EXPECT_TRUE(with(flag.at_most)) << name;
    EXPECT_FALSE(with(flag.at_most + 1s)) << name;
    if (flag.at_least > Duration::zero()) {
      const auto below = with(flag.at_least - 1us);
      ASSERT_FALSE(below) << name;
      EXPECT_EQ(below.error().where, name);
    }
    const Duration standard = Config{}.*(*member);
    EXPECT_TRUE(standard >= flag.at_least && standard <= flag.at_most) << name << "'s default";
  }
}

TEST(Config, OtherMachinesAreLetInOnlyOnPurpose) {
  EXPECT_EQ(parsed({}).http_address.value, "127.0.0.1");
  EXPECT_EQ(refusal({"--http_address=0.0.0.0"}),
            "--http_address: other machines could reach the API at 0.0.0.0, and whoever reaches it is root here: give "
            "--http_credentials=FILE, or say --insecure");
  EXPECT_EQ(parsed({"--http_address=0.0.0.0", "--insecure"}).http_address.value, "0.0.0.0");
  EXPECT_EQ(parsed({"--http_address=::", "--insecure", "--http_credentials=/etc/users"}).http_credentials,
            "/etc/users");
  for (const char* local : {"127.0.0.1", "127.0.0.2", "::1"}) {
    EXPECT_EQ(parsed({std::string{"--http_address="} + local}).http_address.value, local);
  }
}

TEST(Config, TheEnvironmentCountsAndTheCommandLineOverrulesIt) {
  const Environment environment{{"WINDLASS_HTTP_PORT", "9090"}, {"WINDLASS_HOSTNAME", "box"}, {"HTTP_PORT", "1"}};
  EXPECT_EQ(parsed({}, environment).http_port.value, 9090);
  EXPECT_EQ(parsed({"--http_port=9091"}, environment).http_port.value, 9091);
  EXPECT_EQ(parsed({"--http_port=9091"}, environment).hostname, "box");
  EXPECT_EQ(refusal({}, {{"WINDLASS_HTTP_PORT", "x"}}), "WINDLASS_HTTP_PORT: 'x' is not a port number (1 to 65535)");
  EXPECT_EQ(parsed({}, {{"WINDLASS_HTTP_PORT", ""}}).http_port.value, 8080) << "empty is not set";
  EXPECT_TRUE(parsed({}, {{"WINDLASS_SWITCH_USER", ""}}).switch_user) << "an empty switch is on, as in Marathon";
  EXPECT_FALSE(parsed({}, {{"WINDLASS_SWITCH_USER", "false"}}).switch_user);
}

TEST(Config, VariablesOfOtherCommandsAreNoErrorAndMisspeltOnesAreTold) {
  const Environment environment{{"WINDLASS_HTTP_PORT", "9090"},
                                {"WINDLASS_HTP_PORT", "1"},
                                {"WINDLASS_URL", "u"},
                                {"WINDLASS_EXECUTOR_DENY", "all"}};
  const auto result = parse_config(Command::engine, {}, environment);
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_EQ(result->unknown_environment, Arguments{"WINDLASS_HTP_PORT"});
}

TEST(Config, DockerHostIsHeeded) {
  EXPECT_EQ(parsed({}).docker_host(), "unix:///var/run/docker.sock");
  EXPECT_EQ(parsed({}, {{"DOCKER_HOST", "tcp://1.2.3.4:2375"}}).docker_host(), "tcp://1.2.3.4:2375");
  const Environment both{{"DOCKER_HOST", "tcp://1.2.3.4:2375"}, {"WINDLASS_DOCKER_SOCKET", "/run/d.sock"}};
  EXPECT_EQ(parsed({}, both).docker_host(), "unix:///run/d.sock");
  EXPECT_EQ(refusal({}, {{"DOCKER_HOST", "ssh://x"}}),
            "DOCKER_HOST: 'ssh://x' is neither a path nor unix:///path nor tcp://host:port");
}

TEST(Config, WrongValuesNameThemselves) {
  const std::map<std::string, std::string> cases{
      {"--http_port=abc", "--http_port: 'abc' is not a port number (1 to 65535)"},
      {"--http_port=0", "--http_port: '0' is not a port number (1 to 65535)"},
      {"--http_port=65536", "--http_port: '65536' is not a port number (1 to 65535)"},
      {"--http_port=", "--http_port: '' is not a port number (1 to 65535)"},
      {"--http_address=localhost", "--http_address: 'localhost' is not an IP address"},
      {"--engine_ip=::1", "--engine_ip: '::1' is not an IPv4 address"},
      {"--hostname=a b", "--hostname: 'a b' is not a host name or address"},
      {"--work_dir=here", "--work_dir: 'here' is not an absolute path"},
      {"--log_level=loud", "--log_level: 'loud' is not one of debug, info, warning, error"},
      {"--master=zk://a/b", "--master: 'zk://a/b' is a ZooKeeper address; give host:port of the Mesos master"},
      {"--master=box", "--master: 'box' is neither 'embedded' nor host:port"},
      {"--master=:5050", "--master: ':5050' is neither 'embedded' nor host:port"},
      {"--mesos_role=a b", "--mesos_role: 'a b' is not a role"},
      {"--executor=docker", "--executor: 'docker' is neither //cmd nor an absolute path"},
      {"--executor=//other", "--executor: '//other' is neither //cmd nor an absolute path"},
      {"--framework_name=", "--framework_name: '' is empty"},
      {"--max_instances_per_offer=0", "--max_instances_per_offer: '0' is below 1"},
      {"--max_instances_per_offer=2x", "--max_instances_per_offer: '2x' is not a whole number"},
      {"--cgroups_root=/mesos", "--cgroups_root: '/mesos' is not a relative path"},
      {"--cgroups_root=a/../..", "--cgroups_root: 'a/../..' is not a relative path"},
      {"--simulated_agents=-1", "--simulated_agents: '-1' is not between 0 and 100000"},
      {"--simulated_agents=100001", "--simulated_agents: '100001' is not between 0 and 100000"},
      {"--local_port_min=20000", "--local_port_min: 20000 is not below --local_port_max, 20000"},
      {"--executor_reregistration_timeout=16secs", "--executor_reregistration_timeout: '16secs' is more than 15secs"},
      {"--kill_retry_timeout=0", "--kill_retry_timeout: '0' is less than 100ms"},
  };
  for (const auto& [argument, text] : cases) EXPECT_EQ(refusal({argument}), text);
  EXPECT_TRUE(refusal({"--resources=cpus"}).starts_with("--resources: 'cpus' are not resources: "));
  EXPECT_TRUE(refusal({"--attributes=:"}).starts_with("--attributes: ':' are not attributes: "));
}

TEST(Config, GoodValuesOfTheSameFlags) {
  for (const std::string argument :
       {"--master=embedded", "--master=10.0.0.1:5050", "--master=http://m.example:5050",
        "--http_address=::", "--executor=/var/lib/mesos/executors/docker", "--mesos_role=eng/web", "--cgroups_root=a/b",
        "--resources=cpus:4;mem:1024;ports:[31000-32000]", "--attributes=rack:a", "--hostname=box-1.example"}) {
    parsed({argument, "--insecure"});
  }
}

TEST(Config, UnknownFlagsNameThemselvesAndTheNearestOne) {
  EXPECT_EQ(refusal({"--htp_port=1"}), "--htp_port: no such flag; did you mean --http_port?");
  EXPECT_EQ(refusal({"--zookeeper"}), "--zookeeper: no such flag");
  EXPECT_EQ(refusal({"--no-http_port"}), "--no-http_port: no such flag");
  EXPECT_EQ(refusal({"start"}), "'start' is not a flag; flags are written --name=value");
  EXPECT_EQ(refusal({"--"}), "'--' is not a flag; flags are written --name=value");
  EXPECT_EQ(refusal({"--hostname"}), "--hostname: needs a value");
  EXPECT_EQ(refusal({"--hostname", "--http_port=1"}), "--hostname: needs a value");
}

TEST(Config, FlagsOfOtherCommandsAreRefusedByName) {
  EXPECT_EQ(refusal({"--http_port=1"}, {}, Command::engine),
            "--http_port: not a flag of 'windlass engine', only of: up, scheduler");
  EXPECT_EQ(refusal({"--no-switch_user"}, {}, Command::scheduler),
            "--switch_user: not a flag of 'windlass scheduler', only of: up, engine");
}

TEST(Config, ASchedulerAloneNeedsAMaster) {
  EXPECT_EQ(refusal({}, {}, Command::scheduler),
            "--master: 'windlass scheduler' needs the address of a Mesos master, host:port");
  EXPECT_EQ(parsed({"--master=m:5050"}, {}, Command::scheduler).master, "m:5050");
}

TEST(Config, HelpShowsDefaultAndUnitOfItsCommandsFlags) {
  const auto result = parse_config(Command::up, {"--help"}, {{"WINDLASS_HTTP_PORT", "wrong"}});
  ASSERT_TRUE(result) << "help is given also when the environment is wrong";
  EXPECT_TRUE(result->help);
  const std::string text = help_text(Command::up);
  EXPECT_NE(text.find("--http_port=port\n      Port of the API and the web UI.\n      Default: 8080\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("--task_launch_timeout=ms\n"), std::string::npos);
  EXPECT_NE(text.find("--switch_user\n"), std::string::npos);
  EXPECT_EQ(help_text(Command::engine).find("--http_port="), std::string::npos);
}

TEST(Config, EveryFlagIsNamedOnceAndExplained) {
  std::set<std::string> names;
  for (const Flag& flag : flags()) {
    EXPECT_TRUE(names.insert(flag.name).second) << flag.name;
    EXPECT_TRUE(std::string_view{flag.help}.ends_with(".")) << flag.name;
    EXPECT_NE(flag.commands, 0U) << flag.name;
  }
}

TEST(Config, TheDocumentIsTheTable) {
  std::ifstream in{WINDLASS_SOURCE_DIR "/docs/flags.md"};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  EXPECT_EQ(text, flags_markdown()) << "write it again: build/debug/windlass flags > docs/flags.md";
}

}  // namespace
}  // namespace windlass
