/*
 * The help page: the table of keys in two columns, and what the marks and columns mean. On a
 * narrow screen it is one column that scrolls.
 */
#include <stdio.h>
#include <string.h>

#include "ui/dashboard/panel.h"

#define LINES_MAX 64

struct line {
    enum { LINE_HEAD, LINE_KEY, LINE_TEXT, LINE_STATES } kind;
    const char *label, *text;
};

static const char *const group_titles[KEY_GROUPS] = {
    [KEYS_RUN] = "RUN", [KEYS_CHANGE] = "CHANGE (goes into the event log)", [KEYS_LOOK] = "LOOK"};

static const struct line legend[] = {
    {LINE_TEXT, "STATE", "what the balancer believes; TRUTH where it is wrong"},
    {LINE_STATES, NULL, NULL},
    {LINE_TEXT, "BUSY", "slots at work; QUEUE: waiting for one, here or at the balancer"},
    {LINE_TEXT, "in/s", "of the last second; REQ/S: sent to the server"},
    {LINE_TEXT, "p50 p99", "ms, of the last 10 s; the line: p99, all on one log scale"},
    {LINE_TEXT, "lost", "failed since the start; at the end all is of the whole run"},
};
#define LEGEND ((int)(sizeof legend / sizeof legend[0]))

static int collect(enum key_group group, struct line *lines)
{
    int count = 0;
    lines[count++] = (struct line){LINE_HEAD, NULL, group_titles[group]};
    for (size_t i = 0; i < keys_count && count < LINES_MAX; i++)
        if (keys_table[i].group == group && keys_table[i].label != NULL)
            lines[count++] = (struct line){LINE_KEY, keys_table[i].label, keys_table[i].help};
    return count;
}

static void draw_states(struct canvas *canvas, int x, int y, int room)
{
    for (int b = 0; b < BELIEFS; b++) {
        const char *word = view_belief_word((enum belief)b);
        unsigned style = view_belief_style((enum belief)b);
        if (room < (int)strlen(word) + 2)
            return;
        canvas_glyph(canvas, x, y, style, view_belief_mark((enum belief)b));
        int used = 4 + canvas_text(canvas, x + 2, y, room, style, word);
        x += used;
        room -= used;
    }
    for (int t = TRUTH_SLOW; t < TRUTHS; t++) {
        const char *word = view_truth_word((enum truth)t);
        unsigned style = view_truth_style((enum truth)t);
        if (room < (int)strlen(word) + 2)
            return;
        canvas_glyph(canvas, x, y, style, view_truth_mark((enum truth)t));
        int used = 4 + canvas_text(canvas, x + 2, y, room, style, word);
        x += used;
        room -= used;
    }
}

static void draw_line(struct canvas *canvas, int x, int y, int room, const struct line *line)
{
    int label = line->kind == LINE_TEXT ? 9 : 12;
    switch (line->kind) {
    case LINE_HEAD:
        canvas_text(canvas, x, y, room, STYLE_TITLE, line->text);
        break;
    case LINE_STATES:
        draw_states(canvas, x, y, room);
        break;
    default:
        canvas_text(canvas, x, y, label - 1, STYLE_ACCENT, line->label);
        canvas_text(canvas, x + label, y, room - label, STYLE_NORMAL, line->text);
        break;
    }
}

/* Both columns of keys, the legend below. */
static int draw_wide(struct canvas *canvas)
{
    struct line left[LINES_MAX], right[LINES_MAX];
    int count = collect(KEYS_RUN, left), other = collect(KEYS_LOOK, right);
    left[count++] = (struct line){LINE_HEAD, NULL, ""};
    count += collect(KEYS_CHANGE, left + count);
    int rows = count > other ? count : other;
    if (canvas == NULL)
        return rows + 1 + LEGEND;
    int middle = canvas->clip.width / 2 - 1;
    for (int i = 0; i < count; i++)
        draw_line(canvas, 2, 1 + i, middle - 3, &left[i]);
    for (int i = 0; i < other; i++)
        draw_line(canvas, middle, 1 + i, canvas->clip.width - middle - 2, &right[i]);
    for (int i = 0; i < LEGEND; i++)
        draw_line(canvas, 2, 2 + rows + i, canvas->clip.width - 4, &legend[i]);
    return rows + 1 + LEGEND;
}

static int draw_narrow(struct view *view, struct canvas *canvas)
{
    struct line lines[3 * LINES_MAX];
    int count = 0;
    for (int group = 0; group < KEY_GROUPS; group++)
        count += collect((enum key_group)group, lines + count);
    for (int i = 0; i < LEGEND; i++)
        lines[count++] = legend[i];
    if (canvas == NULL)
        return count;
    int rows = canvas->clip.height - 2, last = count > rows ? count - rows : 0;
    if (view->help_top > (uint32_t)last)
        view->help_top = (uint32_t)last;
    for (int i = 0; i < rows && (int)view->help_top + i < count; i++)
        draw_line(canvas, 2, 1 + i, canvas->clip.width - 4, &lines[(int)view->help_top + i]);
    return count;
}

static bool is_wide(int width, int height)
{
    return width >= 76 && height >= draw_wide(NULL) + 2;
}

static int want(const struct view *view, int width, int height)
{
    (void)view;
    return 2 + (is_wide(width, height) ? draw_wide(NULL) : draw_narrow(NULL, NULL));
}

static void draw(struct view *view, struct canvas *canvas)
{
    bool wide = is_wide(canvas->clip.width, canvas->height);
    for (int y = 0; y < canvas->clip.height; y++)
        for (int x = 0; x < canvas->clip.width; x++)
            canvas_glyph(canvas, x, y, STYLE_NORMAL, GLYPH_SPACE);
    canvas_frame(canvas, "Keys", wide ? "Esc or ? closes" : "arrows scroll, Esc closes");
    if (wide)
        (void)draw_wide(canvas);
    else
        (void)draw_narrow(view, canvas);
}

static bool act(struct view *view, enum deed deed)
{
    if (deed == DO_HELP || (deed == DO_BACK && view->help)) {
        view->help = !view->help;
        view->help_top = 0;
        return true;
    }
    if (!view->help)
        return false;
    if (deed == DO_UP && view->help_top > 0)
        view->help_top--;
    else if (deed == DO_DOWN)
        view->help_top++; /* drawing brings it back into range */
    return deed == DO_UP || deed == DO_DOWN;
}

const struct panel panel_help = {
    .name = "help", .min_width = SCREEN_MIN_WIDTH, .want = want, .draw = draw, .act = act};
