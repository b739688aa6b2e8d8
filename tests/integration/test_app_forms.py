"""One app, written with an executor's path, without one, and for agents of somebody else: the same container."""

import datetime
import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from option_cases import GOOD, REFUSED, REFUSED_RUN
from test_options import comparable, differences
from windlass import BUILD, free_port, wait_until

# What this machine or these containers do not have, or what two containers cannot have at once.
NOT_HERE = {"entrypoint", "gpus", "link", "volumes-from", "ip", "network-alias", "env-file", "blkio-weight", "runtime"}
# Of the options that have several values, the ones that start here.
CHOSEN = {
    "network": ["none", "host"],
    "publish": ["80", "127.0.0.1::90/udp"],
    "log-driver": ["json-file", "none"],
    "log-opt": ["max-size=1m"],
    "volume": ["/data", "/tmp:/named:ro"],
    "mount": ["type=tmpfs,dst=/m3"],
    "user": ["1000"],
    "hostname": ["web"],
    "pid": ["host"],
    "sysctl": ["kernel.msgmax=1000"],
    "cpuset-cpus": ["0"],
    "oom-score-adj": ["100"],
    "ulimit": ["nofile=1000:2000"],
    "platform": ["linux/amd64"],
    "pull": ["missing"],
}


NOT_ALLOWED = "OCI runtime create failed"
PARALLEL = 6
RESOURCES = "--resources=cpus:16;mem:16384;disk:8192;ports:[20000-29000]"


def option_cases():
    """[options] of each case; every option of the table that can start here."""
    cases = [[], ["-itw", "/tmp"], ["--stop-timeout", "20"], ["--quiet"], ["--network", "host", "-p", "80"]]
    for name, letter, values in GOOD:
        if name in NOT_HERE:
            continue
        if values is None:
            cases.append([f"-{letter}" if letter else f"--{name}"])
        for value in [] if values is None else CHOSEN.get(name, values[:1]):
            cases.append([f"--{name}", value])
    return [case for case in cases if case != ["--oom-kill-disable"]] + [["--oom-kill-disable", "-m", "64m"]]


FIELDS = [
    {"cmd": "sh -c 'sleep 1000' '' \"two words\" a\\ b"},
    {"cmd": "sh -c 'sleep 1000' $PORT0 ${PORT1} \"$HOST $MINE\" $NOT_SET", "env": {"MINE": "a  b"}, "ports": [0, 0]},
    {"env": {"PORT": "1", "B": "x=y", "EMPTY": ""}},
    {"ports": [0, 0, 0]},
    {"mem": 48, "cpus": 0.02, "disk": 10},
    {"constraints": [["hostname", "LIKE", ".*"]]},
]


