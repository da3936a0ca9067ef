#!/usr/bin/env python3
"""lbsim advise with the real program: how soon failures are noticed and how often a lossy network takes out who is
well, against exact values for each setting; the front, the recommendation and its limit; every form; what is said of
wrong command lines. Seeds are fixed; with others one of the some 60 figures held at 4 standard errors of 20
replications would be missed in 2 % of tries.
"""
# tsan: yes
# timeout: 120

import csv
import io
import json
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from checks import check, finish, lbsim

T19 = 2.093024  # Student's t, 19 degrees of freedom, two-sided 95 %
HEAD = """lbsim: 1
name: farm
clients:
  - name: web
    arrivals: poisson(rate=%s/s)
    requests: [{name: all, work: constant(1ms)}]
    timeout: 100ms
"""


def write(path, *parts):
    with open(path, "w", encoding="utf-8") as file:
        file.write("".join(parts))


def advise(*words):
    done = lbsim("advise", *words, "--json")
    check(done.returncode == 0 and done.stderr == "", f"advise {words}: {done.stderr}")
    return json.loads(done.stdout)


def close(figure, exact, what):
    """Within 4 standard errors; the interval is 2.09 of them to each side."""
    se = (figure["high"] - figure["low"]) / 2 / T19
    check(0 < se < 0.05 * exact and abs(figure["mean"] - exact) < 4 * se,
          f"{what}: {figure['mean']} +- {se}, exactly {exact}")


def settings_of(result):
    return [(s["interval_s"], s["fall"], s["timeout_s"], s) for s in result["settings"]]


def deaths(action):
    """40 backends that each fail at a random instant of 20 s, each of two checks away from the others."""
    return "timeline:\n" + "".join(
        f'  - {{at: "uniform(min=20s, max=40s)", {action}: b{i}}}\n' for i in range(1, 41))


def noticed():
    """The mean time until a failure is noticed, whatever the pace and the failure; and what is lost meanwhile."""
    for action, pace in (("kill", "fixed"), ("hang", "fixed"), ("hang", "after-result")):
        write("n.yaml", HEAD % 200, "balancer: {algorithm: random, health: {active: {every: 2s, timeout: 500ms, ",
              f"rise: 2, fall: 2, pace: {pace}}}}}}}\n", "backends: [{name: b, count: 80}]\n", deaths(action),
              "run: {kind: transient, duration: 80s, seed: 5}\n")
        result = advise("n.yaml", "-i", "1s,2s", "-f", "1,3", "-t", "500ms,1s", "-r", "20")
        check(len(result["settings"]) == 9 and result["left_out"] == 0, "eight settings and the file's own")
        check([s["own"] for s in result["settings"]].count(True) == 1, "the file's own is marked")
        for every, fall, timeout, row in settings_of(result):
            last = timeout if action == "hang" else 0
            gap = last if pace == "after-result" else 0
            exact = every / 2 + (fall - 1) * (every + gap) + last
            close(row["noticed_s"], exact, f"{action} {pace} {every} {fall} {timeout} noticed")
            check(row["false_ejections_per_hour"]["mean"] == 0, "nobody who is well is taken out")
            check(row["other_ejections_per_hour"]["mean"] == 40 * 3600 / 80, "everybody who fails is, once")
            check(row["checks_per_s"] == 80 / every, "checks a second")
            if action == "kill":  # 40 backends of 80 are each gone so long, unnoticed, of 80 s
                share = row["failed_share"]
                check(share["mean"] >= row["detection_window_share"]["mean"] > 0.97 * share["mean"],
                      "refused while nobody knew")
                # Each of those in rotation gets its share: 80 at first, 40 at last.
                check(0.5 * exact / 80 < share["mean"] < exact / 80, f"failed {share['mean']} of {exact / 80}")


