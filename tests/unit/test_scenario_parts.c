/* The parts that read a scenario: quantities, calls, paths, the tree and its limits, words. */
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/call.h"
#include "sim/scenario/path.h"
#include "sim/scenario/quantity.h"
#include "sim/scenario/tree.h"
#include "sim/scenario/words.h"
#include "tests/check.h"

/* --- quantities --------------------------------------------------------------------------------- */

static enum quantity_fault quantity(const char *text, struct quantity *q)
{
    return quantity_read(text, strlen(text), q);
}

static void test_quantity(void)
{
    static const struct {
        const char *text;
        enum quantity_kind kind;
        double value;
    } rows[] = {
        {"0", QUANTITY_NUMBER, 0},
        {"3", QUANTITY_NUMBER, 3},
        {"-3", QUANTITY_NUMBER, -3},
        {"+3", QUANTITY_NUMBER, 3},
        {"010", QUANTITY_NUMBER, 10},
        {"2.25", QUANTITY_NUMBER, 2.25},
        {"0.1", QUANTITY_NUMBER, 0.1},
        {"0.3", QUANTITY_NUMBER, 0.3},
        {"123456789.987654321", QUANTITY_NUMBER, 123456789.987654321},
        {"350ns", QUANTITY_TIME, 350},
        {"1.5us", QUANTITY_TIME, 1500},
        {"0.4ns", QUANTITY_TIME, 0},
        {"0.5ns", QUANTITY_TIME, 1},
        {"20ms", QUANTITY_TIME, 20e6},
        {"0.1s", QUANTITY_TIME, 1e8},
        {"2min", QUANTITY_TIME, 120e9},
        {"1.5h", QUANTITY_TIME, 5400e9},
        {"900/s", QUANTITY_RATE, 900},
        {"90/min", QUANTITY_RATE, 1.5},
        {"36/h", QUANTITY_RATE, 0.01},
        {"75%", QUANTITY_SHARE, 0.75},
        {"0.1%", QUANTITY_SHARE, 0.001},
        {"64KiB", QUANTITY_SIZE, 65536},
        {"1.5MiB", QUANTITY_SIZE, 1572864},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct quantity q;
        CU_ASSERT_EQUAL(quantity(rows[i].text, &q), QUANTITY_FINE);
        CU_ASSERT_EQUAL(q.kind, rows[i].kind);
        CU_ASSERT_DOUBLE_EQUAL(q.value, rows[i].value, 0); /* exactly */
        if (q.kind == QUANTITY_TIME)
            CU_ASSERT_EQUAL(q.time, (lb_time)rows[i].value);
    }
    struct quantity q;
    CU_ASSERT_EQUAL(quantity("9007199254740993ns", &q), QUANTITY_FINE); /* no double is equal */
    CU_ASSERT_EQUAL(q.time, INT64_C(9007199254740993));
}

static void test_quantity_refused(void)
{
    static const char *const no_number[] = {"",   "nan", "inf", "-", "+", ".",   ".5",
                                            "5.", "--3", "x3",  "s", "%", "-.5", "\xc2\xb2"};
    static const char *const no_unit[] = {"0x10",  "1e3", "1e999", "1,5s",  "3S", "3sec", "2mins",
                                          "1.2.3", "3s3", "5 %%",  "1_000", "3m", "12:30"};
    struct quantity q;
    for (size_t i = 0; i < sizeof no_number / sizeof no_number[0]; i++)
        CU_ASSERT_NOT_EQUAL(quantity(no_number[i], &q), QUANTITY_FINE);
    for (size_t i = 0; i < sizeof no_unit / sizeof no_unit[0]; i++)
        CU_ASSERT_EQUAL(quantity(no_unit[i], &q), QUANTITY_NO_UNIT);
    CU_ASSERT_EQUAL(quantity("2 min", &q), QUANTITY_SPACE);
    CU_ASSERT_EQUAL(quantity("2 mins", &q), QUANTITY_NO_UNIT);
    CU_ASSERT_EQUAL(quantity("99999999999999999999", &q), QUANTITY_TOO_MUCH);
    CU_ASSERT_EQUAL(quantity("9999999h", &q), QUANTITY_TOO_MUCH);
    CU_ASSERT_EQUAL(quantity_read("3\0s", 3, &q), QUANTITY_NO_UNIT);
}

