/*
 * Prequal: asks a few backends how they are, ahead of need, and picks among the answers.
 *
 * The idea: each query has `probes` sent to backends drawn evenly; the answers (requests in flight,
 * RIF, and the latency to expect there) wait in a small pool, one a backend, the newest. A pick takes
 * the best of the pool, hot and cold apart: hot is an answer whose RIF lies above the quantile `q-rif`
 * of the RIFs that came back lately. The cold one with the least latency wins; if all are hot, the
 * one with the least RIF. The entry then counts one request more, and is dropped when it was used
 * often enough; each query also removes `remove` entries, the oldest and the worst in turn (worst:
 * the hot one with the most RIF, else the highest latency). Entries older than `max-age` are dropped.
 * With fewer than `min-pool` entries, or none that can take the request, a backend is drawn evenly.
 *
 *   uses = max(1, (1 + delta) / ((1 - m/n) probes - remove)), m = pool-size, n = usable backends
 *
 * Readings: the formula is ambiguous between (1 + delta) / x and 1 + delta / x; the former is taken,
 * as the specification here does, unverified against the paper. A fraction is rounded up with its own
 * chance. When the denominator is not positive (few backends), an entry may be used without limit;
 * its age and its own count end it. Fractions of probes and removals add up over the queries. Lately:
 * the last 64 answers; the quantile is the value of rank ceil(q-rif x answers), and with q-rif 0
 * everybody is hot. Ties: cold by RIF, hot by latency, then the older entry. Removal comes after the
 * choice, the oldest first.
 *
 * Sinkholes: a backend that fails fast has few requests in flight and low latency. The share of
 * failures of each backend is averaged (each attempt a tenth; forgotten with mean lifetime
 * `error-memory`), and while it lies above `error-limit` the answers of that backend are passed over;
 * only the even draw can still reach it. 1 switches that off. The paper asks for a penalty without
 * a rule; this one is ours.
 *
 * Cost: O(pool) a pick and a probe, whatever the number of backends; 24 bytes a row.
 * Source: B. Wydrowski et al., "Load is not what you should balance: introducing Prequal", NSDI 2024
 * (arXiv 2312.10172).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algorithms/ewma.h"
#include "algorithms/shares.h"

#define POOL_MAX    64
#define HISTORY     64 /* RIFs the quantile is taken over */
#define PROBES_MAX  32
#define ERROR_ALPHA 0.1
#define NO_LIMIT    UINT32_MAX

enum { POOL_SIZE, PROBES, Q_RIF, REMOVE, DELTA, MAX_AGE, MIN_POOL, ERROR_LIMIT, ERROR_MEMORY };

static const struct lb_param params[] = {
    {.name = "pool-size",
     .unit = "",
     .value = 16,
     .min = 1,
     .max = POOL_MAX,
     .help = "answers kept, one a backend"},
    {.name = "probes",
     .unit = "",
     .value = 3,
     .min = 0,
     .max = PROBES_MAX,
     .help = "probes sent a query; may be a fraction"},
    {.name = "q-rif",
     .unit = "",
     .value = 0.84,
     .min = 0,
     .max = 1,
     .help = "answers above this quantile of recent requests in flight are hot"},
    {.name = "remove",
     .unit = "",
     .value = 1,
     .min = 0,
     .max = PROBES_MAX,
     .help = "answers removed a query, oldest and worst in turn; may be a fraction"},
    {.name = "delta",
     .unit = "",
     .value = 1,
     .min = 0,
     .max = 1000,
     .help = "how far the uses of an answer exceed what keeps the pool filled"},
    {.name = "max-age",
     .unit = "ns",
     .value = 1e9,
     .min = 1e3,
     .max = 1e13,
     .help = "an older answer is dropped"},
    {.name = "min-pool",
     .unit = "",
     .value = 2,
     .min = 0,
     .max = POOL_MAX,
     .help = "with fewer answers a backend is drawn evenly"},
    {.name = "error-limit",
     .unit = "",
     .value = 0.2,
     .min = 0,
     .max = 1,
     .help = "a backend with a higher share of failures is passed over; 1 = never"},
    {.name = "error-memory",
     .unit = "ns",
     .value = 10e9,
     .min = 1e6,
     .max = 1e13,
     .help = "mean lifetime of a failure in that share"},
    {.name = NULL},
};

