#!/usr/bin/env bash
# What `lbsim check` says of wrong scenarios, to the letter. messages/bad has one fault a file and
# NAME.txt beside it; messages/original are the same faults in an older spelling of the language.
# To write the expected messages anew after reading them: REWRITE=1 tests/scenarios/test_messages.sh
# asan: yes
set -u
. tests/tools/check.sh

cd tests/scenarios/messages || exit 1

for file in good.yaml good.json full.yaml; do
    run "$LBSIM" check "$file"
    status_is 0 "$file"
    says_nothing err "$file"
done

for file in bad/*.yaml bad/*.json; do
    expected=${file/%.yaml/.txt}
    expected=${expected/%.json/-json.txt}
    run "$LBSIM" check "$file"
    status_is 2 "$file"
    says_nothing out "$file"
    [ -n "${REWRITE:-}" ] && cp "$scratch/err" "$expected"
    diff "$expected" "$scratch/err"
    check $? "$file: the message is that of $expected"
done

# What is right, and does not do what one may expect: said, and run all the same.
for file in warned/*.yaml; do
    expected=${file/%.yaml/.txt}
    run "$LBSIM" check "$file"
    status_is 0 "$file"
    [ -n "${REWRITE:-}" ] && cp "$scratch/err" "$expected"
    diff "$expected" "$scratch/err"
    check $? "$file: the warning is that of $expected"
    run "$LBSIM" run "$file" --db :memory: --json
    status_is 0 "run $file"
done

for file in original/*; do
    run "$LBSIM" check "$file"
    status_is 2 "$file"
    says_nothing out "$file"
    grep -Eq "^$file:[0-9]+:[0-9]+: error: " "$scratch/err"
    check $? "$file: the message says where"
done

# Every remedy that a message of bad/ names is one: the corrected file is right.
sed 's/wieght/weight/' bad/01-unknown-key.yaml >"$scratch/mended.yaml"
run "$LBSIM" check "$scratch/mended.yaml"
status_is 0 'mended: unknown key'
sed 's/least-conections/least-connections/' bad/07-bad-algorithm.yaml >"$scratch/mended.yaml"
run "$LBSIM" check "$scratch/mended.yaml"
status_is 0 'mended: algorithm'
sed 's/work: lognormal(mean=20ms, cv=1.2)}/work: "lognormal(mean=20ms, cv=1.2)"}/' \
    bad/11-comma-in-flow.yaml >"$scratch/mended.yaml"
run "$LBSIM" check "$scratch/mended.yaml"
status_is 0 'mended: comma in { }'

# Several files: the worst status, and each file's own messages.
run "$LBSIM" check good.yaml bad/02-wrong-type.yaml good.json
status_is 2 'three files'
says out 'good.yaml: ok' 'three files'
says out 'good.json: ok' 'three files'
says err 'bad/02-wrong-type.yaml:19:12: error' 'three files'
run "$LBSIM" check bad/02-wrong-type.yaml nothing-here.yaml
status_is 3 'one wrong, one missing'

# Standard input is called <stdin>; so is its place.
"$LBSIM" check - <good.yaml >"$scratch/out" 2>"$scratch/err"
check $? 'standard input'
"$LBSIM" check - <bad/02-wrong-type.yaml >"$scratch/out" 2>"$scratch/err"
[ $? = 2 ] && grep -q '^<stdin>:19:12: error' "$scratch/err"
check $? 'a wrong scenario on standard input'

check_done
