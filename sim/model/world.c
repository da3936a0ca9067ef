/*
 * See world.h: building the world, its table of handlers, and the instants at which windows of time
 * begin and end.
 */
#include "sim/model/world.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"

/* At most this many requests anywhere at once: 1 GiB of records. A run that needs more has a load
 * beyond its capacity and nothing that limits the queue. */
#define WORLD_REQUESTS_MAX (UINT32_C(1) << 24)

static void sample_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    if (w->listener.sample != NULL)
        w->listener.sample(w->listener.self);
    lb_time next = now + w->scenario->run.sample;
    (void)engine_at(w->engine, next, EVENT_SAMPLE, subject);
}

/* Areas of the selected backends at this instant. */
static void areas(struct world *w, const struct ledger_window *window, lb_time now, double *busy,
                  double *queued)
{
    if (window->by_balancer) {
        tally_areas(w, window, now, busy, queued);
        return;
    }
    *busy = *queued = 0.0;
    for (uint32_t i = 0; i < window->backend_count; i++) {
        *busy += (double)backend_busy_area(w, window->first_backend + i, now);
        *queued += (double)backend_queue_area(w, window->first_backend + i, now);
    }
}

void world_edge(struct world *w, uint32_t side, lb_time now)
{
    struct world_edge *edge = w->at_edge[side];
    for (uint32_t i = 0; i < w->backend_count; i++)
        edge[i] = (struct world_edge){.busy = backend_busy_area(w, i, now),
                                      .queued = backend_queue_area(w, i, now),
                                      .in_flight = w->counts[i].in_flight};
    if (w->tallies.at != NULL)
        tally_edge(w, side, now);
    for (uint32_t id = 1; id <= w->requests.used; id++) {
        const struct request *r = world_request(w, id);
        if (request_in_books(r))
            edge[r->backend].in_flight += (uint64_t)(now - r->sent);
    }
}

static void window_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    (void)subject;
    for (uint32_t i = 0; i < w->ledger.window_count; i++) {
        struct ledger_window *window = &w->ledger.windows[i];
        if (window->from == now)
            areas(w, window, now, &window->busy_before, &window->queued_before);
        if (window->until == now)
            areas(w, window, now, &window->busy, &window->queued);
    }
    for (uint32_t side = 0; side < 2; side++) {
        if (now != (side == 0 ? w->ledger.from : w->ledger.until))
            continue;
        world_edge(w, side, now);
    }
}

static void end_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    w->past_end = true;
    if (w->ledger.measured_open == 0) {
        w->settled = true;
        engine_stop(w->engine);
    } else {
        (void)engine_at(w->engine, now + w->scenario->run.settle, EVENT_SETTLED, subject);
    }
}

static void settled_event(void *context, uint32_t subject, lb_time now)
{
    (void)subject;
    (void)now;
    struct world *w = context;
    w->settled = true;
    engine_stop(w->engine);
}

