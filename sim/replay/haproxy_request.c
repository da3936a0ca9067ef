/*
 * HAProxy: the life of one request, as 2.6 leads it.
 *
 * A session that sticks goes to its server without a pick, if that server is not stopped; else the
 * method picks. A refused connection is tried again as often as `retries` says: at the same server,
 * or, with `option redispatch`, at another when it is the turn for that, and at once when the method
 * is no hash and there is another server. The server that answers is remembered.
 */
#include <string.h>

#include "sim/replay/product.h"

/* "http://host/path" begins at the path. */
static void cut_host(struct lb_request *request)
{
    const char *key = request->key, *end = key + request->key_size;
    const char *colon = memchr(key, ':', request->key_size);
    if (key[0] == '/' || colon == NULL || end - colon < 3 || memcmp(colon, "://", 3) != 0)
        return;
    const char *path = memchr(colon + 3, '/', (size_t)(end - colon - 3));
    request->key = path != NULL ? path : end;
    request->key_size = path != NULL ? (size_t)(end - path) : 0;
}

/* The part of a URI that counts: up to the query, so many characters, so many folders deep. */
static void cut_uri(const struct setup_haproxy *h, struct lb_request *request)
{
    if (h->uri_path_only)
        cut_host(request);
    const char *key = request->key;
    uint64_t slashes = 0;
    size_t size = request->key_size, end = 0;
    if (h->uri_length != 0 && size > h->uri_length)
        size = (size_t)h->uri_length;
    for (; end < size; end++) {
        if (key[end] == '/' && ++slashes == h->uri_depth + 1 && h->uri_depth != 0)
            break;
        if (key[end] == '?' && !h->uri_whole)
            break;
    }
    request->key_size = end;
}

/* --- what is remembered ----------------------------------------------------------------------- */

static bool may_stick(const struct replay *r, uint32_t server)
{
    return !host_stopped(&r->host, server) || r->setup->haproxy.persist;
}

/* The server that the request's cookie names, or -1. */
static int32_t cookie_server(const struct replay *r, const struct exchange *e)
{
    const struct setup_haproxy *h = &r->setup->haproxy;
    size_t size;
    const char *value = NULL;
    if (h->cookie != COOKIE_NONE && e->cookie != NULL)
        value = affinity_cookie(e->cookie, h->cookie_name, &size);
    if (value == NULL)
        return -1;
    const char *end = memchr(value, h->cookie == COOKIE_PREFIX ? '~' : '|', size);
    size = end != NULL ? (size_t)(end - value) : size;
    for (uint32_t i = 0; i < r->setup->server_count; i++) {
        const char *cookie = r->setup->servers[i].cookie;
        if (cookie != NULL && strlen(cookie) == size && memcmp(cookie, value, size) == 0 &&
            may_stick(r, i))
            return (int32_t)i;
    }
    return -1;
}

/* The key as the table holds it. */
static const void *stick_key(const struct replay *r, const struct exchange *e, size_t *size)
{
    const struct setup_haproxy *h = &r->setup->haproxy;
    const struct lb_address *source = &e->request.source;
    *size = e->request.key_size;
    if (e->request.key_size > 0) {
        if (h->stick_string && *size > h->stick_length)
            *size = (size_t)h->stick_length;
        return e->request.key;
    }
    *size = source->family == 4 ? 4 : source->family == 6 ? 16 : 0;
    return source->bytes;
}

static int32_t table_server(struct replay *r, const struct exchange *e)
{
    size_t size;
    const void *key = stick_key(r, e, &size);
    if (!r->setup->haproxy.stick || size == 0)
        return -1;
    int32_t server = affinity_table_find(&r->sticks, key, size, r->host.now);
    affinity_table_reserve(&r->sticks); /* before it is known whether an entry will be needed */
    return server >= 0 && may_stick(r, (uint32_t)server) ? server : -1;
}

/* What the answer's Set-Cookie says. `asked`: the request came with a valid cookie, and its server
 * answered. In the modes that change the application's own cookie, e->answer_cookie is that one. */
