/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-provision fetch
 */
#include "cmd/provision/commands.h"

#include "base/fd.h"
#include "provision/error.h"
#include "provision/identify.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_TIMEOUT_S 120
#define MAX_TIMEOUT_S 86400

const CmdOption cmd_provision_fetch_options[] = {
    CMD_OPTION_JSON,
    {.name = "root", .metavar = "DIR", .help = "look below this directory instead of /"},
    {.name = "datasource", .metavar = "NAME", .help = "ask this one, whatever the machine says"},
    {.name = "endpoint", .metavar = "URL", .help = "ask here instead of the well-known address"},
    {.name = "timeout", .metavar = "SECONDS", .help = "give up after so long (default: 120)"},
    {.name = "local", .help = "do not ask the network"},
    {.name = "into", .metavar = "DIR", .help = "keep everything, secrets too, in this directory"},
    {.name = "ready", .help = "tell the platform that the host is up"},
    {0},
};

static bool choose(const CmdArgs *args, ProvisionIdentity *identity, GError **error)
{
    const char *name = cmd_args_string(args, "datasource");
    if (name == NULL)
        return true;
    const ProvisionDatasource *source = provision_datasource_find(name);
    if (source == NULL) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_NOT_FOUND,
                    "there is no datasource ‘%s’: atoll-datasources(7) lists them", name);
        return false;
    }
    g_ptr_array_set_size(identity->datasources, 0);
    g_ptr_array_add(identity->datasources, (gpointer)source);
    identity->disabled = false;
    identity->probing = false;
    return true;
}

/* What may be seen by whoever looks over one's shoulder: secrets and blobs are only counted. */
static ProvisionValue *to_value(const ProvisionInstance *instance, GError **error)
{
    const struct {
        const char *name;
        GBytes *bytes;
    } blobs[] = {{"user-data", instance->user_data},
                 {"vendor-data", instance->vendor_data},
                 {"vendor-data2", instance->vendor_data2},
                 {"network-config", instance->network_config}};
    g_autofree char *text = provision_instance_print(instance);
    g_autoptr(GBytes) json = g_bytes_new_static(text, strlen(text));
    g_autoptr(ProvisionValue) value =
        provision_value_parse("instance.json", json, PROVISION_VALUE_JSON, error);
    if (value == NULL)
        return NULL;
    if (instance->password != NULL)
        provision_value_set_string(value, "password", "(secret)");
    for (size_t i = 0; i < G_N_ELEMENTS(blobs); i++) {
        if (blobs[i].bytes == NULL)
            continue;
        g_autofree char *size =
            g_strdup_printf("%" G_GSIZE_FORMAT " bytes", g_bytes_get_size(blobs[i].bytes));
        provision_value_set_string(value, blobs[i].name, size);
    }
    return g_steal_pointer(&value);
}

static bool show(const CmdArgs *args, const ProvisionInstance *instance, GError **error)
{
    if (cmd_args_flag(args, "json")) {
        g_autoptr(ProvisionValue) value = to_value(instance, error);
        if (value == NULL)
            return false;
        g_autofree char *text = provision_value_print(value);
        printf("%s\n", text);
        return true;
    }
    printf("platform: %s (%s)\ninstance: %s\nhost name: %s\nkeys: %u\n", instance->platform,
           instance->subplatform != NULL ? instance->subplatform : "-", instance->id,
           instance->hostname != NULL ? instance->hostname : "-", instance->ssh_keys->len);
    if (instance->user_data != NULL)
        printf("user-data: %" G_GSIZE_FORMAT " bytes\n", g_bytes_get_size(instance->user_data));
    if (instance->network_config != NULL)
        printf("network-config: %" G_GSIZE_FORMAT " bytes\n",
               g_bytes_get_size(instance->network_config));
    return true;
}

static bool keep(const CmdArgs *args, const ProvisionInstance *instance, GError **error)
{
    const char *into = cmd_args_string(args, "into");
    if (into == NULL)
        return true;
    if (!base_fd_make_dirs(AT_FDCWD, into, 0700, error))
        return false;
    base_autofd dir = base_fd_open_dir(AT_FDCWD, into, error);
    return dir >= 0 && provision_instance_save(instance, dir, error);
}

static bool parse_timeout(const CmdArgs *args, int64_t *out_us, GError **error)
{
    const char *text = cmd_args_string(args, "timeout");
    guint64 seconds = DEFAULT_TIMEOUT_S;
    if (text != NULL && !g_ascii_string_to_unsigned(text, 10, 1, MAX_TIMEOUT_S, &seconds, NULL)) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_FAILED,
                    "--timeout=%s: a number of seconds wanted, 1 to %d", text, MAX_TIMEOUT_S);
        return false;
    }
    *out_us = (int64_t)seconds * G_USEC_PER_SEC;
    return true;
}

CmdExit cmd_provision_fetch_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *path = cmd_args_string(args, "root");
    int64_t timeout_us = 0;
    base_autofd root = base_fd_open_dir(AT_FDCWD, path != NULL ? path : "/", error);
    if (root < 0 || !parse_timeout(args, &timeout_us, error))
        return CMD_EXIT_FAILED;
    g_autoptr(ProvisionPlatform) platform = provision_platform_read(root, error);
    g_autoptr(ProvisionIdentity) identity =
        platform != NULL ? provision_identify(platform, root, error) : NULL;
    if (identity == NULL || !choose(args, identity, error))
        return CMD_EXIT_FAILED;
    ProvisionDatasourceEnv env = {.platform = platform,
                                  .root = root,
                                  .endpoint = cmd_args_string(args, "endpoint"),
                                  .deadline_us = g_get_monotonic_time() + timeout_us};
    ProvisionDatasourceFlags kinds = PROVISION_DATASOURCE_LOCAL;
    if (!cmd_args_flag(args, "local"))
        kinds |= PROVISION_DATASOURCE_NETWORK;
    const ProvisionDatasource *source = NULL;
    g_autoptr(GError) local = NULL;
    g_autoptr(ProvisionInstance) instance =
        provision_identity_fetch(identity, &env, kinds, &source, cancellable, &local);
    if (instance == NULL) {
        bool nothing = g_error_matches(local, PROVISION_ERROR, PROVISION_ERROR_NOT_FOUND);
        g_propagate_error(error, g_steal_pointer(&local));
        return nothing ? CMD_EXIT_NOTHING_TO_DO : CMD_EXIT_FAILED;
    }
    if (!keep(args, instance, error) || !show(args, instance, error))
        return CMD_EXIT_FAILED;
    if (cmd_args_flag(args, "ready") && source->ready != NULL &&
        !source->ready(&env, instance, cancellable, error))
        return CMD_EXIT_FAILED;
    return CMD_EXIT_DONE;
}
