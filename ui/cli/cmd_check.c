/*
 * check: validates scenarios without running them. Messages go to stderr, as a compiler's do; what
 * stdout gets is one line for each file that is right.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/balancer/balancer.h"
#include "sim/base/json.h"
#include "sim/base/units.h"
#include "sim/scenario/load.h"
#include "ui/cli/cli.h"
#include "ui/cli/plugin.h"

static void print_fine(const char *path, const struct scenario *s)
{
    double load = scenario_offered_load(s);
    text_print(stdout, path);
    printf(": ok: %u backend%s, %u client group%s", (unsigned)s->backend_count,
           s->backend_count == 1 ? "" : "s", (unsigned)s->client_count,
           s->client_count == 1 ? "" : "s");
    if (load > 0)
        printf(", offered load %.3g%%", load * 100);
    if (s->variant_count > 1)
        printf(", %u variants", (unsigned)s->variant_count);
    puts("");
}

static void write_one(struct json *json, const char *path, const struct scenario *s,
                      const struct text *messages)
{
    json_object(json, NULL);
    json_string(json, "file", path);
    json_bool(json, "valid", s != NULL);
    if (s != NULL) {
        json_string(json, "name", s->name);
        json_uint(json, "backends", s->backend_count);
        json_uint(json, "clients", s->client_count);
        json_round(json, "offered_load", scenario_offered_load(s), 6);
        json_list(json, "variants");
        for (uint32_t i = 0; i < s->variant_count; i++)
            json_string(json, NULL, s->variants[i]);
        json_end_list(json);
    } else {
        json_string(json, "messages", messages->data);
    }
    json_end_object(json);
}

/* An algorithm may refuse a pool or parameters that are each in their range: it is asked. */
static bool starts(const struct scenario *s, const struct scenario_balancer *entry,
                   struct lb_error *error)
{
    struct stream_key key = {.seed = s->run.seed};
    struct balancer_members members;
    struct balancer balancer;
    balancer_members_init(&members, s, entry);
    bool fine = balancer_init(&balancer, s, entry->first, &members, &key, error) == 0;
    if (fine)
        balancer_done(&balancer);
    balancer_members_done(&members);
    return fine;
}

static bool can_start(const struct scenario *s, const char *path, struct text *messages)
{
    struct lb_error error = {0};
    uint32_t i = 0;
    while (i < s->balancer_count && starts(s, &s->balancers[i], &error))
        i++;
    if (i == s->balancer_count)
        return true;
    char where[256], why[sizeof error.text];
    text_escape(where, sizeof where, path, strlen(path));
    text_escape(why, sizeof why, error.text, strlen(error.text));
    text_addf(messages, "%s: error: %s\n", where, why);
    return false;
}

/* One file; returns its status. */
static int check_one(const struct cli *cli, const char *name, struct json *json)
{
    char *path = cli_scenario_path(name);
    struct scenario_request request = {.path = path,
                                       .variant = cli_value(cli, "variant"),
                                       .algorithm = cli_value(cli, "algorithm")};
    request.sets = cli_values(cli, "set", &request.set_count);
    struct text messages;
    int status;
    text_init(&messages);
    struct scenario *s = scenario_load(&request, &messages, &status);
    if (s != NULL && !can_start(s, path, &messages)) {
        scenario_destroy(s);
        s = NULL;
        status = CLI_WRONG;
    }
    if (json != NULL)
        write_one(json, path, s, &messages);
    else if (messages.size > 0)
        (void)fwrite(messages.data, 1, messages.size, stderr);
    if (json == NULL && s != NULL && !cli_flag(cli, "quiet"))
        print_fine(path, s);
    text_done(&messages);
    scenario_destroy(s);
    free(path);
    return status;
}

static int run_check(struct cli *cli)
{
    struct json json = {.depth = 0};
    struct json *out = cli_flag(cli, "json") ? &json : NULL;
    int worst = CLI_DONE;
    if (out != NULL) {
        json_init(out);
        json_object(out, NULL);
        json_list(out, "files");
    }
    for (uint32_t i = 0; i < cli->argument_count; i++) {
        int status = check_one(cli, cli->arguments[i], out);
        worst = status > worst ? status : worst;
    }
    if (out != NULL) {
        json_end_list(out);
        json_end_object(out);
        puts(out->text.data);
        json_done(out);
    }
    return worst;
}

static const struct option_spec options[] = {
    {"set", 's', "PATH=VALUE", "check with this key changed, as in run.duration=30s", true},
    {"algorithm", 'a', "ALGORITHM", "check with this algorithm", false},
    {"variant", 0, "NAME", "check this variant only", false},
    PLUGIN_OPTION,
    {"json", 0, NULL, "print one JSON object", false},
    {"quiet", 'q', NULL, "say nothing about files that are right", false},
    {NULL, 0, NULL, NULL, false},
};

const struct command command_check = {
    .name = "check",
    .usage = "FILE ...",
    .summary = "validate scenarios without running them",
    .help = "Reads each scenario with all its variants and says what is wrong with it: the place, "
            "the line, a caret, and what to write instead. At most 20 errors a file are shown; "
            "FILE may be - for standard input.\n\n"
            "The exit status is 0 when all are right, 2 when one is wrong, 3 when one cannot be "
            "read.",
    .examples = "lbsim check web.yaml\n"
                "lbsim check scenarios/*.yaml  # all that come with the program\n"
                "lbsim check web.yaml --set backends.web.count=4  # with a change\n",
    .options = options,
    .arguments_min = 1,
    .arguments_max = CLI_ANY,
    .run = run_check,
};
