#!/usr/bin/env python3
"""What threads cost a sweep: 200 cells by one thread and by two.

Prints the processor time of two threads over that of one (limit 1.05: the least of ROUNDS interleaved
rounds each, since neighbours of the machine only add), and the best ratio of wall times (goal 1.9). Exit status 1 when the program fails.
"""
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LBSIM = os.environ.get("LBSIM", os.path.join(HERE, "..", "..", "lbsim"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
LIMIT, GOAL = 1.05, 1.9
SCENARIO = """lbsim: 1
name: bench of a sweep
clients:
  - name: web
    arrivals: poisson(load=50%)
    requests: [{name: all, work: exponential(mean=10ms)}]
    timeout: 10s
balancer: {algorithm: random}
backends: [{name: b, count: 10}]
run: {duration: 20s, warmup: 1s, replications: 5, seed: 3}
sweep:
  balancer.algorithm: [random, round-robin, least-connections, power-of-two]
  clients.web.arrivals.load: range(50%, 95%, 50)
"""


def spent(threads):
    """Processor seconds and wall seconds."""
    if os.path.exists("bench.db"):
        os.remove("bench.db")
    started = time.monotonic()
    job = subprocess.Popen([LBSIM, "sweep", "s.yaml", "-q", "--csv", "-j", str(threads),
                            "--db", "bench.db"], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(job.pid, 0)
    if status != 0:
        sys.exit("the sweep ended with %d" % status)
    return usage.ru_utime + usage.ru_stime, time.monotonic() - started


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with open("s.yaml", "w") as file:
            file.write(SCENARIO)
        rounds = [(spent(1), spent(2)) for _ in range(ROUNDS)]
        os.chdir(HERE)
    one, two = (min(pair[i][0] for pair in rounds) for i in (0, 1))
    wall = max(pair[0][1] / pair[1][1] for pair in rounds)
    print("a sweep of 200 cells: %.2f s of processor time by one thread, %.2f s by two, ratio %.3f "
          "(limit %.2f)%s; wall ratio %.2f in the best of %d (goal %.1f)%s"
          % (one, two, two / one, LIMIT, "" if two <= LIMIT * one else "  OVER", wall, ROUNDS, GOAL,
             "" if wall >= GOAL else "  UNDER (%d processors)" % os.cpu_count()))


main()
