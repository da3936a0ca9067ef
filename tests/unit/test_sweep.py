#!/usr/bin/env python3
# tsan: yes
"""Sweeps: the same numbers whatever the threads, shards, interruptions and kills; and what is said of
databases and options that do not fit. KILLS=100 for as many kill -9 as the issue asks (20 else).
"""
# timeout: 300

import json
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
from checks import LBSIM, check, finish, lbsim

KILLS = int(os.environ.get("KILLS", "20"))
SCENARIO = """lbsim: 1
name: grid
clients:
  - name: web
    arrivals: poisson(load=50%)
    requests: [{name: all, work: exponential(mean=10ms)}]
    timeout: 1s
balancer: {algorithm: random}
backends: [{name: b, count: 4}]
run: {duration: 20s, warmup: 2s, replications: 4, seed: 3}
sweep:
  balancer.algorithm: [random, round-robin, least-connections]
  clients.web.arrivals.load: range(50%, 90%, 9)
"""
CELLS = 27
MANY = ("-r", "30")  # for sweeps that are to be killed on the way: several transactions


def sweep(*words, file="s.yaml"):
    return lbsim("sweep", file, "--json", *words)


def digest(done):
    return json.loads(done.stdout)["digest"]


def rows(path):
    """All that a sweep came to, without numbers of rows, times and places."""
    db = sqlite3.connect(path)
    try:
        cells = db.execute(
            "SELECT n, settings, digest, algorithm, ideal, kind, duration_ns, warmup_ns, latency_count,"
            " latency_min_ns, latency_max_ns, latency_first, latency_buckets FROM cell"
            " ORDER BY n").fetchall()
        names = [row[1] for row in db.execute("PRAGMA table_info(trial)") if row[1] != "cell"]
        trials = db.execute(f"SELECT n, {', '.join('t.' + name for name in names)} FROM trial AS t"
                            " JOIN cell AS c ON c.id = t.cell ORDER BY n, replication").fetchall()
        about = db.execute("SELECT key, variant, grid, cells, replications, seed FROM experiment")
        return cells, trials, about.fetchall()
    finally:
        db.close()


def same_numbers():
    first = sweep("--db", "one.db", "-j", "1")
    check(first.returncode == 0, f"a sweep: {first.stderr}")
    whole = digest(first)
    for threads in "2", "8":
        done = sweep("--db", f"j{threads}.db", "-j", threads)
        check(digest(done) == whole, f"{threads} threads: {digest(done)}")
        check(rows(f"j{threads}.db") == rows("one.db"), f"{threads} threads, row for row")
    check(digest(sweep("--db", ":memory:")) == whole, "not recorded")
    for i in "1", "2", "3":
        check(sweep("--db", f"part{i}.db", "--shard", f"{i}/3").returncode == 0, f"shard {i}")
    done = lbsim("merge", "all.db", "part1.db", "part2.db", "part3.db", "part2.db")
    check(done.returncode == 0 and whole in done.stdout, f"merge: {done.stdout} {done.stderr}")
    check("twice" in done.stderr, "a shard given twice")
    check(rows("all.db") == rows("one.db"), "merged, row for row")
    cells = json.loads(sweep("--db", "all.db", "--show").stdout)["cells"]
    check(cells == json.loads(first.stdout)["cells"], "the merged sweep, shown")
    # The last cell by itself is what `run` says of it.
    one = lbsim("run", "s.yaml", "--json", "--db", ":memory:", "--set",
                "balancer.algorithm=least-connections", "--set", "clients.web.arrivals.load=90%")
    db = sqlite3.connect("one.db")
    trial = db.execute("SELECT digest, mean_ms, p99_ms, goodput_per_s, imbalance FROM trial_summary"
                       " WHERE cell = 26 AND replication = 0").fetchone()
    run = json.loads(one.stdout)
    check(trial[0] == run["digest"], "a trial is the run of the same settings")
    for mine, theirs in ((trial[1], run["latency_ms"]["mean"]), (trial[2], run["latency_ms"]["p99"]),
                         (trial[3], run["goodput_per_s"]), (trial[4], run["imbalance"])):
        check(abs(mine - theirs) <= 5e-5 * abs(theirs), f"{mine} for {theirs}")
    # Mean of p99 in the view and in the table; counts of the histogram.
    for row in db.execute("SELECT cell, errors, goodput_per_s, mean_ms FROM cell_summary"):
        cell = cells[row[0]]
        check(abs(cell["mean_ms"]["mean"] - row[3]) < 1e-6 * row[3], f"view of cell {row[0]}")
        check(abs(cell["goodput_per_s"]["mean"] - row[2]) < 1e-6 * row[2], f"goodput of {row[0]}")
    check(db.execute("SELECT count(*) FROM (SELECT cell, total, sum(count) AS c FROM cell_bucket"
                     " GROUP BY cell) WHERE c = total").fetchone()[0] == CELLS, "histograms")
    db.close()
    return whole


