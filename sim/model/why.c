/* See why.h. */
#include "sim/model/why.h"

#include "sim/base/units.h"
#include "sim/model/world.h"

/* What the rows of the table look at: the end of one try, and where its request spent its time, ns. */
struct scene {
    const struct world *w;
    const struct request *r;
    const struct backend *b; /* where the try is or was; NULL = it has not been sent */
    enum cause cause;        /* CAUSES = it ends ok */
    uint32_t id;
    lb_time now;
    bool others_out; /* some other backend is drained, ejected or down for the balancer */
    lb_time lost;    /* in tries before this one, and between them */
    lb_time line;    /* at the balancer */
    lb_time network;
    lb_time queue,
        service;       /* at the backend; service: what its work takes at the backend's own speed */
    lb_time login;     /* of the service: logging in again */
    lb_time opening;   /* a connection, or until one had room */
    lb_time sending;   /* by a slow client */
    lb_time still;     /* while the backend stood still */
    lb_time stretched; /* the rest, when the backend is slow or cold */
};

/* The balancer that has sent the request to its backend; once an outer one has it back, one that
 * could have. */
static const struct front *balancer_of(const struct world *w, uint32_t id)
{
    const struct front *f = &w->fronts[w->front_count == 1 ? 0 : w->requests.tries[id].front];
    return f->outer ? world_main(w) : f;
}

/* --- definite reasons ------------------------------------------------------------------------- */

static bool is_cut(const struct scene *s)
{
    return s->cause == CAUSE_DRAIN_CUT;
}

static bool found_nobody(const struct scene *s)
{
    return s->cause == CAUSE_NO_BACKEND;
}

/* A packet did not come through, or nobody at the balancer reads the answer. */
static bool answer_unread(const struct scene *s)
{
    return s->r->state == REQUEST_LOST && balancer_of(s->w, s->id)->gate.truth == TRUTH_HUNG;
}

/* The way is longer than its balancer waits: to be expected of this network, no loss (link.c). */
static bool too_far(const struct scene *s)
{
    const struct front *f = balancer_of(s->w, s->id);
    lb_time connect = f->rule->connect_timeout;
    return s->r->backend >= 0 && s->w->requests.more != NULL &&
           !s->w->requests.more[s->id].connected && connect > 0 && 2 * s->w->to_backend > connect;
}

static bool packet_lost(const struct scene *s)
{
    return s->r->state == REQUEST_LOST && !answer_unread(s) && !too_far(s);
}

static bool in_gap(const struct scene *s)
{
    return s->cause == CAUSE_FAILOVER_GAP;
}

/* The balancer refused, since it was gone or drained. */
static bool balancer_refused(const struct scene *s)
{
    return s->cause == CAUSE_BALANCER_DOWN;
}

/* The backend had stopped working: it refused, died with the request, or does not answer. */
static bool is_dead(const struct scene *s)
{
    if (s->b == NULL || s->w->rest[s->r->backend].stopped_at == LB_NEVER)
        return false;
    if (s->cause == CAUSE_REFUSED || s->cause == CAUSE_RESET)
        return true;
    return s->cause == CAUSE_RESPONSE_TIMEOUT && s->w->rest[s->r->backend].hung;
}

static bool in_panic(const struct scene *s)
{
    if (!is_dead(s))
        return false;
    const struct balancer *balancer = &balancer_of(s->w, s->id)->balancer;
    const struct balancer_place *place = &balancer->places[s->r->backend];
    return balancer->filter.tiers[place->tier].panic && place->out != 0;
}

static bool in_flight_at_crash(const struct scene *s)
{
    if (answer_unread(s))
        return true;
    return is_dead(s) && s->r->sent < s->w->rest[s->r->backend].stopped_at;
}

/* Turned away by a full queue, or by one that it stood in for too long. */
static bool turned_away(const struct scene *s)
{
    return s->cause == CAUSE_QUEUE_FULL || s->cause == CAUSE_BALANCER_FULL ||
           s->cause == CAUSE_BALANCER_TIMEOUT || s->cause == CAUSE_QUEUE_TIMEOUT;
}

static bool turned_away_there(const struct scene *s)
{
    return s->cause == CAUSE_QUEUE_FULL || s->cause == CAUSE_QUEUE_TIMEOUT;
}

