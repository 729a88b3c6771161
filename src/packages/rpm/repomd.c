/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * repomd.xml, the root of an rpm-md repository's metadata, and the files that it lists.
 */
#include "packages/rpm/repomd.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MAX_RECORDS 64
#define MAX_OPEN_BYTES (UINT64_C(4) << 30)
#define FREE_BYTES (UINT64_C(64) << 20)
/* text packs well, but not like this */
#define RATIO_MAX 500

typedef struct archive Reader;
static void reader_free(Reader *archive)
{
    (void)archive_read_free(archive);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Reader, reader_free)

static void record_free(PackagesRepomdRecord *self)
{
    g_free(self->type);
    g_free(self->location);
    g_free(self->sha256);
    g_free(self->open_sha256);
    g_free(self);
}

void packages_repomd_free(PackagesRepomd *self)
{
    if (self == NULL)
        return;
    g_clear_pointer(&self->records, g_ptr_array_unref);
    g_free(self);
}

const PackagesRepomdRecord *packages_repomd_find(const PackagesRepomd *self, const char *type)
{
    for (guint i = 0; i < self->records->len; i++) {
        const PackagesRepomdRecord *record = self->records->pdata[i];
        if (strcmp(record->type, type) == 0)
            return record;
    }
    return NULL;
}

/* --- parsing --- */

typedef struct {
    PackagesRepomd *repomd;       /* borrowed */
    PackagesRepomdRecord *record; /* borrowed, nullable: the one under way */
    bool has_root;
    GString *text;       /* owned: of the innermost element */
    char *checksum_type; /* owned, nullable */
} Parse;

static const char *local_name(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon != NULL ? colon + 1 : name;
}

static bool set_invalid(GError **error, const char *type, const char *what)
{
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, "record ‘%s’: %s",
                type != NULL ? type : "?", what);
    return false;
}

static const char *attribute(const char **names, const char **values, const char *wanted)
{
    for (size_t i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], wanted) == 0)
            return values[i];
    return NULL;
}

/* Databases and the like repeat what is in the XML files, deltas are not for trees. */
static bool is_read(const char *type)
{
    static const char *const types[] = {"primary",    "filelists", "group",
                                        "group_gz",   "group_xz",  "modules",
                                        "updateinfo", "productid", NULL};
    return g_strv_contains(types, type);
}

static bool start_record(Parse *parse, const char *type, GError **error)
{
    if (type == NULL || *type == '\0')
        return set_invalid(error, type, "it has no type");
    if (packages_repomd_find(parse->repomd, type) != NULL)
        return set_invalid(error, type, "it is there twice");
    if (parse->repomd->records->len >= MAX_RECORDS)
        return set_invalid(error, type, "there are more than 64");
    parse->record = g_new0(PackagesRepomdRecord, 1);
    parse->record->type = g_strdup(type);
    g_ptr_array_add(parse->repomd->records, parse->record);
    return true;
}

static bool is_safe_path(const char *path)
{
    if (path == NULL || *path == '\0' || *path == '/' || strchr(path, ':') != NULL)
        return false;
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    return !g_strv_contains((const char *const *)parts, "..");
}

static void start_element(GMarkupParseContext *context, const char *name, const char **names,
                          const char **values, gpointer user_data, GError **error)
{
    (void)context;
    Parse *parse = user_data;
    name = local_name(name);
    g_string_truncate(parse->text, 0);
    if (!parse->has_root) {
        parse->has_root = true;
        if (strcmp(name, "repomd") != 0)
            g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                        "wanted a ‘repomd’ element, found ‘%s’", name);
    } else if (strcmp(name, "data") == 0) {
        (void)start_record(parse, attribute(names, values, "type"), error);
    } else if (parse->record != NULL && strcmp(name, "location") == 0) {
        const char *href = attribute(names, values, "href");
        if (!is_safe_path(href) && is_read(parse->record->type))
            (void)set_invalid(error, parse->record->type, "its location leaves the repository");
        g_free(parse->record->location);
        parse->record->location = g_strdup(href);
    } else if (g_str_has_suffix(name, "checksum")) {
        g_free(parse->checksum_type);
        parse->checksum_type = g_strdup(attribute(names, values, "type"));
    }
}

