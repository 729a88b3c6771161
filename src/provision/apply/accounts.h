/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/apply/root.h"

G_BEGIN_DECLS

/**
 * ProvisionAccountsFile: the files of the user database, in the order in which they are written:
 * a user exists when passwd says so, so it is last
 */
typedef enum {
    PROVISION_ACCOUNTS_SUBUID,
    PROVISION_ACCOUNTS_SUBGID,
    PROVISION_ACCOUNTS_GSHADOW,
    PROVISION_ACCOUNTS_GROUP,
    PROVISION_ACCOUNTS_SHADOW,
    PROVISION_ACCOUNTS_PASSWD,
    PROVISION_ACCOUNTS_FILES,
} ProvisionAccountsFile;

/**
 * ProvisionAccounts:
 *
 * The user database of a root: /etc/passwd and its like as lines, with what an OSTree host has in
 * /usr/lib/passwd and /usr/lib/group (nss-altfiles) below it, and the limits of login.defs. What
 * is not understood in a file stays as it is.
 */
typedef struct _ProvisionAccounts ProvisionAccounts;

/** provision_accounts_open: takes the lock that lckpwdf(3) takes, for as long as it lives, and
 * reads */
ProvisionAccounts *provision_accounts_open(ProvisionRoot *root,
                                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
void provision_accounts_free(ProvisionAccounts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProvisionAccounts, provision_accounts_free)

/** provision_accounts_save: writes what has changed; atomic for each file */
bool provision_accounts_save(ProvisionAccounts *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_accounts_check_name: whether @name may be a user or group: no path, no control or
 * other characters that the files are made of */
bool provision_accounts_check_name(const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_accounts_check_field: whether @text may be in one field */
bool provision_accounts_check_field(const char *what, const char *text,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * ProvisionAccount:
 * @uid: of a user
 * @gid: of a group, or of a user's primary group
 * @home: (owned) (nullable)
 */
typedef struct {
    uid_t uid;
    gid_t gid;
    char *home;
} ProvisionAccount;

void provision_account_clear(ProvisionAccount *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ProvisionAccount, provision_account_clear)

/** provision_accounts_find_user: whether @name exists */
bool provision_accounts_find_user(ProvisionAccounts *self, const char *name,
                                  ProvisionAccount *out_account);

/** provision_accounts_find_group: whether @name exists; a number is a gid that need not exist */
bool provision_accounts_find_group(ProvisionAccounts *self, const char *name, gid_t *out_gid);

/** provision_accounts_line: (nullable) (transfer full): the line of @name in @file, without what
 * is below it */
char *provision_accounts_line(ProvisionAccounts *self, ProvisionAccountsFile file,
                              const char *name);

/** provision_accounts_set_line: replaces the line of @name, or adds it; %NULL removes it */
void provision_accounts_set_line(ProvisionAccounts *self, ProvisionAccountsFile file,
                                 const char *name, const char *line);

/** provision_accounts_add_group: a new group, as groupadd makes it; @gid -1 for the next that is
 * free, @near for one that is preferred */
bool provision_accounts_add_group(ProvisionAccounts *self, const char *name, int64_t gid,
                                  int64_t near, bool system,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_accounts_add_member: puts @user into @group; one that only /usr/lib/group has is
 * copied to /etc/group first */
bool provision_accounts_add_member(ProvisionAccounts *self, const char *group, const char *user,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_accounts_remove_member: takes @user out of every group of /etc/group */
void provision_accounts_remove_member(ProvisionAccounts *self, const char *user);

/**
 * ProvisionAccountsNew:
 * @name: the user
 * @uid: -1 for the next that is free
 * @gid: primary group
 * @own_group: a group of the user's name is made instead
 * @gecos: (nullable)
 * @home: the home directory
 * @shell: the shell
 * @password: crypt hash, or "!"
 * @expire_date: (nullable): YYYY-MM-DD
 * @inactive_days: -1 unsaid
 * @system: of the system's ids, without subordinate ids
 */
typedef struct {
    const char *name;
    int64_t uid;
    gid_t gid;
    bool own_group;
    const char *gecos;
    const char *home;
    const char *shell;
    const char *password;
    const char *expire_date;
    int inactive_days;
    bool system;
} ProvisionAccountsNew;

/** provision_accounts_add_user: a new user, as useradd makes it (without its home) */
bool provision_accounts_add_user(ProvisionAccounts *self, const ProvisionAccountsNew *user,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_accounts_set_field: one field (counted from 0) of the line of @name; a user that only
 * /usr/lib/passwd has gets a line of its own in shadow; %FALSE when there is no such user */
bool provision_accounts_set_field(ProvisionAccounts *self, ProvisionAccountsFile file,
                                  const char *name, unsigned field, const char *text);

/** provision_accounts_remove: takes @name out of @file */
void provision_accounts_remove(ProvisionAccounts *self, ProvisionAccountsFile file,
                               const char *name);

/** provision_accounts_setting: (nullable) (transfer none): a setting of login.defs or
 * default/useradd */
const char *provision_accounts_setting(ProvisionAccounts *self, const char *name);

/** provision_accounts_today: days since 1970, as shadow counts */
int64_t provision_accounts_today(void);

G_END_DECLS
