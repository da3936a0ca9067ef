#!/usr/bin/env python3
"""kill -9 at 20 random instants of a recorded run: the database is intact, what was whole stays
whole, and no half run claims to be whole. The instants come from a fixed seed; half of them fall
around the end, where the run is written. What the machine does at that instant is its own affair,
so the test asks only for what must hold at any.
"""
# timeout: 240

import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from checks import LBSIM, check, finish

KILLS = 20
# Many samples of many backends: some 4 MB a run, so that writing takes a while.
SCENARIO = """lbsim: 1
name: much to write
clients:
  - name: c
    arrivals: poisson(rate=2000/s)
    requests: [{name: r, work: exponential(mean=20ms)}]
balancer: {algorithm: round-robin}
backends: [{name: web, count: 200, slots: 1}]
run: {duration: 30s, warmup: 1s, seed: 1, sample: 50ms}
"""


def start(seed):
    return subprocess.Popen([LBSIM, "run", "s.yaml", "--seed", str(seed), "--quiet", "--json"],
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                            env=dict(os.environ, SQLITE_TMPDIR=os.getcwd()))


def whole_runs(samples):
    """The seeds of the runs, each of which must be whole."""
    db = sqlite3.connect("lbsim.db")
    try:
        check(db.execute("PRAGMA integrity_check").fetchall() == [("ok",)], "integrity")
        check(db.execute("PRAGMA foreign_key_check").fetchall() == [], "foreign keys")
        if not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return []
        rows = db.execute(
            "SELECT r.id, r.seed, r.state, r.ok, r.arrived - r.in_flight,"
            " (SELECT count(*) FROM sample AS s WHERE s.run = r.id AND at_ns <= 30000000000),"
            " (SELECT sum(json_array_length(backends)) FROM sample AS s WHERE s.run = r.id),"
            " (SELECT count(*) FROM backend AS b WHERE b.run = r.id),"
            " (SELECT sum(count) FROM latency AS l WHERE l.run = r.id AND cause = 'ok'),"
            " (SELECT sum(count) FROM latency_total AS l WHERE l.run = r.id AND client = -1),"
            " (SELECT sum(count) FROM outcome AS o WHERE o.run = r.id) FROM run AS r").fetchall()
        for run, seed, state, ok, ended, sampled, lists, backends, buckets, total, outcomes in rows:
            check(state == "done", f"run {run} is {state}")
            check((sampled, backends, lists % 200) == (samples, 200, 0), f"samples of run {run}")
            check(ok == buckets == total and outcomes == ended, f"run {run} (seed {seed}) is whole")
        return sorted(int(row[1]) for row in rows)
    finally:
        db.close()


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    home, folder = os.getcwd(), tempfile.mkdtemp(prefix="lbsim-test-")
    chance = random.Random(20260101)
    try:
        os.chdir(folder)
        with open("s.yaml", "w", encoding="utf-8") as file:
            file.write(SCENARIO)
        started = time.monotonic()
        check(start(1000).wait() == 0, "a run that nobody kills")
        lasts = time.monotonic() - started
        whole = whole_runs(600)
        check(whole == [1000], "it is recorded")
        killed = 0
        for seed in range(KILLS):
            share = chance.random() if seed % 2 == 0 else 0.6 + 0.6 * chance.random()
            child = start(seed)
            time.sleep(share * lasts)
            child.send_signal(signal.SIGKILL)
            status = child.wait()
            child.stderr.close()
            killed += status == -signal.SIGKILL
            now = whole_runs(600)
            check(now == whole or now == sorted(whole + [seed]), f"after kill {seed}: {now}")
            if status == 0:
                check(seed in now, f"run {seed} ended before the kill and is recorded")
            whole = now
        check(killed >= KILLS // 4, f"only {killed} of {KILLS} were killed before their end")
        # The next run finds nothing to stumble over, and nothing was left lying about.
        check(start(2000).wait() == 0, "a run after all that")
        check(2000 in whole_runs(600), "is recorded")
        # (SQLite's unnamed file has a name for a moment, etilqs_*; a kill may land in it.)
        left = sorted(name for name in os.listdir(".") if not name.startswith("etilqs_"))
        check(left == ["lbsim.db", "s.yaml"], f"left: {left}")
        # A first run that is killed while the file is made.
        for n in range(6):
            child = subprocess.Popen([LBSIM, "run", "s.yaml", "--db", "new.db", "--quiet"],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.001 + 0.004 * n)
            child.kill()
            child.wait()
        done = subprocess.run([LBSIM, "run", "s.yaml", "--db", "new.db", "--quiet", "--json"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        check(done.returncode == 0, f"a file that was being made: {done.stderr[:300]}")
    finally:
        os.chdir(home)
        shutil.rmtree(folder)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
