/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files, directories and links of the plan. cloud-config writes through a link that root made, and
 * always overwrites; Ignition replaces the link, and overwrites when it is told to.
 */
#include "provision/apply/apply.h"

#include "base/error.h"
#include "provision/error.h"

#include <string.h>
#include <unistd.h>

static bool is_cloud(const ProvisionNode *node)
{
    return node->at.key == NULL || g_str_has_prefix(node->at.key, "write_files") ||
           g_str_has_prefix(node->at.key, "write-files");
}

static bool user_is_planned(const ProvisionPlan *plan, const char *name)
{
    for (guint i = 0; i < plan->users->len; i++) {
        const ProvisionUser *user = plan->users->pdata[i];
        if (user->name != NULL && strcmp(user->name, name) == 0)
            return true;
    }
    return false;
}

static bool group_is_planned(const ProvisionPlan *plan, const char *name)
{
    for (guint i = 0; i < plan->groups->len; i++) {
        const ProvisionGroup *group = plan->groups->pdata[i];
        if (strcmp(group->name, name) == 0)
            return true;
    }
    return user_is_planned(plan, name);
}

/* Whether the owner is somebody whom the plan makes later. */
static bool waits_for_owner(ProvisionApply *self, const ProvisionNode *node,
                            ProvisionAccounts *accounts)
{
    gid_t gid = 0;
    if (node->user != NULL && !provision_accounts_find_user(accounts, node->user, NULL) &&
        user_is_planned(self->plan, node->user))
        return true;
    return node->group != NULL && !provision_accounts_find_group(accounts, node->group, &gid) &&
           group_is_planned(self->plan, node->group);
}

static bool find_owner(const ProvisionNode *node, ProvisionAccounts *accounts,
                       ProvisionRootOwner *owner, GError **error)
{
    g_auto(ProvisionAccount) account = {0};
    gid_t gid = 0;
    if (node->uid >= 0)
        owner->uid = (uid_t)node->uid;
    if (node->gid >= 0)
        owner->gid = (gid_t)node->gid;
    if (node->user != NULL) {
        if (!provision_accounts_find_user(accounts, node->user, &account))
            return base_error_set(error, BASE_ERROR_NOT_FOUND, "no user ‘%s’ exists", node->user);
        owner->uid = account.uid;
    }
    if (node->group != NULL) {
        if (!provision_accounts_find_group(accounts, node->group, &gid))
            return base_error_set(error, BASE_ERROR_NOT_FOUND, "no group ‘%s’ exists", node->group);
        owner->gid = gid;
    }
    return true;
}

static GBytes *get_contents(ProvisionApply *self, const ProvisionContents *contents, GError **error)
{
    if (self->contents != NULL)
        return self->contents(self->contents_data, contents, self->cancellable, error);
    if (contents->inline_bytes != NULL && contents->compression == NULL &&
        contents->verification == NULL)
        return g_bytes_ref(contents->inline_bytes);
    g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_FAILED,
                "contents from a URL cannot be had in this stage");
    return NULL;
}

static bool ends_with(const GByteArray *whole, const void *tail, size_t size)
{
    return size > 0 && whole->len >= size &&
           memcmp(whole->data + whole->len - size, tail, size) == 0;
}

/* What the file is to have: NULL when it is to stay as it is. */
static bool build(ProvisionApply *self, const ProvisionNode *node, GByteArray **out_data,
                  GError **error)
{
    bool appends = node->appends != NULL && node->appends->len > 0;
    ProvisionRootFlags flags = is_cloud(node) ? PROVISION_ROOT_FOLLOW : PROVISION_ROOT_DEFAULT;
    struct stat st = {0};
    bool exists = provision_root_stat(self->root, node->path, flags, &st);
    g_autoptr(GByteArray) data = g_byte_array_new();
    size_t size = 0;
    if (node->contents != NULL) {
        g_autoptr(GBytes) bytes = get_contents(self, node->contents, error);
        const void *start = bytes != NULL ? g_bytes_get_data(bytes, &size) : NULL;
        if (bytes == NULL)
            return false;
        g_byte_array_append(data, start != NULL ? start : "", (guint)size);
    } else if (exists && S_ISREG(st.st_mode)) {
        g_autoptr(GBytes) bytes = provision_root_read(self->root, node->path, error);
        const void *start = bytes != NULL ? g_bytes_get_data(bytes, &size) : NULL;
        if (bytes == NULL)
            return false;
        g_byte_array_append(data, start != NULL ? start : "", (guint)size);
    }
    for (guint i = 0; appends && i < node->appends->len; i++) {
        g_autoptr(GBytes) bytes = get_contents(self, node->appends->pdata[i], error);
        const void *start = bytes != NULL ? g_bytes_get_data(bytes, &size) : NULL;
        if (bytes == NULL)
            return false;
        /* a run that was cut short, or one that is asked for again, finds what it appended */
        if ((self->resumed || self->again) && ends_with(data, start, size))
            continue;
        g_byte_array_append(data, start != NULL ? start : "", (guint)size);
    }
    *out_data = g_steal_pointer(&data);
    return true;
}

