/*
 * A comparison for programs: one JSON object, or a row of comma-separated values for each figure and arm.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "ui/cli/compare.h"

/* --- JSON -------------------------------------------------------------------------------------------------- */

static void add_digest(struct json *json, uint64_t digest)
{
    char word[17];
    snprintf(word, sizeof word, "%016" PRIx64, digest);
    json_string(json, "digest", word);
}

static void add_words(struct json *json, const char *key, struct text *words)
{
    if (words->size > 0)
        json_string(json, key, words->data);
    text_clear(words);
}

static void add_arm(const struct compare_job *job, struct json *json, uint32_t a)
{
    const struct compare_arm *arm = &job->arms[a];
    const struct experiment_cell *cell = &arm->cell.result;
    json_object(json, NULL);
    json_string(json, "name", arm->name);
    json_string(json, "variant", arm->scenario->variant);
    json_string(json, "algorithm", cell->algorithm);
    json_bool(json, "ideal", cell->ideal);
    json_string(json, "settings", cell->settings);
    json_string(json, "kind", cell->transient ? "transient" : "steady");
    json_double(json, "duration_s", (double)cell->duration / 1e9);
    json_double(json, "warmup_s", (double)cell->warmup / 1e9);
    json_uint(json, "replications", cell->count);
    add_digest(json, cell->digest);
    json_end_object(json);
}

static void add_against(struct json *json, const struct contrasts *c, const struct contrast *arm)
{
    double scale = c->ratio ? 1.0 : cell_figures[c->figure].scale;
    json_object(json, c->ratio ? "ratio" : "difference");
    json_round(json, "value", arm->value * scale, 9);
    json_round(json, "low", arm->low * scale, 9);
    json_round(json, "high", arm->high * scale, 9);
    json_end_object(json);
    json_round(json, "p", arm->p, 6);
    json_round(json, "p_holm", arm->holm, 6);
    json_bool(json, "differs", arm->differs);
    json_bool(json, "same", arm->same);
    if (isfinite(arm->equal)) {
        json_round(json, "p_equivalent", arm->equal, 6);
        json_bool(json, "equivalent", arm->equivalent);
    }
    json_round(json, "correlation", arm->correlation, 6);
    json_round(json, "gain", arm->gain, 6);
}

static void add_figure(const struct compare_job *job, struct json *json, const struct contrasts *c)
{
    const struct cell_figure_row *row = &cell_figures[c->figure];
    struct text words;
    text_init(&words);
    json_object(json, NULL);
    json_string(json, "metric", row->name);
    json_string(json, "figure", row->json);
    json_double(json, "level", c->level);
    json_list(json, "arms");
    for (uint32_t a = 0; a < c->count; a++) {
        json_object(json, NULL);
        json_string(json, "name", job->names[a]);
        json_bool(json, "known", isfinite(c->means[a].mean));
        json_round(json, "mean", c->means[a].mean * row->scale, 9);
        json_round(json, "low", c->means[a].low * row->scale, 9);
        json_round(json, "high", c->means[a].high * row->scale, 9);
        if (c->ranks[a] > 0) {
            json_uint(json, "rank", c->ranks[a]);
            json_bool(json, "tied", c->tied[a]);
        }
        if (a != c->baseline && c->arms[a].known)
            add_against(json, c, &c->arms[a]);
        json_end_object(json);
    }
    json_end_list(json);
    compare_verdict(job, c, &words);
    add_words(json, "verdict", &words);
    if (c->any)
        compare_ranking(job, c, &words);
    add_words(json, "ranking", &words);
    json_end_object(json);
    text_done(&words);
}

static void add_claims(const struct compare_job *job, struct json *json)
{
    json_list(json, "expect");
    for (uint32_t i = 0; i < job->claims.count; i++) {
        const struct claim *claim = &job->claims.rows[i];
        char value[32];
        json_object(json, NULL);
        json_string(json, "text", claim->text);
        json_string(json, "arm", job->names[claim->arm]);
        json_bool(json, "judged", claim->judged);
        if (claim->judged) {
            json_bool(json, "holds", claim->holds);
            json_string(json, "value",
                        summary_format(value, sizeof value, claim->unit, claim->value));
            if (claim->against)
                json_string(json, "bound",
                            summary_format(value, sizeof value, claim->unit, claim->bound));
        }
        json_end_object(json);
    }
    json_end_list(json);
}

