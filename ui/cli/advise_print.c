/*
 * Advice in every form: a table or Markdown with the recommendation and its reasons, JSON, or
 * comma-separated values.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/units.h"
#include "ui/cli/advise.h"
#include "ui/cli/column.h"

void advise_name(const struct advise_setting *setting, struct text *out)
{
    char every[32], timeout[32];
    text_addf(out, "interval %s, fall %" PRIu32 ", timeout %s",
              units_format(every, sizeof every, setting->every), setting->fall,
              units_format(timeout, sizeof timeout, setting->timeout));
}

static const struct advise_row *row(const struct advise_job *job, uint32_t setting)
{
    return &job->advice.rows[setting];
}

static const char *failures(const struct advise_job *job)
{
    return job->setup.late ? "failed or late" : "failed";
}

/* --- words -------------------------------------------------------------------------------------------- */

/* "0.12 (0.1 to 0.14) percentage points fewer" of setting i than of j. */
static void add_change(const struct advise_job *job, enum advise_figure figure, uint32_t i,
                       uint32_t j, const char *what, const char *unit, double scale,
                       struct text *out)
{
    struct paired pair = advice_difference(&job->advice, figure, i, j);
    const struct estimate *d = &pair.difference;
    int which = figure == ADVISE_FAILED ? 0 : 1;
    bool shown = pareto_less(&job->advice.front, which, i, j) ||
                 pareto_less(&job->advice.front, which, j, i);
    double value = fabs(d->mean) * scale;
    double low = (d->mean < 0 ? -d->high : d->low) * scale;
    double high = (d->mean < 0 ? -d->low : d->high) * scale;
    if (!shown) {
        text_addf(out, "no difference shown in %s", what);
        return;
    }
    text_addf(out, "%.3g", value);
    if (isfinite(low) && low != high)
        text_addf(out, " (%.3g to %.3g)", low, high);
    text_addf(out, " %s %s", d->mean < 0 ? "fewer" : "more", unit);
}

static void add_changes(const struct advise_job *job, uint32_t i, uint32_t j, struct text *out)
{
    double checks = row(job, i)->checks / row(job, j)->checks;
    add_change(job, ADVISE_FAILED, i, j, "failures",
               job->setup.late ? "percentage points of failed or late requests"
                               : "percentage points of failed requests",
               100.0, out);
    text_addf(out, ", ");
    add_change(job, ADVISE_FALSE, i, j, "false ejections", "false ejections an hour", 1.0, out);
    if (checks == 1.0)
        text_addf(out, ", as many checks");
    else
        text_addf(out, ", %.3g times the checks", checks);
}

static void add_limit(const struct advise_job *job, struct text *out)
{
    if (job->setup.most_false < 0)
        return;
    if (job->advice.best != UINT32_MAX)
        text_addf(out, " among those with at most %g false ejections an hour",
                  job->setup.most_false);
}

static void add_recommended(const struct advise_job *job, struct text *out)
{
    const struct advice *a = &job->advice;
    const struct advise_row *best = row(job, a->recommended);
    if (a->best == UINT32_MAX)
        text_addf(out, "No setting keeps to %g false ejections an hour; fewest has: ",
                  job->setup.most_false);
    else
        text_addf(out, "Recommended: ");
    advise_name(&job->settings[a->recommended], out);
    text_addf(out, ". %.3g %% of the requests %s, %.3g false ejections an hour.\n",
              100.0 * best->figures[ADVISE_FAILED].mean, failures(job),
              best->figures[ADVISE_FALSE].mean);
}

