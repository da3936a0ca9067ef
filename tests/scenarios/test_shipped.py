#!/usr/bin/env python3
"""The scenarios that come with lbsim, in scenarios/ and its folders: every expectation of every variant
holds, at the seed of the file. Each keeps a margin of four standard deviations of a single run (`make
margins` measures it), so that a change which is none would break one of them by chance once in 30,000
lines; all of them together take at most five minutes.
timeout: 300
"""
import concurrent.futures
import glob
import json
import os
import subprocess
import sys
import time

LBSIM = os.environ.get("LBSIM", "./lbsim")
passed = failed = 0


def check(what, holds, why=""):
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        print(f"FAILED: {what} {why}")


def run(path, variant):
    start = time.monotonic()
    command = [LBSIM, "run", path, "--variant", variant, "--json", "--quiet", "--db", ":memory:"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr, time.monotonic() - start


def variants(paths):
    """(path, variant) of all of them"""
    command = [LBSIM, "check", "--json", *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    for file in json.loads(done.stdout)["files"]:
        check(f"{file['file']} is valid", file["valid"], file.get("messages", ""))
        for variant in file.get("variants", []):
            yield file["file"], variant


paths = sorted(glob.glob("scenarios/*.yaml") + glob.glob("scenarios/*/*.yaml"))
check("there are scenarios", len(paths) >= 6)
work = list(variants(paths))
check("each has its base", {p for p, v in work if v == "base"} == set(paths), work)
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    results = list(pool.map(lambda one: run(*one), work))
for (path, variant), (status, result, err, _) in zip(work, results):
    lost = [e["text"] + " is " + e.get("value", "unknown") for e in (result or {}).get("expect", []) if not e["holds"]]
    check(f"{path} {variant}", status == 0 and not lost, f"{lost} {err}")
slowest = max(zip(results, work), key=lambda pair: pair[0][3])
print(f"{len(paths)} files, {len(work)} variants, slowest {slowest[0][3]:.1f} s: {' '.join(slowest[1])}")
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
