#!/usr/bin/env python3
# tsan: yes
"""run --margins: its figures are those of the single runs, its verdicts follow from them. Fixed seeds, no chance."""
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile

LBSIM = os.environ.get("LBSIM", "./lbsim")
passed = failed = 0

TEXT = """lbsim: 1
name: margins
clients:
  - name: c
    arrivals: poisson(rate=400/s)
    requests: [{name: r, share: 100%, work: exponential(mean=10ms)}]
balancer: {algorithm: random}
backends: [{name: b, count: 2, slots: 4}]
run: {duration: 5s, seed: 9}
expect:
  - throughput > 300/s
  - throughput = 380/s +- 40/s
  - throughput of half < 0.6 x throughput of base
  - errors = 0% +- 0%
variants:
  half:
    set: {clients.c.arrivals.rate: 200/s}
    expect: []
  close:
    set: {}
    expect: [throughput > 399/s]
"""


def check(what, holds, why=""):
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        print(f"FAILED: {what} {why}")


def lbsim(*words):
    done = subprocess.run([LBSIM, "run", *words], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def near(a, b):
    return math.isclose(a, b, rel_tol=1e-5)


def figures(path):
    """throughput of each replication, as --replications has it"""
    found = {}
    for variant in ("base", "half", "close"):
        _, out, _ = lbsim(path, "--variant", variant, "--replications", "6", "--json", "--quiet", "--db", ":memory:")
        found[variant] = [r["throughput_per_s"] for r in json.loads(out)["replications"]]
    return found


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "m.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(TEXT)
    status, out, err = lbsim("--margins", "--seeds", "6", "--json", "-j", "2", path)
    rows = json.loads(out)["files"][0]["rows"]
    check("a close call is a failure", status == 1, f"{status} {err}")
    runs = figures(path)
    by = {(r.get("variant"), r["text"]): r for r in rows}
    mean = {v: statistics.mean(x) for v, x in runs.items()}
    sd = {v: statistics.stdev(x) for v, x in runs.items()}

    row = by["base", "throughput > 300/s"]
    check("mean", near(row["mean"], mean["base"]), row)
    check("deviation of a single run", near(row["deviation"], sd["base"]), row)
    check("margin", near(row["margin"], (mean["base"] - 300) / sd["base"]), row)
    check("enough", row["enough"] == (row["margin"] >= 4) and row["holds"] == 6, row)

    row = by["base", "throughput = 380/s +- 40/s"]
    nearer = 420 if mean["base"] > 380 else 340
    check("the nearer bound", row["bound"] == nearer, row)
    check("its margin", near(row["margin"], abs(nearer - mean["base"]) / sd["base"]), row)

    row = by[None, "throughput of half < 0.6 x throughput of base"]
    left = [a - 0.6 * b for a, b in zip(runs["half"], runs["base"])]
    check("variants compared", near(row["margin"], -statistics.mean(left) / statistics.stdev(left)), row)
    check("both sides", near(row["mean"], mean["half"]) and near(row["bound"], 0.6 * mean["base"]), row)
    check("compared once, not once a variant", sum("of half" in r["text"] for r in rows) == 1)

    row = by["base", "errors = 0% +- 0%"]
    check("what never varies", row["deviation"] == 0 and row["enough"] and "margin" not in row, row)
    row = by["close", "throughput > 399/s"]
    check("a close call", not row["enough"] and abs(row["margin"]) < 4, row)
    for variant in ("half", "close"):
        check(f"file-level lines hold for {variant}", (variant, "errors = 0% +- 0%") in by)
    worst = [r for r in rows if not r["enough"]]
    check("counted", json.loads(out)["below"] == len(worst) and json.loads(out)["expectations"] == len(rows))

    tables = [lbsim("--margins", "--seeds", "6", "-j", j, path)[1] for j in ("1", "2")]
    check("threads change nothing", tables[0] == tables[1])
    check("the table says which", "TOO SMALL" in tables[0] and "never fails" in tables[0], tables[0])
    status, out, _ = lbsim("--margins", "--seeds", "6", "--csv", path, path)
    check("csv: a line each, for each file", len(out.splitlines()) == 1 + 2 * len(rows), out)
    wrong = lbsim("--margins", "--seeds", "6", "--margin", "0", "--set", "clients.c.arrivals.rate=100/s", path)
    check("the wrong side of a bound is below 0", wrong[0] == 1 and "-" in wrong[1], wrong)

    with open(path, "w", encoding="utf-8") as file:
        file.write(TEXT.replace("> 399/s]", "> 399/s, p99 < 100ms after 4.9999999s]"))
    status, out, err = lbsim("--margins", "--seeds", "2", "--json", path)
    lines = json.loads(out)["files"][0]["rows"] if out else []
    row = [r for r in lines if "p99" in r["text"]]
    check("nothing to measure", row and not row[0]["known"] and not row[0]["enough"], f"{row} {err}")
    for words in (["--margins", "--replications", "3", path], ["--margins", "--variant", "half", path],
                  ["--seeds", "3", path], ["--margin", "4", path], [path, path],
                  ["--margins", "--margin", "x", path], ["--margins", "--seeds", "1", path]):
        status, out, err = lbsim(*words)
        check(f"refused: {words[:-1]}", status == 2 and err and not out, f"{status} {err}")
    status, _, err = lbsim("--margins", os.path.join(folder, "none.yaml"))
    check("no such file", status == 3, f"{status} {err}")

print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
