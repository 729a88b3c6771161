/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Changing keys and grants: each change is an event. What the events mean is policy.c's.
 */
#include "bus/keys.h"

#include "base/error.h"
#include "base/fd.h"
#include "bus/log-private.h"
#include "bus/signed.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define KEY_FILE "bus.key"
#define NEXT_FILE "bus.key.next"

static bool read_seed(int dfd, const char *name, uint8_t out_seed[BASE_ED25519_SEED_BYTES],
                      GError **error)
{
    g_autoptr(GBytes) bytes = base_fd_read_file(dfd, name, 256, error);
    if (bytes == NULL)
        return false;
    g_autofree char *text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    if (!bus_signed_read_hex(g_strchomp(text), out_seed, BASE_ED25519_SEED_BYTES)) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                    "the signing key keys/%s is not %d hex "
                    "digits",
                    name, 2 * BASE_ED25519_SEED_BYTES);
        return false;
    }
    return true;
}

static bool make_seed(int dfd, const char *name, uint8_t out_seed[BASE_ED25519_SEED_BYTES],
                      GError **error)
{
    char hex[2 * BASE_ED25519_SEED_BYTES + 2];
    randombytes_buf(out_seed, BASE_ED25519_SEED_BYTES);
    base_digest_to_hex(out_seed, BASE_ED25519_SEED_BYTES, hex);
    g_strlcat(hex, "\n", sizeof hex);
    bool ok =
        base_fd_replace_file(dfd, name, hex, strlen(hex), 0600, BASE_FD_REPLACE_DEFAULT, error);
    sodium_memzero(hex, sizeof hex);
    return ok;
}

static void use_seed(BusLog *log, uint8_t seed[BASE_ED25519_SEED_BYTES])
{
    uint8_t public_key[BASE_ED25519_PUBLIC_BYTES];
    (void)crypto_sign_ed25519_seed_keypair(public_key, log->secret, seed);
    sodium_memzero(seed, BASE_ED25519_SEED_BYTES);
    bus_policy_key_id(public_key, log->key);
}

static bool is_in_log(BusLog *log, const char *key, bool *out_in, GError **error)
{
    BaseDbStatement *statement =
        base_db_prepare(log->db, "SELECT id FROM bus_key WHERE id = ?1 AND ended IS NULL", error);
    if (statement == NULL)
        return false;
    base_db_bind_text(statement, 1, key);
    if (!base_db_step(statement, out_in, error))
        return false;
    base_db_reset(statement);
    return true;
}

static bool promote(int dfd, GError **error)
{
    if (renameat(dfd, NEXT_FILE, dfd, KEY_FILE) != 0 || fsync(dfd) != 0)
        return base_error_set_errno(error, errno, "putting the new signing key in place");
    return true;
}

/* A rotation that was cut short: the new key is in the log or it is nothing. */
static bool finish_rotation(BusLog *log, int dfd, GError **error)
{
    uint8_t seed[BASE_ED25519_SEED_BYTES];
    uint8_t public_key[BASE_ED25519_PUBLIC_BYTES];
    uint8_t secret[64];
    char id[BUS_KEY_ID_CHARS + 1];
    bool in = false;
    if (faccessat(dfd, NEXT_FILE, F_OK, 0) != 0 || !read_seed(dfd, NEXT_FILE, seed, NULL))
        return true;
    (void)crypto_sign_ed25519_seed_keypair(public_key, secret, seed);
    sodium_memzero(secret, sizeof secret);
    bus_policy_key_id(public_key, id);
    if (!is_in_log(log, id, &in, error))
        return false;
    if (!in)
        return true;
    use_seed(log, seed);
    return promote(dfd, error);
}

static int open_keys(BusLog *log, GError **error)
{
    g_autofree char *dir = g_build_filename(log->state_dir, "keys", NULL);
    if (!base_fd_make_dirs(AT_FDCWD, dir, 0700, error))
        return -1;
    return base_fd_open_dir(AT_FDCWD, dir, error);
}

/* Two processes may come here at once on a new machine: the second one takes the first one's. */
static bool load_locked(BusLog *log, int dfd, GError **error)
{
    uint8_t seed[BASE_ED25519_SEED_BYTES];
    g_autoptr(GError) local = NULL;
    base_autofd lock = base_fd_lock(dfd, "bus.key.lock", BASE_FD_LOCK_WAIT, error);
    if (lock < 0)
        return false;
    if (!read_seed(dfd, KEY_FILE, seed, &local)) {
        if (!g_error_matches(local, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
            g_propagate_error(error, g_steal_pointer(&local));
            return false;
        }
        if (!make_seed(dfd, KEY_FILE, seed, error))
            return false;
    }
    use_seed(log, seed);
    return finish_rotation(log, dfd, error);
}

bool bus_keys_reload(BusLog *log, GError **error)
{
    uint8_t seed[BASE_ED25519_SEED_BYTES];
    base_autofd dfd = open_keys(log, error);
    if (dfd < 0 || !read_seed(dfd, KEY_FILE, seed, error))
        return false;
    use_seed(log, seed);
    return true;
}

bool bus_keys_load(BusLog *log, GError **error)
{
    base_autofd dfd = open_keys(log, error);
    if (dfd < 0 || !load_locked(log, dfd, error)) {
        g_prefix_error(error, "the log's signing key in ‘%s/keys’: ", log->state_dir);
        return false;
    }
    return true;
}

BusPolicy *bus_keys_policy(BusLog *log, GError **error)
{
    return bus_policy_load(log->db, error);
}

void bus_keys_public(const BusLog *log, char out_hex[static 2 * BASE_ED25519_PUBLIC_BYTES + 1])
{
    base_digest_to_hex(log->secret + BASE_ED25519_SEED_BYTES, BASE_ED25519_PUBLIC_BYTES, out_hex);
}

static bool change(BusLog *log, const char *topic, const char *actor, JsonObject *body,
                   GError **error)
{
    BusDraft draft = {.topic = topic, .actor = actor, .body = body};
    if (!base_db_begin(log->db, error))
        return false;
    if (bus_append_own(log, &draft, 1, NULL, error) && base_db_commit(log->db, error))
        return true;
    base_db_rollback(log->db);
    return false;
}

static bool check_glob(const char *what, const char *glob, GError **error)
{
    if (!bus_signed_check_name(what, glob, error))
        return false;
    for (const char *p = glob; *p != '\0'; p++) {
        if (g_ascii_isspace(*p)) {
            g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID, "the %s has a space", what);
            return false;
        }
    }
    return true;
}

