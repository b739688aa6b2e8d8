"""Several tasks on one windlass-executor: one after the other, side by side, and as groups."""

import glob
import os
import signal
import socket
import subprocess
import threading
import time

import pytest
from fake_agent import FakeAgent, command_task, docker_task
from windlass import free_port, wait_until


def containers(agent):
    listed = subprocess.run(
        ["docker", "ps", "-a", "--filter", f"name={agent.container}", "--format", "{{.Names}}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return sorted(listed.stdout.split())


def docker_exec(container, line):
    done = subprocess.run(
        ["docker", "exec", container, "sh", "-c", line], capture_output=True, text=True, timeout=30
    )
    return done.stdout.strip()


# --- side by side ------------------------------------------------------------------------------------------------


def test_tasks_side_by_side(agent, images):
    agent.launch(docker_task(images.busybox, "echo one; sleep 600"))
    agent.wait_for_task("t1", "TASK_RUNNING")
    agent.launch(docker_task(images.busybox, "echo two; echo here > $MESOS_SANDBOX/file; sleep 600", task_id="t2"))
    agent.wait_for_task("t2", "TASK_RUNNING")
    assert containers(agent) == [agent.container, agent.container + ".2"]
    own = agent.sandbox / "tasks" / "t2"
    wait_until(lambda: (own / "stdout").read_bytes() == b"two\n" and (own / "file").exists(), 10, "the output of t2")
    assert agent.output() == b"one\n", "each has output of its own"
    agent.kill(grace=0, task_id="t2")
    agent.wait_for_task("t2", "TASK_KILLED")
    wait_until(lambda: containers(agent) == [agent.container], 10, "the removal of the second")
    assert agent.process.poll() is None, "the first still runs"
    agent.kill(grace=0)
    agent.wait_for_task("t1", "TASK_KILLED")
    assert agent.process.wait(timeout=15) == 137
    assert containers(agent) == []


def test_a_container_and_a_command(agent, images):
    agent.launch(docker_task(images.busybox, "sleep 600"))
    agent.wait_for_task("t1", "TASK_RUNNING")
    agent.launch(command_task("echo here; pwd; exit 3", task_id="t2"))
    failed = agent.wait_for_task("t2", "TASK_FAILED")
    assert failed.message == "Command exited with status 3"
    own = agent.sandbox / "tasks" / "t2"
    assert (own / "stdout").read_text() == f"here\n{own}\n"
    agent.kill(grace=0)
    agent.wait_for_task("t1", "TASK_KILLED")
    assert agent.process.wait(timeout=15) == 3, "the first exit code that is not 0"


def test_a_folder_that_cannot_be_made_fails_the_task_alone(agent, images):
    agent.launch(docker_task(images.busybox, "sleep 600"))
    agent.wait_for_task("t1", "TASK_RUNNING")
    (agent.sandbox / "tasks").write_text("in the way")
    second, third = docker_task(images.busybox, "true", task_id="t2"), command_task("true", task_id="t3")
    for name, launched in (("t2", second), ("t3", third)):
        agent.launch(launched)
        failed = agent.wait_for_task(name, "TASK_FAILED")
        assert failed.message.endswith(f"could not make '{agent.sandbox}/tasks/{name}': Not a directory")
    agent.kill(grace=0)
    agent.wait_for_task("t1", "TASK_KILLED")


def test_tasks_of_a_user_write_into_their_folder(open_folder, make_agent):
    agent = make_agent(folder=open_folder)
    os.chown(agent.sandbox, 65534, 65534)
    agent.start()
    agent.launch(command_task("sleep 600"))
    agent.wait_for_task("t1", "TASK_RUNNING")
    second = command_task('id -u > "$MESOS_SANDBOX/who"', task_id="t2")
    second.command.user = "nobody"
    agent.launch(second)
    agent.wait_for_task("t2", "TASK_FINISHED")
    assert (agent.sandbox / "tasks" / "t2" / "who").read_text() == "65534\n"
    agent.kill(grace=0)


def test_pulls_side_by_side_end_alone(agent, images, registry):
    agent.launch(docker_task(images.busybox, "sleep 600"))
    agent.launch(docker_task(f"{registry}/nothing:here", "true", task_id="t2"))
    failed = agent.wait_for_task("t2", "TASK_FAILED")
    assert "nothing:here" in failed.message
    agent.wait_for_task("t1", "TASK_RUNNING")
    agent.kill(grace=0)
    agent.wait_for_task("t1", "TASK_KILLED")


def test_a_killed_executor_leaves_none_of_them(agent, images):
    for name in ("t1", "t2"):
        agent.launch(docker_task(images.busybox, "sleep 600", task_id=name))
    agent.launch(command_task("sleep 601", task_id="t3"))
    for name in ("t1", "t2", "t3"):
        agent.wait_for_task(name, "TASK_RUNNING")
    with open(f"/proc/{agent.process.pid}/task/{agent.process.pid}/children") as listed:
        started = [int(pid) for pid in listed.read().split()]
    assert started, "the command"
    started.append(agent.reaper())
    os.kill(agent.process.pid, signal.SIGKILL)
    agent.process.wait()
    wait_until(lambda: not containers(agent), 20, "the removal of both containers")
    wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in started), 10, "the end of the command")


