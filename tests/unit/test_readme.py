#!/usr/bin/env python3
"""Runs every command of the ```sh blocks of README.md, and of the README.md of each folder, in a
fresh copy of the project. timeout: 600

The copy holds what git knows, and the program as it is built. There is no network and no terminal.
A target of make is only asked for with `make -n`: the targets run this test, among other things.
`git clone` and `cd` into the clone are what the copy stands for. A command is expected to end with
status 0, or with N when its comment says "(exit status N)".
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.getcwd()
LBSIM = os.environ.get("LBSIM", os.path.join(ROOT, "lbsim"))
SECONDS = 300


def tracked():
    said = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                          stdout=subprocess.PIPE, check=True).stdout.decode()
    return [name for name in said.split("\0") if name and os.path.isfile(name)]


def commands(name):
    """(line number, command) of each ```sh block; a line that ends in a backslash goes on."""
    inside, start, text = False, 0, ""
    with open(name, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if line.startswith("```"):
                inside = not inside and line[3:].strip() == "sh"
                continue
            if not inside or (not text and (not line.strip() or line.lstrip().startswith("#"))):
                continue
            if not text:
                start = number
            if line.endswith("\\"):
                text += line[:-1] + " "
                continue
            yield start, (text + line).strip()
            text = ""


def run(command, folder):
    """(status, output) of one command."""
    environment = dict(os.environ, PATH=folder + os.pathsep + os.environ["PATH"],
                       HOME=folder, http_proxy="http://127.0.0.1:9", https_proxy="http://127.0.0.1:9")
    words = command.split()
    if words[0] == "make":
        targets = " ".join(word for word in words[1:] if not word.startswith("-"))
        command = "make -n " + targets
    elif words[:2] == ["git", "clone"] or words[0] == "cd":
        return 0, ""
    elif words[0] in ("sudo", "apt-get"):
        return 1, "a README leaves installing to make deps"
    try:
        done = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=folder, timeout=SECONDS,
                              env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
    except subprocess.TimeoutExpired:
        return 124, f"not finished after {SECONDS} s"
    return done.returncode, done.stdout.decode(errors="replace")


def main():
    files = tracked()
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in files:
            target = os.path.join(folder, name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(name, target)
        shutil.copy(LBSIM, os.path.join(folder, "lbsim"))
        readmes = sorted((f for f in files if os.path.basename(f) == "README.md"), key=len)
        for readme in readmes:
            found = list(commands(readme))
            if readme == "README.md" and len(found) < 5:
                print(f"{readme}: only {len(found)} commands: is the block marked sh?")
                failed += 1
            for number, command in found:
                expected = re.search(r"#.*\(exit status (\d+)\)", command)
                status, output = run(command, folder)
                if status == int(expected.group(1) if expected else 0):
                    passed += 1
                else:
                    failed += 1
                    print(f"{readme}:{number}: {command}\n  ended with {status}: {output[-1500:]}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
