/*
 * Caddy random_choose: the less loaded of a few drawn at random, with Caddy's own way of drawing.
 *
 * The idea: k slots (`choices`, at most n). Every available upstream i = 0, 1, ... of the list
 * draws a place in [0, i] and takes the slot of that number, if there is one, whoever holds it. So
 * a slot may stay empty: with two upstreams and two slots, half of all picks see one upstream only;
 * and while the first ones of the list are out, all slots may, and nobody is picked.
 * Then the filled slots are gone through: an idle upstream is taken at once; else everybody who is
 * not above the least so far is kept, and one of those kept is drawn. A larger one that came first
 * is kept too and may win: with two choices, the less loaded one surely wins only when it is first.
 * (A comment in Caddy says "one of those that tie"; what its code does is followed here.)
 *
 * The same choices in O(k) when everybody is available: draws of places in [0, i] are an inside-out
 * shuffle, of which slots 0 .. k - 1 are the first entries of a uniform permutation; slot s is empty
 * exactly when its entry is below s, because then nobody from s on drew it. So k different
 * upstreams are drawn in order, and those below their slot's number dropped.
 *
 * Cost: O(choices squared), O(n) when somebody is down or has a limit.
 * Source: Caddy v2.6.2, selectionpolicies.go; rules only. Availability: upstreams.h.
 */
#include "algorithms/caddy/upstreams.h"

#define CHOICES_MAX 64U
#define EMPTY       UINT32_MAX

static const struct lb_param params[] = {
    {.name = "choices",
     .unit = "",
     .value = 2,
     .min = 2,
     .max = CHOICES_MAX,
     .help = "how many slots are drawn for (random_choose N)"},
    {.name = NULL},
};

struct state {
    struct lb_caddy caddy;
    uint32_t choices;
};

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = lb_caddy_new(setup, sizeof *s, error);
    if (s != NULL)
        s->choices = (uint32_t)lb_value(setup, params, 0);
    return s;
}

/* Fills the slots when everybody is available: k different upstreams, in order. */
static void draw(struct state *s, uint32_t *slot, uint32_t k)
{
    uint32_t drawn[CHOICES_MAX]; /* so far, in ascending order */
    for (uint32_t c = 0; c < k; c++) {
        uint32_t x = lb_random_below(s->caddy.random, s->caddy.count - c), at = 0;
        for (; at < c && drawn[at] <= x; at++)
            x++; /* the x-th of those not drawn yet */
        for (uint32_t d = c; d > at; d--)
            drawn[d] = drawn[d - 1];
        drawn[at] = x;
        slot[c] = x < c ? EMPTY : s->caddy.row[x];
    }
}

/* Fills the slots as Caddy does. */
static void draw_from_available(struct state *s, uint32_t *slot, uint32_t k)
{
    for (uint32_t c = 0; c < k; c++)
        slot[c] = EMPTY;
    for (uint32_t i = 0; i < s->caddy.count; i++) {
        if (!lb_caddy_available(&s->caddy, s->caddy.row[i]))
            continue;
        uint32_t place = lb_random_below(s->caddy.random, i + 1);
        if (place < k)
            slot[place] = s->caddy.row[i];
    }
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    const struct lb_backend *at = s->caddy.pool->at;
    uint32_t k = s->choices < s->caddy.count ? s->choices : s->caddy.count;
    uint32_t slot[CHOICES_MAX], kept[CHOICES_MAX], count = 0, least = 0;
    (void)request, (void)now;
    if (s->caddy.plain)
        draw(s, slot, k);
    else
        draw_from_available(s, slot, k);
    for (uint32_t c = 0; c < k; c++) {
        if (slot[c] == EMPTY)
            continue;
        if (at[slot[c]].in_flight == 0)
            return (int32_t)slot[c];
        if (count > 0 && at[slot[c]].in_flight > least)
            continue;
        least = at[slot[c]].in_flight;
        kept[count++] = slot[c];
    }
    if (count == 0)
        return LB_NONE;
    return (int32_t)kept[count > 1 ? lb_random_below(s->caddy.random, count) : 0];
}

extern const struct lb_algorithm lb_algorithm_caddy_random_choose;
const struct lb_algorithm lb_algorithm_caddy_random_choose = {
    .abi = LB_ABI,
    .name = "caddy-random-choose",
    .title = "Caddy random_choose",
    .summary = "Draws a few and prefers the less loaded, with the loose ends of Caddy's drawing.",
    .reference = "Caddy 2.6.2, lb_policy random_choose",
    .cost = "O(choices^2), O(n) when somebody is down or has a limit",
    .changes = "A failed or full one is not drawn; loads follow the books at once.",
    .params = params,
    .create = create,
    .destroy = lb_caddy_destroy,
    .pick = pick,
    .on_pool_change = lb_caddy_change,
    .describe = lb_caddy_describe,
};
