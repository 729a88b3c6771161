/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

/** BOOT_COUNTER_TRIES: how often a deployment is started before it is given up */
#define BOOT_COUNTER_TRIES 3u
/** BOOT_COUNTER_WAIT_S: between two tries when nothing starts any more */
#define BOOT_COUNTER_WAIT_S 600u
/** BOOT_COUNTER_NAME: its name in GRUB's environment block */
#define BOOT_COUNTER_NAME "atoll_boot"
/** BOOT_COUNTER_OFF: its value when nothing on the disk finds versions good: no counting */
#define BOOT_COUNTER_OFF "off"

/**
 * BootCounter:
 * @BOOT_COUNTER_NEW_3: the default deployment has three tries left
 * @BOOT_COUNTER_NEW_2: two; the first was made
 * @BOOT_COUNTER_NEW_1: one
 * @BOOT_COUNTER_NEW_0: none; the last was made
 * @BOOT_COUNTER_OLD_2: it was given up; the deployment before it has two tries left
 * @BOOT_COUNTER_OLD_1: one
 * @BOOT_COUNTER_OLD_0: none
 * @BOOT_COUNTER_STOP: both were given up: slowly and for ever, the one before is tried again
 *
 * What GRUB remembers from one start to the next. A deployment that has been found good is not
 * counted, whatever the counter says; being found good sets it to %BOOT_COUNTER_NEW_3.
 */
typedef enum {
    BOOT_COUNTER_NEW_3,
    BOOT_COUNTER_NEW_2,
    BOOT_COUNTER_NEW_1,
    BOOT_COUNTER_NEW_0,
    BOOT_COUNTER_OLD_2,
    BOOT_COUNTER_OLD_1,
    BOOT_COUNTER_OLD_0,
    BOOT_COUNTER_STOP,
    BOOT_N_COUNTERS,
} BootCounter;

/**
 * BootStart:
 * @next: what the counter becomes, before anything is started
 * @entry: place in the boot menu of what is started
 * @wait_s: how long the menu waits first; 0 for the menu's own time
 *
 * One start of the boot loader.
 */
typedef struct {
    BootCounter next;
    unsigned entry;
    unsigned wait_s;
} BootStart;

/**
 * boot_counter_start:
 * @counter: what the environment block says
 * @n_entries: deployments in the menu
 *
 * Returns: what GRUB does when the default deployment was not found good yet
 */
BootStart boot_counter_start(BootCounter counter, unsigned n_entries);

/** boot_counter_gave_up: whether the boot loader has given the default deployment up */
bool boot_counter_gave_up(BootCounter counter);

/** boot_counter_tries_left: after the start that led to @counter, of what was started then */
unsigned boot_counter_tries_left(BootCounter counter);

/** boot_counter_name: "new3", … */
const char *boot_counter_name(BootCounter counter);

/** boot_counter_parse: %FALSE when @name is no counter */
bool boot_counter_parse(const char *name, BootCounter *out_counter) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
