/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The factory's main job, step by step: manifest, packages, tree, commit.
 */
#include "tree/compose.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/parallel.h"
#include "packages/resolve.h"
#include "store/commit.h"
#include "store/export.h"
#include "store/sign.h"
#include "tree/account.h"
#include "tree/accounts.h"
#include "tree/assemble.h"
#include "tree/customize.h"
#include "tree/describe.h"
#include "tree/finish.h"
#include "tree/ids.h"
#include "tree/initramfs.h"
#include "tree/layers.h"
#include "tree/lock.h"
#include "tree/privileged.h"
#include "tree/scan.h"
#include "tree/selinux.h"
#include "tree/stages.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    const TreeComposeOptions *options;
    GCancellable *cancellable;
    TreeComposeResult *result; /* owned */
    Manifest *manifest;        /* owned */
    Store *store;              /* owned */
    StoreKey key;
    char *public_key; /* owned */
    TreeParent parent;
    TreeLayers *layers;  /* owned */
    ManifestLock *lock;  /* owned, nullable */
    ManifestLock *made;  /* owned, nullable: what the packages come to as a lock */
    GPtrArray *packages; /* owned */
    const TreeFormat *format;
    GPtrArray *imported;  /* owned */
    char *inputs;         /* owned */
    StoreNode *unpacked;  /* owned: all packages merged, no script run */
    StoreNode *root;      /* owned */
    TreeStages *stages;   /* owned */
    TreeScripts *scripts; /* owned */
    TreeUsersMap *ids;    /* owned */
    TreeAccount *account; /* owned */
    char *kernel;         /* owned */
    int64_t time_s;       /* of the inputs */
    int64_t phase_start_us;
} Run;

/* Work that goes on beside the scripts: what was imported is made last, then published. */
typedef struct {
    const Store *store;
    GPtrArray *imported;  /* borrowed */
    StoreNode *tree;      /* borrowed */
    TreeAccount *account; /* borrowed */
    bool exports;
    GCancellable *cancellable;
    StoreExportStats stats;
    GError *error; /* owned */
} Background;

