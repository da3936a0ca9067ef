#!/usr/bin/env python3
"""`lbsim demo`, which is all that `make demo` does once things are built: with and without a
terminal. Twice in one folder gives the same runs.

# asan: yes
"""
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from terminal import LBSIM, Terminal, run_tests  # noqa: E402

ROOT = os.getcwd()
ALGORITHMS = ["random", "round-robin", "power-of-two", "least-connections", "nginx-round-robin"]
CHARTS = [name + end for name in ("backends", "ccdf", "time") for end in (".png", ".svg")]


class Folder:
    """A folder with the shipped scenarios and nothing else."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="lbsim-demo-")
        shutil.copytree(os.path.join(ROOT, "scenarios"), os.path.join(self.path, "scenarios"))
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


def runs(folder):
    """(algorithm, seed, digest) of the whole runs, in the order of their numbers."""
    with sqlite3.connect(os.path.join(folder, "lbsim.db")) as database:
        rows = database.execute("SELECT algorithm, seed, digest FROM run WHERE state = 'done' "
                                "ORDER BY id")
        return list(rows)


def check_outcome(folder, said):
    found = runs(folder)
    assert [row[0] for row in found] == ALGORITHMS, found
    assert len({row[1] for row in found}) == 1, "seeds differ: %r" % found
    assert len({row[2] for row in found}) == len(found), "digests do not differ: %r" % found
    for name in ALGORITHMS:
        rows = [line for line in said.splitlines() if " %s " % name in line and " ms " in line]
        assert len(rows) == 1, "%d rows for %s in\n%s" % (len(rows), name, said)
    assert "The runs are in lbsim.db" in said, said
    if shutil.which("gnuplot"):
        assert "the charts in charts/" in said, said
        assert sorted(os.listdir(os.path.join(folder, "charts"))) == CHARTS
    return found


def plain(folder, **environment):
    done = subprocess.run([LBSIM, "demo"], cwd=folder, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=dict(os.environ, **environment))
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_without_terminal():
    with Folder() as folder:
        status, said, words = plain(folder)
        assert status == 0, words
        before = check_outcome(folder, said)
        assert plain(folder)[0] == 0
        assert runs(folder) == before, "a second demo made other runs"


def test_without_gnuplot():
    with Folder() as folder:
        status, said, words = plain(folder, PATH=folder)
        assert status == 0, words
        assert "The runs are in lbsim.db." in said, said
        assert "gnuplot-nox" in words, words
        assert not os.path.exists(os.path.join(folder, "charts", "time.svg"))


def test_on_terminal():
    with Folder() as folder:
        with Terminal(["demo"], width=100, height=50, cwd=folder) as terminal:
            terminal.wait("RUNNING")
            terminal.keys("q")
            terminal.wait("The runs are in lbsim.db", seconds=60)
            assert terminal.end() == 0
            terminal.restored()
            said = terminal.text()
        check_outcome(folder, said[said.index("The same requests"):])


def test_cannot_write():
    with Folder() as folder:
        os.mkdir(os.path.join(folder, "lbsim.db"))
        status, said, words = plain(folder)
        assert status == 3, status
        assert "lbsim.db" in words, words


run_tests([test_without_terminal, test_without_gnuplot, test_on_terminal, test_cannot_write])
