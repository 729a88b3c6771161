/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * New users and groups, with the ids and fields that Debian's useradd and groupadd give them.
 */
#include "base/error.h"
#include "provision/apply/accounts-private.h"
#include "provision/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUBORDINATE_COUNT 65536

static uint32_t setting(ProvisionAccounts *self, const char *name, uint32_t by_default)
{
    const char *text = provision_accounts_setting(self, name);
    char *end = NULL;
    unsigned long number = text != NULL ? strtoul(text, &end, 0) : 0;
    return text == NULL || end == text || number > G_MAXUINT32 - 1 ? by_default : (uint32_t)number;
}

static bool find_id(ProvisionAccounts *self, ProvisionAccountsFile file, bool system, int64_t near,
                    uint32_t *out_id, GError **error)
{
    bool user = file == PROVISION_ACCOUNTS_PASSWD;
    uint32_t first = setting(self, user ? "UID_MIN" : "GID_MIN", 1000);
    uint32_t min = system ? setting(self, user ? "SYS_UID_MIN" : "SYS_GID_MIN", 101) : first;
    uint32_t max = system ? setting(self, user ? "SYS_UID_MAX" : "SYS_GID_MAX", first - 1)
                          : setting(self, user ? "UID_MAX" : "GID_MAX", 60000);
    if (near >= min && near <= max && !provision_accounts_id_taken(self, file, (uint32_t)near)) {
        *out_id = (uint32_t)near;
        return true;
    }
    uint32_t edge = 0;
    bool any = provision_accounts_edge(self, file, min, max, !system, &edge);
    if (!any || (system ? edge > min : edge < max)) {
        *out_id = system ? (any ? edge - 1 : max) : (any ? edge + 1 : min);
        return true;
    }
    for (uint32_t i = 0; i <= max - min; i++) {
        uint32_t id = system ? max - i : min + i;
        if (!provision_accounts_id_taken(self, file, id)) {
            *out_id = id;
            return true;
        }
    }
    g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_FAILED,
                "no %s id is free between %u and %u (see /etc/login.defs)", user ? "user" : "group",
                min, max);
    return false;
}

bool provision_accounts_add_group(ProvisionAccounts *self, const char *name, int64_t gid,
                                  int64_t near, bool system, GError **error)
{
    uint32_t id = (uint32_t)gid;
    if (!provision_accounts_check_name(name, error))
        return false;
    if (gid < 0 && !find_id(self, PROVISION_ACCOUNTS_GROUP, system, near, &id, error))
        return false;
    if (gid >= 0 && provision_accounts_id_taken(self, PROVISION_ACCOUNTS_GROUP, id)) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_FAILED,
                    "the group id %u, wanted for ‘%s’, is taken", id, name);
        return false;
    }
    g_autofree char *line = g_strdup_printf("%s:x:%u:", name, id);
    g_autofree char *shadow = g_strdup_printf("%s:!::", name);
    if (!self->missing[PROVISION_ACCOUNTS_GSHADOW])
        provision_accounts_set_line(self, PROVISION_ACCOUNTS_GSHADOW, name, shadow);
    provision_accounts_set_line(self, PROVISION_ACCOUNTS_GROUP, name, line);
    return true;
}

static void add_to_list(ProvisionAccounts *self, ProvisionAccountsFile file, const char *group,
                        const char *user)
{
    g_autofree char *line = provision_accounts_line(self, file, group);
    if (line == NULL)
        return;
    g_auto(GStrv) fields = g_strsplit(line, ":", -1);
    if (g_strv_length(fields) < 4)
        return;
    g_auto(GStrv) members = g_strsplit(fields[3], ",", -1);
    if (g_strv_contains((const char *const *)members, user))
        return;
    g_autofree char *more =
        fields[3][0] == '\0' ? g_strdup(user) : g_strdup_printf("%s,%s", fields[3], user);
    g_free(fields[3]);
    fields[3] = g_steal_pointer(&more);
    g_autofree char *joined = g_strjoinv(":", fields);
    provision_accounts_set_line(self, file, group, joined);
}

