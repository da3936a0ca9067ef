/* See breaker.h. */
#include "sim/balancer/breaker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/base/units.h"

#define FAILED 1U
#define SLOW   2U
/* A share like 29 % of 100 is not quite 29: what is as good as equal is equal. */
#define NEARLY 1e-9

const char *breaker_state_name(enum breaker_state state)
{
    static const char *const names[] = {"closed", "open", "half-open"};
    return names[state];
}

void breaker_init(struct breaker *b, const struct scenario_breaker *rule, uint32_t count,
                  uint32_t members)
{
    *b = (struct breaker){.rule = rule, .count = count, .members = members};
    b->hosts = text_need_zero(count, sizeof *b->hosts);
    if (rule->within > 0)
        b->parts = text_need_zero((size_t)count * BREAKER_PARTS, sizeof *b->parts);
    else
        b->rings = text_need_zero((size_t)count * rule->last, sizeof *b->rings);
}

void breaker_done(struct breaker *b)
{
    free(b->hosts);
    free(b->rings);
    free(b->parts);
    *b = (struct breaker){0};
}

/* --- the window ------------------------------------------------------------------------------- */

static void add(struct breaker_sums *sums, unsigned how)
{
    sums->ended++;
    sums->failed += (how & FAILED) != 0;
    sums->slow += (how & SLOW) != 0;
}

static void take(struct breaker_sums *sums, struct breaker_sums what)
{
    sums->ended -= what.ended;
    sums->failed -= what.failed;
    sums->slow -= what.slow;
}

static void count_in_ring(struct breaker *b, uint32_t host, unsigned how)
{
    struct breaker_host *h = &b->hosts[host];
    uint8_t *at = &b->rings[(size_t)host * b->rule->last + h->next];
    if (h->window.ended == b->rule->last) {
        struct breaker_sums oldest = {0};
        add(&oldest, *at);
        take(&h->window, oldest);
    }
    *at = (uint8_t)how;
    h->next = h->next + 1 < b->rule->last ? h->next + 1 : 0;
    add(&h->window, how);
}

static void count_in_parts(struct breaker *b, uint32_t host, unsigned how, lb_time now)
{
    struct breaker_host *h = &b->hosts[host];
    struct breaker_sums *parts = &b->parts[(size_t)host * BREAKER_PARTS];
    lb_time length = b->rule->within / BREAKER_PARTS;
    int64_t part = now / (length > 0 ? length : 1);
    for (uint32_t i = 0; h->part < part; i++) {
        h->part = i < BREAKER_PARTS ? h->part + 1 : part; /* nothing is left of before */
        struct breaker_sums *oldest = &parts[h->part % BREAKER_PARTS];
        take(&h->window, *oldest);
        *oldest = (struct breaker_sums){0};
    }
    add(&parts[part % BREAKER_PARTS], how);
    add(&h->window, how);
}

static void clear_window(struct breaker *b, uint32_t host)
{
    struct breaker_host *h = &b->hosts[host];
    h->window = (struct breaker_sums){0};
    h->next = h->in_a_row = 0;
    if (b->parts != NULL)
        memset(&b->parts[(size_t)host * BREAKER_PARTS], 0, BREAKER_PARTS * sizeof *b->parts);
}

/* --- states ----------------------------------------------------------------------------------- */

static void enter(struct breaker *b, uint32_t host, enum breaker_state state, lb_time now)
{
    struct breaker_host *h = &b->hosts[host];
    b->open -= h->state != BREAKER_CLOSED;
    b->open += state != BREAKER_CLOSED;
    h->state = state;
    h->since = now;
    h->trials = 0;
    clear_window(b, host);
}

lb_time breaker_pause(const struct breaker *b, uint32_t host)
{
    lb_time pause = b->rule->open, most = b->rule->open_max;
    if (most <= pause)
        return pause;
    for (uint32_t i = 0; i < b->hosts[host].again && pause < most; i++)
        pause = pause > most / 2 ? most : 2 * pause;
    return pause < most ? pause : most;
}

