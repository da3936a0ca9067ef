/*
 * --save-baseline of the commands that record: the name is looked at before anything runs, and given at the end.
 */
#ifndef CLI_KEEP_H
#define CLI_KEEP_H

#include "sim/record/named.h"
#include "ui/cli/cli.h"

/* Rows for an option table. */
#define KEEP_OPTIONS                                                                               \
    {"save-baseline", 0, "NAME", "give what is recorded this name, for `lbsim diff --baseline`",   \
     false},                                                                                       \
    {                                                                                              \
        "overwrite", 0, NULL, "with --save-baseline: the name may stand for another already",      \
            false                                                                                  \
    }

/* Before the work: may the name be given in this database (NULL = nothing is recorded)? CLI_DONE also when there is
 * none, or another status after a message. */
int keep_check(const struct cli *cli, struct record *record);
/* After it: gives the name to what was recorded under this number. As keep_check. */
int keep_save(const struct cli *cli, struct record *record, enum named_kind kind, int64_t number);

#endif
