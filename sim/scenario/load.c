/*
 * See load.h. The file is read once into a tree; each variant is built on a copy of it: what stands
 * on top is set, the schema reads, names are bound. A load without settings of its own builds the
 * other variants too and throws them away, so that a mistake in one is found by whoever runs any.
 */
#include "sim/scenario/load.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "sim/scenario/read.h"
#include "sim/scenario/set.h"

struct loading {
    const struct scenario_request *request;
    struct diagnose diagnose;
    struct arena arena; /* of the tree as read */
    struct tree tree;
    struct text text;
    uint64_t files; /* hash of the files that the scenario last built named */
};

static const char *shown_name(const struct scenario_request *request)
{
    if (request->path == NULL)
        return "<text>";
    return strcmp(request->path, "-") == 0 ? "<stdin>" : request->path;
}

/* The bytes and the sources. 0, or an exit status after a message. */
static int open_sources(struct loading *l, struct source *sources)
{
    const struct scenario_request *request = l->request;
    struct lb_error error;
    int status = 0;
    sources[0] = (struct source){.name = shown_name(request), .text = ""};
    diagnose_init(&l->diagnose, l->diagnose.out, sources, 1);
    if (request->text != NULL && request->text_size > SOURCE_BYTES_MAX) {
        (void)lb_error_set(&error, LB_ERROR_INVALID, "larger than 4 MiB, the limit of a file");
        status = 2;
    } else if (request->text != NULL) {
        text_add(&l->text, request->text, request->text_size);
    } else {
        status = source_read(request->path, &l->text, &error);
    }
    if (status != 0) {
        diagnose_whole(&l->diagnose, 0, error.text);
        return status;
    }
    sources[0].text = l->text.data == NULL ? "" : l->text.data;
    sources[0].size = l->text.size;
    set_sources(request, &l->arena, sources + 1);
    l->diagnose.source_count += set_source_count(request);
    return 0;
}

/* The tree as written. False after an error that leaves nothing to go on with. */
static bool read_tree(struct loading *l)
{
    struct diagnose *d = &l->diagnose;
    size_t offset;
    const char *problem;
    if (!source_clean(&d->sources[0], &offset, &problem)) {
        diagnose_error(d, (struct place){0, (uint32_t)offset, 1}, "%s", problem);
        return false;
    }
    l->tree.arena = &l->arena;
    if (tree_read(&l->tree, d, 0, 0, d->sources[0].size) != 0)
        return false;
    if (l->tree.root == NULL) {
        diagnose_whole(d, 0, "nothing is written in it");
        diagnose_help(d, "a scenario starts with 'lbsim: 1'; `lbsim explain` shows the keys");
        return false;
    }
    if (l->tree.root->kind != NODE_MAP) {
        diagnose_error(d, l->tree.root->at, "the scenario must be a mapping (key: value), not %s",
                       l->tree.root->kind == NODE_LIST ? "a list" : "a single value");
        return false;
    }
    return true;
}

/* Is the variant there? Tells when it is not. */
static bool find_variant(struct loading *l, const char *name)
{
    const struct node *key = node_find(l->tree.root, "variants", 8);
    if (strcmp(name, "base") == 0)
        return true;
    if (key != NULL && node_find(key->value, name, strlen(name)) != NULL)
        return true;
    char message[200];
    (void)snprintf(message, sizeof message, "there is no variant %s",
                   quote(name, strlen(name)).text);
    diagnose_whole(&l->diagnose, 0, message);
    const char **names = text_need((key == NULL ? 1 : key->value->count + 1U) * sizeof *names);
    size_t n = 0;
    for (const struct node *v = key == NULL ? NULL : key->value->first; v != NULL; v = v->next)
        names[n++] = v->text;
    const char *near = text_nearest(name, names, n);
    if (near != NULL)
        diagnose_help(&l->diagnose, "did you mean '%s'?", near);
    else if (n == 0)
        diagnose_help(&l->diagnose, "the file has no variants");
    free(names);
    return false;
}

static struct scenario *create_scenario(const char *path, const char *variant)
{
    struct arena *arena = text_need_zero(1, sizeof *arena);
    arena_init(arena);
    struct scenario *s = arena_need(arena, 1, sizeof *s);
    s->memory = arena;
    path = path == NULL ? "<text>" : path;
    s->path = arena_copy(arena, path, strlen(path));
    s->variant = arena_copy(arena, variant, strlen(variant));
    return s;
}

/* What is built: a variant, with or without what the request sets; or a cell of its grid. */
struct building {
    const char *variant;
    bool settings;
    const struct scenario *grid; /* NULL = no cell */
    const uint32_t *choice;      /* of each key of the grid */
};

/* NULL after errors. */
static struct scenario *build(struct loading *l, const struct building *what)
{
    const char *variant = what->variant;
    struct diagnose *d = &l->diagnose;
    struct arena scratch;
    uint32_t errors = d->errors;
    arena_init(&scratch);
    struct tree tree = {.arena = &scratch};
    tree.root = tree_copy(&tree, l->tree.root);
    struct scenario *s = create_scenario(l->request->path, variant);
    struct reader r = {.diagnose = d, .scenario = s, .arena = s->memory, .scratch = &scratch};
    text_init(&r.trail);
    bool fine = tree.root != NULL;
    if (!fine)
        diagnose_whole(d, 0, "more than 100,000 values");
    if (fine && strcmp(variant, "base") != 0)
        set_variant(&tree, d, variant);
    if (fine && what->settings)
        set_request(&tree, d, l->request);
    if (fine && what->grid != NULL)
        set_cell(&tree, d, what->grid, what->choice);
    if (fine && l->request->cell)
        node_remove(tree.root, "sweep");
    if (fine) {
        read_scenario(&r, tree.root);
        resolve_scenario(&r);
    }
    text_done(&r.trail);
    l->files = r.files;
    arena_done(&scratch);
    if (fine && d->errors == errors)
        return s;
    scenario_destroy(s);
    return NULL;
}

