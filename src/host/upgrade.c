/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From "is there something new" to a new deployment.
 */
#include "host/upgrade.h"

#include "host/deploy.h"
#include "host/error.h"
#include "host/fetch.h"
#include "host/remote.h"

#include <string.h>

void host_upgrade_free(HostUpgrade *self)
{
    if (self == NULL)
        return;
    host_origin_clear(&self->origin);
    g_clear_pointer(&self->commit, host_commit_free);
    g_clear_pointer(&self->current, host_commit_free);
    g_free(self);
}

static char *print_time(uint64_t seconds)
{
    g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc((gint64)seconds);
    return when != NULL ? g_date_time_format(when, "%Y-%m-%d %H:%M:%S UTC") : g_strdup("?");
}

static bool check_age(const HostUpgrade *self, GError **error)
{
    if (self->commit->timestamp >= self->current->timestamp)
        return true;
    g_autofree char *label = host_commit_label(self->commit);
    g_autofree char *offered = print_time(self->commit->timestamp);
    g_autofree char *have = print_time(self->current->timestamp);
    return host_error_set(error, HOST_ERROR_REFUSED,
                          "refusing %s: it is of %s, older than the host's own of %s (nothing was "
                          "changed); take it anyway with --allow-downgrade",
                          label, offered, have);
}

HostUpgrade *host_upgrade_find(const HostSysroot *sysroot, const char *revision,
                               HostUpgradeFlags flags, GCancellable *cancellable, GError **error)
{
    g_autoptr(HostUpgrade) self = g_new0(HostUpgrade, 1);
    if (!host_sysroot_origin(sysroot, &self->origin, error))
        return NULL;
    const char *current = ostree_deployment_get_csum(host_sysroot_default(sysroot));
    self->current = host_commit_load(sysroot->repo, current, error);
    if (self->current == NULL)
        return NULL;
    self->commit = host_remote_inspect(sysroot, &self->origin, revision, cancellable, error);
    if (self->commit == NULL)
        return NULL;
    self->is_new = strcmp(self->commit->checksum, current) != 0;
    if ((flags & HOST_UPGRADE_ALLOW_DOWNGRADE) == 0 && !check_age(self, error))
        return NULL;
    return g_steal_pointer(&self);
}

bool host_upgrade_apply(const HostUpgrade *self, HostSysroot *sysroot, const BaseProgress *progress,
                        GCancellable *cancellable, GError **error)
{
    g_autofree char *old = NULL;
    if (!ostree_repo_resolve_rev(sysroot->repo, self->origin.refspec, TRUE, &old, error) ||
        !host_fetch_commit(sysroot, &self->origin, self->commit, progress, cancellable, error))
        return false;
    if (host_deploy_commit(sysroot, self->commit->checksum, self->origin.refspec, NULL, progress,
                           cancellable, error))
        return true;
    /* The ref moved with the fetch; the deployment failed, so it goes back. */
    g_autoptr(GError) ref_error = NULL;
    if (!ostree_repo_set_ref_immediate(sysroot->repo, self->origin.remote, self->origin.ref, old,
                                       NULL, &ref_error))
        base_progress_note(progress, "could not set ‘%s’ back: %s", self->origin.refspec,
                           ref_error->message);
    (void)ostree_sysroot_cleanup(sysroot->ostree, NULL, NULL); /* done again by the next one */
    return false;
}
