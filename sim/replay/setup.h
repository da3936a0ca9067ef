/*
 * What a recording says of its balancer: the servers, the method, and the rules around it.
 *
 * Each product's reader (nginx.c, haproxy.c, ...) fills one from the words of that product; the rest
 * of the replay knows this struct only. Directives that a reader does not obey are refused by name,
 * but for a short list that cannot change a pick.
 */
#ifndef REPLAY_SETUP_H
#define REPLAY_SETUP_H

#include "algorithms/lb.h"
#include "sim/replay/recording.h"

#define SETUP_SERVERS_MAX  4096U
#define SETUP_TIERS_MAX    64U
#define SETUP_PARAMS_MAX   16U
#define SETUP_STATUSES_MAX 16U
#define SETUP_WEIGHT_MAX   1000000U

struct setup_server {
    char label[8];    /* s1, s2, ...: what recordings call it */
    const char *name; /* what the configuration calls it, or the label */
    const char *address;
    uint32_t id, weight, max_in_flight, max_fails, tier;
    lb_time fail_timeout;
    double rate; /* the weight that its load reports speak of; 0 = no reports */
    bool down;   /* takes nothing, for as long as the configuration says */
    bool spare;  /* asked after all others of its tier */
    /* HAProxy */
    const char *cookie;
    bool maintenance, checked, no_stick;
    uint64_t rise, fall;
    lb_time inter, fastinter, downinter, slowstart; /* 0 = not given */
};

/* What an exchange of Apache's bytraffic moves, besides the body of the answer. */
struct setup_bytes {
    uint64_t request, response;
    bool given; /* by the recording; else assumed */
};

struct setup_nginx {
    bool next_on_error;
    int next_on[SETUP_STATUSES_MAX];
    uint32_t next_on_count;
    uint64_t tries_max; /* 0 = no limit */
    const char *cookie; /* of sticky; NULL = no sticky sessions */
    struct text cookie_tail;
};

enum setup_cookie { COOKIE_NONE, COOKIE_INSERT, COOKIE_PREFIX, COOKIE_REWRITE };

struct setup_haproxy {
    bool dynamic; /* weights may change at run time */
    bool in_turn; /* no hash: a failed try goes elsewhere at once */
    bool in_line; /* who comes while others wait for anybody, waits behind them */
    bool all_backups, redispatch, persist;
    int64_t redispatch_after; /* every so many retries; negative: so many before the last */
    uint64_t retries;
    /* what is cut off the key of `balance uri` */
    bool uri, uri_whole, uri_path_only;
    uint64_t uri_length, uri_depth; /* 0 = no limit */
    enum setup_cookie cookie;
    const char *cookie_name;
    bool cookie_post_only;   /* no request of a recording is a POST: none is inserted */
    struct text cookie_tail; /* "; path=/; HttpOnly" */
    bool stick, stick_string;
    uint64_t stick_size, stick_length;
    lb_time stick_expire; /* 0 = never */
    bool stick_no_purge;
};

struct product;

struct setup {
    const struct recording *recording;
    const struct product *product;
    const struct lb_algorithm *algorithm;
    double values[SETUP_PARAMS_MAX];
    struct setup_server *servers;
    uint32_t server_count, tiers;
    char **buffers; /* that names and addresses point into */
    uint32_t buffer_count;
    bool one_backup;      /* backups one at a time, and only when no other server is usable */
    bool one_pool;        /* backups are rows of the one pool, unusable while another is usable */
    bool by_source;       /* a key is an address: the client's */
    bool by_address_text; /* the client's address as text is the key */
    struct setup_bytes bytes;
    struct setup_nginx nginx;
    struct setup_haproxy haproxy;
};

/* Reads the headers. 0, or -1 with *error; setup_done in both cases. */
int setup_read(struct setup *s, const struct recording *r, struct lb_error *error);
void setup_done(struct setup *s);
/* After reading: names, tiers and needs. Of setup_read, and of who fills a setup otherwise. */
int setup_check(struct setup *s, struct lb_error *error);

/* --- for the readers; all return 0, or -1 with *error ----------------------------------------- */

/* A copy of a header's value that lives as long as the setup. */
char *setup_keep(struct setup *s, const char *text);
/* "PATH:LINE of the header: ..."; key may be absent. Always -1. */
__attribute__((format(printf, 4, 5))) int setup_fail(const struct setup *s, const char *key,
                                                     struct lb_error *error, const char *format,
                                                     ...);
/* "...: server 'x': 'word' is not obeyed here" */
int setup_refuse(const struct setup *s, const char *what, const char *word, struct lb_error *error);
/* One more server of weight 1; NULL with *error when there are too many. */
struct setup_server *setup_add(struct setup *s, const char *address, struct lb_error *error);
/* The method by its name in the registry, with its defaults; key is the header that asks for it. */
int setup_method(struct setup *s, const char *key, const char *name, struct lb_error *error);
/* One parameter of it: a number, or a word among its choices. */
int setup_number(struct setup *s, const char *key, const char *param, double value,
                 struct lb_error *error);
int setup_word(struct setup *s, const char *key, const char *param, const char *word,
               struct lb_error *error);

/* The server that a word means, by label or by name; -1 = none. */
int32_t setup_find(const struct setup *s, const char *word);

/* One for each file of this folder that reads a product's words. */
int nginx_read(struct setup *s, struct lb_error *error);
int haproxy_read(struct setup *s, struct lb_error *error);
int apache_read(struct setup *s, struct lb_error *error);
int caddy_read(struct setup *s, struct lb_error *error);
int own_read(struct setup *s, struct lb_error *error); /* `# algorithm:` */
/* Addresses, one for each server, from a header like `hosts`. */
int own_read_hosts(struct setup *s, const char *key, struct lb_error *error);
/* The servers and parameters of such a recording, for this name in the registry. */
int own_read_as(struct setup *s, const char *key, const char *name, struct lb_error *error);
int varnish_read(struct setup *s, struct lb_error *error); /* `# director:` */

#endif
