#!/usr/bin/env bash
# Runs test programs, two at a time, and counts.
#
#   run_tests.sh BUILD_FOLDER PROGRAM TEST ...
#
# TEST is a C file, whose program lies in BUILD_FOLDER under the same path, or a script. The output of
# a test is shown when it fails. Its cases are counted from its last line "N passed, N failed", or
# from CUnit's table. A line that ends in "timeout: N", among a test's first twelve, gives it N seconds
# instead of 120; TIMES=10 in the environment, ten times as many (a sanitizer is slow).
# Exit status 77 means that something it needs is not installed: its last line says what. The last
# line of all is "N passed, N failed".
set -u

build=$1
program=$2
shift 2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'kill $(jobs -p) 2>/dev/null; exit 130' INT TERM

absolute() { case $1 in /*) echo "$1" ;; *) echo "$PWD/$1" ;; esac; }
LBSIM=$(absolute "$program")
LBSIM_BUILD=$(absolute "$build")
PYTHON=$(tests/tools/python.sh --which)
export LBSIM LBSIM_BUILD PYTHON
export LC_ALL=C.UTF-8
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES NO_COLOR COLUMNS LINES

seconds_for() { # TEST
    local limit
    limit=$(head -n 12 "$1" | sed -n 's/.*timeout: \([0-9][0-9]*\)$/\1/p')
    echo $((${limit:-120} * ${TIMES:-1}))
}

run_one() { # INDEX TEST
    local index=$1 test=$2 limit status start=$EPOCHREALTIME
    limit=$(seconds_for "$test")
    case $test in
    *.c) set -- "$build/${test%.c}" ;;
    *.py) set -- "$PYTHON" "$test" ;;
    *) set -- "./$test" ;;
    esac
    timeout -k 5 "$limit" "$@" >"$work/$index.out" 2>&1 </dev/null
    status=$?
    [ $status = 124 ] && echo "not finished after $limit s" >>"$work/$index.out"
    echo "$status $start $EPOCHREALTIME" >"$work/$index.tmp"
    mv "$work/$index.tmp" "$work/$index.done"
}

# "PASSED FAILED" of the cases inside one test's output.
count_cases() {
    awk '/^[0-9]+ passed, [0-9]+ failed$/ { p = $1; f = $3; seen = 1 }
         $1 == "tests" && NF == 6 && $2 ~ /^[0-9]+$/ { p += $4; f += $5; seen = 1 }
         END { if (!seen) print "1 0"; else print p + 0, f + 0 }' "$1"
}

passed=0 failed=0 skipped=0 broken=

report() { # INDEX TEST
    local status start end p f seconds
    read -r status start end <"$work/$1.done"
    read -r p f < <(count_cases "$work/$1.out")
    seconds=$(awk -v a="$start" -v b="$end" 'BEGIN { printf "%.1f", b - a }')
    if [ "$status" = 77 ]; then
        skipped=$((skipped + 1))
        echo "skip  $2: $(tail -n 1 "$work/$1.out")"
        return
    fi
    # A test that ends well but counted nothing has tested nothing.
    if [ "$status" != 0 ] || [ "$f" != 0 ] || [ "$p" = 0 ]; then
        [ "$f" = 0 ] && f=1
        [ "$p" = 1 ] && ! grep -Eq '^1 passed|^ +tests' "$work/$1.out" && p=0
        sed 's/^/      | /' "$work/$1.out"
        printf 'FAIL  %-48s %6s s  exit status %s\n' "$2" "$seconds" "$status"
        broken="$broken $2"
    else
        printf 'ok    %-48s %6s s  %s\n' "$2" "$seconds" "$p"
    fi
    passed=$((passed + p))
    failed=$((failed + f))
}

# The longest first, so that none of them runs alone at the end.
mapfile -t tests < <(for test; do echo "$(seconds_for "$test") $test"; done | sort -s -rn -k1,1 |
    cut -d' ' -f2-)
next=0 running=0 finished=0
declare -a reported
while [ $finished -lt ${#tests[@]} ]; do
    while [ $running -lt "${TEST_JOBS:-2}" ] && [ $next -lt ${#tests[@]} ]; do
        run_one $next "${tests[$next]}" &
        next=$((next + 1))
        running=$((running + 1))
    done
    wait -n
    for ((i = 0; i < next; i++)); do
        [ -n "${reported[i]:-}" ] || [ ! -e "$work/$i.done" ] && continue
        reported[i]=1
        running=$((running - 1))
        finished=$((finished + 1))
        report "$i" "${tests[i]}"
    done
done

[ $skipped = 0 ] || echo "$skipped skipped"
[ -z "$broken" ] || echo "failed:$broken"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
