/*
 * sweep --emit: scripts that make a sweep in shards, on a cluster (Slurm) or on this machine (GNU
 * parallel), and merge them.
 *
 * Every task makes one shard of many cells into a database of its own; a task that is killed and comes
 * again goes on where it was, since a shard resumes its database. All words from outside stand in single
 * quotes, in which a shell knows no special character but the quote itself.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/lab/plan.h"
#include "ui/cli/sweep.h"

/* Of an array, as Slurm comes: MaxArraySize is 1001, and indices end below it. */
#define SLURM_TASKS 1000U

/* 'it'\''s': the word for a POSIX shell, whatever is in it. */
static void add_quoted(struct text *to, const char *word)
{
    text_add(to, "'", 1);
    for (; *word != '\0'; word++)
        if (*word == '\'')
            text_addf(to, "'\\''");
        else
            text_add(to, word, 1);
    text_add(to, "'", 1);
}

/* The program as it was started, found again from any folder. */
static void add_program(struct text *to)
{
    char path[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
    if (size <= 0) {
        text_addf(to, "lbsim");
        return;
    }
    path[size] = '\0';
    add_quoted(to, path);
}

static void add_absolute(struct text *to, const char *path)
{
    char *whole = realpath(path, NULL);
    add_quoted(to, whole != NULL ? whole : path);
    free(whole);
}

/* " --set 'a=b' --seed '7'": what shapes the sweep, for every task the same. */
static void add_options(struct text *to, const struct sweep_job *job)
{
    static const char *const names[] = {"set",       "over", "algorithms", "plugin",
                                        "algorithm", "seed", "variant",    "replications"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        uint32_t count;
        const char *const *values = cli_values(job->cli, names[i], &count);
        for (uint32_t v = 0; v < count; v++) {
            text_addf(to, " --%s=", names[i]);
            if (strcmp(names[i], "plugin") == 0)
                add_absolute(to, values[v]);
            else
                add_quoted(to, values[v]);
        }
    }
}

/* The command of one shard, with its number in shell variable `i` of `n`. */
static void add_shard(struct text *to, const struct sweep_job *job)
{
    text_addf(to, "\"$lbsim\" sweep \"$scenario\"");
    add_options(to, job);
    text_addf(to, " --jobs=\"$jobs\" --quiet --csv --shard=\"$i/$n\" --db=\"$parts/$i.db\" "
                  ">\"$parts/$i.csv\"");
}

static void add_variables(struct text *to, const struct sweep_job *job, uint32_t tasks)
{
    const char *db = cli_value(job->cli, "db");
    text_addf(to, "lbsim=");
    add_program(to);
    text_addf(to, "\nscenario=");
    add_absolute(to, job->path);
    text_addf(to, "\nout=");
    add_quoted(to, db != NULL ? db : "lbsim.db");
    text_addf(to, "\nparts=$out.parts\nn=%u\n", tasks);
    text_addf(to, "case $out in :*) echo 'a sweep in shards needs a database file' >&2; exit 2;; "
                  "esac\n");
}

static void emit_slurm(struct text *to, const struct sweep_job *job, uint32_t tasks)
{
    text_addf(
        to,
        "#!/bin/sh\n"
        "# A sweep as a Slurm job array: sh THIS submits %u tasks and, behind them, the merge.\n"
        "# Run it in a folder that all nodes share. A task that is killed and requeued, or\n"
        "# submitted again, goes on with the cells that its database has not. When a task fails, "
        "the\n"
        "# merge is cancelled: submit again.\n"
        "#SBATCH --job-name=lbsim-sweep\n"
        "#SBATCH --requeue\n"
        "#SBATCH --open-mode=append\n"
        "#SBATCH --nodes=1 --ntasks=1\n"
        "set -eu\n",
        tasks);
    add_variables(to, job, tasks);
    text_addf(to, "jobs=${SLURM_CPUS_PER_TASK:-1}\n"
                  "if [ \"${LBSIM_SWEEP_PART:-}\" = shard ]; then\n"
                  "    i=$SLURM_ARRAY_TASK_ID\n"
                  "    exec ");
    add_shard(to, job);
    text_addf(
        to,
        "\n"
        "elif [ \"${LBSIM_SWEEP_PART:-}\" = merge ]; then\n"
        "    set --\n"
        "    i=1\n"
        "    while [ \"$i\" -le \"$n\" ]; do set -- \"$@\" \"$parts/$i.db\"; i=$((i + 1)); done\n"
        "    exec \"$lbsim\" merge -- \"$out\" \"$@\"\n"
        "fi\n"
        "mkdir -p -- \"$parts\"\n"
        "# In the name of a log %% has a meaning for Slurm.\n"
        "logs=$(printf '%%s\\n' \"$parts\" | sed 's/%%/%%%%/g')\n"
        "export LBSIM_SWEEP_PART=shard\n"
        "array=$(sbatch --parsable --export=ALL --array=\"1-$n\" \\\n"
        "    --output=\"$logs/%%a.log\" \"$@\" \"$0\")\n"
        "export LBSIM_SWEEP_PART=merge\n"
        "merge=$(sbatch --parsable --export=ALL --dependency=\"afterok:${array%%%%;*}\" \\\n"
        "    --kill-on-invalid-dep=yes --output=\"$logs/merge.log\" \"$@\" \"$0\")\n"
        "echo \"array ${array%%%%;*}, merge ${merge%%%%;*}\"\n");
}

static void emit_parallel(struct text *to, const struct sweep_job *job, uint32_t tasks)
{
    text_addf(to,
              "#!/bin/sh\n"
              "# A sweep in %u shards by GNU parallel (parallel's own options may follow: -j 8,\n"
              "# --sshloginfile hosts with a folder that all share), then the merge. Run again, it "
              "goes\n# on with the cells that are missing.\n"
              "set -eu\n",
              tasks);
    add_variables(to, job, tasks);
    text_addf(to, "case $parts in /*) ;; *) parts=$PWD/$parts ;; esac\n"
                  "jobs=1\nmkdir -p -- \"$parts\"\nexport lbsim scenario parts n jobs\n"
                  "# --env: on other machines, too.\n"
                  "seq \"$n\" | PARALLEL_SHELL=/bin/sh parallel --halt soon,fail=1 --env lbsim \\\n"
                  "    --env scenario --env parts --env n --env jobs \"$@\" ");
    struct text shard;
    text_init(&shard);
    text_addf(&shard, "i={}; ");
    add_shard(&shard, job);
    add_quoted(to, shard.data);
    text_done(&shard);
    text_addf(to,
              "\nset --\ni=1\n"
              "while [ \"$i\" -le \"$n\" ]; do set -- \"$@\" \"$parts/$i.db\"; i=$((i + 1)); done\n"
              "exec \"$lbsim\" merge -- \"$out\" \"$@\"\n");
}

int sweep_emit(const struct sweep_job *job, const char *form)
{
    static const char *const forms[] = {"slurm", "parallel"};
    uint32_t cells = plan_cells(job->scenario);
    uint64_t tasks = 16;
    struct text script;
    if (cli_number(job->cli, "tasks", 1, 10000, &tasks) != 0)
        return CLI_WRONG;
    if (strcmp(form, "slurm") != 0 && strcmp(form, "parallel") != 0)
        return cli_fail_unknown(job->cli, "form of --emit", form, forms, 2);
    if (strcmp(job->path, "-") == 0)
        return cli_fail(job->cli, CLI_WRONG, "--emit needs the scenario in a file");
    if (job->shards > 1)
        return cli_fail(job->cli, CLI_WRONG, "--emit and --shard exclude each other");
    tasks = tasks < cells ? tasks : cells;
    if (tasks > SLURM_TASKS && strcmp(cli_value(job->cli, "emit"), "slurm") == 0)
        fprintf(
            stderr,
            "lbsim sweep: note: %u tasks need MaxArraySize above %u in slurm.conf; without, write "
            "--tasks %u: a task makes as many cells as fall to it\n",
            (unsigned)tasks, (unsigned)tasks, SLURM_TASKS);
    text_init(&script);
    if (strcmp(form, "slurm") == 0)
        emit_slurm(&script, job, (uint32_t)tasks);
    else
        emit_parallel(&script, job, (uint32_t)tasks);
    (void)fwrite(script.data, 1, script.size, stdout);
    text_done(&script);
    return CLI_DONE;
}
