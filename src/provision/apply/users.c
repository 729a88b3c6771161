/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Users and groups: what useradd, groupadd, chpasswd and passwd would do, written directly, so
 * that no tool of the root is needed; and homes out of /etc/skel.
 */
#include "provision/apply/apply.h"

#include "base/error.h"
#include "base/fd.h"
#include "provision/apply/sudo.h"
#include "provision/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SKEL_MAX_DEPTH 16

static uid_t as_owner(uid_t id)
{
    /* an ordinary user sets up a scratch root of its own */
    return geteuid() == 0 ? id : geteuid();
}

static gid_t as_group(gid_t id)
{
    return geteuid() == 0 ? id : getegid();
}

/* As userdel --remove: with the group of the same name, when nobody else is in it, and the home,
 * when it is the user's own. */
static bool remove_user(ProvisionApply *self, ProvisionAccounts *accounts, const char *name,
                        bool *out_changed, GError **error)
{
    g_auto(ProvisionAccount) account = {0};
    struct stat st = {0};
    if (!provision_accounts_find_user(accounts, name, &account))
        return true;
    *out_changed = true;
    provision_accounts_remove(accounts, PROVISION_ACCOUNTS_PASSWD, name);
    provision_accounts_remove(accounts, PROVISION_ACCOUNTS_SHADOW, name);
    provision_accounts_remove(accounts, PROVISION_ACCOUNTS_SUBUID, name);
    provision_accounts_remove(accounts, PROVISION_ACCOUNTS_SUBGID, name);
    provision_accounts_remove_member(accounts, name);
    g_autofree char *group = provision_accounts_line(accounts, PROVISION_ACCOUNTS_GROUP, name);
    if (group != NULL && g_str_has_suffix(group, ":")) {
        provision_accounts_remove(accounts, PROVISION_ACCOUNTS_GROUP, name);
        provision_accounts_remove(accounts, PROVISION_ACCOUNTS_GSHADOW, name);
    }
    if (account.home == NULL || account.home[0] != '/' || strcmp(account.home, "/") == 0 ||
        !provision_root_stat(self->root, account.home, PROVISION_ROOT_DEFAULT, &st) ||
        !S_ISDIR(st.st_mode) || st.st_uid != account.uid || account.uid == 0)
        return true;
    return provision_root_remove(self->root, account.home, PROVISION_ROOT_DEFAULT, NULL, error);
}

static void make_group(ProvisionApply *self, ProvisionAccounts *accounts,
                       const ProvisionGroup *group)
{
    g_autoptr(GError) local = NULL;
    bool good = provision_accounts_check_name(group->name, &local);
    bool exists = good && provision_accounts_find_group(accounts, group->name, NULL);
    bool changed = exists != group->should_exist;
    if (good && !group->should_exist) {
        provision_accounts_remove(accounts, PROVISION_ACCOUNTS_GROUP, group->name);
        provision_accounts_remove(accounts, PROVISION_ACCOUNTS_GSHADOW, group->name);
    } else if (good && !exists) {
        good = provision_accounts_add_group(accounts, group->name, group->gid, -1, group->system,
                                            &local);
    }
    if (good && group->should_exist && group->password_hash != NULL &&
        provision_accounts_check_field("the password's hash", group->password_hash, &local))
        (void)provision_accounts_set_field(accounts, PROVISION_ACCOUNTS_GSHADOW, group->name, 1,
                                           group->password_hash);
    provision_apply_outcome(self, &group->at, good && local == NULL, changed,
                            g_steal_pointer(&local));
}

static void add_group_members(ProvisionApply *self, ProvisionAccounts *accounts,
                              const ProvisionGroup *group)
{
    for (char **member = group->members; member != NULL && *member != NULL; member++) {
        g_autoptr(GError) local = NULL;
        if (!provision_accounts_find_user(accounts, *member, NULL))
            g_set_error(&local, PROVISION_ERROR, PROVISION_ERROR_FAILED,
                        "no user ‘%s’ exists to be in the group", *member);
        if (local != NULL || !provision_accounts_add_member(accounts, group->name, *member, &local))
            provision_report_add(self->report, &group->at, PROVISION_FAILED, "%s", local->message);
    }
}