static bool turned_away_by_still(const struct scene *s)
{
    if (!turned_away_there(s) || s->b == NULL)
        return false;
    return s->w->rest[s->r->backend].still != 0 || s->still > s->queue + s->stretched;
}

static bool turned_away_from_the_rest(const struct scene *s)
{
    return turned_away(s) && s->others_out;
}

static bool is_cold(const struct scene *s)
{
    return s->b != NULL && s->w->rest[s->r->backend].cold > 1.0;
}

static bool is_slow(const struct scene *s)
{
    return s->b != NULL && s->w->rest[s->r->backend].fraction < 1.0;
}

static bool turned_away_by_cold(const struct scene *s)
{
    return turned_away_there(s) && is_cold(s) && !is_slow(s);
}

static bool turned_away_by_slow(const struct scene *s)
{
    return turned_away_there(s) && is_slow(s);
}

static bool answered_with_error(const struct scene *s)
{
    return s->cause == CAUSE_ERROR;
}

static bool needs_the_store(const struct scene *s)
{
    return s->cause == CAUSE_STORE;
}

static bool connection_lost(const struct scene *s)
{
    return s->cause == CAUSE_RESET && s->w->connections != NULL && layer4_lost(s->w, s->id);
}

static bool no_place(const struct scene *s)
{
    return s->cause == CAUSE_CONNECTIONS_FULL;
}

static bool slow_to_send(const struct scene *s)
{
    return s->cause == CAUSE_HEADER_TIMEOUT;
}

static bool has_no_token(const struct scene *s)
{
    return s->cause == CAUSE_RATE_LIMITED;
}

static bool is_shed(const struct scene *s)
{
    return s->cause == CAUSE_SHED;
}

static bool beyond_the_limit(const struct scene *s)
{
    return s->cause == CAUSE_CONCURRENCY;
}

static bool circuit_open(const struct scene *s)
{
    return s->cause == CAUSE_CIRCUIT;
}

static bool overflows(const struct scene *s)
{
    return s->cause == CAUSE_OVERFLOW;
}

/* --- where the time went ---------------------------------------------------------------------- */

static lb_time waiting(const struct scene *s)
{
    return s->others_out ? 0 : s->line + s->queue;
}

static lb_time waiting_for_the_rest(const struct scene *s)
{
    return s->others_out ? s->line + s->queue : 0;
}

static lb_time on_the_network(const struct scene *s)
{
    return s->network;
}

static lb_time opening(const struct scene *s)
{
    return s->opening;
}

static lb_time sending(const struct scene *s)
{
    return s->sending;
}

static lb_time own_work(const struct scene *s)
{
    return s->service - s->login;
}

static lb_time logging_in(const struct scene *s)
{
    return s->login;
}

static lb_time standing_still(const struct scene *s)
{
    return s->still;
}

static lb_time cold_service(const struct scene *s)
{
    return is_slow(s) ? 0 : s->stretched;
}

static lb_time slow_service(const struct scene *s)
{
    return is_slow(s) ? s->stretched : 0;
}

