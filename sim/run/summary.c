/*
 * See summary.h: from the ledger and the areas to the figures that people read.
 */
#include "sim/run/summary.h"

#include <math.h>
#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/run/private.h"

static void add_counts(struct summary_counts *to, const struct ledger_counts *from)
{
    to->arrived += from->arrived;
    to->ok += from->ok;
    to->failed += from->failed;
    to->good += from->good;
    to->attempts += from->attempts;
    to->in_flight += from->arrived - from->ok - from->failed;
    for (int cause = 0; cause < CAUSES; cause++)
        to->cause[cause] += from->cause[cause];
}

static void build_classes(struct summary *s, const struct world *w)
{
    const struct scenario *scenario = w->scenario;
    s->class_count = w->ledger.class_count;
    s->classes = text_need_zero(s->class_count, sizeof *s->classes);
    for (uint32_t c = 0; c < scenario->client_count; c++) {
        const struct scenario_client *client = &scenario->clients[c];
        for (uint32_t k = 0; k < client->class_count; k++) {
            const struct ledger_class *from = &w->ledger.classes[client->class_first + k];
            struct summary_class *to = &s->classes[client->class_first + k];
            to->client = client->name;
            to->name = client->classes[k].name;
            to->latency = from->total;
            add_counts(&to->counts, &from->counts);
            add_counts(&s->counts, &from->counts);
            histogram_merge(&s->latency, &from->total);
        }
    }
    ledger_response(&w->ledger, &s->response);
}

/* Areas between the edges of the measured window. */
static void build_backend(struct run *run, uint32_t i, lb_time from, lb_time until)
{
    struct world *w = &run->world;
    struct summary_backend *to = &run->summary.backends[i];
    struct backend_tally tally = backend_tally(w, i, 1);
    const struct world_edge *begin = &w->at_edge[0][i], *end = &w->at_edge[1][i];
    double window = (double)(until - from);
    *to = (struct summary_backend){.name = w->scenario->backends[i].name,
                                   .group = w->scenario->backends[i].group,
                                   .weight = balancer_books(&world_main(w)->balancer, i)->weight,
                                   .picks = tally.ok + tally.failed + tally.open,
                                   .ok = tally.ok,
                                   .failed = tally.failed};
    to->absent = w->change.on && w->change.absent[i] && to->picks == 0;
    if (to->absent)
        to->weight = 0; /* it has no share in anything */
    if (window > 0.0) {
        to->utilization = (double)(end->busy - begin->busy) / window / w->backends[i].slots;
        to->queue_mean = (double)(end->queued - begin->queued) / window;
        to->in_flight_mean = (double)(end->in_flight - begin->in_flight) / window;
    }
}

/* The largest share of picks over share of weight, within the first tier: backups stand by.
 * NAN when nobody there was picked. */
static double imbalance(const struct summary *s)
{
    const struct scenario *scenario = s->scenario;
    double picks = 0.0, weight = 0.0, worst = 0.0;
    for (uint32_t i = 0; i < s->backend_count; i++) {
        if (scenario->backends[i].tier != 0)
            continue;
        picks += (double)s->backends[i].picks;
        weight += s->backends[i].weight;
    }
    for (uint32_t i = 0; picks > 0.0 && i < s->backend_count; i++) {
        if (scenario->backends[i].tier != 0 || s->backends[i].weight == 0)
            continue;
        double share = (double)s->backends[i].picks / picks;
        double ratio = share * weight / s->backends[i].weight;
        worst = ratio > worst ? ratio : worst;
    }
    return worst > 0.0 ? worst : NAN;
}

void summary_close(struct run *run)
{
    struct world *w = &run->world;
    lb_time now = engine_now(w->engine);
    if (now < w->ledger.until) /* cut short: the window ends where the run stands */
        world_edge(w, 1, now);
    if (w->tallies.at != NULL)
        tally_close(w, now);
    for (uint32_t id = 1; id <= w->requests.used; id++) {
        const struct request *r = world_request(w, id);
        if (!request_in_books(r))
            continue;
        front_in_flight_time(w, r, now);
        w->rest[r->backend].open[(r->flags & REQUEST_MEASURED) != 0]++;
    }
}

