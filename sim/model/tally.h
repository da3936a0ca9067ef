/*
 * The tally of each balancer: what came to it, how it ended, what it has under way.
 *
 * The idea: backends are counted one by one (backend.h), the whole by the ledger; this is the same for
 * the balancers in between, as soon as there are several, or one with a capacity. An end is counted
 * where the client's last try led: at the balancer it asked, which is the first on its way, and when
 * that one passes requests on to others, at the one it passed this one to as well, which is behind it.
 * So what was counted as first adds up to the whole exactly (run/identities.c), and what is behind
 * others is never added twice. Latencies are the client's.
 * Windows of expectations `of balancer NAME` are filled here; the ledger's own steps pass them over.
 *
 * Cost: nothing while w->tallies.at is NULL; else about four additions a request, a histogram of 57
 * KiB for each balancer that answers, and two walks through all records at the window's edges.
 */
#ifndef MODEL_TALLY_H
#define MODEL_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/histogram.h"
#include "sim/scenario/words.h"

struct front;
struct ledger_window;
struct request;
struct request_tries;
struct world;

enum tally_role { TALLY_FIRST, TALLY_BEHIND, TALLY_ROLES };

struct tally_ends { /* of measured requests */
    uint64_t ok, failed, good, cause[CAUSES];
};

struct tally {        /* of one balancer; [1] of measured requests, [0] of others */
    uint64_t came[2]; /* it received, tries of clients one by one */
    uint64_t ok[2];   /* ended so, in either role */
    uint64_t failed[2];
    uint64_t picks[2]; /* attempts it sent */
    uint64_t none;     /* tries that found no backend, measured */
    struct tally_ends ends[TALLY_ROLES];
    struct histogram *latency; /* ok, measured, ns; made when needed */
    uint32_t in_flight;        /* attempts in its books */
    uint64_t in_flight_time;   /* ns of those that have left them, mod 2^64 ... */
    uint64_t at_edge[2];       /* ... and of all up to the edges of the measured window */
    lb_time waits_since;
    double waiting_area;    /* ns in its lines, within the measured window */
    uint64_t beliefs;       /* it changed about its backends, within the window */
    uint64_t takeovers;     /* it took over an address, the same */
    uint64_t connections;   /* of clients that it accepted, the same */
    uint64_t full, resumed; /* handshakes of connections opened to it, the same */
    lb_time connections_since;
    double connections_area; /* ns x those it holds, within the window */
};

struct tallies {
    struct tally *at; /* by balancer; NULL = nobody counts */
    uint64_t nowhere; /* measured requests that failed before any balancer was asked */
    bool windows;     /* some window is of balancers */
};

/* Counts from now on, if this world has several balancers or one with a capacity. Once balancers,
 * records and the ledger are there. */
void tally_init(struct world *w);
void tally_done(struct world *w);

/* The request has come to the balancer, which runs. */
void tally_came(struct world *w, const struct front *f, const struct request *r);
/* An attempt was sent to a member. */
void tally_sent(struct world *w, const struct front *f, const struct request *r, int32_t member);
/* A try found nobody to be sent to. */
void tally_none(struct world *w, const struct front *f, const struct request *r);
/* An attempt sent at this instant leaves the books. */
void tally_finished(struct world *w, const struct front *f, lb_time sent, lb_time now);
/* Those still in the books at the end of a run, for windows: up to now. */
void tally_close(struct world *w, lb_time now);
/* The answer has reached the client of record id. */
void tally_ok(struct world *w, uint32_t id, lb_time now);
/* It failed for good; r and tries as they were when it left. Also when nobody counts. */
void tally_failed(struct world *w, const struct request *r, const struct request_tries *tries,
                  enum cause cause);
/* Another one waits in the lines of the balancer, or one less: before the change. */
void tally_waits(struct world *w, const struct front *f, lb_time now);
/* It holds another connection of a client, or one less: before the change. */
void tally_holds(struct world *w, uint32_t front, bool more, lb_time now);
/* Something that is only counted, within the measured window. */
void tally_note(struct world *w, uint64_t *count, lb_time now);
/* Takes down the time in the books at an edge (0, 1) of the measured window. */
void tally_edge(struct world *w, uint32_t side, lb_time now);
/* Busy workers and those who wait for a worker or a place, ns up to now, of a window's balancers. */
void tally_areas(struct world *w, const struct ledger_window *window, lb_time now, double *busy,
                 double *queued);

#endif
