/* Sessions of users in a summary: how many there were, and what became of their state. */
#include <math.h>

#include "sim/run/private.h"

void summary_build_sessions(struct summary *s, const struct world *w)
{
    for (uint32_t i = 0; i < w->source_count; i++)
        s->sessions.any |= w->sources[i].rule->sessions.on;
    s->sessions.state = w->state.on;
    s->sessions.begun = w->sessions.begun;
    s->sessions.open = s->sessions.any ? w->sessions.open : w->state.open;
    for (int i = 0; i < SESSION_EVENTS; i++)
        s->sessions.count[i] = w->ledger.sessions[i];
}

bool summary_measure_sessions(const uint64_t count[SESSION_EVENTS], enum metric metric,
                              double *value)
{
    switch (metric) {
    case METRIC_LOST:
        *value = (double)count[SESSION_LOST];
        return true;
    case METRIC_MOVED:
        *value = (double)count[SESSION_MOVED];
        return true;
    case METRIC_LOGINS:
        *value = (double)count[SESSION_LOGIN];
        return true;
    case METRIC_STALE:
        *value = (double)count[SESSION_STALE];
        return true;
    case METRIC_STICKINESS:
        *value = (double)count[SESSION_KEPT] / (double)count[SESSION_FOLLOWED];
        return count[SESSION_FOLLOWED] > 0;
    default:
        return false;
    }
}

void summary_json_sessions(const struct summary *s, struct json *json)
{
    double kept;
    if (!s->sessions.any && !s->sessions.state)
        return;
    json_object(json, "sessions");
    if (s->sessions.any)
        json_uint(json, "begun", s->sessions.begun);
    json_uint(json, "open", s->sessions.open);
    if (s->sessions.state) {
        json_uint(json, "moved", s->sessions.count[SESSION_MOVED]);
        json_uint(json, "lost", s->sessions.count[SESSION_LOST]);
        json_uint(json, "logins", s->sessions.count[SESSION_LOGIN]);
        json_uint(json, "stale", s->sessions.count[SESSION_STALE]);
        if (summary_measure_sessions(s->sessions.count, METRIC_STICKINESS, &kept))
            json_round(json, "stickiness", kept, 7);
    }
    json_end_object(json);
}

void summary_print_sessions(const struct summary *s, FILE *to)
{
    const uint64_t *count = s->sessions.count;
    double kept;
    if (!s->sessions.any && !s->sessions.state)
        return;
    fprintf(to, "sessions    ");
    if (s->sessions.any)
        fprintf(to, "%llu begun, ", (unsigned long long)s->sessions.begun);
    fprintf(to, "%llu open at the end", (unsigned long long)s->sessions.open);
    if (s->sessions.state)
        fprintf(to, "   moved %llu   lost %llu   logged in again %llu   stale %llu",
                (unsigned long long)count[SESSION_MOVED], (unsigned long long)count[SESSION_LOST],
                (unsigned long long)count[SESSION_LOGIN], (unsigned long long)count[SESSION_STALE]);
    if (s->sessions.state && summary_measure_sessions(count, METRIC_STICKINESS, &kept))
        fprintf(to, "   stickiness %.4g %%", 100.0 * kept);
    fputc('\n', to);
}
