/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/places.h"

#include <string.h>

/* Every @step-th place from @first on. */
static unsigned make(uint16_t places[static BUS_BLOCK_EVENTS], unsigned first, unsigned step)
{
    unsigned n = 0;
    for (unsigned i = first; i < BUS_BLOCK_EVENTS; i += step)
        places[n++] = (uint16_t)i;
    return n;
}

static void test_both_forms(void)
{
    static const unsigned steps[] = {1, 2, 16, 17, 63, 1000, 1024};
    uint16_t places[BUS_BLOCK_EVENTS];
    uint8_t bytes[BUS_PLACES_MAX_BYTES];
    for (unsigned s = 0; s < G_N_ELEMENTS(steps); s++) {
        unsigned n = make(places, s, steps[s]);
        size_t size_bytes = bus_places_print(places, n, bytes);
        g_assert_cmpuint(size_bytes, ==, n < 64 ? 2 * n : 128);
        BusPlaces up = {0};
        BusPlaces down = {0};
        g_assert_true(bus_places_add(&up, bytes, size_bytes));
        g_assert_true(bus_places_add(&down, bytes, size_bytes));
        g_assert_cmpuint(bus_places_count(&up), ==, n);
        for (unsigned i = 0; i < n; i++) {
            g_assert_cmpint(bus_places_pop_first(&up), ==, places[i]);
            g_assert_cmpint(bus_places_pop_last(&down), ==, places[n - 1 - i]);
        }
        g_assert_cmpint(bus_places_pop_first(&up), ==, -1);
        g_assert_cmpint(bus_places_pop_last(&down), ==, -1);
    }
}

static void test_keep(void)
{
    uint8_t bytes[BUS_PLACES_MAX_BYTES];
    uint16_t places[BUS_BLOCK_EVENTS];
    BusPlaces threes = {0};
    BusPlaces fives = {0};
    unsigned n = make(places, 0, 3);
    g_assert_true(bus_places_add(&threes, bytes, bus_places_print(places, n, bytes)));
    n = make(places, 0, 5);
    g_assert_true(bus_places_add(&fives, bytes, bus_places_print(places, n, bytes)));
    g_assert_true(bus_places_keep(&threes, &fives));
    for (int i = 0; i < BUS_BLOCK_EVENTS; i += 15)
        g_assert_cmpint(bus_places_pop_first(&threes), ==, i);
    g_assert_false(bus_places_keep(&threes, &fives));
}

static void test_damaged(void)
{
    BusPlaces places = {0};
    uint8_t bytes[2 * BUS_PLACES_MAX_BYTES] = {0};
    g_assert_false(bus_places_add(&places, bytes, 3));
    g_assert_false(bus_places_add(&places, bytes, BUS_PLACES_MAX_BYTES + 2));
    bytes[0] = 4;
    g_assert_false(bus_places_add(&places, bytes, 2));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bus/places/both-forms", test_both_forms);
    g_test_add_func("/bus/places/keep", test_keep);
    g_test_add_func("/bus/places/damaged", test_damaged);
    return g_test_run();
}
