#!/usr/bin/env bash
# scenarios/README.md has the tables of the schema, explain knows every key, and the JSON schema is
# JSON. To write the tables anew: REWRITE=1 tests/scenarios/test_keys.sh
# asan: yes
set -u
. tests/tools/check.sh

readme=scenarios/README.md
run "$LBSIM" explain --markdown
status_is 0 'explain --markdown'
cp "$scratch/out" "$scratch/tables"
if [ -n "${REWRITE:-}" ]; then
    { sed '/<!-- keys: begin -->/q' $readme; cat "$scratch/tables"
        sed -n '/<!-- keys: end -->/,$p' $readme; } >"$scratch/new" && cp "$scratch/new" $readme
fi
sed -n '/<!-- keys: begin -->/,/<!-- keys: end -->/p' $readme | sed '1d;$d' >"$scratch/written"
diff "$scratch/written" "$scratch/tables" >"$scratch/diff"
check $? "$readme is not what the schema says: $(head -c 1000 "$scratch/diff")"

# Every key explains itself, by its path and by its last word, and says the same default.
keys=$(sed -n '/^$/q; s/^| `\([^`]*\)` | .*/\1/p' "$scratch/tables")
[ "$(grep -c . <<<"$keys")" -ge 60 ]
check $? "60 keys and more: $(grep -c . <<<"$keys")"
while read -r key; do
    run "$LBSIM" explain "$key"
    status_is 0 "explain $key"
    says_nothing err "explain $key"
    run "$LBSIM" explain "${key##*.}"
    status_is 0 "explain ${key##*.}"
done <<<"$keys"
run "$LBSIM" explain clients.retries.max
says out 'clients[].retries.max' 'a path without [ ]'
run "$LBSIM" explain 'backends[0].slots'
says out '1 to 1000000' 'a path with an index'
for word in pareto kill p99.9 refused bursty; do
    run "$LBSIM" explain $word
    status_is 0 "explain $word"
done
run "$LBSIM" explain wieght
status_is 2 'explain a slip'
says err "did you mean 'weight'" 'explain a slip'
run "$LBSIM" explain "$(printf 'a\033[31mb')"
status_is 2 'explain an escape sequence'
! grep -q "$(printf '\033')" "$scratch/err"
check $? 'explain prints no escape sequence'

run "$LBSIM" explain --json
status_is 0 'explain --json'
"$PYTHON" - "$scratch/out" "$scratch/tables" <<'PYTHON'
import json
import sys

schema = json.load(open(sys.argv[1]))
tables = open(sys.argv[2]).read()
assert len(schema["keys"]) >= 60, len(schema["keys"])
for key in schema["keys"]:
    assert f"| `{key['path']}` |" in tables, key
    assert key["help"] and key["type"], key
required = {key["path"] for key in schema["keys"] if key["required"] and "." not in key["path"]}
assert required == {"lbsim", "name", "clients", "backends", "run"}, required
seed = next(key for key in schema["keys"] if key["path"] == "run.seed")
assert seed["default"] == "1", seed
assert {a["name"] for a in schema["actions"]} >= {"kill", "drain", "algorithm"}
assert "refused" in schema["causes"] and len(schema["metrics"]) >= 22
PYTHON
check $? 'the JSON schema has every key of the tables'

check_done
