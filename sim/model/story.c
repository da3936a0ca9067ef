/* See story.h: the steps. What a pick sees is in story_choice.c. */
#include "sim/model/story.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/model/crowd.h"
#include "sim/model/story_private.h"

#define LINE 320

void story_begin(struct world *w, uint64_t number, story_tell *tell, void *self)
{
    w->story = text_need_zero(1, sizeof *w->story);
    *w->story = (struct story){.number = number, .tell = tell, .self = self};
    uint32_t most = w->backend_count > w->front_count ? w->backend_count : w->front_count;
    w->story->candidates = text_need_zero(most, sizeof *w->story->candidates);
    w->plain = !world_rare(w);
}

void story_done(struct world *w)
{
    if (w->story == NULL)
        return;
    free(w->story->candidates);
    free(w->story);
    w->story = NULL;
}

bool story_begun(const struct world *w)
{
    return w->story->begun;
}

bool story_ended(const struct world *w)
{
    return w->story->ended;
}

/* Is this one the request? Probes have numbers of their own, and nobody waits for an orphan. */
bool story_is_about(const struct world *w, const struct request *r)
{
    return r->number == w->story->number && (r->flags & REQUEST_PROBE) == 0 && !w->story->ended;
}

struct story_step story_step(const char *what, lb_time now)
{
    return (struct story_step){.at = now, .what = what, .backend = -1, .takes = -1, .in_front = -1};
}

static const char *name_of(const struct world *w, int32_t backend)
{
    return w->scenario->backends[backend].name;
}

void story_say(struct world *w, struct story_step *step, const char *text)
{
    step->text = text;
    if (step->backend >= 0)
        step->where = name_of(w, step->backend);
    w->story->tell(w->story->self, step);
}

const char *story_member(const struct world *w, const struct front *f, int32_t member)
{
    return f->outer ? w->fronts[f->to_first + (uint32_t)member].name : name_of(w, member);
}

/* By cases, so that the compiler misses a new one. */
const char *story_end_name(enum lb_end end)
{
    switch (end) {
    case LB_END_OK:
        return "ok";
    case LB_END_ERROR:
        return "error";
    case LB_END_REFUSED:
        return "refused";
    case LB_END_QUEUE_FULL:
        return "queue full";
    case LB_END_CONNECT_TIMEOUT:
        return "connect timeout";
    case LB_END_TIMEOUT:
        return "timeout";
    case LB_END_RESET:
        return "reset";
    case LB_END_CANCELLED:
        return "cancelled";
    case LB_END_QUEUE_TIMEOUT:
        return "queue timeout";
    }
    return "?";
}

/* --- at the client ---------------------------------------------------------------------------- */

void story_arrives(struct world *w, uint32_t id, lb_time now)
{
    const struct request *r = world_request(w, id);
    if (!story_is_about(w, r))
        return;
    const struct scenario_client *rule = world_source(w, r)->rule;
    char text[LINE], work[32], timeout[48] = "";
    struct lb_address from;
    uint32_t client;
    address_of(w, r, &from, &client);
    if (rule->timeout > 0)
        (void)snprintf(timeout, sizeof timeout, ", and waits at most %s",
                       units_format(work, sizeof work, rule->timeout));
    (void)snprintf(text, sizeof text,
                   "client %u of %.64s (%u.%u.%u.%u:%u) asks for %.64s: %s of work%s", client,
                   rule->name, from.bytes[0], from.bytes[1], from.bytes[2], from.bytes[3],
                   from.port, rule->classes[r->class - rule->class_first].name,
                   units_format(work, sizeof work, r->work), timeout);
    struct story_step step = story_step("arrival", now);
    w->story->begun = true;
    w->story->id = id;
    step.takes = r->work;
    story_say(w, &step, text);
}

static const char *whereabouts(const struct world *w, const struct request *r, char *buf,
                               size_t size)
{
    switch ((enum request_state)r->state) {
    case REQUEST_WAITING:
        return "while it waits at the balancer";
    case REQUEST_BACKOFF:
        return "before the balancer has tried again";
    case REQUEST_TO_BACKEND:
    case REQUEST_LOST:
    case REQUEST_BACK:
        (void)snprintf(buf, size, "while it is between the balancer and %.64s",
                       name_of(w, r->backend));
        return buf;
    case REQUEST_QUEUED:
        (void)snprintf(buf, size, "while it is in the queue of %.64s", name_of(w, r->backend));
        return buf;
    case REQUEST_SERVICE:
        (void)snprintf(buf, size, "while it is served by %.64s", name_of(w, r->backend));
        return buf;
    default:
        return "while it is between client and balancer";
    }
}

