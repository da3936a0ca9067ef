/*
 * Reading the tree by the schema: what the functions that read values share.
 *
 * A draft is what has been read and not yet bound: names of targets stand as written until all
 * backends are known (resolve.c).
 */
#ifndef SCENARIO_READ_H
#define SCENARIO_READ_H

#include "sim/scenario/call.h"
#include "sim/scenario/scenario.h"
#include "sim/scenario/tree.h"

struct schema_row;

#define NAME_BYTES_MAX 128U

/* An entry of `backends`: one, or count of them. */
struct draft_group {
    const char *name;
    bool counted; /* count is written: name1 ... nameN */
    uint32_t count;
    uint32_t room;                   /* how many there may come to be */
    struct scenario_backend backend; /* all of them */
    struct scenario_nature nature;
    const struct node *node; /* its name, for messages */
};

/* What is written of a balancer, by place in scenario->balancers. */
struct draft_balancer {
    const struct node *node;   /* its mapping */
    const struct node *params; /* NULL = none */
};

/* An entry of `timeline`; action is in scenario->timeline. */
struct draft_action {
    struct scenario_action *action;
    const struct node *at, *target, *to, *from; /* NULL = not written, or wrong */
    struct quantity amount;                     /* of to, when it is a number */
};

/* What is measured of whom, as written: bytes of the expectation's text. */
struct draft_measure {
    struct scenario_measure *measure; /* in scenario->expects */
    size_t metric_at, metric_size;
    size_t name_at, name_size; /* of whom; size 0 = of everybody */
    bool bare;                 /* "of NAME", not "of class NAME" */
};

/* An entry of `expect`. node NULL = it is wrong, nothing to bind. */
struct draft_expect {
    struct scenario_expect *expect;
    struct draft_measure left, right;
    const struct node *node;
    size_t window_at, window_size; /* size 0 = none */
};

/* What can be measured (expect.c); NULL beyond the last. */
struct metric_row {
    const char *name; /* "failed" for failed(CAUSE) */
    enum metric metric;
    double quantile;
    unsigned selectors; /* bits 1 << enum selector */
    const char *help;
};
const struct metric_row *metric_at(uint32_t i);

/* What an action of the timeline takes (timeline.c). */
enum action_target {
    TARGET_BACKENDS,
    TARGET_MACHINES, /* backends or balancers */
    TARGET_CLIENTS,
    TARGET_BALANCER
};
enum action_amount {
    AMOUNT_NONE,
    AMOUNT_SPEED,
    AMOUNT_WEIGHT,
    AMOUNT_RATE,
    AMOUNT_ALGORITHM,
    AMOUNT_SHARE,
    AMOUNT_COUNT
};
struct action_row {
    enum action_target target;
    enum action_amount amount; /* what `to` is; AMOUNT_NONE = there is no `to` */
    bool lasts, limit;         /* takes `for`, `limit` */
    const char *help;
    bool in, turns; /* takes `in`; needs `up` and `down` */
    bool from;      /* takes `from` */
};
extern const struct action_row action_rows[ACTIONS];
/* "50% (above 0%)": what `to` looks like. */
const char *action_amount_shape(enum action_amount amount);
/* Is the quantity a fitting `to`, in its range? own: the client group's own rate. */
bool action_amount_fits(enum action_amount amount, const struct quantity *q, double own,
                        double *to);

/* A backend or a group by name: what timeline and expectations aim at. */
struct target_name {
    const char *name;
    uint32_t first, count; /* backends */
};

struct reader {
    struct diagnose *diagnose;
    struct scenario *scenario;
    struct arena *arena;   /* scenario->memory */
    struct arena *scratch; /* given back after loading */
    struct text trail;     /* the path of what is being read, for messages */
    const struct node *root;
    const char *damaged[16]; /* keys of the scenario in which there was an error */
    uint32_t damaged_count;
    struct draft_group *groups;
    struct draft_action *actions;
    struct draft_expect *expects;
    struct target_name *targets; /* of resolve.c */
    uint32_t target_count;
    uint32_t *slots; /* hash table: 1 + index of targets, 0 = free */
    uint32_t slot_mask;
    struct draft_balancer *balancers;
    uint64_t files; /* XXH64 of the files that values named */
};

