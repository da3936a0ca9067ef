/*
 * The timeline: entries like {at: 30s, kill: web2} or {at: 1min, slow: web, to: 20%, for: 30s}.
 * An action is a row here, its word is in words.c; what it does is the model's business.
 */
#include <string.h>

#include "sim/scenario/load.h"
#include "sim/scenario/schema.h"

#define LONGEST (1e5 * 3600e9) /* 100000h, in ns */

const struct action_row action_rows[ACTIONS] = {
    [ACTION_KILL] = {.target = TARGET_MACHINES,
                     .amount = AMOUNT_NONE,
                     .lasts = true,
                     .help =
                         "the process is gone: what was in flight is reset, connects are refused"},
    [ACTION_HANG] = {.target = TARGET_MACHINES,
                     .amount = AMOUNT_NONE,
                     .lasts = true,
                     .help = "it accepts and never answers"},
    [ACTION_RESTORE] = {.target = TARGET_MACHINES,
                        .amount = AMOUNT_NONE,
                        .help = "as new and empty: undoes whatever befell it, and a drain"},
    [ACTION_SLOW] = {.target = TARGET_MACHINES,
                     .amount = AMOUNT_SPEED,
                     .lasts = true,
                     .help = "a share of its own speed"},
    [ACTION_DRAIN] = {.target = TARGET_MACHINES,
                      .amount = AMOUNT_NONE,
                      .limit = true,
                      .help = "nothing new; it goes on until empty, or to the limit"},
    [ACTION_WEIGHT] = {.target = TARGET_BACKENDS, .amount = AMOUNT_WEIGHT, .help = "a new weight"},
    [ACTION_RATE] = {.target = TARGET_CLIENTS,
                     .amount = AMOUNT_RATE,
                     .lasts = true,
                     .help = "a new rate of a client group, or a share of the written one"},
    [ACTION_ALGORITHM] = {.target = TARGET_BALANCER,
                          .amount = AMOUNT_ALGORITHM,
                          .help = "another algorithm, with its defaults and a fresh state"},
    [ACTION_PAUSE] = {.target = TARGET_BACKENDS,
                      .amount = AMOUNT_NONE,
                      .lasts = true,
                      .help =
                          "it stands still: what is in service freezes and goes on, others wait"},
    [ACTION_ERRORS] = {.target = TARGET_BACKENDS,
                       .amount = AMOUNT_SHARE,
                       .lasts = true,
                       .help =
                           "this share of requests is answered with an error, after `in` of work "
                           "instead of their own",
                       .in = true},
    [ACTION_LOSS] = {.target = TARGET_BACKENDS,
                     .amount = AMOUNT_SHARE,
                     .lasts = true,
                     .help =
                         "this share of the packets between balancers and it is lost, or between "
                         "it and the balancer `from`: the attempt waits for a timeout",
                     .from = true},
    [ACTION_ISOLATE] =
        {.target = TARGET_MACHINES,
         .amount = AMOUNT_NONE,
         .lasts = true,
         .help = "no packet reaches it or comes from it, or none between it and `from`: connects "
                 "time out",
         .from = true},
    [ACTION_FLAP] = {.target = TARGET_BACKENDS,
                     .amount = AMOUNT_NONE,
                     .lasts = true,
                     .help = "killed for `down`, restored for `up`, again and again",
                     .turns = true},
    [ACTION_COUNT] = {.target = TARGET_BACKENDS,
                      .amount = AMOUNT_COUNT,
                      .limit = true,
                      .help =
                          "so many of a group: new ones join, or the last ones are drained and go"},
};

const char *action_amount_shape(enum action_amount amount)
{
    static const char *const shapes[] = {
        [AMOUNT_NONE] = "",
        [AMOUNT_SPEED] = "a share above 0% and at most 1000%, as in 20%",
        [AMOUNT_WEIGHT] = "a whole number from 0 to 65535",
        [AMOUNT_RATE] = "a rate, as in 600/s, or a share of the written one, as in 150%",
        [AMOUNT_ALGORITHM] = "the name of an algorithm",
        [AMOUNT_SHARE] = "a share from 0% to 100%, as in 5%",
        [AMOUNT_COUNT] = "a whole number from 0 to 100000",
    };
    return shapes[amount];
}

