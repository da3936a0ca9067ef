#!/usr/bin/env bash
# deps.sh with package managers that only write down what they are asked for: nothing is installed.
# shellcheck disable=SC2016 # the scripts of the fakes are for their own shells
set -u
. tests/tools/check.sh

deps=tests/tools/deps.sh
bin=$scratch/bin
mkdir "$bin"
for tool in sh awk sed grep mktemp rm dirname cat env; do
    ln -s "$(type -P $tool)" "$bin/$tool"
done

fake() { # NAME SCRIPT
    printf '#!/bin/sh\n%s\n' "$2" >"$bin/$1"
    chmod +x "$bin/$1"
}
for tool in gcc make gnuplot git clang tmux clang-format cppcheck python3; do
    fake $tool 'exit 0'
done
fake id 'echo 0'
fake pkg-config '[ "$2" != gsl ] || [ -e "$INSTALLED" ]'
installer='echo "$0 $*" >>"$LOG"; case "$*" in *libgsl-dev*) : >"$INSTALLED" ;; esac'
export LOG=$scratch/log INSTALLED=$scratch/installed

deps_run() {
    : >"$LOG"
    run env PATH="$bin" "$deps" "$@"
}

# --- everything is there
: >"$INSTALLED"
fake apt-get "$installer"
deps_run --if-missing build run test tools
status_is 0 'nothing missing'
says_nothing out 'nothing missing'
[ ! -s "$LOG" ]
check $? 'nothing missing: apt-get is not called'
deps_run
says out 'everything is there' 'make deps with nothing missing'

# --- one library is missing
rm "$INSTALLED"
deps_run --list build
status_is 1 'a library is missing'
says out 'missing: gsl' 'a library is missing'
[ ! -s "$LOG" ]
check $? '--list installs nothing'
deps_run --if-missing build run
status_is 0 'a library is installed'
says out '+ apt-get update' 'it says what it runs'
says out 'apt-get install -y --no-install-recommends libgsl-dev' 'it says what it runs'
[ "$(grep -c 'apt-get update' "$LOG")" = 1 ]
check $? 'one update'
grep -q 'install -y --no-install-recommends libgsl-dev$' "$LOG"
check $? "only what is missing is installed: $(cat "$LOG")"

# --- not root
rm "$INSTALLED"
fake id 'echo 1000'
deps_run build
status_is 1 'not root, no sudo'
says err 'as root, run: apt-get install libgsl-dev' 'not root, no sudo'
fake sudo 'exec "$@"'
deps_run build
status_is 0 'not root, with sudo'
says out '+ sudo apt-get update' 'not root, with sudo'

# --- apt-get cannot: fatal for what the build needs, not for what only tests need
rm "$INSTALLED"
fake apt-get 'exit 100'
deps_run --if-missing build
status_is 1 'apt-get fails'
says err 'still missing: gsl' 'apt-get fails'
: >"$INSTALLED"
rm "$bin/tmux"
deps_run --if-missing build test
status_is 0 'apt-get fails for a tool of the tests'
says err 'going on without' 'apt-get fails for a tool of the tests'

# --- no compiler and no pkg-config: all libraries count as missing
rm "$bin/gcc" "$bin/pkg-config"
fake apt-get "$installer"
deps_run build
status_is 1 'they are still missing after a fake installation'
for package in gcc libc6-dev pkg-config libncurses-dev libgsl-dev libsqlite3-dev libyaml-dev \
    libxxhash-dev zlib1g-dev libmd-dev; do
    grep -qE "install .* $package( |$)" "$LOG"
    check $? "$package is asked for"
done

# --- other systems: the command is printed
rm "$bin/apt-get"
for manager in dnf pacman brew; do
    fake $manager 'echo called >>"$LOG"'
    deps_run build
    status_is 1 "$manager"
    says out "$manager " "$manager"
    says out 'libyaml' "$manager"
    [ ! -s "$LOG" ]
    check $? "$manager is not called"
    rm "$bin/$manager"
done
deps_run build
status_is 1 'no package manager'
says out 'by hand' 'no package manager'

check_done
