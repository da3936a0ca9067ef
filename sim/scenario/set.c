/* See set.h. */
#include "sim/scenario/set.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "algorithms/registry.h"
#include "sim/scenario/path.h"

struct setting {
    const struct node *where; /* the scalar in which the path stands */
    struct path path;
    struct node *value;
    bool algorithm; /* of --algorithm */
};

/* The value of a key of the scenario, or NULL. */
static struct node *root_value(const struct tree *tree, const char *key)
{
    struct node *found = node_find(tree->root, key, strlen(key));
    return found == NULL ? NULL : found->value;
}

static bool parse_setting(struct diagnose *diagnose, struct setting *setting)
{
    size_t offset;
    const char *problem;
    const struct node *where = setting->where;
    const struct path *path = &setting->path;
    if (path_parse(where->text, where->size, &setting->path, &offset, &problem) == 0) {
        if (path->parts[0].size != 8 || memcmp(path->parts[0].text, "variants", 8) != 0)
            return true;
        diagnose_error(diagnose, where->at, "variants cannot be set");
        diagnose_help(diagnose, "choose one by --variant NAME");
        return false;
    }
    diagnose_error(diagnose, node_place(where, diagnose->sources, offset, 1), "%s", problem);
    diagnose_help(diagnose, "a path is keys with dots between them, as in backends.web.count; a "
                            "name with a dot or a space stands in double quotes");
    return false;
}

static const struct lb_algorithm *algorithm_of(const struct node *node)
{
    bool word = node != NULL && node->kind == NODE_SCALAR && strlen(node->text) == node->size;
    return word ? lb_registry_find(node->text) : NULL;
}

/* Is this what an entry of `balancers` is called? */
static bool is_balancer(const struct node *list, const struct node *name)
{
    for (const struct node *entry = list->first; entry != NULL; entry = entry->next) {
        const struct node *own = entry->kind == NODE_MAP ? node_find(entry, "name", 4) : NULL;
        if (own != NULL && own->value->kind == NODE_SCALAR && node_is(name, own->value->text))
            return true;
    }
    return false;
}

/* The balancer that --algorithm means: the only one, or the first that leads to backends. *place is
 * its index in the list, -1 without a list. */
static struct node *main_balancer(struct tree *tree, int *place)
{
    struct node *list = root_value(tree, "balancers");
    *place = -1;
    if (list == NULL || list->kind != NODE_LIST)
        return root_value(tree, "balancer");
    *place = 0;
    for (struct node *entry = list->first; entry != NULL; entry = entry->next, ++*place) {
        const struct node *to = entry->kind == NODE_MAP ? node_find(entry, "to", 2) : NULL;
        if (to == NULL || to->value->kind != NODE_SCALAR || !is_balancer(list, to->value))
            return entry;
    }
    *place = 0;
    return list->first;
}

/* Does a part of a path name this entry of a list: by its name, or its place when it has none? */
static bool names(const struct path_part *part, const struct node *entry, uint32_t place)
{
    const struct node *name = entry->kind == NODE_MAP ? node_find(entry, "name", 4) : NULL;
    char index[16];
    if (name != NULL && name->value->kind == NODE_SCALAR)
        return name->value->size == part->size &&
               memcmp(name->value->text, part->text, part->size) == 0;
    int size = snprintf(index, sizeof index, "%" PRIu32, place);
    return (size_t)size == part->size && memcmp(index, part->text, part->size) == 0;
}

static bool part_is(const struct path_part *part, const char *word)
{
    return part->size == strlen(word) && memcmp(part->text, word, part->size) == 0;
}

