/* See queueing_waits.h. */
#include "sim/base/queueing_waits.h"

#include <math.h>
#include <stdlib.h>

#include "sim/base/queueing.h"
#include "sim/base/text.h"

/* --- M/M/c --------------------------------------------------------------------------------------- */

double queueing_mmc_wait_above(double lambda, double mu, unsigned c, double t)
{
    double rate = c * mu - lambda;
    return rate > 0 ? queueing_erlang_c(lambda / mu, c) * exp(-rate * t) : NAN;
}

/* An exponential wait and an exponential service after each other: P(sum > t). The difference of the two rates
 * may be nothing, or nearly. */
static double sum_above(double a, double b, double t)
{
    if (fabs(a - b) < 1e-7 * a)
        return (1 + a * t) * exp(-a * t);
    return (a * exp(-b * t) - b * exp(-a * t)) / (a - b);
}

double queueing_mmc_response_above(double lambda, double mu, unsigned c, double t)
{
    double rate = c * mu - lambda, waits = queueing_mmc_wait_above(lambda, mu, c, 0);
    return (1 - waits) * exp(-mu * t) + waits * sum_above(rate, mu, t);
}

/* --- M/D/1 --------------------------------------------------------------------------------------- */

/* present[j] = P(N <= j) for j < count, from the cuts between j - 1 and j present at departures: the flow down
 * is P(j present, none comes in a service), the flow up all that jump over the cut. */
static void md1_present(double load, double *present, unsigned count)
{
    double *p = text_need((count + 1U) * sizeof *p), *more = text_need((count + 2U) * sizeof *more);
    double term = exp(-load), left = 1;
    for (unsigned j = 0; j <= count + 1; j++) { /* more[j] = P(at least j come in a service) */
        more[j] = left;
        left = fmax(0, left - term);
        term *= load / (j + 1);
    }
    for (unsigned j = count + 1; j > 0 && more[j] < 1e-3;
         j--) { /* where the difference lost its digits */
        double tail = 0, next = exp(j * log(load) - load - lgamma(j + 1.0));
        for (unsigned i = j; next > tail * 1e-17; i++) {
            tail += next;
            next *= load / (i + 1);
        }
        more[j] = tail;
    }
    p[0] = 1 - load;
    present[0] = p[0];
    for (unsigned j = 1; j < count; j++) {
        double up = p[0] * more[j];
        for (unsigned i = 1; i < j; i++)
            up += p[i] * more[j - i + 1];
        p[j] = up * exp(load);
        present[j] = present[j - 1] + p[j];
    }
    free(p);
    free(more);
}

double queueing_md1_wait_above(double lambda, double d, double t)
{
    double load = lambda * d, sum = 0, term = 1;
    if (!(load > 0 && load < 1 && t >= 0))
        return NAN;
    unsigned k = (unsigned)floor(t / d) + 1; /* (k - 1) d <= t < k d */
    double *present = text_need((k + 1U) * sizeof *present), rest = lambda * (k * d - t);
    md1_present(load, present, k + 1);
    for (unsigned j = 0; j < k; j++) {
        sum += present[k - j] * term; /* at most k - j - 1 in the queue, and one being served */
        term *= rest / (j + 1);
    }
    free(present);
    return 1 - exp(-rest) * sum;
}

/* --- M/G/1, H2/M/1 ------------------------------------------------------------------------------- */

double queueing_mg1_wait_square(double lambda, double first, double second, double third)
{
    double rho = lambda * first, wait = lambda * second / (2 * (1 - rho));
    return rho < 1 ? 2 * wait * wait + lambda * third / (3 * (1 - rho)) : NAN;
}

void queueing_h2_phases(double rate, double scv, double *p, double *first, double *second)
{
    *p = (1 + sqrt((scv - 1) / (scv + 1))) / 2;
    *first = 2 * *p * rate;
    *second = 2 * (1 - *p) * rate;
}

