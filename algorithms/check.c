/*
 * Is a struct that came from outside an algorithm? See lb_algorithm_check in registry.h.
 *
 * What is built in is held to more by the tests; this is what a host must know before it calls
 * anything, so that a wrong plug-in ends with a sentence and not with a crash.
 */
#include "algorithms/registry.h"

#include <math.h>
#include <string.h>

static int wrong(struct lb_error *error, const char *what)
{
    return lb_error_set(error, LB_ERROR_INVALID, "%s", what);
}

static bool dashed(const char *name)
{
    if (name == NULL || name[0] < 'a' || name[0] > 'z' || strlen(name) > 64)
        return false;
    for (const char *c = name; *c != '\0'; c++) {
        bool dash = *c == '-' && c[1] != '-' && c[1] != '\0';
        if ((*c < 'a' || *c > 'z') && (*c < '0' || *c > '9') && !dash)
            return false;
    }
    return true;
}

static int check_param(const struct lb_param *p, struct lb_error *error)
{
    if (!dashed(p->name) || p->help == NULL || p->unit == NULL)
        return wrong(error, "a parameter needs a name of words and dashes, a unit and a help text");
    if (!isfinite(p->min) || !isfinite(p->max) || !(p->min <= p->value && p->value <= p->max))
        return lb_error_set(error, LB_ERROR_INVALID,
                            "parameter '%s': the default %g is not between %g and %g", p->name,
                            p->value, p->min, p->max);
    double last = -1;
    for (; p->choices != NULL && p->choices[(size_t)(last + 1)] != NULL; last++)
        ;
    if (p->choices != NULL && (p->min != 0 || p->max != last))
        return lb_error_set(error, LB_ERROR_INVALID,
                            "parameter '%s': its range is not that of its choices", p->name);
    return 0;
}

int lb_algorithm_check(const struct lb_algorithm *a, struct lb_error *error)
{
    if (a->abi != LB_ABI)
        return lb_error_set(error, LB_ERROR_INVALID,
                            "it was built for ABI %d of the algorithms, this is ABI %d: build it "
                            "against this version's algorithms/lb.h",
                            a->abi, LB_ABI);
    if (!dashed(a->name))
        return wrong(error, "its name must be words of a-z and 0-9 with single dashes between");
    if (a->title == NULL || a->summary == NULL || a->reference == NULL || a->cost == NULL ||
        a->changes == NULL)
        return wrong(error, "title, summary, reference, cost and changes must be texts");
    if (a->create == NULL || a->destroy == NULL || a->pick == NULL)
        return wrong(error, "create, destroy and pick must be there");
    if (((a->needs & LB_NEED_PROBE) != 0) != (a->probe_targets != NULL) ||
        (a->probe_targets != NULL && a->on_probe == NULL))
        return wrong(error, "LB_NEED_PROBE, probe_targets and on_probe go together");
    if (lb_param_count(a) > LB_PARAMS_MAX)
        return lb_error_set(error, LB_ERROR_INVALID, "at most %d parameters are allowed",
                            LB_PARAMS_MAX);
    for (uint32_t k = 0; k < lb_param_count(a); k++)
        if (check_param(&a->params[k], error) != 0)
            return -1;
    return 0;
}
