/*
 * See replay.h: the tables of kinds and products, and the steps that all requests are made of.
 */
#include "sim/replay/replay.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/replay/kind.h"

/* Sizes of a request tried where a recording does not say it, and the most rows x servers to try
 * them on. */
#define GUESS_MIN      40
#define GUESS_MAX      600
#define GUESS_WORK_MAX 20000U

/* --- products --------------------------------------------------------------------------------- */

static bool config_has(const struct recording *r, const char *word)
{
    const char *config = recording_value(r, "config");
    size_t length = strlen(word);
    return config != NULL && strncmp(config + strspn(config, " "), word, length) == 0;
}

static bool knows_own(const struct recording *r)
{
    return recording_find(r, "algorithm") != NULL;
}

static bool knows_nginx(const struct recording *r)
{
    return config_has(r, "upstream");
}

static bool knows_haproxy(const struct recording *r)
{
    return config_has(r, "backend") || config_has(r, "listen");
}

static bool knows_apache(const struct recording *r)
{
    return config_has(r, "<Proxy");
}

static bool knows_caddy(const struct recording *r)
{
    return config_has(r, "reverse_proxy");
}

static bool knows_varnish(const struct recording *r)
{
    return recording_find(r, "director") != NULL;
}

static const struct product products[] = {
    {"own", knows_own, own_read, plain_request, 503},
    {"haproxy", knows_haproxy, haproxy_read, haproxy_request, 503},
    {"nginx", knows_nginx, nginx_read, nginx_request, 502},
    {"apache", knows_apache, apache_read, plain_request, 503},
    {"caddy", knows_caddy, caddy_read, plain_request, 503},
    {"varnish", knows_varnish, varnish_read, plain_request, 503},
};

const struct product *product_of(const struct recording *r, struct lb_error *error)
{
    const struct product *found = NULL;
    for (size_t i = 0; i < sizeof products / sizeof products[0]; i++) {
        if (!products[i].knows(r))
            continue;
        if (found != NULL) {
            (void)recording_fail(r, 1, error,
                                 "expected one of '# algorithm:', '# config:' and "
                                 "'# director:', found more");
            return NULL;
        }
        found = &products[i];
    }
    const struct recording_header *config = recording_find(r, "config");
    if (found == NULL && config != NULL)
        (void)recording_fail(r, config->line, error,
                             "expected a configuration that starts with 'upstream NAME {' (nginx), "
                             "'backend NAME' (HAProxy), '<Proxy balancer://NAME>' (Apache) or "
                             "'reverse_proxy' (Caddy), found '%.60s'",
                             config->value);
    else if (found == NULL)
        (void)recording_fail(r, 1, error,
                             "expected '# config:', '# algorithm:' or '# director:', "
                             "which say what balancer this was");
    return found;
}

/* --- steps of a request ----------------------------------------------------------------------- */

void replay_trail(struct replay *r, const char *word)
{
    text_addf(&r->trail, "%s%s", r->trail.size > 0 ? ">" : "", word);
}

int32_t replay_pick(struct replay *r, struct exchange *e)
{
    return host_pick(&r->host, &e->request, r->tried, r->tried_count, &r->tier);
}

void replay_start_how(struct replay *r, struct exchange *e, int32_t server, enum lb_how how)
{
    if (r->tried_count == r->tried_room) {
        r->tried_room = r->tried_room == 0 ? 16 : 2 * r->tried_room;
        r->tried = text_need_more(r->tried, r->tried_room * sizeof *r->tried);
    }
    r->tried[r->tried_count++] = server;
    replay_trail(r, r->setup->servers[server].label);
    e->server = server;
    host_start(&r->host, (uint32_t)server, &e->request, how);
}

void replay_start(struct replay *r, struct exchange *e, int32_t server)
{
    replay_start_how(r, e, server, LB_BY_PICK);
}

void replay_give_up(struct replay *r, struct exchange *e, enum lb_end end, bool failed)
{
    const struct lb_outcome outcome = {.end = end, .failed = failed, .sent = r->host.now};
    host_finish(&r->host, (uint32_t)e->server, &outcome);
    e->server = -1;
}

void replay_wait(struct replay *r, struct exchange *e, int32_t server)
{
    uint32_t line = server < 0 ? WAITING_FRESH : r->waiting.own + (uint32_t)server;
    if (server >= 0)
        host_row(&r->host, (uint32_t)server)->queued++;
    e->node = waiting_join(&r->waiting, line, r->tier, (uint32_t)(e - r->connections));
}

