/*
 * From a file to a struct scenario, or to messages that say what to mend.
 */
#ifndef SCENARIO_LOAD_H
#define SCENARIO_LOAD_H

#include "sim/base/text.h"
#include "sim/scenario/scenario.h"

struct scenario_request {
    const char *path; /* a regular file, or "-" for standard input */
    const char *text; /* instead of reading path: these bytes (path is then the name shown) */
    size_t text_size;
    const char *const *sets; /* "path=value", carried out in order after the variant's own */
    uint32_t set_count;
    /* "path=value,value" or "path=range(...)": keys of the grid, after or instead of those of `sweep`.
     * The first `overs_first` of them come before all keys that they do not replace. */
    const char *const *overs;
    uint32_t over_count, overs_first;
    bool cell; /* one cell of a grid that has been checked: its values are not tried again */
    const char *variant;        /* NULL or "base": the file itself */
    const char *algorithm;      /* NULL = as the file says; a name resets params */
    const char *algorithm_from; /* what a message about it names; NULL = --algorithm */
    bool seed_given;
    uint64_t seed;
};

/*
 * Reads, checks and fills in. On success a scenario to be freed with scenario_destroy, and warnings
 * in *messages (usually none). On failure NULL: *messages holds all errors (at most 20 shown), each
 * with file:line:column, the source line, a caret and the remedy, ready to print; *status is the
 * exit status, 2 for a wrong scenario, 3 for a file that cannot be read. messages is initialised by
 * the caller and may already hold text.
 */
struct scenario *scenario_load(const struct scenario_request *request, struct text *messages,
                               int *status);

/*
 * explain: the schema, for people. key is a path ("balancer.health.active.every"), a key name, a
 * distribution, action or metric; "" prints the overview. Adds to *out; false when there is no
 * such key (then *out has the nearest).
 */
bool scenario_explain(const char *key, struct text *out);
/* The schema as a Markdown table, for scenarios/README.md, and as JSON (explain --json). */
void scenario_schema_markdown(struct text *out);
void scenario_schema_json(struct text *out);

/* Reads "1.5s": 0, or -1 with *error. For options of the command line. */
int scenario_parse_time(const char *string, lb_time *value, struct lb_error *error);

/*
 * A person's command in the language of the timeline, against a loaded scenario: "kill web2",
 * "weight web2 to 3". Fills *action (at is 0). 0, or -1 with *error.
 */
int scenario_parse_action(const struct scenario *scenario, enum action action, const char *target,
                          const char *to, struct scenario_action *result, struct lb_error *error);

#endif
