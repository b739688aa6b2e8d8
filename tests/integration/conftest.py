"""What the integration tests share: a Docker Engine that runs already, a registry of our own, images, Windlass."""

import contextlib
import glob
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import uuid

import pytest
import requests

from docker_proxy import DockerProxy
from fake_agent import FakeAgent
from windlass import BUILD, ROOT, Docker, Windlass, free_port, wait_until


def pytest_sessionstart(session):
    # ./test ends us with SIGTERM; fixtures have to clean up then too.
    def interrupt(number, frame):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


@pytest.fixture(scope="session")
def programs():
    for name in ("windlass", "windlass-executor"):
        assert (BUILD / name).exists(), f"{BUILD / name} is not built"
    return BUILD


@pytest.fixture
def open_folder():
    """A folder that every user may enter; tmp_path is for its owner alone."""
    with tempfile.TemporaryDirectory(dir="/tmp") as made:
        os.chmod(made, 0o755)
        yield pathlib.Path(made)


@pytest.fixture
def make_agent(programs, tmp_path):
    """make_agent(options of FakeAgent): an agent played by the test, for one windlass-executor; still to be started."""
    made = []

    def make(folder=tmp_path, kind=FakeAgent, **options):
        made.append(kind(folder, **options))
        return made[-1]

    yield make
    for agent in made:
        agent.clean_up()


@pytest.fixture
def own_group():
    """own_group(agent): its executor will run in a control group of its own; returns the group's name."""
    base = pathlib.Path("/sys/fs/cgroup/freezer")  # of version 1
    if not base.exists():
        base = pathlib.Path("/sys/fs/cgroup")
    made = []

    def make(agent):
        name = f"/mesos-test/{agent.container_id}"
        os.makedirs(f"{base}{name}")
        made.append(name)
        agent.wrapper = ["/bin/sh", "-c", f'echo 0 > {base}{name}/cgroup.procs; exec "$@"', "sh"]
        return name

    yield make
    for name in made:
        # Docker has made it in every hierarchy; a group that has just emptied can be busy for a moment.
        for found in [*glob.glob(f"/sys/fs/cgroup{name}"), *glob.glob(f"/sys/fs/cgroup/*{name}")]:
            wait_until(lambda: removed(found), 20, f"the end of {found}")
            removed(os.path.dirname(found))


def removed(folder):
    with contextlib.suppress(OSError):
        os.rmdir(folder)
    return not os.path.exists(folder)


@pytest.fixture
def agent(make_agent):
    return make_agent().start()


@pytest.fixture
def make_proxy():
    """make_proxy(engine): a Docker Engine of another version, or of other behaviour. Sockets have short paths."""
    with tempfile.TemporaryDirectory(prefix="wl-proxy-", dir="/tmp") as folder:
        made = []

        def make(engine):
            made.append(DockerProxy(f"{folder}/{len(made)}.sock", engine))
            return made[-1]

        yield make
        for proxy in made:
            proxy.close()


@pytest.fixture(scope="session")
def host_address():
    """This machine as containers see it: the address of Docker's default bridge."""
    command = ["docker", "network", "inspect", "bridge", "--format", "{{json .Options}}"]
    options = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert options.returncode == 0, f"no Docker Engine answers: {options.stderr}"
    bridge = json.loads(options.stdout)["com.docker.network.bridge.name"]
    shown = subprocess.run(["ip", "-j", "-4", "address", "show", bridge], capture_output=True, text=True, check=True)
    return json.loads(shown.stdout)[0]["addr_info"][0]["local"]


@contextlib.contextmanager
def running_registry(folder, more="", answers=200):
    """host:port of a registry of our own; more: lines of its configuration."""
    address = f"127.0.0.1:{free_port()}"
    (folder / "config.yml").write_text(
        f"version: 0.1\nlog: {{level: warn}}\nhttp: {{addr: '{address}'}}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder}/data}}, delete: {{enabled: true}}}}\n{more}"
    )
    with (folder / "log").open("wb") as log:
        command = ["docker-registry", "serve", str(folder / "config.yml")]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        session = requests.Session()
        session.trust_env = False
        wait_until(lambda: session.get(f"http://{address}/v2/", timeout=2).status_code == answers, 20, "the registry")
        yield address
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def registry(tmp_path_factory):
    """host:port of a registry that only this run uses."""
    with running_registry(tmp_path_factory.mktemp("registry")) as address:
        yield address


class Images:
    """Images in the registry and, on purpose, nowhere else: each test's first use of one is a real pull."""

    def __init__(self, registry):
        self.prefix = f"{registry}/test/"
        self.redis = self.make("redis", "redis")
        self.busybox = self.make("busybox", "busybox")

    def make(self, kind, name):
        tag = self.prefix + name
        subprocess.run([ROOT / "tools/image", kind, tag], check=True, timeout=120)
        self.push(tag)
        return tag

    def push(self, tag):
        subprocess.run(["docker", "push", "-q", tag], check=True, capture_output=True, timeout=120)
        subprocess.run(["docker", "rmi", "-f", tag], check=True, capture_output=True, timeout=60)

    def build(self, name, dockerfile):
        """An image from lines of a Dockerfile, in the registry."""
        tag = self.prefix + name
        command = ["docker", "build", "-q", "-t", tag, "-"]
        subprocess.run(command, input=dockerfile, text=True, check=True, capture_output=True, timeout=120)
        self.push(tag)
        return tag

    def remove(self):
        listed = subprocess.run(
            ["docker", "images", "--format", "{{.Repository}}:{{.Tag}}"], capture_output=True, text=True, timeout=30
        )
        for tag in listed.stdout.split():
            if tag.startswith(self.prefix):
                subprocess.run(["docker", "rmi", "-f", tag], capture_output=True, timeout=60)


@pytest.fixture(scope="session")
def images(registry, host_address):
    made = Images(registry)
    yield made
    Docker(made.prefix).remove_containers()
    made.remove()


@pytest.fixture
def docker(images):
    docker = Docker(images.prefix)
    yield docker
    docker.remove_containers()


@pytest.fixture
def make_windlass(programs, docker, host_address, tmp_path_factory):
    """make_windlass(*flags, hostname=...): one that is not started yet; ended and cleared away after the test."""
    made = []

    def make(*flags, hostname=host_address):
        made.append(Windlass(tmp_path_factory.mktemp(f"windlass-{uuid.uuid4().hex[:8]}"), hostname, flags))
        return made[-1]

    make.made = made
    yield make
    for windlass in made:
        windlass.clean_up()


@pytest.fixture
def windlass(make_windlass):
    """One that answers."""
    return make_windlass().start()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """The logs of a failed test's Windlasses."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        for windlass in getattr(item.funcargs.get("make_windlass"), "made", []):
            report.sections.append((f"log of {windlass.folder.name}", windlass.log()[-12000:]))
