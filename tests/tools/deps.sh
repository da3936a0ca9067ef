#!/bin/sh
# Finds what is missing to build, run, test and check lbsim, and installs it.
#
#   deps.sh [--if-missing | --list] GROUP ...      groups: build run test tools cluster
#
# A library is asked of pkg-config, a tool looked for by its name. Where there is apt-get, what is
# missing is installed (through sudo unless root), and each command is shown before it is run. On
# another system the command to give is printed. --if-missing says nothing when nothing is missing,
# and goes on without what only tests and tools need; --list prints what is missing and installs
# nothing. Exit status 0: everything is there now.
set -u

PATH=$PATH:/usr/sbin:/sbin # where daemons lie, and not everybody looks
mode=install
case ${1:-} in
--if-missing) mode=quiet && shift ;;
--list) mode=list && shift ;;
esac
wanted=" ${*:-build run test tools} "

# group, how it is found, what is looked for, then its package for apt, dnf, pacman and brew.
table() {
    cat <<'TABLE'
build tool   gcc            gcc               gcc                gcc         gcc
build header stdio.h        libc6-dev         glibc-devel        glibc       -
build tool   make           make              make               make        make
build tool   pkg-config     pkg-config        pkgconf-pkg-config pkgconf     pkg-config
build pc     ncursesw       libncurses-dev    ncurses-devel      ncurses     ncurses
build pc     gsl            libgsl-dev        gsl-devel          gsl         gsl
build pc     sqlite3        libsqlite3-dev    sqlite-devel       sqlite      sqlite
build pc     yaml-0.1       libyaml-dev       libyaml-devel      libyaml     libyaml
build pc     libxxhash      libxxhash-dev     xxhash-devel       xxhash      xxhash
build pc     zlib           zlib1g-dev        zlib-devel         zlib        zlib
build pc     libmd          libmd-dev         libmd-devel        libmd       libmd
run   tool   gnuplot        gnuplot-nox       gnuplot            gnuplot     gnuplot
test  pc     cunit          libcunit1-dev     CUnit-devel        cunit       cunit
test  tool   git            git               git                git         git
test  tool   clang          clang             clang              clang       llvm
test  tool   tmux           tmux              tmux               tmux        tmux
test  python pyte           python3-pyte      python3-pyte       python-pyte -
tools tool   clang-format   clang-format      clang-tools-extra  clang       clang-format
tools tool   cppcheck       cppcheck          cppcheck           cppcheck    cppcheck
cluster tool slurmctld     slurm-wlm         slurm-slurmctld    slurm-llnl  -
cluster tool slurmd        slurm-wlm         slurm-slurmd       slurm-llnl  -
cluster tool sbatch        slurm-wlm         slurm              slurm-llnl  -
cluster tool munged        munge             munge              munge       -
cluster tool parallel      parallel          parallel           parallel    parallel
cluster tool ss            iproute2          iproute            iproute2    -
tools fuzzer libFuzzer      @fuzzer           compiler-rt        compiler-rt llvm
TABLE
}

found() { # KIND NAME
    case $1 in
    tool) command -v "$2" >/dev/null 2>&1 ;;
    pc) pkg-config --exists "$2" 2>/dev/null ;;
    header) echo "#include <$2>" | gcc -E -xc - >/dev/null 2>&1 ;;
    python) "$("$(dirname "$0")/python.sh" --which)" -c "import $2" >/dev/null 2>&1 ;;
    fuzzer)
        scratch=$(mktemp) || return 1
        echo 'int LLVMFuzzerTestOneInput(const void *d, unsigned long n) {(void)d; return n == 1;}' |
            clang -fsanitize=fuzzer -xc - -o "$scratch" >/dev/null 2>&1
        linked=$?
        rm -f "$scratch"
        return $linked
        ;;
    esac
}

# Prints the rows of the wanted groups that are not there.
missing() {
    table | while read -r group kind name packages; do
        case $wanted in
        *" $group "*) found "$kind" "$name" 2>/dev/null || echo "$group $kind $name $packages" ;;
        esac
    done
}

# clang's fuzzer runtime has the number of the compiler in the name of its package.
apt_fuzzer_package() {
    number=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p')
    for package in "libclang-rt-$number-dev" "libclang-common-$number-dev"; do
        if apt-cache show "$package" >/dev/null 2>&1; then
            echo "$package"
            return
        fi
    done
}

show_and_run() {
    echo "+ $*"
    "$@"
}

install_with_apt() { # PACKAGE ...
    as_root=
    if [ "$(id -u)" != 0 ]; then
        if ! command -v sudo >/dev/null 2>&1; then
            echo "not root, and no sudo: as root, run: apt-get install $*" >&2
            return 1
        fi
        as_root=sudo
    fi
    show_and_run $as_root apt-get update || return 1
    packages=
    for package; do
        [ "$package" = @fuzzer ] && package=$(apt_fuzzer_package)
        packages="$packages $package"
    done
    # shellcheck disable=SC2086 # a list of words
    show_and_run $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends $packages
}

column() { # the packages of one system, from the rows on standard input
    awk -v n="$1" '$n != "-" && !seen[$n]++ { printf "%s ", $n }'
}

rows=$(missing)
if [ -z "$rows" ]; then
    [ $mode = install ] && echo 'everything is there'
    exit 0
fi
echo "missing: $(echo "$rows" | awk '{ printf "%s%s", sep, $3; sep = ", " }')"
[ $mode = list ] && exit 1

if command -v apt-get >/dev/null 2>&1; then
    # shellcheck disable=SC2046 # a list of words
    install_with_apt $(echo "$rows" | column 4) </dev/null
    rows=$(missing)
elif command -v dnf >/dev/null 2>&1; then
    echo "install them with: sudo dnf install $(echo "$rows" | column 5)"
elif command -v pacman >/dev/null 2>&1; then
    echo "install them with: sudo pacman -S --needed $(echo "$rows" | column 6)"
elif command -v brew >/dev/null 2>&1; then
    echo "install them with: brew install $(echo "$rows" | column 7)"
else
    echo 'no apt-get, dnf, pacman or brew here: install them by hand'
fi

[ -z "$rows" ] && exit 0
echo "still missing: $(echo "$rows" | awk '{ printf "%s%s", sep, $3; sep = ", " }')" >&2
if [ $mode = quiet ] && ! echo "$rows" | grep -Eq '^build |^test pc '; then
    echo 'going on without' >&2
    exit 0
fi
exit 1
