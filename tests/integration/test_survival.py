"""What an operator, a full disk or a signal does to a running task behind the executor's back, and what the framework
sees of it. Restarts of dockerd, of the agent and the end of the executor are in test_executor.py."""

import hashlib
import json
import os
import select
import shlex
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
from fake_agent import command_task, docker_task
from windlass import wait_until

# A task that writes until it is asked to end, and then ends with 7.
COUNTING = "trap 'exit 7' TERM; i=0; while :; do echo line $i; i=$((i+1)); sleep 0.05; done"


def docker(*arguments):
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()


def inspect(container):
    return json.loads(docker("inspect", container))[0]


def launch_counting(agent, images, **options):
    """The container as Docker sees it, once it has written something."""
    agent.launch(docker_task(images.busybox, COUNTING, **options))
    running = agent.wait_for("TASK_RUNNING")
    wait_until(lambda: b"line 3\n" in agent.output(), 20, "the first lines")
    return json.loads(running.data)[0]


def lines_of(agent):
    """How many lines of COUNTING are there; that none is missing is checked."""
    text = agent.output().decode()
    lines = text[: text.rfind("\n") + 1].splitlines()
    assert lines == [f"line {i}" for i in range(len(lines))]
    return len(lines)


def is_gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def assert_nothing_left(agent, *containers):
    """No container, under whatever name, and no process of it."""
    listed = docker("ps", "-aq", "--no-trunc").split()
    assert not [each["Id"] for each in containers if each["Id"] in listed]
    assert not agent.container_exists()
    for each in containers:
        wait_until(lambda pid=each["State"]["Pid"]: is_gone(pid), 20, "the end of the container's process")


# --- a full disk ---------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MiB for sandboxes, and a function that makes room."""
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", folder], check=True, timeout=20)
    yield folder, lambda: subprocess.run(["mount", "-o", "remount,size=64m", folder], check=True, timeout=20)
    subprocess.run(["umount", "-l", folder], check=True, timeout=20)


def wait_until_full(folder):
    wait_until(lambda: os.statvfs(folder).f_bavail == 0, 30, "the full disk")


def test_output_waits_while_the_disk_is_full(make_agent, images, small_disk):
    folder, make_room = small_disk
    agent = make_agent(folder).start()
    agent.launch(docker_task(images.busybox, "seq 1 1000000; echo end"))
    wait_until_full(folder)
    size = len(agent.output())
    time.sleep(2)  # nothing shall happen
    assert agent.states()[-1] == "TASK_RUNNING" and inspect(agent.container)["State"]["Running"]
    assert len(agent.output()) == size <= 1 << 20
    make_room()
    agent.wait_for_end(60)
    assert agent.distinct_states() == ["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"]
    assert agent.output() == b"".join(b"%d\n" % i for i in range(1, 1000001)) + b"end\n"


def test_a_kill_gets_through_while_the_disk_is_full(make_agent, images, small_disk):
    folder, _ = small_disk
    agent = make_agent(folder).start()
    agent.launch(docker_task(images.busybox, "while :; do seq 1 1000000; done"))
    seen = json.loads(agent.wait_for("TASK_RUNNING").data)[0]
    wait_until_full(folder)
    agent.kill(grace=1)
    agent.wait_for_end(60)
    assert agent.distinct_states()[-2:] == ["TASK_KILLING", "TASK_KILLED"]
    assert_nothing_left(agent, seen)


# --- signals to what is beside us ----------------------------------------------------------------------------


def shim_of(container_id):
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except (OSError, NotADirectoryError):
            continue
        if "containerd-shim" in words[0] and container_id in words:
            return int(entry.name)
    raise AssertionError(f"no containerd-shim of {container_id}")


