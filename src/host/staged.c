/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The state of a staged deployment, which libostree keeps in /run until the host shuts down:
 * ostree_sysroot_stage_tree_with_options() in its ostree-sysroot-deploy.c writes it.
 */
#include "host/staged.h"

#include "host/error.h"

#include <string.h>
#include <unistd.h>

HostStagedState host_staged_look(void)
{
    if (access(HOST_STAGED_PATH, F_OK) != 0)
        return HOST_STAGED_NONE;
    return access(HOST_STAGED_PATH "-locked", F_OK) == 0 ? HOST_STAGED_LOCKED : HOST_STAGED_READY;
}

void host_staged_clear(HostStaged *self)
{
    g_clear_object(&self->target);
    g_clear_object(&self->merge);
}

/* (transfer full) (nullable): from its name, CHECKSUM.SERIAL, and where it is */
static OstreeDeployment *parse_deployment(GVariant *value, GError **error)
{
    const char *name = NULL, *osname = NULL, *bootcsum = NULL;
    guint64 serial = 0;
    if (g_variant_lookup(value, "name", "&s", &name) &&
        g_variant_lookup(value, "osname", "&s", &osname) &&
        g_variant_lookup(value, "bootcsum", "&s", &bootcsum)) {
        g_auto(GStrv) parts = g_strsplit(name, ".", 2);
        if (g_strv_length(parts) == 2 &&
            ostree_validate_structureof_checksum_string(parts[0], NULL) &&
            g_ascii_string_to_unsigned(parts[1], 10, 0, G_MAXINT, &serial, NULL) &&
            *osname != '\0' && *osname != '.' && strchr(osname, '/') == NULL)
            return ostree_deployment_new(-1, osname, parts[0], (int)serial, bootcsum, -1);
    }
    host_error_set(error, HOST_ERROR_FAILED, "what is staged does not name its deployments");
    return NULL;
}

static void set_kernel_args(OstreeDeployment *deployment, char **words)
{
    g_autoptr(OstreeBootconfigParser) config = ostree_bootconfig_parser_new();
    g_autoptr(OstreeKernelArgs) args = ostree_kernel_args_new();
    ostree_kernel_args_append_argv(args, words);
    g_autofree char *options = ostree_kernel_args_to_string(args);
    ostree_bootconfig_parser_set(config, "options", options);
    ostree_deployment_set_bootconfig(deployment, config);
}

static bool parse(GVariant *state, HostStaged *out, GError **error)
{
    g_autoptr(GVariant) target = g_variant_lookup_value(state, "target", G_VARIANT_TYPE_VARDICT);
    g_autoptr(GVariant) merge =
        g_variant_lookup_value(state, "merge-deployment", G_VARIANT_TYPE_VARDICT);
    g_autoptr(GVariant) overlays = g_variant_lookup_value(state, "overlay-initrds", NULL);
    g_auto(GStrv) words = NULL;
    if (target == NULL || merge == NULL)
        return host_error_set(error, HOST_ERROR_FAILED,
                              "it is staged without a deployment whose /etc it gets");
    if (overlays != NULL || !g_variant_lookup(state, "kargs", "^as", &words))
        return host_error_set(error, HOST_ERROR_FAILED,
                              "its initramfs or kernel arguments are libostree's to find");
    out->target = parse_deployment(target, error);
    out->merge = out->target != NULL ? parse_deployment(merge, error) : NULL;
    if (out->merge == NULL)
        return false;
    set_kernel_args(out->target, words);
    return true;
}

bool host_staged_parse(GBytes *bytes, HostStaged *out, GError **error)
{
    g_auto(HostStaged) staged = {0};
    g_autoptr(GVariant) state = g_variant_ref_sink(
        g_variant_new_from_bytes(G_VARIANT_TYPE_VARDICT, bytes, /*trusted=*/FALSE));
    if (!parse(state, &staged, error))
        return false;
    *out = staged;
    memset(&staged, 0, sizeof staged);
    return true;
}
