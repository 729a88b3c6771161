/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Packages, manifest and key out of a commit. What is read here is checked by digests: a
 * package by its own, an added file by the manifest's, the whole by the commit's checksum.
 */
#include "tree/verify-input.h"

#include "base/fd.h"
#include "manifest/content.h"
#include "manifest/manifest.h"
#include "packages/format.h"
#include "packages/json.h"
#include "tree/account.h"
#include "tree/describe.h"

#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_PATH "usr/share/ostree/trusted.ed25519.d/atoll.ed25519"
#define KEY_MAX_BYTES 4096
#define FILE_MAX_BYTES (256 * 1024 * 1024)
#define PACKAGES_MAX 100000

static bool set_not_found(GError **error, const char *message)
{
    g_set_error_literal(error, TREE_ERROR, TREE_ERROR_NOT_FOUND, message);
    return false;
}

/* --- packages --- */

/* Digest to place, out of the provenance: a hint only, since digests decide. */
static GHashTable *read_places(const TreeVerifyInput *self)
{
    GHashTable *places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GBytes) envelope = tree_inspect_provenance(self->commit, NULL);
    g_autoptr(JsonNode) outer = envelope != NULL
                                    ? packages_json_parse(g_bytes_get_data(envelope, NULL),
                                                          g_bytes_get_size(envelope), NULL)
                                    : NULL;
    const char *text =
        outer != NULL ? packages_json_string(packages_json_object(outer), "payload") : NULL;
    size_t size_bytes = 0;
    g_autofree guchar *payload = text != NULL ? g_base64_decode(text, &size_bytes) : NULL;
    g_autoptr(JsonNode) statement =
        payload != NULL ? packages_json_parse((const char *)payload, size_bytes, NULL) : NULL;
    JsonObject *object = statement != NULL ? packages_json_object(statement) : NULL;
    object = object != NULL ? packages_json_member(object, "predicate") : NULL;
    object = object != NULL ? packages_json_member(object, "buildDefinition") : NULL;
    JsonArray *rows = object != NULL ? packages_json_array(object, "resolvedDependencies") : NULL;
    for (guint i = 0; rows != NULL && i < json_array_get_length(rows); i++) {
        JsonObject *row = packages_json_item(rows, i);
        JsonObject *digest = row != NULL ? packages_json_member(row, "digest") : NULL;
        const char *sha256 = digest != NULL ? packages_json_string(digest, "sha256") : NULL;
        const char *place = row != NULL ? packages_json_string(row, "downloadLocation") : NULL;
        if (sha256 != NULL && place != NULL)
            g_hash_table_replace(places, g_strdup(sha256), g_strdup(place));
    }
    return places;
}

static bool find_file(const TreeVerifyInput *self, PackagesPackage *package, GHashTable *places,
                      GError **error)
{
    g_autofree char *name = g_strconcat(package->sha256, package->format->suffix, NULL);
    g_autofree char *cached = g_build_filename(self->state_dir, "cache/packages", name, NULL);
    const char *place = g_hash_table_lookup(places, package->sha256);
    if (access(cached, R_OK) == 0)
        package->path = g_steal_pointer(&cached);
    else if (place != NULL && g_str_has_prefix(place, "file://"))
        package->path = g_filename_from_uri(place, NULL, NULL);
    else if (place != NULL)
        package->url = g_strdup(place);
    if (package->path != NULL || package->url != NULL)
        return true;
    g_set_error(error, TREE_ERROR, TREE_ERROR_NOT_FOUND,
                "package ‘%s’ %s is not in the cache, and the commit does not say where it was: "
                "put the file with the SHA-256 %s to ‘%s’",
                package->name, package->version, package->sha256, cached);
    return false;
}