def test_a_killed_shim_fails_the_task(agent, images):
    seen = launch_counting(agent, images)
    os.kill(shim_of(seen["Id"]), signal.SIGKILL)
    last, code = agent.wait_for_end(60)
    assert agent.distinct_states() == ["TASK_STARTING", "TASK_RUNNING", "TASK_FAILED"], last.message
    assert last.message.startswith("Container exited with status ") and code != 0
    lines_of(agent)
    assert_nothing_left(agent, seen)


def test_an_executor_that_was_stopped_goes_on(agent, images):
    seen = launch_counting(agent, images)
    agent.process.send_signal(signal.SIGSTOP)
    time.sleep(1)  # lines wait in Docker
    agent.kill(grace=30)
    agent.kill(grace=20)
    assert inspect(seen["Id"])["State"]["Running"]
    agent.process.send_signal(signal.SIGCONT)
    last, code = agent.wait_for_end()
    assert agent.distinct_states()[-2:] == ["TASK_KILLING", "TASK_KILLED"] and code == 7
    assert last.message == "Container exited with status 7"
    assert lines_of(agent) > 10
    assert_nothing_left(agent, seen)


def test_what_happened_while_the_executor_was_stopped_is_told_in_order(make_agent, images):
    agent = make_agent(acknowledges=False).start()
    names = ["t1", "t2", "t3", "t4"]
    for name in names:
        line = "until [ -e /mnt/mesos/sandbox/go ]; do sleep 0.1; done"
        agent.launch(docker_task(images.busybox, line, task_id=name))
    for name in names:
        agent.wait_for_task(name, "TASK_RUNNING")
    containers = [json.loads(agent.wait_for_task(name, "TASK_RUNNING").data)[0] for name in names]
    agent.process.send_signal(signal.SIGSTOP)
    # All of it piles up: the agent goes and comes back, acknowledges late, and every container ends.
    port = agent.port
    agent.stop_listening()
    for each in containers:
        docker("kill", "--signal", "KILL", each["Id"])
    agent.acknowledges = True
    agent.listen(port)
    agent.process.send_signal(signal.SIGCONT)
    for name in names:
        agent.wait_for_task(name, "TASK_FAILED")
        assert [s for i, s in enumerate(agent.states_of(name)) if s not in agent.states_of(name)[:i]] == [
            "TASK_STARTING",
            "TASK_RUNNING",
            "TASK_FAILED",
        ]
    assert agent.process.wait(timeout=30) == 137
    assert_nothing_left(agent, *containers)


# --- a sandbox that is deleted -------------------------------------------------------------------------------


def test_a_deleted_sandbox_does_not_end_the_task(agent, images):
    seen = launch_counting(agent, images)
    shutil.rmtree(agent.sandbox)
    # What comes next needs the folder, and fails alone.
    agent.launch(docker_task(images.busybox, "sleep 600", task_id="t2"))
    failed = agent.wait_for_task("t2", "TASK_FAILED")
    assert "No such file or directory" in failed.message
    assert inspect(seen["Id"])["State"]["Running"] and agent.states_of("t1")[-1] == "TASK_RUNNING"
    agent.kill()
    ended = agent.wait_for_task("t1", "TASK_KILLED")
    assert ended.message == "Container exited with status 7"
    agent.process.wait(timeout=20)
    assert_nothing_left(agent, seen)


def test_a_deleted_sandbox_does_not_end_a_command(agent, tmp_path):
    mark = tmp_path / "mark"
    agent.launch(command_task(f"trap 'exit 7' TERM; while :; do echo x; echo x >>{mark}; sleep 0.1; done"))
    wait_until(mark.exists, 20, "the command")
    shutil.rmtree(agent.sandbox)
    size = mark.stat().st_size
    wait_until(lambda: mark.stat().st_size > size, 20, "a sign of life")
    agent.kill()
    last, code = agent.wait_for_end()
    assert agent.states()[-1] == "TASK_KILLED" and code == 7 and last.message == "Command exited with status 7"


# --- what an operator does with the docker command -----------------------------------------------------------


