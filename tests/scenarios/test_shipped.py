#!/usr/bin/env python3
"""The scenarios that come with lbsim: each claim of each variant holds, at the seed of the file and at
another one; the same seed gives the same digest twice. (Each claim keeps four standard deviations of a
single run, so a false alarm at one seed has a chance below 1 in 10,000; the seeds are fixed.)"""
import glob
import json
import os
import subprocess
import sys

LBSIM = os.environ.get("LBSIM", "./lbsim")
passed = failed = 0


def check(what, holds, why=""):
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        print(f"FAILED: {what} {why}")


def run(*words):
    command = [LBSIM, "run", *words, "--json", "--quiet", "--db", ":memory:"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


def variants(path):
    done = subprocess.run([LBSIM, "scenarios", "--json"], capture_output=True, text=True, check=True)
    for scenario in json.loads(done.stdout)["scenarios"]:
        if scenario["name"] == os.path.basename(path)[: -len(".yaml")]:
            return ["base"] + [v if isinstance(v, str) else v["name"] for v in scenario["variants"]]
    return []


paths = sorted(glob.glob("scenarios/*.yaml"))
check("there are scenarios", len(paths) >= 6)
for path in paths:
    names = variants(path)
    check(f"{path} is listed", bool(names))
    for name in dict.fromkeys(names):
        digests = []
        for seed in (None, None, "4711"):
            status, result, err = run(path, "--variant", name, *(["--seed", seed] if seed else []))
            lost = [e["text"] + " is " + e["value"] for e in (result or {}).get("expect", []) if not e["holds"]]
            check(f"{path} {name} seed {seed}", status == 0 and not lost, f"{lost} {err}")
            digests.append(result and result["digest"])
        check(f"{path} {name}: same seed, same digest", digests[0] == digests[1], digests)
        check(f"{path} {name}: another seed, another digest", digests[0] != digests[2], digests)

print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
