/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GET /events: the log as server-sent events, from where the client says on.
 */
#include "web/handlers/handlers.h"

#include "web/json.h"
#include "web/search.h"

static bool parse_seq(const char *text, int64_t *out_seq)
{
    return g_ascii_string_to_signed(text, 10, 0, G_MAXINT64, out_seq, NULL);
}

WebResponse *web_events_follow(const WebSite *site, const WebRequest *request)
{
    if (site->feed == NULL)
        return web_json_refuse(404, "no events are served here");
    g_autoptr(GError) error = NULL;
    double now = (double)g_get_real_time() / G_USEC_PER_SEC;
    g_autoptr(WebSearch) search = web_search_parse(request->query, now, WEB_SEARCH_STRICT, &error);
    if (search == NULL)
        return web_json_refuse(400, error->message);
    int64_t after = search->numbers[WEB_SEARCH_SINCE];
    const char *last = web_request_header(request, "Last-Event-ID");
    if (last != NULL && last[0] != '\0' && !parse_seq(last, &after))
        return web_json_refuse(400, "header ‘Last-Event-ID’: want the number of an event");

    g_auto(BusQuery) filter = {0};
    web_search_fill_query(search, &filter);
    filter.end_us = 0; /* a window that ends has no live end */
    WebStream stream = web_feed_follow(site->feed, after, &filter);
    WebResponse *response = web_response_new_stream("text/event-stream; charset=utf-8", stream);
    web_response_add_header(response, "Cache-Control", "no-store");
    web_response_add_header(response, "X-Accel-Buffering", "no");
    web_response_add_header(response, "Access-Control-Allow-Origin", "*");
    return response;
}
