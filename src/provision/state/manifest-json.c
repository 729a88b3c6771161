/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * manifest.json and manifest.log as text: atoll-provision(8) says where they are.
 */
#include "provision/state/manifest.h"

#include "base/error.h"
#include "base/fd.h"
#include "provision/state/manifest-private.h"
#include "provision/value.h"

#include <string.h>
#include <unistd.h>

static const ProvisionPlace nowhere = {.source = "manifest"};
static const char *const kinds[] = {"none", "file", "directory", "link", "other", NULL};

static void set_number(ProvisionValue *map, const char *name, int64_t number)
{
    ProvisionValue *value = provision_value_new(&nowhere, PROVISION_VALUE_INT);
    value->integer = number;
    value->text = g_strdup_printf("%" G_GINT64_FORMAT, number);
    provision_value_take_member(map, name, &nowhere, value);
}

static ProvisionValue *trace_value(const ProvisionTrace *trace)
{
    ProvisionValue *map = provision_value_new(&nowhere, PROVISION_VALUE_MAP);
    provision_value_set_string(map, "kind", kinds[trace->kind]);
    if (trace->kind == PROVISION_TRACE_NONE)
        return map;
    set_number(map, "mode", trace->mode);
    set_number(map, "uid", trace->uid);
    set_number(map, "gid", trace->gid);
    provision_value_set_string(map, "digest", trace->digest);
    provision_value_set_string(map, "target", trace->target);
    provision_value_set_string(map, "original", trace->original);
    return map;
}

static ProvisionValue *entry_value(const ProvisionManifestEntry *entry)
{
    ProvisionValue *map = provision_value_new(&nowhere, PROVISION_VALUE_MAP);
    provision_value_set_string(map, "path", entry->path);
    set_number(map, "generation", entry->generation);
    provision_value_take_member(map, "before", &nowhere, trace_value(&entry->before));
    provision_value_take_member(map, "after", &nowhere, trace_value(&entry->after));
    return map;
}

char *provision_manifest_print_entry(const ProvisionManifestEntry *entry)
{
    g_autoptr(ProvisionValue) value = entry_value(entry);
    return provision_value_print(value);
}

static ProvisionValue *account_value(const ProvisionManifestAccount *account)
{
    ProvisionValue *map = provision_value_new(&nowhere, PROVISION_VALUE_MAP);
    provision_value_set_string(map, "file", account->file);
    provision_value_set_string(map, "name", account->name);
    set_number(map, "generation", account->generation);
    provision_value_set_string(map, "before", account->before);
    provision_value_set_string(map, "after", account->after);
    return map;
}

bool provision_manifest_save(ProvisionManifest *self, GError **error)
{
    g_autoptr(ProvisionValue) map = provision_value_new(&nowhere, PROVISION_VALUE_MAP);
    ProvisionValue *entries = provision_value_new(&nowhere, PROVISION_VALUE_LIST);
    ProvisionValue *accounts = provision_value_new(&nowhere, PROVISION_VALUE_LIST);
    for (guint i = 0; i < self->entries->len; i++)
        provision_value_take_item(entries, entry_value(self->entries->pdata[i]));
    for (guint i = 0; i < self->accounts->len; i++)
        provision_value_take_item(accounts, account_value(self->accounts->pdata[i]));
    set_number(map, "version", 1);
    set_number(map, "generation", self->generation);
    provision_value_take_member(map, "paths", &nowhere, entries);
    provision_value_take_member(map, "accounts", &nowhere, accounts);
    g_autofree char *text = provision_value_print(map);
    const ProvisionRootOwner owner = {0600, geteuid(), getegid()};
    if (!provision_root_write(self->root, PROVISION_MANIFEST_FILE, text, strlen(text), &owner,
                              PROVISION_ROOT_UNWATCHED | PROVISION_ROOT_SYNC, NULL, error))
        return false;
    if (self->log >= 0)
        (void)close(self->log);
    self->log = -1;
    return provision_root_remove(self->root, PROVISION_MANIFEST_LOG, PROVISION_ROOT_UNWATCHED, NULL,
                                 error);
}

static char *get_text(const ProvisionValue *map, const char *name)
{
    const ProvisionValue *value = provision_value_find(map, name);
    return value != NULL && value->kind == PROVISION_VALUE_STRING ? g_strdup(value->text) : NULL;
}

static int64_t get_number(const ProvisionValue *map, const char *name)
{
    const ProvisionValue *value = provision_value_find(map, name);
    return value != NULL && value->kind == PROVISION_VALUE_INT ? value->integer : 0;
}

