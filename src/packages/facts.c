/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a package says of itself: source, supplier, licences.
 */
#include "packages/facts.h"

#include "packages/copyright.h"
#include "packages/deb822.h"
#include "store/loose.h"

#include <rpm/header.h>
#include <string.h>
#include <sys/stat.h>

#define LINKS_MAX 8

void packages_facts_clear(PackagesFacts *self)
{
    g_clear_pointer(&self->source_version, g_free);
    g_clear_pointer(&self->supplier, g_free);
    g_clear_pointer(&self->homepage, g_free);
    g_clear_pointer(&self->summary, g_free);
    g_clear_pointer(&self->licence, packages_licence_free);
    g_clear_pointer(&self->licence_text, g_free);
}

static bool is_group(const char *name)
{
    static const char *const words[] = {
        "team",       "maintainers", "developers", "group", "project", "packagers", "debian",
        "foundation", "inc",         "org",        "ltd",   "gmbh",    "nobody",    NULL};
    g_autofree char *lower = g_ascii_strdown(name, -1);
    g_auto(GStrv) parts = g_strsplit_set(lower, " .,-", -1);
    for (const char *const *word = words; *word != NULL; word++)
        if (g_strv_contains((const char *const *)parts, *word))
            return true;
    return false;
}

char *packages_facts_supplier(const char *text)
{
    const char *open = strchr(text, '<');
    const char *close = open != NULL ? strchr(open, '>') : NULL;
    g_autofree char *name = g_strndup(text, open != NULL ? (size_t)(open - text) : strlen(text));
    g_strstrip(name);
    g_strdelimit(name, "\n\t", ' ');
    if (*name == '\0')
        return NULL;
    const char *kind = is_group(name) ? "Organization" : "Person";
    if (close == NULL)
        return g_strdup_printf("%s: %s", kind, name);
    return g_strdup_printf("%s: %s (%.*s)", kind, name, (int)(close - open - 1), open + 1);
}

/* The file at @path, through links in its own folder and above. */
static const StoreNode *find_file(StoreNode *tree, const char *path)
{
    g_autofree char *at = g_strdup(path);
    for (unsigned n = 0; n < LINKS_MAX; n++) {
        g_auto(GStrv) parts = g_strsplit(at, "/", -1);
        g_autoptr(GString) walked = g_string_new(NULL);
        const StoreNode *node = NULL;
        size_t i = 0;
        for (; parts[i] != NULL; i++) {
            g_string_append_printf(walked, "%s%s", i > 0 ? "/" : "", parts[i]);
            node = store_node_find(tree, walked->str);
            if (node == NULL || node->target != NULL)
                break;
        }
        if (node == NULL || node->target == NULL)
            return node != NULL && S_ISREG(node->meta.mode) ? node : NULL;
        g_autofree char *rest = parts[i + 1] != NULL ? g_strjoinv("/", parts + i + 1) : NULL;
        g_autofree char *folder = g_path_get_dirname(walked->str);
        g_autofree char *joined = *node->target == '/'
                                      ? g_build_filename(node->target, rest, NULL)
                                      : g_build_filename("/", folder, node->target, rest, NULL);
        g_autofree char *absolute = g_canonicalize_filename(joined, "/");
        g_free(at);
        at = g_strdup(absolute + 1);
    }
    return NULL;
}

static char *one_line(const PackagesDeb822Stanza *stanza, const char *field)
{
    char *text = packages_deb822_dup(stanza, field);
    if (text != NULL)
        text[strcspn(text, "\n")] = '\0';
    return text;
}

/* "Source: gcc-defaults (1.203)" */
static char *source_version(const PackagesDeb822Stanza *stanza, const char *version)
{
    g_autofree char *source = one_line(stanza, "Source");
    char *open = source != NULL ? strchr(source, '(') : NULL;
    if (open == NULL)
        return g_strdup(version);
    open[1 + strcspn(open + 1, ")")] = '\0';
    return g_strdup(g_strstrip(open + 1));
}

static bool read_deb_licence(const PackagesImported *imported, StoreNode *tree, int repo_fd,
                             PackagesFacts *out_facts, GError **error)
{
    g_autofree char *path = g_strdup_printf("usr/share/doc/%s/copyright", imported->package->name);
    const StoreNode *node = find_file(tree, path);
    if (node == NULL)
        node = find_file(imported->root, path);
    if (node == NULL || node->size_bytes > PACKAGES_COPYRIGHT_MAX_BYTES)
        return true;
    g_autoptr(GBytes) contents = store_load_contents(repo_fd, node->checksum, error);
    if (contents == NULL)
        return false;
    const char *source = imported->package->source;
    g_autoptr(PackagesCopyright) copyright = packages_copyright_parse(
        g_bytes_get_data(contents, NULL), g_bytes_get_size(contents),
        source != NULL && *source != '\0' ? source : imported->package->name);
    out_facts->licence = g_steal_pointer(&copyright->licence);
    out_facts->is_exact = copyright->machine_readable;
    out_facts->licence_text = g_strconcat("/", path, NULL);
    return true;
}

