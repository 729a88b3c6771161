/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads a repository's Release file (wiki.debian.org/DebianRepository/Format): whose it is,
 * until when it holds, and the digests of the index files below it.
 */
#include "packages/release.h"

#include "packages/deb822.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct _PackagesRelease {
    GBytes *text;
    PackagesDeb822Stanza stanza;
    int64_t valid_until_seconds;
};

void packages_release_free(PackagesRelease *self)
{
    if (self == NULL)
        return;
    g_bytes_unref(self->text);
    g_free(self);
}

static bool is_utc(const char *zone)
{
    return strcmp(zone, "UTC") == 0 || strcmp(zone, "GMT") == 0 || strcmp(zone, "Z") == 0 ||
           strcmp(zone, "+0000") == 0;
}

/* "Sat, 11 Jul 2026 10:16:37 UTC" (RFC 5322, 3.3), whatever the locale. */
static bool parse_date(const char *text, int64_t *out_seconds)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct tm tm = {0};
    char month[4] = "";
    char zone[6] = "";
    const char *comma = strchr(text, ',');
    if (comma == NULL || sscanf(comma + 1, " %2d %3s %4d %2d:%2d:%2d %5s", &tm.tm_mday, month,
                                &tm.tm_year, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, zone) != 7)
        return false;
    const char *at = strlen(month) == 3 ? strstr(months, month) : NULL;
    if (at == NULL || (at - months) % 3 != 0 || !is_utc(zone))
        return false;
    tm.tm_mon = (int)((at - months) / 3);
    tm.tm_year -= 1900;
    *out_seconds = timegm(&tm);
    return true;
}

static bool set_invalid(GError **error, const char *message)
{
    g_set_error_literal(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, message);
    return false;
}

static bool read_expiry(PackagesRelease *self, GError **error)
{
    g_autofree char *text = packages_deb822_dup(&self->stanza, "Valid-Until");
    if (text == NULL || parse_date(text, &self->valid_until_seconds))
        return true;
    return set_invalid(error, "its Valid-Until is no date");
}

PackagesRelease *packages_release_parse(GBytes *text, GError **error)
{
    g_autoptr(PackagesRelease) self = g_new0(PackagesRelease, 1);
    self->text = g_bytes_ref(text);
    self->valid_until_seconds = INT64_MAX;
    size_t size_bytes = 0;
    const char *data = g_bytes_get_data(text, &size_bytes);
    if (!packages_deb822_parse_one(data, size_bytes, &self->stanza, error) ||
        !read_expiry(self, error))
        return NULL;
    if (packages_deb822_find(&self->stanza, "SHA256") == NULL) {
        set_invalid(error, "it has no list of SHA256 digests");
        return NULL;
    }
    return g_steal_pointer(&self);
}

bool packages_release_check_suite(const PackagesRelease *self, const char *suite, GError **error)
{
    const PackagesDeb822Field *name = packages_deb822_find(&self->stanza, "Suite");
    const PackagesDeb822Field *codename = packages_deb822_find(&self->stanza, "Codename");
    if ((name == NULL && codename == NULL) ||
        (name != NULL && packages_deb822_field_is(name, suite)) ||
        (codename != NULL && packages_deb822_field_is(codename, suite)))
        return true;
    g_autofree char *is =
        packages_deb822_dup(&self->stanza, codename != NULL ? "Codename" : "Suite");
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                "wanted suite ‘%s’, the repository says it is ‘%s’", suite, is);
    return false;
}

bool packages_release_check_expiry(const PackagesRelease *self, int64_t now_seconds, GError **error)
{
    if (now_seconds <= self->valid_until_seconds)
        return true;
    g_autofree char *text = packages_deb822_dup(&self->stanza, "Valid-Until");
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                "it expired on %s: the mirror is out of date (or this machine's clock is wrong)",
                text);
    return false;
}

int64_t packages_release_date(const PackagesRelease *self)
{
    int64_t seconds = 0;
    g_autofree char *text = packages_deb822_dup(&self->stanza, "Date");
    return text != NULL && parse_date(text, &seconds) ? seconds : 0;
}

static bool field_is(const PackagesRelease *self, const char *name, const char *value)
{
    const PackagesDeb822Field *field = packages_deb822_find(&self->stanza, name);
    return field != NULL && packages_deb822_field_is(field, value);
}

bool packages_release_has_by_hash(const PackagesRelease *self)
{
    return field_is(self, "Acquire-By-Hash", "yes");
}

bool packages_release_has_all_index(const PackagesRelease *self)
{
    if (field_is(self, "No-Support-for-Architecture-all", "Packages"))
        return false;
    g_autofree char *text = packages_deb822_dup(&self->stanza, "Architectures");
    g_auto(GStrv) archs = g_strsplit_set(text != NULL ? text : "", " \t\n", -1);
    return g_strv_contains((const char *const *)archs, "all");
}

/* One line of the list: "DIGEST SIZE PATH". */
static bool parse_entry(const char *line, const char *path, PackagesReleaseEntry *out_entry)
{
    char digest[65] = "";
    int n = 0;
    guint64 size_bytes = 0;
    if (sscanf(line, " %64[0-9a-fA-F] %" G_GUINT64_FORMAT " %n", digest, &size_bytes, &n) != 2 ||
        n == 0 || strlen(digest) != 64)
        return false;
    const char *name = g_str_has_prefix(line + n, "./") ? line + n + 2 : line + n;
    if (strcmp(name, path) != 0)
        return false;
    g_autofree char *lower = g_ascii_strdown(digest, -1);
    *out_entry = (PackagesReleaseEntry){.path = path, .size_bytes = size_bytes};
    memcpy(out_entry->sha256, lower, sizeof(out_entry->sha256));
    return true;
}

bool packages_release_find(const PackagesRelease *self, const char *path,
                           PackagesReleaseEntry *out_entry)
{
    const PackagesDeb822Field *list = packages_deb822_find(&self->stanza, "SHA256");
    const char *end = list->value + list->value_bytes;
    for (const char *at = list->value; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline != NULL ? newline : end;
        size_t size_bytes = (size_t)(stop - at);
        const char *hit = memmem(at, size_bytes, path, strlen(path));
        if (hit != NULL) {
            g_autofree char *line = g_strndup(at, size_bytes);
            if (parse_entry(g_strchomp(line), path, out_entry))
                return true;
        }
        at = stop + 1;
    }
    return false;
}
