/* See call.h: a recursive descent over at most TREE_SCALAR_MAX bytes, CALL_DEPTH_MAX deep. */
#include "sim/scenario/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/scenario/diagnose.h"

struct parsing {
    struct arena *arena;
    const char *text;
    size_t size, at;
    uint32_t depth;
    struct call_error *error;
};

__attribute__((format(printf, 4, 5))) static void *fail(struct parsing *p, size_t offset,
                                                        size_t length, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    p->error->offset = offset;
    p->error->length = length > 0 ? length : 1;
    p->error->help = NULL;
    (void)vsnprintf(p->error->message, sizeof p->error->message, format, list);
    va_end(list);
    return NULL;
}

static void skip_space(struct parsing *p)
{
    while (p->at < p->size && strchr(" \t\n", p->text[p->at]) != NULL && p->text[p->at] != '\0')
        p->at++;
}

static bool looking_at(const struct parsing *p, char c)
{
    return p->at < p->size && p->text[p->at] == c;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool starts_number(char c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.';
}

/* Bytes of the word at p->at: up to a delimiter of the grammar. */
static size_t word_size(const struct parsing *p)
{
    size_t i = p->at;
    while (i < p->size && p->text[i] != '\0' && strchr(" \t\n(),=\"", p->text[i]) == NULL)
        i++;
    return i - p->at;
}

static struct call *parse_value(struct parsing *p);

static struct call *parse_string(struct parsing *p, struct call *call)
{
    size_t start = ++p->at;
    while (p->at < p->size && p->text[p->at] != '"')
        p->at++;
    if (p->at == p->size)
        return fail(p, start - 1, p->size - start + 1, "a closing \" is missing");
    call->kind = CALL_STRING;
    call->text = arena_copy(p->arena, p->text + start, p->at - start);
    call->end = ++p->at;
    return call;
}

static struct call *parse_quantity(struct parsing *p, struct call *call)
{
    size_t size = word_size(p);
    struct quoted word = quote(p->text + p->at, size);
    switch (quantity_read(p->text + p->at, size, &call->quantity)) {
    case QUANTITY_FINE:
        break;
    case QUANTITY_TOO_MUCH:
        return fail(p, p->at, size, "%s is too large", word.text);
    case QUANTITY_NO_UNIT:
    case QUANTITY_SPACE:
        (void)fail(p, p->at, size, "%s does not end in a unit", word.text);
        p->error->help = "units are ns us ms s min h, /s /min /h, %, KiB MiB, or none";
        return NULL;
    default:
        return fail(p, p->at, size, "%s is not a number", word.text);
    }
    call->kind = CALL_QUANTITY;
    call->text = arena_copy(p->arena, p->text + p->at, size);
    p->at += size;
    call->end = p->at;
    return call;
}

/* One argument: an optional key or share, then a value. */
static struct call *parse_arg(struct parsing *p)
{
    size_t start = p->at, size = word_size(p);
    const char *key = NULL;
    if (p->at < p->size && is_letter(p->text[p->at])) {
        p->at += size;
        skip_space(p);
        if (looking_at(p, '=')) {
            key = arena_copy(p->arena, p->text + start, size);
            p->at++;
            skip_space(p);
        } else {
            p->at = start;
        }
    }
    struct call *call = parse_value(p);
    if (call == NULL)
        return NULL;
    if (call->kind == CALL_QUANTITY && key == NULL) {
        skip_space(p);
        if (p->at < p->size && is_letter(p->text[p->at])) {
            struct quantity share = call->quantity;
            if (share.kind != QUANTITY_SHARE)
                return fail(p, start, size, "a share in %% is expected before a name");
            call = parse_value(p);
            if (call == NULL)
                return NULL;
            call->shared = true;
            call->share = share.value;
        }
    }
    call->key = key;
    call->key_at = start;
    return call;
}

static struct call *missing(struct parsing *p, size_t open)
{
    if (p->at < p->size)
        return fail(p, p->at, 1, "',' or ')' is expected here");
    (void)fail(p, open, 1, "the ')' of this '(' is missing");
    return NULL;
}

static struct call *parse_args(struct parsing *p, struct call *call)
{
    size_t open = p->at++;
    struct call **last = &call->args;
    call->parentheses = true;
    if (++p->depth > CALL_DEPTH_MAX)
        return fail(p, open, 1, "more than %u levels of ( )", CALL_DEPTH_MAX);
    skip_space(p);
    while (!looking_at(p, ')')) {
        if (call->arg_count >= CALL_ARGS_MAX)
            return fail(p, p->at, 1, "more than %u arguments", CALL_ARGS_MAX);
        struct call *arg = parse_arg(p);
        if (arg == NULL)
            return NULL;
        for (const struct call *a = call->args; a != NULL && arg->key != NULL; a = a->next)
            if (a->key != NULL && strcmp(a->key, arg->key) == 0)
                return fail(p, arg->key_at, strlen(arg->key), "%s is given twice",
                            quote(arg->key, strlen(arg->key)).text);
        *last = arg;
        last = &arg->next;
        call->arg_count++;
        skip_space(p);
        if (looking_at(p, ',')) {
            size_t comma = p->at++;
            skip_space(p);
            if (looking_at(p, ')'))
                return fail(p, comma, 1, "a value is missing after this comma");
        } else if (!looking_at(p, ')')) {
            return missing(p, open);
        }
    }
    p->depth--;
    call->end = ++p->at;
    return call;
}

static struct call *unexpected(struct parsing *p)
{
    size_t size = text_utf8_length(p->text + p->at, p->size - p->at);
    size = size > 0 ? size : 1;
    return fail(p, p->at, size, "%s is not expected here", quote(p->text + p->at, size).text);
}

static struct call *parse_value(struct parsing *p)
{
    struct call *call = arena_need(p->arena, 1, sizeof *call);
    call->start = call->key_at = p->at;
    if (p->at >= p->size)
        return fail(p, p->size, 1, "something is missing at the end");
    char c = p->text[p->at];
    if (c == '"')
        return parse_string(p, call);
    if (starts_number(c))
        return parse_quantity(p, call);
    size_t size = word_size(p);
    if (size == 0)
        return unexpected(p);
    if (!is_letter(c))
        return fail(p, p->at, size, "%s is not a name", quote(p->text + p->at, size).text);
    call->kind = CALL_NAME;
    call->text = arena_copy(p->arena, p->text + p->at, size);
    p->at += size;
    call->end = p->at;
    if (looking_at(p, '('))
        return parse_args(p, call);
    return call;
}

struct call *call_parse(struct arena *arena, const char *text, size_t size,
                        struct call_error *error)
{
    struct parsing p = {.arena = arena, .text = text, .size = size, .error = error};
    skip_space(&p);
    struct call *call = parse_value(&p);
    if (call == NULL)
        return NULL;
    skip_space(&p);
    if (p.at < p.size)
        return fail(&p, p.at, p.size - p.at, "%s is too much",
                    quote(text + p.at, p.size - p.at).text);
    return call;
}

const struct call *call_arg(const struct call *call, const char *key)
{
    for (const struct call *arg = call->args; arg != NULL; arg = arg->next)
        if (arg->key != NULL && strcmp(arg->key, key) == 0)
            return arg;
    return NULL;
}