bool action_amount_fits(enum action_amount amount, const struct quantity *q, double own, double *to)
{
    *to = q->value;
    switch (amount) {
    case AMOUNT_SPEED:
        return q->kind == QUANTITY_SHARE && q->value > 0 && q->value <= 10;
    case AMOUNT_SHARE:
        return (q->kind == QUANTITY_SHARE && q->value >= 0 && q->value <= 1) ||
               (q->kind == QUANTITY_NUMBER && q->value == 0);
    case AMOUNT_WEIGHT:
        return q->kind == QUANTITY_NUMBER && q->whole && q->value >= 0 && q->value <= 65535;
    case AMOUNT_COUNT:
        return q->kind == QUANTITY_NUMBER && q->whole && q->value >= 0 && q->value <= 100000;
    case AMOUNT_RATE:
        if (q->kind == QUANTITY_SHARE)
            *to = q->value * own;
        if (q->kind == QUANTITY_NUMBER && q->value == 0)
            return true; /* 0 needs no unit */
        return (q->kind == QUANTITY_SHARE || q->kind == QUANTITY_RATE) && q->value >= 0 &&
               *to <= 1e9;
    default:
        return false;
    }
}

/* The keys of one entry. */
struct entry {
    const struct node *node, *at, *action, *to, *lasts, *limit, *in, *up, *down, *from;
};

static void tell_unknown(struct reader *r, const struct node *key)
{
    static const char *const others[] = {"at", "to", "for", "limit", "in", "up", "down", "from"};
    enum { OTHERS = sizeof others / sizeof others[0] };
    const char *words[ACTIONS + OTHERS];
    struct text known;
    if (read_later_key(r, "timeline[]", key))
        return;
    diagnose_error(r->diagnose, key->at, "unknown key %s in %s", quote(key->text, key->size).text,
                   read_trail(r));
    text_init(&known);
    for (int a = 0; a < ACTIONS; a++) {
        words[a] = action_name((enum action)a);
        text_addf(&known, " %s", words[a]);
    }
    memcpy(words + ACTIONS, others, sizeof others);
    if (!read_suggest(r, key->text, key->size, words, ACTIONS + OTHERS))
        diagnose_help(r->diagnose,
                      "write at, an action, to, for, limit, in, up, down or from; actions:%s",
                      known.data);
    text_done(&known);
}

static bool gather(struct reader *r, struct entry *e, enum action *action)
{
    bool fine = true;
    for (const struct node *key = e->node->first; key != NULL; key = key->next) {
        enum action found =
            memchr(key->text, '\0', key->size) == NULL ? action_find(key->text) : ACTIONS;
        if (node_is(key, "at")) {
            e->at = key->value;
        } else if (node_is(key, "to")) {
            e->to = key;
        } else if (node_is(key, "for")) {
            e->lasts = key;
        } else if (node_is(key, "limit")) {
            e->limit = key;
        } else if (node_is(key, "in")) {
            e->in = key;
        } else if (node_is(key, "up")) {
            e->up = key;
        } else if (node_is(key, "down")) {
            e->down = key;
        } else if (node_is(key, "from")) {
            e->from = key;
        } else if (found == ACTIONS) {
            tell_unknown(r, key);
            fine = false;
        } else if (e->action != NULL) {
            diagnose_error(r->diagnose, key->at, "%s has two actions, %s and %s", read_trail(r),
                           action_name(*action), key->text);
            diagnose_help(r->diagnose, "write an entry for each");
            fine = false;
        } else {
            e->action = key;
            *action = found;
        }
    }
    const char *missing = e->at == NULL ? "the key 'at'" : "an action, as in kill: web1";
    if (fine && (e->at == NULL || e->action == NULL)) {
        diagnose_error(r->diagnose, e->node->at, "%s is missing %s", read_trail(r), missing);
        fine = false;
    }
    return fine;
}

static bool read_time(struct reader *r, const struct node *node, const char *key, lb_time *time)
{
    struct quantity q;
    size_t mark = read_enter(r, ".%s", key);
    bool fine = read_is_scalar(r, node, "a duration") &&
                read_quantity(r, node, 0, node->size, read_trail(r), QUANTITY_TIME, &q);
    if (fine && (q.value < 0 || q.value > LONGEST)) {
        diagnose_error(r->diagnose, node->at, "%s is %s, outside the range 0 to 100000h",
                       read_trail(r), node->text);
        fine = false;
    }
    if (fine)
        *time = q.time;
    read_leave(r, mark);
    return fine;
}

/* A time, or a distribution of it. */
static void read_at(struct reader *r, const struct node *node, struct scenario_action *action)
{
    if (node->kind != NODE_SCALAR || memchr(node->text, '(', node->size) == NULL) {
        (void)read_time(r, node, "at", &action->at);
        return;
    }
    size_t mark = read_enter(r, ".at");
    const struct call *call = read_call(r, node, "a duration or a distribution");
    if (call != NULL && read_distribution(r, node, call, &action->when))
        action->random = true;
    read_leave(r, mark);
}