static bool take_checksum(Parse *parse, char **out_sha256, GError **error)
{
    if (!is_read(parse->record->type))
        return true;
    if (parse->checksum_type == NULL || strcmp(parse->checksum_type, "sha256") != 0) {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                    "record ‘%s’: wanted a checksum of type ‘sha256’, found ‘%s’; make the "
                    "repository with createrepo_c --checksum sha256",
                    parse->record->type,
                    parse->checksum_type != NULL ? parse->checksum_type : "none");
        return false;
    }
    g_autofree char *text = g_ascii_strdown(g_strstrip(parse->text->str), -1);
    if (!base_digest_is_sha256_hex(text))
        return set_invalid(error, parse->record->type, "its checksum is no SHA-256");
    g_free(*out_sha256);
    *out_sha256 = g_steal_pointer(&text);
    return true;
}

static bool take_number(Parse *parse, uint64_t *out_number, GError **error)
{
    guint64 number = 0;
    if (!g_ascii_string_to_unsigned(g_strstrip(parse->text->str), 10, 0, MAX_OPEN_BYTES, &number,
                                    NULL))
        return !is_read(parse->record->type) ||
               set_invalid(error, parse->record->type, "a size that is no number below 4 GiB");
    *out_number = number;
    return true;
}

static bool end_record(Parse *parse, GError **error)
{
    PackagesRepomdRecord *record = parse->record;
    parse->record = NULL;
    if (!is_read(record->type)) {
        g_ptr_array_remove(parse->repomd->records, record);
        return true;
    }
    if (record->location == NULL || record->sha256 == NULL)
        return set_invalid(error, record->type, "it has no location or no checksum");
    if (record->size_bytes > 0 && record->open_size_bytes > FREE_BYTES &&
        record->open_size_bytes / RATIO_MAX > record->size_bytes)
        return set_invalid(error, record->type, "it unpacks to more than 500 times its size");
    return true;
}

static void end_element(GMarkupParseContext *context, const char *name, gpointer user_data,
                        GError **error)
{
    (void)context;
    Parse *parse = user_data;
    PackagesRepomdRecord *record = parse->record;
    name = local_name(name);
    if (record == NULL)
        return;
    if (strcmp(name, "data") == 0)
        (void)end_record(parse, error);
    else if (strcmp(name, "checksum") == 0)
        (void)take_checksum(parse, &record->sha256, error);
    else if (strcmp(name, "open-checksum") == 0)
        (void)take_checksum(parse, &record->open_sha256, error);
    else if (strcmp(name, "size") == 0)
        (void)take_number(parse, &record->size_bytes, error);
    else if (strcmp(name, "open-size") == 0)
        (void)take_number(parse, &record->open_size_bytes, error);
    else if (strcmp(name, "timestamp") == 0)
        parse->repomd->time_s =
            MAX(parse->repomd->time_s, g_ascii_strtoll(parse->text->str, NULL, 10));
}

static void take_text(GMarkupParseContext *context, const char *text, gsize size_bytes,
                      gpointer user_data, GError **error)
{
    (void)context;
    (void)error;
    Parse *parse = user_data;
    g_string_append_len(parse->text, text, (gssize)size_bytes);
}

PackagesRepomd *packages_repomd_parse(GBytes *text, GError **error)
{
    static const GMarkupParser parser = {
        .start_element = start_element, .end_element = end_element, .text = take_text};
    g_autoptr(PackagesRepomd) repomd = g_new0(PackagesRepomd, 1);
    repomd->records = g_ptr_array_new_with_free_func((GDestroyNotify)record_free);
    Parse parse = {.repomd = repomd, .text = g_string_new(NULL)};
    g_autoptr(GMarkupParseContext) context =
        g_markup_parse_context_new(&parser, G_MARKUP_DEFAULT_FLAGS, &parse, NULL);
    g_autoptr(GError) inner = NULL;
    gsize size_bytes = 0;
    const char *data = g_bytes_get_data(text, &size_bytes);
    bool ok = g_markup_parse_context_parse(context, data != NULL ? data : "", (gssize)size_bytes,
                                           &inner) &&
              g_markup_parse_context_end_parse(context, &inner);
    int line = 0;
    g_markup_parse_context_get_position(context, &line, NULL);
    (void)g_string_free(parse.text, TRUE);
    g_free(parse.checksum_type);
    if (!ok) {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, "repomd.xml, line %d: %s", line,
                    inner->message);
        return NULL;
    }
    if (packages_repomd_find(repomd, "primary") == NULL) {
        g_set_error_literal(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                            "repomd.xml lists no ‘primary’ metadata");
        return NULL;
    }
    return g_steal_pointer(&repomd);
}

/* --- unpacking --- */

