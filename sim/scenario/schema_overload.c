/* The keys under `balancer` that say what it refuses when there is too much, and whom it believes. */
#include <string.h>

#include "sim/scenario/schema.h"

static const char *const pers[] = {"all", "source", "client", NULL};
static const char *const limiters[] = {"none", "gradient", "aimd", NULL};
static const char *const yesno[] = {"no", "yes", NULL};

#define RATE_LEAST 1e-3
#define RATE_MOST  1e9

static void read_rate(struct reader *r, const struct schema_row *row, const struct node *node,
                      void *base)
{
    struct scenario_rate_limit *limit = &((struct scenario_balancer *)base)->rate_limit;
    struct quantity q;
    if (!read_is_scalar(r, node, row->shape) ||
        !read_quantity(r, node, 0, node->size, read_trail(r), QUANTITY_RATE, &q))
        return;
    limit->rate = q.value;
    if (q.value >= RATE_LEAST && q.value <= RATE_MOST)
        return;
    diagnose_error(r->diagnose, node->at, "%s must be 0.001/s to 1000000000/s", read_trail(r));
    diagnose_help(r->diagnose, "to refuse everything, give its clients arrivals of rate 0");
}

static void read_shed_entry(struct reader *r, const struct node *key, struct scenario_shed *shed)
{
    uint64_t priority;
    struct quantity q;
    if (quantity_read_u64(key->text, key->size, &priority) != 0 || priority >= SHED_PRIORITIES) {
        diagnose_error(r->diagnose, key->at, "%s: a priority is 0 to %u, not %s", read_trail(r),
                       SHED_PRIORITIES - 1, quote(key->text, key->size).text);
        return;
    }
    size_t mark = read_enter(r, ".%u", (unsigned)priority);
    if (read_is_scalar(r, key->value, "a share in %") &&
        read_quantity(r, key->value, 0, key->value->size, read_trail(r), QUANTITY_SHARE, &q)) {
        if (q.value < 0 || q.value > 1)
            diagnose_error(r->diagnose, key->value->at, "%s must be 0%% to 100%%", read_trail(r));
        shed->above[priority] = q.value;
    }
    read_leave(r, mark);
}

/* A priority that is not named is shed like the next more important one that is. */
static void read_shed(struct reader *r, const struct schema_row *row, const struct node *node,
                      void *base)
{
    struct scenario_shed *shed = &((struct scenario_balancer *)base)->shed;
    if (node->kind != NODE_MAP || node->count == 0) {
        diagnose_error(r->diagnose, node->at, "%s must be %s", read_trail(r), row->shape);
        diagnose_help(r->diagnose, "as in shed: {1: 90%%, 2: 70%%}; 0 is the most important");
        return;
    }
    shed->on = true;
    for (uint32_t p = 0; p < SHED_PRIORITIES; p++)
        shed->above[p] = -1; /* not named */
    for (const struct node *key = node->first; key != NULL; key = key->next)
        read_shed_entry(r, key, shed);
    double above = 2;
    for (uint32_t p = 0; p < SHED_PRIORITIES; p++) {
        if (shed->above[p] > above)
            diagnose_error(r->diagnose, node->at,
                           "%s: priority %u may fill more than more important ones", read_trail(r),
                           p);
        above = shed->above[p] < 0 ? above : shed->above[p];
        shed->above[p] = above;
    }
}

void resolve_overload(struct reader *r)
{
    for (uint32_t i = 0; i < r->scenario->balancer_count; i++) {
        const struct scenario_balancer *b = &r->scenario->balancers[i];
        const struct scenario_concurrency *c = &b->concurrency;
        bool limited = b->max_in_flight != SCENARIO_UNLIMITED || c->kind != LIMITER_NONE ||
                       b->queue_size != SCENARIO_UNLIMITED;
        if (b->shed.on && !limited) {
            diagnose_error(r->diagnose, read_balancer_key(r, i, "shed")->at,
                           "requests are shed near a limit, and there is none");
            diagnose_help(r->diagnose, "write max_in_flight, concurrency or queue: {size: 100}");
        }
        if (c->kind != LIMITER_NONE && (c->min > c->initial || c->initial > c->max)) {
            diagnose_error(r->diagnose, read_balancer_key(r, i, "concurrency")->at,
                           "concurrency starts at %u, which is not between min %u and max %u",
                           c->initial, c->min, c->max);
            diagnose_help(r->diagnose, "write initial, min and max so that min <= initial <= max");
        }
    }
}

