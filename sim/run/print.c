/*
 * A summary for people: the figures, the backends, the expectations, one sentence.
 */
#include <math.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/run/summary.h"

/* Prints a name in `columns` columns, cut when it is longer. */
static void print_name(FILE *to, const char *name, int columns)
{
    char safe[512];
    text_escape(safe, sizeof safe, name, strlen(name));
    size_t size = strlen(safe);
    while (size > 0 && text_width(safe, size) > (size_t)columns) {
        size--;
        while (size > 0 && ((unsigned char)safe[size] & 0xc0U) == 0x80U)
            size--;
    }
    int pad = columns - (int)text_width(safe, size);
    fprintf(to, "%.*s%*s", (int)size, safe, pad, "");
}

static const char *latency(char *buf, size_t size, const struct histogram *h, double p)
{
    if (h->count == 0)
        return "-";
    return units_format(buf, size,
                        units_from_ns(p < 0 ? histogram_mean(h) : histogram_quantile(h, p)));
}

static void print_head(const struct summary *s, FILE *to)
{
    fputs("scenario    ", to);
    text_print(to, s->scenario->name);
    if (strcmp(s->scenario->variant, "base") != 0) {
        fputs("  (variant ", to);
        text_print(to, s->scenario->variant);
        fputc(')', to);
    }
    fprintf(to, "\nalgorithm   %s%s    seed %llu    digest %016llx\n", s->algorithm,
            s->ideal ? " (ideal)" : "", (unsigned long long)s->seed, (unsigned long long)s->digest);
    fprintf(to, "simulated   %.6g s in %.3g s, %llu events%s\n", s->simulated_s, s->wall_s,
            (unsigned long long)s->events, s->interrupted ? "  (interrupted)" : "");
}

static void print_requests(const struct summary *s, FILE *to)
{
    const struct summary_counts *c = &s->counts;
    char buf[5][32];
    fprintf(to, "requests    %llu arrived, %llu ok, %llu failed", (unsigned long long)c->arrived,
            (unsigned long long)c->ok, (unsigned long long)c->failed);
    if (c->failed > 0) {
        const char *separator = " (";
        for (int cause = 0; cause < CAUSES; cause++) {
            if (c->cause[cause] == 0)
                continue;
            fprintf(to, "%s%s %llu", separator, cause_name((enum cause)cause),
                    (unsigned long long)c->cause[cause]);
            separator = ", ";
        }
        fputc(')', to);
    }
    if (c->in_flight > 0)
        fprintf(to, ", %llu in flight", (unsigned long long)c->in_flight);
    fprintf(to, "\nlatency     mean %s   p50 %s   p90 %s   p99 %s   p99.9 %s",
            latency(buf[0], sizeof buf[0], &s->latency, -1.0),
            latency(buf[1], sizeof buf[1], &s->latency, 0.5),
            latency(buf[2], sizeof buf[2], &s->latency, 0.9),
            latency(buf[3], sizeof buf[3], &s->latency, 0.99),
            latency(buf[4], sizeof buf[4], &s->latency, 0.999));
    fprintf(to, "\nthroughput  %.4g/s   goodput %.4g/s   availability ", s->throughput, s->goodput);
    if (isfinite(s->availability))
        fprintf(to, "%.4g %%", 100.0 * s->availability);
    else
        fputc('-', to);
    fputs("   imbalance ", to);
    if (isfinite(s->imbalance))
        fprintf(to, "%.3g\n", s->imbalance);
    else
        fputs("-\n", to);
    summary_print_sessions(s, to);
    summary_print_connections(s, to);
    summary_print_upstream(s, to);
    summary_print_hedges(s, to);
    summary_print_breakers(s, to);
    fputc('\n', to);
}

#define BACKENDS_SHOWN 32U

static void print_backends(const struct summary *s, FILE *to, int columns)
{
    fputs("BACKEND", to);
    fprintf(to, "%*s%10s%10s%8s%12s%11s%9s\n", columns - 7, "", "PICKS", "OK", "FAILED",
            "UTILIZATION", "IN FLIGHT", "QUEUE");
    uint32_t shown = 0, absent = 0;
    for (uint32_t i = 0; i < s->backend_count; i++) {
        const struct summary_backend *b = &s->backends[i];
        absent += b->absent;
        if (b->absent || shown++ >= BACKENDS_SHOWN)
            continue;
        print_name(to, b->name, columns);
        fprintf(to, "%10llu%10llu%8llu%10.1f %%%11.4g %8.3g\n", (unsigned long long)b->picks,
                (unsigned long long)b->ok, (unsigned long long)b->failed, 100.0 * b->utilization,
                b->in_flight_mean, b->queue_mean < 5e-5 ? 0.0 : b->queue_mean);
    }
    if (shown > BACKENDS_SHOWN)
        fprintf(to, "and %u more (--json has them all)\n", shown - BACKENDS_SHOWN);
    if (absent > 0)
        fprintf(to, "and %u that never came\n", absent);
}

static void print_expects(const struct summary *s, FILE *to, bool utf8)
{
    unsigned holding = 0, asked = 0;
    fputc('\n', to);
    for (uint32_t i = 0; i < s->expect_count; i++) {
        const struct summary_expect *e = &s->expects[i];
        char buf[64];
        asked++;
        holding += e->holds ? 1U : 0U;
        fprintf(to, "%s  ",
                e->holds ? (utf8 ? "\xe2\x9c\x93" : "ok  ") : (utf8 ? "\xe2\x9c\x97" : "FAIL"));
        text_print(to, e->text);
        if (e->known)
            fprintf(to, "   (%s%s)",
                    summary_format(buf, sizeof buf, e->ratio ? UNIT_COUNT : e->unit, e->value),
                    e->ratio ? " x" : "");
        else
            fputs("   (nothing was measured)", to);
        fputc('\n', to);
    }
    if (asked == 0 && s->counts.arrived == 0)
        fputs("No request was measured; the scenario expects nothing in particular.\n", to);
    else if (asked == 0)
        fprintf(
            to,
            "%.4g %% of the requests were served; the scenario expects nothing in particular.\n",
            100.0 * (double)s->counts.ok / (double)s->counts.arrived);
    else if (holding == asked)
        fprintf(to, asked == 1 ? "The expectation holds.\n" : "All %u expectations hold.\n", asked);
    else
        fprintf(to, "%u of %u expectations do NOT hold.\n", asked - holding, asked);
}

void summary_print(const struct summary *s, FILE *to, unsigned width, bool utf8)
{
    int columns = (int)(width > 100 ? 100 : width < 72 ? 72 : width) - 60;
    print_head(s, to);
    print_requests(s, to);
    summary_print_balancers(s, to);
    print_backends(s, to, columns);
    summary_print_ledger(s, to);
    print_expects(s, to, utf8);
}