void summary_build(struct run *run, bool interrupted)
{
    struct world *w = &run->world;
    struct summary *s = &run->summary;
    lb_time now = engine_now(w->engine);
    lb_time from = w->ledger.from, until = now < w->ledger.until ? now : w->ledger.until;
    *s = (struct summary){.scenario = w->scenario,
                          .algorithm = w->scenario->balancer.algorithm->name,
                          .ideal = lb_ideal(w->scenario->balancer.algorithm),
                          .seed = w->key.seed,
                          .replication = w->key.replication,
                          .digest = digest_value(&w->ledger.digest),
                          .interrupted = interrupted,
                          .simulated_s = until > from ? units_to_s(until - from) : 0.0,
                          .wall_s = (double)run->wall / 1e9,
                          .events = engine_done(w->engine),
                          .backend_count = w->backend_count,
                          .expect_count = w->scenario->expect_count};
    histogram_init(&s->latency);
    build_classes(s, w);
    summary_build_ledger(s, w);
    s->backends = text_need_zero(s->backend_count, sizeof *s->backends);
    for (uint32_t i = 0; i < s->backend_count; i++)
        build_backend(run, i, from, until > from ? until : from);
    s->expects = text_need_zero(s->expect_count + 1, sizeof *s->expects);
    uint64_t done = s->counts.ok + s->counts.failed;
    summary_build_sessions(s, w);
    summary_build_balancers(s, w);
    summary_build_connections(s, w);
    summary_build_upstream(s, w, now);
    summary_build_hedges(s, w);
    summary_build_breakers(s, w, now);
    s->availability = done > 0 ? (double)s->counts.ok / (double)done : NAN;
    s->imbalance = imbalance(s);
    if (s->simulated_s > 0.0) {
        s->throughput = (double)done / s->simulated_s;
        s->goodput = (double)s->counts.good / s->simulated_s;
    }
}

void summary_release(struct summary *s)
{
    summary_release_ledger(s);
    free(s->classes);
    free(s->backends);
    free(s->balancers);
    free(s->expects);
}

const char *summary_format(char *buf, size_t size, enum unit unit, double value)
{
    if (!isfinite(value)) {
        (void)snprintf(buf, size, "-");
        return buf;
    }
    switch (unit) {
    case UNIT_TIME:
        return units_format(buf, size, units_from_ns(value));
    case UNIT_RATE:
        (void)snprintf(buf, size, "%.4g/s", value);
        break;
    case UNIT_SHARE:
        (void)snprintf(buf, size, "%.3g %%", 100.0 * value);
        break;
    case UNIT_COUNT:
        (void)snprintf(buf, size, "%.4g", value);
        break;
    }
    return buf;
}

void summary_json_latency(struct json *json, const char *key, const struct histogram *h)
{
    static const struct {
        const char *key;
        double p;
    } quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99_9", 0.999}};
    json_object(json, key);
    if (h != NULL && h->count > 0) {
        json_round(json, "mean", histogram_mean(h) / 1e6, 6);
        for (size_t i = 0; i < sizeof quantiles / sizeof quantiles[0]; i++)
            json_round(json, quantiles[i].key, histogram_quantile(h, quantiles[i].p) / 1e6, 6);
        json_round(json, "max", (double)h->max / 1e6, 9);
    }
    json_end_object(json);
}

static void json_counts(struct json *json, const char *key, const struct summary_counts *counts)
{
    json_object(json, key);
    json_uint(json, "arrived", counts->arrived);
    json_uint(json, "ok", counts->ok);
    json_uint(json, "failed", counts->failed);
    json_uint(json, "in_flight", counts->in_flight);
    json_uint(json, "good", counts->good);
    json_uint(json, "attempts", counts->attempts);
    json_object(json, "causes");
    for (int cause = 0; cause < CAUSES; cause++)
        if (counts->cause[cause] > 0)
            json_uint(json, cause_name((enum cause)cause), counts->cause[cause]);
    json_end_object(json);
    json_end_object(json);
}

