/*
 * The table of all algorithms. One line registers one; constructors would be dropped by linkers
 * from a static library, so there are none.
 */
#include "algorithms/registry.h"

#include <string.h>

/* In the order of lists and tables: the general ones, then products, a block for each folder. */
#define GENERAL(X)                                                                                 \
    X(random)                                                                                      \
    X(weighted_random)                                                                             \
    X(round_robin)                                                                                 \
    X(weighted_round_robin)                                                                        \
    X(least_connections)                                                                           \
    X(power_of_two)                                                                                \
    X(source_hash)                                                                                 \
    X(rendezvous)                                                                                  \
    X(ring_hash)                                                                                   \
    X(bounded_load)                                                                                \
    X(multi_probe)                                                                                 \
    X(maglev)                                                                                      \
    X(jump)                                                                                        \
    X(anchor)                                                                                      \
    X(peak_ewma)                                                                                   \
    X(least_latency)                                                                               \
    X(prequal)                                                                                     \
    X(c3)

#define THEORY(X)                                                                                  \
    X(shortest_queue)                                                                              \
    X(shortest_queue_d)                                                                            \
    X(join_idle_queue)                                                                             \
    X(least_work_left)                                                                             \
    X(size_interval)                                                                               \
    X(central_queue)

#define NGINX(X)                                                                                   \
    X(nginx_round_robin)                                                                           \
    X(nginx_least_conn)                                                                            \
    X(nginx_least_time)                                                                            \
    X(nginx_ip_hash)                                                                               \
    X(nginx_hash)                                                                                  \
    X(nginx_hash_consistent)                                                                       \
    X(nginx_random)                                                                                \
    X(nginx_random_two)                                                                            \
    X(ingress_ewma)

#define HAPROXY(X)                                                                                 \
    X(haproxy_roundrobin)                                                                          \
    X(haproxy_static_rr)                                                                           \
    X(haproxy_leastconn)                                                                           \
    X(haproxy_first)                                                                               \
    X(haproxy_source)                                                                              \
    X(haproxy_hash)                                                                                \
    X(haproxy_random)

#define IPVS(X)                                                                                    \
    X(ipvs_rr)                                                                                     \
    X(ipvs_wrr)                                                                                    \
    X(ipvs_lc)                                                                                     \
    X(ipvs_wlc)                                                                                    \
    X(ipvs_sed)                                                                                    \
    X(ipvs_nq)                                                                                     \
    X(ipvs_fo)                                                                                     \
    X(ipvs_ovf)                                                                                    \
    X(ipvs_lblc)                                                                                   \
    X(ipvs_lblcr)                                                                                  \
    X(ipvs_sh)                                                                                     \
    X(ipvs_dh)                                                                                     \
    X(ipvs_mh)                                                                                     \
    X(ipvs_twos)

#define ENVOY(X)                                                                                   \
    X(envoy_round_robin)                                                                           \
    X(envoy_least_request)                                                                         \
    X(envoy_random)                                                                                \
    X(envoy_ring_hash)                                                                             \
    X(envoy_maglev)                                                                                \
    X(envoy_client_side_wrr)

#define GRPC(X)                                                                                    \
    X(grpc_round_robin)                                                                            \
    X(grpc_weighted_round_robin)                                                                   \
    X(grpc_least_request)                                                                          \
    X(grpc_ring_hash)

#define FINAGLE(X)                                                                                 \
    X(finagle_round_robin)                                                                         \
    X(finagle_p2c)                                                                                 \
    X(finagle_peak_ewma)                                                                           \
    X(finagle_heap)                                                                                \
    X(finagle_aperture)                                                                            \
    X(linkerd_p2c)                                                                                 \
    X(linkerd_peak_ewma)

#define APACHE(X)                                                                                  \
    X(apache_byrequests)                                                                           \
    X(apache_bytraffic)                                                                            \
    X(apache_bybusyness)

#define CADDY(X)                                                                                   \
    X(caddy_round_robin)                                                                           \
    X(caddy_weighted_round_robin)                                                                  \
    X(caddy_first)                                                                                 \
    X(caddy_least_conn)                                                                            \
    X(caddy_random)                                                                                \
    X(caddy_random_choose)                                                                         \
    X(caddy_hash)                                                                                  \
    X(caddy_ip_hash)

#define VARNISH(X)                                                                                 \
    X(varnish_random)                                                                              \
    X(varnish_round_robin)                                                                         \
    X(varnish_fallback)                                                                            \
    X(varnish_hash)                                                                                \
    X(varnish_shard)

#define ALGORITHMS(X)                                                                              \
    GENERAL(X)                                                                                     \
    THEORY(X)                                                                                      \
    NGINX(X)                                                                                       \
    HAPROXY(X)                                                                                     \
    IPVS(X)                                                                                        \
    ENVOY(X)                                                                                       \
    GRPC(X)                                                                                        \
    FINAGLE(X)                                                                                     \
    APACHE(X)                                                                                      \
    CADDY(X)                                                                                       \
    VARNISH(X)

