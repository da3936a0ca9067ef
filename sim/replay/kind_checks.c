/*
 * checks and steps: the health of one HAProxy server, check by check, and its weight in slow start.
 */
#include <string.h>

#include "algorithms/haproxy/weights.h"
#include "sim/balancer/machine_haproxy.h"
#include "sim/replay/kind.h"
#include "sim/replay/words.h"

#define MILLISECOND INT64_C(1000000)
#define SECOND      INT64_C(1000000000)

/* The places of columns by their names; false with *error when one of the first `needed` lacks. */
static bool find_columns(const struct replay *r, const char *const *names, uint32_t count,
                         uint32_t needed, int *at, struct lb_error *error)
{
    for (uint32_t i = 0; i < count; i++) {
        at[i] = recording_column(r->recording, names[i]);
        if (at[i] >= 0 || i >= needed)
            continue;
        (void)recording_fail(r->recording, r->recording->line, error,
                             "kind %s: expected a column '%s' among the names of columns",
                             r->result->kind, names[i]);
        return false;
    }
    return true;
}

/* --- checks ----------------------------------------------------------------------------------- */

struct gaps {
    lb_time inter, fast, down;
};

/* "UP", "DOWN (health 0)": the state before the first check; without a word of it, the start. */
static int read_initial(const struct replay *r, struct machine_haproxy *m, struct lb_error *error)
{
    const struct recording_header *header = recording_find(r->recording, "initial");
    if (header == NULL)
        return 0;
    const char *text = header->value;
    bool up = strncmp(text, "UP", 2) == 0;
    if (!up && strncmp(text, "DOWN", 4) != 0)
        return recording_fail(r->recording, header->line, error,
                              "expected 'UP' or 'DOWN', perhaps with '(health N)', found '%.60s'",
                              text);
    m->health = up ? machine_haproxy_full(m) : 0;
    const char *health = strstr(text, "(health ");
    if (health == NULL)
        return 0;
    char number[8] = "";
    uint64_t value;
    (void)snprintf(number, sizeof number, "%.*s", (int)strspn(health + 8, "0123456789"),
                   health + 8);
    if (!words_number(number, 0, (uint64_t)machine_haproxy_full(m), &value) ||
        ((int)value >= m->rise) != up)
        return recording_fail(r->recording, header->line, error,
                              "expected a health from 0 to %d, from %d on for UP, found '%.60s'",
                              machine_haproxy_full(m), m->rise, text);
    m->health = (int)value;
    return 0;
}

/* As HAProxy's statistics show it: how far it is from the other belief, when it is on the way. */
static void show_status(const struct machine_haproxy *m, struct text *to)
{
    bool up = machine_haproxy_up(m);
    text_addf(to, "%s", up ? "UP" : "DOWN");
    if (up && m->health < machine_haproxy_full(m))
        text_addf(to, " %d/%d", m->health - m->rise + 1, m->fall);
    else if (!up && m->health > 0)
        text_addf(to, " %d/%d", m->health, m->rise);
}

/* Of the three intervals, the longest that had passed: a check may come late, hardly early, by what
 * the one before was late. When none had, the shortest. */
static lb_time passed(const struct gaps *p, lb_time measured)
{
    const lb_time all[] = {p->inter, p->fast, p->down};
    lb_time limit = measured + measured / 20, best = -1, least = all[0];
    for (int i = 0; i < 3; i++) {
        least = all[i] < least ? all[i] : least;
        if (all[i] <= limit && all[i] > best)
            best = all[i];
    }
    return best >= 0 ? best : least;
}

enum { CHECK_RESULT, CHECK_STATUS, CHECK_GAP, CHECK_COLUMNS };

/* One check: the belief after it, and the pause before it (`gap`), which the first has none of. */
static int run_check(struct replay *r, struct machine_haproxy *m, const struct gaps *gaps,
                     const int *at, uint32_t row, struct lb_error *error)
{
    const char *cells[RECORDING_COLUMNS_MAX];
    struct text expected, decided;
    uint64_t gap;
    recording_row(r->recording, row, cells);
    const char *result = cells[at[CHECK_RESULT]];
    if (strcmp(result, "P") != 0 && strcmp(result, "F") != 0)
        return kind_fail(r, row, error, "expected P or F in the column 'result', found '%.60s'",
                         result);
    text_init(&expected);
    text_init(&decided);
    text_addf(&expected, "%s", cells[at[CHECK_STATUS]]);
    lb_time due = machine_haproxy_gap(m, gaps->inter, gaps->fast, gaps->down);
    (void)machine_haproxy_result(m, result[0] == 'P');
    show_status(m, &decided);
    int status = 0;
    if (at[CHECK_GAP] >= 0 && cells[at[CHECK_GAP]][0] != '\0') {
        if (!words_number(cells[at[CHECK_GAP]], 0, UINT32_MAX, &gap))
            status = kind_fail(r, row, error,
                               "expected milliseconds in the column 'gap_ms', found "
                               "'%.60s'",
                               cells[at[CHECK_GAP]]);
        else if (row > 0) {
            lb_time seen = passed(gaps, (lb_time)gap * MILLISECOND);
            text_addf(&expected, ", checked after %lld ms", (long long)(seen / MILLISECOND));
            text_addf(&decided, ", checked after %lld ms", (long long)(due / MILLISECOND));
        }
    }
    if (status == 0)
        kind_decide(r, row, expected.data, decided.data);
    text_done(&expected);
    text_done(&decided);
    return status;
}

