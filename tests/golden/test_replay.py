#!/usr/bin/env python3
"""Every recording under tests/golden, decided again by the real program; recordings with one wrong
cell, which must be noticed; and files that are no recordings.
# asan: yes
timeout: 600
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

LBSIM = os.environ.get("LBSIM", "./lbsim")
GOLDEN = pathlib.Path("tests/golden")
passed = failed = 0


def check(fine, what):
    global passed, failed
    if fine:
        passed += 1
    else:
        failed += 1
        print("not so:", what)


def replay(*arguments, text=None):
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    done = subprocess.run([LBSIM, "replay", *map(str, arguments)], input=data or b"",
                          capture_output=True, timeout=120)
    return (done.returncode, done.stdout.decode("utf-8", "replace"),
            done.stderr.decode("utf-8", "replace"))


def recordings():
    return sorted(GOLDEN.glob("*/*.tsv"))


# --- all of them, as they are


def all_recordings():
    files = recordings()
    check(len(files) > 100, f"{len(files)} recordings")
    status, out, err = replay("--json", *files)
    check(status == 0 and err == "", f"all recordings: status {status}: {err[:600]}")
    answer = json.loads(out)
    check(len(answer["files"]) == answer["replayed"] == len(files), "each file is answered")
    for file in answer["files"]:
        check(file["decisions"] > 0, f"{file['file']} decides something")
        check(file["equal"] == file["decisions"], f"{file['file']}: {file}")
    check(answer["equal"] == sum(f["equal"] for f in answer["files"]), "the sum is the sum")
    status, out, err = replay("--csv", *files[:3])
    check(status == 0 and len(out.splitlines()) == 4 and out.startswith("file,kind,"), "csv")
    status, out, err = replay("-q", *files)
    check(out == f"{answer['equal']} of {answer['decisions']} decisions equal in "
                 f"{len(files)} files\n", f"quiet: {out[:300]}")
    status, out, err = replay("-", text=files[-1].read_text())
    check(status == 0 and out.startswith("-: "), "standard input")


# --- one wrong cell in each


def spoil_cell(kind, names, cells):
    """The cells of the row with another decision in it, or None when it holds none."""
    row = dict(zip(names, cells))
    if kind == "checks":
        row["status_after"] = "DOWN" if row["status_after"].startswith("UP") else "UP"
    elif kind == "steps":
        row["weight"] = str(int(row["weight"]) + 1)
    elif kind == "table":
        last = names[-1]
        row[last] = row[last][:-1] + ("0" if row[last][-1] != "0" else "1")
    else:
        column = next((c for c in ("tried", "pick", "pick_after") if c in row), None)
        if (column is None or not row[column].startswith(("s", "REJECT:")) or
                row.get("op", "req") == "close"):
            return None
        row[column] = "s1" if row[column] != "s1" else "s2"
    return [row[name] for name in names]


def spoil(path):
    """The recording with its last decision changed, and the number of that line."""
    lines = path.read_text().split("\n")
    kind = next(line[8:] for line in lines if line.startswith("# kind: "))
    top = next(i for i, line in enumerate(lines) if not line.startswith("#"))
    names = lines[top].split("\t")
    if kind == "counts":
        rows = [line.split("\t") for line in lines[top + 1:] if line]
        rows[0][1], rows[1][1] = (str(int(rows[0][1]) + 300), str(int(rows[1][1]) - 300))
        return "\n".join(lines[:top + 1] + ["\t".join(r) for r in rows]), top + 2
    for i in range(len(lines) - 1, top, -1):
        if lines[i]:
            cells = spoil_cell(kind, names, lines[i].split("\t"))
            if cells is not None:
                lines[i] = "\t".join(cells)
                return "\n".join(lines), i + 1
    raise ValueError(path)


def a_wrong_recording_is_noticed():
    for path in recordings():
        text, line = spoil(path)
        status, out, err = replay("--json", "-", text=text)
        loose = path.name.startswith("bytraf")
        check(status == (0 if loose else 1), f"{path}, line {line} wrong: status {status} {err}")
        if status > 1:
            continue
        file = json.loads(out)["files"][0]
        check(file["equal"] == file["decisions"] - 1, f"{path}: one decision differs: {file}")
        check(file["first_difference"]["line"] == line,
              f"{path}: line {line}, not {file['first_difference']['line']}")
    status, out, err = replay("-", text=spoil(GOLDEN / "nginx/rr_5_1_1.tsv")[0])
    check("first difference in line" in out and "current_weight=" in out, f"state: {out}")


def what_bytraffic_may_miss():
    path = GOLDEN / "apache/bytraf_5_1_1.tsv"
    lines = path.read_text().rstrip("\n").split("\n")
    top = next(i for i, line in enumerate(lines) if not line.startswith("#"))
    wrong = [line.split("\t") for line in lines[top + 1:]]
    wrong = ["\t".join([c[0], "s3" if c[1] != "s3" else "s2", c[2]]) for c in wrong]
    status, out, err = replay("-", text="\n".join(lines[:top + 1] + wrong))
    check(status == 1 and "up to 30 may differ" in out, f"all wrong is too much: {out[:200]}")
    told = ["# request_bytes: 162", "# response_bytes: 13"]
    status, out, err = replay("-", text="\n".join(told + lines))
    check(status == 0 and "may differ" not in out, f"with the bytes told: {out[:200]}{err[:200]}")
    text = (GOLDEN / "apache/own_bytraffic.tsv").read_text()
    sizes = ["# request_bytes: 133\n", "# response_bytes: 14\n"]
    check(all(size in text for size in sizes), "own_bytraffic tells both sizes")
    status, out, err = replay("-", text=text.replace(sizes[0], "").replace(sizes[1], ""))
    check(status == 0 and "56 of 56" in out, f"sizes that explain all are found: {out[:200]}{err}")
    status, out, err = replay("-", text=text.replace(sizes[0], "# request_bytes: 162\n"))
    check(status == 1, f"sizes that are told are taken: {out[:200]}{err}")
    lines = (GOLDEN / "apache/bytraf_5_1_1.tsv").read_text().rstrip("\n").split("\n")
    told = ["# request_bytes: 500", "# response_bytes: 13"]
    status, out, err = replay("-", text="\n".join(told + lines))
    check(status == 1, f"with other bytes: {out[:200]}{err[:200]}")


# --- what users may write


OWN = "# kind: sequence\n# algorithm: weighted-round-robin\n# weights: [2, 1]\nreq\tpick\n"


def an_own_balancer():
    texts = {
        OWN + "1\ts1\n2\ts2\n3\ts1\n": (0, "3 of 3"),
        OWN + "1\ts1\n2\ts1\n3\ts1\n": (1, "2 of 3"),
        OWN.replace("weighted-round-robin", "wrr") + "1\ts1\n": (0, "1 of 1"),
        "# kind: keyed\n# algorithm: envoy-maglev\n# params: {\"table-size\": 11}\n"
        "# hosts: [\"10.0.0.1:80\"]\nkey\tpick\na\ts1\n": (0, "1 of 1"),
        "# kind: hold\n# algorithm: least-connections\n# params: {\"ties\": \"first\"}\n"
        "# limits: [1, 1]\n# weights: [1, 1]\nop\tconn\tpick\nopen\t1\ts1\nopen\t2\ts2\n"
        "open\t3\tQUEUED\nclose\t1\t\ndeq\t3\ts1\n": (0, "4 of 4"),
        "# kind: time\n# config: upstream x { server a:1; }\nsec\top\tserver\tstatus\ttried\n"
        "1\t500\ts1\t\t\n1\tdown\ts1\t\t\n1\treq\t\t502\ts1\n2\tup\ts1\t\t\n"
        "2\treq\t\t500\ts1\n": (0, "2 of 2"),
        "# kind: session\n# config: upstream x { server a:1 route=A; server b:1 route=B; sticky "
        "cookie C path=/; }\nop\tcmd\tcookie\tpick\tset_cookie\nreq\t\t\ts1\tC=A; path=/\n"
        "req\t\tC=B\ts2\t\nreq\t\tC=X\ts1\tC=A; path=/\n": (0, ""),
        "# kind: session\n# config: backend x\\n cookie C prefix\\n server a a:1 cookie A\\n "
        "server b b:1 cookie B\nop\tcmd\tcookie\tpick\tset_cookie\n"
        "req\t\tC=B~7\ts2\tC=B~8; path=/x\nreq\t\tC=7\ts1\tC=A~9\n"
        "req\t\tC=B~7\ts2\t\n": (0, "3 of 3"),
        "# kind: session\n# config: backend x\\n stick-table type ip size 2 expire 10s\\n stick on "
        "src\\n server a a:1\\n server b b:1\nsec\top\tcmd\tclient_ip\tpick\n"
        "1\treq\t\t10.0.0.1\ts1\n2\treq\t\t10.0.0.2\ts2\n3\treq\t\t10.0.0.2\ts2\n"
        "4\treq\t\t10.0.0.1\ts1\n5\treq\t\t10.0.0.3\ts2\n6\treq\t\t10.0.0.2\ts1\n"
        "15\treq\t\t10.0.0.3\ts2\n": (0, "7 of 7"),
        "# kind: events\n# algorithm: round-robin\n# weights: [1, 1]\nop\tcmd\tpick\n"
        "cmd\ts1 down\t\nreq\t\ts2\nreq\t\ts2\ncmd\ts1 up; s2 down\t\nreq\t\ts1\n": (0, "3 of 3"),
    }
    for text, (want, words) in texts.items():
        status, out, err = replay("-", text=text)
        check(status == want and words in out, f"{text!r}: {status} {out} {err}")


NGINX = "# kind: sequence\n# config: upstream x {%s}\nreq\ttried\n1\ts1\n"
HAPROXY = "# kind: sequence\n# config: backend x\\n%s\nreq\tpick\n1\ts1\n"
SERVER = "  server a 10.0.0.1:80 weight 1\\n"


def what_is_not_obeyed_is_refused():
    refused = {
        NGINX % " server a:1 slow_start=3s; ": "slow_start=3s",
        NGINX % " server a:1 weight=many; ": "weight=many",
        NGINX % " server a:1 weight=99999999999999999999; ": "number in range",
        NGINX % "": "found none",
        NGINX % " resolver 1.1.1.1; server a:1; ": "resolver",
        NGINX % " server a:1; hash $a$b; ": "$a$b",
        NGINX % " ip_hash; server a:1 backup; ": "backup",
        NGINX % " server a:1; } ; location: proxy_next_upstream error cached; ": "cached",
        NGINX % " server a:1; } ; location: queue 10; ": "queue",
        HAPROXY % ("  balance magic\\n" + SERVER): "magic",
        HAPROXY % "  server a 10.0.0.1:80 minconn 3\\n": "minconn",
        HAPROXY % "  server a 10.0.0.1:80 weight 257\\n": "257",
        HAPROXY % ("  http-request deny\\n" + SERVER): "http-request",
        HAPROXY % ("  hash-type consistent md5\\n" + SERVER): "md5",
        HAPROXY % ("  stick on src\\n" + SERVER): "stick-table",
        "# kind: sequence\n# config: <Proxy balancer://x>\\n BalancerMember http://a:1 "
        "loadfactor=0\\n</Proxy>\nreq\tpick\n1\ts1\n": "loadfactor",
        "# kind: sequence\n# config: reverse_proxy a:1 {\\n lb_policy cookie x\\n}\nreq\tpick\n"
        "1\ts1\n": "cookie",
        "# kind: sequence\n# director: magic\n# weights: [1]\nreq\tpick\n1\ts1\n": "magic",
        "# kind: sequence\n# config: what is this\nreq\tpick\n1\ts1\n": "upstream NAME {",
        "# kind: sequence\nreq\tpick\n1\ts1\n": "# algorithm:",
        "# kind: sequence\n# algorithm: random\n# config: upstream x {}\nreq\tpick\n1\ts1\n": "one of",
        "# kind: sequence\n# algorithm: wieghted-round-robin\n# weights: [1]\nreq\tpick\n1\ts1\n":
            "did you mean 'weighted-round-robin'",
        "# kind: sequence\n# algorithm: round-robin\n# wieghts: [1]\nreq\tpick\n1\ts1\n":
            "did you mean 'weights'",
        "# kind: sequence\n# algorithm: power-of-two\n# weights: [1]\n# params: {\"choicse\": 2}\n"
        "req\tpick\n1\ts1\n": "did you mean 'choices'",
        "# kind: sequence\n# algorithm: power-of-two\n# weights: [1]\n# params: {\"choices\": 1e9}\n"
        "req\tpick\n1\ts1\n": "must be from",
        "# kind: sequence\n# algorithm: shortest-queue\n# weights: [1]\nreq\tpick\n1\ts1\n": "ideal",
    }
    for text, words in refused.items():
        status, out, err = replay("-", text=text)
        check(status == 2 and words in err and out == "", f"{text!r}: {status} {out} {err}")


def broken_lines_say_where():
    broken = {
        "": ":1:",
        "\n\n\n": ":1:",
        "# kind: sequence\n": ":2: expected a row of column names",
        OWN: ":5: expected rows",
        OWN + "1\ts1\n2\n": ":6: expected 2 cells",
        OWN + "1\ts1\textra\n": ":5: expected 2 cells",
        OWN + "1\tserver-one\n": ":5: expected a server",
        OWN + "1\ts3\n": ":5: expected a server",
        OWN.replace("kind: sequence", "kind sequence"): ":1: expected '# key: value'",
        OWN.replace("sequence", "sequenze") + "1\ts1\n": "did you mean sequence",
        OWN.replace("req\tpick", "req\treq") + "1\ts1\n": ":4: expected names",
        OWN.replace("req\tpick", "req\twho") + "1\ts1\n": ":4: kind sequence: expected a column",
        OWN.replace("sequence", "hold") + "1\ts1\n": "expected a column 'op'",
        OWN.replace("sequence", "keyed") + "1\ts1\n": "expected a column 'key'",
        OWN.replace("[2, 1]", "[2, 1") + "1\ts1\n": ":3: expected",
        OWN.replace("[2, 1]", "[2, -1]") + "1\ts1\n": ":3: expected a number",
        OWN.replace("[2, 1]", "[1e308, 1]") + "1\ts1\n": ":3: expected a number",
        OWN.replace("[2, 1]", "[]") + "1\ts1\n": ": expected servers",
        OWN + "1\ts1\n" + "# kind: keyed\n": ":6: expected 2 cells",
        "# kind: hold\n# algorithm: random\n# weights: [1]\nop\tconn\tpick\nclose\t1\t\n":
            ":5: expected a connection",
        "# kind: hold\n# algorithm: random\n# weights: [1]\nop\tconn\tpick\nopen\t99999999999\ts1\n":
            ":5: expected a number",
        "# kind: hold\n# algorithm: random\n# weights: [1]\nop\tconn\tpick\nfly\t1\ts1\n":
            ":5: expected req, open",
        "# kind: time\n# algorithm: random\n# weights: [1]\nsec\top\tserver\tpick\n"
        "2\treq\t\ts1\n1\treq\t\ts1\n": ":6: expected a whole second",
        "# kind: time\n# algorithm: random\n# weights: [1]\nsec\top\tserver\tpick\n"
        "1\tdown\ts7\t\n": ":5: expected a server",
        "# kind: keyed\n# algorithm: source-hash\n# weights: [1]\nclient_ip\tpick\n10.0.0\ts1\n":
            ":5: expected an IPv4",
        "# kind: events\n# algorithm: random\n# weights: [1]\nop\tcmd\tpick\ncmd\tset fire\t\n":
            ":5: command: expected a command",
        "# kind: events\n# algorithm: random\n# weights: [1]\nop\tcmd\tpick\n"
        "cmd\tset server b/s9 state maint\t\n": ":5: command: expected a server",
        "# kind: counts\n# algorithm: random\n# weights: [1, 1]\n# N: 3\npick\tcount\ns1\t5\n": ":4:",
        "# kind: counts\n# algorithm: random\n# weights: [1, 1]\n# held: [1]\npick\tcount\ns1\t5\n":
            ":4:",
        "# kind: table\n# algorithm: jump\nkey\tbuckets\tbucket\n1\t0\t0\n": ":4: expected",
        "# kind: checks\n# algorithm: random\n# weights: [1]\nresult\tstatus_after\nP\tUP\n": "check",
        "a\0b": "zero byte",
        "\xff\xfe": "expected",
        "# kind: \x1b[31mred\n# algorithm: random\n# weights: [1]\nreq\tpick\n1\ts1\n":
            "unknown kind '?[31mred'",
    }
    for text, words in broken.items():
        status, out, err = replay("-", text=text)
        check(status == 2 and words in err, f"{text!r}: {status} {out} {err}")
        check("\x1b" not in err and "\x1b" not in out, f"{text!r}: shows an escape sequence")
    text = OWN + "1\ts1\n2\ts1\n"
    status, out, err = replay("-", text=text.replace("\n", "\r\n"))
    check(status == 1, "line breaks of another system")
    hidden = "# kind: keyed\n# algorithm: source-hash\n# weights: [1, 1]\nkey\tpick\n\x1b[2J\ts1\n"
    status, out, err = replay("-", text=hidden)
    check(status in (0, 1) and "\x1b" not in out + err, f"a key with an escape sequence: {out}{err}")


def hostile_files(scratch):
    fifo, folder = scratch / "fifo.tsv", scratch / "folder"
    os.mkfifo(fifo)
    folder.mkdir()
    (scratch / "empty.tsv").write_bytes(b"")
    (scratch / "large.tsv").write_bytes(b"x" * (16 * 1024 * 1024 + 1))
    good = GOLDEN / "nginx/rr_5_1_1.tsv"
    for path, want, words in ((fifo, 3, "a pipe"), (folder, 3, "a directory"),
                              (scratch / "none.tsv", 3, "cannot open"), ("/dev/zero", 3, "a device"),
                              (scratch / "empty.tsv", 2, "empty"),
                              (scratch / "large.tsv", 2, "16 MiB")):
        status, out, err = replay(path)
        check(status == want and words in err, f"{path}: {status} {err}")
        status, out, err = replay(path, good)
        check(status == want and "23 of 23" in out, f"{path}: the next file is replayed: {out}")
    rows = "".join(f"{i}\ts1\n" for i in range(1000001))
    many = {
        "servers": OWN.replace("[2, 1]", str([1] * 5000)) + "1\ts1\n",
        "columns": "# kind: keyed\n" + "\t".join(f"c{i}" for i in range(40)) + "\n1\n",
        "headers": "".join(f"# kay{i}: 1\n" for i in range(100)) + "a\n1\n",
        "rows": OWN + rows,
        "nesting": OWN.replace("[2, 1]", "[" * 100000) + "1\ts1\n",
        "a long line": "# kind: " + "x" * 100000 + "\na\n1\n",
        "many words": NGINX % (" server " + "a " * 100000 + ";"),
    }
    for what, text in many.items():
        status, out, err = replay("-", text=text)
        check(status == 2 and len(err) < 2000, f"too many {what}: {status} {err[:300]}")
    heavy = {
        "nginx points": NGINX % (" hash $k consistent;" + " server a:1 weight=1000000;" * 50),
        "nginx weights": NGINX % (" random;" + " server a:1 weight=1000000;" * 500),
        "haproxy map": HAPROXY % ("  balance static-rr\\n" + "".join(
            f"  server a{i} 10.0.0.1:80 weight {256 - i % 7}\\n" for i in range(300))),
        "haproxy ring": HAPROXY % ("  balance uri\\n  hash-type consistent\\n" + "".join(
            f"  server a{i} 10.0.0.1:80 weight 256\\n" for i in range(300))),
        "varnish points": "# kind: keyed\n# director: shard\n# weights: [1000000, 1000000]\n"
                          "key\tpick\na\ts1\n",
    }
    for what, text in heavy.items():
        status, out, err = replay("-", text=text)
        check(status in (0, 1, 2), f"{what}: {status} {err[:300]}")


def usage():
    for arguments in ((), ("--json", "--csv", "x"), ("--nonsense", "x")):
        status, out, err = replay(*arguments)
        check(status == 2 and err != "", f"{arguments}: {status}")


with tempfile.TemporaryDirectory() as folder:
    all_recordings()
    a_wrong_recording_is_noticed()
    what_bytraffic_may_miss()
    an_own_balancer()
    what_is_not_obeyed_is_refused()
    broken_lines_say_where()
    hostile_files(pathlib.Path(folder))
    usage()
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