static ProvisionTrace get_trace(const ProvisionValue *map)
{
    ProvisionTrace trace = {0};
    g_autofree char *kind = map != NULL ? get_text(map, "kind") : NULL;
    for (unsigned i = 0; kind != NULL && kinds[i] != NULL; i++)
        if (strcmp(kinds[i], kind) == 0)
            trace.kind = (ProvisionTraceKind)i;
    if (trace.kind == PROVISION_TRACE_NONE)
        return trace;
    trace.mode = (unsigned)get_number(map, "mode") & 07777;
    trace.uid = (unsigned)get_number(map, "uid");
    trace.gid = (unsigned)get_number(map, "gid");
    trace.digest = get_text(map, "digest");
    trace.target = get_text(map, "target");
    trace.original = get_text(map, "original");
    /* it becomes part of a path */
    if (trace.original != NULL && strchr(trace.original, '/') != NULL)
        g_clear_pointer(&trace.original, g_free);
    return trace;
}

static bool take_entry(ProvisionManifest *self, const ProvisionValue *map, GError **error)
{
    g_autofree char *path = map->kind == PROVISION_VALUE_MAP ? get_text(map, "path") : NULL;
    if (path == NULL || path[0] != '/')
        return provision_value_set_error(&map->at, error, "an entry needs a path");
    ProvisionManifestEntry *entry = provision_manifest_find(self, path);
    if (entry == NULL) {
        entry = g_new0(ProvisionManifestEntry, 1);
        entry->path = g_steal_pointer(&path);
        entry->before = get_trace(provision_value_find(map, "before"));
        g_ptr_array_add(self->entries, entry);
    }
    provision_trace_clear(&entry->after);
    entry->after = get_trace(provision_value_find(map, "after"));
    entry->generation = get_number(map, "generation");
    return true;
}

static bool take_account(ProvisionManifest *self, const ProvisionValue *map, GError **error)
{
    static const char *const files[] = {"passwd", "group",  "shadow", "gshadow",
                                        "subuid", "subgid", NULL};
    g_autofree char *file = map->kind == PROVISION_VALUE_MAP ? get_text(map, "file") : NULL;
    g_autofree char *name = map->kind == PROVISION_VALUE_MAP ? get_text(map, "name") : NULL;
    if (file == NULL || name == NULL || name[0] == '\0' || strpbrk(name, ":\n") != NULL ||
        !g_strv_contains(files, file))
        return provision_value_set_error(&map->at, error, "an account needs a file and a name");
    ProvisionManifestAccount *account = g_new0(ProvisionManifestAccount, 1);
    account->file = g_steal_pointer(&file);
    account->name = g_steal_pointer(&name);
    account->generation = get_number(map, "generation");
    account->before = get_text(map, "before");
    account->after = get_text(map, "after");
    if (account->before != NULL && strchr(account->before, '\n') != NULL)
        g_clear_pointer(&account->before, g_free);
    g_ptr_array_add(self->accounts, account);
    return true;
}

bool provision_manifest_parse(ProvisionManifest *self, GBytes *bytes, GError **error)
{
    g_autoptr(ProvisionValue) map =
        provision_value_parse("manifest.json", bytes, PROVISION_VALUE_JSON, error);
    if (map == NULL)
        return false;
    if (map->kind != PROVISION_VALUE_MAP)
        return provision_value_set_error(&map->at, error, "a mapping is wanted");
    const ProvisionValue *entries = provision_value_find(map, "paths");
    const ProvisionValue *accounts = provision_value_find(map, "accounts");
    self->generation = get_number(map, "generation");
    for (guint i = 0; entries != NULL && entries->items != NULL && i < entries->items->len; i++)
        if (!take_entry(self, entries->items->pdata[i], error))
            return false;
    for (guint i = 0; accounts != NULL && accounts->items != NULL && i < accounts->items->len; i++)
        if (!take_account(self, accounts->items->pdata[i], error))
            return false;
    return true;
}

/* The last line may be cut short: what it was about was not done. */
static void replay_log(ProvisionManifest *self)
{
    g_autofree char *text = provision_root_read_text(self->root, PROVISION_MANIFEST_LOG);
    g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_autoptr(GBytes) bytes = g_bytes_new(*line, strlen(*line));
        g_autoptr(GError) ignored = NULL;
        if (**line == '\0')
            continue;
        g_autoptr(ProvisionValue) map =
            provision_value_parse("manifest.log", bytes, PROVISION_VALUE_JSON, &ignored);
        if (map == NULL || !take_entry(self, map, ignored == NULL ? &ignored : NULL))
            g_debug("%s", ignored != NULL ? ignored->message : "bad line");
    }
}

ProvisionManifest *provision_manifest_load(ProvisionRoot *root, GError **error)
{
    g_autoptr(ProvisionManifest) self = provision_manifest_new();
    g_autoptr(GError) local = NULL;
    self->root = root;
    g_autoptr(GBytes) bytes = provision_root_read(root, PROVISION_MANIFEST_FILE, &local);
    if (bytes == NULL && !g_error_matches(local, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return NULL;
    }
    if (bytes != NULL && !provision_manifest_parse(self, bytes, error))
        return NULL;
    replay_log(self);
    return g_steal_pointer(&self);
}
