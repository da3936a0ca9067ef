/*
 * Closed formulas of queueing theory, to check the simulator against. Units: rates per unit of
 * time, results in the same unit. Each function names its source; all return NAN out of range.
 */
#ifndef BASE_QUEUEING_H
#define BASE_QUEUEING_H

/* M/M/1, Kleinrock 1975, 3.2: mean and p quantile of the response time. */
double queueing_mm1_mean(double lambda, double mu);
double queueing_mm1_quantile(double lambda, double mu, double p);
/* M/M/1/K: share refused, and mean response of those accepted. */
double queueing_mm1k_blocking(double lambda, double mu, unsigned k);
double queueing_mm1k_mean(double lambda, double mu, unsigned k);
/* Erlang C: probability of waiting; mean response of M/M/c. */
double queueing_erlang_c(double offered, unsigned c);
double queueing_mmc_mean(double lambda, double mu, unsigned c);
/* M/G/1 first come first served (Pollaczek-Khinchine) and processor sharing, mean response. */
double queueing_mg1_mean(double lambda, double mean, double scv);
double queueing_mg1ps_mean(double lambda, double mean);
/* E_n/M/1, the backend behind a round robin over n (sigma by fixed point), mean response. */
double queueing_round_robin_mean(double rho, unsigned n);
/* M/M/c//N closed: users n, think rate 1/z, mean response and throughput by birth and death. */
void queueing_closed(unsigned n, double z, double mu, unsigned c, double *response,
                     double *throughput);

#endif
