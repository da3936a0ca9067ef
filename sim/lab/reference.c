/*
 * Tabulated values of queues, in mean service times: see theory.h. They were computed apart from this program,
 * most of them twice by different methods. Only what is marked S_OWN comes from the chain of chain.c
 * (at finer limits than it has now); it holds the other values of S_SORTED and S_BOUNDS.
 */
#include "sim/lab/theory_family.h"

#define S_MM1  "ln(1/(1-p))/(mu-lambda), Kleinrock 1975, 3.2; truncated chain"
#define S_MM1K "Kleinrock 1975, 3.6; chain"
#define S_MMC  "Erlang C, Kleinrock 1975, 3.5; chain"
#define S_PK   "Pollaczek-Khinchine, Kleinrock 1975, 5.6; simulation"
#define S_PS   "Kleinrock 1976, 4.4; simulation"
#define S_EN   "E_n/M/1, Kleinrock 1975, 6.4; simulation"
#define S_SORTED                                                                                   \
    "chain of the sorted queue lengths, Gauss-Seidel (model: Mitzenmacher 2001, finite n)"
#define S_OWN "chain of the sorted queue lengths, solved by this program (sim/lab/chain.c)"
#define S_BOUNDS                                                                                   \
    "rigorous bounds by truncated chains, method of Adan, van Houtum and van der Wal 1994"
#define S_CLOSED "birth and death, Lazowska and others 1984; convolution in rationals"

/* Relative accuracies: ten digits were kept, or the method gives seven. */
#define TEN   1e-9
#define SEVEN 1e-7

