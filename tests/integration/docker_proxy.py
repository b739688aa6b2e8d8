"""Other Docker Engines, played in front of the real one by an HTTP proxy that changes versions and fields.

A request is passed on in the newest version that the real Engine knows. What the played Engine would not know is taken
out of it and noted; what it would not say is taken out of the answer. Facts: the version history of the Engine API.
"""

import http.client
import json
import os
import re
import socket
import socketserver
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler

REAL_SOCKET = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")

# Fields of the body of POST /containers/create, and since when an Engine knows them.
CREATE_FIELDS = {
    ("Healthcheck", "StartPeriod"): 29,
    ("Healthcheck", "StartInterval"): 44,
    ("HostConfig", "DeviceCgroupRules"): 28,
    ("HostConfig", "DeviceRequests"): 40,
    ("HostConfig", "CgroupnsMode"): 41,
    ("HostConfig", "Annotations"): 43,
}
# Query parameters: method, end of the path, name, version.
QUERY_FIELDS = [
    ("POST", "/containers/create", "platform", 41),
    ("POST", "/images/create", "platform", 32),
    ("POST", "/wait", "condition", 30),
]
# In NetworkSettings itself, until 1.51.
OLD_ADDRESSES = (
    "Bridge HairpinMode LinkLocalIPv6Address LinkLocalIPv6PrefixLen SecondaryIPAddresses SecondaryIPv6Addresses"
    " EndpointID Gateway GlobalIPv6Address GlobalIPv6PrefixLen IPAddress IPPrefixLen IPv6Gateway MacAddress"
).split()


NO_SLICE = 'cgroup-parent for systemd cgroup should be a valid slice named as "xxx.slice"'


@dataclass
class Engine:
    """One that speaks API 1.<oldest> to 1.<newest>."""

    newest: int
    oldest: int = 12
    forgetful: bool = False  # says in every version only what it says in its newest
    systemd: bool = False  # has systemd manage the control groups, and so wants slices for parents


class UnixHttp(http.client.HTTPConnection):
    def __init__(self):
        super().__init__("docker", timeout=600)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(REAL_SOCKET)


def real_newest():
    connection = UnixHttp()
    connection.request("GET", "/version")
    return int(json.load(connection.getresponse())["ApiVersion"].split(".")[1])


def drop(document, *names):
    for name in names:
        if isinstance(document, dict):
            document.pop(name, None)


def old_mac_address(body):
    """As the real Engine has it: for the container, not for its networks."""
    for network in ((body.get("NetworkingConfig") or {}).get("EndpointsConfig") or {}).values():
        if address := network.pop("MacAddress", ""):
            body["MacAddress"] = address


def change_container(document, version):
    state, settings = document["State"], document["NetworkSettings"]
    if version >= 44:
        drop(document["Config"], "MacAddress")
    if version >= 52:
        drop(settings, *OLD_ADDRESSES)
        drop(document, "GraphDriver")
        document["Storage"] = {"RootFS": {"Snapshot": {"Name": "overlayfs"}}}
        state.setdefault("Health", {"Status": "none", "FailingStreak": 0, "Log": []})
    if version < 26:
        drop(settings, "SandboxID")