const struct schema_row schema_overload[] = {
    {.path = "balancer.trust_forwarded",
     .type = TYPE_EITHER,
     .fallback = "no",
     .words = yesno,
     .offset = AT(bool, scenario_balancer, trust_forwarded),
     .help = "yes: it takes the address that a request carries (X-Forwarded-For) for its source, "
             "whoever wrote it; no: the one that the connection comes from"},
    {.path = "balancer.rate_limit",
     .type = TYPE_MAP,
     .otherwise = "no limit",
     .given = AT(bool, scenario_balancer, rate_limit.on),
     .help = "a bucket of tokens: a request that finds none is refused at once"},
    {.path = "balancer.rate_limit.rate",
     .type = TYPE_CUSTOM,
     .required = true,
     .read = read_rate,
     .shape = "R/s, R/min or R/h",
     .help = "tokens that come into a bucket"},
    {.path = "balancer.rate_limit.burst",
     .type = TYPE_COUNT,
     .fallback = "1",
     .min = 1,
     .max = 1000000,
     .offset = AT(uint32_t, scenario_balancer, rate_limit.burst),
     .help = "tokens that a bucket holds: requests at once after a rest"},
    {.path = "balancer.rate_limit.per",
     .type = TYPE_WORD,
     .fallback = "all",
     .words = pers,
     .offset = AT(enum limit_per, scenario_balancer, rate_limit.per),
     .help = "who has a bucket: all together, each source address as this balancer sees it, or "
             "each client by its name"},
    {.path = "balancer.rate_limit.size",
     .type = TYPE_COUNT,
     .fallback = "100000",
     .min = 1,
     .max = 10000000,
     .offset = AT(uint32_t, scenario_balancer, rate_limit.size),
     .help = "buckets kept; the one unused for longest makes room"},
    {.path = "balancer.max_in_flight",
     .type = TYPE_LIMIT,
     .fallback = "unlimited",
     .min = 1,
     .max = 1000000000,
     .offset = AT(uint32_t, scenario_balancer, max_in_flight),
     .help = "requests that it has at once, in flight or waiting; one more is refused"},
    {.path = "balancer.concurrency",
     .type = TYPE_MAP,
     .otherwise = "no limit but max_in_flight",
     .help = "a limit of requests at once that finds itself, by how long answers take"},
    {.path = "balancer.concurrency.limit",
     .type = TYPE_WORD,
     .required = true,
     .fallback = "none",
     .words = limiters,
     .offset = AT(enum limiter, scenario_balancer, concurrency.kind),
     .help = "gradient: smaller when answers take longer than in the long run; aimd: one more with "
             "an answer, a tenth less when one is late or does not come"},
    {.path = "balancer.concurrency.min",
     .type = TYPE_COUNT,
     .fallback = "20",
     .min = 1,
     .max = 1000000,
     .offset = AT(uint32_t, scenario_balancer, concurrency.min),
     .help = "never less than this"},
    {.path = "balancer.concurrency.max",
     .type = TYPE_COUNT,
     .fallback = "200",
     .min = 1,
     .max = 1000000,
     .offset = AT(uint32_t, scenario_balancer, concurrency.max),
     .help = "never more than this"},
    {.path = "balancer.concurrency.initial",
     .type = TYPE_COUNT,
     .fallback = "20",
     .min = 1,
     .max = 1000000,
     .offset = AT(uint32_t, scenario_balancer, concurrency.initial),
     .help = "at the start"},
    {.path = "balancer.concurrency.window",
     .type = TYPE_TIME,
     .fallback = "1s",
     .min = 1e3,
     .max = 3600e9,
     .offset = AT(lb_time, scenario_balancer, concurrency.window),
     .help = "gradient: a change follows the answers of so long, ten at least"},
    {.path = "balancer.concurrency.tolerance",
     .type = TYPE_SHARE,
     .fallback = "150%",
     .min = 1,
     .max = 100,
     .offset = AT(double, scenario_balancer, concurrency.tolerance),
     .help = "gradient: how much longer than in the long run answers may take"},
    {.path = "balancer.concurrency.timeout",
     .type = TYPE_TIME,
     .fallback = "5s",
     .min = 1,
     .max = 1e5 * 3600e9,
     .offset = AT(lb_time, scenario_balancer, concurrency.timeout),
     .help = "aimd: an answer that takes longer is late"},
    {.path = "balancer.shed",
     .type = TYPE_CUSTOM,
     .otherwise = "all are alike",
     .read = read_shed,
     .shape = "{PRIORITY: SHARE, ...}",
     .help = "requests of this priority, and of less important ones (higher numbers), are refused "
             "while so much of the limit (max_in_flight, concurrency) or of the queue is taken"},
    {.path = NULL},
};

const struct schema_row schema_spoof[] = {
    {.path = "clients[].spoof",
     .type = TYPE_MAP,
     .otherwise = "no forged addresses",
     .help = "each request says in a header that it comes from some other address: a balancer that "
             "trusts forwarded addresses believes it"},
    {.path = "clients[].spoof.addresses",
     .type = TYPE_COUNT,
     .required = true,
     .min = 1,
     .max = 1000000000,
     .offset = AT(uint32_t, scenario_client, spoof),
     .help = "how many addresses it has made up; each request carries one of them"},
    {.path = NULL},
};