#define DECLARE(name) extern const struct lb_algorithm lb_algorithm_##name;
ALGORITHMS(DECLARE)

#define ADDRESS(name) &lb_algorithm_##name,
static const struct lb_algorithm *const algorithms[] = {ALGORITHMS(ADDRESS)};

static const struct {
    const char *alias, *name;
} aliases[] = {
    {"rr", "round-robin"},
    {"wrr", "weighted-round-robin"},
    {"smooth-weighted-round-robin", "weighted-round-robin"},
    {"swrr", "weighted-round-robin"},
    {"lc", "least-connections"},
    {"wlc", "least-connections"},
    {"least-conn", "least-connections"},
    {"leastconn", "least-connections"},
    {"least-connection", "least-connections"},
    {"least-request", "least-connections"},
    {"jsq", "least-connections"},
    {"p2c", "power-of-two"},
    {"two-choices", "power-of-two"},
    {"power-of-two-choices", "power-of-two"},
    {"ip-hash", "source-hash"},
    {"source-ip-hash", "source-hash"},
    {"alias", "weighted-random"},
    {"hrw", "rendezvous"},
    {"highest-random-weight", "rendezvous"},
    {"rendezvous-hash", "rendezvous"},
    {"consistent-hash", "ring-hash"},
    {"ketama", "ring-hash"},
    {"consistent-hash-bounded-loads", "bounded-load"},
    {"bounded-loads", "bounded-load"},
    {"multi-probe-hash", "multi-probe"},
    {"maglev-hash", "maglev"},
    {"jump-hash", "jump"},
    {"anchor-hash", "anchor"},
    {"join-shortest-queue", "shortest-queue"},
    {"jsq-d", "shortest-queue-d"},
    {"jiq", "join-idle-queue"},
    {"lwl", "least-work-left"},
    {"sita", "size-interval"},
    {"sita-e", "size-interval"},
    {"finagle-least-loaded", "finagle-heap"},
    {"finagle-deterministic-aperture", "finagle-aperture"},
    {"linkerd-ewma", "linkerd-peak-ewma"},
    {"nginx-rr", "nginx-round-robin"},
    {"nginx-least-connections", "nginx-least-conn"},
    {"nginx-consistent-hash", "nginx-hash-consistent"},
    {"ingress-nginx-ewma", "ingress-ewma"},
    {"haproxy-rr", "haproxy-roundrobin"},
    {"haproxy-round-robin", "haproxy-roundrobin"},
    {"haproxy-static-round-robin", "haproxy-static-rr"},
    {"haproxy-least-conn", "haproxy-leastconn"},
    {"haproxy-least-connections", "haproxy-leastconn"},
    {"haproxy-uri", "haproxy-hash"},
    {"haproxy-hdr", "haproxy-hash"},
    {"haproxy-url-param", "haproxy-hash"},
};

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof(array)[0]))

/* Added while the program starts, before there are threads; never changed afterwards. */
static const struct lb_algorithm *plugged[LB_PLUGINS_MAX];
static uint32_t plugged_count;

uint32_t lb_registry_count(void)
{
    return COUNT(algorithms) + plugged_count;
}

const struct lb_algorithm *lb_registry_at(uint32_t i)
{
    return i < COUNT(algorithms) ? algorithms[i] : plugged[i - COUNT(algorithms)];
}

int lb_registry_add(const struct lb_algorithm *algorithm, struct lb_error *error)
{
    if (lb_algorithm_check(algorithm, error) != 0)
        return -1;
    if (lb_registry_find(algorithm->name) != NULL)
        return lb_error_set(error, LB_ERROR_INVALID, "there is an algorithm '%s' already",
                            algorithm->name);
    if (plugged_count == LB_PLUGINS_MAX)
        return lb_error_set(error, LB_ERROR_INVALID, "at most %d algorithms can be added",
                            LB_PLUGINS_MAX);
    plugged[plugged_count++] = algorithm;
    return 0;
}

const struct lb_algorithm *lb_registry_find(const char *name)
{
    for (uint32_t i = 0; i < COUNT(aliases); i++)
        if (strcmp(aliases[i].alias, name) == 0) {
            name = aliases[i].name;
            break;
        }
    for (uint32_t i = 0; i < lb_registry_count(); i++)
        if (strcmp(lb_registry_at(i)->name, name) == 0)
            return lb_registry_at(i);
    return NULL;
}

bool lb_registry_alias(uint32_t i, const char **alias, const char **name)
{
    if (i >= COUNT(aliases))
        return false;
    *alias = aliases[i].alias;
    *name = aliases[i].name;
    return true;
}

int lb_param_find(const struct lb_algorithm *algorithm, const char *name)
{
    for (uint32_t k = 0; k < lb_param_count(algorithm); k++)
        if (strcmp(algorithm->params[k].name, name) == 0)
            return (int)k;
    return -1;
}

uint32_t lb_param_count(const struct lb_algorithm *algorithm)
{
    uint32_t count = 0;
    while (algorithm->params != NULL && algorithm->params[count].name != NULL)
        count++;
    return count;
}