class Forms:
    """`windlass up`, and a second scheduler on its engine that knows nothing of windlass-executor."""

    def __init__(self, windlass, image):
        self.windlass, self.image = windlass, image
        self.port = free_port()
        command = [BUILD / "windlass", "scheduler", f"--master=127.0.0.1:{windlass.master_port}",
                   f"--http_port={self.port}", f"--work_dir={windlass.folder}/second", "--framework_name=second",
                   f"--hostname={windlass.hostname}"]
        self.second_log = windlass.folder / "second.log"
        with self.second_log.open("wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=windlass.environment())
        ping = self.url("agents") + "/ping"
        wait_until(lambda: windlass.session.get(ping).text == "pong\n", 20, "the second scheduler")

    def url(self, form):
        return f"http://127.0.0.1:{self.port}" if form == "agents" else self.windlass.url

    def start(self, form, name, fields):
        container = {"image": f"docker:///{self.image}", **fields.get("container", {})}
        app = {"id": f"{form}-{name}", "instances": 1, "cpus": 0.01, "mem": 32, **fields, "container": container}
        if form == "path":
            app["executor"] = str(self.windlass.executor)
        answer = self.windlass.session.post(self.url(form) + "/v1/apps/start", json=app, timeout=10)
        assert answer.status_code == 204, answer.text

    def stop(self, form, name):
        self.windlass.session.post(self.url(form) + "/v1/apps/stop", json={"id": f"{form}-{name}"}, timeout=10)

    def messages(self, form, name):
        """What was said of the ends of its tasks, without what names the task."""
        log = self.second_log.read_text() if form == "agents" else self.windlass.log()
        found = re.findall(rf'status task="?{form}-{name}\.\S+ state=(TASK_(?:FAILED|ERROR|FINISHED)\b.*)', log)
        # What the kernel says names files of the task, and some machines do not let containers have everything.
        return [re.sub(f"({NOT_ALLOWED}).*", r"\1", re.sub(r"[0-9a-f-]{36}", "<id>", each)) for each in found]

    def inspect(self, docker, form, name):
        label = f"label=MARATHON_APP_ID=/{form}-{name}"
        found = docker("ps", "-q", "--no-trunc", "--filter", label).split()
        return docker.inspect(found[0]) if found else None


def neutral(document, form, name):
    """What is asked for, without what differs between any two tasks."""
    asked = {"Id": document["Id"], "Name": document["Name"], "Args": document["Args"], "Path": document["Path"],
             "Config": document["Config"], "HostConfig": document["HostConfig"], "Mounts": document["Mounts"]}
    environment = dict(entry.split("=", 1) for entry in document["Config"]["Env"])
    text = json.dumps(asked).replace(f"{form}-{name}", "<app>")
    text = re.sub(r'"[^"]*/sandboxes/[^"]*?(/mnt/mesos/sandbox:rw)?"|"/[^"]*/runs/[^":]*', '"<sandbox>', text)
    for number, port in enumerate(environment.get("PORTS", "").split(",")):
        text = re.sub(rf"\b{port}\b", f"<port {number}>", text) if port else text
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uuid>", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "<time>", text)
    asked = json.loads(text)
    asked["Config"]["Env"] = [e for e in asked["Config"]["Env"] if not re.match("PORT_|MARATHON_APP_EXECUTOR", e)]
    labels = asked["Config"]["Labels"]
    for own in ("MESOS_EXECUTOR_ID", "MESOS_FRAMEWORK_ID", "MESOS_CONTAINER_ID", "WINDLASS_EXECUTOR"):
        labels.pop(own)
    asked["HostConfig"].pop("CgroupParent")
    return comparable(asked)


@pytest.fixture
def forms(make_windlass, images):
    windlass = make_windlass(RESOURCES, "--allocation_interval=50ms").start()
    forms = Forms(windlass, images.redis)
    yield forms
    forms.process.kill()
    forms.process.wait()


def compare(forms, docker, name, fields):
    """Sentences about where the three differ."""
    kinds = ("path", "none", "agents")
    for form in kinds:
        forms.start(form, name, fields)
    seen = {}

    def all_there():
        for form in kinds:
            if form not in seen:
                document = forms.inspect(docker, form, name)
                messages = forms.messages(form, name)
                if document:
                    seen[form] = neutral(document, form, name)
                elif messages:
                    seen[form] = {"said": messages[0].replace(f"{form}-{name}", "<app>")}
        return len(seen) == len(kinds)

    try:
        wait_until(all_there, 60, f"containers of {fields}")
    finally:
        for form in kinds:
            forms.stop(form, name)
    found = []
    for form in kinds[1:]:
        found += [f"{fields} {form}: {each}" for each in differences(seen[form], seen["path"])]
    return found, seen["path"]


def judge_all(judge, cases):
    """What judge(name, case) finds wrong with any of them."""
    with ThreadPoolExecutor(PARALLEL) as pool:
        found = pool.map(lambda pair: judge(f"n{pair[0]}", pair[1]), enumerate(cases))
    return "\n".join(each for some in found for each in some)


def test_options_and_fields_in_every_form(forms, docker):
    def judge(name, fields):
        wrong, path = compare(forms, docker, name, {"cmd": "sleep 1000", **fields})
        said = path.get("said", "")
        return wrong + ([f"{fields}: {said}"] if said and NOT_ALLOWED not in said else [])

    options = [{"container": {"options": options}} for options in option_cases()]
    entrypoint = [{"cmd": "1000", "container": {"options": ["--entrypoint", "/bin/sleep"]}}]
    wrong = judge_all(judge, options + entrypoint + FIELDS)
    assert not wrong, wrong


def test_refusals_in_every_form(forms, docker):
    def judge(name, options):
        wrong, path = compare(forms, docker, name, {"container": {"options": options}})
        said = path.get("said", "")
        return wrong + ([] if "docker option" in said else [f"{options}: {path}"])

    refused = [words for words in [*REFUSED, *REFUSED_RUN] if words[0] != "--name"]  # Mesos itself refuses that, too
    cases = [[word.replace("{dir}", "/tmp") for word in words] for words in refused]
    wrong = judge_all(judge, [*cases, ["-p 80:80"], ["--colour=red"], ["-p", "x"]])
    assert not wrong, wrong


def test_exposed_ports_are_published(windlass, images, docker):
    """What `windlass app start r --image=redis` makes: a Redis that answers where /v1/endpoints says."""
    answer = windlass.post("/v1/apps/start", {"id": "r", "instances": 1, "cpus": 0.1, "mem": 64,
                                              "container": {"image": f"docker:///{images.redis}"}})
    assert answer.status_code == 204
    windlass.wait_for_redis("r", 1)


def test_stop_timeout_is_the_grace(windlass, images, docker):
    answer = windlass.post("/v1/apps/start", {
        "id": "slow", "instances": 1, "cpus": 0.1, "mem": 64,
        "cmd": "sh -c 'trap \"\" TERM; while :; do sleep 0.1; done'",
        "container": {"image": f"docker:///{images.busybox}", "options": ["--stop-timeout", "8"]}})
    assert answer.status_code == 204
    windlass.wait_for_endpoints("slow", 1)
    (container,) = docker.containers()
    windlass.stop_app("slow")
    wait_until(lambda: "state=TASK_KILLED" in windlass.log(), 40, "the end")
    assert not docker.containers()
    times = re.findall(r"^(\S+) .*task=slow\.\S+ state=(TASK_KILLING|TASK_KILLED)", windlass.log(), re.M)
    assert [state for _, state in times] == ["TASK_KILLING", "TASK_KILLED"], windlass.log()
    told, ended = (datetime.datetime.fromisoformat(at.replace("Z", "+00:00")) for at, _ in times)
    assert 7.5 < (ended - told).total_seconds() < 12, "longer than the 5 s without the option"
