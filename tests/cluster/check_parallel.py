#!/usr/bin/env python3
"""sweep --emit parallel, really run by GNU parallel: jobs that are killed are tried again by parallel, or
by running the script again; over "ssh" too (a stand-in that starts a shell with an empty environment in
another folder, which is what a login on another machine has). Each time the merged database is the one
of one machine.
"""
# timeout: 300
import os
import shutil
import signal
import subprocess
import sys
import tempfile

import sharded
import checks  # sharded says where it lies
from checks import check

# ssh HOST [--] COMMAND, without options and without a network.
SSH = """#!/bin/sh
shift
[ "$1" = -- ] && shift
cd / && exec env -i PATH="$PATH" HOME="$HOME" SHELL=/bin/sh /bin/sh -c "$*"
"""


def start(*words):
    return subprocess.Popen(["sh", "parallel.sh", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)


def kill_one(job, db, number):
    """Kills the program of a shard when it has some of its cells; how many it had."""
    count = sharded.partly(f"{db}.parts/{number}.db")
    pid = sharded.shard_of([job.pid], number)
    if check(pid > 0, f"shard {number} is being made"):
        os.kill(pid, signal.SIGKILL)
    return count


def retried(digest, whole):
    """parallel itself tries a killed job again, which goes on where it was."""
    db = "100%a it's.db"
    sharded.emit("parallel", db)
    job = start("-j", "2", "--retries", "3")
    count = kill_one(job, db, 2)
    out, err = job.communicate()
    check(job.returncode == 0, f"retried: {job.returncode} {err}")
    sharded.same(db, digest, whole, out, "retried by parallel")
    return count


def run_again(digest, whole):
    """Without retries the script fails and merges nothing; run again, it goes on."""
    db = "again.db"
    sharded.emit("parallel", db)
    job = start("-j", "2")
    kill_one(job, db, 1)
    out, err = job.communicate()
    check(job.returncode != 0 and not out, f"a killed job: {job.returncode} {out} {err}")
    check(not os.path.exists(db), "nothing merged of half a sweep")
    kept = sharded.cells_in(f"{db}.parts/1.db")
    check(0 < kept < sharded.CELLS, f"{kept} cells are kept")
    job = start("-j", "2")
    out, err = job.communicate()
    check(job.returncode == 0, f"run again: {job.returncode} {err}")
    sharded.same(db, digest, whole, out, "run again")


def elsewhere(digest, whole):
    """Jobs on other machines know the same variables and the same folder."""
    with open("ssh.sh", "w", encoding="utf-8") as file:
        file.write(SSH)
    os.chmod("ssh.sh", 0o755)
    db = "else where.db"
    sharded.emit("parallel", db)
    job = start("--ssh", os.path.abspath("ssh.sh"), "-S", "1/one.example", "-S", "1/two.example")
    out, err = job.communicate()
    check(job.returncode == 0, f"elsewhere: {job.returncode} {err}")
    sharded.same(db, digest, whole, out, "elsewhere")


def main():
    if shutil.which("parallel") is None:
        print("parallel is not installed (make deps-cluster)")
        return 77
    home, folder = os.getcwd(), tempfile.mkdtemp(prefix="lbsim-test-")
    os.environ["PARALLEL_HOME"] = folder  # no file of the person's own
    os.environ["TMPDIR"] = folder
    try:
        os.chdir(folder)
        open("will-cite", "w", encoding="utf-8").close()
        digest, whole = sharded.one_machine()
        retried(digest, whole)
        run_again(digest, whole)
        elsewhere(digest, whole)
        check(len(sharded.below([os.getpid()])) == 1, "nothing is left running")
    finally:
        os.chdir(home)
        shutil.rmtree(folder, ignore_errors=True)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
