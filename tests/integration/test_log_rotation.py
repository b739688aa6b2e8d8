"""Where no init system rotates the logs of Windlass and dockerd, tools/rotate keeps them bounded."""

import os
import subprocess
import time
from pathlib import Path

import pytest

ROTATE = Path(__file__).resolve().parents[2] / "tools" / "rotate"
LINES = 4000


@pytest.fixture
def writer(tmp_path):
    """Appends numbered lines of 10 bytes as long as it is let, as a daemon does with its log."""
    log = tmp_path / "daemon.log"
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    script = """exec >>"$1"; read -r _ <"$2"
        i=0; while [ $i -lt %d ]; do printf "%%09d\\n" $i; i=$((i+1)); done
        read -r _ <"$2" """
    process = subprocess.Popen(["bash", "-c", script % LINES, "daemon", log, gate])
    yield process, log, gate
    process.kill()
    process.wait()


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)


def test_a_log_stays_bounded_and_its_rotator_ends_with_the_process(writer):
    process, log, gate = writer
    rotator = subprocess.Popen([ROTATE, str(process.pid), log, "1000", "2", "0.02"])
    try:
        gate.write_text("go\n")
        wait_until(lambda: log.with_suffix(".log.2").exists() and log.stat().st_size <= 1000)
        kept = sorted(each.name for each in log.parent.glob("daemon.log*"))
        assert kept == ["daemon.log", "daemon.log.1", "daemon.log.2"]
        newest = [line for line in log.with_suffix(".log.1").read_text().splitlines() if line]
        oldest = [line for line in log.with_suffix(".log.2").read_text().splitlines() if line]
        assert all(line.isdigit() and len(line) == 9 for line in newest + oldest), "no line is torn or overwritten"
        assert oldest[-1] < newest[0], "the newer file is .1"
        assert rotator.poll() is None
        process.kill()
        process.wait()
        assert rotator.wait(20) == 0
    finally:
        rotator.kill()
        rotator.wait()


def test_on_a_full_disk_the_bound_counts_more_than_the_copy(tmp_path):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", tmp_path], check=True)
    try:
        log = tmp_path / "daemon.log"
        log.write_bytes(b"x" * 40_000)  # a copy has no room beside it
        daemon = subprocess.Popen(["sleep", "60"])
        rotator = subprocess.Popen([ROTATE, str(daemon.pid), log, "1000", "2", "0.02"])
        try:
            wait_until(lambda: log.stat().st_size == 0)
            wait_until(lambda: [each.name for each in tmp_path.iterdir()] == ["daemon.log"])
        finally:
            for process in (rotator, daemon):
                process.kill()
                process.wait()
    finally:
        subprocess.run(["umount", "-l", tmp_path], check=True)
