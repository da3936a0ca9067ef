/*
 * What an algorithm is told beyond its balancer's own books: load reports, probes, the truth.
 *
 * The idea: a backend keeps a meter, as a server's own metrics do, over whole seconds; an answer
 * carries a report taken when it left (LB_NEED_LOAD). A probe that an algorithm asks for
 * (LB_NEED_PROBE) is a small message beside the queue, answered at once by a live process with the
 * requests present and the latency it saw lately at about that number, refused by a dead one, lost at
 * a hung one. The truth (LB_NEED_ORACLE, LB_NEED_WORK) is looked up before each pick: only ideals
 * pay for it.
 *
 * Cost: nothing for algorithms that need none of it. A report about 20 ns an answer; a probe up to
 * a microsecond, since it sorts out a median; the truth O(n) a pick, with LB_NEED_WORK O(in flight).
 */
#ifndef MODEL_TELL_H
#define MODEL_TELL_H

#include "sim/model/backend.h"
#include "sim/model/request.h"

#define TELL_WINDOW  INT64_C(1000000000) /* ns: rates and utilization are averages over it */
#define TELL_LOST    INT64_C(1000000000) /* ns: a probe without an answer counts as lost */
#define TELL_SAMPLES 64U                 /* latencies that a backend remembers */
#define TELL_NEAR    8U                  /* of those, how many the median is taken over, at least */

struct tell_meter {     /* one backend's own metrics */
    lb_time since;      /* the open window began */
    backend_area area;  /* of busy slots, then */
    uint32_t ok, bad;   /* answers in the open window */
    double utilization; /* of the last whole window; before that, of the open one */
    double rate, error_rate;
    bool whole; /* a window has been closed */
    uint32_t samples;
    struct {
        uint32_t present; /* others, when the request came */
        lb_time latency;
    } sample[TELL_SAMPLES];
};

struct tell_note {    /* of one attempt, by request */
    uint32_t present; /* others, when it came */
    struct lb_load load;
};

struct tell_probe { /* on its way */
    uint32_t front, backend, tier, generation, next;
    engine_event event;
    struct lb_load load;
    bool answered;
};

struct tell {                  /* of the backends, whoever asks */
    bool entries;              /* watch attempts enter and leave their backends */
    struct tell_meter *meters; /* by backend */
    struct tell_note *notes;   /* by request */
    uint32_t note_room;
    struct tell_probe *flying; /* flying[0] is nobody */
    uint32_t probe_used, probe_room, probe_free;
};

struct tell_front { /* of one balancer's algorithm */
    bool key;       /* it looks at the request, or the truth */
    bool reports, probes, truth, work;
    uint32_t generation; /* of the algorithm: probes of an earlier one are dropped */
};

struct world;
struct front;

/* From now on what this algorithm needs; before it is set up, since create may read the truth. */
void tell_prepare(struct world *w, struct front *f, const struct lb_algorithm *algorithm,
                  lb_time now);
void tell_done(struct tell *tell);

/* An attempt has entered its backend, or is about to leave it. */
void tell_entered(struct world *w, uint32_t id);
void tell_leaving(struct world *w, uint32_t id, enum lb_end end, lb_time now);

/* The report that came back with this attempt, or NULL. */
const struct lb_load *tell_report(const struct world *w, const struct front *f, uint32_t id,
                                  enum lb_end end);

/* Makes the truth true for every backend that this balancer has, or for one. */
void tell_truth(struct world *w, struct front *f, lb_time now);
void tell_truth_of(struct world *w, struct front *f, uint32_t backend);

/* Asks the algorithm of each tier whom to probe, and sends the probes. */
void tell_ask(struct world *w, struct front *f, lb_time now);
void tell_there_event(void *context, uint32_t subject, lb_time now);
void tell_back_event(void *context, uint32_t subject, lb_time now);

#endif
