/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/block.h"

G_BEGIN_DECLS

#define BUS_PLACES_WORDS (BUS_BLOCK_EVENTS / 64)
#define BUS_PLACES_MAX_BYTES (BUS_BLOCK_EVENTS / 8)

/**
 * BusPlaces:
 * @bits: bit N is set when event N of the block (from 0) has the name
 *
 * Which events of one block a name stands in.
 */
typedef struct {
    uint64_t bits[BUS_PLACES_WORDS];
} BusPlaces;

/** bus_places_print: the form in which they are stored; @out_bytes has room for
 * %BUS_PLACES_MAX_BYTES. Returns: how many there are of them */
size_t bus_places_print(const uint16_t *places, unsigned n,
                        uint8_t out_bytes[static BUS_PLACES_MAX_BYTES]);

/** bus_places_add: adds to @self what was stored; %FALSE when it is no such form */
bool bus_places_add(BusPlaces *self, const uint8_t *bytes,
                    size_t size_bytes) G_GNUC_WARN_UNUSED_RESULT;

/** bus_places_keep: takes off those that are not in @other; %FALSE when none is left */
bool bus_places_keep(BusPlaces *self, const BusPlaces *other);

/** bus_places_count: how many there are */
unsigned bus_places_count(const BusPlaces *self);

/** bus_places_pop: takes off the first, or the last, and returns it; -1 when there is none */
int bus_places_pop_first(BusPlaces *self);
int bus_places_pop_last(BusPlaces *self);

G_END_DECLS