void story_gives_up(struct world *w, uint32_t id, lb_time now)
{
    const struct request *r = world_request(w, id);
    if (!story_is_about(w, r))
        return;
    char text[LINE], buf[128], after[32];
    struct story_step step = story_step("gives up", now);
    step.backend = r->backend;
    step.takes = world_source(w, r)->rule->timeout;
    (void)snprintf(text, sizeof text, "its client gives up after %s, %s",
                   units_format(after, sizeof after, step.takes),
                   whereabouts(w, r, buf, sizeof buf));
    w->story->id = 0; /* what stays behind at a backend is nobody's */
    story_say(w, &step, text);
}

void story_asks_again(struct world *w, uint32_t id, lb_time delay, lb_time now)
{
    const struct request *r = world_request(w, id);
    if (!story_is_about(w, r))
        return;
    char text[LINE], buf[32];
    struct story_step step = story_step("retry", now);
    w->story->id = id;
    step.takes = delay;
    (void)snprintf(text, sizeof text, "its client asks again %s%s (retry %u of at most %u)",
                   delay > 0 ? "in " : "at once",
                   delay > 0 ? units_format(buf, sizeof buf, delay) : "",
                   w->requests.tries[id].client, world_source(w, r)->rule->retries.max);
    story_say(w, &step, text);
}

void story_fails(struct world *w, const struct request *r, enum cause cause, enum why why,
                 lb_time now)
{
    if (!story_is_about(w, r))
        return;
    char text[LINE], buf[32];
    struct story_step step = story_step("end", now);
    step.cause = cause_name(cause);
    step.why = why_name(why);
    step.takes = now - r->arrived;
    (void)snprintf(text, sizeof text, "failed after %s: %s; %s: %s",
                   units_format(buf, sizeof buf, step.takes), step.cause, step.why, why_help(why));
    story_say(w, &step, text);
    w->story->ended = true;
}

void story_succeeds(struct world *w, uint32_t id, lb_time now)
{
    const struct request *r = world_request(w, id);
    if (!story_is_about(w, r))
        return;
    char text[LINE], buf[2][32];
    lb_time objective = w->ledger.classes[r->class].objective;
    struct story_step step = story_step("end", now);
    step.takes = now - r->arrived;
    step.end = story_end_name(LB_END_OK);
    (void)units_format(buf[0], sizeof buf[0], step.takes);
    (void)units_format(buf[1], sizeof buf[1], objective);
    if (objective == LB_NEVER) {
        (void)snprintf(text, sizeof text, "ok after %s", buf[0]);
    } else if (step.takes <= objective) {
        (void)snprintf(text, sizeof text, "ok after %s, within the objective of %s", buf[0],
                       buf[1]);
    } else {
        enum why why = why_slow(w, id, now);
        step.why = why_name(why);
        (void)snprintf(text, sizeof text, "ok after %s, beyond the objective of %s; %s: %s", buf[0],
                       buf[1], step.why, why_help(why));
    }
    story_say(w, &step, text);
    w->story->ended = true;
}

/* --- at the balancer -------------------------------------------------------------------------- */

void story_at_balancer(struct world *w, uint32_t id, lb_time now)
{
    if (!story_is_about(w, world_request(w, id)))
        return;
    char text[LINE];
    struct story_step step = story_step("balancer", now);
    step.where = world_front(w, id)->name;
    if (w->front_count == 1)
        (void)snprintf(text, sizeof text, "reaches the balancer");
    else
        (void)snprintf(text, sizeof text, "reaches %.64s", step.where);
    story_say(w, &step, text);
}

