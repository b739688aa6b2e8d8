"""windlass-executor with Podman instead of Docker, by Podman's Docker API."""

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
from fake_agent import docker_task, mesos_pb2, task
from podman_engine import Podman
from windlass import free_port, redis, wait_until


@pytest.fixture(scope="module")
def podman(registry):
    engine = Podman(Path(tempfile.mkdtemp(prefix="wl-pod-", dir="/tmp")), registry)
    yield engine
    engine.clean_up()


@pytest.fixture
def make_agent_of(make_agent, podman):
    """make_agent_of(*argv, options of FakeAgent): an agent whose executor uses Podman."""

    def make(*argv, environment=None, **options):
        return make_agent(**options).start(*argv, DOCKER_HOST=podman.host, **(environment or {}))

    yield make
    for container in podman.containers():
        podman("rm", "-f", container)


@pytest.fixture
def agent(make_agent_of):
    return make_agent_of()


def test_runs_to_its_end(agent, images, podman):
    podman("rmi", "-f", images.busybox)
    agent.launch(docker_task(images.busybox, "echo out; echo err >&2; exit 0"))
    last, code = agent.wait_for_end(60)
    assert agent.distinct_states() == ["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"], last.message
    assert last.message == "Container exited with status 0" and code == 0
    assert agent.output() == b"out\n"
    assert b"\nerr\n" in b"\n" + agent.output("stderr")
    assert any(images.busybox in status.message for status in agent.statuses if status.message.startswith("Pulling "))
    assert not podman.containers()


@pytest.mark.parametrize("code", [1, 7, 127])
def test_exit_codes(agent, images, code):
    agent.launch(docker_task(images.busybox, f"exit {code}"))
    last, executor_code = agent.wait_for_end(60)
    assert agent.states()[-1] == "TASK_FAILED"
    assert last.message == f"Container exited with status {code}" and executor_code == code


def test_running_tells_what_podman_knows(agent, images):
    agent.launch(docker_task(images.busybox, "sleep 60", network="BRIDGE", cpus=0.5, mem=64))
    running = agent.wait_for("TASK_RUNNING")
    (inspect,) = json.loads(running.data)
    assert inspect["State"]["Running"] and inspect["Name"] == "/" + agent.container
    (network,) = inspect["NetworkSettings"]["Networks"].values()
    addresses = [
        each.ip_address for info in running.container_status.network_infos for each in info.ip_addresses
    ]
    assert network["IPAddress"] and addresses == [network["IPAddress"]]
    labels = inspect["Config"]["Labels"]
    assert labels["MESOS_TASK_ID"] == "t1" and labels["MESOS_CONTAINER_ID"] == agent.container_id
    assert inspect["HostConfig"]["CpuShares"] == 512 and inspect["HostConfig"]["Memory"] == 64 << 20
    agent.kill(grace=0)
    agent.wait_for_end()


def test_host_network(agent, images, podman):
    agent.launch(docker_task(images.busybox, "readlink /proc/self/ns/net; sleep 60", network="HOST"))
    running = agent.wait_for("TASK_RUNNING")
    assert not running.container_status.network_infos
    namespace = wait_until(lambda: agent.output().decode().strip(), 10, "the namespace")
    assert namespace == os.readlink(f"/proc/{podman.process.pid}/ns/net")
    agent.kill(grace=0)
    agent.wait_for_end()


def test_output_without_loss(agent, images):
    script = "head -c 20000000 /dev/urandom | base64 | tee /mnt/mesos/sandbox/copy; echo end >&2"
    agent.launch(docker_task(images.busybox, script, mem=256))
    last, _ = agent.wait_for_end(seconds=120)
    assert agent.states()[-1] == "TASK_FINISHED", last.message
    assert len(agent.output()) > 26_000_000
    assert hashlib.sha256(agent.output()).digest() == hashlib.sha256(agent.output("copy")).digest()
    assert b"\nend\n" in b"\n" + agent.output("stderr")


