/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/commit.h"
#include "host/etc.h"

G_BEGIN_DECLS

/** HOST_ETC_LEDGER_NAME: its file in the state directory */
#define HOST_ETC_LEDGER_NAME "etc.json"
/** HOST_ETC_SAVED_NAME: directory in the state directory: COMMIT/PATH, what ‘take’ has replaced */
#define HOST_ETC_SAVED_NAME "etc-saved"

/**
 * HostEtcShadow:
 * @path: (owned)
 * @commit: (owned): the image whose new default was hidden first
 * @version: (owned): of it
 * @time_s: when
 */
typedef struct {
    char *path;
    char *commit;
    char *version;
    int64_t time_s;
} HostEtcShadow;

/**
 * HostEtcLedger:
 * @shadows: (element-type HostEtcShadow): new defaults that nobody has seen, for files here hide
 *   them, by path
 * @take_commit: (owned): the image that @take is about
 * @take: (element-type utf8): paths in which its defaults are to take the place of local files
 */
typedef struct {
    GPtrArray *shadows;
    char *take_commit;
    GPtrArray *take;
} HostEtcLedger;

void host_etc_ledger_free(HostEtcLedger *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostEtcLedger, host_etc_ledger_free)

/** host_etc_ledger_load: (transfer full): empty when there is none; @error says what to do with a
 * broken one */
HostEtcLedger *host_etc_ledger_load(const char *state_dir,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** host_etc_ledger_parse: (transfer full): for host_etc_ledger_load() and the fuzzer */
HostEtcLedger *host_etc_ledger_parse(const char *data, size_t size_bytes,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** host_etc_ledger_save: the ledger of @state_dir becomes @self, at once and on the disk */
bool host_etc_ledger_save(const HostEtcLedger *self, const char *state_dir,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** host_etc_ledger_find: (nullable): the shadow of @path */
const HostEtcShadow *host_etc_ledger_find(const HostEtcLedger *self, const char *path);

/**
 * host_etc_ledger_update:
 * @state_dir: see host_sysroot_state_dir()
 * @entries: (element-type HostEtcEntry): what host_etc_compare() found for @commit
 * @commit: what is deployed or staged
 * @error: return location
 *
 * Remembers what @commit's defaults mean for /etc; what is not changed here any more is forgotten.
 */
bool host_etc_ledger_update(const char *state_dir, const GPtrArray *entries,
                            const HostCommit *commit, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