static bool find_or_make_group(ProvisionAccounts *accounts, const ProvisionUser *user,
                               const char *name, gid_t *out_gid, GError **error)
{
    if (provision_accounts_find_group(accounts, name, out_gid))
        return true;
    if (!user->make_groups) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_FAILED, "no group ‘%s’ exists", name);
        return false;
    }
    return provision_accounts_add_group(accounts, name, -1, -1, false, error) &&
           provision_accounts_find_group(accounts, name, out_gid);
}

static bool add_user(ProvisionAccounts *accounts, const ProvisionUser *user, GError **error)
{
    gid_t gid = 100;
    bool own_group = user->primary_group == NULL && !user->no_user_group;
    if (!provision_accounts_check_name(user->name, error))
        return false;
    for (char **group = user->groups; group != NULL && *group != NULL; group++) {
        gid_t ignored = 0;
        if (!find_or_make_group(accounts, user, *group, &ignored, error))
            return false;
    }
    if (user->primary_group != NULL &&
        !find_or_make_group(accounts, user, user->primary_group, &gid, error))
        return false;
    const char *by_default = provision_accounts_setting(accounts, "GROUP");
    if (!own_group && user->primary_group == NULL && by_default != NULL)
        (void)provision_accounts_find_group(accounts, by_default, &gid);
    g_autofree char *home = g_strdup_printf("/home/%s", user->name);
    const char *shell = provision_accounts_setting(accounts, "SHELL");
    const ProvisionAccountsNew entry = {
        .name = user->name,
        .uid = user->uid,
        .gid = gid,
        .own_group = own_group,
        .gecos = user->gecos,
        .home = user->home != NULL ? user->home : home,
        .shell = user->shell != NULL ? user->shell
                 : shell != NULL     ? shell
                                     : "/bin/sh",
        .password = user->password_hash != NULL ? user->password_hash
                    : user->from_ignition       ? "*"
                                                : "!",
        .expire_date = user->expire_date,
        .inactive_days = user->inactive_days,
        .system = user->system,
    };
    if (!provision_accounts_add_user(accounts, &entry, error))
        return false;
    for (char **group = user->groups; group != NULL && *group != NULL; group++)
        if (!provision_accounts_add_member(accounts, *group, user->name, error))
            return false;
    return true;
}

/* Ignition also changes users that exist. */
static bool change_user(ProvisionAccounts *accounts, const ProvisionUser *user, GError **error)
{
    gid_t gid = 0;
    if (user->uid >= 0) {
        ProvisionAccount there = {0};
        (void)provision_accounts_find_user(accounts, user->name, &there);
        uid_t uid = there.uid;
        provision_account_clear(&there);
        if (uid != (uid_t)user->uid) {
            g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_FAILED,
                        "‘%s’ exists with the id %u, not %" G_GINT64_FORMAT, user->name, uid,
                        user->uid);
            return false;
        }
    }
    const char *const fields[] = {[4] = user->gecos, [5] = user->home, [6] = user->shell};
    for (unsigned i = 4; i < G_N_ELEMENTS(fields); i++)
        if (fields[i] != NULL &&
            (!provision_accounts_check_field("a field of passwd", fields[i], error) ||
             !provision_accounts_set_field(accounts, PROVISION_ACCOUNTS_PASSWD, user->name, i,
                                           fields[i])))
            return false;
    if (user->primary_group != NULL) {
        if (!find_or_make_group(accounts, user, user->primary_group, &gid, error))
            return false;
        g_autofree char *number = g_strdup_printf("%u", gid);
        (void)provision_accounts_set_field(accounts, PROVISION_ACCOUNTS_PASSWD, user->name, 3,
                                           number);
    }
    for (char **group = user->groups; group != NULL && *group != NULL; group++)
        if (!find_or_make_group(accounts, user, *group, &gid, error) ||
            !provision_accounts_add_member(accounts, *group, user->name, error))
            return false;
    return true;
}

