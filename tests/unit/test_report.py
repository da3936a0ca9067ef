#!/usr/bin/env python3
"""`report` and `runs` as the real program: the figures are those of `run --json`, the charts are
drawn, the same twice, and no name from a scenario becomes a command, a markup or a broken line.

asan: yes
"""
# asan: yes
# timeout: 240

import csv
import hashlib
import io
import json
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
import xml.dom.minidom

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from checks import LBSIM, check, finish

SCENARIO = """lbsim: 1
name: two classes and a fault
clients:
  - name: browsers
    arrivals: poisson(rate=200/s)
    requests:
      - {name: page, share: 80%, work: exponential(mean=10ms)}
      - {name: report, share: 20%, work: exponential(mean=40ms)}
    timeout: 400ms
    objective: 100ms
  - name: machines
    arrivals: uniform(rate=20/s)
    requests: [{name: call, work: constant(5ms)}]
balancer: {algorithm: least-connections}
backends:
  - {name: web, count: 3, slots: 2}
  - {name: old, slots: 1, weight: 2}
timeline:
  - {at: 4s, kill: web2}
  - {at: 8s, restore: web2}
run: {duration: 12s, warmup: 1s, seed: 7, sample: 500ms}
expect: [errors < 100%]
"""


def lbsim(*words, expect=0, env=None):
    """(stdout, stderr) of the program; its status is checked."""
    done = subprocess.run([LBSIM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, env=env, timeout=200)
    out, err = done.stdout.decode(), done.stderr.decode()
    check(done.returncode == expect,
          f"{' '.join(words)}: status {done.returncode}, not {expect}: {err[:300]}")
    return out, err


def close(a, b, relative=2e-6):
    return a == b or (a is not None and b is not None and abs(a - b) <= relative * abs(b))


def same_figures():
    """The object of `run --json` comes back, figure for figure, from the database."""
    told = []
    for algorithm in ("round-robin", "least-connections", "random"):
        out, _ = lbsim("run", "s.yaml", "-a", algorithm, "--json", "--quiet")
        told.append(json.loads(out))
    runs = json.loads(lbsim("report", "1", "2", "3", "--json")[0])["runs"]
    check([r["run"] for r in runs] == [1, 2, 3], "runs in the order asked for")
    check([r["label"] for r in runs] == ["round-robin", "least-connections", "random"], "labels")
    for one, run in zip(told, runs):
        for key in ("scenario", "variant", "algorithm", "seed", "replication", "digest", "events"):
            check(one[key] == run[key], f"{key} of run {run['run']}")
        check(one["requests"] == run["requests"], "requests")
        rows = [sorted(tuple(sorted(row.items())) for row in r["ledger"]) for r in (one, run)]
        check(rows[0] == rows[1] and rows[0], f"ledger: {rows}")
        for key in ("simulated_s", "throughput_per_s", "goodput_per_s", "availability"):
            check(close(run[key], one[key]), f"{key}: {run[key]}, not {one[key]}")
        check(close(run["imbalance"], one["imbalance"], 1e-3), "imbalance")
        for key, value in one["latency_ms"].items():
            check(close(run["latency_ms"][key], value), f"latency {key}")
        for key, value in one["response_ms"].items():
            check(close(run["response_ms"][key], value), f"response {key}")
        check([e["value"] for e in run["expect"]] == [e["value"] for e in one["expect"]], "expect")
        check(len(run["backends"]) == 4 and len(run["classes"]) == 3, "parts")
        for a, b in zip(one["backends"], run["backends"]):
            check(a["name"] == b["name"] and a["picks"] == b["picks"] and
                  close(b["utilization"], a["utilization"]), "a backend")
        for a, b in zip(one["classes"], run["classes"]):
            check(a["name"] == b["name"], "a class")
            check(all(close(b["latency_ms"][k], v) for k, v in a["latency_ms"].items()),
                  f"latency of class {a['name']}")
            check(all(b["requests"][k] == v for k, v in a["requests"].items() if k != "causes"),
                  f"requests of class {a['name']}")
        check({e["what"] for e in run["log"]} >= {"kill", "restore"}, "events")
    return told


def own_sql(told):
    """A person's own SQL says the same; intervals add up to the whole."""
    db = sqlite3.connect("lbsim.db")
    for number, one in enumerate(told, 1):
        p99, imbalance = db.execute("SELECT p99_ms, imbalance FROM run_summary WHERE run = ?",
                                    (number,)).fetchone()
        check(close(p99, one["latency_ms"]["p99"]), "p99 in SQL")
        check(close(imbalance, one["imbalance"], 1e-3), "imbalance in SQL")
        sums = dict(db.execute("SELECT outcome, sum(count) FROM ledger_summary WHERE run = ?"
                               " GROUP BY outcome", (number,)))
        counts = one["requests"]
        check(sums.get("failed", 0) == counts["failed"] and
              sums.get("slow", 0) == counts["ok"] - counts["good"], f"ledger in SQL: {sums}")
        ok, bad = db.execute("SELECT sum(ok), sum(failed) FROM latency_over_time WHERE run = ?",
                             (number,)).fetchone()
        check((ok, bad) == (one["requests"]["ok"], one["requests"]["failed"]), "intervals add up")
        buckets = dict(db.execute("SELECT bucket, sum(count) FROM latency_bucket WHERE run = ?"
                                  " AND cause = 'ok' GROUP BY bucket", (number,)))
        total = dict(db.execute("SELECT bucket, count FROM latency_total WHERE run = ? AND"
                                " client = -1", (number,)))
        check(buckets == total, "the intervals' buckets add up to those of the run")
        rows = db.execute("SELECT count(*), count(DISTINCT at_s) FROM sample_backend WHERE run = ?"
                          " AND at_s <= 12", (number,)).fetchone()
        check(rows == (96, 24), f"samples: {rows}")
    down = db.execute("SELECT DISTINCT truth FROM sample_backend WHERE run = 1 AND name = 'web2'"
                      " AND at_s BETWEEN 4.5 AND 7.5").fetchall()
    check(down == [("down",)], "web2 was down")
    check(db.execute("PRAGMA integrity_check").fetchone() == ("ok",), "integrity")
    check(db.execute("PRAGMA foreign_key_check").fetchall() == [], "foreign keys")
    # A condition on the run reaches the tables: nothing else is read.
    for view in ("run_summary", "class_summary", "latency_over_time", "latency_ccdf",
                 "sample_backend", "backend_summary", "run_quantile", "response_quantile"):
        plan = db.execute(f"EXPLAIN QUERY PLAN SELECT * FROM {view} WHERE run = 2").fetchall()
        tables = ("latency", "latency_total", "sample", "backend", "class")
        scans = [row[3] for row in plan
                 if row[3].startswith("SCAN ") and row[3].split()[1] in tables + ("l", "s", "r", "c")]
        check(not scans, f"{view} reads whole tables: {scans}")
    db.close()


def forms():
    rows = list(csv.DictReader(io.StringIO(lbsim("report", "--last", "2", "--csv")[0])))
    check([r["run"] for r in rows] == ["2", "3"], "the two latest as CSV")
    check(rows[0]["scenario"] == "two classes and a fault" and float(rows[0]["p99_ms"]) > 0, "CSV")
    out, _ = lbsim("report", "--json")
    check([r["run"] for r in json.loads(out)["runs"]] == [3], "the latest run when none is named")
    check(not os.path.exists("charts"), "no charts beside data unless -o is given")
    out, _ = lbsim("runs", "--json")
    check(len(json.loads(out)["runs"]) == 3, "runs --json")
    rows = list(csv.DictReader(io.StringIO(lbsim("runs", "--csv")[0])))
    check(len(rows) == 3 and rows[2]["algorithm"] == "random", "runs --csv")
    env = dict(os.environ, COLUMNS="80")
    for words in (("report", "-o", "c80"), ("report", "1", "2", "3", "-o", "c80"), ("runs",)):
        out, _ = lbsim(*words, env=env)
        wide = [line for line in out.splitlines() if len(line) > 80]
        check(not wide, f"{words} fits 80 columns: {wide}")


def wrong_words():
    for words, status, word in (
            (("report", "99"), 2, "no run 99"), (("report", "x"), 2, "'x'"),
            (("report", "0"), 2, "'0'"), (("report", "--theme", "drak"), 2, "dark"),
            (("report", "--json", "--csv"), 2, "exclude"), (("report", "--last", "0"), 2, "last"),
            (("report", "--last", "2", "1"), 2, "--last"), (("report", "--db", "no.db"), 3, "no.db"),
            (("report", "--db", "."), 3, "directory"), (("report", "-o", "s.yaml"), 3, "s.yaml"),
            (("report", "-o", "s.yaml/x"), 3, "s.yaml"), (("runs", "--db", "s.yaml"), 3, "s.yaml"),
            (("runs", "--delete"), 2, "numbers"), (("runs", "--delete", "77"), 2, "77"),
            (("runs", "3"), 2, "--delete")):
        _, err = lbsim(*words, expect=status)
        check(word in err, f"{words} names {word}: {err}")
    lbsim("run", "s.yaml", "--db", "empty.db", "--json", "--quiet")
    lbsim("runs", "--delete", "1", "--db", "empty.db")
    _, err = lbsim("report", "--db", "empty.db", expect=2)
    check("no run" in err, "a database without runs")


def long_causes():
    """In a narrow table, too, a cause and what lies behind it are two words, and neither is cut."""
    with open("slow.yaml", "w", encoding="utf-8") as file:
        file.write("lbsim: 1\nname: slow\nclients:\n  - {name: c, arrivals: uniform(rate=10/s), timeout: 10ms,\n"
                   "     requests: [{name: r, work: constant(50ms)}]}\n"
                   "balancer: {algorithm: round-robin}\nbackends: [{name: b, slots: 8}]\n"
                   "run: {duration: 2s}\n")
    lbsim("run", "slow.yaml", "--json", "--quiet", "--db", "slow.db")
    lines = lbsim("report", "--db", "slow.db", "-o", "slow", env={**os.environ, "COLUMNS": "80"})[0].splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("FAILED OR SLOW"))
    column = lines[at].index("WHY")
    row = lines[at + 1]
    check(row[:column].rstrip() == "response timeout" and row[column - 1] == " "
          and row[column] != " ", f"cause and why: {lines[at:at + 2]}")


