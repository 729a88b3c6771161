/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Keeps the disk's boot loader in step with the tree that runs.
 */
#include "host/loader.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/run.h"
#include "host/bootloaders/loader.h"
#include "host/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORK "/run/atoll-host/loader"
#define EARLY WORK "/early.cfg"
#define CORE WORK "/core"

/* UUID of the root file system, from the arguments that the kernel was started with. */
static char *find_root_uuid(const HostSysroot *sysroot)
{
    static const char key[] = "root=UUID=";
    OstreeBootconfigParser *config = ostree_deployment_get_bootconfig(sysroot->booted);
    const char *options = config != NULL ? ostree_bootconfig_parser_get(config, "options") : NULL;
    g_auto(GStrv) words = g_strsplit(options != NULL ? options : "", " ", -1);
    for (char **word = words; *word != NULL; word++)
        if (g_str_has_prefix(*word, key))
            return g_strdup(*word + strlen(key));
    return NULL;
}

static GBytes *make_core(const HostLoader *loader, GCancellable *cancellable, GError **error)
{
    g_auto(GStrv) argv = boot_core_argv(loader->target, EARLY, CORE);
    const BaseRun run = {.argv = (const char *const *)argv,
                         .what = "making the boot loader",
                         .flags = BASE_RUN_DIE_WITH_PARENT};
    if (!base_run(&run, NULL, cancellable, error))
        return NULL;
    return base_fd_read_file(AT_FDCWD, CORE, BOOT_CORE_MAX_BYTES, error);
}

static bool has_tools(const HostLoader *loader)
{
    g_autofree char *kernel = g_strdup_printf("/%s/kernel.img", loader->target->dir);
    return access("/usr/bin/grub-mkimage", X_OK) == 0 && access(kernel, R_OK) == 0;
}

static bool update_each(const HostLoaderDisk *disk, GString *changed, GCancellable *cancellable,
                        GError **error)
{
    for (unsigned i = 0; host_loaders[i] != NULL; i++) {
        const HostLoader *loader = host_loaders[i];
        g_autofree char *boot_path = g_strdup_printf("/%s/boot.img", boot_core_bios.dir);
        g_autoptr(GBytes) boot =
            base_fd_read_file(AT_FDCWD, boot_path, BOOT_CORE_SECTOR_BYTES, NULL);
        bool is_changed = false;
        if (!loader->present(disk) || !has_tools(loader) ||
            (boot == NULL && loader->target == &boot_core_bios))
            continue;
        g_autoptr(GBytes) core = make_core(loader, cancellable, error);
        if (core == NULL || !loader->install(disk, core, boot, &is_changed, error)) {
            g_prefix_error(error, "updating the boot loader for %s: ", loader->name);
            return false;
        }
        if (is_changed)
            g_string_append_printf(changed, "%s%s", changed->len > 0 ? " and " : "", loader->name);
    }
    return true;
}

bool host_loader_update(const HostSysroot *sysroot, char **out_changed, GCancellable *cancellable,
                        GError **error)
{
    g_auto(HostLoaderDisk) disk = {0};
    g_autofree char *uuid = find_root_uuid(sysroot);
    g_autofree char *early = uuid != NULL ? boot_core_early(uuid) : NULL;
    g_autoptr(GString) changed = g_string_new(NULL);
    struct stat st;
    *out_changed = NULL;
    if (early == NULL)
        return true; /* not a disk of ours */
    if (fstat(ostree_repo_get_dfd(sysroot->repo), &st) != 0) {
        int saved_errno = errno;
        return base_error_set_errno(error, saved_errno, "finding the disk of the boot loader");
    }
    if (!host_loader_disk_find(st.st_dev, &disk, error) ||
        !base_fd_make_dirs(AT_FDCWD, WORK, 0700, error) ||
        !base_fd_replace_file(AT_FDCWD, EARLY, early, strlen(early), 0600, BASE_FD_REPLACE_NO_SYNC,
                              error))
        return false;
    bool ok = update_each(&disk, changed, cancellable, error);
    g_autoptr(GError) ignored = NULL;
    if (!base_fd_remove_tree(AT_FDCWD, WORK, &ignored))
        g_debug("%s", ignored->message);
    if (ok && changed->len > 0)
        *out_changed = g_strdup(changed->str);
    return ok;
}
