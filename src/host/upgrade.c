/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From "is there something new" to a new deployment.
 */
#include "host/upgrade.h"

#include "host/deploy.h"
#include "host/error.h"
#include "host/etc-ledger.h"
#include "host/etc-take.h"
#include "host/fetch.h"
#include "host/history.h"
#include "host/preflight.h"
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

static bool find(HostUpgrade *self, const HostSysroot *sysroot, const char *revision,
                 HostUpgradeFlags flags, GCancellable *cancellable, GError **error)
{
    const char *current = ostree_deployment_get_csum(host_sysroot_default(sysroot));
    self->current = host_commit_load(sysroot->repo, current, error);
    if (self->current == NULL)
        return false;
    self->commit = host_remote_inspect(sysroot, &self->origin, revision, cancellable, error);
    if (self->commit == NULL)
        return false;
    self->is_new = strcmp(self->commit->checksum, current) != 0;
    return (flags & HOST_UPGRADE_ALLOW_DOWNGRADE) != 0 || check_age(self, error);
}

HostUpgrade *host_upgrade_find(const HostSysroot *sysroot, const char *revision,
                               HostUpgradeFlags flags, GCancellable *cancellable, GError **error)
{
    g_autoptr(HostUpgrade) self = g_new0(HostUpgrade, 1);
    if (!host_sysroot_origin(sysroot, &self->origin, error) ||
        !find(self, sysroot, revision, flags, cancellable, error))
        return NULL;
    return g_steal_pointer(&self);
}

/* "testing" takes the place of the last part of the ref */
static bool rename_origin(HostOrigin *origin, const char *name, GError **error)
{
    g_autofree char *remote = NULL;
    g_autofree char *ref = NULL;
    const char *slash = strrchr(origin->ref, '/');
    if (strpbrk(name, "/:") == NULL && slash != NULL)
        ref = g_strdup_printf("%.*s/%s", (int)(slash - origin->ref), origin->ref, name);
    else if (!ostree_parse_refspec(name, &remote, &ref, error))
        return false;
    if (!ostree_validate_rev(ref, error))
        return false;
    if (remote != NULL) {
        g_free(origin->remote);
        origin->remote = g_steal_pointer(&remote);
    }
    g_free(origin->ref);
    g_free(origin->refspec);
    origin->ref = g_steal_pointer(&ref);
    origin->refspec = g_strconcat(origin->remote, ":", origin->ref, NULL);
    return true;
}

HostUpgrade *host_upgrade_find_rebase(const HostSysroot *sysroot, const char *name,
                                      GCancellable *cancellable, GError **error)
{
    g_autoptr(HostUpgrade) self = g_new0(HostUpgrade, 1);
    if (!host_sysroot_origin(sysroot, &self->origin, error))
        return NULL;
    g_autofree char *old = g_strdup(self->origin.refspec);
    /* another line of releases has ages of its own */
    if (!rename_origin(&self->origin, name, error) ||
        !find(self, sysroot, NULL, HOST_UPGRADE_ALLOW_DOWNGRADE, cancellable, error))
        return NULL;
    self->is_new = self->is_new || strcmp(old, self->origin.refspec) != 0;
    return g_steal_pointer(&self);
}

/* The ref moved with the fetch; what came in stays until the next cleanup. */
static void take_back(const HostUpgrade *self, HostSysroot *sysroot, const char *old,
                      const BaseProgress *progress)
{
    g_autoptr(GError) error = NULL;
    if (!ostree_repo_set_ref_immediate(sysroot->repo, self->origin.remote, self->origin.ref, old,
                                       NULL, &error))
        base_progress_note(progress, "could not set ‘%s’ back: %s", self->origin.refspec,
                           error->message);
    (void)ostree_sysroot_cleanup(sysroot->ostree, NULL, NULL); /* done again by the next one */
}

static bool check(const HostUpgrade *self, const HostSysroot *sysroot, OstreeRepo *repo,
                  HostPreflightFlags flags, HostPreflight **out_preflight,
                  GCancellable *cancellable, GError **error)
{
    g_autofree char *label = host_commit_label(self->commit);
    g_autoptr(HostPreflight) found =
        host_preflight_run(sysroot, self->commit, repo, flags, cancellable, error);
    if (found == NULL || !host_preflight_refuse(found, label, error))
        return false;
    if (out_preflight != NULL)
        *out_preflight = g_steal_pointer(&found);
    return true;
}

/* What was deployed at once has its /etc already; what is staged gets it at shutdown. */
static bool finish_etc(const HostUpgrade *self, const HostSysroot *sysroot, const char *state_dir,
                       const HostPreflight *preflight, const BaseProgress *progress, GError **error)
{
    unsigned n = 0;
    if (!host_etc_ledger_update(state_dir, preflight->etc, self->commit, error))
        return false;
    if (sysroot->booted != NULL)
        return true;
    if (!ostree_sysroot_load(sysroot->ostree, NULL, error) ||
        !host_etc_take(sysroot, host_sysroot_default(sysroot), state_dir, &n, error))
        return false;
    if (n > 0)
        base_progress_note(progress,
                           "%u files in /etc gave way to new defaults; they are in "
                           "‘%s/" HOST_ETC_SAVED_NAME "’",
                           n, state_dir);
    return true;
}

bool host_upgrade_apply(const HostUpgrade *self, HostSysroot *sysroot, HostPreflightFlags flags,
                        const BaseProgress *progress, GCancellable *cancellable, GError **error)
{
    g_autofree char *old = NULL;
    g_autofree char *state_dir = host_sysroot_state_dir(sysroot);
    g_autoptr(HostPreflight) preflight = NULL;
    if (!ostree_repo_resolve_rev(sysroot->repo, self->origin.refspec, TRUE, &old, error) ||
        !check(self, sysroot, NULL, flags, NULL, cancellable, error) ||
        !host_fetch_commit(sysroot, &self->origin, self->commit, progress, cancellable, error))
        return false;
    if (!check(self, sysroot, sysroot->repo, flags, &preflight, cancellable, error) ||
        !host_deploy_commit(sysroot, self->commit->checksum, self->origin.refspec, NULL, progress,
                            cancellable, error)) {
        take_back(self, sysroot, old, progress);
        return false;
    }
    bool is_staged = sysroot->booted != NULL;
    host_history_note(state_dir, is_staged ? HOST_HISTORY_STAGED : HOST_HISTORY_DEPLOYED,
                      self->commit->checksum, self->commit->version, NULL);
    return finish_etc(self, sysroot, state_dir, preflight, progress, error);
}
