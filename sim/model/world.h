/*
 * The world: everything that is true in one run, put together, and the only door for changes.
 *
 * The modules of this room work on one struct world, each on its own nouns:
 *   client.c   arrivals, timeouts, retries of clients      front.c   requests at a balancer
 *   arrivals.c how they arrive, other than Poisson
 *   entry.c    which balancer they enter                   hop.c     from one balancer to another
 *   connection.c clients' connections (connections.c, layer4.c, tls.c)
 *   line.c     those who wait there                        probe.c   health checks
 *   watch.c    what follows when a belief changes
 *   gate.c     who gets through to balancers               fate.c    what befalls them
 *   backend.c  slots, queues, disciplines                  timeline.c actions
 *   fault.c    what befalls backends
 *   ledger.c   how each request ended                  tally.c   what each balancer did
 * The dashboard's keys and the scenario's timeline both go through world_apply.
 */
#ifndef MODEL_WORLD_H
#define MODEL_WORLD_H

#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/engine/engine.h"
#include "sim/model/arrivals.h"
#include "sim/model/backend.h"
#include "sim/model/change.h"
#include "sim/model/connection.h"
#include "sim/model/crowd.h"
#include "sim/model/deadline.h"
#include "sim/model/front.h"
#include "sim/model/hedge.h"
#include "sim/model/ledger.h"
#include "sim/model/redundancy.h"
#include "sim/model/request.h"
#include "sim/model/session.h"
#include "sim/model/state.h"
#include "sim/model/story.h"
#include "sim/model/tally.h"

/* Handlers are looked up by these; the order is free, the digest does not see it. Subjects: a place is
 * a backend as one balancer sees it (world_place). */
enum world_event {
    EVENT_ARRIVAL,       /* subject: client group */
    EVENT_USER,          /* user: thinking is over */
    EVENT_SESSION,       /* session: the same, or it expires */
    EVENT_AT_BALANCER,   /* request */
    EVENT_AT_BACKEND,    /* request */
    EVENT_SERVICE,       /* request: fifo service over */
    EVENT_DEPARTURE,     /* backend: the next departure by its virtual clock */
    EVENT_PATIENCE,      /* request: it has waited too long at its backend */
    EVENT_KNOCK,         /* request: the balancer opens a connection for it, at the backend */
    EVENT_OPENED,        /* request: that is open */
    EVENT_GONE,          /* place: the balancer hears that connections are closed */
    EVENT_BACK,          /* request: answer reaches the balancer */
    EVENT_AT_CLIENT,     /* request: answer reaches the client */
    EVENT_TIMEOUT,       /* the client that has waited longest gives up */
    EVENT_AGAIN,         /* request: its client tries again */
    EVENT_SILENT,        /* connection: it was silent for too long */
    EVENT_ROOM,          /* client with connections: those who wait may have one */
    EVENT_SENT,          /* request: its client has sent all of it, or took too long */
    EVENT_CUT,           /* place: connections to a backend believed down are cut */
    EVENT_RETRY,         /* request: the balancer tries again */
    EVENT_QUEUE_TIMEOUT, /* request: waited too long at the balancer */
    EVENT_HOP_THERE,     /* request: from one balancer at the next */
    EVENT_HOP_BACK,      /* request: its answer is back at the first */
    EVENT_SERVE,         /* place: the backend has places for those who wait at the balancer */
    EVENT_CHECK,         /* place: send a probe */
    EVENT_PROBE_THERE,   /* request: probe reaches the backend */
    EVENT_PROBE_BACK,    /* request: its answer is back */
    EVENT_PROBE_TIMEOUT, /* request */
    EVENT_PAUSE,         /* backend: it stands still */
    EVENT_GO_ON,         /* backend: no longer */
    EVENT_FAILURE,       /* backend: it fails by itself */
    EVENT_REPAIR,        /* backend */
    EVENT_COLD,          /* backend: a step of its cold start */
    EVENT_FLAP,          /* action: down, or up again */
    EVENT_ATTEMPT_OVER,  /* request: its balancer has waited long enough */
    EVENT_ACTION,        /* action: carry it out */
    EVENT_ACTION_OVER,   /* action: `for` is over */
    EVENT_DRAIN_LIMIT,   /* backend */
    EVENT_ROUTER,        /* entry, router: its timer */
    EVENT_NEWS,          /* balancer: its partners hear what its table remembers */
    EVENT_LISTED,        /* balancer: it is known to be gone, or back */
    EVENT_GATE_LIMIT,    /* balancer: its drain comes to the limit */
    EVENT_TIMER,         /* balancer, tier: the algorithm's own */
    EVENT_CHANGE,        /* backend: a step of its job is over */
    EVENT_DEPLOY,        /* deployment: begins, or has been watched for long enough */
    EVENT_DEPLOY_WATCH,  /* deployment */
    EVENT_AUTOSCALE,     /* rule of autoscaling: a look */
    EVENT_FETCHED,       /* request: has its state from the store */
    EVENT_DESK,          /* request: its balancer has dealt with it */
    EVENT_BOARD,         /* balancer: the common board is read */
    EVENT_TELL_THERE,    /* a probe that an algorithm asked for reaches its backend */
    EVENT_TELL_BACK,     /* its answer is back, or it is given up */
    EVENT_WARM,          /* place: a step of slow start */
    EVENT_BREAKER,       /* place: a circuit breaker has been open for long enough */
    EVENT_SWEEP,         /* balancer: outlier detection, the end of an interval */
    EVENT_FILTERED,      /* balancer: backends became usable, or are no longer */
    EVENT_WINDOW,        /* mark: windows begin or end */
    EVENT_HEDGE,         /* race: no answer yet, another attempt sets out */
    EVENT_REBALANCE,     /* window: a slice of it is over */
    EVENT_SAMPLE,
    EVENT_END,     /* arrivals are no longer measured */
    EVENT_SETTLED, /* settling time is over */
    WORLD_EVENTS
};

