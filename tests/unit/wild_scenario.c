/* See wild_scenario.h: the frame, the paths of keys in it, and what is kept of what is tried. */
#include "tests/unit/wild_scenario.h"

#include <stdlib.h>
#include <string.h>

#include "algorithms/registry.h"
#include "sim/scenario/load.h"
#include "tests/unit/random_scenario.h"

#define KEYS_TRIED    14U
#define ACTIONS_TRIED 6U

/* The text so far; a line that makes it invalid is cut off again. */
struct wild {
    struct wild_maker maker;
    struct text *text;
    struct text sets, timeline; /* of the variant */
    struct scenario *frame;
    bool several; /* the frame has a list of balancers */
    struct text base;
};

struct scenario *wild_load(const struct text *text)
{
    struct scenario_request request = {
        .path = "wild.yaml",
        .text = text->data,
        .text_size = text->size,
        .variant = strstr(text->data, "\nvariants:\n") != NULL ? WILD_VARIANT : NULL};
    struct text messages;
    int status = 0;
    text_init(&messages);
    struct scenario *scenario = scenario_load(&request, &messages, &status);
    text_done(&messages);
    return scenario;
}

/* --- the frame -------------------------------------------------------------------------------- */

/* The one balancer becomes the inner one of two: its lines stand two columns further in. */
static void into_a_list(struct text *to, const char *frame)
{
    const char *at = strstr(frame, "\nbalancer:\n") + 1;
    text_add(to, frame, (size_t)(at - frame));
    text_addf(to, "balancers:\n  - {name: edge, to: balancer, algorithm: random}\n"
                  "  - name: balancer\n");
    at = strchr(at, '\n') + 1;
    while (*at == ' ') {
        const char *end = strchr(at, '\n') + 1;
        text_addf(to, "  ");
        text_add(to, at, (size_t)(end - at));
        at = end;
    }
    text_addf(to, "%s", at);
}

static void write(const struct wild *wild, struct text *to)
{
    text_clear(to);
    text_addf(to, "%s", wild->base.data);
    if (wild->sets.size + wild->timeline.size == 0)
        return;
    text_addf(to, "variants:\n  " WILD_VARIANT ":\n");
    if (wild->sets.size > 0)
        text_addf(to, "    set:\n%s", wild->sets.data);
    if (wild->timeline.size > 0)
        text_addf(to, "    timeline:\n%s", wild->timeline.data);
}

static void wild_open(struct wild *wild, struct text *text, uint64_t seed)
{
    *wild = (struct wild){.text = text};
    lb_random_seed(&wild->maker.random, seed ^ UINT64_C(0x77696c64));
    text_init(&wild->base);
    text_init(&wild->sets);
    text_init(&wild->timeline);
    text_add(&wild->sets, "", 0);
    text_add(&wild->timeline, "", 0);
    random_scenario(&wild->base, seed);
    wild->several = strstr(wild->base.data, "\nbalancer:\n") == NULL; /* it has a list already */
    if (!wild->several && wild_below(&wild->maker, 4) == 0) {
        struct text several;
        text_init(&several);
        into_a_list(&several, wild->base.data);
        struct scenario *fine = wild_load(&several);
        wild->several = fine != NULL;
        if (fine != NULL) {
            text_clear(&wild->base);
            text_addf(&wild->base, "%s", several.data);
        }
        scenario_destroy(fine);
        text_done(&several);
    }
    wild->frame = wild_load(&wild->base);
    if (wild->frame == NULL) { /* nothing could be tried on it */
        printf("the random scenario of seed %llu is not valid:\n%s", (unsigned long long)seed,
               wild->base.data);
        abort();
    }
    wild->maker.frame = wild->frame;
}

static void wild_close(struct wild *wild)
{
    write(wild, wild->text);
    scenario_destroy(wild->frame);
    text_done(&wild->base);
    text_done(&wild->sets);
    text_done(&wild->timeline);
}

/* Keeps a line that was added to a part of the variant, if it is valid with everything before it. */
static bool keep(struct wild *wild, struct text *part, size_t before)
{
    struct text trial;
    text_init(&trial);
    write(wild, &trial);
    struct scenario *scenario = wild_load(&trial);
    text_done(&trial);
    if (scenario != NULL) {
        scenario_destroy(scenario);
        return true;
    }
    part->size = before;
    part->data[before] = '\0';
    return false;
}

/* --- keys ------------------------------------------------------------------------------------- */

static const char *const left_alone[] = {"lbsim",         "name",
                                         "clients",       "clients[].name",
                                         "balancer",      "balancers",
                                         "backends",      "backends[].name",
                                         "timeline",      "run",
                                         "run.duration",  "expect",
                                         "variants",      "clients[].requests[].name",
                                         "balancer.name", "sweep"};

bool wild_leaves(const struct schema_row *row)
{
    for (size_t i = 0; i < sizeof left_alone / sizeof left_alone[0]; i++)
        if (strcmp(left_alone[i], row->path) == 0)
            return true;
    return false;
}

static uint32_t entries(const struct wild *wild, const char *list, size_t size, uint32_t client)
{
    const struct scenario *s = wild->frame;
    if (size == 7 && memcmp(list, "clients", 7) == 0)
        return s->client_count;
    if (size == 8 && memcmp(list, "backends", 8) == 0)
        return s->group_count;
    if (size == 8 && memcmp(list, "requests", 8) == 0)
        return s->clients[client].class_count;
    return 1;
}