/* The request leaves the waiting room for the server. */
static struct exchange *leave_line(struct replay *r, uint32_t node, uint32_t server)
{
    struct exchange *e = &r->connections[r->waiting.nodes[node].request];
    waiting_leave(&r->waiting, node);
    e->node = WAITING_NONE;
    e->server = (int32_t)server;
    e->status = 200;
    return e;
}

void replay_serve(struct replay *r, uint32_t server)
{
    struct lb_backend *row = host_row(&r->host, server);
    if (r->setup->one_backup && row->max_in_flight == 0)
        return; /* HAProxy 2.6 gives those who wait to servers with a limit */
    while (!lb_full(row)) {
        uint32_t own = waiting_first(&r->waiting, r->waiting.own + server);
        uint32_t common = waiting_first(&r->waiting, WAITING_FRESH);
        const struct waiting_node *nodes = r->waiting.nodes;
        if (common != WAITING_NONE && !host_takes(&r->host, server))
            common = WAITING_NONE;
        if (own == WAITING_NONE && common == WAITING_NONE)
            return;
        bool mine = common == WAITING_NONE ||
                    (own != WAITING_NONE && nodes[own].order < nodes[common].order);
        row->queued -= mine ? 1U : 0U;
        const struct exchange *e = leave_line(r, mine ? own : common, server);
        host_start(&r->host, server, &e->request, LB_BY_QUEUE);
    }
}

void replay_grab(struct replay *r, uint32_t server)
{
    const struct lb_backend *row = host_row(&r->host, server);
    uint32_t taken = 0, node;
    while ((node = waiting_first(&r->waiting, WAITING_FRESH)) != WAITING_NONE &&
           host_takes(&r->host, server) &&
           (row->max_in_flight == 0 || row->in_flight + taken < row->max_in_flight)) {
        leave_line(r, node, server)->uncounted = true;
        taken++;
    }
    r->host.servers[server].uncounted += taken;
}

/* A request of a balancer that is nothing but its algorithm: one pick, one try. */
void plain_request(struct replay *r, struct exchange *e)
{
    int32_t server = replay_pick(r, e);
    if (server == LB_WAIT) {
        replay_wait(r, e, -1);
    } else if (server < 0) {
        e->status = r->setup->product->nobody;
    } else if (lb_full(host_row(&r->host, (uint32_t)server))) {
        replay_wait(r, e, server);
    } else {
        replay_start(r, e, server);
        e->status = host_answer(&r->host, (uint32_t)server);
        if (e->status != HOST_REFUSES)
            return;
        replay_give_up(r, e, LB_END_REFUSED, true);
        e->status = r->setup->product->nobody;
    }
}

/* --- kinds ------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    int (*run)(struct replay *r, struct lb_error *error);
} kinds[] = {
    {"sequence", kind_rows}, {"keyed", kind_rows},    {"hold", kind_rows},
    {"time", kind_rows},     {"events", kind_rows},   {"session", kind_rows},
    {"checks", kind_checks}, {"counts", kind_counts}, {"table", kind_table},
    {"steps", kind_steps},
};

int kind_fail(const struct replay *r, uint32_t row, struct lb_error *error, const char *format, ...)
{
    char text[sizeof error->text - 32];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return recording_fail(r->recording, recording_row_line(r->recording, row), error, "%s", text);
}

void kind_decide(struct replay *r, uint32_t row, const char *expected, const char *decided)
{
    struct replay_result *result = r->result;
    result->total++;
    if (strcmp(expected, decided) == 0) {
        result->equal++;
    } else if (result->line == 0) {
        result->line = recording_row_line(r->recording, row);
        text_addf(&result->expected, "%s", expected);
        text_addf(&result->decided, "%s", decided);
        if (r->host.setup != NULL)
            host_describe(&r->host, &result->state);
    }
}

static int run(struct replay *r, struct lb_error *error)
{
    const char *names[16];
    uint32_t count = 0;
    const struct recording_header *kind = recording_find(r->recording, "kind");
    if (kind == NULL)
        return recording_fail(r->recording, 1, error, "expected a line '# kind: ...'");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        names[count++] = kinds[i].name;
        if (strcmp(kinds[i].name, kind->value) != 0)
            continue;
        (void)snprintf(r->result->kind, sizeof r->result->kind, "%s", kind->value);
        return kinds[i].run(r, error);
    }
    const char *near = text_nearest(kind->value, names, count);
    return recording_fail(r->recording, kind->line, error, "unknown kind '%.60s'; %s%s",
                          kind->value,
                          near != NULL ? "did you mean " : "see 'lbsim help replay' for all",
                          near != NULL ? near : "");
}

/* Forgets all that one run of the recording has left. */
static void forget(struct replay *r)
{
    if (r->host.setup != NULL)
        host_close(&r->host);
    waiting_done(&r->waiting);
    affinity_table_done(&r->sticks);
    free(r->connections);
    free(r->tried);
    text_done(&r->trail);
    text_done(&r->set_cookie);
    *r = (struct replay){.recording = r->recording, .setup = r->setup, .result = r->result};
}

