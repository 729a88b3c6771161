/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is new in a package: of a deb from the changelog among its files, of an rpm from its
 * header.
 */
#include "packages/changelog.h"

#include "store/loose.h"

#include <gio/gio.h>
#include <rpm/header.h>
#include <rpm/rpmtd.h>
#include <string.h>

#define CHANGELOG_MAX_BYTES (8 * 1024 * 1024)
#define CHANGELOG_MAX_LINES 40
#define CHANGELOG_MAX_COLUMNS 200

/* "bash (5.2.15-2+b2) unstable; urgency=medium" */
static char *entry_version(const char *line)
{
    const char *open = g_ascii_isalnum(line[0]) ? strstr(line, " (") : NULL;
    const char *close = open != NULL ? strchr(open, ')') : NULL;
    return close != NULL ? g_strndup(open + 2, (gsize)(close - open - 2)) : NULL;
}

static void add_line(GString *out, const char *line)
{
    g_autofree char *valid =
        g_utf8_make_valid(line, (gssize)MIN(strlen(line), CHANGELOG_MAX_COLUMNS));
    for (char *p = valid; *p != '\0'; p++) {
        if (g_ascii_iscntrl(*p)) /* it goes to a terminal */
            *p = ' ';
    }
    g_string_append(out, g_strchomp(valid));
    g_string_append_c(out, '\n');
}

char *packages_changelog_parse(const char *text, const char *version)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
    GString *out = g_string_new(NULL);
    unsigned n_lines = 0;
    for (size_t i = 0; lines[i] != NULL; i++) {
        g_autofree char *entry = entry_version(lines[i]);
        if (entry != NULL && version != NULL && strcmp(entry, version) == 0)
            break;
        if (lines[i][strspn(lines[i], " \t\r")] == '\0' || g_str_has_prefix(lines[i], " -- "))
            continue;
        if (n_lines++ == CHANGELOG_MAX_LINES) {
            g_string_append(out, "…\n");
            break;
        }
        add_line(out, lines[i]);
    }
    return g_string_free(out, FALSE);
}

static char *gunzip(GBytes *bytes)
{
    g_autoptr(GInputStream) memory = g_memory_input_stream_new_from_bytes(bytes);
    g_autoptr(GZlibDecompressor) zlib = g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP);
    g_autoptr(GInputStream) stream = g_converter_input_stream_new(memory, G_CONVERTER(zlib));
    g_autofree char *text = g_malloc(CHANGELOG_MAX_BYTES + 1);
    gsize length = 0;
    if (!g_input_stream_read_all(stream, text, CHANGELOG_MAX_BYTES, &length, NULL, NULL))
        return NULL;
    text[length] = '\0';
    return g_strndup(text, length);
}

static char *deb_since(const PackagesImported *one, int repo_fd, const char *version)
{
    static const char *const names[] = {"changelog.Debian.gz", "changelog.gz"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path =
            g_strdup_printf("usr/share/doc/%s/%s", one->package->name, names[i]);
        const StoreNode *node = store_node_find(one->root, path);
        if (node == NULL || !S_ISREG(node->meta.mode) || node->size_bytes > CHANGELOG_MAX_BYTES)
            continue;
        g_autoptr(GBytes) bytes = store_load_contents(repo_fd, node->checksum, NULL);
        g_autofree char *text = bytes != NULL ? gunzip(bytes) : NULL;
        if (text != NULL)
            return packages_changelog_parse(text, version);
    }
    return NULL;
}

/* The name of an entry ends in the version: "A Name <a@example.org> - 1.0-2". */
static bool is_of_version(const char *name, const char *version)
{
    const char *colon = version != NULL ? strchr(version, ':') : NULL;
    return version != NULL && (g_str_has_suffix(name, version) ||
                               (colon != NULL && g_str_has_suffix(name, colon + 1)));
}

static char *rpm_since(const PackagesImported *one, const char *version)
{
    gsize size = 0;
    g_autofree void *blob =
        g_memdup2(g_bytes_get_data(one->header, &size), g_bytes_get_size(one->header));
    Header header = headerImport(blob, (unsigned)size, HEADERIMPORT_COPY);
    if (header == NULL)
        return NULL;
    struct rpmtd_s names;
    struct rpmtd_s texts;
    GString *out = NULL;
    if (headerGet(header, RPMTAG_CHANGELOGNAME, &names, HEADERGET_MINMEM) == 1) {
        if (headerGet(header, RPMTAG_CHANGELOGTEXT, &texts, HEADERGET_MINMEM) == 1) {
            unsigned n_lines = 0;
            out = g_string_new(NULL);
            for (const char *name = NULL, *text = NULL;
                 n_lines++ < CHANGELOG_MAX_LINES && (name = rpmtdNextString(&names)) != NULL &&
                 (text = rpmtdNextString(&texts)) != NULL && !is_of_version(name, version);) {
                add_line(out, name);
                add_line(out, text);
            }
            rpmtdFreeData(&texts);
        }
        rpmtdFreeData(&names);
    }
    headerFree(header);
    return out != NULL ? g_string_free(out, FALSE) : NULL;
}

char *packages_changelog_since(const PackagesImported *one, int repo_fd, const char *version)
{
    return one->header != NULL ? rpm_since(one, version) : deb_since(one, repo_fd, version);
}
