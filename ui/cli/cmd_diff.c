/*
 * diff: what differs between two runs, sweeps or comparisons of the database; baselines by name; a verdict for CI.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reports/query.h"
#include "ui/cli/diff.h"

static const struct option_spec options[] = {
    {"db", 'd', "FILE", "the database (default lbsim.db)", false},
    {"baseline", 'b', "NAME", "hold against this baseline; without RUN, the latest of its kind",
     false},
    {"save-baseline", 0, "NAME", "give RUN (or the latest experiment) this name, compare nothing",
     false},
    {"overwrite", 0, NULL, "with --save-baseline: the name may stand for another already", false},
    {"baselines", 0, NULL, "list the baselines of the database", false},
    {"tolerance", 't', "P%", "a change is one when it is shown to exceed this (default 0)", false},
    {"metric", 'm', "M,M,...", "only these: mean, p50, p90, p99, p99.9, errors, goodput, ...",
     false},
    {"json", 0, NULL, "print one JSON object", false},
    {"markdown", 0, NULL, "print Markdown", false},
    {NULL, 0, NULL, NULL, false},
};

static int read_tolerance(struct diff *diff)
{
    const char *word = cli_value(diff->cli, "tolerance");
    char *end;
    if (word == NULL)
        return CLI_DONE;
    double value = strtod(word, &end);
    const char *after = word + strspn(word, "0123456789.");
    if (after == word || end != after || (strcmp(after, "%") != 0 && *after != '\0') ||
        !(value >= 0.0 && value <= 100.0))
        return cli_fail(diff->cli, CLI_WRONG, "--tolerance must be 0%% to 100%%, not '%s'", word);
    diff->tolerance = value / 100.0;
    return CLI_DONE;
}

static int read_metrics(struct diff *diff)
{
    const char *list = cli_value(diff->cli, "metric"), *names[CELL_FIGURES];
    int status = CLI_DONE;
    for (int i = 0; i < CELL_FIGURES; i++) {
        names[i] = cell_figures[i].name;
        if (list == NULL && i != CELL_THROUGHPUT) /* goodput says more */
            diff->figures[diff->figure_count++] = (enum cell_figure)i;
    }
    while (list != NULL && status == CLI_DONE) {
        size_t size = strcspn(list, ",");
        char *word = text_copy_n(list, size);
        int figure = cell_figure_find(word);
        bool twice = false;
        for (uint32_t i = 0; i < diff->figure_count; i++)
            twice |= (int)diff->figures[i] == figure;
        if (figure < 0)
            status = cli_fail_unknown(diff->cli, "metric", word, names, CELL_FIGURES);
        else if (!twice)
            diff->figures[diff->figure_count++] = (enum cell_figure)figure;
        free(word);
        list = list[size] == ',' ? list + size + 1 : NULL;
    }
    return status;
}

static int list_baselines(struct cli *cli, struct record *record)
{
    struct lb_error error = {0};
    struct query q;
    query_open(&q, record,
               "SELECT name, kind, number, digest, datetime(saved_s, 'unixepoch') FROM baseline"
               " ORDER BY name");
    while (query_next(&q)) {
        char *name = query_text(&q), *kind = query_text(&q);
        int64_t number = query_int(&q);
        char *digest = query_text(&q), *saved = query_text(&q);
        text_print(stdout, name);
        printf("  %s:%" PRId64 "  %s  %s\n", kind, number, digest, saved);
        free(name);
        free(kind);
        free(digest);
        free(saved);
    }
    return query_close(&q, record, &error) == 0 ? CLI_DONE : cli_fail_error(cli, &error);
}

/* The latest of this kind, but the one numbered so. */
static int latest(struct cli *cli, struct record *record, enum named_kind kind, int64_t but,
                  struct named *named)
{
    struct lb_error error = {0};
    int found = named_latest(record, kind, but, named, &error);
    if (found < 0)
        return cli_fail_error(cli, &error);
    return found > 0 ? CLI_DONE
                     : cli_fail(cli, CLI_WRONG, "the database has no %s%s", but > 0 ? "other " : "",
                                named_kinds[kind]);
}

static int save(struct cli *cli, struct record *record)
{
    struct lb_error error = {0};
    struct diff_side side = {0};
    const char *name = cli_value(cli, "save-baseline");
    if (cli->argument_count > 1 || cli_value(cli, "baseline") != NULL)
        return cli_fail(cli, CLI_WRONG, "--save-baseline names one run or experiment");
    int status = CLI_DONE;
    if (cli->argument_count == 0)
        status = latest(cli, record, NAMED_EXPERIMENT, 0, &side.named);
    else if (named_find(record, cli->arguments[0], &side.named, &error) != 0)
        status = cli_fail_error(cli, &error);
    if (status != CLI_DONE)
        return status;
    if (diff_read(record, &side, &error) != 0)
        status = cli_fail_error(cli, &error);
    else if (side.named.kind == NAMED_EXPERIMENT && side.count < side.planned)
        status = cli_fail(cli, CLI_WRONG,
                          "experiment %" PRId64 " has %u of %u cells: finish it first (the same "
                          "command again)",
                          side.named.number, side.count, side.planned);
    else if (baseline_save(record, name, &side.named, cli_flag(cli, "overwrite"), &error) != 0)
        status = cli_fail_error(cli, &error);
    else
        printf("Baseline %s is %s %" PRId64 ", digest %s.\n", name, named_kinds[side.named.kind],
               side.named.number, side.named.digest);
    diff_side_done(&side);
    return status;
}

