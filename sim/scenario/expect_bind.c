/* Expectations: binding the names, and the rules that need the whole scenario. See expect.c. */
#include <string.h>

#include "sim/scenario/schema.h"

static const char *const selector_names[] = {[SELECT_ALL] = "everybody",
                                             [SELECT_CLASS] = "a class",
                                             [SELECT_CLIENTS] = "clients",
                                             [SELECT_BACKENDS] = "a backend",
                                             [SELECT_BALANCER] = "a balancer"};

static const struct metric_row *row_of(const struct scenario_measure *m)
{
    const struct metric_row *row;
    for (uint32_t i = 0; (row = metric_at(i)) != NULL; i++)
        if (row->metric == m->metric &&
            (m->metric != METRIC_QUANTILE || row->quantile == m->quantile))
            break;
    return row;
}

struct binding {
    struct reader *r;
    const struct draft_expect *draft;
    const struct draft_measure *measure;
    const char *name; /* not NUL-terminated */
    size_t size;
};

static bool named(const struct binding *b, const char *name)
{
    return strlen(name) == b->size && memcmp(name, b->name, b->size) == 0;
}

static struct place place_of(const struct binding *b)
{
    return read_place(b->r, b->draft->node, b->measure->name_at, b->measure->name_size);
}

static void tell_no(const struct binding *b, const char *what)
{
    diagnose_error(b->r->diagnose, place_of(b), "%s %s", what, quote(b->name, b->size).text);
}

static void bind_class(const struct binding *b)
{
    const struct scenario *s = b->r->scenario;
    struct scenario_measure *m = b->measure->measure;
    const char *names[64];
    uint32_t n = 0, found = 0;
    for (uint32_t i = 0; i < s->client_count; i++)
        for (uint32_t c = 0; c < s->clients[i].class_count; c++) {
            const char *name = s->clients[i].classes[c].name;
            if (n < 64)
                names[n++] = name;
            if (!named(b, name))
                continue;
            m->first = s->clients[i].class_first + c;
            m->count = 1;
            found++;
        }
    if (found == 1)
        return;
    tell_no(b, found == 0 ? "no class is called" : "several client groups have a class called");
    if (found == 0)
        (void)read_suggest(b->r, b->name, b->size, names, n);
    else
        diagnose_help(b->r->diagnose, "give them different names, or write clients NAME");
}

static void bind_clients(const struct binding *b)
{
    const struct scenario *s = b->r->scenario;
    const char *names[64];
    for (uint32_t i = 0; i < s->client_count; i++) {
        names[i] = s->clients[i].name;
        if (named(b, names[i])) {
            b->measure->measure->first = i;
            b->measure->measure->count = 1;
            return;
        }
    }
    tell_no(b, "no clients are called");
    (void)read_suggest(b->r, b->name, b->size, names, s->client_count);
}

static void bind_backends(const struct binding *b)
{
    const struct target_name *found = resolve_target(b->r, b->name, b->size);
    if (found != NULL) {
        b->measure->measure->selector = SELECT_BACKENDS;
        b->measure->measure->first = found->first;
        b->measure->measure->count = found->count;
        return;
    }
    tell_no(b, "no backend or group is called");
    if (!resolve_suggest(b->r, b->name, b->size) && b->measure->bare)
        diagnose_help(b->r->diagnose, "another thing says what it is: of class NAME, of clients "
                                      "NAME; variants are compared as in p99 of four < 0.5 x p99 "
                                      "of base");
}

static void bind_variant(const struct binding *b)
{
    const struct scenario *s = b->r->scenario;
    for (uint32_t i = 0; i < s->variant_count; i++)
        if (named(b, s->variants[i])) {
            b->measure->measure->variant = s->variants[i];
            return;
        }
    tell_no(b, "no variant is called");
    (void)read_suggest(b->r, b->name, b->size, s->variants, s->variant_count);
}

/* Of one or several balancers. All of them are everybody, unless it is about their own workers. */
static void bind_balancer(const struct binding *b)
{
    const struct scenario *s = b->r->scenario;
    struct scenario_measure *m = b->measure->measure;
    if (scenario_find_balancer(s, b->name, b->size, &m->first, &m->count) == NULL) {
        tell_no(b, "no balancer is called");
        resolve_tell_balancers(b->r, b->name, b->size);
        return;
    }
    bool workers = m->metric == METRIC_UTILIZATION && scenario_balancer_works(s, m->first);
    if (m->count == s->balancer_total && !workers) {
        m->selector = SELECT_ALL;
    } else if (m->metric == METRIC_UTILIZATION && !workers && !read_damaged(b->r, "balancer") &&
               !read_damaged(b->r, "balancers")) {
        tell_no(b, "no workers, which could be busy, has");
        diagnose_help(b->r->diagnose, "give it some, as in capacity: {workers: 4, request: 100us}");
    }
}

