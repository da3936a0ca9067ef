#!/usr/bin/env python3
"""Files made to hurt: each is refused with exit status 2, within a second and 64 MiB.

The small ones are in messages/hostile, the large ones are made here. What is no regular file is
refused with status 3 before it is read. A second is a second of a machine that has nothing else to
do: one that costs more is run once more beside the largest honest file, and may cost at most twice
as much as that one does at the same time (they cost the same on a quiet machine). timeout: 120
"""
import os
import subprocess
import sys
import tempfile
import time

LBSIM = os.environ.get("LBSIM", os.path.join(os.getcwd(), "lbsim"))
SECONDS, KIBIBYTES = 1.0, 64 * 1024
passed = failed = 0


def check(holds, what):
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        print("not so:", what)


def run(arguments, stdin=None):
    """Status, stderr, seconds, and the largest resident size in KiB, of one run of the program."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.monotonic()
        child = subprocess.Popen([LBSIM] + arguments, stdin=stdin or subprocess.DEVNULL,
                                 stdout=out, stderr=err)
        try:
            _, status, usage = os.wait4(child.pid, 0)
        except KeyboardInterrupt:
            child.kill()
            raise
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - start
        busy = usage.ru_utime + usage.ru_stime
        err.seek(0)
        text = err.read()
    # Other programs may keep the machine busy: processor time is what the file cost.
    return child.returncode, text, min(seconds, busy), usage.ru_maxrss


def in_time(path, seconds):
    """Whether refusing the file cost less than a second, or than twice the largest honest file."""
    tries = 0
    while seconds >= SECONDS and tries < 3:
        honest = run(["check", HONEST])
        if honest[0] != 0:
            return False
        seconds = run(["check", path])[2]
        if seconds < 2 * honest[2]:
            return True
        tries += 1
    return seconds < SECONDS


def refused(path, words=b": error: "):
    status, text, seconds, size = run(["check", path])
    name = os.path.basename(path)
    check(status == 2, f"{name}: status {status}")
    check(words in text, f"{name}: {words} is not in {text[:300]}")
    check(len(text) < 40000, f"{name}: {len(text)} bytes of messages")
    check(all(b >= 32 or b == 10 for b in text) and b"\x7f" not in text,
          f"{name}: control bytes in the messages")
    check(in_time(path, seconds), f"{name}: {seconds:.2f} s")
    check(size < KIBIBYTES, f"{name}: {size} KiB")
    try:
        text.decode("utf-8")
        check(True, name)
    except UnicodeDecodeError:
        check(False, f"{name}: the messages are not UTF-8")


HEAD = "lbsim: 1\nname: x\n"
TAIL = ("clients:\n  - name: c\n    arrivals: poisson(rate=1/s)\n"
        "    requests: [{name: r, work: constant(1ms)}]\n"
        "balancer: {algorithm: random}\nrun: {duration: 1s}\n")
ERROR, DEEP, MANY = b": error: ", b"more than 32 levels deep", b"more than 1,000 keys"


def many(piece, count):
    """piece count times, in portions: what this process has in memory counts as its child's."""
    whole, rest = divmod(count, 1000)
    for _ in range(whole):
        yield piece * 1000
    yield piece * rest


def numbered(pattern, count):
    return (pattern.replace("#", str(i)) for i in range(count))


def chain(*parts):
    for part in parts:
        yield from [part] if isinstance(part, str) else part


