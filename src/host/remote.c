/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Asks a remote for a commit and decides whether it may come in. That happens in a scratch
 * repo: what is refused has never touched the host's own.
 */
#include "host/remote.h"

#include "base/digest.h"
#include "host/error.h"
#include "host/guard.h"
#include "host/scratch.h"
#include "host/verify.h"

#include <string.h>

/* How far back a version is looked for. */
#define MAX_HISTORY 512
/* what commits and /usr/etc may come to */
#define MAX_SCRATCH_BYTES (512 * 1024 * 1024)

static void on_progress(OstreeAsyncProgress *progress, gpointer guard)
{
    host_guard_note(guard, progress);
}

static bool guarded_pull(OstreeRepo *repo, const char *remote, GVariant *options,
                         unsigned timeout_s, GCancellable *cancellable, GError **error)
{
    g_autoptr(HostGuard) guard = host_guard_new(timeout_s, MAX_SCRATCH_BYTES, cancellable);
    g_autoptr(OstreeAsyncProgress) progress =
        ostree_async_progress_new_and_connect(on_progress, guard);
    bool good = ostree_repo_pull_with_options(repo, remote, options, progress,
                                              host_guard_cancellable(guard), error);
    ostree_async_progress_finish(progress);
    if (!good)
        host_guard_explain(guard, error);
    return good;
}

static bool pull_commits(const HostScratch *scratch, const char *remote, const char *ref, int depth,
                         unsigned timeout_s, GCancellable *cancellable, GError **error)
{
    const char *const refs[] = {ref, NULL};
    g_autoptr(GVariantBuilder) options = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(options, "{sv}", "refs", g_variant_new_strv(refs, -1));
    g_variant_builder_add(options, "{sv}", "flags",
                          g_variant_new_int32(OSTREE_REPO_PULL_FLAGS_COMMIT_ONLY));
    g_variant_builder_add(options, "{sv}", "depth", g_variant_new_int32(depth));
    g_variant_builder_add(options, "{sv}", "disable-static-deltas", g_variant_new_boolean(TRUE));
    g_autoptr(GVariant) built = g_variant_ref_sink(g_variant_builder_end(options));
    return guarded_pull(scratch->repo, remote, built, timeout_s, cancellable, error);
}

/* All that the preflight reads of a tree: names below /usr/etc, and the kernel's directory. */
static bool pull_names(const HostScratch *scratch, OstreeRepo *local, const HostOrigin *origin,
                       const char *commit, const char *const *paths, GCancellable *cancellable,
                       GError **error)
{
    const char *const refs[] = {commit, NULL};
    g_autofree char *cache = g_strdup_printf("/proc/self/fd/%d", ostree_repo_get_dfd(local));
    const char *const caches[] = {cache, NULL};
    g_autoptr(GVariantBuilder) options = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(options, "{sv}", "refs", g_variant_new_strv(refs, -1));
    g_variant_builder_add(options, "{sv}", "subdirs", g_variant_new_strv(paths, -1));
    g_variant_builder_add(options, "{sv}", "localcache-repos", g_variant_new_strv(caches, -1));
    g_variant_builder_add(options, "{sv}", "disable-static-deltas", g_variant_new_boolean(TRUE));
    g_autoptr(GVariant) built = g_variant_ref_sink(g_variant_builder_end(options));
    return guarded_pull(scratch->repo, origin->remote, built, HOST_GUARD_TIMEOUT_S, cancellable,
                        error);
}

