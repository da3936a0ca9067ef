/*
 * The view's log, its words for states, and the order of its rows.
 */
#include "ui/dashboard/view.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"

static const struct state_look {
    enum glyph mark;
    unsigned style;
    const char *word;
} belief_looks[BELIEFS] =
    {
        [BELIEF_UP] = {GLYPH_UP, STYLE_GOOD, "UP"},
        [BELIEF_WARMING] = {GLYPH_WARM, STYLE_WARN, "WARM"},
        [BELIEF_DRAINING] = {GLYPH_DRAIN, STYLE_WARN, "DRAIN"},
        [BELIEF_EJECTED] = {GLYPH_EJECTED, STYLE_BAD, "EJECT"},
        [BELIEF_OPEN] = {GLYPH_EJECTED, STYLE_BAD, "OPEN"},
        [BELIEF_HALF_OPEN] = {GLYPH_WARM, STYLE_WARN, "HALF"},
        [BELIEF_DOWN] = {GLYPH_DOWN, STYLE_BAD, "DOWN"},
        [BELIEF_ABSENT] = {GLYPH_DRAIN, STYLE_DIM, "OUT"},
},
  truth_looks[TRUTHS] =
      {
          [TRUTH_OK] = {GLYPH_UP, STYLE_GOOD, "ok"},
          [TRUTH_SLOW] = {GLYPH_SLOW, STYLE_WARN, "slow"},
          [TRUTH_HUNG] = {GLYPH_HUNG, STYLE_BAD, "hung"},
          [TRUTH_DOWN] = {GLYPH_DOWN, STYLE_BAD, "down"},
          [TRUTH_COLD] = {GLYPH_WARM, STYLE_WARN, "cold"},
          [TRUTH_PAUSED] = {GLYPH_PAUSE, STYLE_WARN, "stop"},
          [TRUTH_ERRORS] = {GLYPH_EJECTED, STYLE_BAD, "errs"},
          [TRUTH_LOSSY] = {GLYPH_MOMENT, STYLE_WARN, "loss"},
          [TRUTH_ISOLATED] = {GLYPH_MOMENT, STYLE_BAD, "cut"},
},
  action_looks[ACTIONS] = {
      [ACTION_KILL] = {GLYPH_DOWN, STYLE_BAD, "kill"},
      [ACTION_HANG] = {GLYPH_HUNG, STYLE_BAD, "hang"},
      [ACTION_RESTORE] = {GLYPH_UP, STYLE_GOOD, "restore"},
      [ACTION_SLOW] = {GLYPH_SLOW, STYLE_WARN, "slow"},
      [ACTION_DRAIN] = {GLYPH_DRAIN, STYLE_WARN, "drain"},
      [ACTION_WEIGHT] = {GLYPH_CHANGE, STYLE_ACCENT, "weight"},
      [ACTION_RATE] = {GLYPH_CHANGE, STYLE_ACCENT, "rate"},
      [ACTION_ALGORITHM] = {GLYPH_CHANGE, STYLE_ACCENT, "algorithm"},
      [ACTION_PAUSE] = {GLYPH_PAUSE, STYLE_WARN, "pause"},
      [ACTION_ERRORS] = {GLYPH_EJECTED, STYLE_BAD, "errors"},
      [ACTION_LOSS] = {GLYPH_MOMENT, STYLE_WARN, "loss"},
      [ACTION_ISOLATE] = {GLYPH_MOMENT, STYLE_BAD, "isolate"},
      [ACTION_FLAP] = {GLYPH_DOWN, STYLE_BAD, "flap"},
};

enum glyph view_belief_mark(enum belief belief)
{
    return belief_looks[belief].mark;
}

unsigned view_belief_style(enum belief belief)
{
    return belief_looks[belief].style;
}

const char *view_belief_word(enum belief belief)
{
    return belief_looks[belief].word;
}

enum glyph view_truth_mark(enum truth truth)
{
    return truth_looks[truth].mark;
}

const char *view_truth_word(enum truth truth)
{
    return truth_looks[truth].word;
}

unsigned view_truth_style(enum truth truth)
{
    return truth_looks[truth].style;
}

bool view_differs(enum belief belief, enum truth truth)
{
    bool held_dead = belief == BELIEF_DOWN || belief == BELIEF_EJECTED || belief == BELIEF_OPEN;
    return truth != (held_dead ? TRUTH_DOWN : TRUTH_OK);
}

static void copy_escaped(char *to, size_t size, const char *from)
{
    text_escape(to, size, from != NULL ? from : "", from != NULL ? strlen(from) : 0);
}

