#!/usr/bin/env python3
"""run --trace-request: its words, its JSON, and what it refuses. No chance: fixed seeds.
# asan: yes
"""
import json
import os
import re
import subprocess
import sys
import tempfile

LBSIM = os.environ.get("LBSIM", "./lbsim")
passed = failed = 0

TEXT = """lbsim: 1
name: traced
clients:
  - name: people
    arrivals: poisson(rate=300/s)
    requests: [{name: page, work: exponential(mean=10ms)}]
    timeout: 100ms
balancer: {algorithm: peak-ewma, retries: {max: 1}}
backends: [{name: "wéb %s", count: 3, slots: 2}]
timeline: [{at: 500ms, kill: "wéb %s2"}]
run: {duration: 1s, seed: 3}
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


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "t.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(TEXT)
    status, out, err = lbsim(path, "--trace-request", "7", "--json")
    check("done", status == 0 and not err, f"{status} {err}")
    story = json.loads(out)
    steps = story["steps"]
    check("what it is of", story["request"] == 7 and story["algorithm"] == "peak-ewma" and story["ended"], story)
    check("begins and ends", steps[0]["what"] == "arrival" and steps[-1]["what"] == "end", steps)
    check("in order of time", all(a["at_ns"] <= b["at_ns"] for a, b in zip(steps, steps[1:])))
    latency = steps[-1]["at_ns"] - steps[0]["at_ns"]
    check("its latency", steps[-1]["takes_ns"] == latency, steps[-1])
    choice = next(s for s in steps if s["what"] == "choice")
    check("candidates", len(choice["candidates"]) == 3 and choice["left_out"] == 0, choice)
    picked = [c["name"] for c in choice["candidates"] if c["picked"]]
    check("one is picked", picked == [choice["backend"]], choice)
    keys = {"name", "picked", "tried", "usable", "belief", "weight", "in_flight", "line", "truth", "busy", "slots",
            "queue", "says"}
    check("belief, truth and what the algorithm says", all(set(c) == keys for c in choice["candidates"]), choice)
    check("the load by peak EWMA", all("load" in c["says"] for c in choice["candidates"]), choice)
    sent = next(s for s in steps if s["what"] == "sent")
    check("sent to the one picked", sent["backend"] == choice["backend"] and sent["how"] == "pick", sent)

    retried = None
    for number in range(140, 200):
        _, out, _ = lbsim(path, "--trace-request", str(number), "--json")
        if '"retry"' in out:
            retried = number
            break
    check("one is retried after the crash", retried is not None)
    status, out, _ = lbsim(path, "--trace-request", str(retried))
    check("its text", all(w in out for w in ("arrival", "nobody listens", "refused", "tries another one again",
                                             "CANDIDATE", "TRUTH", "load=", "ok after")), out)
    check("names are shown as they are", "wéb %s1" in out, repr(out))
    check("a line a step", len(re.findall(r"^ +\d+\.\d{9} s", out, re.M)) > 12, out)

    status, out, err = lbsim(path, "--trace-request", "100000")
    last = re.search(r"its requests are 0 to (\d+)", err)
    check("beyond the end: the range", status == 2 and last and not out, f"{status} {err} {out}")
    status, out, _ = lbsim(path, "--trace-request", last.group(1))
    check("the last one", status == 0 and "arrival" in out, out)
    for words in (["--csv"], ["--replications", "2"], ["--db", "x.db"], ["--margins"]):
        status, out, err = lbsim(path, "--trace-request", "7", *words)
        check(f"refused with {words[0]}", status == 2 and err and not out, f"{status} {err}")
    for word in ("-1", "x", "1.5", ""):
        status, out, err = lbsim(path, "--trace-request", word)
        check(f"refused: request '{word}'", status == 2 and err and not out, f"{status} {err}")
    status, out, _ = lbsim(path, "--trace-request", "7", "--variant", "none")
    check("no such variant", status == 2, status)

print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
