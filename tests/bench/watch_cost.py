#!/usr/bin/env python3
"""What the dashboard costs beside a plain run at full speed.

Processor time of `lbsim watch --speed max` in a pseudo-terminal against that of `lbsim run`, same
scenario and seed, interleaved, medians; exit status 1 when the dashboard of the first scenario
costs 10 % or more. A second line shows 100 servers, where what costs is to keep the latencies of
each server apart (cache misses in the run), not the screen. ROUNDS and MINUTES (simulated) in the
environment make it longer.
"""
import os
import statistics
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "screens"))
from terminal import LBSIM, Terminal  # noqa: E402

SCENARIO = os.path.join(HERE, "..", "..", "scenarios", "first.yaml")
MINUTES = int(os.environ.get("MINUTES", "60"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
LIMIT = 1.10
CASES = [  # what, size of the screen, options, must it keep the limit
    ("4 servers", (80, 24), ["--set", "run.duration=%dmin" % MINUTES], True),
    ("4 servers", (160, 50), ["--set", "run.duration=%dmin" % MINUTES], True),
    ("100 servers", (160, 50), ["--algorithm", "power-of-two", "--set", "backends.web.count=100",
                                "--set", "run.duration=%ds" % max(61, MINUTES * 2)], False),
]


def spent(arguments, size):
    """Processor seconds of one job from its start to its end."""
    with Terminal(arguments, width=size[0], height=size[1]) as t:
        if arguments[0] == "watch":
            t.wait("DONE", seconds=120)
            t.keys("q")
        t.end()
        return t.cpu


def main():
    broken = False
    for what, size, options, binding in CASES:
        options = [SCENARIO, "--db", ":memory:"] + options
        plain, watched = [], []
        for _ in range(ROUNDS):
            plain.append(spent(["run", "--quiet"] + options, size))
            watched.append(spent(["watch", "--speed", "max"] + options, size))
        ratio = statistics.median(w / p for w, p in zip(watched, plain))
        broken = broken or (binding and ratio >= LIMIT)
        print("watch %-11s %3dx%-3d %6.3f s, plain run %6.3f s, ratio %.3f%s" % (
            what, *size, statistics.median(watched), statistics.median(plain), ratio,
            " (limit %.2f)" % LIMIT if binding else ""))
    sys.exit(1 if broken else 0)


main()
