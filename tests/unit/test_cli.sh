#!/usr/bin/env bash
# The command line as a user meets it: help everywhere, slips, exit statuses, outputs that are gone.
# asan: yes
set -u
. tests/tools/check.sh

# --- help and version
run "$LBSIM"
status_is 2 'no command'
says err 'Usage: lbsim COMMAND' 'no command'
says_nothing out 'no command'
run "$LBSIM" --help
status_is 0 '--help'
cp "$scratch/out" "$scratch/overview"
commands=$(sed -n '/^Commands/,/^$/s/^  \([a-z]*\)  .*/\1/p' "$scratch/overview")
for name in run algorithms scenarios help; do
    grep -qx "$name" <<<"$commands"
    check $? "--help lists $name"
done
run "$LBSIM" --version
status_is 0 '--version'
grep -Eq '^lbsim [0-9]+\.[0-9]+\.[0-9]+' "$scratch/out"
check $? "--version names a version: $(cat "$scratch/out")"
says out 'compiler: ' '--version'

run "$LBSIM" help --man
status_is 0 'the manual page'
cp "$scratch/out" "$scratch/lbsim.1"
run "$LBSIM" help --completion bash
cp "$scratch/out" "$scratch/completion"

for name in $commands; do
    run "$LBSIM" "$name" --help
    status_is 0 "$name --help"
    says out "Usage: lbsim $name" "$name --help"
    cp "$scratch/out" "$scratch/help"
    run "$LBSIM" help "$name"
    cmp -s "$scratch/help" "$scratch/out"
    check $? "'help $name' is '$name --help'"
    # Help wins over whatever else stands there.
    run "$LBSIM" "$name" --nonsense a b c -h
    status_is 0 "$name with -h among nonsense"
    grep -q "^\.Ss lbsim $name" "$scratch/lbsim.1"
    check $? "the manual page has $name"

    run "$LBSIM" "$name" --zzzzzzzzzzzzzzz
    status_is 2 "$name with an unknown option"
    says err "unknown option '--zzzzzzzzzzzzzzz'" "$name with an unknown option"
    says_nothing out "$name with an unknown option"
    run "$LBSIM" "$name" -@
    status_is 2 "$name with an unknown letter"
    # Each option, with its last letter gone or doubled, is recognised as a slip.
    for option in $(sed -n 's/^  \(-., \|    \)--\([a-z-]*\).*/\2/p' "$scratch/help"); do
        grep -q -- "--$option" "$scratch/completion"
        check $? "the completion offers --$option"
        run "$LBSIM" "$name" "--${option}${option: -1}"
        status_is 2 "$name --${option}${option: -1}"
        says err 'did you mean' "$name --${option}${option: -1}"
    done
done

# No line of help is wider than the terminal says it is, as far as words allow.
COLUMNS=60 "$LBSIM" run --help >"$scratch/out"
[ "$(awk 'length > m { m = length } END { print m }' "$scratch/out")" -le 80 ]
check $? 'help is wrapped'

# --- slips
run "$LBSIM" algoritms
status_is 2 'an unknown command'
says err "did you mean 'algorithms'?" 'an unknown command'
run "$LBSIM" xylophone
status_is 2 'a far-off command'
says err "unknown command 'xylophone'" 'a far-off command'
! grep -q 'did you mean' "$scratch/err"
check $? 'a far-off command has no nearest'
run "$LBSIM" --versoin
status_is 2 'an unknown global option'
says err "did you mean '--version'?" 'an unknown global option'
run "$LBSIM" help rnu
status_is 2 'help for an unknown command'
says err "did you mean 'run'?" 'help for an unknown command'
run "$LBSIM" $'alg\e[31m'
status_is 2 'a hostile command'
! grep -q $'\e' "$scratch/err"
check $? 'a hostile command is shown without its escape'
run "$LBSIM" run
status_is 2 'a missing argument'
says err 'lbsim run FILE' 'a missing argument'
run "$LBSIM" algorithms a b
status_is 2 'a surplus argument'
says err "surplus argument 'b'" 'a surplus argument'
run "$LBSIM" run first --seed
status_is 2 'an option without its value'
says err "'--seed' needs its N" 'an option without its value'
run "$LBSIM" run first --seed --json
status_is 2 'an option in place of a value'
run "$LBSIM" run first --seed 1 --seed=2
status_is 2 'an option given twice'
says err 'given twice' 'an option given twice'
for number in x -1 ' 1' 1x '' 99999999999999999999; do
    run "$LBSIM" run first --db :memory: "--seed=$number"
    status_is 2 "--seed='$number'"