static void run_clear(Run *run)
{
    tree_account_free(run->account);
    tree_scripts_free(run->scripts);
    tree_stages_free(run->stages);
    store_node_free(run->unpacked);
    store_node_free(run->root);
    g_clear_pointer(&run->imported, g_ptr_array_unref);
    g_clear_pointer(&run->packages, g_ptr_array_unref);
    tree_users_map_free(run->ids);
    tree_parent_clear(&run->parent);
    g_free(run->public_key);
    g_free(run->inputs);
    g_free(run->kernel);
    explicit_bzero(&run->key, sizeof run->key);
    manifest_lock_free(run->lock);
    manifest_lock_free(run->made);
    tree_layers_free(run->layers);
    g_clear_pointer(&run->manifest, manifest_free);
    store_close(run->store);
    tree_compose_result_free(run->result);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

void tree_compose_result_free(TreeComposeResult *self)
{
    if (self == NULL)
        return;
    g_free(self->ref);
    g_free(self->commit);
    g_free(self->version);
    g_clear_pointer(&self->phases, g_array_unref);
    g_clear_pointer(&self->privileged, g_ptr_array_unref);
    g_free(self);
}

static void begin(Run *run, const char *phase)
{
    run->phase_start_us = g_get_monotonic_time();
    base_progress_phase(run->options->progress, phase);
}

static void end(Run *run, const char *phase, uint64_t bytes, uint64_t files)
{
    int64_t duration_us = g_get_monotonic_time() - run->phase_start_us;
    TreeComposePhase row = {.name = phase,
                            .duration_ms = (uint64_t)(duration_us / 1000),
                            .bytes = bytes,
                            .files = files};
    g_array_append_val(run->result->phases, row);
}

static bool load_parent(Run *run, GError **error)
{
    const TreeReproduce *again = run->options->reproduce;
    if (again != NULL) {
        /* the ids that it gave are the ids to give */
        run->parent.metadata = g_variant_ref(again->metadata);
        /* checked by whoever asks for it; the manifest at hand names its files by other paths */
        g_free(run->manifest->digest);
        run->manifest->digest =
            g_strdup(tree_parent_text(&run->parent, TREE_DESCRIBE_MANIFEST_KEY));
        return true;
    }
    OstreeRepo *repo = store_get_published_repo(run->store);
    g_autoptr(GVariant) object = NULL;
    if (!ostree_repo_resolve_rev(repo, run->manifest->ref, TRUE, &run->parent.commit, error))
        return false;
    if (run->parent.commit == NULL)
        return true;
    if (!ostree_repo_load_variant(repo, OSTREE_OBJECT_TYPE_COMMIT, run->parent.commit, &object,
                                  error))
        return false;
    run->parent.metadata = g_variant_get_child_value(object, 0);
    run->parent.timestamp_s = ostree_commit_get_timestamp(object);
    return true;
}

static bool open_inputs(Run *run, GError **error)
{
    run->manifest = manifest_load(run->options->manifest_path, error);
    if (run->manifest == NULL)
        return false;
    run->store = store_open(run->options->state_dir, run->cancellable, error);
    if (run->store == NULL || !store_key_load(store_get_dir(run->store), &run->key, error))
        return false;
    run->public_key = run->options->reproduce != NULL
                          ? g_strdup(run->options->reproduce->public_key)
                          : store_key_public_text(&run->key);
    for (guint i = 0; i < run->manifest->notes->len; i++) {
        const ManifestString *note = run->manifest->notes->pdata[i];
        base_progress_note(run->options->progress, "%s:%u:%u: %s", note->place.file,
                           note->place.line, note->place.column, note->text);
    }
    run->result->ref = g_strdup(run->manifest->ref);
    return load_parent(run, error);
}

static bool take_packages(Run *run, GError **error)
{
    run->packages = g_ptr_array_ref(run->options->reproduce->packages);
    run->format = tree_format_of(run->packages, error);
    run->inputs = g_strdup(tree_parent_text(&run->parent, TREE_DESCRIBE_INPUTS_KEY));
    run->result->n_packages = run->packages->len;
    if (run->format == NULL)
        return false;
    run->layers = tree_layers_find(run->manifest, run->store, run->cancellable, error);
    return run->layers != NULL;
}

static bool resolve(Run *run, GError **error)
{
    if (run->options->reproduce != NULL)
        return take_packages(run, error);
    begin(run, "resolving packages");
    TreeLockUse use = {.manifest = run->manifest,
                       .path = run->options->lock_path,
                       .strict = (run->options->flags & TREE_COMPOSE_LOCKED) != 0,
                       .store = run->store,
                       .out_time_s = &run->time_s,
                       .out_made = &run->made,
                       .progress = run->options->progress};
    run->packages = tree_lock_resolve(&use, &run->lock, run->cancellable, error);
    run->format = run->packages != NULL ? tree_format_of(run->packages, error) : NULL;
    if (run->format == NULL)
        return false;
    g_autofree char *inputs = tree_describe_inputs(run->manifest, run->packages, run->public_key);
    g_autofree char *locked = tree_lock_ids_digest(inputs, run->lock);
    run->layers = tree_layers_find(run->manifest, run->store, run->cancellable, error);
    if (run->layers == NULL)
        return false;
    run->inputs = tree_layers_digest(run->layers, locked);
    run->result->n_packages = run->packages->len;
    end(run, "resolve", 0, run->packages->len);
    return true;
}

static bool is_unchanged(Run *run)
{
    const char *last = tree_parent_text(&run->parent, TREE_DESCRIBE_INPUTS_KEY);
    const char *version = tree_parent_text(&run->parent, "version");
    if (run->options->reproduce != NULL || (run->options->flags & TREE_COMPOSE_FORCE) != 0 ||
        last == NULL || strcmp(last, run->inputs) != 0)
        return false;
    run->result->unchanged = true;
    run->result->commit = g_strdup(run->parent.commit);
    run->result->version = g_strdup(version != NULL ? version : "");
    return true;
}

/* A commit is dated from its inputs: the same ones give the same commit on any day. */
static int64_t inputs_time(const Run *run)
{
    guint64 epoch_s = 0;
    const char *text = g_getenv("SOURCE_DATE_EPOCH");
    if (text != NULL && g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT64, &epoch_s, NULL))
        return (int64_t)epoch_s;
    return run->time_s > 0 ? run->time_s : g_get_real_time() / G_USEC_PER_SEC;
}

/* A lock that was followed says what its packages mend, on any day the same. */
static bool find_advisories(Run *run, GError **error)
{
    bool is_followed = run->made == NULL ||
                       (run->lock != NULL && strcmp(run->lock->wanted, run->made->wanted) == 0);
    return is_followed ||
           tree_lock_add_advisories(run->made, run->manifest, run->store, run->packages, error);
}

