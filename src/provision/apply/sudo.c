/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rules for sudo and doas, checked by visudo where there is one: a file that sudo cannot read
 * would lock everybody out.
 */
#include "provision/apply/sudo.h"

#include "base/error.h"
#include "base/run.h"
#include "provision/error.h"

#include <string.h>
#include <unistd.h>

#define SUDOERS "/etc/sudoers"
#define SUDOERS_DIR "/etc/sudoers.d"
#define SUDOERS_FILE SUDOERS_DIR "/90-cloud-init-users"
#define DOAS_FILE "/etc/doas.conf"
#define HEADER "# Created by atoll-provision\n"

static bool check_rules(char **rules, GError **error)
{
    for (char **rule = rules; *rule != NULL; rule++) {
        if (strpbrk(*rule, "\n\r") == NULL)
            continue;
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                    "a rule of sudo or doas is one line");
        return false;
    }
    return true;
}

/* What nearly every configuration has; starting visudo to hear that it is right costs more than all
 * else that is done for a user. */
static bool are_plain(char **rules)
{
    static const char *const plain[] = {"ALL=(ALL) NOPASSWD:ALL",
                                        "ALL=(ALL:ALL) NOPASSWD:ALL",
                                        "ALL=(ALL) NOPASSWD: ALL",
                                        "ALL=(ALL:ALL) NOPASSWD: ALL",
                                        "ALL=(ALL) ALL",
                                        "ALL=(ALL:ALL) ALL",
                                        NULL};
    for (char **rule = rules; *rule != NULL; rule++)
        if (!g_strv_contains(plain, *rule))
            return false;
    return true;
}

static bool check_sudoers(ProvisionApply *self, const char *text, GError **error)
{
    const char *program = "/usr/sbin/visudo";
    if (!provision_root_is_running(self->root) || !provision_root_has(self->root, program))
        return true;
    const char *const argv[] = {program, "-c", "-q", "-f", "-", NULL};
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
    const BaseRun run = {.argv = argv, .stdin_bytes = bytes, .what = "checking the sudo rules"};
    return base_run(&run, NULL, self->cancellable, error);
}

static bool includes_dir(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        const char *word = g_strstrip(*line);
        if ((word[0] != '#' && word[0] != '@') || !g_str_has_prefix(word + 1, "includedir"))
            continue;
        g_autofree char *path = g_strstrip(g_strdup(word + 1 + strlen("includedir")));
        if (strcmp(path, SUDOERS_DIR) == 0 || strcmp(path, SUDOERS_DIR "/") == 0)
            return true;
    }
    return false;
}

static bool ensure_include(ProvisionApply *self, GError **error)
{
    g_autofree char *text = provision_root_read_text(self->root, SUDOERS);
    if (text != NULL && includes_dir(text))
        return true;
    g_autofree char *more = g_strdup_printf(
        "%s\n# Added by atoll-provision\n#includedir " SUDOERS_DIR "\n", text != NULL ? text : "");
    return provision_root_write_text(self->root, SUDOERS, more, 0440, NULL, error);
}

static char *rules_of(const char *title, const char *prefix, char **rules)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "\n# %s\n", title);
    for (char **rule = rules; *rule != NULL; rule++)
        g_string_append_printf(text, "%s%s\n", prefix, *rule);
    return g_string_free(text, FALSE);
}

static bool write_sudo(ProvisionApply *self, const ProvisionUser *user, GError **error)
{
    g_autofree char *title = g_strdup_printf("User rules for %s", user->name);
    g_autofree char *prefix = g_strdup_printf("%s ", user->name);
    g_autofree char *block = rules_of(title, prefix, user->sudo);
    g_autofree char *text = provision_root_read_text(self->root, SUDOERS_FILE);
    if (text != NULL && strstr(text, block) != NULL)
        return true;
    g_autofree char *whole = g_strdup_printf("%s%s", text != NULL ? text : HEADER, block);
    const ProvisionRootOwner directory = {0750, geteuid(), getegid()};
    return check_rules(user->sudo, error) &&
           ((text == NULL && are_plain(user->sudo)) || check_sudoers(self, whole, error)) &&
           ensure_include(self, error) &&
           provision_root_make_dir(self->root, SUDOERS_DIR, &directory, PROVISION_ROOT_DEFAULT,
                                   NULL, error) &&
           provision_root_write_text(self->root, SUDOERS_FILE, whole, 0440, NULL, error);
}

static bool write_doas(ProvisionApply *self, const ProvisionUser *user, GError **error)
{
    g_autofree char *title = g_strdup_printf("cloud-init User rules for %s", user->name);
    g_autofree char *block = rules_of(title, "", user->doas);
    g_autofree char *text = provision_root_read_text(self->root, DOAS_FILE);
    if (text != NULL && strstr(text, block) != NULL)
        return true;
    g_autofree char *whole = g_strdup_printf("%s%s", text != NULL ? text : "", block);
    return check_rules(user->doas, error) &&
           provision_root_write_text(self->root, DOAS_FILE, whole, 0440, NULL, error);
}

bool provision_apply_sudo(ProvisionApply *self, const ProvisionUser *user, GError **error)
{
    return (user->sudo == NULL || user->sudo[0] == NULL || write_sudo(self, user, error)) &&
           (user->doas == NULL || user->doas[0] == NULL || write_doas(self, user, error));
}
