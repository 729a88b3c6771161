/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Brings a verified commit with all its files into the host's repo.
 */
#include "host/fetch.h"

#include "host/error.h"
#include "host/guard.h"
#include "host/prefetch.h"
#include "host/sizes.h"
#include "host/space.h"

/* what gzip and headers may add to what the sizes say, and what they do not list: directories */
#define SLACK_BYTES (64 * 1024 * 1024)

typedef struct {
    const BaseProgress *progress;
    HostGuard *guard;
} Watch;

static void on_progress(OstreeAsyncProgress *ostree, gpointer user_data)
{
    const Watch *watch = user_data;
    const BaseProgress *progress = watch->progress;
    host_guard_note(watch->guard, ostree);
    guint fetched = 0, requested = 0, parts_fetched = 0, parts = 0;
    guint64 part_bytes = 0, part_bytes_total = 0;
    ostree_async_progress_get(ostree, "fetched", "u", &fetched, "requested", "u", &requested,
                              "fetched-delta-parts", "u", &parts_fetched, "total-delta-parts", "u",
                              &parts, "fetched-delta-part-size", "t", &part_bytes,
                              "total-delta-part-size", "t", &part_bytes_total, NULL);
    if (parts > 0)
        base_progress_update(progress, part_bytes, part_bytes_total, "bytes");
    else
        base_progress_update(progress, fetched, requested, "objects");
}

static GVariant *pull_options(const HostOrigin *origin, const HostCommit *commit)
{
    const char *const refs[] = {origin->ref, NULL};
    const char *const commits[] = {commit->checksum, NULL};
    g_autoptr(GVariantBuilder) options = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(options, "{sv}", "refs", g_variant_new_strv(refs, -1));
    g_variant_builder_add(options, "{sv}", "override-commit-ids", g_variant_new_strv(commits, -1));
    /* Verified already, by the same rules, and this libostree may lack the engine for it. */
    g_variant_builder_add(options, "{sv}", "disable-sign-verify", g_variant_new_boolean(TRUE));
    g_variant_builder_add(options, "{sv}", "disable-sign-verify-summary",
                          g_variant_new_boolean(TRUE));
    g_variant_builder_add(options, "{sv}", "inherit-transaction", g_variant_new_boolean(TRUE));
    return g_variant_ref_sink(g_variant_builder_end(options));
}

/* An answer that never ends must not fill the disk: libostree writes all that comes. */
static uint64_t most_bytes(const HostSysroot *sysroot, const HostCommit *commit)
{
    g_autoptr(GPtrArray) list = host_sizes_load(commit);
    uint64_t available = host_space_available(sysroot);
    if (list == NULL)
        return available;
    uint64_t fetch_bytes = host_sizes_missing(sysroot->repo, list).fetch_bytes;
    return MIN(available, MIN(fetch_bytes, UINT64_MAX - SLACK_BYTES) + SLACK_BYTES);
}

static bool pull(HostSysroot *sysroot, const HostOrigin *origin, const HostCommit *commit,
                 uint64_t max_bytes, const BaseProgress *progress, GCancellable *cancellable,
                 GError **error)
{
    g_autoptr(GVariant) options = pull_options(origin, commit);
    g_autoptr(HostGuard) guard = host_guard_new(sysroot->timeout_s, max_bytes, cancellable);
    Watch watch = {.progress = progress, .guard = guard};
    g_autoptr(OstreeAsyncProgress) ostree_progress =
        ostree_async_progress_new_and_connect(on_progress, &watch);
    bool good =
        ostree_repo_pull_with_options(sysroot->repo, origin->remote, options, ostree_progress,
                                      host_guard_cancellable(guard), error);
    ostree_async_progress_finish(ostree_progress);
    if (!good)
        host_guard_explain(guard, error);
    return good;
}

/* The bulk comes ahead; libostree fetches the rest, and sees to it that all is there. */
static bool fetch(HostSysroot *sysroot, const HostOrigin *origin, const HostCommit *commit,
                  const BaseProgress *progress, GCancellable *cancellable, GError **error)
{
    const HostPrefetch ahead = {.sysroot = sysroot,
                                .remote = origin->remote,
                                .commit = commit,
                                .max_bytes = most_bytes(sysroot, commit),
                                .progress = progress};
    if (!ostree_repo_prepare_transaction(sysroot->repo, NULL, cancellable, error))
        return false;
    host_prefetch(&ahead, cancellable);
    if (!pull(sysroot, origin, commit, ahead.max_bytes, progress, cancellable, error) ||
        !ostree_repo_commit_transaction(sysroot->repo, NULL, cancellable, error)) {
        /* keeps what came for the next try */
        (void)ostree_repo_abort_transaction(sysroot->repo, NULL, NULL);
        return false;
    }
    g_autoptr(GVariant) detached = host_sizes_strip(commit->detached);
    /* The server may have other signatures by now: what stays is what was verified. */
    return ostree_repo_write_commit_detached_metadata(sysroot->repo, commit->checksum, detached,
                                                      cancellable, error);
}

bool host_fetch_commit(HostSysroot *sysroot, const HostOrigin *origin, const HostCommit *commit,
                       const BaseProgress *progress, GCancellable *cancellable, GError **error)
{
    g_autofree char *label = host_commit_label(commit);
    g_autofree char *phase = g_strdup_printf("fetching %s", label);
    base_progress_phase(progress, phase);
    g_autoptr(GError) local_error = NULL;
    if (host_space_check(sysroot, commit, &local_error) &&
        fetch(sysroot, origin, commit, progress, cancellable, &local_error))
        return true;
    if (host_error_is_no_space(local_error))
        host_space_drop_partial(sysroot);
    host_space_explain(sysroot, &local_error);
    g_propagate_prefixed_error(error, g_steal_pointer(&local_error), "fetching %s: ", label);
    return false;
}
