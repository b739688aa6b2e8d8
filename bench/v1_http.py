#!/usr/bin/python3
"""What the v1 API answers in a second, and how fast, under wrk on this machine's loopback.

usage: bench/v1_http.py [--quick] [SECONDS]     2 seconds for each figure

Reads, with 1, 10 and 100 apps that run one instance each (a plain command: no Docker is needed): over nginx with one
worker that serves the same bytes as a file, and over GET /ping. Writes, each in the journal before it is answered:
POST /v1/apps/scale of apps that wait for an offer, over the plain writes and syncs of the same disk.
"""

import contextlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from stack import Windlass, arguments, free_port, private_dirty_kib, windlass_alone

LUA = Path(__file__).with_name("wrk.lua")
CONNECTIONS = 64
MANY_CONNECTIONS = 1000
READS = ("/ping", "/v1/apps", "/v1/endpoints", "/v1/apps/app0/tasks")
HUGE = 10**6  # cpus: no offer has so many
SYNC_SECONDS = 0.5


def wrk(port, path, seconds, connections, *words):
    """What wrk.lua prints, as a dictionary, with the rate."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "10s", "-s", LUA,
               f"http://127.0.0.1:{port}{path}", "--", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not lines:
        raise RuntimeError(f"wrk {path}: {done.stderr or done.stdout}")
    found = json.loads(lines[0])
    if found["refused"] or found["broken"]:
        raise RuntimeError(f"wrk {path}: {found}")
    return found | {"rate": found["requests"] / found["seconds"]}


def describe(found):
    return (f"{found['rate']:.0f}/s (p50 {found['p50']:.2f} ms, p90 {found['p90']:.2f} ms, "
            f"p99 {found['p99']:.2f} ms)")


class Nginx:
    """One worker that serves files, without a log."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="windlass-bench-"))
        self.folder.chmod(0o755)
        self.port = free_port()
        temporary = "\n".join(f"  {kind}_temp_path {self.folder}/{kind};"
                              for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;" if os.geteuid() == 0 else ""  # one who may enter our folder
        (self.folder / "nginx.conf").write_text(f"""
daemon off;
{user}
worker_processes 1;
pid {self.folder}/pid;
error_log stderr error;
events {{ worker_connections 8192; }}
http {{
{temporary}
  access_log off;
  sendfile on;
  keepalive_requests 100000000;
  open_file_cache max=100;
  default_type application/json;
  server {{ listen 127.0.0.1:{self.port} backlog=4096; root {self.folder}/files; }}
}}
""")
        (self.folder / "files").mkdir()
        path = os.environ["PATH"] + ":/usr/sbin"
        program = shutil.which("nginx", path=path) or sys.exit("nginx is not there: tools/install bench")
        log = (self.folder / "log").open("wb")
        self.process = subprocess.Popen([program, "-c", self.folder / "nginx.conf", "-e", "stderr"],
                                        stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.serve("ready", "")
        Windlass.wait_until(self.answers, 20, "the answer of nginx")

    def serve(self, name, text):
        (self.folder / "files" / name).write_text(text)

    def answers(self):
        if self.process.poll() is not None:
            sys.exit(f"nginx ended with {self.process.returncode}:\n{(self.folder / 'log').read_text()}")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/ready")
            return connection.getresponse().status == 200
        return False

    def close(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def start_app(windlass, app, **fields):
    windlass.call("POST", "/v1/apps/start", {"id": app, "instances": 1, "cpus": 0.1, "mem": 32,
                                             "cmd": "exec sleep 100000", **fields})


def all_run(windlass, count):
    return sum(len(line.split()) > 2 for line in windlass.call("GET", "/v1/endpoints").splitlines()) >= count


def measure_read(windlass, nginx, path, seconds, connections):
    """(ours, that of nginx with the same bytes, how many)."""
    name = f"{path.strip('/').replace('/', '_')}_{time.monotonic_ns()}"
    body = windlass.call("GET", path)
    nginx.serve(name, body)
    ours = wrk(windlass.port, path, seconds, connections)
    theirs = wrk(nginx.port, f"/{name}", seconds, connections)
    return ours, theirs, len(body.encode())


def measure_reads(windlass, nginx, paths, apps, seconds):
    """The rate of /ping, the first of the paths."""
    ping = None
    for path in paths:
        ours, theirs, size = measure_read(windlass, nginx, path, seconds, CONNECTIONS)
        ping = ping or ours["rate"]
        print(f"GET {path}, {apps} apps: {describe(ours)}, nginx {describe(theirs)}, "
              f"ratio {ours['rate'] / theirs['rate']:.3f}, of /ping {ours['rate'] / ping:.3f} "
              f"({size} bytes, {CONNECTIONS} connections)", flush=True)
    return ping


def syncs_per_second(folder):
    """One plain write and fdatasync after the other, on the journal's disk."""
    count, began = 0, time.monotonic()
    with (folder / "syncs").open("wb", buffering=0) as file:
        while (taken := time.monotonic() - began) < SYNC_SECONDS:
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
            count += 1
    return count / taken


def measure_writes(windlass, ping, seconds, apps):
    for app in range(apps):
        start_app(windlass, f"waits{app}", cpus=HUGE)
    for connections in (1, CONNECTIONS):
        syncs = syncs_per_second(windlass.folder)
        ours = wrk(windlass.port, "/v1/apps/scale", seconds, connections, "scale", apps)
        print(f"POST /v1/apps/scale: {describe(ours)}, write and sync {syncs:.0f}/s, "
              f"ratio {ours['rate'] / syncs:.3f}, of /ping {ours['rate'] / ping:.3f} ({connections} connections)",
              flush=True)


def main(seconds, counts=(1, 10, 100), paths=READS, many=MANY_CONNECTIONS):
    if shutil.which("wrk") is None:
        sys.exit("wrk is not there: tools/install bench")
    with contextlib.closing(Nginx()) as nginx, windlass_alone() as windlass:
        started = 0
        for count in counts:
            for number in range(started, count):
                start_app(windlass, f"app{number}")
            started = count
            windlass.wait_until(lambda: all_run(windlass, count), 120, f"{count} running instances")
            ping = measure_reads(windlass, nginx, paths, count, seconds)
        ours, theirs, size = measure_read(windlass, nginx, "/v1/endpoints", seconds, many)
        print(f"GET /v1/endpoints, {started} apps: {describe(ours)}, nginx {describe(theirs)}, "
              f"ratio {ours['rate'] / theirs['rate']:.3f} ({size} bytes, {many} connections)")
        measure_writes(windlass, ping, seconds, min(started, 10))
        print(f"windlass itself: {private_dirty_kib(windlass.process.pid) / 1024:.1f} MiB private dirty "
              f"with {started} apps, after all that")


if __name__ == "__main__":
    options, (wanted,) = arguments(__doc__, 2)
    if options.quick:
        main(1, counts=(1,), paths=READS[:2], many=CONNECTIONS)
    else:
        main(wanted)
