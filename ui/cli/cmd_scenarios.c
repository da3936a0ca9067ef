/*
 * scenarios: what comes with lbsim, as a list or one file's text.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/json.h"
#include "sim/scenario/load.h"
#include "ui/cli/cli.h"
#include "ui/cli/usage.h"

#define INDENT 20

/* The names of the scenarios: "first" for first.yaml and, from a folder in the folder,
 * "phenomena/01-policy-ladder"; in order, those of the folder itself first. */
struct names {
    char **at;
    uint32_t count;
};

static void names_done(struct names *names)
{
    for (uint32_t i = 0; i < names->count; i++)
        free(names->at[i]);
    free(names->at);
}

static void names_add(struct names *names, char *name)
{
    names->at = text_need_more(names->at, (names->count + 1) * sizeof *names->at);
    names->at[names->count++] = name;
}

static int by_name(const void *a, const void *b)
{
    const char *left = *(char *const *)a, *right = *(char *const *)b;
    bool below = strchr(left, '/') != NULL;
    if (below != (strchr(right, '/') != NULL))
        return below ? 1 : -1;
    return strcmp(left, right);
}

/* Adds the scenarios of a folder, their names after `prefix`, and with a list of folders those
 * folders in it that may hold more: not the lessons, which are in a language of their own. 0, or -1
 * when the folder cannot be read. */
static int names_add_folder(struct names *names, const char *path, const char *prefix,
                            struct names *folders)
{
    DIR *directory = opendir(path);
    if (directory == NULL)
        return -1;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        size_t size = strlen(entry->d_name);
        if (entry->d_name[0] == '.')
            continue;
        if (size > 5 && strcmp(entry->d_name + size - 5, ".yaml") == 0) {
            struct text name;
            text_init(&name);
            text_addf(&name, "%s%.*s", prefix, (int)(size - 5), entry->d_name);
            names_add(names, name.data);
        } else if (folders != NULL && strchr(entry->d_name, '.') == NULL &&
                   strcmp(entry->d_name, "lessons") != 0) {
            names_add(folders, text_copy(entry->d_name));
        }
    }
    (void)closedir(directory);
    return 0;
}

static int names_read(struct names *names, const char *folder)
{
    struct names folders = {0};
    *names = (struct names){0};
    int status = names_add_folder(names, folder, "", &folders);
    for (uint32_t i = 0; i < folders.count; i++) {
        struct text path, prefix;
        text_init(&path);
        text_init(&prefix);
        text_addf(&path, "%s/%s", folder, folders.at[i]);
        text_addf(&prefix, "%s/", folders.at[i]);
        (void)names_add_folder(names, path.data, prefix.data, NULL); /* a file is no folder */
        text_done(&path);
        text_done(&prefix);
    }
    names_done(&folders);
    if (names->count > 0)
        qsort(names->at, names->count, sizeof *names->at, by_name);
    return status;
}

/* The place in the list of a name with or without its folder, or NULL. */
static char **names_find(const struct names *names, const char *name)
{
    for (uint32_t i = 0; i < names->count; i++) {
        const char *slash = strrchr(names->at[i], '/');
        if (strcmp(names->at[i], name) == 0 || (slash != NULL && strcmp(slash + 1, name) == 0))
            return &names->at[i];
    }
    return NULL;
}

static struct scenario *load(const char *folder, const char *name, struct text *messages,
                             int *status)
{
    struct text path;
    text_init(&path);
    text_addf(&path, "%s/%s.yaml", folder, name);
    struct scenario_request request = {.path = path.data};
    struct scenario *scenario = scenario_load(&request, messages, status);
    text_done(&path);
    return scenario;
}

static void write_one(struct json *json, const char *folder, const char *name,
                      const struct scenario *scenario)
{
    struct text path;
    text_init(&path);
    text_addf(&path, "%s/%s.yaml", folder, name);
    json_object(json, NULL);
    json_string(json, "name", name);
    json_string(json, "file", path.data);
    json_bool(json, "valid", scenario != NULL);
    if (scenario != NULL) {
        json_string(json, "title", scenario->name);
        json_string(json, "about", scenario->about);
        json_list(json, "variants");
        for (uint32_t i = 0; i < scenario->variant_count; i++)
            json_string(json, NULL, scenario->variants[i]);
        json_end_list(json);
        json_list(json, "expect"); /* of the file itself, variant base */
        for (uint32_t i = 0; i < scenario->expect_count; i++)
            json_string(json, NULL, scenario->expects[i].text);
        json_end_list(json);
    }
    json_end_object(json);
    text_done(&path);
}

/* A scenario's own words may hold control bytes. */
static void print_one(const char *path, const struct scenario *scenario, uint32_t width)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    const char *about = "is not valid; 'lbsim check' says why";
    if (scenario != NULL)
        about = scenario->about == NULL || scenario->about[0] == '\0'
                    ? "(says nothing about itself)"
                    : scenario->about;
    size_t size = strlen(about);
    char *shown = text_need(size + 1);
    char *term = text_need(strlen(name) + 1);
    char *line = text_copy(about);
    for (char *c = line; *c != '\0'; c++)
        if (*c == '\n')
            *c = ' ';
    text_escape(shown, size + 1, line, size);
    free(line);
    text_escape(term, strlen(name) + 1, name, strlen(name));
    usage_row(stdout, term, shown, INDENT, width);
    free(shown);
    free(term);
}