void story_waits(struct world *w, struct front *f, uint32_t id, int32_t member, lb_time now)
{
    if (!story_is_about(w, world_request(w, id)))
        return;
    char text[LINE];
    const struct waiting *waiting = &f->balancer.waiting;
    struct story_step step = story_step("waits", now);
    if (member >= 0) {
        step.where = story_member(w, f, member);
        step.in_front = waiting_for(waiting, (uint32_t)member) - 1U;
        (void)snprintf(text, sizeof text,
                       "%.64s is full: waits at the balancer for it, %lld before it", step.where,
                       (long long)step.in_front);
    } else {
        step.in_front = waiting_common(waiting) - 1U;
        uint32_t pool = front_pool(f, world_request(w, id));
        bool no_room = f->upstream != NULL && !reuse_room(&f->upstream->reuse, pool);
        (void)snprintf(text, sizeof text,
                       "%s at the balancer for the first free %s, %lld before it",
                       no_room ? "its pool has as many connections as it may: waits" : "waits",
                       no_room ? "one" : "place", (long long)step.in_front);
    }
    story_say(w, &step, text);
}

static const char *const hows[] = {[LB_BY_PICK] = "by the algorithm's pick",
                                   [LB_BY_AFFINITY] = "by affinity, without a pick",
                                   [LB_BY_QUEUE] = "because its place is the first to be free",
                                   [LB_BY_RETRY] = "to the same one again, without a pick"};
static const char *const how_words[] = {[LB_BY_PICK] = "pick",
                                        [LB_BY_AFFINITY] = "affinity",
                                        [LB_BY_QUEUE] = "queue",
                                        [LB_BY_RETRY] = "retry"};

void story_sent(struct world *w, uint32_t id, enum lb_how how, lb_time now)
{
    const struct request *r = world_request(w, id);
    if (!story_is_about(w, r))
        return;
    char text[LINE];
    struct story_step step = story_step("sent", now);
    step.backend = r->backend;
    step.how = how_words[how];
    (void)snprintf(text, sizeof text, "sent to %.64s, %s", name_of(w, r->backend), hows[how]);
    story_say(w, &step, text);
}

void story_sent_on(struct world *w, struct front *f, uint32_t id, int32_t member, enum lb_how how,
                   lb_time now)
{
    if (!story_is_about(w, world_request(w, id)))
        return;
    char text[LINE];
    struct story_step step = story_step("sent", now);
    step.where = story_member(w, f, member);
    step.how = how_words[how];
    (void)snprintf(text, sizeof text, "sent on to %.64s, %s", step.where, hows[how]);
    story_say(w, &step, text);
}

void story_answered(struct world *w, uint32_t id, enum lb_end end, lb_time now)
{
    const struct request *r = world_request(w, id);
    if (!story_is_about(w, r))
        return;
    char text[LINE], buf[32];
    bool cut = (r->flags & REQUEST_CUT) != 0;
    struct story_step step = story_step("answer", now);
    step.backend = r->backend;
    step.end = cut ? "drain cut" : story_end_name(end);
    step.takes = now - r->sent;
    (void)units_format(buf, sizeof buf, step.takes);
    if (cut)
        (void)snprintf(text, sizeof text,
                       "cut by the balancer %s after it was sent: the drain of %.64s is over", buf,
                       name_of(w, r->backend));
    else
        (void)snprintf(text, sizeof text, "the balancer hears from %.64s %s after it was sent: %s",
                       name_of(w, r->backend), buf, step.end);
    story_say(w, &step, text);
}

void story_tries_again(struct world *w, struct front *f, uint32_t id, uint32_t retry, lb_time delay,
                       lb_time now)
{
    if (!story_is_about(w, world_request(w, id)))
        return;
    char text[LINE], buf[32];
    struct story_step step = story_step("retry", now);
    step.takes = delay;
    (void)snprintf(text, sizeof text, "%.64s tries %s again %s%s (retry %u of at most %u)",
                   w->front_count == 1 ? "the balancer" : f->name,
                   f->rule->retries.to_other ? "another one" : "it", delay > 0 ? "in " : "at once",
                   delay > 0 ? units_format(buf, sizeof buf, delay) : "", retry,
                   f->rule->retries.max);
    story_say(w, &step, text);
}

void story_given_up(struct world *w, uint32_t id, enum cause cause, enum why why, lb_time now)
{
    if (!story_is_about(w, world_request(w, id)))
        return;
    char text[LINE];
    struct story_step step = story_step("failure", now);
    step.cause = cause_name(cause);
    step.why = why_name(why);
    (void)snprintf(text, sizeof text, "the balancer says that it failed: %s", step.cause);
    story_say(w, &step, text);
}

/* --- at a backend ----------------------------------------------------------------------------- */

