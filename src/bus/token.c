/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tokens: who may publish over the network, as whom, and which topics.
 */
#include "bus/token.h"

#include "base/digest.h"
#include "base/error.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define PREFIX "atoll_"
#define ID_BYTES 6
#define SECRET_BYTES 32
#define TOPICS_MAX 32
#define TOPIC_ADDED "org.atoll.prod.token.access.added"
#define TOPIC_REMOVED "org.atoll.prod.token.access.removed"
#define COLUMNS "id, secret_digest, actor, topics, added_us, expires_us"

static const BaseDbMigration migrations[] = {
    {.sql = "CREATE TABLE bus_token (id TEXT PRIMARY KEY, secret_digest TEXT NOT NULL, actor TEXT "
            "NOT NULL, topics TEXT NOT NULL, added_us BIGINT NOT NULL, expires_us BIGINT NOT "
            "NULL);"},
};

void bus_token_free(BusToken *self)
{
    if (self == NULL)
        return;
    g_free(self->id);
    g_free(self->actor);
    g_strfreev(self->topics);
    g_free(self);
}

bool bus_token_prepare(BusLog *log, GError **error)
{
    return base_db_migrate(bus_log_get_db(log), "bus-token", migrations, G_N_ELEMENTS(migrations),
                           error);
}

static bool refuse(GError **error, BusError code, const char *message)
{
    g_set_error_literal(error, BUS_ERROR, code, message);
    return false;
}

static bool make_random_hex(char *out_hex, size_t size_bytes, GError **error)
{
    uint8_t bytes[SECRET_BYTES];
    g_assert(size_bytes <= sizeof bytes);
    if (getrandom(bytes, size_bytes, 0) != (ssize_t)size_bytes)
        return base_error_set_errno(error, errno, "reading random bytes");
    base_digest_to_hex(bytes, size_bytes, out_hex);
    explicit_bzero(bytes, sizeof bytes);
    return true;
}

static bool is_printable(const char *text, size_t max_bytes)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++) {
        if (!g_ascii_isgraph(text[i]))
            return false;
    }
    return length > 0 && length <= max_bytes;
}

static bool check_new(const char *actor, const char *const *topics, GError **error)
{
    unsigned n_topics = g_strv_length((char **)topics);
    if (!is_printable(actor, 128))
        return refuse(error, BUS_ERROR_INVALID,
                      "an actor is printable ASCII without spaces, such as ‘service:builder’");
    if (n_topics == 0 || n_topics > TOPICS_MAX)
        return refuse(error, BUS_ERROR_INVALID, "a token is for 1 to 32 topics");
    for (unsigned i = 0; i < n_topics; i++) {
        if (!is_printable(topics[i], BUS_TOPIC_MAX_BYTES))
            return refuse(error, BUS_ERROR_INVALID,
                          "a topic is printable ASCII without spaces, such as "
                          "‘org.atoll.prod.build.*’");
    }
    return true;
}

static bool append_event(BusLog *log, const char *by, const char *topic, const BusToken *token,
                         GError **error)
{
    g_autoptr(JsonObject) body = json_object_new();
    JsonArray *list = json_array_new();
    for (unsigned i = 0; token->topics[i] != NULL; i++)
        json_array_add_string_element(list, token->topics[i]);
    json_object_set_string_member(body, "token", token->id);
    json_object_set_string_member(body, "actor", token->actor);
    json_object_set_array_member(body, "topics", list);
    g_autofree char *object = g_strconcat("token:", token->id, NULL);
    const char *const objects[] = {object, NULL};
    BusDraft draft = {
        .topic = topic,
        .actor = by,
        .severity = BUS_SEVERITY_INFO,
        .objects = objects,
        .body = body,
    };
    return bus_append(log, &draft, 1, NULL, error);
}

