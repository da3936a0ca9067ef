/*
 * Beliefs of a balancer: what checks, ejections, drains and slow start make of them, and how they
 * reach the filters. See balancer.h.
 */
#include <stdio.h>

#include "sim/balancer/balancer.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

#define BAD        (BALANCER_OUT_CHECKS | BALANCER_OUT_EJECTED)
#define AWAY       (BAD | BALANCER_OUT_DRAIN | BALANCER_OUT_BREAKER)
#define WARM_STEPS 20

/* Slow start: begins when the last reason of health goes, ends when one comes. None at time 0, when
 * everybody has been up for long. A breaker is none of these: half-open is its own slow start. */
static void set_warmth(struct balancer *b, uint32_t backend, unsigned before, lb_time now)
{
    struct balancer_tier *tier;
    struct lb_backend *row = balancer_row(b, backend, &tier);
    unsigned after = b->places[backend].out;
    if ((after & BAD) != 0) {
        row->warm_for = 0;
    } else if ((before & BAD) != 0) {
        row->warm_since = now;
        row->warm_for = b->rule->health.slow_start;
    }
}

static void set_out(struct balancer *b, uint32_t backend, unsigned reason, bool out, lb_time now)
{
    struct balancer_place *place = &b->places[backend];
    unsigned before = place->out;
    place->out = (uint8_t)(out ? before | reason : before & ~reason);
    if (place->out == before)
        return;
    b->out += (place->out & AWAY) != 0;
    b->out -= (before & AWAY) != 0;
    if (b->rule->health.slow_start > 0)
        set_warmth(b, backend, before, now);
    filter_update(b, backend, now);
}

void balancer_drain(struct balancer *b, uint32_t backend, bool drain, lb_time now)
{
    set_out(b, backend, BALANCER_OUT_DRAIN, drain, now);
}

void balancer_join(struct balancer *b, uint32_t backend, lb_time now)
{
    struct balancer_tier *tier;
    struct lb_backend *row = balancer_row(b, backend, &tier);
    struct balancer_place *place = &b->places[backend];
    health_init(&place->health, &b->rule->health);
    row->flags |= LB_PRESENT;
    if (b->rule->health.slow_start > 0) {
        row->warm_since = now;
        row->warm_for = b->rule->health.slow_start;
    }
    unsigned gone = BALANCER_OUT_ABSENT | BALANCER_OUT_CHECKS | BALANCER_OUT_DRAIN;
    if (b->breaker.rule != NULL) {
        breaker_forget(&b->breaker, backend, now);
        gone |= BALANCER_OUT_BREAKER;
    }
    set_out(b, backend, gone, false, now);
}

void balancer_part(struct balancer *b, uint32_t backend, lb_time now)
{
    struct balancer_tier *tier;
    struct lb_backend *row = balancer_row(b, backend, &tier);
    lb_assert(balancer_in_flight(b, backend) == 0);
    row->flags &= (uint16_t)~LB_PRESENT;
    row->warm_for = 0;
    set_out(b, backend, BALANCER_OUT_ABSENT, true, now);
}

enum belief balancer_belief(const struct balancer *b, uint32_t backend)
{
    unsigned out = b->places[backend].out;
    if ((out & BALANCER_OUT_ABSENT) != 0)
        return BELIEF_ABSENT;
    if ((out & BALANCER_OUT_CHECKS) != 0)
        return BELIEF_DOWN;
    if ((out & BALANCER_OUT_DRAIN) != 0)
        return BELIEF_DRAINING;
    if ((out & BALANCER_OUT_EJECTED) != 0)
        return BELIEF_EJECTED;
    if (b->breaker.rule != NULL && b->breaker.hosts[backend].state != BREAKER_CLOSED)
        return b->breaker.hosts[backend].state == BREAKER_OPEN ? BELIEF_OPEN : BELIEF_HALF_OPEN;
    return balancer_books(b, backend)->warm_for > 0 ? BELIEF_WARMING : BELIEF_UP;
}

bool balancer_check_result(struct balancer *b, uint32_t backend, enum check result, char *why,
                           lb_time now)
{
    struct health *health = &b->places[backend].health;
    bool turned = health_result(health, &b->rule->health, result);
    bool back = b->outlier.ejected > 0 && result == CHECK_PASSED && health->up &&
                outlier_check_passed(&b->outlier, backend);
    if (turned) {
        (void)snprintf(why, BALANCER_WHY, "%u checks in a row %s", health->in_a_row,
                       result == CHECK_PASSED ? "passed" : "failed");
        set_out(b, backend, BALANCER_OUT_CHECKS, !health->up, now);
    }
    if (back) {
        if (!turned)
            (void)snprintf(why, BALANCER_WHY, "a check passed");
        set_out(b, backend, BALANCER_OUT_EJECTED, false, now);
    }
    return turned || back;
}

