#!/usr/bin/env bash
# What stands in algorithms/README.md, against a staged installation: the program that embeds the
# library and the plug-in build with nothing but pkg-config, and every command takes the plug-in.
# Then plug-ins that are none.
# timeout: 300
set -u
. tests/tools/check.sh

stage=$scratch/stage
run make -s install DESTDIR="$stage" PREFIX=/usr
status_is 0 'make install'
export PKG_CONFIG_SYSROOT_DIR=$stage PKG_CONFIG_PATH=$stage/usr/lib/pkgconfig
awk -v dir="$scratch" '/^```c$/ { n++; on = 1; next } /^```$/ { on = 0 } on { print > (dir "/" n ".c") }' \
    algorithms/README.md
cc="${CC:-gcc} -std=c17 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Wpedantic -Wconversion -Werror"

# --- against the stage, from another folder
# shellcheck disable=SC2046,SC2086
(cd "$scratch" && run $cc -o embed 1.c $(pkg-config --cflags --libs lbsim-algorithms))
check $? 'the embedding program builds against the stage'
run "$scratch/embed"
[ "$(cat "$scratch/out")" = 'a a b a c a a ' ]
check $? 'it prints what the text says'
# shellcheck disable=SC2046,SC2086
(cd "$scratch" && run $cc -shared -fPIC -o first-fit.so 2.c $(pkg-config --cflags lbsim-algorithms))
check $? 'the plug-in builds against the stage'
unset PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_PATH

installed=$stage/usr/bin/lbsim
plugin=$scratch/first-fit.so
run "$installed" algorithms first-fit --plugin "$plugin"
status_is 0 'algorithms, with the plug-in'
says out 'The first backend that is not full' 'algorithms, with the plug-in'
run "$installed" algorithms --json --plugin "$plugin"
says out '"name": "first-fit"' 'algorithms --json'
run "$installed" algorithms first-fit
status_is 2 'algorithms, without it'
run "$installed" bench --quick --plugin "$plugin" --algorithm first-fit
status_is 0 'bench'
says out 'first-fit' 'bench'
run "$installed" run first --plugin "$plugin" --algorithm first-fit --db "$scratch/x.db" --json
status_is 1 'run' # it loses the expectations of the scenario: everything goes to the first server
says out '"algorithm": "first-fit"' 'run'
sed 's/algorithm: .*/algorithm: first-fit/' scenarios/first.yaml >"$scratch/first.yaml"
run "$installed" check "$scratch/first.yaml" --plugin "$plugin"
status_is 0 'check of a scenario that names it'
run "$installed" check "$scratch/first.yaml"
status_is 2 'check without the plug-in'
(cd "$scratch" && run "$installed" algorithms first-fit --plugin first-fit.so)
check $? 'a bare name is a file in this folder'

# --- what is no plug-in
# The plug-in of the text with one thing changed.
wrong() { # SED WORDS WHAT
    sed "$1" "$scratch/2.c" >"$scratch/wrong.c"
    # shellcheck disable=SC2086
    $cc -Wno-error -w -I. -shared -fPIC -o "$scratch/wrong.so" "$scratch/wrong.c"
    check $? "builds: $3"
    run "$LBSIM" run first --db "$scratch/none.db" --plugin "$scratch/wrong.so"
    status_is 2 "$3"
    says err "$2" "$3"
    says_nothing out "$3"
    [ ! -e "$scratch/none.db" ]
    check $? "$3: nothing was run"
}
wrong 's/= LB_ABI/= 77/' 'built for ABI 77' 'another ABI'
wrong 's/lb_plugin/lb_pluggin/' 'exports no' 'no symbol'
wrong 's/"first-fit",/"random",/' "there is an algorithm 'random' already" 'a name that is taken'
wrong 's/"first-fit",/"First Fit",/' 'its name must be' 'a name with a space'
wrong 's/.pick = pick,/.pick = 0,/' 'create, destroy and pick' 'no pick'
wrong 's/.cost = "O(n)",//' 'must be texts' 'a text missing'
wrong 's/.create = create,/.create = create, .needs = LB_NEED_PROBE,/' 'go together' 'probes without hooks'
wrong 's/.create = create,/.create = create, .params = (const struct lb_param[]){{.name = "x", .unit = "", .help = "h", .value = 3, .min = 0, .max = 2}, {0}},/' \
    'the default 3 is not between 0 and 2' 'a default out of range'
echo nothing >"$scratch/text.so"
for file in "$scratch/text.so" "$scratch/missing.so" "$scratch" /dev/null; do
    run "$LBSIM" run first --db "$scratch/none.db" --plugin "$file"
    status_is 3 "plug-in $file"
    says err 'cannot be loaded' "plug-in $file"
done
run "$LBSIM" explain --plugin "$plugin"
status_is 2 'a command that runs nothing has no such option'
run "$LBSIM" run first --db "$scratch/none.db" --plugin "$plugin" --plugin "$plugin" --algorithm first-fit
status_is 2 'the same twice'
says err 'already' 'the same twice'
check_done
