/* See story.h: which connection a request goes on. */
#include <stdio.h>

#include "sim/base/units.h"
#include "sim/model/story_private.h"

/* After it has one, or has begun to wait for one. */
void story_connection(struct world *w, uint32_t id, lb_time now)
{
    const struct request *r = world_request(w, id);
    const struct connection_use *use = &w->connections->use[id];
    if (r->number != w->story->number || w->story->ended)
        return;
    char text[256], buf[2][32], where[160] = "";
    struct story_step step = story_step("connection", now);
    step.text = text;
    if (use->waits) {
        (void)snprintf(text, sizeof text,
                       "every connection that its client may have is in use: "
                       "it waits for one of them");
        w->story->tell(w->story->self, &step);
        return;
    }
    static const struct connection none = {.place = {{.member = -1}, {.member = -1}}};
    const struct connection *c = use->mere ? &none : &w->connections->at[use->connection];
    const struct front *f = use->mere ? world_front(w, id) : &w->fronts[c->front];
    step.takes = c->ready > now ? c->ready - now : 0;
    if (c->place[0].member >= 0)
        (void)snprintf(where, sizeof where, ", which leads to %.64s",
                       story_member(w, f, c->place[0].member));
    if (use->opened)
        (void)snprintf(text, sizeof text, "opens a connection to %.64s, which takes %s%s%s",
                       w->front_count == 1 ? "the balancer" : f->name,
                       units_format(buf[0], sizeof buf[0], step.takes),
                       use->extra > 0 ? "; its backend has further work with the handshake: " : "",
                       use->extra > 0 ? units_format(buf[1], sizeof buf[1], use->extra) : "");
    else
        (void)snprintf(text, sizeof text, "goes on a connection opened %s before%s, %u %s on it",
                       units_format(buf[0], sizeof buf[0], now - c->opened), where, c->streams,
                       c->streams == 1 ? "request" : "requests");
    w->story->tell(w->story->self, &step);
}

void story_upstream(struct world *w, const struct front *f, uint32_t id, lb_time now)
{
    const struct request *r = world_request(w, id);
    const struct upstream_use *use = &w->uses.at[id];
    const struct reuse_connection *c = &f->upstream->reuse.at[use->connection];
    char text[256], buf[2][32];
    if (r->number != w->story->number || w->story->ended)
        return;
    struct story_step step = story_step("connection", now);
    step.text = text;
    step.backend = r->backend;
    if (use->reused) {
        (void)snprintf(text, sizeof text,
                       "goes on a connection to %.64s opened %s before, its request number %u",
                       story_member(w, f, r->backend),
                       units_format(buf[0], sizeof buf[0], now - c->opened), c->borne);
    } else {
        const struct scenario_reuse *rule = &f->rule->reuse;
        step.takes = 2 * (lb_time)rule->round_trips * w->to_backend + rule->handshake;
        (void)snprintf(text, sizeof text, "opens a connection to %.64s, which takes %s",
                       story_member(w, f, r->backend),
                       units_format(buf[0], sizeof buf[0], step.takes));
    }
    w->story->tell(w->story->self, &step);
}
