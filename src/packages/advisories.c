/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Advisories against packages: what kind of file it is, and its bytes to who knows that kind.
 */
#include "packages/advisories.h"

#include "base/error.h"
#include "base/fd.h"
#include "packages/advisories/advisories-private.h"
#include "packages/json.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <solv/evr.h>
#include <string.h>
#include <unistd.h>

#define BYTES_MAX (UINT64_C(4) << 30)
#define PART_MAX_BYTES (64u << 20)
#define ENTRY_MAX_BYTES (16u << 20)
#define CHUNK_BYTES 65536

typedef struct archive Reader;
static void reader_free(Reader *archive)
{
    (void)archive_read_free(archive);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Reader, reader_free)

typedef struct {
    PackagesAdvisories self;
    Reader *archive;  /* borrowed */
    uint64_t n_bytes; /* so far, of all entries */
    GString *osv;     /* owned: members of a document that turns out to be one OSV entry */
    char *head;       /* owned: first bytes, read to see what it is */
    size_t head_bytes;
    size_t head_done;
} Reading;

static void reading_clear(Reading *reading)
{
    g_clear_pointer(&reading->self.pool, pool_free);
    g_clear_pointer(&reading->self.by_name, g_hash_table_unref);
    (void)g_string_free(reading->osv, TRUE);
    g_free(reading->head);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reading, reading_clear)

/* --- severities and findings --- */

static const char *const severity_names[] = {"unimportant", "unknown", "low",
                                             "medium",      "high",    "critical"};

const char *packages_severity_name(PackagesSeverity severity)
{
    return severity_names[severity];
}

bool packages_severity_parse(const char *text, PackagesSeverity *out_severity)
{
    static const struct {
        const char *name;
        PackagesSeverity severity;
    } others[] = {
        {"negligible", PACKAGES_SEVERITY_UNIMPORTANT},   {"none", PACKAGES_SEVERITY_UNKNOWN},
        {"not yet assigned", PACKAGES_SEVERITY_UNKNOWN}, {"moderate", PACKAGES_SEVERITY_MEDIUM},
        {"important", PACKAGES_SEVERITY_HIGH},           {"urgent", PACKAGES_SEVERITY_CRITICAL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(severity_names); i++)
        if (g_ascii_strcasecmp(text, severity_names[i]) == 0) {
            *out_severity = (PackagesSeverity)i;
            return true;
        }
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        if (g_ascii_strcasecmp(text, others[i].name) == 0) {
            *out_severity = others[i].severity;
            return true;
        }
    return false;
}

static void finding_free(void *data)
{
    PackagesFinding *finding = data;
    g_free(finding->id);
    g_free(finding->aliases);
    g_free(finding->package);
    g_free(finding->version);
    g_free(finding->fixed);
    g_free(finding->title);
    g_free(finding);
}

GPtrArray *packages_findings_new(void)
{
    return g_ptr_array_new_with_free_func(finding_free);
}

static int compare_findings(const void *a, const void *b)
{
    const PackagesFinding *left = *(PackagesFinding *const *)a;
    const PackagesFinding *right = *(PackagesFinding *const *)b;
    if (left->severity != right->severity)
        return left->severity > right->severity ? -1 : 1;
    int order = strcmp(left->package, right->package);
    return order != 0 ? order : strcmp(left->id, right->id);
}

void packages_findings_sort(GPtrArray *findings)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_ptr_array_sort(findings, compare_findings);
    for (guint i = 0; i < findings->len;) {
        const PackagesFinding *finding = findings->pdata[i];
        if (g_hash_table_add(seen, g_strdup_printf("%s\n%s", finding->package, finding->id)))
            i++;
        else
            g_ptr_array_remove_index(findings, i);
    }
}

/* --- what readers of each kind share --- */

static Pool *new_pool(const char *format)
{
    Pool *pool = pool_create();
    g_assert(pool_setdisttype(pool, strcmp(format, "rpm") == 0 ? DISTTYPE_RPM : DISTTYPE_DEB) >= 0);
    return pool;
}

int packages_evr_compare(const char *format, const char *a, const char *b)
{
    Pool *pool = new_pool(format);
    int order = pool_evrcmp_str(pool, a, b, EVRCMP_COMPARE);
    pool_free(pool);
    return order;
}

bool packages_advisories_is_older(const PackagesAdvisories *self, const char *a, const char *b)
{
    return pool_evrcmp_str(self->pool, a, b, EVRCMP_COMPARE) < 0;
}

static bool is_deb(const PackagesAudit *audit)
{
    return strcmp(audit->format, "deb") == 0;
}

const char *packages_advisories_version(const PackagesAdvisories *self,
                                        const PackagesSubject *subject)
{
    return is_deb(self->audit) ? subject->source_version : subject->version;
}

