/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The strings of places. g_intern_string() is not made for hundreds of thousands: it gives up its
 * array whenever that grows.
 */
#include "provision/place.h"

const char *provision_place_intern(const char *text)
{
    static GMutex lock;
    static GStringChunk *strings;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);
    if (strings == NULL)
        strings = g_string_chunk_new(4096);
    return g_string_chunk_insert_const(strings, text);
}