static engine_handler *const handlers[WORLD_EVENTS] = {
    [EVENT_ARRIVAL] = client_arrival_event,
    [EVENT_USER] = client_user_event,
    [EVENT_SESSION] = session_event,
    [EVENT_AT_BALANCER] = front_receive_event,
    [EVENT_AT_BACKEND] = backend_receive_event,
    [EVENT_SERVICE] = backend_service_event,
    [EVENT_DEPARTURE] = backend_departure_event,
    [EVENT_PATIENCE] = backend_patience_event,
    [EVENT_KNOCK] = upstream_knock_event,
    [EVENT_OPENED] = upstream_open_event,
    [EVENT_GONE] = upstream_gone_event,
    [EVENT_BACK] = front_back_event,
    [EVENT_AT_CLIENT] = client_answer_event,
    [EVENT_TIMEOUT] = client_timeout_event,
    [EVENT_AGAIN] = client_again_event,
    [EVENT_SILENT] = connection_timer_event,
    [EVENT_ROOM] = connection_free_event,
    [EVENT_SENT] = connection_sent_event,
    [EVENT_CUT] = layer4_cut_event,
    [EVENT_RETRY] = front_retry_event,
    [EVENT_QUEUE_TIMEOUT] = line_timeout_event,
    [EVENT_HOP_THERE] = hop_there_event,
    [EVENT_HOP_BACK] = hop_back_event,
    [EVENT_SERVE] = line_serve_event,
    [EVENT_CHECK] = probe_check_event,
    [EVENT_PROBE_THERE] = probe_there_event,
    [EVENT_PROBE_BACK] = probe_back_event,
    [EVENT_PROBE_TIMEOUT] = probe_timeout_event,
    [EVENT_PAUSE] = wear_pause_event,
    [EVENT_GO_ON] = wear_go_on_event,
    [EVENT_FAILURE] = wear_failure_event,
    [EVENT_REPAIR] = wear_repair_event,
    [EVENT_COLD] = wear_cold_event,
    [EVENT_FLAP] = act_flap_event,
    [EVENT_ATTEMPT_OVER] = link_over_event,
    [EVENT_ACTION] = world_action_event,
    [EVENT_ACTION_OVER] = world_action_over_event,
    [EVENT_DRAIN_LIMIT] = world_drain_limit_event,
    [EVENT_GATE_LIMIT] = gate_limit_event,
    [EVENT_ROUTER] = redundancy_router_event,
    [EVENT_NEWS] = takeover_news_event,
    [EVENT_LISTED] = redundancy_listed_event,
    [EVENT_TIMER] = front_timer_event,
    [EVENT_CHANGE] = change_step_event,
    [EVENT_DEPLOY] = deploy_event,
    [EVENT_DEPLOY_WATCH] = deploy_watch_event,
    [EVENT_AUTOSCALE] = autoscale_event,
    [EVENT_FETCHED] = state_fetched_event,
    [EVENT_DESK] = desk_over_event,
    [EVENT_BOARD] = front_board_event,
    [EVENT_TELL_THERE] = tell_there_event,
    [EVENT_TELL_BACK] = tell_back_event,
    [EVENT_WARM] = watch_warm_event,
    [EVENT_BREAKER] = breakers_due_event,
    [EVENT_SWEEP] = watch_sweep_event,
    [EVENT_FILTERED] = watch_filtered_event,
    [EVENT_WINDOW] = window_event,
    [EVENT_HEDGE] = hedge_event,
    [EVENT_REBALANCE] = rebalance_event,
    [EVENT_SAMPLE] = sample_event,
    [EVENT_END] = end_event,
    [EVENT_SETTLED] = settled_event,
};

/* A farm beyond the cache: what a service that is about to end will touch is fetched in three steps,
 * the request first, then what it points to, then who is served after it. Without this an event of a farm of 10,000 spends most of
 * its time waiting for memory. */
#define WORLD_LOOK_AHEAD 1000U

static void look(void *context, uint32_t kind, uint32_t subject, enum engine_ahead ahead)
{
    struct world *w = context;
    if (kind != EVENT_SERVICE)
        return;
    const struct request *r = world_request(w, subject);
    if (ahead == ENGINE_FAR) {
        __builtin_prefetch(r, 1);
        return;
    }
    const struct backend *b = &w->backends[r->backend];
    if (ahead == ENGINE_NEXT) {
        __builtin_prefetch(world_request(w, b->head), 1);
        return;
    }
    __builtin_prefetch(b, 1);
    __builtin_prefetch(&w->counts[r->backend], 1);
    __builtin_prefetch(&balancer_books(&w->fronts->balancer, (uint32_t)r->backend)->in_flight, 1);
    const struct deadlines *deadlines = &world_source(w, r)->deadlines;
    if (deadlines->line != NULL) /* to fetch from nowhere is a walk through the page tables */
        __builtin_prefetch(&deadlines->line[r->timeout & deadlines->mask], 1);
}

static void schedule_mark(struct world *w, lb_time at)
{
    if (at < LB_NEVER)
        (void)engine_at_first(w->engine, at, EVENT_WINDOW, 0);
}

/* Windows first: their snapshots stand before everything else of their instant. The same instant
 * may be marked twice, which does the same work twice. */
static void schedule_marks(struct world *w)
{
    schedule_mark(w, w->ledger.from);
    schedule_mark(w, w->ledger.until);
    for (uint32_t i = 0; i < w->ledger.window_count; i++) {
        const struct ledger_window *window = &w->ledger.windows[i];
        if (window->from != w->ledger.from && window->from < w->ledger.until)
            schedule_mark(w, window->from);
        if (window->until != w->ledger.until && window->until > w->ledger.from)
            schedule_mark(w, window->until);
    }
    rebalance_init(w);
}

/* Zeroed memory that starts on a cache line. */
static void *world_lines(size_t count, size_t size)
{
    void *memory = aligned_alloc(64, (count * size + 63U) & ~(size_t)63U);
    if (memory == NULL)
        memory = text_need(SIZE_MAX); /* says so and ends the program */
    memset(memory, 0, count * size);
    return memory;
}

/* Records with room for the tries of inner and outer balancers. */
static void init_requests(struct world *w)
{
    uint32_t inner = 0, outer = 0;
    for (uint32_t i = 0; i < w->front_count; i++) {
        uint32_t max = w->fronts[i].rule->retries.max;
        if (w->fronts[i].outer)
            outer = max > outer ? max : outer;
        else
            inner = max > inner ? max : inner;
    }
    requests_init(&w->requests, WORLD_REQUESTS_MAX, inner, outer,
                  w->balancer_retries || w->client_retries || w->front_count > 1 || w->state.on ||
                      w->hedges.on);
}