/* Runs the recording afresh with these sizes of an exchange. */
static int run_with(struct replay *r, struct setup *setup, uint64_t request, uint64_t response,
                    struct lb_error *error)
{
    setup->bytes.request = request;
    setup->bytes.response = response;
    forget(r);
    replay_done(r->result);
    *r->result = (struct replay_result){.algorithm = r->result->algorithm};
    return run(r, error);
}

/*
 * The sizes of an exchange that bytraffic counts, where they were not recorded: those assumed if they
 * explain all picks; else those, of all that are likely, that explain the most, the assumed ones and
 * then the smallest among equals. Sixty picks say far more than two sizes can be bent to.
 */
static int run_guessing(struct replay *r, struct setup *setup, struct lb_error *error)
{
    static const uint64_t status_lines[] = {13, 15, 12, 14, 17};
    const struct setup_bytes assumed = setup->bytes;
    struct setup_bytes best = assumed;
    int status = run(r, error);
    uint64_t most = r->result->equal;
    bool recorded = recording_column(r->recording, "body_bytes") >= 0;
    if (status != 0 || !recorded || most == r->result->total ||
        (uint64_t)r->recording->row_count * setup->server_count > GUESS_WORK_MAX)
        return status;
    for (size_t k = 0; k < sizeof status_lines / sizeof status_lines[0]; k++)
        for (uint64_t request = GUESS_MIN; request <= GUESS_MAX && status == 0; request++) {
            status = run_with(r, setup, request, status_lines[k], error);
            if (r->result->equal > most) {
                most = r->result->equal;
                best.request = request;
                best.response = status_lines[k];
            }
        }
    return status == 0 ? run_with(r, setup, best.request, best.response, error) : status;
}

/* What bytraffic counts was not recorded, so up to half of the picks may differ: as many as an
 * independent model that knew the bodies only. */
static void allow(struct replay *r)
{
    struct replay_result *result = r->result;
    if (strcmp(result->algorithm, "apache-bytraffic") != 0 || r->setup->bytes.given)
        return;
    result->allowed = result->total / 2;
    text_addf(&result->note,
              "up to %llu may differ, because the bytes of requests were not recorded (%llu are "
              "assumed)",
              (unsigned long long)result->allowed, (unsigned long long)r->setup->bytes.request);
}

/* What has been read, or could not be: status says which. Takes the recording away. */
static int replay_recording(struct recording *recording, int status, struct replay_result *result,
                            struct lb_error *error)
{
    struct setup setup = {.recording = NULL};
    struct replay r = {.recording = recording, .setup = &setup, .result = result};
    if (status == 0)
        status = setup_read(&setup, recording, error) == 0 ? 0 : 2;
    if (status == 0 && setup.algorithm != NULL)
        result->algorithm = setup.algorithm->name;
    bool guess = strcmp(result->algorithm, "apache-bytraffic") == 0 && !setup.bytes.given;
    if (status == 0 && (guess ? run_guessing(&r, &setup, error) : run(&r, error)) != 0)
        status = 2;
    if (status == 0)
        allow(&r);
    forget(&r);
    setup_done(&setup);
    recording_done(recording);
    return status;
}

int replay_file(const char *path, struct replay_result *result, struct lb_error *error)
{
    struct recording recording;
    *result = (struct replay_result){.algorithm = ""};
    int status = recording_read(&recording, path, error);
    return replay_recording(&recording, status, result, error);
}

int replay_text(const char *name, const char *text, size_t size, struct replay_result *result,
                struct lb_error *error)
{
    struct recording recording;
    *result = (struct replay_result){.algorithm = ""};
    int status = recording_take(&recording, name, text, size, error);
    return replay_recording(&recording, status, result, error);
}

void replay_done(struct replay_result *result)
{
    text_done(&result->expected);
    text_done(&result->decided);
    text_done(&result->state);
    text_done(&result->note);
}
