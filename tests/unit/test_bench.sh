#!/usr/bin/env bash
# `lbsim bench`: the figures are there and make sense. How fast this machine is, is not tested.
# timeout: 300
set -u
. tests/tools/check.sh

run "$LBSIM" bench --json --quick
status_is 0 'bench'
"$PYTHON" - "$scratch/out" "$LBSIM" <<'PYTHON'
import json, subprocess, sys
doc = json.load(open(sys.argv[1]))
names = json.loads(subprocess.run([sys.argv[2], "algorithms", "--json"], capture_output=True).stdout)
most = {a["name"]: a.get("backends_max", 10000) for a in names["algorithms"]}
names = list(most)
rows = {(d["algorithm"], d["backends"]): d["ns"] for d in doc["decisions"]}
for name in [None] + names:
    for backends in (10, 100, 1000, 10000):
        at = min(backends, most.get(name, backends))
        assert 0.1 < rows[name, at] < 1e8, (name, at)
assert all(0.1 <= b["ms"] < 1e5 for b in doc["builds"])
# A look at every backend costs more with a thousand times as many of them; a draw hardly does.
assert rows["least-connections", 10000] > 20 * rows["least-connections", 10]
assert rows["random", 10000] < rows["least-connections", 10000] / 10
assert [h["pending"] for h in doc["holds"]] == [10, 100, 1000, 10000, 100000]
assert all(0.1 < h["ns"] < 1e6 for h in doc["holds"])
for s in doc["simulations"]:
    assert 1.8 < s["events_request"] < 2.5, s
    assert abs(s["ns_event"] * s["events_request"] / s["ns_request"] - 1) < 0.01, s
assert {(s["backends"], s["timeouts_and_checks"]) for s in doc["simulations"]} == {
    (100, False), (100, True), (10000, False), (10000, True)}
PYTHON
check $? 'every figure is there'

run "$LBSIM" bench events --quick
status_is 0 'bench events'
! grep -q DECISION "$scratch/out" && grep -q HOLD "$scratch/out"
check $? 'events are the engine alone'
run "$LBSIM" bench pick
status_is 2 'a slip'
says err "did you mean 'picks'?" 'a slip'

run "$LBSIM" bench --quick --algorithm round-robin -a random
status_is 0 'two algorithms'
[ "$(grep -c '^round-robin \|^random ' "$scratch/out")" = 2 ] && ! grep -q 'HOLD' "$scratch/out"
check $? 'these two and nothing else'
run "$LBSIM" bench --algorithm randm
status_is 2 'unknown algorithm'
says err "did you mean 'random'?" 'unknown algorithm'
check_done
