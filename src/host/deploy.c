/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Changes the list of deployments; libostree does the work.
 */
#include "host/deploy.h"

#include "host/boot.h"
#include "host/error.h"
#include "host/space.h"
#include "host/trial.h"

#include <string.h>

static GKeyFile *make_origin(const HostSysroot *sysroot, const char *refspec)
{
    if (refspec != NULL)
        return ostree_sysroot_origin_new_from_refspec(sysroot->ostree, refspec);
    GKeyFile *origin = ostree_deployment_get_origin(host_sysroot_default(sysroot));
    if (origin == NULL)
        return NULL;
    g_autofree char *text = g_key_file_to_data(origin, NULL, NULL);
    g_autoptr(GKeyFile) copy = g_key_file_new();
    (void)g_key_file_load_from_data(copy, text, (gsize)-1, G_KEY_FILE_NONE, NULL);
    /* Such as the pin, which is of the old deployment. */
    ostree_deployment_origin_remove_transient_state(copy);
    return g_steal_pointer(&copy);
}

/* Staging takes the kernel arguments of the deployment that runs unless it is told others; a
 * change that waits for the next boot must not be lost by another. */
static char **inherit_kernel_args(const HostSysroot *sysroot)
{
    OstreeBootconfigParser *config =
        ostree_deployment_get_bootconfig(host_sysroot_default(sysroot));
    const char *options = config != NULL ? ostree_bootconfig_parser_get(config, "options") : NULL;
    if (options == NULL)
        return NULL;
    g_autoptr(OstreeKernelArgs) args = ostree_kernel_args_from_string(options);
    return ostree_kernel_args_to_strv(args);
}

static bool write_deployment(HostSysroot *sysroot, const char *checksum, GKeyFile *origin,
                             char **kernel_args, GCancellable *cancellable, GError **error)
{
    g_autoptr(OstreeDeployment) made = NULL;
    if (sysroot->booted != NULL)
        return ostree_sysroot_stage_tree(sysroot->ostree, sysroot->osname, checksum, origin,
                                         sysroot->merge, kernel_args, &made, cancellable, error);
    return ostree_sysroot_deploy_tree(sysroot->ostree, sysroot->osname, checksum, origin,
                                      sysroot->merge, kernel_args, &made, cancellable, error) &&
           ostree_sysroot_simple_write_deployment(
               sysroot->ostree, sysroot->osname, made, sysroot->merge,
               OSTREE_SYSROOT_SIMPLE_WRITE_DEPLOYMENT_FLAGS_NONE, cancellable, error);
}

/* What boots next on a running host gets its tries. A deployment that was found good is never
 * counted, so nothing is lost when it does not come to it. */
static bool begin_trial(const HostSysroot *sysroot, const char *checksum, GError **error)
{
    HostBoot boot = {0};
    if (sysroot->booted == NULL)
        return true;
    host_boot_read(sysroot, &boot);
    /* the time limit of trials is not one for what runs, unless that is on trial itself */
    return (host_boot_on_trial(&boot) || host_trial_later(HOST_TRIAL_LATER, error)) &&
           host_boot_set_counter(sysroot, BOOT_COUNTER_NEW_3, error) &&
           host_trial_begin(HOST_TRIAL_DIR, checksum, error);
}

bool host_deploy_commit(HostSysroot *sysroot, const char *checksum, const char *refspec,
                        char **kernel_args, const BaseProgress *progress, GCancellable *cancellable,
                        GError **error)
{
    base_progress_phase(progress, sysroot->booted != NULL ? "staging" : "deploying");
    g_autoptr(GKeyFile) origin = make_origin(sysroot, refspec);
    g_auto(GStrv) inherited = kernel_args == NULL ? inherit_kernel_args(sysroot) : NULL;
    g_autoptr(GError) local_error = NULL;
    if (begin_trial(sysroot, checksum, &local_error) &&
        write_deployment(sysroot, checksum, origin, kernel_args != NULL ? kernel_args : inherited,
                         cancellable, &local_error))
        return true;
    if (sysroot->booted != NULL)
        host_trial_end(HOST_TRIAL_DIR);
    host_space_explain(sysroot, &local_error);
    g_propagate_prefixed_error(error, g_steal_pointer(&local_error),
                               "deploying %.12s…: ", checksum);
    /* Takes a half-written deployment away; one that cannot be is taken away the next time. */
    (void)ostree_sysroot_cleanup(sysroot->ostree, NULL, NULL);
    return false;
}

