/*
 * The texts inside the record: histograms, samples, parameters, the machine.
 *
 * The idea: a row of SQLite costs about 0.6 us, whatever is in it, and a sample of 100 backends
 * would be 100 rows. One row with a JSON text costs a tenth of that, and views unpack it with
 * json_each() for those who ask in SQL. Cost: about 4 ns a digit group; no allocation once the
 * scratch text has grown.
 */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/units.h"
#include "sim/record/recorder.h"

/* What the views know of the layout of a histogram. */
_Static_assert(HISTOGRAM_BITS == 7, "reports/views.sql computes bounds of buckets with 7 bits");

/* Room for one row of a sample: 13 values of at most 20 digits, words and commas. */
#define ROW_MAX 384

/* Writes the digits of a number and returns the end; at least 20 bytes of room. */
static char *put(char *at, uint64_t value)
{
    char digits[20];
    size_t n = sizeof digits;
    do {
        digits[--n] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    memcpy(at, digits + n, sizeof digits - n);
    return at + (sizeof digits - n);
}

static char *put_word(char *at, const char *word)
{
    if (word == NULL)
        return (char *)memcpy(at, "null", 4) + 4;
    size_t size = strlen(word);
    *at++ = '"';
    memcpy(at, word, size);
    at += size;
    *at++ = '"';
    return at;
}

/* A share with four decimals. */
static char *put_share(char *at, double share)
{
    if (!isfinite(share) || share < 0.0 || share > 1e9)
        return put_word(at, NULL);
    uint64_t parts = (uint64_t)(share * 1e4 + 0.5);
    at = put(at, parts / 10000);
    parts %= 10000;
    if (parts == 0)
        return at;
    *at++ = '.';
    for (uint64_t unit = 1000; parts != 0; unit /= 10) {
        *at++ = (char)('0' + parts / unit);
        parts %= unit;
    }
    return at;
}

void encode_histogram(struct text *text, const struct histogram *histogram)
{
    char row[48];
    text_clear(text);
    text_add(text, "{", 1);
    if (histogram->count != 0) {
        uint32_t last = histogram_bucket(histogram->max);
        const char *comma = "\"";
        for (uint32_t i = histogram_bucket(histogram->min); i <= last; i++) {
            if (histogram->bucket[i] == 0)
                continue;
            size_t size = strlen(comma);
            memcpy(row, comma, size);
            char *at = put(row + size, i);
            memcpy(at, "\":", 2);
            at = put(at + 2, histogram->bucket[i]);
            text_add(text, row, (size_t)(at - row));
            comma = ",\"";
        }
    }
    text_add(text, "}", 1);
}

/* What one list of a sample says: of a backend, or of several folded into one. */
struct row {
    const char *belief, *truth; /* NULL = not the same for all */
    uint64_t weight, slots, busy, queue, in_flight, line, picks, ok, failed, up;
    double utilization;
};

static void fold(struct row *row, const struct sample_backend *b)
{
    row->belief = belief_name(b->belief);
    row->truth = truth_name(b->truth);
    row->weight += b->weight;
    row->slots += b->slots;
    row->busy += b->busy;
    row->queue += b->queue;
    row->in_flight += b->in_flight;
    row->line += b->line;
    row->picks += b->picks;
    row->ok += b->ok;
    row->failed += b->failed;
    row->up += b->belief == BELIEF_UP || b->belief == BELIEF_WARMING;
    row->utilization += b->utilization * b->slots;
}

static void add_row(struct text *text, const struct row *row, const char *before)
{
    char buf[ROW_MAX];
    const uint64_t left[] = {row->weight, row->slots,     row->busy,
                             row->queue,  row->in_flight, row->line};
    const uint64_t right[] = {row->picks, row->ok, row->failed, row->up};
    char *at = buf;
    size_t size = strlen(before);
    memcpy(at, before, size);
    at = put_word(at + size, row->belief);
    *at++ = ',';
    at = put_word(at, row->truth);
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) {
        *at++ = ',';
        at = put(at, left[i]);
    }
    *at++ = ',';
    at = put_share(at, row->slots != 0 ? row->utilization / (double)row->slots : 0.0);
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        *at++ = ',';
        at = put(at, right[i]);
    }
    *at++ = ']';
    text_add(text, buf, (size_t)(at - buf));
}

/* The backends [first, end) as one row. */
static void add_folded(struct text *text, const struct sample *sample, uint32_t first, uint32_t end,
                       const char *before)
{
    struct row row = {0};
    bool one_belief = true, one_truth = true;
    for (uint32_t i = first; i < end; i++) {
        fold(&row, &sample->backends[i]);
        one_belief &= sample->backends[i].belief == sample->backends[first].belief;
        one_truth &= sample->backends[i].truth == sample->backends[first].truth;
    }
    row.belief = one_belief ? row.belief : NULL;
    row.truth = one_truth ? row.truth : NULL;
    add_row(text, &row, before);
}

void encode_backends(struct text *text, const struct sample *sample,
                     const struct scenario *scenario, bool folded)
{
    text_clear(text);
    const char *before = "[[";
    if (folded) {
        for (uint32_t g = 0; g < scenario->group_count; g++, before = ",[") {
            const struct scenario_group *group = &scenario->groups[g];
            add_folded(text, sample, group->first, group->first + group->count, before);
        }
    } else {
        for (uint32_t i = 0; i < sample->backend_count; i++, before = ",[")
            add_folded(text, sample, i, i + 1, before);
    }
    text_add(text, before[0] == '[' ? "[]" : "]", before[0] == '[' ? 2 : 1);
}

void encode_params(struct text *text, const struct scenario_balancer *balancer)
{
    text_clear(text);
    const struct lb_param *params = balancer->algorithm->params;
    for (uint32_t i = 0; params != NULL && balancer->params != NULL && params[i].name != NULL;
         i++) {
        double value = balancer->params[i];
        char time[64];
        text_addf(text, "%s%s=", i == 0 ? "" : " ", params[i].name);
        if (params[i].choices != NULL)
            text_addf(text, "%s", params[i].choices[(size_t)value]);
        else if (strcmp(params[i].unit, "bool") == 0)
            text_addf(text, "%s", value != 0.0 ? "yes" : "no");
        else if (strcmp(params[i].unit, "ns") == 0)
            text_addf(text, "%s", units_format_exact(time, sizeof time, units_from_ns(value)));
        else
            text_addf(text, "%.15g", value);
    }
    text_add(text, "", 0);
}

void encode_library(struct text *text)
{
    char name[128] = "";
    text_clear(text);
#ifdef _CS_GNU_LIBC_VERSION
    if (confstr(_CS_GNU_LIBC_VERSION, name, sizeof name) == 0)
        name[0] = '\0';
#endif
    text_addf(text, "%s", name[0] != '\0' ? name : "unknown");
}

void encode_processor(struct text *text)
{
    text_clear(text);
#if defined(__x86_64__) || defined(__i386__)
    /* glibc chooses its exp, log and pow by these. */
    text_addf(text, "x86");
    if (__builtin_cpu_supports("sse4.2"))
        text_addf(text, " sse4.2");
    if (__builtin_cpu_supports("avx"))
        text_addf(text, " avx");
    if (__builtin_cpu_supports("avx2"))
        text_addf(text, " avx2");
    if (__builtin_cpu_supports("fma"))
        text_addf(text, " fma");
    if (__builtin_cpu_supports("avx512f"))
        text_addf(text, " avx512f");
#elif defined(__aarch64__)
    text_addf(text, "arm64");
#else
    text_addf(text, "other");
#endif
}
