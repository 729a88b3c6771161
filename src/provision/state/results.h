/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/apply/root.h"
#include "provision/instance.h"
#include "provision/plan.h"
#include "provision/report.h"
#include "provision/value.h"

G_BEGIN_DECLS

#define PROVISION_RUN_DIR "/run/atoll/provision"
#define PROVISION_RESULT_FILE PROVISION_RUN_DIR "/result.json"

/**
 * ProvisionResults:
 * @result: result.json: all records of this boot
 * @status: status.json, as cloud-init has it
 *
 * What came of everything: our result.json, and the files of cloud-init that others read.
 */
typedef struct {
    ProvisionRoot *root;
    ProvisionValue *result;
    ProvisionValue *status;
} ProvisionResults;

/** provision_results_load: what earlier stages of this boot wrote, or nothing yet; @fresh: the
 * first stage of a boot */
ProvisionResults *provision_results_load(ProvisionRoot *root, bool fresh);
void provision_results_free(ProvisionResults *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProvisionResults, provision_results_free)

/** provision_results_nothing: (transfer full): result.json of a boot that had nothing to do */
char *provision_results_nothing(const ProvisionInstance *instance);

/** provision_results_begin: a stage begins: status.json says so */
bool provision_results_begin(ProvisionResults *self, const char *stage,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_results_instance: who this is: instance-data.json (root only), cloud-id */
bool provision_results_instance(ProvisionResults *self, const ProvisionInstance *instance,
                                const ProvisionValue *instance_data,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_results_end: a stage is over, with @report; @last: so is the boot: cloud-init's
 * result.json is written, for which “status --wait” waits */
bool provision_results_end(ProvisionResults *self, const char *stage, const ProvisionReport *report,
                           bool last, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * provision_results_fail:
 * @root: a root
 * @stage: the stage before which no configuration could be had
 * @message: what was wrong
 * @error: return location
 *
 * The boot is over and failed: no later stage will run, and who waits for the end has it.
 */
bool provision_results_fail(ProvisionRoot *root, const char *stage, const char *message,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_results_worst: of all records so far */
ProvisionOutcome provision_results_worst(const ProvisionResults *self);

/** provision_results_log: a line in /var/log/cloud-init.log */
void provision_results_log(ProvisionRoot *root, const char *format, ...) G_GNUC_PRINTF(2, 3);

/**
 * ProvisionStatus: as “cloud-init status” says
 */
typedef enum {
    PROVISION_STATUS_NOT_RUN,
    PROVISION_STATUS_RUNNING,
    PROVISION_STATUS_DONE,
    PROVISION_STATUS_DEGRADED,
    PROVISION_STATUS_ERROR,
    PROVISION_STATUS_DISABLED,
} ProvisionStatus;

/** provision_status_read: how things stand; @out_result: (transfer full) (nullable): result.json */
ProvisionStatus provision_status_read(ProvisionRoot *root, ProvisionValue **out_result);

/** provision_status_name: "not run", "running", "done", "degraded", "error", "disabled" */
const char *provision_status_name(ProvisionStatus status);

/** provision_status_parse: how things stand by the texts of cloud-init's status.json and our
 * result.json, either of which may be %NULL; hostile */
ProvisionStatus provision_status_parse(GBytes *status, GBytes *result, ProvisionValue **out_result);

G_END_DECLS
