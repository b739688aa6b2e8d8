"""windlass-executor with a real Docker Engine; the agent is played by the test."""

import hashlib
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from fake_agent import FakeAgent, command_task, docker_task, memory_of, task
from windlass import ROOT, free_port, redis, wait_until


# --- life and death ------------------------------------------------------------------------------------------


def test_runs_to_its_end(agent, images):
    agent.launch(docker_task(images.busybox, "echo out; echo err >&2; exit 0"))
    last, code = agent.wait_for_end()
    assert agent.distinct_states() == ["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"]
    assert last.message == "Container exited with status 0" and code == 0
    assert agent.output() == b"out\n"
    assert b"\nerr\n" in b"\n" + agent.output("stderr")
    assert not agent.container_exists()
    assert len({status.uuid for status in agent.statuses}) == len(agent.statuses)
    assert all(status.source == 2 and len(status.uuid) == 16 for status in agent.statuses)


def test_running_tells_what_docker_knows(agent, images):
    agent.launch(docker_task(images.busybox, "sleep 60", network="BRIDGE"))
    running = agent.wait_for("TASK_RUNNING")
    (inspect,) = json.loads(running.data)
    assert inspect["State"]["Running"] and inspect["Name"] == "/" + agent.container
    address = inspect["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
    assert running.container_status.network_infos[0].ip_addresses[0].ip_address == address
    labels = inspect["Config"]["Labels"]
    assert labels["MESOS_TASK_ID"] == "t1" and labels["MESOS_CONTAINER_ID"] == agent.container_id


@pytest.mark.parametrize("code", [1, 7, 127])
def test_exit_codes(agent, images, code):
    agent.launch(docker_task(images.busybox, f"exit {code}"))
    last, executor_code = agent.wait_for_end()
    assert agent.states()[-1] == "TASK_FAILED"
    assert last.message == f"Container exited with status {code}" and executor_code == code


def test_signals_are_named(agent, images):
    agent.launch(docker_task(images.busybox, "kill -9 $$; sleep 5"))
    agent.wait_for("TASK_RUNNING")
    subprocess.run(["docker", "kill", agent.container], capture_output=True, timeout=30)
    last, code = agent.wait_for_end()
    assert last.message == "Container exited with status 137 (SIGKILL)" and code == 137


def test_out_of_memory_names_the_limit(agent, images):
    agent.launch(docker_task(images.busybox, "x=$(head -c 200000000 /dev/zero | tr '\\0' x); echo ${#x}", mem=16))
    last, _ = agent.wait_for_end()
    assert agent.states()[-1] == "TASK_FAILED"
    assert last.message.startswith("Memory limit exceeded: the container is limited to 16 MB"), last.message
    assert last.reason == 8


def test_kill_with_grace(agent, images):
    agent.launch(docker_task(images.busybox, "trap 'echo asked' TERM; echo up; while :; do sleep 0.1; done"))
    agent.wait_for("TASK_RUNNING")
    wait_until(lambda: b"up" in agent.output(), 10, "the trap")
    begin = time.monotonic()
    agent.kill(grace=2)
    last, _ = agent.wait_for_end()
    assert 1.9 < time.monotonic() - begin < 6
    assert agent.distinct_states()[-2:] == ["TASK_KILLING", "TASK_KILLED"]
    assert last.message == "Container exited with status 137 (SIGKILL)"
    assert b"asked" in agent.output()


def test_a_second_kill_shortens(agent, images):
    agent.launch(docker_task(images.busybox, "trap '' TERM; echo up; while :; do sleep 0.1; done"))
    wait_until(lambda: b"up" in agent.output(), 30, "the trap")
    begin = time.monotonic()
    agent.kill(grace=300)
    agent.wait_for("TASK_KILLING")
    agent.kill(grace=0)
    agent.wait_for_end()
    assert time.monotonic() - begin < 10
    assert agent.states().count("TASK_KILLING") == 1


def test_killed_is_killed_even_with_code_0(agent, images):
    agent.launch(docker_task(images.busybox, "trap 'exit 0' TERM; echo up; while :; do sleep 0.1; done"))
    wait_until(lambda: b"up" in agent.output(), 30, "the trap")
    agent.kill()
    last, code = agent.wait_for_end()
    assert agent.states()[-1] == "TASK_KILLED" and code == 0


def test_shutdown_and_sigterm(make_agent, images):
    told = make_agent(grace="3secs").start()
    told.launch(docker_task(images.busybox, "trap '' TERM; echo up; while :; do sleep 0.1; done"))
    wait_until(lambda: b"up" in told.output(), 30, "the trap")
    told.shutdown()
    last, _ = told.wait_for_end()
    assert last.message.endswith("after the executor was told to shut down")
    asked = make_agent().start()
    asked.launch(docker_task(images.busybox, "sleep 60"))
    asked.wait_for("TASK_RUNNING")
    asked.process.send_signal(signal.SIGTERM)
    last, _ = asked.wait_for_end()
    assert last.message.endswith("after the executor received SIGTERM")
    assert not asked.container_exists()


# --- what goes wrong -----------------------------------------------------------------------------------------


def test_image_missing(agent, registry):
    agent.launch(docker_task(f"{registry}/no/such:image", "true"))
    last, code = agent.wait_for_end()
    assert agent.states()[-1] == "TASK_FAILED" and last.reason == 21 and code == 1
    assert last.message.startswith(f"Failed to launch container: Failed to pull image '{registry}/no/such:image': ")
    assert "manifest" in last.message or "not found" in last.message


def test_port_taken(agent, images):
    with socket.socket() as holder:
        holder.bind(("0.0.0.0", 0))
        holder.listen()
        port = holder.getsockname()[1]
        made = docker_task(images.busybox, "sleep 60", network="BRIDGE", ports=[port])
        made.container.docker.port_mappings.add(host_port=port, container_port=80)
        agent.launch(made)
        last, _ = agent.wait_for_end()
    assert "address already in use" in last.message, last.message
    assert last.reason == 21 and not agent.container_exists()


def test_program_missing(agent, images):
    made = docker_task(images.busybox)
    made.command.value = "/no/such/program"
    agent.launch(made)
    last, _ = agent.wait_for_end()
    assert "no such file or directory" in last.message and last.reason == 21
    assert not agent.container_exists()


def test_no_daemon(make_agent, tmp_path):
    agent = make_agent().start(DOCKER_HOST=f"unix://{tmp_path}/no.sock")
    agent.launch(docker_task("busybox", "true"))
    last, _ = agent.wait_for_end()
    expected = f"Failed to launch container: Cannot connect to the Docker daemon at unix://{tmp_path}"
    assert last.message.startswith(expected)


def test_wrong_options_are_named(agent, images):
    made = docker_task(images.busybox, "true")
    made.container.docker.parameters.add(key="colour", value="red")
    agent.launch(made)
    last, _ = agent.wait_for_end()
    assert last.message == "Failed to launch container: unknown docker option --colour"


def test_environment_missing(programs):
    done = subprocess.run([programs / "windlass-executor", "redis"], capture_output=True, text=True, env={}, timeout=10)
    assert done.returncode == 1
    assert "MESOS_FRAMEWORK_ID is not set" in done.stderr


def test_help_and_version(programs):
    for flag, text in (("--help", "usage: windlass-executor"), ("--version", "windlass-executor 0.")):
        done = subprocess.run([programs / "windlass-executor", flag], capture_output=True, text=True, timeout=10)
        assert done.returncode == 0 and done.stdout.startswith(text)


# --- output, orphans, survival -------------------------------------------------------------------------------


def test_output_without_loss(agent, images):
    script = "head -c 20000000 /dev/urandom | base64 | tee /mnt/mesos/sandbox/copy; echo end >&2"
    agent.launch(docker_task(images.busybox, script, mem=256))
    agent.wait_for_end(seconds=120)
    assert agent.states()[-1] == "TASK_FINISHED"
    assert len(agent.output()) > 26_000_000
    assert hashlib.sha256(agent.output()).digest() == hashlib.sha256(agent.output("copy")).digest()


def test_killed_executor_leaves_no_container(agent, images):
    agent.launch(docker_task(images.busybox, "sleep 600"))
    agent.wait_for("TASK_RUNNING")
    assert agent.container_exists()
    os.killpg(agent.process.pid, signal.SIGKILL)
    wait_until(lambda: not agent.container_exists(), 10, "the reaper's work")


def test_killed_executor_leaves_no_process(agent):
    agent.launch(command_task("sleep 600 & echo $!; wait"))
    agent.wait_for("TASK_RUNNING")
    pid = int(wait_until(lambda: agent.output(), 10, "the pid"))
    agent.process.kill()
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), 10, "the end of the process")


