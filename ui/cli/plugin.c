/*
 * See plugin.h. A plug-in is code that runs with the rights of whoever names it; what is checked here
 * guards against a wrong file or an old build, not against malice.
 */
#include "ui/cli/plugin.h"

#include <dlfcn.h>
#include <string.h>

#include "algorithms/registry.h"
#include "sim/base/text.h"

static int load_one(const struct cli *cli, const char *name)
{
    struct text path;
    text_init(&path); /* dlopen looks for a bare name in the system's folders */
    text_addf(&path, "%s%s", strchr(name, '/') != NULL ? "" : "./", name);
    void *object = dlopen(path.data, RTLD_NOW | RTLD_LOCAL);
    const char *why = object == NULL ? dlerror() : NULL;
    text_done(&path);
    if (object == NULL)
        return cli_fail(cli, CLI_BROKEN, "plug-in '%s' cannot be loaded: %s", name,
                        why != NULL ? why : "no reason given");
    const struct lb_algorithm *algorithm = dlsym(object, "lb_plugin");
    struct lb_error error;
    if (algorithm == NULL) {
        (void)dlclose(object);
        return cli_fail(cli, CLI_WRONG,
                        "'%s' is no plug-in: it exports no `const struct lb_algorithm lb_plugin`",
                        name);
    }
    if (lb_registry_add(algorithm, &error) != 0) {
        (void)cli_fail(cli, CLI_WRONG, "plug-in '%s': %s", name, error.text);
        (void)dlclose(object);
        return CLI_WRONG;
    }
    /* cppcheck-suppress resourceLeak ; on purpose: the registry points into it until the end */
    return 0;
}

int plugin_load(const struct cli *cli)
{
    const struct option_spec *option = cli->command->options;
    while (option != NULL && option->name != NULL && strcmp(option->name, "plugin") != 0)
        option++;
    if (option == NULL || option->name == NULL)
        return 0;
    uint32_t count;
    const char *const *names = cli_values(cli, "plugin", &count);
    for (uint32_t i = 0; i < count; i++) {
        int status = load_one(cli, names[i]);
        if (status != 0)
            return status;
    }
    return 0;
}