def change_image(document, version):
    if version >= 44:
        drop(document, "VirtualSize")
    if version >= 45:
        drop(document, "Container", "ContainerConfig")
    if version >= 50:
        drop(document, "Parent", "DockerVersion")
        empty = [name for name, value in document["Config"].items() if not value]
        drop(document["Config"], *empty)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    @property
    def engine(self):
        return self.server.proxy.engine

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        found = re.match(r"/v1\.(\d+)(/.*)", self.path)
        version, path = (int(found[1]), found[2]) if found else (self.engine.newest, self.path)
        self.server.proxy.calls.append((self.command, int(found[1]) if found else None, path))
        if path == "/version":
            return self.version()
        if path == "/_ping":
            return self.answer(200, "OK")
        if refusal := self.refusal(version):
            return self.answer(400, {"message": refusal})
        if self.engine.systemd and path.startswith("/containers/create"):
            parent = json.loads(body).get("HostConfig", {}).get("CgroupParent", "")
            if parent and not parent.endswith(".slice"):
                return self.answer(400, {"message": NO_SLICE})
        if (own := self.server.proxy.answers(self.command, path)) is not None:
            return self.answer(*own)
        self.forward(version, path, self.known(version, path, body))

    do_POST = do_DELETE = do_HEAD = do_GET

    def refusal(self, version):
        if version > self.engine.newest:
            return f"client version 1.{version} is too new. Maximum supported API version is 1.{self.engine.newest}"
        if version < self.engine.oldest:
            return (
                f"client version 1.{version} is too old. Minimum supported API version is 1.{self.engine.oldest},"
                " please upgrade your client to a newer version"
            )
        return None

    def version(self):
        told = {"ApiVersion": f"1.{self.engine.newest}", "MinAPIVersion": f"1.{self.engine.oldest}", "Os": "linux"}
        self.answer(200, told | {"Version": "played", "Arch": "amd64", "Components": [{"Name": "Engine"}]})

    def known(self, version, path, body):
        """The body as that Engine takes it in."""
        for method, end, name, since in QUERY_FIELDS:
            target, _, query = path.partition("?")
            if method == self.command and target.endswith(end) and f"{name}=" in query and version < since:
                self.server.proxy.unknown.append(name)
        if not path.startswith("/containers/create"):
            return body
        document = json.loads(body)
        for (outer, inner), since in CREATE_FIELDS.items():
            if version < since and inner in (document.get(outer) or {}):
                del document[outer][inner]
                self.server.proxy.unknown.append(inner)
        if version >= 44 and "MacAddress" in document:
            self.server.proxy.unknown.append("MacAddress")
        if version >= 44:
            old_mac_address(document)
        return json.dumps(document).encode()

    def answer(self, status, document):
        body = b"" if self.command == "HEAD" else json.dumps(document).encode() + b"\n"
        self.send_response(status)
        self.send_header("Api-Version", f"1.{self.engine.newest}")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def forward(self, version, path, body):
        target = f"/v1.{min(version, self.server.proxy.real_newest)}{path}"
        if "upgrade" in self.headers.get("Connection", "").lower():
            return self.forward_upgrade(version, target, body)
        headers = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in ("host", "connection", "content-length")
        }
        upstream = UnixHttp()
        try:
            upstream.request(self.command, target, body, headers)
            self.pass_back(version, path, upstream.getresponse())
        except OSError:
            self.close_connection = True
        finally:
            upstream.close()

    def pass_back(self, version, path, response):
        target = path.partition("?")[0]
        change = None
        if re.fullmatch(r"/containers/[^/]+/json", target):
            change = change_container
        elif re.fullmatch(r"/images/.+/json", target):
            change = change_image
        # The head of wait's answer comes early only since 1.30.
        whole = change or (target.endswith("/wait") and version < 30) or response.status in (204, 304)
        if whole:
            return self.pass_back_whole(version, response, change)
        self.send_response(response.status)
        self.send_header("Content-Type", response.getheader("Content-Type", "application/json"))
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while piece := response.read1(65536):
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def pass_back_whole(self, version, response, change):
        body = response.read()
        if change and response.status == 200:
            document = json.loads(body)
            change(document, self.engine.newest if self.engine.forgetful else version)
            body = json.dumps(document).encode()
        self.send_response(response.status)
        self.send_header("Content-Type", "application/json")
        if response.status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def forward_upgrade(self, version, target, body):
        upstream = socket.socket(socket.AF_UNIX)
        upstream.connect(REAL_SOCKET)
        head = f"{self.command} {target} HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        upstream.sendall(head.encode() + body)
        reader = upstream.makefile("rb")
        lines = [reader.readline()]
        while lines[-1] not in (b"\r\n", b""):
            lines.append(reader.readline())
        if version >= 42:
            lines = [line.replace(b"vnd.docker.raw-stream", b"vnd.docker.multiplexed-stream") for line in lines]
        self.wfile.write(b"".join(lines))
        threading.Thread(target=self.copy_up, args=(upstream,), daemon=True).start()
        while piece := reader.read1(65536):
            self.wfile.write(piece)
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_WR)

    def copy_up(self, upstream):
        try:
            while piece := self.rfile.read1(65536):
                upstream.sendall(piece)
            upstream.shutdown(socket.SHUT_WR)
        except (OSError, ValueError):
            pass


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass  # a client that has gone


class DockerProxy:
    def __init__(self, path, engine):
        self.engine = engine
        self.real_newest = real_newest()
        self.calls = []  # method, minor version or None, path
        self.unknown = []  # what was asked of an Engine that does not know it
        self.answers = lambda method, path: None  # an answer of the test's own: status, document
        self.host = f"unix://{path}"
        self.server = Server(str(path), Handler)
        self.server.proxy = self
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def versions(self):
        return {version for _, version, _ in self.calls if version is not None}

    def close(self):
        self.server.shutdown()
        self.server.server_close()