def test_agent_restart_is_survived(agent, images):
    agent.launch(docker_task(images.busybox, "sleep 600"))
    agent.wait_for("TASK_RUNNING")
    agent.acknowledges = False
    port = agent.port
    agent.stop_listening()
    agent.kill()  # nobody hears it
    time.sleep(0.5)
    agent.listen(port)
    wait_until(lambda: len(agent.subscriptions) > 1, 10, "the second subscription")
    assert agent.container_exists() and agent.states()[-1] == "TASK_RUNNING"
    agent.acknowledges = True
    agent.kill(grace=0)
    agent.wait_for_end()


def test_updates_that_nobody_acknowledged_come_again(make_agent, images):
    agent = make_agent(acknowledges=False).start()
    agent.launch(docker_task(images.busybox, "sleep 600"))
    agent.wait_for("TASK_RUNNING")
    port = agent.port
    agent.stop_listening()
    agent.listen(port)
    wait_until(lambda: len(agent.subscriptions) > 1, 10, "the second subscription")
    second = agent.subscriptions[1]
    assert [each.task_id.value for each in second.unacknowledged_tasks] == ["t1"]
    assert {each.status.uuid for each in second.unacknowledged_updates} == agent.seen


def test_a_lost_agent_ends_the_task(make_agent, images):
    for options in ({"checkpoint": False}, {"recovery": "1secs"}):
        agent = make_agent(grace="1secs", **options).start()
        agent.launch(docker_task(images.busybox, "sleep 600"))
        agent.wait_for("TASK_RUNNING")
        agent.stop_listening()
        agent.process.wait(timeout=20)
        assert not agent.container_exists()
        agent.listen(0)


