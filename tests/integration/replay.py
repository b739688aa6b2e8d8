"""Replays recorded traffic of Apache Mesos against our engine, and compares what comes back.

A recording is followed line by line: its requests are sent, with ids as they are here; its responses and events are
waited for and compared. Every value must be the same but ids, times, process ids, uuids and ports, which are only
compared by their kind; an id that comes again must be the one that it was before.
"""

import base64
import collections
import copy
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import protobuf_text
from windlass import BUILD, ROOT, free_ports, wait_until

RECORDINGS = Path(os.environ.get("WINDLASS_RECORDINGS", ROOT.parent / "shared/reference/recordings"))
OWN_RECORDINGS = Path(__file__).resolve().parent.parent / "recordings"
EXECUTOR = Path(__file__).resolve().parent / "recorded_executor.py"
# Where what our engine says is to be recorded, instead of compared only: see tests/recordings/README.md.
RECORD = os.environ.get("WINDLASS_RECORD")
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
ID = re.compile(rf"{UUID}(-[SO]?\d+)?")
VOLATILE = {"timestamp", "executor_pid", "nanoseconds"}
QUEUES = {"OFFERS": "offers", "HEARTBEAT": "heartbeats", "ERROR": "errors"}
ANY_TEXT = "(any text)"  # in place of a recorded text: here is another, and not an empty one
EVENT_LIMIT = 25  # seconds; updates are repeated after 10 and 20
OFFER_LIMIT = 6
PAUSE_LIMIT = 1.5


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def first(value):
    return value[0] if isinstance(value, list) else value


def text_of(value):
    """Without the quotes that protobuf_text keeps."""
    value = first(value)
    return value[1:-1] if isinstance(value, str) and value.startswith('"') else value


