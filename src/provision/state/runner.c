/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One stage of a boot, from the instance to the results.
 */
#include "provision/state/runner.h"

#include "base/error.h"
#include "base/fd.h"
#include "provision/error.h"
#include "provision/state/instance-dirs.h"
#include "provision/state/journal.h"
#include "provision/state/marks.h"
#include "provision/state/results.h"
#include "provision/state/settle.h"
#include "provision/state/undo.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define SETTLED PROVISION_STATE_DIR "/settled"
#define LOCAL_DONE PROVISION_RUN_DIR "/applied-local"
#define TOLD PROVISION_RUN_DIR "/told"
/* atoll-provision-config.service is not started then */
#define CONFIG_DONE PROVISION_RUN_DIR "/config-done"

typedef struct {
    const ProvisionRun *run;
    ProvisionRoot *root;
    ProvisionInstance *instance;
    ProvisionPolicy *policy;
    ProvisionConfig *config;
    ProvisionManifest *manifest;
    ProvisionResults *results;
    ProvisionReport *report;
    char *instance_dir;
    GPtrArray *finished;
    bool reboot_wanted;
    bool output_begun;
    unsigned n_run; /* appliers */
    GCancellable *cancellable;
} Runner;

static void runner_clear(Runner *self)
{
    if (self->root != NULL)
        provision_root_watch(self->root, NULL);
    provision_results_free(self->results);
    provision_manifest_free(self->manifest);
    provision_config_free(self->config);
    provision_policy_free(self->policy);
    provision_instance_free(self->instance);
    provision_report_free(self->report);
    g_clear_pointer(&self->finished, g_ptr_array_unref);
    provision_root_free(self->root);
    g_free(self->instance_dir);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Runner, runner_clear)

/* %NULL without an error: no datasource has spoken yet. */
static bool load_instance(Runner *self, GError **error)
{
    g_autofree char *by_default =
        g_build_filename(provision_root_path(self->root), PROVISION_RUN_DIR, NULL);
    const char *path = self->run->instance_dir != NULL ? self->run->instance_dir : by_default;
    g_autoptr(GError) local = NULL;
    base_autofd dfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dfd < 0)
        return true;
    self->instance = provision_instance_load(dfd, &local);
    if (local == NULL || g_error_matches(local, PROVISION_ERROR, PROVISION_ERROR_NOT_FOUND))
        return true;
    g_propagate_error(error, g_steal_pointer(&local));
    return false;
}

/* What an #include brought stays for the later stages of this boot: nothing is fetched twice, and
 * all stages see the same. */
static GBytes *fetch_once(gpointer data, const char *url, uint64_t max_bytes,
                          GCancellable *cancellable, GError **error)
{
    Runner *self = data;
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, url, -1);
    g_autofree char *path = g_build_filename(PROVISION_RUN_DIR "/fetched", digest, NULL);
    GBytes *bytes = provision_root_read(self->root, path, NULL);
    if (bytes != NULL)
        return bytes;
    bytes = provision_config_fetch(NULL, url, max_bytes, cancellable, error);
    if (bytes == NULL)
        return NULL;
    const ProvisionRootOwner owner = {0600, geteuid(), getegid()};
    size_t size = 0;
    const void *start = g_bytes_get_data(bytes, &size);
    g_autoptr(GError) ignored = NULL;
    if (!provision_root_write(self->root, path, start, size, &owner, PROVISION_ROOT_UNWATCHED, NULL,
                              &ignored))
        g_debug("%s", ignored->message);
    return bytes;
}

static bool read_config(Runner *self, GError **error)
{
    ProvisionConfigEnv env = self->run->config;
    g_autoptr(ProvisionTrust) trust = provision_trust_load(provision_root_fd(self->root), error);
    if (trust == NULL)
        return false;
    env.envelope.trust = trust;
    env.envelope.fetch = fetch_once;
    env.envelope.fetch_data = self;
    env.cloud.decrypt = provision_config_decrypt;
    self->config =
        provision_config_read(self->instance, &env, self->report, self->cancellable, error);
    return self->config != NULL;
}

