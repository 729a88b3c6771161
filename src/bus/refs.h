/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/log.h"
#include "bus/places.h"

G_BEGIN_DECLS

#define BUS_PART_EVENTS (BUS_PART_BLOCKS * BUS_BLOCK_EVENTS)

/** BUS_REFS_BLOCK_BITS: into so many rows (as a power of two) the index of a block is divided by
 * the first bits of its names' keys; BUS_REFS_PART_BITS: that of a part */
#define BUS_REFS_BLOCK_BITS 4
#define BUS_REFS_PART_BITS 8

/**
 * BusRef:
 * @h: bus_hash_name() of a name
 * @place: of an event that has it, in its part (from 0)
 */
typedef struct {
    int64_t h;
    uint32_t place;
} BusRef;

/**
 * BusRefsEntry:
 * @h: of the name
 * @block: in its part (from 0)
 * @n: how many events of the block have it
 * @places: (borrowed): @size_bytes bytes: which, as bus_places_print() has it
 *
 * What a row says of one name and block. A row is such entries in order of name and block: key
 * (eight bytes), block (one), @n (two, all most significant byte first), places.
 */
typedef struct {
    int64_t h;
    unsigned block;
    unsigned n;
    const uint8_t *places;
    size_t size_bytes;
} BusRefsEntry;

/** bus_refs_next: reads the entry at *@at, which moves past it; %FALSE at the end of @bytes, or
 * short of it where they are damaged */
bool bus_refs_next(const uint8_t *bytes, size_t size_bytes, size_t *at,
                   BusRefsEntry *out_entry) G_GNUC_WARN_UNUSED_RESULT;

/** BusRefsRow: @at: its key: number of the block or part, then the first bits of the names' keys;
 * @bytes: (owned) */
typedef struct {
    int64_t at;
    GByteArray *bytes;
} BusRefsRow;

/**
 * bus_refs_print:
 * @refs: (element-type BusRef): of one block or part; sorted here
 * @number: of the block, or of the part
 * @bits: %BUS_REFS_BLOCK_BITS or %BUS_REFS_PART_BITS
 *
 * Returns: (transfer full) (element-type BusRefsRow): the rows that hold @refs
 */
GArray *bus_refs_print(GArray *refs, uint64_t number, unsigned bits);

/** bus_refs_save: stores the index of @block, whose names are @refs (sorted here); when it is the
 * last one of its part, the part's blocks go together. In the caller's transaction */
bool bus_refs_save(BaseDb *db, uint64_t block, GArray *refs,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** BusRefsFunc: @block: from the log's beginning */
typedef bool (*BusRefsFunc)(const BusRefsEntry *entry, uint64_t block, void *user_data);

/**
 * bus_refs_load:
 * @db: the database
 * @keys: (element-type int64): bus_hash_name() of names, each once
 * @first: block
 * @last: block
 * @on_entry: called for each of the names and each block between that has it; those of one name
 *   in order. %FALSE says that the entry is damaged
 * @user_data: for @on_entry
 * @error: %BUS_ERROR_BROKEN when the index is damaged
 */
bool bus_refs_load(BaseDb *db, const GArray *keys, uint64_t first, uint64_t last,
                   BusRefsFunc on_entry, void *user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