void story_reaches(struct world *w, uint32_t id, lb_time now)
{
    const struct request *r = world_request(w, id);
    if (!story_is_about(w, r) || (r->flags & REQUEST_ORPHAN) != 0)
        return;
    const struct backend *b = &w->backends[r->backend];
    char text[LINE];
    struct story_step step = story_step("backend", now);
    step.backend = r->backend;
    step.in_front = b->queued;
    if (b->truth == TRUTH_DOWN)
        (void)snprintf(text, sizeof text, "nobody listens at %.64s: it is down",
                       name_of(w, r->backend));
    else if (w->rest[r->backend].hung)
        (void)snprintf(text, sizeof text, "%.64s accepts it and serves nobody: it is hung",
                       name_of(w, r->backend));
    else
        (void)snprintf(
            text, sizeof text, "reaches %.64s, which is %s: %u of %u slots busy, %u in its queue",
            name_of(w, r->backend), truth_name((enum truth)b->truth), b->busy, b->slots, b->queued);
    story_say(w, &step, text);
}

static void begins(struct world *w, const struct request *r, lb_time now)
{
    const struct backend *b = &w->backends[r->backend];
    char text[LINE], buf[32];
    lb_time wait = now - r->entered;
    struct story_step step = story_step("service", now);
    step.backend = r->backend;
    if (b->discipline == DISCIPLINE_FIFO) /* else its end is no event of its own: service.c */
        step.takes = engine_when(w->engine, r->event) - now;
    if (b->discipline == DISCIPLINE_PS)
        (void)snprintf(text, sizeof text, "is served at once, %u present on %u slots",
                       b->busy + b->queued, b->slots);
    else
        (void)snprintf(text, sizeof text, "its service begins %s%s",
                       wait > 0 ? "after a wait of " : "at once",
                       wait > 0 ? units_format(buf, sizeof buf, wait) : "");
    story_say(w, &step, text);
}

void story_enters(struct world *w, uint32_t id, lb_time now)
{
    const struct request *r = world_request(w, id);
    if (!story_is_about(w, r) || (r->flags & REQUEST_ORPHAN) != 0)
        return;
    w->story->state = r->state;
    if (r->state == REQUEST_SERVICE) {
        begins(w, r, now);
    } else if (r->state == REQUEST_QUEUED) {
        char text[LINE];
        struct story_step step = story_step("queue", now);
        step.backend = r->backend;
        step.in_front = w->backends[r->backend].queued - 1U;
        (void)snprintf(text, sizeof text, "waits in the queue of %.64s, %lld before it",
                       name_of(w, r->backend), (long long)step.in_front);
        story_say(w, &step, text);
    }
}

void story_look(struct world *w, lb_time now)
{
    struct story *story = w->story;
    if (story->id == 0 || story->ended)
        return;
    const struct request *r = world_request(w, story->id);
    if (!story_is_about(w, r) || (r->flags & REQUEST_ORPHAN) != 0)
        return;
    if (story->state == REQUEST_QUEUED && r->state == REQUEST_SERVICE && now > r->entered)
        begins(w, r, now);
    story->state = r->state;
}

void story_leaves(struct world *w, uint32_t id, enum lb_end end, lb_time now)
{
    const struct request *r = world_request(w, id);
    if (!story_is_about(w, r))
        return;
    char text[LINE], buf[32];
    bool orphan = (r->flags & REQUEST_ORPHAN) != 0;
    struct story_step step = story_step(orphan ? "abandoned" : "leaves", now);
    step.backend = r->backend;
    step.end = story_end_name(end);
    step.takes = now - r->entered;
    (void)units_format(buf, sizeof buf, step.takes);
    if (orphan && end == LB_END_OK)
        (void)snprintf(text, sizeof text, "%.64s has served, for nobody, a try that was given up",
                       name_of(w, r->backend));
    else if (orphan)
        (void)snprintf(text, sizeof text, "%.64s drops a try that was given up",
                       name_of(w, r->backend));
    else if (end == LB_END_OK)
        (void)snprintf(text, sizeof text, "served: %.64s answers after %s, the wait included",
                       name_of(w, r->backend), buf);
    else
        (void)snprintf(text, sizeof text, "%.64s ends it: %s", name_of(w, r->backend), step.end);
    story_say(w, &step, text);
}