def test_kill_with_grace(agent, images):
    agent.launch(docker_task(images.busybox, "trap 'echo asked' TERM; echo up; while :; do sleep 0.1; done"))
    agent.wait_for("TASK_RUNNING")
    wait_until(lambda: b"up" in agent.output(), 10, "the trap")
    begin = time.monotonic()
    agent.kill(grace=2)
    last, code = agent.wait_for_end()
    assert time.monotonic() - begin > 1.9
    assert agent.distinct_states()[-2:] == ["TASK_KILLING", "TASK_KILLED"]
    assert last.message == "Container exited with status 137 (SIGKILL)" and code == 137
    assert b"asked" in agent.output()


def test_killed_is_killed_even_with_code_0(agent, images):
    agent.launch(docker_task(images.busybox, "trap 'exit 0' TERM; echo up; while :; do sleep 0.1; done"))
    wait_until(lambda: b"up" in agent.output(), 30, "the trap")
    agent.kill()
    _, code = agent.wait_for_end()
    assert agent.states()[-1] == "TASK_KILLED" and code == 0


def test_out_of_memory_names_the_limit(agent, images):
    agent.launch(docker_task(images.busybox, "x=$(head -c 200000000 /dev/zero | tr '\\0' x); echo ${#x}", mem=16))
    last, _ = agent.wait_for_end()
    assert agent.states()[-1] == "TASK_FAILED"
    assert last.message.startswith("Memory limit exceeded: the container is limited to 16 MB"), last.message
    assert last.reason == 8


def test_seed_contract_pairs_ports(make_agent_of, images, podman):
    agent = make_agent_of(images.redis)
    port = free_port()
    agent.launch(task(mem=64, cpus=0.5, ports=[port], data=json.dumps({"env": {"GREETING": "hi"}, "container": None})))
    running = agent.wait_for("TASK_RUNNING", 60)
    (inspect,) = json.loads(running.data)
    assert {f"PORT0={port}", f"PORT={port}", "GREETING=hi"} <= set(inspect["Config"]["Env"])
    gateway = next(iter(inspect["NetworkSettings"]["Networks"].values()))["Gateway"]
    ping = (redis, f"{gateway}:{port}", "PING")
    wait_until(lambda: podman.in_network(*ping) == "PONG", 20, "redis")
    agent.kill()
    agent.wait_for_end()


def test_first_class_contract(agent, images, tmp_path, podman):
    (tmp_path / "in").write_text("host file")
    port = free_port()
    made = docker_task(images.busybox, "cat /in; echo $X $MESOS_SANDBOX; echo note > $MESOS_SANDBOX/note; nc -l -p 80")
    made.command.value += " -e echo served"
    made.command.environment.variables.add(name="X", value="y")
    made.container.volumes.add(container_path="/in", host_path=str(tmp_path / "in"), mode=2)
    made.container.docker.network = mesos_pb2.ContainerInfo.DockerInfo.BRIDGE
    made.container.docker.port_mappings.add(host_port=port, container_port=80)
    made.container.docker.parameters.add(key="hostname", value="named")
    made.container.docker.parameters.add(key="cap-drop", value="NET_RAW")
    made.resources.add(name="ports", type=mesos_pb2.Value.RANGES).ranges.range.add(begin=port, end=port)
    agent.launch(made)
    (inspect,) = json.loads(agent.wait_for("TASK_RUNNING").data)
    assert inspect["Config"]["Hostname"] == "named"
    gateway = next(iter(inspect["NetworkSettings"]["Networks"].values()))["Gateway"]
    answer = wait_until(lambda: podman.in_network(read_all, gateway, port), 20, "the container's port")
    assert answer == b"served\n"
    agent.wait_for_end()
    assert agent.output() == b"host filey /mnt/mesos/sandbox\n"
    assert agent.output("note") == b"note\n"


def read_all(host, port):
    with socket.create_connection((host, port), timeout=5) as connection:
        return connection.makefile("rb").read()


def test_image_missing(agent, registry):
    agent.launch(docker_task(f"{registry}/no/such:image", "true"))
    last, code = agent.wait_for_end()
    assert agent.states()[-1] == "TASK_FAILED" and last.reason == 21 and code == 1, last
    assert last.message.startswith(f"Failed to launch container: Failed to pull image '{registry}/no/such:image': ")


