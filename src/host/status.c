/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is deployed, and what of it can be trusted.
 */
#include "host/status.h"

#include "host/kargs.h"

static void status_free(void *data)
{
    HostStatus *self = data;
    g_free(self->osname);
    g_free(self->refspec);
    g_free(self->kernel_args);
    g_clear_pointer(&self->commit, host_commit_free);
    g_free(self);
}

static unsigned find_flags(const HostSysroot *sysroot, OstreeDeployment *deployment)
{
    OstreeDeployment *rollback = host_sysroot_rollback(sysroot);
    unsigned flags = 0;
    if (sysroot->booted != NULL && ostree_deployment_equal(deployment, sysroot->booted))
        flags |= HOST_STATUS_BOOTED;
    if (ostree_deployment_is_staged(deployment))
        flags |= HOST_STATUS_STAGED;
    if (ostree_deployment_equal(deployment, host_sysroot_default(sysroot)))
        flags |= HOST_STATUS_DEFAULT;
    if (rollback != NULL && ostree_deployment_equal(deployment, rollback))
        flags |= HOST_STATUS_ROLLBACK;
    if (ostree_deployment_is_pinned(deployment))
        flags |= HOST_STATUS_PINNED;
    return flags;
}

static HostStatus *read_status(const HostSysroot *sysroot, OstreeDeployment *deployment,
                               GError **error)
{
    const char *checksum = ostree_deployment_get_csum(deployment);
    HostCommit *commit = host_commit_load(sysroot->repo, checksum, error);
    if (commit == NULL) {
        g_prefix_error(error, "deployment %s: ", checksum);
        return NULL;
    }
    HostStatus *self = g_new0(HostStatus, 1);
    GKeyFile *origin = ostree_deployment_get_origin(deployment);
    self->flags = find_flags(sysroot, deployment);
    self->osname = g_strdup(ostree_deployment_get_osname(deployment));
    self->serial = ostree_deployment_get_deployserial(deployment);
    self->refspec =
        origin != NULL ? g_key_file_get_string(origin, "origin", "refspec", NULL) : NULL;
    self->kernel_args = host_kargs_text(deployment);
    self->commit = commit;
    self->signature =
        host_verify_commit(sysroot->keys, commit->object, commit->detached, &commit->key);
    return self;
}

GPtrArray *host_status_list(const HostSysroot *sysroot, GError **error)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(status_free);
    g_autoptr(GPtrArray) deployments = ostree_sysroot_get_deployments(sysroot->ostree);
    for (unsigned i = 0; i < deployments->len; i++) {
        HostStatus *status = read_status(sysroot, deployments->pdata[i], error);
        if (status == NULL)
            return NULL;
        g_ptr_array_add(list, status);
    }
    return g_steal_pointer(&list);
}
