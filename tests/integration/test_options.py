"""Our options against the docker CLI's: the same words, the same daemon, the same `docker inspect`.

Each case of option_cases.py goes to `docker create` and, read by our parser, to the daemon's API. What the CLI refuses,
we refuse, naming the option; what the daemon refuses, it refuses in the same words; what is created is the same.
"""

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from option_cases import EXTENSIONS, HARMLESS, REFUSED, REFUSED_RUN, random_cases, table
from windlass import BUILD, ROOT

SOCKET = "/var/run/docker.sock"
COMMAND = ["sh", "-c", "exit 0"]
PARALLEL = 8
NEWEST = 51  # of the API that we speak
SEED = int(os.environ.get("WINDLASS_OPTIONS_SEED", "20261"))
COMBINED, MUTATED = 40, 40
FROM_DAEMON = "Error response from daemon: "


class Api:
    """The daemon's API, one connection a call."""

    def __init__(self):
        known = self("GET", "/version")[1]["ApiVersion"]
        self.minor = min(NEWEST, int(known.split(".")[1]))

    def __call__(self, method, path, body=None):
        with socket.socket(socket.AF_UNIX) as raw:
            raw.settimeout(60)
            raw.connect(SOCKET)
            connection = http.client.HTTPConnection("docker")
            connection.sock = raw
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            content = answer.read()
            return answer.status, json.loads(content) if content else None

    def versioned(self, method, path, body=None):
        return self(method, f"/v1.{self.minor}{path}", body)


class Bench:
    """What the cases need on this machine, and what they left behind."""

    def __init__(self, folder):
        self.folder = folder
        self.api = Api()
        self.tag = f"windlass-options-{uuid.uuid4().hex[:8]}"
        self.image = f"{self.tag}:test"
        self.names = {"net": f"{self.tag}-net", "net2": f"{self.tag}-net2", "other": f"{self.tag}-other"}
        self.names["dir"] = str(folder)
        self.volumes_before = self.volumes()
        subprocess.run([ROOT / "tools/image", "busybox", self.image], check=True, capture_output=True, timeout=120)
        self.write_files()
        for name, subnet in (("net", "10.213.7.0/24"), ("net2", "10.213.8.0/24")):
            self.docker("network", "create", "--subnet", subnet, self.names[name])
        self.docker("create", "--name", self.names["other"], "-v", "/shared", "--ipc=shareable", self.image, "sh")

    def write_files(self):
        (self.folder / "sub").mkdir()
        (self.folder / "home").mkdir()
        (self.folder / "env").write_text("# comment\n\nFROM_FILE=1\n  INDENTED=yes \nFROM_HOST\nNOT_SET_ANYWHERE\nE=\n")
        (self.folder / "env2").write_text("FROM_FILE=2\r\nSECOND=x=y")
        (self.folder / "env_bom").write_bytes(b"\xef\xbb\xbfBOM=1\n")
        (self.folder / "bad_env").write_text("A B=1\n")
        (self.folder / "binary").write_bytes(b"A=\xff\xfe\n")
        (self.folder / "labels").write_text("FILE_LABEL=1\nwithout.value\nx=y\n")
        (self.folder / "seccomp.json").write_text('{\n  "defaultAction": "SCMP_ACT_ALLOW",\n  "syscalls": []\n}\n')

    def create_by_cli(self, words):
        # Nothing here is in a registry; --pull may follow.
        return self.docker("create", "--pull=never", *words, self.image, *COMMAND)

    def docker(self, *words):
        """The docker command: exit code, stdout, stderr."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / "home"),
            "FROM_HOST": "the host's",
            "DOCKER_CLI_HINTS": "false",
        }
        command = ["docker", *words]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=120, cwd=self.folder, env=environment, errors="replace"
        )
        return done.returncode, done.stdout.strip(), done.stderr.strip()

    def fill(self, words):
        filled = []
        for word in words:
            for name, value in self.names.items():
                word = word.replace("{" + name + "}", value)
            filled.append(word)
        return filled

    def plans(self, cases, form="options"):
        """What our parser makes of each case."""
        lines = []
        for words in cases:
            asked = {"options": words, "image": self.image, "command": COMMAND, "directory": str(self.folder)}
            asked |= {"environment": {"FROM_HOST": "the host's", "PATH": os.environ["PATH"]}, "form": form}
            lines.append(json.dumps(asked | {"api": self.api.minor}))
        done = subprocess.run(
            [BUILD / "plan_dump"], input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def create(self, plan):
        """Our container: its id and None, or None and the daemon's words."""
        query = f"?platform={plan['platform']}" if plan["platform"] else ""
        status, answer = self.api.versioned("POST", f"/containers/create{query}", plan["body"])
        return (answer["Id"], None) if status == 201 else (None, answer["message"].strip())

    def inspect(self, identity):
        document = self.api.versioned("GET", f"/containers/{identity}/json")[1]
        return comparable(document)

    def remove(self, identity):
        self.api.versioned("DELETE", f"/containers/{identity}?force=1&v=1")

    def volumes(self):
        return {volume["Name"] for volume in self.api("GET", "/volumes")[1]["Volumes"] or []}

    def clean_up(self):
        listed = self.docker("ps", "-aq", "--filter", f"ancestor={self.image}")[1].split()
        for identity in listed:
            self.remove(identity)
        for name in ("net", "net2"):
            self.docker("network", "rm", self.names[name])
        self.docker("rmi", "-f", self.image)
        for name in self.volumes() - self.volumes_before:
            self.api("DELETE", f"/volumes/{name}")
        shutil.rmtree(self.folder, ignore_errors=True)


