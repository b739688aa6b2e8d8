// Fixture trees of both versions of control groups, and real containers (RealContainer.*, which want an image).
#include "io/process/cgroup_statistics.hpp"

#include "io/files.hpp"
#include "io/loop_testing.hpp"
#include "io/process/process.hpp"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

namespace windlass {
namespace {

constexpr TimePoint some_time{std::chrono::seconds{1795336446}};
const std::string id(64, 'a');

// A /proc and control groups below a folder.
class FakeMachine {
 public:
  void write(const std::string& name, const std::string& content) const {
    const std::string path = folder / name;
    ASSERT_TRUE(make_directories(std::filesystem::path{path}.parent_path()));
    std::ofstream{path} << content;
  }
  void link(const std::string& name, const std::string& target) const {
    const std::string path = folder / name;
    ASSERT_TRUE(make_directories(std::filesystem::path{path}.parent_path()));
    ASSERT_EQ(::symlink(target.c_str(), path.c_str()), 0);
  }
  void remove(const std::string& name) const { ASSERT_TRUE(remove_tree(folder / name)); }
  // A mount at cg<name>; `root` is the group that is seen there.
  void mount(const std::string& name, const std::string& type, const std::string& options,
             const std::string& root = "/") {
    mounts += "36 25 0:31 " + root + " " + (folder / "cg") + name + " rw,nosuid shared:15 - " + type + " " + type +
              " " + options + "\n";
    write("proc/self/mountinfo", mounts);
  }
  void add_process(const std::string& groups) const {
    write("proc/4711/cgroup", groups);
    link("proc/self/ns/net", "net:[1]");
    link("proc/4711/ns/net", "net:[2]");
    write(
        "proc/4711/net/dev",
        "Inter-|   Receive                                                |  Transmit\n"
        " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls\n"
        "    lo: 9000      90    9    9    0     0          0         0     9000      90    9    9    0     0   0  0\n"
        "  eth0:  200       2    1    3    0     0          0         0      500       5    4    6    0     0   0  0\n"
        "eth0:1:   10       1    0    0    0     0          0         0       20       1    0    0    0     0   0  0\n"
        "  odd:  what\n");
  }
  [[nodiscard]] Result<ContainerCgroups> find(const std::string& container = id) const {
    return find_container_cgroups(4711, container, folder / "proc");
  }