PackagesFinding *packages_advisories_add(const PackagesAdvisories *self,
                                         const PackagesSubject *subject, const char *id)
{
    PackagesFinding *finding = g_new0(PackagesFinding, 1);
    finding->id = g_strdup(id);
    finding->severity = PACKAGES_SEVERITY_UNKNOWN;
    finding->package = g_strdup(is_deb(self->audit) ? subject->source : subject->name);
    finding->version = g_strdup(packages_advisories_version(self, subject));
    g_ptr_array_add(self->findings, finding);
    return finding;
}

static void index_subjects(PackagesAdvisories *self)
{
    self->by_name =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_ptr_array_unref);
    for (size_t i = 0; i < self->audit->n_subjects; i++) {
        const PackagesSubject *subject = &self->audit->subjects[i];
        const char *name = is_deb(self->audit) ? subject->source : subject->name;
        GPtrArray *list = g_hash_table_lookup(self->by_name, name);
        if (list == NULL) {
            list = g_ptr_array_new();
            (void)g_hash_table_insert(self->by_name, (void *)(uintptr_t)name, list);
        }
        bool again = false;
        for (guint k = 0; k < list->len && is_deb(self->audit); k++)
            again |= strcmp(((const PackagesSubject *)list->pdata[k])->source_version,
                            subject->source_version) == 0;
        if (!again)
            g_ptr_array_add(list, (void *)(uintptr_t)subject);
    }
}

/* --- the bytes --- */

static bool set_archive_error(Reader *archive, GError **error)
{
    const char *reason = archive_error_string(archive);
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, "%s",
                reason != NULL ? reason : "unreadable");
    return false;
}

/* Up to @size bytes of the current entry; 0 at its end, -1 on an error. */
static ssize_t read_some(Reading *reading, char *buffer, size_t size, GError **error)
{
    size_t left = reading->head_bytes - reading->head_done;
    if (left > 0) {
        size_t n = MIN(left, size);
        memcpy(buffer, reading->head + reading->head_done, n);
        reading->head_done += n;
        return (ssize_t)n;
    }
    la_ssize_t n = archive_read_data(reading->archive, buffer, size);
    if (n < 0)
        return set_archive_error(reading->archive, error), -1;
    reading->n_bytes += (uint64_t)n;
    if (reading->n_bytes <= BYTES_MAX)
        return (ssize_t)n;
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, "more than 4 GiB of advisories");
    return -1;
}

static bool read_head(Reading *reading, GError **error)
{
    g_free(reading->head);
    reading->head = g_malloc(CHUNK_BYTES);
    reading->head_bytes = reading->head_done = 0;
    ssize_t n = read_some(reading, reading->head, CHUNK_BYTES, error);
    reading->head_bytes = n > 0 ? (size_t)n : 0;
    return n >= 0;
}

/* --- JSON: the tracker, or OSV --- */

static bool take_osv(const char *name, const char *data, size_t size_bytes, void *user_data,
                     GError **error)
{
    (void)name;
    Reading *reading = user_data;
    return packages_advisories_osv(&reading->self, data, size_bytes, error);
}

static bool split_osv(Reading *reading, const char *data, size_t size_bytes, GError **error)
{
    g_autoptr(PackagesJsonSplit) split =
        packages_json_split_new(ENTRY_MAX_BYTES, take_osv, reading);
    return packages_json_split_feed(split, data, size_bytes, error) &&
           packages_json_split_end(split, error);
}

/* A package of the tracker holds objects by the names of vulnerabilities. */
static bool is_tracker_package(const char *data, size_t size_bytes)
{
    size_t at = 0;
    if (size_bytes == 0 || data[at++] != '{')
        return false;
    while (at < size_bytes && g_ascii_isspace(data[at]))
        at++;
    return g_strstr_len(data + at, (gssize)MIN(size_bytes - at, 6), "\"CVE-") == data + at ||
           g_strstr_len(data + at, (gssize)MIN(size_bytes - at, 6), "\"TEMP-") == data + at;
}

static bool take_part(const char *name, const char *data, size_t size_bytes, void *user_data,
                      GError **error)
{
    Reading *reading = user_data;
    if (name == NULL)
        return packages_advisories_osv(&reading->self, data, size_bytes, error);
    if (is_tracker_package(data, size_bytes))
        return packages_advisories_debian(&reading->self, name, data, size_bytes, error);
    if (strcmp(name, "vulns") == 0 && *data == '[')
        return split_osv(reading, data, size_bytes, error);
    if (reading->osv->len + size_bytes > ENTRY_MAX_BYTES) {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                    "neither the Debian security tracker's JSON nor OSV");
        return false;
    }
    g_autoptr(JsonNode) quoted = json_node_init_string(json_node_alloc(), name);
    g_autofree char *key = json_to_string(quoted, FALSE);
    g_string_append_printf(reading->osv, "%s%s:", reading->osv->len > 0 ? "," : "{", key);
    g_string_append_len(reading->osv, data, (gssize)size_bytes);
    return true;
}