struct source { /* a client group at work */
    const struct scenario_client *rule;
    double rate;     /* per second, now */
    double gap;      /* mean, ns; 0 = nobody comes: the rate is 0, or as good as that */
    lb_time next_at; /* LB_NEVER: none, of a process */
    bool apart;      /* a process, or sessions: not the short way from arrival to request */
    double rest;     /* gap 0: how much of a mean gap is still to wait; else equal gaps' fraction */
    engine_event next;
    struct arrivals_state *process; /* NULL: Poisson or equal gaps */
    struct crowd *crowd;            /* NULL: all clients are alike, with an address each */
    struct lb_random gaps, classes, work, clients;
    struct lb_random entries; /* which balancer */
    struct retry_budget budget;
    struct deadlines deadlines;
    lb_time asked_at;                /* closed loop: the last instant when a user asked ... */
    uint64_t asked_then;             /* ... and how many did */
    uint32_t first_user;             /* closed loop: number of its first user */
    uint32_t *asked;                 /* closed loop: requests so far, by user */
    const struct distribution *only; /* the one class's work, or NULL */
    uint32_t source_index;
    bool mere;          /* its connections need no record (connection.h) */
    bool goes_on;       /* an end leads to a next request: users, sessions */
    uint64_t sessions;  /* so far */
    uint32_t strangers; /* open, without a population: addresses handed out, one a request */
};

struct world_action { /* of the timeline or of a person */
    struct scenario_action what;
    bool by_person;
    double before;     /* what `for` goes back to */
    engine_event turn; /* flap: down, or up again */
};

/* Requests by backend, while something befalls a set of them (fault.c). */
#define GATHER_END UINT32_MAX
struct gather {
    uint32_t *first; /* by backend: a request, GATHER_END = no more, 0 = not of the set */
    uint32_t *next;  /* by request */
    uint32_t room;
};

struct world_edge {
    backend_area busy, queued;
    uint64_t in_flight; /* request-ns in the books of balancers, mod 2^64 */
};

/* Whom the world tells: the run, which tells the observers. */
struct world_listener {
    void *self;
    /* action NULL: a belief of `front` about the backend changed; else front is the balancer that
     * the action is about, or NULL */
    void (*happened)(void *self, const struct world_action *action, const struct front *front,
                     int32_t backend, enum belief from, enum belief to, const char *text);
    /* something about a balancer as a whole: a word, and why */
    void (*noted)(void *self, const struct front *front, const char *word, const char *text);
    void (*sample)(void *self);
};

