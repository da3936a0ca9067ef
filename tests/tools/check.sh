# The few lines that our shell tests share; sourced from the root of the project by bash.
#
# $LBSIM is the program, $scratch a folder of the test's own that is removed at the end. A test checks
# with `check $? WHAT` or the functions below, and ends with check_done.
# shellcheck shell=bash

LBSIM=${LBSIM:-$PWD/lbsim}
PYTHON=${PYTHON:-$(tests/tools/python.sh --which)}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
check_passed=0
check_failed=0

# The status comes first: a $(...) in WHAT would put its own into $?.
check() { # STATUS WHAT
    if [ "$1" = 0 ]; then
        check_passed=$((check_passed + 1))
    else
        check_failed=$((check_failed + 1))
        echo "not so: $2"
    fi
}

# Runs a command: its output is in $scratch/out and $scratch/err, its status in $status.
run() {
    "$@" >"$scratch/out" 2>"$scratch/err" </dev/null
    status=$?
}

# The command run last ended with this status.
status_is() { # STATUS WHAT
    [ "$status" = "$1" ]
    check $? "$2: status $status, not $1: $(head -c 400 "$scratch/err")"
}

# The command run last said this, on stdout (out) or stderr (err): a fixed string.
says() { # out|err WORDS WHAT
    grep -qF -e "$2" "$scratch/$1"
    check $? "$3: '$2' is not in: $(head -c 600 "$scratch/$1")"
}

says_nothing() { # out|err WHAT
    [ ! -s "$scratch/$1" ]
    check $? "$2: said: $(head -c 400 "$scratch/$1")"
}

check_done() {
    echo "$check_passed passed, $check_failed failed"
    [ $check_failed = 0 ] || exit 1
    exit 0
}
