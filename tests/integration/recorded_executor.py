#!/usr/bin/python3
"""The executor of the recordings: says STARTING and RUNNING of each task, echoes messages, ends tasks when told to.

TaskInfo.data "finish": the task finishes and the executor exits with 0. "exit": the executor exits with 3 after
STARTING. PB=1: speaks protobuf. Writes what it sees to $REC_OUT-<executor id>.jsonl in the form of the recordings.
"""

import base64
import http.client
import json
import os
import sys
import time
import uuid

PROTOBUF = os.environ.get("PB") == "1"
TYPE = "application/x-protobuf" if PROTOBUF else "application/json"
EXECUTOR, FRAMEWORK = os.environ["MESOS_EXECUTOR_ID"], os.environ["MESOS_FRAMEWORK_ID"]
STARTED = time.time()
LOG = open(f"{os.environ['REC_OUT']}-{EXECUTOR}.jsonl", "a", buffering=1)

if PROTOBUF:
    import protobuf_text


def record(**line):
    LOG.write(json.dumps({"t": round(time.time() - STARTED, 3), **line}) + "\n")


def quoted(value):
    """A text, or bytes, as protoc reads it."""
    raw = value if isinstance(value, bytes) else value.encode()
    return '"' + "".join(f"\\{byte:03o}" for byte in raw) + '"'


def as_fields(value):
    """Our JSON-like calls as protobuf_text wants them; bytes stay bytes until here."""
    if isinstance(value, dict):
        return {name: as_fields(v) if isinstance(v, list) else [as_fields(v)] for name, v in value.items()}
    if isinstance(value, list):
        return [as_fields(v) for v in value]
    if isinstance(value, (int, float)):
        return repr(value)
    plain_enum = isinstance(value, str) and value.isupper() and value.replace("_", "").isalpha()
    return value if plain_enum else quoted(value)


def as_json(value):
    if isinstance(value, dict):
        return {name: as_json(v) for name, v in value.items()}
    if isinstance(value, list):
        return [as_json(v) for v in value]
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def body_of(call):
    call = {"type": call.pop("type"), "executor_id": {"value": EXECUTOR}, "framework_id": {"value": FRAMEWORK}, **call}
    if PROTOBUF:
        return protobuf_text.encode("executor.Call", as_fields(call))
    return json.dumps(as_json(call)).encode()


def connection():
    host, port = os.environ["MESOS_AGENT_ENDPOINT"].rsplit(":", 1)
    return http.client.HTTPConnection(host, int(port))


def post(call, **headers):
    open_connection = connection()
    kind = call["type"]
    headers = {"Content-Type": TYPE, "Accept": TYPE, **headers}
    open_connection.request("POST", "/api/v1/executor", body_of(call), headers)
    response = open_connection.getresponse()
    record(dir="response", call=kind, status=response.status, body=None if kind == "SUBSCRIBE" else
           response.read().decode())
    return response


def records(response):
    """The RecordIO records of a stream."""
    data = b""
    while True:
        while b"\n" in data:
            length, rest = data.split(b"\n", 1)
            if len(rest) < int(length):
                break
            yield rest[: int(length)]
            data = rest[int(length):]
        more = response.read1(65536)
        if not more:
            return
        data += more


def plain(value):
    """Of protobuf_text: one-element lists and quotes away; good enough for what is read here."""
    if isinstance(value, dict):
        return {name: plain(v[0]) for name, v in value.items()}
    return value[1:-1] if value.startswith('"') else value


sent = []  # the states of all updates, for as long as the process lives
acknowledged = []


def update(task, state, **more):
    sent.append(state)
    status = {"task_id": {"value": task}, "state": state, "source": "SOURCE_EXECUTOR", "uuid": uuid.uuid4().bytes,
              "timestamp": time.time(), **more}
    post({"type": "UPDATE", "update": {"status": status}})


def leave(code, wait=0.5):
    time.sleep(wait)
    LOG.flush()
    os._exit(code)


def launch(task):
    name = task["task_id"]["value"]
    data = task.get("data", "")
    data = data if PROTOBUF else base64.b64decode(data).decode()
    update(name, "TASK_STARTING")
    if data == "exit":
        leave(3, 0)
    update(name, "TASK_RUNNING", data=b'[{"inspect":true}]')
    if data == "finish":
        update(name, "TASK_FINISHED", message="done")


def handle(event):
    kind = event["type"]
    if kind == "LAUNCH":
        launch(event["launch"]["task"])
    elif kind == "KILL":
        update(event["kill"]["task_id"]["value"], "TASK_KILLED", message="killed")
    elif kind == "MESSAGE":
        data = event["message"]["data"]
        post({"type": "MESSAGE", "message": {"data": data.encode() if PROTOBUF else base64.b64decode(data)}})
    elif kind == "SHUTDOWN":
        leave(0, 0)


def over():
    """The last update ended the task, and the agent has them all."""
    ended = sent and sent[-1] in ("TASK_KILLED", "TASK_FINISHED")
    return ended and len(acknowledged) >= len(sent)


def listen():
    subscribe = {"unacknowledged_tasks": [], "unacknowledged_updates": []}
    response = post({"type": "SUBSCRIBE", "subscribe": subscribe}, Connection="keep-alive")
    if response.status != 200:
        record(dir="failed", error=f"{response.status} {response.read().decode()}")
        return
    for data in records(response):
        if PROTOBUF:
            record(dir="event", length=len(data), protobuf=base64.b64encode(data).decode())
            event = plain(protobuf_text.decode("executor.Event", data))
        else:
            event = json.loads(data)
            record(dir="event", length=len(data), body=event)
        if event["type"] == "ACKNOWLEDGED":
            acknowledged.append(event)
        handle(event)
        if over():
            leave(0)
    record(dir="closed", error="end of stream")


def main():
    names = ("MESOS_", "LIBPROCESS_")
    environment = {name: value for name, value in sorted(os.environ.items()) if name.startswith(names)}
    record(dir="environment", body=environment, cwd=os.getcwd(), listing=sorted(os.listdir(".")))
    while True:
        try:
            listen()
        except (OSError, http.client.HTTPException) as error:
            record(dir="failed", error=repr(error))
        time.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
