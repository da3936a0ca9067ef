/*
 * The arms of a comparison: the product of the variants, algorithms and --set lists that are named.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/load.h"
#include "ui/cli/compare.h"

/* A word list; of a --set list its values, and the path in front of them. */
struct choice {
    char *text; /* which the words are parts of */
    char **words;
    uint32_t count;
    const char *path; /* "path=", a prefix of each setting; NULL = none */
};

struct building {
    struct compare_job *job;
    struct choice variants, algorithms, *sets; /* a choice for each --set; of one word = no list */
    uint32_t set_count;
};

/* --- words -------------------------------------------------------------------------------------------- */

/* The next comma of a list: not one inside brackets or quotes. */
static char *next_comma(char *at)
{
    int depth = 0;
    for (char quote = 0; *at != '\0'; at++) {
        if (quote != 0)
            quote = *at == quote ? 0 : quote;
        else if (*at == '"' || *at == '\'')
            quote = *at;
        else if (*at == '(' || *at == '[' || *at == '{')
            depth++;
        else if (*at == ')' || *at == ']' || *at == '}')
            depth--;
        else if (*at == ',' && depth <= 0)
            return at;
    }
    return NULL;
}

/* Cuts text at commas. */
static void cut(struct choice *choice, char *text)
{
    for (char *at = text; at != NULL;) {
        char *comma = next_comma(at);
        choice->words = text_need_more(choice->words, (choice->count + 1U) * sizeof(char *));
        choice->words[choice->count++] = at;
        if (comma != NULL)
            *comma++ = '\0';
        while (*at == ' ')
            choice->words[choice->count - 1] = ++at;
        at = comma;
    }
}

static int read_list(const struct cli *cli, const char *option, const char *single,
                     struct choice *choice)
{
    const char *list = cli_value(cli, option);
    if (list == NULL)
        return CLI_DONE;
    if (cli_value(cli, single) != NULL)
        return cli_fail(cli, CLI_WRONG, "--%s and --%s exclude each other", single, option);
    choice->text = text_copy(list);
    cut(choice, choice->text);
    for (uint32_t i = 0; i < choice->count; i++)
        if (choice->words[i][0] == '\0')
            return cli_fail(cli, CLI_WRONG, "--%s '%s': a name is missing", option, list);
    return CLI_DONE;
}

/* Where the value of "path=value" begins; the path may have quotes. */
static size_t value_at(const char *set)
{
    size_t at = 0;
    for (bool quoted = false; set[at] != '\0' && (quoted || set[at] != '='); at++)
        quoted = quoted != (set[at] == '"');
    return set[at] == '=' ? at + 1 : at;
}

static void read_set(const char *set, struct choice *choice)
{
    size_t at = value_at(set);
    choice->path = text_copy_n(set, at);
    choice->text = text_copy(set + at);
    if (strchr("[{\"'", set[at]) != NULL) { /* YAML, or nothing: one value */
        choice->words = text_need(sizeof(char *));
        choice->words[choice->count++] = choice->text;
    } else {
        cut(choice, choice->text);
    }
}

static void choice_done(struct choice *choice)
{
    free(choice->text);
    free(choice->words);
    free((char *)choice->path);
}

/* --- one arm ------------------------------------------------------------------------------------------- */

/* Which word of each choice arm n takes: variants slowest, the last list fastest. */
static void words_of(const struct building *b, uint32_t n, uint32_t *variant, uint32_t *algorithm,
                     uint32_t *sets)
{
    for (uint32_t i = b->set_count; i-- > 0; n /= b->sets[i].count)
        sets[i] = n % b->sets[i].count;
    uint32_t algorithms = b->algorithms.count > 0 ? b->algorithms.count : 1;
    *algorithm = n % algorithms;
    *variant = n / algorithms;
}

static void add_word(struct text *name, const char *word, const char *value)
{
    text_addf(name, "%s%s%s%s", name->size > 0 ? " " : "", word, word[0] != '\0' ? "=" : "", value);
}

