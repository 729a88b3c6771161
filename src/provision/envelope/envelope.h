/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/envelope/trust.h"
#include "provision/plan.h"
#include "provision/report.h"
#include "provision/value.h"

G_BEGIN_DECLS

#define PROVISION_ENVELOPE_MAX_BYTES (32 * 1024 * 1024)
#define PROVISION_ENVELOPE_MAX_PARTS 1000
#define PROVISION_ENVELOPE_MAX_DEPTH 10
#define PROVISION_ENVELOPE_MAX_INCLUDES 64

/**
 * ProvisionPartKind:
 * @PROVISION_PART_CLOUD_CONFIG: cloud-config, YAML
 * @PROVISION_PART_JSON_PATCH: a JSON patch (RFC 6902) of what the parts before came to
 * @PROVISION_PART_SCRIPT: a program, run at the end of a boot
 * @PROVISION_PART_BOOTHOOK: a program, run early in every boot
 * @PROVISION_PART_IGNITION: an Ignition config, JSON
 */
typedef enum {
    PROVISION_PART_CLOUD_CONFIG,
    PROVISION_PART_JSON_PATCH,
    PROVISION_PART_SCRIPT,
    PROVISION_PART_BOOTHOOK,
    PROVISION_PART_IGNITION,
} ProvisionPartKind;

/**
 * ProvisionPart:
 * @kind: what it is
 * @at: its source, and the line of it that @bytes begin with
 * @bytes: decoded, decompressed, with templates filled in
 * @name: a file name, made up when it has none
 * @merge_type: (nullable): how a cloud-config is merged, of the header Merge-Type
 * @launch_index: (nullable): which of the instances that were started together it is for, of the
 *   header Launch-Index
 * @frequency: of a script
 *
 * One piece of user-data or vendor-data.
 */
typedef struct {
    ProvisionPartKind kind;
    ProvisionPlace at;
    GBytes *bytes;
    char *name;
    char *merge_type;
    char *launch_index;
    ProvisionFrequency frequency;
} ProvisionPart;

void provision_part_free(ProvisionPart *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProvisionPart, provision_part_free)

/**
 * ProvisionFetch:
 *
 * Gets what @url has, of at most @max_bytes.
 */
typedef GBytes *(*ProvisionFetch)(gpointer data, const char *url, uint64_t max_bytes,
                                  GCancellable *cancellable, GError **error);

/**
 * ProvisionEnvelopeEnv:
 * @trust: (nullable): keys; with one there, what none of them has signed is refused
 * @instance_data: (nullable): what templates may ask for
 * @fetch: (nullable): for #include; without it includes are said and left out
 * @fetch_data: for @fetch
 * @may_be_base64: the datasource's user-data may be base64 as a whole
 */
typedef struct {
    const ProvisionTrust *trust;
    const ProvisionValue *instance_data;
    ProvisionFetch fetch;
    gpointer fetch_data;
    bool may_be_base64;
} ProvisionEnvelopeEnv;

/**
 * provision_envelope_open:
 * @source: what @bytes are, for places ("user-data")
 * @bytes: as the datasource has them; hostile
 * @env: what to work with
 * @report: gets what is unsupported or broken: that part is left out, the others stand
 * @cancellable: (nullable)
 * @error: %PROVISION_ERROR_REFUSED: a signature is missing or wrong
 *
 * Takes the wrapping off: compression, base64, MIME, archives, includes, templates.
 *
 * Returns: (transfer full) (element-type ProvisionPart): the parts, in order
 */
GPtrArray *provision_envelope_open(const char *source, GBytes *bytes,
                                   const ProvisionEnvelopeEnv *env, ProvisionReport *report,
                                   GCancellable *cancellable,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