def test_program_missing(agent, images, podman):
    made = docker_task(images.busybox)
    made.command.value = "/no/such/program"
    agent.launch(made)
    last, _ = agent.wait_for_end()
    assert "no such file or directory" in last.message and last.reason == 21
    wait_until(lambda: not podman.containers(), 10, "the removal")


def test_health_check_by_command(agent, images):
    made = docker_task(images.busybox, "touch /healthy; sleep 60")
    made.health_check.type = mesos_pb2.HealthCheck.COMMAND
    made.health_check.command.value = "test -e /healthy"
    made.health_check.delay_seconds, made.health_check.interval_seconds = 0, 0.2
    made.health_check.grace_period_seconds, made.health_check.consecutive_failures = 0, 2
    agent.launch(made)
    wait_until(lambda: any(status.healthy for status in agent.statuses), 20, "healthy")
    subprocess.run(["rm", f"/proc/{json.loads(agent.wait_for('TASK_RUNNING').data)[0]['State']['Pid']}/root/healthy"])
    agent.wait_for_end()
    assert agent.states()[-1] == "TASK_KILLED" and any(
        status.HasField("healthy") and not status.healthy for status in agent.statuses
    )


def test_general_check_by_http(agent, images):
    made = docker_task(images.busybox, "mkdir /w; echo hi > /w/index.html; httpd -f -p 8088 -h /w", network="BRIDGE")
    made.check.type = mesos_pb2.CheckInfo.HTTP
    made.check.http.port = 8088
    made.check.delay_seconds, made.check.interval_seconds = 0, 0.2
    agent.launch(made)
    wait_until(
        lambda: any(status.check_status.http.status_code == 200 for status in agent.statuses), 20, "the check's 200"
    )
    agent.kill(grace=0)
    agent.wait_for_end()


def test_killed_executor_leaves_no_container(agent, images, podman):
    agent.launch(docker_task(images.busybox, "sleep 600"))
    agent.wait_for("TASK_RUNNING")
    assert podman.containers()
    os.killpg(agent.process.pid, signal.SIGKILL)
    wait_until(lambda: not podman.containers(), 20, "the reaper's work")


def test_container_removed_behind_our_back(agent, images, podman):
    agent.launch(docker_task(images.busybox, "sleep 600"))
    agent.wait_for("TASK_RUNNING")
    podman("rm", "-f", agent.container)
    agent.wait_for_end()
    assert agent.states()[-1] == "TASK_FAILED"


def test_group_shares_a_network(agent, images):
    first = docker_task(images.busybox, "mkdir /w; echo hi > /w/a; httpd -f -p 8088 -h /w", task_id="a")
    fetch = "until wget -qO- http://127.0.0.1:8088/a; do sleep 0.1; done"
    second = docker_task(images.busybox, fetch, task_id="b")
    agent.launch_group(first, second)
    agent.wait_for_task("b", "TASK_FINISHED", 60)
    assert (agent.sandbox / "tasks/b/stdout").exists() or agent.output() == b"hi\n"
    agent.kill(grace=0, task_id="a")
    agent.wait_for_task("a", "TASK_KILLED", 60)


def test_restart_of_podman_does_not_touch_the_task(make_agent_of, images, podman):
    """Podman's containers belong to conmon: as Docker's with live-restore."""
    agent = make_agent_of()
    script = "i=0; while [ $i -lt 60 ]; do echo line $i; i=$((i+1)); sleep 0.1; done"
    agent.launch(docker_task(images.busybox, script, network="NONE"))
    agent.wait_for("TASK_RUNNING", 60)
    wait_until(lambda: b"line 5\n" in agent.output(), 20, "the first lines")
    podman.stop()
    podman.start()
    last, _ = agent.wait_for_end(seconds=60)
    assert agent.distinct_states() == ["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"], last.message
    assert agent.output().decode() == "".join(f"line {i}\n" for i in range(60))
