/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What has been done, once an instance or once a disk, where cloud-init keeps it.
 */
#include "provision/state/marks.h"

#include <string.h>
#include <unistd.h>

static char *mark_path(const char *instance_dir, const ProvisionApplier *applier, bool begun)
{
    const char *suffix = begun ? ".begun" : "";
    if (applier->frequency == PROVISION_ONCE)
        return g_strdup_printf("/var/lib/cloud/sem/config_%s.once%s", applier->name, suffix);
    return g_strdup_printf("%s/sem/config_%s%s", instance_dir, applier->name, suffix);
}

static gpointer read_boot_id(gpointer unused)
{
    char *text = NULL;
    (void)unused;
    if (!g_file_get_contents("/proc/sys/kernel/random/boot_id", &text, NULL, NULL))
        return g_strdup("unknown");
    return g_strstrip(text);
}

static const char *boot_id(void)
{
    static GOnce once = G_ONCE_INIT;
    return g_once(&once, read_boot_id, NULL);
}

ProvisionMark provision_mark_read(ProvisionRoot *root, const char *instance_dir,
                                  const ProvisionApplier *applier)
{
    g_autofree char *done = mark_path(instance_dir, applier, false);
    g_autofree char *begun = mark_path(instance_dir, applier, true);
    struct stat st = {0};
    if (applier->frequency != PROVISION_ALWAYS &&
        provision_root_stat(root, done, PROVISION_ROOT_DEFAULT, &st))
        return PROVISION_MARK_DONE;
    if (applier->kind == PROVISION_APPLIER_REPEATS)
        return PROVISION_MARK_NEW;
    g_autofree char *text = provision_root_read_text(root, begun);
    if (text == NULL)
        return PROVISION_MARK_NEW;
    return strcmp(g_strstrip(text), boot_id()) == 0 ? PROVISION_MARK_BEGUN
                                                    : PROVISION_MARK_BEGUN_ELDER;
}

static bool write_mark(ProvisionRoot *root, const char *path, const char *text, bool sync,
                       GError **error)
{
    const ProvisionRootOwner owner = {0644, geteuid(), getegid()};
    return provision_root_write(root, path, text, strlen(text), &owner,
                                PROVISION_ROOT_UNWATCHED |
                                    (sync ? PROVISION_ROOT_SYNC : PROVISION_ROOT_DEFAULT),
                                NULL, error);
}

bool provision_mark_begin(ProvisionRoot *root, const char *instance_dir,
                          const ProvisionApplier *applier, GError **error)
{
    g_autofree char *begun = mark_path(instance_dir, applier, true);
    return applier->kind == PROVISION_APPLIER_REPEATS ||
           write_mark(root, begun, boot_id(), applier->kind == PROVISION_APPLIER_COMMAND, error);
}

bool provision_mark_done(ProvisionRoot *root, const char *instance_dir,
                         const ProvisionApplier *applier, GError **error)
{
    g_autofree char *done = mark_path(instance_dir, applier, false);
    g_autofree char *begun = mark_path(instance_dir, applier, true);
    g_autofree char *text = g_strdup_printf("%d: %" G_GINT64_FORMAT "\n", (int)getpid(),
                                            g_get_real_time() / G_USEC_PER_SEC);
    return (applier->frequency == PROVISION_ALWAYS || write_mark(root, done, text, false, error)) &&
           (applier->kind == PROVISION_APPLIER_REPEATS ||
            provision_root_remove(root, begun, PROVISION_ROOT_UNWATCHED, NULL, error));
}

bool provision_mark_clear(ProvisionRoot *root, const char *instance_dir,
                          const ProvisionApplier *applier, GError **error)
{
    g_autofree char *done = mark_path(instance_dir, applier, false);
    g_autofree char *begun = mark_path(instance_dir, applier, true);
    return provision_root_remove(root, done, PROVISION_ROOT_UNWATCHED, NULL, error) &&
           provision_root_remove(root, begun, PROVISION_ROOT_UNWATCHED, NULL, error);
}