/* What reading found is told once a boot, by the first stage that reads. */
static void drop_read_records(Runner *self, bool first)
{
    if (!first)
        g_ptr_array_set_size(self->report->records, 0);
}

static bool is_wanted(const Runner *self, const ProvisionApplier *applier)
{
    return applier->wanted == NULL || applier->wanted(self->config->plan);
}

static bool is_due(Runner *self, const ProvisionApplier *applier, bool with_local)
{
    ProvisionStage stage = self->run->stage;
    if (applier->stage != stage && !(with_local && applier->stage == PROVISION_STAGE_LOCAL))
        return false;
    return is_wanted(self, applier);
}

static bool note_accounts(Runner *self, GError **error)
{
    const ProvisionPlan *plan = self->config->plan;
    ProvisionApply apply = {.plan = plan, .policy = self->policy, .instance = self->instance};
    g_autoptr(ProvisionUser) user = provision_apply_default_user(&apply);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; i <= plan->users->len; i++) {
        const ProvisionUser *one = i < plan->users->len ? plan->users->pdata[i] : user;
        if (one == NULL || one->name == NULL)
            continue;
        g_ptr_array_add(names, one->name);
        for (char **group = one->groups; group != NULL && *group != NULL; group++)
            g_ptr_array_add(names, *group);
        if (one->primary_group != NULL)
            g_ptr_array_add(names, one->primary_group);
    }
    for (guint i = 0; i < plan->groups->len; i++)
        g_ptr_array_add(names, ((const ProvisionGroup *)plan->groups->pdata[i])->name);
    for (guint i = 0; i < plan->passwords->len; i++)
        g_ptr_array_add(names, ((const ProvisionPassword *)plan->passwords->pdata[i])->name);
    provision_manifest_note_accounts(self->manifest, names);
    return provision_manifest_save(self->manifest, error);
}

static bool run_applier(Runner *self, const ProvisionApplier *applier, ProvisionMark mark,
                        GError **error)
{
    ProvisionApply apply = {
        .root = self->root,
        .plan = self->config->plan,
        .instance = self->instance,
        .policy = self->policy,
        .report = self->report,
        .instance_dir = self->instance_dir,
        .contents = self->run->contents,
        .contents_data = self->run->contents_data,
        .resumed = mark == PROVISION_MARK_BEGUN || mark == PROVISION_MARK_BEGUN_ELDER,
        .again = self->run->again,
        .stage = self->run->stage,
        .output_begun = self->output_begun,
        .cancellable = self->cancellable,
    };
    g_autoptr(GError) local = NULL;
    if (!provision_mark_begin(self->root, self->instance_dir, applier, error))
        return false;
    self->n_run++;
    bool good = applier->apply(&apply, &local);
    self->reboot_wanted = self->reboot_wanted || apply.reboot_wanted;
    self->output_begun = apply.output_begun;
    if (!good && (base_error_is_no_space(local) ||
                  g_error_matches(local, G_IO_ERROR, G_IO_ERROR_CANCELLED))) {
        g_propagate_prefixed_error(error, g_steal_pointer(&local), "%s: ", applier->name);
        return false;
    }
    if (!good) {
        const ProvisionPlace at = {.key = applier->name};
        provision_report_add(self->report, &at, PROVISION_FAILED, "%s",
                             local != NULL ? local->message : "unknown error");
        return true;
    }
    if (applier->kind == PROVISION_APPLIER_COMMAND)
        return provision_mark_done(self->root, self->instance_dir, applier, error);
    g_ptr_array_add(self->finished, (gpointer)applier);
    return true;
}

