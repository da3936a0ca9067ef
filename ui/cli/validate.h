/*
 * What the two halves of the command validate share: cmd_validate.c compares figures, validate_coverage.c
 * tries the intervals.
 */
#ifndef CLI_VALIDATE_H
#define CLI_VALIDATE_H

#include "sim/lab/coverage.h"
#include "ui/cli/cli.h"

enum form { FORM_TABLE, FORM_JSON, FORM_CSV };

/* --coverage over these cases; returns an enum cli_status. */
int validate_coverage(struct cli *cli, const struct validate_setup *setup,
                      const struct theory_case *cases, uint32_t count, enum form form);

#endif
