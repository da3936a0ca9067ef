/*
 * The vocabulary that a scenario, the model, the record and the screens share: each list of words
 * stands here once, with its spelling for people.
 */
#ifndef SCENARIO_WORDS_H
#define SCENARIO_WORDS_H

#include <stdbool.h>

/* Why a request failed; every failed request has exactly one, that of its last attempt. */
enum cause {
    CAUSE_REFUSED,          /* nobody listened */
    CAUSE_CONNECT_TIMEOUT,  /* no answer to the connection */
    CAUSE_RESPONSE_TIMEOUT, /* the client gave up waiting */
    CAUSE_RESET,            /* the backend died with it */
    CAUSE_QUEUE_FULL,       /* the backend turned it away */
    CAUSE_NO_BACKEND,       /* the balancer believed in none */
    CAUSE_BALANCER_FULL,    /* the balancer's own queue was full */
    CAUSE_BALANCER_TIMEOUT, /* it waited too long in the balancer's queue */
    CAUSE_DRAIN_CUT,        /* a drain came to its limit */
    CAUSE_RETRY_BUDGET,     /* it would be tried again, but for the budget of retries */
    CAUSE_QUEUE_TIMEOUT,    /* it waited too long in the backend's queue */
    CAUSE_STORE,            /* the store of session state was down */
    CAUSE_ERROR,            /* the backend answered with an error */
    CAUSE_CONNECTIONS_FULL, /* the balancer had no place for its connection */
    CAUSE_HEADER_TIMEOUT,   /* its client took too long to send it */
    CAUSE_RATE_LIMITED,     /* the balancer had no token for it */
    CAUSE_BALANCER_DOWN,    /* its balancer was gone, drained or out of reach */
    CAUSE_SHED,             /* the balancer keeps what is left for more important ones */
    CAUSE_CONCURRENCY,      /* the balancer had as many at once as it may */
    CAUSE_CIRCUIT,          /* the breakers of the backends that it could have had were open */
    CAUSE_FAILOVER_GAP,     /* nobody answered for the address, or another than before */
    CAUSE_OVERFLOW,         /* its pool had as many of something as it may: circuit */
    CAUSES
};
const char *cause_name(enum cause cause); /* "response timeout" */
/* Finds a cause by its name, spaces or dashes; CAUSES when there is none. */
enum cause cause_find(const char *name);

/* What a balancer holds a backend for. */
enum belief {
    BELIEF_UP,
    BELIEF_WARMING,   /* in slow start */
    BELIEF_DRAINING,  /* nothing new */
    BELIEF_EJECTED,   /* passive health put it aside */
    BELIEF_OPEN,      /* its circuit breaker is open */
    BELIEF_HALF_OPEN, /* ... or half-open: some are sent there to try */
    BELIEF_DOWN,      /* checks failed */
    BELIEF_ABSENT,    /* it is not one of the pool: not yet, or no longer */
    BELIEFS
};
const char *belief_name(enum belief belief); /* "up" */

/* What a backend is. */
enum truth {
    TRUTH_OK,
    TRUTH_SLOW,     /* speed below its own */
    TRUTH_HUNG,     /* accepts, never answers */
    TRUTH_DOWN,     /* process gone */
    TRUTH_COLD,     /* new: work takes longer */
    TRUTH_PAUSED,   /* stands still, and will go on */
    TRUTH_ERRORS,   /* answers some with an error */
    TRUTH_LOSSY,    /* some of its packets are lost */
    TRUTH_ISOLATED, /* all of them are */
    TRUTHS
};
const char *truth_name(enum truth truth); /* "ok" */

/* What the timeline, or a person at the dashboard, can do. */
enum action {
    ACTION_KILL,
    ACTION_HANG,
    ACTION_RESTORE,
    ACTION_SLOW,
    ACTION_DRAIN,
    ACTION_WEIGHT,
    ACTION_RATE,
    ACTION_ALGORITHM,
    ACTION_PAUSE,
    ACTION_ERRORS,
    ACTION_LOSS,
    ACTION_ISOLATE,
    ACTION_FLAP,
    ACTION_COUNT,
    ACTIONS
};
const char *action_name(enum action action); /* "kill" */
enum action action_find(const char *name);   /* ACTIONS when there is none */

/* In which order a backend serves: see sim/model/discipline.h. */
enum discipline {
    DISCIPLINE_FIFO,
    DISCIPLINE_PS,
    DISCIPLINE_LIFO,
    DISCIPLINE_ADAPTIVE_LIFO,
    DISCIPLINE_CODEL,
    DISCIPLINE_PRIORITY,
    DISCIPLINES
};
/* What befalls the sessions of users: see sim/model/state.h. */
enum session_event {
    SESSION_FOLLOWED, /* a request of a user who was served before */
    SESSION_KEPT,     /* ... by the same backend */
    SESSION_MOVED,    /* ... by another */
    SESSION_LOST,     /* a state is gone */
    SESSION_LOGIN,    /* ... and its user logs in again */
    SESSION_STALE,    /* a request read an old copy */
    SESSION_EVENTS
};

const char *discipline_name(enum discipline discipline);

#endif
