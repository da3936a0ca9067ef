/* Hedging in a summary: attempts beside another, how many of them won, and why others were not made. */
#include "sim/run/private.h"

void summary_build_hedges(struct summary *s, const struct world *w)
{
    s->hedges.any = w->hedges.on;
    for (int side = 0; side < HEDGE_SIDES; side++) {
        s->hedges.sent += w->hedges.counts[side].sent;
        s->hedges.won += w->hedges.counts[side].won;
        s->hedges.refused += w->hedges.counts[side].refused;
        s->hedges.nobody += w->hedges.counts[side].nobody;
    }
}

void summary_json_hedges(const struct summary *s, struct json *json)
{
    if (!s->hedges.any)
        return;
    json_object(json, "hedges");
    json_uint(json, "sent", s->hedges.sent);
    json_uint(json, "won", s->hedges.won);
    json_uint(json, "over_budget", s->hedges.refused);
    json_uint(json, "nobody_else", s->hedges.nobody);
    json_end_object(json);
}

void summary_print_hedges(const struct summary *s, FILE *to)
{
    if (!s->hedges.any)
        return;
    double share = s->counts.arrived > 0 ? (double)s->hedges.sent / (double)s->counts.arrived : 0;
    fprintf(to, "hedges      %llu sent, %.3g per request   won %llu   over the budget %llu",
            (unsigned long long)s->hedges.sent, share, (unsigned long long)s->hedges.won,
            (unsigned long long)s->hedges.refused);
    if (s->hedges.nobody > 0)
        fprintf(to, "   nobody else %llu", (unsigned long long)s->hedges.nobody);
    fputc('\n', to);
}