static struct view_event *next_event(struct view *view, lb_time at)
{
    struct view_event *event = &view->events[view->event_count++ % VIEW_EVENTS];
    *event = (struct view_event){.at = at};
    /* Who scrolled back keeps seeing the same rows. */
    if (view->events_top > 0 && view->events_top + 1 < view_event_kept(view))
        view->events_top++;
    return event;
}

void view_say(struct view *view, enum glyph mark, unsigned style, const char *subject,
              const char *word, const char *format, ...)
{
    char text[sizeof view->events[0].text];
    struct view_event *event = next_event(view, view->now);
    va_list list;
    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    event->mark = mark;
    event->style = style;
    copy_escaped(event->subject, sizeof event->subject, subject);
    copy_escaped(event->word, sizeof event->word, word);
    copy_escaped(event->text, sizeof event->text, text);
}

void view_happening(struct view *view, const struct happening *happening)
{
    struct view_event *event = next_event(view, happening->at);
    const char *subject = happening->target;
    const char *word = happening->what;
    switch (happening->kind) {
    case HAPPENING_COMMAND:
        event->mark = action_looks[happening->action].mark;
        event->style = action_looks[happening->action].style;
        event->moment = true;
        word = action_looks[happening->action].word;
        break;
    case HAPPENING_BELIEF:
        event->mark = belief_looks[happening->to].mark;
        event->style = belief_looks[happening->to].style;
        word = belief_looks[happening->to].word;
        if (happening->backend >= 0 && (uint32_t)happening->backend < view->server_count)
            subject = view->servers[happening->backend].name;
        break;
    case HAPPENING_PHASE:
        event->mark = GLYPH_CHANGE;
        event->style = STYLE_ACCENT;
        subject = "run";
        break;
    }
    copy_escaped(event->subject, sizeof event->subject, subject);
    copy_escaped(event->word, sizeof event->word, word);
    copy_escaped(event->text, sizeof event->text, happening->text);
    if (happening->kind == HAPPENING_COMMAND && happening->by_person) {
        size_t used = strlen(event->text);
        (void)snprintf(event->text + used, sizeof event->text - used, " (by hand)");
    }
}

uint32_t view_event_kept(const struct view *view)
{
    return view->event_count < VIEW_EVENTS ? (uint32_t)view->event_count : VIEW_EVENTS;
}

const struct view_event *view_event(const struct view *view, uint32_t i)
{
    return i < view_event_kept(view) ? &view->events[(view->event_count - 1 - i) % VIEW_EVENTS]
                                     : NULL;
}

struct sort_row {
    double key;
    const char *name; /* NULL unless sorted by name */
    uint32_t index;
};

static int compare_rows(const void *a, const void *b)
{
    const struct sort_row *x = a, *y = b;
    int names = x->name != NULL ? strcmp(x->name, y->name) : 0;
    if (names != 0)
        return names;
    if (x->key != y->key)
        return x->key > y->key ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

static double sort_key(const struct view *view, uint32_t b)
{
    const struct view_server *s = &view->servers[b];
    double key = 0;
    switch (view->sort) {
    case SORT_STATE:
        key = (double)s->belief * TRUTHS + (double)s->truth;
        break;
    case SORT_BUSY:
        key = s->slots > 0 ? (double)s->busy / s->slots : 0;
        break;
    case SORT_QUEUE:
        key = (double)s->queue;
        break;
    case SORT_RATE:
        key = s->rate;
        break;
    case SORT_P99:
        key = view_quantile(view, (int32_t)b, 0.99);
        break;
    default:
        break;
    }
    return key == key ? key : -1; /* what is not known stands last */
}

void view_sort(struct view *view)
{
    struct sort_row *rows = text_need(view->server_count * sizeof *rows);
    for (uint32_t b = 0; b < view->server_count; b++)
        rows[b] = (struct sort_row){sort_key(view, b),
                                    view->sort == SORT_NAME ? view->servers[b].name : NULL, b};
    if (view->sort != SORT_DECLARED)
        qsort(rows, view->server_count, sizeof *rows, compare_rows);
    for (uint32_t i = 0; i < view->server_count; i++)
        view->order[view->sort_reversed ? view->server_count - 1 - i : i] = rows[i].index;
    free(rows);
}

uint32_t view_selected_row(const struct view *view)
{
    for (uint32_t i = 0; i < view->server_count; i++)
        if (view->order[i] == view->selected)
            return i;
    return 0;
}

void view_move(struct view *view, int64_t rows)
{
    int64_t row = (int64_t)view_selected_row(view) + rows, last = (int64_t)view->server_count - 1;
    row = row > last ? last : row;
    view->selected = last < 0 ? 0 : view->order[row < 0 ? 0 : row];
}
