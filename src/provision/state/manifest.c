/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The record of what was made, with what was there before: kept while it happens, read back, and
 * the copies of files that were changed. What is done with it: undo.c.
 */
#include "provision/state/manifest.h"

#include "base/error.h"
#include "base/fd.h"
#include "provision/state/manifest-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define ORIGINALS PROVISION_STATE_DIR "/originals"
#define LINK_MAX_BYTES 4096

static const char *const account_files[] = {"passwd", "group",  "shadow", "gshadow",
                                            "subuid", "subgid", NULL};

void provision_trace_clear(ProvisionTrace *self)
{
    g_free(self->digest);
    g_free(self->target);
    g_free(self->original);
    *self = (ProvisionTrace){0};
}

static void entry_free(void *data)
{
    ProvisionManifestEntry *self = data;
    provision_trace_clear(&self->before);
    provision_trace_clear(&self->after);
    g_free(self->path);
    g_free(self);
}

static void account_free(void *data)
{
    ProvisionManifestAccount *self = data;
    g_free(self->file);
    g_free(self->name);
    g_free(self->before);
    g_free(self->after);
    g_free(self);
}

ProvisionManifest *provision_manifest_new(void)
{
    ProvisionManifest *self = g_new0(ProvisionManifest, 1);
    self->log = -1;
    self->entries = g_ptr_array_new_with_free_func(entry_free);
    self->accounts = g_ptr_array_new_with_free_func(account_free);
    return self;
}

void provision_manifest_free(ProvisionManifest *self)
{
    if (self == NULL)
        return;
    if (self->log >= 0)
        (void)close(self->log);
    g_ptr_array_unref(self->entries);
    g_ptr_array_unref(self->accounts);
    g_free(self);
}

/* (nullable): SHA-256 of what there is to read. GLib's, since these files are small, and the start
 * of libcrypto costs more than all of them. */
static char *digest_of(int fd)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    guchar buffer[16384];
    ssize_t n = 0;
    do {
        n = read(fd, buffer, sizeof buffer);
        if (n > 0)
            g_checksum_update(sum, buffer, n);
    } while (n > 0 || (n < 0 && errno == EINTR));
    return n < 0 ? NULL : g_strdup(g_checksum_get_string(sum));
}

