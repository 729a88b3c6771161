/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads hostile bytes as a row of the event log's index: what is taken comes out as it went in.
 */
#include "bus/refs.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add(GArray *refs, const BusRefsEntry *entry)
{
    BusPlaces places = {0};
    if (!bus_places_add(&places, entry->places, entry->size_bytes))
        return;
    g_assert_cmpuint(bus_places_count(&places), <=, BUS_BLOCK_EVENTS);
    for (int place = 0; (place = bus_places_pop_first(&places)) >= 0;) {
        BusRef ref = {entry->h & INT64_MAX, entry->block * BUS_BLOCK_EVENTS + (uint32_t)place};
        g_array_append_val(refs, ref);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* a copy that is no byte too long: reading past the end has to be seen */
    g_autofree uint8_t *copy = g_memdup2(data, size);
    g_autoptr(GArray) refs = g_array_new(FALSE, FALSE, sizeof(BusRef));
    BusRefsEntry entry;
    size_t at = 0;
    while (bus_refs_next(copy, size, &at, &entry)) {
        g_assert_cmpuint(at, <=, size);
        g_assert_true(entry.places + entry.size_bytes == copy + at);
        add(refs, &entry);
    }
    g_autoptr(GArray) rows = bus_refs_print(refs, 7, BUS_REFS_PART_BITS);
    for (guint i = 0; i < rows->len; i++) {
        const GByteArray *bytes = g_array_index(rows, BusRefsRow, i).bytes;
        int64_t before = 0;
        for (at = 0; bus_refs_next(bytes->data, bytes->len, &at, &entry);) {
            g_assert_cmpint(entry.h, >=, before);
            before = entry.h;
        }
        g_assert_cmpuint(at, ==, bytes->len);
    }
    return 0;
}
