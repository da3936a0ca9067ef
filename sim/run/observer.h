/*
 * What a run tells those who watch it: the recorder is one observer, the dashboard another.
 *
 * An observer is a struct of callbacks, NULL for what it does not want. Everything it is handed
 * lives only during the call. Observers never change a run: the digest is the same with and
 * without them.
 */
#ifndef RUN_OBSERVER_H
#define RUN_OBSERVER_H

#include "sim/base/histogram.h"
#include "sim/scenario/scenario.h"

/* Something worth telling: a fault, a belief that changed, a command. */
enum happening_kind {
    HAPPENING_COMMAND, /* timeline or person: action, target, value */
    HAPPENING_BELIEF,  /* a balancer changed its mind about a backend */
    HAPPENING_PHASE    /* warm-up over, end of arrivals; panic, zone: of the balancer as a whole */
};

struct happening {
    lb_time at;
    enum happening_kind kind;
    int32_t backend;      /* -1 = none */
    enum action action;   /* HAPPENING_COMMAND */
    bool by_person;       /* not by the timeline */
    enum belief from, to; /* HAPPENING_BELIEF */
    enum truth truth;     /* of the backend, at that moment */
    const char *what;     /* "kill", "down", "warm-up over": a word */
    const char *target;   /* backend, group, client group or balancer */
    const char *text;     /* one line for people: why */
};

/* One backend at one instant, and since the last sample. */
struct sample_backend {
    const char *name;
    enum belief belief;
    enum truth truth;
    uint32_t weight, slots, busy;    /* busy slots; under ps min(present, slots) */
    uint32_t queue;                  /* waiting at the backend */
    uint32_t in_flight;              /* in the balancer's books */
    uint32_t line;                   /* waiting at the balancer for it */
    double utilization;              /* busy share of slots since the last sample */
    uint64_t picks, ok, failed;      /* since the start of the run: attempts */
    const struct histogram *latency; /* attempts answered in this interval, NULL if not kept */
};

/* Everything at one instant. */
struct sample {
    lb_time at, interval;         /* interval: since the last sample, ns */
    uint64_t arrived, ok, failed; /* requests since the start of the run, warm-up included */
    uint64_t in_flight;           /* requests of clients not finished */
    uint32_t waiting;             /* in the balancer's common queue */
    const struct histogram
        *latency; /* of ok requests that finished in this interval, all classes */
    const struct sample_backend *backends;
    uint32_t backend_count;
};

/* Latencies of one client class that finished in one interval, by outcome. Times: to the end. */
struct bucket {
    lb_time from, until;
    uint32_t client, class; /* client group; class within it */
    int cause;              /* -1 = ok, else enum cause */
    const struct histogram *latency;
};

struct summary;

struct observer {
    void *self;
    void (*on_happening)(void *self, const struct happening *happening);
    void (*on_sample)(void *self, const struct sample *sample);
    void (*on_bucket)(void *self, const struct bucket *bucket);
    void (*on_end)(void *self, const struct summary *summary);
};

#endif