ProvisionTrace provision_trace_take(int dfd, const char *name)
{
    ProvisionTrace trace = {0};
    struct stat st = {0};
    char target[LINK_MAX_BYTES];
    if (fstatat(dfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return trace;
    trace.mode = st.st_mode & 07777;
    trace.uid = st.st_uid;
    trace.gid = st.st_gid;
    if (S_ISDIR(st.st_mode)) {
        trace.kind = PROVISION_TRACE_DIRECTORY;
    } else if (S_ISLNK(st.st_mode)) {
        ssize_t size = readlinkat(dfd, name, target, sizeof target);
        trace.kind = PROVISION_TRACE_LINK;
        trace.target = g_strndup(target, size > 0 ? (size_t)size : 0);
    } else if (S_ISREG(st.st_mode)) {
        base_autofd fd = openat(dfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        trace.kind = PROVISION_TRACE_FILE;
        trace.digest = fd >= 0 ? digest_of(fd) : NULL;
    } else {
        trace.kind = PROVISION_TRACE_OTHER;
    }
    return trace;
}

bool provision_trace_equal(const ProvisionTrace *left, const ProvisionTrace *right)
{
    return left->kind == right->kind && left->mode == right->mode && left->uid == right->uid &&
           left->gid == right->gid && g_strcmp0(left->digest, right->digest) == 0 &&
           g_strcmp0(left->target, right->target) == 0;
}

ProvisionManifestEntry *provision_manifest_find(ProvisionManifest *self, const char *path)
{
    for (guint i = 0; i < self->entries->len; i++) {
        ProvisionManifestEntry *entry = self->entries->pdata[i];
        if (strcmp(entry->path, path) == 0)
            return entry;
    }
    return NULL;
}

ProvisionManifestAccount *provision_manifest_find_account(ProvisionManifest *self, const char *file,
                                                          const char *name)
{
    for (guint i = 0; i < self->accounts->len; i++) {
        ProvisionManifestAccount *account = self->accounts->pdata[i];
        if (strcmp(account->file, file) == 0 && strcmp(account->name, name) == 0)
            return account;
    }
    return NULL;
}

static bool write_private(ProvisionManifest *self, const char *path, GBytes *bytes, GError **error)
{
    const ProvisionRootOwner owner = {0600, geteuid(), getegid()};
    size_t size = 0;
    const void *data = g_bytes_get_data(bytes, &size);
    return provision_root_write(self->root, path, data, size, &owner,
                                PROVISION_ROOT_UNWATCHED | PROVISION_ROOT_SYNC, NULL, error);
}

/* The copy has the name of its content: it is made once. */
static bool keep_original(ProvisionManifest *self, int dfd, const char *name, ProvisionTrace *trace,
                          GError **error)
{
    if (trace->kind != PROVISION_TRACE_FILE || trace->digest == NULL)
        return true;
    g_autofree char *path = g_build_filename(ORIGINALS, trace->digest, NULL);
    g_autoptr(GBytes) bytes = base_fd_read_file(dfd, name, PROVISION_ROOT_MAX_READ_BYTES, error);
    if (bytes == NULL || !write_private(self, path, bytes, error))
        return false;
    trace->original = g_strdup(trace->digest);
    return true;
}

static bool append_log(ProvisionManifest *self, const ProvisionManifestEntry *entry, bool sync,
                       GError **error)
{
    g_autofree char *name = NULL;
    if (self->log < 0) {
        base_autofd dfd = provision_root_open_parent(
            self->root, PROVISION_MANIFEST_LOG, PROVISION_ROOT_UNWATCHED, true, &name, NULL, error);
        if (dfd < 0)
            return false;
        self->log = openat(dfd, name, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (self->log < 0)
            return base_error_set_errno(error, errno, "opening ‘" PROVISION_MANIFEST_LOG "’");
    }
    g_autofree char *text = provision_manifest_print_entry(entry);
    g_autofree char *line = g_strdup_printf("%s\n", text);
    if (!base_fd_write_all(self->log, line, strlen(line), error))
        return false;
    if (sync && fdatasync(self->log) < 0)
        return base_error_set_errno(error, errno, "syncing ‘" PROVISION_MANIFEST_LOG "’");
    return true;
}

static bool before(void *data, const char *path, int dfd, const char *name, GError **error)
{
    ProvisionManifest *self = data;
    ProvisionManifestEntry *entry = provision_manifest_find(self, path);
    if (entry != NULL)
        return true;
    entry = g_new0(ProvisionManifestEntry, 1);
    entry->path = g_strdup(path);
    entry->generation = self->generation;
    entry->before = provision_trace_take(dfd, name);
    g_ptr_array_add(self->entries, entry);
    return keep_original(self, dfd, name, &entry->before, error) &&
           append_log(self, entry, entry->before.kind != PROVISION_TRACE_NONE, error);
}

static bool after(void *data, const char *path, int dfd, const char *name, GError **error)
{
    ProvisionManifest *self = data;
    ProvisionManifestEntry *entry = provision_manifest_find(self, path);
    if (entry == NULL)
        return true;
    entry->generation = self->generation;
    provision_trace_clear(&entry->after);
    entry->after = provision_trace_take(dfd, name);
    return append_log(self, entry, false, error);
}

static void same(void *data, const char *path)
{
    ProvisionManifest *self = data;
    ProvisionManifestEntry *entry = provision_manifest_find(self, path);
    if (entry != NULL)
        entry->generation = self->generation;
}

ProvisionRootWatch provision_manifest_watch(ProvisionManifest *self)
{
    return (ProvisionRootWatch){before, after, same, self};
}

static char *kept_path(const char *file)
{
    return g_strdup_printf(ORIGINALS "/etc-%s", file);
}

bool provision_manifest_keep_accounts(ProvisionManifest *self, GError **error)
{
    struct stat st = {0};
    for (const char *const *file = account_files; *file != NULL; file++) {
        g_autofree char *kept = kept_path(*file);
        g_autofree char *path = g_strdup_printf("/etc/%s", *file);
        if (provision_root_stat(self->root, kept, PROVISION_ROOT_DEFAULT, &st))
            continue;
        g_autoptr(GBytes) bytes = provision_root_read(self->root, path, NULL);
        if (bytes != NULL && !write_private(self, kept, bytes, error))
            return false;
    }
    return true;
}

bool provision_manifest_drop_accounts(ProvisionManifest *self, GError **error)
{
    for (const char *const *file = account_files; *file != NULL; file++) {
        g_autofree char *kept = kept_path(*file);
        if (!provision_root_remove(self->root, kept, PROVISION_ROOT_UNWATCHED, NULL, error))
            return false;
    }
    return true;
}

/* The line of @name in one of the files of accounts. */
static char *find_line(char **lines, const char *name)
{
    size_t size = strlen(name);
    for (char **line = lines; *line != NULL; line++)
        if (strncmp(*line, name, size) == 0 && (*line)[size] == ':')
            return g_strdup(*line);
    return NULL;
}

static void note_account(ProvisionManifest *self, const char *file, const char *name, char **before,
                         char **now)
{
    g_autofree char *was = find_line(before, name);
    g_autofree char *is = find_line(now, name);
    ProvisionManifestAccount *account = provision_manifest_find_account(self, file, name);
    if (account == NULL && g_strcmp0(was, is) == 0)
        return;
    if (account == NULL) {
        account = g_new0(ProvisionManifestAccount, 1);
        account->file = g_strdup(file);
        account->name = g_strdup(name);
        account->before = g_steal_pointer(&was);
        g_ptr_array_add(self->accounts, account);
    }
    account->generation = self->generation;
    g_free(account->after);
    account->after = is != NULL ? g_compute_checksum_for_string(G_CHECKSUM_SHA256, is, -1) : NULL;
}

void provision_manifest_note_accounts(ProvisionManifest *self, GPtrArray *names)
{
    for (const char *const *file = account_files; *file != NULL; file++) {
        g_autofree char *kept = kept_path(*file);
        g_autofree char *path = g_strdup_printf("/etc/%s", *file);
        g_autofree char *was = provision_root_read_text(self->root, kept);
        g_autofree char *is = provision_root_read_text(self->root, path);
        g_auto(GStrv) before = g_strsplit(was != NULL ? was : "", "\n", -1);
        g_auto(GStrv) now = g_strsplit(is != NULL ? is : "", "\n", -1);
        for (guint i = 0; i < names->len; i++)
            note_account(self, *file, names->pdata[i], before, now);
    }
}
