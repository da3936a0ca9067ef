/*
 * What a comparison came to, in plain words. "No difference shown" is never "equal": that takes two one-sided
 * tests, and then it is "equivalent within 2 %".
 */
#include <math.h>
#include <string.h>

#include "ui/cli/compare.h"

const struct contrasts *compare_table(const struct compare_job *job, enum cell_figure figure)
{
    for (uint32_t i = 0; i < job->shown_count; i++)
        if (job->shown[i] == figure)
            return &job->tables[i];
    return NULL;
}

uint32_t compare_spoken(const struct compare_job *job, enum cell_figure *figures)
{
    static const enum cell_figure usual[] = {CELL_MEAN, CELL_P99, CELL_ERRORS, CELL_SESSIONS_LOST};
    bool named = cli_value(job->cli, "metric") != NULL;
    uint32_t n = 0;
    for (uint32_t i = 0; i < (named ? job->shown_count : 4U); i++) {
        enum cell_figure figure = named ? job->shown[i] : usual[i];
        const struct contrasts *c = compare_table(job, figure);
        if (named || (c != NULL && c->any && (c->ratio || !c->zero)))
            figures[n++] = figure;
    }
    return n;
}

/* A number of three digits, without an exponent where people would not write one. */
static void add_number(struct text *out, double value)
{
    bool plain = fabs(value) >= 100.0 && fabs(value) < 1e6;
    text_addf(out, plain ? "%.0f" : "%.3g", value);
}

static void add_amount(struct text *out, enum unit unit, double value)
{
    char buf[32];
    if (unit == UNIT_TIME)
        text_addf(out, "%s%s", value < 0.0 ? "-" : "",
                  summary_format(buf, sizeof buf, unit, fabs(value)));
    else
        add_number(out, unit == UNIT_SHARE ? 100.0 * value : value);
}

/* sign: -1 turns a difference round. */
static void add_interval(struct text *out, const struct contrasts *c, const struct contrast *arm,
                         double sign)
{
    enum unit unit = c->ratio ? UNIT_COUNT : cell_figures[c->figure].unit;
    double low = sign < 0.0 ? -arm->high : arm->low, high = sign < 0.0 ? -arm->low : arm->high;
    add_amount(out, unit, sign * arm->value);
    if (!isfinite(low))
        return;
    text_addf(out, " (");
    add_amount(out, unit, low);
    text_addf(out, " to ");
    add_amount(out, unit, high);
    text_addf(out, ")");
}

const char *compare_interval(char *buf, size_t size, const struct contrasts *c,
                             const struct contrast *arm)
{
    struct text text;
    text_init(&text);
    if (!c->ratio && arm->value > 0.0)
        text_addf(&text, "+");
    add_interval(&text, c, arm, 1.0);
    (void)snprintf(buf, size, "%s", text.data);
    text_done(&text);
    return buf;
}

/* --- the verdict ----------------------------------------------------------------------------------------- */

static void add_same(const struct compare_job *job, const struct contrasts *c, uint32_t a,
                     struct text *out)
{
    const struct contrast *arm = &c->arms[a];
    text_addf(out, "%s and %s: ", job->names[a], job->names[c->baseline]);
    if (!arm->known) {
        text_addf(out, "not known");
        return;
    }
    text_addf(out, "no difference shown");
    if (arm->same)
        text_addf(out, ", the same in every replication");
    else if (arm->equivalent)
        text_addf(out, ", equivalent within %.3g %%", 100.0 * job->margin);
}

static void add_other(const struct compare_job *job, const struct contrasts *c, uint32_t a,
                      struct text *out)
{
    const struct contrast *arm = &c->arms[a];
    const char *name = cell_figures[c->figure].name, *base = job->names[c->baseline];
    static const char *const units[] = {"", "/s", " percentage points", ""}; /* enum unit */
    if (c->ratio) {
        text_addf(out, "%s has ", job->names[a]);
        add_interval(out, c, arm, 1.0);
        text_addf(out, " times the %s of %s", name, base);
    } else {
        text_addf(out, "%s has %s %s by ", job->names[a], arm->value < 0.0 ? "lower" : "higher",
                  name);
        add_interval(out, c, arm, arm->value < 0.0 ? -1.0 : 1.0);
        text_addf(out, "%s than %s", units[cell_figures[c->figure].unit], base);
    }
    if (arm->equivalent)
        text_addf(out, ", and is equivalent within %.3g %%", 100.0 * job->margin);
}

