/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The routing table: one row and one file in handlers/ for each thing that is served.
 */
#include "web/handlers/handlers.h"
#include "web/route.h"

const WebRoute web_routes[] = {
    {.method = "GET", .pattern = "/", .handle = web_index_handle},
    {.method = "GET", .pattern = "/healthz", .handle = web_health_handle},
    {.method = "GET", .pattern = "/repo/*", .handle = web_repo_handle},
    {.method = NULL},
};