def bad_input():
    for words, status, says in (
            (("--shard", "9/8"), 2, "no shard 9 of 8"), (("--shard", "0/8"), 2, "no shard 0 of 8"),
            (("--shard", "1"), 2, "I/N"), (("--shard", "1/8x"), 2, "I/N"),
            (("--over", "backends.b.slts=1,2"), 2, "did you mean 'slots'"),
            (("--over", "backends.b.slots="), 2, "path=value"),
            (("--algorithms", "random,rond-robin"), 2, "did you mean"),
            (("--set", "balancer.algorithm=random"), 2, "--over"),
            (("--algorithm", "random"), 2, "--algorithms"), (("--db", "none.db", "--resume"), 2, "nothing"),
            (("--db", "none.db", "--again", "--resume"), 2, "exclude"),
            (("--emit", "slrm"), 2, "did you mean 'slurm'"), (("--db", "/nowhere/x.db"), 3, "/nowhere")):
        done = lbsim("sweep", "s.yaml", *words)
        check(done.returncode == status and says in done.stderr,
              f"{words}: {done.returncode} {done.stderr}")
    with open("empty.yaml", "w", encoding="utf-8") as file:
        file.write(SCENARIO[:SCENARIO.index("sweep:")] + "sweep: {}\n")
    done = lbsim("sweep", "empty.yaml", "--db", ":memory:")
    check(done.returncode == 2 and "empty.yaml:11:8: error: sweep is empty" in done.stderr, f"an empty grid: {done.returncode} {done.stderr}")
    done = lbsim("sweep", "plain.yaml", "--db", ":memory:")
    check(done.returncode == 2 and "nothing to sweep" in done.stderr, f"no grid: {done.stderr}")
    # A cell that is no scenario is told; the others are made.
    done = sweep("--db", ":memory:", "--over", "run.warmup=1s,2s", "--over", "run.duration=5s,1500ms")
    check(done.returncode == 2 and "1500ms" in done.stderr, f"a cell that cannot be: {done.stderr}")
    for more, what in ((("--seed", "8"), "seeds"), (("--replications", "3"), "replications"),
                       (("--over", "backends.b.slots=1,2"), "grids"), (("--set", "name=x"), "scenarios")):
        sweep("--db", "other.db", *more, "--set", "run.duration=3s", "--set", "run.warmup=1s")
        sweep("--db", "mine.db", "--set", "run.duration=3s", "--set", "run.warmup=1s")
        done = lbsim("merge", "new.db", "mine.db", "other.db")
        check(done.returncode == 2 and what in done.stderr and not os.path.exists("new.db"),
              f"merge of different {what}: {done.returncode} {done.stderr}")
        os.remove("other.db")
    shutil.copy("part1.db", "false.db")
    db = sqlite3.connect("false.db")
    db.execute("UPDATE cell SET digest = '0123456789abcdef' WHERE n = 3")
    db.execute("UPDATE experiment SET version = version")
    db.commit()
    done = lbsim("merge", "new.db", "part1.db", "false.db")
    check(done.returncode == 2 and "another digest" in done.stderr and not os.path.exists("new.db"),
          f"merge of cells that differ: {done.stderr}")
    db.execute("UPDATE experiment SET version = 'older', key = '0'")
    db.commit()
    db.close()
    done = lbsim("merge", "new.db", "part1.db", "false.db")
    check(done.returncode == 2 and "versions" in done.stderr, f"versions: {done.stderr}")
    lbsim("run", "plain.yaml", "--db", "runs.db", "--quiet")
    done = lbsim("merge", "new.db", "part1.db", "runs.db")
    check(done.returncode == 2 and "no sweep" in done.stderr, f"no sweep: {done.stderr}")
    done = lbsim("merge", "new.db", "part1.db", "gone.db")
    check(done.returncode == 3 and "gone.db" in done.stderr, f"no file: {done.stderr}")


