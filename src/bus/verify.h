/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/progress.h"
#include "bus/head.h"

G_BEGIN_DECLS

/**
 * BusFinding:
 * @seq: the event it is about; 0 for the log as a whole
 * @kind: "altered", "removed", "swapped", "forged", "denied", "forked", "clock" or "index"
 * @message: (owned): what is wrong, with numbers, keys and topics
 */
typedef struct {
    uint64_t seq;
    const char *kind;
    char *message;
} BusFinding;

/**
 * BusVerification:
 * @n_events: events that were read
 * @n_bodies_gone: of them, without their body: retention took it
 * @n_back_dated: of them, with a time of the publisher's before that of the event before: allowed
 * @n_heads: signed heads that were compared
 * @first_key: public key of the first event, which all trust hangs on
 * @findings: (owned) (element-type BusFinding): what is wrong, in order; at most
 *   %BUS_FINDINGS_MAX; empty for a log that proves
 * @more: there was more
 */
typedef struct {
    uint64_t n_events;
    uint64_t n_bodies_gone;
    uint64_t n_back_dated;
    uint64_t n_heads;
    uint8_t first_key[BASE_ED25519_PUBLIC_BYTES];
    GPtrArray *findings;
    bool more;
} BusVerification;

#define BUS_FINDINGS_MAX 1000

void bus_verification_free(BusVerification *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BusVerification, bus_verification_free)

/**
 * bus_verify:
 * @log: may be open for reading only
 * @saved: (nullable) (element-type BusSignedHead): heads from elsewhere that the log has to be
 *   consistent with
 * @progress: (nullable): "verifying", events
 * @cancellable: (nullable)
 *
 * Reads the whole log and checks, on all CPUs: numbers without gaps, each event's form, the chain,
 * signatures, that each key was in and allowed to sign its topic at that point, bodies against
 * their digests, times of logging that never go back, the stored tree, every signed head.
 *
 * Returns: (transfer full): what it found; %NULL only when the log could not be read
 */
BusVerification *bus_verify(BusLog *log, const GPtrArray *saved, const BaseProgress *progress,
                            GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
