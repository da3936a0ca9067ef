/*
 * Queueing theory by recursions that neither overflow nor cancel.
 *
 * Sources: L. Kleinrock, "Queueing systems" 1 (1975) and 2 (1976); M. Harchol-Balter, "Performance
 * modeling and design of computer systems" (2013); E. Lazowska and others, "Quantitative system
 * performance" (1984) for the closed system. Cost: O(places) at most.
 */
#include "sim/base/queueing.h"

#include <math.h>
#include <stdbool.h>

static bool queueing_stable(double lambda, double mu)
{
    return lambda > 0 && mu > lambda && isfinite(mu);
}

/* 1 / (mu - lambda): Kleinrock 1, 3.2. */
double queueing_mm1_mean(double lambda, double mu)
{
    return queueing_stable(lambda, mu) ? 1 / (mu - lambda) : NAN;
}

/* The response time is exponential with rate mu - lambda. */
double queueing_mm1_quantile(double lambda, double mu, double p)
{
    if (!queueing_stable(lambda, mu) || !(p >= 0 && p < 1))
        return NAN;
    return -log1p(-p) / (mu - lambda);
}

/*
 * M/M/1/K, Kleinrock 1, 3.6, one place at a time: given that the last place is empty, the system is
 * one with a place less. *number is the mean number present.
 */
static double queueing_mm1k(double lambda, double mu, unsigned k, double *number)
{
    double rho = lambda / mu;
    double full = 1;
    *number = 0;
    for (unsigned i = 1; i <= k; i++) {
        full = rho * full / (1 + rho * full);
        *number = (1 - full) * *number + full * i;
    }
    return full;
}

static bool queueing_positive(double lambda, double mu, unsigned k)
{
    return lambda > 0 && isfinite(lambda) && mu > 0 && isfinite(mu) && k >= 1;
}

double queueing_mm1k_blocking(double lambda, double mu, unsigned k)
{
    double number;
    return queueing_positive(lambda, mu, k) ? queueing_mm1k(lambda, mu, k, &number) : NAN;
}

/* By Little's law over those accepted. */
double queueing_mm1k_mean(double lambda, double mu, unsigned k)
{
    if (!queueing_positive(lambda, mu, k))
        return NAN;
    double number;
    double full = queueing_mm1k(lambda, mu, k, &number);
    return number / (lambda * (1 - full));
}

/* From Erlang B by its recursion: Harchol-Balter, 14. */
double queueing_erlang_c(double offered, unsigned c)
{
    if (!(offered > 0 && offered < c))
        return NAN;
    double b = 1;
    for (unsigned i = 1; i <= c; i++)
        b = offered * b / (i + offered * b);
    return b / (1 - offered / c * (1 - b));
}

double queueing_mmc_mean(double lambda, double mu, unsigned c)
{
    if (!(lambda > 0 && mu > 0))
        return NAN;
    return queueing_erlang_c(lambda / mu, c) / (c * mu - lambda) + 1 / mu; /* NAN stays NAN */
}

/* Pollaczek and Khinchine: Kleinrock 1, 5.6. */
double queueing_mg1_mean(double lambda, double mean, double scv)
{
    double rho = lambda * mean;
    if (!(lambda > 0 && mean > 0 && rho < 1 && scv >= 0))
        return NAN;
    return mean + lambda * mean * mean * (1 + scv) / (2 * (1 - rho));
}

/* Insensitive to the distribution: Kleinrock 2, 4.4. */
double queueing_mg1ps_mean(double lambda, double mean)
{
    double rho = lambda * mean;
    return lambda > 0 && mean > 0 && rho < 1 ? mean / (1 - rho) : NAN;
}

/*
 * GI/M/1, Kleinrock 1, 6.4, with interarrivals of n exponential stages: the mean is 1 / y in mean
 * service times, y = 1 - sigma the positive root of 1 - y = (n rho / (n rho + y))^n. The other root,
 * 0, is kept out by bisection; logarithms keep the digits when y is small.
 */
double queueing_round_robin_mean(double rho, unsigned n)
{
    if (!(rho > 0 && rho < 1) || n == 0)
        return NAN;
    double low = 0; /* above 0 and below the root the difference is positive */
    double high = 1;
    for (;;) {
        double y = low + (high - low) / 2;
        if (y <= low || y >= high)
            return 1 / high;
        double difference = -y - expm1(-(double)n * log1p(y / (n * rho)));
        if (difference > 0)
            low = y;
        else
            high = y;
    }
}

/*
 * Birth and death over the number i at the station: up with (n - i) / z, down with min(i, c) mu.
 * The weights are scaled down whenever they grow large.
 */
void queueing_closed(unsigned n, double z, double mu, unsigned c, double *response,
                     double *throughput)
{
    *response = *throughput = NAN;
    if (n == 0 || c == 0 || !(mu > 0) || !(z >= 0) || !isfinite(mu) || !isfinite(z))
        return;
    if (z == 0) { /* nobody thinks: all are always present */
        *throughput = fmin(n, c) * mu;
        *response = n / *throughput;
        return;
    }
    double weight = 1;
    double sum = 1;
    double number = 0;
    double rate = 0;
    for (unsigned i = 1; i <= n; i++) {
        double down = fmin(i, c) * mu;
        weight *= (n - i + 1) / z / down;
        sum += weight;
        number += weight * i;
        rate += weight * down;
        if (weight > 1e100) {
            weight *= 1e-100;
            sum *= 1e-100;
            number *= 1e-100;
            rate *= 1e-100;
        }
    }
    *throughput = rate / sum;
    *response = number / rate; /* Little's law at the station */
}
