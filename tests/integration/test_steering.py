"""What a framework puts into the executor's environment reaches the container, and steers nothing."""

import os
import signal

import pytest
from fake_agent import FakeAgent, docker_task
from windlass import wait_until

NOBODY = "tcp://127.0.0.1:1"  # where no Docker is


class Agent(FakeAgent):
    """As a Mesos agent: the framework's variables are in the executor's environment, over the operator's."""

    framework = {}

    def subscribed(self, call):
        event = super().subscribed(call)
        for name, value in self.framework.items():
            event.subscribed.executor_info.command.environment.variables.add(name=name, value=value)
        return event

    def start_for(self, framework, **operators):
        self.framework = framework
        return self.start(**(operators | framework))

    def task(self, image, cmd, **settings):
        made = docker_task(image, cmd, **settings)
        made.executor.executor_id.value = "e1"
        for name, value in self.framework.items():
            made.executor.command.environment.variables.add(name=name, value=value)
            made.command.environment.variables.add(name=name, value=value)
        return made


@pytest.fixture
def agent(make_agent):
    return make_agent(kind=Agent)


def test_the_containers_docker_host_is_not_the_executors(agent, images):
    framework = {"DOCKER_HOST": NOBODY, "DOCKER_CONFIG": "/ci", "HOME": "/ci", "PATH": "/nowhere", "LD_PRELOAD": "/ci"}
    agent.start_for(framework)
    agent.launch(agent.task(images.busybox, "/bin/echo $DOCKER_HOST $DOCKER_CONFIG $HOME $PATH"))
    last, code = agent.wait_for_end()
    assert code == 0, last.message
    assert agent.output() == f"{NOBODY} /ci /ci /nowhere\n".encode()
    assert b"ignored=DOCKER_HOST" in agent.output("stderr")


def test_the_reaper_knows_the_same_docker(agent, images):
    agent.start_for({"DOCKER_HOST": NOBODY})
    agent.launch(agent.task(images.busybox, "sleep 600"))
    agent.wait_for("TASK_RUNNING")
    os.kill(agent.process.pid, signal.SIGKILL)
    wait_until(lambda: not agent.container_exists(), 20, "the removal by the reaper")


def test_a_denial_that_a_framework_replaces_denies_everything(agent, images):
    agent.start_for({"WINDLASS_EXECUTOR_DENY": "pid"}, WINDLASS_EXECUTOR_DENY="privileged")
    agent.launch(agent.task(images.busybox, "true"))
    last, _ = agent.wait_for_end()
    assert agent.states()[-1] == "TASK_FAILED"
    assert "WINDLASS_EXECUTOR_DENY is the operator's" in last.message


def test_other_flags_of_a_framework_are_ignored(agent, images):
    agent.start_for({"WINDLASS_EXECUTOR_MAX_LOG_SIZE": "4KB"}, WINDLASS_EXECUTOR_ENABLE_CFS="true")
    agent.launch(agent.task(images.busybox, "seq 1 10000", cpus=0.5))
    last, code = agent.wait_for_end()
    assert code == 0, last.message
    assert len(agent.output().splitlines()) == 10000, "nothing was rotated"
    assert not list(agent.sandbox.glob("stdout.*"))


@pytest.mark.parametrize(
    "framework", [{"DOCKER_HOST": "ssh://ci@box"}, {"WINDLASS_EXECUTOR_ENABLE_CFS": "perhaps"}, {"DOCKER_HOST": "%"}]
)
def test_what_would_be_wrong_for_an_operator_is_nothing_from_a_framework(agent, images, framework):
    agent.start_for(framework)
    agent.launch(agent.task(images.busybox, "true"))
    last, code = agent.wait_for_end()
    assert code == 0, last.message
    assert agent.states()[-1] == "TASK_FINISHED"


@pytest.mark.parametrize(
    "name, value, said",
    [
        ("DOCKER_HOST", "ssh://ci@box", "DOCKER_HOST"),
        ("WINDLASS_EXECUTOR_ENABLE_CFS", "perhaps", "'perhaps' is neither true nor false"),
    ],
)
def test_what_an_operator_has_wrong_fails_the_task_by_name(agent, images, name, value, said):
    agent.start_for({}, **{name: value})
    agent.launch(agent.task(images.busybox, "true"))
    last, _ = agent.wait_for_end()
    assert agent.states()[-1] == "TASK_FAILED"
    assert said in last.message
