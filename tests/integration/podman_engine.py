"""Podman with its Docker API for one test run: storage, locks and network of its own, on a socket of its own."""

import ctypes
import os
import resource
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path

from windlass import ROOT, wait_until

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def in_network_of(pid, function, *arguments):
    """What the function returns when it runs in the network namespace of that process."""
    outcome = []

    def run():
        with open(f"/proc/{pid}/ns/net") as namespace:
            if _libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
                outcome.append(OSError(ctypes.get_errno(), "setns"))
                return
        try:
            outcome.append(function(*arguments))
        except Exception as error:  # handed to the thread that asked
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if isinstance(outcome[0], Exception):
        raise outcome[0]
    return outcome[0]


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Forward:
    """127.0.0.1:port in another network namespace leads to the same address here."""

    def __init__(self, pid, port):
        self.port = port
        self.listener = in_network_of(pid, socket.create_server, ("127.0.0.1", port))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                inner, _ = self.listener.accept()
                outer = socket.create_connection(("127.0.0.1", self.port), timeout=30)
            except OSError:
                return
            for pair in ((inner, outer), (outer, inner)):
                threading.Thread(target=pump, args=pair, daemon=True).start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def limit(kind):
    """Podman raises these to what the kernel allows, which fails where the test may not raise its own."""
    hard = resource.getrlimit(kind)[1]
    most = 4096 if hard == resource.RLIM_INFINITY else min(hard, 4096)
    return f"{most}:{most}"


CONFIG = """
[containers]
default_ulimits = ["nofile={files}", "nproc={processes}"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
runtime = "runc"
tmp_dir = "{folder}/tmp"
helper_binaries_dir = ["/usr/lib/podman", "/usr/libexec/podman"]
[network]
network_backend = "netavark"
network_config_dir = "{folder}/networks"
"""


class Podman:
    """Its folder is short: conmon's sockets are in it."""

    def __init__(self, folder, registry):
        self.folder, self.registry = folder, registry
        self.host = f"unix://{folder}/podman.sock"
        folder.joinpath("containers.conf").write_text(
            CONFIG.format(
                folder=folder, files=limit(resource.RLIMIT_NOFILE), processes=limit(resource.RLIMIT_NPROC)
            )
        )
        folder.joinpath("registries.conf").write_text(f'[[registry]]\nlocation = "{registry}"\ninsecure = true\n')
        self.environment = dict(os.environ) | {
            "CONTAINERS_CONF": f"{folder}/containers.conf",
            "CONTAINERS_REGISTRIES_CONF": f"{folder}/registries.conf",
            "REGISTRY_AUTH_FILE": f"{folder}/auth.json",
        }
        self.start()

    @property
    def options(self):
        return ["--root", f"{self.folder}/root", "--runroot", f"{self.folder}/run", "--storage-driver", "vfs"]

    def start(self):
        service = ["podman", *self.options, "system", "service", "--time=0", self.host]
        command = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *service]
        with open(self.folder / "log", "ab") as log:
            # conmon leaves a file where it stands when a container runs out of memory.
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment, cwd=self.folder
            )
        wait_until(lambda: self("version").returncode == 0, 60, "Podman")
        self.forward = Forward(self.process.pid, int(self.registry.rsplit(":", 1)[1]))

    def __call__(self, *arguments):
        """By the docker command: Podman's Docker API."""
        return subprocess.run(["docker", "-H", self.host, *arguments], capture_output=True, text=True, timeout=60)

    def make_image(self, kind, tag):
        environment = dict(os.environ) | {"DOCKER_HOST": self.host}
        subprocess.run([ROOT / "tools/image", kind, tag], check=True, timeout=120, env=environment)

    def in_network(self, function, *arguments):
        return in_network_of(self.process.pid, function, *arguments)

    def containers(self):
        return self("ps", "-aq").stdout.split()

    def stop(self):
        self.forward.close()
        self.process.terminate()
        self.process.wait(timeout=60)

    def end_monitors(self):
        """Each exec leaves a conmon behind for five minutes (exit_command_delay of containers.conf)."""
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if f"{self.folder}/".encode() in (entry / "cmdline").read_bytes():
                    os.kill(int(entry.name), signal.SIGKILL)
            except OSError:
                pass  # has ended

    def clean_up(self):
        for container in self.containers():
            self("rm", "-f", container)
        self.stop()
        self.end_monitors()
        with open("/proc/mounts") as mounts:
            left = [line.split()[1] for line in mounts if str(self.folder) in line]
        for mount in reversed(left):
            subprocess.run(["umount", "-l", mount], timeout=60)
        shutil.rmtree(self.folder, ignore_errors=True)
        for group in Path("/sys/fs/cgroup").glob("**/libpod_parent"):
            subprocess.run(["find", str(group), "-depth", "-type", "d", "-delete"], capture_output=True, timeout=60)
