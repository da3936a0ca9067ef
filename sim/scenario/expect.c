/*
 * Expectations: reading "p99 of class page < 400ms after 70s" and
 * "p99 of four < 0.5 x p99 of base". Names are bound in expect_bind.c, when all are known.
 */
#include <string.h>

#include "sim/scenario/schema.h"

#define LONGEST (1e5 * 3600e9) /* 100000h, in ns */

/* Balancers that are all there are count as the whole, whatever is asked of them. */
#define ALL      (1U << SELECT_ALL)
#define WHOLE    (ALL | 1U << SELECT_BALANCER)
#define TRAFFIC  (WHOLE | 1U << SELECT_CLASS | 1U << SELECT_CLIENTS)
#define GROUPS   (ALL | 1U << SELECT_CLIENTS)
#define ANYBODY  (TRAFFIC | 1U << SELECT_BACKENDS)
#define BACKENDS (WHOLE | 1U << SELECT_BACKENDS)

static const struct metric_row metrics[] = {
    {"mean", METRIC_MEAN, 0, ANYBODY, "mean latency of requests that ended ok"},
    {"p50", METRIC_QUANTILE, 0.5, ANYBODY, "median latency"},
    {"p90", METRIC_QUANTILE, 0.9, ANYBODY, "latency that 90 % stay below"},
    {"p99", METRIC_QUANTILE, 0.99, ANYBODY, "latency that 99 % stay below"},
    {"p99.9", METRIC_QUANTILE, 0.999, ANYBODY, "latency that 99.9 % stay below"},
    {"max", METRIC_MAX, 0, ANYBODY, "largest latency"},
    {"errors", METRIC_ERRORS, 0, ANYBODY, "share of requests that failed"},
    {"failed", METRIC_FAILED, 0, ANYBODY, "failed(CAUSE): share that failed of this cause"},
    {"goodput", METRIC_GOODPUT, 0, ANYBODY, "requests ok within the objective, per second"},
    {"throughput", METRIC_THROUGHPUT, 0, ANYBODY, "requests finished, ok or failed, per second"},
    {"imbalance", METRIC_IMBALANCE, 0, WHOLE,
     "maximum over backends of share of picks / share of weight"},
    {"availability", METRIC_AVAILABILITY, 0, ANYBODY, "share of requests that ended ok"},
    {"picks", METRIC_PICKS, 0, BACKENDS,
     "attempts sent to the backends, or by the balancer, selected"},
    {"utilization", METRIC_UTILIZATION, 0, BACKENDS,
     "busy share of the slots, or of the workers of a balancer with a capacity"},
    {"in-flight", METRIC_IN_FLIGHT, 0, BACKENDS, "sent and not finished, mean over time"},
    {"queue", METRIC_QUEUE, 0, BACKENDS,
     "waiting at the backends, or at the balancer, mean over time"},
    {"attempts", METRIC_ATTEMPTS, 0, TRAFFIC, "attempts per request"},
    {"disruption", METRIC_DISRUPTION, 0, GROUPS,
     "share of the clients served before the window that another backend served in it first"},
    {"rebalance", METRIC_REBALANCE, 0, 1U << SELECT_BACKENDS,
     "time from the start of the window to the end of the first `run.sample` in which the backends "
     "selected got 90 % of their share by weight of the picks; when never, the length of the "
     "window"},
    {"sessions.lost", METRIC_LOST, 0, ALL, "states of users that were lost"},
    {"sessions.moved", METRIC_MOVED, 0, ALL,
     "requests served by another backend than the last one of their user"},
    {"sessions.logins", METRIC_LOGINS, 0, ALL, "requests whose user had to log in again"},
    {"sessions.stale", METRIC_STALE, 0, ALL, "requests that read an old copy of the state"},
    {"stickiness", METRIC_STICKINESS, 0, ALL,
     "share of requests served where the last one of their user was"},
};
#define METRIC_ROWS (sizeof metrics / sizeof metrics[0])

const struct metric_row *metric_at(uint32_t i)
{
    return i < METRIC_ROWS ? &metrics[i] : NULL;
}

