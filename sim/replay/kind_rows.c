/*
 * Rows of requests: sequence, keyed, hold, time, events and session are one machine.
 *
 * A row has an operation (a row without that column is a request) and what goes with it; which
 * columns there are decides what is compared. `# command:` lines split the rows in two: with the
 * columns pick_before and pick_after all rows are asked once, then the commands run, then all are
 * asked again.
 */
#include <stdlib.h>
#include <string.h>

#include "algorithms/hash.h"
#include "sim/replay/rows.h"
#include "sim/replay/words.h"

#define SECOND          INT64_C(1000000000)
#define CONNECTIONS_MAX 1000000U

/* What one whole request began and compared with. */
static void begin(struct rows *rows, struct exchange *e)
{
    struct replay *r = rows->r;
    r->tried_count = 0;
    r->tier = 0;
    text_clear(&r->trail);
    text_clear(&r->set_cookie);
    e->busy = true;
    r->setup->product->request(r, e);
}

/* The request is over; places that came free go to those who wait. */
static void end(struct replay *r, struct exchange *e)
{
    e->busy = false;
    if (e->node != WAITING_NONE) {
        uint32_t line = r->waiting.nodes[e->node].line;
        if (line >= r->waiting.own)
            host_row(&r->host, line - r->waiting.own)->queued--;
        waiting_leave(&r->waiting, e->node);
        e->node = WAITING_NONE;
        return;
    }
    if (e->server < 0)
        return;
    const struct lb_outcome outcome = {.end = LB_END_OK,
                                       .sent = r->host.now,
                                       .connected = r->host.now,
                                       .first_byte = r->host.now,
                                       .bytes_out = r->setup->bytes.request,
                                       .bytes_in = r->setup->bytes.response + e->bytes};
    uint32_t server = (uint32_t)e->server;
    e->server = -1;
    if (e->uncounted)
        r->host.servers[server].uncounted--;
    else
        host_finish(&r->host, server, &outcome);
    e->uncounted = false;
    const struct lb_backend *row = host_row(&r->host, server);
    if (row->max_in_flight == 0 ||
        row->in_flight + r->host.servers[server].uncounted < row->max_in_flight)
        replay_serve(r, server);
}

/* What our side decided of this request, in words. */
static void decided(const struct rows *rows, const struct exchange *e, struct text *to)
{
    const struct replay *r = rows->r;
    if (rows->pick == COLUMN_TRIED)
        text_addf(to, "%s", r->trail.size > 0 ? r->trail.data : "");
    else if (e->server >= 0)
        text_addf(to, "%s", r->setup->servers[e->server].label);
    else
        text_addf(to, "%s", e->node != WAITING_NONE ? "QUEUED" : "nobody");
}

static void add_status(const struct rows *rows, struct text *to, const char *status)
{
    const char *recorded = rows_cell(rows, COLUMN_STATUS);
    if (recorded != NULL && recorded[0] != '\0')
        text_addf(to, " with status %s", status);
}

/* The number of the key, where it was recorded: a slip in either shows which of the two it is. */
static void add_hash(const struct rows *rows, struct text *expected, struct text *ours)
{
    const char *key = rows_cell(rows, COLUMN_KEY);
    if (rows_cell(rows, COLUMN_HASH) == NULL || key == NULL)
        return;
    text_addf(expected, " by %s", rows_cell(rows, COLUMN_HASH));
    text_addf(ours, " by %016llx", (unsigned long long)lb_xxh64(key, strlen(key), 0));
}

/* Counts this row's decision. */
static int compare(struct rows *rows, const struct exchange *e)
{
    struct text expected, ours;
    char status[16];
    text_init(&expected);
    text_init(&ours);
    (void)snprintf(status, sizeof status, "%d", e->status);
    int result = rows_pick(rows, &expected, e->status);
    if (result == 0) {
        decided(rows, e, &ours);
        add_hash(rows, &expected, &ours);
        if (rows_cell(rows, COLUMN_SET_COOKIE) != NULL) {
            text_addf(&expected, " and '%s'", rows_cell(rows, COLUMN_SET_COOKIE));
            text_addf(&ours, " and '%s'",
                      rows->r->set_cookie.size > 0 ? rows->r->set_cookie.data : "");
        }
        if (rows_cell(rows, COLUMN_STATUS) != NULL)
            add_status(rows, &expected, rows_cell(rows, COLUMN_STATUS));
        add_status(rows, &ours, status);
        kind_decide(rows->r, rows->row, expected.data != NULL ? expected.data : "",
                    ours.data != NULL ? ours.data : "");
    }
    text_done(&expected);
    text_done(&ours);
    return result;
}

/* --- operations ------------------------------------------------------------------------------- */

