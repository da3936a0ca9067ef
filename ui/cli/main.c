/*
 * The program: everything is in the library, so that the tests can link it.
 */
#include "ui/cli/cli.h"

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
