/* The keys under `balancer` that say what it refuses when there is too much, and whom it believes. */
#include <string.h>

#include "sim/scenario/schema.h"

static const char *const pers[] = {"all", "source", "client", NULL};
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
