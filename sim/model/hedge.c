/* See hedge.h. A race is found by any of its records (hedges.of); what they hand on to each other when
 * the main one changes is in hand_role. */
#include "sim/model/hedge.h"

#include <stdlib.h>
#include <string.h>

#include "sim/balancer/retry.h"
#include "sim/base/text.h"
#include "sim/model/step.h"

void hedges_init(struct world *w)
{
    const struct scenario *s = w->scenario;
    for (uint32_t i = 0; i < s->client_count; i++)
        w->hedges.on |= s->clients[i].hedge.on;
    for (uint32_t i = 0; i < w->front_count; i++)
        w->hedges.on |= w->fronts[i].rule->hedge.on;
    if (!w->hedges.on)
        return;
    w->hedges.tokens = text_need(((size_t)s->client_count + w->front_count) * sizeof(double));
    for (uint32_t i = 0; i < s->client_count + w->front_count; i++)
        w->hedges.tokens[i] = RETRY_BUCKET_CAP;
}

void hedges_done(struct hedges *hedges)
{
    free(hedges->races);
    free(hedges->of);
    free(hedges->tokens);
    *hedges = (struct hedges){0};
}

/* --- races -------------------------------------------------------------------------------------- */

/* There is a place for every record. */
static void need_of(struct world *w)
{
    struct hedges *h = &w->hedges;
    if (h->of_room >= w->requests.room)
        return;
    h->of = text_need_more(h->of, w->requests.room * sizeof *h->of);
    memset(h->of + h->of_room, 0, (w->requests.room - h->of_room) * sizeof *h->of);
    h->of_room = w->requests.room;
}

static uint32_t race_of(const struct world *w, enum hedge_side side, uint32_t id)
{
    return id < w->hedges.of_room ? w->hedges.of[id][side] : 0;
}

static uint32_t take_race(struct hedges *h)
{
    uint32_t id = h->free;
    if (id != 0) {
        h->free = h->races[id].next;
        return id;
    }
    if (h->used + 1 >= h->room) {
        h->room = h->room == 0 ? 64 : 2 * h->room;
        h->races = text_need_more(h->races, h->room * sizeof *h->races);
    }
    return ++h->used;
}

static void give_race(struct world *w, uint32_t race)
{
    struct hedge_race *r = &w->hedges.races[race];
    if (r->timer != ENGINE_NO_EVENT)
        engine_cancel(w->engine, r->timer);
    w->hedges.of[r->main][r->side] = 0;
    *r = (struct hedge_race){.next = w->hedges.free, .timer = ENGINE_NO_EVENT};
    w->hedges.free = race;
}

static const struct scenario_hedge *rule_of(const struct world *w, const struct hedge_race *race,
                                            double **tokens)
{
    if (race->side == HEDGE_BALANCER) {
        *tokens = &w->hedges.tokens[w->scenario->client_count + race->front];
        return &w->fronts[race->front].rule->hedge;
    }
    uint32_t source = w->class_source[w->requests.at[race->main].class];
    *tokens = &w->hedges.tokens[source];
    return &w->scenario->clients[source].hedge;
}

static void begin(struct world *w, enum hedge_side side, uint32_t id, uint32_t front, lb_time now)
{
    double *tokens;
    need_of(w);
    uint32_t number = take_race(&w->hedges);
    struct hedge_race *race = &w->hedges.races[number];
    *race = (struct hedge_race){.main = id, .front = (uint16_t)front, .side = (uint8_t)side};
    w->hedges.of[id][side] = number;
    const struct scenario_hedge *rule = rule_of(w, race, &tokens);
    if (rule->budgeted) {
        double more = *tokens + rule->budget;
        *tokens = more > RETRY_BUCKET_CAP ? RETRY_BUCKET_CAP : more;
    }
    race->timer = engine_at(w->engine, now + rule->after, EVENT_HEDGE, number);
}

void hedge_begins(struct world *w, struct source *s, uint32_t id, lb_time now)
{
    if (s->rule->hedge.on)
        begin(w, HEDGE_CLIENT, id, 0, now);
}