/* Builds every variant but the one that is asked for, only to hear what is wrong with it. */
static void check_others(struct loading *l, const struct scenario *chosen)
{
    for (uint32_t i = 0; i < chosen->variant_count; i++) {
        if (strcmp(chosen->variants[i], chosen->variant) == 0)
            continue;
        l->diagnose.variant = chosen->variants[i];
        struct building other = {.variant = chosen->variants[i]};
        scenario_destroy(build(l, &other));
    }
    l->diagnose.variant = NULL;
}

/* --- the grid ------------------------------------------------------------------------------------- */

/* Is the cell of these choices a scenario? If not, says which value made it none. */
static bool check_cell(struct loading *l, const struct scenario *s, uint32_t key,
                       const uint32_t *choice)
{
    struct diagnose *d = &l->diagnose;
    uint32_t errors = d->errors, warnings = d->warnings;
    struct building cell = {.variant = s->variant, .settings = true, .grid = s, .choice = choice};
    d->warnings = DIAGNOSE_SHOWN; /* who runs it hears of them */
    scenario_destroy(build(l, &cell));
    d->warnings = warnings;
    if (d->errors == errors)
        return true;
    d->muted = d->errors > DIAGNOSE_SHOWN; /* a warning behind the error may have been */
    const char *path = s->sweeps[key].path, *value = s->sweeps[key].values[choice[key]];
    diagnose_help(d, "this is %s cell of the sweep, with %s = %s",
                  key == 0 && choice[0] == 0 ? "the first" : "a", quote(path, strlen(path)).text,
                  quote(value, strlen(value)).text);
    return false;
}

/* Is this value worth a try? Of range() and log() the ends, and the first that is no whole number: what
 * lies between is fine when they are. */
static bool tried(const struct scenario_sweep *key, bool span, uint32_t i)
{
    if (!span || i == 0 || i + 1 == key->count)
        return true;
    for (uint32_t before = 0; before < i; before++)
        if (strchr(key->values[before], '.') != NULL)
            return false;
    return strchr(key->values[i], '.') != NULL;
}

/* Tries every value of every key, beside the first values of the others. One error a key. */
static void check_grid(struct loading *l, const struct scenario *s)
{
    uint32_t choice[SWEEP_KEYS_MAX] = {0};
    if (s->sweep_count == 0 || !check_cell(l, s, 0, choice))
        return;
    for (uint32_t k = 0; k < s->sweep_count; k++) {
        const struct scenario_sweep *key = &s->sweeps[k];
        bool fine = true;
        for (uint32_t i = 1; i < key->count && fine; i++) {
            choice[k] = i;
            fine = !tried(key, key->span, i) || check_cell(l, s, k, choice);
        }
        choice[k] = 0;
    }
}

/* What the scenario is known by: source, variant and settings. */
static void sign(const struct loading *l, struct scenario *s)
{
    struct arena *arena = s->memory;
    struct text settings;
    text_init(&settings);
    set_describe(l->request, &settings);
    s->source = arena_copy(arena, l->diagnose.sources[0].text, l->diagnose.sources[0].size);
    s->settings = arena_copy(arena, settings.data, settings.size);
    text_done(&settings);
    s->hash = XXH64(s->source, l->diagnose.sources[0].size, l->files);
    s->hash = XXH64(s->variant, strlen(s->variant), s->hash);
    s->hash = XXH64(s->settings, strlen(s->settings), s->hash);
}

static struct scenario *load(struct loading *l)
{
    const char *variant = l->request->variant == NULL ? "base" : l->request->variant;
    struct diagnose *d = &l->diagnose;
    const struct node *variants = node_find(l->tree.root, "variants", 8);
    uint32_t errors = d->errors;
    if (variants != NULL && variants->value->kind == NODE_MAP) {
        set_check_variants(&l->tree, d);
    } else if (variants != NULL) {
        diagnose_error(d, variants->value->at, "variants must be a mapping of names to changes");
    }
    if (d->errors > errors || !find_variant(l, variant))
        return NULL;
    struct building chosen = {.variant = variant, .settings = true};
    struct scenario *s = build(l, &chosen);
    if (s == NULL)
        return NULL;
    uint64_t files = l->files;
    check_grid(l, s);
    if (set_source_count(l->request) == 0)
        check_others(l, s);
    l->files = files;
    sign(l, s);
    return s;
}

struct scenario *scenario_load(const struct scenario_request *request, struct text *messages,
                               int *status)
{
    struct loading *l = text_need_zero(1, sizeof *l);
    struct source *sources = text_need_zero(set_source_count(request) + 1U, sizeof *sources);
    struct scenario *s = NULL;
    l->request = request;
    l->diagnose.out = messages;
    text_init(&l->text);
    arena_init(&l->arena);
    *status = open_sources(l, sources);
    if (*status == 0) {
        bool whole = read_tree(l);
        if (whole)
            s = load(l);
        if (l->diagnose.errors > 0) {
            *status = 2;
            scenario_destroy(s);
            s = NULL;
            if (whole)
                diagnose_close(&l->diagnose);
        }
    }
    text_done(&l->text);
    arena_done(&l->arena);
    free(sources);
    free(l);
    return s;
}