# --- groups ------------------------------------------------------------------------------------------------------


def launch_pair(agent, images, first="sleep 600", second="sleep 600", network="BRIDGE"):
    port = free_port()
    web = docker_task(images.busybox, first, network=network, task_id="a", ports=[port] if network == "BRIDGE" else [])
    if network == "BRIDGE":
        web.container.docker.port_mappings.add(host_port=port, container_port=80)
    agent.launch_group(web, docker_task(images.busybox, second, network=network, task_id="b"))
    return port


def test_a_group_shares_its_network_and_ends_together(agent, images):
    port = launch_pair(agent, images, first="echo hello > /tmp/x; while true; do nc -l -p 80 < /tmp/x; done")
    running = {name: agent.wait_for_task(name, "TASK_RUNNING") for name in ("a", "b")}
    assert len(containers(agent)) == 3, "two tasks and what holds their network"
    second = agent.container + ".2"
    wait_until(lambda: docker_exec(second, "nc 127.0.0.1 80 -w 2") == "hello", 10, "b to reach a on the loopback")
    addresses = [status.container_status.network_infos[0].ip_addresses[0].ip_address for status in running.values()]
    assert addresses[0] == addresses[1] and addresses[0].startswith("172.")

    def from_outside():
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            return connection.recv(100) == b"hello\n"

    wait_until(from_outside, 10, "the published port")
    agent.kill(grace=0, task_id="a")
    agent.wait_for_task("a", "TASK_KILLED")
    ended = agent.wait_for_task("b", "TASK_KILLED")
    assert ended.message.endswith("after another task of its group had ended")
    agent.process.wait(timeout=20)
    assert containers(agent) == []


def test_a_group_is_all_or_nothing(agent, images, registry):
    agent.launch_group(
        docker_task(images.busybox, "sleep 600", network="BRIDGE", task_id="a"),
        docker_task(f"{registry}/nothing:here", "true", network="BRIDGE", task_id="b"),
    )
    assert "nothing:here" in agent.wait_for_task("b", "TASK_FAILED").message
    agent.wait_for_task("a", "TASK_KILLED")
    assert "TASK_RUNNING" not in agent.states()
    assert agent.process.wait(timeout=15) == 1
    assert containers(agent) == []


def test_a_group_ends_when_one_fails(agent, images):
    launch_pair(agent, images, second="sleep 1; exit 5", network="HOST")
    assert agent.wait_for_task("b", "TASK_FAILED").message == "Container exited with status 5"
    agent.wait_for_task("a", "TASK_KILLED")
    agent.process.wait(timeout=20)
    assert containers(agent) == []


