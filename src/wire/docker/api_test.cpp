#include "wire/docker/api.hpp"

#include "base/base64.hpp"

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

TEST(DockerVersion, APingTellsAVersionThatWeKnow) {
  EXPECT_EQ(docker_api_of_ping("1.41"), DockerApiVersion{41});
  EXPECT_EQ(docker_api_of_ping("1.25"), docker_api_oldest);
  EXPECT_EQ(docker_api_of_ping("1.51"), docker_api_newest);
  for (const char* other : {"1.24", "1.52", "", "2.0", "words"}) EXPECT_FALSE(docker_api_of_ping(other)) << other;
}

TEST(DockerCreate, WritesOnlyWhatIsAsked) {
  ContainerSpec spec{.name = "n", .image = "redis:7"};
  EXPECT_EQ(encode_container_spec(spec), R"({"Image":"redis:7","AttachStdout":true,"AttachStderr":true,)"
                                         R"("HostConfig":{"RestartPolicy":{"Name":"no"},"NetworkMode":"default"}})");
}

TEST(DockerCreate, WritesPortsMountsAndLimits) {
  ContainerSpec spec{.name = "n", .image = "i"};
  spec.ports = {{.container_port = 80, .host_port = "8080"},
                {.container_port = 80, .host_ip = "::1", .host_port = "1"}};
  spec.mounts = {{.type = MountType::tmpfs, .target = "/t", .tmpfs = TmpfsOptions{64, 1}}};
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

void expect_parts(const std::string& body, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) EXPECT_NE(body.find(part), std::string::npos) << part << "\n" << body;
}

TEST(DockerCreate, WritesMountsOfEveryType) {
  ContainerSpec spec{.name = "n", .image = "i"};
  spec.mounts = {{.type = MountType::bind,
                  .source = "/a",
                  .target = "/b",
                  .read_only = true,
                  .consistency = "cached",
                  .bind = BindOptions{"rprivate", true, true, true}},
                 {.target = "/c", .volume = VolumeOptions{true, "s", {{"l", "1"}}, "d", {{"o", "2"}}}},
                 {.type = MountType::image, .source = "i", .target = "/d", .image = ImageOptions{"s"}},
                 {.target = "/e", .volume = VolumeOptions{}}};
  expect_parts(
      encode_container_spec(spec),
      {R"({"Type":"bind","Target":"/b","Source":"/a","ReadOnly":true,"Consistency":"cached","BindOptions":)"
       R"({"Propagation":"rprivate","NonRecursive":true,"ReadOnlyNonRecursive":true,"ReadOnlyForceRecursive":true}})",
       R"("VolumeOptions":{"DriverConfig":{"Name":"d","Options":{"o":"2"}},"NoCopy":true,"Subpath":"s",)"
       R"("Labels":{"l":"1"}})",
       R"({"Type":"image","Target":"/d","Source":"i","ImageOptions":{"Subpath":"s"}})",
       R"("VolumeOptions":{"DriverConfig":{}})"});
}

TEST(DockerCreate, WritesNetworksHealthAndDevices) {
  ContainerSpec spec{.name = "n", .image = "i"};
  spec.network_mode = "a";
  spec.networks = {{.name = "a",
                    .aliases = {"x"},
                    .links = {"l"},
                    .ipv4 = "10.0.0.9",
                    .ipv6 = "fd::9",
                    .link_local_ips = {"169.254.1.1"},
                    .driver_options = {{"k", "v"}},
                    .gateway_priority = 3},
                   {.name = "b"}};
  spec.health = DockerHealth{.test = {"CMD-SHELL", "t"}, .interval = std::chrono::seconds{1}, .retries = 2};
  spec.device_requests = {{.count = -1, .capabilities = {{"gpu"}}}, {.driver = "cdi", .ids = {"v/c=d"}}};
  spec.device_read_bps = {{"/dev/a", 5}};
  spec.blkio_weight_devices = {{"/dev/a", 6}};
  spec.open_stdin = true;
  expect_parts(
      encode_container_spec(spec),
      {R"("NetworkingConfig":{"EndpointsConfig":{"a":{"Aliases":["x"],"Links":["l"],"DriverOpts":{"k":"v"},)"
       R"("GwPriority":3,"IPAMConfig":{"IPv4Address":"10.0.0.9","IPv6Address":"fd::9",)"
       R"("LinkLocalIPs":["169.254.1.1"]}},"b":{}}})",
       R"("Healthcheck":{"Test":["CMD-SHELL","t"],"Interval":1000000000,"Retries":2})",
       R"({"Driver":"","Count":-1,"Capabilities":[["gpu"]],"Options":{}})",
       R"({"Driver":"cdi","Count":0,"DeviceIDs":["v/c=d"]})", R"("BlkioDeviceReadBps":[{"Path":"/dev/a","Rate":5}])",
       R"("BlkioWeightDevice":[{"Path":"/dev/a","Weight":6}])",
       R"("AttachStdin":true,"OpenStdin":true,"StdinOnce":true)"});
}

