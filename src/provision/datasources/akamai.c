/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Akamai (Linode): tokens, then JSON; user-data is base64.
 */
#include "provision/datasources/common.h"
#include "provision/datasources/sources.h"
#include "provision/error.h"

#include <string.h>

static const char *const bases[] = {"http://169.254.169.254", "http://[fd00:a9fe:a9fe::1]", NULL};

static bool matches(const ProvisionPlatform *platform)
{
    return strcmp(platform->sys_vendor, "Linode") == 0 ||
           strcmp(platform->sys_vendor, "Akamai") == 0;
}

static bool fetch(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,
                  GCancellable *cancellable, GError **error)
{
    ProvisionService service = {.env = env, .bases = bases, .cancellable = cancellable};
    g_autofree char *token = NULL;
    g_autoptr(ProvisionValue) data = NULL;
    g_autoptr(ProvisionValue) keys = NULL;
    g_autoptr(GBytes) user_data = NULL;
    if (!provision_service_token(&service, "PUT", "/v1/token", "Metadata-Token-Expiry-Seconds: 300",
                                 "Metadata-Token", &token, error))
        return false;
    const char *const headers[] = {"Accept: application/json", token, NULL};
    service.headers = headers;
    if (!provision_service_get_value(&service, "/v1/instance", PROVISION_VALUE_JSON, &data,
                                     error) ||
        !provision_service_get_value(&service, "/v1/ssh-keys", PROVISION_VALUE_JSON, &keys, error))
        return false;
    /* what is not JSON is not asked for as JSON */
    const char *const plain[] = {token, NULL};
    service.headers = plain;
    if (!provision_service_get(&service, "/v1/user-data", &user_data, error))
        return false;
    if (data == NULL)
        return provision_source_nothing(error, "Akamai’s service knows no instance");
    provision_source_set(&instance->id, provision_source_text(data, "id"));
    provision_source_set(&instance->hostname, provision_source_text(data, "label"));
    provision_source_set(&instance->region, provision_source_text(data, "region"));
    if (keys != NULL)
        provision_source_add_keys(instance, provision_value_find(keys, "users"));
    if (user_data != NULL) {
        GBytes *decoded = provision_source_from_base64(user_data);
        if (decoded == NULL) {
            g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                        "‘%s/v1/user-data’ is not base64", provision_service_base(&service));
            return false;
        }
        provision_source_set_bytes(&instance->user_data, decoded);
    }
    provision_source_set_value(instance, g_steal_pointer(&data));
    provision_source_set(&instance->subplatform,
                         g_strconcat(provision_service_base(&service), "/v1", NULL));
    return provision_source_finish(instance, "akamai", NULL, error);
}

const ProvisionDatasource provision_source_akamai = {
    .name = "akamai",
    .title = "Akamai (Linode)",
    .flags = PROVISION_DATASOURCE_NETWORK,
    .matches = matches,
    .fetch = fetch,
};
