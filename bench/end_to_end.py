#!/usr/bin/python3
"""Placements end to end: `windlass scheduler` and `windlass engine --simulated_agents=N` over HTTP, both journals on.

usage: bench/end_to_end.py [--quick] [INSTANCES]     100000 instances: in one app, in 100 apps, in 10000 apps

From the first POST until the engine has all tasks running; with 1000 and with 10000 agents. Apps are posted over eight
connections: each POST waits for a sync of the disk, and one client alone would measure that. While one app is placed
its tasks are not read (they are many); while 100 and 10000 apps are placed one app's tasks are, all the time.
"""

import contextlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stack import BUILD, Peer, arguments, free_port

TARGET = 10_000
READ_TARGET_MS = 20
POSTERS = 8
PER_INSTANCE = {"cpus": 0.05, "mem": 16}


class Cluster:
    def __init__(self, agents):
        self.folder = Path(tempfile.mkdtemp(prefix="windlass-bench-"))
        self.master_port, self.http_port = free_port(), free_port()
        self.engine, self.scheduler = Peer(self.master_port), Peer(self.http_port)
        self.processes = []
        self.start("engine", f"--master_port={self.master_port}", f"--simulated_agents={agents}",
                   "--allocation_interval=100ms")
        self.start("scheduler", f"--http_port={self.http_port}", f"--master=127.0.0.1:{self.master_port}")
        self.wait_until(lambda: self.metric("frameworks_active") == 1, 30, "the subscription")
        self.wait_until(lambda: self.scheduler.call("GET", "/ping").startswith("pong"), 30, "the answer to /ping")

    def start(self, name, *flags):
        if not (BUILD / "windlass").exists():
            sys.exit(f"{BUILD / 'windlass'} is not built: cmake --preset release && cmake --build --preset release")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("WINDLASS_")}
        command = [BUILD / "windlass", name, *flags, "--hostname=127.0.0.1", f"--work_dir={self.folder}/{name}",
                   "--log_level=warning"]
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                   env=environment, start_new_session=True))

    def metric(self, name):
        return json.loads(self.engine.call("GET", "/metrics/snapshot"))[f"master/{name}"]

    def wait_until(self, condition, seconds, what):
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if condition():
                    return
            if any(process.poll() is not None for process in self.processes) or time.monotonic() > deadline:
                sys.exit(f"{what} did not come within {seconds} s\n{self.last_words()}")
            time.sleep(0.01)

    def post(self, numbers, instances):
        peer = Peer(self.http_port)
        for number in numbers:
            fields = {"id": f"app{number}", "instances": instances, "cmd": "sleep 100000", **PER_INSTANCE}
            peer.call("POST", "/v1/apps/start", fields)

    def place(self, apps, instances):
        """Seconds from the first POST until all run."""
        began = time.monotonic()
        with ThreadPoolExecutor(POSTERS) as posters:
            list(posters.map(lambda first: self.post(range(first, apps, POSTERS), instances // apps), range(POSTERS)))
        wanted = instances // apps * apps
        self.wait_until(lambda: self.metric("tasks_running") == wanted, 600, f"{wanted} running tasks")
        return time.monotonic() - began

    def last_words(self):
        return "\n".join(f"{log}:\n{log.read_text(errors='replace')[-1500:]}" for log in self.folder.glob("*.log"))

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Reader:
    """Reads one app's tasks again and again, and notes how long each answer took, in ms."""

    def __init__(self, port):
        self.peer, self.times, self.ended = Peer(port), [], threading.Event()
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        while not self.ended.wait(0.005):
            began = time.monotonic()
            with contextlib.suppress(RuntimeError, OSError, http.client.HTTPException):  # not there yet
                self.peer.call("GET", "/v1/apps/app0/tasks")
                self.times.append((time.monotonic() - began) * 1000)

    def p99(self):
        self.ended.set()
        self.thread.join()
        return sorted(self.times)[len(self.times) * 99 // 100] if self.times else float("nan")


def measure(agents, apps, instances):
    cluster = Cluster(agents)
    try:
        reader = Reader(cluster.http_port) if apps > 1 else None
        try:
            seconds = cluster.place(apps, instances)
        finally:
            p99 = reader.p99() if reader else None
        rate = instances // apps * apps / seconds
        reads = f"; reads p99 {p99:.1f} ms (target: at most {READ_TARGET_MS})" if reader else ""
        print(f"end to end, {agents} agents, {instances} instances in {apps} apps: {rate:.0f}/s, "
              f"{rate / TARGET:.2f} of the target of {TARGET}/s{reads}", flush=True)
    except (RuntimeError, OSError) as error:
        sys.exit(f"{error}\n{cluster.last_words()}")
    finally:
        cluster.close()


def main(instances, quick):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    for agents in (50, 100) if quick else (1000, 10_000):
        for apps in (1, 10, 50) if quick else (1, 100, 10_000):
            measure(agents, apps, instances)


if __name__ == "__main__":
    options, (wanted,) = arguments(__doc__, 100_000)
    main(500 if options.quick else wanted, options.quick)