GPtrArray *tree_verify_input_packages(const TreeVerifyInput *self, GError **error)
{
    StoreNode *root = tree_inspect_tree(self->commit, error);
    if (root == NULL)
        return NULL;
    bool is_deb = store_node_find(root, "usr/lib/sysimage/dpkg") != NULL;
    g_autoptr(GVariant) rows = g_variant_lookup_value(tree_inspect_metadata(self->commit),
                                                      "atoll.packages", G_VARIANT_TYPE("a(sssss)"));
    if (rows == NULL || g_variant_n_children(rows) > PACKAGES_MAX)
        return set_not_found(error, "the commit does not say of which packages it was made: it "
                                    "is none of atoll's"),
               NULL;
    g_autoptr(GHashTable) places = read_places(self);
    g_autoptr(GPtrArray) packages =
        g_ptr_array_new_with_free_func((GDestroyNotify)packages_package_free);
    for (size_t i = 0; i < g_variant_n_children(rows); i++) {
        PackagesPackage *package = g_new0(PackagesPackage, 1);
        g_ptr_array_add(packages, package);
        package->format = packages_format_find(is_deb ? "deb" : "rpm");
        g_variant_get_child(rows, i, "(sssss)", &package->name, &package->version, &package->arch,
                            &package->source, &package->sha256);
        if (!base_digest_is_sha256_hex(package->sha256))
            return set_not_found(error, "the commit's list of packages is malformed"), NULL;
        if (!find_file(self, package, places, error))
            return NULL;
    }
    return g_steal_pointer(&packages);
}

char *tree_verify_input_key(const TreeVerifyInput *self, GError **error)
{
    g_autoptr(GBytes) bytes = tree_inspect_read(self->commit, KEY_PATH, KEY_MAX_BYTES, error);
    return bytes != NULL ? g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes)) : NULL;
}

/* --- manifest --- */

static const StoreNode *find_added(StoreNode *root, const char *target)
{
    static const char *const places[][2] = {{"/etc/", "usr/etc/"}, {"/", ""}};
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        if (!g_str_has_prefix(target, places[i][0]))
            continue;
        g_autofree char *path = g_strconcat(places[i][1], target + strlen(places[i][0]), NULL);
        const StoreNode *node = store_node_find(root, path);
        if (node != NULL)
            return node;
    }
    return NULL;
}

static bool write_node(const TreeVerifyInput *self, const StoreNode *node, int dir_fd,
                       const char *name, GError **error);

static bool write_children(const TreeVerifyInput *self, const StoreNode *dir, int dir_fd,
                           const char *name, GError **error)
{
    if (!base_fd_make_dirs(dir_fd, name, 0755, error))
        return false;
    base_autofd fd = base_fd_open_dir(dir_fd, name, error);
    g_autoptr(GPtrArray) names = store_node_names(dir);
    for (guint i = 0; fd >= 0 && i < names->len; i++)
        if (!write_node(self, g_hash_table_lookup(dir->children, names->pdata[i]), fd,
                        names->pdata[i], error))
            return false;
    return fd >= 0;
}

static bool write_node(const TreeVerifyInput *self, const StoreNode *node, int dir_fd,
                       const char *name, GError **error)
{
    if (store_node_is_dir(node))
        return write_children(self, node, dir_fd, name, error);
    if (S_ISLNK(node->meta.mode))
        return symlinkat(node->target, dir_fd, name) == 0 ||
               set_not_found(error, "a link of the tree cannot be laid out");
    g_autoptr(GBytes) bytes = tree_inspect_read_object(self->commit, node, FILE_MAX_BYTES, error);
    return bytes != NULL && base_fd_replace_file(dir_fd, name, g_bytes_get_data(bytes, NULL),
                                                 g_bytes_get_size(bytes), node->meta.mode & 07777,
                                                 BASE_FD_REPLACE_NO_SYNC, error);
}

/* The file as it was added, if no script changed it since: its digest tells. Its name in the
 * scratch directory, beside the manifest. */
