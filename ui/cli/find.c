/*
 * Where the scenarios are that come with lbsim, and what a scenario's name on the command line
 * means. There is no built-in list: a file put into the folder is there.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/base/text.h"
#include "ui/cli/cli.h"

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* The folder the running program lies in, without a slash at the end; NULL when unknown. */
static char *program_folder(void)
{
    char path[4096];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
    if (size <= 0)
        return NULL;
    path[size] = '\0';
    char *slash = strrchr(path, '/');
    if (slash == NULL)
        return NULL;
    return text_copy_n(path, (size_t)(slash - path));
}

static char *folder_below(const char *parent, const char *rest)
{
    struct text path;
    text_init(&path);
    text_addf(&path, "%s/%s", parent, rest);
    if (is_folder(path.data))
        return path.data;
    text_done(&path);
    return NULL;
}

char *cli_scenario_folder(void)
{
    if (is_folder("scenarios"))
        return text_copy("scenarios");
    char *program = program_folder();
    if (program == NULL)
        return NULL;
    char *found = folder_below(program, "scenarios");
    if (found == NULL)
        found = folder_below(program, "../share/lbsim/scenarios");
    free(program);
    return found;
}

static bool ends_in(const char *word, const char *end)
{
    size_t size = strlen(word);
    size_t tail = strlen(end);
    return size >= tail && strcmp(word + size - tail, end) == 0;
}

static char *file_below(const char *folder, const char *between, const char *name)
{
    struct text path;
    text_init(&path);
    text_addf(&path, "%s/%s%s%s%s", folder, between, between[0] != '\0' ? "/" : "", name,
              ends_in(name, ".yaml") || ends_in(name, ".yml") ? "" : ".yaml");
    if (access(path.data, F_OK) == 0)
        return path.data;
    text_done(&path);
    return NULL;
}

char *cli_scenario_path(const char *name)
{
    char *folder = NULL;
    if (strcmp(name, "-") != 0 && name[0] != '/' && name[0] != '.' && access(name, F_OK) != 0)
        folder = cli_scenario_folder();
    if (folder == NULL)
        return text_copy(name);
    char *found = file_below(folder, "", name);
    DIR *directory = found == NULL && strchr(name, '/') == NULL ? opendir(folder) : NULL;
    if (directory != NULL) {
        for (struct dirent *entry; found == NULL && (entry = readdir(directory)) != NULL;)
            if (strchr(entry->d_name, '.') == NULL)
                found = file_below(folder, entry->d_name, name);
        (void)closedir(directory);
    }
    free(folder);
    return found != NULL ? found : text_copy(name);
}
