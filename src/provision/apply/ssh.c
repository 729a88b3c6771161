/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * SSH: host keys of this instance alone, and the keys that may log in as the default user.
 * ed25519 is made first, in a moment; the slow kinds in the background, while the boot goes on.
 */
#include "provision/apply/apply.h"
#include "provision/apply/label.h"

#include "base/error.h"
#include "provision/error.h"

#include <string.h>
#include <unistd.h>

#define SSH_DIR "/etc/ssh"
#define KEYGEN "/usr/bin/ssh-keygen"
/* atoll-sshd-keygen.service, which composed trees have, does nothing in a boot that has this */
#define KEYS_UNDER_WAY "/run/atoll/ssh-host-keys"

static const ProvisionPlace at_host_keys = {.key = "ssh_genkeytypes"};

static bool delete_keys(ProvisionApply *self, GError **error)
{
    g_autoptr(GPtrArray) names = provision_root_list(self->root, SSH_DIR);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(SSH_DIR, names->pdata[i], NULL);
        if (g_pattern_match_simple("ssh_host_*key*", names->pdata[i]) &&
            !provision_root_remove(self->root, path, PROVISION_ROOT_UNWATCHED, NULL, error))
            return false;
    }
    return true;
}

static bool write_key_file(ProvisionApply *self, const char *type, const char *suffix,
                           const char *text, mode_t mode, GError **error)
{
    if (text == NULL)
        return true;
    g_autofree char *path = g_strdup_printf(SSH_DIR "/ssh_host_%s_key%s", type, suffix);
    return provision_root_write_text(self->root, path, text, mode, NULL, error);
}

/* The public half of a key that came alone. */
static bool derive_public(ProvisionApply *self, const char *type, GError **error)
{
    g_autofree char *path = g_strdup_printf(SSH_DIR "/ssh_host_%s_key", type);
    g_autofree char *here = g_build_filename(provision_root_path(self->root), path, NULL);
    const char *const argv[] = {"ssh-keygen", "-y", "-f", here, NULL};
    g_autofree char *out = NULL;
    int status = 0;
    if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL,
                      NULL, NULL, &out, NULL, &status, error) ||
        !g_spawn_check_wait_status(status, error))
        return false;
    return write_key_file(self, type, ".pub", out, 0644, error);
}

static bool apply_given(ProvisionApply *self, const ProvisionHostKey *key, GError **error)
{
    if (!write_key_file(self, key->type, ".pub", key->public_key, 0644, error) ||
        !write_key_file(self, key->type, "", key->private_key, 0600, error) ||
        !write_key_file(self, key->type, "-cert.pub", key->certificate, 0644, error))
        return false;
    if (key->private_key != NULL && key->public_key == NULL &&
        !derive_public(self, key->type, error))
        return false;
    if (key->certificate == NULL)
        return true;
    g_autofree char *line =
        g_strdup_printf("HostCertificate " SSH_DIR "/ssh_host_%s_key-cert.pub\n", key->type);
    g_autofree char *path =
        g_strdup_printf(SSH_DIR "/sshd_config.d/50-cloud-init-%s-certificate.conf", key->type);
    return provision_root_write_text(self->root, path, line, 0600, NULL, error);
}

/* Made beside, then put in place, the private half last: it is what says that the key is there. */
static bool generate(ProvisionApply *self, const char *type, GError **error)
{
    g_autofree char *path = g_strdup_printf(SSH_DIR "/ssh_host_%s_key", type);
    g_autofree char *beside = g_strdup_printf(SSH_DIR "/.atoll-provision-%s", type);
    g_autofree char *beside_public = g_strdup_printf("%s.pub", beside);
    const char *const argv[] = {KEYGEN, "-q", "-t", type, "-N", "", "-f", beside, NULL};
    struct stat st = {0};
    if (provision_root_stat(self->root, path, PROVISION_ROOT_DEFAULT, &st))
        return true;
    if (!provision_root_remove(self->root, beside, PROVISION_ROOT_UNWATCHED, NULL, error) ||
        !provision_root_remove(self->root, beside_public, PROVISION_ROOT_UNWATCHED, NULL, error) ||
        !provision_apply_run(self, argv, NULL, error))
        return false;
    g_autofree char *private_key = provision_root_read_text(self->root, beside);
    g_autofree char *public_key = provision_root_read_text(self->root, beside_public);
    bool good = private_key != NULL && public_key != NULL &&
                write_key_file(self, type, ".pub", public_key, 0644, error) &&
                write_key_file(self, type, "", private_key, 0600, error);
    if (private_key != NULL)
        explicit_bzero(private_key, strlen(private_key));
    if (!provision_root_remove(self->root, beside, PROVISION_ROOT_UNWATCHED, NULL,
                               good ? error : NULL) ||
        !provision_root_remove(self->root, beside_public, PROVISION_ROOT_UNWATCHED, NULL,
                               good ? error : NULL))
        return false;
    return good;
}

