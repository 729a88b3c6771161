/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Never reboots by itself: updates are staged and wait for the next reboot, whoever makes it.
 */
#include "update/strategy.h"

static bool may_reboot(const UpdateConfig *config, const char *node_id, int64_t now_s,
                       UpdateVerdict *out_verdict, GCancellable *cancellable, GError **error)
{
    (void)config, (void)node_id, (void)now_s, (void)cancellable, (void)error;
    *out_verdict = (UpdateVerdict){
        .reason = g_strdup("the strategy is manual: reboot, or run ‘atoll-host reboot-now’")};
    return true;
}

const UpdateStrategy update_strategy_manual = {.name = "manual", .may_reboot = may_reboot};
