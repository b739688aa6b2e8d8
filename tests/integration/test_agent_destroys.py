"""Agents with control groups (--launcher=linux) freeze and kill all that is in an executor's group as soon as they have
the last word on its last task: executor, reaper and the container's processes. No container may stay behind."""

import glob
import os
import pathlib
import signal
import time

import pytest

from fake_agent import command_task, docker_task
from windlass import wait_until

HIERARCHIES = {
    "v1": pathlib.Path("/sys/fs/cgroup/freezer"),
    "v2": next((pathlib.Path(path) for path in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup")
                if os.path.exists(f"{path}/cgroup.controllers")), None),
}


class Group:
    """The executor's control group in one hierarchy, as the agent's launcher uses it."""

    def __init__(self, base, agent):
        self.path = base / "mesos-destroy" / agent.container_id
        self.path.mkdir(parents=True)
        agent.wrapper = ["/bin/sh", "-c", f'echo 0 > {self.path}/cgroup.procs; exec "$@"', "sh"]

    def processes(self):
        found = []
        for file in glob.glob(f"{self.path}/**/cgroup.procs", recursive=True) + [f"{self.path}/cgroup.procs"]:
            try:
                found += [int(pid) for pid in pathlib.Path(file).read_text().split()]
            except OSError:
                continue  # a group that has just gone
        return found

    def freeze(self, frozen):
        if (self.path / "freezer.state").exists():
            (self.path / "freezer.state").write_text("FROZEN" if frozen else "THAWED")
        else:
            (self.path / "cgroup.freeze").write_text("1" if frozen else "0")

    def destroy(self):
        self.freeze(True)
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.freeze(False)

    def remove(self):
        deadline = time.monotonic() + 20
        below = sorted(glob.glob(f"{self.path}/**/", recursive=True), reverse=True)
        for folder in [*below, self.path, self.path.parent]:
            while os.path.exists(folder) and time.monotonic() < deadline:
                try:
                    os.rmdir(folder)
                except OSError:
                    if folder == self.path.parent:
                        break
                    self.destroy()


@pytest.fixture(params=[name for name, base in HIERARCHIES.items() if base and base.exists()])
def destroyed(request, make_agent):
    """destroyed(tasks): an agent that destroys its executor's group at the last status of the last of so many tasks."""
    made = []

    def make(tasks=1):
        agent = make_agent()
        group = Group(HIERARCHIES[request.param], agent)
        made.append(group)
        ended = []

        def on_end(status):
            ended.append(status)
            if len(ended) == tasks:
                group.destroy()

        agent.group, agent.on_end = group, on_end
        return agent.start()

    yield make
    for group in made:
        group.remove()


def assert_nothing_is_left(agent):
    wait_until(lambda: not agent.container_exists(), 20, "the end of every container")
    wait_until(lambda: not agent.group.processes(), 20, "the end of every process")


def test_a_task_that_ends(destroyed, images):
    agent = destroyed()
    agent.launch(docker_task(images.busybox, "exit 3"))
    agent.wait_for("TASK_FAILED")
    assert_nothing_is_left(agent)


def test_a_task_that_is_killed(destroyed, images):
    agent = destroyed()
    agent.launch(docker_task(images.busybox, "trap 'exit 0' TERM; while :; do sleep 0.05; done"))
    agent.wait_for("TASK_RUNNING")
    agent.kill()
    agent.wait_for("TASK_KILLED")
    assert_nothing_is_left(agent)


def test_a_task_that_runs(destroyed, images):
    """The agent has its own reasons: a limit, a restart without recovery."""
    agent = destroyed()
    agent.launch(docker_task(images.busybox, "sleep 1000"))
    agent.wait_for("TASK_RUNNING")
    agent.group.destroy()
    assert_nothing_is_left(agent)


def test_several_tasks_in_one_executor(destroyed, images):
    agent = destroyed(tasks=3)
    for name in ("a", "b", "c"):
        agent.launch(docker_task(images.busybox, "exit 0", task_id=name))
    for name in ("a", "b", "c"):
        agent.wait_for_task(name, "TASK_FINISHED")
    assert_nothing_is_left(agent)


def test_a_task_group(destroyed, images):
    agent = destroyed(tasks=2)
    agent.launch_group(*(docker_task(images.busybox, "exit 0", task_id=name) for name in ("a", "b")))
    for name in ("a", "b"):
        agent.wait_for_task(name, "TASK_FINISHED")
    assert_nothing_is_left(agent)


def test_a_command_task(destroyed):
    agent = destroyed()
    agent.launch(command_task("sleep 1000 & exit 0"))
    agent.wait_for("TASK_FINISHED")
    assert_nothing_is_left(agent)