const struct theory_reference theory_queue_references[] = {
    {"M/M/1 rho=0.5", THEORY_MEAN, 2, TEN, S_MM1},
    {"M/M/1 rho=0.5", THEORY_P99, 9.210340372, TEN, S_MM1},
    {"M/M/1 rho=0.8", THEORY_MEAN, 5, TEN, S_MM1},
    {"M/M/1 rho=0.8", THEORY_P99, 23.02585093, TEN, S_MM1},
    {"M/M/1 rho=0.95", THEORY_MEAN, 20, TEN, S_MM1},
    {"M/M/1 rho=0.95", THEORY_P99, 92.10340372, TEN, S_MM1},
    {"M/M/1/K rho=0.8 K=5", THEORY_MEAN, 2.563065207, TEN, S_MM1K},
    {"M/M/1/K rho=0.8 K=5", THEORY_REFUSED, 0.08881949866, TEN, S_MM1K},
    {"M/M/1/K rho=1 K=10", THEORY_MEAN, 5.5, TEN, S_MM1K},
    {"M/M/1/K rho=1 K=10", THEORY_REFUSED, 0.09090909091, TEN, S_MM1K},
    {"M/M/1/K rho=1.5 K=20", THEORY_MEAN, 18.00601638, TEN, S_MM1K},
    {"M/M/1/K rho=1.5 K=20", THEORY_REFUSED, 0.3334001753, TEN, S_MM1K},
    {"M/M/c rho=0.8 c=2", THEORY_MEAN, 2.777777778, TEN, S_MMC},
    {"M/M/c rho=0.8 c=4", THEORY_MEAN, 1.74554059, TEN, S_MMC},
    {"M/M/c rho=0.9 c=8", THEORY_MEAN, 1.876916238, TEN, S_MMC},
    {"M/M/c rho=0.95 c=10", THEORY_MEAN, 2.651171156, TEN, S_MMC},
    {"M/M/c rho=0.9 c=100", THEORY_MEAN, 1.021694048, TEN, S_MMC},
    {"M/D/1 rho=0.5", THEORY_MEAN, 1.5, TEN, S_PK},
    {"M/D/1 rho=0.8", THEORY_MEAN, 3, TEN, S_PK},
    {"M/G/1 rho=0.8 cv=1", THEORY_MEAN, 5, TEN, S_PK},
    {"M/G/1 rho=0.6 cv=2", THEORY_MEAN, 4.75, TEN, S_PK},
    {"M/M/1-PS rho=0.7", THEORY_MEAN, 3.333333333, TEN, S_PS},
    {"M/D/1-PS rho=0.8", THEORY_MEAN, 5, TEN, S_PS},
    {"M/G/1-PS rho=0.8 cv=1", THEORY_MEAN, 5, TEN, S_PS},
    {"M/G/1-PS rho=0.6 cv=2", THEORY_MEAN, 2.5, TEN, S_PS},
    {"random rho=0.5 n=2", THEORY_MEAN, 2, TEN, S_MM1},
    {"random rho=0.5 n=2", THEORY_P99, 9.210340372, TEN, S_MM1},
    {"random rho=0.8 n=4", THEORY_MEAN, 5, TEN, S_MM1},
    {"random rho=0.8 n=4", THEORY_P99, 23.02585093, TEN, S_MM1},
    {"random rho=0.9 n=10", THEORY_MEAN, 10, TEN, S_MM1},
    {"random rho=0.9 n=10", THEORY_P99, 46.05170186, TEN, S_MM1},
    {"round-robin rho=0.5 n=2", THEORY_MEAN, 1.618033989, TEN, S_EN},
    {"round-robin rho=0.5 n=2", THEORY_P99, 7.451321885, TEN, S_EN},
    {"round-robin rho=0.8 n=2", THEORY_MEAN, 3.843979767, TEN, S_EN},
    {"round-robin rho=0.8 n=2", THEORY_P99, 17.70218102, TEN, S_EN},
    {"round-robin rho=0.8 n=4", THEORY_MEAN, 3.26738361, TEN, S_EN},
    {"round-robin rho=0.8 n=4", THEORY_P99, 15.04685759, TEN, S_EN},
    {"round-robin rho=0.7 n=8", THEORY_MEAN, 2.055848347, TEN, S_EN},
    {"round-robin rho=0.7 n=8", THEORY_P99, 9.467531517, TEN, S_EN},
    {"round-robin rho=0.9 n=10", THEORY_MEAN, 5.66027639, TEN, S_EN},
    {"round-robin rho=0.9 n=10", THEORY_P99, 26.06653608, TEN, S_EN},
    {"power-of-two rho=0.7 n=2 replacement=yes", THEORY_MEAN, 2.362314029, SEVEN, S_SORTED},
    {"power-of-two rho=0.9 n=2 replacement=yes", THEORY_MEAN, 5.864684872, SEVEN, S_SORTED},
    {"power-of-two rho=0.7 n=3 replacement=yes", THEORY_MEAN, 2.083188826, SEVEN, S_SORTED},
    {"power-of-two rho=0.7 n=4 replacement=yes", THEORY_MEAN, 1.954217041, SEVEN, S_OWN},
    {"power-of-two rho=0.7 n=8 replacement=yes", THEORY_MEAN, 1.775249909, SEVEN, S_OWN},
    {"power-of-two rho=0.7 n=2", THEORY_MEAN, 2.108197273, SEVEN, S_BOUNDS},
    {"power-of-two rho=0.7 n=3", THEORY_MEAN, 1.884792362, SEVEN, S_SORTED},
    {"power-of-two rho=0.9 n=3", THEORY_MEAN, 4.274087041, SEVEN, S_SORTED},
    {"power-of-two rho=0.7 n=4", THEORY_MEAN, 1.798357975, SEVEN, S_SORTED},
    {"power-of-two rho=0.9 n=4", THEORY_MEAN, 3.752718836, SEVEN, S_SORTED},
    {"power-of-two rho=0.7 n=6", THEORY_MEAN, 1.725885343, SEVEN, S_SORTED},
    {"power-of-two rho=0.7 n=8", THEORY_MEAN, 1.69421848, SEVEN, S_SORTED},
    {"least-connections rho=0.5 n=2", THEORY_MEAN, 1.426320751, SEVEN, S_BOUNDS},
    {"least-connections rho=0.7 n=2", THEORY_MEAN, 2.108197273, SEVEN, S_BOUNDS},
    {"least-connections rho=0.9 n=2", THEORY_MEAN, 5.474912821, SEVEN, S_BOUNDS},
    {"least-connections rho=0.8 n=3", THEORY_MEAN, 2.285547606, SEVEN, S_BOUNDS},
    {"least-connections rho=0.7 n=4", THEORY_MEAN, 1.511437569, SEVEN, S_BOUNDS},
    {"least-connections rho=0.9 n=4", THEORY_MEAN, 3.240838356, SEVEN, S_BOUNDS},
    {"least-connections rho=0.7 n=8", THEORY_MEAN, 1.218129491, SEVEN, S_BOUNDS},
    {"least-connections rho=0.9 n=8", THEORY_MEAN, 2.134452433, SEVEN, S_BOUNDS},
    {"shortest-queue rho=0.9 n=2", THEORY_MEAN, 5.474912821, SEVEN, S_BOUNDS},
    {"shortest-queue rho=0.7 n=8", THEORY_MEAN, 1.218129491, SEVEN, S_BOUNDS},
    {"least-work-left rho=0.8 n=4", THEORY_MEAN, 1.74554059, TEN, S_MMC},
    {"least-work-left rho=0.9 n=8", THEORY_MEAN, 1.876916238, TEN, S_MMC},
    {"central-queue rho=0.8 n=4", THEORY_MEAN, 1.74554059, TEN, S_MMC},
    {"central-queue rho=0.9 n=8", THEORY_MEAN, 1.876916238, TEN, S_MMC},
    {"M/M/c//N c=1 users=10 think=5", THEORY_MEAN, 5.18728893, TEN, S_CLOSED},
    {"M/M/c//N c=1 users=10 think=5", THEORY_THROUGHPUT, 0.9816154297, TEN, S_CLOSED},
    {"M/M/c//N c=2 users=20 think=9", THEORY_MEAN, 2.388728733, TEN, S_CLOSED},
    {"M/M/c//N c=2 users=20 think=9", THEORY_THROUGHPUT, 1.756122256, TEN, S_CLOSED},
    {"M/M/c//N c=4 users=50 think=10", THEORY_MEAN, 2.87007141, TEN, S_CLOSED},
    {"M/M/c//N c=4 users=50 think=10", THEORY_THROUGHPUT, 3.884982329, TEN, S_CLOSED},
    {"M/M/c//N c=64 users=100 think=1", THEORY_MEAN, 1.000077076, TEN, S_CLOSED},
    {"M/M/c//N c=64 users=100 think=1", THEORY_THROUGHPUT, 49.99807318, TEN, S_CLOSED},
    {.row = NULL},
};