struct world {
    const struct scenario *scenario;
    struct stream_key key;
    struct engine *engine;
    struct front *fronts; /* all balancers */
    uint32_t front_count;
    uint32_t places; /* members that a balancer may have: world_place counts by it */
    struct requests requests;
    struct backend *backends;
    struct backend_count *counts; /* by backend, too */
    struct backend_rest *rest;
    uint32_t backend_count;
    struct source *sources;
    uint32_t source_count;
    uint16_t *class_source; /* class -> source */
    lb_time deadline; /* of some client, at the latest the first; LB_NEVER = none: see client.c */
    struct ledger ledger;
    struct state state;    /* of users, at backends */
    struct change change;  /* backends that come and go */
    struct lb_request ask; /* filled for each pick */
    char ask_name[32];     /* the key it shows */
    struct tell tell;      /* meters of the backends, for algorithms that are told more */
    uint32_t users;
    struct sessions sessions;                  /* those that are open */
    lb_time to_balancer, to_front, to_backend; /* one way; to_front: between balancers */
    uint64_t numbers;                          /* requests so far */
    uint64_t probes;                           /* checks so far */
    bool client_retries, balancer_retries, keep_latency;
    bool checks;            /* some balancer sends them */
    bool truth;             /* some algorithm sees it */
    bool sticky;            /* some balancer knows clients again */
    bool boards;            /* some algorithm sees what other balancers have in flight */
    bool gates;             /* something has befallen a balancer or a road (gate.h) */
    bool plain;             /* nothing is rare: see world_rare */
    bool desks;             /* some balancer has a capacity */
    bool guards;            /* some balancer refuses requests by a rule */
    bool upstream;          /* some balancer opens connections to its backends */
    bool breakers;          /* some balancer has circuit breakers */
    bool links;             /* packets may be lost, or balancers do not wait for ever */
    bool past_end, settled; /* arrivals no longer measured; nothing left to wait for */
    struct gather gather;
    struct upstream_uses uses;       /* by request */
    struct connections *connections; /* NULL when they are not modelled */
    uint32_t *chosen;                /* backends that an action is about */
    struct tallies tallies;          /* what each balancer did */
    struct roads roads;
    struct hedges hedges;
    struct entries entries; /* redundancy.h; at NULL = none needs it */
    struct world_action *actions;
    uint32_t action_count, action_room;
    struct world_edge *at_edge[2]; /* by backend: areas where the measured window begins and ends */
    struct world_listener listener;
    struct story *story; /* NULL = nobody wants one */
    struct lb_where where;
    struct lb_error failed; /* some limit was met: filled, and the engine stops */
};

/* A world at time 0, with its first events scheduled. 0, or -1 with *error. */
int world_init(struct world *w, const struct scenario *scenario, uint32_t replication,
               bool keep_latency, struct lb_error *error);
void world_done(struct world *w);
/* Takes down the areas of all backends at this instant: an edge (0, 1) of the measured window. */
void world_edge(struct world *w, uint32_t side, lb_time now);
/* Carries out an action now (timeline) or, by_person, at the last processed time + 1 ns. */
void world_apply(struct world *w, const struct scenario_action *action, bool by_person);
void world_action_event(void *context, uint32_t subject, lb_time now);
void world_action_over_event(void *context, uint32_t subject, lb_time now);
void world_drain_limit_event(void *context, uint32_t subject, lb_time now);

/* client.c */
void client_init(struct world *w, uint32_t source);
void client_done(struct source *s);
void client_arrival_event(void *context, uint32_t subject, lb_time now);
void client_user_event(void *context, uint32_t subject, lb_time now);
void client_timeout_event(void *context, uint32_t subject, lb_time now);
void client_again_event(void *context, uint32_t subject, lb_time now);
void client_answer_event(void *context, uint32_t subject, lb_time now);
void client_set_rate(struct world *w, uint32_t source, double rate, lb_time now);
/* One of the group's classes, by their shares. */
uint32_t client_draw_class(const struct scenario_client *rule, struct lb_random *random);
/* A request of this class, place among those of the group, is asked now. */
void client_ask(struct world *w, struct source *s, uint32_t class, lb_time work, uint32_t client,
                lb_time now);
