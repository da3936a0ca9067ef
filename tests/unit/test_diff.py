#!/usr/bin/env python3
# tsan: yes
"""lbsim diff with the real program and a real database: nothing differs, a regression, a null with other seeds,
baselines, and names that do not fit. The intervals are computed once more from the trials, by another way.
"""
# timeout: 120

import json
import math
import os
import shutil
import sqlite3
import statistics
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from checks import check, finish, lbsim

SCENARIO = """lbsim: 1
name: %s
clients:
  - name: web
    arrivals: poisson(rate=200/s)
    requests: [{name: all, work: exponential(mean=10ms)}]
    timeout: 1s
balancer: {algorithm: random}
backends: [{name: b, count: 4, speed: %s}]
run: {duration: 20s, warmup: 2s, replications: 20, seed: 3}
sweep:
  balancer.algorithm: [random, least-connections]
"""


def write(path, name="grid", speed="1"):
    with open(path, "w", encoding="utf-8") as file:
        file.write(SCENARIO % (name, speed))


def sweep(path, *words):
    done = lbsim("sweep", path, "--json", *words)
    check(done.returncode == 0, f"sweep {path} {words}: {done.stderr}")


def diff(*words, status=0, says=""):
    done = lbsim("diff", *words)
    check(done.returncode == status, f"diff {words}: {done.returncode} {done.stdout} {done.stderr}")
    check(says in done.stdout + done.stderr, f"diff {words} says {says!r}: {done.stdout} {done.stderr}")
    check("\033" not in done.stdout + done.stderr, f"diff {words}: control bytes")
    return done.stdout


def tail_of_t(t, df):
    """P(T > t), by Simpson's rule over the density."""
    scale = math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2)) / math.sqrt(df * math.pi)
    steps = 20000
    width = t / steps
    total = sum((1 if i in (0, steps) else 4 if i % 2 else 2)
                * (1 + (i * width) ** 2 / df) ** (-(df + 1) / 2) for i in range(steps + 1))
    return 0.5 - scale * total * width / 3


def logs(experiment):
    db = sqlite3.connect("lbsim.db")
    rows = db.execute("SELECT latency_sum_ns / ok FROM trial AS t JOIN cell AS c ON c.id = t.cell"
                      " WHERE experiment = ? AND n = 0 ORDER BY replication", (experiment,)).fetchall()
    db.close()
    return [math.log(row[0]) for row in rows]


def level_of(t, df):
    return 1 - 2 * tail_of_t(t, df)


def figures():
    """Paired: 1 against 3. Other seeds: 1 against 4. The level is Bonferroni's over two cells, one figure."""
    a = logs(1)
    for number, paired in ((3, True), (4, False)):
        b = logs(number)
        told = json.loads(lbsim("diff", "1", str(number), "--json", "--metric", "mean").stdout)
        check(told["paired"] is paired, f"paired: {told['paired']}")
        row = told["cells"][0]["metrics"][0]
        gap = statistics.fmean(b) - statistics.fmean(a)
        check(abs(math.log(row["ratio"]) - gap) < 1e-7, f"ratio {row['ratio']}")
        half = (math.log(row["high"]) - math.log(row["low"])) / 2
        n = len(a)
        if paired:
            se, df = statistics.stdev(y - x for x, y in zip(a, b)) / math.sqrt(n), n - 1
        else:
            va, vb = statistics.variance(a) / n, statistics.variance(b) / n
            se, df = math.sqrt(va + vb), (va + vb) ** 2 / ((va ** 2 + vb ** 2) / (n - 1))
        check(abs(level_of(half / se, df) - 0.975) < 1e-5, f"level {level_of(half / se, df)}")


def null():
    """20 pairs of seeds where nothing differs: a change is shown in at most 5 % of them each, so more than 5 of
    20 would be seen by chance in 0.03 % of seeds."""
    alarms = 0
    for i in range(20):
        sweep("a.yaml", "--db", "null.db", "--seed", str(100 + 2 * i))
        sweep("a.yaml", "--db", "null.db", "--seed", str(101 + 2 * i))
        told = json.loads(lbsim("diff", f"experiment:{2 * i + 1}", f"experiment:{2 * i + 2}", "--json",
                                "--db", "null.db").stdout)
        alarms += told["worse"] + told["better"] > 0
    check(alarms <= 5, f"{alarms} of 20 diffs of nothing show something")


def baselines():
    diff("--save-baseline", "main", "experiment:1", says="Baseline main is experiment 1")
    diff("--save-baseline", "main", "experiment:2", status=2, says="--overwrite")
    diff("--save-baseline", "main", "experiment:1", "--overwrite")
    check("main  experiment:1" in diff("--baselines"), "listed")
    diff("--baseline", "main", "experiment:2")
    diff("main", "experiment:3", status=1, says="REGRESSION")
    diff("--baseline", "mian", status=2, says="did you mean 'main'")
    for name in "a'; DROP TABLE run; --", "x\033[31m", "12", "-x", "", "run:1", "é", "a" * 65:
        diff(f"--save-baseline={name}", "experiment:1", status=2, says="")
    # Deleted and made anew with other results, the number is not what the name stood for.
    shutil.copy("lbsim.db", "gone.db")
    db = sqlite3.connect("gone.db")
    db.execute("DELETE FROM cell WHERE experiment = 1 AND n = 1")
    db.commit()
    db.close()
    diff("--baseline", "main", "experiment:2", "--db", "gone.db", status=2, says="save it again")
    diff("experiment:1", "experiment:2", "--db", "gone.db", says="UNFINISHED: 1 of 2 cells")
    diff("--save-baseline", "half", "experiment:1", "--db", "gone.db", status=2, says="1 of 2 cells")