/* What tells it from the others; a number when nothing does. */
static char *name_arm(const struct building *b, uint32_t variant, uint32_t algorithm,
                      const uint32_t *sets)
{
    const struct compare_job *job = b->job;
    struct text name;
    uint32_t twins = 0;
    text_init(&name);
    if (b->variants.count > 1 || (b->variants.count == 1 && b->algorithms.count == 0))
        add_word(&name, "", b->variants.words[variant]);
    if (b->algorithms.count > 0)
        add_word(&name, "", b->algorithms.words[algorithm]);
    for (uint32_t i = 0; i < b->set_count; i++) {
        const struct choice *set = &b->sets[i];
        const char *last = strrchr(set->path, '.');
        if (set->count < 2)
            continue;
        char *key = text_copy(last != NULL && strchr(last, '"') == NULL ? last + 1 : set->path);
        key[strcspn(key, "=")] = '\0';
        add_word(&name, key, set->words[sets[i]]);
        free(key);
    }
    if (name.size == 0)
        text_addf(&name, "%s", job->base->balancer.algorithm->name);
    for (uint32_t i = 0; i < job->count; i++) {
        size_t size = name.size;
        bool twin = strncmp(job->names[i], name.data, size) == 0 &&
                    (job->names[i][size] == '\0' || strncmp(job->names[i] + size, " (", 2) == 0);
        twins += twin ? 1U : 0U;
    }
    if (twins > 0)
        text_addf(&name, " (%" PRIu32 ")", twins + 1);
    return name.data;
}

static int load_arm(const struct building *b, uint32_t n, bool coins)
{
    struct compare_job *job = b->job;
    struct compare_arm *arm = &job->arms[n];
    struct scenario_request request;
    struct text *texts = text_need_zero(b->set_count + 2U, sizeof *texts);
    const char **sets = text_need((b->set_count + 2U) * sizeof *sets);
    uint32_t *words = text_need_zero(b->set_count + 1U, sizeof *words);
    uint32_t variant, algorithm, count = 0;
    int status = execute_request(job->cli, &request);
    words_of(b, n, &variant, &algorithm, words);
    for (; count < b->set_count; count++)
        text_addf(&texts[count], "%s%s", b->sets[count].path, b->sets[count].words[words[count]]);
    if (coins)
        text_addf(&texts[count++], "run.seed_of_algorithm=%" PRIu64, job->coins);
    for (uint32_t i = 0; i < count; i++)
        sets[i] = texts[i].data;
    request.path = job->base->path;
    request.text = job->base->source;
    request.text_size = strlen(job->base->source);
    request.sets = sets;
    request.set_count = count;
    if (b->variants.count > 0)
        request.variant = b->variants.words[variant];
    if (b->algorithms.count > 0) {
        request.algorithm = b->algorithms.words[algorithm];
        request.algorithm_from = "--algorithms";
    }
    if (status == CLI_DONE) {
        scenario_destroy(arm->scenario);
        arm->scenario = execute_load_request(job->cli, &request, &status);
    }
    for (uint32_t i = 0; i < count; i++)
        text_done(&texts[i]);
    free(texts);
    free(sets);
    free(words);
    if (arm->scenario == NULL)
        return status;
    arm->settings = arm->scenario->settings;
    arm->name = job->names[n];
    return CLI_DONE;
}

/* --- all ------------------------------------------------------------------------------------------------ */

static int read_choices(struct building *b)
{
    const struct cli *cli = b->job->cli;
    const char *const *sets = cli_values(cli, "set", &b->set_count);
    int status = read_list(cli, "algorithms", "algorithm", &b->algorithms);
    if (status == CLI_DONE)
        status = read_list(cli, "variants", "variant", &b->variants);
    b->sets = text_need_zero(b->set_count + 1U, sizeof *b->sets);
    for (uint32_t i = 0; i < b->set_count; i++)
        read_set(sets[i], &b->sets[i]);
    return status;
}

/* The scenario without lists, which may be all there is to see of it. */
static int load_base(struct building *b)
{
    struct scenario_request request;
    const char **fixed = text_need((b->set_count + 1U) * sizeof *fixed);
    const char *const *sets;
    uint32_t count, n = 0;
    char *path = cli_scenario_path(b->job->cli->arguments[0]);
    int status = execute_request(b->job->cli, &request);
    sets = cli_values(b->job->cli, "set", &count);
    for (uint32_t i = 0; i < count; i++)
        if (b->sets[i].count == 1)
            fixed[n++] = sets[i];
    request.path = path;
    request.sets = fixed;
    request.set_count = n;
    if (status == CLI_DONE)
        b->job->base = execute_load_request(b->job->cli, &request, &status);
    free(fixed);
    free(path);
    return b->job->base == NULL ? status : CLI_DONE;
}