/* Whose algorithm the setting chooses; NULL when it is about something else. */
static struct node *chooses_for(struct tree *tree, const struct setting *setting)
{
    const struct path *path = &setting->path;
    int place;
    if (setting->algorithm || path_is(path, "balancer", "algorithm"))
        return main_balancer(tree, &place);
    struct node *list = root_value(tree, "balancers");
    if (list == NULL || list->kind != NODE_LIST || path->count != 3 ||
        !part_is(&path->parts[0], "balancers") || !part_is(&path->parts[2], "algorithm"))
        return NULL;
    uint32_t at = 0;
    for (struct node *entry = list->first; entry != NULL; entry = entry->next, at++)
        if (names(&path->parts[1], entry, at))
            return entry;
    return NULL;
}

/* Another algorithm does not take over the parameters of the one before it. */
static void forget_params(struct node *balancer, const struct node *chosen)
{
    if (balancer == NULL || balancer->kind != NODE_MAP)
        return;
    const struct node *old = node_find(balancer, "algorithm", 9);
    if (old == NULL || algorithm_of(old->value) != algorithm_of(chosen))
        node_remove(balancer, "params");
}

/* Carries settings out in order, but the algorithm first: what follows may set its parameters. */
static void apply(struct tree *tree, struct diagnose *diagnose, const struct setting *settings,
                  uint32_t count)
{
    for (int algorithm = 1; algorithm >= 0; algorithm--)
        for (uint32_t i = 0; i < count; i++) {
            const struct setting *s = &settings[i];
            struct node *balancer = chooses_for(tree, s);
            bool is_algorithm = s->algorithm || balancer != NULL;
            if (is_algorithm != (algorithm == 1))
                continue;
            if (is_algorithm)
                forget_params(balancer, s->value);
            (void)path_set(tree, diagnose, s->where, &s->path, s->value);
        }
}

/* --- variants ----------------------------------------------------------------------------------- */

static void apply_set(struct tree *tree, struct diagnose *diagnose, const struct node *set)
{
    struct setting *settings = arena_need(tree->arena, set->count, sizeof *settings);
    uint32_t n = 0;
    for (const struct node *key = set->first; key != NULL; key = key->next, n++) {
        settings[n].where = key;
        settings[n].value = key->value;
        if (!parse_setting(diagnose, &settings[n]))
            return;
    }
    apply(tree, diagnose, settings, n);
}

static void put(struct tree *tree, const char *key, struct node *value)
{
    struct node *old = root_value(tree, key);
    if (old != NULL)
        node_replace(old, value);
    else
        node_add_key(tree->root, tree_scalar(tree, key, strlen(key), value->at), value);
}

void set_variant(struct tree *tree, struct diagnose *diagnose, const char *name)
{
    const struct node *variants = root_value(tree, "variants");
    const struct node *variant = node_find(variants, name, strlen(name))->value;
    const struct node *timeline = node_find(variant, "timeline", 8);
    const struct node *expect = node_find(variant, "expect", 6);
    const struct node *set = node_find(variant, "set", 3);
    if (timeline != NULL)
        put(tree, "timeline", timeline->value);
    struct node *all = root_value(tree, "expect");
    if (expect != NULL && all != NULL && all->kind == NODE_LIST &&
        expect->value->kind == NODE_LIST) {
        for (struct node *line = expect->value->first, *next; line != NULL; line = next) {
            next = line->next;
            line->next = NULL;
            node_add_value(all, line);
        }
    } else if (expect != NULL) {
        put(tree, "expect", expect->value);
    }
    if (set != NULL)
        apply_set(tree, diagnose, set->value);
}

static void check_variant(struct diagnose *diagnose, const struct node *name)
{
    static const char *const words[] = {"set", "timeline", "expect"};
    static const enum node_kind kinds[] = {NODE_MAP, NODE_LIST, NODE_LIST};
    static const char *const nouns[] = {"a mapping of paths to values", "a list", "a list"};
    for (const struct node *key = name->value->first; key != NULL; key = key->next) {
        size_t i = 0;
        while (i < 3 && !node_is(key, words[i]))
            i++;
        if (i == 3) {
            diagnose_error(diagnose, key->at, "unknown key %s in variants.%s",
                           quote(key->text, key->size).text, quote(name->text, name->size).text);
            diagnose_help(diagnose, "known keys: set timeline expect");
        } else if (key->value->kind != kinds[i]) {
            diagnose_error(diagnose, key->value->at, "variants.%s.%s must be %s",
                           quote(name->text, name->size).text, words[i], nouns[i]);
        } else if (i == 0) {
            for (const struct node *path = key->value->first; path != NULL; path = path->next) {
                struct setting setting = {.where = path};
                (void)parse_setting(diagnose, &setting);
            }
        }
    }
}

