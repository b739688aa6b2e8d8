"""Failures of Mesos' own Docker support that windlass-executor does not have, each played by a Docker Engine that fails
in the same way. docs/EXECUTOR_COMPARED.md names the tests of the others."""

import json
import subprocess
import threading
import time

import pytest
from docker_proxy import Engine
from fake_agent import docker_task, mesos_pb2
from windlass import wait_until


@pytest.fixture
def proxy(make_proxy):
    return make_proxy(Engine(newest=41))


@pytest.fixture
def agent(make_agent, proxy):
    return make_agent().start(DOCKER_HOST=proxy.host)


class Hold:
    """Keeps requests of that kind until they are let go."""

    def __init__(self, proxy, method, end):
        self.asked, self.released = threading.Event(), threading.Event()
        self.method, self.end = method, end
        proxy.answers = self.answer

    def answer(self, method, path):
        if method == self.method and path.partition("?")[0].endswith(self.end):
            self.asked.set()
            self.released.wait(120)

    def wait(self):
        assert self.asked.wait(30), f"{self.method} {self.end} was not asked"


def test_a_docker_that_hangs_at_launch_does_not_leave_the_task_staging(agent, proxy, images):
    """MESOS-8488, MESOS-8605: an inspect that hung left the task in TASK_STAGING for ever."""
    hold = Hold(proxy, "GET", "/json")
    agent.launch(docker_task(images.busybox, "sleep 600"))
    agent.wait_for("TASK_STARTING", 10)
    hold.wait()
    agent.kill()
    last, _ = agent.wait_for_end()
    assert agent.states()[-1] == "TASK_KILLED", last.message
    hold.released.set()


def test_a_docker_that_hangs_while_it_creates_is_not_forgotten(agent, proxy, images):
    """MESOS-8574, MESOS-8575, MESOS-8576: a kill in the meantime was lost, or hung with Docker."""
    hold = Hold(proxy, "POST", "/containers/create")
    agent.launch(docker_task(images.busybox, "sleep 600"))
    hold.wait()
    agent.kill()
    agent.wait_for("TASK_KILLING", 10)
    hold.released.set()
    last, _ = agent.wait_for_end()
    assert agent.distinct_states() == ["TASK_STARTING", "TASK_KILLING", "TASK_KILLED"], last.message
    wait_until(lambda: not agent.container_exists(), 20, "the removal")


def test_an_inspect_that_fails_is_asked_again(agent, proxy, images):
    """The loop that waited for the container ended at the first error: TASK_RUNNING never came."""
    failures = iter(range(3))

    def answers(method, path):
        if path.startswith("/containers/") and path.endswith("/json") and next(failures, None) is not None:
            return 500, {"message": "context deadline exceeded"}
        return None

    proxy.answers = answers
    agent.launch(docker_task(images.busybox, "sleep 600"))
    agent.wait_for("TASK_RUNNING")
    assert next(failures, None) is None
    agent.kill(grace=0)
    agent.wait_for_end()


def test_an_end_that_docker_does_not_tell_is_seen(agent, proxy, images):
    """moby#33820: `docker run`, which is to say its wait, hung after the container had exited."""
    hold = Hold(proxy, "POST", "/wait")
    agent.launch(docker_task(images.busybox, "sleep 2; echo end; exit 3"))
    hold.wait()
    last, code = agent.wait_for_end(40)
    assert last.message == "Container exited with status 3" and code == 3
    assert agent.output() == b"end\n"
    assert not hold.released.is_set()
    hold.released.set()


def test_a_container_that_cannot_be_removed_yet_is_removed_later(agent, proxy, images):
    """MESOS-7777: a leaked mount made the removal fail, and the container stayed for good."""
    failures = iter(range(2))

    def answers(method, path):
        if method == "DELETE" and next(failures, None) is not None:
            return 500, {"message": "unable to remove filesystem: device or resource busy"}
        return None

    proxy.answers = answers
    agent.launch(docker_task(images.busybox, "exit 0"))
    last, code = agent.wait_for_end()
    assert agent.states()[-1] == "TASK_FINISHED" and code == 0, last.message
    wait_until(lambda: not agent.container_exists(), 20, "the removal")


