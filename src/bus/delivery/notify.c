/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A person's rules: which events, where to. Pure functions, and the table that keeps them;
 * sending is deliver.c's.
 */
#include "bus/delivery/notify.h"

#include "bus/canonical.h"
#include "bus/subscription.h"
#include "bus/transport-state.h"
#include "bus/transport.h"
#include "bus/delivery/webhook.h"

#include <string.h>

#define MAX_ADDRESS_BYTES 254
#define MAX_RULE_BYTES 65536

void bus_notify_free(BusNotify *self)
{
    if (self == NULL)
        return;
    g_free(self->name);
    g_strfreev(self->topics);
    g_strfreev(self->objects);
    g_strfreev(self->exclude);
    g_free(self->address);
    g_free(self->secret);
    g_free(self);
}

char *bus_notify_subscription(const char *name)
{
    return g_strconcat("notify:", name, NULL);
}

static bool fits_any(char *const *globs, const char *text)
{
    for (size_t i = 0; globs != NULL && globs[i] != NULL; i++) {
        if (bus_topic_matches(globs[i], text))
            return true;
    }
    return false;
}

static bool is_empty(char *const *globs)
{
    return globs == NULL || globs[0] == NULL;
}

bool bus_notify_matches(const BusNotify *self, const BusEvent *event)
{
    if (event->severity < self->severity_min || event->logged_us < self->muted_until_us ||
        fits_any(self->exclude, event->actor) ||
        (!is_empty(self->topics) && !fits_any(self->topics, event->topic)))
        return false;
    if (is_empty(self->objects))
        return true;
    for (size_t i = 0; event->objects != NULL && event->objects[i] != NULL; i++) {
        if (fits_any(self->objects, event->objects[i]))
            return true;
    }
    return false;
}

/* Enough to keep header lines and SMTP commands whole; whether the address exists is not asked. */
static bool check_mail(const char *address, GError **error)
{
    const char *at = strrchr(address, '@');
    bool ok = at != NULL && at != address && at[1] != '\0' && strlen(address) <= MAX_ADDRESS_BYTES;
    for (const char *c = address; *c != '\0' && ok; c++)
        ok = g_ascii_isgraph(*c) && strchr("<>,;\"\\()", *c) == NULL;
    if (!ok)
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                    "‘%s’ is not a mail address; one looks like alice@example.org", address);
    return ok;
}

bool bus_notify_parse_to(BusNotify *self, const char *text, GError **error)
{
    const char *address = strchr(text, ':');
    address = address != NULL ? address + 1 : "";
    if (g_str_has_prefix(text, "mail:")) {
        self->kind = BUS_NOTIFY_MAIL;
        if (!check_mail(address, error))
            return false;
    } else if (g_str_has_prefix(text, "webhook:")) {
        self->kind = BUS_NOTIFY_WEBHOOK;
        if (!bus_webhook_url_check(address, error))
            return false;
    } else if (strcmp(text, "feed") == 0) {
        self->kind = BUS_NOTIFY_FEED;
    } else {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                    "‘%s’ is no destination: wanted mail:ADDRESS, webhook:URL or feed", text);
        return false;
    }
    g_free(self->address);
    self->address = g_strdup(address);
    return true;
}

char *bus_notify_to(const BusNotify *self)
{
    g_autofree char *masked = bus_transport_mask_url(self->address);
    switch (self->kind) {
    case BUS_NOTIFY_MAIL:
        return g_strconcat("mail:", self->address, NULL);
    case BUS_NOTIFY_WEBHOOK:
        return g_strconcat("webhook:", masked, NULL);
    case BUS_NOTIFY_FEED:
        break;
    }
    return g_strdup("feed");
}

static void append_query(GString *out, const char *name, char *const *values)
{
    for (size_t i = 0; values != NULL && values[i] != NULL; i++) {
        g_autofree char *escaped = g_uri_escape_string(values[i], "*:", FALSE);
        g_string_append_printf(out, "%c%s=%s", strchr(out->str, '?') != NULL ? '&' : '?', name,
                               escaped);
    }
}

