/*
 * Which lbsim this is. The Makefile defines both macros for this file alone, so that a commit
 * compiles nothing else again.
 */
#include "ui/cli/cli.h"

const char *cli_version(void)
{
    return LBSIM_VERSION;
}

const char *cli_build(void)
{
    /* "6f1c2ab,modified", or empty outside a checkout. */
    return LBSIM_COMMIT[0] == '\0' ? LBSIM_VERSION : LBSIM_VERSION " (" LBSIM_COMMIT ")";
}
