/* The words themselves: see words.h. */
#include "sim/scenario/words.h"

#include <stddef.h>
#include <string.h>

static const char *const causes[CAUSES] = {
    [CAUSE_REFUSED] = "refused",
    [CAUSE_CONNECT_TIMEOUT] = "connect timeout",
    [CAUSE_RESPONSE_TIMEOUT] = "response timeout",
    [CAUSE_RESET] = "reset",
    [CAUSE_QUEUE_FULL] = "queue full",
    [CAUSE_NO_BACKEND] = "no backend",
    [CAUSE_BALANCER_FULL] = "balancer full",
    [CAUSE_BALANCER_TIMEOUT] = "balancer timeout",
    [CAUSE_DRAIN_CUT] = "drain cut",
    [CAUSE_RETRY_BUDGET] = "retry budget",
    [CAUSE_QUEUE_TIMEOUT] = "queue timeout",
    [CAUSE_STORE] = "session store",
    [CAUSE_ERROR] = "error",
    [CAUSE_CONNECTIONS_FULL] = "connections full",
    [CAUSE_HEADER_TIMEOUT] = "header timeout",
    [CAUSE_RATE_LIMITED] = "rate limited",
    [CAUSE_BALANCER_DOWN] = "balancer down",
    [CAUSE_SHED] = "shed",
    [CAUSE_CONCURRENCY] = "concurrency limit",
    [CAUSE_CIRCUIT] = "circuit open",
    [CAUSE_FAILOVER_GAP] = "failover gap",
    [CAUSE_OVERFLOW] = "overflow",
};

static const char *const beliefs[BELIEFS] = {
    [BELIEF_UP] = "up",           [BELIEF_WARMING] = "warming", [BELIEF_DRAINING] = "draining",
    [BELIEF_EJECTED] = "ejected", [BELIEF_OPEN] = "open",       [BELIEF_HALF_OPEN] = "half-open",
    [BELIEF_DOWN] = "down",       [BELIEF_ABSENT] = "absent",
};

static const char *const truths[TRUTHS] = {
    [TRUTH_OK] = "ok",         [TRUTH_SLOW] = "slow",   [TRUTH_HUNG] = "hung",
    [TRUTH_DOWN] = "down",     [TRUTH_COLD] = "cold",   [TRUTH_PAUSED] = "paused",
    [TRUTH_ERRORS] = "errors", [TRUTH_LOSSY] = "lossy", [TRUTH_ISOLATED] = "isolated",
};

static const char *const actions[ACTIONS] = {
    [ACTION_KILL] = "kill",     [ACTION_HANG] = "hang",           [ACTION_RESTORE] = "restore",
    [ACTION_SLOW] = "slow",     [ACTION_DRAIN] = "drain",         [ACTION_WEIGHT] = "weight",
    [ACTION_RATE] = "rate",     [ACTION_ALGORITHM] = "algorithm", [ACTION_PAUSE] = "pause",
    [ACTION_ERRORS] = "errors", [ACTION_LOSS] = "loss",           [ACTION_ISOLATE] = "isolate",
    [ACTION_FLAP] = "flap",     [ACTION_COUNT] = "count",
};

static const char *const disciplines[DISCIPLINES] = {
    [DISCIPLINE_FIFO] = "fifo",   [DISCIPLINE_PS] = "ps",
    [DISCIPLINE_LIFO] = "lifo",   [DISCIPLINE_ADAPTIVE_LIFO] = "adaptive-lifo",
    [DISCIPLINE_CODEL] = "codel", [DISCIPLINE_PRIORITY] = "priority",
};

const char *cause_name(enum cause cause)
{
    return causes[cause];
}

/* Equal, when '-' and '_' stand for a space? */
static bool same_words(const char *a, const char *b)
{
    for (; *a != '\0' && *b != '\0'; a++, b++)
        if (*a != *b && !(*a == ' ' && (*b == '-' || *b == '_')))
            return false;
    return *a == *b;
}

enum cause cause_find(const char *name)
{
    int cause = 0;
    while (cause < CAUSES && !same_words(causes[cause], name))
        cause++;
    return (enum cause)cause;
}

const char *belief_name(enum belief belief)
{
    return beliefs[belief];
}

const char *truth_name(enum truth truth)
{
    return truths[truth];
}

const char *action_name(enum action action)
{
    return actions[action];
}

enum action action_find(const char *name)
{
    int action = 0;
    while (action < ACTIONS && strcmp(actions[action], name) != 0)
        action++;
    return (enum action)action;
}

const char *discipline_name(enum discipline discipline)
{
    return disciplines[discipline];
}
