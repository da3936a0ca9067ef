/*
 * A scene: a small scenario written as text in a test, the run of it, and what was said meanwhile.
 *
 * The text is loaded by scenario_load like any file; a wrong one fails the test at once and prints
 * the messages. Two lines that every scenario needs (version and name) are put in front.
 */
#ifndef TESTS_SCENES_H
#define TESTS_SCENES_H

#include "sim/run/run.h"
#include "sim/scenario/load.h"

#define SCENE_MS     INT64_C(1000000)
#define SCENE_S      INT64_C(1000000000)
#define SCENE_EVENTS 256

struct scene_event { /* a happening, as far as tests look at it */
    lb_time at;
    enum happening_kind kind;
    int32_t backend;
    enum action action;
    enum belief from, to;
    enum truth truth;
    char text[128];
};

struct scene {
    struct scenario *scenario;
    struct run *run;
    const struct summary *s; /* after scene_end */
    struct scene_event events[SCENE_EVENTS];
    uint32_t event_count;
};

/* Loads the scenario; NULL with the messages printed when it is wrong. */
struct scenario *scene_load(const char *text, size_t size);
/* Loads the text (printf) and creates replication 0 of it at time 0. */
__attribute__((format(printf, 2, 3))) void scene_open(struct scene *scene, const char *format, ...);
/* Another replication of a scene that is open, from the start. */
void scene_again(struct scene *scene, uint32_t replication);
/* Runs to the end and takes the summary. */
void scene_end(struct scene *scene);
void scene_close(struct scene *scene);

/* The same of one client group "c" with equal gaps (rate "10/s") and constant work ("5ms"). */
__attribute__((format(printf, 4, 5))) void scene_open_plain(struct scene *scene, const char *rate,
                                                            const char *work, const char *format,
                                                            ...);
#define SCENE_PLAY(scene, ...) (scene_open_plain((scene), __VA_ARGS__), scene_end(scene))

/* The same scene from beginning to end: open, end. */
#define SCENE_RUN(scene, ...) (scene_open((scene), __VA_ARGS__), scene_end(scene))

/* The first happening at or after `from` that turned the belief about a backend to `to`; NULL. */
const struct scene_event *scene_belief(const struct scene *scene, uint32_t backend, enum belief to,
                                       lb_time from);

/* A command in the language of the timeline, given now: "kill", "web1", NULL. */
void scene_command(struct scene *scene, enum action action, const char *target, const char *to);

/* Requests that failed of this cause. */
uint64_t scene_failed(const struct scene *scene, enum cause cause);

/* Latency or response times, exactly: their number, sum, least and greatest in ns. */
void scene_times(const struct histogram *h, uint64_t count, double sum, lb_time min, lb_time max,
                 const char *file, int line);
#define SCENE_TIMES(h, count, sum, min, max)                                                       \
    scene_times((h), (count), (double)(sum), (min), (max), __FILE__, __LINE__)

/* Two whole numbers, both printed when they differ. */
void scene_equal(uint64_t a, uint64_t b, const char *what, const char *file, int line);
#define SCENE_EQUAL(a, b) scene_equal((uint64_t)(a), (uint64_t)(b), #a, __FILE__, __LINE__)

#endif
