/* See cell.h. */
#include "reports/cell.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/units.h"

/* Bytes of the longest beginning of a safe string that takes at most `columns` columns. */
static size_t fitting(const char *safe, size_t columns)
{
    size_t size = strlen(safe), end = 0;
    while (end < size) {
        size_t next = text_utf8_length(safe + end, size - end);
        if (next == 0 || text_width(safe, end + next) > columns)
            break;
        end += next;
    }
    return end;
}

size_t cell_cut(struct text *to, const char *name, size_t columns)
{
    size_t size = strlen(name), taken = size > 4096 ? 4096 : size;
    char *safe = text_need(taken + 1);
    text_escape(safe, taken + 1, name, taken);
    size_t end = strlen(safe);
    bool cut = taken < size || text_width(safe, end) > columns;
    if (cut)
        end = fitting(safe, columns > 3 ? columns - 3 : columns);
    text_add(to, safe, end);
    size_t width = text_width(safe, end);
    free(safe);
    if (!cut || columns <= 3)
        return width;
    text_add(to, "...", 3);
    return width + 3;
}

void cell_left(struct text *to, const char *name, size_t columns)
{
    size_t width = cell_cut(to, name, columns);
    text_addf(to, "%*s", (int)(columns - width), "");
}

void cell_right(struct text *to, const char *word, size_t columns)
{
    text_addf(to, "%*s", (int)columns, word);
}

void cell_csv(struct text *to, const char *value)
{
    bool quote = strpbrk(value, ",\"\r\n") != NULL;
    text_addf(to, "%s", quote ? "\"" : "");
    for (const char *c = value; *c != '\0'; c++)
        text_add(to, *c == '"' ? "\"\"" : c, *c == '"' ? 2 : 1);
    text_addf(to, "%s", quote ? "\"" : "");
}

const char *cell_ms(char *buf, size_t size, double ms)
{
    if (!isfinite(ms))
        (void)snprintf(buf, size, "-");
    else
        units_format(buf, size, units_from_ns(ms * 1e6));
    return buf;
}

const char *cell_rate(char *buf, size_t size, double per_second)
{
    if (!isfinite(per_second))
        (void)snprintf(buf, size, "-");
    else
        (void)snprintf(buf, size, "%.4g/s", per_second);
    return buf;
}

const char *cell_share(char *buf, size_t size, double share)
{
    if (!isfinite(share))
        (void)snprintf(buf, size, "-");
    else
        (void)snprintf(buf, size, "%.3g %%", 100.0 * share);
    return buf;
}

const char *cell_number(char *buf, size_t size, double value)
{
    if (!isfinite(value))
        (void)snprintf(buf, size, "-");
    else
        (void)snprintf(buf, size, "%.3g", value);
    return buf;
}

const char *cell_value(char *buf, size_t size, const char *unit, double value)
{
    if (strcmp(unit, "ns") == 0)
        return cell_ms(buf, size, value / 1e6);
    if (strcmp(unit, "share") == 0)
        return cell_share(buf, size, value);
    if (strcmp(unit, "per second") == 0)
        return cell_rate(buf, size, value);
    if (!isfinite(value))
        (void)snprintf(buf, size, "-");
    else
        (void)snprintf(buf, size, "%.4g", value);
    return buf;
}