/* "clients[].requests[].path" becomes "clients.2.requests.0.path": entries as they come. */
static void add_path(struct wild *wild, struct text *to, const char *path)
{
    uint32_t client = 0;
    for (bool first = true; *path != '\0'; first = false) {
        size_t size = strcspn(path, ".["), rest = size;
        text_addf(to, "%s", first ? "" : ".");
        if (first && wild->several && size == 8 && memcmp(path, "balancer", 8) == 0) {
            text_addf(to, "balancers.%u", wild_below(&wild->maker, 4) == 0 ? 0U : 1U);
        } else {
            text_add(to, path, size);
        }
        if (path[size] == '[') {
            uint32_t place = wild_below(&wild->maker, entries(wild, path, size, client));
            client = first ? place : client;
            text_addf(to, ".%u", place);
            rest += 2;
        }
        path += rest + (path[rest] == '.');
    }
}

/* Tries a value for the key, or for a mapping around it that is to hold it. */
static bool try_row(struct wild *wild, const struct schema_row *row, const struct schema_row *with)
{
    size_t before = wild->sets.size;
    text_addf(&wild->sets, "      ");
    add_path(wild, &wild->sets, row->path);
    text_addf(&wild->sets, ": ");
    bool some = wild_value(&wild->maker, &wild->sets, row, with);
    text_addf(&wild->sets, "\n");
    if (some)
        return keep(wild, &wild->sets, before);
    wild->sets.size = before;
    wild->sets.data[before] = '\0';
    return false;
}

/* The row of the mapping that this key stands in; NULL when it is the scenario, or an entry. */
static const struct schema_row *around(const struct schema_row *row)
{
    for (uint32_t i = 0; schema_at(i) != NULL; i++)
        if (schema_at(i)->type == TYPE_MAP && schema_inside(row, schema_at(i)->path) &&
            !wild_leaves(schema_at(i)))
            return schema_at(i);
    return NULL;
}

static const struct schema_row *any_row(struct wild *wild)
{
    uint32_t count = 0;
    while (schema_at(count) != NULL)
        count++;
    const struct schema_row *row;
    do
        row = schema_at(wild_below(&wild->maker, count));
    while (wild_leaves(row));
    return row;
}

/* --- faults ----------------------------------------------------------------------------------- */

/* What may stand in an action besides its target: the loader says what fits. */
static const char *const more[] = {"",
                                   ", for: 3ms",
                                   ", to: 40%",
                                   ", to: 250%, for: 9ms",
                                   ", to: 3",
                                   ", to: 0",
                                   ", to: 2, limit: 3ms",
                                   ", to: 300/s, for: 20ms",
                                   ", to: random",
                                   ", to: least-connections",
                                   ", limit: 2ms",
                                   ", limit: 0",
                                   ", up: 5ms, down: 3ms",
                                   ", up: 2ms, down: 2ms, for: 30ms",
                                   ", from: balancer",
                                   ", from: balancer, for: 8ms",
                                   ", to: 30%, in: 1ms",
                                   ", to: 30%, in: 1ms, for: 9ms"};

static void add_target(struct wild *wild, struct text *to)
{
    const struct scenario *s = wild->frame;
    switch (wild_below(&wild->maker, 8)) {
    case 0:
        text_addf(to, "balancer");
        break;
    case 1:
        text_addf(to, "%s", s->clients[wild_below(&wild->maker, s->client_count)].name);
        break;
    case 2:
    case 3:
        text_addf(to, "%s", s->groups[wild_below(&wild->maker, s->group_count)].name);
        break;
    case 4:
        text_addf(to, "zone here");
        break;
    default:
        text_addf(to, "%s", s->backends[wild_below(&wild->maker, s->backend_count)].name);
    }
}

static bool try_action(struct wild *wild, enum action action)
{
    size_t before = wild->timeline.size;
    const struct scenario_run *run = &wild->frame->run;
    uint32_t room = (uint32_t)((run->duration - run->warmup) / 1000);
    uint32_t at = (uint32_t)(run->warmup / 1000) + 1000 * wild_below(&wild->maker, room / 1000 + 1);
    text_addf(&wild->timeline, "      - {at: %uus, %s: ", at, action_name(action));
    add_target(wild, &wild->timeline);
    text_addf(&wild->timeline, "%s}\n",
              more[wild_below(&wild->maker, sizeof more / sizeof more[0])]);
    return keep(wild, &wild->timeline, before);
}

/* --- all of it -------------------------------------------------------------------------------- */

void wild_scenario(struct text *text, uint64_t seed)
{
    struct wild wild;
    wild_open(&wild, text, seed);
    uint32_t keys = wild_below(&wild.maker, KEYS_TRIED + 1);
    for (uint32_t i = 0; i < keys; i++) {
        const struct schema_row *row = any_row(&wild), *outer = around(row);
        if (!try_row(&wild, row, NULL) && outer != NULL)
            (void)try_row(&wild, outer, row);
    }
    uint32_t actions = wild_below(&wild.maker, ACTIONS_TRIED + 1);
    for (uint32_t i = 0; i < actions; i++) {
        enum action action = (enum action)wild_below(&wild.maker, ACTIONS);
        for (int tries = 0; tries < 8 && !try_action(&wild, action); tries++)
            ;
    }
    wild_close(&wild);
}

bool wild_row(struct text *text, uint64_t seed, const struct schema_row *row)
{
    struct wild wild;
    wild_open(&wild, text, seed);
    bool fits = try_row(&wild, row, NULL);
    for (const struct schema_row *outer = around(row); outer != NULL && !fits;
         outer = around(outer))
        fits = try_row(&wild, outer, row);
    wild_close(&wild);
    return fits;
}

bool wild_action(struct text *text, uint64_t seed, enum action action)
{
    struct wild wild;
    wild_open(&wild, text, seed);
    bool fits = false;
    for (int tries = 0; tries < 40 && !fits; tries++)
        fits = try_action(&wild, action);
    wild_close(&wild);
    return fits;
}
