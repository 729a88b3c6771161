/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Fuzzes what the HTTP service parses itself: path, route, Range, dates and entity tags. The
 * input is the path, a newline and a header's value.
 */
#include "web/conditional.h"
#include "web/path.h"
#include "web/range.h"
#include "web/route.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_path(const char *raw)
{
    g_autofree char *path = web_path_decode(raw);
    if (path == NULL)
        return;
    g_assert_true(path[0] == '/');
    g_assert_false(strstr(path, "/../") || g_str_has_suffix(path, "/.."));
    g_auto(GStrv) params = NULL;
    g_autofree char *allowed = NULL;
    (void)web_route_find(web_routes, "GET", path, &params, &allowed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    char *newline = strchr(text, '\n');
    const char *header = newline != NULL ? newline + 1 : "";
    if (newline != NULL)
        *newline = '\0';
    check_path(text);

    uint64_t offset = 0, length = 0;
    const uint64_t sizes[] = {0, 1, 1000, UINT64_MAX};
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        if (web_range_parse(header, sizes[i], &offset, &length) == WEB_RANGE_PART)
            g_assert_true(length > 0 && offset < sizes[i] && length <= sizes[i] - offset);
    }
    (void)web_conditional_etag_matches(header, "\"x\"");
    int64_t seconds = web_conditional_parse_date(header);
    if (seconds >= 0) {
        g_autofree char *date = web_conditional_print_date(seconds);
        g_assert_true(web_conditional_parse_date(date) == seconds);
    }
    return 0;
}
