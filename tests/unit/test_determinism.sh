#!/usr/bin/env bash
# Same scenario, seed and version: same digest, whatever the compiler (gcc, clang), the optimisation
# level, and whether the run is recorded or watched. timeout: 900
# A sweep, too: 1, 2 and 8 threads, in shards or not.
#
# The program is built afresh with each compiler at -O0 and -O2 under build/det-*, where a second
# run of this test finds it.
set -u
. tests/tools/check.sh

folder=${LBSIM_BUILD:-build/release}
folder=$(dirname "$folder")
folder=${folder#"$PWD/"}

digest() { # PROGRAM ARGUMENT ...
    local program=$1
    shift
    "$program" run "$@" --json --quiet 2>"$scratch/err" |
        sed -n 's/^.*"digest": *"\([0-9a-f]*\)".*$/\1/p'
}

scenarios=$(ls scenarios/*.yaml)
[ -n "$scenarios" ]
check $? 'there are scenarios'

# --- the digests of this build, which the others are held to
declare -A expected
for file in $scenarios; do
    for algorithm in '' random power-of-two; do
        key="$file $algorithm"
        expected[$key]=$(digest "$LBSIM" "$file" --db :memory: ${algorithm:+--algorithm $algorithm})
        [[ ${expected[$key]} =~ ^[0-9a-f]{16}$ ]]
        check $? "$key has a digest: ${expected[$key]} $(head -c 300 "$scratch/err")"
    done
done
# A digest that nothing changes would prove nothing.
[ "$(digest "$LBSIM" scenarios/first.yaml --db :memory: --seed 7)" != \
    "${expected["scenarios/first.yaml "]}" ]
check $? 'another seed has another digest'
[ "${expected["scenarios/first.yaml random"]}" != "${expected["scenarios/first.yaml "]}" ]
check $? 'another algorithm has another digest'

# --- every algorithm, on unequal servers, for a few seconds
short="scenarios/heterogeneous.yaml --db :memory: --set run.duration=10s --set run.warmup=1s"
algorithms=$("$LBSIM" algorithms --json | grep -o '{"name": "[a-z0-9-]*", "title"' | cut -d'"' -f4)
all_digests() { # PROGRAM
    for algorithm in $algorithms; do
        # shellcheck disable=SC2086
        echo "$algorithm $(digest "$1" $short --algorithm "$algorithm")"
    done
}
all_digests "$LBSIM" >"$scratch/all"
[ "$(grep -c ' [0-9a-f]\{16\}$' "$scratch/all")" -ge 80 ] && ! grep -q ' $' "$scratch/all"
check $? "every algorithm has a digest: $(grep ' $' "$scratch/all")"
[ "$(cut -d' ' -f2 "$scratch/all" | sort -u | wc -l)" -ge 50 ]
check $? 'most algorithms have a digest of their own'

# --- a sweep, whatever the threads, in shards of one and of several threads
swept="scenarios/heterogeneous.yaml --set run.duration=5s --set run.warmup=500ms -r 4
    --algorithms random,power-of-two,least-connections --over run.settle=5s,6s -q"
sweep_digests() { # PROGRAM
    local program=$1 threads
    rm -f "$scratch"/shard[0-9].db "$scratch/merged.db"
    for threads in 1 2 8; do
        # shellcheck disable=SC2086
        "$program" sweep $swept --json --jobs $threads --db :memory: 2>>"$scratch/err" |
            sed -n 's/^.*"digest": *"\([0-9a-f]*\)".*$/\1/p' | head -n 1
        # shellcheck disable=SC2086
        "$program" sweep $swept --csv --jobs $threads --shard "$((threads == 8 ? 3 : threads))/3" \
            --db "$scratch/shard$threads.db" >"$scratch/out" 2>>"$scratch/err"
    done
    "$program" merge "$scratch/merged.db" "$scratch"/shard[0-9].db 2>>"$scratch/err" |
        sed -n 's/^6 of 6 cells, digest \([0-9a-f]*\)$/\1/p'
}
sweep_digests "$LBSIM" >"$scratch/swept"
[ "$(grep -c '^[0-9a-f]\{16\}$' "$scratch/swept")" = 4 ] &&
    [ "$(sort -u "$scratch/swept" | wc -l)" = 1 ]
check $? "a sweep by 1, 2, 8 threads and merged: $(tr '\n' ' ' <"$scratch/swept")"

# --- recorded, and again, and by watch, which makes a plain run where there is no terminal
for file in $scenarios; do
    for round in 1 2; do
        [ "$(digest "$LBSIM" "$file" --db "$scratch/runs.db")" = "${expected["$file "]}" ]
        check $? "$file recorded, round $round"
    done
done
run "$LBSIM" watch scenarios/first.yaml --db "$scratch/watched.db"
status_is 0 'watched'
watched=$("$PYTHON" -c '
import sqlite3, sys
row = sqlite3.connect(sys.argv[1]).execute("SELECT digest FROM run").fetchone()[0]
print(row if isinstance(row, str) else format(row & (1 << 64) - 1, "016x"))' "$scratch/watched.db")
[ "$watched" = "${expected["scenarios/first.yaml "]}" ]
check $? "the record of what was watched: $watched"

# --- other compilers, other levels
for compiler in gcc clang; do
    if ! command -v $compiler >/dev/null; then
        echo "no $compiler here"
        continue
    fi
    for level in O0 O2; do
        variant=det-$compiler-$level
        run make -s BUILD="$folder" VARIANT=$variant CC=$compiler OPT=-$level all
        status_is 0 "$variant is built"
        for file in $scenarios; do
            for algorithm in '' random power-of-two; do
                found=$(digest "$folder/$variant/lbsim" "$file" --db :memory: \
                    ${algorithm:+--algorithm $algorithm})
                [ "$found" = "${expected["$file $algorithm"]}" ]
                check $? "$variant: $file $algorithm: $found"
            done
        done
        all_digests "$folder/$variant/lbsim" >"$scratch/found"
        differ=$(diff "$scratch/all" "$scratch/found")
        check $? "$variant: every algorithm: $differ"
        sweep_digests "$folder/$variant/lbsim" >"$scratch/found"
        differ=$(diff "$scratch/swept" "$scratch/found")
        check $? "$variant: a sweep by 1, 2, 8 threads and merged: $differ"
    done
done

check_done