/* The whole tree. Errors are counted in r->diagnose. */
void read_scenario(struct reader *r, const struct node *root);
/* Was there an error under this key of the scenario? */
bool read_damaged(const struct reader *r, const char *key);
/* "backends[0].slots", or "the scenario". */
const char *read_trail(const struct reader *r);

/* The trail grows by a key or an index, and is cut back to what it was. */
size_t read_enter(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
void read_leave(struct reader *r, size_t mark);
/* Enters "balancer" or "balancers[1]", and what the format says behind it. */
size_t read_enter_balancer(struct reader *r, uint32_t place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* One value by its row (read_value.c). */
void read_value(struct reader *r, const struct schema_row *row, const struct node *node,
                void *base);

/* For the functions that read one value: an error at part of a scalar, or at all of a node. */
struct place read_place(const struct reader *r, const struct node *node, size_t at, size_t size);
/* "X must be WHAT, not a list"; false after the error. */
bool read_is_scalar(struct reader *r, const struct node *node, const char *what);
/* "did you mean 'X'?" when one of n words is near. */
bool read_suggest(struct reader *r, const char *word, size_t size, const char *const *words,
                  size_t n);
/* The value as a call; NULL after the error. */
const struct call *read_call(struct reader *r, const struct node *node, const char *what);
/* Where a call, or an argument of one, stands. */
struct place read_call_place(const struct reader *r, const struct node *node,
                             const struct call *call);
/* Are all arguments of the call keys out of n names? Tells the first that is not. */
bool read_args_known(struct reader *r, const struct node *node, const struct call *call,
                     const char *const *names, size_t n);
/* Bytes of a scalar as a time, a share ...: false after the error. `what` is what must stand
 * there ("run.duration"); bytes [at, at + size) of the node. */
bool read_quantity(struct reader *r, const struct node *node, size_t at, size_t size,
                   const char *what, enum quantity_kind kind, struct quantity *q);
/* A distribution of times. What it owns goes to *d, to be freed by distribution_done. */
bool read_distribution(struct reader *r, const struct node *node, const struct call *call,
                       struct distribution *d);
/* The same of counts (QUANTITY_NUMBER) or of bytes (QUANTITY_SIZE). */
bool read_distribution_of(struct reader *r, const struct node *node, const struct call *call,
                          enum quantity_kind unit, struct distribution *d);
/* empirical(file="work.txt"): one value a line, # starts a comment; relative to the scenario. */
bool read_empirical(struct reader *r, const struct node *node, const struct call *call,
                    enum quantity_kind unit, struct distribution *d);
/* The path of a file that is named relative to the scenario; to be freed. */
char *read_beside(const struct reader *r, const char *name);
/* The algorithm that the scalar names; NULL after the error. */
const struct lb_algorithm *read_algorithm_name(struct reader *r, const struct node *node);
/* "this version cannot do 'X' yet", or how to write it today, when `key` is such a word of
 * `where`; else false and nothing is told. */
bool read_later(struct reader *r, struct place at, const char *where, const char *key, size_t size);
/* The same for the key of a mapping: where is the path of the mapping. */
bool read_later_key(struct reader *r, const char *where, const struct node *key);

/* Values with a function of their own. */
void read_format(struct reader *r, const struct schema_row *row, const struct node *node,
                 void *base);
void read_arrivals(struct reader *r, const struct schema_row *row, const struct node *node,
                   void *base);
void read_path(struct reader *r, const struct schema_row *row, const struct node *node, void *base);
void read_headers(struct reader *r, const struct schema_row *row, const struct node *node,
                  void *base);
void read_popularity(struct reader *r, const struct schema_row *row, const struct node *node,
                     void *base);
void read_nat(struct reader *r, const struct schema_row *row, const struct node *node, void *base);
void read_counts(struct reader *r, const struct schema_row *row, const struct node *node,
                 void *base);
void read_durations(struct reader *r, const struct schema_row *row, const struct node *node,
                    void *base);
void read_sizes(struct reader *r, const struct schema_row *row, const struct node *node,
                void *base);
void read_backoff(struct reader *r, const struct schema_row *row, const struct node *node,
                  void *base);
void read_view(struct reader *r, const struct schema_row *row, const struct node *node, void *base);
void read_routes(struct reader *r, const struct schema_row *row, const struct node *node,
                 void *base);
void read_when(struct reader *r, const struct schema_row *row, const struct node *node, void *base);
void read_algorithm(struct reader *r, const struct schema_row *row, const struct node *node,
                    void *base);
void read_params(struct reader *r, const struct schema_row *row, const struct node *node,
                 void *base);
void read_timeline(struct reader *r, const struct schema_row *row, const struct node *node,
                   void *base);
void read_expect(struct reader *r, const struct schema_row *row, const struct node *node,
                 void *base);
void read_sweep(struct reader *r, const struct schema_row *row, const struct node *node,
                void *base);
void read_variants(struct reader *r, const struct schema_row *row, const struct node *node,
                   void *base);

/* From what was read to what the model sees (resolve.c): backends expanded, names bound, loads
 * solved, rules between keys checked. */
void resolve_scenario(struct reader *r);
/* Binds the names in what was read: once backends, clients and balancer are known. */
void resolve_timeline(struct reader *r);
void resolve_expects(struct reader *r);
/* Reads the file of a group whose arrivals are a trace: what it says of rate and work. node: the
 * arrivals. False after the error. */
bool resolve_trace(struct reader *r, struct scenario_client *client, const struct node *node);
/* The backends of this name; NULL when there are none. */
const struct target_name *resolve_target(const struct reader *r, const char *name, size_t size);
/* "did you mean" a backend or group. */
bool resolve_suggest(struct reader *r, const char *name, size_t size);
void read_entry_rule(struct reader *r, const struct schema_row *row, const struct node *node,
                     void *base);
void read_priorities(struct reader *r, const struct schema_row *row, const struct node *node,
                     void *base);
/* The rules between the keys of redundancy, once balancers are known. */
void resolve_redundancy(struct reader *r, uint32_t place);
/* The backends that an action is about. */
void resolve_backends(struct reader *r, struct draft_action *draft);
/* Whom `from` names, once the target is known; nothing without it. */
void resolve_from(struct reader *r, struct draft_action *draft);
/* The same, or balancers, and those that it isolates them from. */
void resolve_machines(struct reader *r, struct draft_action *draft);
/* The error when scenario_algorithm_fits says no. */
void resolve_tell_unfit(struct reader *r, const struct node *node, uint32_t number,
                        const struct lb_algorithm *algorithm);
/* params of all balancers, once their algorithms are known. */
void resolve_params(struct reader *r);
/* Behind an error about a name that no balancer has: those that there are. */
void resolve_tell_balancers(struct reader *r, const char *name, size_t size);
/* Pools of backends and their tiers; false after an error. */
bool resolve_pools(struct reader *r);
/* The value of a key of a balancer, or its mapping when the key is not written. */
const struct node *read_balancer_key(const struct reader *r, uint32_t place, const char *key);
/* Balancers counted and named, pools, what each leads to (resolve_balancer.c). */
void resolve_balancers(struct reader *r);
/* What belongs to one layer only, and what contradicts itself (resolve_connections.c). */
void resolve_connections(struct reader *r);
/* Which pool each class of requests goes to, once classes and pools are known. */
void resolve_routes(struct reader *r);
/* How many backends each group may come to have; false after an error (schema_change.c). */
bool resolve_room(struct reader *r);
/* State and sticky sessions need clients that come back (schema_state.c). */
void resolve_state(struct reader *r);
/* Limits of balancers, and what is shed near them (schema_overload.c). */
void resolve_overload(struct reader *r);
/* Breakers, and a pool's connections (schema_circuit.c). */
void resolve_circuit(struct reader *r);
/* Who may hedge (schema_hedge.c). */
void resolve_hedges(struct reader *r);
/* The place in scenario->balancers of the one that is being read. */
uint32_t read_balancer_place(const struct reader *r, const void *base);

#endif