static bool insert(BusLog *log, const char *by, const BusToken *token, const char *digest,
                   GError **error)
{
    BaseDbStatement *row = base_db_prepare(
        bus_log_get_db(log), "INSERT INTO bus_token (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        error);
    if (row == NULL)
        return false;
    g_autofree char *joined = g_strjoinv(" ", token->topics);
    base_db_bind_text(row, 1, token->id);
    base_db_bind_text(row, 2, digest);
    base_db_bind_text(row, 3, token->actor);
    base_db_bind_text(row, 4, joined);
    base_db_bind_int(row, 5, g_get_real_time());
    base_db_bind_int(row, 6, token->expires_us);
    return base_db_run(row, NULL, error) && append_event(log, by, TOPIC_ADDED, token, error);
}

char *bus_token_add(BusLog *log, const char *by, const char *actor, const char *const *topics,
                    int64_t expires_us, GError **error)
{
    char id[2 * ID_BYTES + 1];
    char secret[2 * SECRET_BYTES + 1];
    BaseDb *db = bus_log_get_db(log);
    if (!check_new(actor, topics, error) || !make_random_hex(id, ID_BYTES, error) ||
        !make_random_hex(secret, SECRET_BYTES, error) || !bus_token_prepare(log, error))
        return NULL;
    g_autofree char *digest = base_sha256_hex(secret, strlen(secret));
    const BusToken token = {
        .id = id,
        .actor = (char *)actor,
        .topics = (char **)topics,
        .expires_us = expires_us,
    };
    if (!base_db_begin(db, error))
        return NULL;
    if (!insert(log, by, &token, digest, error) || !base_db_commit(db, error)) {
        base_db_rollback(db);
        return NULL;
    }
    return g_strconcat(PREFIX, id, "_", secret, NULL);
}

static BusToken *read_row(BaseDbStatement *row)
{
    BusToken *token = g_new0(BusToken, 1);
    token->id = g_strdup(base_db_column_text(row, "id"));
    token->actor = g_strdup(base_db_column_text(row, "actor"));
    token->topics = g_strsplit(base_db_column_text(row, "topics"), " ", -1);
    token->added_us = base_db_column_int(row, "added_us");
    token->expires_us = base_db_column_int(row, "expires_us");
    return token;
}

/* @out_digest is NULL when nobody asks for it. */
static BusToken *find(BusLog *log, const char *id, char **out_digest, GError **error)
{
    BaseDbStatement *row = base_db_prepare(
        bus_log_get_db(log), "SELECT " COLUMNS " FROM bus_token WHERE id = ?1", error);
    bool found = false;
    if (row == NULL)
        return NULL;
    base_db_bind_text(row, 1, id);
    if (!base_db_step(row, &found, error))
        return NULL;
    if (!found) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_NOT_FOUND, "there is no token ‘%s’", id);
        return NULL;
    }
    if (out_digest != NULL)
        *out_digest = g_strdup(base_db_column_text(row, "secret_digest"));
    BusToken *token = read_row(row);
    base_db_reset(row);
    return token;
}

static bool take_out(BusLog *log, const char *by, const char *id, GError **error)
{
    g_autoptr(BusToken) token = find(log, id, NULL, error);
    BaseDbStatement *row =
        token != NULL
            ? base_db_prepare(bus_log_get_db(log), "DELETE FROM bus_token WHERE id = ?1", error)
            : NULL;
    if (row == NULL)
        return false;
    base_db_bind_text(row, 1, id);
    return base_db_run(row, NULL, error) && append_event(log, by, TOPIC_REMOVED, token, error);
}

bool bus_token_remove(BusLog *log, const char *by, const char *id, GError **error)
{
    BaseDb *db = bus_log_get_db(log);
    if (!bus_token_prepare(log, error) || !base_db_begin(db, error))
        return false;
    if (take_out(log, by, id, error) && base_db_commit(db, error))
        return true;
    base_db_rollback(db);
    return false;
}

GPtrArray *bus_token_list(BusLog *log, GError **error)
{
    if (!bus_token_prepare(log, error))
        return NULL;
    BaseDbStatement *row = base_db_prepare(
        bus_log_get_db(log), "SELECT " COLUMNS " FROM bus_token ORDER BY added_us, id", error);
    if (row == NULL)
        return NULL;
    g_autoptr(GPtrArray) tokens = g_ptr_array_new_with_free_func((GDestroyNotify)bus_token_free);
    while (true) {
        bool found = false;
        if (!base_db_step(row, &found, error))
            return NULL;
        if (!found)
            return g_steal_pointer(&tokens);
        g_ptr_array_add(tokens, read_row(row));
    }
}

/* In a time that does not tell how much of it was right. */
static bool digests_are_equal(const char *a, const char *b)
{
    if (!base_digest_is_sha256_hex(a) || !base_digest_is_sha256_hex(b))
        return false;
    unsigned difference = 0;
    for (size_t i = 0; i < BASE_SHA256_HEX_CHARS; i++)
        difference |= (unsigned)(a[i] ^ b[i]);
    return difference == 0;
}

BusToken *bus_token_check(BusLog *log, const char *text, int64_t now_us, GError **error)
{
    size_t wanted = strlen(PREFIX) + 2 * ID_BYTES + 1 + 2 * SECRET_BYTES;
    g_autofree char *id = NULL;
    if (strlen(text) == wanted && g_str_has_prefix(text, PREFIX) &&
        text[wanted - 2 * SECRET_BYTES - 1] == '_')
        id = g_strndup(text + strlen(PREFIX), 2 * ID_BYTES);
    if (id == NULL) {
        (void)refuse(error, BUS_ERROR_DENIED, "this token is not valid");
        return NULL;
    }
    const char *secret = text + wanted - 2 * SECRET_BYTES;
    g_autofree char *digest = base_sha256_hex(secret, strlen(secret));
    g_autofree char *stored = NULL;
    g_autoptr(GError) find_error = NULL;
    g_autoptr(BusToken) token = find(log, id, &stored, &find_error);
    if (token == NULL && !g_error_matches(find_error, BUS_ERROR, BUS_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&find_error));
        return NULL;
    }
    if (token == NULL || !digests_are_equal(stored, digest) ||
        (token->expires_us != 0 && token->expires_us <= now_us)) {
        (void)refuse(error, BUS_ERROR_DENIED, "this token is not valid");
        return NULL;
    }
    return g_steal_pointer(&token);
}

bool bus_token_allows(const BusToken *self, const char *topic)
{
    for (unsigned i = 0; self->topics[i] != NULL; i++) {
        if (bus_topic_matches(self->topics[i], topic))
            return true;
    }
    return false;
}
