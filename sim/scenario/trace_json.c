/*
 * Access logs of one JSON object a line, as nginx, Caddy, Traefik and others write them. Names are
 * looked for at every depth, since some put the request into an object of its own; lists are passed
 * over. The first of a name counts.
 */
#include <string.h>

#include "sim/base/units.h"
#include "sim/scenario/trace.h"

#define DEPTH_MAX 16

enum field {
    FIELD_START,
    FIELD_TIME,
    FIELD_WORK,
    FIELD_CLIENT,
    FIELD_KEY,
    FIELD_CLASS,
    FIELD_PATH,
    FIELD_REQUEST
};

static const struct {
    const char *name;
    enum field field;
    lb_time unit; /* of numbers */
} fields[] = {
    {"t_ns", FIELD_START, 1},
    {"t_us", FIELD_START, UNITS_US},
    {"t_ms", FIELD_START, UNITS_MS},
    {"t_s", FIELD_START, UNITS_S},
    {"time", FIELD_TIME, UNITS_S},
    {"ts", FIELD_TIME, UNITS_S},
    {"msec", FIELD_TIME, UNITS_S},
    {"timestamp", FIELD_TIME, UNITS_S},
    {"@timestamp", FIELD_TIME, UNITS_S},
    {"time_iso8601", FIELD_TIME, UNITS_S},
    {"time_local", FIELD_TIME, UNITS_S},
    {"StartUTC", FIELD_TIME, UNITS_S},
    {"work_ns", FIELD_WORK, 1},
    {"work_us", FIELD_WORK, UNITS_US},
    {"work_ms", FIELD_WORK, UNITS_MS},
    {"work_s", FIELD_WORK, UNITS_S},
    {"client_ip", FIELD_CLIENT, 0},
    {"clientip", FIELD_CLIENT, 0},
    {"remote_addr", FIELD_CLIENT, 0},
    {"remote_ip", FIELD_CLIENT, 0},
    {"ClientHost", FIELD_CLIENT, 0},
    {"key", FIELD_KEY, 0},
    {"class", FIELD_CLASS, 0},
    {"path", FIELD_PATH, 0},
    {"uri", FIELD_PATH, 0},
    {"request_uri", FIELD_PATH, 0},
    {"RequestPath", FIELD_PATH, 0},
    {"request", FIELD_REQUEST, 0},
};

struct parsing {
    char *at, *end;
    struct trace_line *out;
    bool timed, fine;
    const char *why;
};

static void skip_space(struct parsing *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\t'))
        p->at++;
}

static bool broken(struct parsing *p, const char *why)
{
    p->why = why;
    p->fine = false;
    return false;
}

static bool expect(struct parsing *p, char c)
{
    skip_space(p);
    if (p->at == p->end || *p->at != c)
        return broken(p, "this is not a JSON object in one line");
    p->at++;
    return true;
}

/* A string, escapes undone in place; \u outside ASCII becomes '?'. */
static bool string(struct parsing *p, struct trace_span *s)
{
    if (!expect(p, '"'))
        return false;
    char *to = p->at;
    s->at = to;
    while (p->at < p->end && *p->at != '"') {
        char c = *p->at++;
        if (c == '\\') {
            if (p->at == p->end)
                break;
            c = *p->at++;
            if (c == 'u') {
                bool ascii = p->end - p->at >= 4 && memcmp(p->at, "00", 2) == 0 &&
                             p->at[2] >= '2' && p->at[2] <= '7' && p->at[3] >= '0' &&
                             p->at[3] <= '9';
                c = ascii ? (char)((p->at[2] - '0') * 16 + p->at[3] - '0') : '?';
                p->at += p->end - p->at >= 4 ? 4 : p->end - p->at;
            } else if (c == 'n' || c == 't' || c == 'r' || c == 'b' || c == 'f') {
                c = ' ';
            }
        }
        *to++ = c;
    }
    s->size = (size_t)(to - s->at);
    if (p->at == p->end)
        return broken(p, "a string is not closed");
    p->at++;
    return true;
}

/* A number or a word. */
static struct trace_span word(struct parsing *p)
{
    struct trace_span s = {.at = p->at};
    while (p->at < p->end && strchr(",}] \t", *p->at) == NULL)
        p->at++;
    s.size = (size_t)(p->at - s.at);
    return s;
}

