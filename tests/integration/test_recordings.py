"""Recorded traffic of Apache Mesos, replayed against `windlass engine`: the same answers, events, texts and order.

Those of Apache Mesos are not part of this repository: they are looked for beside it, or where WINDLASS_RECORDINGS says.
Where they are not, our own stand in for them (tests/recordings): what our engine said when it was compared with the
others.
"""

import copy
import json
import time
import uuid

import pytest

from replay import ANY_TEXT, OWN_RECORDINGS, RECORDINGS, Engine, Replay, first, lines_of, text_of

# Every difference from Mesos that these tests let pass, and why. Names are those of fields, or of checks in replay.py.
EVERYWHERE = {
    "version": "ours is the newest Mesos whose v1 APIs the engine serves; the recorded one was built from HEAD",
    "offers": "what becomes free at about the same time may come in one offer or in two: a matter of the batch",
    "teardown race": "an ACKNOWLEDGE sent beside a TEARDOWN was refused there, because it was handled after it",
    "7": "AgentInfo.checkpoint of the unversioned API, always true, which v1 clients get as an unknown field",
}
# Docker tasks run in windlass-executor, not in the Docker containerizer; and so do tasks that have only a command: our
# agents run nothing outside of containers, so the test gives such tasks an image.
IN_CONTAINERS = {
    "data": "what Docker says of the container (docker inspect): another container, another version of Docker",
    "ip_address": "the address of the container, not of the agent",
    "network_infos": "host network: no address of its own",
    "pull progress": "our executor repeats TASK_STARTING with how far a pull is",
    "executor_pid": "our Docker tasks have an executor as all others, and its process is known",
}
OTHER_TEXTS = {
    "Command exited with status": "Container exited with status",  # there is no command outside of a container
    "Container exited with status 137": "Container exited with status 137 (SIGKILL)",  # ours names the signal
}
RESTART = "one process is master and agent: a framework subscribes again instead of hearing RESCIND"
NO_BUILD_FACTS = {"build_date", "build_time", "build_user", "git_branch", "git_sha"}  # only the version is told
NOT_IN_V1 = {"checkpoint"}  # AgentInfo.checkpoint, see "7"
IMAGES = {"container"}  # that the test gives to tasks which had none
NOT_LEFT_OVER = {"terminated_tasks"}  # of a framework that another recording had left with unacknowledged updates
UNSERVED_METRICS = "we tell only what we measure: each of our names is one of Mesos', not the other way round"
UNSERVED_CALLS = "the operator's event stream is answered with 501"


@pytest.fixture
def engine(programs, tmp_path):
    engine = Engine(tmp_path)
    yield engine.start()
    engine.stop()


@pytest.fixture
def recording(request):
    """recording("json", "errors"): its path."""

    def find(folder, name):
        for root in (RECORDINGS, OWN_RECORDINGS):
            path = root / folder / f"{name}.jsonl"
            if path.exists():
                return path
        pytest.skip(f"{folder}/{name}.jsonl was not found: nothing was compared")

    return find


def run(path, engine, intended=None, **options):
    replay = Replay(path, engine, {**EVERYWHERE, **(intended or {})}, **options)
    replay.run()
    return replay


def test_refusals_of_executors_have_the_recorded_texts(engine, recording):
    run(recording("json", "executor-errors"), engine).check()


@pytest.mark.parametrize("folder", ["json", "protobuf"])
@pytest.mark.parametrize(
    "name", ["custom-executor-life", "custom-executor-with-container", "failover", "no-capabilities"]
)
def test_life_of_custom_executors(engine, recording, folder, name):
    replay = run(recording(folder, name), engine)
    replay.compare_executors()
    replay.check()


def test_updates_come_again_until_they_are_acknowledged(engine, recording):
    replay = run(recording("json", "unacknowledged-updates"), engine)
    replay.compare_executors()
    replay.check()


# --- tasks in containers


def in_containers(image):
    """Changes a call so that its tasks have an image that there is; the one that there is not is asked of the same
    registry, which can say so."""

    def change(call):
        for operation in first(call.get("accept", {})).get("operations", []):
            for task in operation.get("launch", {}).get("task_infos", []):
                docker = task.get("container", {}).get("docker", {})
                if docker.get("image") == "bb" and "executor" not in task:
                    docker["image"] = image
                if docker.get("image") == "no/such:image":
                    docker["image"] = image.partition("/")[0] + "/no/such:image"
                if "command" in task and "executor" not in task and "container" not in task:
                    task["container"] = {"type": "DOCKER", "docker": {"image": image}}

    return change