done
run "$LBSIM" run first --db :memory: --replications 0
status_is 2 'a number out of range'
says err 'outside the range 1 to' 'a number out of range'
run "$LBSIM" algorithms --json=yes
status_is 2 'a flag with a value'
says err 'takes no value' 'a flag with a value'
run "$LBSIM" algorithms -- --json
status_is 2 'what follows -- is an argument'
says err "unknown algorithm '--json'" 'what follows -- is an argument'
run "$LBSIM" help --completion bsh
status_is 2 'an unknown shell'
says err "did you mean 'bash'?" 'an unknown shell'

# --- algorithms and scenarios
run "$LBSIM" algorithms
status_is 0 'algorithms'
for name in random round-robin weighted-round-robin least-connections power-of-two source-hash \
    nginx-round-robin nginx-least-conn; do
    says out "  $name " 'algorithms'
    run "$LBSIM" algorithms "$name"
    status_is 0 "algorithms $name"
    says out "$name: " "algorithms $name"
    says out 'Parameters' "algorithms $name"
    run "$LBSIM" algorithms
done
run "$LBSIM" algorithms ip-hash
says out 'source-hash: ' 'an alias'
run "$LBSIM" algorithms least-conection
status_is 2 'an unknown algorithm'
says err "did you mean 'least-connections'?" 'an unknown algorithm'
run "$LBSIM" check first --set balancer.algorithm=envoy-maglev --set balancer.params.table-size=100
status_is 2 'parameters that the algorithm itself refuses'
says err 'table-size 100 is not a prime; the next one is 101' 'check asks the algorithm'
run "$LBSIM" check first --set balancer.algorithm=power-of-two --set balancer.params.choices=100
status_is 2 'a parameter out of range'
says err 'outside the range 1 to 64' 'a parameter out of range'
run "$LBSIM" check first --set balancer.algorithm=power-of-two --set balancer.params.choises=2
says err "did you mean 'choices'?" 'an unknown parameter'
"$LBSIM" algorithms --json | "$PYTHON" -c '
import json, sys
rows = json.load(sys.stdin)["algorithms"]
assert len({row["name"] for row in rows}) == len(rows) >= 8
for row in rows:
    assert all(row[key] for key in ("name", "title", "summary", "reference", "cost", "changes"))
    for param in row["params"]:
        assert param["help"] and "default" in param
        if "min" in param:
            assert param["min"] <= param["default"] <= param["max"]
        if "choices" in param:
            assert param["default"] in param["choices"]'
check $? 'algorithms --json is whole'

run "$LBSIM" check first --set 'expect=[disruption < 1% after 20s]'
says err 'disruption needs clients that come again' 'disruption of strangers'
run "$LBSIM" check 08-moved-keys --set 'expect=[disruption < 1%]'
says err 'disruption compares with what was before' 'disruption without a before'