  TempDir folder;
  std::string mounts = "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n";
};

void write_v1_memory(const FakeMachine& machine, const std::string& group) {
  machine.write(group + "/memory.stat",
                "cache 1\nrss 2\ntotal_cache 1000\ntotal_rss 2000\ntotal_rss_huge 1\ntotal_mapped_file 300\n"
                "total_swap 400\ntotal_unevictable 50\nhierarchical_memory_limit 67108864\n");
  machine.write(group + "/memory.usage_in_bytes", "33554432\n");
  machine.write(group + "/memory.max_usage_in_bytes", "50331648\n");
  machine.write(group + "/memory.memsw.usage_in_bytes", "33554832\n");
  machine.write(group + "/memory.limit_in_bytes", "67108864\n");
  machine.write(group + "/memory.soft_limit_in_bytes", "9223372036854771712\n");
  machine.write(group + "/memory.failcnt", "0\n");
  machine.write(group + "/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n");
}

void write_v1_cpu(const FakeMachine& machine, const std::string& cpu, const std::string& cpuacct) {
  machine.write(cpuacct + "/cpuacct.stat", "user 250\nsystem 50\n");
  machine.write(cpu + "/cpu.stat", "nr_periods 40\nnr_throttled 4\nthrottled_time 1500000000\n");
  machine.write(cpu + "/cpu.cfs_quota_us", "150000\n");
  machine.write(cpu + "/cpu.cfs_period_us", "100000\n");
  machine.write(cpu + "/cpu.shares", "512\n");
}

void write_v1_rest(const FakeMachine& machine, const std::string& blkio, const std::string& pids) {
  machine.write(blkio + "/blkio.throttle.io_service_bytes_recursive",
                "8:0 Read 4096\n8:0 Write 100\n8:0 Sync 1\n8:0 Total 4196\n8:16 Read 4\n8:16 Write 0\nTotal 4200\n");
  machine.write(blkio + "/blkio.throttle.io_serviced_recursive", "8:0 Read 3\n8:0 Write 2\nTotal 5\n");
  machine.write(pids + "/pids.current", "7\n");
  machine.write(pids + "/pids.max", "50\n");
}

// Each controller in a hierarchy of its own, the container in Docker's group.
void build_v1(FakeMachine& machine) {
  std::string groups = "9:name=systemd:/docker/" + id + "\n0::/elsewhere\n";
  int number = 0;
  for (const std::string name : {"cpu", "cpuacct", "memory", "blkio", "pids"}) {
    machine.mount("/" + name, "cgroup", "rw," + name);
    groups += std::to_string(++number) + ":" + name + ":/docker/" + id + "\n";
  }
  machine.mount("/unified", "cgroup2", "rw");
  machine.add_process(groups);
  write_v1_cpu(machine, "cg/cpu/docker/" + id, "cg/cpuacct/docker/" + id);
  write_v1_memory(machine, "cg/memory/docker/" + id);
  write_v1_rest(machine, "cg/blkio/docker/" + id, "cg/pids/docker/" + id);
}

std::string v2_group() { return "cg/system.slice/docker-" + id + ".scope"; }

void build_v2(FakeMachine& machine, const std::string& below = {}) {
  machine.mount("", "cgroup2", "rw,nsdelegate,memory_recursiveprot");
  machine.add_process("0::/system.slice/docker-" + id + ".scope" + below + "\n");
  const std::string group = v2_group();
  machine.write(group + "/cpu.stat",
                "usage_usec 3000000\nuser_usec 2500000\nsystem_usec 500000\nnr_periods 40\nnr_throttled 4\n"
                "throttled_usec 1500000\n");
  machine.write(group + "/cpu.max", "150000 100000\n");
  machine.write(group + "/memory.stat", "anon 2000\nfile 1000\nfile_mapped 300\nunevictable 50\n");
  machine.write(group + "/memory.current", "33554432\n");
  machine.write(group + "/memory.peak", "50331648\n");
  machine.write(group + "/memory.swap.current", "400\n");
  machine.write(group + "/memory.max", "67108864\n");
  machine.write(group + "/memory.low", "0\n");
  machine.write(group + "/memory.events", "low 0\nhigh 0\nmax 12\noom 0\noom_kill 0\noom_group_kill 0\n");
  machine.write(group + "/io.stat",
                "8:0 rbytes=4096 wbytes=100 rios=2 wios=2 dbytes=9 dios=9\n8:16 rbytes=4 wbytes=0 rios=1 wios=0\n");
  machine.write(group + "/pids.current", "7\n");
  machine.write(group + "/pids.max", "50\n");
}

// What both fixtures say.
ContainerStatistics expected_statistics() {
  ContainerStatistics s{.timestamp = some_time};
  s.cpus_user_time_secs = 2.5;
  s.cpus_system_time_secs = 0.5;
  s.cpus_limit = 1.5;
  s.cpus_nr_periods = 40;
  s.cpus_nr_throttled = 4;
  s.cpus_throttled_time_secs = 1.5;
  s.mem_total_bytes = 33554432;
  s.mem_total_memsw_bytes = 33554832;
  s.mem_limit_bytes = 67108864;
  s.mem_rss_bytes = 2000;
  s.mem_cache_bytes = 1000;
  s.mem_mapped_file_bytes = 300;
  s.mem_swap_bytes = 400;
  s.mem_unevictable_bytes = 50;
  s.mem_peak_bytes = 50331648;
  s.mem_oom_kills = 0;
  s.net_rx_bytes = 210;
  s.net_rx_packets = 3;
  s.net_rx_errors = 1;
  s.net_rx_dropped = 3;
  s.net_tx_bytes = 520;
  s.net_tx_packets = 6;
  s.net_tx_errors = 4;
  s.net_tx_dropped = 6;
  s.blkio_read_bytes = 4100;
  s.blkio_write_bytes = 100;
  s.blkio_read_ops = 3;
  s.blkio_write_ops = 2;
  s.threads = 7;
  s.threads_limit = 50;
  return s;
}

ContainerStatistics sampled(const FakeMachine& machine) {
  ContainerStatistics statistics;
  auto groups = machine.find();
  EXPECT_TRUE(groups) << to_string(groups.error());
  EXPECT_TRUE(groups && sample_container(statistics, *groups, some_time));
  return statistics;
}

TEST(ContainerStatistics, Version1WithAHierarchyForEachController) {
  FakeMachine machine;
  build_v1(machine);
  ContainerStatistics expected = expected_statistics();
  expected.cpus_soft_limit = 0.5;
  EXPECT_EQ(sampled(machine), expected);
}

TEST(ContainerStatistics, Version1WithMergedControllers) {
  FakeMachine machine;
  const std::string group = "system.slice/docker-" + id + ".scope";
  machine.mount("/cpu,cpuacct", "cgroup", "rw,cpu,cpuacct");
  machine.mount("/memory", "cgroup", "rw,memory");
  machine.mount("/rest", "cgroup", "rw,blkio,pids,net_cls,net_prio");
  machine.add_process("4:cpu,cpuacct:/" + group + "\n3:memory:/" + group + "\n2:net_cls,net_prio,blkio,pids:/" + group +
                      "\n1:name=systemd:/\n");
  write_v1_cpu(machine, "cg/cpu,cpuacct/" + group, "cg/cpu,cpuacct/" + group);
  write_v1_memory(machine, "cg/memory/" + group);
  write_v1_rest(machine, "cg/rest/" + group, "cg/rest/" + group);
  ContainerStatistics expected = expected_statistics();
  expected.cpus_soft_limit = 0.5;
  EXPECT_EQ(sampled(machine), expected);
}

TEST(ContainerStatistics, Version2) {
  FakeMachine machine;
  build_v2(machine);
  EXPECT_EQ(sampled(machine), expected_statistics());
}

TEST(ContainerStatistics, GroupsBelowTheContainersOwnBelongToIt) {
  FakeMachine machine;
  build_v2(machine, "/init.scope");
  EXPECT_EQ(machine.find()->memory.path, machine.folder / v2_group());
  EXPECT_EQ(sampled(machine), expected_statistics());
}

TEST(ContainerStatistics, AMountMayShowAPartOfItsHierarchy) {
  FakeMachine machine;
  machine.mount("/other", "cgroup", "rw,memory", "/other");
  machine.mount("/memory", "cgroup", "rw,memory", "/mesos/c1");
  machine.add_process("1:memory:/mesos/c1/" + id + "\n");
  write_v1_memory(machine, "cg/memory/" + id);
  EXPECT_EQ(machine.find()->memory.path, machine.folder / "cg/memory/" + id);
  EXPECT_EQ(machine.find()->cpu.path, "");
  EXPECT_EQ(sampled(machine).mem_rss_bytes, 2000U);
}

TEST(ContainerStatistics, WhatIsMissingIsUnset) {
  FakeMachine machine;
  build_v1(machine);
  for (const char* name : {"cpu/docker/", "pids/docker/", "blkio/docker/"}) machine.remove("cg/" + (name + id));
  machine.remove("cg/memory/docker/" + id + "/memory.max_usage_in_bytes");
  machine.remove("cg/memory/docker/" + id + "/memory.memsw.usage_in_bytes");
  machine.remove("proc/4711/net");
  const ContainerStatistics statistics = sampled(machine);
  EXPECT_EQ(statistics.cpus_user_time_secs, 2.5);
  EXPECT_EQ(statistics.mem_peak_bytes, statistics.mem_total_bytes) << "what has been seen of it";
  EXPECT_FALSE(statistics.mem_total_memsw_bytes);
  EXPECT_FALSE(statistics.cpus_limit || statistics.cpus_soft_limit || statistics.cpus_nr_periods);
  EXPECT_FALSE(statistics.blkio_read_bytes || statistics.blkio_write_ops);
  EXPECT_FALSE(statistics.threads || statistics.threads_limit);
  EXPECT_FALSE(statistics.net_rx_bytes || statistics.net_tx_dropped);
}

TEST(ContainerStatistics, NoLimitsAreUnset) {
  FakeMachine v1;
  build_v1(v1);
  v1.write("cg/cpu/docker/" + id + "/cpu.cfs_quota_us", "-1\n");
  v1.write("cg/memory/docker/" + id + "/memory.limit_in_bytes", "9223372036854771712\n");
  v1.write("cg/memory/docker/" + id + "/memory.soft_limit_in_bytes", "1048576\n");
  v1.write("cg/pids/docker/" + id + "/pids.max", "max\n");
  FakeMachine v2;
  build_v2(v2);
  v2.write(v2_group() + "/cpu.max", "max 100000\n");
  v2.write(v2_group() + "/memory.max", "max\n");
  v2.write(v2_group() + "/memory.low", "1048576\n");
  v2.write(v2_group() + "/pids.max", "max\n");
  for (const FakeMachine* machine : {&v1, &v2}) {
    ContainerStatistics statistics = expected_statistics();  // of a time when there were limits
    ASSERT_TRUE(sample_container(statistics, *machine->find(), some_time));
    EXPECT_FALSE(statistics.cpus_limit);
    EXPECT_FALSE(statistics.mem_limit_bytes);
    EXPECT_FALSE(statistics.threads_limit);
    EXPECT_EQ(statistics.mem_soft_limit_bytes, 1048576U);
  }
}

TEST(ContainerStatistics, GarbageChangesNothing) {
  for (const std::string garbage : {"", "\n", "what\n", "-5\n", "99999999999999999999999\n", "user\nnr_periods x\n",
                                    "12abc\n", "8:0 Read\n8:0\n", "8:0 rbytes= wbytes=x\n", "50000\n50000"}) {
    FakeMachine v1;
    build_v1(v1);
    FakeMachine v2;
    build_v2(v2);
    for (const FakeMachine* machine : {&v1, &v2}) {
      auto groups = machine->find();
      ASSERT_TRUE(groups);
      ContainerStatistics statistics;
      ASSERT_TRUE(sample_container(statistics, *groups, some_time));
      const ContainerStatistics before = statistics;
      for (const auto& entry : std::filesystem::recursive_directory_iterator{machine->folder / "cg"}) {
        if (!entry.is_regular_file()) continue;
        std::ofstream{entry.path()} << garbage;
      }
      std::ofstream{groups->process + "/net/dev"} << garbage;
      sample_container(statistics, *groups, some_time);
      EXPECT_EQ(statistics.cpus_user_time_secs, before.cpus_user_time_secs) << garbage;
      EXPECT_EQ(statistics.cpus_nr_periods, before.cpus_nr_periods) << garbage;
      EXPECT_EQ(statistics.mem_rss_bytes, before.mem_rss_bytes) << garbage;
      EXPECT_EQ(statistics.mem_oom_kills, before.mem_oom_kills) << garbage;
      EXPECT_FALSE(read_oom_events(*groups)) << garbage;
    }
  }
}

TEST(ContainerStatistics, AContainerThatIsGoneKeepsItsLastNumbers) {
  FakeMachine machine;
  build_v1(machine);
  auto groups = machine.find();
  ASSERT_TRUE(groups);
  ContainerStatistics statistics;
  ASSERT_TRUE(sample_container(statistics, *groups, some_time));
  const ContainerStatistics last = statistics;

  // Half way: the process is dead (a zombie has no network), two groups are left, and one counted on.
  for (const char* name : {"cpu/docker/", "pids/docker/", "blkio/docker/"}) machine.remove("cg/" + (name + id));
  machine.remove("proc/4711");
  machine.write("cg/cpuacct/docker/" + id + "/cpuacct.stat", "user 300\nsystem 50\n");
  machine.write("cg/memory/docker/" + id + "/memory.usage_in_bytes", "0\n");
  const TimePoint later = after(some_time, std::chrono::seconds{5});
  ASSERT_TRUE(sample_container(statistics, *groups, later));
  ContainerStatistics expected = last;
  expected.timestamp = later;
  expected.cpus_user_time_secs = 3.0;
  expected.mem_total_bytes = 0;
  EXPECT_EQ(statistics, expected);

  machine.remove("cg");
  EXPECT_FALSE(sample_container(statistics, *groups, after(later, std::chrono::seconds{5})));
  EXPECT_EQ(statistics, expected);
  EXPECT_EQ(read_oom_events(*groups).error().code, Errc::not_found);
}

TEST(ContainerStatistics, AnotherProcessWithItsNumberIsNotTakenForIt) {
  FakeMachine machine;
  build_v1(machine);
  auto groups = machine.find();
  ASSERT_TRUE(groups);
  machine.remove("proc/4711/ns");
  machine.link("proc/4711/ns/net", "net:[3]");
  ContainerStatistics statistics;
  ASSERT_TRUE(sample_container(statistics, *groups, some_time));
  EXPECT_FALSE(statistics.net_rx_bytes);
}

TEST(ContainerStatistics, InTheHostsNetworkItHasNoNumbersOfItsOwn) {
  FakeMachine machine;
  build_v1(machine);
  machine.remove("proc/4711/ns");
  machine.link("proc/4711/ns/net", "net:[1]");
  EXPECT_EQ(machine.find()->network, "");
  EXPECT_FALSE(sampled(machine).net_rx_bytes);
}

TEST(ContainerStatistics, ThePeakIsKeptWhereTheKernelKeepsNone) {
  FakeMachine machine;
  build_v2(machine);
  machine.remove(v2_group() + "/memory.peak");  // before Linux 5.19
  auto groups = machine.find();
  ASSERT_TRUE(groups);
  ContainerStatistics statistics;
  for (const char* now : {"1000\n", "9000\n", "500\n"}) {
    machine.write(v2_group() + "/memory.current", now);
    ASSERT_TRUE(sample_container(statistics, *groups, some_time));
  }
  EXPECT_EQ(statistics.mem_peak_bytes, 9000U);
  EXPECT_EQ(statistics.mem_total_bytes, 500U);
}

TEST(ContainerStatistics, FindingSaysWhatIsWrong) {
  FakeMachine machine;
  build_v1(machine);
  EXPECT_EQ(find_container_cgroups(4712, id, machine.folder / "proc").error().code, Errc::not_found);
  EXPECT_EQ(machine.find(std::string(64, 'b')).error().code, Errc::not_found) << "a process of another container";
  EXPECT_EQ(machine.find("").error().code, Errc::not_found);
  machine.remove("proc/self/mountinfo");
  EXPECT_EQ(machine.find().error().code, Errc::unavailable);
  machine.write("proc/self/mountinfo", "no\n\n36 25 0:31 / /nowhere rw - ext4 a rw\n");
  auto nothing = machine.find();
  ASSERT_TRUE(nothing);
  EXPECT_EQ(nothing->memory, CgroupFolder{});
  EXPECT_EQ(read_oom_events(*nothing).error().code, Errc::not_found);
  machine.write("proc/4711/cgroup", ":\n\nx\n1:memory\n:::\n" + id + "\n");
  EXPECT_TRUE(machine.find());
}

TEST(OomEvents, Version1) {
  FakeMachine machine;
  build_v1(machine);
  const std::string group = "cg/memory/docker/" + id;
  auto groups = machine.find();
  ASSERT_TRUE(groups);
  OomEvents expected{.limit_bytes = 67108864, .peak_bytes = 50331648};
  EXPECT_EQ(*read_oom_events(*groups), expected);
  machine.write(group + "/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
  expected.kills = 2;
  EXPECT_EQ(*read_oom_events(*groups), expected) << "the limit was never met: the host's memory was";
  machine.write(group + "/memory.failcnt", "17\n");
  expected.at_limit = true;
  EXPECT_EQ(*read_oom_events(*groups), expected);
  machine.write(group + "/memory.failcnt", "0\n");
  machine.write(group + "/memory.memsw.failcnt", "1\n");
  EXPECT_EQ(*read_oom_events(*groups), expected) << "memory and swap have a limit together";
  machine.write(group + "/memory.memsw.failcnt", "0\n");
  machine.write(group + "/memory.memsw.limit_in_bytes", "67108864\n");
  machine.write(group + "/memory.memsw.max_usage_in_bytes", "67104768\n");
  EXPECT_EQ(*read_oom_events(*groups), expected) << "a kernel that does not count those refusals";
  machine.write(group + "/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\n");
  EXPECT_EQ(read_oom_events(*groups).error().code, Errc::unsupported);
  machine.write(group + "/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill many\n");
  EXPECT_EQ(read_oom_events(*groups).error().code, Errc::malformed);
}

TEST(OomEvents, Version2) {
  FakeMachine machine;
  build_v2(machine);
  auto groups = machine.find();
  ASSERT_TRUE(groups);
  OomEvents expected{.limit_bytes = 67108864, .peak_bytes = 50331648};
  EXPECT_EQ(*read_oom_events(*groups), expected);
  machine.write(v2_group() + "/memory.events", "low 0\nhigh 0\nmax 12\noom 0\noom_kill 1\n");
  expected.kills = 1;
  EXPECT_EQ(*read_oom_events(*groups), expected) << "the host's memory";
  machine.write(v2_group() + "/memory.events", "low 0\nhigh 0\nmax 12\noom 3\noom_kill 1\n");
  machine.write(v2_group() + "/memory.max", "max\n");
  expected.at_limit = true;
  expected.limit_bytes.reset();
  EXPECT_EQ(*read_oom_events(*groups), expected);
}

TEST(OomEvents, TheKernelsLogTellsWhenTheGroupsAreGone) {
  FakeMachine machine;
  build_v1(machine);
  auto groups = machine.find();
  ASSERT_TRUE(groups);
  machine.remove("cg");
  const std::string victim = ",task_memcg=/docker/" + id + "/below,task=dd,pid=16757,uid=0\n";
  const std::string other = ",task_memcg=/docker/" + std::string(64, 'b') + ",task=dd,pid=5,uid=0\n";
  const std::string head = "6,10208,18138777095,-;";
  const std::string kill = head + "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=" + id;
  const std::string usage = head + "memory: usage 16380kB, limit 16384kB, failcnt 7\n";
  const auto told = [&](const std::string& log) {
    machine.write("kmsg", log);
    return read_oom_events(*groups, machine.folder / "kmsg");
  };
  EXPECT_EQ(*told("x\n" + usage + " SUBSYSTEM=x\n" + kill + ",oom_memcg=/docker/" + id + victim),
            (OomEvents{.kills = 1, .at_limit = true, .limit_bytes = 16384 << 10, .peak_bytes = 16380 << 10}));
  EXPECT_EQ(*told(kill + ",global_oom" + victim + kill + ",global_oom" + victim), (OomEvents{.kills = 2}));
  EXPECT_EQ(*told(usage + kill + ",oom_memcg=/mesos/parent" + victim), (OomEvents{.kills = 1}))
      << "the group above was full, and its numbers are not ours";
  EXPECT_EQ(*told(head + "memory: usage 1kB, limit 9007199254740988kB, failcnt 0\n" + kill + ",oom_memcg=/docker/" +
                  id + victim),
            (OomEvents{.kills = 1, .at_limit = true, .peak_bytes = 1024}))
      << "no limit of memory alone";
  for (const std::string& log : {std::string{}, usage, kill + ",oom_memcg=/docker/" + id + other, kill + "\n",
                                 kill + victim.substr(0, victim.size() - 1)}) {
    EXPECT_EQ(told(log).error().code, Errc::not_found) << log;
  }
  EXPECT_EQ(read_oom_events(*groups, machine.folder / "no").error().code, Errc::not_found);
}

// --- real containers: tests/integration/test_resources.py runs these, with an image that has a shell ----------------

std::string output_of(const std::string& command) {
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  std::string text;
  char piece[4096];
  while (const std::size_t count = ::fread(piece, 1, sizeof piece, pipe)) text.append(piece, count);
  EXPECT_EQ(::pclose(pipe), 0) << command << ": " << text;
  return text.substr(0, text.find_last_not_of('\n') + 1);
}

class RealContainer : public testing::Test {
 protected:
  void SetUp() override {
    const char* image = ::getenv("WINDLASS_TEST_IMAGE");
    if (image == nullptr) GTEST_SKIP() << "WINDLASS_TEST_IMAGE names no image";
    image_ = image;
  }
  void TearDown() override {
    if (!container_.empty()) output_of("docker rm -f " + container_);
  }
  // It waits at first, so that what follows is seen from its beginning: let_go.
  void run(const std::string& options, const std::string& script) {
    const std::string wait = "while [ ! -e /go ]; do sleep 0.02; done; ";
    container_ = output_of("docker run -d " + options + " " + image_ + " sh -c '" + wait + script + "'");
    const std::string pid = output_of("docker inspect -f {{.State.Pid}} " + container_);
    auto init = identify_process(std::stoi(pid));
    ASSERT_TRUE(init) << to_string(init.error());
    init_ = *init;
    auto groups = find_container_cgroups(init_.pid, container_);
    ASSERT_TRUE(groups) << to_string(groups.error());
    groups_ = *groups;
  }
  // Does not wait for it: the container may have ended before the command returns.
  void let_go() { output_of("docker exec " + container_ + " touch /go >/dev/null 2>&1 &"); }

  [[nodiscard]] static asio::awaitable<void> look_last(ProcessId init, const ContainerCgroups& groups,
                                                       ContainerStatistics& statistics, Result<OomEvents>& oom) {
    auto waiting = wait_process(init);
    auto ended = co_await std::move(waiting);
    EXPECT_TRUE(ended);
    sample_container(statistics, groups, Clock{}.now());
    oom = read_oom_events(groups);
  }
  // As the header says: woken by the end of the first process, then one look.
  Result<OomEvents> last_look() {
    asio::io_context loop;
    Result<OomEvents> oom = Error{};
    auto look = look_last(init_, groups_, statistics_, oom);
    run_until_done(loop, std::move(look));
    return oom;
  }

  std::string image_;
  std::string container_;
  ProcessId init_;
  ContainerCgroups groups_;
  ContainerStatistics statistics_;
};

TEST_F(RealContainer, NumbersAgreeWithWhatItDoesAndMayDo) {
  run("-m 32m --memory-reservation 16m --cpus 0.1 --cpu-shares 256 --pids-limit 50",
      "dd if=/dev/zero of=/dev/shm/x bs=1M count=8; i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; "
      "touch /tmp/done; sleep 600");
  ASSERT_TRUE(sample_container(statistics_, groups_, some_time));
  EXPECT_EQ(statistics_.mem_limit_bytes, 32U << 20);
  EXPECT_EQ(statistics_.mem_soft_limit_bytes, 16U << 20);
  EXPECT_EQ(statistics_.cpus_limit, 0.1);
  EXPECT_EQ(statistics_.cpus_soft_limit.value_or(0), groups_.cpu.unified ? 0 : 0.25);
  EXPECT_EQ(statistics_.threads_limit, 50U);
  EXPECT_GE(statistics_.threads, 1U);
  EXPECT_LE(statistics_.threads, 3U);
  EXPECT_EQ(statistics_.mem_oom_kills, 0U);
  const double cpu_before = *statistics_.cpus_user_time_secs + *statistics_.cpus_system_time_secs;
  let_go();
  output_of("docker exec " + container_ + " sh -c 'while [ ! -e /tmp/done ]; do sleep 0.05; done'");
  output_of("docker exec " + container_ +
            " ping -c 3 -i 0.2 -s 1000 $(docker inspect -f '{{.NetworkSettings.Gateway}}' " + container_ + ")");
  ASSERT_TRUE(sample_container(statistics_, groups_, some_time));
  EXPECT_GT(*statistics_.cpus_user_time_secs + *statistics_.cpus_system_time_secs, cpu_before + 0.02);
  EXPECT_GT(statistics_.cpus_nr_throttled, 0U) << "it wanted a whole CPU and had a tenth of one";
  EXPECT_TRUE(statistics_.cpus_throttled_time_secs);
  EXPECT_GT(statistics_.mem_total_bytes, 8U << 20);
  EXPECT_GE(statistics_.mem_peak_bytes, statistics_.mem_total_bytes);
  EXPECT_LE(statistics_.mem_peak_bytes, 32U << 20);
  EXPECT_GT(statistics_.net_tx_bytes, 3000U) << "three echo requests of 1000 bytes";
  EXPECT_GT(statistics_.net_rx_bytes, 3000U);
  EXPECT_GE(statistics_.net_tx_packets, 3U);
}

TEST_F(RealContainer, TheHostsNetworkIsNotItsOwn) {
  run("--network host", "sleep 600");
  ASSERT_TRUE(sample_container(statistics_, groups_, some_time));
  EXPECT_FALSE(statistics_.net_rx_bytes);
  EXPECT_TRUE(statistics_.mem_total_bytes);
  EXPECT_FALSE(statistics_.mem_limit_bytes);
}

// Each time, whether we or Docker's clearing away comes first; and again when all but the kernel's log is gone.
TEST_F(RealContainer, AnOomKillIsRecognised) {
  for (int round = 0; round < 5; ++round) {
    run("-m 16m --memory-swap 16m --shm-size 64m", "exec dd if=/dev/zero of=/dev/shm/x bs=1M count=64");
    let_go();
    for (const bool late : {false, true}) {
      auto oom = last_look();
      ASSERT_TRUE(oom) << to_string(oom.error());
      EXPECT_GE(oom->kills, 1U);
      EXPECT_TRUE(oom->at_limit);
      EXPECT_EQ(oom->limit_bytes, 16U << 20);
      EXPECT_GT(oom->peak_bytes, 15U << 20);
      EXPECT_LE(oom->peak_bytes, 16U << 20);
      if (late) continue;
      EXPECT_EQ(output_of("docker wait " + container_), "137");
      EXPECT_FALSE(std::filesystem::exists(groups_.memory.path)) << "Docker has cleared away";
    }
    output_of("docker rm -f " + container_);
  }
  container_.clear();
}

TEST_F(RealContainer, ASigkillIsNoOomKill) {
  run("-m 16m", "sleep 600");
  ASSERT_TRUE(sample_container(statistics_, groups_, some_time));
  output_of("docker kill -s KILL " + container_ + " >/dev/null 2>&1 &");
  auto oom = last_look();
  if (oom) {
    EXPECT_EQ(oom->kills, 0U);
  } else {
    EXPECT_EQ(oom.error().code, Errc::not_found) << "too late: nobody knows, and nobody claims to";
  }
  EXPECT_GT(statistics_.mem_peak_bytes, 0U);
  EXPECT_EQ(output_of("docker wait " + container_), "137") << "the exit code is the same";
}

TEST_F(RealContainer, AKilledChildIsCountedThoughTheContainerGoesOn) {
  run("-m 16m --memory-swap 16m --shm-size 64m",
      "sh -c \"dd if=/dev/zero of=/dev/shm/x bs=1M count=64\"; rm /dev/shm/x; exit 3");
  let_go();
  auto oom = last_look();
  ASSERT_TRUE(oom) << to_string(oom.error());
  EXPECT_EQ(oom->kills, 1U);
  EXPECT_TRUE(oom->at_limit);
  EXPECT_EQ(output_of("docker wait " + container_), "3");
}

}  // namespace
}  // namespace windlass