def test_a_task_that_finishes_leaves_its_group_alone(agent, images):
    launch_pair(agent, images, second="true")
    agent.wait_for_task("b", "TASK_FINISHED")
    agent.wait_for_task("a", "TASK_RUNNING")
    assert docker_exec(agent.container, "ip -4 address show eth0 | grep -c inet") == "1", "its network is still there"
    agent.kill(grace=0, task_id="a")
    agent.wait_for_task("a", "TASK_KILLED")
    agent.process.wait(timeout=20)
    assert containers(agent) == []


def test_a_port_that_is_taken_fails_the_group(agent, images):
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]
        web = docker_task(images.busybox, "sleep 600", network="BRIDGE", task_id="a", ports=[port])
        web.container.docker.port_mappings.add(host_port=port, container_port=80)
        agent.launch_group(web, docker_task(images.busybox, "sleep 600", network="BRIDGE", task_id="b"))
        failed = agent.wait_for_task("a", "TASK_FAILED")
        assert "address already in use" in failed.message or "port is already allocated" in failed.message
        agent.wait_for_task("b", "TASK_KILLED")
    agent.process.wait(timeout=20)
    assert containers(agent) == []


# --- orphans -----------------------------------------------------------------------------------------------------


def test_the_next_executor_removes_what_a_killed_one_and_its_reaper_left(agent, images, tmp_path):
    agent.launch(docker_task(images.busybox, "sleep 600"))
    agent.wait_for_task("t1", "TASK_RUNNING")
    os.kill(agent.reaper(), signal.SIGKILL)
    agent.process.kill()
    agent.process.wait()
    assert containers(agent) == [agent.container], "nobody is left to remove it"
    other = FakeAgent(tmp_path)
    try:
        other.start()
        other.launch(docker_task(images.busybox, "sleep 600"))
        other.wait_for_task("t1", "TASK_RUNNING")
        wait_until(lambda: not containers(agent), 20, "the removal")
        assert containers(other) == [other.container], "its own stays"
    finally:
        other.clean_up()


# --- a slow Docker -----------------------------------------------------------------------------------------------


def pump(source, sink):
    try:
        while piece := source.recv(65536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def slow_docker(path, seconds):
    """Docker's socket, in front of which every connection waits."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def serve():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            time.sleep(seconds)
            docker = socket.socket(socket.AF_UNIX)
            docker.connect("/var/run/docker.sock")
            for pair in ((client, docker), (docker, client)):
                threading.Thread(target=pump, args=pair, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return listener


def remove_groups(name):
    for found in {*glob.glob(f"/sys/fs/cgroup/{name}"), *glob.glob(f"/sys/fs/cgroup/*/{name}")}:
        os.rmdir(found)
    return True


def test_a_task_that_comes_before_docker_has_answered(programs, images, tmp_path):
    listener = slow_docker(tmp_path / "docker.sock", 0.5)
    agent = FakeAgent(tmp_path)
    # In a group of its own the executor asks Docker once more before the first plan.
    top = "/sys/fs/cgroup/freezer" if os.path.isdir("/sys/fs/cgroup/freezer") else "/sys/fs/cgroup"
    group = f"{top}/windlass-test/{agent.container_id}"
    os.makedirs(group)
    agent.wrapper = ["/bin/sh", "-c", f'echo 0 > {group}/cgroup.procs; exec "$@"', "sh"]
    try:
        agent.start(DOCKER_HOST=f"unix://{tmp_path}/docker.sock")
        for name in ("t1", "t2"):
            agent.launch(docker_task(images.busybox, "true", task_id=name))
        for name in ("t1", "t2"):
            agent.wait_for_task(name, "TASK_FINISHED", seconds=60)
        agent.process.wait(timeout=30)
    finally:
        agent.clean_up()
        listener.close()
        for depth in (f"windlass-test/{agent.container_id}", "windlass-test"):
            wait_until(lambda: remove_groups(depth), 20, "the end of all in the group")
