/*
 * Algorithms from outside: shared objects that export `const struct lb_algorithm lb_plugin`.
 */
#ifndef CLI_PLUGIN_H
#define CLI_PLUGIN_H

#include "ui/cli/cli.h"

/* The row of a command's option table that lets it use plug-ins. */
#define PLUGIN_OPTION                                                                              \
    {                                                                                              \
        "plugin", 0, "FILE", "an algorithm from this shared object; may be given again", true      \
    }

/* Loads what --plugin names, if the command has that option, into the registry. It stays loaded: a
 * struct in the registry must not move. 0, or an exit status after a message. */
int plugin_load(const struct cli *cli);

#endif