/* (transfer full) (nullable): the names in @path of the commit's tree */
static char **list_names(OstreeRepo *repo, const char *commit, const char *path)
{
    g_autoptr(GFile) root = NULL;
    if (!ostree_repo_read_commit(repo, commit, &root, NULL, NULL, NULL))
        return NULL;
    g_autoptr(GFile) dir = g_file_resolve_relative_path(root, path);
    if (!ostree_repo_file_ensure_resolved(OSTREE_REPO_FILE(dir), NULL) ||
        ostree_repo_file_tree_get_contents(OSTREE_REPO_FILE(dir)) == NULL)
        return NULL;
    g_autoptr(GVariant) dirs =
        g_variant_get_child_value(ostree_repo_file_tree_get_contents(OSTREE_REPO_FILE(dir)), 1);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (size_t i = 0; i < g_variant_n_children(dirs); i++) {
        char *name = NULL;
        g_variant_get_child(dirs, i, "(s@ay@ay)", &name, NULL, NULL);
        g_ptr_array_add(names, name);
    }
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

bool host_remote_peek(const HostSysroot *sysroot, const HostOrigin *origin, const char *commit,
                      HostScratch *out_scratch, GCancellable *cancellable, GError **error)
{
    g_auto(HostScratch) scratch = {0};
    /* a name that is not there brings the directory and none of its files */
    const char *const first[] = {"/usr/etc", "/usr/lib/modules/.none", NULL};
    if (!host_scratch_open(&scratch, sysroot->repo, origin->remote, error) ||
        !pull_names(&scratch, sysroot->repo, origin, commit, first, cancellable, error))
        return false;
    g_auto(GStrv) kernels = list_names(scratch.repo, commit, "usr/lib/modules");
    if (kernels != NULL && kernels[0] != NULL) {
        g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
        for (unsigned i = 0; kernels[i] != NULL; i++)
            g_ptr_array_add(paths, g_strdup_printf("/usr/lib/modules/%s/.none", kernels[i]));
        g_ptr_array_add(paths, NULL);
        if (!pull_names(&scratch, sysroot->repo, origin, commit, (const char *const *)paths->pdata,
                        cancellable, error))
            return false;
    }
    *out_scratch = scratch;
    scratch = (HostScratch){0};
    return true;
}

static char *find_version(OstreeRepo *repo, const char *tip, const HostOrigin *origin,
                          const char *version, GError **error)
{
    g_autofree char *checksum = g_strdup(tip);
    for (unsigned i = 0; checksum != NULL && i <= MAX_HISTORY; i++) {
        g_autoptr(HostCommit) commit = host_commit_load(repo, checksum, NULL);
        if (commit == NULL)
            break; /* history may be pruned */
        if (g_strcmp0(commit->version, version) == 0)
            return g_steal_pointer(&checksum);
        g_free(checksum);
        checksum = ostree_commit_get_parent(commit->object);
    }
    host_error_set(error, HOST_ERROR_FAILED,
                   "‘%s’ has no version ‘%s’ (looked through %d commits at most): give one of its "
                   "versions or a commit's checksum",
                   origin->refspec, version, MAX_HISTORY);
    return NULL;
}

static HostCommit *fetch(HostScratch *scratch, const HostOrigin *origin, const char *revision,
                         unsigned timeout_s, GCancellable *cancellable, GError **error)
{
    bool is_checksum = revision != NULL && base_digest_is_sha256_hex(revision);
    bool is_version = revision != NULL && !is_checksum;
    const char *wanted = is_checksum ? revision : origin->ref;
    if (!pull_commits(scratch, origin->remote, wanted, is_version ? MAX_HISTORY : 0, timeout_s,
                      cancellable, error)) {
        g_autofree char *url = NULL;
        (void)ostree_repo_remote_get_url(scratch->repo, origin->remote, &url, NULL);
        g_prefix_error(error, "asking ‘%s’ for ‘%s’: ", url ? url : origin->remote, wanted);
        return NULL;
    }
    g_autofree char *checksum = g_strdup(revision);
    if (!is_checksum) {
        g_free(checksum);
        checksum = NULL;
        if (!ostree_repo_resolve_rev(scratch->repo, origin->refspec, FALSE, &checksum, error))
            return NULL;
    }
    if (is_version) {
        g_autofree char *tip = g_steal_pointer(&checksum);
        checksum = find_version(scratch->repo, tip, origin, revision, error);
    }
    return checksum != NULL ? host_commit_load(scratch->repo, checksum, error) : NULL;
}

static bool check_signature(const HostKeys *keys, HostCommit *commit, const char *refspec,
                            GError **error)
{
    const char *what = NULL;
    switch (host_verify_commit(keys, commit->object, commit->detached, &commit->key)) {
    case HOST_SIGNATURE_GOOD:
        return true;
    case HOST_SIGNATURE_NONE:
        what = "it is not signed: have its publisher sign it";
        break;
    case HOST_SIGNATURE_REVOKED:
        what = "it is signed with a revoked key: have its publisher sign it with the new one";
        break;
    case HOST_SIGNATURE_NO_KEYS:
        what = "this image trusts no key: put the publisher's into "
               "/etc/ostree/trusted.ed25519";
        break;
    case HOST_SIGNATURE_UNTRUSTED:
    default:
        what = "none of its signatures is right and by a key that this image trusts: if the "
               "publisher has a new key, put that into /etc/ostree/trusted.ed25519";
        break;
    }
    return host_error_set(error, HOST_ERROR_REFUSED,
                          "refusing commit %s of ‘%s’: %s (nothing was changed)", commit->checksum,
                          refspec, what);
}

static bool check_digest(const HostCommit *commit, GError **error)
{
    g_autofree char *digest =
        base_sha256_hex(g_variant_get_data(commit->object), g_variant_get_size(commit->object));
    return strcmp(digest, commit->checksum) == 0 ||
           host_error_set(error, HOST_ERROR_REFUSED,
                          "refusing commit %s: its contents have the digest %s", commit->checksum,
                          digest);
}

/* A signed commit of another stream must not come in through a lying server. */
static bool check_binding(const HostCommit *commit, const HostOrigin *origin, GError **error)
{
    g_autoptr(GVariant) metadata = g_variant_get_child_value(commit->object, 0);
    g_autofree const char **refs = NULL;
    if (!g_variant_lookup(metadata, OSTREE_COMMIT_META_KEY_REF_BINDING, "^a&s", &refs) ||
        g_strv_contains(refs, origin->ref))
        return true;
    return host_error_set(error, HOST_ERROR_REFUSED,
                          "refusing commit %s: it belongs to ‘%s’, not to ‘%s’ (nothing was "
                          "changed)",
                          commit->checksum, refs[0] != NULL ? refs[0] : "no ref", origin->ref);
}

HostCommit *host_remote_inspect(const HostSysroot *sysroot, const HostOrigin *origin,
                                const char *revision, GCancellable *cancellable, GError **error)
{
    g_auto(HostScratch) scratch = {0};
    if (!host_scratch_open(&scratch, sysroot->repo, origin->remote, error))
        return NULL;
    g_autoptr(HostCommit) commit =
        fetch(&scratch, origin, revision, sysroot->timeout_s, cancellable, error);
    if (commit == NULL || !check_digest(commit, error) ||
        !check_signature(sysroot->keys, commit, origin->refspec, error) ||
        !check_binding(commit, origin, error))
        return NULL;
    return g_steal_pointer(&commit);
}