static void test_u64(void)
{
    uint64_t value;
    CU_ASSERT_EQUAL(quantity_read_u64("18446744073709551615", 20, &value), 0);
    CU_ASSERT_EQUAL(value, UINT64_MAX);
    CU_ASSERT_EQUAL(quantity_read_u64("18446744073709551616", 20, &value), -1);
    CU_ASSERT_EQUAL(quantity_read_u64("99999999999999999999", 20, &value), -1);
    CU_ASSERT_EQUAL(quantity_read_u64("", 0, &value), -1);
    CU_ASSERT_EQUAL(quantity_read_u64("-1", 2, &value), -1);
}

/* --- calls -------------------------------------------------------------------------------------- */

static const struct call *parse(struct arena *arena, const char *text, struct call_error *error)
{
    return call_parse(arena, text, strlen(text), error);
}

static void test_call(void)
{
    struct arena arena;
    struct call_error error;
    arena_init(&arena);
    const struct call *call =
        parse(&arena, " mix( 95% exponential(mean=25ms) ,5% constant( 400ms ) ) ", &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(call);
    CU_ASSERT_STRING_EQUAL(call->text, "mix");
    CU_ASSERT_EQUAL(call->arg_count, 2);
    CU_ASSERT(call->args->shared);
    CU_ASSERT_DOUBLE_EQUAL(call->args->share, 0.95, 0);
    CU_ASSERT_STRING_EQUAL(call->args->text, "exponential");
    const struct call *mean = call_arg(call->args, "mean");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mean);
    CU_ASSERT_EQUAL(mean->quantity.time, 25000000);
    CU_ASSERT_PTR_NULL(call_arg(call->args, "cv"));
    CU_ASSERT_EQUAL(call->args->next->args->quantity.time, 400000000);
    CU_ASSERT_PTR_NULL(call->args->next->args->key);

    call = parse(&arena, "empirical(file=\"a (b), c.txt\")", &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(call);
    CU_ASSERT_EQUAL(call->args->kind, CALL_STRING);
    CU_ASSERT_STRING_EQUAL(call->args->text, "a (b), c.txt");

    call = parse(&arena, "random", &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(call);
    CU_ASSERT(!call->parentheses);
    call = parse(&arena, "x(a=y(b=z(1)), c = d)", &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(call);
    CU_ASSERT_EQUAL(call->args->start, 4);
    CU_ASSERT_EQUAL(call->args->key_at, 2);
    CU_ASSERT_EQUAL(call->args->end, 13);
    CU_ASSERT_STRING_EQUAL(call_arg(call, "c")->text, "d");
    arena_done(&arena);
}

static void test_call_refused(void)
{
    static const struct {
        const char *text;
        size_t offset;
        const char *words;
    } rows[] = {
        {"", 0, "missing"},
        {"x(", 2, "missing"},
        {"x(1", 1, "the ')' of this '('"},
        {"x(1 2)", 4, "',' or ')'"},
        {"x(1,)", 3, "after this comma"},
        {"x(,1)", 2, "not expected"},
        {"x)", 1, "too much"},
        {"x(1))", 4, "too much"},
        {"x(a=1, a=2)", 7, "twice"},
        {"x(a=)", 4, "not expected"},
        {"x(1x)", 2, "unit"},
        {"x(0x10)", 2, "unit"},
        {"x(\"a)", 2, "closing"},
        {"mix(3 constant(1s))", 4, "share"},
        {"(1)", 0, "not expected"},
        {"a(b(c(d(e(f(g(h(i(1)))))))))", 17, "levels"},
        {"\xc3\xa9t\xc3\xa9", 0, "not a name"},
    };
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct call_error error = {.offset = 999};
        CU_ASSERT_PTR_NULL(parse(&arena, rows[i].text, &error));
        bool fine = error.offset == rows[i].offset && strstr(error.message, rows[i].words) != NULL;
        if (!fine)
            printf("\n%s: %zu: %s\n", rows[i].text, error.offset, error.message);
        CU_ASSERT(fine);
    }
    arena_done(&arena);
}

/* --- paths -------------------------------------------------------------------------------------- */

static void test_path(void)
{
    struct path path;
    size_t offset;
    const char *problem, *text = "clients.\"my app. 2\".0.x-y";
    CU_ASSERT_EQUAL(path_parse(text, strlen(text), &path, &offset, &problem), 0);
    CU_ASSERT_EQUAL_FATAL(path.count, 4);
    CU_ASSERT_EQUAL(path.parts[1].size, 9);
    CU_ASSERT_NSTRING_EQUAL(path.parts[1].text, "my app. 2", 9);
    CU_ASSERT_EQUAL(path.parts[1].at, 9);
    CU_ASSERT_NSTRING_EQUAL(path.parts[3].text, "x-y", 3);
    static const char *const bad[] = {"",    ".",      "a.",       ".a",      "a..b",
                                      "\"a", "a.\"\"", "\"a\"b.c", "a.\"b\"c"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_EQUAL(path_parse(bad[i], strlen(bad[i]), &path, &offset, &problem), -1);
    char deep[2 * 40];
    memset(deep, '.', sizeof deep);
    for (size_t i = 0; i < sizeof deep; i += 2)
        deep[i] = 'a';
    CU_ASSERT_EQUAL(path_parse(deep, sizeof deep - 1, &path, &offset, &problem), -1);
    CU_ASSERT_EQUAL(path_parse(deep, 2 * 32 - 1, &path, &offset, &problem), 0);
}

/* --- trees -------------------------------------------------------------------------------------- */

struct reading {
    struct arena arena;
    struct source source;
    struct diagnose diagnose;
    struct tree tree;
    struct text out;
    int result;
};

static void tree_open(struct reading *r, const char *text, size_t size)
{
    *r = (struct reading){.source = {.name = "t", .text = text, .size = size}};
    arena_init(&r->arena);
    text_init(&r->out);
    diagnose_init(&r->diagnose, &r->out, &r->source, 1);
    r->tree.arena = &r->arena;
    r->result = tree_read(&r->tree, &r->diagnose, 0, 0, size);
}

static void tree_close(struct reading *r)
{
    text_done(&r->out);
    arena_done(&r->arena);
}

static struct node *child(const struct node *map, const char *key)
{
    struct node *found = node_find(map, key, strlen(key));
    return found == NULL ? NULL : found->value;
}

static void test_tree(void)
{
    static const char text[] = "# \xc3\xa9\xc3\xa9\n"
                               "a: &x {b: [1, 'two', \"th\\x72ee\"], c: }\n"
                               "d: *x\n"
                               "\xc3\xbc: |\n  lines\n  more\n";
    struct reading r;
    tree_open(&r, text, sizeof text - 1);
    CU_ASSERT_EQUAL_FATAL(r.result, 0);
    const struct node *root = r.tree.root, *list = child(child(root, "a"), "b");
    CU_ASSERT_EQUAL(root->kind, NODE_MAP);
    CU_ASSERT_EQUAL(root->count, 3);
    CU_ASSERT_EQUAL(list->kind, NODE_LIST);
    CU_ASSERT(list->flow);
    CU_ASSERT_EQUAL(list->count, 3);
    CU_ASSERT(node_is(node_at(list, 1), "two"));
    CU_ASSERT(node_is(node_at(list, 2), "three"));
    CU_ASSERT_PTR_NULL(node_at(list, 3));
    CU_ASSERT(node_is_null(child(child(root, "a"), "c")));
    CU_ASSERT(node_is(child(root, "\xc3\xbc"), "lines\nmore\n"));

    /* A copy, with the places of the original; its parts are its own. */
    const struct node *copy = child(child(root, "d"), "b");
    CU_ASSERT(copy != list && node_at(copy, 1) != node_at(list, 1));
    CU_ASSERT_EQUAL(copy->at.offset, list->at.offset);

    size_t line, column, start, end;
    struct place two = node_place(node_at(list, 1), &r.source, 1, 1);
    source_locate(&r.source, two.offset, &line, &column, &start, &end);
    CU_ASSERT_EQUAL(line, 2);
    CU_ASSERT_EQUAL(column, 17); /* the w */
    CU_ASSERT_EQUAL(text[two.offset], 'w');
    struct place three = node_place(node_at(list, 2), &r.source, 1, 1);
    CU_ASSERT_EQUAL(text[three.offset], '"'); /* not as written: all of it */
    CU_ASSERT_EQUAL(three.length, 10);
    tree_close(&r);
}

static void test_tree_refused(void)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"a: 1\na: 2\n", "t:2:1: error: duplicate key 'a'"},
        {"a: 1\n\"a\": 2\n", "t:1:1: note: first given here"},
        {"a: {<<: {b: 1}}\n", "merge keys"},
        {"a: !!int 1\n", "tags"},
        {"a: ! 1\n", "tags"},
        {"a: !!map {}\n", "tags"},
        {"? [a]\n: 1\n", "a key must be a word"},
        {"x: &a b\n*a : 1\n", "a key must be a word"},
        {"a: *b\n", "t:1:4: error: unknown alias '*b'"},
        {"a: &b [*b]\n", "alias '*b' stands inside"},
        {"a: 1\n---\nb: 1\n", "t:2:1: error: only one document"},
        {"a: [1\nb: 2\n", "a ']' is missing"},
        {"a: \"b\n", "a closing quote is missing"},
        {"a: @b\n", "put quotes around the value"},
        {"a:\n  - b\n c: 1\n", "error:"},
        {"\ta: 1\n", "indent with spaces"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct reading r;
        tree_open(&r, rows[i].text, strlen(rows[i].text));
        bool fine = r.diagnose.errors == 1 && strstr(r.out.data, rows[i].words) != NULL;
        if (!fine)
            printf("\n%s: %s\n", rows[i].text, r.out.data == NULL ? "" : r.out.data);
        CU_ASSERT(fine);
        tree_close(&r);
    }
}

/* Just inside each limit, and one beyond it. */
static void test_tree_limits(void)
{
    for (int beyond = 0; beyond < 2; beyond++) {
        struct reading r;
        struct text text;
        text_init(&text);
        for (unsigned i = 0; i < TREE_DEPTH_MAX + (unsigned)beyond; i++)
            text_add(&text, "[", 1);
        for (unsigned i = 0; i < TREE_DEPTH_MAX + (unsigned)beyond; i++)
            text_add(&text, "]", 1);
        tree_open(&r, text.data, text.size);
        CU_ASSERT_EQUAL(r.result, -beyond);
        tree_close(&r);

        text_clear(&text);
        for (unsigned i = 0; i < TREE_KEYS_MAX + (unsigned)beyond; i++)
            text_addf(&text, "k%u: 1\n", i);
        tree_open(&r, text.data, text.size);
        CU_ASSERT_EQUAL(r.result, -beyond);
        tree_close(&r);

        text_clear(&text);
        for (unsigned i = 0; i < TREE_ANCHORS_MAX + (unsigned)beyond; i++)
            text_addf(&text, "- &a%u 1\n", i);
        tree_open(&r, text.data, text.size);
        CU_ASSERT_EQUAL(r.result, -beyond);
        tree_close(&r);

        text_clear(&text);
        for (unsigned i = 0; i < TREE_SCALAR_MAX + (unsigned)beyond; i++)
            text_add(&text, "x", 1);
        tree_open(&r, text.data, text.size);
        CU_ASSERT_EQUAL(r.result, -beyond);
        tree_close(&r);

        /* The list is a node too; then three nodes an alias, two hundred at a time. */
        text_clear(&text);
        for (unsigned i = 1; i < TREE_NODES_MAX + (unsigned)beyond; i++)
            text_addf(&text, "- 1\n");
        tree_open(&r, text.data, text.size);
        CU_ASSERT_EQUAL(r.result, -beyond);
        CU_ASSERT_EQUAL(r.tree.nodes, TREE_NODES_MAX);
        tree_close(&r);
        text_done(&text);
    }
}

/* An alias may not make a tree deeper than reading could. */
static void test_alias_depth(void)
{
    struct reading r;
    static const char fits[] =
        "a: &a [[[[[[[[[[1]]]]]]]]]]\nb: &b [[[[[[[[[[*a]]]]]]]]]]\nc: [*b]\n";
    static const char deep[] = "a: &a [[[[[[[[[[1]]]]]]]]]]\nb: &b [[[[[[[[[[*a]]]]]]]]]]\n"
                               "c: &c [[[[[[[[[[*b]]]]]]]]]]\nd: [[*c]]\n";
    tree_open(&r, fits, sizeof fits - 1);
    CU_ASSERT_EQUAL(r.result, 0);
    CU_ASSERT_EQUAL(node_height(r.tree.root), 22);
    tree_close(&r);
    tree_open(&r, deep, sizeof deep - 1);
    CU_ASSERT_EQUAL(r.result, -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out.data, "t:4:6: error: more than 32 levels deep"));
    tree_close(&r);
}

