/*
 * From libyaml's events to nodes (tree.h).
 *
 * libyaml marks places by the number of characters read; a sparse index turns that into bytes. The
 * open lists and mappings stand on a stack of TREE_DEPTH_MAX, so nothing recurses on the input.
 */
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "sim/scenario/tree.h"

#define INDEX_STEP 64U /* characters between two entries of the index */

struct anchor {
    const char *name;
    struct node *node;
    bool open; /* still being read: an alias to it would contain itself */
};

struct reading {
    struct tree *tree;
    struct diagnose *diagnose;
    uint32_t source;
    size_t from, end;   /* the bytes being read */
    uint32_t *index;    /* offset of every INDEX_STEP-th character */
    size_t index_count; /* entries */
    struct node *stack[TREE_DEPTH_MAX];
    struct node *key[TREE_DEPTH_MAX]; /* the key that waits for its value */
    uint32_t depth, documents, anchor_count;
    struct anchor anchors[TREE_ANCHORS_MAX];
};

static bool is_start(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

static void index_create(struct reading *r)
{
    const char *text = r->diagnose->sources[r->source].text;
    r->index = text_need((r->end - r->from) / INDEX_STEP * sizeof *r->index + sizeof *r->index);
    size_t characters = 0;
    for (size_t i = r->from; i < r->end; i++)
        if (is_start(text[i]) && characters++ % INDEX_STEP == 0)
            r->index[r->index_count++] = (uint32_t)i;
}

/* The byte at which this mark stands. */
static size_t byte_of(const struct reading *r, size_t character)
{
    const char *text = r->diagnose->sources[r->source].text;
    if (character / INDEX_STEP >= r->index_count)
        return r->end;
    size_t i = r->index[character / INDEX_STEP];
    for (size_t left = character % INDEX_STEP; left > 0 && i < r->end; left--)
        do
            i++;
        while (i < r->end && !is_start(text[i]));
    return i;
}

static struct place place_of(const struct reading *r, const yaml_mark_t *start,
                             const yaml_mark_t *end)
{
    size_t first = byte_of(r, start->index), last = end == NULL ? first : byte_of(r, end->index);
    return (struct place){r->source, (uint32_t)first, (uint32_t)(last > first ? last - first : 1)};
}

/* What to do about a message of libyaml. */
static const char *remedy(const char *problem, const char *context)
{
    static const struct {
        const char *part, *help;
    } remedies[] = {
        {"mapping values are not allowed",
         "': ' starts a new key; put quotes around the value, or line this key up with the one "
         "above"},
        {"expected ',' or '}'", "a '}' is missing further up"},
        {"expected ',' or ']'", "a ']' is missing further up"},
        {"expected key", "line this key up with the others of the same mapping"},
        {"expected '-' indicator", "line the '- ' up with the one above"},
        {"could not find expected ':'", "a key is followed by ': ' and its value"},
        {"unexpected end of stream", "a closing quote is missing"},
        {"document separator", "a closing quote is missing"},
        {"cannot start any token", "put quotes around the value"},
        {"unknown escape character", "write \\\\ for a backslash, or use single quotes"},
        {"alphabetic or numeric character", "put quotes around a value that starts with & or *"},
        {"block sequence entries are not allowed", "start the list on a line of its own"},
        {"expected node content", "a value is missing here, or there is one comma too many"},
        {"expected <document start>", "a key or bracket is missing further up"},
    };
    if (context != NULL && strstr(context, "block key") != NULL)
        return "line this key up with the others of the same mapping";
    for (size_t i = 0; i < sizeof remedies / sizeof remedies[0]; i++)
        if (strstr(problem, remedies[i].part) != NULL)
            return remedies[i].help;
    return NULL;
}

static int tell_parser(struct reading *r, const yaml_parser_t *parser)
{
    const char *problem = parser->problem == NULL ? "this is not YAML" : parser->problem;
    struct place at = place_of(r, &parser->problem_mark, NULL);
    if (parser->error == YAML_READER_ERROR)
        at.offset = (uint32_t)(r->from + parser->problem_offset);
    if (parser->context != NULL)
        diagnose_error(r->diagnose, at, "%s (%s)", problem, parser->context);
    else
        diagnose_error(r->diagnose, at, "%s", problem);
    const struct source *source = &r->diagnose->sources[r->source];
    bool tab = at.offset < source->size && source->text[at.offset] == '\t';
    const char *help = tab ? "indent with spaces" : remedy(problem, parser->context);
    if (help != NULL)
        diagnose_help(r->diagnose, "%s", help);
    bool elsewhere = parser->context_mark.line != parser->problem_mark.line ||
                     parser->context_mark.column != parser->problem_mark.column;
    if (parser->context != NULL && elsewhere)
        diagnose_note(r->diagnose, place_of(r, &parser->context_mark, NULL), "it began here");
    return -1;
}

static int refuse(struct reading *r, const yaml_event_t *event, const char *message)
{
    diagnose_error(r->diagnose, place_of(r, &event->start_mark, &event->end_mark), "%s", message);
    return -1;
}

/* Puts a finished or just opened node where it belongs. */
static int place_node(struct reading *r, const yaml_event_t *event, struct node *node)
{
    if (r->depth == 0) {
        r->tree->root = node;
        return 0;
    }
    struct node *open = r->stack[r->depth - 1];
    if (open->kind == NODE_LIST) {
        node_add_value(open, node);
        return 0;
    }
    struct node **waiting = &r->key[r->depth - 1];
    if (*waiting != NULL) {
        (*waiting)->value = node;
        *waiting = NULL;
        return 0;
    }
    if (node->kind != NODE_SCALAR || event->type == YAML_ALIAS_EVENT)
        return refuse(r, event, "a key must be a word");
    if (node->plain && node_is(node, "<<")) {
        (void)refuse(r, event, "merge keys are not part of the language");
        diagnose_help(r->diagnose, "write the keys out; an alias can stand for a whole value");
        return -1;
    }
    const struct node *same = node_find(open, node->text, node->size);
    if (same != NULL) {
        diagnose_error(r->diagnose, node->at, "duplicate key %s",
                       quote(node->text, node->size).text);
        diagnose_help(r->diagnose, "delete one of the two");
        diagnose_note(r->diagnose, same->at, "first given here");
        *waiting = node; /* its value is read, and forgotten */
        return 0;
    }
    if (open->count >= TREE_KEYS_MAX)
        return refuse(r, event, "more than 1,000 keys in one mapping");
    node_add_value(open, node);
    *waiting = node;
    return 0;
}

static int add_anchor(struct reading *r, const yaml_event_t *event, const yaml_char_t *name,
                      struct node *node, bool open)
{
    if (name == NULL)
        return 0;
    if (r->anchor_count >= TREE_ANCHORS_MAX)
        return refuse(r, event, "more than 64 anchors");
    const char *text = (const char *)name;
    r->anchors[r->anchor_count++] =
        (struct anchor){arena_copy(r->tree->arena, text, strlen(text)), node, open};
    return 0;
}

static int on_alias(struct reading *r, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    const char *names[TREE_ANCHORS_MAX];
    const struct anchor *found = NULL;
    for (uint32_t i = r->anchor_count; i-- > 0 && found == NULL;) {
        names[i] = r->anchors[i].name;
        if (strcmp(names[i], name) == 0)
            found = &r->anchors[i];
    }
    struct place at = place_of(r, &event->start_mark, &event->end_mark);
    char starred[100];
    (void)snprintf(starred, sizeof starred, "*%.90s", name);
    struct quoted alias = quote(starred, strlen(starred));
    if (found == NULL) {
        diagnose_error(r->diagnose, at, "unknown alias %s", alias.text);
        const char *near = text_nearest(name, names, r->anchor_count);
        if (near != NULL)
            diagnose_help(r->diagnose, "did you mean '*%s'?", near);
        return -1;
    }
    if (found->open) {
        diagnose_error(r->diagnose, at, "alias %s stands inside the value that it names",
                       alias.text);
        return -1;
    }
    if (r->depth + node_height(found->node) > TREE_DEPTH_MAX)
        return refuse(r, event, "more than 32 levels deep");
    struct node *copy = tree_copy(r->tree, found->node);
    if (copy == NULL)
        return refuse(r, event, "aliases expand to more than 100,000 values");
    return place_node(r, event, copy);
}

static int on_scalar(struct reading *r, const yaml_event_t *event)
{
    size_t size = event->data.scalar.length;
    if (size > TREE_SCALAR_MAX)
        return refuse(r, event, "longer than 4,096 bytes, the limit of a value");
    struct node *node = tree_scalar(r->tree, (const char *)event->data.scalar.value, size,
                                    place_of(r, &event->start_mark, &event->end_mark));
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (event->data.scalar.anchor != NULL) {
        const char *text = r->diagnose->sources[r->source].text + node->at.offset;
        while (node->lead < node->at.length && strchr(" \t\r\n", text[node->lead]) == NULL)
            node->lead++;
        while (node->lead < node->at.length && strchr(" \t\r\n", text[node->lead]) != NULL)
            node->lead++;
    }
    if (add_anchor(r, event, event->data.scalar.anchor, node, false) != 0)
        return -1;
    return place_node(r, event, node);
}

static int on_open(struct reading *r, const yaml_event_t *event, enum node_kind kind)
{
    if (r->depth >= TREE_DEPTH_MAX)
        return refuse(r, event, "more than 32 levels deep");
    struct node *node = tree_map(r->tree, place_of(r, &event->start_mark, NULL));
    node->kind = kind;
    node->flow = kind == NODE_LIST ? event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE
                                   : event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
    const yaml_char_t *name =
        kind == NODE_LIST ? event->data.sequence_start.anchor : event->data.mapping_start.anchor;
    if (add_anchor(r, event, name, node, true) != 0 || place_node(r, event, node) != 0)
        return -1;
    r->stack[r->depth] = node;
    r->key[r->depth++] = NULL;
    return 0;
}

static void on_close(struct reading *r)
{
    const struct node *node = r->stack[--r->depth];
    for (uint32_t i = r->anchor_count; i-- > 0;)
        if (r->anchors[i].node == node)
            r->anchors[i].open = false;
}

static const yaml_char_t *tag_of(const yaml_event_t *event)
{
    if (event->type == YAML_SCALAR_EVENT)
        return event->data.scalar.tag;
    if (event->type == YAML_SEQUENCE_START_EVENT)
        return event->data.sequence_start.tag;
    if (event->type == YAML_MAPPING_START_EVENT)
        return event->data.mapping_start.tag;
    return NULL;
}

static int on_event(struct reading *r, const yaml_event_t *event)
{
    if (tag_of(event) != NULL) {
        (void)refuse(r, event, "tags ('!...') are not part of the language");
        diagnose_help(r->diagnose, "delete the tag; put quotes around a value that starts with !");
        return -1;
    }
    bool makes_node = event->type == YAML_SCALAR_EVENT ||
                      event->type == YAML_SEQUENCE_START_EVENT ||
                      event->type == YAML_MAPPING_START_EVENT;
    if (makes_node && r->tree->nodes >= TREE_NODES_MAX)
        return refuse(r, event, "more than 100,000 values");
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return ++r->documents > 1 ? refuse(r, event, "only one document per file") : 0;
    case YAML_ALIAS_EVENT:
        return on_alias(r, event);
    case YAML_SCALAR_EVENT:
        return on_scalar(r, event);
    case YAML_SEQUENCE_START_EVENT:
        return on_open(r, event, NODE_LIST);
    case YAML_MAPPING_START_EVENT:
        return on_open(r, event, NODE_MAP);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        on_close(r);
        return 0;
    default:
        return 0;
    }
}

int tree_read(struct tree *tree, struct diagnose *diagnose, uint32_t source, size_t from,
              size_t end)
{
    const char *text = diagnose->sources[source].text;
    if (end - from >= 3 && memcmp(text + from, "\xef\xbb\xbf", 3) == 0)
        from += 3;
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        diagnose_whole(diagnose, source, "out of memory");
        return -1;
    }
    struct reading *r = text_need_zero(1, sizeof *r);
    r->tree = tree;
    r->diagnose = diagnose;
    r->source = source;
    r->from = from;
    r->end = end;
    index_create(r);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text + from, end - from);
    tree->root = NULL;
    int result = 0;
    for (bool done = false; !done && result == 0;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            result = tell_parser(r, &parser);
            break;
        }
        done = event.type == YAML_STREAM_END_EVENT;
        result = on_event(r, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    free(r->index);
    free(r);
    return result;
}