def test_refusals_of_frameworks_have_the_recorded_texts(engine, recording, images, docker):
    replay = run(
        recording("json", "errors"), engine, IN_CONTAINERS, change=in_containers(images.busybox)
    )
    replay.check()


def test_refused_subscriptions(engine, recording, images, docker):
    # One of them is of a framework that was removed: the one of the recording before.
    before = run(recording("json", "errors"), engine, IN_CONTAINERS, change=in_containers(images.busybox))
    replay = run(recording("json", "subscribe-errors"), engine, ids=before.ids)
    replay.check()


def test_docker_tasks(engine, recording, images, docker):
    path = recording("json", "docker-task-builtin")
    replay = Replay(path, engine, {**EVERYWHERE, **IN_CONTAINERS}, change=in_containers(images.busybox))
    for recorded, live in OTHER_TEXTS.items():
        replay.ids.learn(recorded, live)
    expect_our_pull_failure(replay)
    replay.run()
    replay.check()


def expect_our_pull_failure(replay):
    """windlass-executor pulls itself: an image that is missing is a failure that the executor reports, not the agent,
    after TASK_STARTING."""
    lines, edited = replay.lines, []
    starting = next(at for at, line in enumerate(lines) if state_of(line) == "TASK_STARTING")
    status, other = status_of(lines[starting]), str(uuid.uuid4())
    container = status["container_status"]["container_id"]
    for line in lines:
        if "Failed to launch container" not in status_of(line).get("message", ""):
            edited.append(line)
            continue
        name = status_of(line)["task_id"]["value"]
        for before in lines[starting : starting + 3]:  # TASK_STARTING, its acknowledgement, the answer
            text = json.dumps(before).replace('"d1"', f'"{name}"')
            text = text.replace(status["uuid"], "unseen").replace(text_of(container["value"]), other)
            edited.append(json.loads(text))
        failed = copy.deepcopy(line)
        status_of(failed)["source"] = "SOURCE_EXECUTOR"
        status_of(failed)["container_status"] = status_of(edited[-3])["container_status"]
        edited.append(failed)
        status_of(failed)["message"] = ANY_TEXT  # Docker's words differ between versions
    assert len(edited) == len(lines) + 3
    replay.lines = edited


def status_of(line):
    body = line.get("body") if line["dir"] == "event" else {}
    return (body or {}).get("update", {}).get("status", {})


def state_of(line):
    return status_of(line).get("state")


# --- a restart


def test_kill_9_and_start(engine, recording):
    path = recording("json", "agent-restart")

    def killed(replay):
        engine.kill()
        assert replay.streams[0].ended.wait(10)
        replay.streams.clear()

    def started(replay):
        engine.start()
        subscription = next(line for line in replay.lines if line["dir"] == "request")
        again = copy.deepcopy(subscription)
        again["body"]["framework_id"] = {"value": replay.framework_id}
        answer = replay.send(again, json.dumps(replay.ids.map(again["body"])).encode())
        assert answer.status == 200
        stream_id = next(line for line in replay.lines if line["dir"] == "response")["headers"]["Mesos-Stream-Id"]
        replay.ids.live[stream_id] = answer.headers["Mesos-Stream-Id"]
        replay.on_event(next(line for line in replay.lines if line["dir"] == "event"))  # SUBSCRIBED
        time.sleep(3)  # the executor comes back within two seconds, else it is given up

    notes = {"agent killed with SIGKILL": killed, "agent started again": started}
    replay = Replay(path, engine, EVERYWHERE, notes=notes)
    subscribed = next(line for line in replay.lines if line["dir"] == "event")
    replay.framework_id = subscribed["body"]["subscribed"]["framework_id"]["value"]
    rescinds = [line for line in replay.lines if line["dir"] == "event" and line["body"]["type"] == "RESCIND"]
    assert rescinds, "the recording has the RESCIND of its lost agent"
    for line in rescinds:
        replay.lines.remove(line)
    print(f"{path.stem}: intended: {RESTART}")
    replay.run()
    replay.compare_executors()
    replay.check()


# --- what operators read


