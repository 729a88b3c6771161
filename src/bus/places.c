/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The events of a block that have a name, as the index stores them: 63 or fewer as numbers of two
 * bytes, in order and most significant byte first; more as 1024 bits, the first one in the least
 * significant bit of the first byte.
 */
#include "bus/places.h"

#include <string.h>

size_t bus_places_print(const uint16_t *places, unsigned n,
                        uint8_t out_bytes[static BUS_PLACES_MAX_BYTES])
{
    if (2 * n < BUS_PLACES_MAX_BYTES) {
        for (unsigned i = 0; i < n; i++) {
            out_bytes[2 * i] = (uint8_t)(places[i] >> 8);
            out_bytes[2 * i + 1] = (uint8_t)places[i];
        }
        return 2 * (size_t)n;
    }
    memset(out_bytes, 0, BUS_PLACES_MAX_BYTES);
    for (unsigned i = 0; i < n; i++)
        out_bytes[places[i] / 8] |= (uint8_t)(1u << places[i] % 8);
    return BUS_PLACES_MAX_BYTES;
}

bool bus_places_add(BusPlaces *self, const uint8_t *bytes, size_t size_bytes)
{
    if (size_bytes == BUS_PLACES_MAX_BYTES) {
        for (unsigned i = 0; i < BUS_PLACES_WORDS; i++) {
            uint64_t word = 0;
            memcpy(&word, bytes + 8 * (size_t)i, sizeof word);
            self->bits[i] |= GUINT64_FROM_LE(word);
        }
        return true;
    }
    if (size_bytes > BUS_PLACES_MAX_BYTES || size_bytes % 2 != 0)
        return false;
    for (size_t i = 0; i < size_bytes; i += 2) {
        unsigned place = (unsigned)bytes[i] << 8 | bytes[i + 1];
        if (place >= BUS_BLOCK_EVENTS)
            return false;
        self->bits[place / 64] |= UINT64_C(1) << place % 64;
    }
    return true;
}

bool bus_places_keep(BusPlaces *self, const BusPlaces *other)
{
    uint64_t any = 0;
    for (unsigned i = 0; i < BUS_PLACES_WORDS; i++)
        any |= self->bits[i] &= other->bits[i];
    return any != 0;
}

unsigned bus_places_count(const BusPlaces *self)
{
    unsigned n = 0;
    for (unsigned i = 0; i < BUS_PLACES_WORDS; i++)
        n += (unsigned)__builtin_popcountll(self->bits[i]);
    return n;
}

int bus_places_pop_first(BusPlaces *self)
{
    for (unsigned i = 0; i < BUS_PLACES_WORDS; i++) {
        if (self->bits[i] == 0)
            continue;
        int bit = __builtin_ctzll(self->bits[i]);
        self->bits[i] &= self->bits[i] - 1;
        return (int)(64 * i) + bit;
    }
    return -1;
}

int bus_places_pop_last(BusPlaces *self)
{
    for (unsigned i = BUS_PLACES_WORDS; i-- > 0;) {
        if (self->bits[i] == 0)
            continue;
        int bit = 63 - __builtin_clzll(self->bits[i]);
        self->bits[i] &= ~(UINT64_C(1) << bit);
        return (int)(64 * i) + bit;
    }
    return -1;
}
