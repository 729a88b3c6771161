/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * "Did you mean": the known name that is nearest to a mistyped one.
 * The measure is the optimal string alignment distance over bytes, case ignored.
 */
#include "base/nearest.h"

#include <string.h>

/* Longer names are no typing mistakes, and the work stays bounded for hostile input. */
#define NEAREST_MAX_CHARS 64

typedef unsigned NearestRow[NEAREST_MAX_CHARS + 1];

static void fill_row(const char *a, size_t i, const char *b, size_t b_length, NearestRow *rows)
{
    unsigned *row = rows[i % 3];
    const unsigned *above = rows[(i + 2) % 3];
    const unsigned *two_above = rows[(i + 1) % 3];
    row[0] = (unsigned)i;
    for (size_t j = 1; j <= b_length; j++) {
        char x = g_ascii_tolower(a[i - 1]);
        char y = g_ascii_tolower(b[j - 1]);
        unsigned best = above[j - 1] + (x == y ? 0 : 1);
        best = MIN(best, above[j] + 1);
        best = MIN(best, row[j - 1] + 1);
        if (i > 1 && j > 1 && x == g_ascii_tolower(b[j - 2]) && y == g_ascii_tolower(a[i - 2]))
            best = MIN(best, two_above[j - 2] + 1);
        row[j] = best;
    }
}

static unsigned distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    NearestRow rows[3] = {{0}};
    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_length; i++)
        fill_row(a, i, b, b_length, rows);
    return rows[a_length % 3][b_length];
}

const char *base_nearest_name(const char *name, const char *const *known)
{
    const char *nearest = NULL;
    unsigned nearest_distance = G_MAXUINT;
    size_t length = strnlen(name, NEAREST_MAX_CHARS + 1);
    if (length > NEAREST_MAX_CHARS)
        return NULL;
    for (size_t i = 0; known[i] != NULL; i++) {
        size_t known_length = strnlen(known[i], NEAREST_MAX_CHARS + 1);
        if (known_length > NEAREST_MAX_CHARS)
            continue;
        unsigned d = distance(name, length, known[i], known_length);
        if (d < nearest_distance && d <= MAX(length, known_length) / 2) {
            nearest = known[i];
            nearest_distance = d;
        }
    }
    return nearest;
}
