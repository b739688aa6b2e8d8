"""What a framework marks as a secret reaches the container, and nobody who only looks."""

import base64
import json
from pathlib import Path

from windlass import wait_until

WORD = "hush-4711"
ENCODED = base64.b64encode(WORD.encode()).decode()

MASTER_READS = ["/state", "/state-summary", "/tasks", "/frameworks", "/slaves", "/roles", "/flags", "/metrics/snapshot"]
AGENT_READS = ["/state", "/containers", "/monitor/statistics", "/flags", "/metrics/snapshot", "/files/debug"]
CALLS = ["GET_STATE", "GET_TASKS", "GET_EXECUTORS", "GET_FRAMEWORKS", "GET_FLAGS", "GET_AGENTS", "GET_CONTAINERS"]
SCHEDULER_READS = ["/v1/apps", "/v1/tasks", "/v1/endpoints", "/v1/debug/isLeader", "/metrics", "/ping"]


class Framework:
    """A framework that speaks JSON, as far as this test needs one."""

    def __init__(self, windlass):
        self.windlass = windlass
        self.url = f"http://127.0.0.1:{windlass.master_port}/api/v1/scheduler"
        body = {"type": "SUBSCRIBE", "subscribe": {"framework_info": {"user": "root", "name": "secretive"}}}
        self.stream = windlass.session.post(self.url, json=body, stream=True, timeout=60,
                                            headers={"Accept": "application/json"})
        assert self.stream.status_code == 200, self.stream.text
        self.headers = {"Mesos-Stream-Id": self.stream.headers["Mesos-Stream-Id"]}
        self.events = self.read()
        self.id = self.wait_for("SUBSCRIBED")["subscribed"]["framework_id"]

    def read(self):
        while True:
            size = b""
            while not size.endswith(b"\n"):
                size += self.stream.raw.read(1)
            yield json.loads(self.stream.raw.read(int(size)))

    def wait_for(self, kind):
        return next(event for event in self.events if event["type"] == kind)

    def call(self, **body):
        answer = self.windlass.session.post(self.url, json={"framework_id": self.id, **body}, headers=self.headers,
                                            timeout=20)
        assert answer.status_code in (200, 202), answer.text

    def wait_for_state(self, state):
        while True:
            status = self.wait_for("UPDATE")["update"]["status"]
            assert status["state"] in ("TASK_STARTING", "TASK_RUNNING"), status.get("message")
            self.call(type="ACKNOWLEDGE", acknowledge={"agent_id": status["agent_id"], "task_id": status["task_id"],
                                                       "uuid": status["uuid"]})
            if status["state"] == state:
                return


def secret(name):
    return {"name": name, "type": "SECRET", "secret": {"type": "VALUE", "value": {"data": ENCODED}}}


def launch(framework, images):
    offer = framework.wait_for("OFFERS")["offers"]["offers"][0]
    resources = [{"name": name, "type": "SCALAR", "scalar": {"value": value}, "allocation_info": {"role": "*"}}
                 for name, value in (("cpus", 0.1), ("mem", 32))]
    command = {"shell": True, "value": "exec sleep 600", "environment": {"variables": [secret("KEY")]}}
    login = {"auths": {"registry.example": {"username": "ann", "password": WORD}}}
    image = {"name": images.busybox, "config": {"type": "VALUE", "value": {
        "data": base64.b64encode(json.dumps(login).encode()).decode()}}}
    task = {"name": "t", "task_id": {"value": "t"}, "agent_id": offer["agent_id"], "resources": resources,
            "command": command,
            "container": {"type": "MESOS", "mesos": {"image": {"type": "DOCKER", "docker": image}}}}
    probe = {"value": "true", "environment": {"variables": [secret("PROBE_KEY")]}}
    task["health_check"] = {"type": "COMMAND", "command": probe}
    framework.call(type="ACCEPT", accept={"offer_ids": [offer["id"]], "operations": [
        {"type": "LAUNCH", "launch": {"task_infos": [task]}}]})


def answers(windlass):
    for port, paths in ((windlass.master_port, MASTER_READS), (windlass.agent_port, AGENT_READS),
                        (windlass.http_port, SCHEDULER_READS)):
        for path in paths:
            yield f"{port}{path}", windlass.session.get(f"http://127.0.0.1:{port}{path}", timeout=20).content
    for port in (windlass.master_port, windlass.agent_port):
        for call in CALLS:
            for kind in ("application/json", "application/x-protobuf"):
                answer = windlass.session.post(f"http://127.0.0.1:{port}/api/v1", json={"type": call},
                                               headers={"Accept": kind}, timeout=20)
                yield f"{port} {call} {kind}", answer.content


def command_lines():
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                yield entry.name, (entry / "cmdline").read_bytes()
            except OSError:
                continue


def test_a_secret_is_seen_by_its_task_alone(windlass, docker, images):
    framework = Framework(windlass)
    launch(framework, images)
    framework.wait_for_state("TASK_RUNNING")
    (container,) = [each for each in docker.containers() if f"KEY={WORD}" in docker.inspect(each)["Config"]["Env"]]
    state = windlass.session.get(f"http://127.0.0.1:{windlass.master_port}/state", timeout=20).text
    assert '"name":"PROBE_KEY","type":"SECRET","secret":{"type":"VALUE"}' in state
    words = (WORD.encode(), ENCODED.encode())
    seen = [*answers(windlass), *command_lines(), ("the log", windlass.log().encode())]
    sandboxes = windlass.work_dir.glob("slaves/*/frameworks/*/executors/*/runs/*/std*")
    seen += [(str(path), path.read_bytes()) for path in sandboxes]
    assert [name for name, text in seen if any(word in text for word in words)] == []
    # What a restart reads is for its owner alone, and is enough to go on.
    for file in windlass.work_dir.glob("*.db*"):
        assert file.stat().st_mode & 0o077 == 0, file
    windlass.restart()
    wait_until(lambda: "TASK_RUNNING" in windlass.session.get(
        f"http://127.0.0.1:{windlass.master_port}/tasks", timeout=20).text, 30, "the task after a restart")
    assert [name for name, text in answers(windlass) if any(word in text for word in words)] == []
    assert container in docker.containers()
