#!/usr/bin/env python3
"""One database and more than one program, and a place that is full: run, sweep and compare wait for another program,
then say so in clear words; a disk that fills up is told, loses nothing that was finished, and with more room
everything goes on. Nothing here is random.
"""
# timeout: 200

import os
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from checks import LBSIM, check, finish, lbsim

SCENARIO = """lbsim: 1
name: shared
clients:
  - {name: web, arrivals: poisson(rate=200/s), requests: [{name: all, work: exponential(mean=10ms)}], timeout: 1s}
balancer: {algorithm: random}
backends: [{name: b, count: 4}]
run: {duration: 20s, warmup: 2s, seed: 3, sample: 100ms}
"""
BOTH = ("--algorithms", "random,round-robin")
COMMANDS = {"run": ("run", "s.yaml", "-q"), "sweep": ("sweep", "s.yaml", "-q", "-r", "3", *BOTH),
            "compare": ("compare", "s.yaml", "-q", "-r", "3", *BOTH)}


def ask(path, question):
    database = sqlite3.connect(path)
    answer = database.execute(question).fetchone()[0]
    database.close()
    return answer


def held():
    """Another program writes and does not come to an end: all three wait ten seconds, side by side."""
    check(lbsim(*COMMANDS["run"], "--db", "held.db").returncode == 0, "a database")
    holder = sqlite3.connect("held.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    waiting = {name: subprocess.Popen([LBSIM, *words, "--db", "held.db"], stdout=subprocess.DEVNULL,
                                      stderr=subprocess.PIPE, text=True) for name, words in COMMANDS.items()}
    for name, child in waiting.items():
        _, err = child.communicate()
        check(child.returncode == 3 and "another program is using it; gave up waiting" in err and "held.db" in err,
              f"{name}: {child.returncode} {err}")
        check(("the sweep" in err) == (name == "sweep") and ("the comparison" in err) == (name == "compare"),
              f"{name} by its name: {err}")
    holder.execute("ROLLBACK")
    holder.close()
    check(ask("held.db", "PRAGMA integrity_check") == "ok", "intact")
    check(ask("held.db", "SELECT count(*) FROM run") == 1, "the run that was there, and no other")
    for name, words in COMMANDS.items():
        check(lbsim(*words, "--db", "held.db").returncode == 0, f"{name} when it is free again")


def full():
    """No file may grow beyond some blocks of 1 KiB (as a full disk, EFBIG for ENOSPC): each command ends with status 3
    and its database is whole; the same command with room goes through."""
    for name, words in COMMANDS.items():
        path = f"{name}.db"
        check(lbsim(*COMMANDS["run"], "--db", path).returncode == 0, f"{name}: one run before")
        blocks = os.path.getsize(path) // 1024 + (4 if name != "run" else -8)
        many = ("-r", "400") if name != "run" else ()
        done = subprocess.run(["bash", "-c", f"trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"", LBSIM,
                               *words[:3], *(BOTH if name != "run" else ()), *many, "--db", path],
                              capture_output=True, text=True, check=False)
        check(done.returncode == 3 and path in done.stderr, f"{name} in a full place: {done.returncode} {done.stderr}")
        check(len(done.stderr.splitlines()) <= 3, f"{name}: said once: {done.stderr}")
        check(ask(path, "PRAGMA integrity_check") == "ok", f"{name}: intact")
        check(ask(path, "SELECT count(*) FROM run WHERE state = 'done' AND cell IS NULL") == 1, f"{name}: the run before is there")
        check(lbsim(*words, "--db", path).returncode == 0, f"{name}: with more room")


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    with open("s.yaml", "w", encoding="utf-8") as file:
        file.write(SCENARIO)
    held()
    full()
    os.chdir("/")
sys.exit(finish())
