/* See queueing_special.h. */
#include "sim/base/queueing_special.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

double queueing_breakdowns_mean(double lambda, double mu, double fail, double repair)
{
    double both = fail + repair;
    double spare = repair * mu - lambda * both;
    if (!(lambda > 0 && mu > 0 && fail >= 0 && repair > 0 && spare > 0))
        return NAN;
    return (both * both + fail * mu) / (both * spare); /* E[N] / lambda */
}

/* Pollaczek and Khinchine on the time from the start of a service to its end. */
double queueing_busy_breakdowns_mean(double lambda, double mu, double fail, double repair)
{
    if (!(lambda > 0 && mu > 0 && fail >= 0 && repair > 0))
        return NAN;
    double longer = 1 + fail / repair, mean = longer / mu;
    double square = 2 * mean * mean + 2 * fail / (mu * repair * repair);
    return lambda * mean < 1 ? mean + lambda * square / (2 * (1 - lambda * mean)) : NAN;
}

void queueing_priorities(double high, double low, double mu, double *wait_high, double *wait_low)
{
    double first = high / mu, all = (high + low) / mu;
    bool stable = high > 0 && low > 0 && mu > 0 && all < 1;
    *wait_high = stable ? all / mu / (1 - first) : NAN;
    *wait_low = stable ? *wait_high / (1 - all) : NAN;
}

/* Birth and death; the weights of states are scaled down when they grow large, and the sum ends when
 * nothing is added any more. */
double queueing_erlang_a(double lambda, double mu, unsigned c, double theta, double *waiting)
{
    *waiting = NAN;
    if (!(lambda > 0 && mu > 0 && theta > 0) || c == 0)
        return NAN;
    double weight = 1, sum = 1, queue = 0;
    for (double n = 1;; n++) {
        double beyond = fmax(0, n - c);
        double down = fmin(n, c) * mu + beyond * theta;
        weight *= lambda / down;
        sum += weight;
        queue += weight * beyond;
        if (weight > 1e100) {
            weight *= 1e-100;
            sum *= 1e-100;
            queue *= 1e-100;
        }
        if (down > 2 * lambda && weight * (beyond + 1) < 1e-18 * (sum + queue))
            break;
    }
    *waiting = queue / sum;
    return theta * *waiting / lambda;
}

double queueing_deadline_loss(double lambda, double mu, double tau)
{
    if (!(lambda > 0 && mu > 0 && tau >= 0))
        return NAN;
    double rho = lambda / mu;
    if (fabs(rho - 1) < 1e-7) /* the limit */
        return 1 / (2 + mu * tau);
    double e = exp(-(mu - lambda) * tau);
    return (1 - rho) * rho * e / (1 - rho * rho * e);
}

double queueing_dm1_mean(double lambda, double mu)
{
    double rho = lambda / mu;
    if (!(rho > 0 && rho < 1))
        return NAN;
    double low = 0, high = 1; /* of 1 - sigma; sigma = exp(-(1 - sigma) / rho) */
    for (;;) {
        double y = low + (high - low) / 2;
        if (y <= low || y >= high)
            return 1 / (mu * high);
        if (-y - expm1(-y / rho) > 0)
            low = y;
        else
            high = y;
    }
}

void queueing_mmck(double lambda, double mu, unsigned c, unsigned places, double *refused,
                   double *mean)
{
    *refused = *mean = NAN;
    if (!(lambda > 0 && mu > 0) || c == 0 || places < c)
        return;
    double weight = 1, sum = 1, number = 0;
    for (unsigned n = 1; n <= places; n++) {
        weight *= lambda / (fmin(n, c) * mu);
        sum += weight;
        number += weight * n;
        if (weight > 1e100) {
            weight *= 1e-100;
            sum *= 1e-100;
            number *= 1e-100;
        }
    }
    *refused = weight / sum;
    *mean = number / (lambda * (sum - weight));
}

/* --- bursts: 2 x 2 matrices by rows ----------------------------------------------------------- */

struct square {
    double a, b, c, d;
};

static struct square times(struct square x, struct square y)
{
    return (struct square){x.a * y.a + x.b * y.c, x.a * y.b + x.b * y.d, x.c * y.a + x.d * y.c,
                           x.c * y.b + x.d * y.d};
}

static struct square plus(struct square x, struct square y, double factor)
{
    return (struct square){x.a + factor * y.a, x.b + factor * y.b, x.c + factor * y.c,
                           x.d + factor * y.d};
}

static struct square inverse(struct square x)
{
    double determinant = x.a * x.d - x.b * x.c;
    return (struct square){x.d / determinant, -x.b / determinant, -x.c / determinant,
                           x.a / determinant};
}

static const struct square one = {1, 0, 0, 1};

/* G, the states in which the next lower level is entered: logarithmic reduction. */
static struct square first_passage(struct square up, struct square same, struct square down)
{
    struct square stay = inverse(plus((struct square){0}, same, -1));
    struct square rise = times(stay, up), fall = times(stay, down);
    struct square g = fall, path = rise;
    for (int i = 0; i < 64; i++) {
        struct square both = plus(times(rise, fall), times(fall, rise), 1);
        struct square factor = inverse(plus(one, both, -1));
        rise = times(factor, times(rise, rise));
        fall = times(factor, times(fall, fall));
        struct square more = times(path, fall);
        g = plus(g, more, 1);
        path = times(path, rise);
        if (fabs(more.a) + fabs(more.b) + fabs(more.c) + fabs(more.d) < 1e-17)
            break;
    }
    return g;
}

double queueing_mmpp_rate(double l1, double l2, double q12, double q21)
{
    return (l1 * q21 + l2 * q12) / (q12 + q21);
}

double queueing_mmpp_mean(double l1, double l2, double q12, double q21, double mu)
{
    double rate = queueing_mmpp_rate(l1, l2, q12, q21);
    if (!(l1 >= 0 && l2 >= 0 && q12 > 0 && q21 > 0 && rate > 0 && mu > rate))
        return NAN;
    struct square up = {l1, 0, 0, l2}, down = {mu, 0, 0, mu};
    struct square empty = {-q12 - l1, q12, q21, -q21 - l2};
    struct square same = plus(empty, down, -1);
    struct square g = first_passage(up, same, down);
    struct square wait = plus(same, times(up, g), 1);
    struct square r = times(up, inverse(plus((struct square){0}, wait, -1)));
    /* Level 0: p (empty + R down) = 0, and all levels sum to one. */
    struct square edge = plus(empty, times(r, down), 1);
    struct square all = inverse(plus(one, r, -1));
    double p1 = edge.c, p2 = -edge.a; /* p1 edge.a + p2 edge.c = 0 */
    double sum = p1 * (all.a + all.b) + p2 * (all.c + all.d);
    struct square number = times(r, times(all, all)); /* sum of n R^n */
    double mean = p1 * (number.a + number.b) + p2 * (number.c + number.d);
    return mean / sum / rate;
}
