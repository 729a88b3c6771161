/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The software bill of materials: SPDX 2.3 in JSON. Written by hand, not by a JSON library: it
 * is the same few shapes ten thousand times.
 */
#include "tree/sbom.h"

#include <string.h>
#include <sys/stat.h>

typedef struct {
    const TreeSbom *sbom;
    GString *out;
    GHashTable *package_ids;  /* owned: package name to SPDX id */
    GHashTable *file_digests; /* owned: package name to GPtrArray of SHA-1 in hex */
    GString *contains;        /* owned: relationships of files */
    bool first;
} Print;

void tree_sbom_append_json(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            g_string_append_c(out, '\\');
        if (c < 0x20 || c == 0x7f)
            g_string_append_printf(out, "\\u%04x", c);
        else
            g_string_append_c(out, *text);
    }
    g_string_append_c(out, '"');
}

static void append_member(GString *out, const char *name, const char *value)
{
    g_string_append_printf(out, ",\"%s\":", name);
    tree_sbom_append_json(out, value);
}

/* --- names --- */

/* What an SPDX id may not have becomes its code. */
static void append_id(GString *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (g_ascii_isalnum(*text) || *text == '.' || *text == '-')
            g_string_append_c(out, *text);
        else
            g_string_append_printf(out, "-%02X-", (unsigned char)*text);
    }
}

static char *package_id(const PackagesPackage *package)
{
    g_autoptr(GString) id = g_string_new("SPDXRef-Package-");
    append_id(id, package->name);
    g_string_append_c(id, '-');
    append_id(id, package->arch);
    return g_string_free(g_steal_pointer(&id), FALSE);
}

static void append_escaped(GString *out, const char *text)
{
    g_autofree char *escaped = g_uri_escape_string(text, ":", FALSE);
    g_string_append(out, escaped);
}

static void append_qualifier(GString *out, const char *name, const char *value)
{
    if (value == NULL || *value == '\0')
        return;
    g_string_append_printf(out, "%c%s=", strchr(out->str, '?') == NULL ? '?' : '&', name);
    append_escaped(out, value);
}