static void answer_cookie(struct replay *r, const struct exchange *e, bool asked)
{
    const struct setup_haproxy *h = &r->setup->haproxy;
    const char *cookie = r->setup->servers[e->server].cookie;
    if (h->cookie == COOKIE_INSERT && h->cookie_post_only)
        return;
    if (h->cookie == COOKIE_INSERT && !asked) {
        if (cookie != NULL)
            text_addf(&r->set_cookie, "%s=%s%s", h->cookie_name, cookie, h->cookie_tail.data);
        else
            text_addf(&r->set_cookie, "%s=; Expires=Thu, 01-Jan-1970 00:00:01 GMT%s",
                      h->cookie_name, h->cookie_tail.data);
        return;
    }
    size_t size;
    const char *value = NULL;
    if (h->cookie > COOKIE_INSERT && e->answer_cookie != NULL && cookie != NULL)
        value = affinity_cookie(e->answer_cookie, h->cookie_name, &size);
    if (value == NULL) {
        text_addf(&r->set_cookie, "%s",
                  h->cookie > COOKIE_INSERT && e->answer_cookie != NULL ? e->answer_cookie : "");
        return;
    }
    const char *rest = value + size;
    const char *own = memchr(value, '~', size);
    text_addf(&r->set_cookie, "%.*s%s", (int)(value - e->answer_cookie), e->answer_cookie, cookie);
    if (h->cookie == COOKIE_PREFIX && own != NULL)
        rest = own;
    text_addf(&r->set_cookie, "%s", rest);
}

static void remember(struct replay *r, struct exchange *e, bool by_cookie)
{
    size_t size;
    const void *key = stick_key(r, e, &size);
    answer_cookie(r, e, by_cookie);
    if (r->setup->haproxy.stick && size > 0 && !r->setup->servers[e->server].no_stick)
        (void)affinity_table_store(&r->sticks, key, size, e->server, r->host.now);
}

/* --- the request ------------------------------------------------------------------------------ */

/* Does the n-th retry go elsewhere? */
static bool redispatches(struct replay *r, int64_t retry, bool direct)
{
    const struct setup_haproxy *h = &r->setup->haproxy;
    int64_t last = (int64_t)h->retries + 1 + h->redispatch_after;
    if (!h->redispatch)
        return false;
    if (h->redispatch_after > 0 ? retry % h->redispatch_after == 0 : last != 0 && retry % last == 0)
        return true;
    return !direct && h->in_turn && host_active(&r->host) > 1;
}

static bool anybody(struct replay *r)
{
    for (uint32_t t = 0; t < r->host.tier_count; t++)
        if (r->host.tiers[t].pool.usable > 0)
            return true;
    return false;
}

/* A server to try first, or again: -1 with e in the waiting room or with a status. */
static int32_t choose(struct replay *r, struct exchange *e)
{
    r->tier = 0;
    bool line = r->setup->haproxy.in_line && waiting_common(&r->waiting) > 0 && anybody(r);
    int32_t server = line ? LB_WAIT : replay_pick(r, e);
    if (server >= 0)
        return server;
    if (server == LB_WAIT)
        replay_wait(r, e, -1);
    else
        e->status = r->setup->product->nobody;
    return -1;
}

void haproxy_request(struct replay *r, struct exchange *e)
{
    const struct setup_haproxy *h = &r->setup->haproxy;
    if (h->uri)
        cut_uri(h, &e->request);
    int32_t server = cookie_server(r, e);
    bool by_cookie = server >= 0;
    if (server < 0)
        server = table_server(r, e);
    enum lb_how how = server >= 0 ? LB_BY_AFFINITY : LB_BY_PICK;
    for (int64_t retry = 0;;) {
        if (server < 0)
            server = choose(r, e);
        if (server < 0)
            return;
        const struct lb_backend *row = host_row(&r->host, (uint32_t)server);
        if (how != LB_BY_RETRY && (lb_full(row) || (row->max_in_flight != 0 && row->queued > 0))) {
            replay_wait(r, e, server);
            return;
        }
        replay_start_how(r, e, server, how);
        e->status = host_answer(&r->host, (uint32_t)server);
        if (e->status != HOST_REFUSES) {
            remember(r, e, by_cookie);
            return;
        }
        replay_give_up(r, e, LB_END_REFUSED, true);
        e->status = r->setup->product->nobody;
        if (retry++ >= (int64_t)h->retries)
            return;
        bool elsewhere = redispatches(r, retry, how == LB_BY_AFFINITY);
        if (elsewhere) {
            server = -1;
            by_cookie = false;
        }
        how = elsewhere ? LB_BY_PICK : how == LB_BY_AFFINITY ? LB_BY_AFFINITY : LB_BY_RETRY;
    }
}
