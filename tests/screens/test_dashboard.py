#!/usr/bin/env python3
"""The dashboard as a person meets it: the real program in a pseudo-terminal.

# asan: yes
timeout: 180
"""
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from terminal import COLOUR, LBSIM, Terminal, run_tests  # noqa: E402

TIER = os.path.join(HERE, "tier.yaml")
FOLDER = tempfile.mkdtemp(prefix="lbsim-dashboard-")
MEMORY = ["--db", ":memory:"]


def watch(*arguments, scenario=TIER, db=MEMORY, **options):
    return Terminal(["watch", scenario] + list(arguments) + db, cwd=FOLDER, **options)


def frame(*arguments, scenario=TIER, env=None):
    done = subprocess.run([LBSIM, "watch", "--text", scenario] + list(arguments), check=True,
                          stdout=subprocess.PIPE, env=dict(os.environ, LC_ALL="C.UTF-8", **(env or {})))
    return done.stdout.decode().rstrip("\n")


def clock(text):
    """Simulated seconds in the header."""
    minutes, seconds = re.search(r"(\d+):(\d\d\.\d+)(?: of|/)", text).groups()
    return int(minutes) * 60 + float(seconds)


def same_screen(t, want):
    t.wait(lambda text: text.rstrip("\n") == want, seconds=5)


# --- what is drawn ---

def test_done_equals_text():
    """At the end the screen holds, cell by cell, what --text prints."""
    for size in ("80x24", "40x10", "132x43"):
        width, height = map(int, size.split("x"))
        with watch("--speed", "500", width=width, height=height) as t:
            t.wait("FAILS")
            same_screen(t, frame("--size", size))
            t.keys("q")
            assert t.end() == 1  # an expectation failed
            t.restored()
            assert b"expectations do NOT hold" in t.raw


def test_resize():
    with watch("--speed", "1") as t:
        t.wait("RUNNING")
        t.resize(120, 40)
        t.wait(lambda text: "FLIGHT" in text and "q Quit" in text.split("\n")[39])
        t.resize(40, 10)
        t.wait(lambda text: "RUN" in text and "q Quit" in text.split("\n")[9])
        t.resize(39, 9)
        before = t.wait("needs 40x10, has 39x9")
        assert "web1" not in before
        t.resize(80, 24)
        first = clock(t.wait(lambda text: "RUNNING" in text and "web1" in text))
        t.wait(lambda text: clock(text) > first)  # and it goes on
        t.keys("q")
        assert t.end() == 0
        t.restored()


def test_unicode_needs_the_locale():
    with watch("--speed", "500", env={"LC_ALL": "C"}) as t:
        t.wait("FAILS")
        same_screen(t, frame("--ascii"))
        t.keys("u")
        t.wait("not UTF-8")
        t.keys("q")
        t.end()
        assert all(byte < 0x80 for byte in t.raw)


def test_marks_key():
    with watch("--speed", "500") as t:
        t.wait("✗ DONE, FAILS")
        t.keys("u")
        t.wait("X DONE, FAILS")
        assert "─" not in t.text()
        t.keys("u")
        t.wait("✗ DONE, FAILS")


def test_colours():
    """Colour comes beside mark and word, never instead; NO_COLOR and mono have none."""
    for env, theme, colourful in (({}, "dark", True), ({}, "light", True), ({}, "mono", False),
                                  ({"NO_COLOR": "1"}, "dark", False),
                                  ({"TERM": "xterm"}, "light", True),
                                  ({"TERM": "vt220"}, "dark", False)):
        with watch("--speed", "500", "--theme", theme, env=env) as t:
            text = t.wait("FAILS")
            assert "✗ DOWN" in text or "● UP" in text
            t.keys("q")
            t.end()
            dashboard = t.raw[: t.raw.rfind(b"scenario ")]
            assert (COLOUR.search(dashboard) is not None) == colourful, (env, theme)