class Ids:
    """What is called so in the recording is called so here."""

    def __init__(self):
        self.live = {}

    def learn(self, recorded, live):
        self.live[recorded] = live

    def to_live(self, text):
        for recorded in sorted(self.live, key=len, reverse=True):
            text = text.replace(recorded, self.live[recorded])
        return text

    def map(self, value):
        if isinstance(value, dict):
            return {name: self.map(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.map(each) for each in value]
        return self.to_live(value) if isinstance(value, str) else value


class Comparison:
    """Collects what differs. `intended`: names of fields -> why they may; those that were met are in `used`."""

    def __init__(self, ids, intended):
        self.ids, self.intended = ids, intended
        self.differences, self.used, self.compared = [], set(), 0

    def differ(self, where, recorded, live):
        self.differences.append(f"{where}: recorded {str(recorded)[:300]}, here {str(live)[:300]}")

    def excused(self, *names):
        for name in names:
            if name in self.intended:
                self.used.add(name)
                return True
        return False

    def same(self, recorded, live, where, name=""):
        self.compared += 1
        if isinstance(recorded, dict) and isinstance(live, dict):
            for key in sorted(recorded.keys() | live.keys()):
                if key in recorded and key in live:
                    self.same(recorded[key], live[key], f"{where}.{key}", key)
                elif not self.excused(key):
                    self.differ(f"{where}.{key}", recorded.get(key, "nothing"), live.get(key, "nothing"))
        elif isinstance(recorded, list) and isinstance(live, list):
            if len(recorded) != len(live):
                if not self.excused(name):
                    self.differ(where, recorded, live)
                return
            for at, (one, other) in enumerate(zip(recorded, live)):
                self.same(one, other, f"{where}[{at}]" if len(recorded) > 1 else where, name)
        elif isinstance(recorded, str) and isinstance(live, str):
            if not self.same_text(recorded, live, name) and not self.excused(name):
                self.differ(where, self.ids.to_live(recorded), live)
        elif type(recorded) is not type(live):
            self.differ(where, recorded, live)
        elif recorded != live and not self.same_number(recorded, live, name) and not self.excused(name):
            self.differ(where, recorded, live)

    def same_text(self, recorded, live, name):
        recorded, live = text_of(recorded), text_of(live)
        if recorded == live or self.ids.to_live(recorded) == live:
            return True
        if recorded == ANY_TEXT:
            return bool(live)
        if name in VOLATILE or name == "port":
            return self.same_number(recorded, live, name)
        known = recorded in self.ids.live
        if not known and (name == "uuid" or (ID.fullmatch(recorded) and ID.fullmatch(live))):
            self.ids.learn(recorded, live)
            return True
        return False

    def same_number(self, recorded, live, name):
        if name == "port":
            return self.ids.live.get(f"127.0.0.1:{recorded}") == f"127.0.0.1:{live}"
        return name in VOLATILE


class Recorder:
    """Writes what is sent and what comes back, in the form of the recordings and in the order of the one that is
    followed."""

    def __init__(self, recording):
        self.path = Path(RECORD) / recording.parent.name / recording.name
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.began, self.lines = time.monotonic(), []

    def add(self, **line):
        self.lines.append({"t": round(time.monotonic() - self.began, 3), **line})

    def add_event(self, data, protobuf):
        body = {"protobuf": base64.b64encode(data).decode()} if protobuf else {"body": json.loads(data)}
        self.add(dir="event", length=len(data), **body)

    def add_answer(self, answer):
        self.add(dir="response", status=answer.status, headers=answer.headers, body=answer.body)

    def write(self, executors):
        self.path.write_text("".join(json.dumps(line) + "\n" for line in self.lines))
        for name, output in executors.items():
            if output.exists():
                shutil.copy(output, self.path.parent / f"executor-{name}.jsonl")


class Engine:
    """`windlass engine` with the resources and attributes of the recorded agent."""

    def __init__(self, folder):
        self.folder = Path(folder)
        # Recordings do not speak of the machine that they were made on.
        self.work_dir = Path("/var/lib/mesos/agent") if RECORD else self.folder / "work"
        self.master_port, self.agent_port = (5050, 5051) if RECORD else free_ports(2)
        self.process = None
        self.log_path = self.folder / "engine.log"

    def start(self):
        command = [
            str(BUILD / "windlass"), "engine", f"--work_dir={self.work_dir}", f"--master_port={self.master_port}",
            f"--agent_port={self.agent_port}", "--engine_ip=127.0.0.1", "--hostname=127.0.0.1",
            "--resources=cpus:4;mem:8192;disk:10000;ports:[31000-32000]",
            "--attributes=rack:abc;level:10;keys:[1000-1500]",
        ]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("WINDLASS_")}
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True
            )
        wait_until(self.answers, 20, "the engine")
        return self

    def answers(self):
        assert self.process.poll() is None, f"the engine ended:\n{self.log()[-3000:]}"
        return self.get("/health")[0] == 200

    def get(self, path, port=None):
        connection = http.client.HTTPConnection("127.0.0.1", port or self.master_port, timeout=10)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.kill()
        for process in self.left_behind():
            try:
                os.kill(process, 9)
            except ProcessLookupError:
                pass

    def left_behind(self):
        """Processes whose working directory is one of our sandboxes."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and os.readlink(entry / "cwd").startswith(str(self.work_dir)):
                    found.append(int(entry.name))
            except OSError:
                continue
        return found


Answer = collections.namedtuple("Answer", "status headers body stream")


class Stream:
    """The events of one SUBSCRIBE, read in a thread."""

    def __init__(self, connection, response, take):
        self.connection, self.response, self.take = connection, response, take
        self.socket = connection.sock or response.fp.raw._sock  # http.client gives it away when it will be closed
        self.closed_here, self.ended = False, threading.Event()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        data = b""
        try:
            while more := self.response.read1(65536):
                data += more
                while b"\n" in data:
                    length, rest = data.split(b"\n", 1)
                    if len(rest) < int(length):
                        break
                    self.take(rest[: int(length)])
                    data = rest[int(length):]
        except (OSError, http.client.HTTPException, ValueError):
            pass
        self.ended.set()

    def close(self):
        self.closed_here = True
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.ended.wait(5)


def task_of(event):
    """Type of the event, and the task or executor that it is about."""
    about = first(first(event["update"])["status"]) if "update" in event else first(event.get("failure", {}))
    ids = [text_of(first(about[name])["value"]) for name in ("task_id", "executor_id") if name in about]
    return text_of(event["type"]), ids[:1]


def amount(offer):
    """cpus, mem, disk, ports: what an offer, or several, are worth."""
    total = collections.Counter()
    for resource in offer.get("resources", []):
        name = text_of(resource["name"])
        if "scalar" in resource:
            total[name] += round(float(text_of(first(resource["scalar"])["value"])) * 1000)
        for ranges in [resource.get("ranges")] if "ranges" in resource else []:
            for each in first(ranges)["range"]:
                total[name] += int(text_of(each["end"])) - int(text_of(each["begin"])) + 1
    return total


def offers_of(event):
    return first(event["offers"])["offers"]


class Replay:
    def __init__(self, recording, engine, intended, *, change=None, notes=None, ids=None, by_task=False):
        """`change(call)` may alter a call before it is sent; `notes`: text of a note -> what to do then; `by_task`:
        tasks run beside each other, so only the updates of one and the same task have an order."""
        self.path, self.engine = recording, engine
        self.protobuf = recording.parent.name == "protobuf"
        self.lines, self.at = lines_of(recording), 0
        self.ids = ids or Ids()
        self.comparison = Comparison(self.ids, intended)
        self.by_task, self.raw = by_task, {}
        self.change, self.notes = change or (lambda call: None), notes or {}
        # Events of different queues have no order among each other. An ERROR ends the stream of an earlier SUBSCRIBE.
        self.events = {queue: collections.deque() for queue in ("offers", "heartbeats", "errors", "other")}
        self.arrived = threading.Condition()
        self.streams, self.outstanding, self.last = [], [], time.monotonic()
        self.offer_ids, self.surplus, self.executors, self.subscription = {}, collections.Counter(), set(), None
        self.executor_output = engine.folder / f"{recording.parent.name}-executor"
        self.ids.learn("127.0.0.1:5050", f"127.0.0.1:{engine.master_port}")
        self.ids.learn("127.0.0.1:5051", f"127.0.0.1:{engine.agent_port}")
        self.ids.learn("/var/lib/mesos/agent", str(engine.work_dir))
        self.recorder = Recorder(recording) if RECORD else None
        if RECORD:
            self.executor_output = Path(f"/var/lib/recordings/{recording.parent.name}/executor")
            return
        self.ids.learn("/opt/recorder/executor.py", f"/usr/bin/python3 {EXECUTOR}")
        self.ids.learn(f"/var/lib/recordings/{recording.parent.name}/executor", str(self.executor_output))

    # --- following the recording

    def run(self, until=lambda line: False):
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if until(line):
                return self
            self.at += 1
            getattr(self, "on_" + line["dir"])(line)
            if self.recorder and line["dir"] in ("note", "closed"):
                self.recorder.add(**{name: value for name, value in line.items() if name != "t"})
            self.last = time.monotonic()
        for stream in self.streams:
            stream.close()
        for event in [*self.events["errors"], *self.events["other"]]:
            self.comparison.differ(f"{self.path.stem}: after the end", "nothing", event)
        if self.recorder:
            outputs = {each: Path(f"{self.executor_output}-{each}.jsonl") for each in sorted(self.executors)}
            self.recorder.write(outputs)
        return self

    def where(self, line):
        return f"{self.path.parent.name}/{self.path.stem}:{self.lines.index(line) + 1}"

    def on_request(self, line):
        self.pause(line)
        if self.was_refused_as_disconnected(line):
            self.disconnect(line)
        call = self.call_of(line)
        if self.recorder:
            self.record_request(line)
        self.outstanding.append((line, self.send(line, call)))

    def record_request(self, line):
        """With the ids of here, but as it was before `change`: whoever replays it changes it again."""
        unchanged, self.change = self.change, lambda call: None
        body = self.call_of(line)
        self.change = unchanged
        more = {"note": line["note"]} if "note" in line else {}
        headers = {name: self.ids.to_live(value) for name, value in line["headers"].items()}
        if "protobuf" in line:
            more["protobuf"] = base64.b64encode(body).decode()
        elif isinstance(line["body"], dict) and list(line["body"]) == ["base64"]:
            more["body"] = line["body"]
        else:
            more["body"] = json.loads(body) if isinstance(line["body"], dict) else line["body"]
        self.recorder.add(
            dir="request", method=line["method"], path=self.ids.to_live(line["path"]), headers=headers, **more
        )

    def pause(self, line):
        """As long as the recorder waited before this request, up to a limit."""
        before = self.lines[self.lines.index(line) - 1]["t"]
        time.sleep(max(0, min(line["t"] - before, PAUSE_LIMIT) - (time.monotonic() - self.last)))

    def on_response(self, line):
        if not self.outstanding:
            self.comparison.differ(self.where(line), line["status"], "no answer")
            return
        # Several requests may have been under way; they were not always answered in the order of this file.
        matching = [each for each in self.outstanding if each[1].status == line["status"]]
        chosen = (matching or self.outstanding)[0]
        self.outstanding.remove(chosen)
        request, answer = chosen
        if self.recorder:
            self.recorder.add_answer(answer)
        where = self.where(line) + f" answer to {self.name_of(request)}"
        if self.overtaken(request, line, answer):
            return
        self.comparison.same(line["status"], answer.status, f"{where}: status")
        if answer.stream is None:
            self.comparison.same(line["body"] or "", answer.body, f"{where}: body")
        for header in ("Content-Type", "Allow", "Transfer-Encoding", "Mesos-Stream-Id", "Location"):
            if header in line["headers"] or header in answer.headers:
                self.comparison.same(
                    line["headers"].get(header, ""), answer.headers.get(header, ""), f"{where}: {header}", header
                )

    def on_event(self, line):
        recorded = self.event_of(line)
        kind = text_of(recorded["type"])
        if kind == "OFFERS":
            self.compare_offers(line, recorded)
            return
        live = self.next_event(QUEUES.get(kind, "other"), EVENT_LIMIT, task_of(recorded) if self.by_task else None)
        if live is None:
            self.comparison.differ(self.where(line), recorded, "no event")
            raise AssertionError("\n".join(["differences:", *self.comparison.differences]))
        self.comparison.same(recorded, live, self.where(line) + f" {kind}")

    def on_note(self, line):
        self.notes[line["body"]](self)

    def on_closed(self, line):
        # The recorder saw an end of file, or (any other error) it closed the connection itself.
        open_streams = [stream for stream in self.streams if not stream.ended.is_set()]
        if "EOF" not in line.get("error", ""):
            for stream in open_streams:
                stream.close()
        elif not any(stream.ended.is_set() for stream in self.streams):
            ended = any(stream.ended.wait(5) for stream in self.streams)
            if not ended:
                self.comparison.differ(self.where(line), "the stream was closed", "it is open")
        self.streams = [stream for stream in self.streams if not stream.ended.is_set()]

    def on_failed(self, line):
        raise AssertionError(f"{self.where(line)}: a framework's call that failed is not in these recordings")

    # --- sending

    def name_of(self, line):
        body = line.get("body")
        kind = body.get("type", "") if isinstance(body, dict) else str(body)[:20]
        return f"{line['method']} {line['path'][:60]} {kind} {line.get('note', '')}".strip()

    def call_of(self, line):
        """The body as it is sent here."""
        if "protobuf" in line:
            message = "executor.Call" if line["path"].endswith("executor") else "scheduler.Call"
            return protobuf_text.encode(message, self.adapted(protobuf_text.decode(message, decoded(line))))
        body = line["body"]
        if isinstance(body, dict) and list(body) == ["base64"]:
            return base64.b64decode(body["base64"])
        if isinstance(body, dict):
            return json.dumps(self.adapted(body)).encode()
        return body.encode() if isinstance(body, str) else None

    def adapted(self, call):
        self.note_executors(call)
        call = copy.deepcopy(call)
        for name in ("accept", "decline"):
            if name in call:
                action = first(call[name])
                action["offer_ids"] = self.live_offers(action.get("offer_ids", []))
        call = self.ids.map(call)
        self.change(call)
        if text_of(call.get("type", "")) == "SUBSCRIBE":
            self.subscription = call
        return call

    def note_executors(self, value):
        if isinstance(value, dict):
            if "executor_id" in value and "command" in value:
                self.executors.add(text_of(first(value["executor_id"])["value"]))
            for each in value.values():
                self.note_executors(each)
        elif isinstance(value, list):
            for each in value:
                self.note_executors(each)

    def live_offers(self, ids):
        """One recorded offer may be several here."""
        result = []
        for each in ids:
            named = text_of(each["value"])
            quote = '"' if self.protobuf else ""
            lives = self.offer_ids.get(named, [named])
            for live in lives:
                text = f"{quote}{live}{quote}"
                result.append({"value": [text]} if self.protobuf else {"value": text})
        return result

    def send(self, line, body):
        port = self.engine.agent_port if "executor" in line["path"] or line.get("note", "").startswith(
            "agent") else self.engine.master_port
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.putrequest(line["method"], self.ids.to_live(line["path"]), skip_accept_encoding=True)
        for name, value in line["headers"].items():
            connection.putheader(name, self.ids.to_live(value))
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        headers = dict(response.getheaders())
        if response.status == 200 and "Mesos-Stream-Id" in headers:
            connection.sock and connection.sock.settimeout(None)
            self.stream_id = headers["Mesos-Stream-Id"]
            stream = Stream(connection, response, self.take)
            self.streams.append(stream)
            return Answer(response.status, headers, None, stream)
        data = response.read()
        connection.close()
        json_body = headers.get("Content-Type") == "application/json" and data
        return Answer(response.status, headers, json.loads(data) if json_body else data.decode(), None)

    # --- receiving

    def event_of(self, line):
        if "protobuf" in line:
            return protobuf_text.decode("scheduler.Event", decoded(line))
        return line["body"]

    def take(self, data):
        event = protobuf_text.decode("scheduler.Event", data) if self.protobuf else json.loads(data)
        kind = text_of(event["type"])
        if kind == "SUBSCRIBED":
            self.subscribed_as = first(event["subscribed"])["framework_id"]
        queue = QUEUES.get(kind, "other")
        if self.is_progress(event):
            self.acknowledge(event)
            return
        with self.arrived:
            if self.recorder:
                self.raw[id(event)] = (event, data)
            self.events[queue].append(event)
            self.arrived.notify_all()

    def next_event(self, queue, limit, task=None):
        def found():
            return next((event for event in self.events[queue] if task is None or task_of(event) == task), None)

        with self.arrived:
            event = self.arrived.wait_for(found, limit)
            if event is not None:
                self.events[queue].remove(event)
            if event is not None and self.recorder:
                self.recorder.add_event(self.raw[id(event)][1], self.protobuf)
            return event

    def is_progress(self, event):
        """Our executor says how a pull goes on; Mesos says nothing until it has ended."""
        status = {} if self.protobuf else event.get("update", {}).get("status", {})
        progress = status.get("state") == "TASK_STARTING" and status.get("message", "").startswith("Pulling ")
        return progress and self.comparison.excused("pull progress")

    def acknowledge(self, event):
        status = event["update"]["status"]
        call = {
            "type": "ACKNOWLEDGE", "framework_id": self.subscribed_as,
            "acknowledge": {name: status[name] for name in ("agent_id", "task_id", "uuid")},
        }
        headers = {"Content-Type": "application/json", "Mesos-Stream-Id": self.stream_id}
        line = {"method": "POST", "path": "/api/v1/scheduler", "headers": headers}
        answer = self.send(line, json.dumps(call).encode())
        if answer.status != 202:
            self.comparison.differ("acknowledgement of progress", 202, answer)

    def compare_offers(self, line, recorded):
        """Here a batch of resources may come in more offers than there, or in one: the sums have to be the same."""
        wanted = collections.Counter()
        for offer in offers_of(recorded):
            wanted += amount(offer)
        found, events = collections.Counter(self.surplus), []
        deadline = time.monotonic() + OFFER_LIMIT
        while any(found[name] < wanted[name] for name in wanted):
            event = self.next_event("offers", max(0, deadline - time.monotonic()))
            if event is None:
                break
            events.append(event)
            for offer in offers_of(event):
                found += amount(offer)
        where = self.where(line) + " OFFERS"
        if any(found[name] < wanted[name] for name in wanted):
            self.comparison.differ(f"{where}: sum", dict(wanted), dict(found))
        found.subtract(wanted)
        self.surplus = +found
        live = [text_of(first(offer["id"])["value"]) for event in events for offer in offers_of(event)]
        for offer in offers_of(recorded):
            self.offer_ids[text_of(first(offer["id"])["value"])] = live
        for event in events[:1]:
            exact = len(events) == 1 and not self.surplus
            if not exact:
                self.comparison.used.add("offers")
            for one, other in zip(offers_of(recorded), offers_of(event)):
                one, other = dict(one), dict(other)
                for name in ("id",) if exact else ("id", "resources", "executor_ids"):
                    one.pop(name, None), other.pop(name, None)
                self.comparison.same(one, other, where)

    # --- what the recorder did besides

    def answer_to(self, line):
        """The recorded answer, as far as the order tells."""
        waiting = []
        for other in self.lines:
            if other["dir"] == "request":
                waiting.append(other)
            elif other["dir"] == "response" and waiting:
                request = waiting.pop(0)
                if request is line:
                    return other
        return None

    def was_refused_as_disconnected(self, line):
        answer = self.answer_to(line)
        return answer is not None and answer["body"] == "Framework is not subscribed"

    def disconnect(self, line):
        """The recorder had left before this call."""
        if not self.streams:
            return
        for stream in self.streams:
            stream.close()

        def gone():
            frameworks = json.loads(self.engine.get("/frameworks")[1])["frameworks"]
            return not any(each["connected"] for each in frameworks)

        wait_until(gone, 10, f"{self.where(line)}: the end of the subscription")

    def overtaken(self, request, line, answer):
        """Beside a TEARDOWN, an ACKNOWLEDGE may come before it or after."""
        late = line["status"] == 400 and answer.status == 202 and line["body"] == "Framework cannot be found"
        racing = any(name in self.name_of(request) for name in ("ACKNOWLEDGE", "TEARDOWN"))
        return late and racing and self.comparison.excused("teardown race")

    # --- the executors' side

    def compare_executors(self):
        for executor in sorted(self.executors):
            path = self.path.parent / f"executor-{executor}.jsonl"
            if path.exists():
                self.compare_executor(executor, lines_of(path))

    def compare_executor(self, executor, recorded):
        output = Path(f"{self.executor_output}-{executor}.jsonl")
        where = f"executor {executor}"
        if not output.exists():
            self.comparison.differ(where, "an executor", "none was started")
            return
        count = sum(line["dir"] == "event" for line in recorded)
        deadline = time.monotonic() + 3  # it may still be about to write of its SHUTDOWN
        while sum(line["dir"] == "event" for line in lines_of(output)) < count and time.monotonic() < deadline:
            time.sleep(0.1)
        live = lines_of(output)
        for line in recorded[:1]:
            for part in ("body", "cwd", "listing"):
                self.comparison.same(line[part], live[0][part], f"{where}: environment {part}", "environment")
        for kinds in ({"ACKNOWLEDGED"}, {"SUBSCRIBED", "LAUNCH", "MESSAGE", "KILL", "SHUTDOWN", "ERROR"}):
            one, other = self.executor_events(recorded, kinds), self.executor_events(live, kinds)
            names = [[text_of(event["type"]) for event in events] for events in (one, other)]
            if names[0] != names[1]:
                self.comparison.differ(f"{where}: events", *names)
            for recorded_event, live_event in zip(one, other):
                kind = text_of(recorded_event["type"])
                self.comparison.same(recorded_event, live_event, f"{where}: {kind}")
        answers = [line["status"] for line in live if line["dir"] == "response"]
        if set(answers) - {200, 202}:
            self.comparison.differ(f"{where}: answers", "200 and 202", answers)

    def executor_events(self, lines, kinds):
        events = []
        for line in lines:
            if line["dir"] == "event":
                event = protobuf_text.decode("executor.Event", decoded(line)) if "protobuf" in line else line["body"]
                if text_of(event["type"]) in kinds:
                    events.append(event)
        return events

    # --- the end

    def check(self):
        assert not self.comparison.differences, "\n".join(["differences:"] + self.comparison.differences)
        used = ", ".join(sorted(self.comparison.used)) or "none"
        print(f"{self.path.parent.name}/{self.path.stem}: {self.comparison.compared} values compared; "
              f"intended differences met: {used}")


def decoded(line):
    return base64.b64decode(line["protobuf"])