def test_a_sandbox_with_a_colon_in_its_path(make_agent, images, tmp_path):
    """MESOS-1833: `-v` splits at colons; Mesos needs a link without them."""
    folder = tmp_path / "a:b"
    folder.mkdir()
    agent = make_agent(folder=folder).start()
    agent.launch(docker_task(images.busybox, "echo note > $MESOS_SANDBOX/note; echo out"))
    last, _ = agent.wait_for_end()
    assert agent.output() == b"out\n" and agent.output("note") == b"note\n", last.message


def test_a_parameter_that_renames_the_container_is_refused(agent, images):
    """MESOS-8497: with `name` among the parameters the executor waited for a container that was called otherwise."""
    made = docker_task(images.busybox, "true")
    made.container.docker.parameters.add(key="name", value="mine")
    agent.launch(made)
    last, _ = agent.wait_for_end()
    assert agent.states()[-1] == "TASK_FAILED" and "--name" in last.message


@pytest.mark.parametrize("kind", ["container", "group"])
def test_a_kill_that_overtakes_its_launch_counts(agent, images, kind):
    """MESOS-8297: it was an error of the executor, or was forgotten, and the task ran for ever."""
    agent.kill()
    if kind == "group":
        agent.launch_group(docker_task(images.busybox, "sleep 600"), docker_task(images.busybox, "true", task_id="t2"))
    else:
        agent.launch(docker_task(images.busybox, "sleep 600"))
    last, _ = agent.wait_for_end()
    assert agent.states_of("t1") == ["TASK_STARTING", "TASK_KILLED"], last.message
    assert not agent.container_exists()


def test_the_container_has_what_the_task_asks_for(agent, images):
    """Mesos adds the executor's share, 32 MB and 0.1 cpus; its containers cannot be traced to their tasks."""
    agent.launch(docker_task(images.busybox, "sleep 600", cpus=0.5, mem=64))
    (inspect,) = json.loads(agent.wait_for("TASK_RUNNING").data)
    assert inspect["HostConfig"]["CpuShares"] == 512 and inspect["HostConfig"]["Memory"] == 64 << 20
    labels = {"MESOS_TASK_ID": "t1", "MESOS_FRAMEWORK_ID": "f1", "MESOS_EXECUTOR_ID": "e1"}
    assert labels.items() <= inspect["Config"]["Labels"].items()
    agent.kill(grace=0)
    agent.wait_for_end()


def test_a_slow_pull_has_no_limit_of_registration(agent, proxy, images):
    """Mesos pulls before its executor registers, within executor_registration_timeout: one minute."""
    subprocess.run(["docker", "rmi", "-f", images.busybox], capture_output=True, timeout=60)
    hold = Hold(proxy, "POST", "/images/create")
    agent.launch(docker_task(images.busybox, "echo pulled"))
    agent.wait_for("TASK_STARTING", 10)
    hold.wait()
    assert agent.subscriptions, "the executor has registered before there is an image"
    hold.released.set()
    agent.wait_for_end()
    assert agent.output() == b"pulled\n"


def test_a_check_of_a_docker_task_is_no_crash(agent, images):
    """MESOS-7250: TaskInfo.check ended Mesos' docker executor."""
    made = docker_task(images.busybox, "sleep 600")
    made.check.type = mesos_pb2.CheckInfo.COMMAND
    made.check.command.command.value = "exit 4"
    made.check.delay_seconds, made.check.interval_seconds = 0, 0.2
    agent.launch(made)
    wait_until(lambda: any(s.check_status.command.exit_code == 4 for s in agent.statuses), 20, "the check's result")
    agent.kill(grace=0)
    agent.wait_for_end()


def test_an_executor_beside_a_bridged_container_is_reached(agent, images):
    """MESOS-3123: an executor that ran in a bridged container had an address that no agent could reach."""
    agent.launch(docker_task(images.busybox, "trap 'exit 0' TERM; echo up; sleep 600 & wait", network="BRIDGE"))
    wait_until(lambda: b"up" in agent.output(), 30, "the task")
    agent.kill()
    agent.wait_for_end()
    assert agent.states()[-1] == "TASK_KILLED"


def test_the_container_is_gone_with_its_task(agent, images):
    """Mesos keeps dead containers for docker_remove_delay, six hours."""
    begin = time.monotonic()
    agent.launch(docker_task(images.busybox, "true"))
    agent.wait_for_end()
    assert not agent.container_exists() and time.monotonic() - begin < 60
