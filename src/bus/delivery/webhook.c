/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Webhooks: the table of them, and what is posted, signed as Pagure signs. Posting is deliver.c's.
 */
#include "bus/delivery/webhook.h"

#include "bus/canonical.h"
#include "bus/subscription.h"
#include "bus/transport-state.h"
#include "bus/transport.h"

#include <string.h>

#define MAX_URL_BYTES 2048
#define MAX_ATTEMPTS 100
#define MAX_SECRET_BYTES 4096

void bus_webhook_free(BusWebhook *self)
{
    if (self == NULL)
        return;
    g_free(self->name);
    g_free(self->url);
    g_strfreev(self->topics);
    g_free(self->secret);
    g_free(self);
}

char *bus_webhook_subscription(const char *name)
{
    return g_strconcat("webhook:", name, NULL);
}

bool bus_webhook_url_check(const char *url, GError **error)
{
    g_autoptr(GUri) uri =
        strlen(url) <= MAX_URL_BYTES ? g_uri_parse(url, G_URI_FLAGS_NONE, NULL) : NULL;
    const char *scheme = uri != NULL ? g_uri_get_scheme(uri) : NULL;
    if (scheme != NULL && (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0) &&
        g_uri_get_host(uri) != NULL && *g_uri_get_host(uri) != '\0')
        return true;
    g_autofree char *masked = bus_transport_mask_url(url);
    g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                "‘%s’ is not a URL to post to; one looks like https://hooks.example.org/atoll",
                masked);
    return false;
}

static bool check_hook(const BusWebhook *hook, GError **error)
{
    if (!bus_transport_name_check(hook->name, error) || !bus_webhook_url_check(hook->url, error))
        return false;
    if (hook->max_attempts < 1 || hook->max_attempts > MAX_ATTEMPTS) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID, "%u attempts; wanted 1 to %d",
                    hook->max_attempts, MAX_ATTEMPTS);
        return false;
    }
    if (hook->secret != NULL &&
        (*hook->secret == '\0' || strlen(hook->secret) > MAX_SECRET_BYTES)) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID, "the secret has %zu bytes; wanted 1 to %d",
                    strlen(hook->secret), MAX_SECRET_BYTES);
        return false;
    }
    return true;
}

