/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The stages of the initramfs, under Ignition's names. Each is a process of its own; what they
 * share is the merged config in a file that only root may read.
 */
#include "provision/early/early.h"

#include "base/error.h"
#include "base/fd.h"
#include "provision/disks/disks.h"
#include "provision/error.h"
#include "provision/ignition/ignition.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

const char *const provision_early_stages[] = {"fetch-offline", "fetch",  "kargs", "disks", "mount",
                                              "files",         "umount", "all",   NULL};

static bool write_file(const char *path, const char *text, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(path);
    return base_fd_make_dirs(AT_FDCWD, directory, 0755, error) &&
           base_fd_replace_file(AT_FDCWD, path, text, strlen(text), 0600, BASE_FD_REPLACE_NO_SYNC,
                                error);
}

static bool fetch(ProvisionEarly *self, bool offline, bool *out_nothing, GError **error)
{
    static const char empty[] = "{\"ignition\": {\"version\": \"3.3.0\"}}";
    g_autoptr(GError) local = NULL;
    provision_fetcher_set_offline(self->fetcher, offline);
    g_autoptr(ProvisionValue) config = provision_early_acquire(self, &local);
    bool need_network = g_error_matches(local, PROVISION_ERROR, PROVISION_ERROR_NEED_NETWORK);
    if (offline && (need_network || (config != NULL && provision_ignition_needs_network(config)))) {
        *out_nothing = true;
        return write_file(self->need_network, "", error);
    }
    if (local != NULL) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    *out_nothing = config == NULL;
    g_autofree char *text = config == NULL ? g_strdup(empty) : provision_value_print(config);
    return write_file(self->cache, text, error);
}

static ProvisionPlan *load_plan(ProvisionEarly *self, GError **error)
{
    g_autoptr(GBytes) bytes =
        base_fd_read_file(AT_FDCWD, self->cache, PROVISION_VALUE_MAX_BYTES, error);
    if (bytes == NULL) {
        g_prefix_error(error, "no config has been fetched: ");
        return NULL;
    }
    g_autoptr(ProvisionValue) config =
        provision_value_parse(self->cache, bytes, PROVISION_VALUE_JSON, error);
    if (config == NULL ||
        !provision_ignition_configure_fetcher(config, self->fetcher, self->cancellable, error))
        return NULL;
    g_autoptr(ProvisionPlan) plan = provision_plan_new();
    provision_ignition_plan(config, plan, self->report);
    return g_steal_pointer(&plan);
}

static bool run_planned(ProvisionEarly *self, const char *stage, bool *out_nothing, GError **error)
{
    g_autoptr(ProvisionPlan) plan = load_plan(self, error);
    if (plan == NULL)
        return false;
    ProvisionDisks disks = {
        .plan = plan,
        .report = self->report,
        .contents = provision_fetcher_get_contents,
        .contents_data = self->fetcher,
        .root = self->root,
        .wait_ms = PROVISION_DISKS_WAIT_MS,
        .cancellable = self->cancellable,
    };
    bool changed = true;
    bool good = true;
    if (strcmp(stage, "disks") == 0)
        good = provision_disks_make(&disks, error);
    else if (strcmp(stage, "mount") == 0)
        good = provision_early_mount_var(self, error) && provision_disks_mount(&disks, error);
    else if (strcmp(stage, "umount") == 0)
        good = provision_disks_umount(&disks, error) && provision_early_umount_var(self, error);
    else if (strcmp(stage, "kargs") == 0)
        good = provision_early_kargs(self, plan, &changed, error);
    else
        good = provision_early_files(self, plan, error);
    *out_nothing = !changed;
    return good;
}

static bool is_first_boot(ProvisionEarly *self)
{
    g_autofree char *stamp = g_build_filename(self->root, PROVISION_EARLY_STAMP, NULL);
    return access(stamp, F_OK) != 0;
}

static bool run_all(ProvisionEarly *self, bool *out_nothing, GError **error)
{
    static const char *const stages[] = {"disks", "mount", "files"};
    *out_nothing = true;
    if (!is_first_boot(self))
        return true;
    if (!fetch(self, true, out_nothing, error) || *out_nothing)
        return *out_nothing && (error == NULL || *error == NULL);
    bool good = true;
    for (size_t i = 0; good && i < G_N_ELEMENTS(stages); i++)
        good = run_planned(self, stages[i], out_nothing, error);
    /* also after a failure: nothing stays mounted below a root that somebody has to look at */
    bool ignored = false;
    g_autoptr(GError) later = NULL;
    bool unmounted = run_planned(self, "umount", &ignored, &later);
    if (good && !unmounted)
        g_propagate_error(error, g_steal_pointer(&later));
    return good && unmounted;
}

bool provision_early_run(ProvisionEarly *self, const char *stage, bool *out_nothing, GError **error)
{
    *out_nothing = false;
    if (strcmp(stage, "all") == 0)
        return run_all(self, out_nothing, error);
    if (strcmp(stage, "fetch-offline") == 0 || strcmp(stage, "fetch") == 0)
        return fetch(self, strcmp(stage, "fetch") != 0, out_nothing, error);
    return run_planned(self, stage, out_nothing, error);
}

void provision_early_tell(const char *message)
{
    g_autofree char *line = g_strdup_printf("\r\natoll-provision: %s\r\n", message);
    g_autofree char *log = g_strdup_printf("<3>atoll-provision: %s\n", message);
    g_autoptr(GBytes) active =
        base_fd_read_file(AT_FDCWD, "/sys/class/tty/console/active", 4096, NULL);
    g_auto(GStrv) names =
        g_strsplit_set(active != NULL ? g_bytes_get_data(active, NULL) : "console", " \n", -1);
    for (char **name = names; *name != NULL; name++) {
        g_autofree char *path = g_strconcat("/dev/", *name, NULL);
        base_autofd fd = **name == '\0' ? -1 : open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
        /* one console may be gone: the others have it */
        if (fd >= 0 && !base_fd_write_all(fd, line, strlen(line), NULL))
            g_debug("‘%s’ does not take the message", path);
    }
    base_autofd kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
    if (kmsg >= 0 && !base_fd_write_all(kmsg, log, strlen(log), NULL))
        g_debug("the kernel's log does not take the message");
}
