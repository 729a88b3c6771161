/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * /log/feed.atom: a search as an Atom feed (RFC 4287), newest first.
 */
#include "web/handlers/handlers.h"

#include "web/html.h"
#include "web/json.h"
#include "web/message.h"
#include "web/search.h"

#include <string.h>

/* A name of the server as the client wrote it, or a relative one. */
static char *base_url(const WebSite *site, const WebRequest *request)
{
    const char *host = web_request_header(request, "Host");
    const char *scheme = web_request_header(request, "X-Forwarded-Proto");
    bool secure = site->secure || g_strcmp0(scheme, "https") == 0;
    bool sane = host != NULL && host[0] != '\0' && strlen(host) < 256;
    for (const char *next = host; sane && *next != '\0'; next++)
        sane = g_ascii_isalnum(*next) || strchr(".-:[]_", *next) != NULL;
    return sane ? g_strdup_printf("%s://%s", secure ? "https" : "http", host) : g_strdup("");
}

static void append_entry(GString *feed, const BusEvent *event, const char *base)
{
    g_autofree char *seq = g_strdup_printf("%" G_GUINT64_FORMAT, event->seq);
    g_autofree char *when = web_message_print_time(event->time_us);
    g_autofree char *summary = web_message_summary(event);
    web_html_printf(feed,
                    "<entry><id>urn:uuid:%s</id><title>%s</title><updated>%s</updated>\n"
                    "<link href=\"%s/log/%s\"/><author><name>%s</name></author>",
                    event->id, summary, when, base, seq, event->actor);
    web_html_printf(feed, "<category term=\"%s\"/>", event->topic);
    web_html_printf(feed, "<content type=\"text\">%s</content></entry>\n",
                    event->body != NULL ? event->body : "");
}

static WebResponse *respond(const WebSite *site, const WebRequest *request, const WebSearch *search,
                            const GPtrArray *events)
{
    g_autofree char *base = base_url(site, request);
    g_autoptr(GString) self_link = g_string_new("/log/feed.atom");
    web_search_append(search, self_link);
    g_autofree char *updated =
        web_message_print_time(events->len > 0 ? ((BusEvent *)events->pdata[0])->time_us : 0);
    g_autoptr(GString) feed = g_string_new("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    web_html_printf(feed,
                    "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>atoll events</title>\n"
                    "<id>%s%s</id><updated>%s</updated><link rel=\"self\" href=\"%s%s\"/>\n"
                    "<author><name>atoll</name></author>\n",
                    base[0] != '\0' ? base : "tag:atoll,2026:", self_link->str, updated, base,
                    self_link->str);
    for (unsigned i = 0; i < events->len; i++)
        append_entry(feed, events->pdata[i], base);
    g_string_append(feed, "</feed>\n");
    g_autoptr(GBytes) body = g_string_free_to_bytes(g_steal_pointer(&feed));
    WebResponse *response =
        web_response_new_bytes(200, "application/atom+xml; charset=utf-8", body);
    web_response_add_header(response, "Cache-Control", "max-age=30");
    return response;
}

WebResponse *web_log_atom_handle(const WebSite *site, const WebRequest *request)
{
    g_autoptr(GError) error = NULL;
    double now = (double)g_get_real_time() / G_USEC_PER_SEC;
    g_autoptr(WebSearch) search = web_search_parse(request->query, now, WEB_SEARCH_LENIENT, &error);
    if (search == NULL)
        return web_json_refuse(400, error->message);
    g_auto(BusQuery) query = {0};
    web_search_fill_query(search, &query);
    query.order = BUS_ORDER_DESC;
    g_auto(WebLogsLease) lease = {0};
    g_autoptr(GPtrArray) events = NULL;
    if (web_logs_borrow(site->logs, &lease, &error))
        events = bus_query_run(lease.log, &query, NULL, &error);
    if (events == NULL) {
        web_logs_note(&lease, error);
        return web_json_refuse_error(error);
    }
    return respond(site, request, search, events);
}