static char *restore(const TreeVerifyInput *self, guint number, const char *digest,
                     const char *target, GError **error)
{
    StoreNode *root = tree_inspect_tree(self->commit, error);
    const StoreNode *node = root != NULL ? find_added(root, target) : NULL;
    g_autofree char *name = g_strdup_printf("added-%u", number);
    g_autofree char *path = g_build_filename(self->scratch, name, NULL);
    base_autofd fd = root != NULL ? base_fd_open_dir(AT_FDCWD, self->scratch, error) : -1;
    if (fd < 0 || (node != NULL && !write_node(self, node, fd, name, error)))
        return NULL;
    ManifestPlace place = {.file = (char *)"the commit's manifest"};
    g_autofree char *is = node != NULL ? manifest_content_digest(path, &place, NULL) : NULL;
    if (g_strcmp0(is, digest) == 0)
        return g_steal_pointer(&name);
    g_set_error(error, TREE_ERROR, TREE_ERROR_NOT_FOUND,
                "‘%s’, which the manifest adds, is not in the tree as it was added: name the "
                "manifest with --manifest",
                target);
    return NULL;
}

static bool restore_added(const TreeVerifyInput *self, JsonObject *manifest, GError **error)
{
    JsonArray *rows = packages_json_array(manifest, "add-files");
    for (guint i = 0; rows != NULL && i < json_array_get_length(rows); i++) {
        JsonNode *node = json_array_get_element(rows, i);
        JsonArray *row = JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
        if (row == NULL || json_array_get_length(row) != 2)
            return set_not_found(error, "the commit's manifest is malformed");
        const char *digest = json_array_get_string_element(row, 0);
        const char *target = json_array_get_string_element(row, 1);
        g_autofree char *kept = g_strdup(target);
        g_autofree char *source = restore(self, i, digest, kept, error);
        if (source == NULL)
            return false;
        /* in place: their order is part of what they mean */
        json_array_remove_element(row, 0);
        json_array_remove_element(row, 0);
        json_array_add_string_element(row, source);
        json_array_add_string_element(row, kept);
    }
    return true;
}

char *tree_verify_input_manifest(const TreeVerifyInput *self, GError **error)
{
    const char *text = tree_inspect_text(self->commit, TREE_ACCOUNT_MANIFEST_KEY);
    if (text == NULL)
        return set_not_found(error, "the commit has no manifest: name it with --manifest"), NULL;
    g_autoptr(JsonNode) node = packages_json_parse(text, strlen(text), error);
    JsonObject *manifest = node != NULL ? packages_json_object(node) : NULL;
    if (manifest == NULL || !restore_added(self, manifest, error))
        return NULL;
    /* packages come by digest: no repository is asked, nor its keyring at hand */
    JsonArray *repos = json_array_new();
    json_array_add_string_element(repos, "host-apt");
    json_object_set_array_member(manifest, "repos", repos);
    g_autofree char *rewritten = json_to_string(node, TRUE);
    g_autofree char *path = g_build_filename(self->scratch, "manifest.json", NULL);
    if (!base_fd_replace_file(AT_FDCWD, path, rewritten, strlen(rewritten), 0644,
                              BASE_FD_REPLACE_NO_SYNC, error))
        return NULL;
    return g_steal_pointer(&path);
}

char *tree_verify_input_check_manifest(const TreeVerifyInput *self, const char *path,
                                       GError **error)
{
    g_autoptr(Manifest) manifest = manifest_load(path, error);
    const char *wanted = tree_inspect_text(self->commit, TREE_DESCRIBE_MANIFEST_KEY);
    if (manifest == NULL)
        return NULL;
    if (g_strcmp0(manifest->digest, wanted) == 0)
        return g_strdup(path);
    g_set_error(error, TREE_ERROR, TREE_ERROR_NOT_FOUND,
                "‘%s’ is not the manifest of this commit: its digest is %s, the commit says %s",
                path, manifest->digest, wanted != NULL ? wanted : "nothing");
    return NULL;
}
