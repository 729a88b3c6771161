/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Kernel arguments of deployments.
 */
#include "host/kargs.h"

#include "host/error.h"

#include <string.h>

char *host_kargs_text(OstreeDeployment *deployment)
{
    OstreeBootconfigParser *config = ostree_deployment_get_bootconfig(deployment);
    const char *options = config != NULL ? ostree_bootconfig_parser_get(config, "options") : NULL;
    g_autoptr(OstreeKernelArgs) args = ostree_kernel_args_from_string(options ? options : "");
    while (ostree_kernel_args_get_last_value(args, "ostree") != NULL) {
        if (!ostree_kernel_args_delete_key_entry(args, "ostree", NULL))
            break;
    }
    return ostree_kernel_args_to_string(args);
}

/* The boot menu is read by GRUB's script parser, as it is. */
#define FORBIDDEN ";&|<>$\\'`\n\r"

static bool check(const char *argument, GError **error)
{
    size_t key_length = strcspn(argument, "=");
    const char *forbidden = strpbrk(argument, FORBIDDEN);
    if (forbidden != NULL)
        return host_error_set(error, HOST_ERROR_FAILED,
                              "kernel argument ‘%s’ has a character (0x%02x) that the boot loader "
                              "cannot pass on",
                              argument, (unsigned)(unsigned char)*forbidden);
    if (key_length == 0)
        return host_error_set(error, HOST_ERROR_FAILED,
                              "‘%s’ is not a kernel argument: want KEY or KEY=VALUE", argument);
    if (key_length == strlen("ostree") && memcmp(argument, "ostree", key_length) == 0)
        return host_error_set(error, HOST_ERROR_FAILED,
                              "the kernel argument ‘ostree’ names the deployment and cannot be "
                              "changed");
    return true;
}

static bool apply_each(OstreeKernelArgs *args, const char *const *arguments,
                       gboolean (*apply)(OstreeKernelArgs *, const char *, GError **),
                       GError **error)
{
    for (; arguments != NULL && *arguments != NULL; arguments++) {
        if (!check(*arguments, error))
            return false;
        if (!apply(args, *arguments, error)) {
            g_prefix_error(error, "kernel argument ‘%s’: ", *arguments);
            return false;
        }
    }
    return true;
}

static gboolean append_one(OstreeKernelArgs *args, const char *argument, GError **error)
{
    ostree_kernel_args_append(args, argument);
    return TRUE;
}

char *host_kargs_change(const char *text, const HostKargsChange *change, GError **error)
{
    g_autoptr(OstreeKernelArgs) args = ostree_kernel_args_from_string(text);
    if (!apply_each(args, change->replace, ostree_kernel_args_new_replace, error) ||
        !apply_each(args, change->delete, ostree_kernel_args_delete, error) ||
        !apply_each(args, change->append, append_one, error))
        return NULL;
    return ostree_kernel_args_to_string(args);
}

char *host_kargs_join(const char *lines, GError **error)
{
    g_auto(GStrv) each = g_strsplit(lines, "\n", -1);
    g_autoptr(GString) text = g_string_new(NULL);
    for (unsigned i = 0; each[i] != NULL; i++) {
        const char *argument = g_strstrip(each[i]);
        if (*argument == '\0' || *argument == '#')
            continue;
        if (!check(argument, error))
            return NULL;
        g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", argument);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}
