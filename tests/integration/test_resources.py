"""What a task asks for and what the kernel then allows: control group files and /proc of the running container, not
what Docker's API repeats. docker inspect is compared with the request beside it."""

import os
import subprocess
from pathlib import Path

import pytest
from fake_agent import FakeAgent, docker_task, task
from windlass import BUILD

UNLIMITED = 1 << 60  # version 1 writes the largest number of whole pages
MB = 1 << 20


class Groups:
    """The control groups of a process, in the words of version 1. None stands for no limit."""

    def __init__(self, pid):
        self.paths = {}
        for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            for controller in controllers.split(","):
                self.paths[controller] = path
        self.mounts = {}
        for line in Path("/proc/self/mountinfo").read_text().splitlines():
            fields, _, rest = line.partition(" - ")
            kind, _, options = rest.split(" ")[:3]
            if kind == "cgroup2":
                self.mounts[""] = fields.split(" ")[4]
            elif kind == "cgroup":
                self.mounts |= dict.fromkeys(options.split(","), fields.split(" ")[4])

    def is_unified(self, controller):
        return controller not in self.paths

    def read(self, controller, name):
        key = "" if self.is_unified(controller) else controller
        return Path(f"{self.mounts[key]}{self.paths[key]}/{name}").read_text().strip()

    def number(self, controller, name):
        text = self.read(controller, name)
        return None if text in ("max", "-1") or int(text) >= UNLIMITED else int(text)

    def shares(self):
        """Version 2 has weights; shares are exact there only as far as the conversion of runc is."""
        if not self.is_unified("cpu"):
            return self.number("cpu", "cpu.shares")
        return 2 + (int(self.read("cpu", "cpu.weight")) - 1) * 262142 // 9999

    def has_shares(self, expected):
        return abs(self.shares() - expected) <= (27 if self.is_unified("cpu") else 0)

    def quota(self):
        """(quota, period) in microseconds."""
        if not self.is_unified("cpu"):
            return self.number("cpu", "cpu.cfs_quota_us"), self.number("cpu", "cpu.cfs_period_us")
        quota, period = self.read("cpu", "cpu.max").split()
        return None if quota == "max" else int(quota), int(period)

    def memory(self):
        return self.number("memory", "memory.max" if self.is_unified("memory") else "memory.limit_in_bytes")

    def reservation(self):
        if not self.is_unified("memory"):
            return self.number("memory", "memory.soft_limit_in_bytes")
        return self.number("memory", "memory.low") or None

    def memory_and_swap(self):
        if not self.is_unified("memory"):
            return self.number("memory", "memory.memsw.limit_in_bytes")
        swap, memory = self.number("memory", "memory.swap.max"), self.memory()
        return None if swap is None or memory is None else memory + swap


class Container:
    def __init__(self, agent, docker):
        agent.wait_for("TASK_RUNNING")
        self.inspect = docker.inspect(agent.container)
        self.asked = self.inspect["HostConfig"]
        self.pid = self.inspect["State"]["Pid"]
        self.groups = Groups(self.pid)
        assert self.inspect["Id"] in str(self.groups.paths), "its groups are its own"

    def oom_score_adj(self):
        return int(Path(f"/proc/{self.pid}/oom_score_adj").read_text())


@pytest.fixture
def run(make_agent, images, docker):
    """run(*arguments of the executor, cpus=, mem=, limits=, parameters=, resources=): a container that sleeps."""

    def start(*argv, limits=None, parameters=None, resources=None, environment=None, **options):
        agent = make_agent().start(*argv, **(environment or {}))
        made = docker_task(images.busybox, "exec sleep 600", **options)
        for name, value in (limits or {}).items():
            made.limits[name].value = value
        for key, value in (parameters or {}).items():
            made.container.docker.parameters.add(key=key, value=value)
        for name, value in (resources or {}).items():
            made.resources.add(name=name, type=0).scalar.value = value
        agent.launch(made)
        return Container(agent, docker)

    return start


def host_memory():
    return int(Path("/proc/meminfo").read_text().split()[1]) * 1024


def host_swap_is_accounted():
    told = subprocess.run(["docker", "info", "-f", "{{.SwapLimit}}"], capture_output=True, text=True, timeout=30)
    return told.stdout.strip() == "true"


# --- cpus ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cpus, shares", [(0.5, 512), (2, 2048), (0.001, 2)])
def test_cpus_are_shares_and_no_limit(run, cpus, shares):
    container = run(cpus=cpus)
    assert container.asked["CpuShares"] == shares and container.groups.has_shares(shares)
    assert container.asked["CpuQuota"] == 0 and container.groups.quota()[0] is None


def test_a_limit_of_cpus_is_a_quota(run):
    container = run(cpus=0.5, limits={"cpus": 1.25})
    assert container.groups.quota() == (125_000, 100_000)
    assert (container.asked["CpuQuota"], container.asked["CpuPeriod"]) == (125_000, 100_000)
    assert container.groups.has_shares(512), "the request stays the share"


def test_an_infinite_limit_of_cpus_is_none(run):
    container = run(cpus=0.5, limits={"cpus": float("inf")})
    assert container.groups.quota()[0] is None and container.asked["CpuQuota"] == 0


def test_the_users_cpus_replace_ours(run):
    container = run(cpus=0.5, limits={"cpus": 1}, parameters={"cpus": "0.75", "cpu-shares": "300"})
    assert container.groups.quota() == (75_000, 100_000)
    assert container.groups.has_shares(300)
    assert container.asked["NanoCpus"] == 750_000_000 and container.asked["CpuQuota"] == 0


# --- memory --------------------------------------------------------------------------------------------------