run "$LBSIM" scenarios
status_is 0 'scenarios'
for file in scenarios/*.yaml; do
    name=$(basename "$file" .yaml)
    says out "  $name" 'scenarios'
done
run "$LBSIM" scenarios first
cmp -s "$scratch/out" scenarios/first.yaml
check $? 'scenarios first prints the file'
for name in 01-policy-ladder phenomena/01-policy-ladder phenomena/01-policy-ladder.yaml; do
    run "$LBSIM" scenarios $name
    cmp -s "$scratch/out" scenarios/phenomena/01-policy-ladder.yaml
    check $? "scenarios $name prints a file of a folder"
    run "$LBSIM" check $name
    status_is 0 "check $name finds it"
done
run "$LBSIM" scenarios frist
status_is 2 'an unknown scenario'
says err "did you mean 'first'?" 'an unknown scenario'
"$LBSIM" scenarios --json | "$PYTHON" -c '
import json, sys
for row in json.load(sys.stdin)["scenarios"]:
    assert row["valid"] and row["about"], row
    assert row["expect"] or len(row["variants"]) > 1, row'
check $? 'scenarios --json: each is valid, says what it is about, expects something itself or in variants'
# From another folder they are found beside the program.
mkdir "$scratch/else"
ln "$LBSIM" "$scratch/else/lbsim" 2>/dev/null || cp "$LBSIM" "$scratch/else/lbsim"
cp -r scenarios "$scratch/else/scenarios"
(cd / && "$scratch/else/lbsim" scenarios --names) | grep -qx first
check $? 'scenarios are found beside the program'
mkdir -p "$scratch/prefix/bin" "$scratch/prefix/share/lbsim"
mv "$scratch/else/lbsim" "$scratch/prefix/bin"
mv "$scratch/else/scenarios" "$scratch/prefix/share/lbsim"
(cd / && "$scratch/prefix/bin/lbsim" scenarios --names) | grep -qx first
check $? 'scenarios are found where they are installed'
(cd / && "$scratch/prefix/bin/lbsim" run first --db :memory: --quiet >"$scratch/out")
status=$?
status_is 0 'a shipped scenario is run by its name'

# A request that never ended was not served.
cat >"$scratch/hang.yaml" <<'YAML'
lbsim: 1
name: half of it hangs
clients:
  - {name: c, arrivals: uniform(rate=50/s), requests: [{name: r, work: constant(1ms)}]}
balancer: {algorithm: round-robin}
backends: [{name: a}, {name: b}]
timeline: [{at: 1ms, hang: b}]
run: {duration: 20s}
YAML
run "$LBSIM" run "$scratch/hang.yaml" --db :memory:
status_is 0 'a run in which requests hang'
grep -qE '^(50|49\.[0-9]*|50\.[0-9]*) % of the requests were served' "$scratch/out"
check $? "half were served: $(tail -n 1 "$scratch/out")"
run "$LBSIM" run "$scratch/hang.yaml" --db :memory: --set run.warmup=19990ms --set timeline=[]
says out 'No request was measured' 'nothing to measure'

# --- outputs that are gone
for command in --help --version algorithms 'algorithms --json' 'help --man' \
    'run first --db :memory: --quiet --json'; do
    # shellcheck disable=SC2086 # a list of words
    "$LBSIM" $command >/dev/full 2>"$scratch/err"
    status=$?
    status_is 3 "$command >/dev/full"
    says err 'standard output: ' "$command >/dev/full"
    # shellcheck disable=SC2086
    "$LBSIM" $command >&- 2>"$scratch/err"
    status=$?
    status_is 3 "$command >&-"
    # A reader that has seen enough, as `head` has: the status says it, no words.
    # shellcheck disable=SC2086
    { sleep 0.1; "$LBSIM" $command 2>"$scratch/err" || echo $? >"$scratch/status"; } | true
    grep -qx 3 "$scratch/status" 2>/dev/null && [ ! -s "$scratch/err" ]
    check $? "$command | true"
    rm -f "$scratch/status"
done
# A closed stdout must not become the database's descriptor.
"$LBSIM" run first --db "$scratch/closed.db" --quiet >&- 2>&- <&-
[ "$(head -c 15 "$scratch/closed.db")" = 'SQLite format 3' ]
check $? 'a closed stdout stays out of the database'

# --- no escape sequences where none belong
cat >"$scratch/pty.py" <<'PY'
"""Runs a command in a pseudo-terminal and prints what it wrote."""
import os
import pty
import sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
while True:
    try:
        data = os.read(fd, 65536)
    except OSError:
        break
    if not data:
        break
    os.write(1, data)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
for command in --help algorithms 'run first --db :memory: --quiet'; do
    # shellcheck disable=SC2086
    run "$LBSIM" $command
    ! grep -q $'\e' "$scratch/out"
    check $? "$command into a pipe has no escape sequence"
    # shellcheck disable=SC2086
    NO_COLOR=1 TERM=xterm-256color run "$PYTHON" "$scratch/pty.py" "$LBSIM" $command
    ! grep -q $'\e\\[[0-9;]*m' "$scratch/out"
    check $? "$command with NO_COLOR has no colour"
    # shellcheck disable=SC2086
    TERM=dumb run "$PYTHON" "$scratch/pty.py" "$LBSIM" $command
    ! grep -q $'\e' "$scratch/out"
    check $? "$command with TERM=dumb has no escape sequence"
    # shellcheck disable=SC2086
    LC_ALL=C run "$LBSIM" $command
    ! LC_ALL=C grep -q $'[\x80-\xff]' "$scratch/out"
    check $? "$command is ASCII in a locale without UTF-8"
done

# --- what the table generates
bash -n "$scratch/completion"
check $? 'the bash completion parses'
offered=$(bash -c '. "$1"; COMP_WORDS=(lbsim algo); COMP_CWORD=1; _lbsim; echo "${COMPREPLY[@]}"
    COMP_WORDS=(lbsim algorithms power); COMP_CWORD=2; _lbsim; echo "${COMPREPLY[@]}"
    COMP_WORDS=(lbsim algorithms --js); COMP_CWORD=2; _lbsim; echo "${COMPREPLY[@]}"
    COMP_WORDS=(lbsim run --algorithm least); COMP_CWORD=3; _lbsim; echo "${COMPREPLY[@]}"' \
    - "$scratch/completion" | tr '\n' '|')
[ "$offered" = 'algorithms|power-of-two|--json|least-connections least-latency least-work-left|' ]
check $? "the bash completion offers: $offered"
for shell in zsh fish; do
    run "$LBSIM" help --completion $shell
    status_is 0 "the $shell completion"
    says out 'least-connections' "the $shell completion"
    if command -v $shell >/dev/null; then
        $shell -n "$scratch/out"
        check $? "the $shell completion parses"
    fi
done
if command -v groff >/dev/null; then
    groff -mdoc -Tascii -P-cbou -ww "$scratch/lbsim.1" >"$scratch/out" 2>"$scratch/err"
    says_nothing err 'the manual page is good mdoc'
    says out 'EXIT STATUS' 'the manual page'
fi

check_done
