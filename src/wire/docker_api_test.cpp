#include "wire/docker_api.hpp"

#include "wire/base64.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace windlass {
namespace {

TEST(DockerVersion, IsTheNewestThatBothKnow) {
  EXPECT_EQ(negotiate_docker_api(R"({"ApiVersion":"1.41","MinAPIVersion":"1.12"})")->to_string(), "1.41");
  EXPECT_EQ(negotiate_docker_api(R"({"ApiVersion":"1.99","MinAPIVersion":"1.44"})")->to_string(), "1.51");
  EXPECT_EQ(negotiate_docker_api(R"({"ApiVersion":"1.25"})")->to_string(), "1.25");
  EXPECT_EQ(negotiate_docker_api(R"({"ApiVersion":"1.24"})").error().code, Errc::unsupported);
  EXPECT_EQ(negotiate_docker_api(R"({"ApiVersion":"1.99","MinAPIVersion":"1.60"})").error().message,
            "Docker wants API 1.60 or newer; this executor knows up to 1.51");
  EXPECT_EQ(negotiate_docker_api("{}").error().code, Errc::malformed);
  EXPECT_EQ(negotiate_docker_api("<html>").error().code, Errc::malformed);
}

TEST(DockerCreate, WritesOnlyWhatIsAsked) {
  ContainerSpec spec{.name = "n", .image = "redis:7"};
  EXPECT_EQ(encode_container_spec(spec),
            R"({"Image":"redis:7","AttachStdout":true,"AttachStderr":true,"HostConfig":{"NetworkMode":"default"}})");
}

TEST(DockerCreate, WritesPortsMountsAndLimits) {
  ContainerSpec spec{.name = "n", .image = "i"};
  spec.ports = {{.container_port = 80, .host_port = "8080"},
                {.container_port = 80, .host_ip = "::1", .host_port = "1"}};
  spec.mounts = {{.type = MountType::tmpfs, .target = "/t", .tmpfs_bytes = 64, .tmpfs_mode = 1}};
  spec.entrypoint = std::vector<std::string>{};
  spec.memory_bytes = 6 << 20;
  spec.init = false;
  spec.ulimits = {{"nofile", 1, 2}};
  const std::string body = encode_container_spec(spec);
  for (const char* part :
       {R"("ExposedPorts":{"80/tcp":{}})",
        R"("PortBindings":{"80/tcp":[{"HostIp":"","HostPort":"8080"},{"HostIp":"::1","HostPort":"1"}]})",
        R"("Mounts":[{"Type":"tmpfs","Target":"/t","TmpfsOptions":{"SizeBytes":64,"Mode":1}}])", R"("Entrypoint":[])",
        R"("Memory":6291456)", R"("Init":false)", R"("Ulimits":[{"Name":"nofile","Soft":1,"Hard":2}])"}) {
    EXPECT_NE(body.find(part), std::string::npos) << part << "\n" << body;
  }
}

TEST(DockerImageInspect, TcpPortsAscending) {
  auto image =
      read_image(R"({"Id":"sha256:1","Config":{"ExposedPorts":{"443/tcp":{},"53/udp":{},"80/tcp":{},"9":{}}}})");
  ASSERT_TRUE(image);
  EXPECT_EQ(image->exposed_tcp_ports, (std::vector<std::uint16_t>{9, 80, 443}));
  EXPECT_TRUE(read_image(R"({"Id":"x","Config":null})")->exposed_tcp_ports.empty()) << "absent fields are fine";
  EXPECT_EQ(read_image("").error().code, Errc::malformed);
}

TEST(DockerInspect, ReadsOldAndNewEngines) {
  auto old = read_container(
      R"({"Id":"d","State":{"Running":true,"StartedAt":"2026-01-01T00:00:00Z"},"HostConfig":{"NetworkMode":"default"},)"
      R"("NetworkSettings":{"IPAddress":"172.17.0.2"}})");
  ASSERT_TRUE(old);
  EXPECT_TRUE(old->running && old->started);
  EXPECT_EQ(old->stop_signal, "SIGTERM");
  EXPECT_EQ(old->addresses, (std::vector<ContainerAddress>{{.network = "bridge", .ipv4 = "172.17.0.2"}}));
  auto fresh = read_container(
      R"({"Id":"d","State":{"ExitCode":137,"OOMKilled":true,"StartedAt":"0001-01-01T00:00:00Z"},)"
      R"("Config":{"StopSignal":"SIGQUIT"},"HostConfig":{"NetworkMode":"b"},"NetworkSettings":{"Networks":{)"
      R"("a":{"IPAddress":"10.0.0.1"},"b":{"IPAddress":"10.0.0.2","GlobalIPv6Address":"fd::2"},"c":{"IPAddress":""}}}})"
      "\n");
  ASSERT_TRUE(fresh);
  EXPECT_FALSE(fresh->started);
  EXPECT_TRUE(fresh->oom_killed);
  EXPECT_EQ(fresh->exit_code, 137);
  EXPECT_EQ(fresh->stop_signal, "SIGQUIT");
  EXPECT_EQ(fresh->addresses.at(0), (ContainerAddress{.network = "b", .ipv4 = "10.0.0.2", .ipv6 = "fd::2"}));
  EXPECT_EQ(fresh->addresses.size(), 2U);
  EXPECT_EQ(fresh->document.back(), '}');
  EXPECT_FALSE(read_container("{}"));
}

TEST(DockerAnswers, WaitCreateErrors) {
  EXPECT_EQ(read_wait(R"({"StatusCode":3,"Error":null})")->exit_code, 3);
  EXPECT_EQ(read_wait(R"({"StatusCode":0,"Error":{"Message":"m"}})")->error, "m");
  EXPECT_EQ(*read_created_id(R"({"Id":"d","Warnings":null})"), "d");
  EXPECT_FALSE(read_created_id(R"({"Warnings":null})"));
  EXPECT_EQ(read_error_text(R"({"message":"No such image: x"})"), "No such image: x");
  EXPECT_EQ(read_error_text("page not found\n"), "page not found");
  EXPECT_EQ(*read_cgroup_driver(R"({"CgroupDriver":"cgroupfs"})"), "cgroupfs");
}

TEST(DockerPull, ProgressAndErrorsInPieces) {
  const std::string stream =
      "{\"status\":\"Pulling from a/b\",\"id\":\"latest\"}\r\n"
      "{\"status\":\"Pulling fs layer\",\"id\":\"l1\"}\r\n{\"status\":\"Already exists\",\"id\":\"l2\"}\r\n"
      "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":1500000,\"total\":3000000},\"id\":\"l1\"}\r\n";
  PullReader reader;
  EXPECT_EQ(reader.progress(), "waiting for the registry");
  for (const char c : stream) ASSERT_TRUE(reader.feed({&c, 1}));
  EXPECT_EQ(reader.progress(), "1 of 2 layers, 1.5 of 3.0 MB");
  auto failed = reader.feed("{\"errorDetail\":{\"message\":\"denied\"},\"error\":\"denied\"}\n");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "denied");
}

