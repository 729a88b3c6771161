/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/log-private.h"

G_BEGIN_DECLS

/**
 * BusVerifyRow:
 *
 * One row as it is stored, and what looking at it alone tells.
 */
typedef struct {
    uint64_t seq;
    char *text;
    char *body;
    bool blob;
    uint8_t id[16];
    BusSignature signature;
    uint8_t hash[BASE_SHA256_BYTES];
    GError *signature_error; /* it has not the form of one */
    bool whole;              /* every other column had its size */

    BusEvent *event; /* NULL: the text is that of no event */
    uint8_t text_hash[BASE_SHA256_BYTES];
    uint8_t leaf[BASE_SHA256_BYTES];
    bool id_fits;
    bool body_fits;
    bool body_missing; /* its file is not there */

    const BusKey *key; /* set between the two passes; NULL: not in the log */
    bool signature_fits;
} BusVerifyRow;

/** BusVerifyChunk: rows that follow each other */
typedef struct {
    GArray *rows;
} BusVerifyChunk;

void bus_verify_chunk_init(BusVerifyChunk *self);
void bus_verify_chunk_clear(BusVerifyChunk *self);

/** bus_verify_chunk_read: the next rows past @after_seq; none at the end */
bool bus_verify_chunk_read(BusVerifyChunk *self, BusLog *log, uint64_t after_seq,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** BusVerifyBeside: work that is one thread's, while others do theirs */
typedef bool (*BusVerifyBeside)(void *user_data, GError **error);

/** bus_verify_chunk_parse: everything but signatures, on all CPUs, beside @beside, which may use
 * the database */
bool bus_verify_chunk_parse(BusVerifyChunk *self, BusLog *log, BusVerifyBeside beside,
                            void *user_data, GCancellable *cancellable,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_verify_chunk_check: the signatures of @self against each row's key, on all CPUs, while
 * @next (another chunk) is read past @after_seq */
bool bus_verify_chunk_check(BusVerifyChunk *self, BusVerifyChunk *next, BusLog *log,
                            uint64_t after_seq, GCancellable *cancellable,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