static bool not_taken(struct reader *r, const struct node *key, enum action action)
{
    diagnose_error(r->diagnose, key->at, "%s: %s takes no '%s'", read_trail(r), action_name(action),
                   key->text);
    return false;
}

static void read_to(struct reader *r, const struct entry *e, struct draft_action *draft)
{
    const struct action_row *row = &action_rows[draft->action->action];
    const char *name = action_name(draft->action->action);
    if (e->to == NULL) {
        diagnose_error(r->diagnose, e->node->at, "%s is missing the key 'to'", read_trail(r));
        diagnose_help(r->diagnose, "%s needs %s", name, action_amount_shape(row->amount));
        return;
    }
    const struct node *to = e->to->value;
    size_t mark = read_enter(r, ".to");
    double ignored;
    draft->to = to;
    if (row->amount == AMOUNT_ALGORITHM) {
        draft->action->algorithm = read_algorithm_name(r, to);
    } else if (read_is_scalar(r, to, action_amount_shape(row->amount))) {
        enum quantity_fault fault = quantity_read(to->text, to->size, &draft->amount);
        if (fault != QUANTITY_FINE ||
            !action_amount_fits(row->amount, &draft->amount, 0, &ignored)) {
            diagnose_error(r->diagnose, to->at, "%s: %s does not fit %s", read_trail(r),
                           quote(to->text, to->size).text, name);
            diagnose_help(r->diagnose, "write %s", action_amount_shape(row->amount));
        }
    }
    read_leave(r, mark);
}

/* A part of a turn: above 0, and needed when the action takes it. */
static void read_turn(struct reader *r, const struct entry *e, const struct node *key,
                      const char *name, const struct scenario_action *action, lb_time *time)
{
    bool turns = action_rows[action->action].turns;
    if (key != NULL && !turns)
        (void)not_taken(r, key, action->action);
    else if (key == NULL && turns)
        diagnose_error(r->diagnose, e->node->at, "%s is missing the key '%s'", read_trail(r), name);
    else if (key != NULL && read_time(r, key->value, name, time) && *time == 0)
        diagnose_error(r->diagnose, key->value->at, "%s.%s must be above 0", read_trail(r), name);
}

static void read_times(struct reader *r, const struct entry *e, struct scenario_action *action)
{
    const struct action_row *row = &action_rows[action->action];
    action->limit = LB_NEVER;
    if (e->lasts != NULL &&
        (row->lasts ? read_time(r, e->lasts->value, "for", &action->lasts)
                    : not_taken(r, e->lasts, action->action)) &&
        action->lasts == 0)
        diagnose_error(r->diagnose, e->lasts->value->at, "%s.for must be above 0", read_trail(r));
    if (e->limit != NULL)
        (void)(row->limit ? read_time(r, e->limit->value, "limit", &action->limit)
                          : not_taken(r, e->limit, action->action));
    if (e->in != NULL)
        (void)(row->in ? read_time(r, e->in->value, "in", &action->in)
                       : not_taken(r, e->in, action->action));
    read_turn(r, e, e->up, "up", action, &action->up);
    read_turn(r, e, e->down, "down", action, &action->down);
}

/* The name behind a key; NULL after the error. */
static const struct node *read_target(struct reader *r, const struct node *key)
{
    size_t mark = read_enter(r, ".%s", key->text);
    bool fine = read_is_scalar(r, key->value, "a name");
    read_leave(r, mark);
    return fine ? key->value : NULL;
}

static void read_entry(struct reader *r, struct draft_action *draft, const struct node *node)
{
    struct entry e = {.node = node};
    struct scenario_action *action = draft->action;
    if (!gather(r, &e, &action->action))
        return;
    const struct action_row *row = &action_rows[action->action];
    draft->at = e.at;
    read_at(r, e.at, action);
    read_times(r, &e, action);
    if (row->amount != AMOUNT_NONE)
        read_to(r, &e, draft);
    else if (e.to != NULL)
        (void)not_taken(r, e.to, action->action);
    draft->target = read_target(r, e.action);
    if (e.from != NULL && (row->from || not_taken(r, e.from, action->action)))
        draft->from = read_target(r, e.from);
}

