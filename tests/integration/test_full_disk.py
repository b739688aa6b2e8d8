"""A task fills the disk that the journals are on. The control plane goes on, and what frees space gets through."""

import os
import subprocess

import pytest

from windlass import wait_until


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 30 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=30m", "tmpfs", str(disk)], check=True)
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def free_bytes(disk):
    found = os.statvfs(disk)
    return found.f_bavail * found.f_frsize


FILL = ("while :; do dd if=/dev/zero bs=64k count=1000 2>/dev/null >>/mnt/mesos/sandbox/fill; "
        "echo x >>/mnt/mesos/sandbox/fill || sleep 0.1; done")


def test_a_task_that_fills_the_disk_can_be_stopped(small_disk, make_windlass, docker, images):
    windlass = make_windlass()
    windlass.work_dir = small_disk / "work"
    windlass.start()
    windlass.start_app("quiet", images.redis)
    windlass.wait_for_redis("quiet", 1)
    windlass.start_app("chatty", images.busybox, container={"image": "docker:///" + images.busybox,
                                                            "options": ["--entrypoint", "/bin/sh"]}, cmd=f'-c "{FILL}"')
    wait_until(lambda: free_bytes(small_disk) == 0, 60, "a full disk")

    refused = windlass.post("/v1/apps/start", {"id": "more", "cmd": "sleep 60", "instances": 1})
    assert refused.status_code == 507, refused.text
    assert str(windlass.work_dir) in refused.json()["message"]
    assert {app["id"] for app in windlass.get("/v1/apps").json()} == {"quiet", "chatty"}
    assert windlass.post("/v1/apps/scale", {"id": "quiet", "instances": 3}).status_code == 507
    assert windlass.post("/v1/apps/scale", {"id": "quiet", "instances": 1}).status_code == 204

    # A process that is killed can start again, and its containers are still there.
    windlass.restart()
    windlass.wait_for_redis("quiet", 1)
    assert free_bytes(small_disk) == 0
    windlass.stop_app("chatty")
    wait_until(lambda: len(docker.containers()) == 1, 60, "the end of the chatty one")
    windlass.wait_for_redis("quiet", 1)

    for folder, _, names in os.walk(small_disk):
        if "fill" in names:
            os.remove(os.path.join(folder, "fill"))
    windlass.start_app("more", images.redis)
    windlass.wait_for_redis("more", 1)
