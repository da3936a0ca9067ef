/* See theory.h: a case as people write it, and the scenario of a queue. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sim/base/units.h"
#include "sim/lab/theory_family.h"

struct parameter {
    const char *name;
    double least, most;
    bool whole;
    double otherwise;         /* what it is unless written, in families that do not need it */
    const char *const *words; /* of the values 0, 1, ...; NULL = a number */
};

static const char *const no_yes[] = {"no", "yes", NULL};
static const char *const faults[] = {"refused", "hang", NULL};
static const char *const paces[] = {"fixed", "after-result", NULL};

_Static_assert(THEORY_PARAMETERS <= 64, "sets of parameters are bits");

static const struct parameter parameters[THEORY_PARAMETERS] = {
    [THEORY_RHO] = {"rho", 0.01, 10, false, 0, NULL},
    [THEORY_LAMBDA] = {"lambda", 1e-6, 1e7, false, 0, NULL},
    [THEORY_MU] = {"mu", 1e-3, 1e6, false, 1, NULL},
    [THEORY_SERVERS] = {"c", 1, 10000, true, 1, NULL},
    [THEORY_PLACES] = {"K", 1, 10000, true, 0, NULL},
    [THEORY_CV] = {"cv", 0.05, 5, false, 0, NULL},
    [THEORY_BACKENDS] = {"n", 2, 1000, true, 1, NULL},
    [THEORY_CHOICES] = {"choices", 1, 16, true, 2, NULL},
    [THEORY_REPLACEMENT] = {"replacement", 0, 1, true, 0, no_yes},
    [THEORY_USERS] = {"users", 1, 10000, true, 0, NULL},
    [THEORY_THINK] = {"think", 1e-3, 1e4, false, 0, NULL},
    [THEORY_FAIL] = {"fail", 1e-6, 1e3, false, 0, NULL},
    [THEORY_REPAIR] = {"repair", 1e-6, 1e3, false, 0, NULL},
    [THEORY_HIGH] = {"high", 0.01, 0.99, false, 0, NULL},
    [THEORY_THETA] = {"theta", 1e-3, 1e3, false, 0, NULL},
    [THEORY_TAU] = {"tau", 1e-3, 1e4, false, 0, NULL},
    [THEORY_L1] = {"l1", 0, 1e6, false, 0, NULL},
    [THEORY_L2] = {"l2", 0, 1e6, false, 0, NULL},
    [THEORY_Q12] = {"q12", 1e-6, 1e4, false, 0, NULL},
    [THEORY_Q21] = {"q21", 1e-6, 1e4, false, 0, NULL},
    [THEORY_BINS] = {"bins", 2, 1e6, true, 0, NULL},
    [THEORY_BALLS] = {"balls", 1, 1e7, true, 0, NULL},
    [THEORY_LEVEL] = {"k", 1, 1e4, true, 0, NULL},
    [THEORY_CONNECTIONS] = {"connections", 1, 1e6, true, 0, NULL},
    [THEORY_LIFE] = {"life", 1e-3, 1e6, false, 0, NULL},
    [THEORY_TIME] = {"t", 1e-3, 1e6, false, 0, NULL},
    [THEORY_TO] = {"to", 1, 1000, true, 0, NULL},
    [THEORY_KEYS] = {"keys", 1, 1e7, true, 0, NULL},
    [THEORY_POINTS] = {"points", 1, 1000, true, 160, NULL},
    [THEORY_TABLE] = {"table", 2, 5e6, true, 65537, NULL},
    [THEORY_BOUND] = {"bound", 1, 100, false, 1.25, NULL},
    [THEORY_CLIENTS] = {"clients", 1, 1e6, true, 0, NULL},
    [THEORY_ZIPF] = {"s", 0, 5, false, 0, NULL},
    [THEORY_CROWDED] = {"crowd", 0.01, 0.99, false, 0, NULL},
    [THEORY_EVERY] = {"every", 1e-3, 1e4, false, 0, NULL},
    [THEORY_TIMEOUT] = {"timeout", 1e-3, 1e4, false, 0, NULL},
    [THEORY_FAST] = {"fast", 0, 1e4, false, 0, NULL},
    [THEORY_FALL] = {"fall", 1, 100, true, 3, NULL},
    [THEORY_RISE] = {"rise", 1, 100, true, 2, NULL},
    [THEORY_FAULT] = {"fault", 0, 1, true, 0, faults},
    [THEORY_PACE] = {"pace", 0, 1, true, 0, paces},
    [THEORY_DEAD] = {"dead", 1, 1000, true, 1, NULL},
    [THEORY_UP] = {"up", 1e-3, 1e9, false, 0, NULL},
    [THEORY_DOWN] = {"down", 1e-3, 1e9, false, 0, NULL},
    [THEORY_RETRIES] = {"retries", 0, 100, true, 0, NULL},
    [THEORY_AGAIN] = {"again", 0, 100, true, 0, NULL},
    [THEORY_BUDGET] = {"budget", 0.001, 100, false, 0, NULL},
    [THEORY_ERRORS] = {"p", 1e-4, 1, false, 0, NULL},
    [THEORY_HEDGE] = {"hedge", 0, 1e4, false, 0, NULL},
    [THEORY_SESSIONS] = {"sessions", 1, 1e6, true, 0, NULL},
    [THEORY_PRIORITY] = {"priority", 1, 254, true, 100, NULL},
    [THEORY_ADVERT] = {"advert", 1e-2, 1e3, false, 1, NULL},
    [THEORY_TTL] = {"ttl", 1e-3, 1e6, false, 0, NULL},
    [THEORY_NEEDED] = {"k", 1, 1000, true, 1, NULL},
    [THEORY_SPEED_1] = {"m1", 1e-3, 1e3, false, 0, NULL},
    [THEORY_SPEED_2] = {"m2", 1e-3, 1e3, false, 0, NULL},
    [THEORY_SPEED_3] = {"m3", 1e-3, 1e3, false, 0, NULL},
    [THEORY_WEIGHT_1] = {"w1", 1, 1000, true, 0, NULL},
    [THEORY_WEIGHT_2] = {"w2", 1, 1000, true, 0, NULL},
    [THEORY_WEIGHT_3] = {"w3", 1, 1000, true, 0, NULL},
    [THEORY_SHAPE] = {"shape", 0.5, 5, false, 0, NULL},
    [THEORY_SPAN] = {"span", 2, 1e5, false, 0, NULL},
};

