/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads back what tree/sbom.c writes.
 */
#include "tree/sbom-read.h"

#include "packages/json.h"
#include "tree/account.h"

#include <string.h>

#define SBOM_MAX_BYTES (64u << 20)
#define SOURCE_PREFIX "built package from: "

static void package_free(void *data)
{
    TreeSbomPackage *package = data;
    g_free(package->id);
    g_free(package->name);
    g_free(package->version);
    g_free(package->arch);
    g_free(package->format);
    g_free(package->source);
    g_free(package->source_version);
    g_free(package->sha256);
    g_free(package->licence);
    g_free(package);
}

static char *qualifier(const char *purl, const char *name)
{
    const char *query = strchr(purl, '?');
    g_auto(GStrv) parts = g_strsplit(query != NULL ? query + 1 : "", "&", -1);
    size_t n = strlen(name);
    for (char **part = parts; *part != NULL; part++)
        if (strncmp(*part, name, n) == 0 && (*part)[n] == '=')
            return g_uri_unescape_string(*part + n + 1, NULL);
    return g_strdup("");
}

static const char *find_purl(JsonObject *object)
{
    JsonArray *references = packages_json_array(object, "externalRefs");
    for (guint i = 0; references != NULL && i < json_array_get_length(references); i++) {
        JsonObject *reference = packages_json_item(references, i);
        if (g_strcmp0(packages_json_string(reference, "referenceType"), "purl") == 0)
            return packages_json_string(reference, "referenceLocator");
    }
    return NULL;
}

static char *find_sha256(JsonObject *object)
{
    JsonArray *checksums = packages_json_array(object, "checksums");
    for (guint i = 0; checksums != NULL && i < json_array_get_length(checksums); i++) {
        JsonObject *checksum = packages_json_item(checksums, i);
        const char *value = packages_json_string(checksum, "checksumValue");
        if (g_strcmp0(packages_json_string(checksum, "algorithm"), "SHA256") == 0 && value != NULL)
            return g_strdup(value);
    }
    return g_strdup("");
}

/* The tree itself has no purl: that is no package. */
static void take_package(GPtrArray *packages, JsonObject *object)
{
    const char *purl = find_purl(object);
    const char *id = packages_json_string(object, "SPDXID");
    const char *name = packages_json_string(object, "name");
    const char *version = packages_json_string(object, "versionInfo");
    const char *licence = packages_json_string(object, "licenseDeclared");
    const char *source = packages_json_string(object, "sourceInfo");
    if (purl == NULL || !g_str_has_prefix(purl, "pkg:") || id == NULL || name == NULL ||
        version == NULL)
        return;
    TreeSbomPackage *package = g_new0(TreeSbomPackage, 1);
    package->id = g_strdup(id);
    package->name = g_strdup(name);
    package->version = g_strdup(version);
    package->arch = qualifier(purl, "arch");
    package->format = g_strndup(purl + 4, strcspn(purl + 4, "/"));
    package->sha256 = find_sha256(object);
    package->licence = g_strdup(licence != NULL ? licence : "NOASSERTION");
    bool has_source = source != NULL && g_str_has_prefix(source, SOURCE_PREFIX);
    g_auto(GStrv) words = g_strsplit(has_source ? source + strlen(SOURCE_PREFIX) : "", " ", 2);
    package->source = g_strdup(words[0] != NULL ? words[0] : name);
    package->source_version = g_strdup(words[0] != NULL && words[1] != NULL ? words[1] : version);
    g_ptr_array_add(packages, package);
}

static int compare_names(const void *a, const void *b)
{
    const TreeSbomPackage *left = *(TreeSbomPackage *const *)a;
    const TreeSbomPackage *right = *(TreeSbomPackage *const *)b;
    int order = strcmp(left->name, right->name);
    return order != 0 ? order : strcmp(left->arch, right->arch);
}

static JsonNode *parse(const char *data, size_t size_bytes, GError **error)
{
    JsonNode *node = packages_json_parse(data, size_bytes, error);
    if (node == NULL)
        g_prefix_error(error, "reading the SBOM: ");
    return node;
}

static bool set_malformed(GError **error, const char *what)
{
    g_set_error(error, TREE_ERROR, TREE_ERROR_FAILED, "the SBOM is malformed: it has no %s", what);
    return false;
}