def balancers():
    """A row for each balancer, as the run printed it; none for a balancer that is alone."""
    with open("two.yaml", "w", encoding="utf-8") as file:
        file.write("lbsim: 1\nname: two\nclients:\n"
                   "  - {name: c, via: \"it's\", arrivals: poisson(rate=60/s),\n"
                   "     requests: [{name: r, work: exponential(mean=50ms)}]}\n"
                   "  - {name: d, via: busy, arrivals: poisson(rate=60/s),\n"
                   "     requests: [{name: r, work: exponential(mean=50ms)}]}\nbalancers:\n"
                   "  - {name: \"it's\", algorithm: random}\n  - {name: busy, algorithm: random,\n"
                   "     capacity: {workers: 1, request: 2ms}}\n"
                   "backends: [{name: b, slots: 2, queue: 1}]\nrun: {duration: 4s}\n")
    told = json.loads(lbsim("run", "two.yaml", "--json", "--quiet", "--db", "two.db")[0])["balancers"]
    names = ["name", "requests", "ok", "failed", "good", "picks", "in_flight_mean", "waiting_mean",
             "utilization", "queue_mean", "belief_changes", "takeovers"]
    rows = sqlite3.connect("two.db").execute(
        "SELECT name, requests, ok, failed, good, picks, in_flight_mean, waiting_mean, utilization,"
        " queue_mean, beliefs, takeovers FROM balancer_summary ORDER BY n").fetchall()
    check(len(rows) == 2 == len(told) and all(b["failed"] > 0 for b in told), f"two rows: {rows}")
    for row, b in zip(rows, told):
        for name, value in zip(names, row):
            want = b.get(name)
            check(value == want or (isinstance(value, float) and close(value, want, 1e-5)),
                  f"{name} of {b['name']}: {value}, not {want}")
    db = sqlite3.connect("lbsim.db")
    check(db.execute("SELECT count(*) FROM balancer").fetchone() == (0,), "alone: no rows")
    lbsim("runs", "--delete", "1", "--db", "two.db")
    left = sqlite3.connect("two.db").execute("SELECT count(*) FROM balancer").fetchone()
    check(left == (0,), "gone with their run")


