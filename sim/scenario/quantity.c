/*
 * See quantity.h. Digits are gathered into a 64-bit integer and scaled once by a power of ten, in
 * long double: up to 18 digits, the result is the nearest double, and times are exact to the
 * nanosecond whenever the text is.
 */
#include "sim/scenario/quantity.h"

#include <math.h>
#include <string.h>

#define DIGITS_MAX 18

static const struct unit_row {
    const char *name;
    enum quantity_kind kind;
    long double factor, divisor;
} units[] = {
    {"", QUANTITY_NUMBER, 1, 1},        {"ns", QUANTITY_TIME, 1, 1},
    {"us", QUANTITY_TIME, 1e3L, 1},     {"ms", QUANTITY_TIME, 1e6L, 1},
    {"s", QUANTITY_TIME, 1e9L, 1},      {"min", QUANTITY_TIME, 60e9L, 1},
    {"h", QUANTITY_TIME, 3600e9L, 1},   {"/s", QUANTITY_RATE, 1, 1},
    {"/min", QUANTITY_RATE, 1, 60},     {"/h", QUANTITY_RATE, 1, 3600},
    {"%", QUANTITY_SHARE, 1, 100},      {"KiB", QUANTITY_SIZE, 1024, 1},
    {"MiB", QUANTITY_SIZE, 1048576, 1},
};

const char *quantity_kind_name(enum quantity_kind kind)
{
    static const char *const names[] = {"a number", "a duration", "a rate", "a share", "a size"};
    return names[kind];
}

const char *quantity_kind_units(enum quantity_kind kind)
{
    static const char *const names[] = {"none", "ns, us, ms, s, min or h", "/s, /min or /h", "%",
                                        "KiB or MiB"};
    return names[kind];
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads the number at text; returns how many bytes it takes, 0 when there is none. */
static size_t read_number(const char *text, size_t size, uint64_t *digits, int *fraction,
                          bool *negative, bool *too_long)
{
    size_t i = 0;
    int significant = 0;
    bool point = false;
    *digits = 0;
    *fraction = 0;
    *negative = size > 0 && text[0] == '-';
    *too_long = false;
    if (size > 0 && (text[0] == '-' || text[0] == '+'))
        i = 1;
    size_t first = i;
    for (; i < size && (is_digit(text[i]) || (text[i] == '.' && !point && i > first)); i++) {
        if (text[i] == '.') {
            point = true;
            continue;
        }
        if (*digits > 0 || text[i] != '0')
            significant++;
        if (significant > DIGITS_MAX) {
            *too_long = true;
            continue;
        }
        *digits = *digits * 10 + (uint64_t)(text[i] - '0');
        *fraction += point ? 1 : 0;
    }
    bool ends_well = i > first && is_digit(text[i - 1]);
    return ends_well ? i : 0;
}

enum quantity_fault quantity_read(const char *text, size_t size, struct quantity *q)
{
    uint64_t digits;
    int fraction;
    bool negative, too_long;
    size_t used = read_number(text, size, &digits, &fraction, &negative, &too_long);
    *q = (struct quantity){.kind = QUANTITY_NUMBER};
    if (used == 0)
        return QUANTITY_NO_NUMBER;
    const struct unit_row *unit = NULL;
    size_t gap = used;
    while (gap < size && text[gap] == ' ')
        gap++;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strlen(units[i].name) == size - gap &&
            memcmp(units[i].name, text + gap, size - gap) == 0)
            unit = &units[i];
    if (unit == NULL)
        return QUANTITY_NO_UNIT;
    if (gap > used)
        return QUANTITY_SPACE;
    if (too_long || fraction > 4000)
        return QUANTITY_TOO_MUCH;
    long double value = (long double)digits * unit->factor / unit->divisor;
    value /= powl(10.0L, (long double)fraction);
    q->kind = unit->kind;
    q->whole = memchr(text, '.', used) == NULL;
    q->value = (double)(negative ? -value : value);
    if (unit->kind == QUANTITY_TIME) {
        if (value > 9.0e18L)
            return QUANTITY_TOO_MUCH;
        q->time = (lb_time)llroundl(negative ? -value : value);
        q->value = (double)q->time;
    }
    return QUANTITY_FINE;
}

int quantity_read_u64(const char *text, size_t size, uint64_t *value)
{
    uint64_t v = 0;
    for (size_t i = 0; i < size; i++) {
        if (!is_digit(text[i]))
            return -1;
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (v > (UINT64_MAX - digit) / 10)
            return -1;
        v = v * 10 + digit;
    }
    if (size == 0)
        return -1;
    *value = v;
    return 0;
}
