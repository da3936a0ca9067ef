#!/usr/bin/env python3
"""Circuit breakers and connections to backends, with the real program: --json, the record, the story of a
request, the dashboard, the exit status. No chance: fixed seeds.
# asan: yes
"""
import json
import os
import sqlite3
import subprocess
import sys
import tempfile

LBSIM = os.environ.get("LBSIM", "./lbsim")
passed = failed = 0

TEXT = """lbsim: 1
name: cut off
clients:
  - name: people
    arrivals: poisson(rate=200/s)
    requests: [{name: page, work: exponential(mean=20ms)}]
network: {balancer_backend: 2ms}
balancer:
  algorithm: round-robin
  timeouts: {response: 500ms}
  breaker: {failures: 50%, slow: 60%, slow_after: 200ms, last: 40, minimum: 10, open: 2s, permits: 5}
  connections: {keep: 4, requests: 100, round_trips: 2}
  circuit: {connections: 30}
backends: [{name: web, count: 4, slots: 4}]
timeline: [{at: 5s, slow: web2, to: 5%, for: 5s}]
run: {duration: 20s, seed: 3}
expect: [errors < 5%]
"""


def check(what, holds, why=""):
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        print(f"FAILED: {what} {why}")


def lbsim(*words):
    done = subprocess.run([LBSIM, *words], capture_output=True, text=True, check=False,
                          env=dict(os.environ, LC_ALL="C", NO_COLOR="1"))
    return done.returncode, done.stdout, done.stderr


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "t.yaml")
    base = os.path.join(folder, "t.db")
    with open(path, "w", encoding="utf-8") as file:
        file.write(TEXT)

    status, out, err = lbsim("run", path, "--json", "--quiet", "--db", base)
    check("done", status == 0 and not err, f"{status} {err}")
    run = json.loads(out)
    breakers, web2 = run["breakers"], run["backends"][1]
    check("it opened, and closed at last",
          breakers["opened"] >= 1 and breakers["closed"] == breakers["opened"], breakers)
    check("of web2 alone", web2["breaker_opened"] == breakers["opened"] + breakers["reopened"], web2)
    check("for so long", abs(web2["breaker_away"] * run["simulated_s"] - breakers["away_s"]) < 1e-3
          and breakers["away_s"] > 2.0, breakers)
    check("others never", all(b["breaker_opened"] == 0 == b["breaker_away"]
                              for b in run["backends"] if b is not web2))
    kept = run["backend_connections"]
    check("each attempt has a connection",
          kept["opened"] + kept["reused"] == sum(b["picks"] for b in run["backends"]), kept)
    check("what was opened is closed or open",
          kept["opened"] == sum(kept["closed"].values()) + kept["open"], kept)
    check("for known reasons", set(kept["closed"]) <= {"idle", "max_age", "requests", "spare",
                                                       "made_room", "broken", "refused", "gone"}, kept)
    check("worn ones", kept["closed"]["requests"] > 10 and kept["reused"] > 20 * kept["opened"] / 2, kept)

    events = sqlite3.connect(base).execute(
        "SELECT what, belief_from, text FROM event WHERE kind = 'belief' ORDER BY n").fetchall()
    check("the record has what it believed", [e[0] for e in events[:2]] == ["open", "half-open"], events)
    check("and why", " for 2s" in events[0][2] and "of" in events[0][2], events)
    check("and that it closed", events[-1][0] == "up" and events[-1][1] == "half-open", events)

    totals = sqlite3.connect(base).execute(
        "SELECT breaker_opened, breaker_reopened, breaker_closed, breaker_away_s FROM run_summary").fetchall()
    check("the record has their totals", len(totals) == 1 and totals[0][:3] == (
        breakers["opened"], breakers["reopened"], breakers["closed"]) and
        abs(totals[0][3] - breakers["away_s"]) < 1e-5, totals)
    rows = sqlite3.connect(base).execute(
        "SELECT name, breaker_opened, breaker_away FROM backend_summary ORDER BY n").fetchall()
    check("and those of each backend", len(rows) == 4 and all(
        row[:2] == (b["name"], b["breaker_opened"]) and abs(row[2] - b["breaker_away"]) < 1e-5
        for row, b in zip(rows, run["backends"])), rows)
    without = os.path.join(folder, "without.db")
    with open(path + ".plain", "w", encoding="utf-8") as file:
        file.write("".join(line for line in TEXT.splitlines(True) if "breaker:" not in line))
    status, out, err = lbsim("run", path + ".plain", "--json", "--quiet", "--db", without)
    nothing = sqlite3.connect(without).execute(
        "SELECT DISTINCT r.breaker_opened, r.breaker_closed, r.breaker_away_s, b.breaker_opened,"
        " b.breaker_away FROM run AS r JOIN backend AS b ON b.run = r.id").fetchall()
    check("nothing, and not 0, without breakers",
          "breakers" not in json.loads(out) and nothing == [(None,) * 5], nothing)

    other = json.loads(lbsim("run", path, "--json", "--quiet", "--db", base, "--set",
                             "balancer.connections.keep=0")[1])
    check("a connection each", other["backend_connections"]["reused"] == 0)
    check("takes two round trips more",
          abs(other["latency_ms"]["p50"] - run["latency_ms"]["p50"] - 8) < 1.5, other["latency_ms"])

    status, out, err = lbsim("run", path, "--trace-request", "10")
    check("the story has its connection", "connection" in out and ("opens a connection to web" in out or
                                                                  "goes on a connection to web" in out), out)
    status, out, err = lbsim("run", path, "--trace-request", "1400", "--json")
    story = json.loads(out)
    beliefs = [c["belief"] for s in story["steps"] for c in s.get("candidates", [])]
    check("and why it was not web2", "open" in beliefs, beliefs)

    status, out, err = lbsim("watch", path, "--text", "--frames", "1", "--at", "7s")
    check("the dashboard shows it", "OPEN" in out and "web2" in out, out)

    status, out, err = lbsim("run", path, "--quiet", "--db", ":memory:", "--set", "balancer.breaker=",
                             "--set", "expect=[failed(circuit-open) > 50%]")
    check("an unknown value is a usage error", status == 2, f"{status} {err}")
    status, out, err = lbsim("run", path, "--quiet", "--db", ":memory:", "--set",
                             "balancer.circuit.connections=2", "--set", "balancer.circuit.pending=0")
    check("a pool too small fails the expectation", status == 1 and "overflow" in out, f"{status} {out}")
    status, out, err = lbsim("explain", "balancer.breaker.permits")
    check("explained", status == 0 and "half-open" in out, out + err)

print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