/* “ssh-keygen -A” makes what is missing, each key beside first; it knows nothing of labels. */
static bool generate_rest(ProvisionApply *self, GError **error)
{
    g_autoptr(ProvisionLabels) labels = provision_labels_open(self->root);
    g_autofree char *restorecon = labels != NULL && provision_root_is_running(self->root)
                                      ? g_find_program_in_path("restorecon")
                                      : NULL;
    const char *const plain[] = {KEYGEN, "-A", NULL};
    const char *const labelled[] = {
        "/bin/sh", "-c",       KEYGEN " -A && exec \"$1\" " SSH_DIR "/ssh_host_*",
        "sh",      restorecon, NULL};
    const char *const *argv = restorecon != NULL ? labelled : plain;
    if (!provision_apply_has_systemd(self))
        return provision_apply_run(self, argv, NULL, error);
    const ProvisionRootOwner owner = {0644, 0, 0};
    if (!provision_root_write(self->root, KEYS_UNDER_WAY, "", 0, &owner, PROVISION_ROOT_UNWATCHED,
                              NULL, error))
        return false;
    return g_spawn_async("/", (char **)argv, NULL,
                         G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL,
                         error);
}

static bool generate_all(ProvisionApply *self, GError **error)
{
    char **types = self->plan->settings.ssh_genkeytypes.texts;
    bool given = types != NULL; /* an empty list: none */
    if (!given || g_strv_contains((const char *const *)types, "ed25519")) {
        if (!generate(self, "ed25519", error))
            return false;
    }
    for (char **type = types; given && *type != NULL; type++) {
        if (strcmp(*type, "rsa") != 0 && strcmp(*type, "ecdsa") != 0 &&
            strcmp(*type, "ed25519") != 0) {
            g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                        "host keys of the type ‘%s’ are not made: rsa, ecdsa and ed25519 are",
                        *type);
            return false;
        }
        if (!generate(self, *type, error))
            return false;
    }
    return given || generate_rest(self, error);
}

static void apply_host_keys(ProvisionApply *self)
{
    const ProvisionPlan *plan = self->plan;
    g_autoptr(GError) local = NULL;
    bool deletes =
        plan->settings.ssh_deletekeys.value != PROVISION_NO && !self->resumed && !self->again;
    const ProvisionPlace *at = plan->settings.ssh_genkeytypes.texts != NULL
                                   ? &plan->settings.ssh_genkeytypes.at
                                   : &at_host_keys;
    if (deletes && !delete_keys(self, &local)) {
        provision_apply_outcome(self, at, false, false, g_steal_pointer(&local));
        return;
    }
    for (guint i = 0; i < plan->host_keys->len; i++) {
        const ProvisionHostKey *key = plan->host_keys->pdata[i];
        bool good = apply_given(self, key, &local);
        provision_apply_outcome(self, &key->at, good, true, g_steal_pointer(&local));
    }
    if (plan->host_keys->len > 0 || !provision_root_has(self->root, KEYGEN))
        return;
    bool good = generate_all(self, &local);
    provision_apply_outcome(self, at, good, true, g_steal_pointer(&local));
}

static GPtrArray *all_keys(ProvisionApply *self)
{
    const ProvisionSettings *s = &self->plan->settings;
    GPtrArray *keys = g_ptr_array_new();
    bool platforms = s->allow_public_ssh_keys.value != PROVISION_NO;
    for (guint i = 0; platforms && self->instance != NULL && self->instance->ssh_keys != NULL &&
                      i < self->instance->ssh_keys->len;
         i++)
        g_ptr_array_add(keys, self->instance->ssh_keys->pdata[i]);
    for (char **key = s->ssh_authorized_keys.texts; key != NULL && *key != NULL; key++)
        g_ptr_array_add(keys, *key);
    g_ptr_array_add(keys, NULL);
    return keys;
}

static void apply_login_keys(ProvisionApply *self, ProvisionAccounts *accounts)
{
    const ProvisionSettings *s = &self->plan->settings;
    static const ProvisionPlace of_platform = {.key = "ssh_authorized_keys"};
    g_autoptr(GPtrArray) keys = all_keys(self);
    g_autoptr(ProvisionUser) user = provision_apply_default_user(self);
    g_autoptr(GError) local = NULL;
    bool changed = false;
    if (keys->pdata[0] == NULL)
        return;
    const ProvisionPlace *at =
        s->ssh_authorized_keys.texts != NULL ? &s->ssh_authorized_keys.at : &of_platform;
    g_autofree char *options =
        s->disable_root.value == PROVISION_NO
            ? NULL
            : provision_apply_redirect_options(s->disable_root_opts.text,
                                               user != NULL ? user->name : "NONE", "root");
    const char *const *list = (const char *const *)keys->pdata;
    bool good =
        (user == NULL || provision_apply_user_keys(self, accounts, user->name, list, NULL, false,
                                                   &changed, &local)) &&
        provision_apply_user_keys(self, accounts, "root", list, options, false, NULL, &local);
    provision_apply_outcome(self, at, good, changed, g_steal_pointer(&local));
}

bool provision_apply_ssh(ProvisionApply *self, GError **error)
{
    g_autoptr(ProvisionAccounts) accounts = provision_accounts_open(self->root, error);
    if (accounts == NULL)
        return false;
    apply_login_keys(self, accounts);
    apply_host_keys(self);
    return true;
}
