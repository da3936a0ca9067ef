/*
 * Requests on each backend over time, as a map: where load piles up, who stands idle, who is down.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/chart.h"
#include "reports/query.h"

#define SLOTS_MAX 240
#define RUNS_MAX  6 /* that fit one above the other */
#define WIDTH     960.0
#define HEAD      76.0
#define FOOT      50.0
#define LEFT_MAX  190.0
#define RIGHT     96.0
#define BETWEEN   18.0
#define TEXT      12.5

/* One row of the map: a backend, or a group. */
struct map_row {
    char *name;
    int64_t first, members; /* the backends it stands for */
    double *present;        /* requests on it by slot, NAN = no sample or down */
};

struct map {
    struct map_row *rows;
    uint32_t count, merged; /* merged: samples in a slot */
    double left, right, top, bottom;
};

struct map_chart {
    struct chart *chart;
    struct map maps[RUNS_MAX];
    uint32_t runs, slot_count;
    double interval_s, until_s, high, left;
    bool cut; /* some values are beyond the scale */
};

static int load_rows(struct map_chart *m, uint32_t i, struct lb_error *error)
{
    struct map *map = &m->maps[i];
    struct query q;
    query_open(&q, m->chart->report->record,
               "SELECT name, first, members FROM sampled WHERE run = ? ORDER BY n");
    query_bind(&q, m->chart->report->runs[i].id);
    while (query_next(&q)) {
        map->rows = text_need_more(map->rows, (map->count + 1) * sizeof *map->rows);
        struct map_row *row = &map->rows[map->count++];
        row->name = query_text(&q);
        row->first = query_int(&q);
        row->members = query_int(&q);
        row->present = text_need_zero(m->slot_count + 1, sizeof *row->present);
        for (uint32_t s = 0; s < m->slot_count; s++)
            row->present[s] = NAN;
    }
    return query_close(&q, m->chart->report->record, error);
}

static int load_samples(struct map_chart *m, uint32_t i, struct lb_error *error)
{
    struct map *map = &m->maps[i];
    struct query q;
    query_open(&q, m->chart->report->record,
               "SELECT at_s, n, (busy + queue) * 1.0 / members FROM sample_backend WHERE run = ?"
               " AND truth IS NOT 'down' AND at_s < ? ORDER BY at_s");
    query_bind(&q, m->chart->report->runs[i].id);
    query_bind(&q, (int64_t)ceil(m->chart->report->runs[i].duration_s));
    while (query_next(&q)) {
        /* A sample holds until the next. */
        int64_t slot = (int64_t)floor(query_real(&q) / m->interval_s + 1e-6);
        int64_t n = query_int(&q);
        double present = query_real(&q);
        if (n < 0 || n >= map->count || slot < 0 || slot >= m->slot_count)
            continue;
        map->rows[n].present[slot] = fmax(map->rows[n].present[slot], present);
        m->high = fmax(m->high, present);
    }
    for (uint32_t r = 0; m->slot_count > 1 && r < map->count; r++)
        if (isnan(map->rows[r].present[0])) /* the first one comes after an interval */
            map->rows[r].present[0] = map->rows[r].present[1];
    return query_close(&q, m->chart->report->record, error);
}

static void choose_slots(struct map_chart *m)
{
    const struct report *report = m->chart->report;
    for (uint32_t i = 0; i < m->runs; i++) {
        m->until_s = fmax(m->until_s, report->runs[i].duration_s);
        m->interval_s = fmax(m->interval_s, (double)report->runs[i].interval_ns / 1e9);
    }
    m->interval_s = m->interval_s > 0.0 ? m->interval_s : 1.0;
    double intervals = ceil(m->until_s / m->interval_s - 1e-9);
    m->interval_s *= ceil(intervals / SLOTS_MAX);
    m->slot_count = (uint32_t)ceil(m->until_s / m->interval_s - 1e-9);
}

/* The colour scale ends where all but one cell in 50 are below: one queue must not hide the rest.
 */
static void choose_scale(struct map_chart *m)
{
    uint32_t counts[1001] = {0}, total = 0, beyond = 0;
    double unit = m->high / 1000.0;
    for (uint32_t i = 0; i < m->runs; i++)
        for (uint32_t r = 0; r < m->maps[i].count; r++)
            for (uint32_t s = 0; s < m->slot_count; s++) {
                double value = m->maps[i].rows[r].present[s];
                if (isnan(value))
                    continue;
                counts[unit > 0.0 ? (size_t)(value / unit) : 0]++;
                total++;
            }
    int end = 1000;
    while (end > 1 && unit > 0.0 && beyond + counts[end] < total / 50 + 1)
        beyond += counts[end--];
    m->cut = beyond > 0;
    m->high = fmax(ceil((end + 1) * unit), 1.0);
}

