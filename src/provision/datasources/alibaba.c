/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Alibaba Cloud ECS: EC2's tree at an address of its own, with tokens of its own.
 */
#include "provision/datasources/ec2-tree.h"
#include "provision/datasources/sources.h"
#include "provision/error.h"

#include <string.h>

static const char *const bases[] = {"http://100.100.100.200", NULL};

static bool matches(const ProvisionPlatform *platform)
{
    return strcmp(platform->product_name, "Alibaba Cloud ECS") == 0;
}

static bool fetch(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,
                  GCancellable *cancellable, GError **error)
{
    ProvisionService service = {.env = env, .bases = bases, .cancellable = cancellable};
    g_autofree char *token = NULL;
    if (!provision_service_token(&service, "PUT", "/latest/api/token",
                                 "X-aliyun-ecs-metadata-token-ttl-seconds: 21600",
                                 "X-aliyun-ecs-metadata-token", &token, error))
        return false;
    const char *const headers[] = {token, NULL};
    service.headers = headers;
    if (!provision_ec2_tree_read(&service, "/latest", instance, error))
        return false;
    if (instance->region == NULL)
        instance->region = provision_source_text(instance->meta_data, "region-id");
    if (instance->zone == NULL)
        instance->zone = provision_source_text(instance->meta_data, "zone-id");
    return provision_source_finish(instance, "alibaba", NULL, error);
}

const ProvisionDatasource provision_source_alibaba = {
    .name = "alibaba",
    .title = "Alibaba Cloud ECS",
    .flags = PROVISION_DATASOURCE_NETWORK,
    .matches = matches,
    .fetch = fetch,
};
