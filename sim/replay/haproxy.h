/*
 * HAProxy's words, cut into lines: what haproxy.c and haproxy_server.c share.
 */
#ifndef REPLAY_HAPROXY_H
#define REPLAY_HAPROXY_H

#include "sim/replay/setup.h"

/* What has been read so far of a backend section. */
struct haproxy_reader {
    struct setup *s;
    struct lb_error *error;
    const char *balance;  /* the method's word; NULL = none yet */
    const char *function; /* of the hash; NULL = the default */
    bool consistent, avalanche, section;
    uint64_t factor, draws;      /* hash-balance-factor, random(draws); 0 = not given */
    struct setup_server initial; /* default-server */
};

/* One line; word[0] is its directive. 0, or -1 with *error. */
typedef int haproxy_directive(struct haproxy_reader *reader, char **word, uint32_t words);

haproxy_directive haproxy_server, haproxy_default_server, haproxy_cookie, haproxy_stick_table,
    haproxy_stick;

#endif
