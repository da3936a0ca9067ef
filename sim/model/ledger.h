/*
 * The ledger: every request's end is written here once, with its cause.
 *
 * The idea: counters and histograms instead of samples. Latencies of requests that end ok go into a
 * live histogram per class; the run empties these into totals whenever it takes a sample. Window 0 is
 * the measured one; others come from `expect` lines and from nothing else, so they cost nothing when
 * nobody asks. The digest is XXH64 over (time, request, attempt, backend, end) in order.
 */
#ifndef MODEL_LEDGER_H
#define MODEL_LEDGER_H

#include "sim/base/histogram.h"
#include "sim/model/digest.h"
#include "sim/model/moved.h"
#include "sim/model/rebalance.h"
#include "sim/model/request.h"
#include "sim/model/why.h"
#include "sim/scenario/scenario.h"

/* Ends of a try in the digest: enum lb_end, or this much more than an enum cause. */
#define LEDGER_END_CAUSE 64U

struct ledger_counts {
    uint64_t arrived, ok, failed, good, attempts, cause[CAUSES];
};

/* What lies behind those that failed, by cause, and those that came ok but late. */
struct ledger_why {
    uint64_t failed[CAUSES][WHYS], slow[WHYS];
};

struct ledger_class {
    struct histogram live[2];         /* ok since the last sample: unmeasured, measured */
    struct histogram total;           /* ok, measured, without live[1] */
    struct histogram *failed[CAUSES]; /* measured, since the last sample; made when needed */
    struct ledger_counts counts;      /* measured */
    struct ledger_why *why;           /* measured; made when needed */
    lb_time objective;                /* LB_NEVER = any */
    uint32_t priority;                /* 0 = the most urgent */
};

/* A window of arrival times, or a selection of backends within one, that an expectation asks for. */
struct ledger_window {
    lb_time from, until;
    uint32_t first_class, class_count;
    bool by_backend;
    uint32_t first_backend, backend_count;
    bool by_balancer; /* filled by tally.c */
    uint32_t first_balancer, balancer_count;
    struct ledger_counts counts;
    struct histogram latency; /* ok */
    uint64_t picks;           /* of the selected backends, else of all; requests arrived in it */
    double *share;            /* picks by backend, for imbalance */
    uint64_t sessions[SESSION_EVENTS];
    double busy, queued, in_flight;    /* request-ns of the selected backends in [from, until) */
    double busy_before, queued_before; /* areas at `from` */
    struct moved_window moved;         /* for disruption */
    struct rebalance rebalance;        /* for rebalance */
};

struct ledger {
    lb_time from, until;          /* the measured window */
    uint64_t arrived, ok, failed; /* since the start, warm-up included */
    uint64_t measured_open;       /* measured and not ended */
    struct ledger_class *classes;
    uint32_t class_count;
    struct histogram response;     /* ok, measured; only when apart: ask ledger_response */
    bool apart;                    /* some response time was not the latency */
    struct ledger_window *windows; /* beyond the measured one */
    uint32_t window_count;
    struct moved moved; /* for disruption; nothing when no window asks */
    uint64_t
        sessions[SESSION_EVENTS]; /* of requests that arrive in, and losses within, the window */
    uint64_t times_present; /* sum over all that left a backend of (left - entered), mod 2^64 */
    struct digest digest;
};

void ledger_init(struct ledger *ledger, const struct scenario *scenario);
void ledger_done(struct ledger *ledger);

/* Response times of the measured oks that have been moved to the totals (run_flush). */
void ledger_response(const struct ledger *ledger, struct histogram *to);
/* From now on response times are counted by themselves: until now each was the latency. */
void ledger_part(struct ledger *ledger);

/* Does this expectation need a window of its own, beyond what the summary has anyway? */
bool ledger_needs_window(const struct scenario_expect *expect);

/* One try ended. */
static inline void ledger_try(struct ledger *l, lb_time now, uint64_t request, uint32_t attempt,
                              int32_t backend, uint32_t end)
{
    uint64_t where = (uint64_t)(uint32_t)backend << 32 | attempt;
    digest_add(&l->digest, (uint64_t)now, request, where, end);
}

/* For disruption: an answer, measured or not, to this client (client_of). */
void ledger_moved(struct ledger *l, const struct request *r, uint32_t client);
/* Something befell a session; at: when its request arrived, or when its state was lost. */
void ledger_session(struct ledger *l, enum session_event event, lb_time at);

void ledger_windows_ok(struct ledger *l, const struct request *r, lb_time latency);
void ledger_windows_failed(struct ledger *l, const struct request *r, enum cause cause);
void ledger_windows_arrived(struct ledger *l, const struct request *r);
/* A try that was sent to a backend (or found none: backend -1). */
void ledger_windows_try(struct ledger *l, const struct request *r, int32_t backend);

/* A request arrives at its client; sets REQUEST_MEASURED. */
static inline void ledger_arrived(struct ledger *l, bool plain, struct request *r)
{
    l->arrived++;
    if (r->arrived >= l->from && r->arrived < l->until) {
        r->flags |= REQUEST_MEASURED;
        l->measured_open++;
        l->classes[r->class].counts.arrived++;
        if (!plain && l->window_count != 0)
            ledger_windows_arrived(l, r);
    }
}

/* A measured request ended ok, beyond its objective. */
void ledger_slow(struct ledger *l, const struct request *r, enum why why);

/* A request ends ok: r->entered holds the response time at the backend. True when it was the last
 * measured one; *slow when it is for ledger_slow, too. As long as every response time was the latency
 * too (no delay, no wait, no retry before it), it is counted once: half the buckets to keep in the
 * cache. Always inline, like the steps around it (step.h): 1 ns. */
static inline __attribute__((always_inline)) bool ledger_ok(struct ledger *l, bool plain,
                                                            const struct request *r, bool *slow,
                                                            lb_time now)
{
    struct ledger_class *class = &l->classes[r->class];
    lb_time latency = now - r->arrived;
    l->ok++;
    if ((r->flags & REQUEST_MEASURED) == 0) {
        histogram_add(&class->live[0], latency);
        return false;
    }
    if (__builtin_expect(r->entered != latency, !plain) && !l->apart)
        ledger_part(l);
    histogram_add(&class->live[1], latency);
    if (l->apart)
        histogram_add(&l->response, r->entered);
    class->counts.ok++;
    *slow = latency > class->objective;
    class->counts.good += *slow ? 0U : 1U;
    if (!plain && l->window_count != 0)
        ledger_windows_ok(l, r, latency);
    return --l->measured_open == 0;
}

/* A request ends failed; the same. */
bool ledger_failed(struct ledger *l, const struct request *r, enum cause cause, enum why why,
                   lb_time now);

#endif