/* Known before any script of the manifest runs: os-release may say it. */
static void decide_version(Run *run)
{
    const char *last = tree_parent_text(&run->parent, "version");
    if (run->options->version != NULL || run->options->reproduce != NULL) {
        run->result->version =
            g_strdup(run->options->version != NULL ? run->options->version : last);
        return;
    }
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(inputs_time(run));
    run->result->version =
        tree_describe_version(run->manifest->automatic_version_prefix,
                              run->manifest->automatic_version_suffix, last, time);
}

static bool fetch(Run *run, GError **error)
{
    g_autoptr(GPtrArray) missing = packages_import_missing(run->store, run->packages);
    uint64_t bytes = 0;
    for (guint i = 0; i < missing->len; i++)
        bytes += ((const PackagesPackage *)missing->pdata[i])->size_bytes;
    begin(run, "fetching packages");
    g_autofree char *cache = store_path(run->store, "cache/packages");
    if (run->lock != NULL
            ? !packages_locked_fetch(run->manifest, missing, cache, run->options->progress,
                                     run->cancellable, error)
            : !packages_fetch(missing, cache, run->options->progress, run->cancellable, error))
        return false;
    end(run, "fetch", bytes, missing->len);
    return true;
}

static bool import(Run *run, GError **error)
{
    PackagesImportStats stats = {0};
    begin(run, "importing packages");
    run->imported = packages_import(run->store, run->packages, run->options->progress, &stats,
                                    run->cancellable, error);
    if (run->imported == NULL)
        return false;
    end(run, "import", stats.bytes, stats.files);
    return true;
}

static TreeAssemble what_to_assemble(const Run *run)
{
    return (TreeAssemble){.repo_fd = store_get_build_fd(run->store),
                          .format = run->format,
                          .imported = run->imported,
                          .manifest = run->manifest};
}

/* Before any script runs, so that the export has something to do beside them. A conflict is
 * none yet: a script may divert one of the files. */
static bool assemble(Run *run, GError **error)
{
    begin(run, "assembling the tree");
    g_autoptr(GError) local = NULL;
    TreeAssemble all = what_to_assemble(run);
    run->unpacked = tree_assemble(&all, &local);
    if (g_error_matches(local, TREE_ERROR, TREE_ERROR_CONFLICT))
        run->unpacked = store_node_new_dir(0755);
    if (run->unpacked == NULL) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    end(run, "assemble", 0, 0);
    return true;
}

static void *work_in_background(void *data)
{
    Background *background = data;
    StoreExport export = {.build_fd = store_get_build_fd(background->store),
                          .published_fd = store_get_published_fd(background->store),
                          .n_workers = MAX(1u, base_parallel_workers() - 1)};
    if (packages_import_keep(background->store, background->imported, background->cancellable,
                             &background->error))
        (void)!((!background->exports ||
                 store_export_files(&export, background->tree, &background->stats,
                                    background->cancellable, &background->error)) &&
                tree_account_gather(background->account, background->tree, export.n_workers,
                                    background->cancellable, &background->error));
    return NULL;
}

/* Ids are settled before anything is hashed, since owners are part of what is hashed. */
static bool settle_ids(Run *run, GError **error)
{
    TreeAccounts accounts = {.root = tree_scripts_get_root(run->scripts),
                             .manifest = run->manifest,
                             .lock = run->lock,
                             .parent = &run->parent,
                             .store = run->store,
                             .progress = run->options->progress};
    run->ids = tree_accounts_settle(&accounts, error);
    return run->ids != NULL;
}

static bool run_package_scripts(Run *run, GError **error)
{
    begin(run, "running package scripts");
    TreeAssemble all = what_to_assemble(run);
    run->stages =
        tree_stages_new(run->store, &all, run->options->script_limit_s, run->options->progress);
    run->root = tree_stages_run(run->stages, run->cancellable, error);
    if (run->root == NULL)
        return false;
    end(run, "scripts", 0, tree_stages_ran(run->stages));
    return true;
}

static bool customize(Run *run, GError **error)
{
    begin(run, "customizing the tree");
    int build_fd = store_get_build_fd(run->store);
    if (!tree_layers_merge(run->layers, run->root, build_fd, error))
        return false;
    run->scripts = tree_stages_open(run->stages, run->root, error);
    TreeCustomize what = {.scripts = run->scripts,
                          .manifest = run->manifest,
                          .imported = run->imported,
                          .version = run->result->version,
                          .progress = run->options->progress};
    if (run->scripts == NULL || !tree_customize(&what, run->cancellable, error) ||
        !settle_ids(run, error) || !tree_ids_apply(run->root, build_fd, run->ids, error))
        return false;
    g_autoptr(TreeDelta) delta =
        tree_scan(build_fd, tree_scripts_get_upper(run->scripts), run->ids, error);
    if (delta == NULL)
        return false;
    tree_delta_apply(delta, run->root);
    if (!tree_finish_clean(run->format, run->root, build_fd, error))
        return false;
    end(run, "customize", 0, 0);
    return true;
}

