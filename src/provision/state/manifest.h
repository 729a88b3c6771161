/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/apply/root.h"

G_BEGIN_DECLS

#define PROVISION_STATE_DIR "/var/lib/atoll/provision"

/** ProvisionTraceKind: what was at a path */
typedef enum {
    PROVISION_TRACE_NONE,
    PROVISION_TRACE_FILE,
    PROVISION_TRACE_DIRECTORY,
    PROVISION_TRACE_LINK,
    PROVISION_TRACE_OTHER,
} ProvisionTraceKind;

/**
 * ProvisionTrace:
 * @kind: what is there
 * @mode: permission bits
 * @uid: owner
 * @gid: group
 * @digest: (nullable): SHA-256 of a file
 * @target: (nullable): of a link
 * @original: (nullable): name in originals/ of a copy of the file
 *
 * A path at one moment.
 */
typedef struct {
    ProvisionTraceKind kind;
    unsigned mode;
    unsigned uid;
    unsigned gid;
    char *digest;
    char *target;
    char *original;
} ProvisionTrace;

/**
 * ProvisionManifestEntry:
 * @path: without links
 * @generation: of the last apply that wanted it
 * @before: as it was before atoll touched it for the first time
 * @after: as atoll left it
 */
typedef struct {
    char *path;
    int64_t generation;
    ProvisionTrace before;
    ProvisionTrace after;
} ProvisionManifestEntry;

/**
 * ProvisionManifestAccount:
 * @file: "passwd", "group", …
 * @name: user or group
 * @generation: of the last apply that wanted it
 * @before: (nullable): its line before; may be secret
 * @after: (nullable): SHA-256 of its line as atoll left it; %NULL when it was removed
 */
typedef struct {
    char *file;
    char *name;
    int64_t generation;
    char *before;
    char *after;
} ProvisionManifestAccount;

/**
 * ProvisionManifest:
 * @generation: counts the applies of this host
 * @entries: (element-type ProvisionManifestEntry): in the order in which they were made
 * @accounts: (element-type ProvisionManifestAccount)
 *
 * All that was made or changed, with what was there before: manifest.json, for root only. A change
 * is noted before it is made, in manifest.log, so that a crash loses none.
 */
typedef struct {
    ProvisionRoot *root;
    int log;
    int64_t generation;
    GPtrArray *entries;
    GPtrArray *accounts;
} ProvisionManifest;

/** provision_manifest_load: reads manifest.json and the log; both may be missing */
ProvisionManifest *provision_manifest_load(ProvisionRoot *root,
                                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
void provision_manifest_free(ProvisionManifest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProvisionManifest, provision_manifest_free)

/** provision_manifest_parse: adds what the JSON @bytes has; hostile */
bool provision_manifest_parse(ProvisionManifest *self, GBytes *bytes,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_manifest_new: an empty one, of no root */
ProvisionManifest *provision_manifest_new(void);

/** provision_manifest_save: writes manifest.json and empties the log */
bool provision_manifest_save(ProvisionManifest *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_manifest_watch: what a root tells it; borrowed by the root */
ProvisionRootWatch provision_manifest_watch(ProvisionManifest *self);

/** provision_manifest_keep_accounts: keeps a copy of the user database, unless there is one */
bool provision_manifest_keep_accounts(ProvisionManifest *self,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_manifest_note_accounts: notes what has become of the users and groups @names since
 * provision_manifest_keep_accounts() */
void provision_manifest_note_accounts(ProvisionManifest *self, GPtrArray *names);

/** provision_manifest_drop_accounts: the copy has done its duty */
bool provision_manifest_drop_accounts(ProvisionManifest *self,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_trace_take: what is at a place now */
ProvisionTrace provision_trace_take(int dfd, const char *name);
void provision_trace_clear(ProvisionTrace *self);
/** provision_trace_equal: whether type, mode, owner and content are the same */
bool provision_trace_equal(const ProvisionTrace *left, const ProvisionTrace *right);

G_END_DECLS