def well_but_lost():
    """A lossy network: a check fails with q = 1 - 0.9^2, and a chain says how often who is well is taken out."""
    write("l.yaml", HEAD % 20, "balancer: {algorithm: random, health: {active: {every: 2s, timeout: 500ms, rise: 1, "
          "fall: 3}}}\n", "backends: [{name: b, count: 10}]\ntimeline: [{at: 0s, loss: b, to: 10%}]\n",
          "run: {kind: transient, duration: 600s, seed: 8}\n")
    result = advise("l.yaml", "-i", "500ms,1s", "-f", "1,2", "-t", "500ms", "-r", "20")
    q = 1 - 0.9 ** 2
    for every, fall, _, row in settings_of(result):
        if fall == 3:
            continue
        rate = q * (1 - q) if fall == 1 else q * q / (1 + q + q * q / (1 - q))
        close(row["false_ejections_per_hour"], 10 * 3600 / every * rate, f"{every} {fall} false")
        check(row["other_ejections_per_hour"]["mean"] == 0 and row["noticed_s"] == {}, "nobody fails")
    check("No backend failed" in result["words"], result["words"])
    limited = advise("l.yaml", "-i", "500ms,1s", "-f", "1,2", "-t", "500ms", "-r", "20", "--max-false-ejections", "1")
    check(not limited["within_limit"], "nothing keeps to it")
    check("No setting keeps to 1 false ejections an hour" in limited["words"], limited["words"])
    least = min(result["settings"], key=lambda s: s["false_ejections_per_hour"]["mean"])
    check([s for s in limited["settings"] if s["recommended"]][0]["interval_s"] == least["interval_s"] and
          [s for s in limited["settings"] if s["recommended"]][0]["fall"] == least["fall"], "the fewest then")


TRADE = ("balancers:\n  - {name: 'left one', clients: ecmp, algorithm: random, health: {active: {every: 2s, timeout: "
         "500ms, rise: 1, fall: 3}}}\n  - {name: right, clients: ecmp, algorithm: random, health: {active: {every: 2s, "
         "timeout: 500ms, rise: 1, fall: 3}}}\n", "backends: [{name: b, count: 10}]\ntimeline:\n"
         "  - {at: 0s, loss: b, to: 5%}\n  - {at: 'uniform(min=20s, max=30s)', kill: b3, for: 30s}\n",
         "run: {kind: transient, duration: 100s, seed: 2}\n")


def means(row):
    return row["failed_share"]["mean"], row["false_ejections_per_hour"]["mean"]


def front():
    """Two balancers; soon noticed against seldom wrong."""
    write("t.yaml", HEAD % 100, *TRADE)
    words = ["t.yaml", "-i", "1s,2s", "-f", "1,2,6", "-t", "250ms", "-r", "20"]
    result = advise(*words)
    rows = result["settings"]
    check([means(r)[0] for r in rows] == sorted(means(r)[0] for r in rows), "in order of failures")
    chosen = [r for r in rows if r["recommended"]]
    check(len(chosen) == 1 and chosen[0]["front"], "one is recommended, on the front")
    front_rows = [r for r in rows if r["front"]]
    check(1 < len(front_rows) < len(rows), f"{len(front_rows)} of {len(rows)} on the front")
    for row in rows:
        if not row["front"]:
            check(any(means(o)[0] <= means(row)[0] and means(o)[1] <= means(row)[1] and means(o) != means(row)
                      for o in rows), "somebody beats it")
    check(chosen[0]["fall"] < 3, "touchy, without a limit")
    careful = advise(*words, "--max-false-ejections", "30")
    best = [r for r in careful["settings"] if r["recommended"]][0]
    check(careful["within_limit"] and means(best)[1] <= 30 and best["fall"] > 2, f"with a limit: {best}")
    check(all(r["false_ejections_per_hour"] == o["false_ejections_per_hour"] and r["failed_share"] == o["failed_share"]
              for r, o in zip(rows, careful["settings"])), "a limit changes no figure")
    check("at most 30 false ejections" in careful["words"] and "For fewer failures" in careful["words"],
          careful["words"])
    one = lbsim("advise", *words, "-j", "1")
    check(one.stdout == lbsim("advise", *words, "-j", "2").stdout, "the same with two threads")
    check(max(map(len, one.stdout.splitlines())) <= 80, "80 columns")
    check(one.stdout.count("\n>") == 2 and "Recommended: interval" in one.stdout, one.stdout)


