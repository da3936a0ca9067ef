"""Line coverage, a row for each room, from what gcov says of a build with --coverage.

    coverage.py BUILD_FOLDER

A line of a header that several units hold counts once, as covered when any of them ran it. Rooms are
the folders that hold sources; tests do not count.
"""

import collections
import json
import os
import subprocess
import sys


def read_units(build):
    """{file: {line: times}} over all object files that left counts."""
    counts = collections.defaultdict(dict)
    found = []
    for folder, _, names in os.walk(build):
        found += [os.path.join(folder, n) for n in names if n.endswith(".gcda")]
    for start in range(0, len(found), 50):
        said = subprocess.run(["gcov", "--json-format", "--stdout"] + found[start:start + 50],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
        for document in said.stdout.decode().splitlines():
            for file in json.loads(document)["files"]:
                name = os.path.normpath(file["file"])
                for line in file["lines"]:
                    number = line["line_number"]
                    counts[name][number] = counts[name].get(number, 0) + line["count"]
    return counts


def main():
    counts = read_units(sys.argv[1])
    rooms = collections.defaultdict(lambda: [0, 0])
    for name, lines in counts.items():
        if name.startswith(("/", "..", "tests/")):
            continue
        ran = sum(1 for times in lines.values() if times > 0)
        for room in (os.path.dirname(name), "all"):
            rooms[room][0] += ran
            rooms[room][1] += len(lines)
    if not rooms:
        print("no counts: was anything run?", file=sys.stderr)
        return 1
    total = rooms.pop("all")
    print(f"{'room':24} {'lines':>7} {'run':>7} {'share':>8}")
    for room, (ran, lines) in sorted(rooms.items()) + [("all", total)]:
        print(f"{room:24} {lines:7} {ran:7} {100 * ran / lines:7.1f}%")
    return 0


sys.exit(main())