def digest_of(folder):
    return {name: hashlib.sha256(open(os.path.join(folder, name), "rb").read()).hexdigest()
            for name in sorted(os.listdir(folder))}


NAMES = [f"{chart}.{end}" for chart in ("backends", "ccdf", "time") for end in ("png", "svg")]


def words_of(node):
    """All text below an XML element."""
    if node.nodeType == node.TEXT_NODE:
        return node.data
    return "".join(words_of(child) for child in node.childNodes)


def drawn(folder, what):
    check(sorted(os.listdir(folder)) == NAMES, f"{what}: {sorted(os.listdir(folder))}")
    texts = {}
    for name in os.listdir(folder):
        data = open(os.path.join(folder, name), "rb").read()
        if name.endswith(".png"):
            check(data.startswith(b"\x89PNG\r\n") and len(data) > 4000, f"{what}: {name}")
        else:
            document = xml.dom.minidom.parseString(data)
            check(not document.getElementsByTagName("script"), f"{what}: {name} has a script")
            texts[name] = "\n".join(words_of(node) for node in
                                    document.getElementsByTagName("text"))
    return texts


def charts():
    out, err = lbsim("report", "1", "2", "3", "-o", "a/b/c")
    check("least-connections" in out and err.count("wrote") == 6, "table and charts")
    texts = drawn("a/b/c", "three runs")
    for word in ("round-robin", "least-connections", "random", "1 % (p99)"):
        check(word in texts["ccdf.svg"], f"ccdf names {word}")
    check("web2 down" in texts["time.svg"] and "p99.9" in texts["time.svg"], "time names the fault")
    check("web3" in texts["backends.svg"] and "old" in texts["backends.svg"], "rows are named")
    lbsim("report", "1", "2", "3", "-o", "again")
    check(digest_of("a/b/c") == digest_of("again"), "the same charts twice")
    lbsim("report", "1", "2", "3", "-o", "dark", "--theme", "dark")
    drawn("dark", "dark")
    check(digest_of("dark") != digest_of("again"), "dark is not light")
    lbsim("report")
    drawn("charts", "the default folder")
    mode = stat.S_IMODE(os.stat("charts/time.svg").st_mode)
    check(mode & 0o444 == 0o444 & ~os.umask(os.umask(0)), "charts are as readable as other files")
    # Where there is nothing to draw, no older chart may stay.
    dead = SCENARIO.replace("at: 4s, kill: web2", "at: 0s, kill: web").replace(
        "{at: 8s, restore: web2}", "{at: 0s, kill: old}")
    with open("dead.yaml", "w", encoding="utf-8") as file:
        file.write(dead.replace("warmup: 1s, ", "").replace("errors < 100%", "errors > 99%"))
    lbsim("run", "dead.yaml", "--json", "--quiet", "--db", "dead.db")
    _, err = lbsim("report", "--db", "dead.db", "-o", "again")
    check(sorted(os.listdir("again")) == ["backends.png", "backends.svg"], "old charts are gone")
    check("no request ended ok" in err, "and why")