static bool read_json(Reading *reading, GError **error)
{
    g_string_truncate(reading->osv, 0);
    g_autoptr(PackagesJsonSplit) split =
        packages_json_split_new(PART_MAX_BYTES, take_part, reading);
    g_autofree char *chunk = g_malloc(CHUNK_BYTES);
    ssize_t n = 0;
    while ((n = read_some(reading, chunk, CHUNK_BYTES, error)) > 0)
        if (!packages_json_split_feed(split, chunk, (size_t)n, error))
            return false;
    if (n < 0 || !packages_json_split_end(split, error))
        return false;
    const PackagesAdvisories *self = &reading->self;
    if (self->n_packages > 0 && self->n_releases == 0) {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                    "it knows %zu of the packages, but none in release ‘%s’: is that the name of "
                    "the release?",
                    self->n_packages, self->audit->release);
        return false;
    }
    if (reading->osv->len == 0)
        return true;
    g_string_append_c(reading->osv, '}');
    return packages_advisories_osv(&reading->self, reading->osv->str, reading->osv->len, error);
}

/* --- XML, which libsolv reads from a FILE --- */

static ssize_t read_cookie(void *cookie, char *buffer, size_t size)
{
    return read_some(cookie, buffer, size, NULL);
}

static bool read_xml(Reading *reading, GError **error)
{
    cookie_io_functions_t functions = {.read = read_cookie};
    FILE *file = fopencookie(reading, "r", functions);
    if (file == NULL)
        return base_error_set_errno(error, errno, "opening a stream");
    bool ok = packages_advisories_updateinfo(&reading->self, file, error);
    (void)fclose(file);
    return ok;
}

static bool read_entry(Reading *reading, GError **error)
{
    if (!read_head(reading, error))
        return false;
    bool has_mark = reading->head_bytes > 3 && memcmp(reading->head, "\xef\xbb\xbf", 3) == 0;
    size_t at = has_mark ? 3 : 0;
    while (at < reading->head_bytes && g_ascii_isspace(reading->head[at]))
        at++;
    char first = at < reading->head_bytes ? reading->head[at] : '\0';
    reading->head_done = at;
    if (first == '<')
        return read_xml(reading, error);
    if (first == '{' || first == '[')
        return read_json(reading, error);
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                "want the Debian security tracker's JSON, an updateinfo.xml, or OSV");
    return false;
}

static bool read_entries(Reading *reading, GError **error)
{
    for (unsigned n = 0;; n++) {
        struct archive_entry *entry = NULL;
        int status = archive_read_next_header(reading->archive, &entry);
        if (status == ARCHIVE_EOF && n > 0)
            return true;
        if (status == ARCHIVE_EOF) {
            g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, "it is empty");
            return false;
        }
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
            return set_archive_error(reading->archive, error);
        bool is_zip = archive_format(reading->archive) == ARCHIVE_FORMAT_ZIP;
        const char *name = archive_entry_pathname_utf8(entry);
        if (is_zip && (name == NULL || !g_str_has_suffix(name, ".json")))
            continue;
        if (!read_entry(reading, error)) {
            if (is_zip)
                g_prefix_error(error, "‘%s’: ", name);
            return false;
        }
    }
}

bool packages_advisories_match_fd(const PackagesAudit *audit, int fd, GPtrArray *findings,
                                  GError **error)
{
    g_autoptr(Reader) archive = archive_read_new();
    archive_read_support_filter_gzip(archive);
    archive_read_support_filter_xz(archive);
    archive_read_support_filter_zstd(archive);
    archive_read_support_filter_bzip2(archive);
    archive_read_support_format_zip(archive);
    archive_read_support_format_raw(archive);
    archive_read_support_format_empty(archive);
    if (archive_read_open_fd(archive, fd, CHUNK_BYTES) != ARCHIVE_OK)
        return set_archive_error(archive, error);
    g_auto(Reading) reading = {
        .self = {.audit = audit, .pool = new_pool(audit->format), .findings = findings},
        .archive = archive,
        .osv = g_string_new(NULL),
    };
    index_subjects(&reading.self);
    return read_entries(&reading, error);
}

bool packages_advisories_match(const PackagesAudit *audit, const char *path, GPtrArray *findings,
                               GError **error)
{
    base_autofd fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return base_error_set_errno(error, errno, "opening ‘%s’", path);
    if (packages_advisories_match_fd(audit, fd, findings, error))
        return true;
    g_prefix_error(error, "‘%s’: ", path);
    return false;
}