def test_a_paused_container_is_still_running(agent, images):
    seen = launch_counting(agent, images)
    docker("pause", seen["Id"])
    lines = lines_of(agent)
    time.sleep(1)  # nothing shall happen
    assert agent.states()[-1] == "TASK_RUNNING"
    docker("unpause", seen["Id"])
    wait_until(lambda: lines_of(agent) > lines + 3, 20, "more lines")
    agent.kill()
    _, code = agent.wait_for_end()
    assert agent.distinct_states() == ["TASK_STARTING", "TASK_RUNNING", "TASK_KILLING", "TASK_KILLED"] and code == 7
    assert_nothing_left(agent, seen)


def test_a_paused_container_is_killed(agent, images):
    seen = launch_counting(agent, images)
    docker("pause", seen["Id"])
    agent.kill(grace=2)
    agent.wait_for_end(60)
    assert agent.distinct_states()[-2:] == ["TASK_KILLING", "TASK_KILLED"]
    assert_nothing_left(agent, seen)


def test_a_renamed_container_is_found_by_the_framework(agent, images):
    seen = launch_counting(agent, images)
    docker("rename", seen["Id"], f"renamed-{agent.container_id}")
    agent.kill()
    last, code = agent.wait_for_end()
    assert agent.states()[-1] == "TASK_KILLED" and code == 7, last.message
    assert_nothing_left(agent, seen)


def test_a_renamed_container_is_found_by_the_reaper(agent, images):
    seen = launch_counting(agent, images)
    docker("rename", seen["Id"], f"renamed-{agent.container_id}")
    os.killpg(agent.process.pid, signal.SIGKILL)
    agent.process.wait()
    wait_until(lambda: seen["Id"] not in docker("ps", "-aq", "--no-trunc").split(), 20, "the reaper's work")


def test_a_restarted_container_is_a_task_that_has_ended(agent, images):
    seen = launch_counting(agent, images)
    # Docker may say that it is gone: we remove it as soon as it has ended.
    subprocess.run(["docker", "restart", seen["Id"]], capture_output=True, timeout=60)
    last, code = agent.wait_for_end()
    assert agent.distinct_states() == ["TASK_STARTING", "TASK_RUNNING", "TASK_FAILED"]
    # Docker tells the end of the first start, unless the second one overtakes it.
    known = {("Container exited with status 7", 7), ("Container was restarted by somebody else", 1)}
    assert (last.message, code) in known
    assert_nothing_left(agent, seen)


# --- a socket that comes and goes ----------------------------------------------------------------------------


class Proxy:
    """Docker's socket under another path, which the test takes away and brings back."""

    def __init__(self, path):
        self.path, self.listener, self.connections = str(path), None, []
        self.host = f"unix://{path}"
        self.appear()

    def appear(self):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(64)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect("/var/run/docker.sock")
            self.connections += [near, far]
            threading.Thread(target=self.carry, args=(near, far), daemon=True).start()

    @staticmethod
    def carry(near, far):
        """Both ways, and a half-closed connection stays half-closed."""
        towards = {near: far, far: near}
        while towards:
            try:
                ready, _, _ = select.select(list(towards), [], [])
                for each in ready:
                    if data := each.recv(65536):
                        towards[each].sendall(data)
                    else:
                        towards.pop(each).shutdown(socket.SHUT_WR)
            except (OSError, ValueError):
                break
        near.close()
        far.close()

    def vanish(self):
        os.unlink(self.path)
        for each in [self.listener, *self.connections]:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.listener.close()
        self.connections = []


@pytest.fixture
def proxy(tmp_path):
    made = Proxy(tmp_path / "d.sock")
    yield made
    if os.path.exists(made.path):
        made.vanish()