def test_an_unknown_executor_leaves(make_agent):
    agent = make_agent()
    agent.refusal = (400, b"Executor cannot be found")
    with pytest.raises(AssertionError):
        agent.start()
    assert agent.process.wait(timeout=5) == 1


def test_container_removed_behind_our_back(agent, images):
    agent.launch(docker_task(images.busybox, "sleep 600"))
    agent.wait_for("TASK_RUNNING")
    subprocess.run(["docker", "rm", "-f", agent.container], check=True, capture_output=True, timeout=30)
    last, _ = agent.wait_for_end()
    assert agent.states()[-1] == "TASK_FAILED"


# --- the contracts -------------------------------------------------------------------------------------------


def test_seed_contract_pairs_ports(make_agent, images):
    agent = make_agent().start(images.redis)
    port = free_port()
    agent.launch(task(mem=64, cpus=0.5, ports=[port], data=json.dumps({"env": {"GREETING": "hi"}, "container": None})))
    running = agent.wait_for("TASK_RUNNING", 60)
    wait_until(lambda: redis(f"127.0.0.1:{port}", "PING") == "PONG", 10, "redis")
    (inspect,) = json.loads(running.data)
    assert inspect["HostConfig"]["CpuShares"] == 512 and inspect["HostConfig"]["Memory"] == 64 << 20
    assert {f"PORT0={port}", f"PORT={port}", "GREETING=hi"} <= set(inspect["Config"]["Env"])
    agent.kill()
    agent.wait_for_end()


def test_seed_contract_with_image_and_options_in_data(make_agent, images):
    agent = make_agent().start("sh", "-c", "echo $HOSTNAME $A; cat /proc/self/limits | grep files")
    options = ["-h", "seed", "-e", "A=b", "--ulimit=nofile=123:456"]
    agent.launch(task(data=json.dumps({"container": {"image": f"docker:///{images.busybox}", "options": options}})))
    agent.wait_for_end()
    lines = agent.output().decode().split("\n")
    assert lines[0] == "seed b" and "123" in lines[1] and "456" in lines[1]


def test_first_class_contract(agent, images, tmp_path):
    (tmp_path / "in").write_text("host file")
    made = docker_task(images.busybox, "cat /in; echo $X $MESOS_SANDBOX; echo note > $MESOS_SANDBOX/note")
    made.command.environment.variables.add(name="X", value="y")
    made.container.volumes.add(container_path="/in", host_path=str(tmp_path / "in"), mode=2)
    agent.launch(made)
    agent.wait_for_end()
    assert agent.output() == b"host filey /mnt/mesos/sandbox\n"
    assert agent.output("note") == b"note\n"