def test_mem_is_the_limit(run):
    container = run(mem=48)
    assert container.groups.memory() == container.asked["Memory"] == 48 * MB
    assert container.groups.reservation() is None
    assert container.oom_score_adj() == 0
    if host_swap_is_accounted():
        assert container.groups.memory_and_swap() == container.asked["MemorySwap"] == 96 * MB, "Docker's default"


def test_less_than_docker_takes_is_raised(run):
    assert run(mem=1).groups.memory() == 6 * MB


def test_memory_and_swap_as_the_user_says(run):
    container = run(mem=48, parameters={"memory-swap": "64m"})
    assert container.groups.memory() == 48 * MB
    if host_swap_is_accounted():
        assert container.groups.memory_and_swap() == container.asked["MemorySwap"] == 64 * MB


def test_a_burstable_task(run):
    container = run(mem=2048, limits={"mem": 4096})
    assert container.groups.memory() == container.asked["Memory"] == 4096 * MB
    assert container.groups.reservation() == container.asked["MemoryReservation"] == 2048 * MB
    score = 1000 - 1000 * 2048 * MB // host_memory()
    assert container.oom_score_adj() == container.asked["OomScoreAdj"] == score


def test_an_infinite_limit_of_memory_is_none(run):
    container = run(mem=32, limits={"mem": float("inf")})
    assert container.groups.memory() is None and container.asked["Memory"] == 0
    assert container.groups.reservation() == 32 * MB
    assert container.oom_score_adj() == 1000 - 1000 * 32 * MB // host_memory()


def test_a_limit_that_is_the_request_is_no_burst(run):
    container = run(mem=64, limits={"mem": 64})
    assert container.groups.memory() == container.groups.reservation() == 64 * MB
    assert container.oom_score_adj() == 0


# --- the seed's contract, labels, what cannot be had -----------------------------------------------------------


def test_the_seeds_contract_has_the_same_limits(make_agent, images, docker):
    agent = make_agent().start(images.busybox, "sleep", "600")
    made = task(cpus=0.25, mem=40)
    made.limits["cpus"].value = 0.5
    made.executor.executor_id.value = "e1"
    made.executor.command.value = "unused"
    made.executor.command.environment.variables.add(name="MARATHON_APP_ID", value="/multidis")
    agent.launch(made)
    container = Container(agent, docker)
    assert container.groups.has_shares(256)
    assert container.groups.memory() == 40 * MB
    assert container.groups.quota() == (50_000, 100_000)
    labels = container.inspect["Config"]["Labels"]
    assert labels.pop("WINDLASS_EXECUTOR").split()[2] == str(agent.process.pid)
    assert labels == {
        "MARATHON_APP_ID": "/multidis",
        "MESOS_CONTAINER_ID": agent.container_id,
        "MESOS_EXECUTOR_ID": "e1",
        "MESOS_FRAMEWORK_ID": "f1",
        "MESOS_TASK_ID": "t1",
    }


def test_gpus_that_docker_has_not_are_said_so(make_agent, images):
    if Path("/proc/driver/nvidia").exists():
        pytest.skip("there may be GPUs here")
    agent = make_agent().start()
    made = docker_task(images.busybox, "true")
    made.resources.add(name="gpus", type=0).scalar.value = 1
    agent.launch(made)
    last, _ = agent.wait_for_end()
    assert agent.states()[-1] == "TASK_FAILED" and "gpu" in last.message, last.message


# --- what is read of a running container ---------------------------------------------------------------------


def test_the_reader_of_statistics_sees_real_containers(programs, images):
    """RealContainer.* of io_process_test, which needs an image to run."""
    subprocess.run(["docker", "pull", "-q", images.busybox], check=True, capture_output=True, timeout=60)
    done = subprocess.run(
        [BUILD / "io_process_test", "--gtest_filter=RealContainer.*"],
        capture_output=True,
        text=True,
        timeout=300,
        env=dict(os.environ, WINDLASS_TEST_IMAGE=images.busybox),
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "[  PASSED  ] 5 tests." in done.stdout and "SKIPPED" not in done.stdout


# --- flags of the executor -----------------------------------------------------------------------------------


def test_cpus_are_a_limit_with_the_flag(run):
    container = run("--enable_cfs", cpus=0.5)
    assert container.groups.quota() == (50_000, 100_000) and container.groups.has_shares(512)
    assert container.asked["CpuQuota"] == 50_000
    infinite = run("--enable_cfs", cpus=0.5, limits={"cpus": float("inf")})
    assert infinite.groups.quota()[0] is None


def test_no_swap_with_the_flag(run):
    container = run(mem=48, environment={"WINDLASS_EXECUTOR_LIMIT_SWAP": "true"})
    assert container.groups.memory() == 48 * MB
    if host_swap_is_accounted():
        assert container.groups.memory_and_swap() == container.asked["MemorySwap"] == 48 * MB


def test_disk_is_no_limit_where_docker_would_refuse_it(run):
    told = subprocess.run(["docker", "info", "-f", "{{.Driver}} {{.DriverStatus}}"], capture_output=True, text=True)
    if not told.stdout.startswith("overlay2") or "xfs" in told.stdout:
        pytest.skip("Docker's storage may limit it here")
    container = run(resources={"disk": 64})
    assert not container.asked.get("StorageOpt"), "it runs, and others watch what it writes"


def test_a_wrong_flag_is_named(make_agent):
    agent = make_agent()
    with pytest.raises(AssertionError):
        agent.start("--enable_cfs=maybe")
    assert agent.process.wait(timeout=5) == 1
    assert b"--enable_cfs: 'maybe' is neither true nor false" in agent.output("stderr")
