#!/usr/bin/env python3
"""Health as products do it, through the program: a preset is obeyed, what is written besides wins,
and the log of events says why. Detection times follow from the presets: a refused check is seen at
once, so a backend in full health is down after more than fall - 1 intervals and at most fall.
"""
import os
import sqlite3
import subprocess
import sys
import tempfile

LBSIM = os.environ.get("LBSIM", "./lbsim")
KILL, BACK = 200, 600
passed = failed = 0


def check(holds, what):
    global passed, failed
    passed, failed = passed + bool(holds), failed + (not holds)
    if not holds:
        print("not so:", what)


def events(health, more="", count=10, kill="w1", end=1000):
    """(seconds, kind, what, backend's number, text) of a run: backends die and come back."""
    text = f"""lbsim: 1
name: health
clients:
  - {{name: c, arrivals: uniform(rate=100/s), requests: [{{name: r, work: constant(1ms)}}]}}
balancer: {{algorithm: round-robin, health: {health}{more}}}
backends: [{{name: w, count: {count}, zone: here}}, {{name: far, zone: there}}]
timeline: [{", ".join(f"{{at: {KILL}s, kill: {name}}}, {{at: {BACK}s, restore: {name}}}"
                      for name in kill.split())}]
run: {{duration: {end}s, sample: 10s}}
"""
    with tempfile.TemporaryDirectory() as folder:
        path, db = os.path.join(folder, "s.yaml"), os.path.join(folder, "s.db")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        run = subprocess.run([LBSIM, "run", path, "--quiet", "--db", db], capture_output=True,
                             text=True, check=False, timeout=100)
        if run.returncode != 0:
            print(run.stdout, run.stderr)
            return []
        with sqlite3.connect(db) as base:
            rows = base.execute("SELECT at_ns, kind, what, backend, text FROM event ORDER BY n")
            return [(at / 1e9, kind, what, backend, text) for at, kind, what, backend, text in rows]


def first(log, what, after=0.0, backend=0):
    for at, kind, word, who, text in log:
        if word == what and at >= after and (kind != "belief" or who == backend):
            return at, text
    return None, ""


def between(at, low, high, what):
    check(at is not None and low < at <= high, f"{what}: {at} s, not in ({low}, {high}]")


# like: what is written, how long until down, how long until up
for health, down, up in [
        ("{like: haproxy}", (4, 6), (2, 4)),
        ("{like: haproxy, active: {fall: 1}}", (0, 2), (2, 4)),
        ("{like: haproxy, active: {every: 500ms}}", (1, 1.5), (0.5, 1)),
        ("{like: haproxy, active: {every: 4s, fastinter: 1s, downinter: 8s}}", (2, 6), (1, 9)),
        ("{like: kubernetes}", (20, 30), (0, 10)),
        ("{like: kubernetes, active: {rise: 3}}", (20, 30), (20, 30)),
        ("{like: aws}", (30, 60), (120, 150)),
        ("{like: nginx, active: {every: 5s}}", (0, 5), (0, 5)),
        ("{like: envoy, active: {every: 2s}, outlier: {consecutive_errors: 0}}", (4, 6), (2, 4)),
        ("{active: {every: 2s}}", (4, 6), (2, 4))]:
    log = events(health)
    at, why = first(log, "down", KILL)
    between(at, KILL + down[0], KILL + down[1] + 1e-6, f"{health}: down")
    check("in a row failed" in why, f"{health}: why it is down: {why}")
    at, why = first(log, "up", BACK)
    between(at, BACK + up[0], BACK + up[1] + 1e-6, f"{health}: up")
    check("in a row passed" in why, f"{health}: why it is up: {why}")

log = events("{like: nginx}")
check(log and not [e for e in log if e[1] == "belief"], "like nginx: the algorithm's beliefs only")

# Envoy's outlier detection: 11 backends, 10 % is one; the time is over at a sweep
log = events("{like: envoy}")
at, why = first(log, "ejected", KILL)
between(at, KILL, KILL + 1, "like envoy: ejected")
check(why.startswith("5 errors in a row"), f"like envoy: {why}")
at, why = first(log, "up", KILL)
between(at, KILL + 30, KILL + 40, "like envoy: back")
check(why == "its time is over", f"like envoy: {why}")
again = first(log, "ejected", at or 0)[0]
back = first(log, "up", again or 0)[0]
between((back or 0) - (again or 0), 60 - 1e-6, 70, "like envoy: the second ejection")
check(not [e for e in events("{like: envoy}", count=3) if e[2] == "ejected"],
      "like envoy: 10 % of four backends is nobody")
check(first(events("{like: envoy, outlier: {limit: one}}", count=3), "ejected")[0],
      "like envoy, but one may always go")
check(first(events("{like: envoy, outlier: {max_ejected: 50%}}", count=3), "ejected")[0],
      "like envoy, but half may go")

# panic: 2 of 5; zone; slow start
three = "w1 w2 w3"
log = events("{like: kubernetes, panic: 50%}", count=4, kill=three)
check(first(log, "panic", KILL)[1] == "40 % usable, all are used", f"panic: {log}")
check(first(log, "panic", BACK)[1] == "60 % usable, panic is over", f"panic over: {log}")
check(not [e for e in events("{like: kubernetes, panic: 40%}", count=4, kill=three)
           if e[2] == "panic"], "40 % is not below 40 %")
log = events("{like: kubernetes}", more=", zone: here", count=1)
check(first(log, "zone", KILL)[1] == "here has nobody usable, all zones are used", f"zone: {log}")
check(first(log, "zone", BACK)[1] == "here has somebody again, only it is used", f"zone: {log}")
log = events("{like: haproxy, slow_start: 20s}")
warm, why = first(log, "warming", BACK)
between(warm, BACK + 2, BACK + 4, "slow start begins")
at, why = first(log, "up", BACK)
check(at is not None and abs(at - warm - 20) < 1e-6 and why == "slow start is over",
      f"slow start ends: {at} {why}")

print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
