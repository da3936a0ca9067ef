/*
 * Access logs: the common and combined formats of Apache and nginx, and the HTTP format of HAProxy.
 *
 *   10.1.2.3 - - [10/Oct/2000:13:55:36 -0700] "GET /a?b HTTP/1.0" 200 2326 "referer" "agent"
 *   ... haproxy[1]: 10.0.1.2:33317 [06/Feb/2009:12:14:14.655] in web/srv1 10/0/30/69/109 200 2750 ...
 *       "GET /index.html HTTP/1.1"
 *
 * Taken are client, time and path, without its query. How long a request took is not: it has the
 * waiting of that day in it, and is not its work.
 */
#include <string.h>

#include "sim/base/units.h"
#include "sim/scenario/trace.h"

/* --- dates -------------------------------------------------------------------------------------- */

struct cursor {
    const char *at, *end;
};

static bool take(struct cursor *c, char wanted)
{
    if (c->at == c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

/* So many digits, at most most. */
static bool digits(struct cursor *c, int count, int most, int *value)
{
    *value = 0;
    for (int i = 0; i < count; i++, c->at++) {
        if (c->at == c->end || *c->at < '0' || *c->at > '9')
            return false;
        *value = *value * 10 + (*c->at - '0');
    }
    return *value <= most;
}

/* Days since 1970-01-01 (H. Hinnant, "chrono-compatible low-level date algorithms"). */
static int64_t days(int year, int month, int day)
{
    year -= month <= 2;
    int64_t era = year / 400, of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* ".655", if it is there. */
static bool fraction(struct cursor *c, lb_time *ns)
{
    if (!take(c, '.'))
        return false;
    lb_time unit = UNITS_S;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
        unit /= 10;
        *ns += unit * (*c->at - '0');
    }
    return true;
}

/* "-0700", "+07:00", "Z" or nothing: seconds east. */
static bool zone(struct cursor *c, int *east)
{
    int hours, minutes;
    *east = 0;
    (void)take(c, ' ');
    if (c->at == c->end || take(c, 'Z'))
        return true;
    bool west = *c->at == '-';
    if (!west && *c->at != '+')
        return false;
    c->at++;
    if (!digits(c, 2, 14, &hours))
        return false;
    (void)take(c, ':');
    if (!digits(c, 2, 59, &minutes))
        return false;
    *east = (west ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
}

/* "13:55:36", its fraction and its zone, on a day. */
static bool finish(struct cursor *c, int64_t day, lb_time *out, bool *whole)
{
    int hour, minute, second, east;
    lb_time ns = 0;
    if (!digits(c, 2, 23, &hour) || !take(c, ':') || !digits(c, 2, 59, &minute) || !take(c, ':') ||
        !digits(c, 2, 60, &second))
        return false;
    *whole = !fraction(c, &ns);
    if (!zone(c, &east) || c->at != c->end || day < 1)
        return false;
    *out = (((day * 24 + hour) * 60 + minute) * 60 + second - east) * UNITS_S + ns;
    return true;
}

bool trace_date(const char *text, size_t size, lb_time *out, bool *whole)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct cursor c = {text, text + size};
    int day, year, month = 0;
    if (!digits(&c, 2, 31, &day) || !take(&c, '/') || c.end - c.at < 3)
        return false;
    while (month < 12 && memcmp(months + 3 * month, c.at, 3) != 0)
        month++;
    c.at += 3;
    return month < 12 && day > 0 && take(&c, '/') && digits(&c, 4, 2199, &year) && year >= 1970 &&
           take(&c, ':') && finish(&c, days(year, month + 1, day), out, whole);
}

bool trace_iso_date(const char *text, size_t size, lb_time *out, bool *whole)
{
    struct cursor c = {text, text + size};
    int day, year, month;
    return digits(&c, 4, 2199, &year) && year >= 1970 && take(&c, '-') &&
           digits(&c, 2, 12, &month) && month > 0 && take(&c, '-') && digits(&c, 2, 31, &day) &&
           day > 0 && (take(&c, 'T') || take(&c, ' ')) &&
           finish(&c, days(year, month, day), out, whole);
}

/* --- lines -------------------------------------------------------------------------------------- */

struct trace_span trace_path_of(const char *request, size_t size)
{
    const char *end = request + size, *from = memchr(request, ' ', size);
    struct trace_span path = {.at = request};
    if (from == NULL || from + 1 == end || from[1] != '/')
        return path;
    path.at = from + 1;
    while (path.at + path.size < end && strchr(" ?#", path.at[path.size]) == NULL)
        path.size++;
    return path;
}

/* What stands between two quotes at `from`, a backslash takes the next byte along; NULL = not there. */
static const char *quoted(const char *from, const char *end, struct trace_span *inside)
{
    if (from == end || *from != '"')
        return NULL;
    inside->at = ++from;
    while (from < end && *from != '"')
        from += *from == '\\' && from + 1 < end ? 2 : 1;
    if (from >= end)
        return NULL;
    inside->size = (size_t)(from - inside->at);
    return from + 1;
}

bool trace_clf_line(char *line, size_t size, bool combined, struct trace_line *out,
                    const char **why)
{
    const char *end = line + size, *open = memchr(line, '[', size);
    const char *space = memchr(line, ' ', size);
    struct trace_span request, agent;
    *out = (struct trace_line){.count = TRACE_NO_COUNT, .work = TRACE_NO_WORK};
    *why = "this is not a line of an access log: HOST IDENT USER [DATE] \"REQUEST\" STATUS BYTES";
    if (open == NULL || space == NULL || space == line || space > open)
        return false;
    out->client = (struct trace_span){line, (size_t)(space - line)};
    const char *close = memchr(open, ']', (size_t)(end - open));
    if (close == NULL || end - close < 3)
        return false;
    if (!trace_date(open + 1, (size_t)(close - open) - 1, &out->at, &out->whole_second)) {
        *why = "this is not a date as in [10/Oct/2000:13:55:36 -0700]";
        return false;
    }
    const char *rest = quoted(close + 2, end, &request);
    if (close[1] != ' ' || rest == NULL || end - rest < 4 || *rest != ' ' || rest[1] < '0' ||
        rest[1] > '9')
        return false;
    out->path = trace_path_of(request.at, request.size);
    if (!combined)
        return true;
    *why = "referer and user agent are missing: is it format=common?";
    rest = memchr(rest, '"', (size_t)(end - rest));
    rest = rest == NULL ? NULL : quoted(rest, end, &agent);
    return rest != NULL && end - rest >= 3 && *rest == ' ' && rest[1] == '"';
}

bool trace_haproxy_line(char *line, size_t size, struct trace_line *out, const char **why)
{
    const char *end = line + size, *open = line;
    struct trace_span request;
    *out = (struct trace_line){.count = TRACE_NO_COUNT, .work = TRACE_NO_WORK};
    *why = "this is not a line of HAProxy's HTTP log: ... CLIENT:PORT [DATE] FRONTEND ...";
    const char *close = NULL;
    while ((open = memchr(open, '[', (size_t)(end - open))) != NULL) {
        close = memchr(open, ']', (size_t)(end - open));
        if (close != NULL &&
            trace_date(open + 1, (size_t)(close - open) - 1, &out->at, &out->whole_second))
            break;
        open++;
    }
    if (open == NULL || open - line < 3 || open[-1] != ' ')
        return false;
    const char *word = open - 1, *colon = NULL;
    for (; word > line && word[-1] != ' '; word--)
        if (colon == NULL && word[-1] == ':')
            colon = word - 1;
    if (colon == NULL || colon == word)
        return false;
    out->client = (struct trace_span){word, (size_t)(colon - word)};
    const char *quote = memchr(close, '"', (size_t)(end - close));
    if (quote == NULL || quoted(quote, end, &request) == NULL) {
        *why = "there is no request in quotes: only HAProxy's HTTP log has it";
        return false;
    }
    out->path = trace_path_of(request.at, request.size);
    return true;
}
