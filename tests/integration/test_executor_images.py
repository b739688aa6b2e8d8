"""windlass-executor and registries that are away, slow, rude or wrong."""

import collections
import http.server
import json
import subprocess
import threading
import time
import urllib.error
import urllib.request
import uuid

import pytest
from fake_agent import docker_task
from windlass import free_port, wait_until


CODES = {401: "UNAUTHORIZED", 403: "DENIED", 404: "MANIFEST_UNKNOWN"}


class Front:
    """A registry in front of the real one that can misbehave: `trouble` is asked first with each request's path, and
    answers a status, a body to send instead, "hang", or None."""

    def __init__(self, registry, trouble=lambda path: None, port=0):
        self.requests = []
        self.released = threading.Event()
        front = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_HEAD(self):
                self.do_GET()

            def do_GET(self):
                front.requests.append(self.path)
                answer = trouble(self.path)
                if answer == "hang":
                    front.released.wait(120)
                    self.close_connection = True
                elif isinstance(answer, bytes):
                    self.send(200, {"Content-Type": "application/octet-stream"}, answer)
                elif answer is not None:
                    code = CODES.get(answer, "TOOMANYREQUESTS")
                    words = {"errors": [{"code": code, "message": code.lower().replace("_", " ")}]}
                    self.send(answer, {"Content-Type": "application/json"}, json.dumps(words).encode())
                else:
                    self.forward()

            def forward(self):
                headers = {"Accept": self.headers.get("Accept", "*/*")}
                request = urllib.request.Request(f"http://{registry}{self.path}", headers=headers, method=self.command)
                try:
                    with urllib.request.urlopen(request, timeout=30) as got:
                        self.send(got.status, dict(got.headers), got.read())
                except urllib.error.HTTPError as error:
                    self.send(error.code, dict(error.headers), error.read())

            def send(self, status, headers, body):
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() in ("content-type", "docker-content-digest", "docker-distribution-api-version"):
                        self.send_header(name, value)
                length = headers.get("Content-Length", len(body)) if self.command == "HEAD" else len(body)
                self.send_header("Content-Length", str(length))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def make_front(registry, images):
    made = []

    def make(*arguments, **options):
        made.append(Front(registry, *arguments, **options))
        return made[-1]

    yield make
    for front in made:
        front.close()
        named = ["docker", "images", "-q", "--filter", f"reference={front.address}/*/*"]
        left = subprocess.run(named, capture_output=True, text=True, timeout=30).stdout.split()
        if left:
            subprocess.run(["docker", "rmi", "-f", *left], capture_output=True, timeout=60)


def image_at(front, images):
    address, _, rest = images.busybox.partition("/")
    return f"{front}/{rest}"


@pytest.fixture
def new_image(images):
    """An image whose last layer is nowhere but in the registry."""
    name = f"new-{uuid.uuid4().hex}"
    return images.build(name, f"FROM {images.busybox}\nRUN echo {name} > /name\n").partition("/")[2]


def messages(agent):
    return [status.message for status in agent.statuses]


def test_a_registry_that_comes_back_in_time(make_agent, make_front, images):
    port = free_port()
    agent = make_agent().start()
    agent.launch(docker_task(image_at(f"127.0.0.1:{port}", images), "exit 0"))
    wait_until(lambda: any("next attempt in" in text for text in messages(agent)), 20, "the news of a retry")
    assert any("connection refused" in text for text in messages(agent)), "Docker's own words"
    make_front(port=port)
    agent.wait_for("TASK_FINISHED", seconds=60)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_registry_that_is_overloaded_for_a_moment(make_agent, make_front, images, status):
    began = time.monotonic()
    front = make_front(lambda path: status if time.monotonic() - began < 4 and "/manifests/" in path else None)
    agent = make_agent().start()
    agent.launch(docker_task(image_at(front.address, images), "exit 0"))
    agent.wait_for("TASK_FINISHED", seconds=60)


def test_a_layer_with_a_wrong_digest_is_fetched_again(make_agent, make_front, new_image):
    served = []

    def trouble(path):
        if "/blobs/" in path and len(served) < 2:
            served.append(path)
            return b"this is not what the digest says"
        return None

    front = make_front(trouble)
    agent = make_agent().start()
    agent.launch(docker_task(f"{front.address}/{new_image}", "exit 0"))
    agent.wait_for("TASK_FINISHED", seconds=90)
    assert served, "the wrong bytes were served"


@pytest.mark.parametrize("status, words", [(404, "manifest unknown"), (401, "unauthorized"), (403, "denied")])
def test_refusals_are_final(make_agent, make_front, images, status, words):
    front = make_front(lambda path: status if "/manifests/" in path else None)
    agent = make_agent().start()
    agent.launch(docker_task(image_at(front.address, images), "exit 0"))
    last = agent.wait_for("TASK_FAILED", seconds=30)
    assert words in last.message
    assert "attempts" not in last.message, "it is of no use to try again"


def test_a_kill_does_not_wait_for_a_registry_that_hangs(make_agent, make_front, images):
    front = make_front(lambda path: "hang" if "/manifests/" in path else None)
    agent = make_agent().start()
    agent.launch(docker_task(image_at(front.address, images), "exit 0"))
    wait_until(lambda: any("/manifests/" in path for path in front.requests), 20, "the request for the manifest")
    began = time.monotonic()
    agent.kill(grace=0)
    agent.wait_for("TASK_KILLED", seconds=10)
    agent.process.wait(timeout=10)
    assert time.monotonic() - began < 8


def test_one_pull_for_many_executors(make_agent, make_front, new_image):
    front = make_front()
    agents = [make_agent().start() for _ in range(4)]
    for agent in agents:
        agent.launch(docker_task(f"{front.address}/{new_image}", "exit 0"))
    for agent in agents:
        agent.wait_for("TASK_FINISHED", seconds=60)
    counts = collections.Counter(path for path in front.requests if "/blobs/" in path)
    assert min(counts.values()) == 1, "the layer came once; Docker reads the image's configuration for each pull"


def test_progress_tells_layers_and_bytes(make_agent, make_front, new_image):
    front = make_front(lambda path: time.sleep(6) if "/blobs/" in path else None)
    agent = make_agent().start()
    agent.launch(docker_task(f"{front.address}/{new_image}", "exit 0"))
    agent.wait_for("TASK_FINISHED", seconds=90)
    told = [json.loads(status.data) for status in agent.statuses if status.data and b'"pull"' in status.data]
    assert told and all(each["pull"]["layers_total"] >= 1 for each in told)