enum unit metric_unit(enum metric metric)
{
    switch (metric) {
    case METRIC_MEAN:
    case METRIC_QUANTILE:
    case METRIC_MAX:
    case METRIC_REBALANCE:
        return UNIT_TIME;
    case METRIC_GOODPUT:
    case METRIC_THROUGHPUT:
        return UNIT_RATE;
    case METRIC_ERRORS:
    case METRIC_FAILED:
    case METRIC_AVAILABILITY:
    case METRIC_UTILIZATION:
    case METRIC_DISRUPTION:
    case METRIC_STICKINESS:
        return UNIT_SHARE;
    default:
        return UNIT_COUNT;
    }
}

/* A line of text being read: words apart by spaces, comparison signs stand for themselves. */
struct line {
    struct reader *r;
    const struct node *node;
    const char *text;
    size_t size, at;           /* at: behind the word */
    size_t word_at, word_size; /* the word; size 0 = the end */
    bool quoted;
};

static bool is_sign(char c)
{
    return c == '<' || c == '>' || c == '=';
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* Steps to the next word. "..." is one word, failed(...) too. */
static void next_word(struct line *l)
{
    while (l->at < l->size && is_space(l->text[l->at]))
        l->at++;
    l->word_at = l->at;
    l->quoted = l->at < l->size && l->text[l->at] == '"';
    if (l->quoted) {
        l->word_at = ++l->at;
        while (l->at < l->size && l->text[l->at] != '"')
            l->at++;
        l->word_size = l->at - l->word_at;
        l->at += l->at < l->size ? 1 : 0;
        return;
    }
    if (l->at < l->size && is_sign(l->text[l->at])) {
        l->at++;
        if (l->at < l->size && l->text[l->at] == '=' && l->text[l->word_at] != '=')
            l->at++;
    } else {
        bool inside = false;
        while (l->at < l->size &&
               (inside || !(is_space(l->text[l->at]) || is_sign(l->text[l->at])))) {
            inside = l->text[l->at] == '(' || (inside && l->text[l->at] != ')');
            l->at++;
        }
    }
    l->word_size = l->at - l->word_at;
}

static bool is_word(const struct line *l, const char *word)
{
    return !l->quoted && l->word_size == strlen(word) &&
           memcmp(l->text + l->word_at, word, l->word_size) == 0;
}

static bool at_end(const struct line *l)
{
    return !l->quoted && l->word_size == 0;
}

static bool at_sign(const struct line *l)
{
    return !l->quoted && l->word_size > 0 && is_sign(l->text[l->word_at]);
}

static struct quoted quote_word(const struct line *l)
{
    return quote(l->text + l->word_at, l->word_size);
}

/* An error at the word; false. */
static bool fail(struct line *l, const char *expected)
{
    struct place at = read_place(l->r, l->node, l->word_at, l->word_size > 0 ? l->word_size : 1);
    if (at_end(l)) {
        diagnose_error(l->r->diagnose, at, "%s: %s is missing at the end", read_trail(l->r),
                       expected);
    } else {
        diagnose_error(l->r->diagnose, at, "%s: %s is expected, not %s", read_trail(l->r), expected,
                       quote_word(l).text);
    }
    return false;
}

static bool unknown_metric(struct line *l)
{
    struct place at = read_place(l->r, l->node, l->word_at, l->word_size > 0 ? l->word_size : 1);
    if (read_later(l->r, at, "expect", l->text + l->word_at, l->word_size))
        return false;
    (void)fail(l, "a metric");
    const char *names[METRIC_ROWS];
    struct text known;
    text_init(&known);
    for (size_t i = 0; i < METRIC_ROWS; i++) {
        names[i] = metrics[i].name;
        text_addf(&known, " %s", names[i]);
    }
    if (!read_suggest(l->r, l->text + l->word_at, l->word_size, names, METRIC_ROWS))
        diagnose_help(l->r->diagnose, "metrics:%s", known.data);
    text_done(&known);
    return false;
}

/* failed(CAUSE): the cause. */
static bool read_cause(struct line *l, size_t open, enum cause *cause)
{
    const char *names[CAUSES];
    char word[64];
    size_t size = l->word_size > open + 2 ? l->word_size - open - 2 : 0;
    bool closed = l->word_size > open + 1 && l->text[l->word_at + l->word_size - 1] == ')';
    (void)snprintf(word, sizeof word, "%.*s", (int)size, l->text + l->word_at + open + 1);
    *cause = closed ? cause_find(word) : CAUSES;
    if (*cause != CAUSES)
        return true;
    struct text known;
    text_init(&known);
    for (int c = 0; c < CAUSES; c++) {
        names[c] = cause_name((enum cause)c);
        text_addf(&known, "%s%s", c == 0 ? "" : ", ", names[c]);
    }
    (void)fail(l, "failed(CAUSE)");
    if (!read_suggest(l->r, word, strlen(word), names, CAUSES))
        diagnose_help(l->r->diagnose, "causes: %s", known.data);
    text_done(&known);
    return false;
}

/* METRIC [of [KIND] NAME] */
static bool read_measure(struct line *l, struct draft_measure *draft)
{
    static const char *const kinds[] = {"class", "clients", "backend", "group", "balancer"};
    static const enum selector selectors[] = {SELECT_CLASS, SELECT_CLIENTS, SELECT_BACKENDS,
                                              SELECT_BACKENDS, SELECT_BALANCER};
    const struct metric_row *row = NULL;
    size_t size = 0;
    while (size < l->word_size && l->text[l->word_at + size] != '(')
        size++;
    for (size_t i = 0; i < METRIC_ROWS && !l->quoted; i++)
        if (strlen(metrics[i].name) == size &&
            memcmp(metrics[i].name, l->text + l->word_at, size) == 0 &&
            (size == l->word_size) == (metrics[i].metric != METRIC_FAILED))
            row = &metrics[i];
    if (row == NULL && size == 6 && memcmp(l->text + l->word_at, "failed", 6) == 0)
        return fail(l, "failed(CAUSE)");
    if (row == NULL)
        return unknown_metric(l);
    draft->measure->metric = row->metric;
    draft->measure->quantile = row->quantile;
    draft->metric_at = l->word_at;
    draft->metric_size = l->word_size;
    if (row->metric == METRIC_FAILED && !read_cause(l, size, &draft->measure->cause))
        return false;
    next_word(l);
    if (!is_word(l, "of"))
        return true;
    next_word(l);
    draft->bare = true;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && draft->bare; i++) {
        if (!is_word(l, kinds[i]))
            continue;
        struct line ahead = *l;
        next_word(&ahead);
        if (at_sign(&ahead) || at_end(&ahead))
            break;
        *l = ahead;
        draft->bare = false;
        draft->measure->selector = selectors[i];
    }
    if (at_sign(l) || l->word_size == 0)
        return fail(l, "a name");
    draft->name_at = l->word_at;
    draft->name_size = l->word_size;
    next_word(l);
    return true;
}

