/* The keys of hedging, of clients and of balancers: a second attempt beside a slow first one. */
#include "sim/scenario/schema.h"

static const char *const works[] = {"same", "fresh", NULL};

#define LONGEST (1e5 * 3600e9)

void resolve_hedges(struct reader *r)
{
    for (uint32_t i = 0; i < r->scenario->balancer_count; i++) {
        const struct scenario_balancer *b = &r->scenario->balancers[i];
        if (!b->hedge.on || (!b->layer4 && b->to < 0))
            continue;
        diagnose_error(r->diagnose, read_balancer_key(r, i, "hedge")->at,
                       b->layer4 ? "a balancer of layer 4 sees no requests, so it cannot hedge them"
                                 : "a balancer that leads to balancers does not hedge");
        diagnose_help(r->diagnose, b->layer4 ? "write layer: 7, or hedge under clients"
                                             : "write hedge in the one that leads to backends");
    }
}

/* The rows of one side, whose record is `owner`. */
#define HEDGE_ROWS(side, owner, who)                                                               \
    {.path = side ".hedge",                                                                        \
     .type = TYPE_MAP,                                                                             \
     .otherwise = "no hedging",                                                                    \
     .given = AT(bool, owner, hedge.on),                                                           \
     .help = who},                                                                                 \
        {.path = side ".hedge.after",                                                              \
         .type = TYPE_TIME,                                                                        \
         .required = true,                                                                         \
         .fallback = "50ms",                                                                       \
         .min = 1,                                                                                 \
         .max = LONGEST,                                                                           \
         .offset = AT(lb_time, owner, hedge.after),                                                \
         .help = "without an answer for so long, and again for each further one"},                 \
        {.path = side ".hedge.max",                                                                \
         .type = TYPE_COUNT,                                                                       \
         .fallback = "1",                                                                          \
         .min = 1,                                                                                 \
         .max = HEDGE_MOST,                                                                        \
         .offset = AT(uint32_t, owner, hedge.max),                                                 \
         .help = "attempts beside the first"},                                                     \
        {.path = side ".hedge.budget",                                                             \
         .type = TYPE_SHARE,                                                                       \
         .otherwise = "no limit",                                                                  \
         .max = 100,                                                                               \
         .offset = AT(double, owner, hedge.budget),                                                \
         .given = AT(bool, owner, hedge.budgeted),                                                 \
         .help = "of them per request in the long run; ten may be saved up"},                      \
    {                                                                                              \
        .path = side ".hedge.work", .type = TYPE_EITHER, .fallback = "same", .words = works,       \
        .offset = AT(bool, owner, hedge.fresh),                                                    \
        .help = "same: the work is of the request; fresh: of the attempt, drawn anew for each"     \
    }

const struct schema_row schema_hedge[] = {
    HEDGE_ROWS("clients[]", scenario_client,
               "the client sends the request once more beside an attempt that is slow; the first "
               "answer wins, the other attempt is left"),
    {.path = NULL},
};

const struct schema_row schema_hedge_balancer[] = {
    HEDGE_ROWS("balancer", scenario_balancer,
               "the balancer sends the request to another backend, too, when one is slow; the "
               "first answer wins, the other attempt is left"),
    {.path = NULL},
};