/* --- words and lines ---------------------------------------------------------------------------- */

static void test_words(void)
{
    for (int c = 0; c < CAUSES; c++)
        CU_ASSERT_EQUAL(cause_find(cause_name((enum cause)c)), (enum cause)c);
    CU_ASSERT_EQUAL(cause_find("queue-full"), CAUSE_QUEUE_FULL);
    CU_ASSERT_EQUAL(cause_find("response_timeout"), CAUSE_RESPONSE_TIMEOUT);
    CU_ASSERT_EQUAL(cause_find("queue"), CAUSES);
    CU_ASSERT_EQUAL(cause_find("queue fullx"), CAUSES);
    CU_ASSERT_EQUAL(cause_find(""), CAUSES);
    for (int a = 0; a < ACTIONS; a++)
        CU_ASSERT_EQUAL(action_find(action_name((enum action)a)), (enum action)a);
    CU_ASSERT_EQUAL(action_find("explode"), ACTIONS);
    CU_ASSERT_STRING_EQUAL(belief_name(BELIEF_DRAINING), "draining");
    CU_ASSERT_STRING_EQUAL(truth_name(TRUTH_HUNG), "hung");
    CU_ASSERT_STRING_EQUAL(discipline_name(DISCIPLINE_PS), "ps");
}

