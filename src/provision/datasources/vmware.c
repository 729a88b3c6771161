/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * VMware: the hypervisor’s guestinfo, asked for by the tools that talk to it. They are programs,
 * since the backdoor is an instruction that kills whoever uses it elsewhere.
 */
#include "base/error.h"
#include "base/run.h"
#include "provision/datasources/common.h"
#include "provision/datasources/sources.h"
#include "provision/envelope/unpack.h"
#include "provision/error.h"

#include <string.h>

#define MAX_META_BYTES (4 * 1024 * 1024)

static bool matches(const ProvisionPlatform *platform)
{
    return strcmp(platform->virt, "vmware") == 0;
}

/* Absent values make the tools fail, as absent tools do: which it is, whether the program exists
 * says. */
static char *ask(const char *key, GCancellable *cancellable)
{
    static const char *const programs[] = {"vmware-rpctool", "vmtoolsd"};
    g_autofree char *question = g_strconcat("info-get guestinfo.", key, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(programs); i++) {
        g_autofree char *path = g_find_program_in_path(programs[i]);
        const char *const rpctool[] = {path, question, NULL};
        const char *const vmtoolsd[] = {path, "--cmd", question, NULL};
        BaseRun run = {.argv = i == 0 ? rpctool : vmtoolsd,
                       .what = "asking for VMware’s guestinfo",
                       .flags = BASE_RUN_DIE_WITH_PARENT};
        g_autofree char *output = NULL;
        if (path == NULL)
            continue;
        if (!base_run(&run, &output, cancellable, NULL))
            return NULL;
        if (g_str_has_suffix(output, "\n"))
            output[strlen(output) - 1] = '\0';
        return *output != '\0' && strcmp(output, "---") != 0 ? g_steal_pointer(&output) : NULL;
    }
    return NULL;
}

static GBytes *unpack_value(const char *key, GBytes *packed, GError **error)
{
    GBytes *bytes = provision_unpack(packed, MAX_META_BYTES, error);
    if (bytes == NULL)
        g_prefix_error(error, "guestinfo.%s: ", key);
    return bytes;
}

/* Takes base64 off; compression only of what is not user-data, whose reader does that itself. */
static bool get(const char *key, bool unpack, GBytes **out_bytes, GCancellable *cancellable,
                GError **error)
{
    g_autofree char *encoding_key = g_strconcat(key, ".encoding", NULL);
    g_autofree char *text = ask(key, cancellable);
    *out_bytes = NULL;
    if (text == NULL)
        return true;
    g_autofree char *encoding = ask(encoding_key, cancellable);
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
    if (encoding == NULL || *encoding == '\0') {
        *out_bytes = g_steal_pointer(&bytes);
        return true;
    }
    bool zipped = strcmp(encoding, "gzip+base64") == 0 || strcmp(encoding, "gz+b64") == 0;
    g_autoptr(GBytes) decoded =
        zipped || strcmp(encoding, "base64") == 0 || strcmp(encoding, "b64") == 0
            ? provision_source_from_base64(bytes)
            : NULL;
    if (decoded == NULL) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                    "guestinfo.%s is not what guestinfo.%s says (“%.32s”)", key, encoding_key,
                    encoding);
        return false;
    }
    *out_bytes = zipped && unpack ? unpack_value(key, decoded, error) : g_steal_pointer(&decoded);
    return *out_bytes != NULL;
}

static bool take_network(ProvisionInstance *instance, const ProvisionValue *data, GError **error)
{
    const ProvisionValue *network = provision_value_find(data, "network");
    g_autofree char *encoding = provision_source_text(data, "network.encoding");
    const ProvisionValue *beside = provision_value_find(data, "network.encoding");
    g_autoptr(GBytes) bytes = provision_source_bytes(data, "network");
    if (network == NULL || bytes == NULL)
        return true;
    if (encoding == NULL && beside != NULL && beside->text != NULL)
        encoding = g_strdup(beside->text);
    if (encoding != NULL && network->kind == PROVISION_VALUE_STRING) {
        g_autoptr(GBytes) decoded = provision_source_from_base64(bytes);
        if (decoded == NULL)
            return provision_value_set_error(&network->at, error, "this is not base64");
        g_clear_pointer(&bytes, g_bytes_unref);
        bytes = g_str_has_prefix(encoding, "gz") ? unpack_value("metadata: network", decoded, error)
                                                 : g_bytes_ref(decoded);
        if (bytes == NULL)
            return false;
    }
    provision_source_set_bytes(&instance->network_config, g_steal_pointer(&bytes));
    return true;
}

static bool take_meta_data(ProvisionInstance *instance, GBytes *bytes, GError **error)
{
    g_autoptr(ProvisionValue) data =
        provision_value_parse("guestinfo.metadata", bytes, PROVISION_VALUE_YAML_1_1, error);
    if (data == NULL)
        return false;
    if (data->kind != PROVISION_VALUE_MAP)
        return true;
    provision_source_set(&instance->id, provision_source_text(data, "instance-id"));
    provision_source_set(&instance->hostname, provision_source_text(data, "local-hostname"));
    if (instance->hostname == NULL)
        instance->hostname = provision_source_text(data, "hostname");
    const char *const keys[] = {"public-keys", "public_keys", "public-keys-data", NULL};
    for (const char *const *key = keys; *key != NULL; key++)
        provision_source_add_keys(instance, provision_value_find(data, *key));
    if (!take_network(instance, data, error))
        return false;
    provision_source_set_value(instance, g_steal_pointer(&data));
    return true;
}

static bool fetch(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,
                  GCancellable *cancellable, GError **error)
{
    g_autoptr(GBytes) meta_data = NULL;
    g_autoptr(GBytes) ovf = NULL;
    if (!get("metadata", true, &meta_data, cancellable, error) ||
        !get("userdata", false, &instance->user_data, cancellable, error) ||
        !get("vendordata", false, &instance->vendor_data, cancellable, error))
        return false;
    if (instance->user_data == NULL &&
        !get("ignition.config.data", false, &instance->user_data, cancellable, error))
        return false;
    if (meta_data == NULL && instance->user_data == NULL) {
        if (!get("ovfEnv", true, &ovf, cancellable, error))
            return false;
        if (ovf == NULL)
            return provision_source_nothing(
                error, "VMware’s guestinfo has no configuration, or there is neither "
                       "vmware-rpctool nor vmtoolsd to ask for it");
        if (!provision_ovf_read(ovf, instance, error))
            return false;
    }
    if (meta_data != NULL && !take_meta_data(instance, meta_data, error))
        return false;
    const char *uuid = env->platform->product_uuid;
    provision_source_set(&instance->subplatform, g_strdup("guestinfo"));
    return provision_source_finish(instance, "vmware", *uuid != '\0' ? uuid : "iid-vmware", error);
}

const ProvisionDatasource provision_source_vmware = {
    .name = "vmware",
    .title = "VMware",
    .flags = PROVISION_DATASOURCE_LOCAL,
    .matches = matches,
    .fetch = fetch,
};
