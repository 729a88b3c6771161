/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/digest.h"
#include "bus/log.h"

G_BEGIN_DECLS

/**
 * bus_prepare:
 * @draft: what is to be appended; its body and strings have to stay until it is
 * @sha256: of the calling thread
 * @error: %BUS_ERROR_INVALID, %BUS_ERROR_TOO_LARGE
 *
 * Does what needs no log: checks the fields, prints the body in canonical form and hashes it.
 *
 * Returns: (transfer full): an event that lacks its place in the log, its key and what the log
 *   gives it where @draft leaves it open (id, time: 0)
 */
BusEvent *bus_prepare(const BusDraft *draft, BaseSha256 *sha256,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_prepare_all: (transfer full) (element-type BusEvent): each of @drafts, none of them of the
 * log's own topics */
GPtrArray *bus_prepare_all(const BusDraft *drafts, unsigned n_drafts, BaseSha256 *sha256,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
