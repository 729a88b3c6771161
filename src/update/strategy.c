/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of strategies.
 */
#include "update/strategy.h"

#include <string.h>

const UpdateStrategy *const update_strategies[] = {
    &update_strategy_fleet_lock,
    &update_strategy_immediate,
    &update_strategy_manual,
    &update_strategy_periodic,
    NULL,
};

const UpdateStrategy *update_strategy_find(const char *name)
{
    for (unsigned i = 0; update_strategies[i] != NULL; i++)
        if (strcmp(update_strategies[i]->name, name) == 0)
            return update_strategies[i];
    return NULL;
}

void update_verdict_clear(UpdateVerdict *self)
{
    g_clear_pointer(&self->reason, g_free);
}