bool bus_keys_add(BusLog *log, const char *public_hex, const char *const *topics, const char *actor,
                  GError **error)
{
    uint8_t public_key[BASE_ED25519_PUBLIC_BYTES];
    char id[BUS_KEY_ID_CHARS + 1];
    if (!bus_signed_read_hex(public_hex, public_key, sizeof public_key) ||
        crypto_core_ed25519_is_valid_point(public_key) != 1) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                    "a public key is 64 hex digits: atoll bus key list, on its machine, shows it");
        return false;
    }
    bus_policy_key_id(public_key, id);
    g_autoptr(JsonObject) body = json_object_new();
    JsonArray *array = json_array_new();
    json_object_set_string_member(body, "key", id);
    json_object_set_string_member(body, "public", public_hex);
    json_object_set_array_member(body, "topics", array);
    for (unsigned i = 0; topics[i] != NULL; i++) {
        if (!check_glob("glob of topics", topics[i], error))
            return false;
        json_array_add_string_element(array, topics[i]);
    }
    return change(log, BUS_TOPIC_KEY_ADDED, actor, body, error);
}

bool bus_keys_revoke(BusLog *log, const char *key, const char *actor, GError **error)
{
    g_autoptr(JsonObject) body = json_object_new();
    json_object_set_string_member(body, "key", key);
    return change(log, BUS_TOPIC_KEY_REVOKED, actor, body, error);
}

static bool grant(BusLog *log, const char *topic, const char *subject, const char *topics,
                  const char *actor, GError **error)
{
    g_autoptr(JsonObject) body = json_object_new();
    if (!check_glob("subject", subject, error) || !check_glob("glob of topics", topics, error))
        return false;
    json_object_set_string_member(body, "subject", subject);
    json_object_set_string_member(body, "topics", topics);
    return change(log, topic, actor, body, error);
}

bool bus_keys_grant(BusLog *log, const char *subject, const char *topics, const char *actor,
                    GError **error)
{
    return grant(log, BUS_TOPIC_GRANT_ADDED, subject, topics, actor, error);
}

bool bus_keys_ungrant(BusLog *log, const char *subject, const char *topics, const char *actor,
                      GError **error)
{
    return grant(log, BUS_TOPIC_GRANT_REMOVED, subject, topics, actor, error);
}

static JsonObject *make_rotation(BusLog *log, const uint8_t seed[BASE_ED25519_SEED_BYTES])
{
    uint8_t public_key[BASE_ED25519_PUBLIC_BYTES];
    uint8_t secret[64];
    uint8_t proof[BASE_ED25519_SIGNATURE_BYTES];
    char id[BUS_KEY_ID_CHARS + 1];
    char hex[2 * BASE_ED25519_SIGNATURE_BYTES + 1];
    JsonObject *body = json_object_new();
    (void)crypto_sign_ed25519_seed_keypair(public_key, secret, seed);
    bus_policy_key_id(public_key, id);
    g_autofree char *statement = g_strdup_printf("atoll bus key %s follows %s", id, log->key);
    (void)crypto_sign_ed25519_detached(proof, NULL, (const unsigned char *)statement,
                                       strlen(statement), secret);
    sodium_memzero(secret, sizeof secret);
    json_object_set_string_member(body, "key", id);
    json_object_set_string_member(body, "follows", log->key);
    json_object_set_string_member(body, "statement", statement);
    base_digest_to_hex(public_key, sizeof public_key, hex);
    json_object_set_string_member(body, "public", hex);
    base_digest_to_hex(proof, sizeof proof, hex);
    json_object_set_string_member(body, "proof", hex);
    return body;
}

bool bus_keys_rotate(BusLog *log, const char *actor, GError **error)
{
    uint8_t seed[BASE_ED25519_SEED_BYTES];
    if (log->state_dir == NULL) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_DENIED, "the log was opened for reading only");
        return false;
    }
    base_autofd dfd = open_keys(log, error);
    if (dfd < 0)
        return false;
    base_autofd lock = base_fd_lock(dfd, "bus.key.lock", BASE_FD_LOCK_WAIT, error);
    if (lock < 0 || !make_seed(dfd, NEXT_FILE, seed, error))
        return false;
    g_autoptr(JsonObject) body = make_rotation(log, seed);
    if (!change(log, BUS_TOPIC_KEY_ROTATED, actor, body, error)) {
        sodium_memzero(seed, sizeof seed);
        return false;
    }
    use_seed(log, seed);
    return promote(dfd, error);
}