static bool read_compare(struct line *l, enum compare *compare)
{
    static const char *const signs[] = {[COMPARE_LT] = "<",
                                        [COMPARE_LE] = "<=",
                                        [COMPARE_GT] = ">",
                                        [COMPARE_GE] = ">=",
                                        [COMPARE_NEAR] = "="};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (is_word(l, signs[i])) {
            *compare = (enum compare)i;
            next_word(l);
            return true;
        }
    return fail(l, "<, <=, >, >= or =");
}

/* A value in the unit of the metric; share_of: a share of it does as well (0 = it does not). */
static bool read_amount(struct line *l, enum metric metric, double share_of, double *value)
{
    static const enum quantity_kind kinds[] = {[UNIT_TIME] = QUANTITY_TIME,
                                               [UNIT_RATE] = QUANTITY_RATE,
                                               [UNIT_SHARE] = QUANTITY_SHARE,
                                               [UNIT_COUNT] = QUANTITY_NUMBER};
    struct quantity q;
    enum quantity_kind kind = kinds[metric_unit(metric)];
    if (l->word_size == 0)
        return fail(l, quantity_kind_name(kind));
    if (share_of > 0 && kind != QUANTITY_SHARE &&
        quantity_read(l->text + l->word_at, l->word_size, &q) == QUANTITY_FINE &&
        q.kind == QUANTITY_SHARE) {
        q.value *= share_of;
    } else if (!read_quantity(l->r, l->node, l->word_at, l->word_size, read_trail(l->r), kind,
                              &q)) {
        return false;
    }
    if (q.value < 0)
        return fail(l, "a value that is not negative");
    *value = q.value;
    next_word(l);
    return true;
}