ONE = HEAD + TAIL + "backends: [{name: w}]\n"
LARGE = {
    "nest3m-flow": (many("[", 3000000), DEEP),
    "nest3m-curly": (many("{", 3000000), b"a key must be a word"),
    "nest3m-ka": (many("{a: ", 750000), DEEP),
    "nest3m-dash": (chain(many("- ", 1500000), "x"), DEEP),
    "nest3m-q": (chain(many("? ", 1500000), "x"), b"a key must be a word"),
    "nest3m-closed": (chain(many("[", 1500000), many("]", 1500000)), DEEP),
    "nest10m-flow": (many("[", 10000000), b"larger than 4 MiB"),
    "keys": (numbered("k#: 1\n", 300000), MANY),
    "anchors": (numbered("k#: &k# 1\n", 100000), b"more than 64 anchors"),
    "longscalar": (chain("name: ", many("x", 3900000)), b"longer than 4,096 bytes"),
    "longkey": (chain(many("x", 3900000), ": 1"), ERROR),
    "quoted": (chain('name: "', many("x\\n", 1300000), '"'), b"longer than 4,096 bytes"),
    "unclosed": (chain('name: "', many("x", 3900000)), b"closing quote"),
    "comments": (many("#" * 60 + "\n", 65000), b"nothing is written"),
    "newlines": (many("\n", 4190000), b"nothing is written"),
    "blanks": (many(" ", 4190000), b"nothing is written"),
    "list": (chain("a: [", many("1,", 200000), "1]"), b"more than 100,000 values"),
    "scalars": (chain("a:\n", many("- 1\n", 200000)), b"more than 100,000 values"),
    "errors": (chain(HEAD, numbered("k#: 1\n", 900), TAIL), b"the first 20 shown"),
    "entries": (chain(HEAD, TAIL, "backends:\n", many("- {nam: w}\n", 33000)), ERROR),
    "duplicates": (many("k: 1\n", 45000), b"duplicate key"),
    "backends": (chain(HEAD, TAIL, "backends:\n", numbered("- {name: b#_, count: 1000}\n", 9000)),
                 b"9000000 backends"),
    "twins": (chain(HEAD, TAIL, "backends:\n", many("- {name: a, count: 50000}\n", 2)),
              b"two backends or groups"),
    "targets": (chain(HEAD, TAIL, "backends: [{name: web, count: 100000}]\ntimeline:\n",
                      numbered("- {at: 0, kill: wob#}\n", 9999)), b"no backend or group"),
    "variants": (chain(HEAD, TAIL, "backends: [{name: web, count: 100000}]\nvariants:\n",
                       numbered("  v#: {set: {backends.web.weight: 0}}\n", 32)), b"variant 'v3'"),
    "wide": (chain(HEAD, TAIL, "backends: [{name: web, count: 90000}]\nvariants:\n",
                   numbered("  v#: {set: {run.duration: 0}}\n", 32), "timeline:\n",
                   many("- {at: 0s, kill: web}\n", 9999)), b"outside the range"),
    "paths": (chain(ONE, "variants: {v: {set: {", numbered("a#.b.c: 1, ", 999), "}}}\n"), ERROR),
    "expects": (chain(ONE, "expect:\n", many("- p99 < <\n", 999)), ERROR),
    "parentheses": (chain(ONE.replace("constant(1ms)", '"' + "mix(50% " * 500 + '"')), ERROR),
    "control": (["name: a\x1bb"], b"control characters"),
    "c1": (["name: a\u009bb\n"], b"control characters"),
    "bidi": ([ONE, '"a\u202eb": 1\n'], b"unknown key"),
    "separator": ([ONE, "x\u2028y: 1\n"], ERROR),
    "tags": (["name: !!str x\n"], b"tags"),
    "binary": (["name: !!binary eA==\n"], b"tags"),
    "directive": (["%TAG ! tag:x,2000:\n---\nname: !x y\n"], b"tags"),
    "deepalias": (chain("a0: &a0 [1]\n", (f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 60))), DEEP),
}

# As large as the language allows, and nothing wrong with it.
honest_scratch = tempfile.TemporaryDirectory()
HONEST = os.path.join(honest_scratch.name, "honest.yaml")
with open(HONEST, "w", encoding="utf-8") as file:
    file.writelines(chain(HEAD, TAIL, "backends: [{name: web, count: 90000}]\nvariants:\n",
                          numbered("  v#: {set: {run.duration: 2s}}\n", 32), "timeline:\n",
                          many("- {at: 0s, kill: web}\n", 9999)))
check(run(["check", HONEST])[0] == 0, "the largest honest file is not accepted")

folder = "tests/scenarios/messages/hostile"
for entry in sorted(os.listdir(folder)):
    refused(os.path.join(folder, entry))

with tempfile.TemporaryDirectory() as scratch:
    for entry, (pieces, words) in LARGE.items():
        path = os.path.join(scratch, entry + ".yaml")
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.writelines(pieces)
        refused(path, words)
        os.unlink(path)

    # What is no regular file is not even read: status 3, at once.
    fifo = os.path.join(scratch, "fifo.yaml")
    os.mkfifo(fifo)
    dangling = os.path.join(scratch, "dangling.yaml")
    os.symlink("nowhere", dangling)
    loop = os.path.join(scratch, "loop.yaml")
    os.symlink("loop.yaml", loop)
    for path, words in ((scratch, b"a directory"), (fifo, b"a pipe"), ("/dev/zero", b"a device"),
                        ("/dev/null", b"a device"), (dangling, b"No such file"),
                        (loop, b"cannot open"), (os.path.join(scratch, "none.yaml"), b"No such")):
        status, text, seconds, _ = run(["check", path])
        check(status == 3, f"{path}: status {status}")
        check(words in text, f"{path}: {words} is not in {text}")
        check(seconds < SECONDS, f"{path}: {seconds:.2f} s")
    with open(scratch + "/big", "wb") as file:
        file.truncate(1 << 40)  # a terabyte of nothing: the limit stops the reading
    refused(scratch + "/big", b"larger than 4 MiB")
    os.unlink(scratch + "/big")

    # Standard input may be a pipe; a directory it may not be; it has the same limit.
    descriptor = os.open(scratch, os.O_RDONLY)
    status, text, _, _ = run(["check", "-"], stdin=descriptor)
    os.close(descriptor)
    check(status == 3 and b"a directory" in text, f"directory on stdin: {status} {text}")
    with open("/dev/zero", "rb") as zero:
        status, text, seconds, size = run(["check", "-"], stdin=zero)
    check(status == 2 and b"larger than 4 MiB" in text, f"/dev/zero on stdin: {status} {text}")
    check(seconds < SECONDS and size < KIBIBYTES, f"/dev/zero on stdin: {seconds} s {size} KiB")

    # A name made to hurt the terminal is not printed as it is, nor is a file's.
    path = os.path.join(scratch, "a\x1b[31mb.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write("x: 1\n")
    refused(path)
    status, text, _, _ = run(["check", "good\x1b[31m.yaml"])
    check(status == 3 and b"\x1b" not in text, f"a missing file with an escape: {status} {text}")

print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
