/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Query strings of searches, charts and live streams.
 */
#include "web/search.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *raw = g_strndup((const char *)data, size);
    static const WebSearchFlags flags[] = {WEB_SEARCH_LENIENT, WEB_SEARCH_STRICT};
    for (unsigned i = 0; i < G_N_ELEMENTS(flags); i++) {
        g_autoptr(WebSearch) search = web_search_parse(raw, 1700000000, flags[i], NULL);
        if (search == NULL)
            continue;
        g_auto(BusQuery) query = {0};
        g_autoptr(GString) link = g_string_new("/");
        web_search_fill_query(search, &query);
        web_search_append(search, link);
    }
    return 0;
}