/* A line above those of a folder in the folder. */
static void print_heading(const struct names *names, uint32_t i)
{
    const char *slash = strchr(names->at[i], '/');
    if (slash == NULL)
        return;
    size_t size = (size_t)(slash - names->at[i]) + 1;
    if (i > 0 && strncmp(names->at[i - 1], names->at[i], size) == 0)
        return;
    char *heading = text_copy_n(names->at[i], size);
    printf("%s", i > 0 ? "\n" : "");
    text_print(stdout, heading);
    putchar('\n');
    free(heading);
}

static void print_all(const char *folder, const struct names *names, bool as_json)
{
    struct json json;
    json_init(&json);
    json_object(&json, NULL);
    json_list(&json, "scenarios");
    for (uint32_t i = 0; i < names->count; i++) {
        struct text messages;
        int status = 0;
        text_init(&messages);
        struct scenario *scenario = load(folder, names->at[i], &messages, &status);
        if (as_json) {
            write_one(&json, folder, names->at[i], scenario);
        } else {
            print_heading(names, i);
            print_one(names->at[i], scenario, cli_width());
        }
        text_done(&messages);
        if (scenario != NULL)
            scenario_destroy(scenario);
    }
    json_end_list(&json);
    json_end_object(&json);
    if (as_json)
        puts(json.text.data);
    else
        printf("\nThey are in %s. 'lbsim run NAME' runs one, 'lbsim scenarios NAME' prints it.\n",
               folder);
    json_done(&json);
}

/* The bytes as they are, save on a terminal, which control bytes could harm. */
static void print_source(const char *source)
{
    if (isatty(STDOUT_FILENO) != 1) {
        fputs(source, stdout);
        return;
    }
    for (const char *line = source; *line != '\0';) {
        size_t size = strcspn(line, "\n");
        char *shown = text_need(size + 1);
        text_escape(shown, size + 1, line, size);
        puts(shown);
        free(shown);
        line += size + (line[size] == '\n');
    }
}

static int print_text(const struct cli *cli, const char *folder, const char *name)
{
    struct text messages;
    int status = CLI_DONE;
    text_init(&messages);
    struct scenario *scenario = load(folder, name, &messages, &status);
    if (messages.data != NULL)
        fputs(messages.data, stderr);
    text_done(&messages);
    if (scenario == NULL)
        return status;
    print_source(scenario->source);
    fprintf(stderr, "lbsim %s: %s/%s.yaml claims %u thing%s\n", cli->command->name, folder, name,
            (unsigned)scenario->expect_count, scenario->expect_count == 1 ? "" : "s");
    scenario_destroy(scenario);
    return CLI_DONE;
}

/* One of them, by its name with or without .yaml. */
static int print_named(const struct cli *cli, const char *folder, const struct names *names)
{
    char *name = text_copy(cli->arguments[0]);
    size_t size = strlen(name);
    if (size > 5 && strcmp(name + size - 5, ".yaml") == 0)
        name[size - 5] = '\0';
    int status = CLI_DONE;
    char **found = names_find(names, name);
    if (found == NULL)
        status =
            cli_fail_unknown(cli, "scenario", name, (const char *const *)names->at, names->count);
    else if (cli_flag(cli, "json"))
        print_all(folder, &(struct names){found, 1}, true);
    else
        status = print_text(cli, folder, *found);
    free(name);
    return status;
}

static int run_scenarios(struct cli *cli)
{
    char *folder = cli_scenario_folder();
    struct names names;
    if (folder == NULL)
        return cli_fail(cli, CLI_BROKEN,
                        "no folder 'scenarios' here, beside the program or where it was installed");
    int status = CLI_DONE;
    if (names_read(&names, folder) != 0) {
        status = cli_fail(cli, CLI_BROKEN, "%s: %s", folder, strerror(errno));
    } else if (cli_flag(cli, "names")) {
        for (uint32_t i = 0; i < names.count; i++) {
            text_print(stdout, names.at[i]);
            putchar('\n');
        }
    } else if (cli->argument_count == 0) {
        print_all(folder, &names, cli_flag(cli, "json"));
    } else {
        status = print_named(cli, folder, &names);
    }
    names_done(&names);
    free(folder);
    return status;
}

static const struct option_spec options[] = {
    {"json", '\0', NULL, "print one JSON object, {\"scenarios\": [...]}", false},
    {"names", '\0', NULL, "print the names only, one a line", false},
    {0},
};

const struct command command_scenarios = {
    .name = "scenarios",
    .usage = "[SCENARIO]",
    .summary = "list the scenarios that come with lbsim, or print one",
    .help =
        "Lists the scenario files that come with lbsim and what each is about. With a name: the "
        "file itself, as a start for one's own.\n\n"
        "They are looked for in the folder 'scenarios' of the current folder, beside the "
        "program, and in PREFIX/share/lbsim, and in the folders in there. Every command that "
        "takes a scenario takes such a name, with or without its folder, as well as a file.",
    .examples = "lbsim scenarios\n"
                "lbsim scenarios first > mine.yaml",
    .options = options,
    .arguments_max = 1,
    .run = run_scenarios,
};