/* Why this one: who else might have been. */
static void add_reason(const struct advise_job *job, struct text *out)
{
    const struct advice *a = &job->advice;
    uint32_t good = 0, front = 0;
    if (a->best == UINT32_MAX)
        return;
    for (uint32_t i = 0; i < a->count; i++) {
        good += advice_as_good(a, i) ? 1 : 0;
        front += advice_candidate(a, i) ? 1 : 0;
    }
    if (a->count == 1) {
        text_addf(out, "Why: there is no other setting to hold it against.\n");
    } else if (good < 2) {
        text_addf(out, "Why: it has the fewest requests that %s", failures(job));
        add_limit(job, out);
        text_addf(out, front < 2 ? ", and no other one is on the front.\n"
                                 : ", and every other one on the front is shown to have more.\n");
    } else {
        text_addf(out, "Why: no setting");
        add_limit(job, out);
        text_addf(out,
                  " is shown to have fewer requests that %s; of the %" PRIu32
                  " not told apart it has the fewest false ejections, then the fewest checks, then "
                  "the longest timeout.\n",
                  failures(job), good);
    }
}

/* The neighbours on the front: what more or less caution would cost. */
static void add_neighbours(const struct advise_job *job, struct text *out)
{
    const struct advice *a = &job->advice;
    uint32_t fewer_failures = UINT32_MAX, fewer_false = UINT32_MAX;
    for (uint32_t n = 0; n < a->count; n++) {
        uint32_t i = a->order[n];
        if (i == a->recommended || !pareto_on_front(&a->front, i))
            continue;
        if (pareto_less(&a->front, 0, i, a->recommended))
            fewer_failures = i; /* the last such: the one next to it */
        if (pareto_less(&a->front, 1, i, a->recommended) && fewer_false == UINT32_MAX)
            fewer_false = i; /* the first such */
    }
    const uint32_t others[2] = {fewer_failures, fewer_false};
    for (int k = 0; k < 2; k++) {
        if (others[k] == UINT32_MAX)
            continue;
        text_addf(out, "%s: ", k == 0 ? "For fewer failures" : "For fewer false ejections");
        advise_name(&job->settings[others[k]], out);
        text_addf(out, ": ");
        add_changes(job, others[k], a->recommended, out);
        text_addf(out, ".\n");
    }
}

void advise_words(const struct advise_job *job, struct text *out)
{
    const struct advice *a = &job->advice;
    if (a->nothing_fails)
        text_addf(out, "No backend failed: this says nothing of how soon a failure is noticed.\n");
    add_recommended(job, out);
    add_reason(job, out);
    if (a->own != UINT32_MAX && a->own != a->recommended) {
        text_addf(out, "Against the file's own (");
        advise_name(&job->settings[a->own], out);
        text_addf(out, "): ");
        add_changes(job, a->recommended, a->own, out);
        text_addf(out, ".\n");
    } else if (a->own == a->recommended) {
        text_addf(out, "It is the file's own setting.\n");
    }
    add_neighbours(job, out);
    if (a->replications < 20)
        text_addf(out, "Only %" PRIu32 " replication%s: 20 or more are advised.\n", a->replications,
                  a->replications == 1 ? "" : "s");
    if (job->left_out > 0)
        text_addf(out,
                  "%" PRIu32 " combination%s left out: at a fixed pace a check must end before the "
                  "next.\n",
                  job->left_out, job->left_out == 1 ? "" : "s");
}

/* --- a table ------------------------------------------------------------------------------------------- */

static void estimate_word(char *buf, size_t size, const struct estimate *e, double scale,
                          const char *unit)
{
    double half = (e->high - e->low) / 2 * scale;
    if (!isfinite(e->mean))
        snprintf(buf, size, "-");
    else if (isfinite(half) && half > 0)
        snprintf(buf, size, half < 100 ? "%.4g%s +- %.2g" : "%.4g%s +- %.0f", e->mean * scale, unit,
                 half);
    else
        snprintf(buf, size, "%.4g%s", e->mean * scale, unit);
}

#define COLUMNS 7

