#include "container/options.hpp"

#include <gtest/gtest.h>

namespace windlass {
namespace {

using List = std::vector<std::string>;
using Map = std::map<std::string, std::string>;
using namespace std::chrono_literals;

Result<std::string> read_test_file(const std::string& directory, const std::string& path) {
  static const Map files{{"env", "# comment\nA=1\r\n  B=x=y\n\nFROM_HOST\nNOWHERE\n"},
                         {"bom",
                          "\xef\xbb\xbf"
                          "A=1"},
                         {"labels", "a=b\nwithout\n"},
                         {"blank", "A B=1\n"},
                         {"nameless", "=1\n"},
                         {"binary", "A=\xff\n"},
                         {"long", "A=" + std::string(70'000, 'x')},
                         {"seccomp", "{ \"a b\" : [1, \"\\\" \"] }\n"}};
  const auto found = files.find(path);
  if (directory != "/sandbox" || found == files.end()) return Error{Errc::not_found, "no such file", {}};
  return found->second;
}

const OptionSources& sources() {
  static const OptionSources all{.directory = "/sandbox",
                                 .environment = {{"FROM_HOST", "h"}, {"MESOS_EXECUTOR_AUTHENTICATION_TOKEN", "secret"}},
                                 .read_file = read_test_file};
  return all;
}

ContainerSpec parsed(const List& options) {
  ContainerSpec spec{.name = "n", .image = "i"};
  auto applied = apply_docker_options(spec, options, sources());
  EXPECT_TRUE(applied) << (applied ? "" : applied.error().message);
  return spec;
}

std::string refused(const List& options, const OptionSources& from = sources()) {
  ContainerSpec spec{.name = "n", .image = "i"};
  auto applied = apply_docker_options(spec, options, from);
  return applied ? "taken" : applied.error().message;
}

// Each value is refused, and the message begins with the option.
void expect_refused(const std::string& option, const List& values) {
  for (const std::string& value : values) {
    const std::string said = refused({option + "=" + value});
    EXPECT_TRUE(said.starts_with("docker option " + option)) << option << "=" << value << ": " << said;
  }
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
  expect_refused("--env", {"", "=x"});
}

TEST(DockerOptions, EnvironmentFromElsewhere) {
  EXPECT_EQ(parsed({"-e", "FROM_HOST"}).env, (List{"FROM_HOST=h"}));
  EXPECT_EQ(parsed({"-e", "NOWHERE"}).env, (List{"NOWHERE"})) << "not even the image's";
  EXPECT_EQ(parsed({"-e", "MESOS_EXECUTOR_AUTHENTICATION_TOKEN"}).env, (List{"MESOS_EXECUTOR_AUTHENTICATION_TOKEN"}));
  EXPECT_EQ(parsed({"-e", "A=mine", "--env-file", "env"}).env, (List{"A=mine", "B=x=y", "FROM_HOST=h"}))
      << "options count more than files";
  EXPECT_EQ(parsed({"--env-file=bom"}).env, (List{"A=1"}));
  EXPECT_EQ(refused({"--env-file", "none"}), "docker option --env-file: 'none' cannot be read: no such file");
  EXPECT_EQ(refused({"--env-file", "env"}, {}), "docker option --env-file: no files can be read here");
  EXPECT_EQ(refused({"--env-file", "blank"}), "docker option --env-file: 'blank': line 1 has blanks in its name");
  EXPECT_EQ(refused({"--env-file", "nameless"}), "docker option --env-file: 'nameless': line 1 has no name");
  EXPECT_EQ(refused({"--env-file", "binary"}), "docker option --env-file: 'binary': line 1 is not UTF-8");
  EXPECT_EQ(refused({"--env-file", "long"}), "docker option --env-file: 'long': line 1 is too long");
}

TEST(DockerOptions, Labels) {
  EXPECT_EQ(parsed({"-l", "a", "--label=b=c=d"}).labels, (Map{{"a", ""}, {"b", "c=d"}}));
  EXPECT_EQ(parsed({"-l", "a=mine", "--label-file", "labels"}).labels, (Map{{"a", "mine"}}));
  expect_refused("--label", {"", "=b", "a b=c", " =c"});
  expect_refused("--label-file", {"none", "blank"});
  EXPECT_EQ(parsed({"--annotation", "a=b", "--annotation=c"}).annotations, (Map{{"a", "b"}, {"c", ""}}));
}

TEST(DockerOptions, Process) {
  const ContainerSpec spec = parsed({"-u", "1:2", "-w/tmp", "--init=false", "--stop-signal", "SIGQUIT",
                                     "--stop-timeout=0x10", "--runtime=runc", "--isolation", "default", "--group-add",
                                     "a", "--group-add=b", "--domainname", "d", "--entrypoint", "/x"});
  EXPECT_EQ(spec.user, "1:2");
  EXPECT_EQ(spec.workdir, "/tmp");
  EXPECT_EQ(spec.init, false);
  EXPECT_EQ(parsed({"--init"}).init, true);
  EXPECT_EQ(spec.stop_signal, "SIGQUIT");
  EXPECT_EQ(spec.stop_timeout, 16);
  EXPECT_EQ(spec.runtime, "runc");
  EXPECT_EQ(spec.isolation, "default");
  EXPECT_EQ(spec.groups, (List{"a", "b"}));
  EXPECT_EQ(spec.domainname, "d");
  EXPECT_EQ(spec.entrypoint, (List{"/x"}));
  expect_refused("--stop-timeout", {"", "five", "1.5", "1__0", "_1", "1_", "08", "0x", "99999999999"});
  expect_refused("--init", {"", "maybe"});
}

TEST(DockerOptions, Health) {
  const ContainerSpec spec =
      parsed({"--health-cmd", "true", "--health-interval=1m30.5s", "--health-timeout", "100ms", "--health-retries=3",
              "--health-start-period", "1h", "--health-start-interval", "5us"});
  EXPECT_EQ(spec.health, (DockerHealth{.test = {"CMD-SHELL", "true"},
                                       .interval = 90'500ms,
                                       .timeout = 100ms,
                                       .start_period = 1h,
                                       .start_interval = 5us,
                                       .retries = 3}));
  EXPECT_EQ(parsed({"--no-healthcheck"}).health, (DockerHealth{.test = {"NONE"}}));
  EXPECT_EQ(parsed({"--no-healthcheck=false"}).health, std::nullopt);
  EXPECT_EQ(parsed({"--health-cmd="}).health, std::nullopt);
  EXPECT_EQ(refused({"--no-healthcheck", "--health-retries=1"}),
            "docker options --no-healthcheck and --health-* exclude each other");
  EXPECT_EQ(refused({"--health-interval=-1s"}), "docker option --health-interval is negative");
  for (const char* option :
       {"--health-interval", "--health-timeout", "--health-start-period", "--health-start-interval"}) {
    expect_refused(option, {"-1s", "", "5", "x", "5x", ".s", "1.2.3s", "9999999h", "-"});
  }
  expect_refused("--health-retries", {"-1", "x"});
}

TEST(DockerOptions, Image) {
  EXPECT_EQ(parsed({"--pull", "always"}).pull, PullPolicy::always);
  EXPECT_EQ(parsed({"--pull=never"}).pull, PullPolicy::never);
  EXPECT_EQ(parsed({"--pull=always", "--pull="}).pull, PullPolicy::missing);
  expect_refused("--pull", {"sometimes"});
  const auto platform = [](const std::string& text) { return parsed({"--platform", text}).platform; };
  EXPECT_EQ(platform("linux/amd64"), "linux/amd64");
  EXPECT_EQ(platform("Linux/X86_64/v1"), "linux/amd64");
  EXPECT_EQ(platform("macos/aarch64"), "darwin/arm64");
  EXPECT_EQ(platform("linux/arm64/8"), "linux/arm64/v8");
  EXPECT_EQ(platform("linux/arm64/9"), "linux/arm64/v9");
  EXPECT_EQ(platform("linux/arm/7"), "linux/arm/v7");
  EXPECT_EQ(platform("linux/arm"), "linux/arm");
  EXPECT_EQ(platform("linux/arm/5"), "linux/arm/v5");
  EXPECT_EQ(platform("linux/armel"), "linux/arm/v6");
  EXPECT_EQ(platform("armhf"), "linux/arm");
  EXPECT_EQ(platform("i386"), "linux/386");
  EXPECT_EQ(platform("windows(10.0.1)/amd64"), "windows/amd64");
  EXPECT_TRUE(platform("linux").starts_with("linux/"));
  EXPECT_EQ(platform(""), "");
  expect_refused("--platform", {"nonsense", "l!nux", "a/b/c/d", "linux/", "linux/a!", "windows(1", "windows(!)", "/x"});
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
  EXPECT_EQ(ports("published=8080,target=80,protocol=udp"),
            (std::vector<PortBinding>{{.container_port = 80, .protocol = "udp", .host_port = "8080"}}));
  EXPECT_EQ(ports("80/").at(0).protocol, "tcp");
  EXPECT_TRUE(parsed({"-P"}).publish_all);
  expect_refused("--publish", {"", "http", "80:80/icmp", "80:70000", "-1", "+1", "82-80", "x:80", "[::1:8080:80",
                               "300.0.0.1:80:80", "target=80,x", "published=80", "8080:"});
}

TEST(DockerOptions, Expose) {
  EXPECT_EQ(parsed({"--expose", "80-81/udp", "--expose=443"}).exposed, (List{"80/udp", "81/udp", "443/tcp"}));
  expect_refused("--expose", {"", "x", "80:81", "2-1", "70000"});
}

TEST(DockerOptions, Mounts) {
  const auto mount = [](const std::string& text) { return parsed({"--mount", text}).mounts.at(0); };
  EXPECT_EQ(mount("type=bind,source=/a,target=/b,readonly"),
            (MountSpec{.type = MountType::bind, .source = "/a", .target = "/b", .read_only = true}));
  EXPECT_EQ(mount("type=volume,src=data,dst=/d,volume-driver=local,volume-opt=type=nfs,volume-label=k=v"),
            (MountSpec{.type = MountType::volume,
                       .source = "data",
                       .target = "/d",
                       .volume = VolumeOptions{
                           .labels = {{"k", "v"}}, .driver = "local", .driver_options = {{"type", "nfs"}}}}));
  EXPECT_EQ(mount("TYPE=Tmpfs,destination=/t,tmpfs-size=64m,tmpfs-mode=1770"),
            (MountSpec{.type = MountType::tmpfs, .target = "/t", .tmpfs = TmpfsOptions{64 << 20, 01770}}));
  EXPECT_EQ(
      mount("type=image,src=redis,dst=/i,image-subpath=s"),
      (MountSpec{.type = MountType::image, .source = "redis", .target = "/i", .image = ImageOptions{.subpath = "s"}}));
  EXPECT_EQ(mount("dst=/d,\"volume-opt=o=a,\"\"b\"").volume->driver_options.at("o"), "a,\"b");
  EXPECT_EQ(mount("dst=/d,volume-nocopy,volume-subpath=s").volume, (VolumeOptions{.no_copy = true, .subpath = "s"}));
  EXPECT_EQ(mount("type=bind,src=./a/../b,dst=/d").source, "/sandbox/b");
  const auto bind = [&](const std::string& text) { return mount("type=bind,src=/a,dst=/b,ro," + text).bind; };
  EXPECT_EQ(bind("bind-propagation=RSlave"), (BindOptions{.propagation = "rslave"}));
  EXPECT_EQ(bind("bind-recursive=disabled"), (BindOptions{.non_recursive = true}));
  EXPECT_EQ(bind("bind-nonrecursive=1"), (BindOptions{.non_recursive = true}));
  EXPECT_EQ(bind("bind-recursive=writable"), (BindOptions{.read_only_non_recursive = true}));
  EXPECT_EQ(bind("bind-recursive=readonly,bind-propagation=rprivate"),
            (BindOptions{.propagation = "rprivate", .read_only_force_recursive = true}));
  EXPECT_EQ(bind("bind-recursive=enabled"), std::nullopt);
}

TEST(DockerOptions, MountsThatAreNone) {
  expect_refused(
      "--mount",
      {"", "\n", "type=bind,source=/a", "dst", "dst=/b,colour=red", "type=nonsense,dst=/b", "dst=/b,\"a", "dst=/b,a\"b",
       "\"dst=/b\"x", "dst=/b,volume-nocopy=maybe", "type=volume,dst=/b,tmpfs-size=1m",
       "type=bind,src=/a,dst=/b,volume-nocopy", "type=tmpfs,dst=/b,bind-recursive=disabled", "dst=/b,image-subpath=x",
       "type=tmpfs,dst=/b,tmpfs-size=x", "type=tmpfs,dst=/b,tmpfs-mode=8", "type=bind,src=/a,dst=/b,bind-recursive=x",
       "type=bind,src=/a,dst=/b,bind-recursive=writable", "type=bind,src=/a,dst=/b,ro,bind-recursive=readonly"});
}

TEST(DockerOptions, Volumes) {
  EXPECT_EQ(parsed({"-v", "/data", "-v", "/data"}).anonymous_volumes, (List{"/data"}));
  EXPECT_EQ(parsed({"-v", "name:/data:ro"}).binds, (List{"name:/data:ro"}));
  EXPECT_EQ(parsed({"-v", "./a:/b", "-v", "../a:/b:ro"}).binds, (List{"/sandbox/a:/b", "/a:/b:ro"}));
  EXPECT_EQ(parsed({"-v", "c:/b"}).anonymous_volumes, (List{"c:/b"})) << "a drive of Windows, for the CLI";
  expect_refused("--volume", {"", "/a::ro", "/a:/b:ro:rw", "/a:/b:", ":/b"});
  EXPECT_EQ(parsed({"--tmpfs", "/run:size=64m", "--tmpfs=/t"}).tmpfs, (Map{{"/run", "size=64m"}, {"/t", ""}}));
  EXPECT_EQ(parsed({"--volumes-from", "other:ro"}).volumes_from, (List{"other:ro"}));
  EXPECT_EQ(parsed({"--volume-driver=d"}).volume_driver, "d");
  EXPECT_TRUE(parsed({"--read-only"}).read_only_root);
  EXPECT_EQ(parsed({"--storage-opt", "size=1G"}).storage_options, (Map{{"size", "1G"}}));
  expect_refused("--storage-opt", {"", "size"});
}

TEST(DockerOptions, Memory) {
  EXPECT_EQ(parsed({"-m", "512m"}).memory_bytes, 512 << 20);
  EXPECT_EQ(parsed({"-m1.5g"}).memory_bytes, 1536LL << 20);
  EXPECT_EQ(parsed({"-m", "1024"}).memory_bytes, 1024);
  EXPECT_EQ(parsed({"-m", "10KiB"}).memory_bytes, 10240);
  EXPECT_EQ(parsed({"-m", "10 kb"}).memory_bytes, 10240);
  EXPECT_EQ(parsed({"-m", "+1e3b"}).memory_bytes, 1000);
  EXPECT_EQ(parsed({"--memory-reservation", "1t"}).memory_reservation_bytes, std::int64_t{1} << 40);
  EXPECT_EQ(parsed({"--memory-swap", "-1"}).memory_swap_bytes, -1);
  EXPECT_EQ(parsed({"--memory-swap=1p"}).memory_swap_bytes, std::int64_t{1} << 50);
  EXPECT_EQ(parsed({"--memory-swappiness", "-1"}).memory_swappiness, -1);
  EXPECT_EQ(parsed({"--shm-size", "64m"}).shm_bytes, 64 << 20);
  EXPECT_TRUE(parsed({"--oom-kill-disable"}).oom_kill_disable);
  EXPECT_EQ(parsed({"--oom-score-adj", "-500"}).oom_score_adj, -500);
  for (const char* option : {"--memory", "--memory-reservation", "--shm-size", "--memory-swap"}) {
    expect_refused(option, {"", "much", "1q", "-5m", "1mbb", "1kbi", "1.2.3m", "1  m", "9999999p", "inf1", "1e400"});
  }
  expect_refused("--memory-swappiness", {"101", "-2", "x"});
  expect_refused("--oom-score-adj", {"99999999999", "x", ""});
}

TEST(DockerOptions, CpusAndProcesses) {
  EXPECT_EQ(parsed({"--cpus", "1.5"}).nano_cpus, 1'500'000'000);
  EXPECT_EQ(parsed({"--cpus=.25"}).nano_cpus, 250'000'000);
  EXPECT_EQ(parsed({"--cpus=1/4"}).nano_cpus, 250'000'000);
  EXPECT_EQ(parsed({"--cpus=25e-2"}).nano_cpus, 250'000'000);
  EXPECT_EQ(parsed({"--cpus=1.10000000000"}).nano_cpus, 1'100'000'000);
  EXPECT_EQ(parsed({"--cpus=0"}).nano_cpus, 0);
  EXPECT_EQ(parsed({"--cpus=-1"}).nano_cpus, -1'000'000'000) << "Docker says what it thinks of that";
  expect_refused("--cpus", {"", "x", "1/3", "1/0", "1/", "0.0000000001", "1e99", "1e", "9999999999", ".", "1_0"});
  EXPECT_EQ(parsed({"-c", "512"}).cpu_shares, 512);
  const ContainerSpec spec = parsed({"--cpu-quota", "50000", "--cpu-period=100000", "--cpu-rt-period", "9",
                                     "--cpu-rt-runtime=8", "--cpuset-cpus", "0-3", "--cpuset-mems=0"});
  EXPECT_EQ(spec.cpu_quota_us, 50000);
  EXPECT_EQ(spec.cpu_period_us, 100000);
  EXPECT_EQ(spec.cpu_rt_period_us, 9);
  EXPECT_EQ(spec.cpu_rt_runtime_us, 8);
  EXPECT_EQ(spec.cpuset_cpus, "0-3");
  EXPECT_EQ(spec.cpuset_mems, "0");
  for (const char* option : {"--cpu-shares", "--cpu-quota", "--cpu-period", "--cpu-rt-period", "--cpu-rt-runtime"}) {
    expect_refused(option, {"", "x", "1.5", "99999999999999999999"});
  }
  EXPECT_EQ(parsed({"--pids-limit=-1"}).pids_limit, -1);
  expect_refused("--pids-limit", {"", "x"});
  EXPECT_EQ(parsed({"--cgroup-parent", "/p"}).cgroup_parent, "/p");
}

TEST(DockerOptions, Ulimits) {
  EXPECT_EQ(parsed({"--ulimit", "nofile=1024:2048", "--ulimit=core=0", "--ulimit", "nofile=1"}).ulimits,
            (std::vector<Ulimit>{{"core", 0, 0}, {"nofile", 1, 1}}));
  EXPECT_EQ(parsed({"--ulimit", "memlock=-1"}).ulimits.at(0), (Ulimit{"memlock", -1, -1}));
  expect_refused("--ulimit", {"", "nofile", "nofile=9:2", "nofile=-1:5", "colour=1", "nofile=1:2:3", "nofile=x",
                              "nofile=1:", "nofile=0x1"});
}

TEST(DockerOptions, BlockDevices) {
  EXPECT_EQ(parsed({"--blkio-weight", "500"}).blkio_weight, 500);
  expect_refused("--blkio-weight", {"", "-1", "70000", "x"});
  const ContainerSpec spec =
      parsed({"--blkio-weight-device", "/dev/a:500", "--device-read-bps=/dev/a:1mb", "--device-read-bps", "/dev/b:2k",
              "--device-write-bps", "/dev/a:5", "--device-read-iops", "/dev/a:6", "--device-write-iops=/dev/a:7"});
  using Limits = std::vector<DeviceLimit>;
  EXPECT_EQ(spec.blkio_weight_devices, (Limits{{"/dev/a", 500}}));
  EXPECT_EQ(spec.device_read_bps, (Limits{{"/dev/a", 1 << 20}, {"/dev/b", 2048}}));
  EXPECT_EQ(spec.device_write_bps, (Limits{{"/dev/a", 5}}));
  EXPECT_EQ(spec.device_read_iops, (Limits{{"/dev/a", 6}}));
  EXPECT_EQ(spec.device_write_iops, (Limits{{"/dev/a", 7}}));
  expect_refused("--blkio-weight-device", {"", "/dev/a", "a:500", "/dev/a:5", "/dev/a:1001", "/dev/a:x"});
  for (const char* option : {"--device-read-bps", "--device-write-bps", "--device-read-iops", "--device-write-iops"}) {
    expect_refused(option, {"", "/dev/a", "a:1", ":1", "/dev/a:x", "/dev/a:-1"});
  }
  expect_refused("--device-read-iops", {"/dev/a:1k", "/dev/a:+1"});
}

TEST(DockerOptions, NamesAndAddresses) {
  EXPECT_EQ(parsed({"--dns", "1.1.1.1", "--dns=0:0:0:0:0:0:0:1", "--dns", "2001:DB8:0:0:1:0:0:1"}).dns,
            (List{"1.1.1.1", "::1", "2001:db8::1:0:0:1"}));
  EXPECT_EQ(parsed({"--dns", "::ffff:1.2.3.4", "--dns=::", "--dns=1::"}).dns, (List{"1.2.3.4", "::", "1::"}));
  expect_refused("--dns", {"", "1.1.1", "01.1.1.1", "dns.example", "::1%eth0"});
  EXPECT_EQ(refused({"--dns", std::string{"1.1.1.1\0x", 9}}).substr(0, 19), "docker option --dns");
  EXPECT_EQ(parsed({"--dns-option", "ndots:1", "--dns-opt=rotate"}).dns_options, (List{"ndots:1", "rotate"}));
  EXPECT_EQ(parsed({"--dns-search", " example.com. ", "--dns-search=."}).dns_search, (List{"example.com", "."}));
  expect_refused("--dns-search", {"", "1.2", "-x", "x-", "a..b", "a b", "a." + std::string(260, 'b')});
  EXPECT_EQ(parsed({"--add-host", "db=10.0.0.1", "--add-host=db:::1", "--add-host=x:[::1]"}).extra_hosts,
            (List{"db:10.0.0.1", "db:::1", "x:::1"}));
  EXPECT_EQ(parsed({"--add-host", "db:host-gateway"}).extra_hosts, (List{"db:host-gateway"}));
  expect_refused("--add-host", {"", "db", "db:", ":1.2.3.4", "db:x", "a:b=1.2.3.4", "db:[]"});
  EXPECT_EQ(parsed({"-h", "web"}).hostname, "web");
  EXPECT_EQ(parsed({"--link", "a:b", "--link=c"}).links, (List{"a:b", "c"}));
  expect_refused("--link", {"", "a:b:c"});
}

TEST(DockerOptions, Network) {
  EXPECT_EQ(parsed({"--net=host"}).network_mode, "host");
  EXPECT_EQ(parsed({"--network", "container:x"}).network_mode, "container:x");
  EXPECT_TRUE(parsed({"--network", "mine"}).networks.empty()) << "nothing but its name";
  const ContainerSpec wishes =
      parsed({"--network", "mine", "--network-alias=a", "--net-alias", "b", "--ip", "10.0.0.9", "--ip6=fd::9",
              "--link-local-ip", "169.254.1.1", "--link", "db:d", "--mac-address", "92:d0:c6:0a:29:33"});
  const NetworkAttachment mine{.name = "mine",
                               .aliases = {"a", "b"},
                               .links = {"db:d"},
                               .ipv4 = "10.0.0.9",
                               .ipv6 = "fd::9",
                               .link_local_ips = {"169.254.1.1"}};
  EXPECT_EQ(wishes.networks, (std::vector<NetworkAttachment>{mine}));
  EXPECT_EQ(wishes.mac_address, "92:d0:c6:0a:29:33");
  const ContainerSpec fields =
      parsed({"--network",
              "name=Mine,alias=a,ip=10.0.0.9,ip6=fd::9,link-local-ip=169.254.1.1,mac-address=92d0.c60a.2933,"
              "driver-opt=k=v,gw-priority=-5",
              "--network=other"});
  EXPECT_EQ(fields.network_mode, "mine") << "the CLI writes all of it small";
  EXPECT_EQ(fields.networks.at(0), (NetworkAttachment{.name = "mine",
                                                      .aliases = {"a"},
                                                      .ipv4 = "10.0.0.9",
                                                      .ipv6 = "fd::9",
                                                      .link_local_ips = {"169.254.1.1"},
                                                      .mac_address = "92d0.c60a.2933",
                                                      .driver_options = {{"k", "v"}},
                                                      .gateway_priority = -5}));
  EXPECT_EQ(fields.networks.at(1), (NetworkAttachment{.name = "other"}));
}

TEST(DockerOptions, NetworkOfTheTask) {
  ContainerSpec spec{.name = "n", .image = "i"};
  spec.network_mode = "mine";
  ASSERT_TRUE(apply_docker_options(spec, {"--ip", "10.0.0.9"}));
  EXPECT_EQ(spec.network_mode, "mine");
  EXPECT_EQ(spec.networks, (std::vector<NetworkAttachment>{{.name = "mine", .ipv4 = "10.0.0.9"}}));
  ASSERT_TRUE(apply_docker_options(spec, {"--network-alias", "a"}));
  EXPECT_EQ(spec.networks, (std::vector<NetworkAttachment>{{.name = "mine", .aliases = {"a"}, .ipv4 = "10.0.0.9"}}));
}

TEST(DockerOptions, NetworksThatAreNone) {
  expect_refused("--network", {"", " ", "alias=a", "name=x,alias", "name=x,colour=red", "name=x,gw-priority=x",
                               "name=x,mac-address=x", "name=x,driver-opt=k", "name=x,\"a"});
  expect_refused("--mac-address", {"x", "92:d0", "92:d0:c6:0a:29:3g", "92:d0-c6:0a:29:33", "92d0c60a2933"});
  EXPECT_EQ(refused({"--net", "a", "--network", "a"}), "docker options --network: 'a' is given twice");
  EXPECT_EQ(refused({"--net", "a", "--network", "bridge"}),
            "docker options --network: Docker's own networks and others cannot be joined at once");
  EXPECT_EQ(refused({"--network-alias", "a"}),
            "docker option --network-alias: only networks that a user made have aliases, not 'default'");
  const std::string network =
      "--network=name=x,alias=a,ip=1.2.3.4,ip6=::1,mac-address=92:d0:c6:0a:29:33,link-local-ip=1.1.1.1";
  for (const char* wish : {"--network-alias=b", "--ip=1.2.3.5", "--ip6=::2", "--mac-address=92:d0:c6:0a:29:34",
                           "--link-local-ip=2.2.2.2"}) {
    const std::string said = refused({network, wish});
    EXPECT_TRUE(said.ends_with("and the same in --network exclude each other")) << wish << ": " << said;
  }
}

TEST(DockerOptions, Rights) {
  const ContainerSpec spec =
      parsed({"--cap-add", "net_admin", "--cap-add=CAP_CHOWN", "--cap-add", "NET_ADMIN", "--cap-drop=all"});
  EXPECT_EQ(spec.cap_add, (List{"CAP_CHOWN", "CAP_NET_ADMIN"}));
  EXPECT_EQ(spec.cap_drop, (List{"ALL"}));
  EXPECT_EQ(parsed({"--sysctl", "net.core.somaxconn=1024", "--sysctl=kernel.sem=1 2"}).sysctls,
            (Map{{"net.core.somaxconn", "1024"}, {"kernel.sem", "1 2"}}));
  expect_refused("--sysctl", {"", "=1", "net.core.somaxconn", "vm.swappiness=1", "kernel.hostname=x"});
  EXPECT_EQ(parsed({"--entrypoint", ""}).entrypoint, (List{""}));
}

TEST(DockerOptions, Namespaces) {
  const ContainerSpec spec =
      parsed({"--ipc", "shareable", "--pid=host", "--uts", "host", "--userns=host", "--cgroupns", "private"});
  EXPECT_EQ(spec.ipc_mode, "shareable");
  EXPECT_EQ(spec.pid_mode, "host");
  EXPECT_EQ(spec.uts_mode, "host");
  EXPECT_EQ(spec.userns_mode, "host");
  EXPECT_EQ(spec.cgroupns_mode, "private");
  EXPECT_EQ(parsed({"--pid", "container:x"}).pid_mode, "container:x");
  EXPECT_EQ(refused({"--cgroupns=shared"}), "docker option --cgroupns: 'shared' is not possible here: host, private");
  expect_refused("--pid", {"private", "container", "container:"});
  expect_refused("--uts", {"private"});
  expect_refused("--userns", {"private"});
}

TEST(DockerOptions, Devices) {
  const auto device = [](const std::string& text) { return parsed({"--device", text}).devices.at(0); };
  EXPECT_EQ(device("/dev/a"), (DeviceMapping{"/dev/a", "/dev/a", "rwm"}));
  EXPECT_EQ(device("/dev//a/../b"), (DeviceMapping{"/dev/b", "/dev/b", "rwm"}));
  EXPECT_EQ(device("/dev/a:rw"), (DeviceMapping{"/dev/a", "/dev/a", "rw"}));
  EXPECT_EQ(device("/dev/a:/dev/b:r"), (DeviceMapping{"/dev/a", "/dev/b", "r"}));
  EXPECT_EQ(device("/dev/a:/dev/b/"), (DeviceMapping{"/dev/a", "/dev/b", "rwm"}));
  expect_refused("--device", {"", ":", "relative", "/dev/a:relative", "/dev/a:/dev/b:rr", "/dev/a:/dev/b:x",
                              "/dev/a:", "/a:/b:r:w", "vendor/class", "1vendor/class=x", "vendor/class="});
  EXPECT_EQ(parsed({"--device-cgroup-rule", "c 1:3 rwm", "--device-cgroup-rule=a *:* r"}).device_cgroup_rules,
            (List{"c 1:3 rwm", "a *:* r"}));
  expect_refused("--device-cgroup-rule", {"", "x 1:3 r", "c 1:3", "c 1:3 rwmr", "c 1 r", "c 1: r", "c 1:3 x"});
}

TEST(DockerOptions, Gpus) {
  const auto gpus = [](const std::string& text) { return parsed({"--gpus", text}).device_requests.at(0); };
  const std::vector<List> plain{{"gpu"}};
  EXPECT_EQ(gpus("all"), (DeviceRequest{.count = -1, .capabilities = plain}));
  EXPECT_EQ(gpus("count=2,driver=nvidia"), (DeviceRequest{.driver = "nvidia", .count = 2, .capabilities = plain}));
  EXPECT_EQ(gpus("\"device=0,1\""), (DeviceRequest{.ids = {"0", "1"}, .capabilities = plain}));
  EXPECT_EQ(gpus("driver=d,\"capabilities=compute,utility\",\"options=a=b,c\""),
            (DeviceRequest{.driver = "d",
                           .count = 1,
                           .capabilities = {{"compute", "utility", "gpu"}},
                           .options = {{"a", "b"}, {"c", ""}}}));
  expect_refused("--gpus",
                 {"", "x", "count=x", "colour=1", "all,count=1", "count=1,count=2", "\"all", "\"options=\"\"a\""});
  EXPECT_EQ(parsed({"--device", "v.com/c=a", "--gpus=1", "--device=v.com/c=b:1"}).device_requests,
            (std::vector<DeviceRequest>{{.count = 1, .capabilities = plain},
                                        {.driver = "cdi", .ids = {"v.com/c=a", "v.com/c=b:1"}}}));
}

TEST(DockerOptions, Security) {
  const auto security = [](const std::string& text) { return parsed({"--security-opt", text}).security_options; };
  for (const char* text : {"no-new-privileges", "no-new-privileges:true", "label=disable", "label:disable",
                           "apparmor=unconfined", "seccomp:unconfined", "seccomp=builtin"}) {
    EXPECT_EQ(security(text), List{text});
  }
  EXPECT_TRUE(parsed({"--security-opt", "systempaths=unconfined"}).unmask_system_paths);
  EXPECT_EQ(security("seccomp=seccomp"), (List{R"(seccomp={"a b":[1,"\" "]})"}));
  EXPECT_EQ(security(R"(seccomp={ "a": 1 })"), (List{R"(seccomp={"a":1})"}));
  expect_refused("--security-opt", {"", "nonsense", "label=", "seccomp=none", "seccomp=env", "seccomp={"});
}

TEST(DockerOptions, Logging) {
  const ContainerSpec spec = parsed({"--log-driver=syslog", "--log-opt", "a=b", "--log-opt=c"});
  EXPECT_EQ(spec.log_driver, "syslog");
  EXPECT_EQ(spec.log_options, (Map{{"a", "b"}, {"c", ""}}));
  EXPECT_EQ(refused({"--log-opt", "a=b", "--log-driver", "none"}),
            "docker options --log-opt and --log-driver none exclude each other");
}

TEST(DockerOptions, WhatTheExecutorRefuses) {
  EXPECT_EQ(refused({"--name", "x"}),
            "docker option --name is not possible: the executor names containers itself (mesos-<container id>)");
  EXPECT_EQ(refused({"--restart=always"}),
            "docker option --restart is not possible: restarting is the framework's decision");
  EXPECT_EQ(refused({"--rm"}),
            "docker option --rm is not possible: the executor removes the container when the task has ended");
  for (const List& options : {List{"-d"},
                              {"--cidfile", "/tmp/x"},
                              {"-a", "stdout"},
                              {"--detach-keys=ctrl-x"},
                              {"--help"},
                              {"--use-api-socket"},
                              {"--cpu-count=1"},
                              {"--cpu-percent=1"},
                              {"--io-maxbandwidth=1"},
                              {"--io-maxiops=1"},
                              {"--kernel-memory=64m"},
                              {"--sig-proxy=false"},
                              {"--disable-content-trust=false"}}) {
    EXPECT_NE(refused(options).find(" is not possible: "), std::string::npos) << options.front();
  }
  const ContainerSpec plain{.name = "n", .image = "i"};
  EXPECT_EQ(
      parsed({"--rm=false", "--restart=no", "--detach=0", "--cidfile=", "--sig-proxy", "--disable-content-trust"}),
      plain)
      << "what is so anyway may be asked for";
}

TEST(DockerOptions, AnOptionAndItsValueInOneWord) {
  EXPECT_EQ(refused({"-p 8090:8080"}),
            "docker option -p: '-p 8090:8080' is one word of the list; write two, \"-p\", \"8090:8080\"");
  EXPECT_EQ(refused({"--publish 8090:8080"}),
            "docker option --publish: '--publish 8090:8080' is one word of the list; write two, \"--publish\", "
            "\"8090:8080\"");
  EXPECT_EQ(refused({"-e A=1"}), "docker option -e: '-e A=1' is one word of the list; write two, \"-e\", \"A=1\"");
  EXPECT_EQ(refused({"--no such"}), "unknown docker option --no such");
}

TEST(DockerOptions, AsParameters) {
  using Parameters = std::vector<Parameter>;
  EXPECT_EQ(as_docker_parameters({"-itv", "/a:/b", "-p80:80", "-e=A=b", "--net=host", "--dns", "8.8.8.8", "--rm",
                                  "--read-only=false", "-m=1g", "-P", "--name", "x"}),
            (Parameters{{"interactive", "true"},
                        {"tty", "true"},
                        {"volume", "/a:/b"},
                        {"publish", "80:80"},
                        {"env", "A=b"},
                        {"net", "host"},
                        {"dns", "8.8.8.8"},
                        {"rm", "true"},
                        {"read-only", "false"},
                        {"memory", "1g"},
                        {"publish-all", "true"},
                        {"name", "x"}}));
  const Parameters wrong = as_docker_parameters({"--colour=red", "stray", "-Z", "-p 1:2", "--", "--label"});
  EXPECT_EQ(wrong,
            (Parameters{{"colour", "red"}, {"stray", ""}, {"Z", ""}, {"publish", " 1:2"}, {"", ""}, {"label", ""}}));
  for (const Parameter& each : wrong) {
    ContainerSpec spec{.name = "n", .image = "i"};
    EXPECT_FALSE(apply_docker_parameters(spec, {each})) << each.key;
  }
}

TEST(DockerOptions, WhatIsNoOption) {
  EXPECT_EQ(refused({"--colour=red"}), "unknown docker option --colour");
  EXPECT_EQ(refused({"-Z"}), "unknown docker option -Z");
  EXPECT_EQ(refused({"--=x"}), "unknown docker option --");
  EXPECT_EQ(refused({"-i="}), "unknown docker option -=");
  EXPECT_EQ(refused({std::string{"-\0", 2}}).substr(0, 21), "unknown docker option");
  EXPECT_EQ(refused({"--"}), "'--' is not a docker option");
  EXPECT_EQ(refused({"-"}), "'-' is not a docker option");
  EXPECT_EQ(refused({""}), "'' is not a docker option");
  EXPECT_EQ(refused({"--volume"}), "docker option --volume needs a value");
  EXPECT_EQ(refused({"-itv"}), "docker option -v needs a value");
  EXPECT_EQ(refused({"redis"}), "'redis' is not a docker option");
  EXPECT_EQ(refused({"--privileged=maybe"}), "docker option --privileged: 'maybe' is no boolean");
}

TEST(DockerOptions, AreUtf8) {
  EXPECT_EQ(refused({"--tmpfs", "/run\x8f"}), "docker option --tmpfs is not UTF-8");
  EXPECT_EQ(refused({"--tmpfs=/run\x8f"}), "docker option --tmpfs is not UTF-8");
  EXPECT_EQ(refused({"-w\x8f"}), "docker option is not UTF-8");
  EXPECT_EQ(refused({"-ié"}), "unknown docker option -ié");
  for (const char* wrong :
       {"\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xc3"}) {
    EXPECT_NE(refused({"-w", wrong}), "taken");
  }
  EXPECT_EQ(parsed({"-w", "/é/€/😀"}).workdir, "/é/€/😀");
  ContainerSpec spec{.name = "n", .image = "i"};
  EXPECT_EQ(apply_docker_parameters(spec, {{"\xff", "x"}}).error().message, "docker option is not UTF-8");
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
  auto wrong = apply_docker_parameters(spec, {{"memory", "much"}});
  ASSERT_FALSE(wrong);
  EXPECT_TRUE(wrong.error().message.starts_with("docker option --memory: "));
  ASSERT_TRUE(apply_docker_parameters(spec, {{"env-file", "env"}, {"privileged", "true"}}, sources()));
  EXPECT_EQ(spec.env, (List{"A=1", "B=x=y", "FROM_HOST=h"}));
  EXPECT_TRUE(spec.privileged);
}

}  // namespace
}  // namespace windlass
