/* Connections of clients in a summary. */
#include "sim/run/private.h"

void summary_build_connections(struct summary *s, struct world *w)
{
    struct connections *all = w->connections;
    struct summary_connections *to = &s->connections;
    if (all == NULL)
        return;
    connections_close(w, engine_now(w->engine));
    *to = (struct summary_connections){.any = true,
                                       .opened = all->counts.opened,
                                       .reused = all->counts.reused,
                                       .reset = all->counts.reset,
                                       .refused = all->counts.refused,
                                       .forgotten = all->counts.forgotten,
                                       .taken_over = all->counts.taken_over,
                                       .unknown = all->counts.unknown,
                                       .full = all->counts.full,
                                       .resumed = all->counts.resumed,
                                       .open = all->open + all->mere};
    for (uint32_t b = 0; b < w->scenario->balancer_count; b++) {
        to->layer4 |= w->scenario->balancers[b].layer4;
        to->tls |= w->scenario->balancers[b].tls.on;
    }
    if (s->simulated_s <= 0.0)
        return;
    to->open_mean = all->counts.time / 1e9 / s->simulated_s;
    for (uint32_t i = 0; i < s->backend_count; i++)
        s->backends[i].connections_mean = all->placed_time[i] / 1e9 / s->simulated_s;
}

void summary_json_connections(const struct summary *s, struct json *json)
{
    const struct summary_connections *c = &s->connections;
    if (!c->any)
        return;
    json_object(json, "connections");
    json_uint(json, "opened", c->opened);
    json_uint(json, "reused", c->reused);
    json_uint(json, "reset", c->reset);
    json_uint(json, "refused", c->refused);
    json_uint(json, "open", c->open);
    json_round(json, "open_mean", c->open_mean, 6);
    if (c->layer4) {
        json_uint(json, "forgotten", c->forgotten);
        json_uint(json, "taken_over", c->taken_over);
        json_uint(json, "unknown", c->unknown);
    }
    if (c->tls) {
        json_uint(json, "handshakes_full", c->full);
        json_uint(json, "handshakes_resumed", c->resumed);
    }
    json_end_object(json);
}

void summary_print_connections(const struct summary *s, FILE *to)
{
    const struct summary_connections *c = &s->connections;
    if (!c->any)
        return;
    fprintf(to, "connections %llu opened, %llu requests on one that was there   mean open %.4g",
            (unsigned long long)c->opened, (unsigned long long)c->reused, c->open_mean);
    if (c->reset > 0)
        fprintf(to, "   reset %llu", (unsigned long long)c->reset);
    if (c->forgotten > 0)
        fprintf(to, "   forgotten %llu", (unsigned long long)c->forgotten);
    if (c->taken_over + c->unknown > 0)
        fprintf(to, "   failover: %llu taken over, %llu unknown", (unsigned long long)c->taken_over,
                (unsigned long long)c->unknown);
    if (c->refused > 0)
        fprintf(to, "   refused %llu", (unsigned long long)c->refused);
    if (c->tls)
        fprintf(to, "   handshakes %llu full, %llu resumed", (unsigned long long)c->full,
                (unsigned long long)c->resumed);
    fputc('\n', to);
}
