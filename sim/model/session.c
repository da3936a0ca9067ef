/* See session.h. */
#include "sim/model/session.h"

#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/model/world.h"

/* As many as requests: a run that needs more has sessions that never end. */
#define SESSIONS_MAX (UINT32_C(1) << 24)

uint64_t session_entity(const struct session *session)
{
    return UINT64_C(1) << 63 | (uint64_t)session->source << 48 | session->number;
}

void sessions_done(struct sessions *sessions)
{
    free(sessions->at);
    *sessions = (struct sessions){.at = NULL};
}

/* A record, or 0 at the limit. */
static uint32_t take(struct sessions *sessions)
{
    uint32_t id = sessions->free;
    if (id != 0) {
        sessions->free = sessions->at[id].next;
    } else {
        if (sessions->used + 1 >= sessions->room) {
            if (sessions->room >= SESSIONS_MAX)
                return 0;
            sessions->room = sessions->room == 0 ? 256 : 2 * sessions->room;
            sessions->at = text_need_more(sessions->at, sessions->room * sizeof *sessions->at);
        }
        id = ++sessions->used;
    }
    sessions->open++;
    sessions->begun++;
    return id;
}

static void give(struct world *w, uint32_t id)
{
    struct sessions *sessions = &w->sessions;
    uint64_t client = session_entity(&sessions->at[id]);
    stick_forget(w, client);
    state_forget(w, client);
    sessions->at[id] = (struct session){.next = sessions->free};
    sessions->free = id;
    sessions->open--;
}

static void ask(struct world *w, uint32_t id, lb_time now)
{
    struct session *session = &w->sessions.at[id];
    struct source *s = &w->sources[session->source];
    struct lb_random random;
    uint32_t class = 0;
    session->asked++;
    session->left--;
    session->busy = true;
    if (s->only == NULL) {
        stream_open(&random, &w->key, STREAM_CLASS, session_entity(session), session->asked);
        class = client_draw_class(s->rule, &random);
    }
    stream_open(&random, &w->key, STREAM_WORK, session_entity(session), session->asked);
    lb_time work = distribution_draw_time(&s->rule->classes[class].work, &random);
    client_ask(w, s, class, work, id, now);
}

void session_begin(struct world *w, struct source *s, lb_time now)
{
    uint32_t id = take(&w->sessions);
    if (id == 0) {
        lb_error_set(
            &w->failed, LB_ERROR_INVALID,
            "more than %u sessions are open at once: give them a log-out, fewer requests or "
            "an earlier end, or lower the load",
            SESSIONS_MAX);
        engine_stop(w->engine);
        return;
    }
    struct session *session = &w->sessions.at[id];
    *session = (struct session){.number = s->sessions++, .source = s->source_index, .open = true};
    struct lb_random random;
    stream_open(&random, &w->key, STREAM_SESSION, session_entity(session), 0);
    session->left = (uint32_t)distribution_draw(&s->rule->sessions.requests, &random);
    session->client = (uint32_t)session->number;
    if (s->rule->population > 0)
        session->client = s->crowd == NULL ? lb_random_below(&random, s->rule->population)
                                           : crowd_draw(s->crowd, &random);
    ask(w, id, now);
}

void session_answered(struct world *w, uint32_t id, lb_time now)
{
    struct session *session = &w->sessions.at[id];
    const struct scenario_sessions *rule = &w->sources[session->source].rule->sessions;
    session->busy = false;
    lb_time wait = rule->expires;
    if (session->left == 0 && rule->logout) {
        give(w, id);
        return;
    }
    if (session->left > 0) {
        struct lb_random random;
        stream_open(&random, &w->key, STREAM_THINK, session_entity(session), session->asked);
        wait = distribution_draw_time(&rule->think, &random);
    }
    (void)engine_at(w->engine, now + world_delay(wait), EVENT_SESSION, id);
}

void session_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    if (w->sessions.at[subject].left > 0)
        ask(w, subject, now);
    else
        give(w, subject);
}

struct session *session_of(struct world *w, const struct request *r)
{
    if ((r->flags & (REQUEST_ORPHAN | REQUEST_PROBE)) != 0 ||
        !world_source(w, r)->rule->sessions.on)
        return NULL;
    return &w->sessions.at[r->client];
}
