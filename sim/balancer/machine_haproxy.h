/*
 * HAProxy's machine of active checks: one counter that knows both the belief and the doubt.
 *
 * The idea: `health` runs from 0 to rise + fall - 1, and the server is up from `rise` on. In the
 * upper part it is the failures still to be had, in the lower part the passes in a row. A pass that
 * reaches `rise` jumps to the top, so any pass while up restores full health; a failure that
 * leaves the upper part falls to 0, so any failure while down starts the count afresh. A server
 * that is checked begins up with health = rise: its first failed check takes it down.
 *
 * The pace follows the counter: `inter` at the top, `downinter` at 0, `fastinter` in between.
 * Source: HAProxy 2.6, src/check.c and src/server.c; the recordings hc_* under tests/golden/haproxy.
 */
#ifndef BALANCER_MACHINE_HAPROXY_H
#define BALANCER_MACHINE_HAPROXY_H

#include <stdbool.h>

#include "algorithms/types.h"
#include "sim/scenario/scenario.h"

#define MACHINE_HAPROXY_RISE 2 /* the defaults of a server line */
#define MACHINE_HAPROXY_FALL 3

struct machine_haproxy {
    int health, rise, fall; /* rise and fall at least 1 */
};

/* A server as it starts: up; with checks one failure from down, without in full health. */
void machine_haproxy_start(struct machine_haproxy *m, int rise, int fall, bool checked);

/* Takes the result of one check; true when the belief changed. */
bool machine_haproxy_result(struct machine_haproxy *m, bool passed);

/* `observe` has seen error_limit errors in a row in traffic: what on-error makes of it. fastinter:
 * nothing besides an earlier check; fail-check: a failed check; sudden-death: the next failure takes
 * the server down; mark-down: it is down. True when the belief changed. */
bool machine_haproxy_error(struct machine_haproxy *m, enum on_error how);

static inline bool machine_haproxy_up(const struct machine_haproxy *m)
{
    return m->health >= m->rise;
}

static inline int machine_haproxy_full(const struct machine_haproxy *m)
{
    return m->rise + m->fall - 1;
}

/* From the start of one check to the next. */
static inline lb_time machine_haproxy_gap(const struct machine_haproxy *m, lb_time inter,
                                          lb_time fastinter, lb_time downinter)
{
    if (m->health == machine_haproxy_full(m))
        return inter;
    return m->health == 0 ? downinter : fastinter;
}

#endif