void set_check_variants(struct tree *tree, struct diagnose *diagnose)
{
    const struct node *variants = root_value(tree, "variants");
    for (const struct node *key = variants->first; key != NULL; key = key->next) {
        if (node_is(key, "base"))
            diagnose_error(diagnose, key->at, "'base' is the file itself; give another name");
        else if (key->value->kind != NODE_MAP)
            diagnose_error(diagnose, key->value->at, "variants.%s must be a mapping",
                           quote(key->text, key->size).text);
        else
            check_variant(diagnose, key);
    }
}

/* --- the command line --------------------------------------------------------------------------- */

uint32_t set_source_count(const struct scenario_request *request)
{
    return request->set_count + (request->algorithm != NULL ? 1 : 0) + request->over_count;
}

void set_sources(const struct scenario_request *request, struct arena *arena,
                 struct source *sources)
{
    char name[40];
    for (uint32_t i = 0; i < request->set_count; i++) {
        (void)snprintf(name, sizeof name, request->set_count > 1 ? "--set %" PRIu32 : "--set",
                       i + 1);
        sources[i] = (struct source){.name = arena_copy(arena, name, strlen(name)),
                                     .argument = true,
                                     .text = request->sets[i],
                                     .size = strlen(request->sets[i])};
    }
    if (request->algorithm != NULL)
        sources[request->set_count] = (struct source){
            .name = request->algorithm_from != NULL ? request->algorithm_from : "--algorithm",
            .argument = true,
            .text = request->algorithm,
            .size = strlen(request->algorithm)};
    for (uint32_t i = 0; i < request->over_count; i++)
        sources[set_source_count(request) - request->over_count + i] =
            (struct source){.name = i < request->overs_first ? "--algorithms" : "--over",
                            .argument = true,
                            .text = request->overs[i],
                            .size = strlen(request->overs[i])};
}

/* The value of a --set: YAML where it starts like YAML, else a bare word. */
static struct node *parse_value(struct tree *tree, struct diagnose *diagnose, uint32_t source,
                                size_t from)
{
    const struct source *s = &diagnose->sources[source];
    if (from < s->size && strchr("[{\"'", s->text[from]) != NULL) {
        struct tree part = {.arena = tree->arena, .nodes = tree->nodes};
        uint32_t errors = diagnose->errors;
        if (tree_read(&part, diagnose, source, from, s->size) != 0 || diagnose->errors > errors)
            return NULL;
        tree->nodes = part.nodes;
        return part.root;
    }
    struct place at = {source, (uint32_t)from, (uint32_t)(s->size - from)};
    return tree_scalar(tree, s->text + from, s->size - from, at);
}

/* "path=value" of a --set. */
static bool parse_set(struct tree *tree, struct diagnose *diagnose, uint32_t source,
                      struct setting *setting)
{
    const struct source *s = &diagnose->sources[source];
    size_t equals = 0, bad;
    const char *problem;
    bool quoted = false;
    while (equals < s->size && (quoted || s->text[equals] != '=')) {
        quoted = quoted != (s->text[equals] == '"');
        equals++;
    }
    struct place all = {source, 0, (uint32_t)s->size};
    if (!source_clean(s, &bad, &problem) || strpbrk(s->text, "\r\n") != NULL) {
        diagnose_error(diagnose, all, "control characters are not allowed");
        return false;
    }
    if (equals == s->size || equals == 0 || s->size > TREE_SCALAR_MAX) {
        diagnose_error(diagnose, all, "path=value is expected");
        diagnose_help(diagnose, "as in --set backends.web.count=4");
        return false;
    }
    struct place at = {source, 0, (uint32_t)equals};
    setting->where = tree_scalar(tree, s->text, equals, at);
    setting->value = parse_value(tree, diagnose, source, equals + 1);
    return setting->value != NULL && parse_setting(diagnose, setting);
}