struct HealthCase {
  std::string state;
  DockerHealth health;
};

TEST(DockerInspect, TellsProcessNetworkAndHealth) {
  const std::vector<HealthCase> cases{{R"({"Pid":42})", DockerHealth::none},
                                      {R"({"Pid":42,"Health":null})", DockerHealth::none},
                                      {R"({"Pid":42,"Health":{"Status":""}})", DockerHealth::none},
                                      {R"({"Pid":42,"Health":{"Status":"none"}})", DockerHealth::none},
                                      {R"({"Pid":42,"Health":{"Status":7}})", DockerHealth::none},
                                      {R"({"Pid":42,"Health":{"Status":"starting"}})", DockerHealth::starting},
                                      {R"({"Pid":42,"Health":{"Status":"healthy"}})", DockerHealth::healthy},
                                      {R"({"Pid":42,"Health":{"Status":"unhealthy"}})", DockerHealth::unhealthy}};
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

TEST(DockerRegistry, OfAnImage) {
  EXPECT_EQ(registry_of("redis"), "docker.io");
  EXPECT_EQ(registry_of("library/redis"), "docker.io");
  EXPECT_EQ(registry_of("localhost/redis"), "localhost");
  EXPECT_EQ(registry_of("r.example:5000/a/b"), "r.example:5000");
}

std::string decoded(std::string text) {
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  return *decode_base64(text);
}

TEST(DockerRegistry, CredentialsFromBothKindsOfFile) {
  const std::string config = R"({"auths":{"https://r.example:5000/v1/":{"auth":"dTpwOnc="}}})";
  EXPECT_EQ(decoded(*registry_auth(config, "r.example:5000/a")),
            R"({"serveraddress":"https://r.example:5000/v1/","username":"u","password":"p:w"})");
  EXPECT_EQ(*registry_auth(config, "redis"), "");
  const std::string dockercfg = R"({"https://index.docker.io/v1/":{"auth":"dTpw","email":"e"}})";
  EXPECT_EQ(decoded(*registry_auth(dockercfg, "redis")),
            R"({"serveraddress":"https://index.docker.io/v1/","username":"u","password":"p"})");
  EXPECT_FALSE(registry_auth(R"({"auths":{"r.example":{"auth":"!"}}})", "r.example/a"));
  EXPECT_FALSE(registry_auth("nope", "redis"));
}

}  // namespace
}  // namespace windlass
