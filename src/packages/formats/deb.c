/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Debian binary packages (deb(5)): an ar archive of debian-binary, control.tar and data.tar.
 * The tree gets what dpkg would have left after unpacking: the files, and in dpkg's database
 * info/ and a status paragraph.
 */
#include "packages/formats/deb.h"

#include "packages/deb822.h"
#include "packages/formats/payload.h"
#include "store/loose.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_CHUNK_BYTES (128 * 1024)
#define CONTROL_FILE_MAX_BYTES (16 * 1024 * 1024)
#define CONTROL_FILES_MAX 64

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

static bool set_invalid(GError **error, const char *what)
{
    g_set_error_literal(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, what);
    return false;
}

static bool set_archive_error(GError **error, const char *member, Reader *archive)
{
    const char *reason = archive_error_string(archive);
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, "%s: %s", member,
                reason != NULL ? reason : "unreadable");
    return false;
}

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

static la_ssize_t read_member(struct archive *archive, void *data, const void **out_buffer)
{
    Reader *outer = data;
    size_t n = 0;
    la_int64_t offset = 0;
    int status = archive_read_data_block(outer, out_buffer, &n, &offset);
    if (status == ARCHIVE_EOF)
        return 0;
    if (status == ARCHIVE_OK)
        return (la_ssize_t)n;
    archive_set_error(archive, archive_errno(outer), "%s", archive_error_string(outer));
    return -1;
}

static Reader *open_tar(Reader *outer, const char *member, GError **error)
{
    g_autoptr(Reader) tar = archive_read_new();
    archive_read_support_filter_gzip(tar);
    archive_read_support_filter_xz(tar);
    archive_read_support_filter_zstd(tar);
    archive_read_support_filter_bzip2(tar);
    archive_read_support_filter_lzma(tar);
    archive_read_support_format_tar(tar);
    archive_read_support_format_empty(tar);
    if (archive_read_open(tar, outer, NULL, read_member, NULL) != ARCHIVE_OK)
        return set_archive_error(error, member, tar), NULL;
    return g_steal_pointer(&tar);
}

