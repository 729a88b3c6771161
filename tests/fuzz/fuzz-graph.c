/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads hostile text as an update graph and asks it for the next step.
 */
#include "update/graph.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char booted[] = "0000000000000000000000000000000000000000000000000000000000000000";
    g_autoptr(UpdateGraph) graph = update_graph_parse((const char *)data, size, NULL);
    if (graph == NULL)
        return 0;
    UpdateHost host = {.booted = booted, .allow_downgrade = true};
    UpdateChoice choice = update_graph_choose(graph, &host);
    g_assert_true((choice.kind == UPDATE_CHOICE_TARGET) == (choice.target != NULL));
    return 0;
}
