/* See words.h. */
#include "sim/replay/words.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"

#define BLANKS " \t\n\r"

bool words_split(char *text, char **word, uint32_t *count)
{
    char *rest = NULL;
    *count = 0;
    for (char *w = strtok_r(text, BLANKS, &rest); w != NULL; w = strtok_r(NULL, BLANKS, &rest)) {
        if (*count == WORDS_MAX)
            return false;
        word[(*count)++] = w;
    }
    return true;
}

bool words_number(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
    char *end;
    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || number < min || number > max)
        return false;
    *value = number;
    return true;
}

bool words_real(const char *text, double *value)
{
    char *end;
    if (strspn(text, "+-0123456789.eE") != strlen(text) || text[0] == '\0')
        return false;
    *value = strtod(text, &end);
    return *end == '\0' && isfinite(*value);
}

bool words_time(const char *text, lb_time plain, lb_time *value)
{
    static const struct {
        const char *unit;
        lb_time ns;
    } units[] = {{"us", 1000},
                 {"ms", 1000000},
                 {"s", 1000000000},
                 {"m", INT64_C(60000000000)},
                 {"h", INT64_C(3600000000000)},
                 {"d", INT64_C(86400000000000)}};
    const lb_time limit = INT64_C(3650) * 86400 * 1000000000;
    size_t digits = strspn(text, "0123456789");
    char number[20];
    uint64_t count;
    if (digits == 0 || digits >= sizeof number)
        return false;
    memcpy(number, text, digits);
    number[digits] = '\0';
    lb_time ns = text[digits] == '\0' ? plain : 0;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(text + digits, units[i].unit) == 0)
            ns = units[i].ns;
    if (ns == 0 || !words_number(number, 0, (uint64_t)(limit / ns), &count))
        return false;
    *value = (lb_time)count * ns;
    return true;
}

const char *words_after(const char *word, const char *name)
{
    size_t length = strlen(name);
    return strncmp(word, name, length) == 0 && word[length] == '=' ? word + length + 1 : NULL;
}

void words_unfold(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; to++) {
        bool fold = from[0] == '\\' && from[1] == 'n';
        *to = *from == '\\' && fold ? '\n' : *from;
        from += fold ? 2 : 1;
    }
    *to = '\0';
}

/* --- JSON, as far as it is needed ------------------------------------------------------------- */

static char *skip(char *at)
{
    return at + strspn(at, BLANKS);
}

/* A string or another scalar at *at, cut in place; *at goes on behind it. The character behind a
 * bare word is kept in *next, because the cut takes its place. */
static const char *scalar(char **at, char *next)
{
    char *from = *at;
    if (*from == '"') {
        char *end = strpbrk(from + 1, "\"\\"); /* no escapes: names of servers need none */
        if (end == NULL || *end == '\\')
            return NULL;
        *end = '\0';
        *at = skip(end + 1);
        *next = **at;
        return from + 1;
    }
    char *end = from + strcspn(from, BLANKS ",:]}\"");
    if (end == from)
        return NULL;
    *at = skip(end);
    *next = **at;
    *end = '\0';
    return from;
}

static const char *take_items(struct words_list *list, char *at, char close, uint32_t items_max)
{
    char next = *at;
    if (next == close)
        return *skip(at + 1) == '\0' ? NULL : "nothing after the closing bracket";
    for (;;) {
        struct words_item item = {.key = NULL};
        if (close == '}') {
            if (*at != '"' || (item.key = scalar(&at, &next)) == NULL || next != ':')
                return "a name in quotes and a colon";
            at = skip(at + 1);
        }
        if ((item.value = scalar(&at, &next)) == NULL)
            return "a number, a word in quotes, true or false";
        if (list->count == items_max)
            return "fewer entries";
        if ((list->count & (list->count - 1)) == 0) {
            size_t room = list->count == 0 ? 1 : 2 * (size_t)list->count;
            list->items = text_need_more(list->items, room * sizeof *list->items);
        }
        list->items[list->count++] = item;
        if (next == close)
            return *skip(at + 1) == '\0' ? NULL : "nothing after the closing bracket";
        if (next != ',')
            return close == ']' ? "a comma or ]" : "a comma or }";
        at = skip(at + 1);
    }
}

int words_list(struct words_list *list, const char *json, uint32_t items_max, const char **wrong)
{
    *list = (struct words_list){.buffer = text_copy(json)};
    char *at = skip(list->buffer);
    *wrong = "a list [...] or an object {...} in JSON";
    if (*at == '[' || *at == '{')
        *wrong = take_items(list, skip(at + 1), *at == '[' ? ']' : '}', items_max);
    return *wrong == NULL ? 0 : -1;
}

void words_list_done(struct words_list *list)
{
    free(list->buffer);
    free(list->items);
    *list = (struct words_list){0};
}