def hostile():
    """Names that mean something to a shell, gnuplot, XML or a terminal."""
    shutil.copy("lbsim.db", "hostile.db")
    db = sqlite3.connect("hostile.db")
    names = ["`touch p1`", "$(touch p2) a'b ''''", "{/Symbol a}_^{b} @HEADING %d %s \\n \\",
             "x\"y\\'; system('touch p3') #"]
    for n, name in enumerate(names):
        db.execute("UPDATE backend SET name = ? WHERE n = ?", (name, n))
        db.execute("UPDATE sampled SET name = ? WHERE n = ?", (name, n))
    for run, name in enumerate(names[:3], 1):
        db.execute("UPDATE run SET algorithm = ?, params = ?, version = ? WHERE id = ?",
                   (name, names[3], names[3], run))
    title = "a\nb\r\t\x1b[31m\x9b\x07 <script>alert(1)</script>&amp; " + names[0] + "\u6f22" * 300
    db.execute("UPDATE scenario SET name = ?, settings = ?", (title, title))
    db.execute("UPDATE event SET target = ?, text = ?, what = CASE n % 2 WHEN 0 THEN what ELSE"
               " 'weight' END", (names[1], names[2]))
    db.execute("UPDATE class SET name = ?, client_name = ?", (names[1], names[0]))
    db.execute("UPDATE outcome SET cause = cause || ? WHERE cause <> 'ok'", (names[2],))
    db.execute("UPDATE expect SET text = ?", (title,))
    db.commit()
    db.close()
    before = sorted(os.listdir("."))
    for words in (("report", "1"), ("report", "1", "2", "3"), ("runs",)):
        more = () if words[0] == "runs" else ("-o", "h")
        out, _ = lbsim(*words, *more, "--db", "hostile.db")
        check(all(c == "\n" or c.isprintable() for c in out), f"{words}: no control bytes")
        check(max(len(line) for line in out.splitlines()) < 400, f"{words}: no endless lines")
    texts = drawn("h", "hostile names")
    check("`touch p1`" in texts["ccdf.svg"] and "{/Symbol a}_^{b} @HEADING %d" in texts["ccdf.svg"],
          "names are shown as they are")
    check("$(touch p2) a" in texts["backends.svg"], "names of rows too")
    check("<script>alert" in texts["ccdf.svg"], "markup is text")
    check(sorted(os.listdir(".")) == sorted(before + ["h"]), "nothing was carried out")
    runs = json.loads(lbsim("report", "1", "--json", "--db", "hostile.db")[0])["runs"]
    check(runs[0]["scenario"] == title, "JSON has the name in full")
    rows = list(csv.reader(io.StringIO(lbsim("report", "1", "--csv", "--db", "hostile.db")[0],
                                       newline="")))
    check(len(rows) == 2 and rows[1][1] == title, "CSV has the name in full")


