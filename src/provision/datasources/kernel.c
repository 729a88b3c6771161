/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The kernel’s arguments alone: cloud-config in them, or a URL of one. What they say is added to
 * every other datasource too, by identify.c.
 */
#include "provision/datasources/common.h"
#include "provision/datasources/sources.h"

#include <string.h>

static bool matches(const ProvisionPlatform *platform)
{
    return strstr(platform->kernel_line, "cc:") != NULL ||
           provision_platform_karg(platform, "cloud-config-url") != NULL;
}

static bool fetch(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,
                  GCancellable *cancellable, GError **error)
{
    (void)cancellable;
    if (!matches(env->platform))
        return provision_source_nothing(error, "the kernel’s arguments have no configuration");
    provision_source_set(&instance->subplatform, g_strdup("/proc/cmdline"));
    return provision_source_finish(instance, "kernel", "iid-datasource-none", error);
}

const ProvisionDatasource provision_source_kernel = {
    .name = "kernel",
    .title = "the kernel’s arguments",
    .flags = PROVISION_DATASOURCE_LOCAL,
    .matches = matches,
    .fetch = fetch,
};