static void add_verdict(const struct compare_job *job, struct json *json)
{
    enum cell_figure spoken[CELL_FIGURES];
    uint32_t count = compare_spoken(job, spoken);
    struct text words;
    text_init(&words);
    json_list(json, "verdict");
    for (uint32_t i = 0; i < count; i++) {
        compare_verdict(job, compare_table(job, spoken[i]), &words);
        add_words(json, NULL, &words);
    }
    json_end_list(json);
    if (count > 0)
        compare_gain(job, compare_table(job, spoken[0]), &words);
    add_words(json, "common_random_numbers", &words);
    compare_ending(job, &words);
    add_words(json, "ended", &words);
    text_done(&words);
}

void compare_print_json(const struct compare_job *job)
{
    static const char *const ends[] = {[COMPARE_ALL] = "replications",
                                       [COMPARE_PRECISE] = "precision",
                                       [COMPARE_TIME] = "time",
                                       [COMPARE_STOPPED] = "interrupted"};
    struct json json;
    json_init(&json);
    json_object(&json, NULL);
    json_string(&json, "scenario", job->base->name);
    json_string(&json, "file", job->base->path);
    json_uint(&json, "seed", job->base->run.seed);
    json_string(&json, "baseline", job->names[job->baseline]);
    json_uint(&json, "replications", job->result.replications);
    json_string(&json, "stopped_by", ends[job->result.end]);
    if (job->precision > 0.0) {
        json_object(&json, "precision");
        json_double(&json, "asked", job->precision);
        json_round(&json, "widest", job->result.width, 6);
        json_bool(&json, "reached", job->result.precise);
        json_end_object(&json);
    }
    if (job->margin > 0.0)
        json_double(&json, "equivalence_margin", job->margin);
    json_list(&json, "arms");
    for (uint32_t a = 0; a < job->count; a++)
        add_arm(job, &json, a);
    json_end_list(&json);
    json_list(&json, "metrics");
    for (uint32_t i = 0; i < job->shown_count; i++)
        add_figure(job, &json, &job->tables[i]);
    json_end_list(&json);
    add_verdict(job, &json);
    add_claims(job, &json);
    add_digest(&json, job->digest);
    if (job->experiment > 0)
        json_int(&json, "experiment", job->experiment);
    json_end_object(&json);
    puts(json.text.data);
    json_done(&json);
}

/* --- comma-separated values ----------------------------------------------------------------------------------- */

static void add_numbers(struct text *row, const double *values, int count, double scale)
{
    for (int i = 0; i < count; i++)
        if (isfinite(values[i]))
            text_addf(row, ",%.9g", values[i] * scale);
        else
            text_add(row, ",", 1);
}

static void print_row(const struct compare_job *job, const struct contrasts *c, uint32_t a)
{
    const struct experiment_cell *cell = &job->arms[a].cell.result;
    const struct contrast *arm = &c->arms[a];
    double scale = cell_figures[c->figure].scale;
    struct text row;
    text_init(&row);
    text_addf(&row, "%s,", cell_figures[c->figure].json);
    text_add_csv(&row, job->names[a]);
    text_add(&row, ",", 1);
    text_add_csv(&row, job->arms[a].scenario->variant);
    text_addf(&row, ",%s,%s,%u", cell->algorithm, cell->ideal ? "yes" : "no", cell->count);
    const double means[] = {c->means[a].mean, c->means[a].low, c->means[a].high};
    add_numbers(&row, means, 3, scale);
    if (c->ranks[a] > 0)
        text_addf(&row, ",%u,%s,", c->ranks[a], c->tied[a] ? "yes" : "no");
    else
        text_addf(&row, ",,,");
    text_add_csv(&row, job->names[c->baseline]);
    text_addf(&row, ",%s", c->ratio ? "ratio" : "difference");
    if (a != c->baseline && arm->known) {
        const double against[] = {arm->value, arm->low, arm->high};
        const double rest[] = {arm->p, arm->holm};
        const double more[] = {arm->equal, arm->correlation, arm->gain};
        add_numbers(&row, against, 3, c->ratio ? 1.0 : scale);
        add_numbers(&row, rest, 2, 1.0);
        text_addf(&row, ",%s", arm->differs ? "yes" : "no");
        add_numbers(&row, more, 3, 1.0);
    } else {
        text_addf(&row, ",,,,,,,,,");
    }
    text_addf(&row, ",%016" PRIx64, cell->digest);
    puts(row.data);
    text_done(&row);
}

void compare_print_csv(const struct compare_job *job)
{
    puts("figure,arm,variant,algorithm,ideal,replications,mean,low,high,rank,tied,baseline,against,"
         "value,value_low,value_high,p,p_holm,differs,p_equivalent,correlation,gain,digest");
    for (uint32_t i = 0; i < job->shown_count; i++)
        for (uint32_t a = 0; a < job->count; a++)
            print_row(job, &job->tables[i], a);
}
