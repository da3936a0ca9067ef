/* See wild_scenario.h: one value for a row of the schema, by its type and range. */
#include <math.h>
#include <string.h>

#include "tests/unit/wild_scenario.h"

/* What custom keys look like: one is drawn. A key whose row is TYPE_CUSTOM needs a line here; another
 * may have one when few values of its range are right. */
static const struct {
    const char *path;
    const char *values[10];
} examples[] = {
    {"clients[].arrivals",
     {"poisson(rate=700/s)", "uniform(load=130%)",
      "\"bursty(low=100/s, high=2000/s, low_for=7ms, high_for=2ms)\"",
      "\"self-exciting(load=60%, branching=70%, decay=2ms)\"",
      "\"ramp(from=10/s, to=1000/s, over=30ms)\"",
      "\"steps(100/s, 0/s, 900/s, every=4ms, repeat=yes)\"",
      "\"diurnal(mean=500/s, amplitude=100%, period=17ms, peak_at=5ms)\""}},
    {"clients[].requests[].share", {"100%", "30%", "70%"}},
    {"balancer.health.outlier.max_ejection", {"35ms", "1h"}},
    {"clients[].retries.backoff",
     {"none", "constant(2ms)", "\"exponential(base=1ms, cap=9ms)\"", "constant(0)"}},
    {"clients[].population.popularity", {"equal", "zipf(s=0.9)", "zipf(s=3)"}},
    {"clients[].population.nat", {"30%", "[20%, 40%]", "[1%, 99%]"}},
    {"clients[].sessions.requests", {"1", "4", "geometric(mean=3)", "\"mix(50% 1, 50% 7)\""}},
    {"clients[].requests[].path", {"/", "/report/a"}},
    {"clients[].requests[].headers", {"{x-kind: a}", "{host: a.example, x-kind: b}"}},
    {"clients[].requests[].bytes_in", {"0", "512", "16KiB", "exponential(mean=2KiB)"}},
    {"clients[].requests[].bytes_out", {"1", "3MiB", "\"lognormal(mean=16KiB, cv=2)\""}},
    {"balancer.routes",
     {"[{path: \"/report*\", to: main}]", "[{header: x-kind, value: a, to: other}]",
      "[{path: \"*\", to: other}]"}},
    {"clients[].connections.max_age", {"5ms", "exponential(mean=9ms)", "constant(0)"}},
    {"clients[].connections.hold", {"2ms", "exponential(mean=3ms)", "0"}},
    {"clients[].connections.idle", {"0", "3ms", "20ms", "1h"}},
    {"clients[].connections.per_client", {"1", "2", "7", "unlimited"}},
    {"balancer.layer", {"7", "4", "4"}},
    {"balancer.max_connections", {"3", "20", "unlimited"}},
    {"balancer.header_timeout", {"1ms", "4ms"}},
    {"balancer.connection_table.size", {"2", "9", "unlimited"}},
    {"balancer.connection_table.idle", {"0", "2ms", "9ms"}},
    {"balancer.algorithm",
     {"random", "power-of-two", "peak-ewma", "ring-hash", "least-connections", "prequal"}},
    {"balancer.params", {"{ties: first}", "{choices: 3}", "{choices: 2, replacement: yes}"}},
    {"balancer.clients", {"random", "source", "ecmp", "dns(ttl=20ms)", "dns(ttl=1ms)"}},
    {"balancer.redundancy.priorities", {"[200, 100]", "[100, 200]", "[9, 9]"}},
    {"balancer.view", {"own", "exact", "shared(every=3ms)", "shared(every=50us)"}},
    {"balancer.shed", {"{1: 90%, 2: 50%}", "{0: 100%, 3: 20%}", "{4: 0%}", "{0: 50%}"}},
    {"balancer.rate_limit.rate", {"90/s", "1000/s", "0.001/s", "3/min"}},
    {"balancer.retries.when", {"reset", "[refused, reset, queue-full]", "queue-full"}},
    {"balancer.retries.backoff", {"none", "constant(1ms)", "\"exponential(base=1ms, cap=20ms)\""}},
};

/* Names that mean something in the frames, besides those of its own parts. */
static const char *const names[] = {"main", "other", "here", "there", "g0", "edge", "balancer"};

uint32_t wild_below(struct wild_maker *m, uint32_t n)
{
    return lb_random_below(&m->random, n);
}

/* Between low and high, as often small as large; whole. */
static double between(struct wild_maker *m, double low, double high)
{
    double least = low > 1.0 ? low : 1.0;
    if (low <= 0.0 && wild_below(m, 8) == 0)
        return 0.0;
    if (wild_below(m, 8) == 0)
        return low;
    return floor(least * pow(high / least, lb_random_unit(&m->random)));
}

static double cut(double high, double most)
{
    return high < most ? high : most;
}

