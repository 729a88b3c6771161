/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * CloudStack: EC2's tree on the network's virtual router, which is called “data-server”, or else is
 * whoever gave the DHCP lease; and its password server.
 */
#include "base/fd.h"
#include "provision/datasources/ec2-tree.h"
#include "provision/datasources/password.h"
#include "provision/datasources/sources.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#define LEASES_DIR "run/systemd/netif/leases"
#define MAX_LEASE_BYTES 65536

static bool matches(const ProvisionPlatform *platform)
{
    return g_str_has_prefix(platform->product_name, "CloudStack");
}

/* systemd-networkd's lease of one interface: NAME=text. */
static char *server_of_lease(int dir, const char *name)
{
    g_autoptr(GBytes) bytes = base_fd_read_file(dir, name, MAX_LEASE_BYTES, NULL);
    if (bytes == NULL)
        return NULL;
    g_auto(GStrv) lines = g_strsplit(g_bytes_get_data(bytes, NULL), "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        if (!g_str_has_prefix(*line, "SERVER_ADDRESS="))
            continue;
        const char *address = strchr(*line, '=') + 1;
        g_autoptr(GInetAddress) good = g_inet_address_new_from_string(address);
        if (good != NULL)
            return g_strdup(address);
    }
    return NULL;
}

static char *find_server(int root)
{
    base_autofd dir = openat(root, LEASES_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    base_autofd again = dir >= 0 ? fcntl(dir, F_DUPFD_CLOEXEC, 3) : -1;
    DIR *list = again >= 0 ? fdopendir(again) : NULL;
    char *server = NULL;
    if (list == NULL)
        return NULL;
    (void)base_fd_steal(&again);
    for (struct dirent *entry = readdir(list); entry != NULL && server == NULL;
         entry = readdir(list))
        if (entry->d_name[0] != '.')
            server = server_of_lease(dir, entry->d_name);
    closedir(list);
    return server;
}

static bool fetch(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,
                  GCancellable *cancellable, GError **error)
{
    g_autofree char *server = find_server(env->root);
    g_autofree char *by_lease = server != NULL ? g_strconcat("http://", server, NULL) : NULL;
    const char *const bases[] = {"http://data-server", by_lease, NULL};
    ProvisionService service = {.env = env, .bases = bases, .cancellable = cancellable};
    if (!provision_ec2_tree_read(&service, "/latest", instance, error))
        return false;
    g_autofree char *base = g_strconcat(provision_service_base(&service), ":8080", NULL);
    /* an endpoint of one's own has no second port */
    if (env->endpoint == NULL)
        provision_password_fetch(env, base, instance, cancellable);
    return provision_source_finish(instance, "cloudstack", NULL, error);
}

const ProvisionDatasource provision_source_cloudstack = {
    .name = "cloudstack",
    .title = "Apache CloudStack",
    .flags = PROVISION_DATASOURCE_NETWORK,
    .matches = matches,
    .fetch = fetch,
};