static const char *const works[] = {"lognormal", "gamma", "hyperexponential"};
#define WORKS (sizeof works / sizeof works[0])

#define RHO_MOST  0.99 /* without an overload */
#define WORD_SIZE 64

/* Cuts the next word off *text; false at the end. Too long a word is cut short, and so unknown. */
static bool next_word(const char **text, char *word)
{
    *text += strspn(*text, " \t,;");
    size_t size = strcspn(*text, " \t,;");
    if (size == 0)
        return false;
    size_t kept = size < WORD_SIZE ? size : WORD_SIZE - 1;
    memcpy(word, *text, kept);
    word[kept] = '\0';
    *text += size;
    return true;
}

int theory_family_of(const char *text)
{
    char word[WORD_SIZE];
    const struct theory_family *family;
    if (!next_word(&text, word))
        return -1;
    for (uint32_t i = 0; (family = theory_family_at(i)) != NULL; i++)
        if (strcasecmp(family->name, word) == 0)
            return (int)i;
    return -1;
}

static uint64_t taken(const struct theory_family *family)
{
    return family->needed | family->allowed | (family->work != NULL ? THEORY_BIT(THEORY_MU) : 0);
}

static bool takes(const struct theory_family *family, unsigned p)
{
    return (taken(family) & THEORY_BIT(p)) != 0;
}

/* An open queue: rho, or lambda for it. Elsewhere lambda is a parameter like others. */
static bool is_open(const struct theory_family *family)
{
    return (family->needed & THEORY_OPEN) == THEORY_OPEN;
}

static int read_work(struct theory_case *c, const char *value, struct lb_error *error)
{
    for (size_t i = 0; i < WORKS && c->family->general; i++)
        if (strcmp(value, works[i]) == 0) {
            (void)snprintf(c->work, sizeof c->work, "%s", value);
            return 0;
        }
    return lb_error_set(error, LB_ERROR_INVALID,
                        "%s does not take work=%s; M/G/1 and M/G/1-PS take lognormal, gamma and "
                        "hyperexponential",
                        c->family->name, value);
}

/* The number a value stands for; false when it is none that the parameter may have. */
static bool read_number(const struct parameter *parameter, const char *value, double *number)
{
    for (unsigned w = 0; parameter->words != NULL && parameter->words[w] != NULL; w++)
        if (strcmp(parameter->words[w], value) == 0) {
            *number = w;
            return true;
        }
    char *end;
    *number = strtod(value, &end);
    return end != value && *end == '\0' && *number >= parameter->least &&
           *number <= parameter->most && !(parameter->whole && *number != floor(*number));
}

