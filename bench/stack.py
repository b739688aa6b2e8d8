"""What the benches share: a Windlass of their own, the Docker Engine API without the docker command, and statistics."""

import argparse
import contextlib
import http.client
import io
import json
import os
import queue
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / os.environ.get("WINDLASS_PRESET", "release")
DOCKER_SOCKET = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")
IMAGE = "windlass-bench/busybox"
OPTIONS = ["--net=host", "--stop-signal=SIGKILL"]  # sleep, as the first process, would not heed SIGTERM


def arguments(usage, *defaults, swarm=False):
    """(options, numbers): --quick, --swarm if the script knows it, and the numbers or their defaults."""
    parser = argparse.ArgumentParser(usage=usage, add_help=False)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--help", "-h", action="store_true")
    if swarm:
        parser.add_argument("--swarm", action="store_true")
    parser.add_argument("numbers", nargs="*", type=int)
    options = parser.parse_args()
    if options.help or len(options.numbers) > len(defaults) or any(number < 1 for number in options.numbers):
        print(usage)
        sys.exit(0 if options.help else 2)
    return options, [*options.numbers, *defaults[len(options.numbers):]]


def processes_in(folder):
    """Process ids of those whose working directory is in the folder: executors in their sandboxes, and reapers."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            if os.readlink(entry / "cwd").startswith(f"{folder}/"):
                found.append(int(entry.name))
    return found


def private_dirty_kib(process):
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
        if line.startswith("Private_Dirty:"):
            return int(line.split()[1])
    raise RuntimeError(f"/proc/{process}/smaps_rollup has no Private_Dirty")


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=120)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Engine:
    """Docker Engine API on one connection; not shared between threads."""

    def __init__(self):
        self.connection = UnixConnection(DOCKER_SOCKET)

    def call(self, method, path, body=None, content_type="application/json"):
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        self.connection.request(method, path, data, {"Content-Type": content_type})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300 and answer.status != 304:
            raise RuntimeError(f"docker: {method} {path}: {answer.status} {text.decode(errors='replace').strip()}")
        return json.loads(text) if text.startswith((b"{", b"[")) else text

    def start(self, spec):
        """Creates and starts; the container's id."""
        container = self.call("POST", "/containers/create", spec)["Id"]
        self.call("POST", f"/containers/{container}/start")
        return container

    def remove(self, container):
        try:
            self.call("DELETE", f"/containers/{container}?force=1")
        except RuntimeError as error:
            # Somebody else is removing it, or has: it goes either way.
            if "already in progress" not in str(error) and ": 404 " not in str(error):
                raise

    def make_image(self):
        """An image of one file, Debian's static busybox, without a registry."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            tar.add("/bin/busybox", "bin/busybox")
            for name in ("sh", "sleep", "env"):
                link = tarfile.TarInfo(f"bin/{name}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(link)
        self.call("POST", f"/images/create?fromSrc=-&repo={IMAGE}&tag=latest", packed.getvalue(), "application/x-tar")

    def remove_image(self):
        self.call("DELETE", f"/images/{IMAGE}:latest?force=1")


class Starts:
    """Hears when containers of our image start: (container id, time in ns by this machine's clock)."""

    def __init__(self):
        self.connection = UnixConnection(DOCKER_SOCKET)
        filters = urllib.parse.quote(json.dumps({"type": ["container"], "event": ["start"]}))
        self.connection.request("GET", f"/events?filters={filters}")
        self.answer = self.connection.getresponse()
        self.connection.sock.settimeout(None)
        self.found = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        while line := self.answer.readline():
            event = json.loads(line)
            if event["Actor"]["Attributes"].get("image", "").startswith(IMAGE):
                self.found.put((event["id"], event["timeNano"]))

    def wait(self, count, seconds=120):
        """The next so many starts."""
        deadline = time.monotonic() + seconds
        starts = []
        while len(starts) < count:
            try:
                starts.append(self.found.get(timeout=max(0.0, deadline - time.monotonic())))
            except queue.Empty:
                raise RuntimeError(f"only {len(starts)} of {count} containers started within {seconds} s") from None
        return starts


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Peer:
    """An API on this machine, over one kept connection; not shared between threads."""

    def __init__(self, port):
        self.port, self.connection = port, None

    def call(self, method, path, body=None):
        """The answer's text. `body` is sent as JSON."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            self.connection.request(method, path, body and json.dumps(body), {"Content-Type": "application/json"})
            answer = self.connection.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException):
            self.connection = None
            raise
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text}")
        return text


class Windlass:
    """`windlass up` with its own work_dir and ports."""

    def __init__(self):
        for name in ("windlass", "windlass-executor"):
            if not (BUILD / name).exists():
                sys.exit(f"{BUILD / name} is not built: cmake --preset release && cmake --build --preset release")
        self.folder = Path(tempfile.mkdtemp(prefix="windlass-bench-"))
        self.port = free_port()
        self.executor = BUILD / "windlass-executor"
        command = [
            BUILD / "windlass", "up", f"--http_port={self.port}", "--http_address=127.0.0.1",
            f"--master_port={free_port()}", f"--agent_port={free_port()}", "--hostname=127.0.0.1",
            f"--work_dir={self.folder}/work", "--resources=cpus:1000;mem:100000;disk:10000;ports:[21000-22000]",
        ]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("WINDLASS_")}
        self.log = (self.folder / "log").open("wb")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        env=environment, start_new_session=True)
        self.peer = Peer(self.port)
        self.wait_until(self.answers, 30, "the answer to /ping")

    def call(self, method, path, body=None):
        return self.peer.call(method, path, body)

    def answers(self):
        if self.process.poll() is not None:
            sys.exit(f"windlass ended with {self.process.returncode}:\n{(self.folder / 'log').read_text()[-3000:]}")
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.call("GET", "/ping").startswith("pong")
        return False

    @staticmethod
    def wait_until(condition, seconds, what):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                sys.exit(f"{what} did not come within {seconds} s")
            time.sleep(0.02)

    def start_app(self, app, instances=1):
        """In the host's network: then nothing but our own work differs between the sides."""
        self.call("POST", "/v1/apps/start", {
            "id": app, "instances": instances, "cpus": 0.1, "mem": 32, "executor": str(self.executor),
            "cmd": "sleep 100000", "container": {"image": f"docker:///{IMAGE}", "options": OPTIONS},
        })

    def stop_app(self, app, containers):
        """Ends it, and returns when its containers are gone."""
        self.call("POST", "/v1/apps/stop", {"id": app})
        engine = Engine()
        self.wait_until(lambda: not set(containers) & set(running(engine)), 120, f"the end of {app}")

    def last_words(self):
        """The end of its log and of one executor's."""
        executors = sorted((self.folder / "work").glob("slaves/*/frameworks/*/executors/*/runs/*/stderr"))
        logs = [self.folder / "log", *executors]
        return "\n".join(f"{log}:\n{log.read_text(errors='replace')[-1500:]}" for log in logs[:2])

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=20)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for process in processes_in(self.folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def containers_of_image(engine, everything):
    filters = urllib.parse.quote(json.dumps({"ancestor": [f"{IMAGE}:latest"]}))
    return [each["Id"] for each in engine.call("GET", f"/containers/json?all={int(everything)}&filters={filters}")]


def running(engine):
    return containers_of_image(engine, False)


def spec_like(engine, container):
    """What to create so that the same container comes about by raw calls."""
    seen = engine.call("GET", f"/containers/{container}/json")
    spec = {key: value for key, value in seen["Config"].items() if value is not None and key != "Hostname"}
    host = {key: value for key, value in seen["HostConfig"].items() if value is not None}
    host.pop("CgroupParent", None)  # it ends with the executor
    return {**spec, "HostConfig": host}


@contextlib.contextmanager
def docker():
    """(engine, starts), with our image; it and all its containers are cleared away afterwards."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    engine = Engine()
    try:
        engine.make_image()
    except OSError as error:
        sys.exit(f"no Docker Engine answers on {DOCKER_SOCKET}: {error}")
    try:
        yield engine, Starts()
    except (RuntimeError, OSError) as error:
        sys.exit(str(error))
    finally:
        remove_all()


@contextlib.contextmanager
def windlass_alone():
    """A Windlass that answers, without Docker; ended and cleared away afterwards."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    windlass = Windlass()
    try:
        yield windlass
    except (RuntimeError, OSError) as error:
        sys.exit(f"{error}\n{windlass.last_words()}")
    finally:
        windlass.close()


@contextlib.contextmanager
def stack():
    """(windlass, engine, starts): all running; all cleared away afterwards."""
    with docker() as (engine, starts), windlass_alone() as windlass:
        yield windlass, engine, starts


def remove_all():
    """Our containers and our image. Reapers may be at it too, so some are gone when we come."""
    engine = Engine()
    try:
        for _ in range(100):
            if not (left := containers_of_image(engine, True)):
                break
            for container in left:
                with contextlib.suppress(RuntimeError):
                    engine.remove(container)
        engine.remove_image()
    except (RuntimeError, OSError) as error:
        print(f"not all was cleared away: {error}", file=sys.stderr)


def median(values):
    return statistics.median(values)