struct entry {
    uint32_t row, rif, uses; /* uses left; NO_LIMIT = no limit */
    lb_time latency, at;
};

struct errors {
    double share; /* of failures, at the time of the last attempt */
    lb_time at;
    uint32_t id; /* whose */
};

struct state {
    const struct lb_pool *pool;
    struct lb_random *random;
    struct lb_shares open; /* the usable rows, all alike */
    struct errors *errors; /* by row */
    struct entry entry[POOL_MAX];
    uint32_t entries;                          /* the oldest first */
    uint32_t recent[HISTORY], sorted[HISTORY]; /* RIFs as they came, and in order */
    uint32_t answers, oldest;                  /* how many there are; where the next one goes */
    double probes_due, removals_due;
    bool remove_worst; /* whose turn it is */
    uint32_t pool_size, min_pool;
    double probes, q_rif, remove, delta, error_limit, error_memory;
    lb_time max_age;
};

static void destroy(void *state)
{
    struct state *s = state;
    lb_shares_done(&s->open);
    free(s->errors);
    free(s);
}

static void drop(struct state *s, uint32_t k)
{
    s->entries--;
    memmove(&s->entry[k], &s->entry[k + 1], (s->entries - k) * sizeof s->entry[0]);
}

static void drop_row(struct state *s, uint32_t row)
{
    for (uint32_t k = 0; k < s->entries; k++)
        if (s->entry[k].row == row) {
            drop(s, k);
            return;
        }
}

/* The rows that changed: answers of those that take nothing are dropped, newcomers have no past.
 * changed NULL = all rows. */
static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    lb_shares_build(&s->open, s->pool, LB_PRESENT | LB_USABLE);
    lb_shares_level(&s->open);
    for (uint32_t k = 0; k < (changed != NULL ? count : s->pool->count); k++) {
        uint32_t row = changed != NULL ? (uint32_t)changed[k] : k;
        const struct lb_backend *b = &s->pool->at[row];
        uint32_t id = (b->flags & LB_PRESENT) != 0 ? b->id : 0;
        bool other = id == 0 || id != s->errors[row].id;
        if (other)
            s->errors[row] = (struct errors){.at = now, .id = id};
        if (other || !lb_open(b))
            drop_row(s, row);
    }
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    const struct lb_pool *pool = setup->pool;
    size_t max = (pool->max > pool->count ? pool->max : pool->count) + (size_t)1;
    struct state *s = calloc(1, sizeof *s);
    if (s == NULL || (s->errors = calloc(max, sizeof *s->errors)) == NULL ||
        lb_shares_init(&s->open, pool, error) != 0) {
        if (s != NULL)
            destroy(s);
        lb_error_set(error, LB_ERROR_MEMORY, "prequal: no memory");
        return NULL;
    }
    s->pool = pool;
    s->random = setup->random;
    s->pool_size = (uint32_t)lb_value(setup, params, POOL_SIZE);
    s->probes = lb_value(setup, params, PROBES);
    s->q_rif = lb_value(setup, params, Q_RIF);
    s->remove = lb_value(setup, params, REMOVE);
    s->delta = lb_value(setup, params, DELTA);
    s->max_age = (lb_time)lb_value(setup, params, MAX_AGE);
    s->min_pool = (uint32_t)lb_value(setup, params, MIN_POOL);
    s->error_limit = lb_value(setup, params, ERROR_LIMIT);
    s->error_memory = lb_value(setup, params, ERROR_MEMORY);
    on_pool_change(s, NULL, 0, setup->now);
    return s;
}

/* The highest RIF that is cold; -1 = none is. */
static int64_t threshold(const struct state *s)
{
    uint32_t rank = (uint32_t)ceil(s->q_rif * s->answers - 1e-9);
    return rank == 0 ? -1 : (int64_t)s->sorted[rank - 1];
}

