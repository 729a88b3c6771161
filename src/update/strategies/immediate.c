/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reboots as soon as an update is staged.
 */
#include "update/strategy.h"

static bool may_reboot(const UpdateConfig *config, const char *node_id, int64_t now_s,
                       UpdateVerdict *out_verdict, GCancellable *cancellable, GError **error)
{
    (void)config, (void)node_id, (void)now_s, (void)cancellable, (void)error;
    *out_verdict = (UpdateVerdict){.may = true};
    return true;
}

const UpdateStrategy update_strategy_immediate = {.name = "immediate", .may_reboot = may_reboot};