TEST(DockerCreate, MacAddressGoesWhereTheEngineLooksForIt) {
  ContainerSpec spec{.name = "n", .image = "i"};
  spec.mac_address = "92:d0:c6:0a:29:33";
  EXPECT_NE(encode_container_spec(spec, {43}).find(R"("MacAddress":"92:d0:c6:0a:29:33","HostConfig")"),
            std::string::npos);
  expect_parts(encode_container_spec(spec, {44}),
               {R"("EndpointsConfig":{"default":{"MacAddress":"92:d0:c6:0a:29:33"}})"});
  spec.network_mode = "a";
  spec.networks = {{.name = "a", .ipv4 = "10.0.0.9"}};
  expect_parts(encode_container_spec(spec, {44}), {R"({"a":{"MacAddress":"92:d0:c6:0a:29:33","IPAMConfig")"});
}

TEST(DockerCreate, OldAndNewEngines) {
  ContainerSpec spec{.name = "n", .image = "i"};
  spec.platform = "linux/arm64";
  EXPECT_EQ(create_platform(spec, {40}), "") << "only the pull knows it";
  EXPECT_EQ(create_platform(spec, {41}), "linux/arm64");
}

TEST(DockerCreate, WhatOldEnginesDoNotKnowOfMountsAndNetworks) {
  const auto said = [](auto change, int first) {
    ContainerSpec spec{.name = "n", .image = "i"};
    change(spec);
    EXPECT_TRUE(check_api_version(spec, {first}));
    auto checked = check_api_version(spec, {first - 1});
    if (checked) return std::string{"taken"};
    EXPECT_EQ(checked.error().code, Errc::unsupported);
    return checked.error().message.substr(0, checked.error().message.find(" needs "));
  };
  using Spec = ContainerSpec;
  const auto mount = [](MountType type) { return MountSpec{.type = type, .target = "/m"}; };
  EXPECT_EQ(said([](Spec& s) { s.device_cgroup_rules = {"c 1:3 r"}; }, 28), "docker option --device-cgroup-rule");
  EXPECT_EQ(said([](Spec& s) { s.ipc_mode = "none"; }, 32), "docker option --ipc private, shareable or none");
  EXPECT_EQ(said([](Spec& s) { s.ports = {{.container_port = 5, .protocol = "sctp"}}; }, 37),
            "docker option --publish of SCTP");
  EXPECT_EQ(said(
                [](Spec& s) {
                  s.networks = {{.name = "a"}, {.name = "b"}};
                },
                44),
            "docker option --network given twice");
  EXPECT_EQ(said([](Spec& s) { s.networks = {{.name = "a", .gateway_priority = -1}}; }, 48),
            "docker option --network gw-priority");
  EXPECT_EQ(said([&](Spec& s) { s.mounts = {mount(MountType::image)}; }, 48), "docker option --mount type=image");
  EXPECT_EQ(said([&](Spec& s) { s.mounts = {mount(MountType::cluster)}; }, 42), "docker option --mount type=cluster");
  const auto consistent = [&](Spec& s) { (s.mounts = {mount(MountType::bind)}).front().consistency = "cached"; };
  EXPECT_EQ(said(consistent, 28), "docker option --mount consistency");
  const auto subpath = [&](Spec& s) {
    (s.mounts = {mount(MountType::volume)}).front().volume = VolumeOptions{.subpath = "a"};
  };
  EXPECT_EQ(said(subpath, 45), "docker option --mount volume-subpath");
}

TEST(DockerVersion, RefusalsAreKnownByTheirWords) {
  EXPECT_TRUE(
      is_version_refusal("client version 1.41 is too old. Minimum supported API version is 1.44, please upgrade"));
  EXPECT_TRUE(is_version_refusal("client version 1.52 is too new. Maximum supported API version is 1.45"));
  EXPECT_FALSE(is_version_refusal("invalid reference format"));
}

