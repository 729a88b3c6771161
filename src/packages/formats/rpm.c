/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * RPM packages (rpm.org, "RPM V4 package format"): lead, signatures, header, compressed cpio.
 * Ownership by name, flags, languages and scripts stay in the header, which is kept.
 */
#include "packages/formats/rpm.h"

#include "base/error.h"
#include "packages/formats/rpm-cpio.h"
#include "packages/formats/rpm-header.h"
#include "packages/formats/rpm-payload.h"

#include <errno.h>
#include <rpm/rpmtag.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_CHUNK_BYTES (128 * 1024)

typedef struct archive Reader;
static void reader_free(Reader *archive)
{
    (void)archive_read_free(archive);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Reader, reader_free)

typedef struct {
    int fd;
    BaseSha256 *sha256; /* owned */
    uint8_t *buffer;    /* owned */
} Source;

static void source_clear(Source *source)
{
    base_sha256_free(source->sha256);
    g_free(source->buffer);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Source, source_clear)

typedef struct {
    Header header;  /* owned, nullable */
    rpmfiles files; /* owned, nullable */
} Parsed;

static void parsed_clear(Parsed *self)
{
    if (self->files != NULL)
        rpmfilesFree(self->files);
    if (self->header != NULL)
        headerFree(self->header);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Parsed, parsed_clear)

static la_ssize_t read_source(struct archive *archive, void *data, const void **out_buffer)
{
    Source *source = data;
    for (;;) {
        ssize_t n = read(source->fd, source->buffer, READ_CHUNK_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            archive_set_error(archive, errno, "%s", g_strerror(errno));
        else
            base_sha256_update(source->sha256, source->buffer, (size_t)n);
        *out_buffer = source->buffer;
        return n;
    }
}

/* What librpm has read already counts for the digest of the whole. */
static bool hash_head(Source *source, uint64_t size_bytes, GError **error)
{
    for (uint64_t offset = 0; offset < size_bytes;) {
        size_t wanted = (size_t)MIN(size_bytes - offset, READ_CHUNK_BYTES);
        ssize_t n = pread(source->fd, source->buffer, wanted, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return base_error_set_errno(error, n < 0 ? errno : EIO, "reading");
        base_sha256_update(source->sha256, source->buffer, (size_t)n);
        offset += (uint64_t)n;
    }
    return true;
}

static Reader *open_payload(Source *source, GError **error)
{
    g_autoptr(Reader) raw = archive_read_new();
    archive_read_support_filter_gzip(raw);
    archive_read_support_filter_xz(raw);
    archive_read_support_filter_zstd(raw);
    archive_read_support_filter_bzip2(raw);
    archive_read_support_filter_lzma(raw);
    archive_read_support_format_raw(raw);
    archive_read_support_format_empty(raw);
    if (archive_read_open(raw, source, NULL, read_source, NULL) == ARCHIVE_OK)
        return g_steal_pointer(&raw);
    const char *reason = archive_error_string(raw);
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, "payload: %s",
                reason != NULL ? reason : "unreadable");
    return NULL;
}

/* What follows the payload is not parsed, but it counts for the digest. */
static bool drain(Source *source, GError **error)
{
    const void *ignored = NULL;
    la_ssize_t n = 0;
    g_autoptr(Reader) holder = archive_read_new();
    while ((n = read_source(holder, source, &ignored)) > 0)
        ;
    return n == 0 || base_error_set_errno(error, archive_errno(holder), "reading");
}

static bool read_payload(Source *source, const Parsed *parsed, int repo_fd,
                         PackagesContents *contents, GError **error)
{
    g_auto(PackagesRpmPayload) payload = {0};
    struct stat st;
    if (fstat(source->fd, &st) != 0)
        return base_error_set_errno(error, errno, "reading its size");
    if (!packages_rpm_payload_init(&payload, parsed->files, repo_fd, (uint64_t)st.st_size, error))
        return false;
    /* without files there may be no payload at all */
    PackagesRpmCpio stream;
    g_autoptr(Reader) raw = open_payload(source, error);
    g_autoptr(Reader) cpio = raw != NULL ? packages_rpm_cpio_open(&stream, raw, error) : NULL;
    if (cpio == NULL || !packages_rpm_payload_read(&payload, cpio, error))
        return false;
    contents->bytes = payload.bytes;
    contents->files = payload.n_files;
    contents->root = packages_rpm_payload_finish(&payload, error);
    return contents->root != NULL;
}

static GBytes *export_header(Header header)
{
    unsigned size_bytes = 0;
    void *blob = headerExport(header, &size_bytes);
    return blob != NULL ? g_bytes_new_with_free_func(blob, size_bytes, free, blob) : NULL;
}

static bool read_parts(Source *source, const PackagesPackage *package, int repo_fd,
                       PackagesContents *contents, GError **error)
{
    g_auto(Parsed) parsed = {0};
    parsed.header =
        packages_rpm_header_read(source->fd, package != NULL ? package->keys : NULL, error);
    if (parsed.header == NULL ||
        (package != NULL && !packages_rpm_header_check(parsed.header, package, error)))
        return false;
    /* rpm then leaves the files' names out of the payload, which libarchive cannot read */
    if (headerIsEntry(parsed.header, RPMTAG_LONGFILESIZES)) {
        g_set_error_literal(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                            "it has a file of 4 GiB or more, which is not supported");
        return false;
    }
    off_t offset = lseek(source->fd, 0, SEEK_CUR);
    if (offset < 0)
        return base_error_set_errno(error, errno, "seeking");
    parsed.files = rpmfilesNew(NULL, parsed.header, 0, RPMFI_NOFILECLASS | RPMFI_NOFILEDEPS);
    contents->header = export_header(parsed.header);
    if (parsed.files == NULL || contents->header == NULL) {
        g_set_error_literal(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                            "the list of files in its header is damaged");
        return false;
    }
    return hash_head(source, (uint64_t)offset, error) &&
           read_payload(source, &parsed, repo_fd, contents, error) && drain(source, error);
}

bool packages_rpm_read(int fd, const PackagesPackage *package, int repo_fd,
                       PackagesContents *out_contents, GError **error)
{
    g_auto(Source)
        source = {.fd = fd, .sha256 = base_sha256_new(), .buffer = g_malloc(READ_CHUNK_BYTES)};
    PackagesContents contents = {0};
    if (!read_parts(&source, package, repo_fd, &contents, error)) {
        packages_contents_clear(&contents);
        return false;
    }
    base_sha256_finish_hex(source.sha256, contents.sha256);
    *out_contents = contents;
    return true;
}

static bool read_package(const PackagesPackage *package, int fd, int repo_fd,
                         PackagesContents *out_contents, GError **error)
{
    return packages_rpm_read(fd, package, repo_fd, out_contents, error);
}

const PackagesFormat packages_rpm_format = {
    .name = "rpm",
    .suffix = ".rpm",
    .import_version = 1,
    .read = read_package,
};
