#!/usr/bin/env bash
# Each house rule of tidy.py passes on a small good tree, and fails on that tree with one fault.
set -u

. tests/tools/check.sh
tidy=$PWD/tests/tools/tidy.py
tree=$scratch/tree

judge() { "${PYTHON:-python3}" "$tidy" --root "$tree" "$1" >"$tree/.git/said" 2>&1; }

# A file with a fault: the rule fails and names it, or the folder given; without it it passes again.
fault() { # RULE FILE TEXT WORDS [NAMED]
    local rule=$1 file=$2 text=$3 words=$4 named=${5:-$2}
    mkdir -p "$tree/$(dirname "$file")"
    printf '%s\n' "$text" >"$tree/$file"
    ! judge "$rule" && grep -F "$named:" "$tree/.git/said" | grep -F "[$rule]" |
        grep -qF -e "$words"
    check $? "$rule finds '$words' in $file: $(cat "$tree/.git/said")"
    rm "$tree/$file"
    judge "$rule"
    check $? "$rule passes without $file: $(cat "$tree/.git/said")"
}

repeat() { # COUNT LINE
    local i
    for ((i = 0; i < $1; i++)); do printf '%s\n' "$2"; done
}

git init -q "$tree"
mkdir -p "$tree/sim/base" "$tree/sim/engine" "$tree/tests/tools" "$tree/algorithms"
cp Makefile .clang-format "$tree"
cp tests/tools/rooms.txt "$tree/tests/tools"
for room in sim algorithms tests; do echo "$room" >"$tree/$room/README.md"; done
printf '#ifndef BASE_ONE_H\n#define BASE_ONE_H\nint one(void);\n#endif\n' >"$tree/sim/base/one.h"
printf '#include "sim/base/one.h"\n\nint one(void)\n{\n    return 1;\n}\n' >"$tree/sim/base/one.c"

fault includes sim/base/bad.c '#include "algorithms/lb.h"' 'not a path from the root'
printf '#include "sim/base/one.h"\n' >"$tree/sim/engine/two.h"
fault includes sim/base/bad.c '#include "sim/engine/two.h"' 'sim/base may not include sim/engine/two.h'
fault includes algorithms/bad.c '#include "sim/base/one.h"' 'algorithms may not include'
fault includes sim/engine/bad.c '#include "one.h"' 'not a path from the root'
fault includes elsewhere/bad.c 'int x;' 'lies in no room'
fault headers sim/base/bad.h 'struct a { size_t n; };' 'does not compile alone with gcc'
fault headers sim/base/bad.h 'struct a { size_t n; };' 'does not compile alone with clang'
fault sizes sim/base/bad.c "$(repeat 501 'extern int x;')" '501 lines'
fault sizes sim/base/bad.c "int f(void)
{
$(repeat 67 '    f();')
    return 0;
}" '71 lines'
fault format sim/base/bad.c 'int  x ;' 'not as clang-format writes it'
fault cppcheck sim/base/bad.c 'int f(void)
{
    int a[2] = {0, 1};
    return a[2];
}' 'arrayIndexOutOfBounds'
fault clocks sim/base/bad.c 'int x(void) { return rand(); }' 'calls rand'
fault clocks sim/engine/bad.c 'long x(void) { return time(NULL); }' 'calls time'
fault clocks algorithms/bad.c 'long x(void) { return clock(); }' 'calls clock'
fault clocks algorithms/bad.c 'int x(void) { return gettimeofday(0, 0); }' 'calls gettimeofday'
fault libraries sim/engine/bad.c '#include <sqlite3.h>' 'sqlite3.h belongs'
fault libraries ui/dashboard/bad.c '#include <curses.h>' 'curses belongs'
fault libraries ui/cli/bad.c 'int f(void) { return popen("gnuplot -p", "w"); }' 'gnuplot is started'
fault top include/bad.h 'int x;' 'is not on the fixed list' include
fault top reports/bad.h 'int x;' 'has no README.md' reports
fault paths sim/base/bad.c "/* see /wo""rk/notes */" 'names'
fault paths sim/base/bad.c "/* see ../sha""red/notes */" 'names'

# What looks like a fault and is none.
printf '/* time(NULL), "sqlite3.h" */\nlb_time (*f)(int);\nconst char *g = "rand()";\n' \
    >"$tree/sim/base/fine.c"
judge clocks
check $? "a comment or a string is no call: $(cat "$tree/.git/said")"

# The real tree's rules are all known by name, and an unknown one is refused.
! judge nonsense
check $? 'an unknown rule is refused'

check_done