def runs():
    for words in ("--seed", "1"), ("--seed", "2"), ("--seed", "1", "--set", "run.sample=3s"):
        lbsim("run", "a.yaml", "--quiet", *words)
    diff("run:1", "run:2", says="Not judged")
    diff("run:1", "run:3", says="The same run")
    diff("1", "run:2", status=2, says="write run:1 or experiment:1")
    diff("run:1", "experiment:1", status=2, says="not of one kind")
    diff("run:9", "run:1", status=2, says="3 runs from 1 to 3")
    diff("run:x", "run:1", status=2, says="run:1")
    db = sqlite3.connect("lbsim.db")
    db.execute("UPDATE run SET state = 'interrupted' WHERE id = 2")
    db.commit()
    db.close()
    diff("run:1", "run:2", status=2, says="was interrupted")


def kept():
    """--save-baseline where things are recorded: run, sweep, compare; the name is looked at before the work."""
    both = ("--algorithms", "random,least-connections", "-r", "20")
    for words, kind in ((("run", "a.yaml", "-q"), "run"), (("sweep", "a.yaml", "-q", "-r", "20"), "experiment"),
                        (("compare", "a.yaml", "-q", *both), "experiment")):
        name = "kept." + words[0]
        done = lbsim(*words, "--db", "kept.db", "--save-baseline", name)
        check(done.returncode == 0, f"{words[0]}: {done.stderr}")
        check(f"{name}  {kind}:" in lbsim("diff", "--baselines", "--db", "kept.db").stdout, f"{name} is there")
        size = os.path.getsize("kept.db")
        done = lbsim(*words, "--db", "kept.db", "--save-baseline", name)
        check(done.returncode == 2 and "--overwrite" in done.stderr and done.stdout == "", f"taken: {done.stderr}")
        check(os.path.getsize("kept.db") == size, f"{words[0]}: nothing was run for it")
        done = lbsim(*words, "--db", "kept.db", "--save-baseline", name, "--overwrite")
        check(done.returncode == 0, f"{words[0]} again: {done.stderr}")
        done = lbsim(*words, "--db", "kept.db", "--save-baseline", "7")
        check(done.returncode == 2 and "cannot name a baseline" in done.stderr, f"a bad name: {done.stderr}")
        check(lbsim(*words, "--db", "kept.db", "--overwrite").returncode == 2, "--overwrite of nothing")
    check(lbsim("run", "a.yaml", "--db", ":memory:", "--save-baseline", "x").returncode == 2, "nothing is recorded")
    check(lbsim("run", "a.yaml", "-r", "2", "--db", "kept.db", "--save-baseline", "x").returncode == 2, "two runs")
    check(lbsim("sweep", "a.yaml", "--shard", "1/2", "--db", "kept.db", "--save-baseline", "x").returncode == 2, "half")
    write("slow.yaml", speed="0.8")
    check(lbsim("sweep", "slow.yaml", "-q", "-r", "20", "--db", "kept.db").returncode == 0, "slower")
    done = lbsim("diff", "--baseline", "kept.sweep", "--db", "kept.db")
    check(done.returncode == 1 and "REGRESSION" in done.stdout, f"the latest against it: {done.stdout} {done.stderr}")


def main():
    write("a.yaml")
    write("b.yaml", name='"a|`rm`<b>"')
    write("slow.yaml", speed="0.9")
    sweep("a.yaml")
    sweep("b.yaml")
    sweep("slow.yaml")
    sweep("a.yaml", "--seed", "77")
    diff("1", "2", says="The same results")
    diff("1", "2", "--markdown", says="\\`rm\\`\\<b\\>")
    out = diff("1", "3", status=1, says="REGRESSION")
    check("+backends: [{name: b, count: 4, speed: 0.9}]" in out, f"the lines: {out}")
    diff("1", "3", "--markdown", status=1, says="| mean |")
    diff("3", "1", says="No regression shown")
    diff("1", "3", "--tolerance", "100%", "--metric", "mean,p50", says="within tolerance")
    diff("1", "3", "--tolerance", "1%", "--metric", "mean", status=1, says="by more than the tolerance")
    figures()
    baselines()
    runs()
    kept()
    sweep("a.yaml", "--set", "balancer.count=1", "--db", "lbsim.db")
    diff("1", "2", "--db", "none.db", status=3, says="none.db")
    check(not os.path.exists("none.db"), "no database is made")
    diff("--save-baseline", "x", "--db", "none.db", status=3, says="none.db")
    check(not os.path.exists("none.db"), "no database is made to save in")
    diff("1", "2", "--tolerance", "x", status=2, says="0% to 100%")
    diff("1", "2", "--metric", "p98", status=2, says="metric")
    null()


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    main()
    os.chdir("/")
sys.exit(finish())