def test_theme_key():
    with watch("--speed", "500") as t:
        t.wait("FAILS")
        before = len(t.raw)
        t.keys("t")
        t.read(0.3)
        assert COLOUR.search(t.raw[before:])
        t.keys("t")
        t.read(0.3)
        before = len(t.raw)
        t.keys("c")
        t.read(0.3)
        assert not COLOUR.search(t.raw[before:])  # mono


def test_hostile_names():
    hostile = os.path.join(HERE, "hostile.yaml")
    bad = os.path.join(FOLDER, "a\x1b[31m\x07\n\u202e.yaml")
    shutil.copy(hostile, bad)
    with watch("--speed", "500", scenario=bad, width=100, height=26) as t:
        t.wait("DONE")
        lines = t.text().split("\n")
        assert lines[0].startswith(" lbsim  a?[31m"), lines[0]
        states = [pos for line in lines[4:11] for pos in [line.find("● UP"), line.find("◐ DRAIN")] if pos > 0]
        assert len(states) == 7
        # The columns behind the names stand below each other: pyte counts cells, not characters.
        column = {x for y in range(4, 11) for x in range(100)
                  if t.screen.buffer[y][x].data in ("●", "◐") and x < 20}
        assert len(column) == 1, column
        for sequence in ("\u202e", "\u2066", "\u200d", "\x1b[31m\x07"):
            assert sequence.encode() not in t.raw


# --- keys ---

def test_pause_and_steps():
    with watch("--speed", "1") as t:
        t.wait("RUNNING")
        t.keys(" ")
        at = clock(t.wait("PAUSED"))
        written = len(t.raw)
        t.read(0.4)
        assert clock(t.text()) == at
        assert len(t.raw) == written, "a paused screen was redrawn"
        t.keys(".")
        one = clock(t.wait(lambda text: clock(text) > at))
        assert one - at < 0.1
        t.keys("}")
        second = clock(t.wait(lambda text: clock(text) > one))
        assert abs(second - one - 1) < 2e-6, (one, second)
        t.keys(" ")
        t.wait(lambda text: "RUNNING" in text and clock(text) > second)


def test_speeds():
    with watch("--speed", "5") as t:
        t.wait("x5")
        t.keys("+")
        t.wait("x10 ")
        t.keys("-----")
        t.wait("x0.2")
        t.keys("------")
        t.wait("x0.1")
        t.keys("0")
        t.wait("x1 ")
        t.keys("+" * 20)
        t.wait("DONE")
    with watch("--speed", "max", "--set", "run.duration=100h", "--set", "run.warmup=0") as t:
        t.wait(lambda text: " max" in text and clock(text) > 1)
        t.keys(" ")
        t.wait("PAUSED")


def test_pace():
    """Simulated time is wall time x speed."""
    with watch("--speed", "2") as t:
        first = clock(t.wait("RUNNING"))
        start = time.monotonic()
        time.sleep(1)
        t.read(0.02)
        wall = time.monotonic() - start
        passed = clock(t.text()) - first
        assert 1.4 * wall - 0.5 < passed < 2 * wall + 0.5, (passed, wall)


def test_kill_and_restore():
    with watch("--speed", "0.1") as t:
        t.wait("RUNNING")
        t.keys(" jjK")  # the third server, also when paused
        text = t.wait("✗ down")
        row = next(line for line in text.split("\n") if "▸web3" in line)
        assert "● UP" in row and "✗ down" in row
        assert re.search(r"web3 ✗ kill .*by hand", text)
        t.keys("R")
        t.wait(lambda text: re.search(r"web3 ● restore .*by hand", text))
        assert "✗ down" not in t.text()
        t.keys("kD")
        t.wait(lambda text: re.search(r"▸web2 +◐ DRAIN", text))
        t.keys("k")  # lower case destroys nothing
        text = t.wait(lambda text: "▸web1" in text)
        assert text.count("kill") == 2  # in the log and in the chart


