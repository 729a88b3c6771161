/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The boot loader's counter and the marks of good deployments, from the host's side.
 */
#include "host/boot.h"

#include "base/error.h"
#include "base/fd.h"
#include "boot/environment.h"
#include "boot/menu.h"
#include "host/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_counter(int sysroot_fd, BootCounter *out_counter)
{
    g_autoptr(GBytes) block =
        base_fd_read_file(sysroot_fd, BOOT_ENVIRONMENT_PATH, BOOT_ENVIRONMENT_BYTES, NULL);
    if (block == NULL)
        return false;
    gsize size_bytes = 0;
    const char *data = g_bytes_get_data(block, &size_bytes);
    g_autofree char *value =
        boot_environment_get(data != NULL ? data : "", size_bytes, BOOT_COUNTER_NAME, NULL);
    return value != NULL && boot_counter_parse(value, out_counter);
}

static char *loader_mark(const HostSysroot *sysroot)
{
    int version = ostree_sysroot_get_bootversion(sysroot->ostree);
    return g_strdup_printf(BOOT_MENU_LOADER_MARK, version, version);
}

static char *links_mark(const HostSysroot *sysroot)
{
    return g_strdup_printf(BOOT_MENU_LINKS_MARK, ostree_sysroot_get_bootversion(sysroot->ostree));
}

OstreeDeployment *host_boot_first(const HostSysroot *sysroot)
{
    g_autoptr(GPtrArray) all = ostree_sysroot_get_deployments(sysroot->ostree);
    for (unsigned i = 0; i < all->len; i++)
        if (!ostree_deployment_is_staged(all->pdata[i]))
            return all->pdata[i]; /* the sysroot holds it too */
    return NULL;
}

void host_boot_read(const HostSysroot *sysroot, HostBoot *out_boot)
{
    int sysroot_fd = ostree_sysroot_get_fd(sysroot->ostree);
    g_autofree char *loader = loader_mark(sysroot);
    g_autofree char *links = links_mark(sysroot);
    g_autoptr(GPtrArray) all = ostree_sysroot_get_deployments(sysroot->ostree);
    OstreeDeployment *first = host_boot_first(sysroot);
    *out_boot = (HostBoot){
        .is_good = faccessat(sysroot_fd, loader, F_OK, 0) == 0 &&
                   faccessat(sysroot_fd, links, F_OK, 0) == 0,
        .is_default = first != NULL && sysroot->booted != NULL &&
                      ostree_deployment_equal(first, sysroot->booted),
        .n_entries = all->len,
    };
    if (all->len > 0 && ostree_deployment_is_staged(all->pdata[0]))
        out_boot->n_entries--;
    out_boot->counts = read_counter(sysroot_fd, &out_boot->counter);
}

bool host_boot_fell_back(const HostBoot *self)
{
    return self->counts && !self->is_good && !self->is_default &&
           boot_counter_gave_up(self->counter);
}

bool host_boot_on_trial(const HostBoot *self)
{
    return self->is_default && !self->is_good && self->n_entries > 1;
}

bool host_boot_uncounted(const HostBoot *self)
{
    return self->is_default && !self->is_good &&
           (!self->counts || self->counter == BOOT_COUNTER_NEW_3);
}

char *host_boot_print(const HostBoot *self)
{
    if (host_boot_fell_back(self))
        return g_strdup("the version that should start by default did not; this one was started "
                        "instead");
    if (!self->is_default)
        return g_strdup("not the default: chosen by hand, or left by a power cut");
    if (self->is_good)
        return g_strdup("found good");
    if (host_boot_uncounted(self))
        return g_strdup("on trial, but the boot loader does not count its tries");
    unsigned left = boot_counter_tries_left(self->counter);
    if (self->n_entries < 2)
        return g_strdup("not found good yet; there is no other version on this disk");
    return left == 1 ? g_strdup("on trial, with 1 more try")
                     : g_strdup_printf("on trial, with %u more tries", left);
}

bool host_boot_set_counter(const HostSysroot *sysroot, BootCounter counter, GError **error)
{
    char block[BOOT_ENVIRONMENT_BYTES];
    boot_environment_print(BOOT_COUNTER_NAME, boot_counter_name(counter), block);
    base_autofd fd = openat(ostree_sysroot_get_fd(sysroot->ostree), BOOT_ENVIRONMENT_PATH,
                            O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0 && errno == ENOENT)
        return true; /* another boot loader, which does not count */
    if (fd < 0 || pwrite(fd, block, sizeof block, 0) != (ssize_t)sizeof block ||
        ftruncate(fd, sizeof block) != 0 || fsync(fd) != 0) {
        int saved_errno = errno;
        return base_error_set_errno(error, saved_errno, "writing the boot loader's counter ‘%s’",
                                    BOOT_ENVIRONMENT_PATH);
    }
    return true;
}

static bool make_mark(int sysroot_fd, const char *path, GError **error)
{
    g_autofree char *dir = g_path_get_dirname(path);
    base_autofd fd = openat(sysroot_fd, path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    base_autofd dir_fd = openat(sysroot_fd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || dir_fd < 0 || fsync(fd) != 0 || fsync(dir_fd) != 0) {
        int saved_errno = errno;
        return base_error_set_errno(error, saved_errno, "making the mark ‘%s’", path);
    }
    return true;
}

bool host_boot_bless(const HostSysroot *sysroot, GError **error)
{
    int sysroot_fd = ostree_sysroot_get_fd(sysroot->ostree);
    g_autofree char *loader = loader_mark(sysroot);
    g_autofree char *links = links_mark(sysroot);
    /* first the counter: with the marks nobody looks at it until the next change of what boots */
    return host_boot_set_counter(sysroot, BOOT_COUNTER_NEW_3, error) &&
           make_mark(sysroot_fd, loader, error) && make_mark(sysroot_fd, links, error);
}

bool host_boot_give_up(HostSysroot *sysroot, GCancellable *cancellable, GError **error)
{
    OstreeDeployment *bad = host_boot_first(sysroot);
    g_autoptr(GPtrArray) old = ostree_sysroot_get_deployments(sysroot->ostree);
    g_autoptr(GPtrArray) new = g_ptr_array_new_with_free_func(g_object_unref);
    bool runs = sysroot->booted == NULL || ostree_deployment_equal(bad, sysroot->booted);
    if (!runs)
        g_ptr_array_add(new, g_object_ref(sysroot->booted));
    for (unsigned i = 0; i < old->len; i++) {
        OstreeDeployment *one = old->pdata[i];
        if (!ostree_deployment_is_staged(one) && !ostree_deployment_equal(one, bad) &&
            (runs || !ostree_deployment_equal(one, sysroot->booted)))
            g_ptr_array_add(new, g_object_ref(one));
    }
    if (new->len == 0)
        return host_error_set(error, HOST_ERROR_FAILED,
                              "there is no other version on this disk to go back to");
    if (runs)
        g_ptr_array_add(new, g_object_ref(bad));
    /* before the change: should the power go in between, the bad one gets its tries once more,
     * and nothing is given up for another's failures */
    if (!host_boot_set_counter(sysroot, BOOT_COUNTER_NEW_3, error))
        return false;
    if (!ostree_sysroot_write_deployments(sysroot->ostree, new, cancellable, error)) {
        g_prefix_error(error, "writing the boot entries: ");
        return false;
    }
    return true;
}