def test_image_is_pulled_from_its_registry(agent, images):
    subprocess.run(["docker", "rmi", "-f", images.busybox], capture_output=True, timeout=60)
    agent.launch(docker_task(images.busybox, "echo pulled"))
    agent.wait_for_end()
    assert agent.output() == b"pulled\n"
    messages = [status.message for status in agent.statuses if status.message.startswith("Pulling ")]
    assert messages and images.busybox in messages[0]


def test_command_tasks(agent):
    agent.launch(command_task("echo $MESOS_EXECUTOR_ID; echo err >&2; exit 7"))
    last, code = agent.wait_for_end()
    assert agent.states() == ["TASK_STARTING", "TASK_RUNNING", "TASK_FAILED"]
    assert last.message == "Command exited with status 7" and code == 7
    assert agent.output() == b"e1\n" and b"err" in agent.output("stderr")


def test_command_tasks_are_killed_with_their_children(agent):
    agent.launch(command_task("trap '' TERM; sleep 600 & echo $!; wait; wait"))
    pid = int(wait_until(lambda: agent.output(), 10, "the pid"))
    agent.kill(grace=1)
    last, _ = agent.wait_for_end()
    assert agent.states()[-2:] == ["TASK_KILLING", "TASK_KILLED"]
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), 5, "the end of the child")


def test_max_completion_time(agent, images):
    made = docker_task(images.busybox, "sleep 600")
    made.max_completion_time.nanoseconds = int(1e9)
    agent.launch(made)
    last, _ = agent.wait_for_end()
    assert agent.states()[-1] == "TASK_FAILED" and last.reason == 33


# --- what it costs -------------------------------------------------------------------------------------------


def test_memory_of_executor_and_reaper(agent, images):
    agent.launch(docker_task(images.busybox, "sleep 600"))
    agent.wait_for("TASK_RUNNING")
    time.sleep(1.5)
    pids = [agent.process.pid, agent.reaper()]
    used = {pid: memory_of(pid) for pid in pids}
    print("private dirty KiB:", used)
    if os.environ.get("WINDLASS_PRESET", "release") == "release":
        assert sum(used.values()) <= 768, used


def test_the_container_lives_in_the_executors_cgroup(own_group, make_agent, images):
    asked = ["docker", "info", "-f", "{{.CgroupDriver}} {{.CgroupVersion}}"]
    told = subprocess.run(asked, capture_output=True, text=True, timeout=30)
    if told.stdout.split() != ["cgroupfs", "1"]:
        pytest.skip("only with the cgroupfs driver and cgroup version 1")
    agent = make_agent()
    group = own_group(agent)
    agent.start()
    agent.launch(docker_task(images.busybox, "sleep 600"))
    (inspect,) = json.loads(agent.wait_for("TASK_RUNNING").data)
    assert inspect["HostConfig"]["CgroupParent"] == group
    with open(f"/proc/{inspect['State']['Pid']}/cgroup") as groups:
        assert f"freezer:{group}/{inspect['Id']}" in groups.read()
    agent.kill(grace=0)
    agent.wait_for_end()


# --- a Docker Engine of the test's own, which it may stop ----------------------------------------------------


class Engine:
    def __init__(self, folder, *flags):
        self.folder, self.flags = folder, flags
        self.host = f"unix://{folder}/docker.sock"
        self.start()
        os.environ["DOCKER_HOST"] = self.host
        try:
            subprocess.run([ROOT / "tools/image", "busybox", "busybox:own"], check=True, timeout=120)
        finally:
            del os.environ["DOCKER_HOST"]

    def start(self):
        # Without a bridge dockerd takes docker0 away: from a network of its own, not from the one beside it.
        command = ["unshare", "--net", "dockerd", "-H", self.host, "--data-root", f"{self.folder}/data"]
        command += ["--exec-root", f"{self.folder}/exec", "--pidfile", f"{self.folder}/pid"]
        command += ["--bridge", "none", "--iptables=false", *self.flags]
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(lambda: self("version").returncode == 0, 60, "the Docker Engine")

    def __call__(self, *arguments):
        return subprocess.run(["docker", "-H", self.host, *arguments], capture_output=True, text=True, timeout=60)

    def end(self, number):
        self.process.send_signal(number)
        self.process.wait(timeout=60)
        # After a SIGKILL its own containerd is dead too, but dockerd would trust that file.
        for left in ("pid", "exec/containerd/containerd.pid"):
            (self.folder / left).unlink(missing_ok=True)

    def clean_up(self):
        self.process.send_signal(signal.SIGCONT)
        if self.process.poll() is not None:
            self.start()
        for container in self("ps", "-aq").stdout.split():
            self("rm", "-f", container)
        self.end(signal.SIGTERM)
        with open("/proc/mounts") as mounts:
            left = [line.split()[1] for line in mounts if str(self.folder) in line]
        for mount in reversed(left):
            subprocess.run(["umount", "-l", mount], timeout=60)