static int find_sides(struct diff *diff, struct record *record)
{
    struct cli *cli = diff->cli;
    struct named *a = &diff->side[0].named, *b = &diff->side[1].named;
    struct lb_error error = {0};
    const char *name = cli_value(cli, "baseline");
    uint32_t at = 0;
    if (cli->argument_count > (name != NULL ? 1U : 2U) || (name == NULL && cli->argument_count < 2))
        return cli_fail(cli, CLI_WRONG,
                        "name two runs or two experiments, or --baseline NAME and at most one");
    if ((name != NULL ? baseline_find(record, name, a, &error)
                      : named_find(record, cli->arguments[at++], a, &error)) != 0)
        return cli_fail_error(cli, &error);
    if (at == cli->argument_count)
        return latest(cli, record, a->kind, a->number, b);
    if (named_find(record, cli->arguments[at], b, &error) != 0)
        return cli_fail_error(cli, &error);
    if (a->kind != b->kind)
        return cli_fail(cli, CLI_WRONG,
                        "%s %" PRId64 " and %s %" PRId64
                        " are not of one kind: name two runs or two experiments",
                        named_kinds[a->kind], a->number, named_kinds[b->kind], b->number);
    return CLI_DONE;
}

static int compare(struct diff *diff, struct record *record)
{
    struct lb_error error = {0};
    struct diff_side *a = &diff->side[0], *b = &diff->side[1];
    if (diff_read(record, a, &error) != 0 || diff_read(record, b, &error) != 0)
        return cli_fail_error(diff->cli, &error);
    diff->same = strcmp(a->named.digest, b->named.digest) == 0;
    if (a->named.kind == NAMED_EXPERIMENT) {
        diff->common = strcmp(a->facts[4], b->facts[4]) == 0;
        diff_match(diff);
        if (diff->pair_count == 0)
            return cli_fail(diff->cli, CLI_WRONG,
                            "experiments %" PRId64 " and %" PRId64 " have no cell of the same "
                            "settings, so nothing can be compared",
                            a->named.number, b->named.number);
    }
    if (cli_flag(diff->cli, "json"))
        diff_print_json(diff);
    else
        diff_print(diff);
    return diff->worse > 0 ? CLI_FAILED : CLI_DONE;
}

static int run_diff(struct cli *cli)
{
    struct diff diff = {.cli = cli, .markdown = cli_flag(cli, "markdown")};
    struct lb_error error = {0};
    const char *path = cli_value(cli, "db");
    bool saves = cli_value(cli, "save-baseline") != NULL;
    if (cli_flag(cli, "json") && diff.markdown)
        return cli_fail(cli, CLI_WRONG, "--json and --markdown exclude each other");
    if (cli_flag(cli, "overwrite") && !saves)
        return cli_fail(cli, CLI_WRONG, "--overwrite goes with --save-baseline");
    if (read_tolerance(&diff) != CLI_DONE || read_metrics(&diff) != CLI_DONE)
        return CLI_WRONG;
    /* RECORD_WRITE would make a database that is not there, so look first. */
    struct record *record = record_open(path != NULL ? path : "lbsim.db", RECORD_READ, &error);
    if (record != NULL && saves) {
        record_close(record);
        record = record_open(path != NULL ? path : "lbsim.db", RECORD_WRITE, &error);
    }
    if (record == NULL)
        return cli_fail_error(cli, &error);
    int status = saves                        ? save(cli, record)
                 : cli_flag(cli, "baselines") ? list_baselines(cli, record)
                                              : find_sides(&diff, record);
    if (status == CLI_DONE && !saves && !cli_flag(cli, "baselines"))
        status = compare(&diff, record);
    for (int k = 0; k < 2; k++)
        diff_side_done(&diff.side[k]);
    free(diff.pairs);
    free(diff.changes);
    record_close(record);
    return status;
}

const struct command command_diff = {
    .name = "diff",
    .usage = "[RUN [RUN]]",
    .summary = "what differs between two recorded runs, sweeps or comparisons",
    .help = "RUN is the number of a run or of a sweep or comparison (an experiment), run:N or "
            "experiment:N where both have that number, or the name of a baseline. Settings that "
            "differ come first, then each figure of B against A: in pairs when both were made with "
            "the same seed, else as independent samples. All figures of all cells are judged "
            "together (Holm), so that of diffs where nothing changed at most 5 in 100 show "
            "anything.\n\n"
            "Two single runs have no interval over replications: diff says whether they are the "
            "same run, by digest, and shows their figures, but does not judge them.\n\n"
            "Exit status 1 when a regression is shown, 0 when none is.",
    .examples = "lbsim diff 3 4\n"
                "lbsim diff --save-baseline main experiment:1\n"
                "lbsim diff --baseline main --tolerance 5%  # the latest against it, in CI",
    .options = options,
    .arguments_min = 0,
    .arguments_max = 2,
    .run = run_diff,
};