def many_tasks():
    """More tasks than a Slurm array has as it comes: said, with what to do; a script comes all the same."""
    words = ("sweep", "s.yaml", "--algorithms", "random", "--over", "backends.b.slots=range(1, 100, 100)", "--over",
             "clients.web.arrivals.load=range(1%, 95%, 100)", "--db", "none.db")
    for kind, tasks, told in (("slurm", "1000", False), ("slurm", "1001", True), ("parallel", "1001", False)):
        done = lbsim(*words, "--emit", kind, "--tasks", tasks)
        check(done.returncode == 0 and done.stdout.startswith("#!"), f"{kind} {tasks}: {done.stderr}")
        check(("MaxArraySize" in done.stderr and "--tasks 1000" in done.stderr) == told, f"{kind} {tasks}: {done.stderr}")


def plan():
    started = time.monotonic()
    done = lbsim("sweep", "s.yaml", "--list", "--json", "--algorithms", "random", "--over",
                 "backends.b.slots=range(1, 100, 100)", "--over",
                 "clients.web.arrivals.load=range(1%, 95%, 100)", "--db", "none.db")
    took = time.monotonic() - started
    check(json.loads(done.stdout)["planned"] == 10000, "10,000 cells")
    check(took < 1.0, f"10,000 cells listed in {took:.2f} s")


# Runs the sweep and prints the most memory it had: from a process of its own, because a child counts the
# memory of the parent it was forked from, and this one is small.
PEAK = """import os, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1,
                     '/dev/null', os.O_WRONLY, 0)])
most = 0
while True:
    try:
        with open(f'/proc/{pid}/status') as file:
            for line in file:
                if line.startswith(('VmHWM', 'VmRSS')):
                    most = max(most, int(line.split()[1]))
    except OSError:
        pass
    ended, status = os.waitpid(pid, os.WNOHANG)
    if ended:
        break
print(status, most)
"""


def memory():
    """Ten times the requests, the same memory: within 10 % and 1 MiB (pages of malloc's arenas, which
    depend on which thread makes which cell). Runs have up to 72,000 requests, two at a time: 32 bytes kept
    of each would be 4 MB, and 8 bytes that a whole sweep keeps some 100 MB."""
    peaks = []
    for duration in "20s", "200s":
        done = subprocess.run([sys.executable, "-c", PEAK, LBSIM, "sweep", "s.yaml", "-q", "--csv", "-j", "2",
                               "--db", f"memory{duration}.db", "-r", "8", "--set", f"run.duration={duration}"],
                              capture_output=True, text=True, check=True)
        status, peak = (int(word) for word in done.stdout.split())
        check(status == 0 and peak > 1000, f"a sweep of {duration}: {status}, {peak} kB")
        peaks.append(peak)
    check(peaks[1] <= 1.1 * peaks[0] + 1024, f"peak memory at 20 s and 200 s: {peaks} kB")
    sizes = [os.path.getsize(f"memory{duration}.db") for duration in ("20s", "200s")]
    check(sizes[1] <= 1.2 * sizes[0], f"the database at 20 s and 200 s: {sizes} bytes")
    print(f"peak memory {peaks[0]} kB for 20 s, {peaks[1]} kB for 200 s")


