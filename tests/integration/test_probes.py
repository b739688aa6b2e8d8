"""The probes of checks in real containers: windlass-probe makes one and prints what came of it."""

import os
import subprocess
import time
import uuid

import pytest
from windlass import BUILD, wait_until

DOCKER_HOST = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")


class Container:
    def __init__(self, image, command, *options):
        self.name = f"windlass-probe-{uuid.uuid4().hex[:8]}"
        arguments = ["docker", "run", "-d", "--name", self.name, *options, image, "sh", "-c", command]
        subprocess.run(arguments, check=True, capture_output=True, timeout=60)

    def pid(self):
        return int(self.inspect("{{.State.Pid}}"))

    def inspect(self, template):
        command = ["docker", "inspect", "-f", template, self.name]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout.strip()

    def probe(self, *words, timeout=10_000, by_address=False):
        return probe(("address:" if by_address else "") + self.name, *words, timeout=timeout)

    def remove(self):
        subprocess.run(["docker", "rm", "-f", "-v", self.name], capture_output=True, timeout=60)


def probe(container, *words, timeout=10_000, wrapper=(), **environment):
    command = [*wrapper, BUILD / "windlass-probe", DOCKER_HOST, container, str(timeout), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=dict(os.environ) | environment)
    assert done.returncode == 0 and done.stdout, done.stderr
    return done.stdout.rstrip("\n").rstrip()


@pytest.fixture
def run(images):
    made = []

    def start(command, *options):
        made.append(Container(images.busybox, command, *options))
        return made[-1]

    yield start
    for container in made:
        container.remove()


WEB = """mkdir -p /www/cgi-bin; echo hello >/www/index.html
printf '#!/bin/sh\\nprintf "Status: 503 Away\\\\r\\\\n\\\\r\\\\nno"' >/www/cgi-bin/away
printf '#!/bin/sh\\nprintf "Status: 302 Found\\\\r\\\\nLocation: /\\\\r\\\\n\\\\r\\\\n"' >/www/cgi-bin/moved
printf '#!/bin/sh\\nsleep 60' >/www/cgi-bin/slow; chmod 755 /www/cgi-bin/*; exec httpd -f -h /www -p """


@pytest.fixture
def web(run):
    """Serves on its loopback only: who is answered is in its network."""
    container = run(WEB + "127.0.0.1:80")
    wait_until(lambda: container.probe("tcp", 80) == "connected", 10, "httpd")
    return container


def processes_of(container):
    shown = subprocess.run(["docker", "top", container.name], capture_output=True, text=True, timeout=30)
    return shown.stdout


# --- commands ----------------------------------------------------------------------------------------------------


def test_commands_run_in_the_container(run):
    container = run("sleep 600", "-e", "COLOR=green", "-w", "/tmp")
    assert container.probe("sh", 'echo "$COLOR" "$(pwd)"; exit 3') == "exited 3 green /tmp"
    assert container.probe("sh", "true") == "exited 0"
    assert container.probe("exec", "echo", "a  b", "$COLOR") == "exited 0 a  b $COLOR"
    assert container.probe("sh", "kill -9 $$") == "exited 137"
    assert container.probe("sh", "head -c 300000 /dev/zero | tr '\\0' x; echo; echo end").endswith("x\nend")


def test_a_command_that_is_not_there(run):
    container = run("sleep 600")
    text = container.probe("exec", "/bin/nope")
    assert text.startswith(("exited 126", "exited 127", "failed ")) and "/bin/nope" in text, text


def test_a_command_that_takes_too_long_is_killed_with_its_children(run):
    container = run("sleep 600")
    began = time.monotonic()
    assert container.probe("sh", "sleep 4321 & sleep 1234; true", timeout=1000) == "timed out"
    assert time.monotonic() - began < 10
    wait_until(lambda: "sleep 1234" not in processes_of(container), 10, "its end")
    assert "sleep 4321" not in processes_of(container)
    assert "sleep 600" in processes_of(container)


def test_what_a_command_leaves_behind_does_not_hold_it(run):
    container = run("sleep 600")
    assert container.probe("sh", "sleep 4321 & exit 4", timeout=2000) == "exited 4"


def test_containers_that_do_not_run(run):
    container = run("exit 0")
    wait_until(lambda: container.inspect("{{.State.Running}}") == "false", 10, "its end")
    assert container.probe("sh", "true").startswith("unknown ")
    for kind in (("http", 80, "/"), ("tcp", 80)):
        assert container.probe(*kind) == "unknown the task has ended"


def test_a_paused_container(run):
    container = run("sleep 600")
    subprocess.run(["docker", "pause", container.name], check=True, capture_output=True, timeout=30)
    text = container.probe("sh", "true")
    assert text.startswith("failed ") and "paused" in text, text
    subprocess.run(["docker", "unpause", container.name], check=True, capture_output=True, timeout=30)
    assert container.probe("sh", "true") == "exited 0"


# --- HTTP and TCP ------------------------------------------------------------------------------------------------