void compare_verdict(const struct compare_job *job, const struct contrasts *c, struct text *out)
{
    bool first = true;
    text_addf(out, "%s: ", cell_figures[c->figure].name);
    if (!c->any) {
        text_addf(out, "not known of any arm.");
        return;
    }
    for (int differs = 1; differs >= 0; differs--)
        for (uint32_t a = 0; a < c->count; a++) {
            if (a == c->baseline || c->arms[a].differs != (differs == 1))
                continue;
            text_addf(out, first ? "" : "; ");
            first = false;
            if (differs)
                add_other(job, c, a, out);
            else
                add_same(job, c, a, out);
        }
    text_addf(out, ".");
}

void compare_ranking(const struct compare_job *job, const struct contrasts *c, struct text *out)
{
    uint32_t ranked = 0;
    for (uint32_t rank = 1; rank <= c->count; rank++)
        for (uint32_t a = 0, in_rank = 0; a < c->count; a++) {
            if (c->ranks[a] != rank)
                continue;
            text_addf(out, "%s", ranked++ > 0 ? in_rank > 0 ? ", " : "; " : "");
            if (in_rank++ == 0)
                text_addf(out, "%u%s ", rank, c->tied[a] ? "=" : "");
            text_addf(out, "%s", job->names[a]);
        }
}

/* --- how it ended ------------------------------------------------------------------------------------------ */

void compare_ending(const struct compare_job *job, struct text *out)
{
    const struct compare_result *r = &job->result;
    static const char *const why[] = {[COMPARE_ALL] = "all that were asked for",
                                      [COMPARE_PRECISE] = "precise enough",
                                      [COMPARE_TIME] = "the time was up",
                                      [COMPARE_STOPPED] = "interrupted"};
    text_addf(out, "Ended at %u replication%s: %s", r->replications,
              r->replications == 1 ? "" : "s", why[r->end]);
    if (job->precision > 0.0) {
        text_addf(out, "; precision of %.3g %% in ", 100.0 * job->precision);
        for (uint32_t i = 0; i < job->watched_count; i++)
            text_addf(out, "%s%s", i > 0 ? " and " : "", cell_figures[job->watched[i]].name);
        text_addf(out, r->precise ? " reached" : " NOT reached");
        if (isfinite(r->width))
            text_addf(out, " (the widest half interval is %.3g %% of its mean)", 100.0 * r->width);
    }
    text_addf(out, ".");
}

void compare_gain(const struct compare_job *job, const struct contrasts *c, struct text *out)
{
    double low = INFINITY, high = -INFINITY, least = INFINITY, most = -INFINITY;
    for (uint32_t a = 0; a < c->count; a++) {
        const struct contrast *arm = &c->arms[a];
        if (a == c->baseline || !arm->known || !isfinite(arm->correlation) || arm->same)
            continue;
        low = fmin(low, arm->correlation);
        high = fmax(high, arm->correlation);
        if (isfinite(arm->gain)) {
            least = fmin(least, arm->gain);
            most = fmax(most, arm->gain);
        }
    }
    if (!isfinite(low))
        return;
    text_addf(out, "Common random numbers: the %s of an arm and of %s correlate by %.2f",
              cell_figures[c->figure].name, job->names[c->baseline], low);
    if (high - low >= 0.005)
        text_addf(out, " to %.2f", high);
    if (isfinite(least)) {
        text_addf(out, "; without them it would have taken %.3g", least);
        if (most > least * 1.005)
            text_addf(out, " to %.3g", most);
        text_addf(out, " times the replications");
    }
    text_addf(out, ".");
}
