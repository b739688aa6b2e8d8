"""windlass-executor with Docker Engines of other versions, which a proxy in front of the real one plays."""

import json
import subprocess
import time

import pytest
from docker_proxy import NO_SLICE, Engine
from fake_agent import docker_task, mesos_pb2, task
from windlass import free_port, redis, wait_until

NEWEST_KNOWN = 51  # docker_api_newest of src/wire/docker/api_version.hpp
OLDEST = Engine(newest=25)
ENGINE_20 = Engine(newest=41)
ENGINE_26 = Engine(newest=45, oldest=24)
ENGINE_29 = Engine(newest=52, oldest=44)
FUTURE = Engine(newest=99, oldest=44, forgetful=True)
NAMES = {"api_25": OLDEST, "engine_20": ENGINE_20, "engine_26": ENGINE_26, "engine_29": ENGINE_29, "future": FUTURE}
every_engine = pytest.mark.parametrize("engine", NAMES.values(), ids=NAMES.keys())


def addresses(status):
    return [each.ip_address for info in status.container_status.network_infos for each in info.ip_addresses]


@every_engine
def test_the_life_of_a_task(make_proxy, make_agent, images, engine):
    proxy = make_proxy(engine)
    subprocess.run(["docker", "rmi", "-f", images.busybox], capture_output=True, timeout=60)
    agent = make_agent().start(DOCKER_HOST=proxy.host)
    agent.launch(docker_task(images.busybox, "echo out; echo err >&2; sleep 600", network="BRIDGE", cpus=0.5, mem=64))
    running = agent.wait_for("TASK_RUNNING", 60)
    (inspect,) = json.loads(running.data)
    assert inspect["State"]["Running"] and inspect["HostConfig"]["CpuShares"] == 512
    assert addresses(running) == [inspect["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]]
    assert ("IPAddress" in inspect["NetworkSettings"]) == (engine is not FUTURE)
    wait_until(lambda: agent.output() == b"out\n" and b"err\n" in agent.output("stderr"), 20, "the output")
    assert any(status.message.startswith("Pulling ") for status in agent.statuses)
    agent.kill(grace=0)
    last, _ = agent.wait_for_end()
    assert agent.distinct_states() == ["TASK_STARTING", "TASK_RUNNING", "TASK_KILLING", "TASK_KILLED"], last.message
    assert not agent.container_exists()
    assert proxy.versions() == {min(engine.newest, NEWEST_KNOWN)}
    assert proxy.unknown == []


@pytest.mark.parametrize("parent", [None, "/chosen.by.the.user"])
def test_an_engine_that_leaves_control_groups_to_systemd(make_proxy, own_group, make_agent, images, parent):
    agent = make_agent()
    own_group(agent)
    agent.start(DOCKER_HOST=make_proxy(Engine(newest=41, systemd=True)).host)
    launched = docker_task(images.busybox, "sleep 600")
    if parent:
        launched.container.docker.parameters.add(key="cgroup-parent", value=parent)
        agent.launch(launched)
        assert NO_SLICE in agent.wait_for("TASK_FAILED").message, "what the user says is no wish"
        return
    agent.launch(launched)
    (inspect,) = json.loads(agent.wait_for("TASK_RUNNING").data)
    assert inspect["HostConfig"]["CgroupParent"] == ""
    agent.kill(grace=0)
    agent.wait_for_end()


@every_engine
def test_exit_code_and_output_of_a_short_task(make_proxy, make_agent, images, engine):
    agent = make_agent().start(DOCKER_HOST=make_proxy(engine).host)
    agent.launch(docker_task(images.busybox, "echo short; exit 7"))
    last, code = agent.wait_for_end(60)
    assert last.message == "Container exited with status 7" and code == 7
    assert agent.output() == b"short\n"


@every_engine
def test_seed_contract_pairs_ports(make_proxy, make_agent, images, engine):
    agent = make_agent().start(images.redis, DOCKER_HOST=make_proxy(engine).host)
    port = free_port()
    agent.launch(task(mem=64, ports=[port], data=json.dumps({"container": None})))
    agent.wait_for("TASK_RUNNING", 60)
    wait_until(lambda: redis(f"127.0.0.1:{port}", "PING") == "PONG", 20, "redis")
    agent.kill(grace=0)
    agent.wait_for_end()


@every_engine
def test_checks_run_in_the_container(make_proxy, make_agent, images, engine):
    agent = make_agent().start(DOCKER_HOST=make_proxy(engine).host)
    made = docker_task(images.busybox, "touch /healthy; sleep 600")
    made.health_check.type = mesos_pb2.HealthCheck.COMMAND
    made.health_check.command.value = "test -e /healthy && test $A = b"
    made.health_check.command.environment.variables.add(name="A", value="b")
    made.health_check.delay_seconds, made.health_check.interval_seconds = 0, 0.2
    agent.launch(made)
    wait_until(lambda: any(status.healthy for status in agent.statuses), 30, "healthy")
    agent.kill(grace=0)
    agent.wait_for_end()


@every_engine
def test_a_mac_address_goes_where_the_engine_wants_it(make_proxy, make_agent, images, engine):
    proxy = make_proxy(engine)
    agent = make_agent().start(DOCKER_HOST=proxy.host)
    made = docker_task(images.busybox, "cat /sys/class/net/eth0/address", network="BRIDGE")
    made.container.docker.parameters.add(key="mac-address", value="92:d0:c6:0a:29:33")
    agent.launch(made)
    last, _ = agent.wait_for_end(60)
    assert agent.output() == b"92:d0:c6:0a:29:33\n", last.message
    assert proxy.unknown == []


# Options, the name that the refusal gives to each, and since when Docker's API has them.
TOO_NEW = [
    ({"platform": "linux/amd64"}, "--platform", 32),
    ({"gpus": "all"}, "--gpus", 40),
    ({"cgroupns": "host"}, "--cgroupns", 41),
    ({"annotation": "a=b"}, "--annotation", 43),
    ({"device-cgroup-rule": "c 1:3 r"}, "--device-cgroup-rule", 28),
    ({"ipc": "shareable"}, "--ipc private, shareable or none", 32),
    ({"publish": "5000/sctp"}, "--publish of SCTP", 37),
    ({"health-cmd": "true", "health-start-period": "1s"}, "--health-start-period", 29),
    ({"health-cmd": "true", "health-start-interval": "1s"}, "--health-start-interval", 44),
    ({"mount": "type=bind,src=/tmp,dst=/m,bind-recursive=disabled"}, "--mount bind-recursive=disabled", 40),
    ({"mount": "type=bind,src=/tmp,dst=/m,ro,bind-recursive=readonly,bind-propagation=rprivate"},
     "--mount bind-recursive=readonly", 44),
    ({"mount": "type=volume,src=vol,dst=/m,volume-subpath=a"}, "--mount volume-subpath", 45),
    ({"mount": "type=image,src=busybox,dst=/m"}, "--mount type=image", 48),
    ({"network": "name=bridge,mac-address=92:d0:c6:0a:29:33"}, "--network mac-address", 44),
    ({"network": "name=bridge,gw-priority=1"}, "--network gw-priority", 48),
]


@pytest.mark.parametrize("options, name, version", TOO_NEW, ids=[name for _, name, _ in TOO_NEW])
def test_what_the_engine_does_not_know_is_refused_by_name(
    make_proxy, make_agent, images, options, name, version
):
    proxy = make_proxy(Engine(newest=version - 1))
    agent = make_agent().start(DOCKER_HOST=proxy.host)
    made = docker_task(images.busybox, "true", network="BRIDGE")
    for key, value in options.items():
        made.container.docker.parameters.add(key=key, value=value)
    agent.launch(made)
    last, _ = agent.wait_for_end(60)
    assert agent.states()[-1] == "TASK_FAILED" and last.reason == 21
    expected = f"docker option {name} needs Docker API 1.{version}, this Docker Engine speaks 1.{version - 1}"
    assert expected in last.message
    assert not any(path.startswith("/containers/create") for _, _, path in proxy.calls)


def test_several_networks_need_a_newer_engine(make_proxy, make_agent, images):
    agent = make_agent().start(images.busybox, "true", DOCKER_HOST=make_proxy(Engine(newest=43)).host)
    options = ["--network", "one", "--network", "two"]
    agent.launch(task(data=json.dumps({"container": {"image": images.busybox, "options": options}})))
    last, _ = agent.wait_for_end(60)
    assert "docker option --network given twice needs Docker API 1.44" in last.message


def test_an_engine_that_is_too_old_is_named(make_proxy, make_agent, images):
    agent = make_agent().start(DOCKER_HOST=make_proxy(Engine(newest=24)).host)
    agent.launch(docker_task(images.busybox, "true"))
    last, _ = agent.wait_for_end(60)
    assert "Docker speaks API 1.24; 1.25 is needed" in last.message


def test_an_engine_that_wants_more_than_we_know_is_named(make_proxy, make_agent, images):
    agent = make_agent().start(DOCKER_HOST=make_proxy(Engine(newest=120, oldest=110)).host)
    agent.launch(docker_task(images.busybox, "true"))
    last, _ = agent.wait_for_end(60)
    assert f"Docker wants API 1.110 or newer; this executor knows up to 1.{NEWEST_KNOWN}" in last.message


@pytest.mark.parametrize("before, after", [(ENGINE_20, ENGINE_29), (ENGINE_29, ENGINE_20)], ids=["up", "down"])
def test_an_engine_that_is_exchanged_under_a_running_task(make_proxy, make_agent, images, before, after):
    proxy = make_proxy(before)
    agent = make_agent().start(DOCKER_HOST=proxy.host)
    made = docker_task(images.busybox, "sleep 600")
    made.check.type = mesos_pb2.CheckInfo.COMMAND
    made.check.command.command.value = "echo $(date) >> /mnt/mesos/sandbox/checked"
    made.check.delay_seconds, made.check.interval_seconds = 0, 0.2
    agent.launch(made)
    agent.wait_for("TASK_RUNNING", 60)
    wait_until(lambda: agent.output("checked"), 20, "the first check")
    proxy.engine = after
    proxy.calls.clear()
    seen = agent.output("checked")
    wait_until(lambda: len(agent.output("checked")) > len(seen) + 60, 20, "checks by the new Engine")
    agent.kill(grace=0)
    last, _ = agent.wait_for_end()
    assert agent.states()[-1] == "TASK_KILLED", last.message
    assert not agent.container_exists()
    assert min(after.newest, NEWEST_KNOWN) in proxy.versions()


def test_a_container_whose_end_nobody_has_seen_has_not_finished_well(make_proxy, make_agent, images):
    """Podman's answer to wait when the container was removed meanwhile: code 0, with an error beside it."""
    proxy = make_proxy(ENGINE_20)
    unknown = {"StatusCode": 0, "Error": {"Message": "container has already been removed"}}
    agent = make_agent().start(DOCKER_HOST=proxy.host)

    def answers(method, path):
        if not path.endswith("/wait"):
            return None
        while agent.container_exists():
            time.sleep(0.05)
        return 200, unknown

    proxy.answers = answers
    agent.launch(docker_task(images.busybox, "sleep 600"))
    agent.wait_for("TASK_RUNNING", 60)
    subprocess.run(["docker", "rm", "-f", agent.container], check=True, capture_output=True, timeout=60)
    last, code = agent.wait_for_end()
    assert agent.states()[-1] == "TASK_FAILED" and code == 1
    assert last.message.startswith("Container is gone: "), last.message


@pytest.mark.parametrize("engine", [OLDEST, FUTURE], ids=["api_25", "future"])
def test_a_killed_executor_leaves_no_container(make_proxy, make_agent, images, engine):
    proxy = make_proxy(engine)
    agent = make_agent().start(DOCKER_HOST=proxy.host)
    agent.launch(docker_task(images.busybox, "sleep 600"))
    agent.wait_for("TASK_RUNNING", 60)
    proxy.calls.clear()
    agent.process.kill()
    wait_until(lambda: not agent.container_exists(), 20, "the reaper's work")
    removals = [version for method, version, _ in proxy.calls if method == "DELETE"]
    assert set(removals) == {min(engine.newest, NEWEST_KNOWN)}, "calls without a version are on their way out"
