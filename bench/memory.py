#!/usr/bin/python3
"""Private dirty memory for each running container: executor and reaper together, from smaps_rollup.

usage: bench/memory.py [CONTAINERS]     20 by default
"""

import sys
import time
from pathlib import Path

from stack import stack

TARGET_MIB = 0.75
MESOS_MIB = 10.1  # mesos-docker-executor of Mesos 1.12, measured the same way


def private_dirty_kib(process):
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
        if line.startswith("Private_Dirty:"):
            return int(line.split()[1])
    raise RuntimeError(f"/proc/{process}/smaps_rollup has no Private_Dirty")


def main(count):
    with stack() as (windlass, _, starts):
        windlass.start_app("memory", count)
        starts.wait(count)
        time.sleep(3)  # until what the start has needed is given back
        processes = windlass.executors()
        per_container = sum(map(private_dirty_kib, processes)) / 1024 / count
        own = private_dirty_kib(windlass.process.pid) / 1024
        print(f"memory for each container: {per_container:.2f} MiB private dirty "
              f"in {len(processes) / count:.1f} processes, {per_container / TARGET_MIB:.2f} of the target of "
              f"{TARGET_MIB}, "
              f"{per_container / MESOS_MIB:.3f} of Mesos 1.12 ({count} containers; windlass itself: {own:.1f} MiB)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