char *bus_notify_feed_path(const BusNotify *self)
{
    g_autoptr(GString) out = g_string_new("/log/feed.atom");
    append_query(out, "topic", self->topics);
    append_query(out, "object", self->objects);
    append_query(out, "not_agent", self->exclude);
    if (self->severity_min > 0) {
        char number[] = "00";
        number[0] = (char)('0' + self->severity_min / 10 % 10);
        char *const values[] = {number, NULL};
        append_query(out, "severity", values);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static void set_list(JsonObject *object, const char *name, char *const *values)
{
    JsonArray *array = json_array_new();
    for (size_t i = 0; values != NULL && values[i] != NULL; i++)
        json_array_add_string_element(array, values[i]);
    json_object_set_array_member(object, name, array);
}

static bool print_rule(const BusNotify *self, GString *out, GError **error)
{
    static const char *const kinds[] = {"mail", "webhook", "feed"};
    g_autoptr(JsonObject) object = json_object_new();
    set_list(object, "topics", self->topics);
    set_list(object, "objects", self->objects);
    set_list(object, "exclude", self->exclude);
    json_object_set_int_member(object, "severity", self->severity_min);
    json_object_set_string_member(object, "kind", kinds[self->kind]);
    json_object_set_string_member(object, "address", self->address);
    if (self->secret != NULL)
        json_object_set_string_member(object, "secret", self->secret);
    json_object_set_int_member(object, "digest", self->digest_s);
    return bus_canonical_print(object, out, error);
}

static char **read_list(JsonObject *object, const char *name)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    JsonArray *array =
        json_object_has_member(object, name) ? json_object_get_array_member(object, name) : NULL;
    for (unsigned i = 0; array != NULL && i < json_array_get_length(array); i++)
        g_strv_builder_add(builder, json_array_get_string_element(array, i));
    return g_strv_builder_end(builder);
}

static BusNotify *read_rule(BaseDbStatement *statement, GError **error)
{
    g_autoptr(BusNotify) self = g_new0(BusNotify, 1);
    self->name = g_strdup(base_db_column_text(statement, "name"));
    self->muted_until_us = base_db_column_int(statement, "muted_until_us");
    const char *text = base_db_column_text(statement, "rule");
    g_autoptr(JsonObject) object =
        bus_transport_parse(text, text != NULL ? strlen(text) : 0, MAX_RULE_BYTES, error);
    if (object == NULL) {
        g_prefix_error(error, "reading the rule ‘%s’: ", self->name);
        return NULL;
    }
    const char *kind = json_object_get_string_member_with_default(object, "kind", "mail");
    self->kind = strcmp(kind, "feed") == 0      ? BUS_NOTIFY_FEED
                 : strcmp(kind, "webhook") == 0 ? BUS_NOTIFY_WEBHOOK
                                                : BUS_NOTIFY_MAIL;
    self->topics = read_list(object, "topics");
    self->objects = read_list(object, "objects");
    self->exclude = read_list(object, "exclude");
    self->severity_min = (unsigned)json_object_get_int_member_with_default(object, "severity", 0);
    self->digest_s = (unsigned)json_object_get_int_member_with_default(object, "digest", 0);
    self->address = g_strdup(json_object_get_string_member_with_default(object, "address", ""));
    self->secret = g_strdup(json_object_get_string_member_with_default(object, "secret", NULL));
    return g_steal_pointer(&self);
}

static bool insert_rule(BusLog *log, const BusNotify *rule, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    BaseDbStatement *statement = base_db_prepare(
        bus_log_get_db(log),
        "INSERT INTO bus_notify (name, rule, muted_until_us) VALUES (?1, ?2, ?3)", error);
    if (statement == NULL || !print_rule(rule, text, error))
        return false;
    base_db_bind_text(statement, 1, rule->name);
    base_db_bind_text(statement, 2, text->str);
    base_db_bind_int(statement, 3, rule->muted_until_us);
    g_autoptr(GError) local = NULL;
    if (base_db_run(statement, NULL, &local))
        return true;
    if (g_error_matches(local, BASE_DB_ERROR, BASE_DB_ERROR_CONSTRAINT))
        g_set_error(error, BUS_ERROR, BUS_ERROR_EXISTS, "there is a rule ‘%s’ already", rule->name);
    else
        g_propagate_error(error, g_steal_pointer(&local));
    return false;
}

static bool add_all(BusLog *log, const BusNotify *rule, GError **error)
{
    uint64_t head = 0;
    g_autofree char *subscription = bus_notify_subscription(rule->name);
    if (!bus_log_head(log, &head, error) || !insert_rule(log, rule, error))
        return false;
    /* a feed is asked for by its reader: nothing waits for it */
    return rule->kind == BUS_NOTIFY_FEED ||
           bus_subscription_ensure(log, subscription, (const char *const *)rule->topics, head,
                                   BUS_TRANSPORT_LAG_ALARM, error);
}

/* The archive finds objects and actors by their whole names. */
static bool check_feed(const BusNotify *rule, GError **error)
{
    char **const lists[] = {rule->objects, rule->exclude};
    for (size_t i = 0; i < G_N_ELEMENTS(lists) && rule->kind == BUS_NOTIFY_FEED; i++) {
        for (size_t n = 0; lists[i] != NULL && lists[i][n] != NULL; n++) {
            if (strchr(lists[i][n], '*') == NULL)
                continue;
            g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                        "‘%s’ is a glob; a feed wants whole names of objects and actors",
                        lists[i][n]);
            return false;
        }
    }
    return true;
}

