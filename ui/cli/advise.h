/*
 * What the parts of `lbsim advise` share: the command line as it was understood, the settings, the advice.
 */
#ifndef CLI_ADVISE_H
#define CLI_ADVISE_H

#include "sim/base/json.h"
#include "sim/lab/advise.h"
#include "ui/cli/execute.h"
#include "ui/cli/many.h"

struct advise_job {
    struct cli *cli;
    enum many_form form;
    struct advise_setup setup;
    struct scenario *base;
    struct advise_setting *settings; /* owned, with their scenarios */
    uint32_t left_out;               /* combinations that the language refuses */
    struct advice advice;
    struct progress progress;
};

/* Adds "interval 2s, fall 3, timeout 1s". */
void advise_name(const struct advise_setting *setting, struct text *out);
/* Adds the recommendation and its reasons, a sentence a line. */
void advise_words(const struct advise_job *job, struct text *out);
/* In the form asked for, on stdout. */
void advise_print(const struct advise_job *job);

#endif
