#!/usr/bin/env python3
"""What a request costs when every feature is used at once.

Runs everything.yaml, recorded, and prints requests a second of processor time on one core: the
median of ROUNDS runs, and the limit of a million. Also names what the scenario leaves out: keys and
actions that `lbsim explain` lists more often than the scenario writes them, so that it grows with
the language. Judges nothing but the ratio; exit status 1 when the program fails.
"""
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
LBSIM = os.environ.get("LBSIM", os.path.join(HERE, "..", "..", "lbsim"))
SCENARIO = os.path.join(HERE, "everything.yaml")
ROUNDS = int(os.environ.get("ROUNDS", "3"))
LIMIT = 1e6


def words(text):
    count = {}
    for word in re.findall(text[0], text[1], re.M):
        count[word] = count.get(word, 0) + 1
    return count


def left_out():
    """Words that the language has and the scenario has not, or not as often."""
    keys = subprocess.run([LBSIM, "explain"], capture_output=True, text=True, check=True).stdout
    actions = subprocess.run([LBSIM, "explain", "timeline"], capture_output=True, text=True,
                             check=True).stdout
    with open(SCENARIO) as file:
        written = words((r"([\w]+): ", re.sub(r":\n", ": \n", file.read())))
    known = words((r"^(?: *\*?| +)([a-z_]+)  ", keys))
    known.update(words((r"^      ([a-z]+): ", actions)))
    return sorted(word for word, count in known.items() if written.get(word, 0) < count)


def spent(folder):
    """Requests, and processor seconds, of one run."""
    out = os.path.join(folder, "out")
    with open(out, "w") as file:
        job = subprocess.Popen([LBSIM, "run", SCENARIO, "--quiet", "--json", "--db",
                                os.path.join(folder, "bench.db")], stdout=file)
        _, status, usage = os.wait4(job.pid, 0)
    if status != 0:
        sys.exit("%s: run ended with %d" % (SCENARIO, status))
    with open(out) as file:
        return json.load(file)["requests"]["arrived"], usage.ru_utime + usage.ru_stime


def main():
    with tempfile.TemporaryDirectory() as folder:
        runs = [spent(folder) for _ in range(ROUNDS)]
    rate = statistics.median(requests / cpu for requests, cpu in runs)
    print("every feature at once: %.2f million requests a second on one core (limit %.0f), "
          "%.0f ns a request%s" % (rate / 1e6, LIMIT / 1e6, 1e9 / rate,
                                   "" if rate >= LIMIT else "  OVER"))
    missing = left_out()
    if missing:
        print("not in %s yet: %s" % (os.path.basename(SCENARIO), " ".join(missing)))


main()
