/*
 * The view: the sliding window against histograms made anew, rates, curves, the log, the order of
 * rows.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/units.h"
#include "tests/check.h"
#include "tests/unit/made_up_view.h"

#define TICKS 40
#define SPAN  5

/* Values of one tick: a fixed scramble, some ticks empty, one with huge values. */
static void fill(struct histogram *h, int tick, int part)
{
    histogram_init(h);
    for (int i = 0; tick % 7 != 3 && i < 50; i++)
        histogram_add(h, (lb_time)((tick * 7919 + part * 104729 + i * 31) % 5000 + 1) *
                             (tick == 11 ? UNITS_S : UNITS_US));
}

static void test_window(void)
{
    static struct histogram parts[TICKS][2], scratch, tick_sum, sum;
    struct window window;
    histogram_init(&scratch);
    window_init(&window, SPAN);
    for (int t = 0; t < TICKS; t++) {
        histogram_init(&tick_sum);
        for (int part = 0; part < 2; part++) {
            fill(&parts[t][part], t, part);
            window_add(&window, t, &parts[t][part]);
            histogram_merge(&tick_sum, &parts[t][part]);
        }
        histogram_init(&sum);
        for (int k = t - SPAN + 1 < 0 ? 0 : t - SPAN + 1; k <= t; k++)
            for (int part = 0; part < 2; part++)
                histogram_merge(&sum, &parts[k][part]);
        CU_ASSERT_EQUAL(window.sum.count, sum.count);
        for (int p = 0; p <= 10; p++)
            CU_ASSERT_EQUAL(window_quantile(&window, p / 10.0), histogram_quantile(&sum, p / 10.0));
        double one = window_tick_quantile(&window, t, 0.9, &scratch);
        bool right = tick_sum.count == 0 ? isnan(one) : one == histogram_quantile(&tick_sum, 0.9);
        CU_ASSERT(right);
        CU_ASSERT_EQUAL(scratch.count, 0);
    }
    /* A long silence empties it. */
    window_add(&window, TICKS + SPAN, NULL);
    CU_ASSERT_EQUAL(window.sum.count, 0);
    CU_ASSERT(isnan(window_quantile(&window, 0.5)));
    for (uint32_t b = 0; b < HISTOGRAM_BUCKETS; b++)
        CU_ASSERT_EQUAL_FATAL(window.sum.bucket[b], 0);
    window_done(&window);
}

static void test_tick(void)
{
    CU_ASSERT_EQUAL(view_tick_for(3600 * UNITS_S), UNITS_S);
    CU_ASSERT_EQUAL(view_tick_for(60 * UNITS_S), UNITS_S);
    CU_ASSERT_EQUAL(view_tick_for(6 * UNITS_S), UNITS_S / 5);
    CU_ASSERT_EQUAL(view_tick_for(UNITS_S), 20 * UNITS_MS);
    CU_ASSERT_EQUAL(view_tick_for(8 * UNITS_MS), 200 * UNITS_US);
    CU_ASSERT_EQUAL(view_tick_for(1), 1);
}

static void test_rates(void)
{
    struct made_up_view made;
    made_up_view_init(&made, 6, NULL);
    CU_ASSERT(isnan(made.view->in_rate));
    made_up_view_play(&made, 5);
    /* 150 + 170 + ... + 250 a second are served, 40 more come in. */
    CHECK_CLOSE(made.view->ok_rate, 1200, 1e-12);
    CHECK_CLOSE(made.view->in_rate, 1240, 1e-12);
    CHECK_CLOSE(made.view->servers[1].rate, 170, 1e-12);
    CHECK_CLOSE((double)made.view->series[SERIES_RATE][4], 1200, 1e-6);
    CHECK_CLOSE((double)made.view->series[SERIES_QUEUE][4], 40, 1e-6);
    /* Half a tick later the rate is over one and a half ticks, at the end of it over one. */
    made.sample.at += UNITS_S / 2;
    made.sample.ok += 300;
    view_sample(made.view, &made.sample);
    CHECK_CLOSE(made.view->ok_rate, 1500 / 1.5, 1e-12);
    made.sample.at += UNITS_S / 2;
    made.sample.ok += 300;
    view_sample(made.view, &made.sample);
    CHECK_CLOSE(made.view->ok_rate, 600, 1e-12);
    made_up_view_done(&made);
}

/* One look after seven ticks gives all of them a value, and no tick before it. */
static void test_coarse(void)
{
    struct made_up_view made;
    made_up_view_init(&made, 2, NULL);
    made_up_view_play(&made, 2);
    made.sample.at = 9 * UNITS_S;
    view_sample(made.view, &made.sample);
    for (int t = 0; t < 9; t++)
        CU_ASSERT(!isnan(made.view->series[SERIES_P99][t]));
    CU_ASSERT(isnan(made.view->series[SERIES_P99][9]));
    made.sample.at = 1000 * UNITS_S; /* more than a curve holds */
    view_sample(made.view, &made.sample);
    CU_ASSERT_EQUAL(made.view->last_tick, 999);
    made_up_view_done(&made);
}

