/*
 * What happened, as spans of time: a backend that was killed is down until it is restored.
 *
 * The idea: commands of the timeline (or of a person) open a span at their backend and end the one
 * that was open; spans of several backends with the same ends become one. Each span gets the first
 * lane in which its bar and its text meet no other.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reports/chart.h"

/* The state a command puts a backend into; NULL = back to normal, "" = not about a state. */
static const char *state_after(const char *command)
{
    static const char *const states[][2] = {
        {"kill", "down"}, {"hang", "hung"},      {"isolate", "cut off"},
        {"slow", "slow"}, {"drain", "draining"}, {"restore", NULL},
    };
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (strcmp(states[i][0], command) == 0)
            return states[i][1];
    return "";
}

static void add_stretch(struct stretches *list, const struct report_event *event, const char *state,
                        double until)
{
    list->at = text_need_more(list->at, (list->count + 1) * sizeof *list->at);
    list->at[list->count++] = (struct stretch){.from = event->at_s,
                                               .until = until,
                                               .backend = event->backend,
                                               .name = event->name,
                                               .state = state};
}

/* The state an event puts its backend into; NULL = the usual one, "" = it is not about that. */
static const char *state_of(const struct report_event *event, bool belief)
{
    if (event->backend < 0 || event->name == NULL)
        return "";
    if (!belief)
        return strcmp(event->kind, "command") == 0 ? state_after(event->what) : "";
    if (event->belief_to == NULL)
        return "";
    bool up = strcmp(event->belief_to, "up") == 0 || strcmp(event->belief_to, "warming") == 0;
    return up ? NULL : event->belief_to;
}

void stretches_find(struct stretches *list, const struct report_run *run, bool belief)
{
    double until_s = run->duration_s;
    *list = (struct stretches){0};
    for (uint32_t i = 0; i < run->event_count; i++) {
        const struct report_event *e = &run->event[i];
        const char *state = state_of(e, belief);
        if (state != NULL && state[0] == '\0')
            continue;
        for (uint32_t k = 0; k < list->count; k++) /* what was open ends here */
            if (list->at[k].backend == e->backend && list->at[k].until >= until_s)
                list->at[k].until = e->at_s;
        if (state != NULL && e->at_s < until_s)
            add_stretch(list, e, state, until_s);
    }
}

void stretches_done(struct stretches *list)
{
    free(list->at);
    *list = (struct stretches){0};
}

static bool same_span(const struct stretch *a, const struct stretch *b)
{
    return a->from == b->from && a->until == b->until && strcmp(a->state, b->state) == 0;
}

static void add_span(struct spans *spans, double from, double until, bool instant, char *text)
{
    spans->at = text_need_more(spans->at, (spans->count + 1) * sizeof *spans->at);
    spans->at[spans->count++] =
        (struct span){.from = from, .until = until, .text = text, .instant = instant};
}

/* Stretch i and all that are the same: "web1, web2 down", or "8 backends down". */
static void merge_stretches(struct spans *spans, const struct stretches *list, uint32_t i)
{
    struct text text;
    uint32_t same = 0;
    text_init(&text);
    for (uint32_t k = i; k < list->count; k++) {
        if (!same_span(&list->at[i], &list->at[k]))
            continue;
        text_addf(&text, "%s%s", same > 0 ? ", " : "", list->at[k].name);
        same++;
    }
    if (same > 3) {
        text_clear(&text);
        text_addf(&text, "%" PRIu32 " backends", same);
    }
    text_addf(&text, " %s", list->at[i].state);
    add_span(spans, list->at[i].from, list->at[i].until, false, text_copy(text.data));
    text_done(&text);
}

static void add_instants(struct spans *spans, const struct report_run *run)
{
    for (uint32_t i = 0; i < run->event_count; i++) {
        const struct report_event *e = &run->event[i];
        const char *state = state_after(e->what);
        if (strcmp(e->kind, "command") != 0 || state == NULL || state[0] != '\0' ||
            e->at_s >= run->duration_s)
            continue;
        struct text text;
        text_init(&text);
        text_addf(&text, "%s%s%s", e->target, e->target[0] != '\0' ? ": " : "", e->text);
        add_span(spans, e->at_s, e->at_s, true, text_copy(text.data));
        text_done(&text);
    }
}

static int by_time(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return strcmp(x->text, y->text);
}

/* From right to left: a span lies above every later one that starts before its text ends, so that
 * no line crosses a text. */
static void choose_lanes(struct spans *spans, double until_s, double width, double size,
                         int lanes_max)
{
    for (uint32_t i = spans->count; i-- > 0;) {
        struct span *span = &spans->at[i];
        double left = span->from / until_s * width, right = span->until / until_s * width;
        double wide = chart_text_width(chart_columns(span->text), size);
        double start = left + wide > width ? (wide > width ? 0.0 : width - wide) : left;
        span->text_from = start / width * until_s;
        span->start = start < left ? start : left;
        span->end = (start + wide > right ? start + wide : right) + 8.0;
        for (uint32_t k = i + 1; k < spans->count; k++)
            if (spans->at[k].lane >= span->lane && spans->at[k].start < span->end)
                span->lane = spans->at[k].lane + 1;
        if (span->lane >= lanes_max) {
            span->lane = -1;
            spans->hidden++;
        }
        spans->lanes = span->lane >= spans->lanes ? span->lane + 1 : spans->lanes;
    }
}

void spans_find(struct spans *spans, const struct report_run *run, double until_s, double width,
                double size, int lanes_max)
{
    struct stretches list;
    *spans = (struct spans){0};
    stretches_find(&list, run, false);
    for (uint32_t i = 0; i < list.count; i++) {
        bool first = true;
        for (uint32_t k = 0; k < i && first; k++)
            first = !same_span(&list.at[k], &list.at[i]);
        if (first && list.at[i].until > list.at[i].from)
            merge_stretches(spans, &list, i);
    }
    stretches_done(&list);
    add_instants(spans, run);
    if (spans->count > 1)
        qsort(spans->at, spans->count, sizeof *spans->at, by_time);
    choose_lanes(spans, until_s, width, size, lanes_max);
}

void spans_done(struct spans *spans)
{
    for (uint32_t i = 0; i < spans->count; i++)
        free(spans->at[i].text);
    free(spans->at);
    *spans = (struct spans){0};
}