def full_place(whole):
    # A share of the cells is there, then the place is full: whatever goes into one transaction, it does not fit.
    check(sweep("--db", "full.db", "-r", "40", "--shard", "1/3").returncode == 0, "a third of the cells")
    before = intact("full.db")
    blocks = os.path.getsize("full.db") // 1024
    done = subprocess.run(["bash", "-c", f"trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" sweep s.yaml -q --db full.db"
                           " -r 40", LBSIM], capture_output=True, text=True, check=False)
    check(done.returncode == 3 and "full.db" in done.stderr, f"full: {done.returncode} {done.stderr}")
    check(0 < len(before) < CELLS and intact("full.db") == before, f"cells in a full place: {len(intact('full.db'))}")
    check(sweep("--db", "full.db", "-r", "40", "--resume").returncode == 0, "goes on with more room")
    # Another program holds the database: waits, then says so.
    shutil.copy("part1.db", "held.db")
    holder = sqlite3.connect("held.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    child = subprocess.Popen([LBSIM, "sweep", "s.yaml", "--json", "--db", "held.db"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(1.0)
    holder.execute("ROLLBACK")
    out, err = child.communicate()
    check(child.returncode == 0 and json.loads(out)["digest"] == whole, f"after a wait: {err}")
    check(time.monotonic() - started >= 1.0, "it waited")
    # Two at once on one database: both end, nothing twice.
    pair = [subprocess.Popen([LBSIM, "sweep", "s.yaml", "--json", "-j1", "--db", "pair.db"],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            for _ in range(2)]
    for child in pair:
        out, _ = child.communicate()
        check(child.returncode == 0 and json.loads(out)["digest"] == whole, "two at once")
    check(rows("pair.db") == rows("one.db"), "two at once, row for row")


def intact(path):
    """The cells that are done, each whole."""
    if not os.path.exists(path):
        return {}
    db = sqlite3.connect(path)
    try:
        check(db.execute("PRAGMA integrity_check").fetchall() == [("ok",)], "integrity")
        check(db.execute("PRAGMA foreign_key_check").fetchall() == [], "foreign keys")
        if not db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'trial'").fetchone()[0]:
            return {}
        done = db.execute("SELECT n, c.digest, e.replications, (SELECT count(*) FROM trial WHERE cell = c.id)"
                          " FROM cell AS c JOIN experiment AS e ON e.id = c.experiment").fetchall()
        check(all(row[2] == row[3] for row in done), "a cell has all its trials")
        check(len({row[0] for row in done}) == len(done), "no cell twice")
        return {row[0]: row[1] for row in done}
    finally:
        db.close()


def kills():
    chance = random.Random(20260102)
    started = time.monotonic()
    whole = digest(sweep("--db", "time.db", "-j", "2", *MANY))
    lasts = time.monotonic() - started
    killed = early = 0
    before = {}
    for n in range(KILLS):
        if not before or len(before) == CELLS:
            for name in "kill.db", "kill.db-journal":
                if os.path.exists(name):
                    os.remove(name)
            before = {}
        child = subprocess.Popen([LBSIM, "sweep", "s.yaml", "-q", "--csv", "--db", "kill.db", "-j", "2",
                                  *MANY],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(chance.random() * lasts * (1.0 if n % 2 else 0.4))
        child.send_signal(signal.SIGKILL)
        killed += child.wait() == -signal.SIGKILL
        child.stderr.close()
        now = intact("kill.db")
        check(all(now.get(cell) == digest for cell, digest in before.items()), f"kill {n}: a cell is lost")
        early += 0 < len(now) < CELLS
        if now:
            listed = json.loads(lbsim("sweep", "s.yaml", "--list", "--json", "--db", "kill.db",
                                      *MANY).stdout)
            check(listed["done"] == len(now), f"kill {n}: listed")
        before = now
    done = sweep("--db", "kill.db", *MANY)
    check(digest(done) == whole, "resumed to the same digest")
    check(rows("kill.db") == rows("time.db"), "resumed, row for row")
    check(early >= KILLS // 10, f"only {early} of {KILLS} left a part of the cells")
    check(killed >= KILLS // 4, f"only {killed} of {KILLS} were killed before their end")
    print(f"{killed} of {KILLS} killed before the end, {early} times with some of the cells done")


def interrupts(whole):
    slow = ["--db", "int.db", "-j", "2"]
    child = subprocess.Popen([LBSIM, "sweep", "s.yaml", "--json", "-r", "60", *slow],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not intact("int.db") and child.poll() is None:
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate()
    cells = json.loads(out)["done"]
    check(child.returncode == 130 and 0 < cells < CELLS, f"interrupted: {child.returncode} {cells} {err}")
    check(len(intact("int.db")) == cells, "what was done is kept")
    done = sweep("-r", "60", *slow, "--resume")
    check(f"{CELLS - cells} of them now" in done.stderr, f"resumed: {done.stderr}")
    check(digest(done) == digest(sweep("-r", "60", "--db", ":memory:")), "resumed to the same digest")
    check(digest(sweep("--db", "int.db")) == whole, "another experiment beside it")
    done = sweep("--db", "int.db", "--again")
    check(f"{CELLS} of them now" in done.stderr and digest(done) == whole, "made again")


def emit():
    folder = "it's $(touch bad) `touch bad`"
    os.mkdir(folder)
    shutil.copy("s.yaml", os.path.join(folder, "s.yaml"))
    for form in "slurm", "parallel":
        done = lbsim("sweep", os.path.join(folder, "s.yaml"), "--emit", form, "--tasks", "3", "--set",
                     "name=a 'b' $(touch bad)", "--db", os.path.join(folder, "x.db"))
        check(done.returncode == 0, f"emit {form}: {done.stderr}")
        with open(f"{form}.sh", "w", encoding="utf-8") as file:
            file.write(done.stdout)
    # The shards and the merge as Slurm would run them.
    os.makedirs(os.path.join(folder, "x.db.parts"))
    for i in "2", "1", "3", "2":
        env = dict(os.environ, LBSIM_SWEEP_PART="shard", SLURM_ARRAY_TASK_ID=i)
        done = subprocess.run(["sh", "slurm.sh"], env=env, capture_output=True, text=True, check=False)
        check(done.returncode == 0, f"task {i}: {done.stderr}")
    env = dict(os.environ, LBSIM_SWEEP_PART="merge")
    done = subprocess.run(["sh", "slurm.sh"], env=env, capture_output=True, text=True, check=False)
    check(f"{CELLS} of {CELLS} cells" in done.stdout, f"merge: {done.stdout} {done.stderr}")
    if shutil.which("parallel"):
        shutil.rmtree(os.path.join(folder, "x.db.parts"))
        os.remove(os.path.join(folder, "x.db"))
        done = subprocess.run(["sh", "parallel.sh"], capture_output=True, text=True, check=False)
        check(f"{CELLS} of {CELLS} cells" in done.stdout, f"parallel: {done.stdout} {done.stderr}")
    check(not os.path.exists("bad") and not os.path.exists(os.path.join(folder, "bad")), "no name ran")


def find():
    done = lbsim("sweep", "s.yaml", "--find", "mean < 25ms", "--json", "-r", "10")
    check(done.returncode == 0, f"find: {done.stderr}")
    found = json.loads(done.stdout)
    check(found["along"] == "clients.web.arrivals.load" and len(found["found"]) == 3, "along the load")
    highest = []
    for one in found["found"]:
        holds, fails = one["holds"], one["fails"]
        check(one["answer"] == "found" and holds["high"] < 25e6 <= fails["high"], f"the bracket {one}")
        check(0 < fails["load"] - holds["load"] <= 0.02 * fails["load"], f"the precision {one}")
        highest.append(holds["load"])
    check(highest == sorted(highest) and highest[0] < highest[2], f"the ranking: {highest}")
    again = lbsim("sweep", "s.yaml", "--find", "mean < 25ms", "--json", "-r", "10", "-j", "1")
    check(again.stdout == done.stdout, "find, one thread")
    # M/M/1 at load rho: mean = work / (1 - rho), 20 ms at a half; with random picks each backend is one.
    done = lbsim("sweep", "s.yaml", "--find", "mean < 20ms", "--json", "--algorithms", "random", "--precision",
                 "1%", "--set", "run.duration=300s", "--over", "clients.web.arrivals.load=range(5%, 95%, 19)")
    one = json.loads(done.stdout)["found"][0]
    check(0.46 < one["holds"]["load"] < 0.505, f"M/M/1: {one}")
    # Whole numbers, and the other way round: how many backends it takes.
    done = lbsim("sweep", "plain.yaml", "--find", "mean < 15ms", "--json", "--along", "backends.b.count", "--over",
                 "backends.b.count=1,20", "--set", "clients.web.arrivals.rate=100/s")
    one = json.loads(done.stdout)["found"][0]
    check(one["holds"]["load"] - one["fails"]["load"] == 1 and 3 <= one["holds"]["load"] <= 4, f"backends: {one}")
    done = lbsim("sweep", "plain.yaml", "--find", "mean < 15ms", "--json")
    check(json.loads(done.stdout)["along"] == 'clients."web".arrivals.load', "without a grid")
    for claim, answer in (("mean < 1ms", "below"), ("mean < 1h", "above"), ("goodput > 1/s", "above")):
        done = lbsim("sweep", "s.yaml", "--find", claim, "--json", "-r", "3", "--algorithms", "random")
        check(json.loads(done.stdout)["found"][0]["answer"] == answer, f"{claim}: {done.stdout}")
    for words, says in ((("p99 < 50",), "unit is missing"), (("p99 = 1s +- 1ms",), "claim with < or >"),
                        (("p98 < 1s",), "p9"), (("mean < 1s", "--along", "run.seed"), "must be a key"),
                        (("mean < 1s", "--precision", "0"), "--precision"), (("mean < 1s", "--csv"), "--json")):
        done = lbsim("sweep", "s.yaml", "--find", *words)
        check(done.returncode == 2 and says in done.stderr and not done.stdout, f"{words}: {done.stderr}")


CROSSING = """lbsim: 1
name: a fast backend and two slow ones
clients:
  - name: web
    arrivals: poisson(load=50%)
    requests: [{name: all, work: exponential(mean=10ms)}]
balancer: {algorithm: random}
backends: [{name: fast, speed: 4, max_in_flight: 4}, {name: slow, count: 2}]
run: {duration: 40s, warmup: 4s, replications: 20, seed: 3}
sweep:
  balancer.algorithm: [least-connections, haproxy-first, random]
  clients.web.arrivals.load: range(10%, 90%, 5)
"""


def crossings():
    with open("x.yaml", "w", encoding="utf-8") as file:
        file.write(CROSSING)
    done = sweep("--crossings", "mean", "--db", ":memory:", file="x.yaml")
    found = json.loads(done.stdout)["crossings"]
    check(len(found) == 1, f"one crossing: {found}")
    one = found[0]
    low, high = (float(one[key].rstrip("%")) for key in ("low", "high"))
    check((one["better_below"], one["better_above"]) == ("haproxy-first", "least-connections"), f"{one}")
    check(40 < low < high < 65, f"where: {one}")
    check(one["no_difference_between"] or high - low <= 0.02 * high, f"how near: {one}")
    # Each is better on its side, by its own account.
    for load, better, worse in ((low, "haproxy-first", "least-connections"),
                                (high, "least-connections", "haproxy-first")):
        cells = json.loads(sweep("--db", ":memory:", "--over", f"clients.web.arrivals.load={load:g}%",
                                 file="x.yaml").stdout)["cells"]
        mean = {cell["algorithm"]: cell["mean_ms"]["mean"] for cell in cells}
        check(mean[better] < mean[worse], f"at {load} %: {mean}")
    none = json.loads(sweep("--crossings", "mean", "--db", ":memory:", "--algorithms", "random,haproxy-first",
                            file="x.yaml").stdout)["crossings"]
    check(none == [], f"no crossing: {none}")
    for words, says in ((("--crossings", "speed"), "wants mean"), (("--crossings", "p99", "--csv"), "--json"),
                        (("--crossings", "p99", "--algorithms", "random"), "two algorithms"),
                        (("--crossings", "p99", "--along", "balancer.algorithm"), "--along")):
        done = lbsim("sweep", "x.yaml", "--db", ":memory:", *words)
        check(done.returncode == 2 and says in done.stderr, f"{words}: {done.stderr}")


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    home, folder = os.getcwd(), tempfile.mkdtemp(prefix="lbsim-test-")
    try:
        os.chdir(folder)
        with open("s.yaml", "w", encoding="utf-8") as file:
            file.write(SCENARIO)
        with open("plain.yaml", "w", encoding="utf-8") as file:
            file.write(SCENARIO[:SCENARIO.index("sweep:")])
        whole = same_numbers()
        plan()
        many_tasks()
        memory()
        bad_input()
        full_place(whole)
        interrupts(whole)
        emit()
        find()
        crossings()
        kills()
    finally:
        os.chdir(home)
        shutil.rmtree(folder)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
