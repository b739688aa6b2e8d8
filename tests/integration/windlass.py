"""The programs under test as a new user would run them: real processes, real Docker, real HTTP."""

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / os.environ.get("WINDLASS_PRESET", "release")


def client(windlass, *words, **environment):
    """What a client command of that Windlass prints, and how it ends."""
    command = [str(BUILD / "windlass"), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=30,
                          env={**windlass.environment(), "WINDLASS_URL": windlass.url, **environment})


def free_ports(count):
    """Ports of 127.0.0.1 on which nobody listens; all of them different, for they are held until the last is found."""
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def free_port():
    return free_ports(1)[0]


def wait_until(condition, seconds=30, what="the condition"):
    """The condition's first true value. Its exceptions count as false; the last one is shown when time is up."""
    deadline, last = time.monotonic() + seconds, None
    while time.monotonic() < deadline:
        try:
            last = condition()
            if last:
                return last
        except (OSError, requests.RequestException, AssertionError, ValueError, KeyError, IndexError) as error:
            last = repr(error)
        time.sleep(0.1)
    raise AssertionError(f"{what} did not come within {seconds} s; last: {last!r}")


def redis(endpoint, *words):
    """One Redis command to host:port, answer as text. Errors: OSError."""
    host, port = endpoint.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=3) as connection:
        connection.sendall((" ".join(words) + "\r\n").encode())
        answer = connection.recv(4096).decode()
    if not answer:
        raise OSError(f"{endpoint} closed the connection")
    return answer.split("\r\n")[1] if answer.startswith("$") and answer != "$-1\r\n" else answer.strip().lstrip("+:")


class Docker:
    """The docker command, and those containers whose image came from our registry."""

    def __init__(self, image_prefix):
        self.image_prefix = image_prefix

    def __call__(self, *arguments, timeout=120):
        done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=timeout)
        assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr}"
        return done.stdout.strip()

    def containers(self, everything=False):
        """Full ids, of running ones or of all."""
        rows = self("ps", "--no-trunc", "--format", "{{json .}}", *(["-a"] if everything else [])).splitlines()
        return {row["ID"] for row in map(json.loads, rows) if row["Image"].startswith(self.image_prefix)}

    def inspect(self, container):
        return json.loads(self("inspect", container))[0]

    def remove_containers(self):
        for container in self.containers(everything=True):
            subprocess.run(["docker", "rm", "-f", container], capture_output=True, timeout=60)


class Windlass:
    """`windlass up` with its own work_dir, ports and port range. `flags` override what is set here."""

    def __init__(self, folder, hostname, flags=()):
        self.folder = Path(folder)
        self.work_dir = self.folder / "work"
        self.log_path = self.folder / "windlass.log"
        self.http_port, self.master_port, self.agent_port = free_ports(3)
        self.url = f"http://127.0.0.1:{self.http_port}"
        self.hostname = hostname
        # Below the range that the kernel gives to outgoing connections, and away from a Windlass that ./up started.
        # Each worker of a parallel run has a share of its own.
        worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 3
        self.first_port = random.randrange(20000 + worker * 3000, 23000 + worker * 3000, 100)
        self.last_port = self.first_port + 99
        self.flags = list(flags)
        self.process = None
        self.executor = self.folder / "executors" / "docker"
        self.executor.parent.mkdir(parents=True)
        self.executor.symlink_to(BUILD / "windlass-executor")
        self.session = requests.Session()
        self.session.trust_env = False

    # --- process

    def command(self):
        return [
            str(BUILD / "windlass"),
            "up",
            f"--http_port={self.http_port}",
            f"--master_port={self.master_port}",
            f"--agent_port={self.agent_port}",
            f"--hostname={self.hostname}",
            f"--work_dir={self.work_dir}",
            f"--resources=cpus:16;mem:16384;disk:4096;ports:[{self.first_port}-{self.last_port}]",
            *self.flags,
        ]

    def environment(self):
        """Ours, without what would change the flags."""
        return {name: value for name, value in os.environ.items() if not name.startswith("WINDLASS_")}

    def launch(self):
        """Starts the process and does not wait for it."""
        assert self.process is None or self.process.poll() is not None
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                env=self.environment(), start_new_session=True,
            )

    def start(self):
        self.launch()
        wait_until(self.answers, 30, "the answer to /ping")
        return self

    def answers(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"windlass ended with {self.process.returncode}:\n{self.log()[-2000:]}")
        return self.get("/ping").status_code == 200

    def kill(self):
        """kill -9, at this moment."""
        self.process.kill()
        self.process.wait()

    def stop(self, seconds=20):
        """SIGTERM, as ./up --stop does; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=seconds)

    def restart(self):
        self.kill()
        return self.start()

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def executors(self):
        """Process ids of the executors that live in our sandboxes; the reapers of killed ones too."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    inside = os.readlink(entry / "cwd").startswith(str(self.work_dir))
                    if inside and "executor" in os.path.basename(os.readlink(entry / "exe")):
                        found.append(int(entry.name))
                except OSError:
                    continue
        return found

    def clean_up(self):
        if self.process is not None and self.process.poll() is None:
            self.kill()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if os.readlink(entry / "cwd").startswith((str(self.folder), str(self.work_dir))):
                        os.kill(int(entry.name), signal.SIGKILL)
                except OSError:
                    continue
        shutil.rmtree(self.work_dir, ignore_errors=True)

    # --- API

    def get(self, path, **options):
        return self.session.get(self.url + path, timeout=options.pop("timeout", 10), **options)

    def post(self, path, body=None, **options):
        return self.session.post(self.url + path, json=body, timeout=options.pop("timeout", 10), **options)

    def start_app(self, app_id, image, instances=1, **fields):
        """As the tutorial does it: every value is a string, the image is the executor's argument."""
        app = {"id": app_id, "instances": str(instances), "cpus": "0.1", "mem": "64", "executor": str(self.executor)}
        answer = self.post("/v1/apps/start", {**app, "cmd": image, **fields})
        assert answer.status_code == 204, answer.text

    def scale(self, app_id, instances):
        answer = self.post("/v1/apps/scale", {"id": app_id, "instances": str(instances)})
        assert answer.status_code == 204, answer.text

    def stop_app(self, app_id):
        answer = self.post("/v1/apps/stop", {"id": app_id})
        assert answer.status_code == 204, answer.text

    def endpoints(self, app_id):
        """host:port of each instance, from the text that the tutorial shows."""
        for line in self.get("/v1/endpoints").text.splitlines():
            words = line.split()
            if words[0] == app_id:
                return words[2:]
        return []

    def wait_for_endpoints(self, app_id, count, seconds=60):
        def right_number():
            found = self.endpoints(app_id)
            return len(found) == count and (found or True)

        found = wait_until(right_number, seconds, f"{count} endpoints of {app_id}")
        return [] if found is True else found

    def wait_for_redis(self, app_id, count, seconds=60):
        """Endpoints of that many instances, each of which answers."""
        found = self.wait_for_endpoints(app_id, count, seconds)
        for endpoint in found:
            wait_until(lambda: redis(endpoint, "PING") == "PONG", 20, f"PONG of {endpoint}")
        return found
