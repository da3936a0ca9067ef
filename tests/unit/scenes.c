/* See scenes.h. */
#include "tests/unit/scenes.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

static void on_happening(void *self, const struct happening *h)
{
    struct scene *scene = self;
    if (scene->event_count == SCENE_EVENTS)
        return;
    struct scene_event *e = &scene->events[scene->event_count++];
    *e = (struct scene_event){.at = h->at,
                              .kind = h->kind,
                              .backend = h->backend,
                              .action = h->action,
                              .from = h->from,
                              .to = h->to,
                              .truth = h->truth};
    (void)snprintf(e->text, sizeof e->text, "%s", h->text);
}

struct scenario *scene_load(const char *text, size_t size)
{
    struct scenario_request request = {.path = "scene", .text = text, .text_size = size};
    struct text messages;
    int status = 0;
    text_init(&messages);
    struct scenario *scenario = scenario_load(&request, &messages, &status);
    if (scenario == NULL)
        printf("\n%s\n%s\n", messages.data, text);
    text_done(&messages);
    return scenario;
}

static void create(struct scene *scene, uint32_t replication)
{
    struct run_setup setup = {.scenario = scene->scenario, .replication = replication};
    struct observer observer = {.self = scene, .on_happening = on_happening};
    struct lb_error error = {0};
    scene->event_count = 0;
    scene->s = NULL;
    scene->run = run_create(&setup, &error);
    if (scene->run == NULL) {
        printf("\n%s\n", error.text);
        abort();
    }
    run_observe(scene->run, &observer);
}

static void open_text(struct scene *scene, struct text *text)
{
    memset(scene, 0, sizeof *scene);
    scene->scenario = scene_load(text->data, text->size);
    text_done(text);
    if (scene->scenario == NULL)
        abort(); /* a mistake in the test: nothing after it would mean anything */
    create(scene, 0);
}

void scene_open(struct scene *scene, const char *format, ...)
{
    struct text text;
    va_list list;
    text_init(&text);
    text_addf(&text, "lbsim: 1\nname: scene\n");
    va_start(list, format);
    text_addv(&text, format, list);
    va_end(list);
    open_text(scene, &text);
}

void scene_open_plain(struct scene *scene, const char *rate, const char *work, const char *format,
                      ...)
{
    struct text text;
    va_list list;
    text_init(&text);
    text_addf(&text,
              "lbsim: 1\nname: scene\n"
              "clients:\n  - name: c\n    arrivals: uniform(rate=%s)\n"
              "    requests: [{name: r, work: constant(%s)}]\n",
              rate, work);
    va_start(list, format);
    text_addv(&text, format, list);
    va_end(list);
    open_text(scene, &text);
}

void scene_again(struct scene *scene, uint32_t replication)
{
    run_destroy(scene->run);
    create(scene, replication);
}

void scene_end(struct scene *scene)
{
    while (run_until(scene->run, LB_NEVER - 1))
        ;
    scene->s = run_finish(scene->run, false);
}

void scene_close(struct scene *scene)
{
    run_destroy(scene->run);
    scenario_destroy(scene->scenario);
    scene->run = NULL;
    scene->scenario = NULL;
}

const struct scene_event *scene_belief(const struct scene *scene, uint32_t backend, enum belief to,
                                       lb_time from)
{
    for (uint32_t i = 0; i < scene->event_count; i++) {
        const struct scene_event *e = &scene->events[i];
        if (e->kind == HAPPENING_BELIEF && e->backend == (int32_t)backend && e->to == to &&
            e->at >= from)
            return e;
    }
    return NULL;
}

void scene_command(struct scene *scene, enum action action, const char *target, const char *to)
{
    struct scenario_action command;
    struct lb_error error = {0};
    int parsed = scenario_parse_action(scene->scenario, action, target, to, &command, &error);
    int applied = parsed == 0 ? run_apply(scene->run, &command, &error) : -1;
    if (applied != 0)
        printf("\n%s\n", error.text);
    CU_ASSERT_EQUAL_FATAL(applied, 0);
}

uint64_t scene_failed(const struct scene *scene, enum cause cause)
{
    return scene->s->counts.cause[cause];
}

void scene_times(const struct histogram *h, uint64_t count, double sum, lb_time min, lb_time max,
                 const char *file, int line)
{
    bool same = h->count == count && h->sum == sum && h->min == min && h->max == max;
    if (!same)
        printf("\n%s:%d: count %llu sum %.0f min %lld max %lld, not %llu %.0f %lld %lld\n", file,
               line, (unsigned long long)h->count, h->sum, (long long)h->min, (long long)h->max,
               (unsigned long long)count, sum, (long long)min, (long long)max);
    CU_ASSERT(same);
}

void scene_equal(uint64_t a, uint64_t b, const char *what, const char *file, int line)
{
    if (a != b)
        printf("\n%s:%d: %s is %llu, not %llu\n", file, line, what, (unsigned long long)a,
               (unsigned long long)b);
    CU_ASSERT(a == b);
}