# --- comparing -------------------------------------------------------------------------------------------------------

# Of the container itself, not of what was asked for.
OWN = {"Id", "Created", "Name", "ResolvConfPath", "HostnamePath", "HostsPath", "LogPath", "GraphDriver"}


def comparable(document):
    """An inspect document without what differs between any two containers."""
    identity = document["Id"]
    text = json.dumps({key: value for key, value in document.items() if key not in OWN})
    for own in (identity, identity[:12], document["Name"].strip("/")):
        text = text.replace(own, "<own>")
    document = json.loads(text)
    for mount in document["Mounts"]:
        if mount["Type"] == "volume" and re.fullmatch("[0-9a-f]{64}", mount.get("Name", "")):
            mount["Name"] = mount["Source"] = "<anonymous>"
    document["Mounts"].sort(key=lambda mount: (mount["Destination"], mount["Source"]))
    host = document["HostConfig"]
    host["Binds"] = sorted(host.get("Binds") or [])
    # Of a variable that is set twice the last one counts.
    document["Config"]["Env"] = {entry.partition("=")[0]: entry for entry in document["Config"]["Env"] or []}
    return without_empty(document)


def without_empty(value):
    """null, [], {} and an absent field are the same to Docker."""
    if isinstance(value, dict):
        cleaned = {key: without_empty(each) for key, each in value.items()}
        return {key: each for key, each in cleaned.items() if each not in (None, [], {})}
    return [without_empty(each) for each in value] if isinstance(value, list) else value


def differences(ours, theirs, path=""):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        found = []
        for key in sorted(ours.keys() | theirs.keys()):
            found += differences(ours.get(key), theirs.get(key), f"{path}/{key}")
        return found
    return [] if ours == theirs else [f"{path}: ours {ours!r}, the CLI's {theirs!r}"]


def same_words(ours, theirs):
    """In any order: Docker lists things as they come. Ids are what they are."""
    return sorted(re.split("[, ]+", without_ids(ours))) == sorted(re.split("[, ]+", without_ids(theirs)))


def without_ids(message):
    return re.sub("[0-9a-f]{64}", "<id>", message)


def names_option(message, words):
    """The message has the name of one of the options, as it was written or in full."""
    full = {"e": "env", "l": "label", "v": "volume", "p": "publish", "m": "memory", "h": "hostname", "w": "workdir"}
    names = set()
    for word in words:
        if word.startswith("--"):
            names.add(word.partition("=")[0])
        elif word.startswith("-"):
            names |= {f"-{letter}" for letter in word[1:]}
            names |= {f"--{full[letter]}" for letter in word[1:] if letter in full}
    names |= {"--network"} if "--net" in names else set()
    return any(name in message for name in names)


def judge(bench, words, plan):
    """What is wrong with how we took this case: a list of sentences. The kind of outcome stands before it."""
    code, identity, stderr = bench.create_by_cli(words)
    ours, refusal = (None, None) if "error" in plan else bench.create(plan)
    try:
        if code != 0 and FROM_DAEMON not in stderr:
            if "error" not in plan:
                return "refused", [f"the CLI refuses it and we do not: {stderr}"]
            wrong = [] if names_option(plan["error"], words) else [f"our refusal names no option: {plan['error']}"]
            return "refused", wrong
        if code != 0:
            theirs = stderr.partition(FROM_DAEMON)[2].partition("\n\nRun '")[0].strip()
            said = plan.get("error", refusal)
            if said is None:
                return "daemon", [f"the daemon refused the CLI and took ours: {theirs}"]
            same = ("error" in plan and stricter(words)) or too_new(plan) or same_words(said, theirs)
            return "daemon", [] if same else [f"ours: {said}", f"the CLI's: {theirs}"]
        if ours is None and too_new(plan) and dropped_by_old_engines(words):
            return "created", []
        if ours is None:
            return "created", [f"the CLI takes it and we refuse it: {plan.get('error', refusal)}"]
        return "created", differences(bench.inspect(ours), bench.inspect(identity))
    finally:
        for each in (ours, identity):
            if each:
                bench.remove(each)


def stricter(words):
    """Mounts of a type that no Engine knows are refused by us, not by the daemon."""
    return any("type=" in word for word in words)