static bool make_initramfs(Run *run, GError **error)
{
    if (run->manifest->container)
        return true;
    if (!tree_finish_find_kernel(run->root, &run->kernel, error))
        return false;
    if (run->kernel == NULL) {
        base_progress_note(run->options->progress,
                           "no package brings a kernel: this tree will not boot");
        return true;
    }
    if (run->manifest->no_initramfs)
        return true;
    begin(run, "making the initramfs");
    TreeInitramfs initramfs = {.store = run->store,
                               .ref = run->manifest->ref,
                               .kernel = run->kernel,
                               .args = run->manifest->initramfs_args};
    if (!tree_initramfs_put(&initramfs, run->root, run->scripts, run->cancellable, error))
        return false;
    g_autofree char *path = g_strdup_printf("usr/lib/modules/%s/initramfs.img", run->kernel);
    end(run, "initramfs", store_node_find(run->root, path)->size_bytes, 1);
    return true;
}

/* After all scripts: what they change has no valid signature any more. */
static bool sign_files(Run *run, GError **error)
{
    size_t n_signed = 0;
    if (!run->manifest->ima || run->format->sign == NULL)
        return true;
    if (!run->format->sign(run->root, run->imported, store_get_build_fd(run->store), &n_signed,
                           run->cancellable, error))
        return false;
    if (n_signed == 0)
        base_progress_note(run->options->progress,
                           "‘ima’: no package has signatures of its files, so the tree has none");
    return true;
}

static bool finish_tree(Run *run, GError **error)
{
    begin(run, "finishing the tree");
    TreeFinish finish = {.format = run->format,
                         .manifest = run->manifest,
                         .kernel = run->kernel,
                         .public_key = run->public_key};
    /* before it, so that what finishing does to each file is done to this one too */
    if (!tree_account_put(run->account, run->root, run->cancellable, error) ||
        !tree_finish(&finish, run->root, store_get_build_fd(run->store), error))
        return false;
    run->result->privileged = tree_privileged_list(run->root);
    end(run, "finish", 0, 0);
    return true;
}

static bool label(Run *run, GError **error)
{
    if (!tree_selinux_applies(run->root, run->manifest))
        return true;
    begin(run, "labelling the tree");
    size_t n_labelled = 0;
    if (!tree_selinux_label(run->root, run->store, run->manifest, &n_labelled, run->cancellable,
                            error))
        return false;
    end(run, "label", 0, n_labelled);
    return true;
}

static bool build_tree(Run *run, GError **error)
{
    return run_package_scripts(run, error) && customize(run, error) && make_initramfs(run, error) &&
           sign_files(run, error) && finish_tree(run, error) && label(run, error);
}

/* The scripts need one CPU at a time; the other one publishes what is already known. */
static bool build_beside_export(Run *run, StoreExportStats *out_stats, GError **error)
{
    g_autoptr(GCancellable) stop = g_cancellable_new();
    run->account = tree_account_new(run->store, run->manifest, run->imported, run->inputs);
    /* labels, as signatures, will make other objects of all files */
    g_autoptr(StoreNode) nothing = store_node_new_dir(0755);
    bool will_label = run->manifest->ima || tree_selinux_applies(run->unpacked, run->manifest);
    Background background = {.store = run->store,
                             .imported = run->imported,
                             .tree = will_label ? nothing : run->unpacked,
                             .account = run->account,
                             .exports = run->options->reproduce == NULL,
                             .cancellable = stop};
    GThread *thread = g_thread_new("export", work_in_background, &background);
    bool built = build_tree(run, error);
    if (!built)
        g_cancellable_cancel(stop);
    begin(run, "exporting");
    (void)g_thread_join(thread);
    *out_stats = background.stats;
    if (built && background.error != NULL) {
        g_propagate_error(error, background.error);
        return false;
    }
    g_clear_error(&background.error);
    return built;
}

/* What comes into the tree after its labels. */
static bool label_rest(Run *run, GError **error)
{
    StoreExport export = {.build_fd = store_get_build_fd(run->store),
                          .published_fd = store_get_published_fd(run->store)};
    return !tree_selinux_applies(run->root, run->manifest) ||
           (tree_selinux_inherit(run->root, export.build_fd, "usr/share/atoll", error) &&
            (run->options->reproduce != NULL ||
             store_export_files(&export, run->root, NULL, run->cancellable, error)));
}