static struct setting key_setting(struct tree *tree, const char *path, const char *value,
                                  struct place at)
{
    struct setting setting = {.where = tree_scalar(tree, path, strlen(path), at),
                              .value = tree_scalar(tree, value, strlen(value), at)};
    size_t offset;
    const char *problem;
    (void)path_parse(setting.where->text, setting.where->size, &setting.path, &offset, &problem);
    return setting;
}

void set_request(struct tree *tree, struct diagnose *diagnose,
                 const struct scenario_request *request)
{
    uint32_t n = 0;
    struct setting *settings = arena_need(tree->arena, request->set_count + 2, sizeof *settings);
    for (uint32_t i = 0; i < request->set_count; i++)
        n += parse_set(tree, diagnose, i + 1, &settings[n]) ? 1 : 0;
    if (request->algorithm != NULL) {
        struct place at = {request->set_count + 1, 0, (uint32_t)strlen(request->algorithm)};
        char path[64] = "balancer.algorithm";
        int place;
        (void)main_balancer(tree, &place);
        if (place >= 0)
            (void)snprintf(path, sizeof path, "balancers.%d.algorithm", place);
        settings[n] = key_setting(tree, path, request->algorithm, at);
        settings[n++].algorithm = true;
    }
    if (request->seed_given) {
        char seed[24];
        (void)snprintf(seed, sizeof seed, "%" PRIu64, request->seed);
        settings[n++] = key_setting(tree, "run.seed", seed, (struct place){0, 0, 1});
    }
    apply(tree, diagnose, settings, n);
    uint32_t over = set_source_count(request) - request->over_count + 1;
    for (uint32_t i = 0; i < request->over_count; i++) /* the first ones last to first */
        (void)sweep_over(tree, diagnose,
                         over + (i < request->overs_first ? request->overs_first - 1 - i : i),
                         i < request->overs_first);
}

/* --- cells of a sweep ----------------------------------------------------------------------------- */

struct place set_cell_place(const struct node *key, uint32_t i)
{
    return key->value->kind == NODE_LIST ? node_at(key->value, i)->at : key->value->at;
}

void set_cell(struct tree *tree, struct diagnose *diagnose, const struct scenario *grid,
              const uint32_t *choice)
{
    const struct node *sweep = root_value(tree, "sweep");
    struct setting settings[SWEEP_KEYS_MAX];
    uint32_t n = 0;
    if (sweep != NULL && sweep->kind == NODE_MAP && sweep->count == grid->sweep_count)
        for (const struct node *key = sweep->first; key != NULL; key = key->next, n++) {
            const char *value = grid->sweeps[n].values[choice[n]];
            settings[n] = (struct setting){
                .where = key,
                .value = tree_scalar(tree, value, strlen(value), set_cell_place(key, choice[n]))};
            if (!parse_setting(diagnose, &settings[n]))
                return;
        }
    apply(tree, diagnose, settings, n);
    node_remove(tree->root, "sweep");
}

void set_describe(const struct scenario_request *request, struct text *out)
{
    for (uint32_t i = 0; i < request->set_count; i++)
        text_addf(out, "%s\n", request->sets[i]);
    if (request->algorithm != NULL)
        text_addf(out, "balancer.algorithm=%s\n", request->algorithm);
    if (request->seed_given)
        text_addf(out, "run.seed=%" PRIu64 "\n", request->seed);
}