void read_timeline(struct reader *r, const struct schema_row *row, const struct node *node,
                   void *base)
{
    (void)base;
    if (node->kind != NODE_LIST) {
        diagnose_error(r->diagnose, node->at, "%s must be a list ('- ...'), not %s", read_trail(r),
                       node->kind == NODE_MAP ? "a mapping"
                       : node_is_null(node)   ? "empty"
                                              : "a single value");
        if (node_is_null(node))
            diagnose_help(r->diagnose, "delete the key, or write entries below it");
        return;
    }
    if (node->count > row->max) {
        diagnose_error(r->diagnose, node->at, "%s has more than %.0f entries", read_trail(r),
                       row->max);
        return;
    }
    struct scenario *s = r->scenario;
    s->timeline = arena_need(r->arena, node->count, sizeof *s->timeline);
    r->actions = arena_need(r->scratch, node->count, sizeof *r->actions);
    s->action_count = node->count;
    uint32_t i = 0;
    for (const struct node *entry = node->first; entry != NULL; entry = entry->next, i++) {
        size_t mark = read_enter(r, "[%u]", (unsigned)i);
        r->actions[i].action = &s->timeline[i];
        if (entry->kind == NODE_MAP)
            read_entry(r, &r->actions[i], entry);
        else
            diagnose_error(r->diagnose, entry->at,
                           "%s must be a mapping, as in {at: 30s, kill: "
                           "web2}",
                           read_trail(r));
        read_leave(r, mark);
    }
}

/* --- binding ------------------------------------------------------------------------------------ */

void resolve_backends(struct reader *r, struct draft_action *draft)
{
    const struct node *node = draft->target;
    const struct target_name *found = resolve_target(r, node->text, node->size);
    if (found == NULL && scenario_is_store(r->scenario, draft->action->action, node->text)) {
        draft->action->store = true;
        draft->action->target = r->scenario->state.name;
    } else if (found != NULL) {
        draft->action->first = found->first;
        draft->action->count = found->count;
        draft->action->target = found->name;
    } else if (node->size > 5 && memcmp(node->text, "zone ", 5) == 0) {
        const struct scenario *s = r->scenario;
        uint32_t z = 0;
        while (z < s->zone_count && strcmp(s->zones[z], node->text + 5) != 0)
            z++;
        if (z == s->zone_count) {
            diagnose_error(r->diagnose, node->at, "no backend is in zone %s",
                           quote(node->text + 5, node->size - 5).text);
            (void)read_suggest(r, node->text + 5, node->size - 5, s->zones, s->zone_count);
            return;
        }
        draft->action->count = s->backend_count;
        draft->action->zone = (uint16_t)(z + 1);
        draft->action->target = s->zones[z];
    } else {
        diagnose_error(r->diagnose, node->at, "no backend or group is called %s",
                       quote(node->text, node->size).text);
        (void)resolve_suggest(r, node->text, node->size);
    }
}

static void bind_clients(struct reader *r, struct draft_action *draft)
{
    const struct node *node = draft->target;
    const struct scenario *s = r->scenario;
    struct scenario_action *action = draft->action;
    const char *names[64];
    for (uint32_t i = 0; i < s->client_count; i++) {
        const struct scenario_client *client = &s->clients[i];
        names[i] = client->name;
        if (!node_is(node, client->name))
            continue;
        action->first = i;
        action->count = 1;
        action->target = client->name;
        if (client->arrivals == ARRIVALS_CLOSED)
            diagnose_error(r->diagnose, node->at, "clients %s are a closed loop: they have no rate",
                           quote(node->text, node->size).text);
        else if (!action_amount_fits(AMOUNT_RATE, &draft->amount, client->rate, &action->to))
            diagnose_error(r->diagnose, draft->to->at, "a rate above 1000000000/s");
        return;
    }
    diagnose_error(r->diagnose, node->at, "no clients are called %s",
                   quote(node->text, node->size).text);
    (void)read_suggest(r, node->text, node->size, names, s->client_count);
}

void resolve_timeline(struct reader *r)
{
    struct scenario *s = r->scenario;
    for (uint32_t i = 0; i < s->action_count; i++) {
        struct draft_action *draft = &r->actions[i];
        const struct node *node = draft->target;
        if (node == NULL)
            continue;
        switch (action_rows[draft->action->action].target) {
        case TARGET_BACKENDS:
            resolve_backends(r, draft);
            resolve_from(r, draft);
            draft->action->to = draft->amount.value;
            break;
        case TARGET_MACHINES:
            resolve_machines(r, draft);
            draft->action->to = draft->amount.value;
            break;
        case TARGET_CLIENTS:
            bind_clients(r, draft);
            break;
        default:
            draft->action->at_balancers = true;
            draft->action->target = scenario_find_balancer(
                s, node->text, node->size, &draft->action->first, &draft->action->count);
            if (draft->action->target == NULL) {
                diagnose_error(r->diagnose, node->at, "no balancer is called %s",
                               quote(node->text, node->size).text);
                resolve_tell_balancers(r, node->text, node->size);
            } else if (draft->action->algorithm != NULL &&
                       !scenario_algorithm_fits(s, draft->action->first,
                                                draft->action->algorithm)) {
                resolve_tell_unfit(r, draft->to, draft->action->first, draft->action->algorithm);
            }
            break;
        }
    }
}
