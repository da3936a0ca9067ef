#!/usr/bin/env python3
"""The screens as text, compared with those in golden/ byte by byte.

# asan: yes

test_frames.py --regenerate writes them anew: look at the difference before committing it.
"""
import os
import subprocess
import sys
import tempfile

LBSIM = os.environ.get("LBSIM", os.path.join(os.getcwd(), "lbsim"))
HERE = os.path.dirname(os.path.abspath(__file__))
TIER = os.path.join(HERE, "tier.yaml")
HOSTILE = os.path.join(HERE, "hostile.yaml")

FRAMES = {
    "80x24-killed": [TIER, "--at", "12s"],
    "80x24-slow": [TIER, "--at", "22500ms", "--speed", "5"],
    "80x24-done": [TIER],
    "80x24-ascii": [TIER, "--at", "22s", "--ascii"],
    "40x10": [TIER, "--at", "22s", "--size", "40x10"],
    "40x10-ascii": [TIER, "--at", "22s", "--size", "40x10", "--ascii"],
    "64x20": [TIER, "--at", "22s", "--size", "64x20"],
    "160x50": [TIER, "--at", "35s", "--size", "160x50"],
    "hostile-100x26": [HOSTILE, "--size", "100x26"],
    "hostile-40x10": [HOSTILE, "--size", "40x10"],
    "many-80x24": [TIER, "--at", "8s", "--set", "backends.web.count=30"],
    "frames-40x10": [TIER, "--frames", "4", "--size", "40x10"],
    "too-small": [TIER, "--at", "1s", "--size", "30x5"],
}


def watch(arguments, env=None, status=0):
    environment = dict(os.environ, LC_ALL="C.UTF-8")
    environment.update(env or {})
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [LBSIM, "watch", "--text"] + arguments, capture_output=True, env=environment, cwd=folder
        )
        left = os.listdir(folder)
    assert done.returncode == status, "status %d: %s" % (done.returncode, done.stderr)
    assert left == [], "left behind: %s" % left
    return done.stdout.decode()


def golden(name):
    return os.path.join(HERE, "golden", name + ".txt")


def first_difference(want, got):
    for number, (a, b) in enumerate(zip(want.split("\n"), got.split("\n")), 1):
        if a != b:
            return "line %d\n  want %s\n  got  %s" % (number, a, b)
    return "%d lines wanted, %d got" % (want.count("\n"), got.count("\n"))


def check_golden(name):
    with open(golden(name), encoding="utf-8") as file:
        want = file.read()
    got = watch(FRAMES[name])
    assert got == want, first_difference(want, got)


def check_ascii_locale():
    """A locale without Unicode gives the same bytes as --ascii."""
    assert watch([TIER, "--at", "22s"], env={"LC_ALL": "C"}) == watch(FRAMES["80x24-ascii"])


def check_frames_agree():
    """A frame does not depend on the frames before it."""
    four = watch([TIER, "--frames", "4", "--at", "32s"]).split("frame ")
    alone = watch([TIER, "--at", "32s"])
    assert four[4].split("\n", 1)[1] == alone


def check_wrong():
    for arguments in (["--size", "80"], ["--at", "soon"], ["--frames", "0"], ["--speed", "-1"],
                      ["--theme", "drak"], ["--size", "80x99999"]):
        assert watch([TIER] + arguments, status=2) == ""


def main():
    if sys.argv[1:] == ["--regenerate"]:
        for name, arguments in FRAMES.items():
            with open(golden(name), "w", encoding="utf-8") as file:
                file.write(watch(arguments))
        return
    checks = [(name, lambda name=name: check_golden(name)) for name in FRAMES]
    checks += [(f.__name__, f) for f in (check_ascii_locale, check_frames_agree, check_wrong)]
    failed = 0
    for name, check in checks:
        try:
            check()
        except Exception as error:  # a test that breaks is a test that failed
            failed += 1
            print("FAILED %s: %s" % (name, error))
    print("%d passed, %d failed" % (len(checks) - failed, failed))
    sys.exit(1 if failed else 0)


main()