char *tree_sbom_purl(const PackagesPackage *package, const char *source_version,
                     const TreeOsRelease *os)
{
    bool is_rpm = strcmp(package->format->name, "rpm") == 0;
    const char *version = package->version;
    const char *colon = is_rpm ? strchr(version, ':') : NULL;
    g_autofree char *epoch = NULL;
    if (colon != NULL) {
        epoch = g_strndup(version, (size_t)(colon - version));
        version = colon + 1;
    }
    g_autoptr(GString) out = g_string_new("pkg:");
    g_string_append_printf(out, "%s/", package->format->name);
    append_escaped(out, os->id);
    g_string_append_c(out, '/');
    append_escaped(out, package->name);
    g_string_append_c(out, '@');
    append_escaped(out, version);
    append_qualifier(out, "arch", package->arch);
    g_autofree char *distro = *os->version_id != '\0'
                                  ? g_strdup_printf("%s-%s", os->id, os->version_id)
                                  : g_strdup(os->id);
    append_qualifier(out, "distro", distro);
    append_qualifier(out, "epoch", g_strcmp0(epoch, "0") != 0 ? epoch : NULL);
    bool same_version = strcmp(source_version, package->version) == 0;
    bool has_source = package->source != NULL && *package->source != '\0';
    g_autofree char *upstream = NULL;
    if (has_source && (strcmp(package->source, package->name) != 0 || !same_version))
        upstream = same_version ? g_strdup(package->source)
                                : g_strdup_printf("%s@%s", package->source, source_version);
    append_qualifier(out, "upstream", upstream);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* --- files --- */

static void hex_digests(const TreeDigest *digest, char out_sha1[static 41],
                        char out_sha256[static BASE_SHA256_HEX_CHARS + 1])
{
    base_digest_to_hex(digest->sha1, BASE_SHA1_BYTES, out_sha1);
    base_digest_to_hex(digest->sha256, BASE_SHA256_BYTES, out_sha256);
}

static void add_relation(GString *out, const char *from, const char *type, const char *to)
{
    g_string_append_printf(out,
                           ",\n{\"spdxElementId\":\"%s\",\"relationshipType\":\"%s\","
                           "\"relatedSpdxElement\":\"%s\"}",
                           from, type, to);
}

static void print_file(const char *path, StoreNode *node, void *user_data)
{
    Print *print = user_data;
    if (!S_ISREG(node->meta.mode))
        return;
    const TreeDigest *digest = tree_digests_find(print->sbom->digests, node->checksum);
    char sha1[41], sha256[BASE_SHA256_HEX_CHARS + 1];
    g_assert(digest != NULL);
    hex_digests(digest, sha1, sha256);
    g_autofree char *path_digest = base_digest_sha1_hex(path, strlen(path));
    path_digest[20] = '\0';
    g_autofree char *id = g_strconcat("SPDXRef-File-", path_digest, NULL);
    g_string_append_printf(print->out,
                           "%s\n{\"SPDXID\":\"%s\",\"fileName\":", print->first ? "" : ",", id);
    print->first = false;
    g_autofree char *name = g_strconcat("./", path, NULL);
    tree_sbom_append_json(print->out, name);
    g_string_append_printf(print->out,
                           ",\"checksums\":[{\"algorithm\":\"SHA1\",\"checksumValue\":\"%s\"},"
                           "{\"algorithm\":\"SHA256\",\"checksumValue\":\"%s\"}]}",
                           sha1, sha256);
    const char *owner = node->owner != NULL ? node->owner : "";
    const char *package = g_hash_table_lookup(print->package_ids, owner);
    add_relation(print->contains, package != NULL ? package : "SPDXRef-Tree", "CONTAINS", id);
    GPtrArray *digests = g_hash_table_lookup(print->file_digests, package != NULL ? owner : "");
    g_ptr_array_add(digests, g_strdup(sha1));
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* SPDX 2.3, 7.9: SHA-1 of the files' SHA-1, sorted and put together. */
static char *verification_code(GPtrArray *digests)
{
    g_ptr_array_sort(digests, compare_text);
    g_autoptr(GString) all = g_string_new(NULL);
    for (guint i = 0; i < digests->len; i++)
        g_string_append(all, digests->pdata[i]);
    return base_digest_sha1_hex(all->str, all->len);
}

/* A package of which the tree has no file is one whose files were not analyzed. */
static void print_analyzed(const Print *print, const char *package)
{
    GPtrArray *digests =
        print->file_digests != NULL ? g_hash_table_lookup(print->file_digests, package) : NULL;
    if (digests == NULL || digests->len == 0) {
        g_string_append(print->out, ",\"filesAnalyzed\":false");
        return;
    }
    g_autofree char *code = verification_code(digests);
    g_string_append_printf(print->out,
                           ",\"filesAnalyzed\":true,\"packageVerificationCode\":{"
                           "\"packageVerificationCodeValue\":\"%s\"}",
                           code);
}

/* --- packages --- */

/* Concluded is what can be stood for: names that SPDX knows, out of a field for programs. */
static void print_licence(GString *out, const PackagesFacts *facts)
{
    g_autofree char *declared =
        facts->licence != NULL ? packages_licence_print(facts->licence) : NULL;
    bool sure = declared != NULL && facts->is_exact && strstr(declared, "LicenseRef-") == NULL;
    append_member(out, "licenseConcluded", sure ? declared : "NOASSERTION");
    append_member(out, "licenseDeclared", declared != NULL ? declared : "NOASSERTION");
    if (declared != NULL && facts->is_exact)
        return;
    g_autofree char *comment = g_strdup_printf(
        declared != NULL ? "Recognised in %s, which is not machine-readable and may say more."
                         : "Nothing was recognised in %s.",
        facts->licence_text != NULL ? facts->licence_text : "the package");
    append_member(out, "licenseComments", comment);
}

static void print_package(Print *print, guint index)
{
    const PackagesImported *imported = print->sbom->imported->pdata[index];
    const PackagesPackage *package = imported->package;
    const PackagesFacts *facts = &print->sbom->facts[index];
    GString *out = print->out;
    g_autofree char *id = package_id(package);
    g_string_append_printf(out, ",\n{\"SPDXID\":\"%s\"", id);
    append_member(out, "name", package->name);
    append_member(out, "versionInfo", package->version);
    append_member(out, "supplier", facts->supplier != NULL ? facts->supplier : "NOASSERTION");
    /* which mirror it came from differs from machine to machine: that is in the provenance */
    append_member(out, "downloadLocation", "NOASSERTION");
    print_analyzed(print, package->name);
    g_string_append_printf(out,
                           ",\"checksums\":[{\"algorithm\":\"SHA256\",\"checksumValue\":\"%s\"}]",
                           package->sha256);
    if (facts->homepage != NULL)
        append_member(out, "homepage", facts->homepage);
    g_autofree char *source = g_strdup_printf(
        "built package from: %s %s", package->source != NULL ? package->source : package->name,
        facts->source_version);
    append_member(out, "sourceInfo", source);
    print_licence(out, facts);
    append_member(out, "copyrightText", "NOASSERTION");
    if (facts->summary != NULL)
        append_member(out, "summary", facts->summary);
    g_autofree char *purl = tree_sbom_purl(package, facts->source_version, print->sbom->os);
    g_string_append(out, ",\"externalRefs\":[{\"referenceCategory\":\"PACKAGE-MANAGER\","
                         "\"referenceType\":\"purl\"");
    append_member(out, "referenceLocator", purl);
    g_string_append(out, "}]}");
}

static void print_tree(Print *print)
{
    const TreeSbom *sbom = print->sbom;
    g_string_append(print->out, "\"packages\":[\n{\"SPDXID\":\"SPDXRef-Tree\"");
    append_member(print->out, "name", sbom->name);
    if (sbom->version != NULL)
        append_member(print->out, "versionInfo", sbom->version);
    append_member(print->out, "supplier", "NOASSERTION");
    append_member(print->out, "downloadLocation", "NOASSERTION");
    append_member(print->out, "primaryPackagePurpose", "OPERATING_SYSTEM");
    if (*sbom->os->pretty_name != '\0')
        append_member(print->out, "summary", sbom->os->pretty_name);
    print_analyzed(print, "");
    g_string_append(print->out,
                    ",\"licenseConcluded\":\"NOASSERTION\",\"licenseDeclared\":\"NOASSERTION\","
                    "\"copyrightText\":\"NOASSERTION\"}");
}

/* Licences that only a package's own text names: each once, with the place of the text. */
static void print_references(const Print *print)
{
    g_autoptr(GHashTable) all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; i < print->sbom->imported->len; i++) {
        g_autoptr(GHashTable) own = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        if (print->sbom->facts[i].licence == NULL)
            continue;
        packages_licence_collect(print->sbom->facts[i].licence, own);
        GHashTableIter iter;
        void *name = NULL;
        g_hash_table_iter_init(&iter, own);
        while (g_hash_table_iter_next(&iter, &name, NULL)) {
            char *id = g_strndup(name, strcspn(name, " "));
            if (!g_str_has_prefix(id, "LicenseRef-") || g_hash_table_contains(all, id)) {
                g_free(id);
                continue;
            }
            (void)g_hash_table_insert(all, id, (void *)(uintptr_t)&print->sbom->facts[i]);
            g_ptr_array_add(names, id);
        }
    }
    g_ptr_array_sort(names, compare_text);
    g_string_append(print->out, "\"hasExtractedLicensingInfos\":[");
    for (guint i = 0; i < names->len; i++) {
        const PackagesFacts *facts = g_hash_table_lookup(all, names->pdata[i]);
        bool shared = strcmp(names->pdata[i], "LicenseRef-public-domain") == 0;
        g_autofree char *text =
            shared ? g_strdup("Public domain, in the words of each package's "
                              "/usr/share/doc/PACKAGE/copyright of this tree.")
                   : g_strdup_printf("In the words of %s of this tree.",
                                     facts->licence_text != NULL ? facts->licence_text : "a file");
        g_string_append_printf(print->out, "%s\n{\"licenseId\":\"%s\"", i > 0 ? "," : "",
                               (char *)names->pdata[i]);
        append_member(print->out, "extractedText", text);
        append_member(print->out, "name", (char *)names->pdata[i] + strlen("LicenseRef-"));
        g_string_append_c(print->out, '}');
    }
    g_string_append(print->out, "],\n");
}

/* --- the document --- */

static void print_head(const Print *print)
{
    const TreeSbom *sbom = print->sbom;
    g_string_append(print->out, "{\"spdxVersion\":\"SPDX-2.3\",\"dataLicense\":\"CC0-1.0\","
                                "\"SPDXID\":\"SPDXRef-DOCUMENT\"");
    append_member(print->out, "name", sbom->name);
    g_autofree char *document = g_uri_escape_string(sbom->document, "/:", FALSE);
    g_autofree char *space = g_strconcat("https://spdx.org/spdxdocs/atoll/", document, NULL);
    append_member(print->out, "documentNamespace", space);
    g_string_append(print->out,
                    ",\n\"creationInfo\":{\"creators\":[\"Tool: atoll-" ATOLL_VERSION "\"]");
    append_member(print->out, "created", sbom->created);
    g_string_append(print->out, "},\n\"documentDescribes\":[\"SPDXRef-Tree\"],\n");
}

static void free_array(void *array)
{
    g_ptr_array_unref(array);
}

static void index_packages(Print *print)
{
    print->package_ids = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    print->file_digests = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_array);
    (void)g_hash_table_insert(print->file_digests, (void *)(uintptr_t) "",
                              g_ptr_array_new_with_free_func(g_free));
    for (guint i = 0; i < print->sbom->imported->len; i++) {
        const PackagesImported *imported = print->sbom->imported->pdata[i];
        if (g_hash_table_contains(print->package_ids, imported->package->name))
            continue;
        (void)g_hash_table_insert(print->package_ids, imported->package->name,
                                  package_id(imported->package));
        (void)g_hash_table_insert(print->file_digests, imported->package->name,
                                  g_ptr_array_new_with_free_func(g_free));
    }
}