static int read_parameter(struct theory_case *c, char *word, uint64_t *given,
                          struct lb_error *error)
{
    char *value = strchr(word, '=');
    if (value == NULL)
        return lb_error_set(error, LB_ERROR_INVALID, "'%s' is not a parameter, as in rho=0.8",
                            word);
    *value++ = '\0';
    if (strcmp(word, "work") == 0)
        return read_work(c, value, error);
    for (unsigned p = 0; p < THEORY_PARAMETERS; p++) {
        const struct parameter *parameter = &parameters[p];
        if (strcmp(parameter->name, word) != 0 || !takes(c->family, p))
            continue;
        if (!read_number(parameter, value, &c->values[p])) {
            if (parameter->words != NULL)
                return lb_error_set(error, LB_ERROR_INVALID, "%s=%s: %s or %s is meant", word,
                                    value, parameter->words[0], parameter->words[1]);
            return lb_error_set(error, LB_ERROR_INVALID, "%s=%s: %s from %g to %g is meant", word,
                                value, parameter->whole ? "a whole number" : "a number",
                                parameter->least, parameter->most);
        }
        *given |= THEORY_BIT(p);
        return 0;
    }
    struct text list;
    text_init(&list);
    for (unsigned p = 0; p < THEORY_PARAMETERS; p++)
        if (takes(c->family, p))
            text_addf(&list, "%s%s", list.size > 0 ? ", " : "", parameters[p].name);
    lb_error_set(error, LB_ERROR_INVALID, "%s has no parameter '%s': it takes %s", c->family->name,
                 word, list.data);
    text_done(&list);
    return -1;
}

/* Fills in rho or lambda, whichever was not written. */
static int settle_rates(struct theory_case *c, uint64_t given, struct lb_error *error)
{
    const struct theory_family *family = c->family;
    double *v = c->values;
    uint64_t missing = family->needed & ~given;
    bool open = is_open(family);
    if (open && (given & THEORY_OPEN) != 0)
        missing &= ~THEORY_OPEN;
    if (open && (given & THEORY_OPEN) == THEORY_OPEN)
        return lb_error_set(error, LB_ERROR_INVALID, "rho and lambda say the same: write one");
    if (missing != 0)
        return lb_error_set(error, LB_ERROR_INVALID, "%s needs the parameters %s", family->name,
                            family->written);
    if (family->work != NULL)
        v[THEORY_MU] = 1e9 / round(1e9 / v[THEORY_MU]); /* mean work is a whole number of ns */
    if (!open)
        return 0;
    double servers =
        family->capacity != NULL ? family->capacity(c) : v[THEORY_SERVERS] * v[THEORY_BACKENDS];
    if ((given & THEORY_BIT(THEORY_RHO)) != 0)
        v[THEORY_LAMBDA] = v[THEORY_RHO] * servers * v[THEORY_MU];
    else
        v[THEORY_RHO] = v[THEORY_LAMBDA] / (servers * v[THEORY_MU]);
    double most = family->overload ? parameters[THEORY_RHO].most : RHO_MOST;
    if (!(v[THEORY_RHO] >= parameters[THEORY_RHO].least && v[THEORY_RHO] <= most))
        return lb_error_set(error, LB_ERROR_INVALID, "%s: rho is %.4g, %g to %g is meant",
                            family->name, v[THEORY_RHO], parameters[THEORY_RHO].least, most);
    return 0;
}

/* The one way to write this case: what has its default is left out. */
static void name_case(struct theory_case *c)
{
    struct text name;
    text_init(&name);
    text_addf(&name, "%s", c->family->name);
    for (unsigned p = 0; p < THEORY_PARAMETERS; p++) {
        double value = c->values[p];
        bool derived = p == THEORY_LAMBDA && is_open(c->family);
        bool needed = (c->family->needed & THEORY_BIT(p)) != 0 && !derived;
        bool other = !derived && value != parameters[p].otherwise;
        if (!needed && !(other && takes(c->family, p)))
            continue;
        if (parameters[p].words != NULL)
            text_addf(&name, " %s=%s", parameters[p].name, parameters[p].words[(unsigned)value]);
        else
            text_addf(&name, " %s=%.9g", parameters[p].name, value);
    }
    if (c->family->work != NULL && strcmp(c->work, c->family->work) != 0)
        text_addf(&name, " work=%s", c->work);
    (void)snprintf(c->name, sizeof c->name, "%s", name.data);
    text_done(&name);
}

int theory_parse(struct theory_case *c, const char *text, struct lb_error *error)
{
    char word[WORD_SIZE];
    uint64_t given = 0;
    int family = theory_family_of(text);
    *c = (struct theory_case){.family = NULL};
    for (unsigned p = 0; p < THEORY_PARAMETERS; p++)
        c->values[p] = parameters[p].otherwise;
    if (!next_word(&text, word))
        return lb_error_set(error, LB_ERROR_INVALID, "a family is missing");
    if (family < 0) {
        char shown[WORD_SIZE];
        text_escape(shown, sizeof shown, word, strlen(word));
        return lb_error_set(error, LB_ERROR_INVALID, "there is no family '%s'", shown);
    }
    c->family = theory_family_at((uint32_t)family);
    (void)snprintf(c->work, sizeof c->work, "%s", c->family->work != NULL ? c->family->work : "");
    while (next_word(&text, word))
        if (read_parameter(c, word, &given, error) != 0)
            return -1;
    if (settle_rates(c, given, error) != 0)
        return -1;
    if (takes(c->family, THEORY_CHOICES) && takes(c->family, THEORY_BACKENDS) &&
        c->values[THEORY_CHOICES] > c->values[THEORY_BACKENDS])
        return lb_error_set(error, LB_ERROR_INVALID, "more choices than backends");
    if (strcmp(c->work, "hyperexponential") == 0 && c->values[THEORY_CV] < 1)
        return lb_error_set(error, LB_ERROR_INVALID, "hyperexponential work has a cv of 1 or more");
    name_case(c);
    return c->family->know(c, error);
}