static void locate(const char *text, size_t offset, size_t line, size_t column)
{
    struct source source = {.name = "t", .text = text, .size = strlen(text)};
    size_t got_line, got_column, start, end;
    source_locate(&source, offset, &got_line, &got_column, &start, &end);
    CU_ASSERT_EQUAL(got_line, line);
    CU_ASSERT_EQUAL(got_column, column);
    CU_ASSERT(start <= end && end <= source.size);
}

static void test_lines(void)
{
    locate("", 0, 1, 1);
    locate("abc", 3, 1, 4);
    locate("abc", 99, 1, 4);
    locate("a\nb", 2, 2, 1);
    locate("a\r\nb", 3, 2, 1);
    locate("a\rb\r\rc", 5, 4, 1);
    locate("\xef\xbb\xbf"
           "ab",
           4, 1, 2);
    locate("\xc3\xa9\xe2\x82\xac"
           "x",
           5, 1, 3);

    size_t offset;
    const char *problem;
    struct source clean = {.text = "\xef\xbb\xbf"
                                   "a\t\xc2\x85\r\n\xf0\x9f\x98\x80",
                           .size = 13};
    CU_ASSERT(source_clean(&clean, &offset, &problem));
    static const struct {
        const char *text;
        size_t size, offset;
    } dirty[] = {{"ab\xff", 3, 2},
                 {"a\0b", 3, 1},
                 {"a\x1b", 2, 1},
                 {"a\x7f", 2, 1},
                 {"\xc2\x9b", 2, 0},
                 {"a\xef\xbb\xbf", 4, 1},
                 {"\xed\xa0\x80", 3, 0},
                 {"\xff\xfe"
                  "a",
                  3, 0},
                 {"\xf4\x90\x80\x80", 4, 0},
                 {"a\xef\xbf\xbe", 4, 1}};
    for (size_t i = 0; i < sizeof dirty / sizeof dirty[0]; i++) {
        struct source source = {.text = dirty[i].text, .size = dirty[i].size};
        CU_ASSERT(!source_clean(&source, &offset, &problem));
        CU_ASSERT_EQUAL(offset, dirty[i].offset);
    }
}