/* Is a share of these beyond the rule? Says which in why. */
static bool beyond(const struct breaker_sums *sums, const struct scenario_breaker *rule, char *why,
                   size_t size)
{
    char time[40];
    if (rule->failures > 0 && sums->failed > 0 &&
        sums->failed >= rule->failures * sums->ended - NEARLY) {
        (void)snprintf(why, size, "%u of %u failed", sums->failed, sums->ended);
        return true;
    }
    if (rule->slow > 0 && sums->slow > 0 && sums->slow >= rule->slow * sums->ended - NEARLY) {
        (void)snprintf(why, size, "%u of %u took %s or longer", sums->slow, sums->ended,
                       units_format_exact(time, sizeof time, rule->slow_after));
        return true;
    }
    return false;
}

static void say_for(const struct breaker *b, uint32_t host, char *why, size_t size)
{
    char time[40];
    size_t used = strlen(why);
    (void)snprintf(why + used, size - used, ", for %s",
                   units_format_exact(time, sizeof time, breaker_pause(b, host)));
}

bool breaker_sent(struct breaker *b, uint32_t host)
{
    if (b->hosts[host].state != BREAKER_HALF_OPEN)
        return false;
    b->hosts[host].trials++;
    return true;
}

static bool ended_closed(struct breaker *b, uint32_t host, unsigned how, lb_time now, char *why,
                         size_t size)
{
    const struct scenario_breaker *rule = b->rule;
    struct breaker_host *h = &b->hosts[host];
    if (rule->within > 0)
        count_in_parts(b, host, how, now);
    else
        count_in_ring(b, host, how);
    h->in_a_row = (how & FAILED) != 0 ? h->in_a_row + 1 : 0;
    bool opens = rule->consecutive > 0 && h->in_a_row >= rule->consecutive;
    if (opens)
        (void)snprintf(why, size, "%u failed in a row", h->in_a_row);
    else
        opens = h->window.ended >= rule->minimum && beyond(&h->window, rule, why, size);
    if (!opens || b->open + 1.0 > rule->max_open * b->members + NEARLY)
        return false;
    h->again = 0;
    enter(b, host, BREAKER_OPEN, now);
    say_for(b, host, why, size);
    return true;
}

static bool ended_trial(struct breaker *b, uint32_t host, unsigned how, lb_time now, char *why,
                        size_t size)
{
    const struct scenario_breaker *rule = b->rule;
    struct breaker_host *h = &b->hosts[host];
    add(&h->window, how);
    bool opens = rule->consecutive > 0 && (how & FAILED) != 0;
    if (opens)
        (void)snprintf(why, size, "a trial failed");
    else if (h->window.ended < rule->permits)
        return false;
    else
        opens = beyond(&h->window, rule, why, size);
    if (!opens)
        (void)snprintf(why, size, "%u trials were good enough", h->window.ended);
    h->again += opens && h->again < UINT32_MAX;
    enter(b, host, opens ? BREAKER_OPEN : BREAKER_CLOSED, now);
    if (opens)
        say_for(b, host, why, size);
    return true;
}

bool breaker_ended(struct breaker *b, uint32_t host, bool trial, enum lb_end end, lb_time sent,
                   lb_time now, char *why, size_t size)
{
    const struct scenario_breaker *rule = b->rule;
    struct breaker_host *h = &b->hosts[host];
    unsigned how = 0;
    if (sent < h->since)
        return false; /* it was sent in a state that is over */
    if (rule->slow > 0 && now - sent >= rule->slow_after)
        how |= SLOW;
    if (end != LB_END_OK && end != LB_END_CANCELLED)
        how |= FAILED;
    bool counts = end != LB_END_CANCELLED || how != 0;
    trial = trial && h->state == BREAKER_HALF_OPEN;
    if (trial) {
        lb_assert(h->trials > 0);
        h->trials--;
    }
    if (!counts)
        return false;
    if (h->state == BREAKER_CLOSED)
        return ended_closed(b, host, how, now, why, size);
    return trial && ended_trial(b, host, how, now, why, size);
}

bool breaker_due(struct breaker *b, uint32_t host, lb_time now)
{
    const struct breaker_host *h = &b->hosts[host];
    if (h->state != BREAKER_OPEN || now - h->since != breaker_pause(b, host))
        return false;
    enter(b, host, BREAKER_HALF_OPEN, now);
    return true;
}

void breaker_forget(struct breaker *b, uint32_t host, lb_time now)
{
    enter(b, host, BREAKER_CLOSED, now);
    b->hosts[host].again = 0;
}
