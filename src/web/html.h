/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/event.h"
#include "web/response.h"

G_BEGIN_DECLS

/** WebHtmlFlags: what a page brings besides text and style */
typedef enum {
    WEB_HTML_PLAIN = 0,
    WEB_HTML_LIVE = 1 << 0, /* the script of the live feed */
} WebHtmlFlags;

/** web_html_begin: the head of a page and its navigation; @title is escaped here */
void web_html_begin(GString *page, const char *title, unsigned flags);

/** web_html_end: its foot */
void web_html_end(GString *page);

/** web_html_respond: an answer with @page (taken) and a policy that lets only our own files in */
WebResponse *web_html_respond(unsigned status, GString *page);

/** web_html_append: @text, escaped for an element's content or a quoted attribute */
void web_html_append(GString *page, const char *text);

/** web_html_printf: @format with every %s escaped; only %s and %% */
void web_html_printf(GString *page, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** web_html_append_time: a time element: date and time of day in UTC, with its distance */
void web_html_append_time(GString *page, int64_t time_us);

/**
 * web_html_append_events:
 * @events: (element-type BusEvent)
 * @size: datagrepper's: "small", "medium", "large" or "extra-large": how much each one shows
 *
 * A list of events; each links to its own page.
 */
void web_html_append_events(GString *page, const GPtrArray *events, const char *size);

/** web_html_is_wanted: whether an Accept header asks for a page rather than for JSON */
bool web_html_is_wanted(const char *accept);

/** web_html_refuse: an error as a page */
WebResponse *web_html_refuse(unsigned status, const char *message);

G_END_DECLS