static void row_words(const struct advise_job *job, uint32_t i, char words[COLUMNS][48])
{
    const struct advise_setting *s = &job->settings[i];
    const struct advise_row *r = row(job, i);
    char buf[32];
    snprintf(words[0], 48, "%s", units_format(buf, sizeof buf, s->every));
    snprintf(words[1], 48, "%" PRIu32, s->fall);
    snprintf(words[2], 48, "%s", units_format(buf, sizeof buf, s->timeout));
    estimate_word(words[3], 48, &r->figures[ADVISE_FAILED], 100.0, " %");
    estimate_word(words[4], 48, &r->figures[ADVISE_FALSE], 1.0, "");
    if (isfinite(r->figures[ADVISE_NOTICED].mean))
        snprintf(words[5], 48, "%.3g s", r->figures[ADVISE_NOTICED].mean);
    else
        snprintf(words[5], 48, "-");
    snprintf(words[6], 48, "%.4g", r->checks);
}

static const char *const heads[COLUMNS] = {"INTERVAL", "FALL",    "TIMEOUT", "FAILED",
                                           "FALSE/H",  "NOTICED", "CHECKS/S"};

static void print_rows(const struct advise_job *job)
{
    static const uint32_t widths[COLUMNS] = {9, 5, 9, 20, 16, 9, 9};
    const struct advice *a = &job->advice;
    char words[COLUMNS][48];
    fputs("   ", stdout);
    for (int c = 0; c < COLUMNS; c++)
        printf("%*s", (int)widths[c], heads[c]);
    puts("");
    for (uint32_t n = 0; n < a->count; n++) {
        uint32_t i = a->order[n];
        row_words(job, i, words);
        printf("%c%c%c", i == a->recommended ? '>' : ' ', pareto_on_front(&a->front, i) ? '*' : ' ',
               i == a->own ? '=' : ' ');
        for (int c = 0; c < COLUMNS; c++)
            column_right(words[c], widths[c]);
        puts("");
    }
}

static void print_markdown(const struct advise_job *job)
{
    const struct advice *a = &job->advice;
    char words[COLUMNS][48];
    fputs("|  |", stdout);
    for (int c = 0; c < COLUMNS; c++)
        printf(" %s |", heads[c]);
    puts("\n|---|--:|--:|--:|--:|--:|--:|--:|");
    for (uint32_t n = 0; n < a->count; n++) {
        uint32_t i = a->order[n];
        row_words(job, i, words);
        printf("| %s%s%s |", i == a->recommended ? "recommended " : "",
               pareto_on_front(&a->front, i) ? "front " : "", i == a->own ? "own" : "");
        for (int c = 0; c < COLUMNS; c++)
            printf(" %s |", words[c]);
        puts("");
    }
}

static void print_head(const struct advise_job *job)
{
    struct text line;
    text_init(&line);
    text_addf(&line, "%u setting%s, %u replication%s each on the same traffic, seed %" PRIu64,
              job->setup.count, job->setup.count == 1 ? "" : "s", job->setup.replications,
              job->setup.replications == 1 ? "" : "s", job->base->run.seed);
    if (job->form == MANY_MARKDOWN)
        fputs("Health checks: ", stdout);
    text_print(stdout, job->base->path);
    if (strcmp(job->base->variant, "base") != 0) {
        fputs(", variant ", stdout);
        text_print(stdout, job->base->variant);
    }
    puts(job->form == MANY_MARKDOWN ? "\n" : "");
    puts(line.data);
    puts("");
    text_done(&line);
}

static void print_words(const struct advise_job *job)
{
    struct text words;
    uint32_t width = cli_width() < 100 ? cli_width() : 100;
    text_init(&words);
    advise_words(job, &words);
    puts("");
    for (char *at = words.data; *at != '\0';) {
        char *end = strchr(at, '\n');
        *end = '\0';
        if (job->form == MANY_MARKDOWN)
            printf("- %s\n", at);
        else
            column_wrap(at, width);
        at = end + 1;
    }
    if (job->form == MANY_TABLE)
        puts("> recommended, * on the front (nothing is shown to beat it), = the file's own");
    text_done(&words);
}