/* Does this backend fail so often that its answers are not believed? */
static bool sinkhole(const struct state *s, uint32_t row, lb_time now)
{
    const struct errors *e = &s->errors[row];
    if (e->share <= s->error_limit) /* it only falls until the next attempt */
        return false;
    return e->share * lb_decay(now > e->at ? now - e->at : 0, s->error_memory) > s->error_limit;
}

/* Is a better than b, both hot or both cold? */
static bool better(const struct entry *a, const struct entry *b, bool hot)
{
    if (hot)
        return a->rif != b->rif ? a->rif < b->rif : a->latency < b->latency;
    return a->latency != b->latency ? a->latency < b->latency : a->rif < b->rif;
}

/* The entry to use, or -1. */
static int best(const struct state *s, const struct lb_request *request, lb_time now)
{
    int64_t cold_up_to = threshold(s);
    int found = -1;
    bool found_hot = true;
    for (uint32_t k = 0; k < s->entries; k++) {
        const struct entry *e = &s->entry[k];
        bool hot = e->rif > cold_up_to;
        if ((hot && !found_hot) || !lb_may(s->pool, request, e->row) || sinkhole(s, e->row, now))
            continue;
        if (found >= 0 && hot == found_hot && !better(e, &s->entry[found], hot))
            continue;
        found = (int)k;
        found_hot = hot;
    }
    return found;
}

static void remove_worst(struct state *s)
{
    int64_t cold_up_to = threshold(s);
    uint32_t worst = 0;
    for (uint32_t k = 1; k < s->entries; k++) {
        const struct entry *e = &s->entry[k], *w = &s->entry[worst];
        bool hot = e->rif > cold_up_to, worst_hot = w->rif > cold_up_to;
        if (hot != worst_hot ? hot : hot ? e->rif > w->rif : e->latency > w->latency)
            worst = k;
    }
    drop(s, worst);
}

static void remove_some(struct state *s)
{
    for (s->removals_due += s->remove; s->removals_due >= 1; s->removals_due--) {
        if (s->entries == 0)
            continue;
        if (s->remove_worst)
            remove_worst(s);
        else
            drop(s, 0);
        s->remove_worst = !s->remove_worst;
    }
}

/* One use of an entry: its row. */
static uint32_t use(struct state *s, uint32_t k)
{
    struct entry *e = &s->entry[k];
    uint32_t row = e->row;
    e->rif++;
    if (e->uses != NO_LIMIT && --e->uses == 0)
        drop(s, k);
    return row;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    while (s->entries > 0 && now - s->entry[0].at > s->max_age)
        drop(s, 0);
    s->probes_due += s->probes;
    int k = s->entries >= s->min_pool ? best(s, request, now) : -1;
    int32_t row = k >= 0 ? (int32_t)use(s, (uint32_t)k)
                         : lb_shares_throw(&s->open, s->pool, request, NULL, 0, s->random);
    remove_some(s);
    return row >= 0 ? row : lb_wait_or_none(s->pool, request);
}

/* Different rows, drawn evenly: a row drawn twice makes room for the last one of the draw. */
static uint32_t probe_targets(void *state, int32_t *targets, uint32_t targets_max, lb_time now)
{
    struct state *s = state;
    uint32_t due = (uint32_t)s->probes_due, n = s->open.count, count = due;
    (void)now;
    s->probes_due -= due;
    count = count < n ? count : n;
    count = count < targets_max ? count : targets_max;
    for (uint32_t k = 0; k < count; k++) {
        uint32_t last = n - count + k;
        int32_t row = (int32_t)s->open.row[lb_random_below(s->random, last + 1)];
        for (uint32_t other = 0; other < k; other++)
            if (targets[other] == row) {
                row = (int32_t)s->open.row[last];
                break;
            }
        targets[k] = row;
    }
    return count;
}