def test_http_in_the_container_s_network(web):
    assert web.probe("http", 80, "") == "answered 200"
    assert web.probe("http", 80, "/index.html") == "answered 200"
    assert web.probe("http", 80, "/nope") == "answered 404"
    assert web.probe("http", 80, "/cgi-bin/away") == "answered 503"
    assert web.probe("http", 80, "/cgi-bin/moved") == "answered 200"
    assert web.probe("http", 80, "/cgi-bin/slow", timeout=700) == "timed out"
    text = web.probe("http", 81, "/")
    assert text.startswith("failed ") and text.endswith("Connection refused"), text


def test_tcp_in_the_container_s_network(web):
    assert web.probe("tcp", 80) == "connected"
    assert web.probe("tcp", 81) == "refused connect to 127.0.0.1:81: Connection refused"


def test_a_container_without_a_network_has_its_loopback(run):
    container = run("nc -ll -p 7 -e cat", "--network", "none")
    wait_until(lambda: container.probe("tcp", 7) == "connected", 10, "nc")


def test_ipv6(run):
    container = run("httpd -f -p [::1]:80", "--network", "none", "--sysctl", "net.ipv6.conf.lo.disable_ipv6=0")
    wait_until(lambda: container.probe("tcp", 80, 6) == "connected", 10, "httpd")
    assert container.probe("http", 80, "/", 6) == "answered 404"
    assert container.probe("tcp", 80).startswith("refused ")


def test_the_host_s_network(run):
    container = run("httpd -f -p 127.0.0.1:38080", "--network", "host")
    wait_until(lambda: container.probe("tcp", 38080) == "connected", 10, "httpd")
    assert container.probe("tcp", 38080, by_address=True) == "connected"


def test_by_address_without_the_right_to_enter(run):
    container = run("httpd -f -p 80")
    wait_until(lambda: container.probe("tcp", 80) == "connected", 10, "httpd")
    assert container.probe("http", 80, "/", by_address=True) == "answered 404"
    without = ("setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-all")
    assert probe(container.name, "http", 80, "/", wrapper=without) == "answered 404"
    assert probe(container.name, "tcp", 80, wrapper=without) == "connected"


def test_no_network_and_no_right_to_enter(run):
    container = run("sleep 600", "--network", "none")
    without = ("setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-all")
    text = probe(container.name, "tcp", 80, wrapper=without)
    assert text.startswith("failed cannot enter the container's network (") and "no IPv4 address" in text, text


# --- HTTPS -------------------------------------------------------------------------------------------------------

SERVER = """
import http.server, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(302 if self.path == "/moved" else int(self.path[1:] or 200))
        self.send_header("Location", "/204")
        self.end_headers()
    def log_message(self, *words): pass
server = http.server.HTTPServer(("127.0.0.1", 443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1])
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""


@pytest.fixture
def secure(run, tmp_path):
    """A container in whose network a server listens that has a certificate of its own making."""
    container = run("sleep 600", "--network", "none")
    pem = tmp_path / "server.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=nobody", "-days", "1"]
    subprocess.run([*make, "-keyout", pem, "-out", tmp_path / "cert"], check=True, capture_output=True, timeout=60)
    pem.write_bytes(pem.read_bytes() + (tmp_path / "cert").read_bytes())
    command = ["nsenter", "-t", str(container.pid()), "-n", "/usr/bin/python3", "-c", SERVER, str(pem)]
    server = subprocess.Popen(command)
    wait_until(lambda: container.probe("tcp", 443) == "connected", 20, "the server")
    yield container
    server.kill()
    server.wait()


def test_https_in_the_container_s_network(secure, tmp_path):
    assert secure.probe("https", 443, "/") == "answered 200"
    assert secure.probe("https", 443, "/503") == "answered 503"
    assert secure.probe("https", 443, "/moved") == "answered 204"
    text = secure.probe("https", 444, "/")
    assert text.startswith("failed curl: (7)"), text
    assert probe(secure.name, "https", 443, "/", PATH=str(tmp_path)) == (
        "failed checks by HTTPS need curl on the agent, and it is not in its PATH"
    )


def test_https_heeds_no_proxy(secure):
    assert probe(secure.name, "https", 443, "/", https_proxy="http://127.0.0.1:1", ALL_PROXY="http://127.0.0.1:1") == (
        "answered 200"
    )


# --- Docker's HEALTHCHECK ----------------------------------------------------------------------------------------


def test_the_healthcheck_of_docker(run):
    assert run("sleep 600").probe("docker") == "docker none"
    options = ("--health-interval", "0.2s", "--health-retries", "1", "--health-cmd", "test -e /tmp/well")
    container = run("sleep 1; touch /tmp/well; sleep 600", *options)
    wait_until(lambda: container.probe("docker") == "docker healthy", 20, "health")
    container.probe("sh", "rm /tmp/well")
    wait_until(lambda: container.probe("docker") == "docker unhealthy", 20, "illness")
