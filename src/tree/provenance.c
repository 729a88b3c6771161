/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Signed provenance: in-toto statement v1, predicate SLSA provenance v1, DSSE envelope v1.
 */
#include "tree/provenance.h"

#include "packages/json.h"
#include "tree/sbom.h"

#include <string.h>

#define PAYLOAD_TYPE "application/vnd.in-toto+json"
#define STATEMENT_TYPE "https://in-toto.io/Statement/v1"
#define PREDICATE_TYPE "https://slsa.dev/provenance/v1"
#define BUILD_TYPE "urn:atoll:compose:1"
#define SIGNATURES_MAX 64

static void append_member(GString *out, const char *name, const char *value)
{
    g_string_append_printf(out, "%s\"%s\":", out->str[out->len - 1] == '{' ? "" : ",", name);
    tree_sbom_append_json(out, value);
}

static void append_dependencies(GString *out, const TreeProvenance *self)
{
    for (guint i = 0; i < self->imported->len; i++) {
        const PackagesPackage *package =
            ((const PackagesImported *)self->imported->pdata[i])->package;
        g_autofree char *purl = tree_sbom_purl(package, self->facts[i].source_version, self->os);
        g_string_append(out, i > 0 ? ",\n{" : "\n{");
        append_member(out, "uri", purl);
        append_member(out, "name", package->name);
        g_string_append_printf(out, ",\"digest\":{\"sha256\":\"%s\"}", package->sha256);
        append_member(out, "downloadLocation", package->url);
        g_string_append_c(out, '}');
    }
}

static GString *print_statement(const TreeProvenance *self, const char *builder)
{
    GString *out = g_string_new("{\"_type\":\"" STATEMENT_TYPE "\",\"subject\":[{");
    append_member(out, "name", self->ref);
    g_string_append_printf(out,
                           ",\"digest\":{\"sha256\":\"%s\"}}],\"predicateType\":\"" PREDICATE_TYPE
                           "\",\n\"predicate\":{\"buildDefinition\":{",
                           self->commit);
    append_member(out, "buildType", BUILD_TYPE);
    g_string_append_printf(out, ",\n\"externalParameters\":{\"manifest\":%s", self->manifest);
    append_member(out, "version", self->version);
    g_string_append(out, "},\n\"internalParameters\":{");
    append_member(out, "atoll", ATOLL_VERSION);
    append_member(out, "inputs", self->inputs);
    g_string_append(out, "},\n\"resolvedDependencies\":[");
    append_dependencies(out, self);
    g_string_append(out, "]},\n\"runDetails\":{\"builder\":{");
    append_member(out, "id", builder);
    g_string_append(out, ",\"version\":{\"atoll\":\"" ATOLL_VERSION "\"}},\"metadata\":{");
    append_member(out, "invocationId", self->commit);
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc((gint64)self->timestamp_s);
    g_autofree char *finished = g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ");
    append_member(out, "finishedOn", finished);
    g_string_append(out, "},\"byproducts\":[{");
    append_member(out, "name", "sbom.spdx.json");
    append_member(out, "mediaType", "application/spdx+json");
    g_string_append_printf(out, ",\"digest\":{\"sha256\":\"%s\"}}]}}}\n", self->sbom_sha256);
    return out;
}

/* DSSE's pre-authentication encoding: what is signed. */
static GByteArray *encode(const char *type, const void *payload, size_t payload_bytes)
{
    GByteArray *out = g_byte_array_new();
    g_autofree char *head =
        g_strdup_printf("DSSEv1 %zu %s %zu ", strlen(type), type, payload_bytes);
    g_byte_array_append(out, (const uint8_t *)head, (guint)strlen(head));
    g_byte_array_append(out, payload, (guint)payload_bytes);
    return out;
}

char *tree_provenance_sign(const TreeProvenance *self, const StoreKey *key, GError **error)
{
    char public_hex[2 * BASE_ED25519_PUBLIC_BYTES + 1];
    base_digest_to_hex(key->public_key, BASE_ED25519_PUBLIC_BYTES, public_hex);
    g_autofree char *builder = g_strconcat("urn:atoll:builder:ed25519:", public_hex, NULL);
    g_autofree char *key_id = base_sha256_hex(key->public_key, BASE_ED25519_PUBLIC_BYTES);
    g_autoptr(GString) statement = print_statement(self, builder);
    g_autoptr(GByteArray) encoded = encode(PAYLOAD_TYPE, statement->str, statement->len);
    uint8_t signature[BASE_ED25519_SIGNATURE_BYTES];
    if (!base_ed25519_sign(key->seed, encoded->data, encoded->len, signature, error))
        return NULL;
    g_autofree char *payload = g_base64_encode((const uint8_t *)statement->str, statement->len);
    g_autofree char *text = g_base64_encode(signature, sizeof signature);
    return g_strdup_printf("{\"payloadType\":\"" PAYLOAD_TYPE "\",\"payload\":\"%s\","
                           "\"signatures\":[{\"keyid\":\"%s\",\"sig\":\"%s\"}]}\n",
                           payload, key_id, text);
}

