/*
 * What Linux IPVS keeps of the destinations of one virtual service, shared by all its schedulers.
 *
 * The list: rows are in the kernel's list order. The kernel inserts a new destination at the HEAD
 * of its list, so this order is the reverse of the order of `ipvsadm -a` commands: who is added
 * last comes first. Every scheduler scans from the first row, and ties go to the first.
 *
 * Words of IPVS and of the rows: u_threshold is max_in_flight, active connections are in_flight.
 * A destination is flagged overloaded when an attempt takes it to its u_threshold (kernel:
 * connections >= u_threshold), and the flag stays until an attempt ends with in_flight below 3/4 of
 * it (l_threshold unset). A raised or removed threshold clears the flag; a lowered one sets it with
 * the next attempt only. Nobody waits: when all are out, the answer is LB_NONE.
 *
 * "Inactive" connections, closed ones that the kernel remembers for a while, do not exist in our
 * books: overhead = 256 x active + 0, so the comparisons are those of in_flight alone.
 *
 * A row that is not usable stays in the list and is passed over, as a dead server that has not been
 * deleted yet: tables and turns are not touched. Weight 0 is what the kernel calls quiesced. The
 * kernel places a connection once and knows of no retries, so `tried` is not looked at: who asks
 * again may get the same destination, and these schedulers do not claim ALWAYS.
 *
 * Cost: 16 bytes a row; start, finish and a change of one row O(1).
 * Source: Linux, net/netfilter/ipvs/ (ip_vs_core.c, ip_vs_ctl.c, include/net/ip_vs.h); rules in our
 * own words and code.
 */
#ifndef LB_IPVS_SERVICE_H
#define LB_IPVS_SERVICE_H

#include "algorithms/lb.h"

struct lb_ipvs_dest {
    uint32_t weight, limit; /* as last told, to see what is new */
    uint32_t last_weight;   /* the last that was not 0 */
    bool listed, overloaded;
};

/* The first member of every scheduler's state. */
struct lb_ipvs {
    const struct lb_pool *pool;
    struct lb_ipvs_dest *dest; /* one for each row there can be */
    uint32_t overloaded;       /* how many are flagged */
};

/* A state of `size` bytes, zeroed, that begins with a struct lb_ipvs; or NULL with *error. */
void *lb_ipvs_new(const struct lb_setup *setup, size_t size, struct lb_error *error);

/* Takes note of changed rows: true when the kernel would have been told (join, leave, weight,
 * threshold), false when a row only became usable or unusable, or nothing changed. */
bool lb_ipvs_note(struct lb_ipvs *ipvs, const int32_t *changed, uint32_t count);

/* Hooks for a scheduler that keeps nothing else, or as part of its own. */
void *lb_ipvs_create(const struct lb_setup *setup, struct lb_error *error);
void lb_ipvs_destroy(void *state);
void lb_ipvs_start(void *state, int32_t row, const struct lb_request *request, enum lb_how how,
                   lb_time now);
void lb_ipvs_finish(void *state, int32_t row, const struct lb_outcome *outcome, lb_time now);
void lb_ipvs_change(void *state, const int32_t *changed, uint32_t count, lb_time now);
void lb_ipvs_describe(const void *state, lb_emit *emit, void *to);

/* May this destination have a new connection: usable, of weight, not flagged? */
static inline bool lb_ipvs_takes(const struct lb_ipvs *ipvs, uint32_t row)
{
    return lb_open(&ipvs->pool->at[row]) && (ipvs->overloaded == 0 || !ipvs->dest[row].overloaded);
}

/* The scan of all schedulers that look for a best one: in list order, strictly better replaces.
 * `better` is a constant at every call, so that the compiler puts it into the loop. */
typedef bool lb_ipvs_better(const struct lb_backend *a, const struct lb_backend *best);

static inline int32_t lb_ipvs_scan(const struct lb_ipvs *ipvs, lb_ipvs_better *better)
{
    const struct lb_backend *at = ipvs->pool->at;
    int32_t best = LB_NONE;
    for (uint32_t i = 0; i < ipvs->pool->count; i++)
        if (lb_ipvs_takes(ipvs, i) && (best == LB_NONE || better(&at[i], &at[best])))
            best = (int32_t)i;
    return best;
}

/* Less overhead for its weight; the rule of wlc, lblc and lblcr. */
static inline bool lb_ipvs_lighter(const struct lb_backend *a, const struct lb_backend *best)
{
    return (uint64_t)a->in_flight * best->weight < (uint64_t)best->in_flight * a->weight;
}

/* A shorter expected delay, the new connection counted; the rule of sed, and of nq when nobody is
 * idle. */
static inline bool lb_ipvs_sooner(const struct lb_backend *a, const struct lb_backend *best)
{
    return ((uint64_t)a->in_flight + 1) * best->weight <
           ((uint64_t)best->in_flight + 1) * a->weight;
}

/* The address as the schedulers that hash read it: IPv4 as a number in host order, IPv6 folded by
 * exclusive or of its four words. */
static inline uint32_t lb_ipvs_fold(const struct lb_address *address)
{
    uint32_t fold = 0;
    for (uint32_t b = 0; b < (address->family == 4 ? 4U : 16U); b += 4) {
        const uint8_t *word = address->bytes + b;
        fold ^=
            (uint32_t)word[0] << 24 | (uint32_t)word[1] << 16 | (uint32_t)word[2] << 8 | word[3];
    }
    return fold;
}

/* Who asks, and for whom. A request without that address is given one that its key hashes to, else
 * the other address, else zeros: a key is what a scenario has when it does not have addresses. */
struct lb_address lb_ipvs_source(const struct lb_request *request);
struct lb_address lb_ipvs_destination(const struct lb_request *request);

#endif
