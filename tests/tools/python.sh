#!/bin/sh
# Runs a Python script (python.sh FILE ARGUMENT ...), or prints which python3 it takes (python.sh
# --which): the first of $PYTHON, the shell's and the system's that has pyte, the terminal emulator of
# the screen tests; when none has it, the first there is.
set -u
any=
chosen=
for python in "${PYTHON:-}" python3 /usr/bin/python3; do
    command -v "$python" >/dev/null 2>&1 || continue
    any=${any:-$python}
    if "$python" -c 'import pyte' 2>/dev/null; then
        chosen=$python
        break
    fi
done
chosen=${chosen:-$any}
if [ -z "$chosen" ]; then
    echo "python3 is missing: run 'make deps'" >&2
    exit 1
fi
if [ "${1:-}" = --which ]; then
    command -v "$chosen"
    exit 0
fi
exec "$chosen" "$@"