/* The server that is checked, or that starts slowly: the first of them. */
static const struct setup_server *find_server(const struct setup *s, bool slow)
{
    for (uint32_t i = 0; i < s->server_count; i++)
        if (slow ? s->servers[i].slowstart > 0 : s->servers[i].checked)
            return &s->servers[i];
    return NULL;
}

int kind_checks(struct replay *r, struct lb_error *error)
{
    static const char *const names[] = {"result", "status_after", "gap_ms"};
    int at[CHECK_COLUMNS];
    struct machine_haproxy m;
    if (!find_columns(r, names, CHECK_COLUMNS, CHECK_GAP, at, error))
        return -1;
    const struct setup_server *server = find_server(r->setup, false);
    if (server == NULL)
        return setup_fail(r->setup, "config", error,
                          "kind checks: expected an HAProxy server with 'check'");
    struct gaps gaps = {.inter = server->inter != 0 ? server->inter : 2 * SECOND};
    gaps.fast = server->fastinter != 0 ? server->fastinter : gaps.inter;
    gaps.down = server->downinter != 0 ? server->downinter : gaps.inter;
    machine_haproxy_start(&m, server->rise != 0 ? (int)server->rise : MACHINE_HAPROXY_RISE,
                          server->fall != 0 ? (int)server->fall : MACHINE_HAPROXY_FALL, true);
    if (read_initial(r, &m, error) != 0)
        return -1;
    r->result->algorithm = "";
    for (uint32_t row = 0; row < r->recording->row_count; row++)
        if (run_check(r, &m, &gaps, at, row, error) != 0)
            return -1;
    return 0;
}

/* --- steps ------------------------------------------------------------------------------------ */

enum { STEP_TIME, STEP_WEIGHT, STEP_EWEIGHT, STEP_THROTTLE, STEP_COLUMNS };

/* What the statistics show so long after the server went up, as far as it was recorded. A static
 * method has no slow start, but the throttle is shown. */
static void show_step(const struct replay *r, const struct setup_server *server, const int *at,
                      const char **cells, lb_time now, struct text *to)
{
    bool warm = lb_haproxy_up_seconds(0, now) >= lb_haproxy_warm_seconds(server->slowstart);
    lb_time slow = r->setup->haproxy.dynamic ? server->slowstart : 0;
    uint32_t e = lb_haproxy_eweight(server->weight, 0, slow, now);
    text_clear(to);
    text_addf(to, "weight %u", (unsigned)lb_haproxy_shown_weight(e));
    if (at[STEP_EWEIGHT] >= 0 && cells[at[STEP_EWEIGHT]][0] != '\0')
        text_addf(to, ", effective %u", (unsigned)e);
    if (at[STEP_THROTTLE] < 0)
        return;
    text_addf(to, ", throttle ");
    if (!warm)
        text_addf(to, "%u", (unsigned)lb_haproxy_throttle(server->weight, e));
}

/* The clock of who looked is not HAProxy's, whose steps come a little later than whole seconds: next
 * to one either side of the step is right. */
static void compare_step(struct replay *r, const struct setup_server *server, const int *at,
                         uint32_t row, const char **cells, lb_time now)
{
    static const lb_time off[] = {0, -SECOND / 10, SECOND / 10, 0};
    struct text expected, decided;
    text_init(&expected);
    text_init(&decided);
    text_addf(&expected, "weight %s", cells[at[STEP_WEIGHT]]);
    if (at[STEP_EWEIGHT] >= 0 && cells[at[STEP_EWEIGHT]][0] != '\0')
        text_addf(&expected, ", effective %s", cells[at[STEP_EWEIGHT]]);
    if (at[STEP_THROTTLE] >= 0)
        text_addf(&expected, ", throttle %s", cells[at[STEP_THROTTLE]]);
    for (size_t i = 0; i < sizeof off / sizeof off[0]; i++) {
        show_step(r, server, at, cells, now + off[i] > 0 ? now + off[i] : 0, &decided);
        if (strcmp(expected.data, decided.data) == 0)
            break;
    }
    kind_decide(r, row, expected.data, decided.data);
    text_done(&expected);
    text_done(&decided);
}

int kind_steps(struct replay *r, struct lb_error *error)
{
    static const char *const names[] = {"t_s", "weight", "eweight", "throttle"};
    const char *cells[RECORDING_COLUMNS_MAX];
    int at[STEP_COLUMNS];
    double seconds;
    if (!find_columns(r, names, STEP_COLUMNS, STEP_EWEIGHT, at, error))
        return -1;
    const struct setup_server *server = find_server(r->setup, true);
    if (server == NULL)
        return setup_fail(r->setup, "config", error,
                          "kind steps: expected an HAProxy server with 'slowstart'");
    for (uint32_t row = 0; row < r->recording->row_count; row++) {
        recording_row(r->recording, row, cells);
        if (!words_real(cells[at[STEP_TIME]], &seconds) || seconds < 0 || seconds > 1e6)
            return kind_fail(r, row, error, "expected seconds in the column 't_s', found '%.60s'",
                             cells[at[STEP_TIME]]);
        compare_step(r, server, at, row, cells, (lb_time)(seconds * (double)SECOND));
    }
    return 0;
}