static int op_request(struct rows *rows, const char *op)
{
    struct exchange *e = &rows->r->connections[0];
    (void)op;
    if (rows_request(rows, e) != 0)
        return -1;
    begin(rows, e);
    int status = compare(rows, e);
    end(rows->r, e);
    return status;
}

/* The connection of this row's number; NULL with an error. */
static struct exchange *connection(struct rows *rows)
{
    struct replay *r = rows->r;
    uint64_t number;
    if (rows_cell(rows, COLUMN_CONN) == NULL ||
        !words_number(rows_cell(rows, COLUMN_CONN), 0, CONNECTIONS_MAX, &number)) {
        (void)kind_fail(
            r, rows->row, rows->error,
            "expected a number from 0 to %u in the column 'conn', found '%.60s'", CONNECTIONS_MAX,
            rows_cell(rows, COLUMN_CONN) != NULL ? rows_cell(rows, COLUMN_CONN) : "(no column)");
        return NULL;
    }
    uint32_t index = (uint32_t)number + 1; /* 0 is for requests that are not held */
    if (index >= r->connection_count) {
        uint32_t count = 2 * index;
        r->connections = text_need_more(r->connections, count * sizeof *r->connections);
        for (uint32_t i = r->connection_count; i < count; i++)
            r->connections[i] = (struct exchange){.server = -1};
        r->connection_count = count;
    }
    return &r->connections[index];
}

static int op_open(struct rows *rows, const char *op)
{
    struct exchange *e = connection(rows);
    (void)op;
    if (e == NULL)
        return -1;
    if (e->busy)
        return rows_broken(rows, COLUMN_CONN, "a connection that is not open");
    if (rows_request(rows, e) != 0)
        return -1;
    begin(rows, e);
    return compare(rows, e);
}

static int op_close(struct rows *rows, const char *op)
{
    struct exchange *e = connection(rows);
    (void)op;
    if (e == NULL)
        return -1;
    if (!e->busy)
        return rows_broken(rows, COLUMN_CONN, "a connection that was opened and not closed");
    end(rows->r, e);
    return 0;
}

/* A request that waited has come to a server. */
static int op_dequeued(struct rows *rows, const char *op)
{
    struct exchange *e = connection(rows);
    (void)op;
    if (e == NULL)
        return -1;
    if (!e->busy)
        return rows_broken(rows, COLUMN_CONN, "a connection that waits");
    return compare(rows, e);
}

static int op_command(struct rows *rows, const char *op)
{
    (void)op;
    if (rows_cell(rows, COLUMN_CMD) == NULL)
        return kind_fail(rows->r, rows->row, rows->error, "expected a column 'cmd'");
    return replay_command(rows->r, rows_cell(rows, COLUMN_CMD),
                          recording_row_line(rows->r->recording, rows->row), rows->error);
}

static int op_nothing(struct rows *rows, const char *op)
{
    (void)rows, (void)op;
    return 0;
}

/* down and up close and open the port, a status is answered from now on whenever it is open; of all
 * servers with that address. */
static int op_answer(struct rows *rows, const char *op)
{
    uint64_t status = 0;
    const char *word = rows_cell(rows, COLUMN_SERVER);
    bool port = strcmp(op, "down") == 0 || strcmp(op, "up") == 0;
    if (!port && !words_number(op, 100, 599, &status))
        return rows_broken(rows, COLUMN_OP,
                           "req, open, close, deq, skip, cmd, down, up or a status");
    int32_t server = word != NULL ? setup_find(rows->r->setup, word) : -1;
    if (server < 0)
        return kind_fail(rows->r, rows->row, rows->error,
                         "expected a server (s1, s2, ...) in the column 'server', found '%.60s'",
                         word != NULL ? word : "(no column)");
    const struct setup *s = rows->r->setup;
    for (uint32_t i = 0; i < s->server_count; i++) {
        if (strcmp(s->servers[i].address, s->servers[server].address) != 0)
            continue;
        if (port)
            rows->r->host.servers[i].refuses = op[0] == 'd';
        else
            rows->r->host.servers[i].status = (int)status;
    }
    return 0;
}

static const struct {
    const char *op;
    int (*run)(struct rows *rows, const char *op);
} operations[] = {
    {"req", op_request}, {"open", op_open},    {"close", op_close}, {"deq", op_dequeued},
    {"cmd", op_command}, {"skip", op_nothing}, {"down", op_answer}, {"up", op_answer},
};

