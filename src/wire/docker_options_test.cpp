#include "wire/docker_options.hpp"

#include <gtest/gtest.h>

namespace windlass {
namespace {

using List = std::vector<std::string>;

ContainerSpec parsed(const List& options) {
  ContainerSpec spec{.name = "n", .image = "i"};
  auto applied = apply_docker_options(spec, options);
  EXPECT_TRUE(applied) << (applied ? "" : applied.error().message);
  return spec;
}

std::string refused(const List& options) {
  ContainerSpec spec{.name = "n", .image = "i"};
  auto applied = apply_docker_options(spec, options);
  return applied ? "taken" : applied.error().message;
}

TEST(DockerOptions, FormsOfWriting) {
  const List expected{"/a:/b"};
  EXPECT_EQ(parsed({"-v", "/a:/b"}).binds, expected);
  EXPECT_EQ(parsed({"-v/a:/b"}).binds, expected);
  EXPECT_EQ(parsed({"-v=/a:/b"}).binds, expected);
  EXPECT_EQ(parsed({"--volume", "/a:/b"}).binds, expected);
  EXPECT_EQ(parsed({"--volume=/a:/b"}).binds, expected);
  const ContainerSpec cluster = parsed({"-itv", "/a:/b"});
  EXPECT_TRUE(cluster.tty && cluster.open_stdin);
  EXPECT_EQ(cluster.binds, expected);
  EXPECT_TRUE(parsed({"--privileged"}).privileged);
  EXPECT_TRUE(parsed({"--privileged=true"}).privileged);
  EXPECT_FALSE(parsed({"--privileged", "--privileged=false"}).privileged);
}

TEST(DockerOptions, Environment) {
  ContainerSpec spec{.name = "n", .image = "i", .env = {"A=1", "B=2"}};
  ASSERT_TRUE(apply_docker_options(spec, {"-e", "A=x=y", "--env", "C="}));
  EXPECT_EQ(spec.env, (List{"A=x=y", "B=2", "C="}));
  EXPECT_EQ(refused({"-e", "HOME"}),
            "docker option -e: 'HOME' has no value: nothing is taken from the executor's own environment");
}

TEST(DockerOptions, Publish) {
  const auto ports = [](const std::string& text) { return parsed({"-p", text}).ports; };
  EXPECT_EQ(ports("80"), (std::vector<PortBinding>{{.container_port = 80}}));
  EXPECT_EQ(ports("8080:80"), (std::vector<PortBinding>{{.container_port = 80, .host_port = "8080"}}));
  EXPECT_EQ(ports("127.0.0.1:53:5353/UDP"),
            (std::vector<PortBinding>{
                {.container_port = 5353, .protocol = "udp", .host_ip = "127.0.0.1", .host_port = "53"}}));
  EXPECT_EQ(ports("127.0.0.1::80"), (std::vector<PortBinding>{{.container_port = 80, .host_ip = "127.0.0.1"}}));
  EXPECT_EQ(ports("[::1]:8080:80"),
            (std::vector<PortBinding>{{.container_port = 80, .host_ip = "::1", .host_port = "8080"}}));
  EXPECT_EQ(ports("8000-8001:80-81"), (std::vector<PortBinding>{{.container_port = 80, .host_port = "8000"},
                                                                {.container_port = 81, .host_port = "8001"}}));
  EXPECT_EQ(ports("8000-8010:80"), (std::vector<PortBinding>{{.container_port = 80, .host_port = "8000-8010"}}));
  EXPECT_EQ(refused({"-p", "8000-8002:80-81"}), "docker option -p: '8000-8002:80-81' has ranges of different lengths");
  EXPECT_NE(refused({"-p", "http"}), "taken");
  EXPECT_NE(refused({"-p", "80:80/icmp"}), "taken");
  EXPECT_NE(refused({"-p", "80:70000"}), "taken");
}

TEST(DockerOptions, Mounts) {
  const auto mount = [](const std::string& text) { return parsed({"--mount", text}).mounts.at(0); };
  EXPECT_EQ(mount("type=bind,source=/a,target=/b,readonly"),
            (MountSpec{.type = MountType::bind, .source = "/a", .target = "/b", .read_only = true}));
  EXPECT_EQ(mount("type=volume,src=data,dst=/d,volume-driver=local,volume-opt=type=nfs,volume-label=k=v"),
            (MountSpec{.type = MountType::volume,
                       .source = "data",
                       .target = "/d",
                       .volume_driver = "local",
                       .volume_options = {{"type", "nfs"}},
                       .volume_labels = {{"k", "v"}}}));
  EXPECT_EQ(mount("type=tmpfs,destination=/t,tmpfs-size=64m,tmpfs-mode=1770"),
            (MountSpec{.type = MountType::tmpfs, .target = "/t", .tmpfs_bytes = 64 << 20, .tmpfs_mode = 01770}));
  EXPECT_EQ(mount("type=volume,target=/d,\"volume-opt=o=a,b\"").volume_options.at("o"), "a,b");
  EXPECT_NE(refused({"--mount", "type=bind,target=/b"}), "taken");
  EXPECT_NE(refused({"--mount", "type=bind,source=/a"}), "taken");
  EXPECT_NE(refused({"--mount", "type=volume,target=/b,tmpfs-size=1m"}), "taken");
  EXPECT_NE(refused({"--mount", "type=volume,target=/b,colour=red"}), "taken");
}

TEST(DockerOptions, Volumes) {
  EXPECT_EQ(parsed({"-v", "/data"}).anonymous_volumes, (List{"/data"}));
  EXPECT_EQ(parsed({"-v", "name:/data:ro"}).binds, (List{"name:/data:ro"}));
  EXPECT_NE(refused({"-v", "data"}), "taken");
  EXPECT_EQ(parsed({"--tmpfs", "/run:size=64m"}).tmpfs.at("/run"), "size=64m");
  EXPECT_EQ(parsed({"--volumes-from", "other:ro"}).volumes_from, (List{"other:ro"}));
}

TEST(DockerOptions, Limits) {
  EXPECT_EQ(parsed({"-m", "512m"}).memory_bytes, 512 << 20);
  EXPECT_EQ(parsed({"-m", "1.5g"}).memory_bytes, 1536LL << 20);
  EXPECT_EQ(parsed({"-m", "1024"}).memory_bytes, 1024);
  EXPECT_EQ(parsed({"-m", "10KiB"}).memory_bytes, 10240);
  EXPECT_EQ(parsed({"--memory-swap", "-1"}).memory_swap_bytes, -1);
  EXPECT_EQ(parsed({"--cpus", "1.5"}).nano_cpus, 1'500'000'000);
  EXPECT_EQ(parsed({"--cpus=.25"}).nano_cpus, 250'000'000);
  EXPECT_EQ(parsed({"-c", "512"}).cpu_shares, 512);
  EXPECT_EQ(parsed({"--cpu-quota", "50000", "--cpu-period", "100000"}).cpu_quota_us, 50000);
  EXPECT_EQ(parsed({"--cpuset-cpus", "0-3"}).cpuset_cpus, "0-3");
  EXPECT_EQ(parsed({"--pids-limit=-1"}).pids_limit, -1);
  EXPECT_EQ(parsed({"--oom-score-adj", "-500"}).oom_score_adj, -500);
  EXPECT_EQ(parsed({"--shm-size", "64m"}).shm_bytes, 64 << 20);
  EXPECT_EQ(parsed({"--ulimit", "nofile=1024:2048"}).ulimits.at(0), (Ulimit{"nofile", 1024, 2048}));
  EXPECT_EQ(parsed({"--ulimit", "memlock=-1"}).ulimits.at(0), (Ulimit{"memlock", -1, -1}));
  EXPECT_NE(refused({"--ulimit", "nofile=9:2"}), "taken");
  EXPECT_NE(refused({"--ulimit", "colour=1"}), "taken");
  EXPECT_NE(refused({"-m", "much"}), "taken");
  EXPECT_NE(refused({"-m", "1q"}), "taken");
  EXPECT_NE(refused({"--oom-score-adj", "99999999999"}), "taken");
}

TEST(DockerOptions, NetworkAndNames) {
  EXPECT_EQ(parsed({"--net=host"}).network_mode, "host");
  EXPECT_EQ(parsed({"--network", "container:x"}).network_mode, "container:x");
  EXPECT_EQ(parsed({"--dns", "1.1.1.1", "--dns=8.8.8.8"}).dns, (List{"1.1.1.1", "8.8.8.8"}));
  EXPECT_EQ(parsed({"--dns-option", "ndots:1", "--dns-opt=rotate"}).dns_options, (List{"ndots:1", "rotate"}));
  EXPECT_EQ(parsed({"--add-host", "db=10.0.0.1"}).extra_hosts, (List{"db:10.0.0.1"}));
  EXPECT_EQ(parsed({"--add-host", "db:::1"}).extra_hosts, (List{"db:::1"}));
  EXPECT_EQ(parsed({"-h", "web"}).hostname, "web");
  EXPECT_EQ(parsed({"--expose", "80-81/udp"}).exposed, (List{"80/udp", "81/udp"}));
  EXPECT_NE(refused({"--net", "a", "--network", "b"}), "taken");
}

TEST(DockerOptions, Rights) {
  EXPECT_EQ(parsed({"--cap-add", "NET_ADMIN", "--cap-drop=ALL"}).cap_add, (List{"NET_ADMIN"}));
  EXPECT_EQ(parsed({"--device", "/dev/a:rw"}).devices.at(0), (DeviceMapping{"/dev/a", "/dev/a", "rw"}));
  EXPECT_EQ(parsed({"--device", "/dev/a:/dev/b:r"}).devices.at(0), (DeviceMapping{"/dev/a", "/dev/b", "r"}));
  EXPECT_EQ(parsed({"--security-opt", "no-new-privileges"}).security_options, (List{"no-new-privileges"}));
  EXPECT_TRUE(parsed({"--security-opt", "systempaths=unconfined"}).unmask_system_paths);
  EXPECT_NE(refused({"--security-opt", "seccomp=profile.json"}), "taken");
  EXPECT_EQ(parsed({"--sysctl", "net.core.somaxconn=1024"}).sysctls.at("net.core.somaxconn"), "1024");
  EXPECT_EQ(parsed({"-l", "a", "--label=b=c=d"}).labels, (std::map<std::string, std::string>{{"a", ""}, {"b", "c=d"}}));
  EXPECT_EQ(parsed({"--entrypoint", ""}).entrypoint, (List{""}));
}

TEST(DockerOptions, WhatTheExecutorRefuses) {
  EXPECT_EQ(refused({"--name", "x"}),
            "docker option --name is not possible: the executor names containers itself (mesos-<container id>)");
  EXPECT_EQ(refused({"--restart=always"}),
            "docker option --restart is not possible: restarting is the framework's decision");
  EXPECT_EQ(refused({"--rm"}),
            "docker option --rm is not possible: the executor removes the container when the task has ended");
  EXPECT_NE(refused({"-d"}), "taken");
  EXPECT_NE(refused({"--cidfile", "/tmp/x"}), "taken");
  EXPECT_NE(refused({"--env-file", "/etc/passwd"}), "taken");
  EXPECT_EQ(refused({"--colour=red"}), "unknown docker option --colour");
  EXPECT_EQ(refused({"-Z"}), "unknown docker option -Z");
  EXPECT_EQ(refused({"--volume"}), "docker option --volume needs a value");
  EXPECT_EQ(refused({"redis"}), "'redis' is not a docker option");
  EXPECT_EQ(refused({"--privileged=maybe"}), "docker option --privileged: 'maybe' is no boolean");
}

TEST(DockerParameters, AreLongOptions) {
  ContainerSpec spec{.name = "n", .image = "i"};
  spec.network_mode = "bridge";
  ASSERT_TRUE(
      apply_docker_parameters(spec, {{"volume", "/a:/b"}, {"net", "mine"}, {"network", "other"}, {"e", "A=1"}}));
  EXPECT_EQ(spec.binds, (List{"/a:/b"}));
  EXPECT_EQ(spec.network_mode, "mine") << "the first counts";
  EXPECT_EQ(spec.env, (List{"A=1"}));
  auto unknown = apply_docker_parameters(spec, {{"colour", "red"}});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().message, "unknown docker option --colour");
}

}  // namespace
}  // namespace windlass