def test_a_socket_that_is_gone_for_a_while_changes_nothing(make_agent, images, proxy):
    agent = make_agent().start(DOCKER_HOST=proxy.host)
    seen = launch_counting(agent, images)
    proxy.vanish()
    lines = lines_of(agent)
    time.sleep(1)  # lines wait in Docker
    proxy.appear()
    wait_until(lambda: lines_of(agent) > lines + 20, 30, "the lines of meanwhile and more")
    assert agent.distinct_states() == ["TASK_STARTING", "TASK_RUNNING"]
    agent.kill()
    _, code = agent.wait_for_end()
    assert agent.states()[-1] == "TASK_KILLED" and code == 7
    lines_of(agent)
    assert_nothing_left(agent, seen)


def test_a_kill_gets_through_while_the_socket_is_gone(make_agent, images, proxy):
    agent = make_agent().start(DOCKER_HOST=proxy.host)
    seen = launch_counting(agent, images)
    proxy.vanish()
    agent.kill(grace=1)
    last = agent.wait_for("TASK_KILLED", 60)
    assert last.message.endswith("; Docker did not answer, its process was killed directly")
    wait_until(lambda: is_gone(seen["State"]["Pid"]), 20, "the end of the container's process")
    proxy.appear()
    agent.process.wait(timeout=60)
    wait_until(lambda: not agent.container_exists(), 30, "the removal of the container")


def test_a_container_that_ends_while_the_socket_is_gone(make_agent, images, proxy):
    agent = make_agent().start(DOCKER_HOST=proxy.host)
    seen = launch_counting(agent, images)
    proxy.vanish()
    docker("stop", seen["Id"])
    assert agent.states()[-1] == "TASK_RUNNING"
    proxy.appear()
    last, code = agent.wait_for_end()
    assert agent.states()[-1] == "TASK_FAILED" and code == 7, last.message
    lines_of(agent)
    assert_nothing_left(agent, seen)


def test_a_container_that_was_restarted_while_the_socket_was_gone(make_agent, images, proxy):
    agent = make_agent().start(DOCKER_HOST=proxy.host)
    seen = launch_counting(agent, images)
    proxy.vanish()
    docker("restart", seen["Id"])
    second = inspect(seen["Id"])
    proxy.appear()
    last, code = agent.wait_for_end()
    assert agent.distinct_states() == ["TASK_STARTING", "TASK_RUNNING", "TASK_FAILED"] and code == 1
    assert last.message == "Container was restarted by somebody else"
    assert_nothing_left(agent, seen, second)


# --- much output ---------------------------------------------------------------------------------------------

LINE = b"a line of the output\n"
BLOCK = LINE * 49932  # nearly 1 MiB
MUCH = 1024 * len(BLOCK)


def resident_kib(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def test_much_output_costs_no_memory_and_loses_nothing(agent, images):
    block = f"yes {shlex.quote(LINE.decode().strip())} | head -c {len(BLOCK)} >/block"
    made = docker_task(images.busybox, f"{block}; for i in $(seq 1024); do cat /block; done", mem=128, cpus=1)
    made.container.docker.parameters.add(key="log-driver", value="none")
    agent.launch(made)
    agent.wait_for("TASK_RUNNING")
    begin, used = time.monotonic(), []
    path = agent.sandbox / "stdout"
    wait_until(lambda: used.append(resident_kib(agent.process.pid)) or path.stat().st_size == MUCH, 240, "the output")
    rate = MUCH / (time.monotonic() - begin) / 1e6
    print(f"{rate:.0f} MB/s, resident KiB {min(used)} to {max(used)}")
    agent.wait_for_end(60)
    assert agent.states()[-1] == "TASK_FINISHED" and path.stat().st_size == MUCH
    found, expected = hashlib.sha256(), hashlib.sha256()
    with path.open("rb") as output:
        while data := output.read(len(BLOCK)):
            found.update(data)
            expected.update(BLOCK)
    assert found.digest() == expected.digest()
    assert max(used) < 16 * 1024, used
    assert rate > 25, "far from the 200 MB/s of a machine with two cores"