/* In the order in which they are asked; WHY_RETRIES is found by those who retry. */
static const struct {
    const char *name, *help;
    bool (*explains)(const struct scene *s);
    lb_time (*part)(const struct scene *s);
} rows[WHYS] = {
    [WHY_DRAIN_CUT] = {"drain cut", "a drain came to its limit while it was in flight", is_cut,
                       NULL},
    [WHY_NOBODY] = {"nobody usable", "the balancer believed in no backend", found_nobody, NULL},
    [WHY_BALANCER] = {"balancer down", "its balancer was gone, hung, drained or out of reach",
                      balancer_refused, NULL},
    [WHY_FAILOVER] = {"failover gap", "its address was on the way from one balancer to another",
                      in_gap, NULL},
    [WHY_LOST] = {"packet lost", "a packet to or from its balancer, or its backend, was lost",
                  packet_lost, NULL},
    [WHY_PANIC] = {"panic", "believed dead, and used all the same because too few are left",
                   in_panic, NULL},
    [WHY_CRASH] = {"in flight at crash",
                   "its backend, or its balancer, died or hung while it was there",
                   in_flight_at_crash, NULL},
    [WHY_DETECTION] = {"detection window", "sent to a dead backend that was still believed usable",
                       is_dead, NULL},
    [WHY_PAUSE] = {"pause", "its backend stood still for a while", turned_away_by_still,
                   standing_still},
    [WHY_EJECTION] = {"ejection overload", "those who are left have more than they can bear",
                      turned_away_from_the_rest, waiting_for_the_rest},
    [WHY_RETRIES] = {"retries exhausted", "every try that its rule allows failed", NULL, NULL},
    [WHY_ERROR] = {"backend errors", "its backend answered with an error", answered_with_error,
                   NULL},
    [WHY_STORE] = {"session store", "the store of session state was down", needs_the_store, NULL},
    [WHY_LOGIN] = {"session lost", "its state was lost, and its user logged in again", NULL,
                   logging_in},
    [WHY_CONNECTION_LOST] = {"connection lost", "the way its connection led was forgotten, or cut",
                             connection_lost, NULL},
    [WHY_CONNECTIONS_FULL] = {"no place for it", "the balancer held as many connections as it may",
                              no_place, NULL},
    [WHY_SLOW_CLIENT] = {"slow client", "its client took long to send it", slow_to_send, sending},
    [WHY_OPENING] = {"opening", "it waited for a connection to be opened, or to have room", NULL,
                     opening},
    [WHY_RATE] = {"rate limit", "more requests than the rate that its balancer allows",
                  has_no_token, NULL},
    [WHY_COLD] = {"cold start", "served, or kept waiting, by a backend that was not warm yet",
                  turned_away_by_cold, cold_service},
    [WHY_SHED] = {"shed", "others are more important, and little room is left", is_shed, NULL},
    [WHY_CONCURRENCY] = {"too many at once", "its balancer had as many requests as it may",
                         beyond_the_limit, NULL},
    [WHY_CIRCUIT] = {"circuit breaker", "the breakers of those who could have had it were open",
                     circuit_open, NULL},
    [WHY_OVERFLOW] = {"overflow", "its pool had as many requests, or retries, as it may", overflows,
                      NULL},
    [WHY_SLOW_BACKEND] = {"slow backend", "served, or kept waiting, below the backend's own speed",
                          turned_away_by_slow, slow_service},
    [WHY_QUEUEING] = {"queueing", "others were before it", turned_away, waiting},
    [WHY_NETWORK] = {"network", "on the way there and back", NULL, on_the_network},
    [WHY_WORK] = {"own work long", "its own work takes that long", NULL, own_work},
};

const char *why_name(enum why why)
{
    return rows[why].name;
}

const char *why_help(enum why why)
{
    return rows[why].help;
}

/* --- the scene -------------------------------------------------------------------------------- */

static lb_time clip(lb_time time, lb_time most)
{
    return time < 0 ? 0 : time > most ? most : time;
}

/* Time at the backend, up to now, or all of it once the try has left. */
static lb_time stay(const struct request *r, lb_time now)
{
    switch ((enum request_state)r->state) {
    case REQUEST_QUEUED:
    case REQUEST_SERVICE:
        return now - r->entered;
    case REQUEST_BACK:
    case REQUEST_TO_CLIENT:
        return r->entered; /* step_leave made it the response time */
    default:
        return 0;
    }
}

/* How much of a stay the backend last stood still. */
static lb_time stood_still(const struct world *w, const struct request *r, lb_time time,
                           lb_time now)
{
    const struct backend_rest *rest = &w->rest[r->backend];
    bool there = r->state == REQUEST_QUEUED || r->state == REQUEST_SERVICE;
    lb_time from = there ? r->entered : r->sent + w->to_backend, until = from + time;
    if (rest->still_at == LB_NEVER)
        return 0;
    lb_time moved = rest->still != 0 ? now : rest->moved_at;
    from = rest->still_at > from ? rest->still_at : from;
    return clip((moved < until ? moved : until) - from, time);
}

/* What is spent at the backend: standing still, in its queue, and in service at its own speed; what is
 * longer because it is slow or cold, its queue included, is put aside. */