static bool run_appliers(Runner *self, GError **error)
{
    struct stat st = {0};
    bool with_local = self->run->stage == PROVISION_STAGE_NETWORK &&
                      !provision_root_stat(self->root, LOCAL_DONE, PROVISION_ROOT_DEFAULT, &st);
    for (const ProvisionApplier *applier = provision_appliers; applier->name != NULL; applier++) {
        if (!is_due(self, applier, with_local))
            continue;
        if (self->run->again &&
            !provision_mark_clear(self->root, self->instance_dir, applier, error))
            return false;
        ProvisionMark mark = provision_mark_read(self->root, self->instance_dir, applier);
        if (mark == PROVISION_MARK_DONE)
            continue;
        if (mark == PROVISION_MARK_BEGUN_ELDER && applier->kind == PROVISION_APPLIER_COMMAND &&
            applier->frequency != PROVISION_ALWAYS) {
            /* “runcmd: [reboot]” must not become a loop */
            const ProvisionPlace at = {.key = applier->name};
            provision_report_add(self->report, &at, PROVISION_APPLIED,
                                 "was ended by a reboot, and is not run a second time");
            if (!provision_mark_done(self->root, self->instance_dir, applier, error))
                return false;
            continue;
        }
        provision_results_log(self->root, "%s: %s", provision_apply_stage_name(self->run->stage),
                              applier->name);
        if (!run_applier(self, applier, mark, error))
            return false;
    }
    return true;
}

/* Marks come after everything that they speak of has reached the disk. */
static bool finish_marks(Runner *self, GError **error)
{
    if (self->finished->len > 0)
        provision_root_sync(self->root);
    for (guint i = 0; i < self->finished->len; i++)
        if (!provision_mark_done(self->root, self->instance_dir, self->finished->pdata[i], error))
            return false;
    return true;
}

static bool write_text(Runner *self, const char *path, const char *text, GError **error)
{
    const ProvisionRootOwner owner = {0600, geteuid(), getegid()};
    return provision_root_write(self->root, path, text, strlen(text), &owner,
                                PROVISION_ROOT_UNWATCHED, NULL, error);
}

/* Whether a later boot of this instance has nothing to do as long as its disks are as large. */
static bool has_settled(Runner *self)
{
    const ProvisionPlan *plan = self->config->plan;
    g_autoptr(GPtrArray) per_boot =
        provision_root_list(self->root, "/var/lib/cloud/scripts/per-boot");
    for (guint i = 0; i < plan->commands->len; i++)
        if (((const ProvisionCommand *)plan->commands->pdata[i])->frequency == PROVISION_ALWAYS)
            return false;
    const char *hosts = plan->settings.manage_etc_hosts.text;
    return per_boot->len == 0 && (hosts == NULL || strcmp(hosts, "false") == 0) &&
           provision_results_worst(self->results) != PROVISION_FAILED;
}

/* Without it the root has to be looked at whenever anything has changed. */
static bool grows_without_us(Runner *self)
{
    const ProvisionSettings *s = &self->config->plan->settings;
    struct stat st = {0};
    return provision_root_stat(self->root, "/usr/lib/systemd/system/atoll-grow-root.service",
                               PROVISION_ROOT_FOLLOW, &st) ||
           (g_strcmp0(s->growpart_mode.text, "off") == 0 &&
            g_strcmp0(s->resize_rootfs.text, "false") == 0);
}

static bool settle(Runner *self, GError **error)
{
    if (self->config != NULL && !has_settled(self))
        return true;
    if (self->config != NULL && grows_without_us(self) &&
        !write_text(self, SETTLED, self->instance->id, error))
        return false;
    return provision_settle(self->root, self->instance, error);
}

static bool is_settled(Runner *self)
{
    g_autofree char *text = provision_root_read_text(self->root, SETTLED);
    return text != NULL && !self->run->again && strcmp(g_strstrip(text), self->instance->id) == 0;
}