/* How often a new entry may be used. */
static uint32_t reuse(struct state *s)
{
    double n = s->open.count;
    double inflow = (1 - s->pool_size / n) * s->probes - s->remove;
    if (!(inflow > 1e-9))
        return NO_LIMIT;
    double uses = (1 + s->delta) / inflow, whole = floor(uses);
    if (uses <= 1)
        return 1;
    return (uint32_t)whole + (uses > whole && lb_random_unit(s->random) < uses - whole);
}

/* The place of a RIF in the sorted ones: of the first that is not less. */
static uint32_t place_of(const struct state *s, uint32_t rif, uint32_t count)
{
    uint32_t low = 0;
    while (low < count) {
        uint32_t middle = low + (count - low) / 2;
        if (s->sorted[middle] < rif)
            low = middle + 1;
        else
            count = middle;
    }
    return low;
}

static void remember(struct state *s, uint32_t rif)
{
    uint32_t kept = s->answers;
    if (kept == HISTORY) {
        uint32_t gone = place_of(s, s->recent[s->oldest], kept--);
        memmove(&s->sorted[gone], &s->sorted[gone + 1], (kept - gone) * sizeof s->sorted[0]);
    }
    uint32_t place = place_of(s, rif, kept);
    memmove(&s->sorted[place + 1], &s->sorted[place], (kept - place) * sizeof s->sorted[0]);
    s->sorted[place] = rif;
    s->recent[s->oldest] = rif;
    s->oldest = (s->oldest + 1) % HISTORY;
    s->answers = kept + 1;
}

static void on_probe(void *state, int32_t row, const struct lb_load *load, lb_time now)
{
    struct state *s = state;
    if (load == NULL || !lb_open(&s->pool->at[row]))
        return; /* a lost probe says nothing; what is there grows old */
    remember(s, load->in_flight);
    drop_row(s, (uint32_t)row);
    if (s->entries == s->pool_size)
        drop(s, 0);
    s->entry[s->entries++] = (struct entry){.row = (uint32_t)row,
                                            .rif = load->in_flight,
                                            .uses = reuse(s),
                                            .latency = load->latency,
                                            .at = now};
}

static void on_attempt_finish(void *state, int32_t row, const struct lb_outcome *outcome,
                              lb_time now)
{
    struct state *s = state;
    struct errors *e = &s->errors[row];
    if (outcome->end == LB_END_CANCELLED)
        return;
    if (e->share > 0)
        e->share *= lb_decay(now > e->at ? now - e->at : 0, s->error_memory);
    e->share += ERROR_ALPHA * (outcome->failed - e->share);
    e->at = now;
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "entries", s->entries);
    emit(to, -1, "threshold", (double)threshold(s));
    for (uint32_t k = 0; k < s->entries; k++) {
        const struct entry *e = &s->entry[k];
        emit(to, (int32_t)e->row, "rif", e->rif);
        emit(to, (int32_t)e->row, "latency", (double)e->latency);
        emit(to, (int32_t)e->row, "uses_left", e->uses == NO_LIMIT ? -1 : (double)e->uses);
    }
    for (uint32_t place = 0; place < s->open.count; place++)
        emit(to, (int32_t)s->open.row[place], "errors", s->errors[s->open.row[place]].share);
}

extern const struct lb_algorithm lb_algorithm_prequal;
const struct lb_algorithm lb_algorithm_prequal = {
    .abi = LB_ABI,
    .name = "prequal",
    .title = "Prequal",
    .summary = "Picks from a pool of recent probes: least latency among the cold, else least RIF.",
    .reference = "Wydrowski et al., NSDI 2024",
    .cost = "O(pool)",
    .changes =
        "Answers of a backend that takes nothing are dropped, a newcomer is found by probes; "
        "weights other than 0 do not count; who fails often is passed over.",
    .needs = LB_NEED_PROBE,
    .claims = LB_CLAIM_ALWAYS,
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_attempt_finish = on_attempt_finish,
    .on_pool_change = on_pool_change,
    .probe_targets = probe_targets,
    .on_probe = on_probe,
    .describe = describe,
};
