#!/bin/sh
# Runs each fuzz target for some seconds: fuzz.sh BUILD_FOLDER SECONDS SOURCE ...
#
# The seeds of tests/fuzz/fuzz_NAME.c are in tests/fuzz/seeds_NAME/; what the fuzzer finds on its way
# stays in BUILD_FOLDER, what breaks the target is left there as crash-*, and the status is 1.
set -u
build=$1
seconds=$2
shift 2
passed=0
failed=0
for source; do
    name=$(basename "$source" .c)
    seeds=tests/fuzz/seeds_${name#fuzz_}
    found=$build/found_${name#fuzz_}
    mkdir -p "$found"
    [ -d "$seeds" ] || seeds=
    echo "$name: $seconds s"
    # shellcheck disable=SC2086 # no word when there are no seeds
    if "$build/tests/fuzz/$name" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 \
        -max_len=65536 -print_final_stats=1 -artifact_prefix="$build/$name-" "$found" $seeds \
        >"$build/$name.log" 2>&1 </dev/null; then
        passed=$((passed + 1))
        grep -E 'number_of_executed_units|peak_rss' "$build/$name.log"
    else
        failed=$((failed + 1))
        tail -n 40 "$build/$name.log"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