void hedge_sent(struct world *w, struct front *f, uint32_t id, lb_time now)
{
    if (f->rule->hedge.on && race_of(w, HEDGE_BALANCER, id) == 0)
        begin(w, HEDGE_BALANCER, id, f->number, now);
}

/* --- copies ------------------------------------------------------------------------------------- */

/* The work of a copy: that of the request, or another draw of its class. */
static lb_time work_of(struct world *w, const struct request *main,
                       const struct scenario_hedge *rule, uint32_t copy)
{
    uint32_t id = requests_id(&w->requests, main);
    if (!rule->fresh)
        return main->work - w->requests.tries[id].extra;
    const struct scenario_client *client = world_source(w, main)->rule;
    const struct distribution *work = &client->classes[main->class - client->class_first].work;
    struct lb_random random;
    stream_open(&random, &w->key, STREAM_WORK, UINT64_C(3) << 62 | main->number,
                (uint64_t)w->requests.tries[id].client << 32 |
                    (uint64_t)w->requests.tries[id].balancer << 8 | copy);
    return world_delay(distribution_draw_fast(work, &random));
}

/* A record beside the main one; 0 when there are too many, which ends the run. */
static uint32_t copy_of(struct world *w, struct hedge_race *race, const struct scenario_hedge *rule,
                        lb_time now)
{
    struct requests *all = &w->requests;
    uint32_t id = requests_take(all), main = race->main;
    if (id == 0) {
        client_too_many(w);
        return 0;
    }
    need_of(w);
    struct request *r = &all->at[id];
    *r = all->at[main];
    r->work = work_of(w, &all->at[main], rule, race->sent);
    r->backend = -1;
    r->event = ENGINE_NO_EVENT;
    r->flags = (uint8_t)((r->flags & REQUEST_MEASURED) | REQUEST_COPY);
    all->tries[id] = all->tries[main];
    all->tries[id].extra = 0;
    all->tries[id].held = 0;
    all->tries[id].hedge = (uint8_t)(race->sent + 1);
    if (all->stride > 0)
        memcpy(requests_tried(all, id), requests_tried(all, main), all->stride * sizeof(int32_t));
    if (all->more != NULL)
        all->more[id] = (struct request_more){.work = (double)r->work, .over = ENGINE_NO_EVENT};
    if (race->side == HEDGE_CLIENT) {
        all->tries[id].balancer = 0;
        all->tries[id].outer = all->tries[id].outer_tries = 0;
        all->tries[id].gap = false;
        all->tries[id].set_out = now;
    }
    memset(w->hedges.of[id], 0, sizeof w->hedges.of[id]);
    w->hedges.of[id][race->side] = (uint32_t)(race - w->hedges.races);
    race->copy[race->count++] = id;
    race->sent++;
    w->hedges.counts[race->side].sent += (r->flags & REQUEST_MEASURED) != 0;
    return id;
}

static void send_from_client(struct world *w, struct hedge_race *race,
                             const struct scenario_hedge *rule, lb_time now)
{
    uint32_t id = copy_of(w, race, rule, now);
    if (id == 0)
        return;
    if (w->story != NULL)
        story_hedges(w, id, NULL, now);
    client_set_out(w, world_source(w, world_request(w, id)), id, now);
}

/* Another backend for the copy: one that this request is not at, with a place for it; or -1. */
static int32_t elsewhere(struct world *w, struct front *f, const struct hedge_race *race,
                         lb_time now)
{
    int32_t not [UINT8_MAX + HEDGE_MOST + 1];
    const struct request *r = world_request(w, race->main);
    uint32_t count = w->requests.tries[race->main].balancer;
    if (w->requests.stride > 0)
        memcpy(not, requests_tried(&w->requests, race->main), count * sizeof *not );
    not [count++] = r->backend;
    for (uint32_t i = 0; i < race->count; i++)
        not [count++] = world_request(w, race->copy[i])->backend;
    int32_t backend =
        balancer_pick(&f->balancer, step_pool(f, r), step_ask(w, f, r), not, count, now);
    for (uint32_t i = 0; backend >= 0 && i < count; i++)
        if (not [i] == backend)
            return -1;
    if (backend < 0 || balancer_full(&f->balancer, (uint32_t)backend) ||
        (w->upstream && !upstream_room(f, (uint32_t)backend)))
        return -1;
    return guard_hedges(f, (uint32_t)backend) ? backend : -1;
}

