#!/usr/bin/env python3
"""The active balancer is killed: what the program prints of connections and of where users go.

Four ways of synchronising, the same traffic. The seed is fixed, so nothing fails by chance.
timeout: 120
"""
import json
import os
import subprocess
import tempfile

LBSIM = os.path.abspath(os.environ.get("LBSIM", "./lbsim"))
SCENARIO = """lbsim: 1
name: the active balancer dies
clients:
  - name: c
    users: 400
    think: exponential(mean=2s)
    connections: {idle: 0, max_age: exponential(mean=20s)}
    timeout: 1s
    requests: [{name: r, work: constant(10ms)}]
balancer:
  name: lb
  count: 2
  layer: LAYER
  algorithm: random
  sticky: {by: source}
  redundancy: {mode: active-passive, SYNC}
backends: [{name: a, count: 4, slots: 8}]
state: {store: memory}
timeline: [{at: 60s, kill: lb1}]
run: {duration: 90s}
"""
results = []


def check(what, holds):
    results.append(bool(holds))
    if not holds:
        print("FAILED:", what)


def run(folder, layer, sync):
    path = os.path.join(folder, "failover.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(SCENARIO.replace("LAYER", str(layer)).replace("SYNC", sync))
    done = subprocess.run([LBSIM, "run", "--json", "--db", ":memory:", path], timeout=60,
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


with tempfile.TemporaryDirectory() as folder:
    out = {sync: run(folder, 4, sync)
           for sync in ("sync: no", "sync: yes", "sync: yes, sync_lag: 10s",
                        "sync: yes, sync_lag: 59s")}
    none, all_, lag, late = out.values()
    for name, one in out.items():
        print(f"{name:26} {one['connections']['taken_over']} taken over, "
              f"{one['connections']['unknown']} unknown, "
              f"{one['requests']['causes'].get('reset', 0)} requests reset, "
              f"{one['sessions']['moved']} sessions moved")
    adrift = none["connections"]["unknown"]
    check("without sync nothing is known", none["connections"]["taken_over"] == 0 and adrift > 80)
    check("with sync everything is", all_["connections"]["unknown"] == 0
          and all_["connections"]["taken_over"] == adrift)
    check("no request is reset then", "reset" not in all_["requests"]["causes"])
    check("else many are", none["requests"]["causes"]["reset"] > 30)
    check("a lag loses some", 0 < lag["connections"]["unknown"] < adrift
          and lag["connections"]["unknown"] + lag["connections"]["taken_over"] == adrift)
    check("the table is lost without sync", none["sessions"]["moved"] > 200)
    check("and kept with it", all_["sessions"]["moved"] == 0)
    check("a lag that long loses some of it", late["sessions"]["moved"] > 0)
    proxy = run(folder, 7, "sync: yes")
    check("a proxy's connections end with it", proxy["connections"]["reset"] > 80)
    check("its table does not", proxy["sessions"]["moved"] == 0)

print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
raise SystemExit(0 if all(results) else 1)
