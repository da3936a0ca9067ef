#!/usr/bin/env bash
# The Makefile: its targets, its dependencies on headers and flags, what it installs.
set -u
. tests/tools/check.sh

folder=$(dirname "${LBSIM_BUILD:-build/release}")
folder=${folder#"$PWD/"} # as in `make`: the objects' dependencies are written with this path
make="make --no-print-directory BUILD=$folder"

# --- targets
run make help
cp "$scratch/out" "$scratch/help"
for target in all demo check bench asan tidy format coverage fuzz deps help install clean; do
    run $make -n $target
    status_is 0 "make -n $target"
    [ $target = all ] || grep -q "^make $target " "$scratch/help"
    check $? "make help names $target"
done
# On a machine with nothing but make, help works, and building says what to do.
mkdir "$scratch/bin"
for tool in make sh echo cat grep mkdir; do ln -s "$(type -P $tool)" "$scratch/bin/$tool"; done
run env PATH="$scratch/bin" make help
status_is 0 'make help with nothing installed'
run env PATH="$scratch/bin" make BUILD="$scratch/build" all
status_is 2 'make with nothing installed'
says err "run 'make deps'" 'make with nothing installed'

# --- what is compiled again
compiled() { $make -n "$@" all 2>&1 | sed -n 's/.* -c -o \([^ ]*\)\.o .*/\1/p'; }
compiled -W ui/cli/parse.h >"$scratch/out"
grep -q '/ui/cli/parse$' "$scratch/out" && grep -q '/ui/cli/cli$' "$scratch/out"
check $? "a header's includers are compiled again: $(head -c 300 "$scratch/out")"
! grep -qE '/sim/|/algorithms/' "$scratch/out"
check $? "nobody else is: $(head -c 300 "$scratch/out")"
compiled -W sim/record/step_1.sql >"$scratch/out"
grep -q '/sim/record/' "$scratch/out"
check $? 'who puts a file into the program is compiled again with it'

# --- installed
run $make -s install DESTDIR="$scratch/stage" PREFIX=/usr
status_is 0 'make install'
for file in bin/lbsim share/man/man1/lbsim.1 share/lbsim/scenarios/first.yaml \
    share/lbsim/scenarios/phenomena/01-policy-ladder.yaml \
    share/lbsim/scenarios/security/chosen-keys.csv \
    share/bash-completion/completions/lbsim share/zsh/site-functions/_lbsim \
    share/fish/vendor_completions.d/lbsim.fish; do
    [ -s "$scratch/stage/usr/$file" ]
    check $? "make install brings $file"
done
cd / || exit 1
run "$scratch/stage/usr/bin/lbsim" run first --db :memory: --quiet --json
status_is 0 'the installed program runs an installed scenario'

check_done
