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

/** BUS_PART_BLOCKS: blocks of which the index lies together */
#define BUS_PART_BLOCKS 16

/**
 * BusBlockIndex:
 *
 * What a writer remembers of the block that it fills: without it the block would be read again
 * when it is full.
 */
typedef struct _BusBlockIndex BusBlockIndex;

void bus_block_index_free(BusBlockIndex *self);

/** bus_block_note: @event was stored, and @text_hash is what the next one has as `prev`: what was
 * noted before is forgotten when it is of a transaction that was rolled back, or when another
 * writer came between */
void bus_block_note(BusLog *log, const BusEvent *event,
                    const uint8_t text_hash[static BASE_SHA256_BYTES]);

/** bus_block_seal: writes the index of block @block (from 0), whose events are all there, in the
 * caller's transaction; %BUS_ERROR_BROKEN when one is missing */
bool bus_block_seal(BusLog *log, uint64_t block, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_block_catch_up: writes the index of full blocks that have none, as an older program left
 * them; in transactions of its own */
bool bus_block_catch_up(BusLog *log, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** BusNameFunc: @h: bus_hash_name() of @name */
typedef void (*BusNameFunc)(int64_t h, const char *name, void *user_data);

/** bus_block_each_name: calls @on_name for the names of @kind (not %BUS_KIND_OBJECT: these are too
 * many to be kept) that the index has */
bool bus_block_each_name(BusLog *log, const char *kind, BusNameFunc on_name, void *user_data,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
