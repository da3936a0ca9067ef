/* What the balancers themselves did, in a summary: requests that came, and their own work. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/run/private.h"

/* Means over the measured window, ns long. */
static void build_means(struct summary_balancer *b, const struct front *f, const struct tally *t,
                        double window)
{
    b->in_flight_mean = (double)(t->at_edge[1] - t->at_edge[0]) / window;
    b->waiting_mean = t->waiting_area / window;
    b->connections_mean = t->connections_area / window;
    if (b->capacity) {
        b->utilization = f->desk.busy_area / window / f->rule->capacity.workers;
        b->queue_mean = f->desk.queued_area / window;
    }
}

void summary_build_balancers(struct summary *s, struct world *w)
{
    if (w->tallies.at == NULL)
        return;
    s->balancer_count = w->front_count;
    s->nowhere = w->tallies.nowhere;
    s->balancers = text_need_zero(w->front_count, sizeof *s->balancers);
    for (uint32_t i = 0; i < w->front_count; i++) {
        const struct front *f = &w->fronts[i];
        const struct tally *t = &w->tallies.at[i];
        struct summary_balancer *b = &s->balancers[i];
        *b = (struct summary_balancer){
            .name = f->name,
            .requests = t->came[1],
            .ok = t->ok[1],
            .failed = t->failed[1],
            .good = t->ends[TALLY_FIRST].good + t->ends[TALLY_BEHIND].good,
            .latency = t->latency,
            .picks = t->picks[1],
            .capacity = f->rule->capacity.workers > 0,
            .beliefs = t->beliefs,
            .takeovers = t->takeovers,
            .connections = t->connections,
            .full = t->full,
            .resumed = t->resumed,
            .upstream = f->upstream != NULL ? f->upstream->reuse.opened_in_all : 0};
        for (int cause = 0; cause < CAUSES; cause++)
            b->cause[cause] =
                t->ends[TALLY_FIRST].cause[cause] + t->ends[TALLY_BEHIND].cause[cause];
        if (s->simulated_s > 0.0)
            build_means(b, f, t, s->simulated_s * 1e9);
    }
}

bool summary_measure_balancers(const struct summary *s, uint32_t first, uint32_t count,
                               double *value)
{
    *value = 0.0;
    for (uint32_t i = first; i < first + count; i++) {
        if (i >= s->balancer_count || !s->balancers[i].capacity)
            return false;
        *value += s->balancers[i].utilization / count;
    }
    return count > 0;
}

static void json_one(const struct summary *s, const struct summary_balancer *b, struct json *json)
{
    json_object(json, NULL);
    json_string(json, "name", b->name);
    json_uint(json, "requests", b->requests);
    json_uint(json, "ok", b->ok);
    json_uint(json, "failed", b->failed);
    json_uint(json, "good", b->good);
    json_object(json, "causes");
    for (int cause = 0; cause < CAUSES; cause++)
        if (b->cause[cause] > 0)
            json_uint(json, cause_name((enum cause)cause), b->cause[cause]);
    json_end_object(json);
    summary_json_latency(json, "latency_ms", b->latency);
    json_uint(json, "picks", b->picks);
    json_round(json, "in_flight_mean", b->in_flight_mean, 6);
    json_round(json, "waiting_mean", b->waiting_mean, 6);
    if (b->capacity) {
        json_round(json, "utilization", b->utilization, 6);
        json_round(json, "queue_mean", b->queue_mean, 6);
    }
    json_uint(json, "belief_changes", b->beliefs);
    json_uint(json, "takeovers", b->takeovers);
    if (s->connections.any) {
        json_uint(json, "connections", b->connections);
        json_round(json, "connections_mean", b->connections_mean, 6);
    }
    if (s->connections.tls) {
        json_uint(json, "handshakes_full", b->full);
        json_uint(json, "handshakes_resumed", b->resumed);
    }
    if (s->upstream.any)
        json_uint(json, "backend_connections", b->upstream);
    json_end_object(json);
}

void summary_json_balancers(const struct summary *s, struct json *json)
{
    if (s->balancer_count == 0)
        return;
    json_list(json, "balancers");
    for (uint32_t i = 0; i < s->balancer_count; i++)
        json_one(s, &s->balancers[i], json);
    json_end_list(json);
}

#define SHOWN 16U

/* A number of at most `width` columns, "-" for one that is not known. */
static void print_time(FILE *to, const struct histogram *h, double p)
{
    char buf[64];
    double value = NAN;
    if (h != NULL && h->count > 0)
        value = p > 0.0 ? histogram_quantile(h, p) : histogram_mean(h);
    fprintf(to, "%10s", summary_format(buf, sizeof buf, UNIT_TIME, value));
}

void summary_print_balancers(const struct summary *s, FILE *to)
{
    if (s->balancer_count == 0)
        return;
    fputs("BALANCER          REQUESTS    FAILED      MEAN       P99  IN FLIGHT   BUSY    QUEUE\n",
          to);
    for (uint32_t i = 0; i < s->balancer_count && i < SHOWN; i++) {
        const struct summary_balancer *b = &s->balancers[i];
        char safe[256];
        text_escape(safe, sizeof safe, b->name, strlen(b->name));
        int pad = 14 - (int)text_width(safe, strlen(safe));
        fprintf(to, "%s%*s%12llu%10llu", safe, pad > 0 ? pad : 0, "",
                (unsigned long long)b->requests, (unsigned long long)b->failed);
        print_time(to, b->latency, 0.0);
        print_time(to, b->latency, 0.99);
        fprintf(to, "%11.4g", b->in_flight_mean);
        if (b->capacity)
            fprintf(to, "%5.0f %% %8.3g\n", 100.0 * b->utilization,
                    b->queue_mean + b->waiting_mean);
        else
            fprintf(to, "      - %8.3g\n", b->waiting_mean);
    }
    if (s->balancer_count > SHOWN)
        fprintf(to, "and %u more (--json has them all)\n", s->balancer_count - SHOWN);
    fputc('\n', to);
}
