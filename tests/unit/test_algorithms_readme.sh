#!/bin/sh
# algorithms/README.md: its tables are what the registry says (to write them anew: REWRITE=1
# tests/unit/test_algorithms_readme.sh), and the two programs in it: the one that embeds the library builds, links and prints
# what the text says; the plug-in builds and needs nothing of its host. Run from the root.
set -u
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
check() { # check WHAT COMMAND...
    what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $what"
    fi
}

readme=algorithms/README.md
"${LBSIM:-./lbsim}" algorithms --markdown >"$work/tables"
check "the tables are printed" [ -s "$work/tables" ]
if [ -n "${REWRITE:-}" ]; then
    { sed '/<!-- algorithms: begin -->/q' $readme; cat "$work/tables"
        sed -n '/<!-- algorithms: end -->/,$p' $readme; } >"$work/new" && cp "$work/new" $readme
fi
sed -n '/<!-- algorithms: begin -->/,/<!-- algorithms: end -->/p' $readme | sed '1d;$d' >"$work/written"
check "the tables are those of the registry" diff "$work/written" "$work/tables"
names=$(grep -c '^| `' "$work/tables")
check "a row for each of 80 algorithms and more: $names" [ "$names" -ge 80 ]

awk -v dir="$work" '/^```c$/ { n++; on = 1; next } /^```$/ { on = 0 } on { print > (dir "/" n ".c") }' \
    algorithms/README.md
flags="-std=c17 -O0 -Wall -Wextra -Wpedantic -Wconversion -Werror -I."
libraries="$(pkg-config --cflags --libs libxxhash zlib libmd) -lm"
cc=${CC:-gcc}

# shellcheck disable=SC2086
check "the embedding program builds" $cc $flags -D_POSIX_C_SOURCE=200809L -o "$work/embed" \
    "$work/1.c" algorithms/*.c algorithms/*/*.c $libraries
check "it prints what the text says" [ "$("$work/embed")" = "a a b a c a a " ]
check "the text says so" grep -q 'It prints `a a b a c a a`' algorithms/README.md
# shellcheck disable=SC2086
check "the plug-in builds" $cc $flags -shared -fPIC -o "$work/plugin.so" "$work/2.c"
needs=$(nm -D --undefined-only "$work/plugin.so" | awk '$1 == "U" { print $2 }' | sed 's/@.*//' |
    grep -v -x -e malloc -e free -e vsnprintf -e __stack_chk_fail)
check "it needs nothing of its host (${needs:-nothing})" [ -z "$needs" ]
check "it exports lb_plugin" sh -c "nm -D --defined-only '$work/plugin.so' | grep -q lb_plugin"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