bool bus_notify_add(BusLog *log, const BusNotify *rule, GError **error)
{
    BaseDb *db = bus_log_get_db(log);
    if (!check_feed(rule, error) || !bus_transport_name_check(rule->name, error) ||
        !bus_transport_state_migrate(db, error) || !base_db_begin(db, error))
        return false;
    bool ok = add_all(log, rule, error) && base_db_commit(db, error);
    if (!ok)
        base_db_rollback(db);
    return ok;
}

GPtrArray *bus_notify_list(BusLog *log, GError **error)
{
    if (!bus_transport_state_migrate(bus_log_get_db(log), error))
        return NULL;
    BaseDbStatement *statement =
        base_db_prepare(bus_log_get_db(log),
                        "SELECT name, rule, muted_until_us FROM bus_notify ORDER BY name", error);
    if (statement == NULL)
        return NULL;
    g_autoptr(GPtrArray) rules = g_ptr_array_new_with_free_func((GDestroyNotify)bus_notify_free);
    bool row = true;
    while (row) {
        if (!base_db_step(statement, &row, error))
            return NULL;
        BusNotify *rule = row ? read_rule(statement, error) : NULL;
        if (row && rule == NULL)
            return NULL;
        if (row)
            g_ptr_array_add(rules, rule);
    }
    return g_steal_pointer(&rules);
}

static bool check_changed(uint64_t changed, const char *name, GError **error)
{
    if (changed == 0)
        g_set_error(error, BUS_ERROR, BUS_ERROR_NOT_FOUND, "no rule ‘%s’", name);
    return changed > 0;
}

static bool remove_all(BusLog *log, const char *name, GError **error)
{
    uint64_t changed = 0;
    g_autofree char *subscription = bus_notify_subscription(name);
    BaseDb *db = bus_log_get_db(log);
    BaseDbStatement *rule = base_db_prepare(db, "DELETE FROM bus_notify WHERE name = ?1", error);
    if (rule == NULL)
        return false;
    base_db_bind_text(rule, 1, name);
    if (!base_db_run(rule, &changed, error) || !check_changed(changed, name, error))
        return false;
    BaseDbStatement *state =
        base_db_prepare(db, "DELETE FROM bus_delivery WHERE subscription = ?1", error);
    if (state == NULL)
        return false;
    base_db_bind_text(state, 1, subscription);
    if (!base_db_run(state, NULL, error))
        return false;
    g_autoptr(GError) local = NULL;
    if (bus_subscription_remove(log, subscription, &local) ||
        g_error_matches(local, BUS_ERROR, BUS_ERROR_NOT_FOUND))
        return true;
    g_propagate_error(error, g_steal_pointer(&local));
    return false;
}

bool bus_notify_remove(BusLog *log, const char *name, GError **error)
{
    BaseDb *db = bus_log_get_db(log);
    if (!bus_transport_state_migrate(db, error) || !base_db_begin(db, error))
        return false;
    bool ok = remove_all(log, name, error) && base_db_commit(db, error);
    if (!ok)
        base_db_rollback(db);
    return ok;
}

bool bus_notify_mute(BusLog *log, const char *name, int64_t until_us, GError **error)
{
    uint64_t changed = 0;
    BaseDb *db = bus_log_get_db(log);
    if (!bus_transport_state_migrate(db, error))
        return false;
    BaseDbStatement *statement =
        base_db_prepare(db, "UPDATE bus_notify SET muted_until_us = ?2 WHERE name = ?1", error);
    if (statement == NULL)
        return false;
    base_db_bind_text(statement, 1, name);
    base_db_bind_int(statement, 2, until_us);
    return base_db_run(statement, &changed, error) && check_changed(changed, name, error);
}
