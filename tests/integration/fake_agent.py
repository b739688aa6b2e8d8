"""A Mesos agent played by the test, for one executor: the v1 executor API in protobuf, and the executor's process."""

import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from windlass import BUILD, ROOT, wait_until

_generated = tempfile.mkdtemp(prefix="windlass-proto-")
subprocess.run(
    ["protoc", f"-I{ROOT}/src/wire/mesos/proto", f"--python_out={_generated}", "mesos.proto", "executor.proto"],
    check=True,
)
sys.path.insert(0, _generated)
import executor_pb2  # noqa: E402
import mesos_pb2  # noqa: E402

TERMINAL = {"TASK_FINISHED", "TASK_FAILED", "TASK_KILLED"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def agent_of(self, call):
        return self.server.agent

    def do_POST(self):
        call = executor_pb2.Call()
        call.ParseFromString(self.rfile.read(int(self.headers["Content-Length"])))
        agent = self.agent_of(call)
        if self.path != "/api/v1/executor" or self.headers["Content-Type"] != "application/x-protobuf":
            return self.answer(404)
        if agent.refusal:
            return self.answer(*agent.refusal)
        if call.type == executor_pb2.Call.SUBSCRIBE:
            return agent.serve(self, call)
        self.answer(202)
        if call.type == executor_pb2.Call.UPDATE:
            agent.take(call.update.status)

    def answer(self, code, body=b""):
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class FakeAgent:
    def __init__(self, sandbox, checkpoint=True, killing=True, grace="5secs", recovery="15mins", acknowledges=True):
        self.container_id = str(uuid.uuid4())
        self.sandbox = sandbox / self.container_id
        self.sandbox.mkdir()
        self.checkpoint, self.killing, self.grace, self.recovery = checkpoint, killing, grace, recovery
        self.acknowledges = acknowledges
        self.refusal = None
        self.subscriptions = []
        self.statuses = []
        self.seen = set()
        self.on_end = None  # called with each terminal status, before anything else happens
        self.events = queue.Queue()
        self.process = None
        self.wrapper = []  # a command that starts the executor
        self.listen(0)

    # --- the server ---

    def listen(self, port):
        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.server.agent = self
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop_listening(self):
        """As an agent that is killed: no port, no streams."""
        self.server.shutdown()
        self.server.server_close()
        self.events.put(None)

    def serve(self, handler, call):
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.send_header("Content-Type", "application/x-protobuf")
        handler.end_headers()
        events = self.events = queue.Queue()
        self.greet(call)
        self.subscriptions.append(call.subscribe)  # now, when what a test sends goes to this stream
        for update in call.subscribe.unacknowledged_updates:
            self.take(update.status)
        while (event := events.get()) is not None:
            data = event.SerializeToString()
            record = str(len(data)).encode() + b"\n" + data
            try:
                handler.wfile.write(f"{len(record):x}\r\n".encode() + record + b"\r\n")
            except OSError:
                return
        handler.close_connection = True
        handler.connection.close()

    def greet(self, call):
        """The first that an executor hears on a new stream."""
        self.events.put(self.subscribed(call))

    def subscribed(self, call):
        event = executor_pb2.Event(type=executor_pb2.Event.SUBSCRIBED)
        told = event.subscribed
        told.executor_info.executor_id.value = call.executor_id.value
        told.framework_info.user, told.framework_info.name = "root", "test"
        told.framework_info.id.value = call.framework_id.value
        if self.killing:
            told.framework_info.capabilities.add(type=mesos_pb2.FrameworkInfo.Capability.TASK_KILLING_STATE)
        told.agent_info.hostname = "localhost"
        told.container_id.value = self.container_id
        return event

    def take(self, status):
        if status.uuid not in self.seen:
            self.seen.add(status.uuid)
            self.statuses.append(status)
            if self.on_end and mesos_pb2.TaskState.Name(status.state) in TERMINAL:
                self.on_end(status)
        if self.acknowledges:
            self.acknowledge(status)

    # --- what an agent says ---

    def acknowledge(self, status):
        event = executor_pb2.Event(type=executor_pb2.Event.ACKNOWLEDGED)
        event.acknowledged.task_id.CopyFrom(status.task_id)
        event.acknowledged.uuid = status.uuid
        self.events.put(event)

    def launch(self, task):
        event = executor_pb2.Event(type=executor_pb2.Event.LAUNCH)
        event.launch.task.CopyFrom(task)
        self.events.put(event)

    def launch_group(self, *tasks):
        event = executor_pb2.Event(type=executor_pb2.Event.LAUNCH_GROUP)
        for each in tasks:
            event.launch_group.task_group.tasks.add().CopyFrom(each)
        self.events.put(event)

    def kill(self, grace=None, task_id="t1"):
        event = executor_pb2.Event(type=executor_pb2.Event.KILL)
        event.kill.task_id.value = task_id
        if grace is not None:
            event.kill.kill_policy.grace_period.nanoseconds = int(grace * 1e9)
        self.events.put(event)

    def shutdown(self):
        self.events.put(executor_pb2.Event(type=executor_pb2.Event.SHUTDOWN))

    # --- the executor ---

    def spawn(self, *argv, **environment):
        variables = dict(os.environ) | {
            "MESOS_AGENT_ENDPOINT": f"127.0.0.1:{self.port}",
            "MESOS_SLAVE_PID": f"slave(1)@127.0.0.1:{self.port}",
            "MESOS_FRAMEWORK_ID": "f1",
            "MESOS_EXECUTOR_ID": "e1",
            "MESOS_SLAVE_ID": "s1",
            "MESOS_DIRECTORY": str(self.sandbox),
            "MESOS_SANDBOX": str(self.sandbox),
            "MESOS_CHECKPOINT": "1" if self.checkpoint else "0",
            "MESOS_RECOVERY_TIMEOUT": self.recovery,
            "MESOS_SUBSCRIPTION_BACKOFF_MAX": "100ms",
            "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": self.grace,
        }
        variables |= environment
        with open(self.sandbox / "stdout", "ab") as out, open(self.sandbox / "stderr", "ab") as err:
            self.process = subprocess.Popen(
                [*self.wrapper, str(BUILD / "windlass-executor"), *argv],
                cwd=self.sandbox,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    def start(self, *argv, **environment):
        self.spawn(*argv, **environment)
        wait_until(lambda: self.subscriptions, 10, "the subscription")
        return self

    def states(self):
        return [mesos_pb2.TaskState.Name(status.state) for status in self.statuses]

    def distinct_states(self):
        """Without the repetitions that a pull's progress makes."""
        states = self.states()
        return [state for i, state in enumerate(states) if i == 0 or states[i - 1] != state]

    def wait_for(self, state, seconds=30):
        wait_until(lambda: state in self.states(), seconds, state)
        return self.statuses[self.states().index(state)]

    def states_of(self, task_id):
        return [
            mesos_pb2.TaskState.Name(status.state) for status in self.statuses if status.task_id.value == task_id
        ]

    def wait_for_task(self, task_id, state, seconds=30):
        try:
            wait_until(lambda: state in self.states_of(task_id), seconds, f"{state} of {task_id}")
        except AssertionError as error:
            raise AssertionError(f"{error}; {self.statuses}; {self.output('stderr')}") from None
        return next(
            status
            for status in self.statuses
            if status.task_id.value == task_id and mesos_pb2.TaskState.Name(status.state) == state
        )

    def wait_for_end(self, seconds=30):
        """The last status and the executor's exit code."""
        wait_until(lambda: self.states() and self.states()[-1] in TERMINAL, seconds, "a terminal state")
        return self.statuses[-1], self.process.wait(timeout=15)

    def reaper(self):
        """Its process id. It is nobody's child; it has the executor's environment."""
        for entry in os.listdir("/proc"):
            try:
                with open(f"/proc/{entry}/comm") as comm, open(f"/proc/{entry}/environ", "rb") as variables:
                    mine = f"MESOS_DIRECTORY={self.sandbox}".encode() in variables.read().split(b"\0")
                    if mine and comm.read().strip() == "windlass-reaper":
                        return int(entry)
            except OSError:
                continue
        raise AssertionError("there is no reaper")

    def output(self, name="stdout"):
        return (self.sandbox / name).read_bytes()

    @property
    def container(self):
        return f"mesos-{self.container_id}"

    def container_exists(self):
        listed = subprocess.run(
            ["docker", "ps", "-aq", "--filter", f"name={self.container}"], capture_output=True, text=True, timeout=30
        )
        return bool(listed.stdout.strip())

    def clean_up(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        named = ["docker", "ps", "-aq", "--filter", f"name={self.container}"]
        left = subprocess.run(named, capture_output=True, text=True, timeout=30).stdout.split()
        subprocess.run(["docker", "rm", "-fv", self.container, *left], capture_output=True, timeout=60)
        self.server.shutdown()
        self.server.server_close()


def task(cpus=0.1, mem=32, ports=(), data="", task_id="t1"):
    made = mesos_pb2.TaskInfo(name=task_id)
    made.task_id.value = task_id
    made.agent_id.value = "s1"
    for name, amount in (("cpus", cpus), ("mem", mem)):
        made.resources.add(name=name, type=mesos_pb2.Value.SCALAR).scalar.value = amount
    if ports:
        resource = made.resources.add(name="ports", type=mesos_pb2.Value.RANGES)
        for port in ports:
            resource.ranges.range.add(begin=port, end=port)
    made.data = data.encode()
    return made


def docker_task(image, command=None, network=None, **options):
    """First-class contract. command: a line for the shell; None: what the image runs."""
    made = task(**options)
    made.container.type = mesos_pb2.ContainerInfo.DOCKER
    made.container.docker.image = image
    if network:
        made.container.docker.network = mesos_pb2.ContainerInfo.DockerInfo.Network.Value(network)
    made.command.shell = command is not None
    if command is not None:
        made.command.value = command
    return made


def mesos_task(image, line):
    """Of type MESOS with an image."""
    made = docker_task(image, line)
    made.container.Clear()
    made.container.type = mesos_pb2.ContainerInfo.MESOS
    made.container.mesos.image.type = mesos_pb2.Image.DOCKER
    made.container.mesos.image.docker.name = image
    return made


def command_task(line, **options):
    made = task(**options)
    made.command.value = line
    return made


def memory_of(pid):
    """Private dirty KiB."""
    for line in open(f"/proc/{pid}/smaps_rollup"):
        if line.startswith("Private_Dirty:"):
            return int(line.split()[1])
    return 0