static void json_parts(const struct summary *s, struct json *json)
{
    json_list(json, "backends");
    for (uint32_t i = 0; i < s->backend_count; i++) {
        const struct summary_backend *b = &s->backends[i];
        json_object(json, NULL);
        json_string(json, "name", b->name);
        json_uint(json, "weight", b->weight);
        if (b->absent)
            json_bool(json, "absent", true);
        json_uint(json, "picks", b->picks);
        json_uint(json, "ok", b->ok);
        json_uint(json, "failed", b->failed);
        json_round(json, "utilization", b->utilization, 6);
        json_round(json, "in_flight_mean", b->in_flight_mean, 6);
        json_round(json, "queue_mean", b->queue_mean, 6);
        if (s->connections.layer4)
            json_round(json, "connections_mean", b->connections_mean, 6);
        if (s->breakers.any) {
            json_uint(json, "breaker_opened", b->breaker_opened);
            json_round(json, "breaker_away", b->breaker_away, 6);
        }
        json_end_object(json);
    }
    json_end_list(json);
    json_list(json, "classes");
    for (uint32_t i = 0; i < s->class_count; i++) {
        json_object(json, NULL);
        json_string(json, "client", s->classes[i].client);
        json_string(json, "name", s->classes[i].name);
        json_counts(json, "requests", &s->classes[i].counts);
        summary_json_latency(json, "latency_ms", &s->classes[i].latency);
        summary_json_ledger(s->classes[i].ledger, s->classes[i].ledger_count, json);
        json_end_object(json);
    }
    json_end_list(json);
    summary_json_expects(s->expects, s->expect_count, json);
}

void summary_json_expects(const struct summary_expect *expects, uint32_t count, struct json *json)
{
    json_list(json, "expect");
    for (uint32_t i = 0; i < count; i++) {
        const struct summary_expect *e = &expects[i];
        char buf[64];
        json_object(json, NULL);
        json_string(json, "text", e->text);
        json_bool(json, "holds", e->holds);
        json_string(json, "value",
                    e->ratio ? summary_format(buf, sizeof buf, UNIT_COUNT, e->value)
                             : summary_format(buf, sizeof buf, e->unit, e->value));
        json_end_object(json);
    }
    json_end_list(json);
}

void summary_json(const struct summary *s, struct json *json, const char *key)
{
    char digest[32];
    (void)snprintf(digest, sizeof digest, "%016llx", (unsigned long long)s->digest);
    json_object(json, key);
    json_string(json, "scenario", s->scenario->name);
    json_string(json, "variant", s->scenario->variant);
    json_string(json, "algorithm", s->algorithm);
    if (s->ideal)
        json_bool(json, "ideal", true);
    json_uint(json, "seed", s->seed);
    json_uint(json, "replication", s->replication);
    json_string(json, "digest", digest);
    json_bool(json, "interrupted", s->interrupted);
    json_round(json, "simulated_s", s->simulated_s, 12);
    json_round(json, "wall_s", s->wall_s, 4);
    json_uint(json, "events", s->events);
    json_counts(json, "requests", &s->counts);
    summary_json_ledger(s->ledger, s->ledger_count, json);
    summary_json_latency(json, "latency_ms", &s->latency);
    summary_json_latency(json, "response_ms", &s->response);
    json_round(json, "throughput_per_s", s->throughput, 7);
    json_round(json, "goodput_per_s", s->goodput, 7);
    json_round(json, "availability", s->availability, 7);
    summary_json_sessions(s, json);
    summary_json_connections(s, json);
    summary_json_upstream(s, json);
    summary_json_hedges(s, json);
    summary_json_breakers(s, json);
    json_round(json, "imbalance", s->imbalance, 5);
    summary_json_balancers(s, json);
    json_parts(s, json);
    json_end_object(json);
}