/* --- for programs ---------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    double scale;
} figures[ADVISE_FIGURES] = {[ADVISE_FAILED] = {"failed_share", 1.0},
                             [ADVISE_FALSE] = {"false_ejections_per_hour", 1.0},
                             [ADVISE_DETECTION] = {"detection_window_share", 1.0},
                             [ADVISE_RIGHT] = {"other_ejections_per_hour", 1.0},
                             [ADVISE_NOTICED] = {"noticed_s", 1.0}};

static void print_json(const struct advise_job *job)
{
    const struct advice *a = &job->advice;
    struct json json;
    struct text words;
    json_init(&json);
    text_init(&words);
    json_object(&json, NULL);
    json_string(&json, "scenario", job->base->name);
    json_string(&json, "variant", job->base->variant);
    json_uint(&json, "seed", job->base->run.seed);
    json_uint(&json, "replications", a->replications);
    json_uint(&json, "left_out", job->left_out);
    json_list(&json, "settings");
    for (uint32_t n = 0; n < a->count; n++) {
        uint32_t i = a->order[n];
        json_object(&json, NULL);
        json_double(&json, "interval_s", (double)job->settings[i].every / 1e9);
        json_uint(&json, "fall", job->settings[i].fall);
        json_double(&json, "timeout_s", (double)job->settings[i].timeout / 1e9);
        for (int f = 0; f < ADVISE_FIGURES; f++) {
            const struct estimate *e = &a->rows[i].figures[f];
            json_object(&json, figures[f].name);
            json_round(&json, "mean", e->mean * figures[f].scale, 9);
            json_round(&json, "low", e->low * figures[f].scale, 9);
            json_round(&json, "high", e->high * figures[f].scale, 9);
            json_end_object(&json);
        }
        json_round(&json, "checks_per_s", a->rows[i].checks, 9);
        json_bool(&json, "front", pareto_on_front(&a->front, i));
        json_bool(&json, "recommended", i == a->recommended);
        json_bool(&json, "own", i == a->own);
        json_end_object(&json);
    }
    json_end_list(&json);
    json_bool(&json, "within_limit", a->best != UINT32_MAX);
    advise_words(job, &words);
    json_string(&json, "words", words.data);
    json_end_object(&json);
    puts(json.text.data);
    text_done(&words);
    json_done(&json);
}

static void print_csv(const struct advise_job *job)
{
    const struct advice *a = &job->advice;
    fputs("interval_s,fall,timeout_s", stdout);
    for (int f = 0; f < ADVISE_FIGURES; f++)
        printf(",%s,%s_low,%s_high", figures[f].name, figures[f].name, figures[f].name);
    puts(",checks_per_s,front,recommended,own");
    for (uint32_t n = 0; n < a->count; n++) {
        uint32_t i = a->order[n];
        printf("%.9g,%" PRIu32 ",%.9g", (double)job->settings[i].every / 1e9, job->settings[i].fall,
               (double)job->settings[i].timeout / 1e9);
        for (int f = 0; f < ADVISE_FIGURES; f++) {
            const double ends[3] = {a->rows[i].figures[f].mean, a->rows[i].figures[f].low,
                                    a->rows[i].figures[f].high};
            for (int k = 0; k < 3; k++)
                if (isfinite(ends[k]))
                    printf(",%.9g", ends[k]);
                else
                    putchar(',');
        }
        printf(",%.9g,%d,%d,%d\n", a->rows[i].checks, pareto_on_front(&a->front, i),
               i == a->recommended, i == a->own);
    }
}

void advise_print(const struct advise_job *job)
{
    if (job->form == MANY_JSON) {
        print_json(job);
        return;
    }
    if (job->form == MANY_CSV) {
        print_csv(job);
        return;
    }
    print_head(job);
    if (job->form == MANY_MARKDOWN)
        print_markdown(job);
    else
        print_rows(job);
    print_words(job);
}