typedef struct {
    const PackagesRepomdRecord *record;
    uint64_t max_bytes;
    uint64_t done_bytes;
    BaseSha256 *sha256;
    int fd;
} Unpack;

static uint64_t max_open_bytes(const PackagesRepomdRecord *record, uint64_t size_bytes)
{
    uint64_t by_ratio = MAX(FREE_BYTES, size_bytes * RATIO_MAX);
    uint64_t said = record->open_size_bytes > 0 ? record->open_size_bytes : MAX_OPEN_BYTES;
    return MIN(said, by_ratio);
}

static bool set_wrong(const Unpack *self, const char *what, GError **error)
{
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_DIGEST,
                "‘%s’ unpacks to %s than the %" G_GUINT64_FORMAT " bytes that repomd.xml promises",
                self->record->location, what,
                self->record->open_size_bytes > 0 ? self->record->open_size_bytes
                                                  : self->max_bytes);
    return false;
}

static bool copy_data(Unpack *self, Reader *raw, GError **error)
{
    for (;;) {
        const void *data = NULL;
        size_t n = 0;
        la_int64_t offset = 0;
        int status = archive_read_data_block(raw, &data, &n, &offset);
        if (status == ARCHIVE_EOF)
            return true;
        if (status != ARCHIVE_OK) {
            const char *reason = archive_error_string(raw);
            g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, "‘%s’: %s",
                        self->record->location, reason != NULL ? reason : "cannot be unpacked");
            return false;
        }
        self->done_bytes += n;
        if (self->done_bytes > self->max_bytes)
            return set_wrong(self, "more", error);
        base_sha256_update(self->sha256, data, n);
        if (!base_fd_write_all(self->fd, data, n, error))
            return false;
    }
}

static bool check_opened(Unpack *self, GError **error)
{
    const PackagesRepomdRecord *record = self->record;
    char sha256[BASE_SHA256_HEX_CHARS + 1];
    base_sha256_finish_hex(self->sha256, sha256);
    if (record->open_size_bytes > 0 && self->done_bytes != record->open_size_bytes)
        return set_wrong(self, "less", error);
    if (record->open_sha256 != NULL && strcmp(record->open_sha256, sha256) != 0) {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_DIGEST,
                    "‘%s’ unpacks to something with SHA-256 %s, but repomd.xml promises %s",
                    record->location, sha256, record->open_sha256);
        return false;
    }
    if (lseek(self->fd, 0, SEEK_SET) < 0)
        return base_error_set_errno(error, errno, "seeking");
    return true;
}

static bool unpack(Unpack *self, int in_fd, GError **error)
{
    g_autoptr(Reader) raw = archive_read_new();
    archive_read_support_filter_gzip(raw);
    archive_read_support_filter_xz(raw);
    archive_read_support_filter_zstd(raw);
    archive_read_support_filter_bzip2(raw);
    archive_read_support_format_raw(raw);
    archive_read_support_format_empty(raw);
    struct archive_entry *entry = NULL;
    if (archive_read_open_fd(raw, in_fd, 128 * 1024) != ARCHIVE_OK) {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, "‘%s’: %s",
                    self->record->location, archive_error_string(raw));
        return false;
    }
    int status = archive_read_next_header(raw, &entry);
    if (status == ARCHIVE_EOF)
        return check_opened(self, error);
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN) {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, "‘%s’: %s",
                    self->record->location, archive_error_string(raw));
        return false;
    }
    return copy_data(self, raw, error) && check_opened(self, error);
}

int packages_repomd_unpack(const PackagesRepomdRecord *record, const char *path,
                           const char *scratch_dir, GError **error)
{
    base_autofd in = open(path, O_RDONLY | O_CLOEXEC);
    int saved_errno = errno;
    struct stat st = {0};
    if (in < 0 || fstat(in, &st) != 0) {
        base_error_set_errno(error, in < 0 ? saved_errno : errno, "opening ‘%s’", path);
        return -1;
    }
    base_autofd out = open(scratch_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (out < 0) {
        base_error_set_errno(error, errno, "making a file in ‘%s’", scratch_dir);
        return -1;
    }
    g_autoptr(BaseSha256) sha256 = base_sha256_new();
    Unpack self = {.record = record,
                   .max_bytes = max_open_bytes(record, (uint64_t)st.st_size),
                   .sha256 = sha256,
                   .fd = out};
    if (!unpack(&self, in, error))
        return -1;
    int result = out;
    out = -1;
    return result;
}
