"""What the checks of sweeps in shards share: a sweep of many short cells, what it came to, waiting.

A cell of the grid takes a few tenths of a second, so that there is time to kill a task between two of
them; whoever kills says by `partly` that this was so.
"""
import json
import os
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from checks import LBSIM, check

SCENARIO = """lbsim: 1
name: grid
clients:
  - name: web
    arrivals: poisson(load=50%)
    requests: [{name: all, work: exponential(mean=10ms)}]
    timeout: 1s
balancer: {algorithm: random}
backends: [{name: b, count: 4}]
run: {duration: 20s, warmup: 2s, replications: 100, seed: 3}
sweep:
  balancer.algorithm: [random, round-robin, least-connections]
  clients.web.arrivals.load: range(50%, 90%, 9)
"""
CELLS, TASKS = 27, 3


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


def cells_in(path):
    """How many cells a database has; 0 when it is not there or being made."""
    try:
        db = sqlite3.connect(f"file:{os.path.abspath(path).replace('%', '%25').replace('?', '%3f')}?mode=ro",
                             uri=True)
        try:
            return db.execute("SELECT count(*) FROM cell").fetchone()[0]
        finally:
            db.close()
    except sqlite3.Error:
        return 0


def wait_for(what, condition, seconds=120.0):
    """Polls until condition() is true, which it returns; else ends the check."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    sys.exit(f"waited {seconds:.0f} s in vain for {what}")


def partly(path):
    """Waits until a shard has some of its cells."""
    share = CELLS // TASKS
    count = wait_for(f"the first cells of {path}", lambda: cells_in(path))
    check(0 < count < share, f"{path} has {count} of {share} cells when it is killed")
    return count


def one_machine():
    """The digest of the sweep made here at once, and what it came to."""
    with open("s.yaml", "w", encoding="utf-8") as file:
        file.write(SCENARIO)
    made = subprocess.run([LBSIM, "sweep", "s.yaml", "--json", "-q", "--db", "one.db"],
                          capture_output=True, text=True, check=False)
    if made.returncode != 0:
        sys.exit(f"the sweep on one machine: {made.stderr}")
    digest, whole = json.loads(made.stdout)["digest"], rows("one.db")
    check(len(whole[0]) == CELLS and len(whole[1]) == 100 * CELLS, "the sweep on one machine is whole")
    return digest, whole


def emit(form, db):
    """Writes the script that --emit prints to FORM.sh."""
    made = subprocess.run([LBSIM, "sweep", "s.yaml", "--emit", form, "--tasks", str(TASKS), "--db", db],
                          capture_output=True, text=True, check=False)
    check(made.returncode == 0 and not made.stderr, f"--emit {form}: {made.stderr}")
    with open(f"{form}.sh", "w", encoding="utf-8") as file:
        file.write(made.stdout)


def same(db, digest, whole, said, what):
    """The merged database is the one of one machine, row for row."""
    check(f"{CELLS} of {CELLS} cells, digest {digest}" in said, f"{what}: merge said {said!r}")
    if not check(os.path.exists(db), f"{what}: there is no {db}"):
        return
    merged = rows(db)
    check([row[0] for row in merged[0]] == list(range(CELLS)), f"{what}: each cell once")
    check(merged == whole, f"{what}: row for row")
    link = sqlite3.connect(db)
    check(link.execute("PRAGMA integrity_check").fetchall() == [("ok",)], f"{what}: integrity")
    link.close()


def processes():
    """[(pid, parent, words)] of all there are."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                    parent = int(file.read().rpartition(")")[2].split()[1])
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    words = file.read().decode(errors="replace").split("\0")
            except (OSError, IndexError, ValueError):
                continue
            found.append((int(name), parent, words))
    return found


def below(roots):
    """The processes that these started, at any distance, themselves included."""
    found, all_of_them = set(roots), processes()
    while True:
        more = {pid for pid, parent, _ in all_of_them if parent in found} - found
        if not more:
            return [one for one in all_of_them if one[0] in found]
        found |= more


def shard_of(roots, number):
    """The pid of the program that makes a shard, below one of these processes; 0 = none."""
    word = f"--shard={number}/{TASKS}"
    return next((pid for pid, _, words in below(roots)
                 if word in words and words[0] == os.path.realpath(LBSIM)), 0)