static void send_from_balancer(struct world *w, struct hedge_race *race,
                               const struct scenario_hedge *rule, int32_t backend, lb_time now)
{
    struct front *f = &w->fronts[race->front];
    uint32_t id = copy_of(w, race, rule, now);
    if (id == 0)
        return;
    (void)step_ask(w, f, world_request(w, id));
    if (w->story != NULL)
        story_hedges(w, id, f, now);
    step_send(w, false, f, id, backend, LB_BY_PICK, now);
}

void hedge_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct hedge_race *race = &w->hedges.races[subject];
    struct hedge_counts *counts = &w->hedges.counts[race->side];
    bool measured = (world_request(w, race->main)->flags & REQUEST_MEASURED) != 0;
    double *tokens;
    const struct scenario_hedge *rule = rule_of(w, race, &tokens);
    race->timer = ENGINE_NO_EVENT;
    if (race->side == HEDGE_BALANCER && w->gates && !gate_runs(&w->fronts[race->front]))
        return;
    if (rule->budgeted && *tokens < 1.0) {
        counts->refused += measured;
        return;
    }
    int32_t backend = -1;
    if (race->side == HEDGE_BALANCER &&
        (backend = elsewhere(w, &w->fronts[race->front], race, now)) < 0) {
        counts->nobody += measured;
        return;
    }
    if (rule->budgeted)
        *tokens -= 1.0;
    if (race->sent + 1 < rule->max)
        race->timer = engine_at(w->engine, now + rule->after, EVENT_HEDGE, subject);
    if (race->side == HEDGE_CLIENT)
        send_from_client(w, race, rule, now);
    else
        send_from_balancer(w, race, rule, backend, now);
}

/* --- who goes on -------------------------------------------------------------------------------- */

/* The copy is the request from now on: what belongs to that and not to an attempt goes over. */
static void hand_role(struct world *w, struct hedge_race *race, uint32_t at)
{
    uint32_t old = race->main, new = race->copy[at];
    struct request *from = world_request(w, old), *to = world_request(w, new);
    struct source *s = world_source(w, from);
    bool copied = (from->flags & REQUEST_COPY) != 0; /* of a client, when the balancer hedges */
    race->copy[at] = old;
    race->main = new;
    to->flags = (uint8_t)((to->flags & ~REQUEST_COPY) | (copied ? REQUEST_COPY : 0) |
                          (race->side == HEDGE_BALANCER ? from->flags & REQUEST_TRIAL_OUTER : 0));
    from->flags |= REQUEST_COPY;
    if (!copied && s->rule->timeout > 0) {
        to->timeout = from->timeout;
        w->requests.tries[new].set_out = w->requests.tries[old].set_out;
        deadlines_hand_on(&s->deadlines, from, new);
    }
    if (race->side == HEDGE_CLIENT)
        return;
    from->flags &= (uint8_t)~REQUEST_TRIAL_OUTER;
    w->requests.tries[new].held = w->requests.tries[old].held;
    w->requests.tries[old].held = 0;
    w->requests.tries[new].hedge = w->requests.tries[old].hedge;
    if (w->connections != NULL)
        connection_hand_on(w, old, new);
    uint32_t outer = race_of(w, HEDGE_CLIENT, old);
    if (outer == 0)
        return;
    struct hedge_race *all = &w->hedges.races[outer];
    w->hedges.of[new][HEDGE_CLIENT] = outer;
    w->hedges.of[old][HEDGE_CLIENT] = 0;
    if (all->main == old)
        all->main = new;
    for (uint32_t i = 0; i < all->count; i++)
        if (all->copy[i] == old)
            all->copy[i] = new;
}

