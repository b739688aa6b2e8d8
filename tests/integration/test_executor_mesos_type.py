"""windlass-executor and containers of type MESOS, which other frameworks ask for."""

import json
import subprocess

import mesos_pb2
from fake_agent import command_task, mesos_task, task
from windlass import free_port, wait_until


def test_a_docker_image_runs_in_docker(agent, images):
    launched = mesos_task(images.busybox, "id -u; cat /mnt/mesos/sandbox/d/f; echo kept > /data/kept; sleep 600")
    volume = launched.container.volumes.add(container_path="/data", mode=mesos_pb2.Volume.RW)
    volume.source.type = mesos_pb2.Volume.Source.SANDBOX_PATH
    volume.source.sandbox_path.type = mesos_pb2.Volume.Source.SandboxPath.SELF
    volume.source.sandbox_path.path = "d"
    (agent.sandbox / "d").mkdir()
    (agent.sandbox / "d" / "f").write_text("from the sandbox\n")
    launched.command.user = "65534"
    (agent.sandbox / "d").chmod(0o777)
    agent.launch(launched)
    running = agent.wait_for("TASK_RUNNING")
    inspected = json.loads(running.data)[0]
    assert inspected["HostConfig"]["NetworkMode"] == "host"
    kept = agent.sandbox / "d" / "kept"
    wait_until(lambda: kept.exists() and kept.read_text() == "kept\n", 20, "what the task writes")
    agent.kill(grace=0)
    agent.wait_for_end()
    assert agent.output().decode().splitlines() == ["65534", "from the sandbox"]


def test_port_mappings_of_the_network(agent, images):
    port = free_port()
    launched = mesos_task(images.busybox, "mkdir /www; echo hello >/www/index.html; httpd -f -h /www -p 80")
    launched.resources.extend(task(ports=[port]).resources[-1:])
    network = launched.container.network_infos.add()
    network.port_mappings.add(host_port=port, container_port=80)
    agent.launch(launched)
    running = agent.wait_for("TASK_RUNNING")
    assert running.container_status.network_infos[0].ip_addresses[0].ip_address
    line = ["curl", "-sS", "--retry", "20", "--retry-connrefused", "--retry-delay", "1", f"http://127.0.0.1:{port}/"]
    got = subprocess.run(line, capture_output=True, text=True, timeout=60)
    assert got.stdout == "hello\n", got.stderr
    agent.kill(grace=0)
    agent.wait_for_end()


def test_capabilities_and_limits(agent, images):
    launched = mesos_task(images.busybox, "grep CapBnd /proc/self/status; ulimit -n; df -m /dev/shm | tail -n 1")
    linux = launched.container.linux_info
    linux.effective_capabilities.capabilities.append(mesos_pb2.CapabilityInfo.NET_ADMIN)
    linux.shm_size = 7
    launched.container.rlimit_info.rlimits.add(type=mesos_pb2.RLimitInfo.RLimit.RLMT_NOFILE, soft=100, hard=200)
    agent.launch(launched)
    agent.wait_for("TASK_FINISHED")
    capabilities, files, shm = agent.output().decode().splitlines()
    assert int(capabilities.split()[1], 16) == 1 << 12, "NET_ADMIN alone"
    assert files == "100"
    assert shm.split()[1] == "7"


def test_arguments_are_for_the_program_of_the_image(agent, images):
    image = images.build("program", f'FROM {images.busybox}\nENTRYPOINT []\nCMD ["echo", "default"]\n')
    launched = mesos_task(image, None)
    launched.command.arguments.extend(["from", "the", "task"])
    agent.launch(launched)
    agent.wait_for("TASK_FINISHED")
    assert agent.output() == b"from the task\n"


def test_without_an_image_it_is_a_process(agent):
    launched = command_task("echo here; exit 3")
    launched.container.type = mesos_pb2.ContainerInfo.MESOS
    agent.launch(launched)
    assert agent.wait_for("TASK_FAILED").message == "Command exited with status 3"
    assert agent.output() == b"here\n"


def test_what_docker_cannot_do_is_said(agent):
    launched = command_task("true")
    launched.container.type = mesos_pb2.ContainerInfo.MESOS
    launched.container.network_infos.add(name="mine")
    agent.launch(launched)
    assert agent.wait_for("TASK_FAILED").message.endswith(
        "ContainerInfo.mesos.image is needed for volumes and networks"
    )