def forms():
    words = ["t.yaml", "-i", "1s", "-f", "1,2", "-t", "250ms", "-r", "3"]
    rows = advise(*words)["settings"]
    lines = list(csv.DictReader(io.StringIO(lbsim("advise", *words, "--csv").stdout)))
    check(len(lines) == len(rows) == 3, "rows of values")
    for line, row in zip(lines, rows):
        check(abs(float(line["failed_share"]) - row["failed_share"]["mean"]) < 1e-8 and
              line["front"] == str(int(row["front"])) and float(line["interval_s"]) == row["interval_s"], f"{line}")
    text = lbsim("advise", *words, "--markdown").stdout
    check(len(re.findall(r"^\|.*\|$", text, re.M)) == 5 and "- Recommended:" in text, text)
    check("Only 3 replications" in text, "few of them")
    # What fails nobody can still be late, and objectives say what late is.
    write("late.yaml", (HEAD % 100).replace("timeout: 100ms", "objective: 2ms"), *TRADE)
    on_time = advise("late.yaml", "-i", "1s", "-f", "2", "-t", "250ms", "-r", "3")["settings"][0]
    late = advise("late.yaml", "-i", "1s", "-f", "2", "-t", "250ms", "-r", "3", "--late")["settings"][0]
    check(late["failed_share"]["mean"] > on_time["failed_share"]["mean"], "late ones count with --late")


def wrong():
    write("none.yaml", HEAD % 10, "balancer: {algorithm: random}\nbackends: [{name: b}]\nrun: {duration: 1s}\n")
    write("var.yaml", HEAD % 10, "balancer: {algorithm: random}\nbackends: [{name: b}]\nrun: {duration: 9s}\nvariants:\n"
          "  checks: {set: {balancer.health: {active: {every: 1s, timeout: 1s}}}}\n")
    for words, says, status in (
            (["none.yaml"], "has no health checks to set", 2), (["var.yaml"], "--variant", 2),
            (["gone.yaml"], "gone.yaml", 3), (["t.yaml", "-i", "1s,,2s"], "a value is missing", 2),
            (["t.yaml", "-i", ""], "a value is missing", 2), (["t.yaml", "-i", "1s,soon"], "is not a duration", 2),
            (["t.yaml", "-i", "0s"], "must be 1ms", 2), (["t.yaml", "-f", "0"], "must be 1 to 1000", 2),
            (["t.yaml", "-f", "2.5"], "must be 1 to 1000", 2), (["t.yaml", "-t", "-1s"], "--timeout", 2),
            (["t.yaml", "--max-false-ejections", "few"], "must be a number", 2),
            (["t.yaml", "--max-false-ejections", "-1"], "must be a number", 2),
            (["t.yaml", "--json", "--csv"], "exclude each other", 2), (["t.yaml", "-r", "0"], "--replications", 2),
            (["t.yaml", "--variant", "nobody"], "nobody", 2), ([], "FILE", 2),
            (["t.yaml", "-i", ",".join(f"{i}s" for i in range(1, 80))], "more than 64 values", 2),
            (["t.yaml", "-i", ",".join(f"{i}s" for i in range(1, 60)), "-f", "1,2,3,4,5"], "more than 256", 2)):
        done = lbsim("advise", *words)
        check(done.returncode == status and says in done.stderr and done.stdout == "",
              f"{words}: {done.returncode} {done.stderr}")
    alone = advise("var.yaml", "--variant", "checks", "-r", "2", "-i", "1s", "-f", "3", "-t", "1s")
    check(len(alone["settings"]) == 1 and "no other setting" in alone["words"], f"one setting: {alone['words']}")
    few = advise("var.yaml", "--variant", "checks", "-r", "2", "-i", "500ms,1s", "-f", "2", "-t", "1s,100ms")
    check(few["left_out"] == 1 and "1 combination left out" in few["words"], "a timeout longer than the interval")


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    for part in (noticed, well_but_lost, front, forms, wrong):
        part()
    check(sorted(os.listdir(".")) == ["l.yaml", "late.yaml", "n.yaml", "none.yaml", "t.yaml", "var.yaml"],
          "nothing is left behind")
    os.chdir("/")
sys.exit(finish())
