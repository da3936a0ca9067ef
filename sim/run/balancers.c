/* What the balancers themselves did, in a summary: requests that came, and their own work. */
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/run/private.h"

void summary_build_balancers(struct summary *s, struct world *w, lb_time now)
{
    double window = s->simulated_s * 1e9;
    if (!w->desks && w->front_count == 1)
        return;
    s->balancer_count = w->front_count;
    s->balancers = text_need_zero(w->front_count, sizeof *s->balancers);
    for (uint32_t i = 0; i < w->front_count; i++) {
        struct front *f = &w->fronts[i];
        struct summary_balancer *b = &s->balancers[i];
        desk_tick(w, &f->desk, now);
        *b = (struct summary_balancer){.name = f->name,
                                       .requests = f->desk.entered,
                                       .capacity = f->rule->capacity.workers > 0};
        if (b->capacity && window > 0.0) {
            b->utilization = f->desk.busy_area / window / f->rule->capacity.workers;
            b->queue_mean = f->desk.queued_area / window;
        }
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

void summary_json_balancers(const struct summary *s, struct json *json)
{
    if (s->balancer_count == 0)
        return;
    json_list(json, "balancers");
    for (uint32_t i = 0; i < s->balancer_count; i++) {
        const struct summary_balancer *b = &s->balancers[i];
        json_object(json, NULL);
        json_string(json, "name", b->name);
        json_uint(json, "requests", b->requests);
        if (b->capacity) {
            json_round(json, "utilization", b->utilization, 6);
            json_round(json, "queue_mean", b->queue_mean, 6);
        }
        json_end_object(json);
    }
    json_end_list(json);
}

#define SHOWN 16U

void summary_print_balancers(const struct summary *s, FILE *to)
{
    if (s->balancer_count == 0)
        return;
    fputs("BALANCER              REQUESTS UTILIZATION    QUEUE\n", to);
    for (uint32_t i = 0; i < s->balancer_count && i < SHOWN; i++) {
        const struct summary_balancer *b = &s->balancers[i];
        char safe[256];
        text_escape(safe, sizeof safe, b->name, strlen(b->name));
        int pad = 18 - (int)text_width(safe, strlen(safe));
        fprintf(to, "%s%*s%12llu", safe, pad > 0 ? pad : 0, "", (unsigned long long)b->requests);
        if (b->capacity)
            fprintf(to, "%10.1f %% %8.3g\n", 100.0 * b->utilization, b->queue_mean);
        else
            fputs("           -        -\n", to);
    }
    if (s->balancer_count > SHOWN)
        fprintf(to, "and %u more (--json has them all)\n", s->balancer_count - SHOWN);
    fputc('\n', to);
}
