/* See concurrency.h. */
#include "sim/balancer/concurrency.h"

#define LONG_WINDOWS 600
#define WARM_WINDOWS 10U /* the long average is a plain mean until then */
#define ANSWERS_MIN  10U /* of a window */
#define SMOOTHING    0.2
#define HEADROOM     4.0
#define BACKOFF      0.9

void concurrency_init(struct concurrency *c, const struct scenario_concurrency *rule)
{
    *c = (struct concurrency){.rule = rule, .limit = rule->initial, .until = rule->window};
}

uint32_t concurrency_limit(const struct concurrency *c)
{
    return (uint32_t)c->limit;
}

static double clamp(const struct concurrency *c, double limit)
{
    double least = c->rule->min, most = c->rule->max;
    return limit < least ? least : limit > most ? most : limit;
}

static void add_long(struct concurrency *c, double took)
{
    if (c->long_count < WARM_WINDOWS) {
        c->long_count++;
        c->longer += (took - c->longer) / c->long_count;
    } else {
        c->longer += (took - c->longer) * 2.0 / (LONG_WINDOWS + 1);
    }
}

/* The end of a window in which answers took so long in the mean. */
static void adjust(struct concurrency *c, double took)
{
    took = took > 1.0 ? took : 1.0;
    add_long(c, took);
    if (c->longer / took > 2.0) /* the queue is gone: forget it sooner */
        c->longer *= 0.95;
    if (c->most < c->limit / 2)
        return;
    double gradient = c->rule->tolerance * c->longer / took;
    gradient = gradient < 0.5 ? 0.5 : gradient > 1.0 ? 1.0 : gradient;
    double limit = c->limit * gradient + HEADROOM;
    c->limit = clamp(c, c->limit * (1 - SMOOTHING) + limit * SMOOTHING);
}

static void gradient_answer(struct concurrency *c, lb_time took, uint32_t in_flight, lb_time now)
{
    c->sum += (double)took;
    c->count++;
    c->most = in_flight > c->most ? in_flight : c->most;
    if (now < c->until || c->count < ANSWERS_MIN)
        return;
    adjust(c, c->sum / c->count);
    c->sum = 0;
    c->count = c->most = 0;
    c->until = now + c->rule->window;
}

void concurrency_answer(struct concurrency *c, lb_time took, uint32_t in_flight, bool dropped,
                        lb_time now)
{
    if (c->rule->kind == LIMITER_GRADIENT) {
        gradient_answer(c, took, in_flight, now);
    } else if (dropped || took > c->rule->timeout) {
        c->limit = clamp(c, (uint32_t)(c->limit * BACKOFF));
    } else if (2.0 * in_flight >= c->limit) {
        c->limit = clamp(c, c->limit + 1);
    }
}
