/*
 * A comparison as tables, for a terminal or in Markdown: a table a figure, then the verdict.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sim/base/units.h"
#include "ui/cli/column.h"
#include "ui/cli/compare.h"

#define NAME_MAX_COLUMNS 28U

static bool markdown(const struct compare_job *job)
{
    return job->form == MANY_MARKDOWN;
}

/* Text that may hold names from outside, on a line of its own or within one. */
static void put(const struct compare_job *job, const char *words)
{
    struct text safe;
    if (!markdown(job)) {
        text_print(stdout, words);
        return;
    }
    text_init(&safe);
    for (; *words != '\0'; words++)
        text_addf(&safe, "%s%c", strchr("|\\`*_<>[]#&!", *words) != NULL ? "\\" : "", *words);
    text_print(stdout, safe.data != NULL ? safe.data : "");
    text_done(&safe);
}

static void put_line(const struct compare_job *job, struct text *words)
{
    if (words->size > 0) {
        put(job, words->data);
        puts(markdown(job) ? "\n" : "");
    }
    text_clear(words);
}

/* --- the head -------------------------------------------------------------------------------------------- */

static void print_head(const struct compare_job *job)
{
    const struct experiment_cell *cell = &job->arms[job->baseline].cell.result;
    char duration[32], warmup[32];
    struct text line;
    text_init(&line);
    if (markdown(job))
        fputs("## ", stdout);
    put(job, job->base->name);
    puts(markdown(job) ? "\n" : "");
    text_addf(&line, "%u arms, %u replications of %s each on the same traffic", job->count,
              job->result.replications, units_format(duration, sizeof duration, cell->duration));
    text_addf(&line, " (%s, warm-up %s), seed %" PRIu64 ", baseline %s",
              cell->transient ? "transient" : "steady",
              units_format(warmup, sizeof warmup, cell->warmup), job->base->run.seed,
              job->names[job->baseline]);
    put_line(job, &line);
    if (job->result.replications < 20) {
        text_addf(&line, "Only %u replication%s: intervals are rough (20 or more are advised).",
                  job->result.replications, job->result.replications == 1 ? "" : "s");
        put_line(job, &line);
    }
    text_done(&line);
}

/* --- a figure ---------------------------------------------------------------------------------------------- */

static void name_of(const struct compare_job *job, uint32_t a, struct text *out)
{
    text_addf(out, "%s%s", job->names[a], job->arms[a].cell.result.ideal ? " (ideal)" : "");
}

static uint32_t name_columns(const struct compare_job *job)
{
    uint32_t width = 12;
    for (uint32_t a = 0; a < job->count; a++) {
        struct text name;
        text_init(&name);
        name_of(job, a, &name);
        size_t columns = text_width(name.data, name.size);
        width = columns > width ? (uint32_t)columns : width;
        text_done(&name);
    }
    return width > NAME_MAX_COLUMNS ? NAME_MAX_COLUMNS : width;
}

static const char *mean_word(char *buf, size_t size, const struct contrasts *c, uint32_t a)
{
    const struct estimate *e = &c->means[a];
    enum unit unit = cell_figures[c->figure].unit;
    char mean[32], half[32];
    if (!isfinite(e->mean))
        return "-";
    summary_format(mean, sizeof mean, unit, e->mean);
    if (!isfinite(e->low))
        (void)snprintf(buf, size, "%s", mean);
    else if (unit == UNIT_SHARE) /* the unit once, or it gets wide */
        (void)snprintf(buf, size, "%.3g %s %.2g %%", 100.0 * e->mean, cli_utf8() ? "±" : "+-",
                       50.0 * (e->high - e->low));
    else
        (void)snprintf(buf, size, "%s %s %s", mean, cli_utf8() ? "±" : "+-",
                       summary_format(half, sizeof half, unit, (e->high - e->low) / 2.0));
    return buf;
}

static const char *p_word(char *buf, size_t size, const struct contrast *arm)
{
    if (arm->holm < 0.0001)
        return "<0.0001";
    (void)snprintf(buf, size, arm->holm < 0.001 ? "%.4f" : "%.3f", arm->holm);
    return buf;
}

static void print_arm(const struct compare_job *job, const struct contrasts *c, uint32_t a,
                      uint32_t width)
{
    const struct contrast *arm = &c->arms[a];
    char mean[80], against[128], p[16], rank[16] = "-";
    const char *words[4] = {mean_word(mean, sizeof mean, c, a), "baseline", "", rank};
    struct text name;
    text_init(&name);
    name_of(job, a, &name);
    if (c->ranks[a] > 0)
        (void)snprintf(rank, sizeof rank, "%u%s", c->ranks[a], c->tied[a] ? "=" : "");
    if (a != c->baseline) {
        words[1] = arm->known ? compare_interval(against, sizeof against, c, arm) : "-";
        words[2] = arm->known ? p_word(p, sizeof p, arm) : "-";
    }
    if (markdown(job)) {
        fputs("| ", stdout);
        put(job, name.data);
        printf(" | %s | %s | %s | %s |\n", words[0], words[1], words[2], words[3]);
    } else {
        fputs("  ", stdout);
        column_left(name.data, width);
        column_right(words[0], 19);
        column_right(words[1], 26);
        column_right(words[2], 9);
        column_right(words[3], 6);
        puts("");
    }
    text_done(&name);
}