static void bind_measure(struct reader *r, const struct draft_expect *draft,
                         const struct draft_measure *measure)
{
    struct scenario_measure *m = measure->measure;
    struct binding b = {r, draft, measure, draft->node->text + measure->name_at,
                        measure->name_size};
    if (draft->expect->against) {
        if (!measure->bare) {
            diagnose_error(r->diagnose,
                           read_place(r, draft->node, measure->metric_at, measure->metric_size),
                           "a comparison says of which variant each metric is");
            diagnose_help(r->diagnose, "as in p99 of four < 0.5 x p99 of base");
        } else {
            bind_variant(&b);
        }
        return;
    }
    if (measure->name_size == 0)
        return;
    enum selector asked = m->selector;
    if (m->selector == SELECT_CLASS) {
        bind_class(&b);
    } else if (m->selector == SELECT_CLIENTS) {
        bind_clients(&b);
    } else if (m->selector == SELECT_BALANCER) {
        bind_balancer(&b);
    } else {
        bind_backends(&b);
    }
    const struct metric_row *row = row_of(m);
    if ((row->selectors & (1U << m->selector)) == 0)
        diagnose_error(r->diagnose,
                       read_place(r, draft->node, measure->metric_at, measure->metric_size),
                       "'%s' is not measured of %s", row->name,
                       selector_names[asked == SELECT_BALANCER ? asked : m->selector]);
}

/* Disruption compares with what was before the window, so there must be a before. */
static void check_disruption(struct reader *r, const struct draft_expect *draft)
{
    const struct scenario *s = r->scenario;
    const struct scenario_expect *e = draft->expect;
    struct place at = read_place(r, draft->node, draft->left.metric_at, draft->left.metric_size);
    if (e->against) {
        diagnose_error(r->diagnose, at, "disruption is not compared with that of another variant");
        diagnose_help(r->diagnose, "compare it with a share, as in disruption < 15%% after 30s");
        return;
    }
    if (e->from == 0 && s->run.warmup == 0 && !read_damaged(r, "run")) {
        diagnose_error(r->diagnose, at, "disruption compares with what was before: from when on?");
        diagnose_help(r->diagnose, "as in disruption < 15%% after 30s");
    }
    bool again = false;
    for (uint32_t i = 0; i < s->client_count; i++)
        again |= (e->left.selector != SELECT_CLIENTS || e->left.first == i) &&
                 (s->clients[i].arrivals == ARRIVALS_CLOSED || s->clients[i].population > 0 ||
                  s->clients[i].sessions.on);
    if (!again && !read_damaged(r, "clients")) {
        diagnose_error(r->diagnose, at, "disruption needs clients that come again");
        diagnose_help(r->diagnose, "as in population: {clients: 10000}");
    }
}

/* It is of backends that have come, in a window of one run. */
static void check_rebalance(struct reader *r, const struct draft_expect *draft)
{
    if (!draft->expect->against && draft->left.name_size > 0)
        return;
    diagnose_error(r->diagnose,
                   read_place(r, draft->node, draft->left.metric_at, draft->left.metric_size),
                   draft->expect->against ? "rebalance is not compared with that of another variant"
                                          : "rebalance says which backends have come");
    diagnose_help(r->diagnose, "as in rebalance of new < 20s after 50s");
}

static void check_window(struct reader *r, const struct draft_expect *draft)
{
    const struct scenario_run *run = &r->scenario->run;
    const struct scenario_expect *e = draft->expect;
    if (draft->window_size == 0 || read_damaged(r, "run") || run->warmup >= run->duration)
        return;
    struct place at = read_place(r, draft->node, draft->window_at, draft->window_size);
    if (e->from >= e->until)
        diagnose_error(r->diagnose, at, "the window is empty");
    else if (e->from >= run->duration)
        diagnose_error(r->diagnose, at, "the window lies after the end of the run");
    else if (e->until <= run->warmup)
        diagnose_error(r->diagnose, at,
                       "the window lies inside the warm-up, which is not measured");
}

void resolve_expects(struct reader *r)
{
    for (uint32_t i = 0; i < r->scenario->expect_count; i++) {
        const struct draft_expect *draft = &r->expects[i];
        if (draft->node == NULL)
            continue;
        bind_measure(r, draft, &draft->left);
        if (draft->expect->against) {
            bind_measure(r, draft, &draft->right);
            if (metric_unit(draft->expect->left.metric) != metric_unit(draft->expect->right.metric))
                diagnose_error(r->diagnose, draft->node->at,
                               "the two metrics are measured in different units");
        }
        check_window(r, draft);
        if (draft->expect->left.metric == METRIC_DISRUPTION)
            check_disruption(r, draft);
        if (draft->expect->left.metric == METRIC_REBALANCE)
            check_rebalance(r, draft);
    }
}
