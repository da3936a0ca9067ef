/*
 * run --margins: how far the expectations of scenarios are from failing by chance, as a table.
 */
#ifndef CLI_MARGINS_H
#define CLI_MARGINS_H

#include "ui/cli/cli.h"

/* Rows for the option table of `run`. */
#define MARGINS_OPTIONS                                                                            \
    {"margins", 0, NULL, "run every variant at 20 seeds and print the margin of each expectation", \
     false},                                                                                       \
        {"margin", 0, "N", "with --margins: fail below N standard deviations (default 4)", false}, \
        {"seeds", 0, "N", "with --margins: that many seeds", false},                               \
    {                                                                                              \
        "jobs", 'j', "N", "with --margins: use N threads (default: all processors)", false         \
    }

/* The whole command: for each file among the arguments its table. Returns the exit status, which is
 * CLI_FAILED when a margin is too small. */
int margins_command(struct cli *cli);

#endif
