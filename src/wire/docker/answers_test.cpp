#include "wire/docker/answers.hpp"

#include "wire/docker/container_body.hpp"

#include <gtest/gtest.h>

namespace windlass {
namespace {

TEST(DockerImageInspect, TcpPortsAscending) {
  auto image =
      read_image(R"({"Id":"sha256:1","Config":{"ExposedPorts":{"443/tcp":{},"53/udp":{},"80/tcp":{},"9":{}}}})");
  ASSERT_TRUE(image);
  EXPECT_EQ(image->exposed_tcp_ports, (std::vector<std::uint16_t>{9, 80, 443}));
  EXPECT_TRUE(read_image(R"({"Id":"x","Config":null})")->exposed_tcp_ports.empty()) << "absent fields are fine";
  EXPECT_EQ(read_image("").error().code, Errc::malformed);
}

TEST(DockerImageInspect, TheProgramOfAnImageWithoutEntrypoint) {
  EXPECT_EQ(read_image(R"({"Id":"x","Config":{"Cmd":["ls","-l"],"Entrypoint":null}})")->program, "ls");
  EXPECT_EQ(read_image(R"({"Id":"x","Config":{"Cmd":["-l"],"Entrypoint":["ls"]}})")->program, "");
  EXPECT_EQ(read_image(R"({"Id":"x","Config":{"Cmd":[]}})")->program, "");
}

TEST(DockerInspect, ReadsOldAndNewEngines) {
  auto old = read_container(
      R"({"Id":"d","State":{"Running":true,"StartedAt":"2026-01-01T00:00:00Z"},"HostConfig":{"NetworkMode":"default"},)"
      R"("NetworkSettings":{"IPAddress":"172.17.0.2"}})");
  ASSERT_TRUE(old);
  EXPECT_TRUE(old->running && old->started);
  EXPECT_EQ(old->started_at, "2026-01-01T00:00:00Z");
  EXPECT_EQ(old->stop_signal, "SIGTERM");
  EXPECT_EQ(old->addresses, (std::vector<ContainerAddress>{{.network = "bridge", .ipv4 = "172.17.0.2"}}));
  auto fresh = read_container(
      R"({"Id":"d","State":{"ExitCode":137,"OOMKilled":true,"StartedAt":"0001-01-01T00:00:00Z"},)"
      R"("Config":{"StopSignal":"SIGQUIT"},"HostConfig":{"NetworkMode":"b"},"NetworkSettings":{"Networks":{)"
      R"("a":{"IPAddress":"10.0.0.1"},"b":{"IPAddress":"10.0.0.2","GlobalIPv6Address":"fd::2"},"c":{"IPAddress":""}}}})"
      "\n");
  ASSERT_TRUE(fresh);
  EXPECT_FALSE(fresh->started);
  EXPECT_EQ(fresh->started_at, "");
  EXPECT_TRUE(fresh->oom_killed);
  EXPECT_EQ(fresh->exit_code, 137);
  EXPECT_EQ(fresh->stop_signal, "SIGQUIT");
  EXPECT_EQ(fresh->addresses.at(0), (ContainerAddress{.network = "b", .ipv4 = "10.0.0.2", .ipv6 = "fd::2"}));
  EXPECT_EQ(fresh->addresses.size(), 2U);
  EXPECT_EQ(fresh->document.back(), '}');
  EXPECT_FALSE(read_container("{}"));
}

TEST(DockerInspect, SaysWhereToLookForWhatItUses) {
  auto view = read_container(R"({"Id":"d","State":{"Running":true,"Pid":4711},)"
                             R"("GraphDriver":{"Name":"overlay2","Data":{"UpperDir":"/var/lib/docker/x/diff"}}})");
  ASSERT_TRUE(view);
  EXPECT_EQ(view->pid, 4711);
  EXPECT_EQ(view->upper_dir, "/var/lib/docker/x/diff");
  for (const char* other : {R"({"State":{},"GraphDriver":{"Name":"btrfs","Data":null}})", R"({"State":{"Pid":0}})",
                            R"({"State":{"Pid":"x"},"GraphDriver":[]})"}) {
    ASSERT_TRUE(read_container(other)) << other;
    EXPECT_EQ(read_container(other)->pid, 0);
    EXPECT_EQ(read_container(other)->upper_dir, "");
  }
}

TEST(DockerAnswers, WaitCreateErrors) {
  EXPECT_EQ(read_wait(R"({"StatusCode":3,"Error":null})")->exit_code, 3);
  EXPECT_EQ(read_wait(R"({"StatusCode":0,"Error":{"Message":"m"}})")->error, "m");
  EXPECT_EQ(*read_created_id(R"({"Id":"d","Warnings":null})"), "d");
  EXPECT_FALSE(read_created_id(R"({"Warnings":null})"));
  EXPECT_EQ(read_error_text(R"({"message":"No such image: x"})"), "No such image: x");
  EXPECT_EQ(read_error_text("page not found\n"), "page not found");
}

TEST(DockerApi, ContainersWithALabel) {
  auto list =
      read_container_list(R"([{"Id":"a","Labels":{"L":"x y"}},{"Id":"b","Labels":{"M":"z"}},{"Id":"c"},7])", "L");
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 1U);
  EXPECT_EQ(list->at(0).id, "a");
  EXPECT_EQ(list->at(0).value, "x y");
  EXPECT_FALSE(read_container_list("{}", "L"));
  EXPECT_FALSE(read_container_list("[", "L"));
}

struct HealthCase {
  std::string state;
  HealthState health;
};

TEST(DockerInspect, TellsProcessNetworkAndHealth) {
  const std::vector<HealthCase> cases{{R"({"Pid":42})", HealthState::none},
                                      {R"({"Pid":42,"Health":null})", HealthState::none},
                                      {R"({"Pid":42,"Health":{"Status":""}})", HealthState::none},
                                      {R"({"Pid":42,"Health":{"Status":"none"}})", HealthState::none},
                                      {R"({"Pid":42,"Health":{"Status":7}})", HealthState::none},
                                      {R"({"Pid":42,"Health":{"Status":"starting"}})", HealthState::starting},
                                      {R"({"Pid":42,"Health":{"Status":"healthy"}})", HealthState::healthy},
                                      {R"({"Pid":42,"Health":{"Status":"unhealthy"}})", HealthState::unhealthy}};
  for (const HealthCase& each : cases) {
    const auto view = read_container(R"({"Id":"c","HostConfig":{"NetworkMode":"host"},"State":)" + each.state + "}");
    ASSERT_TRUE(view) << each.state;
    EXPECT_EQ(view->health, each.health) << each.state;
    EXPECT_EQ(view->pid, 42);
    EXPECT_TRUE(view->host_network);
  }
  EXPECT_FALSE(read_container(R"({"HostConfig":{"NetworkMode":"default"},"State":{}})")->host_network);
}

TEST(DockerExec, IsWrittenAndRead) {
  EXPECT_EQ(encode_exec({.argv = {"sh", "-c", "x"}}),
            R"({"AttachStdout":true,"AttachStderr":true,"Cmd":["sh","-c","x"]})");
  EXPECT_EQ(encode_exec({.argv = {"x"}, .env = {"A=b"}, .user = "nobody"}),
            R"({"AttachStdout":true,"AttachStderr":true,"Cmd":["x"],"Env":["A=b"],"User":"nobody"})");
  EXPECT_EQ(*read_exec(R"({"Running":true,"ExitCode":null,"Pid":7})"), (ExecView{.running = true, .pid = 7}));
  EXPECT_EQ(*read_exec(R"({"Running":true,"ExitCode":0})"), (ExecView{.running = true})) << "older Engines say 0";
  EXPECT_EQ(*read_exec(R"({"Running":false,"ExitCode":3,"Pid":7})"), (ExecView{.exit_code = 3, .pid = 7}));
  EXPECT_EQ(read_exec("[]").error().code, Errc::malformed);
}

}  // namespace
}  // namespace windlass
