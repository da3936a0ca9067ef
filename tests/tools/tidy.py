"""House rules that a compiler does not know. Prints `file:line: [rule] what`, one a line, then
"N passed, N failed" over the rules; exit status 1 when one is broken.

    tidy.py [--root FOLDER] [RULE ...]

The files are those git knows or would add (git ls-files), so that ignored ones do not count. Which
room may include which is in rooms.txt beside this file, or in the FOLDER given.
"""

import argparse
import concurrent.futures
import os
import re
import shlex
import subprocess
import sys

FILE_LINES = 500
FUNCTION_LINES = 70
TOP_LEVEL = {
    "Makefile", "sim", "algorithms", "scenarios", "ui", "reports", "tests", "README.md", "LICENSE",
    ".ci", ".github", ".clang-format", ".editorconfig", ".gitignore",
}
TABLE = "tests/tools/rooms.txt"


class Tree:
    """The files of the project, and the text of each without its comments and strings."""

    def __init__(self, root):
        self.root = root
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=root, stdout=subprocess.PIPE, check=True).stdout.decode().split("\0")
        self.files = sorted(f for f in set(listed) if f and os.path.isfile(self.path(f)))
        self.c_files = [f for f in self.files if f.endswith((".c", ".h"))]

    def path(self, name):
        return os.path.join(self.root, name)

    def lines(self, name):
        with open(self.path(name), encoding="utf-8", errors="replace") as file:
            return file.read().split("\n")

    def run(self, *command, given=""):
        """Runs a command; one that is not installed ends with status 127, as in a shell."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
        try:
            return subprocess.run(command, cwd=self.root, input=given.encode(), env=environment,
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
        except FileNotFoundError:
            return subprocess.CompletedProcess(command, 127, f"{command[0]} is missing".encode())


TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def code_only(text, keep_strings=False):
    """C without comments and, unless kept, without what is inside quotes; lines stay in place."""
    def blank(match):
        token = match.group()
        if token[0] == "/":
            return "\n" * token.count("\n") or " "
        return token if keep_strings else token[0] * 2
    return TOKEN.sub(blank, text)


def code_lines(tree, name, keep_strings=False):
    return enumerate(code_only("\n".join(tree.lines(name)), keep_strings).split("\n"), 1)


def read_rooms(tree):
    """{room: set of folders and headers it may include}, the `+` followed."""
    written = {}
    for line in tree.lines(TABLE):
        line = line.split("#")[0].strip()
        if line:
            room, words = line.split(":")
            written[room.strip()] = [w for w in words.split() if w != "-"]

    def allowed(room):
        result, plus = {room}, False
        for word in written[room]:
            if word == "+":
                plus = True
            elif plus:
                result |= allowed(word)
                plus = False
            else:
                result.add(word)
        return result
    return {room: allowed(room) for room in written}


def rule_includes(tree):
    """Each room includes only what the table of rooms allows."""
    rooms = read_rooms(tree)
    for name in tree.c_files:
        inside = [room for room in rooms if name.startswith(room + "/")]
        if not inside:
            yield name, 1, "lies in no room of " + TABLE
            continue
        room = max(inside, key=len)
        for number, line in code_lines(tree, name, keep_strings=True):
            match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            if not match:
                continue
            header = match.group(1)
            if not os.path.isfile(tree.path(header)):
                yield name, number, f'"{header}" is not a path from the root of the project'
            elif not any(header == a or header.startswith(a + "/") for a in rooms[room]):
                yield name, number, f"{room} may not include {header}"


def rule_headers(tree):
    """Each header compiles alone, with both compilers, without a warning."""
    commands = []
    for compiler in ("gcc", "clang"):
        printed = tree.run("make", "-s", "--no-print-directory", "CC=" + compiler, "WERROR=1",
                           "print-compile")
        command = shlex.split(printed.stdout.decode())
        if printed.returncode != 0 or tree.run(compiler, "--version").returncode != 0:
            yield "Makefile", 1, f"{compiler} is missing, or `make print-compile` fails"
            continue
        commands += [command + ["-fsyntax-only", "-x", "c", "-include", header, "-"]
                     for header in tree.c_files if header.endswith(".h")]
    unit = "extern int unit;\n"  # a unit without a declaration would be a warning
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        ended = pool.map(lambda command: tree.run(*command, given=unit), commands)
        for command, done in zip(commands, ended):
            if done.returncode != 0:
                why = done.stdout.decode(errors="replace").strip().split("\n")
                where = [line for line in why if "error:" in line] or why
                yield command[-2], 1, f"does not compile alone with {command[0]}: {where[0]}"


def rule_sizes(tree):
    """No file over 500 lines, no function over 70."""
    for name in tree.files:
        if not name.endswith((".c", ".h", ".py", ".sh")):
            continue
        lines = tree.lines(name)
        count = len(lines) - (lines[-1] == "")
        if count > FILE_LINES:
            yield name, FILE_LINES + 1, f"{count} lines, {FILE_LINES} are allowed"
        if not name.endswith((".c", ".h")):
            continue
        start = None
        for number, line in enumerate(lines, 1):
            if line == "{":
                start = number
                while start > 1 and re.match(r"[\w\s(]", lines[start - 2]) and (
                        not lines[start - 2].endswith(("*/", ";"))):
                    start -= 1
            elif line == "}" and start is not None:
                if number - start + 1 > FUNCTION_LINES:
                    yield name, start, (f"a function of {number - start + 1} lines, "
                                        f"{FUNCTION_LINES} are allowed")
                start = None


def rule_format(tree):
    """clang-format would change nothing."""
    if tree.c_files:
        done = tree.run("clang-format", "--dry-run", "-Werror", *tree.c_files)
        seen = set()
        for line in done.stdout.decode(errors="replace").split("\n"):
            match = re.match(r"([^:]+):(\d+):\d+: error", line)
            if match and match.group(1) not in seen:
                seen.add(match.group(1))
                yield match.group(1), int(match.group(2)), "not as clang-format writes it"
        if done.returncode != 0 and not seen:
            yield ".clang-format", 1, done.stdout.decode(errors="replace").strip()


def rule_cppcheck(tree):
    """cppcheck finds nothing."""
    sources = [f for f in tree.c_files if f.endswith(".c")]
    if not sources:
        return
    done = tree.run(
        "cppcheck", "-q", "-j2", "--std=c11", "--enable=warning,performance,portability",
        "--inline-suppr", "--error-exitcode=1", "--suppress=missingIncludeSystem",
        "--suppress=readdirCalled",  # safe in glibc; readdir_r is deprecated
        "-I.",
        "--template={file}:{line}:{id}: {message}", "--library=posix", *sources)
    for line in done.stdout.decode(errors="replace").split("\n"):
        match = re.match(r"([^:]+):(\d+):(.*)", line)
        if match:
            yield match.group(1), int(match.group(2)), match.group(3)
    if done.returncode > 1:
        yield "cppcheck", 1, done.stdout.decode(errors="replace").strip()


CLOCKS = re.compile(r"(?<![\w.>])(s?rand(?:om)?(?:_r)?|[dejlmn]rand48|time|clock|clock_gettime|"
                    r"gettimeofday|getrandom|getentropy)\s*\(")


def rule_clocks(tree):
    """sim/ and algorithms/ ask no clock and no foreign generator, but for sim/base/wall.c."""
    for name in tree.c_files:
        if name.startswith(("sim/", "algorithms/")) and name != "sim/base/wall.c":
            for number, line in code_lines(tree, name):
                for match in CLOCKS.finditer(line):
                    yield name, number, f"calls {match.group(1)}"


def rule_libraries(tree):
    """SQLite in record and reports, curses in one file, gnuplot started from reports."""
    for name in tree.c_files:
        for number, line in code_lines(tree, name, keep_strings=True):
            include = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
            header = include.group(1) if include else ""
            if header == "sqlite3.h" and not name.startswith(("sim/record/", "reports/", "tests/")):
                yield name, number, "sqlite3.h belongs to sim/record and reports"
            if re.search(r"curses\.h$", header) and name != "ui/dashboard/term.c":
                yield name, number, "curses belongs to ui/dashboard/term.c"
            if re.search(r'"(gnuplot|gnuplot [^"]*)"', line) and not name.startswith(
                    ("reports/", "tests/")):
                yield name, number, "gnuplot is started from reports only"


def rule_top(tree):
    """The top level holds what it is meant to hold."""
    for name in sorted({f.split("/")[0] for f in tree.files}):
        if name not in TOP_LEVEL:
            yield name, 1, "is not on the fixed list of the top level"
    for folder in ("sim", "algorithms", "scenarios", "ui", "reports", "tests"):
        if any(f.startswith(folder + "/") for f in tree.files):
            if folder + "/README.md" not in tree.files:
                yield folder, 1, "has no README.md"


# In pieces, or this file would break its own rule.
ELSEWHERE = re.compile(r"(?<![\w.)])/wo" r"rk/|(?<!\w)sha" r"red/\w|/ro" r"ot/|/ho" r"me/\w")


def rule_paths(tree):
    """Nothing names a folder of the machine it was written on."""
    for name in tree.files:
        with open(tree.path(name), "rb") as file:
            content = file.read()
        if b"\0" in content:
            continue
        for number, line in enumerate(content.decode(errors="replace").split("\n"), 1):
            match = ELSEWHERE.search(line)
            if match:
                yield name, number, f"names {match.group()}"


RULES = {name[5:]: function for name, function in globals().items() if name.startswith("rule_")}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", default=".")
    parser.add_argument("rules", nargs="*", metavar="RULE", help=", ".join(RULES))
    arguments = parser.parse_args()
    for rule in arguments.rules:
        if rule not in RULES:
            parser.error(f"no rule '{rule}'; there are {', '.join(RULES)}")
    tree = Tree(arguments.root)
    failed = 0
    for rule in arguments.rules or RULES:
        found = list(RULES[rule](tree))
        for name, number, what in found:
            print(f"{name}:{number}: [{rule}] {what}")
        print(f"{'FAIL' if found else 'ok  '}  {rule:10} {RULES[rule].__doc__}", flush=True)
        failed += bool(found)
    print(f"{len(arguments.rules or RULES) - failed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