static bool read_deb(const PackagesImported *imported, StoreNode *tree, int repo_fd,
                     PackagesFacts *out_facts, GError **error)
{
    g_autofree PackagesDeb822Stanza *stanza = g_new0(PackagesDeb822Stanza, 1);
    if (imported->stanza != NULL &&
        packages_deb822_parse_one(imported->stanza, strlen(imported->stanza), stanza, NULL)) {
        g_autofree char *maintainer = one_line(stanza, "Maintainer");
        g_free(out_facts->source_version);
        out_facts->source_version = source_version(stanza, imported->package->version);
        out_facts->supplier = maintainer != NULL ? packages_facts_supplier(maintainer) : NULL;
        out_facts->homepage = one_line(stanza, "Homepage");
        out_facts->summary = one_line(stanza, "Description");
    }
    return read_deb_licence(imported, tree, repo_fd, out_facts, error);
}

static char *header_text(Header header, rpmTagVal tag)
{
    const char *text = headerGetString(header, tag);
    return text != NULL && *text != '\0' ? g_utf8_make_valid(text, -1) : NULL;
}

/* "glibc-2.39-4.fc40.src.rpm": version and release are the two last parts */
static char *source_rpm_version(const char *name)
{
    g_autofree char *stem = g_strdup(name);
    char *end = g_str_has_suffix(stem, ".rpm") ? strrchr(stem, '.') : NULL;
    if (end != NULL)
        *end = '\0';
    end = end != NULL ? strrchr(stem, '.') : NULL;
    if (end == NULL)
        return NULL;
    *end = '\0';
    char *release = strrchr(stem, '-');
    if (release == NULL)
        return NULL;
    *release = '\0';
    char *version = strrchr(stem, '-');
    return version != NULL ? g_strdup_printf("%s-%s", version + 1, release + 1) : NULL;
}

/* Fedora writes SPDX expressions; in older tags "and" and "or" join names of its own. */
static void take_rpm_licence(const PackagesImported *imported, const char *text,
                             PackagesFacts *out_facts)
{
    const char *source = imported->package->source;
    out_facts->licence = packages_licence_parse(text, NULL);
    out_facts->is_exact = out_facts->licence != NULL;
    if (out_facts->licence == NULL)
        out_facts->licence = packages_licence_from_debian(
            text, source != NULL && *source != '\0' ? source : imported->package->name);
    out_facts->licence_text = g_strdup_printf("the License tag ‘%s’", text);
}

static void read_rpm(const PackagesImported *imported, PackagesFacts *out_facts)
{
    size_t size = 0;
    const void *data = g_bytes_get_data(imported->header, &size);
    g_autofree void *blob = g_memdup2(data, size);
    Header header = headerImport(blob, (unsigned)size, HEADERIMPORT_COPY);
    if (header == NULL)
        return;
    g_autofree char *vendor = header_text(header, RPMTAG_VENDOR);
    g_autofree char *packager = header_text(header, RPMTAG_PACKAGER);
    g_autofree char *licence = header_text(header, RPMTAG_LICENSE);
    g_autofree char *source = header_text(header, RPMTAG_SOURCERPM);
    g_autofree char *version = source != NULL ? source_rpm_version(source) : NULL;
    if (vendor != NULL)
        out_facts->supplier = g_strdup_printf("Organization: %s", vendor);
    else if (packager != NULL)
        out_facts->supplier = packages_facts_supplier(packager);
    if (version != NULL) {
        g_free(out_facts->source_version);
        out_facts->source_version = g_steal_pointer(&version);
    }
    out_facts->homepage = header_text(header, RPMTAG_URL);
    out_facts->summary = header_text(header, RPMTAG_SUMMARY);
    if (licence != NULL)
        take_rpm_licence(imported, licence, out_facts);
    headerFree(header);
}

bool packages_facts_read(const PackagesImported *imported, StoreNode *tree, int repo_fd,
                         PackagesFacts *out_facts, GError **error)
{
    PackagesFacts facts = {.source_version = g_strdup(imported->package->version)};
    bool is_deb = strcmp(imported->package->format->name, "deb") == 0;
    if (is_deb && !read_deb(imported, tree, repo_fd, &facts, error)) {
        packages_facts_clear(&facts);
        return false;
    }
    if (imported->header != NULL)
        read_rpm(imported, &facts);
    if (facts.homepage != NULL && !g_str_has_prefix(facts.homepage, "http://") &&
        !g_str_has_prefix(facts.homepage, "https://"))
        g_clear_pointer(&facts.homepage, g_free);
    *out_facts = facts;
    return true;
}
