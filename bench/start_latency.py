#!/usr/bin/python3
"""From the API call to the running container, over Docker Engine's own create and start of the same container.

usage: bench/start_latency.py [--quick] [RUNS]     20 runs of each, one after the other in turn; medians
"""

import time

from stack import arguments, median, spec_like, stack

TARGET_MS = 10


def windlass_once(windlass, starts, app):
    began = time.time_ns()
    windlass.start_app(app)
    container, started = starts.wait(1)[0]
    return container, (started - began) / 1e6


def raw_once(engine, starts, spec):
    began = time.time_ns()
    container = engine.start(spec)
    _, started = starts.wait(1)[0]
    return container, (started - began) / 1e6


def main(runs):
    with stack() as (windlass, engine, starts):
        # It stays: the raw ones mount its sandbox too.
        model, first = windlass_once(windlass, starts, "model")
        spec = spec_like(engine, model)
        ours, raws = [], []
        for run in range(runs):
            container, taken = windlass_once(windlass, starts, f"run{run}")
            ours.append(taken)
            windlass.stop_app(f"run{run}", [container])
            container, taken = raw_once(engine, starts, spec)
            raws.append(taken)
            engine.remove(container)
        ours_ms, raw_ms = median(ours), median(raws)
        added = median([our - raw for our, raw in zip(ours, raws)])
        print(f"start latency: windlass {ours_ms:.1f} ms, raw {raw_ms:.1f} ms, ratio {ours_ms / raw_ms:.3f}, "
              f"added {added:.1f} ms (target: at most {TARGET_MS} ms; {runs} runs, the very first {first:.1f} ms)")


if __name__ == "__main__":
    options, (wanted,) = arguments(__doc__, 20)
    main(2 if options.quick else wanted)