class Shapes:
    """Whether an answer has the recorded keys, of the recorded JSON types; what is in every element of a list has to be
    in every element here."""

    def __init__(self):
        self.differences, self.compared = [], 0

    def differ(self, where, what):
        if what not in self.differences:
            self.differences.append(f"{where}: {what}")

    def same(self, recorded, live, where):
        """`recorded`: examples of what `live` may look like."""
        self.compared += 1
        kinds = {type(each).__name__ for each in recorded}
        if type(live).__name__ not in kinds:
            self.differ(where, f"recorded as {'/'.join(sorted(kinds))}, here {type(live).__name__}")
            return
        recorded = [each for each in recorded if type(each) is type(live)]
        if isinstance(live, dict):
            self.same_object(recorded, live, where)
        elif isinstance(live, list):
            elements = [element for each in recorded for element in each]
            if elements and not live and where.rsplit(".", 1)[-1] not in NOT_LEFT_OVER:
                self.differ(where, "recorded with elements, here empty")
            if live and not elements:
                self.differ(where, "recorded empty, here with elements")
            for element in live if elements else []:
                self.same(elements, element, f"{where}[]")

    def same_object(self, recorded, live, where):
        if where.endswith(".flags"):  # ours has other flags; all are texts, as there
            wrong = [name for name, value in live.items() if not isinstance(value, str)]
            return self.differ(where, f"not texts: {wrong}") if wrong else None
        if "/metrics/" in where:
            for name, value in live.items():
                if not any(name in each for each in recorded) or not isinstance(value, float):
                    self.differ(where, f"{name}={value!r} is no metric of Mesos")
            return None
        if "/files/debug" in where:
            return None if all(isinstance(each, str) for each in live.values()) else self.differ(where, "not texts")
        needed = set.intersection(*(set(each) for each in recorded)) - NO_BUILD_FACTS
        if where.endswith("agent_info"):
            needed -= NOT_IN_V1
        known = set.union(*(set(each) for each in recorded))
        for name in sorted(needed - set(live)):
            self.differ(where, f"{name} is missing")
        for name in sorted(set(live) - known - IMAGES):
            self.differ(where, f"{name} is not in the recording")
        for name in sorted((set(live) & known) - (IMAGES if where.endswith("tasks[]") else set())):
            self.same([each[name] for each in recorded if name in each], live[name], f"{where}.{name}")
        return None


def compare_reads(replay, path):
    """Sends the recorded reads; the answers have the recorded status, content type and shape."""
    shapes = Shapes()
    lines = lines_of(path)
    for at, line in enumerate(lines):
        if line["dir"] != "request":
            continue
        if isinstance(line["body"], dict) and line["body"].get("type") == "SUBSCRIBE":
            print(f"{path.stem}: intended: {UNSERVED_CALLS}")
            continue
        recorded = lines[at + 1]
        on_agent = "agent" in line.get("note", "") or "/slaves/" in json.dumps([line["path"], line["body"]])
        sent = {**line, "note": "agent" if on_agent else ""}
        answer = replay.send(sent, replay.call_of(line))
        kind = (line["body"] or {}).get("type", "") if isinstance(line["body"], dict) else ""
        where = f"{'agent' if on_agent else 'master'} {line['path'].split('=')[0]} {kind}".strip()
        if answer.status != recorded["status"]:
            shapes.differ(where, f"recorded {recorded['status']}, here {answer.status} {str(answer.body)[:200]}")
            continue
        for header in ("Content-Type", "Content-Disposition"):
            if recorded["headers"].get(header) != answer.headers.get(header):
                shapes.differ(where, f"{header}: recorded {recorded['headers'].get(header)}, here "
                                     f"{answer.headers.get(header)}")
        if isinstance(recorded["body"], str):
            if recorded["body"] != answer.body:
                shapes.differ(where, f"recorded {recorded['body']!r}, here {answer.body!r}")
            continue
        shapes.same([recorded["body"]], answer.body, where)
    return shapes


def test_what_operators_read(engine, recording, images, docker):
    reads, operator = recording("json", "reads"), recording("json", "operator-reads")
    change = in_containers(images.busybox)
    before = run(recording("json", "custom-executor-life"), engine, change=change)
    replay = Replay(
        reads, engine, {**EVERYWHERE, **IN_CONTAINERS}, change=change, ids=before.ids, by_task=True
    )

    def kills(line):
        return line["dir"] == "request" and text_of(line["body"].get("type", "")) == "KILL"

    replay.run(until=kills)
    shapes = compare_reads(replay, operator)
    replay.run()
    replay.compare_executors()
    replay.check()
    print(f"operator-reads: {shapes.compared} values compared by shape; intended: {UNSERVED_METRICS}")
    assert not shapes.differences, "\n".join(["differences:"] + shapes.differences)