double queueing_h2m1_sigma(double lambda, double mu, double scv)
{
    double p, first, second, low = 0, high = 1 - 1e-12;
    if (!(lambda > 0 && lambda < mu && scv >= 1))
        return NAN;
    queueing_h2_phases(lambda, scv, &p, &first, &second);
    for (int i = 0; i < 200;
         i++) { /* below the root the transform is larger than sigma, above it smaller */
        double sigma = (low + high) / 2, s = mu * (1 - sigma);
        double transform = p * first / (first + s) + (1 - p) * second / (second + s);
        if (transform > sigma)
            low = sigma;
        else
            high = sigma;
    }
    return (low + high) / 2;
}

void queueing_h2_on_off(double lambda, double scv, double *on_rate, double *on_for, double *off_for)
{
    double p, first, second;
    queueing_h2_phases(lambda, scv, &p, &first, &second);
    *on_rate = p * first + (1 - p) * second;
    double begins = first * second / *on_rate;
    *off_for = 1 / begins;
    *on_for = 1 / (first + second - *on_rate - begins);
}

/* --- M/M/1 from empty ---------------------------------------------------------------------------- */

double queueing_mm1_transient(double lambda, double mu, double t)
{
    double rate = lambda + mu, steps = rate * t, mean = 0;
    /* Beyond 12 standard deviations of the walk, or of the stationary tail, nobody gets. */
    double reach = lambda * t + 12 * sqrt(steps) + 40;
    if (lambda < mu)
        reach = fmin(reach, 40 + 42 / log(mu / lambda));
    unsigned states = (unsigned)ceil(reach) + 2, last = (unsigned)(steps + 12 * sqrt(steps) + 40);
    double *now = text_need_zero(states, sizeof *now), *next = text_need(states * sizeof *next);
    now[0] = 1;
    for (unsigned n = 0; n <= last; n++) {
        double weight = exp(n * log(steps) - steps - lgamma(n + 1.0)), present = 0;
        for (unsigned i = 0; i < states; i++)
            present += i * now[i];
        mean += weight * present;
        for (unsigned i = 0; i < states; i++)
            next[i] = ((i > 0 ? now[i - 1] : 0) * lambda + (i + 1 < states ? now[i + 1] : 0) * mu +
                       (i == 0            ? now[0] * mu
                        : i + 1 == states ? now[i] * lambda
                                          : 0)) /
                      rate;
        double *swap = now;
        now = next;
        next = swap;
    }
    free(now);
    free(next);
    return mean;
}

/* --- M/D/c --------------------------------------------------------------------------------------- */

double queueing_mdc_mean(double lambda, double d, unsigned c)
{
    double load = lambda * d, rho = load / c, mean = 0, before = -1;
    if (!(rho > 0 && rho < 1))
        return NAN;
    unsigned states = c + 60 + (unsigned)(12 * sqrt(load) + 20 / (1 - rho));
    double *now = text_need_zero(states, sizeof *now), *next = text_need(states * sizeof *next);
    double *come = text_need(states * sizeof *come);
    for (unsigned k = 0; k < states; k++)
        come[k] = exp(k * log(load) - load - lgamma(k + 1.0));
    now[0] = 1;
    for (unsigned step = 0; step < 100000 && fabs(mean - before) > 1e-13 * mean; step++) {
        double gone = 0;
        for (unsigned i = 0; i <= c && i < states; i++)
            gone += now[i]; /* nobody is left of these */
        before = mean;
        mean = 0;
        for (unsigned j = 0; j < states; j++) {
            next[j] = gone * come[j];
            for (unsigned left = 1; left <= j && left + c < states; left++)
                next[j] += now[left + c] * come[j - left];
            mean += j * next[j];
        }
        double *swap = now;
        now = next;
        next = swap;
    }
    free(now);
    free(next);
    free(come);
    return mean / lambda;
}

double queueing_quantile(double (*above)(const void *self, double t), const void *self,
                         double share)
{
    double low = 0, high = 1e-6;
    if (above(self, 0) <= share)
        return 0;
    while (above(self, high) > share)
        high *= 2;
    for (int i = 0; i < 100 && high - low > 1e-13 * high; i++) {
        double middle = (low + high) / 2;
        if (above(self, middle) > share)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}