static void at_backend(struct scene *s, lb_time time)
{
    const struct backend_rest *rest = &s->w->rest[s->r->backend];
    lb_time done = s->r->work, login = 0;
    if (s->w->state.on && s->w->requests.tries[s->id].logs_in_again)
        login = units_from_ns((double)s->w->state.rule->login / rest->own_speed);
    if (s->r->state != REQUEST_QUEUED && s->r->state != REQUEST_SERVICE && login > 0)
        done += s->w->state.rule->login; /* it has left: its work is its own again */
    if (s->r->state == REQUEST_QUEUED)
        done = 0;
    else if (s->r->state == REQUEST_SERVICE)
        done -= backend_work_left(s->w, s->id, s->now);
    s->still = stood_still(s->w, s->r, time, s->now);
    time -= s->still;
    s->service = clip(units_from_ns((double)done / rest->own_speed), time);
    s->login = clip(login, s->service);
    if (is_slow(s) || is_cold(s))
        s->stretched = time - s->service;
    else
        s->queue = time - s->service;
}

/* What its connection took of the time before it was sent; at layer 4 it is sent first. */
static void connecting(struct scene *s, lb_time before)
{
    if (s->w->connections == NULL)
        return;
    const struct connection_use *use = &s->w->connections->use[s->id];
    lb_time opening = s->r->state == REQUEST_CONNECTING ? s->now - use->since : use->opening;
    s->opening = clip(opening, before);
    s->line = clip(s->line - s->opening, s->now);
    if (layer4_slow(s->w, balancer_of(s->w, s->id), s->id) > 0)
        return;
    s->sending = clip(use->hold, s->line);
    s->line -= s->sending;
}

static struct scene look(const struct world *w, uint32_t id, enum cause cause, lb_time now)
{
    const struct request *r = &w->requests.at[id];
    const struct request_tries *tries = w->requests.tries != NULL ? &w->requests.tries[id] : NULL;
    struct scene s = {.w = w, .r = r, .id = id, .now = now, .cause = cause};
    lb_time set_out = tries != NULL ? tries->set_out : r->arrived;
    bool sent = r->backend >= 0 && r->state != REQUEST_WAITING && r->state != REQUEST_BACKOFF;
    lb_time left = sent ? r->sent : now;
    const struct balancer *balancer = &balancer_of(w, id)->balancer;
    s.others_out = balancer->out > (sent && balancer->places[r->backend].out != 0);
    s.lost = set_out - r->arrived;
    lb_time there = w->to_balancer + (w->fronts->outer ? w->to_front : 0);
    s.line = clip(left - set_out - there, now);
    connecting(&s, left - set_out);
    s.network = clip(left - set_out - s.opening, there);
    if (tries != NULL && (tries->balancer > 0 || tries->outer_tries > 0)) {
        s.lost += s.line;
        s.line = 0;
    }
    if (sent) {
        s.b = &w->backends[r->backend];
        lb_time time = clip(stay(r, now), now - r->sent);
        at_backend(&s, time);
        lb_time upstream = w->upstream ? clip(upstream_opening(w, id), now - r->sent - time) : 0;
        s.opening += upstream;
        s.network += now - r->sent - time - upstream;
        if (w->connections != NULL) {
            s.sending += clip(layer4_slow(w, balancer_of(w, id), id), now - r->sent - time);
            s.network = clip(s.network - s.sending, now);
        }
    }
    return s;
}

static enum why longest(const struct scene *s)
{
    lb_time most = 0;
    enum why why = WHY_WORK;
    for (int i = 0; i < WHYS; i++) {
        lb_time part = rows[i].part != NULL ? rows[i].part(s) : 0;
        if (part > most) {
            most = part;
            why = (enum why)i;
        }
    }
    if (s->lost > most && s->w->requests.tries[s->id].why != 0)
        why = (enum why)(s->w->requests.tries[s->id].why - 1);
    return why;
}

enum why why_failed(const struct world *w, uint32_t id, enum cause cause, lb_time now)
{
    struct scene s = look(w, id, cause, now);
    for (int i = 0; i < WHYS; i++)
        if (rows[i].explains != NULL && rows[i].explains(&s))
            return (enum why)i;
    return longest(&s);
}

enum why why_slow(const struct world *w, uint32_t id, lb_time now)
{
    struct scene s = look(w, id, CAUSES, now);
    return longest(&s);
}
