/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Putting back what was there before, and forgetting an instance.
 */
#include "provision/state/undo.h"

#include "base/error.h"
#include "base/fd.h"
#include "provision/apply/accounts.h"
#include "provision/state/manifest-private.h"

#include <string.h>
#include <unistd.h>

typedef struct {
    ProvisionManifest *manifest;
    ProvisionUndoFlags flags;
    void (*tell)(void *data, const char *what, const char *outcome);
    void *data;
} Undo;

static void tell(const Undo *self, const char *what, const char *outcome)
{
    if (self->tell != NULL)
        self->tell(self->data, what, outcome);
}

static ProvisionTrace trace_now(ProvisionRoot *root, const char *path)
{
    g_autofree char *name = NULL;
    base_autofd dfd =
        provision_root_open_parent(root, path, PROVISION_ROOT_DEFAULT, false, &name, NULL, NULL);
    return dfd >= 0 ? provision_trace_take(dfd, name) : (ProvisionTrace){0};
}

static bool restore_file(ProvisionRoot *root, const ProvisionManifestEntry *entry, GError **error)
{
    const ProvisionTrace *was = &entry->before;
    const ProvisionRootOwner owner = {was->mode, was->uid, was->gid};
    if (was->original == NULL)
        return base_error_set(error, BASE_ERROR_NOT_FOUND, "no copy of ‘%s’ was kept", entry->path);
    g_autofree char *path = g_build_filename(PROVISION_STATE_DIR "/originals", was->original, NULL);
    g_autoptr(GBytes) bytes = provision_root_read(root, path, error);
    if (bytes == NULL)
        return false;
    size_t size = 0;
    const void *data = g_bytes_get_data(bytes, &size);
    return provision_root_write(root, entry->path, data, size, &owner, PROVISION_ROOT_UNWATCHED,
                                NULL, error);
}

static bool restore(ProvisionRoot *root, const ProvisionManifestEntry *entry, GError **error)
{
    const ProvisionTrace *was = &entry->before;
    const ProvisionRootOwner owner = {was->mode, was->uid, was->gid};
    switch (was->kind) {
    case PROVISION_TRACE_FILE:
        return restore_file(root, entry, error);
    case PROVISION_TRACE_DIRECTORY:
        return provision_root_make_dir(root, entry->path, &owner, PROVISION_ROOT_UNWATCHED, NULL,
                                       error);
    case PROVISION_TRACE_LINK:
        return provision_root_link(root, entry->path, was->target, was->uid, was->gid,
                                   PROVISION_ROOT_UNWATCHED, NULL, error);
    case PROVISION_TRACE_NONE:
    case PROVISION_TRACE_OTHER:
        break;
    }
    return true;
}

/* A directory goes when it is empty: what others put into it is theirs. */
static bool remove_made(ProvisionRoot *root, const ProvisionManifestEntry *entry, bool *out_removed,
                        GError **error)
{
    *out_removed = true;
    if (entry->after.kind != PROVISION_TRACE_DIRECTORY)
        return provision_root_remove(root, entry->path, PROVISION_ROOT_UNWATCHED, NULL, error);
    g_autoptr(GPtrArray) inside = provision_root_list(root, entry->path);
    *out_removed = inside->len == 0;
    return inside->len > 0 ||
           provision_root_remove(root, entry->path, PROVISION_ROOT_UNWATCHED, NULL, error);
}

static bool undo_entry(const Undo *self, const ProvisionManifestEntry *entry, bool *out_done,
                       GError **error)
{
    ProvisionRoot *root = self->manifest->root;
    ProvisionTrace now = trace_now(root, entry->path);
    bool same = provision_trace_equal(&now, &entry->after);
    bool back = provision_trace_equal(&now, &entry->before);
    provision_trace_clear(&now);
    bool removed = true;
    *out_done = true;
    if (back)
        return true;
    if (!same && (self->flags & PROVISION_UNDO_FORCE) == 0) {
        tell(self, entry->path, "kept: changed since");
        *out_done = false;
        return true;
    }
    if ((self->flags & PROVISION_UNDO_DRY_RUN) == 0 &&
        !(entry->before.kind == PROVISION_TRACE_NONE ? remove_made(root, entry, &removed, error)
                                                     : restore(root, entry, error)))
        return false;
    *out_done = removed;
    tell(self, entry->path,
         !removed                                     ? "kept: not empty"
         : entry->before.kind == PROVISION_TRACE_NONE ? "removed"
                                                      : "restored");
    return true;
}

