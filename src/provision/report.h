/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/place.h"

#include <gio/gio.h>
#include <stdbool.h>

G_BEGIN_DECLS

/**
 * ProvisionOutcome:
 * @PROVISION_APPLIED: done
 * @PROVISION_UNCHANGED: was so already, or is done once an instance and was
 * @PROVISION_NOT_APPLICABLE: has no meaning on an image-based host (packages), by policy
 * @PROVISION_UNSUPPORTED: atoll does not know how (tier 3)
 * @PROVISION_UNKNOWN: nobody knows this key; the message has the nearest that exists
 * @PROVISION_FAILED: tried, and the message says what happened
 */
typedef enum {
    PROVISION_APPLIED,
    PROVISION_UNCHANGED,
    PROVISION_NOT_APPLICABLE,
    PROVISION_UNSUPPORTED,
    PROVISION_UNKNOWN,
    PROVISION_FAILED,
} ProvisionOutcome;

/**
 * ProvisionRecord:
 * @at: the key, and where it stands
 * @outcome: what came of it
 * @message: (owned) (nullable): one line; has no secrets
 *
 * The result of one key.
 */
typedef struct {
    ProvisionPlace at;
    ProvisionOutcome outcome;
    char *message;
} ProvisionRecord;

/**
 * ProvisionReport:
 * @records: (element-type ProvisionRecord): in the order of events
 *
 * What came of every key of a configuration.
 */
typedef struct {
    GPtrArray *records;
} ProvisionReport;

ProvisionReport *provision_report_new(void);
void provision_report_free(ProvisionReport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProvisionReport, provision_report_free)

/**
 * provision_report_add:
 * @self: a report
 * @at: the key
 * @outcome: what came of it
 * @format: (nullable): a message; never with secrets
 */
void provision_report_add(ProvisionReport *self, const ProvisionPlace *at, ProvisionOutcome outcome,
                          const char *format, ...) G_GNUC_PRINTF(4, 5);

/**
 * provision_report_add_error:
 * @self: a report
 * @at: where it happened, unless @error says it: "SOURCE:LINE:COLUMN: …" of @at's source
 * @error: what happened: %PROVISION_FAILED
 */
void provision_report_add_error(ProvisionReport *self, const ProvisionPlace *at,
                                const GError *error);

/** provision_report_worst: %PROVISION_APPLIED when all is well (unchanged counts as applied) */
ProvisionOutcome provision_report_worst(const ProvisionReport *self);

/** provision_outcome_name: "applied", "unchanged", "not-applicable", … */
const char *provision_outcome_name(ProvisionOutcome outcome);

G_END_DECLS
