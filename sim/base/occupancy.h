/*
 * How unevenly chance spreads: balls in bins, points on a ring. To check algorithms against.
 *
 * All return NAN out of range. Shares and loads are in units of the mean where it says so.
 */
#ifndef BASE_OCCUPANCY_H
#define BASE_OCCUPANCY_H

#include <stdint.h>

/*
 * The fullest of `bins` bins after `balls` balls, each in a bin at random: the mean, and, unless
 * `exactly` is NULL, the probability in *exactly that it holds `level` balls. With v < INFINITY the
 * chances of the bins are not equal but themselves drawn: Dirichlet(v, ..., v), as the shares of a
 * ring with v points each.
 *
 * The idea (Poissonisation): independent Poisson numbers that happen to sum to `balls` have the law
 * of the bins, so P(max <= k) = P(all <= k) P(sum of those = balls) / P(Poisson = balls). The sum's
 * probability is one coefficient of a power, read off by Fourier inversion on a circle. Negative
 * binomial numbers do the same for drawn chances.
 * Cost: at most some tens of standard deviations of the sum x the levels that occur. Accuracy 1e-9.
 * Source: V. Kolchin, B. Sevastyanov, V. Chistyakov, "Random allocations" (1978).
 */
double occupancy_max(uint32_t bins, uint32_t balls, double v, uint32_t level, double *exactly);
/* The emptiest, its mean. */
double occupancy_min(uint32_t bins, uint32_t balls, double v);
/* Mean number of empty bins, n (1 - 1/n)^m. */
double occupancy_idle(uint32_t bins, uint32_t balls);
/* Probability that at least one bin is empty, by the chain of the number of occupied ones. */
double occupancy_some_idle(uint32_t bins, uint32_t balls);

/*
 * Share of bins with at least k balls when each of `per_bin` x n balls goes to the emptiest of d
 * bins, n large: dz_k/dt = z_(k-1)^d - z_k^d, z_0 = 1, from 0 to per_bin. With d = 2, z_1 = tanh.
 * Source: M. Mitzenmacher, "The power of two choices in randomized load balancing", thesis (1996).
 */
double occupancy_fluid(double per_bin, unsigned choices, unsigned k);

/*
 * n backends with v points each at random on a ring: shares are Dirichlet(v, ..., v), so one share is
 * Beta(v, (n-1) v) and the largest is that of n Gamma(v) over v, in units of the fair share 1/n.
 * Source: L. Devroye, "Non-uniform random variate generation" (1986), 5; spacings.
 */
double occupancy_ring_max(uint32_t n, double v);
double occupancy_ring_min(uint32_t n, double v);
double occupancy_ring_cv(uint32_t n, double v);
/* The same with `keys` keys that fall on the ring at random; v = INFINITY: equal shares. */
double occupancy_keys_cv(uint32_t n, double v, double keys);

/* Root of the sum of the squared shares of `clients` clients, the i-th of weight i^-s (Zipf). */
double occupancy_zipf(uint32_t clients, double s);

#endif