/* --- the scenario ----------------------------------------------------------------------------- */

static void add_clients(const struct theory_case *c, struct text *out)
{
    char mean[64];
    units_format_exact(mean, sizeof mean, units_from_ns(1e9 / c->values[THEORY_MU]));
    text_addf(out, "clients:\n  - name: clients\n");
    int places = c->values[THEORY_LAMBDA] == round(c->values[THEORY_LAMBDA] * 1e4) / 1e4 ? 4 : 12;
    if (c->family->arrivals != NULL)
        c->family->arrivals(c, out);
    else if (is_open(c->family))
        text_addf(out, "    arrivals: poisson(rate=%.*f/s)\n", places, c->values[THEORY_LAMBDA]);
    else
        text_addf(out, "    users: %.0f\n    think: exponential(mean=%.9fs)\n",
                  c->values[THEORY_USERS], c->values[THEORY_THINK]);
    if (c->family->clients != NULL) {
        c->family->clients(c, out);
        return;
    }
    text_addf(out, "    requests: [{name: request, work: \"%s(%s%s", c->work,
              strcmp(c->work, "constant") == 0 ? "" : "mean=", mean);
    if (c->family->general)
        text_addf(out, ", cv=%.9f", c->values[THEORY_CV]);
    text_addf(out, ")\"}]\n");
}

static void add_servers(const struct theory_case *c, struct text *out)
{
    const char *algorithm = c->family->algorithm;
    text_addf(out, "balancer:\n  algorithm: %s\n", algorithm != NULL ? algorithm : "random");
    if (takes(c->family, THEORY_CHOICES))
        text_addf(out, "  params: {choices: %.0f, replacement: %s}\n", c->values[THEORY_CHOICES],
                  c->values[THEORY_REPLACEMENT] != 0 ? "yes" : "no");
    if (c->family->balancer != NULL)
        c->family->balancer(c, out);
    text_addf(out, "backends:\n  - name: server\n    slots: %.0f\n", c->values[THEORY_SERVERS]);
    if (algorithm != NULL)
        text_addf(out, "    count: %.0f\n", c->values[THEORY_BACKENDS]);
    if (takes(c->family, THEORY_PLACES))
        text_addf(out, "    queue: %.0f\n", c->values[THEORY_PLACES] - c->values[THEORY_SERVERS]);
    if (c->family->shared)
        text_addf(out, "    discipline: ps\n");
    if (c->family->backends != NULL)
        c->family->backends(c, out);
}

#define RELAXATIONS 20.0 /* of warm-up: what is left of the start is e^-20 of it */
#define LOOKS_MAX   1e5  /* samples of a run */
#define WARM_SHARE  0.1  /* of the run, at least */

/* Three digits are enough for a duration: rounded up, in ns. */
static lb_time three_digits(double seconds)
{
    double unit = pow(10, floor(log10(seconds)) - 2);
    return units_from_s(ceil(seconds / unit - 1e-9) * unit);
}

void theory_scenario(const struct theory_case *c, double requests, uint64_t seed, struct text *out)
{
    char warmup[64], duration[64];
    text_addf(out, "lbsim: 1\nname: \"%s\"\nabout: what theory knows\n", c->name);
    if (c->family->scenario != NULL) {
        c->family->scenario(c, requests, seed, out);
        return;
    }
    double measured = requests / c->rate, warm = RELAXATIONS * c->relaxation;
    lb_time whole = three_digits(fmax(measured + warm, measured / (1 - WARM_SHARE)));
    units_format_exact(duration, sizeof duration, whole);
    units_format_exact(warmup, sizeof warmup,
                       three_digits(fmax(warm, WARM_SHARE * units_to_s(whole))));
    add_clients(c, out);
    add_servers(c, out);
    text_addf(out, "run: {kind: steady, duration: %s, warmup: %s, seed: %llu", duration, warmup,
              (unsigned long long)seed);
    if (c->family->sample !=
        NULL) /* lengths are looked at so often; a run has so many looks at most */
        text_addf(out, ", sample: %.9fs",
                  fmax(1 / c->values[THEORY_MU], units_to_s(whole) / LOOKS_MAX));
    text_addf(out, "}\n");
}