TEST(DockerCreate, WhatOldEnginesDoNotKnow) {
  const auto said = [](auto change, int minor) {
    ContainerSpec spec{.name = "n", .image = "i"};
    change(spec);
    EXPECT_TRUE(check_api_version(spec, docker_api_newest));
    auto checked = check_api_version(spec, {minor});
    return checked ? "taken" : checked.error().message;
  };
  using Spec = ContainerSpec;
  EXPECT_EQ(said([](Spec& spec) { spec.annotations["a"] = "b"; }, 42),
            "docker option --annotation needs Docker API 1.43, this Docker Engine speaks 1.42");
  const auto bind = [](BindOptions options) {
    return MountSpec{.type = MountType::bind, .target = "/", .bind = options};
  };
  EXPECT_NE(said([](Spec& s) { s.health = DockerHealth{.start_period = std::chrono::seconds{1}}; }, 28), "taken");
  EXPECT_NE(said([](Spec& s) { s.health = DockerHealth{.start_interval = std::chrono::seconds{1}}; }, 43), "taken");
  EXPECT_NE(said([](Spec& s) { s.platform = "linux/amd64"; }, 31), "taken");
  EXPECT_NE(said([](Spec& s) { s.device_requests = {{.count = 1}}; }, 39), "taken");
  EXPECT_EQ(said([](Spec& s) { s.device_requests = {{.driver = "cdi"}}; }, 39), "taken");
  EXPECT_NE(said([](Spec& s) { s.cgroupns_mode = "host"; }, 40), "taken");
  EXPECT_NE(said([&](Spec& s) { s.mounts = {bind({.non_recursive = true})}; }, 39), "taken");
  EXPECT_NE(said([&](Spec& s) { s.mounts = {bind({.read_only_force_recursive = true})}; }, 43), "taken");
  EXPECT_NE(said([](Spec& s) { s.networks = {{.name = "a", .mac_address = "m"}}; }, 43), "taken");
  EXPECT_EQ(said([](Spec& s) { s.mac_address = "m"; }, 25), "taken");
}

TEST(DockerCreate, WritesGpusAndStorage) {
  ContainerSpec spec{.name = "n", .image = "i"};
  spec.device_requests = {{.count = 2, .capabilities = {{"gpu"}}}};
  spec.storage_options = {{"size", "1024"}};
  const std::string body = encode_container_spec(spec);
  EXPECT_NE(body.find(R"("DeviceRequests":[{"Driver":"","Count":2,"Capabilities":[["gpu"]],"Options":{}}])"),
            std::string::npos)
      << body;
  const std::size_t at = body.find(R"("StorageOpt":{"size":"1024"})");
  EXPECT_NE(at, std::string::npos) << body;
  EXPECT_EQ(body.find("StorageOpt", at + 2), std::string::npos) << "once: " << body;
}

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

TEST(DockerPull, ProgressAndErrorsInPieces) {
  const std::string stream =
      "{\"status\":\"Pulling from a/b\",\"id\":\"latest\"}\r\n"
      "{\"status\":\"Pulling fs layer\",\"id\":\"l1\"}\r\n{\"status\":\"Already exists\",\"id\":\"l2\"}\r\n"
      "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":1500000,\"total\":3000000},\"id\":\"l1\"}\r\n";
  PullReader reader;
  EXPECT_EQ(reader.progress(), "waiting for the registry");
  for (const char c : stream) ASSERT_TRUE(reader.feed({&c, 1}));
  EXPECT_EQ(reader.progress(), "1 of 2 layers, 1.5 of 3.0 MB");
  EXPECT_EQ(reader.progress_json(),
            R"({"pull":{"layers_complete":1,"layers_total":2,"bytes_complete":1500000,"bytes_total":3000000}})");
  auto failed = reader.feed("{\"errorDetail\":{\"message\":\"denied\"},\"error\":\"denied\"}\n");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "denied");
  EXPECT_EQ(failed.error().code, Errc::forbidden);
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

TEST(Pull, WordsThatMeanThatTryingAgainIsOfNoUse) {
  EXPECT_EQ(pull_error_code("manifest for r:5000/x:1 not found: manifest unknown: manifest unknown"), Errc::not_found);
  EXPECT_EQ(pull_error_code("no matching manifest for linux/arm64 in the manifest list entries"), Errc::not_found);
  EXPECT_EQ(pull_error_code("Head \"https://r/v2/x\": no basic auth credentials"), Errc::forbidden);
  EXPECT_EQ(pull_error_code("unauthorized: authentication required"), Errc::forbidden);
  EXPECT_EQ(pull_error_code("toomanyrequests: You have reached your pull rate limit"), Errc::unavailable);
  EXPECT_EQ(pull_error_code("received unexpected HTTP status: 500 Internal Server Error"), Errc::unavailable);
  EXPECT_EQ(pull_error_code("filesystem layer verification failed for digest sha256:12"), Errc::unavailable);
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

TEST(DockerRegistry, OfAnImage) {
  EXPECT_EQ(registry_of("redis"), "docker.io");
  EXPECT_EQ(registry_of("library/redis"), "docker.io");
  EXPECT_EQ(registry_of("localhost/redis"), "localhost");
  EXPECT_EQ(registry_of("r.example:5000/a/b"), "r.example:5000");
}

}  // namespace
}  // namespace windlass