bool host_deploy_rollback(HostSysroot *sysroot, bool *out_changed, GCancellable *cancellable,
                          GError **error)
{
    OstreeDeployment *previous = host_sysroot_rollback(sysroot);
    if (previous == NULL)
        return host_error_set(error, HOST_ERROR_FAILED,
                              "there is no previous deployment to go back to (nothing was "
                              "changed): ‘atoll-host deploy VERSION’ fetches an older one");
    g_autoptr(GPtrArray) old = ostree_sysroot_get_deployments(sysroot->ostree);
    if (ostree_deployment_equal(old->pdata[0], previous)) {
        *out_changed = false;
        return true;
    }
    g_autoptr(GPtrArray) new = g_ptr_array_new_with_free_func(g_object_unref);
    g_ptr_array_add(new, g_object_ref(previous));
    for (unsigned i = 0; i < old->len; i++) {
        if (!ostree_deployment_equal(old->pdata[i], previous) &&
            !ostree_deployment_is_staged(old->pdata[i]))
            g_ptr_array_add(new, g_object_ref(old->pdata[i]));
    }
    if (!begin_trial(sysroot, ostree_deployment_get_csum(previous), error))
        return false;
    if (!ostree_sysroot_write_deployments(sysroot->ostree, new, cancellable, error)) {
        host_space_explain(sysroot, error);
        g_prefix_error(error, "writing the boot entries: ");
        return false;
    }
    *out_changed = true;
    return true;
}

static bool goes(const HostSysroot *sysroot, OstreeDeployment *deployment, HostCleanupFlags flags)
{
    if (ostree_deployment_is_staged(deployment))
        return (flags & HOST_CLEANUP_STAGED) != 0;
    if ((flags & HOST_CLEANUP_ROLLBACK) == 0 || ostree_deployment_is_pinned(deployment) ||
        strcmp(ostree_deployment_get_osname(deployment), sysroot->osname) != 0)
        return false;
    OstreeDeployment *current = sysroot->booted != NULL ? sysroot->booted : sysroot->merge;
    g_autoptr(GPtrArray) all = ostree_sysroot_get_deployments(sysroot->ostree);
    for (unsigned i = 0; i < all->len; i++) {
        /* the first finished one is what boots next when nothing is staged any more */
        if (!ostree_deployment_is_staged(all->pdata[i]))
            return !ostree_deployment_equal(deployment, all->pdata[i]) &&
                   !ostree_deployment_equal(deployment, current);
    }
    return false;
}

bool host_deploy_cleanup(HostSysroot *sysroot, HostCleanupFlags flags, GPtrArray **out_removed,
                         GCancellable *cancellable, GError **error)
{
    g_autoptr(GPtrArray) old = ostree_sysroot_get_deployments(sysroot->ostree);
    g_autoptr(GPtrArray) new = g_ptr_array_new_with_free_func(g_object_unref);
    g_autoptr(GPtrArray) removed = g_ptr_array_new_with_free_func(g_object_unref);
    for (unsigned i = 0; i < old->len; i++)
        g_ptr_array_add(goes(sysroot, old->pdata[i], flags) ? removed : new,
                        g_object_ref(old->pdata[i]));
    host_space_drop_partial(sysroot);
    if (removed->len > 0 &&
        !ostree_sysroot_write_deployments(sysroot->ostree, new, cancellable, error)) {
        g_prefix_error(error, "writing the boot entries: ");
        return false;
    }
    if (!ostree_sysroot_cleanup(sysroot->ostree, cancellable, error)) {
        g_prefix_error(error, "removing what nothing needs any more: ");
        return false;
    }
    *out_removed = g_steal_pointer(&removed);
    return true;
}
