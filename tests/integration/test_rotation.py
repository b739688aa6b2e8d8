"""Output that is rotated by size: nothing lost, nothing doubled, nothing larger than the operator wants."""

import pytest
from fake_agent import command_task, docker_task

LINES = 20000
WRITES = f"seq 1 {LINES}; seq 1 {LINES} >&2"
EXPECTED = "".join(f"{number}\n" for number in range(1, LINES + 1)).encode()


def pieces(folder, name):
    """The files of one stream, the oldest first."""
    found = [path for path in folder.iterdir() if path.name == name or path.name.startswith(name + ".")]
    return sorted(found, key=lambda path: -int(path.name.partition(".")[2] or 0))


def task_of(kind, images, **options):
    return docker_task(images.busybox, WRITES, **options) if kind == "container" else command_task(WRITES, **options)


@pytest.mark.parametrize("kind", ["container", "command"])
def test_all_output_is_in_the_files_together(make_agent, images, kind):
    agent = make_agent().start("--max_log_size=10KB", "--max_log_files=100")
    agent.launch(task_of(kind, images))
    agent.wait_for("TASK_FINISHED")
    for name in ("stdout", "stderr"):
        files = pieces(agent.sandbox, name)
        assert len(files) > 5, name
        assert all(path.stat().st_size <= 10_240 for path in files), name
        assert all(path.read_bytes().endswith(b"\n") for path in files if path.name != name), "cut where lines end"
        said = b"".join(path.read_bytes() for path in files)
        own = [line for line in said.splitlines(keepends=True) if line.strip().isdigit()]
        assert b"".join(own) == EXPECTED, name


@pytest.mark.parametrize("kind", ["container", "command"])
def test_the_oldest_files_go(make_agent, images, kind):
    agent = make_agent().start("--max_log_size=10KB", "--max_log_files=3")
    agent.launch(task_of(kind, images))
    agent.wait_for("TASK_FINISHED")
    files = pieces(agent.sandbox, "stdout")
    assert [path.name for path in files] == ["stdout.2", "stdout.1", "stdout"]
    said = b"".join(path.read_bytes() for path in files)
    assert EXPECTED.endswith(said) and len(said) > 10_240


def test_a_task_with_files_of_its_own(make_agent, images):
    agent = make_agent().start("--max_log_size=10KB")
    agent.launch(docker_task(images.busybox, "sleep 600"))
    agent.wait_for_task("t1", "TASK_RUNNING")
    for name, kind in (("t2", "container"), ("t3", "command")):
        agent.launch(task_of(kind, images, task_id=name))
        agent.wait_for_task(name, "TASK_FINISHED")
        assert len(pieces(agent.sandbox / "tasks" / name, "stdout")) == 5, "the default"
    agent.kill(grace=0)
    agent.wait_for_task("t1", "TASK_KILLED")


def test_the_pipe_of_a_command_is_its_users(open_folder, make_agent):
    agent = make_agent(folder=open_folder).start("--max_log_size=10KB")
    made = command_task("id -u >/dev/stdout; id -un >/proc/self/fd/2")
    made.command.user = "nobody"
    agent.launch(made)
    agent.wait_for_end()
    assert agent.states()[-1] == "TASK_FINISHED"
    assert agent.output() == b"65534\n" and b"nobody" in agent.output("stderr").splitlines()


def test_without_the_flag_nothing_is_rotated(agent, images):
    agent.launch(docker_task(images.busybox, WRITES))
    agent.wait_for("TASK_FINISHED")
    assert agent.output() == EXPECTED
    assert pieces(agent.sandbox, "stdout") == [agent.sandbox / "stdout"]