static bool read_moment(struct line *l, lb_time *time)
{
    struct quantity q;
    if (l->word_size == 0)
        return fail(l, "a time");
    if (!read_quantity(l->r, l->node, l->word_at, l->word_size, read_trail(l->r), QUANTITY_TIME,
                       &q))
        return false;
    if (q.value < 0 || q.value > LONGEST)
        return fail(l, "a time of the run");
    *time = q.time;
    next_word(l);
    return true;
}

static bool read_window(struct line *l, struct scenario_expect *e)
{
    if (is_word(l, "after")) {
        next_word(l);
        return read_moment(l, &e->from);
    }
    if (is_word(l, "before")) {
        next_word(l);
        return read_moment(l, &e->until);
    }
    next_word(l);
    if (!read_moment(l, &e->from))
        return false;
    if (!is_word(l, "and"))
        return fail(l, "'and' and a second time");
    next_word(l);
    return read_moment(l, &e->until);
}

/* Is the word a factor, "0.5" before "x" or "0.5x"? Steps behind the x. */
static bool read_factor(struct line *l, double *factor)
{
    struct line ahead = *l;
    struct quantity q;
    size_t size = l->word_size;
    bool glued = !l->quoted && size > 1 && l->text[l->word_at + size - 1] == 'x';
    if (glued) {
        size--;
    } else {
        next_word(&ahead);
        if (!is_word(&ahead, "x"))
            return false;
    }
    if (quantity_read(l->text + l->word_at, size, &q) != QUANTITY_FINE ||
        q.kind != QUANTITY_NUMBER || q.value <= 0)
        return false;
    *l = ahead;
    *factor = q.value;
    next_word(l);
    return true;
}

static bool read_line(struct line *l, struct draft_expect *draft)
{
    struct scenario_expect *e = draft->expect;
    next_word(l);
    if (!read_measure(l, &draft->left) || !read_compare(l, &e->compare))
        return false;
    e->against = e->compare != COMPARE_NEAR && read_factor(l, &e->factor);
    if (e->against) {
        if (!read_measure(l, &draft->right))
            return false;
    } else {
        if (!read_amount(l, e->left.metric, 0, &e->value))
            return false;
        if (e->compare == COMPARE_NEAR) {
            if (!is_word(l, "+-"))
                return fail(l, "+- and a tolerance");
            next_word(l);
            if (!read_amount(l, e->left.metric, e->value, &e->tolerance))
                return false;
        }
        if (is_word(l, "after") || is_word(l, "before") || is_word(l, "between")) {
            draft->window_at = l->word_at;
            if (!read_window(l, e))
                return false;
            draft->window_size = (at_end(l) ? l->size : l->word_at) - draft->window_at;
        }
    }
    return at_end(l) || fail(l, e->against ? "the end" : "after, before, between or the end");
}

void read_expect(struct reader *r, const struct schema_row *row, const struct node *node,
                 void *base)
{
    (void)base;
    if (node->kind != NODE_LIST) {
        diagnose_error(r->diagnose, node->at, "%s must be a list ('- ...'), not %s", read_trail(r),
                       node->kind == NODE_MAP ? "a mapping" : "a single value");
        return;
    }
    if (node->count > row->max) {
        diagnose_error(r->diagnose, node->at, "%s has more than %.0f entries", read_trail(r),
                       row->max);
        return;
    }
    struct scenario *s = r->scenario;
    s->expects = arena_need(r->arena, node->count, sizeof *s->expects);
    r->expects = arena_need(r->scratch, node->count, sizeof *r->expects);
    s->expect_count = node->count;
    uint32_t i = 0;
    for (const struct node *entry = node->first; entry != NULL; entry = entry->next, i++) {
        size_t mark = read_enter(r, "[%u]", (unsigned)i);
        struct draft_expect *draft = &r->expects[i];
        draft->expect = &s->expects[i];
        draft->left.measure = &draft->expect->left;
        draft->right.measure = &draft->expect->right;
        if (read_is_scalar(r, entry, "an expectation, as in p99 < 400ms")) {
            struct line line = {.r = r, .node = entry, .text = entry->text, .size = entry->size};
            draft->expect->text = arena_copy(r->arena, entry->text, entry->size);
            draft->expect->until = LB_NEVER;
            draft->node = read_line(&line, draft) ? entry : NULL;
        }
        read_leave(r, mark);
    }
}