static void set_span(struct trace_span *to, struct trace_span from)
{
    if (to->size == 0)
        *to = from;
}

static void set_time(struct parsing *p, enum field field, lb_time unit, struct trace_span value,
                     bool is_string)
{
    struct trace_line *out = p->out;
    if (p->timed)
        return;
    p->timed = trace_number(value.at, value.size, unit, &out->at);
    out->whole_second = field == FIELD_TIME && memchr(value.at, '.', value.size) == NULL;
    if (!p->timed && is_string && field == FIELD_TIME)
        p->timed = trace_iso_date(value.at, value.size, &out->at, &out->whole_second) ||
                   trace_date(value.at, value.size, &out->at, &out->whole_second);
    if (!p->timed)
        (void)broken(p, "this time is neither a date nor a number");
}

static void set(struct parsing *p, struct trace_span name, struct trace_span value, bool is_string)
{
    size_t i = 0, n = sizeof fields / sizeof fields[0];
    while (i < n &&
           (strlen(fields[i].name) != name.size || memcmp(fields[i].name, name.at, name.size) != 0))
        i++;
    if (i == n)
        return;
    struct trace_line *out = p->out;
    switch (fields[i].field) {
    case FIELD_START:
    case FIELD_TIME:
        set_time(p, fields[i].field, fields[i].unit, value, is_string);
        break;
    case FIELD_WORK:
        if (!trace_number(value.at, value.size, fields[i].unit, &out->work))
            (void)broken(p, "this work is not a number");
        break;
    case FIELD_CLIENT:
        set_span(&out->client, value);
        break;
    case FIELD_KEY:
        set_span(&out->key, value);
        break;
    case FIELD_CLASS:
        set_span(&out->class, value);
        break;
    case FIELD_PATH:
        if (value.size > 0 && value.at[0] == '/') {
            const char *query = memchr(value.at, '?', value.size);
            value.size = query == NULL ? value.size : (size_t)(query - value.at);
            set_span(&out->path, value);
        }
        break;
    case FIELD_REQUEST:
        set_span(&out->path, trace_path_of(value.at, value.size));
        break;
    }
}

static bool skip_list(struct parsing *p)
{
    struct trace_span ignored;
    int depth = 0;
    while (p->at < p->end) {
        char c = *p->at;
        if (c == '"') {
            if (!string(p, &ignored))
                return false;
            continue;
        }
        p->at++;
        depth += c == '[' || c == '{';
        depth -= c == ']' || c == '}';
        if (depth == 0)
            return true;
    }
    return broken(p, "a list is not closed");
}

static bool object(struct parsing *p, int depth)
{
    if (depth > DEPTH_MAX)
        return broken(p, "too deep");
    if (!expect(p, '{'))
        return false;
    skip_space(p);
    if (p->at < p->end && *p->at == '}') {
        p->at++;
        return true;
    }
    for (;;) {
        struct trace_span name, value;
        if (!string(p, &name) || !expect(p, ':'))
            return false;
        skip_space(p);
        char c = p->at < p->end ? *p->at : '\0';
        if (c == '{') {
            if (!object(p, depth + 1))
                return false;
        } else if (c == '[') {
            if (!skip_list(p))
                return false;
        } else if (c == '"') {
            if (!string(p, &value))
                return false;
            set(p, name, value, true);
        } else {
            value = word(p);
            if (value.size == 0)
                return broken(p, "a value is missing");
            set(p, name, value, false);
        }
        skip_space(p);
        if (p->fine && p->at < p->end && *p->at == ',')
            p->at++;
        else
            return p->fine && expect(p, '}');
    }
}

bool trace_json_line(char *line, size_t size, struct trace_line *out, const char **why)
{
    struct parsing p = {.at = line, .end = line + size, .out = out, .fine = true};
    *out = (struct trace_line){.count = TRACE_NO_COUNT, .work = TRACE_NO_WORK};
    bool fine = object(&p, 0);
    skip_space(&p);
    if (fine && p.at != p.end)
        fine = broken(&p, "something follows the object");
    if (fine && !p.timed)
        fine = broken(&p, "there is no time, time_local, timestamp, msec or t_s");
    *why = p.why;
    return fine;
}