static void test_quantiles(void)
{
    struct made_up_view made;
    made_up_view_init(&made, 6, NULL);
    made_up_view_play(&made, 20);
    double p50 = view_quantile(made.view, -1, 0.5), p99 = view_quantile(made.view, -1, 0.99);
    CU_ASSERT(p50 > 15 * UNITS_MS && p50 < p99 && p99 < 400 * UNITS_MS);
    /* 170 a second over ten ticks: one in a thousand is known, one in ten thousand is not. */
    CU_ASSERT(!isnan(view_quantile(made.view, 1, 0.999)));
    CU_ASSERT(isnan(view_quantile(made.view, 1, 0.9999)));
    made_up_view_play(&made, 60); /* dead for thirty seconds */
    CU_ASSERT(isnan(view_quantile(made.view, 1, 0.5)));
    view_restart(made.view);
    CU_ASSERT(isnan(view_quantile(made.view, -1, 0.5)));
    CU_ASSERT_EQUAL(made.view->event_count, 0);
    made_up_view_done(&made);
}

static void test_many_servers(void)
{
    struct made_up_view made;
    made_up_view_init(&made, VIEW_DETAIL + 1, NULL);
    made_up_view_play(&made, 3);
    CU_ASSERT_FALSE(made.view->detail);
    CU_ASSERT(isnan(view_quantile(made.view, 0, 0.5)));
    CU_ASSERT(!isnan(view_quantile(made.view, -1, 0.5)));
    made_up_view_done(&made);
}

static void test_log(void)
{
    struct made_up_view made;
    made_up_view_init(&made, 6, NULL);
    CU_ASSERT_PTR_NULL(view_event(made.view, 0));
    made_up_view_play(&made, 40);
    const struct view_event *newest = view_event(made.view, 0);
    CU_ASSERT_STRING_EQUAL(newest->subject, "web2");
    CU_ASSERT_STRING_EQUAL(newest->word, "DOWN");
    CU_ASSERT_EQUAL(newest->mark, GLYPH_DOWN);
    CU_ASSERT_FALSE(newest->moment);
    CU_ASSERT(view_event(made.view, 1)->moment);
    made.view->events_top = 2;
    view_say(made.view, GLYPH_UP, STYLE_GOOD, "a\x1b[31m", "b\n", "%s", "c\u202e\r");
    CU_ASSERT_EQUAL(made.view->events_top, 3); /* who scrolled back keeps his place */
    newest = view_event(made.view, 0);
    CU_ASSERT_STRING_EQUAL(newest->subject, "a?[31m");
    CU_ASSERT_STRING_EQUAL(newest->word, "b?");
    CU_ASSERT_PTR_NULL(strpbrk(newest->text, "\r\n\x1b"));
    for (int i = 0; i < 1000; i++)
        view_say(made.view, GLYPH_UP, STYLE_GOOD, "x", "y", "%d", i);
    CU_ASSERT_EQUAL(view_event_kept(made.view), VIEW_EVENTS);
    CU_ASSERT_STRING_EQUAL(view_event(made.view, 0)->text, "999");
    CU_ASSERT_STRING_EQUAL(view_event(made.view, VIEW_EVENTS - 1)->text, "800");
    CU_ASSERT_PTR_NULL(view_event(made.view, VIEW_EVENTS));
    made_up_view_done(&made);
}

static void test_order(void)
{
    struct made_up_view made;
    made_up_view_init(&made, 6, NULL);
    made_up_view_play(&made, 40);
    made.view->sort = SORT_QUEUE;
    view_sort(made.view);
    CU_ASSERT_EQUAL(made.view->order[0], 2);
    CU_ASSERT_EQUAL(made.view->order[1], 5);
    CU_ASSERT_EQUAL(made.view->order[2], 0);
    CU_ASSERT_EQUAL(made.view->order[3], 1); /* equal: as declared */
    made.view->sort_reversed = true;
    view_sort(made.view);
    CU_ASSERT_EQUAL(made.view->order[5], 2);
    made.view->selected = 2;
    CU_ASSERT_EQUAL(view_selected_row(made.view), 5);
    view_move(made.view, 3);
    CU_ASSERT_EQUAL(made.view->selected, 2); /* nothing below */
    view_move(made.view, -1);
    CU_ASSERT_EQUAL(made.view->selected, 5);
    view_move(made.view, -100);
    CU_ASSERT_EQUAL(made.view->selected, made.view->order[0]);
    made.view->sort_reversed = false;
    made.view->sort = SORT_STATE;
    view_sort(made.view);
    CU_ASSERT_EQUAL(made.view->order[0], 1); /* down first, then draining, then the slow one */
    CU_ASSERT_EQUAL(made.view->order[1], 4);
    CU_ASSERT_EQUAL(made.view->order[2], 5);
    made_up_view_done(&made);
}

static void test_truth(void)
{
    CU_ASSERT_FALSE(view_differs(BELIEF_UP, TRUTH_OK));
    CU_ASSERT_FALSE(view_differs(BELIEF_DRAINING, TRUTH_OK));
    CU_ASSERT_FALSE(view_differs(BELIEF_DOWN, TRUTH_DOWN));
    CU_ASSERT(view_differs(BELIEF_UP, TRUTH_DOWN));
    CU_ASSERT(view_differs(BELIEF_UP, TRUTH_SLOW));
    CU_ASSERT(view_differs(BELIEF_DOWN, TRUTH_OK));
    CU_ASSERT(view_differs(BELIEF_DOWN, TRUTH_HUNG));
}

static const struct check_test tests[] = {
    {"a window equals the sum of its ticks", test_window},
    {"ticks fit the run", test_tick},
    {"rates are over a tick or two", test_rates},
    {"a look may cover several ticks", test_coarse},
    {"quantiles need requests beyond them", test_quantiles},
    {"many servers have no latencies of their own", test_many_servers},
    {"the log keeps the newest, escaped", test_log},
    {"rows are sorted and selected", test_order},
    {"belief and truth", test_truth},
};

CHECK_MAIN("view")