GString *tree_sbom_print(const TreeSbom *self)
{
    GString *out = g_string_new(NULL);
    Print print = {.sbom = self, .out = out, .contains = g_string_new(NULL), .first = true};
    print_head(&print);
    if (self->root != NULL) {
        index_packages(&print);
        g_string_append(out, "\"files\":[");
        store_tree_visit(self->root, print_file, &print);
        g_string_append(out, "],\n");
    }
    print_tree(&print);
    for (guint i = 0; i < self->imported->len; i++)
        print_package(&print, i);
    g_string_append(out, "],\n");
    print_references(&print);
    g_string_append(out, "\"relationships\":[\n{\"spdxElementId\":\"SPDXRef-DOCUMENT\","
                         "\"relationshipType\":\"DESCRIBES\","
                         "\"relatedSpdxElement\":\"SPDXRef-Tree\"}");
    for (guint i = 0; i < self->imported->len; i++) {
        const PackagesImported *imported = self->imported->pdata[i];
        g_autofree char *id = package_id(imported->package);
        add_relation(out, "SPDXRef-Tree", "CONTAINS", id);
    }
    g_string_append_len(out, print.contains->str, (gssize)print.contains->len);
    g_string_append(out, "]}\n");
    (void)g_string_free(print.contains, TRUE);
    g_clear_pointer(&print.package_ids, g_hash_table_unref);
    g_clear_pointer(&print.file_digests, g_hash_table_unref);
    return out;
}