static bool undo_account(const Undo *self, ProvisionAccounts *accounts,
                         const ProvisionManifestAccount *account, bool *out_done)
{
    static const char *const files[PROVISION_ACCOUNTS_FILES] = {
        [PROVISION_ACCOUNTS_SUBUID] = "subuid",   [PROVISION_ACCOUNTS_SUBGID] = "subgid",
        [PROVISION_ACCOUNTS_GSHADOW] = "gshadow", [PROVISION_ACCOUNTS_GROUP] = "group",
        [PROVISION_ACCOUNTS_SHADOW] = "shadow",   [PROVISION_ACCOUNTS_PASSWD] = "passwd",
    };
    g_autofree char *what = g_strdup_printf("/etc/%s: %s", account->file, account->name);
    for (unsigned i = 0; i < PROVISION_ACCOUNTS_FILES; i++) {
        if (strcmp(files[i], account->file) != 0)
            continue;
        g_autofree char *now = provision_accounts_line(accounts, i, account->name);
        g_autofree char *digest =
            now != NULL ? g_compute_checksum_for_string(G_CHECKSUM_SHA256, now, -1) : NULL;
        *out_done = g_strcmp0(now, account->before) == 0;
        if (*out_done)
            return true;
        if (g_strcmp0(digest, account->after) != 0 && (self->flags & PROVISION_UNDO_FORCE) == 0) {
            tell(self, what, "kept: changed since");
            return true;
        }
        provision_accounts_set_line(accounts, i, account->name, account->before);
        tell(self, what, account->before == NULL ? "removed" : "restored");
        *out_done = true;
    }
    return true;
}

static bool undo_accounts(const Undo *self, int64_t older_than, GError **error)
{
    GPtrArray *list = self->manifest->accounts;
    if (list->len == 0)
        return true;
    g_autoptr(ProvisionAccounts) accounts = provision_accounts_open(self->manifest->root, error);
    if (accounts == NULL)
        return false;
    for (guint i = list->len; i > 0; i--) {
        const ProvisionManifestAccount *account = list->pdata[i - 1];
        bool done = false;
        if (older_than >= 0 && account->generation >= older_than)
            continue;
        if (!undo_account(self, accounts, account, &done))
            return false;
        if (done && (self->flags & PROVISION_UNDO_DRY_RUN) == 0)
            g_ptr_array_remove_index(list, i - 1);
    }
    return (self->flags & PROVISION_UNDO_DRY_RUN) != 0 || provision_accounts_save(accounts, error);
}

bool provision_undo(ProvisionManifest *manifest, int64_t older_than, ProvisionUndoFlags flags,
                    void (*tell_path)(void *data, const char *what, const char *outcome),
                    void *data, GError **error)
{
    const Undo undo = {manifest, flags, tell_path, data};
    bool dry = (flags & PROVISION_UNDO_DRY_RUN) != 0;
    /* the last that was made goes first: a file before its directory */
    for (guint i = manifest->entries->len; i > 0; i--) {
        const ProvisionManifestEntry *entry = manifest->entries->pdata[i - 1];
        bool done = false;
        if (older_than >= 0 && entry->generation >= older_than)
            continue;
        if (!undo_entry(&undo, entry, &done, error))
            return false;
        if (done && !dry)
            g_ptr_array_remove_index(manifest->entries, i - 1);
    }
    return undo_accounts(&undo, older_than, error) &&
           (dry || provision_manifest_save(manifest, error));
}

static bool remove_all(ProvisionRoot *root, const char *const *paths, GError **error)
{
    for (; *paths != NULL; paths++)
        if (!provision_root_remove(root, *paths, PROVISION_ROOT_UNWATCHED, NULL, error))
            return false;
    return true;
}

bool provision_clean(ProvisionRoot *root, ProvisionCleanFlags flags, GError **error)
{
    static const char *const logs[] = {"/var/log/cloud-init.log", "/var/log/cloud-init-output.log",
                                       NULL};
    static const char *const state[] = {
        PROVISION_STATE_DIR "/settled", PROVISION_STATE_DIR "/facts",
        PROVISION_STATE_DIR "/run",     "/run/cloud-init",
        "/run/atoll/provision",         NULL};
    g_autoptr(GPtrArray) names = provision_root_list(root, "/var/lib/cloud");
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename("/var/lib/cloud", names->pdata[i], NULL);
        bool seed = strcmp(names->pdata[i], "seed") == 0;
        if ((!seed || (flags & PROVISION_CLEAN_SEED) != 0) &&
            !provision_root_remove(root, path, PROVISION_ROOT_UNWATCHED, NULL, error))
            return false;
    }
    if (!remove_all(root, state, error) ||
        ((flags & PROVISION_CLEAN_LOGS) != 0 && !remove_all(root, logs, error)))
        return false;
    if ((flags & PROVISION_CLEAN_MACHINE_ID) == 0)
        return true;
    const ProvisionRootOwner owner = {0444, geteuid(), getegid()};
    static const char uninitialized[] = "uninitialized\n";
    return provision_root_write(root, "/etc/machine-id", uninitialized, strlen(uninitialized),
                                &owner, PROVISION_ROOT_UNWATCHED, NULL, error);
}
