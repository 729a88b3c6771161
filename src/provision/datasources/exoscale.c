/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Exoscale: EC2's tree of version 1.0, and CloudStack's password server.
 */
#include "provision/datasources/ec2-tree.h"
#include "provision/datasources/password.h"
#include "provision/datasources/sources.h"

static const char *const bases[] = {"http://169.254.169.254", NULL};

static bool matches(const ProvisionPlatform *platform)
{
    return g_str_has_prefix(platform->product_name, "Exoscale");
}

static bool fetch(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,
                  GCancellable *cancellable, GError **error)
{
    ProvisionService service = {.env = env, .bases = bases, .cancellable = cancellable};
    if (!provision_ec2_tree_read(&service, "/1.0", instance, error))
        return false;
    g_autofree char *base = g_strconcat(provision_service_base(&service), ":8080", NULL);
    /* an endpoint of one's own has no second port */
    if (env->endpoint == NULL)
        provision_password_fetch(env, base, instance, cancellable);
    return provision_source_finish(instance, "exoscale", NULL, error);
}

const ProvisionDatasource provision_source_exoscale = {
    .name = "exoscale",
    .title = "Exoscale",
    .flags = PROVISION_DATASOURCE_NETWORK,
    .matches = matches,
    .fetch = fetch,
};
