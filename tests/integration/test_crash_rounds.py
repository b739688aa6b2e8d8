"""Many rounds of kill -9, of windlass and of executors, under a supervisor that starts windlass again at once: nothing
that was acknowledged is lost, nothing runs twice, no start is refused. WINDLASS_CRASH_ROUNDS says how many."""

import contextlib
import os
import random
import signal
import threading

import requests

from windlass import wait_until

ROUNDS = int(os.environ.get("WINDLASS_CRASH_ROUNDS", "20"))


class Supervisor:
    """Starts windlass again whenever it has ended, without any pause; remembers ends that nobody asked for."""

    def __init__(self, windlass):
        self.windlass = windlass
        self.refused = []
        self.leaving = threading.Event()
        self.thread = threading.Thread(target=self.run)
        windlass.launch()
        self.thread.start()

    def run(self):
        while True:
            code = self.windlass.process.wait()
            if self.leaving.is_set():
                return
            if code != -signal.SIGKILL:
                self.refused.append((code, self.windlass.log()[-500:]))
            self.windlass.launch()

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            self.windlass.process.kill()

    def leave(self):
        self.leaving.set()
        self.kill()
        self.thread.join()


def scale(windlass, count):
    """Whether the change was acknowledged. A call that a kill cuts off may or may not have taken effect."""
    try:
        return windlass.post("/v1/apps/scale", {"id": "web", "instances": count}, timeout=5).status_code == 204
    except requests.RequestException:
        return False


def test_rounds_of_kills(make_windlass, docker, images):
    windlass = make_windlass("--executor_reregistration_timeout=5secs")
    supervisor = Supervisor(windlass)
    chance = random.Random(7)
    try:
        wait_until(lambda: windlass.get("/ping").status_code == 200, 30, "the first start")
        windlass.start_app("web", images.busybox, 2, container={"image": "docker:///" + images.busybox, "options": []},
                           cmd="sleep 3600")
        wait_until(lambda: len(docker.containers()) == 2, 60, "both containers")
        for _ in range(ROUNDS):
            kind = chance.choice(["windlass", "during a call", "while it starts", "executor"])
            if kind == "during a call":
                call = threading.Thread(target=scale, args=(windlass, chance.randint(1, 3)))
                call.start()
                supervisor.kill()
                call.join()
            elif kind == "while it starts":
                scale(windlass, 3)  # an executor is being started
                supervisor.kill()
            elif kind == "executor":
                for pid in windlass.executors()[:1]:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            else:
                supervisor.kill()
            wait_until(lambda: windlass.get("/ping").status_code == 200, 30, f"the answer after '{kind}'")
        wait_until(lambda: scale(windlass, 2), 30, "an acknowledged change")

        def as_wanted():
            tasks = windlass.get("/v1/tasks").json()["web"]
            return len(tasks) == 2 and len(docker.containers(everything=True)) == 2

        # An app whose executors were killed is launched again later and later.
        wait_until(as_wanted, 180, "two tasks and two containers")
        assert supervisor.refused == []
    finally:
        supervisor.leave()