/* A request of this user, or session, has ended, for good, and may have been the last measured one: the user
 * thinks, the run settles. */
void client_ended(struct world *w, const struct source *s, uint32_t user, bool last, lb_time now);
/* There is no record left: the run ends, and says why. */
void client_too_many(struct world *w);
/* How a request ended that did not end ok, in one number; 0 stands for ok. */
#define WORLD_BAD(cause, why) (1U + (uint32_t)(cause) + ((uint32_t)(why) << 8))
#define WORLD_BAD_CAUSE(bad)  ((enum cause)(((bad)&0xff) - 1))
#define WORLD_BAD_WHY(bad)    ((enum why)((bad) >> 8))
/* Its timeout is over: the client leaves it, and asks again or has failed (client_end.c). */
void client_gives_up(struct world *w, uint32_t id, lb_time now);
/* The answer (0), or the failure, is at the balancer and sets out for the client. */
void client_answer(struct world *w, uint32_t id, uint32_t bad, lb_time now);

/* entry.c */
/* The balancer that this request of the client enters: its number. */
uint32_t entry_of(struct world *w, struct source *s, const struct request *r);

/* line.c */
/* Waits for a place: at any backend it has not been at (backend < 0), or at this one. */
void line_join(struct world *w, struct front *f, uint32_t id, int32_t backend, lb_time now);
/* Its pool has as many connections as it may: waits until another is allowed, then is picked for anew. */
void line_join_room(struct world *w, struct front *f, uint32_t id, uint32_t backend, lb_time now);
/* Out of its line, wherever it stands. */
void line_leave(struct world *w, struct front *f, uint32_t id);
/* Places came free at this backend: whoever waits goes there. */
void line_serve(struct world *w, struct front *f, uint32_t backend, lb_time now);
/* A slot of this backend came free without an answer: who waits for a slot may have it. */
void line_slot_free(struct world *w, uint32_t backend, lb_time now);
/* This backend takes nothing now: those who wait for it are picked for anew. */
void line_repick(struct world *w, struct front *f, uint32_t backend, lb_time now);
void line_timeout_event(void *context, uint32_t subject, lb_time now);
void line_serve_event(void *context, uint32_t subject, lb_time now);

/* backend.c, as handlers */
void backend_receive_event(void *context, uint32_t subject, lb_time now);
void backend_service_event(void *context, uint32_t subject, lb_time now);
void backend_departure_event(void *context, uint32_t subject, lb_time now);

void backend_patience_event(void *context, uint32_t subject, lb_time now);

/* service.c: the virtual clock */
void service_enter(struct world *w, uint32_t backend, uint32_t id, double work, lb_time now);
void service_remove(struct world *w, uint32_t backend, uint32_t id, lb_time now);
lb_time service_work_left(const struct world *w, uint32_t id, lb_time now);
uint32_t service_depart(struct world *w, uint32_t backend, lb_time now);
void service_freeze(struct world *w, uint32_t backend, lb_time now);
void service_reschedule(struct world *w, uint32_t backend, lb_time now);
void service_tick(struct world *w, uint32_t backend, lb_time now);
/* What those in service have of the speed: less than 1 where they contend. */
double service_share(const struct backend_rest *rest);

/* wear.c, act.c, as handlers */
void wear_pause_event(void *context, uint32_t subject, lb_time now);
void wear_go_on_event(void *context, uint32_t subject, lb_time now);
void wear_failure_event(void *context, uint32_t subject, lb_time now);
void wear_repair_event(void *context, uint32_t subject, lb_time now);
void wear_cold_event(void *context, uint32_t subject, lb_time now);
void act_flap_event(void *context, uint32_t subject, lb_time now);

/* link.c: what may be lost between a balancer and a backend, and how long a balancer waits */
/* From now on packets may be lost. */
void link_needed(struct world *w);
/* An attempt is sent: false when it is lost on the way. Its balancer's timeout begins. */
bool link_send(struct world *w, const struct front *f, uint32_t id, lb_time now);
/* Its answer sets out: false when that is lost. */
bool link_answer(struct world *w, uint32_t id);
/* A probe is sent to the backend, or its answer back: false when it is lost. */
bool link_probe(struct world *w, const struct front *f, uint32_t backend);
/* The attempt has left the books. */
void link_finish(struct world *w, uint32_t id);
void link_over_event(void *context, uint32_t subject, lb_time now);

