/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/apply/accounts.h"
#include "provision/apply/root.h"
#include "provision/instance.h"
#include "provision/plan.h"
#include "provision/report.h"

G_BEGIN_DECLS

#define PROVISION_APPLY_OUTPUT_LOG "/var/log/cloud-init-output.log"

/**
 * ProvisionPackagesPolicy: what becomes of package keys on an image-based host
 * @PROVISION_PACKAGES_WARN: not applicable, the result is degraded, the boot goes on
 * @PROVISION_PACKAGES_LAYER: handed to a hook, one package a line
 * @PROVISION_PACKAGES_FAIL: a failure
 */
typedef enum {
    PROVISION_PACKAGES_WARN,
    PROVISION_PACKAGES_LAYER,
    PROVISION_PACKAGES_FAIL,
} ProvisionPackagesPolicy;

/**
 * ProvisionPolicy:
 * @packages: see #ProvisionPackagesPolicy
 * @packages_hook: (nullable): program for %PROVISION_PACKAGES_LAYER
 * @default_user: what “default” means
 * @trust_instance: a host keeps the instance it has, whatever the platform says
 *   (manual_cache_clean)
 *
 * What the image and its owner say about provisioning: atoll-provision.d(5).
 */
typedef struct {
    ProvisionPackagesPolicy packages;
    char *packages_hook;
    ProvisionUser *default_user;
    bool trust_instance;
} ProvisionPolicy;

/**
 * provision_policy_read:
 * @root: whose /usr/lib/atoll/provision.d, /etc/atoll/provision.d and /etc/cloud/cloud.cfg are read
 * @error: a file that is wrong, and where
 */