/* Errors in traffic that end an ejection-free life at once. */
static bool watch_outlier(struct balancer *b, uint32_t backend, enum lb_end end, char *why,
                          lb_time now)
{
    if (!outlier_result(&b->outlier, backend, end == LB_END_OK, now))
        return false;
    char time[40];
    (void)units_format_exact(time, sizeof time, outlier_time(&b->outlier, backend));
    (void)snprintf(why, BALANCER_WHY, "%u errors in a row, for %s at least",
                   b->rule->health.outlier.consecutive_errors, time);
    set_out(b, backend, BALANCER_OUT_EJECTED, true, now);
    return true;
}

bool balancer_watch(struct balancer *b, uint32_t backend, enum lb_end end, bool *sooner, char *why,
                    lb_time now)
{
    static const char *const actions[] = {"fastinter", "a failed check", "sudden death",
                                          "marked down"};
    const struct scenario_health *rule = &b->rule->health;
    bool changed = false;
    *sooner = false;
    if (end == LB_END_CANCELLED)
        return false;
    if (rule->outlier.on)
        changed = watch_outlier(b, backend, end, why, now);
    struct health *health = &b->places[backend].health;
    if (rule->active && rule->observe != OBSERVE_OFF && health_observe(health, rule, end, sooner)) {
        (void)snprintf(why, BALANCER_WHY, "%u errors in a row in traffic: %s", rule->error_limit,
                       actions[rule->on_error]);
        set_out(b, backend, BALANCER_OUT_CHECKS, !health->up, now);
        changed = true;
    }
    return changed;
}

/* --- breakers --------------------------------------------------------------------------------- */

static void follow_breaker(struct balancer *b, uint32_t backend, lb_time now)
{
    set_out(b, backend, BALANCER_OUT_BREAKER, !breaker_admits(&b->breaker, backend), now);
}

bool balancer_sent(struct balancer *b, uint32_t backend, lb_time now)
{
    if (!breaker_sent(&b->breaker, backend))
        return false;
    follow_breaker(b, backend, now);
    return true;
}

bool balancer_ended(struct balancer *b, uint32_t backend, bool trial, enum lb_end end, lb_time sent,
                    char *why, lb_time now)
{
    bool changed = breaker_ended(&b->breaker, backend, trial, end, sent, now, why, BALANCER_WHY);
    follow_breaker(b, backend, now);
    return changed;
}

bool balancer_breaker_due(struct balancer *b, uint32_t backend, lb_time now)
{
    if (!breaker_due(&b->breaker, backend, now))
        return false;
    follow_breaker(b, backend, now);
    return true;
}

bool balancer_cut_off(const struct balancer *b, uint32_t pool)
{
    for (uint32_t i = 0; b->breaker.open > 0 && i < b->backend_count; i++)
        if (b->places[i].pool == pool && b->places[i].out == BALANCER_OUT_BREAKER)
            return true;
    return false;
}

/* --- ejections -------------------------------------------------------------------------------- */

struct sweep {
    struct balancer *b;
    balancer_tell *tell;
    void *to;
    lb_time now;
};

static void swept(void *to, uint32_t backend, bool ejected, const char *why)
{
    struct sweep *sweep = to;
    enum belief before = balancer_belief(sweep->b, backend);
    set_out(sweep->b, backend, BALANCER_OUT_EJECTED, ejected, sweep->now);
    sweep->tell(sweep->to, backend, before, why);
}

void balancer_sweep(struct balancer *b, balancer_tell *tell, void *to, lb_time now)
{
    struct sweep sweep = {b, tell, to, now};
    outlier_sweep(&b->outlier, now, swept, &sweep);
}

lb_time balancer_warm_step(struct balancer *b, uint32_t backend, lb_time now)
{
    struct balancer_tier *tier;
    struct lb_backend *row = balancer_row(b, backend, &tier);
    if (row->warm_for == 0)
        return LB_NEVER;
    lb_time end = row->warm_since + row->warm_for, next = LB_NEVER;
    if (now >= end) {
        row->warm_for = 0;
    } else {
        lb_time step = row->warm_for / WARM_STEPS > 0 ? row->warm_for / WARM_STEPS : 1;
        next = row->warm_since + ((now - row->warm_since) / step + 1) * step;
        next = next < end ? next : end;
    }
    filter_tell(b, backend, now);
    return next;
}