static void copy_up(ProvisionAccounts *self, const char *group)
{
    size_t size = strlen(group);
    g_autofree char *there = provision_accounts_line(self, PROVISION_ACCOUNTS_GROUP, group);
    for (guint i = 0; there == NULL && i < self->below_group->len; i++) {
        const char *line = self->below_group->pdata[i];
        if (strncmp(line, group, size) == 0 && line[size] == ':')
            provision_accounts_set_line(self, PROVISION_ACCOUNTS_GROUP, group, line);
    }
}

bool provision_accounts_add_member(ProvisionAccounts *self, const char *group, const char *user,
                                   GError **error)
{
    gid_t gid = 0;
    if (!provision_accounts_check_name(user, error))
        return false;
    if (!provision_accounts_find_group(self, group, &gid)) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_FAILED, "no group ‘%s’ exists", group);
        return false;
    }
    copy_up(self, group);
    add_to_list(self, PROVISION_ACCOUNTS_GROUP, group, user);
    add_to_list(self, PROVISION_ACCOUNTS_GSHADOW, group, user);
    return true;
}

static void remove_from_list(ProvisionAccounts *self, ProvisionAccountsFile file, const char *user)
{
    for (guint i = 0; i < self->lines[file]->len; i++) {
        g_auto(GStrv) fields = g_strsplit(self->lines[file]->pdata[i], ":", -1);
        if (g_strv_length(fields) < 4)
            continue;
        g_auto(GStrv) members = g_strsplit(fields[3], ",", -1);
        if (!g_strv_contains((const char *const *)members, user))
            continue;
        g_autoptr(GString) left = g_string_new(NULL);
        for (char **member = members; *member != NULL; member++)
            if (strcmp(*member, user) != 0)
                g_string_append_printf(left, "%s%s", left->len > 0 ? "," : "", *member);
        g_free(fields[3]);
        fields[3] = g_string_free(g_steal_pointer(&left), FALSE);
        g_free(self->lines[file]->pdata[i]);
        self->lines[file]->pdata[i] = g_strjoinv(":", fields);
        self->changed[file] = true;
    }
}

void provision_accounts_remove_member(ProvisionAccounts *self, const char *user)
{
    remove_from_list(self, PROVISION_ACCOUNTS_GROUP, user);
    remove_from_list(self, PROVISION_ACCOUNTS_GSHADOW, user);
}

/* The next range of subordinate ids behind all that are given away. */
static void add_subordinate(ProvisionAccounts *self, ProvisionAccountsFile file, const char *name)
{
    bool user = file == PROVISION_ACCOUNTS_SUBUID;
    uint64_t start = setting(self, user ? "SUB_UID_MIN" : "SUB_GID_MIN", 100000);
    uint32_t count = setting(self, user ? "SUB_UID_COUNT" : "SUB_GID_COUNT", SUBORDINATE_COUNT);
    uint64_t max = setting(self, user ? "SUB_UID_MAX" : "SUB_GID_MAX", 600100000);
    g_autofree char *there = provision_accounts_line(self, file, name);
    if (there != NULL || self->missing[file] || count == 0)
        return;
    for (guint i = 0; i < self->lines[file]->len; i++) {
        g_auto(GStrv) fields = g_strsplit(self->lines[file]->pdata[i], ":", -1);
        if (g_strv_length(fields) != 3)
            continue;
        uint64_t end =
            g_ascii_strtoull(fields[1], NULL, 10) + g_ascii_strtoull(fields[2], NULL, 10);
        if (end > start && end <= max)
            start = end;
    }
    if (start + count - 1 > max)
        return;
    g_autofree char *line = g_strdup_printf("%s:%" G_GUINT64_FORMAT ":%u", name, start, count);
    provision_accounts_set_line(self, file, name, line);
}