static void distribution(struct wild_maker *m, struct text *to)
{
    uint32_t us = 1 + wild_below(m, 8000);
    switch (wild_below(m, 6)) {
    case 0:
        text_addf(to, "constant(%uus)", us);
        break;
    case 1:
        text_addf(to, "exponential(mean=%uus)", us);
        break;
    case 2:
        text_addf(to, "\"lognormal(mean=%uus, cv=3)\"", us);
        break;
    case 3:
        text_addf(to, "\"hyperexponential(mean=%uus, cv=2)\"", us);
        break;
    case 4:
        text_addf(to, "\"bounded-pareto(min=%uus, max=30ms, shape=1.1)\"", us);
        break;
    default:
        text_addf(to, "\"uniform(min=0, max=%uus)\"", us);
    }
}

static void name(struct wild_maker *m, struct text *to)
{
    const struct scenario *s = m->frame;
    switch (wild_below(m, 4)) {
    case 0:
        text_addf(to, "%s", s->groups[wild_below(m, s->group_count)].name);
        break;
    case 1:
        text_addf(to, "%s", s->clients[wild_below(m, s->client_count)].name);
        break;
    default:
        text_addf(to, "%s", names[wild_below(m, sizeof names / sizeof names[0])]);
    }
}

static bool example(struct wild_maker *m, struct text *to, const struct schema_row *row)
{
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        if (strcmp(examples[i].path, row->path) != 0)
            continue;
        uint32_t count = 0;
        while (count < 10 && examples[i].values[count] != NULL)
            count++;
        text_addf(to, "%s", examples[i].values[wild_below(m, count)]);
        return true;
    }
    return false;
}

static void word(struct wild_maker *m, struct text *to, const char *const *words)
{
    uint32_t count = 0;
    while (words[count] != NULL)
        count++;
    text_addf(to, "%s", words[wild_below(m, count)]);
}

/* Does the path of `inner` go through `outer`? */
static bool goes_through(const struct schema_row *inner, const char *outer)
{
    size_t size = strlen(outer);
    return inner != NULL && strncmp(inner->path, outer, size) == 0 &&
           (inner->path[size] == '.' || inner->path[size] == '[' || inner->path[size] == '\0');
}

/* {key: value, ...}: what is required, `with`, and others as it comes. */
static bool mapping(struct wild_maker *m, struct text *to, const char *inside,
                    const struct schema_row *with)
{
    bool first = true;
    text_addf(to, "{");
    for (uint32_t i = 0; schema_at(i) != NULL; i++) {
        const struct schema_row *row = schema_at(i);
        if (!schema_inside(row, inside))
            continue;
        bool wanted = goes_through(with, row->path);
        if (!row->required && !wanted && (with != NULL || wild_below(m, 3) != 0))
            continue;
        text_addf(to, "%s%s: ", first ? "" : ", ", schema_key(row));
        first = false;
        if (!wild_value(m, to, row, wanted && row != with ? with : NULL))
            return false;
    }
    text_addf(to, "}");
    return true;
}

static bool list(struct wild_maker *m, struct text *to, const struct schema_row *row,
                 const struct schema_row *with)
{
    char inside[128];
    uint32_t count = 1 + wild_below(m, 2);
    (void)snprintf(inside, sizeof inside, "%s%s", row->like != NULL ? row->like : row->path,
                   row->like != NULL ? "" : "[]");
    for (uint32_t i = 0; i < count; i++) {
        text_addf(to, i == 0 ? "[" : ", ");
        if (!mapping(m, to, inside, i == 0 ? with : NULL))
            return false;
    }
    text_addf(to, "]");
    return true;
}

bool wild_value(struct wild_maker *m, struct text *to, const struct schema_row *row,
                const struct schema_row *with)
{
    if (example(m, to, row))
        return true;
    switch (row->type) {
    case TYPE_MAP:
        return mapping(m, to, row->path, with);
    case TYPE_LIST:
        return list(m, to, row, with);
    case TYPE_TEXT:
        text_addf(to, "words");
        break;
    case TYPE_NAME:
        name(m, to);
        break;
    case TYPE_COUNT:
        text_addf(to, "%.0f", between(m, row->min, cut(row->max, 12)));
        break;
    case TYPE_LIMIT:
        if (wild_below(m, 4) == 0)
            text_addf(to, "unlimited");
        else
            text_addf(to, "%.0f", between(m, row->min, cut(row->max, 12)));
        break;
    case TYPE_SEED:
        text_addf(to, "%u", wild_below(m, 1000000));
        break;
    case TYPE_NUMBER:
        text_addf(to, "%.3f",
                  fmax(row->min, cut(row->max, 8.0) * pow(lb_random_unit(&m->random), 3)));
        break;
    case TYPE_SHARE:
        text_addf(to, "%.0f%%",
                  100.0 * (row->min +
                           (cut(row->max, row->min + 1) - row->min) * lb_random_unit(&m->random)));
        break;
    case TYPE_TIME:
        text_addf(to, "%.0fns", between(m, row->min, cut(row->max, 60e6)));
        break;
    case TYPE_WORD:
    case TYPE_EITHER:
        word(m, to, row->words);
        break;
    case TYPE_DISTRIBUTION:
        distribution(m, to);
        break;
    case TYPE_CUSTOM:
    case SCHEMA_TYPES:
        return false;
    }
    return true;
}
