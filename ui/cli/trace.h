/*
 * run --trace-request: the story of one request, step by step.
 */
#ifndef CLI_TRACE_H
#define CLI_TRACE_H

#include "ui/cli/cli.h"

/* A row for the option table of `run`. */
#define TRACE_OPTION                                                                               \
    {                                                                                              \
        "trace-request", 0, "N",                                                                   \
            "tell the story of request N (0, 1, ... as they arrive) step by step, and nothing "    \
            "else",                                                                                \
            false                                                                                  \
    }

/* The whole command. Returns the exit status: CLI_WRONG when the run has no such request. */
int trace_command(struct cli *cli);

#endif
