#!/usr/bin/env python3
"""sweep --emit slurm, really run by Slurm on loopback: a job array of three tasks, each with many cells of
many replications, and the merge behind it. One task is requeued on the way; of another array one task is
killed, and the script submitted again. Each time the merged database is the one of one machine.
"""
# timeout: 420
import os
import shutil
import signal
import subprocess
import sys
import tempfile

import sharded
import slurm
import checks  # sharded says where it lies
from checks import check


def submit(cluster):
    """The numbers of the array and of the merge."""
    made = subprocess.run(["sh", "slurm.sh"], capture_output=True, text=True, check=False,
                          env=cluster.environment)
    words = made.stdout.replace(",", "").split()
    if made.returncode != 0 or len(words) != 4:
        cluster.show_logs()
        sys.exit(f"sbatch: {made.stdout} {made.stderr}")
    return words[1], words[3]


def queue(cluster, job):
    """{"1": "RUNNING", ...} of what is left of an array, {"": ...} of a single job."""
    lines = cluster.said("squeue", "-h", "-r", "-t", "all", "-j", job, "-o", "%i %T").splitlines()
    return {line.split()[0].partition("_")[2]: line.split()[1] for line in lines}


def ended(cluster, job):
    """The states of all tasks once none waits or runs any more."""
    def look():
        states = queue(cluster, job)
        waits = ("PENDING", "RUNNING", "COMPLETING", "CONFIGURING", "REQUEUED", "SUSPENDED")
        return states if states and not any(state in waits for state in states.values()) else None
    return sharded.wait_for(f"the end of job {job}", look, 180.0)


def said_by_merge(db):
    path = f"{db}.parts/merge.log"
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8") as file:
        return file.read()


def only_loopback(cluster):
    own = cluster.own_listeners()
    for port in cluster.ports:
        check(f"127.0.0.1:{port}" in own, f"port {port} listens on loopback: {own}")
    check(all(one.startswith("127.0.0.1:") for one in own), f"everything on loopback: {own}")


def requeued(cluster, digest, whole):
    db = "100%a it's.db"
    sharded.emit("slurm", db)
    array, merge = submit(cluster)
    count = sharded.partly(f"{db}.parts/1.db")
    check(queue(cluster, array).get("1") == "RUNNING", f"task 1 runs: {queue(cluster, array)}")
    check(queue(cluster, merge) == {"": "PENDING"}, "the merge waits")
    only_loopback(cluster)
    asked = cluster.call("scontrol", "requeue", f"{array}_1")
    check(asked.returncode == 0, f"scontrol requeue: {asked.stderr}")
    states = ended(cluster, array)
    check(states == {str(i + 1): "COMPLETED" for i in range(sharded.TASKS)}, f"the array: {states}")
    restarts = [word for word in cluster.said("scontrol", "show", "job", f"{array}_1").split()
                if word.startswith("Restarts=")]
    check(restarts == ["Restarts=1"], f"task 1 was requeued: {restarts}")
    check(sharded.cells_in(f"{db}.parts/1.db") == sharded.CELLS // sharded.TASKS > count, "it went on")
    states = ended(cluster, merge)
    check(states == {"": "COMPLETED"}, f"the merge: {states}")
    sharded.same(db, digest, whole, said_by_merge(db), "requeued")


def killed(cluster, digest, whole):
    db = "killed.db"
    sharded.emit("slurm", db)
    array, merge = submit(cluster)
    count = sharded.partly(f"{db}.parts/2.db")
    # (slurmstepd, which started it, is no child of slurmd: it is looked for below init, too, by the
    # folder it works in.)
    pid = next((pid for pid, _, words in sharded.processes()
                if f"--shard=2/{sharded.TASKS}" in words
                and os.path.realpath(f"/proc/{pid}/cwd") == os.getcwd()), 0)
    if check(pid > 0, "task 2 is being made"):
        os.kill(pid, signal.SIGKILL)
    states = ended(cluster, array)
    check(states == {"1": "COMPLETED", "2": "FAILED", "3": "COMPLETED"}, f"a killed task: {states}")
    states = ended(cluster, merge)
    check(states == {"": "CANCELLED"}, f"no merge of half a sweep: {states}")
    check(not os.path.exists(db), "nothing merged")
    kept = sharded.cells_in(f"{db}.parts/2.db")
    check(count <= kept < sharded.CELLS // sharded.TASKS, f"{kept} cells of the killed task are kept")
    array, merge = submit(cluster)
    states = ended(cluster, array)
    check(set(states.values()) == {"COMPLETED"} and len(states) == sharded.TASKS, f"again: {states}")
    states = ended(cluster, merge)
    check(states == {"": "COMPLETED"}, f"the merge: {states}")
    sharded.same(db, digest, whole, said_by_merge(db), "submitted again")


def main():
    missing = [tool for tool in slurm.TOOLS if slurm.which(tool) is None]
    if missing:
        print(f"{', '.join(missing)} not installed (make deps-cluster)")
        return 77
    home, folder = os.getcwd(), os.path.realpath(tempfile.mkdtemp(prefix="lbsim-test-"))
    os.chmod(folder, 0o711)  # munge wants its socket where anybody can get at it
    try:
        os.mkdir(os.path.join(folder, "work"))
        os.chdir(os.path.join(folder, "work"))
        digest, whole = sharded.one_machine()
        cluster = slurm.Cluster(folder)
        try:
            cluster.start()
            only_loopback(cluster)
            requeued(cluster, digest, whole)
            killed(cluster, digest, whole)
        finally:
            pids = cluster.pids()
            if checks.failed:
                cluster.show_logs()
            had_to = cluster.stop()
        check(not had_to, f"killed: {had_to}")
        left = [one for one in sharded.processes() if one[0] in pids or any(folder in word for word in one[2])]
        check(not left, f"left running: {left}")
        check(not {f"127.0.0.1:{port}" for port in cluster.ports} & slurm.listeners(), "nobody listens")
    finally:
        os.chdir(home)
        shutil.rmtree(folder, ignore_errors=True)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