static void place_maps(struct map_chart *m)
{
    double y = HEAD;
    size_t columns = 4;
    for (uint32_t i = 0; i < m->runs; i++)
        for (uint32_t r = 0; r < m->maps[i].count; r++) {
            size_t wide = chart_columns(m->maps[i].rows[r].name);
            columns = wide > columns ? wide : columns;
        }
    m->left = fmin(chart_text_width(columns, TEXT) + 24.0, LEFT_MAX);
    for (uint32_t i = 0; i < m->runs; i++) {
        struct map *map = &m->maps[i];
        double space = m->runs == 1 ? 360.0 : 150.0, row = space / map->count;
        row = row > 44.0 ? 44.0 : row;
        y += m->runs > 1 ? 24.0 : 0.0;
        map->left = m->left;
        map->right = WIDTH - RIGHT;
        map->top = y;
        map->bottom = y + row * map->count;
        y = map->bottom + BETWEEN;
    }
    m->chart->width = WIDTH;
    m->chart->height = y - BETWEEN + FOOT;
}

static double screen_x(double x)
{
    return x / WIDTH;
}

static double screen_y(const struct map_chart *m, double y)
{
    return 1.0 - y / m->chart->height;
}

static void write_map(struct map_chart *m, uint32_t i)
{
    const struct map *map = &m->maps[i];
    FILE *file = chart_data(m->chart, "backends", i + 1);
    for (uint32_t s = 0; s < m->slot_count; s++) {
        for (uint32_t r = 0; r < map->count; r++) {
            double value = map->rows[r].present[s];
            fprintf(file, "%.9g\t%u\t", (s + 0.5) * m->interval_s, r + 1);
            if (isnan(value))
                fprintf(file, "NaN\n");
            else
                fprintf(file, "%.6g\n", fmin(value, m->high));
        }
    }
    chart_close_data(m->chart, file);
}

/* Is this state of the row's first backend that of all its members, from the same to the same time?
 */
static bool of_whole_row(const struct stretches *list, const struct stretch *at,
                         const struct map_row *row)
{
    int64_t same = 0;
    if (at->backend != row->first)
        return false;
    for (uint32_t k = 0; k < list->count && row->members > 1; k++) {
        const struct stretch *other = &list->at[k];
        same += other->backend >= row->first && other->backend < row->first + row->members &&
                other->from == at->from && other->until == at->until &&
                strcmp(other->state, at->state) == 0;
    }
    return row->members == 1 || same == row->members;
}

/* Hatched where the backend is down or hung; a bar where the balancer holds it for down. */
static void write_states(const struct map_chart *m, uint32_t i, uint32_t r, bool belief, FILE *file)
{
    const struct map_row *row = &m->maps[i].rows[r];
    struct stretches list;
    stretches_find(&list, &m->chart->report->runs[i], belief);
    for (uint32_t k = 0; k < list.count; k++) {
        const struct stretch *at = &list.at[k];
        bool down = strcmp(at->state, "down") == 0, hung = strcmp(at->state, "hung") == 0;
        if (!(down || hung || belief) || !of_whole_row(&list, at, row))
            continue;
        fprintf(file,
                "set object rect from %.9g,%.9g to %.9g,%.9g fc rgb ALARM fs %s "
                "noborder front\n",
                at->from, r + (belief ? 1.34 : 0.5), at->until, r + (belief ? 1.46 : 1.5),
                belief ? "solid"
                : down ? "transparent pattern 4"
                       : "transparent pattern 6");
    }
    stretches_done(&list);
}

static void write_rows(struct map_chart *m, uint32_t i)
{
    const struct map *map = &m->maps[i];
    FILE *file = chart_script(m->chart, "rows", i + 1);
    struct text name;
    text_init(&name);
    if (m->runs > 1) {
        chart_quote(&name, m->chart->report->runs[i].label, 90);
        fprintf(
            file,
            "set label 1 %s noenhanced at screen %.5f,%.5f left font NORMAL textcolor rgb INK\n",
            name.data, screen_x(map->left), screen_y(m, map->top - 11.0));
    }
    double row = (map->bottom - map->top) / map->count;
    uint32_t step = (uint32_t)ceil(14.0 / row);
    for (uint32_t r = 0; r < map->count; r++) {
        if (r % step == 0) {
            text_clear(&name);
            chart_quote(&name, map->rows[r].name, (size_t)((LEFT_MAX - 24.0) / (0.62 * TEXT)));
            fprintf(file,
                    "set label %u %s noenhanced at screen %.5f, first %u right font F(%.3g) "
                    "textcolor rgb INK\n",
                    10 + r, name.data, screen_x(map->left - 8.0), r + 1, TEXT);
        }
        write_states(m, i, r, false, file);
        write_states(m, i, r, true, file);
    }
    text_done(&name);
    chart_close_data(m->chart, file);
}

