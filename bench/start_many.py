#!/usr/bin/python3
"""N instances at once, against raw Engine API calls with the same parallelism, and against Docker Swarm if asked.

usage: bench/start_many.py [--quick] [--swarm] [N [ROUNDS]]     30 instances, 5 rounds of each in turn; medians
--swarm makes this Docker Engine a swarm for the while; it must not be one already.
"""

import threading
import time

from stack import IMAGE, Engine, arguments, median, spec_like, stack

TARGET = 0.95


def seconds_until_all(starts, began, count):
    return (max(started for _, started in starts) - began) / 1e9 if len(starts) == count else None


def windlass_round(windlass, starts, app, count):
    began = time.time_ns()
    windlass.start_app(app, count)
    seen = starts.wait(count)
    taken = seconds_until_all(seen, began, count)
    windlass.stop_app(app, [container for container, _ in seen])
    return taken


def raw_round(engine, starts, spec, count):
    """As many threads as containers, each with a connection of its own, opened before the clock starts."""
    engines = [Engine() for _ in range(count)]
    for each in engines:
        each.call("GET", "/_ping")
    threads = [threading.Thread(target=each.start, args=(spec,)) for each in engines]
    began = time.time_ns()
    for thread in threads:
        thread.start()
    seen = starts.wait(count)
    taken = seconds_until_all(seen, began, count)
    for thread in threads:
        thread.join()
    for container, _ in seen:
        engine.remove(container)
    return taken


def swarm_round(engine, starts, count):
    container = {"Image": f"{IMAGE}:latest", "Command": ["sleep", "100000"]}
    template = {"ContainerSpec": container, "Networks": [{"Target": "host"}]}
    spec = {"Name": "windlass-bench", "TaskTemplate": template, "Mode": {"Replicated": {"Replicas": count}}}
    began = time.time_ns()
    engine.call("POST", "/services/create", spec)
    seen = starts.wait(count)
    taken = seconds_until_all(seen, began, count)
    engine.call("DELETE", "/services/windlass-bench")
    for container, _ in seen:
        try:
            engine.remove(container)
        except RuntimeError:
            continue  # the swarm was faster
    return taken


def main(count, rounds, swarm):
    with stack() as (windlass, engine, starts):
        windlass.start_app("model")
        spec = spec_like(engine, starts.wait(1)[0][0])
        if swarm:
            engine.call("POST", "/swarm/init", {"ListenAddr": "127.0.0.1:2377", "AdvertiseAddr": "127.0.0.1"})
        try:
            times = {"windlass": [], "raw": [], "swarm": []}
            for number in range(rounds):
                times["windlass"].append(windlass_round(windlass, starts, f"round{number}", count))
                times["raw"].append(raw_round(engine, starts, spec, count))
                if swarm:
                    times["swarm"].append(swarm_round(engine, starts, count))
        finally:
            if swarm:
                engine.call("POST", "/swarm/leave?force=1")
        ours, raw = median(times["windlass"]), median(times["raw"])
        print(f"{count} at once: windlass {count / ours:.1f}/s, raw {count / raw:.1f}/s, ratio {raw / ours:.3f} "
              f"(target: at least {TARGET}; {rounds} rounds)")
        if swarm:
            other = median(times["swarm"])
            print(f"{count} at once: windlass {count / ours:.1f}/s, swarm {count / other:.1f}/s, "
                  f"ratio {other / ours:.3f}")


if __name__ == "__main__":
    options, (wanted, rounds_wanted) = arguments(__doc__, 30, 5, swarm=True)
    main(*((3, 1) if options.quick else (wanted, rounds_wanted)), swarm=options.swarm)