def test_help():
    with watch("--speed", "0.1") as t:
        t.wait("RUNNING")
        for opening, closing in (("?", "?"), ("h", "\x1b"), ("\x1bOP", "?")):
            t.keys(opening)
            t.wait("Esc or ? closes")
            t.keys(closing)
            t.wait(lambda text: "Esc or ? closes" not in text and "web1" in text)


def test_again():
    with watch("--speed", "500") as t:
        t.wait("FAILS")
        first = t.text()
        t.keys("jK")
        t.wait("the run is over")
        t.keys("kr")
        t.wait(lambda text: "the run is over" not in text and "FAILS" in text)
        same_screen(t, first.rstrip("\n"))


def test_chart_sort_and_log():
    with watch("--speed", "500", "--set", "backends.web.count=30") as t:
        t.wait("DONE")
        t.keys("c")
        t.wait("waiting requests")
        t.keys("cc")
        t.wait(lambda text: "served /s" not in text and "last 1 min" not in text)
        t.keys("G")
        t.wait("▸old2")
        t.keys("g\x1b[6~")  # page down
        t.wait("▸web11")
        t.keys("ssssss")  # by name
        t.wait("▸web11")
        t.keys("g")
        t.wait("▸old1")
        t.keys("\t" + "j" * 50)  # the log scrolls now
        t.wait(lambda text: "0:10.0  web2 ✗ kill" in text and "FAILS    " not in text)
        t.keys("\x1b")
        t.wait("run ")


def test_export():
    """The person's commands, saved, replay: the file is a timeline that the scenario takes."""
    with watch("--speed", "0.1") as t:
        t.wait("RUNNING")
        t.keys(" e")
        t.wait("you have given no command")
        t.keys("K")
        t.wait("by hand")
        t.keys("e")
        t.wait("commands-1.yaml")
    path = os.path.join(FOLDER, "commands-1.yaml")
    with open(path, encoding="utf-8") as file:
        saved = file.read()
    os.unlink(path)
    assert saved.startswith("timeline:\n") and "kill: 'web1'" in saved
    with open(TIER, encoding="utf-8") as file:
        text = re.sub(r"timeline:\n(  - .*\n)+", saved, file.read())
        text = text.replace("warmup: 5s", "warmup: 0")
    replay = os.path.join(FOLDER, "replay.yaml")
    with open(replay, "w", encoding="utf-8") as file:
        file.write(text)
    assert "web1 ✗ kill" in frame("--at", "1s", scenario=replay)


# --- the end ---

def test_record():
    db = os.path.join(FOLDER, "watch.db")
    with watch("--speed", "500", db=["--db", db]) as t:
        t.wait("FAILS")
        t.keys("q")
        assert t.end() == 1
    with watch("--speed", "0.1", db=["--db", db]) as t:
        t.wait("RUNNING")
        t.keys(" K")
        t.wait("by hand")
        t.keys("q")
        assert t.end() == 0
        assert b"interrupted" in t.raw
    plain = subprocess.run([LBSIM, "run", TIER, "--json", "--db", ":memory:"], stdout=subprocess.PIPE, check=False)
    digest = re.search(rb'"digest": ?"([0-9a-f]+)"', plain.stdout).group(1).decode()
    rows = sqlite3.connect(db).execute(
        "SELECT r.state, r.digest, s.settings FROM run r JOIN scenario s ON s.id = r.scenario ORDER BY r.id"
    ).fetchall()
    assert len(rows) == 2
    # Watching changed nothing: the digest is that of a plain run.
    assert rows[0][0] == "done" and digest in (rows[0][1], "%016x" % (rows[0][1] & (2**64 - 1))
                                               if isinstance(rows[0][1], int) else None)
    assert rows[1][0] == "interrupted" and "kill: 'web1'" in rows[1][2]


def test_signals():
    for number, status in ((signal.SIGTERM, 130), (signal.SIGINT, 130), (signal.SIGHUP, 130)):
        with watch("--speed", "0.1") as t:
            t.wait("RUNNING")
            t.kill(number)
            assert t.end() == status, number
            t.restored()