static bool set_password(ProvisionApply *self, ProvisionAccounts *accounts,
                         const ProvisionUser *user, bool is_new, GError **error)
{
    g_autofree char *hash = g_strdup(user->password_hash);
    if (user->password_plain != NULL && user->password_plain[0] != '\0') {
        g_free(hash);
        hash = provision_apply_hash(self, user->password_plain, error);
        if (hash == NULL)
            return false;
    }
    if (!provision_accounts_check_field("the password's hash", hash, error))
        return false;
    if (hash != NULL && (is_new || !user->only_if_new || user->password_plain != NULL)) {
        g_autofree char *today = g_strdup_printf("%" G_GINT64_FORMAT, provision_accounts_today());
        if (!provision_accounts_set_field(accounts, PROVISION_ACCOUNTS_SHADOW, user->name, 1, hash))
            return base_error_set(error, BASE_ERROR_FAILED, "‘%s’ is not in /etc/shadow",
                                  user->name);
        (void)provision_accounts_set_field(accounts, PROVISION_ACCOUNTS_SHADOW, user->name, 2,
                                           today);
    }
    /* cloud-config locks unless it is told not to; Ignition does not know of locks */
    if (user->lock_password == PROVISION_NO ||
        (user->lock_password == PROVISION_UNSET && user->from_ignition))
        return true;
    g_autofree char *line =
        provision_accounts_line(accounts, PROVISION_ACCOUNTS_SHADOW, user->name);
    g_auto(GStrv) fields = g_strsplit(line != NULL ? line : "", ":", -1);
    const char *password = line != NULL && fields[1] != NULL ? fields[1] : "!";
    g_autofree char *locked = g_strdup_printf("!%s", password);
    if (password[0] != '!')
        (void)provision_accounts_set_field(accounts, PROVISION_ACCOUNTS_SHADOW, user->name, 1,
                                           locked);
    return true;
}

static bool copy_skel(ProvisionApply *self, const char *from, const char *to,
                      const ProvisionAccount *account, unsigned depth, GError **error)
{
    g_autoptr(GPtrArray) names = provision_root_list(self->root, from);
    uid_t uid = as_owner(account->uid);
    gid_t gid = as_group(account->gid);
    for (guint i = 0; i < names->len && depth < SKEL_MAX_DEPTH; i++) {
        g_autofree char *source = g_build_filename(from, names->pdata[i], NULL);
        g_autofree char *target = g_build_filename(to, names->pdata[i], NULL);
        struct stat st = {0};
        struct stat there = {0};
        if (!provision_root_stat(self->root, source, PROVISION_ROOT_DEFAULT, &st))
            continue;
        bool exists = provision_root_stat(self->root, target, PROVISION_ROOT_DEFAULT, &there);
        const ProvisionRootOwner owner = {st.st_mode & 07777, uid, gid};
        if (S_ISDIR(st.st_mode)) {
            if (!provision_root_make_dir(self->root, target, &owner, PROVISION_ROOT_DEFAULT, NULL,
                                         error) ||
                !copy_skel(self, source, target, account, depth + 1, error))
                return false;
        } else if (!exists && S_ISREG(st.st_mode)) {
            g_autoptr(GBytes) bytes = provision_root_read(self->root, source, error);
            size_t size_bytes = 0;
            const void *data = bytes != NULL ? g_bytes_get_data(bytes, &size_bytes) : NULL;
            if (bytes == NULL || !provision_root_write(self->root, target, data, size_bytes, &owner,
                                                       PROVISION_ROOT_DEFAULT, NULL, error))
                return false;
        }
    }
    return true;
}

static bool make_home(ProvisionApply *self, ProvisionAccounts *accounts, const char *name,
                      GError **error)
{
    g_auto(ProvisionAccount) account = {0};
    if (!provision_accounts_find_user(accounts, name, &account) || account.home == NULL ||
        account.home[0] != '/' || strcmp(account.home, "/") == 0 ||
        strcmp(account.home, "/nonexistent") == 0)
        return true;
    struct stat st = {0};
    bool exists = provision_root_stat(self->root, account.home, PROVISION_ROOT_FOLLOW, &st);
    if (exists && !self->resumed)
        return true;
    const char *umask_text = provision_accounts_setting(accounts, "UMASK");
    const char *mode_text = provision_accounts_setting(accounts, "HOME_MODE");
    unsigned long mode = mode_text != NULL
                             ? strtoul(mode_text, NULL, 8)
                             : 0777 & ~(umask_text != NULL ? strtoul(umask_text, NULL, 8) : 022UL);
    const ProvisionRootOwner owner = {(mode_t)mode & 07777, as_owner(account.uid),
                                      as_group(account.gid)};
    return provision_root_make_dir(self->root, account.home, &owner, PROVISION_ROOT_DEFAULT, NULL,
                                   error) &&
           copy_skel(self, "/etc/skel", account.home, &account, 0, error);
}