static GBytes *read_entry(Reader *archive, struct archive_entry *entry, GError **error)
{
    la_int64_t size = archive_entry_size(entry);
    if (size < 0 || size > CONTROL_FILE_MAX_BYTES)
        return set_invalid(error, "a control file is larger than 16 MiB"), NULL;
    char *buffer = g_malloc((size_t)size + 1);
    size_t done = 0;
    while (done < (size_t)size) {
        la_ssize_t n = archive_read_data(archive, buffer + done, (size_t)size - done);
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    buffer[done] = '\0';
    GBytes *bytes = g_bytes_new_take(buffer, done);
    if (done == (size_t)size)
        return bytes;
    g_bytes_unref(bytes);
    set_archive_error(error, "control.tar", archive);
    return NULL;
}

/* All files of control.tar, name to GBytes. */
static GHashTable *read_control(Reader *outer, GError **error)
{
    g_autoptr(Reader) tar = open_tar(outer, "control.tar", error);
    if (tar == NULL)
        return NULL;
    g_autoptr(GHashTable) files =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
    for (;;) {
        struct archive_entry *entry = NULL;
        int status = archive_read_next_header(tar, &entry);
        if (status == ARCHIVE_EOF)
            return g_steal_pointer(&files);
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
            return set_archive_error(error, "control.tar", tar), NULL;
        const char *raw = archive_entry_pathname(entry);
        g_autofree char *name = raw != NULL ? packages_payload_normalize(raw) : NULL;
        /* dpkg's list of the package's files has the same place */
        if (name == NULL || strchr(name, '/') != NULL || strcmp(name, "list") == 0 ||
            !g_utf8_validate(name, -1, NULL))
            return set_invalid(error, "control.tar has a file with a bad name"), NULL;
        if (!S_ISREG(archive_entry_mode(entry)))
            continue;
        if (g_hash_table_size(files) == CONTROL_FILES_MAX)
            return set_invalid(error, "control.tar has more than 64 files"), NULL;
        GBytes *bytes = read_entry(tar, entry, error);
        if (bytes == NULL)
            return NULL;
        g_hash_table_replace(files, g_steal_pointer(&name), bytes);
    }
}

static const char *bytes_text(GBytes *bytes)
{
    return bytes != NULL ? g_bytes_get_data(bytes, NULL) : "";
}

static void note_conffiles(PackagesPayload *payload, GHashTable *control)
{
    g_auto(GStrv) lines =
        g_strsplit(bytes_text(g_hash_table_lookup(control, "conffiles")), "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_strstrip(*line);
        if (**line == '/')
            g_hash_table_add(payload->wanted_md5, g_strdup(*line + 1));
    }
}

/* dpkg's own order of fields does not matter; Status has to be there, Conffiles has digests. */
static char *make_stanza(const PackagesDeb822Stanza *control, GHashTable *files, GHashTable *md5)
{
    g_autoptr(GString) stanza = g_string_new(NULL);
    for (size_t i = 0; i < control->n_fields; i++) {
        const PackagesDeb822Field *field = &control->fields[i];
        g_string_append_printf(stanza, "%.*s: %.*s\n", (int)field->name_bytes, field->name,
                               (int)field->value_bytes, field->value);
        if (i == 0)
            g_string_append(stanza, "Status: install ok unpacked\n");
    }
    g_auto(GStrv) lines = g_strsplit(bytes_text(g_hash_table_lookup(files, "conffiles")), "\n", -1);
    bool first = true;
    for (char **line = lines; *line != NULL; line++) {
        const char *digest = **line == '/' ? g_hash_table_lookup(md5, *line + 1) : NULL;
        if (digest == NULL)
            continue;
        g_string_append_printf(stanza, "%s %s %s\n", first ? "Conffiles:\n" : "", *line, digest);
        first = false;
    }
    return g_string_free(g_steal_pointer(&stanza), FALSE);
}

static bool put_info(StoreNode *root, int repo_fd, const char *stem, const char *suffix,
                     GBytes *contents, GError **error)
{
    static const char *const scripts[] = {"preinst", "postinst", "prerm", "postrm", "config", NULL};
    g_autoptr(StoreNode) node = g_new0(StoreNode, 1);
    node->meta.mode = S_IFREG | (g_strv_contains(scripts, suffix) ? 0755 : 0644);
    node->size_bytes = g_bytes_get_size(contents);
    if (!store_put_file(repo_fd, &node->meta, contents, node->checksum, error))
        return false;
    g_autofree char *path = g_strdup_printf(PACKAGES_DPKG_DIR "/info/%s.%s", stem, suffix);
    store_node_put(root, path, g_steal_pointer(&node));
    return true;
}

static bool put_database(PackagesPayload *payload, const char *stem, GHashTable *files,
                         GError **error)
{
    g_autoptr(GBytes) list = g_bytes_new(payload->list->str, payload->list->len);
    if (!put_info(payload->root, payload->repo_fd, stem, "list", list, error))
        return false;
    if (payload->md5sums != NULL) {
        g_autoptr(GBytes) md5sums = g_bytes_new(payload->md5sums->str, payload->md5sums->len);
        if (!put_info(payload->root, payload->repo_fd, stem, "md5sums", md5sums, error))
            return false;
    }
    GHashTableIter iter;
    void *name = NULL, *contents = NULL;
    g_hash_table_iter_init(&iter, files);
    while (g_hash_table_iter_next(&iter, &name, &contents))
        if (strcmp(name, "control") != 0 &&
            !put_info(payload->root, payload->repo_fd, stem, name, contents, error))
            return false;
    return true;
}

static char *database_stem(const PackagesDeb822Stanza *control, GError **error)
{
    g_autofree char *name = packages_deb822_dup(control, "Package");
    g_autofree char *arch = packages_deb822_dup(control, "Architecture");
    const PackagesDeb822Field *multi = packages_deb822_find(control, "Multi-Arch");
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.";
    if (name == NULL || arch == NULL || *name == '\0' || *name == '.' ||
        strspn(name, allowed) != strlen(name) || strspn(arch, allowed) != strlen(arch))
        return set_invalid(error, "the control file has no proper Package and Architecture"), NULL;
    if (multi != NULL && packages_deb822_field_is(multi, "same"))
        return g_strdup_printf("%s:%s", name, arch);
    return g_steal_pointer(&name);
}

typedef struct {
    bool seen_version;
    GHashTable *control; /* owned */
    bool seen_data;
} Members;

static void members_clear(Members *members)
{
    g_clear_pointer(&members->control, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Members, members_clear)

static bool check_version(Reader *outer, struct archive_entry *entry, GError **error)
{
    g_autoptr(GBytes) version = read_entry(outer, entry, error);
    if (version == NULL)
        return false;
    return g_str_has_prefix(bytes_text(version), "2.") ||
           set_invalid(error, "not a package of deb format 2.x");
}

static bool read_data_tar(Reader *outer, PackagesPayload *payload, GHashTable *control,
                          GError **error)
{
    note_conffiles(payload, control);
    /* dpkg makes it when it unpacks a package without */
    if (!g_hash_table_contains(control, "md5sums"))
        payload->md5sums = g_string_new(NULL);
    g_autoptr(Reader) tar = open_tar(outer, "data.tar", error);
    return tar != NULL && packages_payload_read(payload, tar, error);
}

static bool take_member(Reader *outer, struct archive_entry *entry, Members *members,
                        PackagesPayload *payload, GError **error)
{
    const char *name = archive_entry_pathname(entry);
    if (!members->seen_version) {
        if (strcmp(name, "debian-binary") != 0)
            return set_invalid(error, "not a Debian package: no debian-binary member");
        members->seen_version = true;
        return check_version(outer, entry, error);
    }
    if (g_str_has_prefix(name, "control.tar")) {
        if (members->control != NULL)
            return set_invalid(error, "two control.tar members");
        members->control = read_control(outer, error);
        return members->control != NULL;
    }
    if (g_str_has_prefix(name, "data.tar")) {
        if (members->control == NULL || members->seen_data)
            return set_invalid(error, "data.tar is not the one member after control.tar");
        members->seen_data = true;
        return read_data_tar(outer, payload, members->control, error);
    }
    return *name == '_' || set_invalid(error, "an unknown member before data.tar");
}

static bool read_members(Reader *outer, Members *members, PackagesPayload *payload, GError **error)
{
    while (!members->seen_data) {
        struct archive_entry *entry = NULL;
        int status = archive_read_next_header(outer, &entry);
        if (status == ARCHIVE_EOF)
            return set_invalid(error, "truncated: no data.tar member");
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
            return set_archive_error(error, "ar archive", outer);
        if (!take_member(outer, entry, members, payload, error))
            return false;
    }
    return true;
}

static bool finish(PackagesPayload *payload, GHashTable *control_files, PackagesContents *out_deb,
                   GError **error)
{
    GBytes *control = g_hash_table_lookup(control_files, "control");
    if (control == NULL)
        return set_invalid(error, "control.tar has no control file");
    g_autofree PackagesDeb822Stanza *stanza = g_new0(PackagesDeb822Stanza, 1);
    if (!packages_deb822_parse_one(bytes_text(control), g_bytes_get_size(control), stanza, error))
        return false;
    g_autofree char *stem = database_stem(stanza, error);
    if (stem == NULL || !put_database(payload, stem, control_files, error))
        return false;
    g_autofree char *text = make_stanza(stanza, control_files, payload->md5);
    /* descriptions in other encodings are forbidden, but old ones exist */
    out_deb->stanza = g_utf8_make_valid(text, -1);
    out_deb->root = g_steal_pointer(&payload->root);
    out_deb->bytes = payload->bytes;
    out_deb->files = payload->files;
    return true;
}

/* What follows data.tar is not parsed, but it counts for the digest. */
static bool drain(Source *source, GError **error)
{
    const void *ignored = NULL;
    la_ssize_t n = 0;
    g_autoptr(Reader) holder = archive_read_new();
    while ((n = read_source(holder, source, &ignored)) > 0)
        ;
    return n == 0 || set_archive_error(error, "reading", holder);
}

bool packages_deb_read(int fd, int repo_fd, PackagesContents *out_deb, GError **error)
{
    g_auto(Source)
        source = {.fd = fd, .sha256 = base_sha256_new(), .buffer = g_malloc(READ_CHUNK_BYTES)};
    g_autoptr(Reader) outer = archive_read_new();
    archive_read_support_format_ar(outer);
    if (archive_read_open(outer, &source, NULL, read_source, NULL) != ARCHIVE_OK)
        return set_archive_error(error, "ar archive", outer);
    g_auto(Members) members = {0};
    g_auto(PackagesPayload) payload = {0};
    packages_payload_init(&payload, repo_fd);
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        payload.package_bytes = (uint64_t)st.st_size;
    PackagesContents deb = {0};
    if (!read_members(outer, &members, &payload, error) || !drain(&source, error) ||
        !finish(&payload, members.control, &deb, error)) {
        packages_contents_clear(&deb);
        return false;
    }
    base_sha256_finish_hex(source.sha256, deb.sha256);
    *out_deb = deb;
    return true;
}

static bool read_package(const PackagesPackage *package, int fd, int repo_fd,
                         PackagesContents *out_contents, GError **error)
{
    (void)package;
    return packages_deb_read(fd, repo_fd, out_contents, error);
}

const PackagesFormat packages_deb_format = {
    .name = "deb",
    .suffix = ".deb",
    .import_version = 2,
    .read = read_package,
};