def test_control_c():
    with watch("--speed", "0.1") as t:
        t.wait("RUNNING")
        t.keys("\x03")
        assert t.end() == 130
        t.restored()
        assert b"interrupted" in t.raw


def test_crash():
    """A crash gives the screen back before it kills."""
    for number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGQUIT, signal.SIGFPE):
        with watch("--speed", "0.1") as t:
            t.wait("RUNNING")
            t.kill(number)
            status = t.end()
            # The address sanitizer's own handler comes after ours, reports and exits.
            assert status == 128 + number or b"AddressSanitizer" in t.raw, status
            t.restored()


def test_stop_and_go_on():
    with watch("--speed", "1") as t:
        t.wait("RUNNING")
        t.keys("\x1a")
        assert t.stopped()
        t.restored()
        at = clock(t.text())
        time.sleep(0.7)
        t.screen.reset()
        t.go_on()
        text = t.wait("RUNNING")
        assert clock(text) - at < 0.6, "the run went on while the program was stopped"
        t.wait(lambda text: clock(text) > at + 0.2 and "q Quit" in text)
        t.resize(100, 30)
        t.wait(lambda text: "q Quit" in text.split("\n")[29])
        t.keys("q")
        assert t.end() == 0
        t.restored()


def test_stop_that_cannot_be_caught():
    with watch("--speed", "1") as t:
        t.wait("RUNNING")
        t.kill(signal.SIGSTOP)
        assert t.stopped()
        t.screen.reset()
        t.go_on()
        t.wait(lambda text: "RUNNING" in text and "q Quit" in text)
        t.keys("q")
        assert t.end() == 0
        t.restored()


def gone(pid):
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            with open("/proc/%d/stat" % pid, encoding="ascii") as file:
                if file.read().rsplit(") ", 1)[1][0] == "Z":
                    return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def test_shell_killed():
    with watch("--speed", "0.1") as t:
        t.wait("RUNNING")
        os.kill(t.shell, signal.SIGKILL)
        t.read(0.2)
        assert gone(t.job), "it survives its terminal"


def test_terminal_gone():
    """The window is closed: no hang-up reaches it (ignored), but reading fails."""
    with Terminal(["-c", "trap '' HUP; exec \"$0\" watch \"$1\" --db :memory: --speed 0.1", LBSIM, TIER],
                  program="/bin/sh", cwd=FOLDER) as t:
        t.wait("RUNNING")
        os.kill(t.shell, signal.SIGKILL)
        os.close(t.slave)
        os.close(t.master)
        assert gone(t.job), "it survives its terminal"


def test_no_terminal():
    for env, why in (({"TERM": "dumb"}, "cannot move its cursor"), ({"TERM": "no-such"}, "unknown kind")):
        with watch(env=env) as t:
            assert t.end() == 1
            assert why.encode() in t.raw and b"a plain run instead" in t.raw
            assert b"do NOT hold" in t.raw and b"\x1b" not in t.raw
    done = subprocess.run([LBSIM, "watch", TIER, "--db", ":memory:"], capture_output=True, check=False,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 1 and b"do NOT hold" in done.stdout and b"\x1b" not in done.stdout
    assert b"stdout is no terminal" in done.stderr


def test_scenario_through_stdin():
    """Keys come from the terminal when the scenario comes through a pipe."""
    with Terminal(["-c", "cat \"$1\" | \"$0\" watch - --speed 500 --db :memory:", LBSIM, TIER],
                  program="/bin/sh", cwd=FOLDER) as t:
        t.wait("FAILS")
        t.keys("q")
        assert t.end() == 1
        t.restored()


TESTS = [value for name, value in list(globals().items()) if name.startswith("test_")]
only = sys.argv[1:]
try:
    run_tests([t for t in TESTS if not only or t.__name__ in only])
finally:
    shutil.rmtree(FOLDER, ignore_errors=True)
