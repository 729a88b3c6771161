/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How often what is started: one table, from which menu.c prints GRUB's script.
 */
#include "boot/counter.h"

#include <string.h>

static const struct {
    const char *name;
    BootCounter next;
    /* with one deployment in the menu there is nothing to fall back to */
    BootCounter next_if_alone;
    unsigned entry;
    unsigned tries_left;
} rows[BOOT_N_COUNTERS] = {
    [BOOT_COUNTER_NEW_3] = {"new3", BOOT_COUNTER_NEW_2, BOOT_COUNTER_NEW_2, 0, 3},
    [BOOT_COUNTER_NEW_2] = {"new2", BOOT_COUNTER_NEW_1, BOOT_COUNTER_NEW_1, 0, 2},
    [BOOT_COUNTER_NEW_1] = {"new1", BOOT_COUNTER_NEW_0, BOOT_COUNTER_NEW_0, 0, 1},
    [BOOT_COUNTER_NEW_0] = {"new0", BOOT_COUNTER_OLD_2, BOOT_COUNTER_STOP, 1, 0},
    [BOOT_COUNTER_OLD_2] = {"old2", BOOT_COUNTER_OLD_1, BOOT_COUNTER_STOP, 1, 2},
    [BOOT_COUNTER_OLD_1] = {"old1", BOOT_COUNTER_OLD_0, BOOT_COUNTER_STOP, 1, 1},
    [BOOT_COUNTER_OLD_0] = {"old0", BOOT_COUNTER_STOP, BOOT_COUNTER_STOP, 1, 0},
    [BOOT_COUNTER_STOP] = {"stop", BOOT_COUNTER_STOP, BOOT_COUNTER_STOP, 1, 0},
};

BootStart boot_counter_start(BootCounter counter, unsigned n_entries)
{
    bool alone = n_entries < 2;
    BootCounter next = alone ? rows[counter].next_if_alone : rows[counter].next;
    return (BootStart){.next = next,
                       .entry = alone ? 0 : rows[counter].entry,
                       .wait_s = next == BOOT_COUNTER_STOP ? BOOT_COUNTER_WAIT_S : 0};
}

bool boot_counter_gave_up(BootCounter counter)
{
    return counter >= BOOT_COUNTER_OLD_2;
}

unsigned boot_counter_tries_left(BootCounter counter)
{
    return rows[counter].tries_left;
}

const char *boot_counter_name(BootCounter counter)
{
    return rows[counter].name;
}

bool boot_counter_parse(const char *name, BootCounter *out_counter)
{
    for (unsigned i = 0; i < BOOT_N_COUNTERS; i++) {
        if (strcmp(rows[i].name, name) != 0)
            continue;
        *out_counter = (BootCounter)i;
        return true;
    }
    return false;
}
