#!/usr/bin/python3
"""windlass-executor alone, with an agent that this script plays: what it costs beside 1, 10 and 100 containers.

usage: bench/executor.py [--quick] [RUNS]     10 runs of each for each number of containers, in turn; medians

Prints the size of the program; then, for each number of containers: the time from its start to its SUBSCRIBE, the time
from LAUNCH to the running container over raw create and start of the same container, and the private dirty memory
(smaps_rollup) of executors and reapers together.
"""

import contextlib
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from http.server import ThreadingHTTPServer
from pathlib import Path

from stack import BUILD, IMAGE, arguments, docker, median, private_dirty_kib, processes_in, spec_like

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "integration"))
import fake_agent  # noqa: E402

SIZE_TARGET_MB = 6
SUBSCRIBE_TARGET_MS = 10
ADDED_TARGET_MS = 10
MEMORY_TARGET_MIB = 0.75
MESOS_MIB = 10.1  # executor 5.1 and its `docker run` 5.0, Mesos 1.12 on Debian 12, measured the same way
END_SECONDS = 60


class Handler(fake_agent.Handler):
    def agent_of(self, call):
        return self.server.executors[call.executor_id.value]


class Executor(fake_agent.FakeAgent):
    """One windlass-executor. Its task follows SUBSCRIBED at once. Times are in ns by the clock of dockerd's events."""

    def __init__(self, server, folder):
        self.server = server
        super().__init__(folder)
        server.executors[self.container_id] = self
        self.started_at = self.subscribed_at = self.launched_at = 0
        self.greeted = threading.Event()

    def listen(self, port):
        """One server for all: a hundred of them would be a load of their own."""
        self.port = self.server.server_address[1]

    def greet(self, call):
        self.subscribed_at = time.time_ns()
        super().greet(call)
        self.launched_at = time.time_ns()
        self.launch(self.sleeping_task())
        self.greeted.set()

    @staticmethod
    def sleeping_task():
        """In the host's network: then nothing but our own work differs between the sides."""
        task = fake_agent.docker_task(IMAGE, network="HOST")
        task.command.arguments.extend(["sleep", "100000"])
        # sleep, as the first process, would not heed SIGTERM
        task.container.docker.parameters.add(key="stop-signal", value="SIGKILL")
        return task

    def run(self):
        self.started_at = time.time_ns()
        self.spawn(MESOS_EXECUTOR_ID=self.container_id)
        if not self.greeted.wait(END_SECONDS):
            raise RuntimeError(f"no SUBSCRIBE of an executor: {self.output('stderr').decode(errors='replace')}")


class Agent:
    """Plays the agent of all executors."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="windlass-bench-"))
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.executors = {}
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.running = []

    def run(self):
        executor = Executor(self.server, self.folder)
        executor.run()
        self.running.append(executor)
        return executor

    def end(self, executors):
        for executor in executors:
            executor.shutdown()
        for executor in executors:
            executor.process.wait(timeout=END_SECONDS)
            self.running.remove(executor)

    def memory_mib(self):
        """Of all executors and reapers, when it has come to rest."""
        last, rested = None, 0
        deadline = time.monotonic() + 30
        while rested < 5 and time.monotonic() < deadline:
            processes = processes_in(self.folder)
            now = sum(map(private_dirty_kib, processes))
            rested = rested + 1 if now == last else 0
            last = now
            time.sleep(0.5)  # five of them are longer than what an executor waits before its last clean-up
        return last / 1024, len(processes)

    def close(self):
        for process in processes_in(self.folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        for executor in self.running:
            executor.process.wait()
        self.server.shutdown()
        shutil.rmtree(self.folder, ignore_errors=True)


def run_once(agent, starts):
    """(executor, start to SUBSCRIBE, LAUNCH to running), in ms."""
    executor = agent.run()
    _, started = starts.wait(1)[0]
    return executor, (executor.subscribed_at - executor.started_at) / 1e6, (started - executor.launched_at) / 1e6


def raw_once(engine, starts, spec):
    began = time.time_ns()
    container = engine.start(spec)
    _, started = starts.wait(1)[0]
    engine.remove(container)
    return (started - began) / 1e6


def measure(agent, engine, starts, spec, count, runs):
    """Of the last of so many containers; the others stay for the next, larger number."""
    others = [agent.run() for _ in range(count - 1 - len(agent.running))]
    starts.wait(len(others))
    subscribes, launches, raws = [], [], []
    for run in range(runs):
        if run > 0:
            agent.end(agent.running[-1:])
        _, subscribe, launch = run_once(agent, starts)
        subscribes.append(subscribe)
        launches.append(launch)
        raws.append(raw_once(engine, starts, spec))
    added = median([launch - raw for launch, raw in zip(launches, raws)])
    print(f"{count} containers: start to SUBSCRIBE {median(subscribes):.1f} ms, "
          f"{median(subscribes) / SUBSCRIBE_TARGET_MS:.2f} of the target of {SUBSCRIBE_TARGET_MS} ms ({runs} runs)")
    print(f"{count} containers: LAUNCH to running {median(launches):.1f} ms, raw {median(raws):.1f} ms, "
          f"ratio {median(launches) / median(raws):.3f}, added {added:.1f} ms "
          f"(target: at most {ADDED_TARGET_MS} ms; {runs} runs)")
    memory, processes = agent.memory_mib()
    print(f"{count} containers: {memory / count:.2f} MiB private dirty for each in {processes / count:.1f} processes, "
          f"{memory / count / MEMORY_TARGET_MIB:.2f} of the target of {MEMORY_TARGET_MIB}, "
          f"{memory / count / MESOS_MIB:.3f} of Mesos 1.12", flush=True)


def main(runs, counts):
    size = (BUILD / "windlass-executor").stat().st_size / 1e6
    print(f"size of windlass-executor: {size:.2f} MB, {size / SIZE_TARGET_MB:.2f} of the target of {SIZE_TARGET_MB} MB")
    with docker() as (engine, starts), contextlib.closing(Agent()) as agent:
        agent.run()
        spec = spec_like(engine, starts.wait(1)[0][0])  # its sandbox stays: the raw ones mount it too
        agent.end(list(agent.running))
        for count in counts:
            measure(agent, engine, starts, spec, count, runs)
        agent.end(list(agent.running))


if __name__ == "__main__":
    options, (wanted,) = arguments(__doc__, 10)
    main(*((1, (2,)) if options.quick else (wanted, (1, 10, 100))))
