"""A terminal for tests: a pseudo-terminal, an emulator (pyte) and a small shell that owns a job.

The program runs as a job of a session of its own, as under a real shell: job control works, a
Control-Z reaches it, and when the shell dies the kernel hangs up.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

try:
    import pyte
except ImportError:
    print("python3-pyte is not installed: run 'make deps'")
    sys.exit(77)

LBSIM = os.environ.get("LBSIM", os.path.join(os.getcwd(), "lbsim"))
GIVE_BACK = b"\x1b[?1049l"  # rmcup of xterm
SHOW_CURSOR = b"\x1b[?25h"
COLOUR = re.compile(rb"\x1b\[(?:[0-9]+;)*(?:3[0-7]|38|4[0-7]|48|9[0-7]|10[0-7])(?:;[0-9]+)*m")
PATIENCE = 15.0  # seconds; only a failing test waits so long


class Screen(pyte.Screen):
    """pyte lacks three sequences that ncurses uses: repeat, scroll up, scroll down."""

    last = " "

    def draw(self, data):
        super().draw(data)
        if data:
            self.last = data[-1]

    def repeat(self, count=1):
        super().draw(self.last * (count or 1))

    def scroll(self, count, down):
        top, bottom = self.margins or (0, self.lines - 1)
        x, y = self.cursor.x, self.cursor.y
        for _ in range(count or 1):
            self.cursor.y = top if down else bottom
            if down:
                self.reverse_index()
            else:
                self.index()
        self.cursor.x, self.cursor.y = x, y

    def scroll_up(self, count=1):
        self.scroll(count, False)

    def scroll_down(self, count=1):
        self.scroll(count, True)


class Stream(pyte.ByteStream):
    csi = dict(pyte.ByteStream.csi, b="repeat", S="scroll_up", T="scroll_down")
    events = pyte.ByteStream.events | {"repeat", "scroll_up", "scroll_down"}


def set_size(fd, width, height):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))


class Terminal:
    """One job on one terminal. Use as a context manager."""

    def __init__(self, arguments, width=80, height=24, env=None, cwd=None, program=None):
        self.master, self.slave = pty.openpty()
        set_size(self.master, width, height)
        self.screen = Screen(width, height)
        self.stream = Stream(self.screen)
        self.raw = b""
        self.before = termios.tcgetattr(self.slave)
        self.cpu = None
        environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "LINES", "COLUMNS")}
        environment.update({"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"})
        environment.update(env or {})
        read_end, self.words = os.pipe()  # the test's words to the shell
        self.news, write_end = os.pipe()  # what the shell says of its job
        self.shell = os.fork()
        if self.shell == 0:
            os.close(self.words)
            os.close(self.news)
            try:
                self.be_shell([program or LBSIM] + arguments, environment, cwd, read_end, write_end)
            finally:
                os._exit(99)
        os.close(read_end)
        os.close(write_end)
        self.job = int(self.hear())

    def be_shell(self, command, environment, cwd, words, news):
        os.setsid()
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        start, go = os.pipe()
        job = os.fork()
        if job == 0:
            os.setpgid(0, 0)
            os.read(start, 1)
            signal.signal(signal.SIGTTOU, signal.SIG_DFL)
            for fd in (0, 1, 2):
                os.dup2(self.slave, fd)
            os.closerange(3, 256)
            if cwd:
                os.chdir(cwd)
            os.execve(command[0], command, environment)
        try:
            os.setpgid(job, job)
        except OSError:
            pass
        os.tcsetpgrp(self.slave, job)
        os.write(go, b"x")
        os.write(news, b"%d\n" % job)
        while True:
            _, status, usage = os.wait4(job, os.WUNTRACED)
            os.tcsetpgrp(self.slave, os.getpgrp())
            os.write(news, b"%d %.6f\n" % (status, usage.ru_utime + usage.ru_stime))
            if not os.WIFSTOPPED(status):
                os.read(words, 1)
                os._exit(0)
            os.read(words, 1)
            os.tcsetpgrp(self.slave, job)
            os.killpg(job, signal.SIGCONT)

    def hear(self):
        """The shell's next line, while the terminal goes on being read."""
        line, end = b"", time.monotonic() + PATIENCE
        while not line.endswith(b"\n"):
            self.read(0.02)
            if select.select([self.news], [], [], 0)[0]:
                byte = os.read(self.news, 1)
                if not byte:
                    raise AssertionError("the shell is gone")
                line += byte
            elif time.monotonic() > end:
                raise AssertionError("the program neither ended nor stopped\n" + self.text())
        return line

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for pid in (self.job, self.shell):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        os.waitpid(self.shell, 0)
        for fd in (self.master, self.slave, self.words, self.news):
            try:
                os.close(fd)
            except OSError:
                pass

    def read(self, seconds):
        """Takes in what the program writes, for at most this long without anything."""
        while select.select([self.master], [], [], seconds)[0]:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return
            if not data:
                return
            self.raw += data
            self.stream.feed(data)

    def text(self):
        return "\n".join(line.rstrip() for line in self.screen.display)

    def wait(self, what, seconds=PATIENCE):
        """Reads until `what` (a string, or a function of the text) is on the screen."""
        end = time.monotonic() + seconds
        while True:
            self.read(0.02)
            text = self.text()
            if what(text) if callable(what) else what in text:
                return text
            if time.monotonic() > end or self.quiet_after_end():
                raise AssertionError("never saw %r on\n%s" % (what, text))

    def quiet_after_end(self):
        """Has the job ended or stopped, with nothing left to read?"""
        ready = select.select([self.news, self.master], [], [], 0)[0]
        return self.news in ready and self.master not in ready

    def keys(self, keys):
        os.write(self.master, keys.encode())

    def resize(self, width, height):
        self.read(0.02)
        set_size(self.master, width, height)
        self.screen.resize(height, width)
        os.kill(self.job, signal.SIGWINCH)

    def kill(self, number):
        os.kill(self.job, number)

    def end(self):
        """Waits for the end of the job; its status as a shell gives it. self.cpu: seconds spent."""
        status, cpu = self.hear().split()
        status, self.cpu = int(status), float(cpu)
        assert not os.WIFSTOPPED(status), "stopped"
        self.read(0.05)
        return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)

    def stopped(self):
        return os.WIFSTOPPED(int(self.hear().split()[0]))

    def go_on(self):
        os.write(self.words, b"x")

    def restored(self):
        """Are the modes as before, and was the screen given back with a cursor?"""
        now = termios.tcgetattr(self.slave)
        assert now == self.before, "the terminal's modes were %r, are %r" % (self.before, now)
        tail = self.raw[self.raw.rfind(b"\x1b[?1049h") :]
        assert GIVE_BACK in tail, "the screen was not given back: %r" % tail[-200:]
        assert self.raw.rfind(SHOW_CURSOR) > self.raw.rfind(b"\x1b[?25l"), "the cursor is hidden"


def run_tests(tests):
    """Runs functions; prints what failed and the last line that the test runner reads."""
    failed = 0
    for test in tests:
        try:
            test()
        except Exception as error:  # a test that breaks is a test that failed
            failed += 1
            print("FAILED %s: %s: %s" % (test.__name__, type(error).__name__, error))
    print("%d passed, %d failed" % (len(tests) - failed, failed))
    sys.exit(1 if failed else 0)
