/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * /log/SEQ: one event for people: what it says, whom it names, what was signed.
 */
#include "web/handlers/handlers.h"

#include "base/digest.h"
#include "web/html.h"
#include "web/json.h"
#include "web/message.h"

static void append_row(GString *page, const char *name, const char *value)
{
    web_html_printf(page, "<dt>%s</dt><dd>%s</dd>\n", name, value);
}

static void append_code(GString *page, const char *name, const char *value)
{
    web_html_printf(page, "<dt>%s</dt><dd><code>%s</code></dd>\n", name, value);
}

static void append_search(GString *page, const char *name, const char *parameter, const char *value)
{
    g_autofree char *escaped = g_uri_escape_string(value, NULL, FALSE);
    web_html_printf(page, "<dt>%s</dt><dd><a href=\"/log?%s=%s\">%s</a></dd>\n", name, parameter,
                    escaped, value);
}

static void append_objects(GString *page, const BusEvent *event)
{
    if (event->objects == NULL || event->objects[0] == NULL)
        return;
    g_string_append(page, "<dt>Objects</dt><dd class=\"facts\">");
    for (unsigned i = 0; event->objects[i] != NULL; i++) {
        g_autofree char *escaped = g_uri_escape_string(event->objects[i], NULL, FALSE);
        web_html_printf(page, "<a class=\"object\" href=\"/log?object=%s\">%s</a>", escaped,
                        event->objects[i]);
    }
    g_string_append(page, "</dd>\n");
}

static void append_facts(GString *page, const BusEvent *event)
{
    g_string_append(page, "<dl class=\"table\">\n");
    append_search(page, "Topic", "topic", event->topic);
    append_search(page, "Actor", "agent", event->actor);
    g_string_append(page, "<dt>Time</dt><dd>");
    web_html_append_time(page, event->time_us);
    g_autofree char *exact = web_message_print_time(event->time_us);
    web_html_printf(page, " <span class=\"when\">%s</span></dd>\n", exact);
    append_row(page, "Severity", bus_severity_name(event->severity));
    append_objects(page, event);
    append_code(page, "Id", event->id);
    if (event->schema_digest != NULL)
        web_html_printf(page, "<dt>Schema</dt><dd><a href=\"/schemas/sha256/%s\">%s</a></dd>\n",
                        event->schema_digest, event->schema);
    else if (event->schema != NULL)
        append_row(page, "Schema", event->schema);
    g_string_append(page, "</dl>\n");
}

static void append_body(GString *page, const BusEvent *event)
{
    g_string_append(page, "<h2>Body</h2>\n");
    g_autoptr(JsonNode) body = web_json_parse_body(event->body);
    if (body == NULL) {
        g_string_append(page, "<p class=\"empty\">Retention has taken the body; its digest is in "
                              "what was signed.</p>\n");
        return;
    }
    g_autofree char *text = bus_json_print(body, true);
    web_html_printf(page, "<pre tabindex=\"0\">%s</pre>\n", text);
}

static void append_proof(GString *page, const BusEvent *event)
{
    char hash[2 * BASE_SHA256_BYTES + 1];
    char prev[2 * BASE_SHA256_BYTES + 1];
    base_digest_to_hex(event->hash, sizeof event->hash, hash);
    base_digest_to_hex(event->prev, sizeof event->prev, prev);
    g_autofree char *signature =
        g_base64_encode(event->signature.bytes, event->signature.size_bytes);
    g_autofree char *seq = g_strdup_printf("%" G_GUINT64_FORMAT, event->seq);
    g_string_append(page, "<h2>Proof</h2>\n<dl class=\"table\">\n");
    append_code(page, "Leaf hash", hash);
    append_code(page, "Event before", prev);
    append_code(page, "Key", event->key);
    append_code(page, "Signature", signature);
    g_string_append(page, "</dl>\n");
    web_html_printf(page,
                    "<details><summary>What was signed</summary><pre "
                    "tabindex=\"0\">%s</pre></details>\n",
                    event->signed_text);
    web_html_printf(page,
                    "<p class=\"links\"><a href=\"/events/%s/proof\">Inclusion proof</a>"
                    "<a href=\"/events/%s\">JSON</a><a href=\"/bus/head\">Signed head</a></p>\n",
                    seq, seq);
}

static void append_neighbours(GString *page, uint64_t seq, uint64_t head)
{
    g_string_append(page, "<nav class=\"pages\" aria-label=\"Neighbours\">");
    if (seq > 1)
        g_string_append_printf(page,
                               "<a rel=\"prev\" href=\"/log/%" G_GUINT64_FORMAT
                               "\">← #%" G_GUINT64_FORMAT "</a>",
                               seq - 1, seq - 1);
    g_string_append(page, "<a href=\"/log\">All events</a>");
    if (seq < head)
        g_string_append_printf(page,
                               "<a rel=\"next\" href=\"/log/%" G_GUINT64_FORMAT
                               "\">#%" G_GUINT64_FORMAT " →</a>",
                               seq + 1, seq + 1);
    g_string_append(page, "</nav>\n");
}

static WebResponse *respond(const BusEvent *event, uint64_t head)
{
    g_autofree char *title = g_strdup_printf("Event %" G_GUINT64_FORMAT, event->seq);
    g_autofree char *summary = web_message_summary(event);
    g_autoptr(GString) page = g_string_new(NULL);
    web_html_begin(page, title, WEB_HTML_PLAIN);
    web_html_printf(page, "<article class=\"%s\"><h1>%s</h1>\n<p class=\"lead\">%s</p>\n",
                    bus_severity_name(event->severity), title, summary);
    append_facts(page, event);
    append_body(page, event);
    append_proof(page, event);
    g_string_append(page, "</article>\n");
    append_neighbours(page, event->seq, head);
    web_html_end(page);
    return web_html_respond(200, g_steal_pointer(&page));
}

WebResponse *web_log_event_handle(const WebSite *site, const WebRequest *request)
{
    guint64 seq = 0;
    if (!g_ascii_string_to_unsigned(web_request_param(request, "seq"), 10, 1, G_MAXINT64, &seq,
                                    NULL))
        return web_html_refuse(404, "There is no such event.");
    g_autoptr(GError) error = NULL;
    g_auto(WebLogsLease) lease = {0};
    g_autoptr(BusEvent) event = NULL;
    uint64_t head = 0;
    if (web_logs_borrow(site->logs, &lease, &error) && bus_log_head(lease.log, &head, &error))
        event = bus_log_find_seq(lease.log, seq, &error);
    if (event == NULL) {
        web_logs_note(&lease, error);
        return web_json_status(error) == 404
                   ? web_html_refuse(404, "There is no such event.")
                   : web_html_refuse(503, "The event log cannot be reached.");
    }
    return respond(event, head);
}
