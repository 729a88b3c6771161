/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The stage files, by the same appliers as the real root's; and what encrypted volumes leave there.
 */
#include "provision/early/early.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/run.h"
#include "provision/apply/apply.h"
#include "provision/disks/disks.h"
#include "provision/error.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define STATE_MAX_BYTES (1024 * 1024)

static bool keep_volume(ProvisionRoot *root, const ProvisionLuks *luks, GError **error)
{
    g_autofree char *state = g_strconcat(PROVISION_DISKS_STATE "/", luks->name, ".crypttab", NULL);
    g_autofree char *key_state = g_strconcat(PROVISION_DISKS_STATE "/", luks->name, ".key", NULL);
    g_autofree char *key_path = g_strconcat("/etc/luks/", luks->name, NULL);
    g_autoptr(GBytes) line = base_fd_read_file(AT_FDCWD, state, STATE_MAX_BYTES, NULL);
    g_autoptr(GBytes) key = base_fd_read_file(AT_FDCWD, key_state, STATE_MAX_BYTES, NULL);
    if (line == NULL)
        return true;
    g_autofree char *table = provision_root_read_text(root, "/etc/crypttab");
    const char *text = g_bytes_get_data(line, NULL);
    if (table == NULL || strstr(table, text) == NULL) {
        g_autofree char *whole = g_strconcat(table != NULL ? table : "", text, NULL);
        if (!provision_root_write_text(root, "/etc/crypttab", whole, 0600, NULL, error))
            return false;
    }
    if (key == NULL)
        return true;
    const ProvisionRootOwner directory = {0700, geteuid(), getegid()};
    const ProvisionRootOwner file = {0600, geteuid(), getegid()};
    gsize size_bytes = 0;
    const void *data = g_bytes_get_data(key, &size_bytes);
    return provision_root_make_dir(root, "/etc/luks", &directory, PROVISION_ROOT_DEFAULT, NULL,
                                   error) &&
           provision_root_write(root, key_path, data, size_bytes, &file, PROVISION_ROOT_DEFAULT,
                                NULL, error);
}

/* Only an sshd that is told of authorized_keys.d looks there; any other reads authorized_keys. */
static bool reads_fragments(ProvisionRoot *root)
{
    g_autoptr(GPtrArray) names = provision_root_list(root, "/etc/ssh/sshd_config.d");
    g_autofree char *main_text = provision_root_read_text(root, "/etc/ssh/sshd_config");
    if (main_text == NULL || strstr(main_text, "authorized_keys.d") != NULL)
        return true;
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_strconcat("/etc/ssh/sshd_config.d/", names->pdata[i], NULL);
        g_autofree char *text = provision_root_read_text(root, path);
        if (text != NULL &&
            (strstr(text, "authorized_keys.d") != NULL || strstr(text, "ssh-key-dir") != NULL))
            return true;
    }
    return false;
}

static bool set_first_failure(const ProvisionReport *report, guint from, GError **error)
{
    for (guint i = from; i < report->records->len; i++) {
        const ProvisionRecord *record = report->records->pdata[i];
        if (record->outcome == PROVISION_FAILED)
            return provision_value_set_error(&record->at, error, "%s", record->message);
    }
    return true;
}

bool provision_early_files(ProvisionEarly *self, const ProvisionPlan *plan, GError **error)
{
    guint from = self->report->records->len;
    g_autoptr(ProvisionRoot) root = provision_root_open(self->root, error);
    g_autoptr(ProvisionPolicy) policy = provision_policy_new();
    if (root == NULL)
        return false;
    ProvisionApply apply = {
        .root = root,
        .plan = plan,
        .policy = policy,
        .report = self->report,
        .contents = provision_fetcher_get_contents,
        .contents_data = self->fetcher,
        .cancellable = self->cancellable,
    };
    bool fragments = reads_fragments(root);
    for (guint i = 0; i < plan->users->len; i++)
        ((ProvisionUser *)plan->users->pdata[i])->ssh_keys_dropin = fragments;
    if (!provision_apply_users(&apply, error) || !set_first_failure(self->report, from, error) ||
        !provision_apply_files(&apply, error) || !provision_apply_units(&apply, error) ||
        !set_first_failure(self->report, from, error))
        return false;
    for (guint i = 0; i < plan->luks->len; i++) {
        if (!keep_volume(root, plan->luks->pdata[i], error))
            return false;
    }
    return provision_root_write_text(root, PROVISION_EARLY_STAMP,
                                     "{\"provisionedBy\": \"atoll\"}\n", 0600, NULL, error);
}

static bool has_word(char **words, const char *word)
{
    return g_strv_contains((const char *const *)words, word);
}

bool provision_early_kargs(ProvisionEarly *self, const ProvisionPlan *plan, bool *out_changed,
                           GError **error)
{
    g_autoptr(GBytes) cmdline =
        base_fd_read_file(AT_FDCWD, "/proc/cmdline", STATE_MAX_BYTES, error);
    if (cmdline == NULL)
        return false;
    g_auto(GStrv) words = g_strsplit_set(g_bytes_get_data(cmdline, NULL), " \n", -1);
    GStrvBuilder *builder = g_strv_builder_new();
    unsigned n = 0;
    g_strv_builder_add_many(builder, "atoll-host", "kargs", NULL);
    for (guint i = 0; i < plan->kargs->len; i++) {
        const ProvisionKarg *karg = plan->kargs->pdata[i];
        if (has_word(words, karg->text) == karg->should_exist)
            continue;
        g_strv_builder_add_many(builder, karg->should_exist ? "--append" : "--delete", karg->text,
                                NULL);
        n++;
    }
    g_auto(GStrv) argv = g_strv_builder_end(builder);
    g_strv_builder_unref(builder);
    *out_changed = false;
    const BaseRun run = {.argv = (const char *const *)argv, .what = "setting kernel arguments"};
    if (n > 0 && !base_run(&run, NULL, self->cancellable, error))
        return false;
    *out_changed = n > 0;
    return true;
}
