#!/usr/bin/python3
"""What costs do as apps, tasks and instances become more: runs the benches in C++ and draws docs/costs/*.svg.

usage: bench/curves.py [--quick] [MOST]     up to MOST tasks and instances, 1,000,000 by default

The points go to docs/costs/points.tsv. With --quick all goes to a folder that is removed again.
"""

import math
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from xml.sax.saxutils import escape

from stack import BUILD, ROOT, arguments

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 80, 40, 60, 60
COLOURS = ["#1f5fa8", "#b3541e", "#3d7a3a"]

# File, title, what is along the two axes, the curves with their names, and the target.
PLOTS = [
    ("placement.svg", "Processor time of one placement, one status update", "tasks", "microseconds",
     {"placement": "placement", "update": "TASK_RUNNING"}, 20),
    ("restart.svg", "Start with so many tasks in the journal: processor time of both threads", "tasks", "seconds",
     {"restart": "start"}, 8),
    ("instance.svg", "Resident memory of the scheduler for each instance", "instances", "bytes",
     {"instance": "running", "instance after a restart": "after a restart, before Mesos has answered"}, 1024),
    ("app.svg", "Resident memory of the scheduler for each app", "apps", "bytes", {"app": "app"}, 8192),
    ("change.svg", "One change, over one write and sync of the same disk", "apps, instances", "ratio",
     {"one change over one write and sync, by apps": "among so many apps",
      "one change over one write and sync, by instances": "among so many instances"}, 2),
]


def counts(least, most):
    """least, ten times that, and so on."""
    while least <= most:
        yield least
        least *= 10


def measure(most):
    """{curve: [(x, y)]} as the programs print them."""
    points = defaultdict(list)
    commands = [["bench_one_change", f"--apps={min(most, 10_000)}", f"--instances={most}"]]
    for count in counts(1000, most):
        agents = min(10_000, count // 10)
        commands.append(["bench_placements", f"--tasks={count}", f"--agents={agents}", f"--apps={min(100, agents)}"])
        commands.append(["bench_memory", f"--instances={count}", f"--apps={count // 100}"])
    for program, *options in commands:
        done = subprocess.run([BUILD / program, *options, "--points"], stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{program} has failed")
        for line in done.stdout.splitlines():
            if line.startswith("point\t"):
                _, curve, x, y = line.split("\t")
                points[curve].append((float(x), float(y)))
    return points


def number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def nice_above(value):
    """The least of 1, 2, 2.5, 5 and 10, times a power of ten, that is not less."""
    power = 10 ** math.floor(math.log10(value))
    return next(power * step for step in (1, 2, 2.5, 5, 10) if power * step >= value)


class Plot:
    def __init__(self, lines, target):
        xs = [x for line in lines for x, _ in line]
        ys = [y for line in lines for _, y in line]
        self.least, self.most = math.log10(min(xs)), math.log10(max(xs))
        self.top = nice_above(1.1 * max([*ys, target]))
        self.parts = []

    def x(self, value):
        share = (math.log10(value) - self.least) / ((self.most - self.least) or 1)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value):
        return HEIGHT - BOTTOM - value / self.top * (HEIGHT - TOP - BOTTOM)

    def text(self, x, y, text, anchor="middle", colour="#333", size=12):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" '
                          f'font-size="{size}">{escape(text)}</text>')

    def line(self, x1, y1, x2, y2, style):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {style}/>')

    def axes(self, title, along, unit, target):
        self.text(WIDTH / 2, 24, title, size=15)
        self.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, along)
        self.text(LEFT, TOP - 10, unit, anchor="end")
        for step in range(6):
            value = self.top * step / 5
            self.line(LEFT, self.y(value), WIDTH - RIGHT, self.y(value), 'stroke="#ddd"')
            self.text(LEFT - 8, self.y(value) + 4, number(value), anchor="end")
        for power in range(math.ceil(self.least - 1e-9), math.floor(self.most + 1e-9) + 1):
            self.line(self.x(10**power), TOP, self.x(10**power), HEIGHT - BOTTOM, 'stroke="#ddd"')
            self.text(self.x(10**power), HEIGHT - BOTTOM + 18, f"{10**power:,}")
        self.line(LEFT, self.y(target), WIDTH - RIGHT, self.y(target), 'stroke="#a00" stroke-dasharray="6 4"')
        self.text(WIDTH - RIGHT - 4, self.y(target) - 6, f"target {number(target)}", anchor="end", colour="#a00")

    def curve(self, name, line, colour, place):
        path = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in line)
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for x, y in line:
            self.parts.append(f'<circle cx="{self.x(x):.1f}" cy="{self.y(y):.1f}" r="3.5" fill="{colour}"/>')
            self.text(self.x(x), self.y(y) + (-9 if place == 0 else 18), number(y), colour=colour, size=11)
        self.text(LEFT + 10 + 300 * place, TOP - 10, "● " + name, anchor="start", colour=colour)

    def svg(self):
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
                'font-family="sans-serif">\n<rect width="100%" height="100%" fill="white"/>\n'
                + "\n".join(self.parts) + "\n</svg>\n")


def draw(points, folder):
    for file, title, along, unit, curves, target in PLOTS:
        lines = {name: sorted(points[curve]) for curve, name in curves.items()}
        plot = Plot(lines.values(), target)
        plot.axes(title, along, unit, target)
        for place, (name, line) in enumerate(lines.items()):
            plot.curve(name, line, COLOURS[place], place)
        (folder / file).write_text(plot.svg())
        print(f"{file}: " + "; ".join(f"{name} {number(line[0][1])} to {number(line[-1][1])}"
                                      for name, line in lines.items()) + f" (target: {number(target)})")


def main(most, folder):
    points = measure(most)
    rows = [f"{curve}\t{x:.0f}\t{y:.6g}\n" for curve in sorted(points) for x, y in sorted(points[curve])]
    (folder / "points.tsv").write_text("".join(rows))
    draw(points, folder)


if __name__ == "__main__":
    options, (wanted,) = arguments(__doc__, 1_000_000)
    if options.quick:
        with tempfile.TemporaryDirectory(prefix="wl-curves-") as made:
            main(1000, Path(made))
    else:
        main(wanted, ROOT / "docs" / "costs")