/* probe.c */
/* Checks begin: at time 0, or in a new process. */
void probe_init(struct world *w, struct front *f, lb_time now);
/* The balancer that sent this probe is gone; its event of the timeout is cancelled already. */
void probe_forget(struct world *w, uint32_t id, lb_time now);
void probe_check_event(void *context, uint32_t subject, lb_time now);
void probe_there_event(void *context, uint32_t subject, lb_time now);
void probe_back_event(void *context, uint32_t subject, lb_time now);
void probe_timeout_event(void *context, uint32_t subject, lb_time now);
/* The backend has dealt with a probe: its answer sets out. */
void probe_answer(struct world *w, uint32_t id, enum lb_end end, lb_time now);
/* It has joined the pool: its checks begin; or has left: they end. */
void probe_join(struct world *w, struct front *f, uint32_t backend, lb_time now);
void probe_part(struct world *w, struct front *f, uint32_t backend);
/* The next check of this backend comes at `when`, if it was to come later. */
void probe_sooner(struct world *w, struct front *f, uint32_t backend, lb_time when);

/* No delay is longer than this, 146 years: added to an instant of a run, which ends after 23 years at
 * the latest (duration and settle), it stays below LB_NEVER. */
#define WORLD_DELAY_MAX (INT64_C(1) << 62)

static inline lb_time world_delay(lb_time delay)
{
    return delay < WORLD_DELAY_MAX ? delay : WORLD_DELAY_MAX;
}

/* Is there anything in this world that most have nothing of, and that a request would have to ask for
 * at a step (step.h)? May change with an action only. */
static inline bool world_rare(const struct world *w)
{
    const struct front *f = w->fronts;
    return w->front_count > 1 || w->requests.tries != NULL || w->balancer_retries ||
           w->client_retries || w->to_balancer > 0 || w->to_backend > 0 || w->tell.entries ||
           f->tell.probes || f->tell.key || !f->balancer.single || f->balancer.watched ||
           w->boards || w->gates || w->links || w->guards || w->breakers || w->upstream ||
           w->hedges.on || w->desks || w->sticky || w->state.on || w->change.on ||
           w->connections != NULL || w->ledger.window_count != 0 || w->keep_latency ||
           w->story != NULL;
}

/* A backend as one balancer sees it, as a subject of events. */
static inline uint32_t world_place(const struct world *w, const struct front *f, uint32_t backend)
{
    return f->number * w->places + backend;
}

static inline struct front *world_front_of_place(struct world *w, uint32_t place, uint32_t *backend)
{
    *backend = place % w->places;
    return &w->fronts[place / w->places];
}

/* The balancer that a record is at, or that sent it on. */
static inline struct front *world_front(struct world *w, uint32_t id)
{
    return w->front_count == 1 ? w->fronts : &w->fronts[w->requests.tries[id].front];
}

/* The first balancer that has backends: whose beliefs are shown where there is room for one only. */
static inline const struct front *world_main(const struct world *w)
{
    const struct front *f = w->fronts;
    while (f->outer)
        f++;
    return f;
}

/* Attempts of all balancers in flight to the backend. */
static inline uint32_t world_in_flight(const struct world *w, uint32_t backend)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < w->front_count; i++)
        if (!w->fronts[i].outer)
            sum += balancer_in_flight(&w->fronts[i].balancer, backend);
    return sum;
}

/* A try after `retries` of them was refused by its rule: the budget did, which becomes the cause, or
 * all are used up, which is why it fails. */
static inline void world_not_again(const struct scenario_retries *rule, uint32_t retries,
                                   enum cause *cause, enum why *why)
{
    if (retries < rule->max)
        *cause = CAUSE_RETRY_BUDGET;
    else if (retries > 0)
        *why = WHY_RETRIES;
}

static inline struct request *world_request(struct world *w, uint32_t id)
{
    return &w->requests.at[id];
}

static inline struct source *world_source(struct world *w, const struct request *r)
{
    return &w->sources[w->class_source[r->class]];
}

#endif