GPtrArray *tree_sbom_read(const char *data, size_t size_bytes, GError **error)
{
    g_autoptr(JsonNode) node = parse(data, size_bytes, error);
    if (node == NULL)
        return NULL;
    JsonArray *array = packages_json_array(packages_json_object(node), "packages");
    if (array == NULL)
        return set_malformed(error, "packages"), NULL;
    g_autoptr(GPtrArray) packages = g_ptr_array_new_with_free_func(package_free);
    for (guint i = 0; i < json_array_get_length(array); i++) {
        JsonObject *object = packages_json_item(array, i);
        if (object != NULL)
            take_package(packages, object);
    }
    g_ptr_array_sort(packages, compare_names);
    return g_steal_pointer(&packages);
}

/* SPDX id to text member @name of each object in list @list. */
static GHashTable *index_names(JsonObject *root, const char *list, const char *name)
{
    GHashTable *names = g_hash_table_new(g_str_hash, g_str_equal);
    JsonArray *array = packages_json_array(root, list);
    for (guint i = 0; array != NULL && i < json_array_get_length(array); i++) {
        JsonObject *object = packages_json_item(array, i);
        const char *id = packages_json_string(object, "SPDXID");
        const char *text = packages_json_string(object, name);
        if (id != NULL && text != NULL && strcmp(id, "SPDXRef-Tree") != 0)
            (void)g_hash_table_insert(names, (void *)(uintptr_t)id, (void *)(uintptr_t)text);
    }
    return names;
}

GHashTable *tree_sbom_read_owners(const char *data, size_t size_bytes, GError **error)
{
    g_autoptr(JsonNode) node = parse(data, size_bytes, error);
    if (node == NULL)
        return NULL;
    JsonObject *root = packages_json_object(node);
    JsonArray *relations = packages_json_array(root, "relationships");
    if (relations == NULL)
        return set_malformed(error, "relationships"), NULL;
    g_autoptr(GHashTable) packages = index_names(root, "packages", "name");
    g_autoptr(GHashTable) files = index_names(root, "files", "fileName");
    g_autoptr(GHashTable) owners = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (guint i = 0; i < json_array_get_length(relations); i++) {
        JsonObject *relation = packages_json_item(relations, i);
        const char *from = packages_json_string(relation, "spdxElementId");
        const char *to = packages_json_string(relation, "relatedSpdxElement");
        const char *package = from != NULL ? g_hash_table_lookup(packages, from) : NULL;
        const char *file = to != NULL ? g_hash_table_lookup(files, to) : NULL;
        if (package != NULL && file != NULL && g_str_has_prefix(file, "./"))
            (void)g_hash_table_insert(owners, g_strdup(file + 2), g_strdup(package));
    }
    return g_steal_pointer(&owners);
}

/* a(sssss): name, version, architecture, source, digest */
static GPtrArray *read_metadata(TreeInspect *commit, GError **error)
{
    g_autoptr(GVariant) list = g_variant_lookup_value(tree_inspect_metadata(commit),
                                                      "atoll.packages", G_VARIANT_TYPE("a(sssss)"));
    if (list == NULL) {
        g_set_error(error, TREE_ERROR, TREE_ERROR_NOT_FOUND,
                    "commit %s does not say its packages: it was not made by atoll",
                    tree_inspect_commit(commit));
        return NULL;
    }
    GPtrArray *packages = g_ptr_array_new_with_free_func(package_free);
    for (size_t i = 0; i < g_variant_n_children(list); i++) {
        TreeSbomPackage *package = g_new0(TreeSbomPackage, 1);
        g_variant_get_child(list, i, "(sssss)", &package->name, &package->version, &package->arch,
                            &package->source, &package->sha256);
        package->id = g_strdup("");
        package->format = g_strdup("deb");
        package->source_version = g_strdup(package->version);
        package->licence = g_strdup("NOASSERTION");
        g_ptr_array_add(packages, package);
    }
    g_ptr_array_sort(packages, compare_names);
    return packages;
}

GPtrArray *tree_sbom_packages(TreeInspect *commit, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) text = tree_inspect_read(commit, TREE_ACCOUNT_SBOM, SBOM_MAX_BYTES, &local);
    if (text != NULL)
        return tree_sbom_read(g_bytes_get_data(text, NULL), g_bytes_get_size(text), error);
    if (g_error_matches(local, TREE_ERROR, TREE_ERROR_NOT_FOUND))
        return read_metadata(commit, error);
    g_propagate_error(error, g_steal_pointer(&local));
    return NULL;
}