/* A message never shows more than a line's worth of a long line, and the caret is under the byte. */
static void test_long_lines(void)
{
    struct text line, out;
    text_init(&line);
    text_init(&out);
    for (int i = 0; i < 5000; i++)
        text_add(&line, i % 7 == 0 ? "\xc3\xa9" : "ab", 2);
    for (uint32_t offset = 0; offset < line.size; offset += 94) {
        struct source source = {.name = "t", .text = line.data, .size = line.size};
        struct diagnose d;
        text_clear(&out);
        diagnose_init(&d, &out, &source, 1);
        diagnose_error(&d, (struct place){0, offset, 400}, "long");
        const char *shown = strstr(out.data, " | ") + 3, *caret = strchr(out.data, '^');
        CU_ASSERT(out.size < 400);
        size_t column = (size_t)(caret - (strstr(strchr(shown, '\n'), " | ") + 3));
        size_t at = 0;
        for (size_t i = 0; i < column; i++) /* every character is one column wide */
            at += text_utf8_length(shown + at, 8);
        CU_ASSERT_NSTRING_EQUAL(shown + at, line.data + offset, 2);
    }
    text_done(&line);
    text_done(&out);
}

static const struct check_test tests[] = {
    {"quantities", test_quantity},
    {"quantities refused", test_quantity_refused},
    {"whole numbers", test_u64},
    {"calls", test_call},
    {"calls refused", test_call_refused},
    {"paths", test_path},
    {"trees", test_tree},
    {"trees refused", test_tree_refused},
    {"limits of a tree", test_tree_limits},
    {"depth of aliases", test_alias_depth},
    {"words", test_words},
    {"lines", test_lines},
    {"long lines", test_long_lines},
};

CHECK_MAIN("scenario parts")
