/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * systemd-networkd's files in a root: writing what is wanted, taking away what no longer is, and
 * the default when nothing is said.
 */
#include "provision/networkd.h"

#include "base/error.h"
#include "base/fd.h"
#include "provision/datasources/linklocal.h"
#include "provision/networkd-private.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#define MAX_FILE_BYTES (1024 * 1024)
#define MAX_FILES 4096

static bool is_ours(const char *name)
{
    return g_str_has_prefix(name, PROVISION_NETWORKD_PREFIX);
}

static GPtrArray *list_dir(int root, const char *path)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    base_autofd fd = openat(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL)
        return names;
    (void)base_fd_steal(&fd);
    for (struct dirent *entry = readdir(dir); entry != NULL && names->len < MAX_FILES;
         entry = readdir(dir))
        g_ptr_array_add(names, g_strdup(entry->d_name));
    closedir(dir);
    return names;
}

/* Whoever made the image and put a .network file, or NetworkManager's connections, into it has
 * decided. systemd's own files, of containers and the like, are not that. */
static bool has_network(int root)
{
    static const char *const dirs[] = {"etc/systemd/network", "run/systemd/network",
                                       "usr/lib/systemd/network", "usr/local/lib/systemd/network",
                                       "etc/NetworkManager/system-connections"};
    static const char *const systemds[] = {"80-6rd-",       "80-auto-link", "80-container-",
                                           "80-namespace-", "80-vm-",       NULL};
    for (size_t d = 0; d < G_N_ELEMENTS(dirs); d++) {
        g_autoptr(GPtrArray) names = list_dir(root, dirs[d]);
        for (guint i = 0; i < names->len; i++) {
            const char *name = g_ptr_array_index(names, i);
            bool systemds_own = false;
            for (const char *const *prefix = systemds; *prefix != NULL; prefix++)
                systemds_own = systemds_own || g_str_has_prefix(name, *prefix);
            if (!is_ours(name) && !systemds_own &&
                (g_str_has_suffix(name, ".network") || g_str_has_suffix(name, ".nmconnection")))
                return true;
        }
    }
    return false;
}

ProvisionNetwork *provision_networkd_default(int root)
{
    const ProvisionPlace nowhere = {0};
    if (has_network(root))
        return NULL;
    g_autofree char *card = provision_linklocal_first_card(root);
    if (card == NULL)
        return NULL;
    ProvisionNetwork *network = provision_network_new();
    ProvisionInterface *interface = provision_interface_new(&nowhere, card);
    interface->name = g_strdup(card);
    interface->dhcp4 = 1;
    interface->dhcp6 = 1;
    g_ptr_array_add(network->interfaces, interface);
    return network;
}

static bool write_file(int dir, const ProvisionNetworkdFile *file, bool *changed, GError **error)
{
    g_autoptr(GBytes) old = base_fd_read_file(dir, file->name, MAX_FILE_BYTES, NULL);
    size_t size_bytes = strlen(file->text);
    if (old != NULL && g_bytes_get_size(old) == size_bytes &&
        memcmp(g_bytes_get_data(old, NULL), file->text, size_bytes) == 0)
        return true;
    *changed = true;
    return base_fd_replace_file(dir, file->name, file->text, size_bytes, 0644,
                                BASE_FD_REPLACE_DEFAULT, error);
}

static bool is_wanted(const GPtrArray *files, const char *name)
{
    for (guint i = 0; i < files->len; i++) {
        const ProvisionNetworkdFile *file = g_ptr_array_index(files, i);
        if (strcmp(file->name, name) == 0)
            return true;
    }
    return false;
}

bool provision_networkd_apply(const ProvisionNetwork *network, int root, ProvisionReport *report,
                              bool *out_changed, GError **error)
{
    g_autoptr(ProvisionNetwork) made = network == NULL ? provision_networkd_default(root) : NULL;
    const ProvisionNetwork *wanted = network != NULL ? network : made;
    bool changed = false;
    if (wanted != NULL && wanted->disabled) {
        *out_changed = false;
        return true;
    }
    g_autoptr(GPtrArray) files = wanted != NULL
                                     ? provision_networkd_render(wanted, report)
                                     : g_ptr_array_new_with_free_func(provision_networkd_file_free);
    if (!base_fd_make_dirs(root, PROVISION_NETWORKD_DIR, 0755, error))
        return false;
    base_autofd dir = base_fd_open_dir(root, PROVISION_NETWORKD_DIR, error);
    if (dir < 0)
        return false;
    for (guint i = 0; i < files->len; i++)
        if (!write_file(dir, g_ptr_array_index(files, i), &changed, error))
            return false;
    g_autoptr(GPtrArray) names = list_dir(root, PROVISION_NETWORKD_DIR);
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        if (!is_ours(name) || is_wanted(files, name))
            continue;
        if (!base_fd_remove_tree(dir, name, error))
            return false;
        changed = true;
    }
    *out_changed = changed;
    return true;
}