static bool days_of(const char *date, char **out_days, GError **error)
{
    int year = 0;
    int month = 0;
    int day = 0;
    char end = '\0';
    if (date == NULL || date[0] == '\0') {
        *out_days = g_strdup("");
        return true;
    }
    GDate parsed;
    g_date_clear(&parsed, 1);
    if (sscanf(date, "%4d-%2d-%2d%c", &year, &month, &day, &end) != 3 ||
        !g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year)) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                    "‘%s’ is no date: YYYY-MM-DD is wanted", date);
        return false;
    }
    g_date_set_dmy(&parsed, (GDateDay)day, (GDateMonth)month, (GDateYear)year);
    GDate epoch;
    g_date_clear(&epoch, 1);
    g_date_set_dmy(&epoch, 1, G_DATE_JANUARY, 1970);
    *out_days = g_strdup_printf("%d", g_date_days_between(&epoch, &parsed));
    return true;
}

static bool set_shadow(ProvisionAccounts *self, const ProvisionAccountsNew *user, GError **error)
{
    g_autofree char *expires = NULL;
    g_autofree char *inactive =
        user->inactive_days >= 0 ? g_strdup_printf("%d", user->inactive_days) : g_strdup("");
    if (!days_of(user->expire_date, &expires, error))
        return false;
    g_autofree char *ageing = user->system
                                  ? g_strdup("::")
                                  : g_strdup_printf("%u:%u:%u", setting(self, "PASS_MIN_DAYS", 0),
                                                    setting(self, "PASS_MAX_DAYS", 99999),
                                                    setting(self, "PASS_WARN_AGE", 7));
    g_autofree char *line =
        g_strdup_printf("%s:%s:%" G_GINT64_FORMAT ":%s:%s:%s:", user->name, user->password,
                        provision_accounts_today(), ageing, inactive, expires);
    provision_accounts_set_line(self, PROVISION_ACCOUNTS_SHADOW, user->name, line);
    return true;
}

bool provision_accounts_add_user(ProvisionAccounts *self, const ProvisionAccountsNew *user,
                                 GError **error)
{
    uint32_t uid = (uint32_t)user->uid;
    gid_t gid = user->gid;
    if (!provision_accounts_check_name(user->name, error) ||
        !provision_accounts_check_field("gecos", user->gecos, error) ||
        !provision_accounts_check_field("the home directory", user->home, error) ||
        !provision_accounts_check_field("the shell", user->shell, error) ||
        !provision_accounts_check_field("the password's hash", user->password, error))
        return false;
    if (user->uid < 0 && !find_id(self, PROVISION_ACCOUNTS_PASSWD, user->system, -1, &uid, error))
        return false;
    if (user->uid >= 0 && provision_accounts_id_taken(self, PROVISION_ACCOUNTS_PASSWD, uid)) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_FAILED,
                    "the user id %u, wanted for ‘%s’, is taken", uid, user->name);
        return false;
    }
    /* a group of that name may be what a run that was killed has left */
    if (user->own_group && !provision_accounts_find_group(self, user->name, &gid) &&
        (!provision_accounts_add_group(self, user->name, -1, uid, user->system, error) ||
         !provision_accounts_find_group(self, user->name, &gid)))
        return false;
    if (!set_shadow(self, user, error))
        return false;
    if (!user->system) {
        add_subordinate(self, PROVISION_ACCOUNTS_SUBUID, user->name);
        add_subordinate(self, PROVISION_ACCOUNTS_SUBGID, user->name);
    }
    g_autofree char *line =
        g_strdup_printf("%s:x:%u:%u:%s:%s:%s", user->name, uid, gid,
                        user->gecos != NULL ? user->gecos : "", user->home, user->shell);
    provision_accounts_set_line(self, PROVISION_ACCOUNTS_PASSWD, user->name, line);
    return true;
}