static char *write_commit(Run *run, GError **error)
{
    const TreeReproduce *again = run->options->reproduce;
    const char *lock_digest = again != NULL ? tree_parent_text(&run->parent, TREE_ACCOUNT_LOCK_KEY)
                                            : tree_account_set_lock(run->account, run->made);
    const char *manifest_text = again != NULL
                                    ? tree_parent_text(&run->parent, TREE_ACCOUNT_MANIFEST_KEY)
                                    : tree_account_manifest(run->account);
    uint64_t timestamp_s = again != NULL
                               ? again->timestamp_s
                               : MAX((uint64_t)inputs_time(run), run->parent.timestamp_s + 1);
    const char *sbom_digest = tree_account_finish(run->account, run->root, run->result->version,
                                                  timestamp_s, run->cancellable, error);
    if (sbom_digest == NULL || !label_rest(run, error))
        return NULL;
    TreeDescription description = {.manifest = run->manifest,
                                   .packages = run->packages,
                                   .ids = run->ids,
                                   .inputs = run->inputs,
                                   .version = run->result->version,
                                   .kernel = run->kernel,
                                   .manifest_text = manifest_text,
                                   .lock = run->made,
                                   .again = again != NULL ? again->metadata : NULL,
                                   .lock_digest = lock_digest,
                                   .sbom_digest = sbom_digest};
    g_autoptr(GVariant) metadata = tree_describe_metadata(&description);
    g_autoptr(GVariant) detached = tree_describe_detached(&description);
    tree_account_set_detached(run->account, detached);
    StoreCommit commit = {.parent = again != NULL ? again->parent : run->parent.commit,
                          .subject = run->result->version,
                          .metadata = metadata,
                          .timestamp_s = timestamp_s};
    return store_commit_write(store_get_build_fd(run->store), run->root, &commit, error);
}

/* What is made again stays in the build repo, where it can be looked at. */
static bool commit_only(Run *run, GError **error)
{
    run->result->commit = write_commit(run, error);
    return run->result->commit != NULL;
}

static bool publish(Run *run, StoreExportStats stats, GError **error)
{
    if (run->options->reproduce != NULL)
        return commit_only(run, error);
    StoreExportStats rest = {0};
    StoreExport export = {.build_fd = store_get_build_fd(run->store),
                          .published_fd = store_get_published_fd(run->store),
                          .progress = run->options->progress};
    if (!store_export_files(&export, run->root, &rest, run->cancellable, error))
        return false;
    end(run, "export", stats.bytes_out + rest.bytes_out, stats.objects + rest.objects);
    begin(run, "committing");
    run->result->commit = write_commit(run, error);
    if (run->result->commit == NULL ||
        !store_sign_commit(store_get_build_repo(run->store), run->result->commit, &run->key,
                           run->cancellable, error) ||
        !tree_account_sign(run->account, run->result->commit, &run->key, run->cancellable, error) ||
        !store_export_commit(run->store, run->result->commit, run->root, run->manifest->ref,
                             run->cancellable, error) ||
        !tree_stages_keep(run->stages, run->cancellable, error))
        return false;
    end(run, "commit", 0, 0);
    return true;
}

/* The stages that were sound need not run again once the reason of a failure is mended. */
static void keep_stages(Run *run)
{
    g_autoptr(GError) ignored = NULL;
    if (syncfs(store_get_build_fd(run->store)) != 0 ||
        !tree_stages_keep(run->stages, NULL, &ignored))
        g_debug("forgetting the stages: %s", ignored != NULL ? ignored->message : "no sync");
}

TreeComposeResult *tree_compose(const TreeComposeOptions *options, GCancellable *cancellable,
                                GError **error)
{
    g_auto(Run) run = {.options = options, .cancellable = cancellable};
    /* modes in a tree come from its packages, not from who composes it */
    (void)umask(022);
    run.result = g_new0(TreeComposeResult, 1);
    run.result->phases = g_array_new(FALSE, FALSE, sizeof(TreeComposePhase));
    StoreExportStats stats = {0};
    if (!open_inputs(&run, error) || !resolve(&run, error))
        return NULL;
    if (is_unchanged(&run))
        return g_steal_pointer(&run.result);
    decide_version(&run);
    if (!find_advisories(&run, error) || !fetch(&run, error) || !import(&run, error) ||
        !assemble(&run, error))
        return NULL;
    if (!build_beside_export(&run, &stats, error) || !publish(&run, stats, error)) {
        keep_stages(&run);
        return NULL;
    }
    return g_steal_pointer(&run.result);
}