def too_new(plan):
    """We say that this Engine is too old for the option, and from when on it is known."""
    return " needs Docker API 1." in plan.get("error", "")


def dropped_by_old_engines(words):
    """The CLI sends these to any Engine, and one that does not know them makes something else without a word."""
    return any("volume-subpath=" in word or "gw-priority=" in word for word in words)


def judge_all(bench, cases):
    filled = [bench.fill(words) for words in cases]
    with ThreadPoolExecutor(PARALLEL) as pool:
        return list(pool.map(lambda pair: judge(bench, *pair), zip(filled, bench.plans(filled))))


# --- tests -----------------------------------------------------------------------------------------------------------

CASES = table()


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    bench = Bench(tmp_path_factory.mktemp("options"))
    yield bench
    bench.clean_up()


@pytest.fixture(scope="module")
def verdicts(bench):
    return judge_all(bench, CASES)


@pytest.mark.parametrize("number", range(len(CASES)), ids=[" ".join(words) for words in CASES])
def test_case(verdicts, number):
    outcome, wrong = verdicts[number]
    assert not wrong, f"{CASES[number]} ({outcome}):\n" + "\n".join(wrong)


def test_the_table_reaches_every_outcome(verdicts):
    outcomes = [outcome for outcome, _ in verdicts]
    assert len(outcomes) >= 250
    counted = {outcome: outcomes.count(outcome) for outcome in set(outcomes)}
    assert counted["created"] >= 150 and counted["refused"] >= 100 and counted["daemon"] >= 30, counted


def test_random_options(bench):
    """Options at random; WINDLASS_OPTIONS_SEED=<n> makes others, or the same again."""
    cases = random_cases(SEED, COMBINED, MUTATED)
    failed = [
        f"{words} ({outcome}):\n  " + "\n  ".join(wrong)
        for words, (outcome, wrong) in zip(cases, judge_all(bench, cases))
        if wrong
    ]
    assert not failed, f"seed {SEED}:\n" + "\n".join(failed)


def test_parameters_are_long_options(bench):
    """DockerInfo.parameters say the same as --key=value."""
    cases = [bench.fill(words) for words in CASES]
    long = [words for words in cases if len(words) == 1 and re.match("--[a-z0-9-]+=", words[0])]
    long += [[f"{words[0]}={words[1]}"] for words in cases if len(words) == 2 and re.match("--[a-z0-9-]+$", words[0])]
    assert len(long) > 150
    as_parameters = bench.plans([[word.removeprefix("--") for word in words] for words in long], "parameters")
    for words, ours, parameters in zip(long, bench.plans(long), as_parameters):
        assert ours == parameters, words


def test_options_as_parameters(bench):
    """What the scheduler makes of the list form for Mesos' own Docker support is the same container, or as refused."""
    words_of_all = [*CASES, *map(list, REFUSED), *map(list, REFUSED_RUN), ["-itw", "/tmp", "-P"]]
    cases = [bench.fill(words) for words in words_of_all]
    for words, ours, said in zip(cases, bench.plans(cases), bench.plans(cases, "as_parameters")):
        several_networks = sum(word.partition("=")[0] in ("--net", "--network") for word in words) > 1
        if several_networks:
            continue  # of a DockerInfo the first one counts
        assert ("error" in ours) == ("error" in said), words
        assert ours == said or "error" in ours, words


@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_refused_with_the_reason(bench, words):
    filled = bench.fill(words)
    code, identity, stderr = bench.create_by_cli(filled)
    assert code == 0, f"the CLI takes it: {stderr}"
    bench.remove(identity)
    check_refusal(bench, filled, REFUSED[words])


@pytest.mark.parametrize("words", REFUSED_RUN, ids=" ".join)
def test_refused_of_run(bench, words):
    check_refusal(bench, list(words), REFUSED_RUN[words])


def check_refusal(bench, words, reason):
    said = bench.plans([words])[0]["error"]
    assert said.startswith(f"docker option {words[0].partition('=')[0]} is not possible: ") and reason in said, said


@pytest.mark.parametrize("words", HARMLESS, ids=" ".join)
def test_harmless(bench, words):
    outcome, wrong = judge_all(bench, [words])[0]
    assert outcome == "created" and not wrong, wrong


@pytest.mark.parametrize("words", EXTENSIONS, ids=" ".join)
def test_extensions(bench, words):
    """The Engine takes them."""
    plan = bench.plans([bench.fill(words)])[0]
    identity, refusal = bench.create(plan)
    assert identity, refusal
    document = bench.api.versioned("GET", f"/containers/{identity}/json")[1]
    bench.remove(identity)
    if "--mac-address" in words:
        networks = document["NetworkSettings"]["Networks"].values()
        known = {document["Config"].get("MacAddress"), *(network.get("MacAddress") for network in networks)}
        assert "92:d0:c6:0a:29:33" in known
    else:
        assert document["HostConfig"]["SecurityOpt"] == ['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}']
