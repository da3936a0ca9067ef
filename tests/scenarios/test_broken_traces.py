#!/usr/bin/env python3
"""Traces with broken lines: counted, the first ten shown with their line numbers, left out of the run, refused above
1 %; a time that goes backwards is a broken line. Nothing here is random.
"""
import json
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from checks import check, finish, lbsim

SCENARIO = """lbsim: 1
name: traced
clients:
  - {name: c, arrivals: "trace(file=%s)", requests: [{name: r, work: constant(2ms)}]}
balancer: {algorithm: random}
backends: [{name: b}]
run: {kind: transient, duration: 60s}
"""
LINES = 5000


def trace(name, broken):
    """5,000 lines of a table, 10 ms apart; broken: what stands in some of them, by line number of the file."""
    lines = ["t_ms,work_us"] + [f"{10 * i},1500" for i in range(LINES)]
    for number, text in broken.items():
        lines[number - 1] = text
    with open(name, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    with open("s.yaml", "w", encoding="utf-8") as file:
        file.write(SCENARIO % name)


def some(count, text):
    """Some broken lines, and what is said and done."""
    numbers = [100 + 40 * k for k in range(count)]
    trace("few.csv", {n: text for n in numbers})
    done = lbsim("run", "s.yaml", "--db", ":memory:", "--json")
    check(done.returncode == 0, f"{count} broken: {done.returncode} {done.stderr}")
    check(json.loads(done.stdout)["requests"]["arrived"] == LINES - count, f"the {LINES - count} others come")
    shown = [int(n) for n in re.findall(r"few\.csv:(\d+): warning: broken line", done.stderr)]
    check(shown == numbers[:10], f"the first ten, by number: {shown}")
    note = f"note: {count} of {LINES} lines are broken, and left out" if count <= 10 else \
        f"note: and {count - 10} more broken lines of {LINES}"
    check(note in done.stderr, f"counted: {done.stderr}")
    check("\x1b" not in done.stderr, "what stands in the file does not reach the terminal as it is")


def backwards():
    trace("back.csv", {500: "17,1500"})
    done = lbsim("run", "s.yaml", "--db", ":memory:", "--json")
    check(done.returncode == 0 and "500" in done.stderr and "back" in done.stderr, f"backwards: {done.stderr}")
    check(json.loads(done.stdout)["requests"]["arrived"] == LINES - 1, "one is left out")


def too_many():
    trace("many.csv", {n: "rubbish" for n in range(1000, 1050)})
    done = lbsim("run", "s.yaml", "--db", ":memory:")
    check(done.returncode == 0, f"exactly 1 %: {done.returncode} {done.stderr}")
    trace("many.csv", {n: "rubbish" for n in range(1000, 1051)})
    for command in ("run", "check"):
        done = lbsim(command, "s.yaml")
        check(done.returncode == 2 and "more than 1%" in done.stderr.replace("1 %", "1%"),
              f"{command}, above 1 %: {done.returncode} {done.stderr}")
        check("s.yaml:4:" in done.stderr and not os.path.exists("lbsim.db"), f"{command}: where, and nothing recorded")


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    some(3, "rubbish")
    some(10, "1,2,3,4")
    some(30, "\x1b[31m,x")
    backwards()
    too_many()
    os.chdir("/")
sys.exit(finish())
