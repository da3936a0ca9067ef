/*
 * replay: recorded decisions of real balancers, decided again, and how many differ.
 */
#include <string.h>

#include "sim/base/json.h"
#include "sim/replay/replay.h"
#include "ui/cli/cli.h"
#include "ui/cli/plugin.h"

enum form { FORM_WORDS, FORM_JSON, FORM_CSV };

struct totals {
    uint64_t total, equal, differing, files;
};

/* --- words ------------------------------------------------------------------------------------ */

static void print_words(const char *path, const struct replay_result *r)
{
    text_print(stdout, path);
    printf(": %llu of %llu decisions equal%s%s\n", (unsigned long long)r->equal,
           (unsigned long long)r->total, r->note.size > 0 ? "; " : "",
           r->note.size > 0 ? r->note.data : "");
    if (r->line == 0)
        return;
    printf("  first difference in line %u: recorded '", (unsigned)r->line);
    text_print(stdout, r->expected.size > 0 ? r->expected.data : "");
    fputs("', decided '", stdout);
    text_print(stdout, r->decided.size > 0 ? r->decided.data : "");
    puts("'");
    if (r->state.size == 0)
        return;
    printf("  %s after it:\n", r->algorithm);
    for (const char *line = r->state.data, *end; *line != '\0'; line = end + 1) {
        end = strchr(line, '\n');
        printf("   %.*s\n", (int)(end - line), line);
    }
}

/* --- JSON and CSV ----------------------------------------------------------------------------- */

static void write_json(struct json *json, const char *path, const struct replay_result *r)
{
    json_object(json, NULL);
    json_string(json, "file", path);
    json_string(json, "kind", r->kind);
    json_string(json, "algorithm", r->algorithm);
    json_uint(json, "decisions", r->total);
    json_uint(json, "equal", r->equal);
    json_uint(json, "allowed", r->allowed);
    json_bool(json, "holds", replay_holds(r));
    if (r->note.size > 0)
        json_string(json, "note", r->note.data);
    if (r->line != 0) {
        json_object(json, "first_difference");
        json_uint(json, "line", r->line);
        json_string(json, "recorded", r->expected.size > 0 ? r->expected.data : "");
        json_string(json, "decided", r->decided.size > 0 ? r->decided.data : "");
        json_string(json, "state", r->state.size > 0 ? r->state.data : "");
        json_end_object(json);
    }
    json_end_object(json);
}

static void csv_field(const char *value)
{
    putchar('"');
    for (; *value != '\0'; value++) {
        if (*value == '"')
            putchar('"');
        putchar(*value);
    }
    putchar('"');
}

static void print_csv(const char *path, const struct replay_result *r)
{
    csv_field(path);
    printf(",%s,%s,%llu,%llu,%llu,%s,", r->kind, r->algorithm, (unsigned long long)r->total,
           (unsigned long long)r->equal, (unsigned long long)r->allowed,
           replay_holds(r) ? "yes" : "no");
    if (r->line != 0)
        printf("%u", (unsigned)r->line);
    putchar('\n');
}

/* --- the command ------------------------------------------------------------------------------ */

static int replay_one(struct cli *cli, const char *path, enum form form, struct json *json,
                      struct totals *totals)
{
    struct replay_result result;
    struct lb_error error;
    int status = replay_file(path, &result, &error);
    if (status != 0) {
        (void)cli_fail(cli, status, "%s", error.text);
    } else {
        totals->files++;
        totals->total += result.total;
        totals->equal += result.equal;
        totals->differing += replay_holds(&result) ? 0U : 1U;
        status = replay_holds(&result) ? CLI_DONE : CLI_FAILED;
        if (form == FORM_JSON)
            write_json(json, path, &result);
        else if (form == FORM_CSV)
            print_csv(path, &result);
        else if (result.line != 0 || !cli_flag(cli, "quiet"))
            print_words(path, &result);
    }
    replay_done(&result);
    return status;
}

static void print_totals(const struct totals *totals, enum form form, struct json *json)
{
    if (form == FORM_JSON) {
        json_end_list(json);
        json_uint(json, "decisions", totals->total);
        json_uint(json, "equal", totals->equal);
        json_uint(json, "replayed", totals->files);
        json_end_object(json);
        puts(json->text.data);
    } else if (form == FORM_WORDS && totals->files > 0) {
        printf("%llu of %llu decisions equal in %llu file%s\n", (unsigned long long)totals->equal,
               (unsigned long long)totals->total, (unsigned long long)totals->files,
               totals->files == 1 ? "" : "s");
    }
}

static int run_replay(struct cli *cli)
{
    struct totals totals = {.files = 0};
    struct json json;
    int worst = CLI_DONE;
    if (cli_flag(cli, "json") && cli_flag(cli, "csv"))
        return cli_fail(cli, CLI_WRONG, "--json and --csv exclude each other");
    enum form form = cli_flag(cli, "json")  ? FORM_JSON
                     : cli_flag(cli, "csv") ? FORM_CSV
                                            : FORM_WORDS;
    json_init(&json);
    if (form == FORM_JSON) {
        json_object(&json, NULL);
        json_list(&json, "files");
    } else if (form == FORM_CSV) {
        puts("file,kind,algorithm,decisions,equal,allowed,holds,first_difference_line");
    }
    for (uint32_t i = 0; i < cli->argument_count; i++) {
        int status = replay_one(cli, cli->arguments[i], form, &json, &totals);
        worst = status > worst ? status : worst;
    }
    print_totals(&totals, form, &json);
    json_done(&json);
    return worst;
}

static const struct option_spec options[] = {
    {"json", 0, NULL, "print one JSON object", false},
    {"csv", 0, NULL, "print comma-separated values, one line a file", false},
    {"quiet", 'q', NULL, "say nothing about files without a difference", false},
    PLUGIN_OPTION,
    {NULL, 0, NULL, NULL, false},
};

const struct command command_replay = {
    .name = "replay",
    .usage = "RECORDING ...",
    .summary = "decide recorded picks of real balancers again, and count what differs",
    .help =
        "Each RECORDING says what a balancer was asked and what it decided; - is standard input. "
        "The configuration in it, in the words of nginx, HAProxy, Apache, Caddy or Varnish, is "
        "put in place of that balancer without clients or backends, and every decision is "
        "compared.\n\n"
        "A recording is a text: lines '# key: value', a row with the names of the columns, then "
        "rows; cells stand between tabs, servers are s1, s2, ... as declared. "
        "'# kind:' is sequence, keyed, hold, time, events, checks, session, table, steps or "
        "counts. Your own balancer takes '# algorithm: NAME' (see 'lbsim algorithms'), "
        "'# weights: [3, 1]' or '# hosts: [\"10.0.0.1:80\", ...]', and '# params: "
        "{\"choices\": 3}' instead of '# config:'. The folder sim/replay of the source has all "
        "of it in its README.\n\n"
        "The exit status is 0 when all decisions are equal, 1 when one differs, 2 when a file "
        "is no recording that can be replayed, 3 when one cannot be read.",
    .examples = "lbsim replay tests/golden/nginx/rr_5_1_1.tsv\n"
                "lbsim replay --quiet tests/golden/*/*.tsv  # only what differs, and the sum\n"
                "lbsim replay --json mine.tsv",
    .options = options,
    .arguments_min = 1,
    .arguments_max = CLI_ANY,
    .run = run_replay,
};
