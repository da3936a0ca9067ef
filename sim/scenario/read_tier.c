/* Values of the balancer tier with a function of their own, and the rules between them. See read.h. */
#include <inttypes.h>
#include <string.h>

#include "sim/scenario/schema.h"

/* random, source, ecmp, or dns(ttl=T). */
void read_entry_rule(struct reader *r, const struct schema_row *row, const struct node *node,
                     void *base)
{
    static const char *const words[] = {"random", "source", "ecmp", "dns"};
    struct scenario_balancer *balancer = base;
    const struct call *call = read_call(r, node, row->shape);
    if (call == NULL)
        return;
    int rule = 0;
    while (rule < ENTRIES && (call->kind != CALL_NAME || strcmp(call->text, words[rule]) != 0))
        rule++;
    if (rule == ENTRIES) {
        diagnose_error(r->diagnose, node->at, "%s must be %s, not %s", read_trail(r), row->shape,
                       quote(node->text, node->size).text);
        if (call->kind == CALL_NAME)
            (void)read_suggest(r, call->text, strlen(call->text), words, ENTRIES);
        return;
    }
    const char *const names[] = {"ttl"};
    balancer->entry = (enum entry_rule)rule;
    if (!read_args_known(r, node, call, names, balancer->entry == ENTRY_DNS ? 1 : 0) ||
        balancer->entry != ENTRY_DNS)
        return;
    const struct call *ttl = call_arg(call, "ttl");
    struct quantity q;
    if (ttl == NULL) {
        diagnose_error(r->diagnose, node->at,
                       "%s: dns needs the time that resolvers keep an "
                       "address",
                       read_trail(r));
        diagnose_help(r->diagnose, "as in dns(ttl=60s)");
    } else if (read_quantity(r, node, ttl->start, ttl->end - ttl->start, read_trail(r),
                             QUANTITY_TIME, &q)) {
        balancer->dns_ttl = q.time;
        if (q.value < 1e6)
            diagnose_error(r->diagnose, read_place(r, node, ttl->start, ttl->end - ttl->start),
                           "%s: a ttl is 1ms at least", read_trail(r));
    }
}

void read_priorities(struct reader *r, const struct schema_row *row, const struct node *node,
                     void *base)
{
    struct scenario_redundancy *redundancy = &((struct scenario_balancer *)base)->redundancy;
    if (node->kind != NODE_LIST || node->count > row->max) {
        diagnose_error(r->diagnose, node->at, "%s must be a %s", read_trail(r), row->shape);
        return;
    }
    redundancy->priorities = arena_need(r->arena, node->count + 1U, sizeof(uint32_t));
    for (const struct node *entry = node->first; entry != NULL; entry = entry->next) {
        uint64_t value = 0;
        if (!read_is_scalar(r, entry, "a whole number"))
            return;
        if (quantity_read_u64(entry->text, entry->size, &value) != 0 || value < 1 || value > 254) {
            diagnose_error(r->diagnose, entry->at, "%s: %s is not a whole number from 1 to 254",
                           read_trail(r), quote(entry->text, entry->size).text);
            return;
        }
        redundancy->priorities[redundancy->priority_count++] = (uint32_t)value;
    }
}

/* Is it entered by other balancers? */
static bool behind_others(const struct scenario *s, uint32_t place)
{
    for (uint32_t b = 0; b < s->balancer_count; b++)
        if (s->balancers[b].to == (int32_t)place)
            return true;
    return false;
}

static void fill_priorities(struct reader *r, struct scenario_balancer *balancer)
{
    struct scenario_redundancy *redundancy = &balancer->redundancy;
    if (redundancy->priorities != NULL)
        return;
    redundancy->priorities = arena_need(r->arena, balancer->count, sizeof(uint32_t));
    redundancy->priority_count = balancer->count;
    for (uint32_t i = 0; i < balancer->count; i++)
        redundancy->priorities[i] = i == 0 ? 200 : i <= 99 ? 101 - i : 1;
}

void resolve_redundancy(struct reader *r, uint32_t place)
{
    struct scenario *s = r->scenario;
    struct scenario_balancer *balancer = &s->balancers[place];
    struct scenario_redundancy *redundancy = &balancer->redundancy;
    if (!redundancy->on)
        return;
    struct place at = read_balancer_key(r, place, "redundancy")->at;
    bool shared = redundancy->mode != REDUNDANCY_SINGLE;
    if (shared && balancer->count < 2) { /* it may be meant for a variant with more */
        diagnose_warning(
            r->diagnose, at,
            "one balancer has nobody who could take over: until count is 2 or more, its "
            "clients wait for it to come back");
        redundancy->mode = REDUNDANCY_SINGLE;
        redundancy->priorities = NULL;
    } else if (shared && behind_others(s, place)) {
        diagnose_error(r->diagnose, at,
                       "balancers that others lead to are asked one by one: they share no address");
        diagnose_help(r->diagnose, "give those in front of them active checks");
    } else if (shared && redundancy->detects) {
        diagnose_error(r->diagnose, at, "detect goes with mode: single");
    } else if (!shared && redundancy->priorities != NULL) {
        diagnose_error(r->diagnose, at, "priorities go with mode: active-passive or active-active");
    } else if (redundancy->priorities != NULL && redundancy->priority_count != balancer->count) {
        diagnose_error(r->diagnose, at, "%" PRIu32 " priorities for %" PRIu32 " balancers",
                       redundancy->priority_count, balancer->count);
    } else if (shared) {
        fill_priorities(r, balancer);
    }
}
