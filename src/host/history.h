/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/sysroot.h"

#include <stdint.h>

G_BEGIN_DECLS

/** HOST_HISTORY_NAME: its file in the state directory: one JSON object a line, only ever added to;
 * the one before it has “.1” appended */
#define HOST_HISTORY_NAME "history.jsonl"

/**
 * HostHistoryEvent:
 * @HOST_HISTORY_BOOT: a deployment came up
 * @HOST_HISTORY_DOWN: the host shuts down in good order
 * @HOST_HISTORY_STAGED: a deployment becomes the default at shutdown
 * @HOST_HISTORY_DEPLOYED: a deployment is the default
 * @HOST_HISTORY_FINALIZED: what was staged has become the default
 * @HOST_HISTORY_FINALIZE_FAILED: it has not
 * @HOST_HISTORY_DROPPED: what was staged is not wanted any more
 * @HOST_HISTORY_ROLLED_BACK: the previous deployment is the default again
 * @HOST_HISTORY_GREEN: the health checks passed
 * @HOST_HISTORY_RED: they did not
 * @HOST_HISTORY_BLOCKED: a release is left alone from now on
 */
typedef enum {
    HOST_HISTORY_BOOT,
    HOST_HISTORY_DOWN,
    HOST_HISTORY_STAGED,
    HOST_HISTORY_DEPLOYED,
    HOST_HISTORY_FINALIZED,
    HOST_HISTORY_FINALIZE_FAILED,
    HOST_HISTORY_DROPPED,
    HOST_HISTORY_ROLLED_BACK,
    HOST_HISTORY_GREEN,
    HOST_HISTORY_RED,
    HOST_HISTORY_BLOCKED,
    HOST_HISTORY_N_EVENTS,
} HostHistoryEvent;

/** host_history_event_name: "boot", "down", "staged", … */
const char *host_history_event_name(HostHistoryEvent self);

/**
 * HostHistoryRecord:
 * @time_s: Unix time, by the host's clock
 * @event: see #HostHistoryEvent
 * @boot_id: (owned): the kernel's, in which boot it happened; "" when not known
 * @commit: (owned): what it is about; "" for none
 * @version: (owned): of it; "" for none
 * @text: (owned): why; "" for none
 */
typedef struct {
    int64_t time_s;
    HostHistoryEvent event;
    char *boot_id;
    char *commit;
    char *version;
    char *text;
} HostHistoryRecord;

/**
 * host_history_append:
 * @state_dir: see host_sysroot_state_dir(); made when missing
 * @event: what happened
 * @commit: (nullable)
 * @version: (nullable)
 * @text: (nullable)
 * @error: return location
 *
 * Adds a line, synced. A line that a power cut has left half written stays and is skipped when
 * reading.
 */
bool host_history_append(const char *state_dir, HostHistoryEvent event, const char *commit,
                         const char *version, const char *text,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** host_history_note: as host_history_append(), for callers whose work is done and does not fail
 * for a ledger: what goes wrong is a warning in the journal */
void host_history_note(const char *state_dir, HostHistoryEvent event, const char *commit,
                       const char *version, const char *text);

/** host_history_note_boot: notes that the booted deployment of @sysroot came up, once a boot; %TRUE
 * when it did so now */
bool host_history_note_boot(const HostSysroot *sysroot, const char *state_dir);

/** host_history_load: (transfer full) (element-type HostHistoryRecord): the oldest first;
 * @max_bytes from the end of the file, 0 for all with the file before it */
GPtrArray *host_history_load(const char *state_dir, size_t max_bytes);

/** host_history_parse: adds the good lines of @text to @records */
void host_history_parse(const char *text, size_t size_bytes, GPtrArray *records);

/** host_history_records_new: (transfer full): an empty list */
GPtrArray *host_history_records_new(void);

/**
 * HostHistoryPending:
 * @HOST_HISTORY_NOT_PENDING: nothing
 * @HOST_HISTORY_SKIPPED: what was staged was never finalised: the host went down without a shutdown
 * @HOST_HISTORY_FAILED: finalising failed
 */
typedef enum {
    HOST_HISTORY_NOT_PENDING,
    HOST_HISTORY_SKIPPED,
    HOST_HISTORY_FAILED,
} HostHistoryPending;

/**
 * host_history_pending:
 * @records: the history
 * @running: commit that runs
 * @staged: (nullable): commit that is staged now
 * @out_record: (out) (transfer none): what was staged, or why it failed
 *
 * Whether an update that was staged in an earlier boot got lost on the way down.
 */
HostHistoryPending host_history_pending(const GPtrArray *records, const char *running,
                                        const char *staged, const HostHistoryRecord **out_record);

/** host_history_end: (transfer full): why the boot at @index of @records ended, for people; "runs"
 * for the one that does */
char *host_history_end(const GPtrArray *records, guint index);

G_END_DECLS