/* --- reading --- */

static bool set_malformed(GError **error, const char *what)
{
    g_set_error(error, TREE_ERROR, TREE_ERROR_FAILED, "the provenance is malformed: %s", what);
    return false;
}

static JsonNode *parse(const char *text, size_t size_bytes, GError **error)
{
    if (size_bytes > TREE_PROVENANCE_MAX_BYTES)
        return set_malformed(error, "larger than 32 MiB"), NULL;
    JsonNode *node = packages_json_parse(text, size_bytes, error);
    if (node == NULL)
        g_prefix_error(error, "the provenance is malformed: ");
    return node;
}

static bool is_signed(JsonArray *signatures, const GByteArray *encoded, GPtrArray *public_keys)
{
    for (guint i = 0; i < MIN(json_array_get_length(signatures), SIGNATURES_MAX); i++) {
        const char *text = packages_json_string(packages_json_item(signatures, i), "sig");
        size_t size_bytes = 0;
        g_autofree uint8_t *signature = text != NULL ? g_base64_decode(text, &size_bytes) : NULL;
        if (size_bytes != BASE_ED25519_SIGNATURE_BYTES)
            continue;
        for (guint k = 0; k < public_keys->len; k++) {
            size_t key_bytes = 0;
            const uint8_t *key = g_bytes_get_data(public_keys->pdata[k], &key_bytes);
            if (key_bytes == BASE_ED25519_PUBLIC_BYTES &&
                base_ed25519_verify(key, encoded->data, encoded->len, signature))
                return true;
        }
    }
    return false;
}

static bool check_statement(GBytes *payload, const char *commit, GError **error)
{
    g_autoptr(JsonNode) node =
        parse(g_bytes_get_data(payload, NULL), g_bytes_get_size(payload), error);
    if (node == NULL)
        return false;
    JsonObject *root = packages_json_object(node);
    if (g_strcmp0(packages_json_string(root, "_type"), STATEMENT_TYPE) != 0 ||
        g_strcmp0(packages_json_string(root, "predicateType"), PREDICATE_TYPE) != 0)
        return set_malformed(error, "want an in-toto statement v1 with SLSA provenance v1");
    JsonArray *subjects = packages_json_array(root, "subject");
    for (guint i = 0; commit != NULL && subjects != NULL && i < json_array_get_length(subjects);
         i++) {
        JsonObject *digest = packages_json_member(packages_json_item(subjects, i), "digest");
        if (g_strcmp0(packages_json_string(digest, "sha256"), commit) == 0)
            return true;
    }
    if (commit == NULL)
        return true;
    g_set_error(error, TREE_ERROR, TREE_ERROR_SIGNATURE,
                "the provenance is about something else than commit %s", commit);
    return false;
}

GBytes *tree_provenance_open(const char *envelope, size_t size_bytes, GPtrArray *public_keys,
                             const char *commit, GError **error)
{
    g_autoptr(JsonNode) node = parse(envelope, size_bytes, error);
    if (node == NULL)
        return NULL;
    JsonObject *root = packages_json_object(node);
    const char *type = packages_json_string(root, "payloadType");
    const char *text = packages_json_string(root, "payload");
    JsonArray *signatures = packages_json_array(root, "signatures");
    if (g_strcmp0(type, PAYLOAD_TYPE) != 0 || text == NULL || signatures == NULL)
        return set_malformed(error, "want a DSSE envelope of " PAYLOAD_TYPE), NULL;
    size_t payload_bytes = 0;
    uint8_t *decoded = g_base64_decode(text, &payload_bytes);
    g_autoptr(GBytes) payload = g_bytes_new_take(decoded, payload_bytes);
    g_autoptr(GByteArray) encoded = encode(type, decoded, payload_bytes);
    if (!is_signed(signatures, encoded, public_keys)) {
        g_set_error(error, TREE_ERROR, TREE_ERROR_SIGNATURE,
                    "the provenance is not signed by a trusted key");
        return NULL;
    }
    return check_statement(payload, commit, error) ? g_steal_pointer(&payload) : NULL;
}