static void set_edges(struct map_chart *m)
{
    static const char *const names[] = {"CL", "CR", "CT", "CB", "ROWS", "BOTTOM"};
    struct text *to = &m->chart->script;
    for (int k = 0; k < 6; k++) {
        text_addf(to, "array %s[%u]=[", names[k], m->runs);
        for (uint32_t i = 0; i < m->runs; i++) {
            const struct map *map = &m->maps[i];
            const double values[] = {
                screen_x(map->left),      screen_x(map->right), screen_y(m, map->top),
                screen_y(m, map->bottom), map->count,           i + 1 == m->runs};
            text_addf(to, "%s%.6g", i > 0 ? "," : "", values[k]);
        }
        text_addf(to, "]\n");
    }
}

static void write_settings(struct map_chart *m)
{
    struct text *to = &m->chart->script;
    const struct map *last = &m->maps[m->runs - 1];
    double tick = scale_round_down(m->high / 2.0);
    chart_set_number(m->chart, "N", m->runs);
    chart_set_number(m->chart, "T1", m->until_s);
    chart_set_number(m->chart, "C1", m->high);
    /* Half a pixel wider than it is: no seams. */
    chart_set_number(m->chart, "DX",
                     0.5 * m->interval_s + 0.5 * m->until_s / (WIDTH - RIGHT - m->left));
    set_edges(m);
    for (int bare = 0; bare < 2; bare++) {
        text_addf(to, "%s=\"", bare ? "XBARE" : "XTICS");
        scale_time(to, "x", m->until_s, 9, bare);
        text_addf(to, "\"\n");
    }
    text_addf(to, "CTICS=\"set cbtics (");
    for (int i = 0; i * tick < 0.88 * m->high; i++)
        text_addf(to, "'%.6g' %.6g, ", i * tick, i * tick);
    text_addf(to, "'%.6g%s' %.6g) scale 0 font SMALL textcolor rgb INK; ", m->high,
              m->cut ? "+" : "", m->high);
    if (last->bottom - m->maps[0].top > 110.0)
        text_addf(to, "set cblabel 'requests on it' textcolor rgb SOFT font SMALL; ");
    text_addf(to, "set colorbox user origin screen %.5f,%.5f size screen %.5f,%.5f noborder\"\n",
              screen_x(WIDTH - RIGHT + 18.0), screen_y(m, last->bottom), 14.0 / WIDTH,
              (last->bottom - m->maps[0].top) / m->chart->height);
    chart_set_string(m->chart, "TITLE", "Requests on each backend", 80);
    chart_subtitle(m->chart, "Hatched: down; bar: the balancer holds it for down");
    for (uint32_t i = 0; i < m->runs; i++) {
        write_map(m, i);
        write_rows(m, i);
    }
}

static void free_maps(struct map_chart *m)
{
    for (uint32_t i = 0; i < m->runs; i++) {
        for (uint32_t r = 0; r < m->maps[i].count; r++) {
            free(m->maps[i].rows[r].name);
            free(m->maps[i].rows[r].present);
        }
        free(m->maps[i].rows);
    }
    free(m);
}

int chart_backends(struct chart *chart, struct lb_error *error)
{
    struct map_chart *m = text_need_zero(1, sizeof *m);
    int result = 0;
    m->chart = chart;
    m->runs = chart->runs < RUNS_MAX ? chart->runs : RUNS_MAX;
    chart->runs = m->runs;
    choose_slots(m);
    for (uint32_t i = 0; i < m->runs && result == 0; i++) {
        result = load_rows(m, i, error);
        if (result == 0)
            result = load_samples(m, i, error);
        if (result == 0 && m->maps[i].count == 0)
            result = chart_nothing(error, "the run was recorded without samples");
    }
    if (result == 0) {
        choose_scale(m);
        place_maps(m);
        write_settings(m);
    }
    free_maps(m);
    return result;
}
