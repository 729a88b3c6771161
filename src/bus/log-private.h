/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/block.h"
#include "bus/log.h"
#include "bus/merkle.h"
#include "bus/policy.h"

G_BEGIN_DECLS

#define BUS_CHANNEL "atoll_bus"

/** BUS_BODY_INLINE_MAX_BYTES: a longer body is a file by its digest (with SQLite) */
#define BUS_BODY_INLINE_MAX_BYTES (64 * 1024)

/**
 * BusHead:
 * @seq: of the last event
 * @prev: SHA-256 of its signed text
 * @logged_us: when it was logged
 * @behind: the clock is behind @logged_us, and that was said
 * @frontier: of the Merkle tree
 * @policy: of the last event that changed keys or grants
 * @signed_seq: size of the last signed head; @signed_us: when that was made
 *
 * The one row that a writer locks.
 */
typedef struct {
    uint64_t seq;
    uint8_t prev[BASE_SHA256_BYTES];
    int64_t logged_us;
    bool behind;
    BusFrontier frontier;
    uint64_t policy;
    uint64_t signed_seq;
    int64_t signed_us;
} BusHead;

struct _BusLog {
    BaseDb *db;                                   /* borrowed */
    char *state_dir;                              /* NULL: cannot sign */
    char *blob_dir;                               /* NULL: bodies are in the database */
    uint8_t secret[BASE_ED25519_SIGNATURE_BYTES]; /* libsodium's form: seed ‖ public key */
    char key[BUS_KEY_ID_CHARS + 1];
    BaseSha256 *sha256;
    BusSignatureMemory checked; /* of what was restored last */
    BusPolicy *policy;          /* NULL until it is loaded */
    uint64_t policy_seq;
    BusBlockIndex *block; /* NULL until something was appended */
    GHashTable *schemas;  /* digest → BusSchemaCheck; NULL until one was needed */
    uint8_t random[2048]; /* for ids: its first @n_random bytes are unused */
    size_t n_random;
    int64_t (*clock)(void);
};

/** bus_keys_load: reads the signing key of the log's state directory, or makes one; ends a
 * rotation that was cut short */
bool bus_keys_load(BusLog *log, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_keys_reload: reads the signing key again, without the lock: a transaction may be open */
bool bus_keys_reload(BusLog *log, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_head_load: @lock: for the rest of the transaction, against other writers */
typedef enum { BUS_HEAD_READ, BUS_HEAD_LOCK } BusHeadMode;
bool bus_head_load(BusLog *log, BusHeadMode mode, BusHead *out_head,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool bus_head_save(BusLog *log, const BusHead *head, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_append_own: as bus_append(), for the log's own topics */
bool bus_append_own(BusLog *log, const BusDraft *drafts, unsigned n_drafts, uint64_t *out_first_seq,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_append_prepared: as bus_append_own(), for what bus_prepare() made of @drafts: of @events,
 * in order, which is emptied */
bool bus_append_prepared(BusLog *log, const BusDraft *drafts, GPtrArray *events,
                         uint64_t *out_first_seq, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_row_read: (transfer full): the event of a row with signed, signature, hash, body, blob;
 * %BUS_ERROR_BROKEN names it when its text cannot be read */
BusEvent *bus_row_read(BusLog *log, BaseDbStatement *row, GError **error) G_GNUC_WARN_UNUSED_RESULT;
#define BUS_ROW_COLUMNS "seq, signed, signature, hash, body, blob"

/** bus_row_insert: @event as a row, and its body as a file if it is long */
bool bus_row_insert(BusLog *log, const BusEvent *event, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_rows_insert: as bus_row_insert(), for @events from @start up to @end; in one trip where
 * there are trips */
bool bus_rows_insert(BusLog *log, const GPtrArray *events, unsigned start, unsigned end,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_rows_insert_at_once: how many events bus_rows_insert() is best given */
unsigned bus_rows_insert_at_once(const BusLog *log);

/** bus_row_load_blob: (transfer full): the long body of @event, from its file */
char *bus_row_load_blob(BusLog *log, const BusEvent *event,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_row_release_blob: one event less has this long body; in the caller's transaction */
bool bus_row_release_blob(BusLog *log, const BusEvent *event,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_row_remove_blob: takes the file of a long body away when no event has it, in a transaction
 * that appending waits for, so that none comes to have it meanwhile */
bool bus_row_remove_blob(BusLog *log, const BusEvent *event,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_tree_save_node: a #BusMerkleNodeFunc that writes into the log given as user data */
bool bus_tree_save_node(unsigned level, uint64_t index,
                        const uint8_t hash[static BASE_SHA256_BYTES], void *log, GError **error);

G_END_DECLS