static int run_row(struct rows *rows)
{
    const char *op = rows_cell(rows, COLUMN_OP), *sec = rows_cell(rows, COLUMN_SEC);
    const char *phase = rows_cell(rows, COLUMN_PHASE);
    uint64_t second;
    if (sec != NULL) {
        if (!words_number(sec, 0, UINT32_MAX, &second) ||
            (lb_time)second < rows->r->host.now / SECOND)
            return rows_broken(rows, COLUMN_SEC, "a whole second that is not before the last");
        host_advance(&rows->r->host, (lb_time)second * SECOND + SECOND / 2);
    }
    if (phase != NULL && strncmp(phase, rows->phase, sizeof rows->phase - 1) != 0) {
        (void)snprintf(rows->phase, sizeof rows->phase, "%s", phase);
        if (replay_phase(rows->r, phase, recording_row_line(rows->r->recording, rows->row),
                         rows->error) != 0)
            return -1;
    }
    if (op == NULL)
        return op_request(rows, "req");
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
        if (strcmp(operations[i].op, op) == 0)
            return operations[i].run(rows, op);
    return op_answer(rows, op);
}

static int run_all(struct rows *rows)
{
    const struct recording *recording = rows->r->recording;
    for (rows->row = 0; rows->row < recording->row_count; rows->row++) {
        recording_row(recording, rows->row, rows->cells);
        if (run_row(rows) != 0)
            return -1;
    }
    return 0;
}

/* Which column holds the picks, and whether those that the kind lives by are there. */
static int find_columns(struct rows *rows)
{
    static const struct {
        const char *kind;
        enum column needs[3];
        uint32_t count;
    } needs[] = {
        {"hold", {COLUMN_OP, COLUMN_CONN, COLUMN_PICK}, 3},
        {"time", {COLUMN_SEC, COLUMN_OP}, 2},
        {"events", {COLUMN_OP, COLUMN_CMD}, 2},
        {"session", {COLUMN_OP, COLUMN_CMD}, 2},
    };
    const struct recording *r = rows->r->recording;
    const char *kind = rows->r->result->kind;
    for (int c = 0; c < COLUMNS; c++)
        rows->at[c] = recording_column(r, rows_columns[c]);
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++)
        for (uint32_t k = 0; k < needs[i].count && strcmp(kind, needs[i].kind) == 0; k++)
            if (rows->at[needs[i].needs[k]] < 0)
                return recording_fail(r, r->line, rows->error,
                                      "kind %s: expected a column '%s' among the names of columns",
                                      kind, rows_columns[needs[i].needs[k]]);
    if (strcmp(kind, "keyed") == 0 && rows->at[COLUMN_KEY] < 0 && rows->at[COLUMN_CLIENT] < 0)
        return recording_fail(r, r->line, rows->error,
                              "kind keyed: expected a column 'key' or 'client_ip'");
    rows->pick = rows->at[COLUMN_TRIED] >= 0  ? COLUMN_TRIED
                 : rows->at[COLUMN_PICK] >= 0 ? COLUMN_PICK
                                              : COLUMN_BEFORE;
    if (rows->at[rows->pick] < 0 || (rows->pick == COLUMN_BEFORE && rows->at[COLUMN_AFTER] < 0))
        return recording_fail(r, r->line, rows->error,
                              "kind %s: expected a column 'pick' or 'tried', or both 'pick_before' "
                              "and 'pick_after'",
                              kind);
    return 0;
}

int kind_rows(struct replay *r, struct lb_error *error)
{
    struct rows rows = {.r = r, .error = error};
    (void)snprintf(rows.phase, sizeof rows.phase, "up");
    if (find_columns(&rows) != 0 || host_open(&r->host, r->setup, NULL, error) != 0)
        return -1;
    host_advance(&r->host, rows.at[COLUMN_SEC] < 0 ? SECOND : 0); /* 0 would mean "never" */
    waiting_init(&r->waiting, 1, r->setup->server_count);
    const struct setup_haproxy *h = &r->setup->haproxy;
    if (h->stick && h->stick_size == 0)
        return recording_fail(r->recording, 1, error, "stick: expected a stick-table, too");
    if (h->stick)
        affinity_table_init(&r->sticks, (uint32_t)h->stick_size,
                            h->stick_expire > 0 ? h->stick_expire : LB_NEVER, !h->stick_no_purge);
    r->connections = text_need_zero(1, sizeof *r->connections);
    r->connection_count = 1;
    int status = run_all(&rows);
    if (rows.pick != COLUMN_BEFORE || status != 0)
        return status;
    for (uint32_t i = 0; i < r->recording->header_count && status == 0; i++)
        if (strcmp(r->recording->headers[i].key, "command") == 0)
            status = replay_command(r, r->recording->headers[i].value,
                                    r->recording->headers[i].line, error);
    rows.pick = COLUMN_AFTER;
    return status == 0 ? run_all(&rows) : status;
}