static void tell_records(Runner *self)
{
    const char *stage = provision_apply_stage_name(self->run->stage);
    for (guint i = 0; i < self->report->records->len; i++) {
        const ProvisionRecord *record = self->report->records->pdata[i];
        if (provision_root_is_running(self->root))
            provision_journal_record(stage, record);
        provision_results_log(
            self->root, "%s: %s%s%s", record->at.key != NULL ? record->at.key : "-",
            provision_outcome_name(record->outcome), record->message != NULL ? ": " : "",
            record->message != NULL ? record->message : "");
    }
}

static char *digest_of(const ProvisionInstance *instance, const ProvisionValue *data)
{
    GBytes *const blobs[] = {instance->user_data, instance->vendor_data, instance->vendor_data2};
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *text = provision_value_print(data);
    g_checksum_update(sum, (const guchar *)text, -1);
    for (size_t i = 0; i < G_N_ELEMENTS(blobs); i++) {
        gsize size = 0;
        const guchar *start = blobs[i] != NULL ? g_bytes_get_data(blobs[i], &size) : NULL;
        g_checksum_update(sum, (const guchar *)"\n", 1);
        if (size > 0)
            g_checksum_update(sum, start, (gssize)size);
    }
    return g_strdup(g_checksum_get_string(sum));
}

/* What the instance comes to for others to read: once a boot. */
static bool tell_instance(Runner *self, const ProvisionValue *data, const char *digest,
                          GError **error)
{
    return provision_results_instance(self->results, self->instance, data, error) &&
           provision_instance_dirs_fill(self->root, self->instance_dir, self->instance,
                                        self->config->cloud_config, error) &&
           write_text(self, TOLD, digest, error);
}

/* An instance that is told of has its directories. */
static bool find_dir(Runner *self, bool is_told, GError **error)
{
    bool trust = self->policy->trust_instance;
    if (!is_told)
        return provision_instance_dirs_make(self->root, self->instance, trust, &self->instance_dir,
                                            error);
    self->instance_dir = provision_instance_dirs_find(self->root, self->instance, trust, error);
    return self->instance_dir != NULL;
}

static bool work(Runner *self, GError **error)
{
    const char *stage = provision_apply_stage_name(self->run->stage);
    g_autofree char *read_mark = g_strdup(PROVISION_RUN_DIR "/read");
    struct stat st = {0};
    bool first = !provision_root_stat(self->root, read_mark, PROVISION_ROOT_DEFAULT, &st);
    g_autofree char *first_stage = provision_root_read_text(self->root, read_mark);
    g_autoptr(ProvisionValue) data = provision_config_instance_data(self->instance);
    g_autofree char *digest = digest_of(self->instance, data);
    g_autofree char *told = provision_root_read_text(self->root, TOLD);
    bool is_told = !self->run->again && g_strcmp0(told, digest) == 0;
    self->policy = provision_policy_read(self->root, error);
    if (self->policy == NULL || !find_dir(self, is_told, error) || !read_config(self, error))
        return false;
    drop_read_records(self, first || g_strcmp0(first_stage, stage) == 0);
    self->manifest = provision_manifest_load(self->root, error);
    if (self->manifest == NULL || (first && !write_text(self, read_mark, stage, error)) ||
        (!is_told && !tell_instance(self, data, digest, error)) ||
        !provision_manifest_keep_accounts(self->manifest, error))
        return false;
    if (self->manifest->generation == 0 ||
        (self->run->again && self->run->stage == PROVISION_STAGE_LOCAL))
        self->manifest->generation++;
    const ProvisionRootWatch watch = provision_manifest_watch(self->manifest);
    provision_root_watch(self->root, &watch);
    bool good = run_appliers(self, error);
    provision_root_watch(self->root, NULL);
    /* what was done is kept whether or not all was */
    if ((self->n_run > 0 && !note_accounts(self, good ? error : NULL)) || !good)
        return false;
    return finish_marks(self, error) &&
           (self->run->stage > PROVISION_STAGE_NETWORK || write_text(self, LOCAL_DONE, "", error));
}

static bool undo_unwanted(Runner *self, GError **error)
{
    if (!self->run->again || self->run->stage != PROVISION_STAGE_FINAL)
        return true;
    return provision_undo(self->manifest, self->manifest->generation, PROVISION_UNDO_DEFAULT, NULL,
                          NULL, error);
}