static bool make_file(ProvisionApply *self, const ProvisionNode *node,
                      const ProvisionRootOwner *owner, bool *out_changed, GError **error)
{
    ProvisionRootFlags flags = is_cloud(node) ? PROVISION_ROOT_FOLLOW : PROVISION_ROOT_DEFAULT;
    bool keeps = node->contents == NULL;
    g_autoptr(GByteArray) data = NULL;
    struct stat st = {0};
    if (!node->overwrite && !keeps && !is_cloud(node))
        flags |= PROVISION_ROOT_NEW_ONLY;
    if (keeps && node->mode < 0 && provision_root_stat(self->root, node->path, flags, &st))
        flags |= PROVISION_ROOT_KEEP;
    return build(self, node, &data, error) &&
           provision_root_write(self->root, node->path, data->data, data->len, owner, flags,
                                out_changed, error);
}

static bool make_link(ProvisionApply *self, const ProvisionNode *node,
                      const ProvisionRootOwner *owner, bool *out_changed, GError **error)
{
    ProvisionRootFlags flags = node->overwrite ? PROVISION_ROOT_DEFAULT : PROVISION_ROOT_NEW_ONLY;
    if (node->overwrite) {
        struct stat st = {0};
        if (provision_root_stat(self->root, node->path, PROVISION_ROOT_DEFAULT, &st) &&
            S_ISDIR(st.st_mode) &&
            !provision_root_remove(self->root, node->path, PROVISION_ROOT_DEFAULT, NULL, error))
            return false;
    }
    if (node->hard)
        return provision_root_hard_link(self->root, node->path, node->target, out_changed, error);
    return provision_root_link(self->root, node->path, node->target, owner->uid, owner->gid, flags,
                               out_changed, error);
}

static bool make_directory(ProvisionApply *self, const ProvisionNode *node,
                           const ProvisionRootOwner *owner, bool *out_changed, GError **error)
{
    struct stat st = {0};
    ProvisionRootFlags flags = node->mode < 0 && node->uid < 0 && node->user == NULL
                                   ? PROVISION_ROOT_KEEP
                                   : PROVISION_ROOT_DEFAULT;
    /* Ignition: what is there is emptied first, unless it is a directory that is there already
     * because this was done before */
    if (node->overwrite && !self->resumed && !is_cloud(node) &&
        provision_root_stat(self->root, node->path, PROVISION_ROOT_DEFAULT, &st) &&
        !provision_root_remove(self->root, node->path, PROVISION_ROOT_DEFAULT, NULL, error))
        return false;
    return provision_root_make_dir(self->root, node->path, owner, flags, out_changed, error);
}

bool provision_apply_node(ProvisionApply *self, const ProvisionNode *node,
                          ProvisionAccounts *accounts, bool *out_changed, GError **error)
{
    ProvisionRootOwner owner = {node->kind == PROVISION_DIRECTORY ? 0755 : 0644, geteuid(),
                                getegid()};
    g_autoptr(GError) ownerless = NULL;
    if (node->mode >= 0)
        owner.mode = (mode_t)node->mode & 07777;
    if (!find_owner(node, accounts, &owner, &ownerless) && !is_cloud(node)) {
        g_propagate_error(error, g_steal_pointer(&ownerless));
        return false;
    }
    bool good = false;
    switch (node->kind) {
    case PROVISION_FILE:
        good = make_file(self, node, &owner, out_changed, error);
        break;
    case PROVISION_DIRECTORY:
        good = make_directory(self, node, &owner, out_changed, error);
        break;
    case PROVISION_LINK:
        good = make_link(self, node, &owner, out_changed, error);
        break;
    }
    if (good && ownerless != NULL) {
        g_propagate_prefixed_error(error, g_steal_pointer(&ownerless),
                                   "‘%s’ is written, and is root's: ", node->path);
        return false;
    }
    return good;
}

static bool apply_nodes(ProvisionApply *self, bool deferred, GError **error)
{
    g_autoptr(ProvisionAccounts) accounts = provision_accounts_open(self->root, error);
    if (accounts == NULL)
        return false;
    for (guint i = 0; i < self->plan->nodes->len; i++) {
        const ProvisionNode *node = self->plan->nodes->pdata[i];
        g_autoptr(GError) local = NULL;
        bool changed = false;
        bool later = node->defer;
        if (!deferred && !later && waits_for_owner(self, node, accounts))
            continue;
        /* in the deferred round a node that had waited for its owner is one that is not so yet */
        if (deferred && !later &&
            ((node->user == NULL || !user_is_planned(self->plan, node->user)) &&
             (node->group == NULL || !group_is_planned(self->plan, node->group))))
            continue;
        if (!deferred && later)
            continue;
        bool good = provision_apply_node(self, node, accounts, &changed, &local);
        if (base_error_is_no_space(local)) {
            g_propagate_error(error, g_steal_pointer(&local));
            return false;
        }
        provision_apply_outcome(self, &node->at, good, changed, g_steal_pointer(&local));
    }
    return true;
}

bool provision_apply_files(ProvisionApply *self, GError **error)
{
    return apply_nodes(self, false, error);
}

bool provision_apply_files_deferred(ProvisionApply *self, GError **error)
{
    return apply_nodes(self, true, error);
}
