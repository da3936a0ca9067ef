/* Circuit breakers in a summary: how often they opened, and for how long nothing but trials went. */
#include "sim/run/private.h"

void summary_build_breakers(struct summary *s, struct world *w, lb_time now)
{
    double window = s->simulated_s * 1e9;
    uint32_t watched = 0;
    for (uint32_t k = 0; k < w->front_count; k++) {
        const struct front *f = &w->fronts[k];
        if (f->breakers == NULL)
            continue;
        s->breakers.any = true;
        watched += !f->outer;
        for (uint32_t i = 0; i < f->balancer.backend_count; i++) {
            const struct breakers *b = &f->breakers[i];
            double away = (double)breakers_away(w, f, i, now);
            s->breakers.opened += b->opened;
            s->breakers.reopened += b->reopened;
            s->breakers.closed += b->closed;
            s->breakers.away_s += away / 1e9;
            if (f->outer)
                continue;
            s->backends[i].breaker_opened += b->opened + b->reopened;
            s->backends[i].breaker_away += away;
        }
    }
    for (uint32_t i = 0; watched > 0 && window > 0.0 && i < s->backend_count; i++)
        s->backends[i].breaker_away /= window * watched;
}

void summary_json_breakers(const struct summary *s, struct json *json)
{
    const struct summary_breakers *b = &s->breakers;
    if (!b->any)
        return;
    json_object(json, "breakers");
    json_uint(json, "opened", b->opened);
    json_uint(json, "reopened", b->reopened);
    json_uint(json, "closed", b->closed);
    json_round(json, "away_s", b->away_s, 6);
    json_end_object(json);
}

void summary_print_breakers(const struct summary *s, FILE *to)
{
    const struct summary_breakers *b = &s->breakers;
    if (!b->any)
        return;
    fprintf(to, "breakers    opened %llu", (unsigned long long)b->opened);
    if (b->reopened > 0)
        fprintf(to, "   opened again after trials %llu", (unsigned long long)b->reopened);
    fprintf(to, "   closed %llu   not closed %.4g s in all\n", (unsigned long long)b->closed,
            b->away_s);
}