ProvisionPolicy *provision_policy_read(ProvisionRoot *root,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** provision_policy_new: what holds when nobody says anything */
ProvisionPolicy *provision_policy_new(void);
/** provision_policy_parse: takes the settings of one file; @path is its name in messages */
bool provision_policy_parse(ProvisionPolicy *self, const char *path, GBytes *bytes,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
void provision_policy_free(ProvisionPolicy *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProvisionPolicy, provision_policy_free)

/**
 * ProvisionApply:
 * @root: what is set up
 * @plan: what is wanted
 * @instance: (nullable): what the platform said
 * @policy: what image and owner say
 * @report: gets a record for every key
 * @instance_dir: path in the root of what is kept for this instance
 * @contents: (nullable): gets contents that are not inline, decompressed and verified; without it
 *   they are failures
 * @contents_data: for @contents
 * @resumed: this step was begun before and did not come to its end
 * @again: an explicit re-apply
 * @stage: which is under way
 * @output_begun: (out): a command of this stage has printed
 * @reboot_wanted: (out): power_state wants a reboot, power-off or halt: done when all is over
 * @cancellable: (nullable)
 *
 * What appliers work with. All borrowed.
 */
typedef struct {
    ProvisionRoot *root;
    const ProvisionPlan *plan;
    const ProvisionInstance *instance;
    const ProvisionPolicy *policy;
    ProvisionReport *report;
    const char *instance_dir;
    GBytes *(*contents)(void *data, const ProvisionContents *contents, GCancellable *cancellable,
                        GError **error);
    void *contents_data;
    bool resumed;
    bool again;
    ProvisionStage stage;
    bool output_begun;
    bool reboot_wanted;
    GCancellable *cancellable;
} ProvisionApply;

/** ProvisionOutput: @console: it is shown on the console too; @truncate: a boot begins it anew */
typedef struct {
    bool console;
    bool truncate;
} ProvisionOutput;

/** provision_apply_open_output: the file that output of commands goes to; -1 when it cannot be
 * opened, which is no reason not to run them */
int provision_apply_open_output(ProvisionApply *self, ProvisionOutput *out_output);

/**
 * ProvisionApplierKind:
 * @PROVISION_APPLIER_REPEATS: it is done anew, and comes to the same
 * @PROVISION_APPLIER_RESUMES: it is done anew, and has to know that it was begun
 * @PROVISION_APPLIER_COMMAND: it runs what a person wrote: not a second time when a reboot cut it
 *   short
 */
typedef enum {
    PROVISION_APPLIER_REPEATS,
    PROVISION_APPLIER_RESUMES,
    PROVISION_APPLIER_COMMAND,
} ProvisionApplierKind;

/**
 * ProvisionApplier:
 * @name: cloud-init's name of the module, with underscores: its mark is sem/config_NAME
 * @stage: when in a boot
 * @frequency: how often
 * @kind: what becomes of it when it was cut short
 * @wanted: (nullable): whether the plan has something for it; %NULL: always
 * @apply: does it; records go to the report; an error is the whole step's
 *
 * One concern. A new one is a file, a line in meson.build and a row in table.c.
 */
typedef struct {
    const char *name;
    ProvisionStage stage;
    ProvisionFrequency frequency;
    ProvisionApplierKind kind;
    bool (*wanted)(const ProvisionPlan *plan);
    bool (*apply)(ProvisionApply *self, GError **error);
} ProvisionApplier;

/** provision_appliers: the table, in order, ended by a zeroed row */
extern const ProvisionApplier provision_appliers[];

/** provision_apply_stage_name: "local", "network", "config", "final" */
const char *provision_apply_stage_name(ProvisionStage stage);

/* What appliers share. */

/** provision_apply_outcome: records @at as applied or unchanged, or as failed by @local, which it
 * takes */
void provision_apply_outcome(ProvisionApply *self, const ProvisionPlace *at, bool good,
                             bool changed, GError *local);

/** provision_apply_has: whether a setting was given */
bool provision_apply_has(const ProvisionPlace *at);

/** provision_apply_run: runs a program of the root (chroot when it is not the running one), output
 * to the output log; an error has no output */
bool provision_apply_run(ProvisionApply *self, const char *const *argv, const char *const *env,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_apply_say: puts @text where the output of programs goes */
void provision_apply_say(ProvisionApply *self, const char *text);

/** provision_apply_has_systemd: whether services can be asked for: a running root with systemd as
 * process 1 */
bool provision_apply_has_systemd(ProvisionApply *self);

/** provision_apply_systemctl: systemctl VERB UNIT, when provision_apply_has_systemd(); failures are
 * ignored: the next boot has it */
void provision_apply_systemctl(ProvisionApply *self, const char *verb, const char *unit);

/** provision_apply_users: users and groups of the plan, with homes, sudo and keys */
bool provision_apply_users(ProvisionApply *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** provision_apply_passwords: chpasswd, password, expiry, ssh_pwauth */
bool provision_apply_passwords(ProvisionApply *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** provision_apply_files: files, directories and links that are not deferred */
bool provision_apply_files(ProvisionApply *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** provision_apply_files_deferred: those that are, or that belong to users of the plan */
bool provision_apply_files_deferred(ProvisionApply *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** provision_apply_units: systemd units, drop-ins, presets, masks */
bool provision_apply_units(ProvisionApply *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_apply_node: one file, directory or link */
bool provision_apply_node(ProvisionApply *self, const ProvisionNode *node,
                          ProvisionAccounts *accounts, bool *out_changed,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_apply_default_user: (transfer full) (nullable): what the plan's default user comes to
 * with the policy and the platform; %NULL when the plan has none */
ProvisionUser *provision_apply_default_user(ProvisionApply *self);

/** provision_apply_user_keys: puts @keys, with @options before each, into the authorized keys of
 * @user */
bool provision_apply_user_keys(ProvisionApply *self, ProvisionAccounts *accounts, const char *user,
                               const char *const *keys, const char *options, bool dropin,
                               bool *out_changed, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_apply_redirect_options: (transfer full): the options that tell who logs in to use
 * @user rather than @disabled */
char *provision_apply_redirect_options(const char *pattern, const char *user, const char *disabled);

/** provision_apply_hash: (transfer full): @plain by crypt(3), yescrypt or SHA-512 as the root's
 * PAM wants */
char *provision_apply_hash(ProvisionApply *self, const char *plain,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The other rows of the table. */
bool provision_apply_boothooks(ProvisionApply *self, GError **error);
bool provision_apply_bootcmd(ProvisionApply *self, GError **error);
bool provision_apply_runcmd(ProvisionApply *self, GError **error);
bool provision_apply_scripts_per_once(ProvisionApply *self, GError **error);
bool provision_apply_scripts_per_boot(ProvisionApply *self, GError **error);
bool provision_apply_scripts_per_instance(ProvisionApply *self, GError **error);
bool provision_apply_scripts_user(ProvisionApply *self, GError **error);
bool provision_apply_set_hostname(ProvisionApply *self, GError **error);
bool provision_apply_update_hostname(ProvisionApply *self, GError **error);
bool provision_apply_etc_hosts(ProvisionApply *self, GError **error);
bool provision_apply_timezone(ProvisionApply *self, GError **error);
bool provision_apply_locale(ProvisionApply *self, GError **error);
bool provision_apply_keyboard(ProvisionApply *self, GError **error);
bool provision_apply_ntp(ProvisionApply *self, GError **error);
bool provision_apply_ca_certs(ProvisionApply *self, GError **error);
bool provision_apply_resolv_conf(ProvisionApply *self, GError **error);
bool provision_apply_ssh(ProvisionApply *self, GError **error);
bool provision_apply_growpart(ProvisionApply *self, GError **error);
bool provision_apply_resizefs(ProvisionApply *self, GError **error);
bool provision_apply_disks(ProvisionApply *self, GError **error);
bool provision_apply_kargs(ProvisionApply *self, GError **error);
bool provision_apply_mounts(ProvisionApply *self, GError **error);
bool provision_apply_packages(ProvisionApply *self, GError **error);
bool provision_apply_console_keys(ProvisionApply *self, GError **error);
bool provision_apply_output(ProvisionApply *self, GError **error);
bool provision_apply_phone_home(ProvisionApply *self, GError **error);
bool provision_apply_final_message(ProvisionApply *self, GError **error);
bool provision_apply_power_state(ProvisionApply *self, GError **error);

/**
 * ProvisionHostname:
 * @hostname: short name
 * @fqdn: whole name
 * @at: (nullable): the key that says so
 */
typedef struct {
    char *hostname;
    char *fqdn;
    const ProvisionPlace *at;
} ProvisionHostname;

/** provision_apply_hostname: what the host is to be called, by cloud-init's rules; %FALSE when
 * nobody says */
bool provision_apply_hostname(ProvisionApply *self, ProvisionHostname *out_hostname);
void provision_hostname_clear(ProvisionHostname *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ProvisionHostname, provision_hostname_clear)

G_END_DECLS
