/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/head.h"

G_BEGIN_DECLS

/** BUS_PROOF_MAX_BYTES: a longer file is no proof */
#define BUS_PROOF_MAX_BYTES (4 * 1024 * 1024)

/** bus_proof_inclusion: (transfer full): a proof that event @seq is in the log, as JSON: type
 * "inclusion", index, event, path, head */
JsonObject *bus_proof_inclusion(BusLog *log, uint64_t seq,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_proof_consistency: (transfer full): a proof that the log as it is now continues the one
 * that @old is a head of: type "consistency", old, path, head; %BUS_ERROR_BROKEN when it does not
 */
JsonObject *bus_proof_consistency(BusLog *log, const BusSignedHead *old,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * bus_proof_check:
 * @data: what the functions above made, printed
 * @size_bytes: its length
 * @public_key: the only thing that is trusted: it has to have signed the newer head
 * @out_summary: (transfer full): what is proven, in a line
 * @error: %BUS_ERROR_BROKEN when it does not prove; %BUS_ERROR_INVALID when it is no proof
 *
 * Needs no log.
 */
bool bus_proof_check(const char *data, size_t size_bytes,
                     const uint8_t public_key[static BASE_ED25519_PUBLIC_BYTES], char **out_summary,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_proof_read_head: (transfer full): the head in @data: one by itself, or the newer one of a
 * proof */
BusSignedHead *bus_proof_read_head(const char *data, size_t size_bytes,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
