#!/usr/bin/env bash
# Files and places that are not what a user thought: exit status, a message that names the file, no
# hang, nothing harmed. What is wrong inside a scenario is tested elsewhere.
# asan: yes
set -u
. tests/tools/check.sh

quick() { run timeout 10 "$LBSIM" "$@"; }

# --- the scenario is no file that can be read
mkdir "$scratch/folder"
mkfifo "$scratch/pipe.yaml"
mkfifo "$scratch/pipe.db"
ln -s loop.yaml "$scratch/loop.yaml"
for command in run check watch; do
    for file in nowhere.yaml folder pipe.yaml loop.yaml; do
        set -- "$command" "$scratch/$file"
        [ "$command" = check ] || set -- "$@" --db :memory:
        quick "$@"
        status_is 3 "$command $file"
        says err "$file" "$command $file"
        says_nothing out "$command $file"
    done
done
quick run /dev/zero --db :memory:
status_is 3 'run /dev/zero'
quick run "$scratch/a"$'\e[31m'"b.yaml" --db :memory:
status_is 3 'a missing file with an escape sequence in its name'
! grep -q $'\e' "$scratch/err"
check $? 'the name of a missing file is shown without its escape sequence'
quick run "$(printf '%05000d' 0)" --db :memory:
status_is 3 'a name of 5000 bytes'
quick run -- -x.yaml --db
status_is 2 'what follows -- is no option'
quick run frist --db :memory:
status_is 3 'a scenario that is not there'
printf 'lbsim: 1\nfoo: 2\n' | timeout 10 "$LBSIM" run - --db :memory: >"$scratch/out" 2>"$scratch/err"
status=$?
status_is 2 'a wrong scenario on standard input'
says err 'foo' 'a wrong scenario on standard input'
timeout 10 "$LBSIM" run - --db :memory: --quiet <scenarios/first.yaml >"$scratch/out" 2>"$scratch/err"
status=$?
status_is 0 'a scenario on standard input'

# --- the database is in no place that can be written
for place in "$scratch/none/x.db" "$scratch/folder" /proc/x.db "$scratch/pipe.db" /dev/full; do
    quick run first --quiet --db "$place"
    status_is 3 "--db $place"
    says err "$place" "--db $place"
done
quick run first --quiet --db ''
[ $status = 2 ] || [ $status = 3 ]
check $? "--db '': status $status"
chmod 555 "$scratch/folder"
if ! touch "$scratch/folder/try" 2>/dev/null; then # root may write anywhere
    quick run first --quiet --db "$scratch/folder/x.db"
    status_is 3 'a folder without write permission'
fi
chmod 755 "$scratch/folder"
# A place that is full: no file of this process may grow beyond 16 KiB.
(
    trap '' XFSZ
    ulimit -f 16
    exec timeout 10 "$LBSIM" run first --quiet --db "$scratch/full.db"
) >"$scratch/out" 2>"$scratch/err"
status=$?
status_is 3 'a full place'
says err 'full.db' 'a full place'
rm -f "$scratch"/full.db*
(
    ulimit -f 16
    exec timeout 10 "$LBSIM" run first --quiet --db "$scratch/full.db"
) >"$scratch/out" 2>"$scratch/err"
status=$?
status_is 3 'a full place, with the signal not ignored'

# --- the file is no database, another program's, or a newer version's
sql() { # FILE SCRIPT
    "$PYTHON" -c 'import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.executescript(sys.argv[2])
connection.close()' "$@"
}
head -c 20000 /dev/urandom >"$scratch/noise.db"
echo 'not a database' >"$scratch/short.db"
sql "$scratch/other.db" 'CREATE TABLE run (who TEXT); INSERT INTO run VALUES ("them");'
sql "$scratch/claimed.db" 'PRAGMA application_id = 12345; CREATE TABLE t (x);'
quick run first --quiet --db "$scratch/newer.db"
status_is 0 'a new database'
sql "$scratch/newer.db" 'PRAGMA user_version = 9999;'
for name in noise short other claimed newer; do
    cp "$scratch/$name.db" "$scratch/before"
    for command in run report; do
        if [ $command = run ]; then set -- first --quiet; else set --; fi
        quick $command "$@" --db "$scratch/$name.db"
        status_is 3 "$command on $name.db"
        says err "$name.db" "$command on $name.db"
        cmp -s "$scratch/before" "$scratch/$name.db"
        check $? "$command leaves $name.db as it is"
    done
done
quick report --db "$scratch/nothing.db"
status_is 3 'a report of a database that is not there'
[ ! -e "$scratch/nothing.db" ]
check $? 'a report makes no database'

# --- no gnuplot: the rest works, and the message names the package
quick run first --quiet --db "$scratch/runs.db"
mkdir "$scratch/empty"
run timeout 30 env PATH="$scratch/empty" "$LBSIM" report --db "$scratch/runs.db" -o "$scratch/charts"
says out 'least-connections' 'a report without gnuplot has its table'
says err 'gnuplot' 'a report without gnuplot'
grep -qE 'gnuplot-nox|apt' "$scratch/err"
check $? "a report without gnuplot names the package: $(cat "$scratch/err")"

# --- interrupted
for signal in INT TERM; do
    # A background job of a script ignores SIGINT unless it is started like this. (--foreground: else
    # timeout signals its group too, and a second signal ends the program at once.)
    timeout --foreground --preserve-status -s $signal 1 "$LBSIM" run first --quiet \
        --db "$scratch/stopped.db" --set run.duration=100h >"$scratch/out" 2>"$scratch/err" </dev/null
    status=$?
    status_is 130 "SIG$signal in a long run"
done
sql "$scratch/stopped.db" 'PRAGMA integrity_check'
check $? 'the database after a signal'

check_done
