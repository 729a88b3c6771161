/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Opens the sysroot and says which of its deployments is which.
 */
#include "host/sysroot.h"

#include "base/fd.h"
#include "host/commit.h"
#include "host/error.h"
#include "host/guard.h"

#include <string.h>

static bool lock(HostSysroot *self, GError **error)
{
    gboolean acquired = FALSE;
    if (!ostree_sysroot_initialize(self->ostree, error))
        return false;
    ostree_sysroot_set_mount_namespace_in_use(self->ostree);
    if (!ostree_sysroot_try_lock(self->ostree, &acquired, error)) {
        g_prefix_error(error, "locking sysroot ‘%s’: ", self->path);
        return false;
    }
    if (!acquired)
        return host_error_set(error, HOST_ERROR_FAILED,
                              "another program is changing sysroot ‘%s’ now: try again when it "
                              "is done",
                              self->path);
    return true;
}

static bool load(HostSysroot *self, GCancellable *cancellable, GError **error)
{
    if (!ostree_sysroot_load(self->ostree, cancellable, error)) {
        g_prefix_error(error, "‘%s’ is not the root of an OSTree host: ", self->path);
        return false;
    }
    self->repo = ostree_sysroot_repo(self->ostree);
    self->booted = ostree_sysroot_get_booted_deployment(self->ostree);
    g_autoptr(GPtrArray) all = ostree_sysroot_get_deployments(self->ostree);
    if (all->len == 0)
        return host_error_set(error, HOST_ERROR_FAILED, "sysroot ‘%s’ has no deployment",
                              self->path);
    self->osname =
        g_strdup(ostree_deployment_get_osname(self->booted != NULL ? self->booted : all->pdata[0]));
    self->merge = ostree_sysroot_get_merge_deployment(self->ostree, self->osname);
    return true;
}

int host_sysroot_open_root(const HostSysroot *self, OstreeDeployment *deployment, GError **error)
{
    g_autofree char *path = ostree_sysroot_get_deployment_dirpath(self->ostree, deployment);
    return base_fd_open_dir(ostree_sysroot_get_fd(self->ostree), path, error);
}

static bool load_keys(HostSysroot *self, GError **error)
{
    base_autofd root_dfd = host_sysroot_open_root(self, self->merge, error);
    if (root_dfd < 0)
        return false;
    self->keys = host_keys_load(root_dfd, error);
    return self->keys != NULL;
}

HostSysroot *host_sysroot_open(const char *path, HostSysrootFlags flags, GCancellable *cancellable,
                               GError **error)
{
    g_autoptr(HostSysroot) self = g_new0(HostSysroot, 1);
    self->timeout_s = HOST_GUARD_TIMEOUT_S;
    self->path = g_strdup(path != NULL ? path : "/");
    g_autoptr(GFile) file = g_file_new_for_path(self->path);
    self->ostree = path != NULL ? ostree_sysroot_new(file) : ostree_sysroot_new_default();
    if ((flags & HOST_SYSROOT_WRITE) != 0 && !lock(self, error))
        return NULL;
    if (!load(self, cancellable, error) || !load_keys(self, error))
        return NULL;
    return g_steal_pointer(&self);
}

void host_sysroot_free(HostSysroot *self)
{
    if (self == NULL)
        return;
    g_clear_object(&self->merge);
    g_clear_object(&self->ostree); /* its lock ends with it */
    g_clear_pointer(&self->keys, host_keys_free);
    g_free(self->osname);
    g_free(self->path);
    g_free(self);
}

OstreeDeployment *host_sysroot_default(const HostSysroot *self)
{
    g_autoptr(GPtrArray) all = ostree_sysroot_get_deployments(self->ostree);
    for (unsigned i = 0; i < all->len; i++) {
        if (strcmp(ostree_deployment_get_osname(all->pdata[i]), self->osname) == 0)
            return all->pdata[i]; /* the sysroot holds it too */
    }
    return self->merge;
}

OstreeDeployment *host_sysroot_rollback(const HostSysroot *self)
{
    g_autoptr(GPtrArray) all = ostree_sysroot_get_deployments(self->ostree);
    /* Without a booted one the default stands for it. */
    OstreeDeployment *current = self->booted != NULL ? self->booted : self->merge;
    for (unsigned i = 0; i < all->len; i++) {
        OstreeDeployment *deployment = all->pdata[i];
        if (strcmp(ostree_deployment_get_osname(deployment), self->osname) == 0 &&
            !ostree_deployment_is_staged(deployment) &&
            !ostree_deployment_equal(deployment, current))
            return deployment;
    }
    return NULL;
}

#define NAME_MIN_CHARS 8

static bool is_named(const HostSysroot *self, OstreeDeployment *deployment, const char *name)
{
    const char *checksum = ostree_deployment_get_csum(deployment);
    if (strlen(name) >= NAME_MIN_CHARS && g_str_has_prefix(checksum, name))
        return true;
    g_autoptr(HostCommit) commit = host_commit_load(self->repo, checksum, NULL);
    return commit != NULL && g_strcmp0(commit->version, name) == 0;
}

OstreeDeployment *host_sysroot_find(const HostSysroot *self, const char *name, GError **error)
{
    guint64 index = 0;
    OstreeDeployment *found = NULL;
    g_autoptr(GPtrArray) all = ostree_sysroot_get_deployments(self->ostree);
    for (unsigned i = 0; i < all->len; i++) {
        if (!is_named(self, all->pdata[i], name))
            continue;
        if (found != NULL) {
            host_error_set(error, HOST_ERROR_FAILED,
                           "more than one deployment is ‘%s’: say which by its place in "
                           "‘atoll-host status’, 0 the first",
                           name);
            return NULL;
        }
        found = all->pdata[i]; /* the sysroot holds it too */
    }
    if (found == NULL && g_ascii_string_to_unsigned(name, 10, 0, G_MAXUINT16, &index, NULL) &&
        index < all->len)
        found = all->pdata[index];
    if (found == NULL)
        host_error_set(error, HOST_ERROR_FAILED,
                       "no deployment is ‘%s’: ‘atoll-host status’ lists them", name);
    return found;
}

char *host_sysroot_state_dir(const HostSysroot *self)
{
    if (self->booted != NULL)
        return g_strdup("/var/lib/atoll-host");
    return g_build_filename(self->path, "ostree/deploy", self->osname, "var/lib/atoll-host", NULL);
}

void host_origin_clear(HostOrigin *self)
{
    g_clear_pointer(&self->refspec, g_free);
    g_clear_pointer(&self->remote, g_free);
    g_clear_pointer(&self->ref, g_free);
}

bool host_sysroot_origin(const HostSysroot *self, HostOrigin *out_origin, GError **error)
{
    OstreeDeployment *deployment = host_sysroot_default(self);
    g_autofree char *file = ostree_deployment_get_origin_relpath(deployment);
    GKeyFile *keyfile = ostree_deployment_get_origin(deployment);
    g_auto(HostOrigin) origin = {0};
    if (keyfile != NULL)
        origin.refspec = g_key_file_get_string(keyfile, "origin", "refspec", NULL);
    if (origin.refspec == NULL ||
        !ostree_parse_refspec(origin.refspec, &origin.remote, &origin.ref, NULL) ||
        origin.remote == NULL)
        return host_error_set(error, HOST_ERROR_FAILED,
                              "the deployment does not say where its updates come from: put "
                              "‘refspec=REMOTE:REF’ into the section ‘origin’ of ‘%s’ in ‘%s’",
                              file, self->path);
    *out_origin = origin;
    memset(&origin, 0, sizeof origin);
    return true;
}