static void power(Runner *self)
{
    const ProvisionSettings *s = &self->config->plan->settings;
    const char *mode = s->power_mode.text;
    const char *delay = s->power_delay.text != NULL ? s->power_delay.text : "now";
    /* a number alone is minutes to cloud-init, and nothing to shutdown */
    g_autofree char *when = g_strconcat(g_ascii_isdigit(delay[0]) ? "+" : "", delay, NULL);
    const char *argv[] = {"shutdown",
                          strcmp(mode, "reboot") == 0 ? "-r"
                          : strcmp(mode, "halt") == 0 ? "-H"
                                                      : "-P",
                          when, s->power_message.text, NULL};
    g_autoptr(GError) local = NULL;
    if (!provision_root_is_running(self->root))
        return;
    provision_root_sync(self->root);
    if (!g_spawn_sync("/", (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                      &local))
        provision_results_log(self->root, "power_state: %s", local->message);
}

/* The settings of the system are none in most configurations: a stage with nothing to do is over
 * without a program that finds it out. */
static bool pass_over_config(Runner *self, GError **error)
{
    const char *stage = provision_apply_stage_name(PROVISION_STAGE_CONFIG);
    g_autoptr(ProvisionReport) nothing = provision_report_new();
    for (const ProvisionApplier *applier = provision_appliers; applier->name != NULL; applier++)
        if (applier->stage == PROVISION_STAGE_CONFIG && is_wanted(self, applier))
            return true;
    return provision_results_begin(self->results, stage, error) &&
           provision_results_end(self->results, stage, nothing, false, error) &&
           write_text(self, CONFIG_DONE, "", error);
}

static bool finish(Runner *self, bool good, GError **error)
{
    const char *stage = provision_apply_stage_name(self->run->stage);
    bool last = self->run->stage == PROVISION_STAGE_FINAL;
    if (!provision_results_end(self->results, stage, self->report, last, good ? error : NULL))
        return false;
    tell_records(self);
    if (good && last && !settle(self, error))
        return false;
    if (good && self->config != NULL && self->run->stage == PROVISION_STAGE_NETWORK &&
        !pass_over_config(self, error))
        return false;
    if (good && self->config != NULL && self->reboot_wanted)
        power(self);
    return good;
}

bool provision_run(const ProvisionRun *run, ProvisionOutcome *out_worst,
                   ProvisionReport **out_report, GCancellable *cancellable, GError **error)
{
    g_auto(Runner) runner = {.run = run,
                             .cancellable = cancellable,
                             .report = provision_report_new(),
                             .finished = g_ptr_array_new()};
    g_autoptr(GError) local = NULL;
    struct stat st = {0};
    *out_worst = PROVISION_APPLIED;
    runner.root = provision_root_open(run->root, error);
    if (runner.root == NULL || !load_instance(&runner, error))
        return false;
    if (runner.instance == NULL)
        return true;
    bool fresh = !provision_root_stat(runner.root, "/run/cloud-init/status.json",
                                      PROVISION_ROOT_DEFAULT, &st);
    runner.results = provision_results_load(runner.root, fresh);
    if (!provision_results_begin(runner.results, provision_apply_stage_name(run->stage), error) ||
        !provision_unsettle(runner.root, error))
        return false;
    bool good = is_settled(&runner) || work(&runner, &local);
    good = good && (runner.config == NULL || undo_unwanted(&runner, &local));
    if (!good) {
        const ProvisionPlace at = {.key = "apply"};
        provision_report_add(runner.report, &at, PROVISION_FAILED, "%s",
                             local != NULL ? local->message : "unknown error");
    }
    if (!finish(&runner, good, local != NULL ? NULL : &local)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    *out_worst = provision_results_worst(runner.results);
    *out_report = g_steal_pointer(&runner.report);
    return true;
}