static void print_figure(const struct compare_job *job, const struct contrasts *c, uint32_t width)
{
    const char *head = cell_figures[c->figure].head;
    static const char *const more[] = {"", "MORE PER SECOND", "MORE, IN POINTS",
                                       "MORE THAN BASELINE"};
    const char *against = c->ratio ? "TIMES THE BASELINE" : more[cell_figures[c->figure].unit];
    if (markdown(job)) {
        printf("| %s | mean | %s | P | rank |\n|---|---:|---:|---:|---:|\n",
               cell_figures[c->figure].name, against);
    } else {
        fputs(head, stdout);
        printf("%*s", (int)(width + 2U - strlen(head)), "");
        column_right("MEAN", 19);
        column_right(against, 26);
        column_right("P", 9);
        column_right("RANK", 6);
        puts("");
    }
    for (uint32_t a = 0; a < job->count; a++)
        print_arm(job, c, a, width);
    puts("");
}

static void print_figures(const struct compare_job *job)
{
    uint32_t width = name_columns(job);
    struct text zero, unknown;
    text_init(&zero);
    text_init(&unknown);
    for (uint32_t i = 0; i < job->shown_count; i++) {
        const struct contrasts *c = &job->tables[i];
        if (!c->any)
            text_addf(&unknown, "%s%s", unknown.size > 0 ? ", " : "", cell_figures[c->figure].name);
        else if (c->zero)
            text_addf(&zero, "%s%s", zero.size > 0 ? ", " : "", cell_figures[c->figure].name);
        else
            print_figure(job, c, width);
    }
    if (zero.size > 0)
        text_addf(&zero, ": 0 in every replication of every arm; no difference shown.");
    if (unknown.size > 0)
        text_addf(&unknown, ": not known (a quantile needs 100 requests beyond it in every "
                            "replication).");
    put_line(job, &zero);
    put_line(job, &unknown);
    text_done(&zero);
    text_done(&unknown);
}

/* --- the verdict -------------------------------------------------------------------------------------------- */

static void print_verdict(const struct compare_job *job)
{
    enum cell_figure spoken[CELL_FIGURES];
    uint32_t count = compare_spoken(job, spoken);
    struct text words;
    text_init(&words);
    puts(markdown(job) ? "### Verdict\n" : "\nVERDICT");
    for (uint32_t i = 0; i < count; i++) {
        text_addf(&words, markdown(job) ? "" : "  ");
        compare_verdict(job, compare_table(job, spoken[i]), &words);
        put_line(job, &words);
    }
    if (count > 0 && compare_table(job, spoken[0])->any) {
        text_addf(&words, "%sRanking by %s: ", markdown(job) ? "" : "  ",
                  cell_figures[spoken[0]].name);
        compare_ranking(job, compare_table(job, spoken[0]), &words);
        text_addf(&words, ".");
        put_line(job, &words);
    }
    if (!markdown(job))
        puts("");
    if (count > 0)
        compare_gain(job, compare_table(job, spoken[0]), &words);
    put_line(job, &words);
    compare_ending(job, &words);
    put_line(job, &words);
    text_done(&words);
}

static void print_claim(const struct compare_job *job, const struct claim *claim)
{
    char value[32], bound[32];
    struct text line;
    text_init(&line);
    text_addf(&line, "%s%s  %s", markdown(job) ? "" : "  ",
              !claim->judged ? "not compared"
              : claim->holds ? "holds"
                             : "FAILS",
              claim->text);
    if (!claim->against)
        text_addf(&line, "  [%s]", job->names[claim->arm]);
    if (claim->judged) {
        text_addf(&line, ": %s", summary_format(value, sizeof value, claim->unit, claim->value));
        if (claim->against)
            text_addf(&line, " against %s",
                      summary_format(bound, sizeof bound, claim->unit, claim->bound));
    }
    put_line(job, &line);
    text_done(&line);
}

static void print_claims(const struct compare_job *job)
{
    if (job->claims.count == 0)
        return;
    puts(markdown(job) ? "### Expectations\n" : "\nEXPECTATIONS, on the means");
    for (uint32_t i = 0; i < job->claims.count; i++)
        print_claim(job, &job->claims.rows[i]);
}

static void print_notes(const struct compare_job *job)
{
    uint32_t pairs = job->count * (job->count - 1) / 2;
    struct text line;
    text_init(&line);
    if (!markdown(job))
        puts("");
    text_addf(&line,
              "MEAN: over replications, with half of its 95 %% t interval. Against the baseline: "
              "paired, replication by replication; the interval%s of a figure hold%s together at "
              "95 %% (Bonferroni, %u pair%s). P: of no difference, adjusted by Holm; below 0.05 a "
              "difference is shown. RANK: 1 + how many are shown to be better (Holm, %u pair%s); = "
              "is a tie. -: not known.",
              job->count > 2 ? "s" : "", job->count > 2 ? "" : "s", job->count - 1,
              job->count > 2 ? "s" : "", pairs, pairs > 1 ? "s" : "");
    if (markdown(job))
        put_line(job, &line);
    else
        column_wrap(line.data, cli_width());
    text_done(&line);
    printf("digest %016" PRIx64 "\n", job->digest);
}

void compare_print(const struct compare_job *job)
{
    print_head(job);
    if (!markdown(job))
        puts("");
    print_figures(job);
    print_verdict(job);
    print_claims(job);
    print_notes(job);
}
