/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* What a boot of a host that is set up depends on, as a list of facts about files and devices: when
 * all still hold there is nothing to do, and nothing has to be read or understood to know it. Only
 * libc is used here, since the program that looks at every boot is to start in no time. */

#define PROVISION_FACTS_FILE "var/lib/atoll/provision/facts"
/* What /run has after a boot with nothing to do, below it, ready to be copied. */
#define PROVISION_FACTS_RUN "var/lib/atoll/provision/run"
/* In /run: this boot has nothing to do. */
#define PROVISION_FACTS_SETTLED "run/atoll/provision/settled"

/**
 * provision_fact_value:
 * @root: the root directory
 * @kind: "text": what a small file says; "stat": which file is there, and since when; "cards": the
 *   network cards and their addresses; "disks": the block devices, their sizes, and which are
 *   labelled as volumes with configuration; "volume": all that is on a device
 * @path: from the root, without a leading slash; ignored for "cards" and "disks"
 *
 * Returns: (transfer full): what is so now, to be compared byte by byte; "-" when it is not there;
 * %NULL when it cannot be known (no such kind, too large)
 */
char *provision_fact_value(int root, const char *kind, const char *path);

/** provision_fact_line: (transfer full): the line for it in a file of facts; %NULL: not possible */
char *provision_fact_line(int root, const char *kind, const char *path);

/** provision_facts_hold: whether there is a file of facts below @root, and all are still so; or
 * else
 * @out_of_devices says whether the first that is not is one about cards, disks or volumes */
bool provision_facts_hold(int root, bool *out_of_devices);