/* Nothing named: the variants of the file. */
static void take_variants(struct building *b)
{
    const struct scenario *s = b->job->base;
    bool named = b->algorithms.count > 0 || b->variants.count > 0 ||
                 cli_value(b->job->cli, "variant") != NULL;
    for (uint32_t i = 0; i < b->set_count; i++)
        named |= b->sets[i].count > 1;
    if (named || s->variant_count < 2)
        return;
    b->variants.words = text_need(s->variant_count * sizeof(char *));
    for (uint32_t i = 0; i < s->variant_count; i++)
        b->variants.words[b->variants.count++] = (char *)s->variants[i];
}

static int count_arms(const struct building *b, uint32_t *arms)
{
    double count = (b->variants.count > 0 ? b->variants.count : 1) *
                   (double)(b->algorithms.count > 0 ? b->algorithms.count : 1);
    for (uint32_t i = 0; i < b->set_count; i++)
        count *= b->sets[i].count;
    if (count < 2.0)
        return cli_fail(b->job->cli, CLI_WRONG,
                        "one arm is nothing to compare: write --algorithms A,B, --variants A,B or "
                        "--set PATH=VALUE,VALUE");
    if (count > COMPARE_ARMS_MAX)
        return cli_fail(b->job->cli, CLI_WRONG,
                        "%.0f arms, more than %u: `lbsim sweep` makes grids", count,
                        COMPARE_ARMS_MAX);
    *arms = (uint32_t)count;
    return CLI_DONE;
}

static int find_baseline(struct compare_job *job)
{
    const char *word = cli_value(job->cli, "baseline");
    job->baseline = 0;
    if (word == NULL)
        return CLI_DONE;
    for (uint32_t i = 0; i < job->count; i++)
        if (strcmp(job->names[i], word) == 0) {
            job->baseline = i;
            return CLI_DONE;
        }
    cli_fail_unknown(job->cli, "arm", word, (const char *const *)job->names, job->count);
    fputs("the arms are:", stderr);
    for (uint32_t i = 0; i < job->count; i++) {
        fputs(i > 0 ? ", " : " ", stderr);
        text_print(stderr, job->names[i]);
    }
    fputs("\n", stderr);
    return CLI_WRONG;
}

static int load_arms(struct building *b)
{
    struct compare_job *job = b->job;
    uint32_t arms = 0, algorithms = b->algorithms.count > 0 ? b->algorithms.count : 1;
    uint32_t inner = algorithms, *words = text_need_zero(b->set_count + 1U, sizeof *words);
    int status = count_arms(b, &arms);
    for (uint32_t i = 0; i < b->set_count; i++)
        inner *= b->sets[i].count;
    job->arms = text_need_zero(arms + 1U, sizeof *job->arms);
    job->names = text_need_zero(arms + 1U, sizeof *job->names);
    job->groups = text_need_zero(arms + 1U, sizeof *job->groups);
    for (uint32_t n = 0; n < arms && status == CLI_DONE; n++) {
        uint32_t variant, algorithm;
        words_of(b, n, &variant, &algorithm, words);
        job->names[n] = name_arm(b, variant, algorithm, words);
        job->groups[n] = n % inner;
        job->count++;
    }
    free(words);
    if (status == CLI_DONE)
        status = find_baseline(job);
    for (uint32_t n = 0; n < job->count && status == CLI_DONE; n++)
        status = load_arm(b, n, job->coins_given && n != job->baseline);
    return status;
}

int compare_arms(struct compare_job *job)
{
    struct building b = {.job = job};
    int status = read_choices(&b);
    if (status == CLI_DONE)
        status = load_base(&b);
    if (status == CLI_DONE) {
        take_variants(&b);
        status = load_arms(&b);
    }
    choice_done(&b.variants);
    choice_done(&b.algorithms);
    for (uint32_t i = 0; i < b.set_count; i++)
        choice_done(&b.sets[i]);
    free(b.sets);
    return status;
}

void compare_arms_done(struct compare_job *job)
{
    for (uint32_t i = 0; i < job->count; i++) {
        scenario_destroy(job->arms[i].scenario);
        free(job->names[i]);
    }
    free(job->arms);
    free(job->names);
    free(job->groups);
    scenario_destroy(job->base);
}