def no_gnuplot():
    os.mkdir("bin")
    env = dict(os.environ, PATH=os.path.abspath("bin"))
    out, err = lbsim("report", "1", "2", env=env)
    check("round-robin" in out and "gnuplot-nox" in err, "tables without gnuplot, and the package")
    out, err = lbsim("report", "1", "-o", "none", env=env, expect=3)
    check("round-robin" in out and "gnuplot-nox" in err, "charts were asked for")
    check(os.listdir("none") == [], "nothing is left behind")
    with open("bin/gnuplot", "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\necho 'line 3: undefined \033[31m function' >&2\nexit 1\n")
    os.chmod("bin/gnuplot", 0o755)
    _, err = lbsim("report", "1", "-o", "none", env=env, expect=3)
    check("line 3: undefined" in err and "\033" not in err, f"a gnuplot that fails: {err}")
    with open("bin/gnuplot", "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\nkill -SEGV $$\n")
    _, err = lbsim("report", "1", "-o", "none", env=env, expect=3)
    check("signal 11" in err, "a gnuplot that dies")
    check(os.listdir("none") == [], "nothing is left behind")


def again_and_interrupted():
    before = json.loads(lbsim("runs", "--json")[0])["runs"]
    lbsim("run", "s.yaml", "-a", "round-robin", "--json", "--quiet")
    after = json.loads(lbsim("runs", "--json")[0])["runs"]
    check(sorted(r["run"] for r in after) == sorted(r["run"] for r in before), "a run made again")
    check(after[-1]["run"] == 1, "it is the latest now")
    lbsim("runs", "--delete", "2", "3")
    check([r["run"] for r in json.loads(lbsim("runs", "--json")[0])["runs"]] == [1], "deleted")
    for number in (signal.SIGINT, signal.SIGTERM):
        child = subprocess.Popen([LBSIM, "run", "s.yaml", "--set", "run.duration=9h", "--quiet",
                                  "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(0.6)
        child.send_signal(number)
        out, err = child.communicate(timeout=100)
        check(child.returncode == 130, f"interrupted: {child.returncode} {err[:200]}")
    run = json.loads(lbsim("report", "--json")[0])["runs"][0]
    check(run["interrupted"] and run["run"] == 5, "kept, marked, with a number of its own")
    check(close(run["latency_ms"]["p99"], json.loads(out)["latency_ms"]["p99"]), "and whole")
    check("interrupted" in lbsim("runs")[0], "and listed so")


def main():
    home = os.getcwd()
    folder = tempfile.mkdtemp(prefix="lbsim-test-")
    have_gnuplot = shutil.which("gnuplot") is not None
    try:
        os.chdir(folder)
        with open("s.yaml", "w", encoding="utf-8") as file:
            file.write(SCENARIO)
        told = same_figures()
        own_sql(told)
        balancers()
        if have_gnuplot:
            forms()
            wrong_words()
            charts()
            hostile()
            long_causes()
        no_gnuplot()
        again_and_interrupted()
    finally:
        os.chdir(home)
        shutil.rmtree(folder)
    status = finish()
    if not have_gnuplot and status == 0:
        print("gnuplot is not installed")
        return 77
    return status


if __name__ == "__main__":
    sys.exit(main())
