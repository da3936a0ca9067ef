/*
 * The JSON writer: pretty enough for people (one line), exact enough for programs.
 * Source: RFC 8259; numbers: the shortest of 15, 16 and 17 digits that reads back, which is the
 * shortest there is for every normal double (15 digits always survive the way there and back).
 *
 * A run of 10,000 backends ends in 80,000 fields, which printf and a byte at a time took 9 ms for, 6 %
 * of the run; so keys, and rounded numbers of the usual size, have a way of their own: 2 ms.
 */
#include "sim/base/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"

void json_init(struct json *json)
{
    text_init(&json->text);
    json->depth = 0;
    json->comma = false;
}

void json_done(struct json *json)
{
    text_done(&json->text);
}

/* Bytes from `string` on that stand for themselves. */
static size_t json_plain(const char *string)
{
    size_t n = 0;
    for (unsigned char c = (unsigned char)string[0]; c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
         c = (unsigned char)string[n])
        n++;
    return n;
}

static void json_quote(struct text *to, const char *string)
{
    size_t size = strlen(string);
    text_add(to, "\"", 1);
    for (size_t i = 0; i < size;) {
        size_t plain = json_plain(string + i);
        text_add(to, string + i, plain);
        i += plain;
        if (i == size)
            break;
        size_t length = text_utf8_length(string + i, size - i);
        unsigned char c = (unsigned char)string[i];
        if (length == 0)
            text_add(to, "\xef\xbf\xbd", 3); /* U+FFFD */
        else if (c == '"' || c == '\\')
            text_addf(to, "\\%c", c);
        else if (c == '\n')
            text_add(to, "\\n", 2);
        else if (c == '\t')
            text_add(to, "\\t", 2);
        else if (c < 0x20 || c == 0x7f)
            text_addf(to, "\\u%04x", c);
        else if (length == 2 && c == 0xc2 && (unsigned char)string[i + 1] < 0xa0)
            text_addf(to, "\\u%04x", (unsigned char)string[i + 1]); /* C1: a terminal obeys them */
        else
            text_add(to, string + i, length);
        i += length != 0 ? length : 1;
    }
    text_add(to, "\"", 1);
}

/* What stands before every value: the comma and the key. */
static void json_lead(struct json *json, const char *key)
{
    size_t size = key != NULL ? json_plain(key) : 0;
    char *at = text_room(&json->text, size + 6), *first = at;
    memcpy(at, ", ", 2);
    at += json->comma ? 2 : 0;
    json->comma = true;
    if (key != NULL && key[size] == '\0') {
        *at++ = '"';
        memcpy(at, key, size);
        memcpy(at + size, "\": ", 3);
        at += size + 3;
    }
    *at = '\0';
    json->text.size += (size_t)(at - first);
    if (key != NULL && key[size] != '\0') {
        json_quote(&json->text, key);
        text_add(&json->text, ": ", 2);
    }
}

static void json_open(struct json *json, const char *key, const char *bracket)
{
    json_lead(json, key);
    text_add(&json->text, bracket, 1);
    json->depth++;
    json->comma = false;
}

static void json_close(struct json *json, const char *bracket)
{
    lb_assert(json->depth > 0);
    text_add(&json->text, bracket, 1);
    json->depth--;
    json->comma = true;
}

void json_object(struct json *json, const char *key)
{
    json_open(json, key, "{");
}

void json_list(struct json *json, const char *key)
{
    json_open(json, key, "[");
}

void json_end_object(struct json *json)
{
    json_close(json, "}");
}

void json_end_list(struct json *json)
{
    json_close(json, "]");
}

void json_string(struct json *json, const char *key, const char *value)
{
    json_lead(json, key);
    if (value == NULL)
        text_add(&json->text, "null", 4);
    else
        json_quote(&json->text, value);
}

void json_int(struct json *json, const char *key, int64_t value)
{
    json_lead(json, key);
    text_addf(&json->text, "%" PRId64, value);
}

void json_uint(struct json *json, const char *key, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    json_lead(json, key);
    text_add(&json->text, digits + at, sizeof digits - at);
}

/* printf writes the decimal point of the locale, JSON knows only one. */
static void json_number(struct json *json, const char *key, char *digits)
{
    char *comma = strchr(digits, ',');
    if (comma != NULL)
        *comma = '.';
    json_lead(json, key);
    text_add(&json->text, digits, strlen(digits));
}

/* What is not known has no field; in a list it keeps its place. */
static bool json_finite(struct json *json, const char *key, double value)
{
    if (isfinite(value))
        return true;
    if (key == NULL)
        json_string(json, NULL, NULL);
    return false;
}

void json_double(struct json *json, const char *key, double value)
{
    if (!json_finite(json, key, value))
        return;
    char digits[40];
    for (int n = isnormal(value) || value == 0 ? 15 : 1; n <= 17; n++) {
        (void)snprintf(digits, sizeof digits, "%.*g", n, value);
        double back = strtod(digits, NULL);
        if (memcmp(&back, &value, sizeof back) == 0)
            break;
    }
    json_number(json, key, digits);
}

/* What printf makes of "%.*g", for at most 9 digits of a number without an exponent; false when it is
 * none, or so near to the middle between two decimals that only exact arithmetic tells which. The
 * product below is off by at most 1 in 2^53, and so by less than 2e-7. */
static bool json_decimal(char *to, double value, int digits)
{
    static const double tens[] = {1e-4, 1e-3, 1e-2, 1e-1, 1e0, 1e1,  1e2,  1e3, 1e4,
                                  1e5,  1e6,  1e7,  1e8,  1e9, 1e10, 1e11, 1e12};
    double size = fabs(value);
    if (size == 0 && !signbit(value)) {
        memcpy(to, "0", 2);
        return true;
    }
    if (!(size >= 1e-4 && size < 1e9) || digits > 9)
        return false;
    int point = -4; /* of the first digit: 10^point */
    while (size >= tens[point + 5])
        point++;
    int shift = digits - 1 - point;
    double shifted = shift >= 0 ? size * tens[shift + 4] : size / tens[4 - shift];
    uint64_t whole = (uint64_t)shifted;
    double rest = shifted - (double)whole;
    if (fabs(rest - 0.5) < 1e-4)
        return false;
    whole += rest > 0.5;
    point += (double)whole >= tens[digits + 4]; /* 999.6 is 1000 */
    if (point >= digits)
        return false;
    char figures[24];
    int count = 0, first = sizeof figures;
    for (; whole != 0; whole /= 10)
        if (count != 0 || whole % 10 != 0) { /* no zeros at the end */
            figures[--first] = (char)('0' + whole % 10);
            count++;
        }
    if (value < 0)
        *to++ = '-';
    for (int i = point < 0 ? point : 0; i < count || i <= point; i++) {
        if (i == point + 1)
            *to++ = '.';
        *to++ = i < 0 || i >= count ? '0' : figures[first + i];
    }
    *to = '\0';
    return true;
}

void json_round(struct json *json, const char *key, double value, int digits)
{
    lb_assert(digits >= 1 && digits <= 17);
    if (!json_finite(json, key, value))
        return;
    char text[40];
    if (!json_decimal(text, value, digits))
        (void)snprintf(text, sizeof text, "%.*g", digits, value);
    json_number(json, key, text);
}

void json_bool(struct json *json, const char *key, bool value)
{
    json_lead(json, key);
    text_addf(&json->text, "%s", value ? "true" : "false");
}
