/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whether what accounts for a commit is signed, is about that commit, and agrees with itself.
 */
#include "tree/verify-account.h"

#include "base/ed25519.h"
#include "packages/json.h"
#include "tree/account.h"
#include "tree/provenance.h"
#include "tree/sbom-read.h"

#include <string.h>

static bool set_mismatch(const TreeInspect *commit, const char *what, GError **error)
{
    g_set_error(error, TREE_ERROR, TREE_ERROR_SIGNATURE, "commit %s: %s",
                tree_inspect_commit(commit), what);
    return false;
}

GPtrArray *tree_verify_account_keys(const char *text, size_t size_bytes, GError **error)
{
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_autofree char *copy = g_strndup(text, size_bytes);
    g_auto(GStrv) lines = g_strsplit(copy, "\n", -1);
    for (unsigned i = 0; lines[i] != NULL; i++) {
        g_strstrip(lines[i]);
        if (*lines[i] == '\0' || *lines[i] == '#')
            continue;
        size_t n = 0;
        uint8_t *key = g_base64_decode(lines[i], &n);
        g_ptr_array_add(keys, g_bytes_new_take(key, n));
        if (n == BASE_ED25519_PUBLIC_BYTES)
            continue;
        g_set_error(error, TREE_ERROR, TREE_ERROR_FAILED,
                    "line %u is no ed25519 public key: want base64 of 32 bytes, got %zu", i + 1, n);
        return NULL;
    }
    if (keys->len > 0)
        return g_steal_pointer(&keys);
    g_set_error(error, TREE_ERROR, TREE_ERROR_FAILED, "no ed25519 public key in it");
    return NULL;
}

static bool check_manifest(const TreeInspect *commit, GError **error)
{
    const char *text = tree_inspect_text(commit, TREE_ACCOUNT_MANIFEST_KEY);
    const char *digest = tree_inspect_text(commit, "atoll.manifest-digest");
    if (text == NULL || digest == NULL)
        return set_mismatch(commit, "it does not have its manifest", error);
    g_autofree char *got = base_sha256_hex(text, strlen(text));
    return strcmp(got, digest) == 0 ||
           set_mismatch(commit, "its manifest does not have the digest that it names", error);
}

/* The statement's packages, digest to name; borrowed from @definition. */
static GHashTable *dependencies(JsonObject *definition)
{
    GHashTable *all = g_hash_table_new(g_str_hash, g_str_equal);
    JsonArray *array = packages_json_array(definition, "resolvedDependencies");
    for (guint i = 0; array != NULL && i < json_array_get_length(array); i++) {
        JsonObject *one = packages_json_item(array, i);
        const char *digest = packages_json_string(packages_json_member(one, "digest"), "sha256");
        const char *name = packages_json_string(one, "name");
        if (digest != NULL && name != NULL)
            (void)g_hash_table_insert(all, (void *)(uintptr_t)digest, (void *)(uintptr_t)name);
    }
    return all;
}

static bool check_packages(TreeInspect *commit, JsonObject *definition, GError **error)
{
    g_autoptr(GPtrArray) packages = tree_sbom_packages(commit, error);
    if (packages == NULL)
        return false;
    g_autoptr(GHashTable) stated = dependencies(definition);
    for (guint i = 0; i < packages->len; i++) {
        const TreeSbomPackage *package = packages->pdata[i];
        const char *name = g_hash_table_lookup(stated, package->sha256);
        g_autofree char *what =
            g_strdup_printf("its provenance does not have package %s %s, which its SBOM has",
                            package->name, package->version);
        if (g_strcmp0(name, package->name) != 0)
            return set_mismatch(commit, what, error);
    }
    return g_hash_table_size(stated) == packages->len ||
           set_mismatch(commit, "its provenance has packages that its SBOM does not have", error);
}

static bool check_byproduct(const TreeInspect *commit, JsonObject *details, GError **error)
{
    const char *wanted = tree_inspect_text(commit, TREE_ACCOUNT_SBOM_KEY);
    JsonArray *array = packages_json_array(details, "byproducts");
    for (guint i = 0; array != NULL && i < json_array_get_length(array); i++) {
        JsonObject *digest = packages_json_member(packages_json_item(array, i), "digest");
        if (g_strcmp0(packages_json_string(digest, "sha256"), wanted) == 0 && wanted != NULL)
            return true;
    }
    return set_mismatch(commit, "its provenance names another SBOM", error);
}

bool tree_verify_account(TreeInspect *commit, GPtrArray *public_keys, GError **error)
{
    g_autoptr(GBytes) envelope = tree_inspect_provenance(commit, error);
    if (envelope == NULL)
        return false;
    g_autoptr(GBytes) statement =
        tree_provenance_open(g_bytes_get_data(envelope, NULL), g_bytes_get_size(envelope),
                             public_keys, tree_inspect_commit(commit), error);
    g_autoptr(GBytes) sbom = statement != NULL ? tree_inspect_sbom(commit, error) : NULL;
    if (sbom == NULL)
        return false;
    bool has_lock = tree_inspect_text(commit, TREE_ACCOUNT_LOCK_KEY) != NULL;
    g_autoptr(GBytes) lock = has_lock ? tree_inspect_lock(commit, error) : NULL;
    if (has_lock && lock == NULL)
        return false;
    g_autoptr(JsonNode) node =
        packages_json_parse(g_bytes_get_data(statement, NULL), g_bytes_get_size(statement), error);
    if (node == NULL)
        return false;
    JsonObject *predicate = packages_json_member(packages_json_object(node), "predicate");
    return check_manifest(commit, error) &&
           check_byproduct(commit, packages_json_member(predicate, "runDetails"), error) &&
           check_packages(commit, packages_json_member(predicate, "buildDefinition"), error);
}
