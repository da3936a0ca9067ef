/*
 * The texts inside the record: histograms, samples, parameters, the machine.
 *
 * The idea: a row of SQLite costs about 0.6 us, whatever is in it, and a sample of 100 backends
 * would be 100 rows. One row with a JSON text costs a tenth of that, and views unpack it with
 * json_each() for those who ask in SQL. Cost: about 4 ns a digit group; no allocation once the
 * scratch text has grown.
 */
#include <string.h>
#include <unistd.h>

#include "sim/base/units.h"
#include "sim/record/recorder.h"

/* What the views know of the layout of a histogram. */
_Static_assert(HISTOGRAM_BITS == 7, "reports/views.sql computes bounds of buckets with 7 bits");

/* Room for one row of a sample: 12 values of at most 20 digits, words and commas. */
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

/* NULL becomes null; "", the usual, becomes 0. */
static char *put_word(char *at, const char *word)
{
    if (word == NULL)
        return (char *)memcpy(at, "null", 4) + 4;
    if (word[0] == '\0')
        return (char *)memcpy(at, "0", 1) + 1;
    size_t size = strlen(word);
    *at++ = '"';
    memcpy(at, word, size);
    at += size;
    *at++ = '"';
    return at;
}

/* As a list of all counts from the first occupied bucket to the last. */
static void add_dense(struct text *text, const struct histogram *h, uint32_t first, uint32_t last)
{
    char buf[1024];
    char *at = buf;
    *at++ = '[';
    for (uint32_t i = first; i <= last; i++) {
        at = put(at, h->bucket[i]);
        *at++ = i < last ? ',' : ']';
        if (at - buf > (ptrdiff_t)sizeof buf - 24) {
            text_add(text, buf, (size_t)(at - buf));
            at = buf;
        }
    }
    text_add(text, buf, (size_t)(at - buf));
}

/* As an object of the occupied ones: where they are few and far between. */
static void add_sparse(struct text *text, const struct histogram *h, uint32_t first, uint32_t last)
{
    char buf[64];
    text_add(text, "{", 1);
    for (uint32_t i = first; i <= last; i++) {
        if (h->bucket[i] == 0)
            continue;
        char *at = buf;
        *at++ = '"';
        at = put(at, i - first);
        *at++ = '"';
        *at++ = ':';
        at = put(at, h->bucket[i]);
        *at++ = i < last ? ',' : '}';
        text_add(text, buf, (size_t)(at - buf));
    }
}

uint32_t encode_histogram(struct text *text, const struct histogram *histogram)
{
    text_clear(text);
    if (histogram->count == 0) {
        text_add(text, "[]", 2);
        return 0;
    }
    uint32_t first = histogram_bucket(histogram->min), last = histogram_bucket(histogram->max);
    uint32_t occupied = 0;
    for (uint32_t i = first; i <= last; i++)
        occupied += histogram->bucket[i] != 0;
    /* An empty bucket costs 2 bytes in a list; a key costs about 6 in an object. */
    if (2 * (last + 1 - first - occupied) <= 6 * occupied)
        add_dense(text, histogram, first, last);
    else
        add_sparse(text, histogram, first, last);
    return first;
}

/* What one list of a sample says: of a backend, or of several folded into one. */
struct row {
    enum belief belief;
    enum truth truth;
    bool beliefs_differ, truths_differ;
    uint64_t weight, busy, queue, in_flight, line, picks, ok, failed;
    uint64_t members, slots, up;
    double utilization;
};

static void fold(struct row *row, const struct sample_backend *b)
{
    row->beliefs_differ |= row->members != 0 && row->belief != b->belief;
    row->truths_differ |= row->members != 0 && row->truth != b->truth;
    row->belief = b->belief;
    row->truth = b->truth;
    row->members++;
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

/* The share x 10000; a backend without slots uses nothing. */
static uint64_t share_of(const struct row *row)
{
    double share = row->slots != 0 ? row->utilization / (double)row->slots : 0.0;
    return share > 0.0 && share < 1e9 ? (uint64_t)(share * 1e4 + 0.5) : 0;
}

static void add_row(struct text *text, const struct row *row, const char *before)
{
    char buf[ROW_MAX];
    const uint64_t values[] = {row->weight,   row->busy,  row->queue, row->in_flight, row->line,
                               share_of(row), row->picks, row->ok,    row->failed,    row->up};
    /* One backend is up or not, as its belief says. */
    size_t count = sizeof values / sizeof values[0] - (row->members == 1);
    size_t size = strlen(before);
    memcpy(buf, before, size);
    char *at = put_word(buf + size, row->beliefs_differ        ? NULL
                                    : row->belief == BELIEF_UP ? ""
                                                               : belief_name(row->belief));
    *at++ = ',';
    at = put_word(at, row->truths_differ       ? NULL
                      : row->truth == TRUTH_OK ? ""
                                               : truth_name(row->truth));
    for (size_t i = 0; i < count; i++) {
        *at++ = ',';
        at = put(at, values[i]);
    }
    *at++ = ']';
    text_add(text, buf, (size_t)(at - buf));
}

/* The backends [first, end) as one row. */
static void add_folded(struct text *text, const struct sample *sample, uint32_t first, uint32_t end,
                       const char *before)
{
    struct row row = {0};
    for (uint32_t i = first; i < end; i++)
        fold(&row, &sample->backends[i]);
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
