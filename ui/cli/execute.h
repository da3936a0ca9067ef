/*
 * What every command that runs a scenario does the same way: load it with the options of the
 * command line, run one replication with a progress line, record it.
 */
#ifndef CLI_EXECUTE_H
#define CLI_EXECUTE_H

#include "sim/record/record.h"
#include "sim/run/run.h"
#include "ui/cli/cli.h"
#include "ui/cli/plugin.h"

/* Rows for an option table: what changes a scenario. execute_load reads them. */
#define EXECUTE_SCENARIO_OPTIONS                                                                   \
    {"set", 's', "PATH=VALUE", "change a key of the scenario, as in run.duration=30s", true},      \
        {"algorithm", 'a', "ALGORITHM", "use this algorithm instead of the scenario's", false},    \
        {"seed", 0, "N", "use this seed instead of the scenario's", false}, PLUGIN_OPTION,         \
    {                                                                                              \
        "variant", 0, "NAME", "use this variant of the scenario", false                            \
    }

/* Rows for an option table: where the run is recorded. execute_open reads them. */
#define EXECUTE_RECORD_OPTIONS                                                                     \
    {"db", 'd', "FILE", "record in this database (default lbsim.db; :memory: keeps nothing)",      \
     false},                                                                                       \
    {                                                                                              \
        "samples", 0, "all", "sample every backend, not groups, beyond 256 of them", false         \
    }

struct scenario_request;

/* What the options say of a scenario, and nothing else, into *request. CLI_DONE, or CLI_WRONG after a
 * message. */
int execute_request(const struct cli *cli, struct scenario_request *request);
/* Loads it, with messages on stderr; NULL with *status to return. */
struct scenario *execute_load_request(const struct cli *cli, const struct scenario_request *request,
                                      int *status);

/*
 * Loads the scenario that name means. variant and algorithm, when not NULL, win over the command
 * line. NULL after messages on stderr, with *status to return.
 */
struct scenario *execute_load(const struct cli *cli, const char *name, const char *variant,
                              const char *algorithm, int *status);

/* Loads another variant of a scenario that is loaded already, from the same text: standard input can be
 * read only once, and a file may have changed. */
struct scenario *execute_reload(const struct cli *cli, const struct scenario *loaded,
                                const char *variant, int *status);

/* Opens the database that the options name into *record, which stays NULL for :memory:, where nothing
 * would be kept. CLI_DONE, or another status after a message. */
int execute_open(const struct cli *cli, struct record **record);

struct execution {
    const struct cli *cli;
    const struct scenario *scenario;
    struct record *record; /* NULL = do not record */
    uint32_t replication;
    bool quiet; /* no progress line, no words */
    struct record_result recorded;
};

/*
 * Runs one replication to its end, or until a signal, and records it. *status: CLI_DONE,
 * CLI_INTERRUPTED, or the status of an error that was told on stderr. The run, finished, to be
 * freed with run_destroy; NULL when there is nothing to show.
 */
struct run *execute_run(struct execution *execution, int *status);

#endif
