/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What all pages have in common. Everything that comes from outside goes through
 * web_html_append() or web_html_printf(), which escape.
 */
#include "web/html.h"

#include "web/message.h"

#include <string.h>

void web_html_append(GString *page, const char *text)
{
    g_autofree char *escaped = g_markup_escape_text(text, -1);
    g_string_append(page, escaped);
}

void web_html_printf(GString *page, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    for (const char *next = format; *next != '\0'; next++) {
        if (next[0] == '%' && next[1] == 's')
            web_html_append(page, va_arg(args, const char *));
        else
            g_string_append_c(page, *next);
        next += next[0] == '%' ? 1 : 0;
    }
    va_end(args);
}

void web_html_begin(GString *page, const char *title, unsigned flags)
{
    web_html_printf(page,
                    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                    "<title>%s – atoll</title>\n"
                    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                    "<meta name=\"color-scheme\" content=\"light dark\">\n"
                    "<link rel=\"stylesheet\" href=\"/assets/atoll.css\">\n"
                    "<link rel=\"icon\" type=\"image/svg+xml\" href=\"/assets/atoll.svg\">\n",
                    title);
    g_string_append(page, "<link rel=\"alternate\" type=\"application/atom+xml\" title=\"events\" "
                          "href=\"/log/feed.atom\">\n");
    if ((flags & WEB_HTML_LIVE) != 0)
        g_string_append(page, "<script src=\"/assets/log.js\" defer></script>\n");
    g_string_append(page, "</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to content</a>\n"
                          "<header><nav aria-label=\"Site\"><a class=\"brand\" href=\"/\">atoll</a>"
                          "<a href=\"/\">Releases</a><a href=\"/log\">Events</a></nav></header>\n"
                          "<main id=\"main\">\n");
}

void web_html_end(GString *page)
{
    g_string_append(page, "</main>\n</body></html>\n");
}

WebResponse *web_html_respond(unsigned status, GString *page)
{
    g_autoptr(GBytes) body = g_string_free_to_bytes(page);
    WebResponse *response = web_response_new_bytes(status, "text/html; charset=utf-8", body);
    web_response_add_header(response, "Cache-Control", "no-cache");
    web_response_add_header(response, "Content-Security-Policy",
                            "default-src 'none'; style-src 'self'; script-src 'self'; "
                            "connect-src 'self'; img-src 'self'; form-action 'self'; "
                            "base-uri 'none'; frame-ancestors 'none'");
    web_response_add_header(response, "Referrer-Policy", "same-origin");
    web_response_add_header(response, "Vary", "Accept");
    return response;
}

void web_html_append_time(GString *page, int64_t time_us)
{
    g_autofree char *iso = web_message_print_time(time_us);
    g_autofree char *ago = web_message_ago(time_us, g_get_real_time());
    g_autofree char *shown = g_strdup(iso);
    g_strdelimit(shown, "T", ' ');
    shown[strlen(shown) - 1] = '\0'; /* the Z */
    web_html_printf(page, "<time datetime=\"%s\" title=\"%s UTC\">%s</time>", iso, shown, ago);
}

static void append_objects(GString *page, const BusEvent *event)
{
    for (unsigned i = 0; event->objects != NULL && event->objects[i] != NULL; i++) {
        g_autofree char *query = g_uri_escape_string(event->objects[i], NULL, FALSE);
        web_html_printf(page, "<a class=\"object\" href=\"/log?object=%s\">%s</a>", query,
                        event->objects[i]);
    }
}

static void append_event(GString *page, const BusEvent *event, const char *size)
{
    g_autofree char *seq = g_strdup_printf("%" G_GUINT64_FORMAT, event->seq);
    g_autofree char *summary = web_message_summary(event);
    bool small = strcmp(size, "small") == 0;
    bool large = strcmp(size, "large") == 0 || strcmp(size, "extra-large") == 0;
    const char *severity = bus_severity_name(event->severity);
    web_html_printf(page, "<li class=\"event %s\" data-seq=\"%s\">", severity, seq);
    web_html_printf(page,
                    "<div class=\"line\"><a class=\"topic\" href=\"/log/%s\" title=\"%s\">%s</a>",
                    seq, event->topic, web_message_short_topic(event->topic));
    if (event->severity >= BUS_SEVERITY_WARNING)
        web_html_printf(page, "<span class=\"badge\">%s</span>", severity);
    g_string_append(page, "<span class=\"when\">");
    web_html_append_time(page, event->time_us);
    g_string_append(page, "</span></div>\n");
    if (!small)
        web_html_printf(page, "<p class=\"summary\">%s</p>", summary);
    if (large) {
        web_html_printf(page, "<div class=\"facts\"><span class=\"seq\">#%s</span>", seq);
        g_autofree char *query = g_uri_escape_string(event->actor, NULL, FALSE);
        web_html_printf(page, "<a class=\"actor\" href=\"/log?agent=%s\">%s</a>", query,
                        event->actor);
        append_objects(page, event);
        g_string_append(page, "</div>");
    }
    if (strcmp(size, "extra-large") == 0 && event->body != NULL)
        web_html_printf(page, "<pre>%s</pre>", event->body);
    g_string_append(page, "</li>\n");
}

void web_html_append_events(GString *page, const GPtrArray *events, const char *size)
{
    g_string_append(page, "<ol class=\"events\">\n");
    for (unsigned i = 0; i < events->len; i++)
        append_event(page, events->pdata[i], size);
    g_string_append(page, "</ol>\n");
}

bool web_html_is_wanted(const char *accept)
{
    return accept != NULL && strstr(accept, "text/html") != NULL &&
           strstr(accept, "application/json") == NULL;
}

WebResponse *web_html_refuse(unsigned status, const char *message)
{
    g_autofree char *title = g_strdup_printf("Error %u", status);
    g_autoptr(GString) page = g_string_new(NULL);
    web_html_begin(page, title, WEB_HTML_PLAIN);
    web_html_printf(page, "<h1>%s</h1>\n<p class=\"problem\" role=\"alert\">%s</p>\n", title,
                    message);
    g_string_append(page, "<p><a href=\"/log\">All events</a></p>\n");
    web_html_end(page);
    return web_html_respond(status, g_steal_pointer(&page));
}
