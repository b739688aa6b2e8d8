"""The benches still run and print their lines. What they measure in so short a time says nothing."""

import os
import re
import shutil
import subprocess
import tempfile

import pytest
from windlass import BUILD, ROOT, wait_until

NUMBER = r"-?[0-9][0-9.]*"
RATE = rf"{NUMBER}/s \(p50 {NUMBER} ms, p90 {NUMBER} ms, p99 {NUMBER} ms\)"


def line(text):
    """The pattern of one line: N stands for a number, RATE for what wrk says, ~ for any text."""
    parts = re.split(r"\b(N|RATE)\b|(~)", text)
    known = {"N": NUMBER, "RATE": RATE, "~": ".*", None: ""}
    return "".join(known.get(part) if part in known else re.escape(part) for part in parts)


BENCHES = {
    "start_latency.py": (
        ["bench/start_latency.py", "--quick"],
        ["start latency: windlass N ms, raw N ms, ratio N, added N ms (target: ~"],
    ),
    "start_many.py": (
        ["bench/start_many.py", "--quick"],
        ["N at once: windlass N/s, raw N/s, ratio N (target: ~"],
    ),
    "executor.py": (
        ["bench/executor.py", "--quick"],
        [
            "size of windlass-executor: N MB, ~",
            "N containers: start to SUBSCRIBE N ms, N of the target ~",
            "N containers: LAUNCH to running N ms, raw N ms, ratio N, added N ms (target: ~",
            "N containers: N MiB private dirty for each in 2.0 processes, N of the target ~",
        ],
    ),
    "v1_http.py": (
        ["bench/v1_http.py", "--quick"],
        [
            "GET /ping, N apps: RATE, nginx RATE, ratio N, of /ping N (~",
            "GET /v1/apps, N apps: RATE, nginx RATE, ratio N, of /ping N (~",
            "GET /v1/endpoints, N apps: RATE, nginx RATE, ratio N (~",
            "POST /v1/apps/scale: RATE, write and sync N/s, ratio N, of /ping N (N connections)",
            "POST /v1/apps/scale: RATE, write and sync N/s, ratio N, of /ping N (N connections)",
            "windlass itself: N MiB private dirty with N apps, ~",
        ],
    ),
    "curves.py": (
        ["bench/curves.py", "--quick"],
        [
            "placement.svg: placement N to N; TASK_RUNNING N to N (target: ~",
            "restart.svg: start N to N (target: ~",
            "instance.svg: running N to N; after a restart, before Mesos has answered N to N (target: ~",
            "app.svg: app N to N (target: ~",
            "change.svg: among so many apps N to N; among so many instances N to N (target: ~",
        ],
    ),
    "memory": (
        [BUILD / "bench_memory", "--apps=20", "--instances=1000"],
        [
            "an app: N bytes allocated each, N resident, N of the target of ~",
            "a running instance: N bytes allocated each, N resident, N of the target of ~",
            "the same after a restart: N bytes allocated each, N resident, N of the target of ~",
        ],
    ),
    "one_change": (
        [BUILD / "bench_one_change", "--apps=10", "--instances=1000"],
        [
            "one change among N apps: N ms, N of a write and sync (N ms; target ~",
            "one change among N instances: N ms, N of a write and sync (N ms; target ~",
        ],
    ),
    "end_to_end.py": (
        ["bench/end_to_end.py", "--quick"],
        [
            "end to end, N agents, N instances in N apps: N/s, N of the target of N/s~",
        ]
        * 6,
    ),
    "placements": (
        [BUILD / "bench_placements", "--agents=100", "--tasks=2000", "--apps=10"],
        [
            "placements: N/s, N of the target of ~",
            "TASK_RUNNING updates: N/s, N of the target of ~",
            "restart with N tasks: N s (journal N s, ~",
        ],
    ),
}


@pytest.mark.parametrize("bench", BENCHES)
def test_prints_its_lines(programs, bench):
    command, lines = BENCHES[bench]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    printed = done.stdout.splitlines()
    assert len(printed) == len(lines), done.stdout
    for got, wanted in zip(printed, lines):
        assert re.fullmatch(line(wanted), got), f"{got!r} is not {wanted!r}"
    assert done.stderr == ""


def test_the_executor_is_as_small_as_promised(programs):
    """The one figure that no other program on the machine can change. Its preset: release."""
    limit = 6_000_000 if programs.name == "release" else 1_000_000_000
    assert (programs / "windlass-executor").stat().st_size <= limit


@pytest.fixture
def own_engine():
    """DOCKER_HOST of an Engine that may become a swarm: in a network of its own, where its ports are free."""
    folder = tempfile.mkdtemp(prefix="wl-swarm-")
    host = f"unix://{folder}/docker.sock"
    daemon = f"dockerd -H {host} --data-root {folder}/data --exec-root {folder}/exec --pidfile {folder}/pid"
    script = f"ip link set lo up; exec {daemon} --bridge none --iptables=false"
    with open(f"{folder}/log", "wb") as log:
        process = subprocess.Popen(["unshare", "--net", "sh", "-c", script], stdout=log, stderr=log)
    try:
        asks = ["docker", "-H", host, "version"]
        wait_until(lambda: subprocess.run(asks, capture_output=True, timeout=30).returncode == 0, 60, "the Engine")
        yield host
    finally:
        process.terminate()
        process.wait(timeout=60)
        with open("/proc/mounts") as mounts:
            left = [line.split()[1] for line in mounts if folder in line]
        for mount in reversed(left):
            subprocess.run(["umount", "-l", mount], timeout=60)
        shutil.rmtree(folder)


def test_a_swarm_is_measured_too(programs, own_engine):
    command = ["bench/start_many.py", "--swarm", "--quick"]
    environment = os.environ | {"DOCKER_HOST": own_engine}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(line("N at once: windlass N/s, swarm N/s, ratio N"), done.stdout), done.stdout
    info = ["docker", "-H", own_engine, "info", "--format", "{{.Swarm.LocalNodeState}} {{.Containers}}"]
    assert subprocess.run(info, capture_output=True, text=True, timeout=30).stdout == "inactive 0\n"


@pytest.mark.parametrize("script", sorted(path.name for path in (ROOT / "bench").glob("*.py")))
def test_every_script_is_run_here(script):
    assert script == "stack.py" or script in BENCHES


@pytest.mark.parametrize("script", [name for name in BENCHES if name.endswith(".py")])
def test_wrong_arguments_show_the_usage(script):
    for argument, code in (("--no-such-option", 2), ("0", 2), ("--help", 0)):
        done = subprocess.run([ROOT / "bench" / script, argument], capture_output=True, text=True, timeout=60)
        assert done.returncode == code and f"usage: bench/{script}" in done.stdout + done.stderr, done.stderr
