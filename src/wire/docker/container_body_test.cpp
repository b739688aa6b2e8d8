#include "wire/docker/container_body.hpp"

#include <gtest/gtest.h>

namespace windlass {
namespace {

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

}  // namespace
}  // namespace windlass