@pytest.fixture
def make_engine(programs):
    """Its folder is short: a socket's path is limited to 107 characters."""
    made = []

    def make(*flags):
        folder = Path(tempfile.mkdtemp(prefix="wl-engine-"))
        made.append(Engine(folder, *flags))
        return made[-1]

    yield make
    for engine in made:
        engine.clean_up()
        subprocess.run(["rm", "-rf", engine.folder], timeout=60)


COUNTING = "i=0; while [ $i -lt 80 ]; do echo line $i; i=$((i+1)); sleep 0.1; done"


def test_restart_of_docker_with_live_restore_loses_nothing(make_engine, make_agent):
    engine = make_engine("--live-restore")
    agent = make_agent().start(DOCKER_HOST=engine.host)
    agent.launch(docker_task("busybox:own", COUNTING))
    agent.wait_for("TASK_RUNNING")
    wait_until(lambda: b"line 10\n" in agent.output(), 20, "the first lines")
    engine.end(signal.SIGKILL)
    time.sleep(1)
    engine.start()
    last, code = agent.wait_for_end(seconds=60)
    assert agent.distinct_states() == ["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"], last.message
    assert agent.output().decode() == "".join(f"line {i}\n" for i in range(80))


def test_restart_of_docker_without_live_restore_ends_the_task(make_engine, make_agent):
    engine = make_engine()
    agent = make_agent().start(DOCKER_HOST=engine.host)
    agent.launch(docker_task("busybox:own", "trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.1; done"))
    wait_until(lambda: b"up" in agent.output(), 30, "the task")
    engine.end(signal.SIGTERM)
    engine.start()
    last, _ = agent.wait_for_end(seconds=60)
    assert agent.states()[-1] == "TASK_FAILED"
    assert last.message.startswith("Container exited with status ") or last.message.startswith("Container is gone")


def test_a_hung_docker_does_not_make_a_kill_forgotten(make_engine, make_agent):
    engine = make_engine()
    agent = make_agent().start(DOCKER_HOST=engine.host)
    agent.launch(docker_task("busybox:own", "sleep 600"))
    agent.wait_for("TASK_RUNNING")
    engine.process.send_signal(signal.SIGSTOP)
    agent.kill(grace=1)
    agent.wait_for("TASK_KILLING")
    time.sleep(3)
    assert agent.states()[-1] == "TASK_KILLING"
    engine.process.send_signal(signal.SIGCONT)
    agent.wait_for_end(seconds=30)
    assert agent.states()[-1] == "TASK_KILLED"


def test_a_kill_gets_through_even_while_docker_hangs(make_engine, make_agent):
    engine = make_engine()
    agent = make_agent().start(DOCKER_HOST=engine.host)
    agent.launch(docker_task("busybox:own", "sleep 600"))
    (inspect,) = json.loads(agent.wait_for("TASK_RUNNING").data)
    engine.process.send_signal(signal.SIGSTOP)
    try:
        agent.kill(grace=0)
        last = agent.wait_for("TASK_KILLED", seconds=40)
        assert "killed directly" in last.message
        assert not Path(f"/proc/{inspect['State']['Pid']}").exists()
    finally:
        engine.process.send_signal(signal.SIGCONT)
    agent.process.wait(timeout=60)
    wait_until(lambda: not engine("ps", "-aq").stdout.strip(), 20, "the removal of the container")


def test_the_reaper_waits_for_docker_to_come_back(make_engine, make_agent):
    engine = make_engine("--live-restore")
    agent = make_agent().start(DOCKER_HOST=engine.host)
    agent.launch(docker_task("busybox:own", "sleep 600"))
    agent.wait_for("TASK_RUNNING")
    engine.end(signal.SIGKILL)
    agent.process.kill()
    time.sleep(1)
    engine.start()
    wait_until(lambda: not engine("ps", "-aq").stdout.strip(), 20, "the reaper's work")