static bool insert_hook(BusLog *log, const BusWebhook *hook, GError **error)
{
    g_autofree char *topics = g_strjoinv("\n", hook->topics);
    BaseDbStatement *statement = base_db_prepare(
        bus_log_get_db(log),
        "INSERT INTO bus_webhook (name, url, topics, secret, max_attempts, first_wait_ms,"
        " allow_private) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        error);
    if (statement == NULL)
        return false;
    base_db_bind_text(statement, 1, hook->name);
    base_db_bind_text(statement, 2, hook->url);
    base_db_bind_text(statement, 3, topics);
    base_db_bind_text(statement, 4, hook->secret);
    base_db_bind_int(statement, 5, hook->max_attempts);
    base_db_bind_int(statement, 6, hook->first_wait_ms);
    base_db_bind_int(statement, 7, hook->allow_private);
    g_autoptr(GError) local = NULL;
    if (base_db_run(statement, NULL, &local))
        return true;
    if (g_error_matches(local, BASE_DB_ERROR, BASE_DB_ERROR_CONSTRAINT))
        g_set_error(error, BUS_ERROR, BUS_ERROR_EXISTS, "there is a webhook ‘%s’ already",
                    hook->name);
    else
        g_propagate_error(error, g_steal_pointer(&local));
    return false;
}

static bool add_all(BusLog *log, const BusWebhook *hook, GError **error)
{
    uint64_t head = 0;
    g_autofree char *subscription = bus_webhook_subscription(hook->name);
    return bus_log_head(log, &head, error) && insert_hook(log, hook, error) &&
           bus_subscription_ensure(log, subscription, (const char *const *)hook->topics, head,
                                   BUS_TRANSPORT_LAG_ALARM, error);
}

bool bus_webhook_add(BusLog *log, const BusWebhook *hook, GError **error)
{
    BaseDb *db = bus_log_get_db(log);
    if (!check_hook(hook, error) || !bus_transport_state_migrate(db, error) ||
        !base_db_begin(db, error))
        return false;
    bool ok = add_all(log, hook, error) && base_db_commit(db, error);
    if (!ok)
        base_db_rollback(db);
    return ok;
}

static BusWebhook *read_hook(BaseDbStatement *statement)
{
    BusWebhook *hook = g_new0(BusWebhook, 1);
    hook->name = g_strdup(base_db_column_text(statement, "name"));
    hook->url = g_strdup(base_db_column_text(statement, "url"));
    const char *topics = base_db_column_text(statement, "topics");
    hook->topics = g_strsplit(topics != NULL ? topics : "", "\n", -1);
    hook->secret = g_strdup(base_db_column_text(statement, "secret"));
    hook->max_attempts = (unsigned)base_db_column_int(statement, "max_attempts");
    hook->first_wait_ms = (unsigned)base_db_column_int(statement, "first_wait_ms");
    hook->allow_private = base_db_column_int(statement, "allow_private") != 0;
    return hook;
}

GPtrArray *bus_webhook_list(BusLog *log, GError **error)
{
    if (!bus_transport_state_migrate(bus_log_get_db(log), error))
        return NULL;
    BaseDbStatement *statement = base_db_prepare(
        bus_log_get_db(log),
        "SELECT name, url, topics, secret, max_attempts, first_wait_ms, allow_private"
        " FROM bus_webhook ORDER BY name",
        error);
    if (statement == NULL)
        return NULL;
    g_autoptr(GPtrArray) hooks = g_ptr_array_new_with_free_func((GDestroyNotify)bus_webhook_free);
    bool row = true;
    while (row) {
        if (!base_db_step(statement, &row, error))
            return NULL;
        if (row)
            g_ptr_array_add(hooks, read_hook(statement));
    }
    return g_steal_pointer(&hooks);
}

BusWebhook *bus_webhook_find(BusLog *log, const char *name, GError **error)
{
    g_autoptr(GPtrArray) hooks = bus_webhook_list(log, error);
    for (unsigned i = 0; hooks != NULL && i < hooks->len; i++) {
        BusWebhook *hook = g_ptr_array_index(hooks, i);
        if (strcmp(hook->name, name) == 0)
            return g_ptr_array_steal_index(hooks, i);
    }
    if (hooks != NULL)
        g_set_error(error, BUS_ERROR, BUS_ERROR_NOT_FOUND, "no webhook ‘%s’", name);
    return NULL;
}

static bool delete_row(BaseDb *db, const char *sql, const char *name, uint64_t *out_changed,
                       GError **error)
{
    BaseDbStatement *statement = base_db_prepare(db, sql, error);
    if (statement == NULL)
        return false;
    base_db_bind_text(statement, 1, name);
    return base_db_run(statement, out_changed, error);
}

static bool remove_all(BusLog *log, const char *name, GError **error)
{
    BaseDb *db = bus_log_get_db(log);
    uint64_t changed = 0;
    g_autofree char *subscription = bus_webhook_subscription(name);
    if (!delete_row(db, "DELETE FROM bus_webhook WHERE name = ?1", name, &changed, error) ||
        !delete_row(db, "DELETE FROM bus_delivery WHERE subscription = ?1", subscription, NULL,
                    error))
        return false;
    if (changed == 0) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_NOT_FOUND, "no webhook ‘%s’", name);
        return false;
    }
    return bus_subscription_remove(log, subscription, error);
}

bool bus_webhook_remove(BusLog *log, const char *name, GError **error)
{
    BaseDb *db = bus_log_get_db(log);
    if (!bus_transport_state_migrate(db, error) || !base_db_begin(db, error))
        return false;
    bool ok = remove_all(log, name, error) && base_db_commit(db, error);
    if (!ok)
        base_db_rollback(db);
    return ok;
}

