/* Connections of balancers to their backends in a summary. */
#include "sim/run/private.h"

void summary_build_upstream(struct summary *s, struct world *w, lb_time now)
{
    struct summary_upstream *to = &s->upstream;
    double time = 0.0;
    for (uint32_t i = 0; i < w->front_count; i++) {
        if (w->fronts[i].upstream == NULL)
            continue;
        struct reuse *r = &w->fronts[i].upstream->reuse;
        reuse_expire(r, now);
        to->any = true;
        to->opened += r->opened;
        to->reused += r->reused;
        to->open += r->opened_in_all - r->closed_in_all;
        for (int why = 0; why < REUSE_ENDS; why++)
            to->closed[why] += r->closed[why];
        time += reuse_time(r, now);
    }
    if (to->any && s->simulated_s > 0.0)
        to->open_mean = time / 1e9 / s->simulated_s;
}

void summary_json_upstream(const struct summary *s, struct json *json)
{
    const struct summary_upstream *u = &s->upstream;
    if (!u->any)
        return;
    json_object(json, "backend_connections");
    json_uint(json, "opened", u->opened);
    json_uint(json, "reused", u->reused);
    json_uint(json, "open", u->open);
    json_round(json, "open_mean", u->open_mean, 6);
    json_object(json, "closed");
    for (int why = 0; why < REUSE_ENDS; why++)
        if (u->closed[why] > 0)
            json_uint(json, reuse_end_name((enum reuse_end)why), u->closed[why]);
    json_end_object(json);
    json_end_object(json);
}

void summary_print_upstream(const struct summary *s, FILE *to)
{
    static const char *const words[REUSE_ENDS] = {
        [REUSE_IDLE] = "idle too long", [REUSE_AGE] = "too old",
        [REUSE_REQUESTS] = "worn",      [REUSE_SPARE] = "spare",
        [REUSE_ROOM] = "to make room",  [REUSE_BROKEN] = "without an answer",
        [REUSE_REFUSED] = "refused",    [REUSE_GONE] = "other end gone"};
    const struct summary_upstream *u = &s->upstream;
    const char *before = "   closed: ";
    if (!u->any)
        return;
    fprintf(
        to,
        "to backends %llu connections opened, %llu requests on one that was there   mean open %.4g",
        (unsigned long long)u->opened, (unsigned long long)u->reused, u->open_mean);
    for (int why = 0; why < REUSE_ENDS; why++) {
        if (u->closed[why] == 0)
            continue;
        fprintf(to, "%s%s %llu", before, words[why], (unsigned long long)u->closed[why]);
        before = ", ";
    }
    fputc('\n', to);
}