static bool make_user(ProvisionApply *self, ProvisionAccounts *accounts, const ProvisionUser *user,
                      bool *out_changed, GError **error)
{
    if (!provision_accounts_check_name(user->name, error))
        return false;
    bool exists = provision_accounts_find_user(accounts, user->name, NULL);
    if (!user->should_exist)
        return remove_user(self, accounts, user->name, out_changed, error);
    *out_changed = !exists;
    bool is_ignition = user->from_ignition;
    if ((!exists && !add_user(accounts, user, error)) ||
        (exists && is_ignition && !change_user(accounts, user, error)) ||
        !set_password(self, accounts, user, !exists || self->resumed, error) ||
        !provision_accounts_save(accounts, error))
        return false;
    if ((!exists || self->resumed) && !user->no_create_home && (is_ignition || !user->system) &&
        !make_home(self, accounts, user->name, error))
        return false;
    if (!provision_apply_sudo(self, user, error))
        return false;
    return user->ssh_keys == NULL ||
           provision_apply_user_keys(self, accounts, user->name,
                                     (const char *const *)user->ssh_keys, NULL,
                                     user->ssh_keys_dropin, NULL, error);
}

static bool redirect(ProvisionApply *self, ProvisionAccounts *accounts, const ProvisionUser *user,
                     const ProvisionUser *default_user, GError **error)
{
    GPtrArray *keys = self->instance != NULL ? self->instance->ssh_keys : NULL;
    if (!user->ssh_redirect_user || default_user == NULL)
        return true;
    if (keys == NULL || keys->len == 0)
        return base_error_set(error, BASE_ERROR_FAILED,
                              "ssh_redirect_user: the platform gives no keys to redirect");
    g_autofree char *options =
        provision_apply_redirect_options(NULL, default_user->name, user->name);
    g_autoptr(GPtrArray) list = g_ptr_array_new();
    for (guint i = 0; i < keys->len; i++)
        g_ptr_array_add(list, keys->pdata[i]);
    g_ptr_array_add(list, NULL);
    return provision_apply_user_keys(self, accounts, user->name, (const char *const *)list->pdata,
                                     options, false, NULL, error);
}

static bool apply_user(ProvisionApply *self, ProvisionAccounts *accounts, const ProvisionUser *user,
                       const ProvisionUser *default_user, GError **error)
{
    g_autoptr(GError) local = NULL;
    bool changed = false;
    bool good = make_user(self, accounts, user, &changed, &local) &&
                redirect(self, accounts, user, default_user, &local);
    if (base_error_is_no_space(local)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    provision_apply_outcome(self, &user->at, good, changed, g_steal_pointer(&local));
    return true;
}

bool provision_apply_users(ProvisionApply *self, GError **error)
{
    const ProvisionPlan *plan = self->plan;
    g_autoptr(ProvisionAccounts) accounts = provision_accounts_open(self->root, error);
    if (accounts == NULL)
        return false;
    g_autoptr(ProvisionUser) default_user = provision_apply_default_user(self);
    for (guint i = 0; i < plan->groups->len; i++)
        make_group(self, accounts, plan->groups->pdata[i]);
    if (!provision_accounts_save(accounts, error))
        return false;
    /* cloud-init makes the default user after all others, wherever it stands: ids depend on it */
    for (unsigned round = 0; round < 2; round++)
        for (guint i = 0; i < plan->users->len; i++) {
            const ProvisionUser *user = plan->users->pdata[i];
            bool is_default = user->is_default && default_user != NULL;
            if (is_default == (round == 1) &&
                !apply_user(self, accounts, is_default ? default_user : user, default_user, error))
                return false;
        }
    for (guint i = 0; i < plan->groups->len; i++)
        add_group_members(self, accounts, plan->groups->pdata[i]);
    return provision_accounts_save(accounts, error);
}
