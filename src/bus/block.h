/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/log.h"

G_BEGIN_DECLS

/* The kinds of names that the index knows. */
#define BUS_KIND_TOPIC "topic"
#define BUS_KIND_CATEGORY "category"
#define BUS_KIND_ACTOR "actor"
#define BUS_KIND_OBJECT "object"

#define BUS_BLOCK_EVENTS 1024

/** bus_block_seal: writes the index of block @block (from 0), whose events are all there, in the
 * caller's transaction; %BUS_ERROR_BROKEN when one is missing */
bool bus_block_seal(BusLog *log, uint64_t block, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