int world_init(struct world *w, const struct scenario *scenario, uint32_t replication,
               bool keep_latency, struct lb_error *error)
{
    *w = (struct world){.scenario = scenario,
                        .key = {.seed = scenario->run.seed, .replication = replication},
                        .backend_count = scenario->backend_count,
                        .source_count = scenario->client_count,
                        .to_balancer = scenario->client_balancer,
                        .to_front = scenario->balancer_balancer,
                        .to_backend = scenario->balancer_backend,
                        .deadline = LB_NEVER,
                        .keep_latency = keep_latency};
    if (fronts_init(w, error) != 0) {
        fronts_done(w);
        return -1;
    }
    w->engine = engine_create(handlers, WORLD_EVENTS, w, 0);
    if (w->backend_count >= WORLD_LOOK_AHEAD)
        engine_on_look(w->engine, look);
    w->where = (struct lb_where){.scenario = scenario->path,
                                 .seed = scenario->run.seed,
                                 .replication = replication,
                                 .now = engine_clock(w->engine)};
    for (uint32_t i = 0; i < scenario->client_count; i++)
        w->client_retries |= scenario->clients[i].retries.max > 0;
    sticks_init(w);
    guards_init(w);
    state_init(w);
    hedges_init(w);
    init_requests(w);
    connections_init(w);
    ledger_init(&w->ledger, scenario);
    tally_init(w);
    w->backends = world_lines(w->backend_count, sizeof *w->backends);
    w->counts = world_lines(w->backend_count, sizeof *w->counts);
    w->rest = text_need_zero(w->backend_count, sizeof *w->rest);
    w->at_edge[0] = text_need_zero(w->backend_count, sizeof *w->at_edge[0]);
    w->at_edge[1] = text_need_zero(w->backend_count, sizeof *w->at_edge[1]);
    w->chosen = text_need_zero(w->backend_count, sizeof *w->chosen);
    for (uint32_t i = 0; i < w->backend_count; i++)
        backend_init(w, i, &scenario->backends[i]);
    for (uint32_t i = 0; i < w->backend_count; i++)
        wear_init(w, i);
    for (uint32_t i = 0; i < w->front_count; i++)
        if (w->fronts[i].rule->connect_timeout > 0 || w->fronts[i].rule->response_timeout > 0)
            link_needed(w);
    schedule_marks(w);
    /* Before the timeline, as it comes before what a person may do in its instant. */
    (void)engine_at_first(w->engine, scenario->run.duration, EVENT_END, 0);
    for (uint32_t i = 0; i < scenario->action_count; i++)
        world_apply(w, &scenario->timeline[i], false);
    fronts_start(w);
    redundancy_init(w);
    if (scenario->run.sample > 0)
        (void)engine_at(w->engine, scenario->run.sample, EVENT_SAMPLE, 0);
    w->sources = text_need_zero(w->source_count, sizeof *w->sources);
    w->class_source = text_need_zero(scenario->class_total, sizeof *w->class_source);
    for (uint32_t i = 0; i < w->source_count; i++)
        client_init(w, i);
    for (uint32_t i = 0; i < w->front_count; i++) {
        probe_init(w, &w->fronts[i], 0);
        watch_init(w, &w->fronts[i]);
        upstream_init(w, &w->fronts[i]);
    }
    change_init(w);
    w->plain = !world_rare(w);
    return 0;
}

void world_done(struct world *w)
{
    for (uint32_t i = 0; w->sources != NULL && i < w->source_count; i++)
        client_done(&w->sources[i]);
    for (uint32_t i = 0; w->rest != NULL && i < w->backend_count; i++)
        backend_done(&w->rest[i]);
    free(w->sources);
    free(w->class_source);
    free(w->backends);
    free(w->counts);
    free(w->rest);
    free(w->at_edge[0]);
    free(w->at_edge[1]);
    free(w->actions);
    free(w->chosen);
    free(w->gather.first);
    free(w->gather.next);
    free(w->uses.at);
    hedges_done(&w->hedges);
    connections_done(w);
    gate_done(w);
    redundancy_done(w);
    tell_done(&w->tell);
    story_done(w);
    tally_done(w);
    ledger_done(&w->ledger);
    requests_done(&w->requests);
    sessions_done(&w->sessions);
    engine_destroy(w->engine);
    sticks_done(w);
    guards_done(w);
    state_done(&w->state);
    change_done(&w->change);
    fronts_done(w);
}