/* The copy at this place is out of the race. */
static uint32_t drop(struct world *w, struct hedge_race *race, uint32_t at)
{
    uint32_t id = race->copy[at];
    race->count--;
    for (uint32_t i = at; i < race->count; i++)
        race->copy[i] = race->copy[i + 1];
    w->hedges.of[id][race->side] = 0;
    return id;
}

static uint32_t place_of(const struct hedge_race *race, uint32_t id)
{
    uint32_t at = 0;
    while (at < race->count && race->copy[at] != id)
        at++;
    return at;
}

void hedge_over(struct world *w, enum hedge_side side, uint32_t id, lb_time now)
{
    uint32_t number = race_of(w, side, id), left[HEDGE_MOST], count = 0;
    if (number == 0 || w->hedges.races[number].main != id)
        return;
    struct hedge_race *race = &w->hedges.races[number];
    while (race->count > 0)
        left[count++] = drop(w, race, 0);
    give_race(w, number); /* before they are left, which may lead anywhere */
    for (uint32_t i = 0; i < count; i++) {
        struct request copy = *world_request(w, left[i]);
        if (side == HEDGE_BALANCER) {
            front_detach(w, left[i], now);
            continue;
        }
        front_leave(w, left[i], now);
        if (w->connections != NULL)
            connection_release(w, left[i], &copy, true, now);
    }
}

/* A good answer of one that races. */
static void wins(struct world *w, enum hedge_side side, uint32_t id, lb_time now)
{
    struct hedge_race *race = &w->hedges.races[race_of(w, side, id)];
    if (race->main != id) {
        w->hedges.counts[side].won += (world_request(w, id)->flags & REQUEST_MEASURED) != 0;
        if (w->story != NULL)
            story_hedge_wins(w, id, now);
        hand_role(w, race, place_of(race, id));
    }
    hedge_over(w, side, id, now);
}

/* One that races has failed: false when it was the last. Else it is out of the race. */
static bool drops_out(struct world *w, enum hedge_side side, uint32_t id, lb_time now)
{
    uint32_t number = race_of(w, side, id);
    struct hedge_race *race = &w->hedges.races[number];
    if (race->main == id && race->count == 0) {
        give_race(w, number);
        return false;
    }
    if (w->story != NULL)
        story_hedge_drops(w, id, now);
    uint32_t at = place_of(race, id);
    if (race->main == id) {
        hand_role(w, race, 0);
        at = 0;
    }
    (void)drop(w, race, at);
    return true;
}

bool hedge_answered(struct world *w, uint32_t id, bool ok, lb_time now)
{
    if (race_of(w, HEDGE_BALANCER, id) == 0)
        return false;
    if (ok) {
        wins(w, HEDGE_BALANCER, id, now);
        return false;
    }
    if (!drops_out(w, HEDGE_BALANCER, id, now))
        return false;
    requests_give(&w->requests, id);
    return true;
}

void hedge_received(struct world *w, uint32_t id, lb_time now)
{
    if (race_of(w, HEDGE_CLIENT, id) != 0)
        wins(w, HEDGE_CLIENT, id, now);
}

bool hedge_failed(struct world *w, uint32_t id, lb_time now)
{
    if (race_of(w, HEDGE_CLIENT, id) == 0 || !drops_out(w, HEDGE_CLIENT, id, now))
        return false;
    requests_give(&w->requests, id);
    return true;
}

/* --- records that change ------------------------------------------------------------------------ */

void hedge_hand_on(struct world *w, uint32_t id, uint32_t other)
{
    need_of(w);
    for (int side = 0; side < HEDGE_SIDES; side++) {
        uint32_t number = w->hedges.of[id][side];
        w->hedges.of[id][side] = 0;
        w->hedges.of[other][side] = number;
        if (number == 0)
            continue;
        struct hedge_race *race = &w->hedges.races[number];
        if (race->main == id)
            race->main = other;
        else
            race->copy[place_of(race, id)] = other;
    }
}

bool hedge_is_inner(const struct world *w, uint32_t id)
{
    uint32_t number = race_of(w, HEDGE_BALANCER, id);
    return number != 0 && w->hedges.races[number].main != id;
}