static void append_string(GString *out, const char *name, const char *value)
{
    g_string_append_printf(out, "\"%s\":", name);
    bus_canonical_append_string(out, value);
    g_string_append_c(out, ',');
}

char *bus_webhook_payload(const BusEvent *event)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(event->time_us / G_USEC_PER_SEC);
    g_autofree char *id =
        g_strdup_printf("%04d-%s", time != NULL ? g_date_time_get_year(time) : 1970, event->id);
    g_autoptr(GString) out = g_string_new("{");
    append_string(out, "actor", event->actor);
    g_string_append_printf(out, "\"i\":%" G_GUINT64_FORMAT ",\"msg\":%s,", event->seq, event->body);
    append_string(out, "msg_id", id);
    g_string_append(out, "\"objects\":[");
    for (size_t i = 0; event->objects != NULL && event->objects[i] != NULL; i++) {
        if (i > 0)
            g_string_append_c(out, ',');
        bus_canonical_append_string(out, event->objects[i]);
    }
    g_string_append_printf(
        out, "],\"seq\":%" G_GUINT64_FORMAT ",\"severity\":%u,\"timestamp\":%" G_GINT64_FORMAT ",",
        event->seq, event->severity, event->time_us / G_USEC_PER_SEC);
    append_string(out, "topic", event->topic);
    out->str[out->len - 1] = '}';
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static void add_signature(GStrvBuilder *headers, const char *name, GChecksumType type,
                          const char *secret, const char *payload)
{
    g_autofree char *hex = g_compute_hmac_for_string(type, (const guchar *)secret, strlen(secret),
                                                     payload, (gssize)strlen(payload));
    g_autofree char *line = g_strdup_printf("%s: %s", name, hex);
    g_strv_builder_add(headers, line);
}

char **bus_webhook_headers(const BusWebhook *hook, const char *instance, const char *topic,
                           const char *id, const char *payload)
{
    g_autoptr(GStrvBuilder) headers = g_strv_builder_new();
    g_autofree char *pagure =
        g_strdup_printf("X-Pagure: %s", instance != NULL ? instance : "atoll");
    g_autofree char *topic_line = g_strdup_printf("X-Pagure-Topic: %s", topic);
    g_autofree char *id_line = g_strdup_printf("X-Atoll-Id: %s", id);
    g_strv_builder_add(headers, "Content-Type: application/json");
    g_strv_builder_add(headers, pagure);
    g_strv_builder_add(headers, topic_line);
    g_strv_builder_add(headers, id_line);
    if (hook->secret != NULL) {
        add_signature(headers, "X-Pagure-Signature", G_CHECKSUM_SHA1, hook->secret, payload);
        add_signature(headers, "X-Pagure-Signature-256", G_CHECKSUM_SHA256, hook->secret, payload);
    }
    return g_strv_builder_end(headers);
}

bool bus_webhook_is_private(GInetAddress *address)
{
    const guint8 *bytes = g_inet_address_to_bytes(address);
    static const guint8 mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    bool is_v6 = g_inet_address_get_family(address) == G_SOCKET_FAMILY_IPV6;
    if (is_v6 && memcmp(bytes, mapped, sizeof mapped) == 0) {
        g_autoptr(GInetAddress) inner =
            g_inet_address_new_from_bytes(bytes + sizeof mapped, G_SOCKET_FAMILY_IPV4);
        return bus_webhook_is_private(inner);
    }
    bool is_shared = !is_v6 && bytes[0] == 100 && (bytes[1] & 0xc0) == 64;
    bool is_this_network = !is_v6 && bytes[0] == 0;
    bool is_unique_local = is_v6 && (bytes[0] & 0xfe) == 0xfc;
    return is_shared || is_this_network || is_unique_local ||
           g_inet_address_get_is_loopback(address) || g_inet_address_get_is_link_local(address) ||
           g_inet_address_get_is_site_local(address) || g_inet_address_get_is_any(address) ||
           g_inet_address_get_is_multicast(address);
}
