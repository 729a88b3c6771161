/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * /log: the archive with its filters and pages, and on its first page the live feed. All of it
 * but the live updates works without scripts.
 */
#include "web/handlers/handlers.h"

#include "web/html.h"
#include "web/json.h"
#include "web/message.h"
#include "web/search.h"

#include <math.h>
#include <string.h>

/* The fields of the form: one value each; a link may carry more, and they are kept. */
static const struct {
    const char *name, *label, *hint;
    WebSearchList list;
} fields[] = {
    {"topic", "Topic", "org.atoll.prod.*", WEB_SEARCH_TOPIC},
    {"category", "Category", "compose", WEB_SEARCH_CATEGORY},
    {"package", "Package", "bash", WEB_SEARCH_PACKAGE},
    {"user", "User", "alice", WEB_SEARCH_USER},
    {"agent", "Actor", "service:compose", WEB_SEARCH_AGENT},
    {"object", "Object", "kind:id", WEB_SEARCH_OBJECT},
    {"contains", "Text in the body", "", WEB_SEARCH_CONTAINS},
};

static void append_fields(GString *page, const WebSearch *search)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(fields); i++) {
        const GPtrArray *values = search->lists[fields[i].list];
        const char *first = values->len > 0 ? values->pdata[0] : "";
        web_html_printf(page,
                        "<label>%s<input name=\"%s\" value=\"%s\" placeholder=\"%s\" "
                        "autocapitalize=\"none\" spellcheck=\"false\"></label>\n",
                        fields[i].label, fields[i].name, first, fields[i].hint);
        for (unsigned k = 1; k < values->len; k++)
            web_html_printf(page, "<input type=\"hidden\" name=\"%s\" value=\"%s\">\n",
                            fields[i].name, (const char *)values->pdata[k]);
    }
}

static void append_date(GString *page, const char *label, const char *name, double seconds)
{
    g_autofree char *text =
        isnan(seconds) ? g_strdup("") : web_message_print_time((int64_t)(seconds * G_USEC_PER_SEC));
    web_html_printf(page,
                    "<label>%s<input name=\"%s\" value=\"%s\" "
                    "placeholder=\"2026-11-20\"></label>\n",
                    label, name, text);
}

static void append_severities(GString *page, int64_t chosen)
{
    static const struct {
        const char *value, *label;
        int64_t number;
    } rows[] = {{"", "Any", 0}, {"20", "Info", 20}, {"30", "Warning", 30}, {"40", "Error", 40}};
    g_string_append(page, "<label>Severity at least<select name=\"severity\">");
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        web_html_printf(page, "<option value=\"%s\"", rows[i].value);
        g_string_append(page, rows[i].number == chosen ? " selected" : "");
        web_html_printf(page, ">%s</option>", rows[i].label);
    }
    g_string_append(page, "</select></label>\n");
}

/* What is being looked for, beside the word "Filter": on a phone the form itself stays folded. */
static void append_active(GString *page, const WebSearch *search)
{
    g_autoptr(GString) link = g_string_new("?");
    web_search_append(search, link);
    g_autoptr(GPtrArray) pairs = web_query_parse(link->str + 1, NULL);
    for (unsigned i = 0; pairs != NULL && i < pairs->len; i++) {
        const WebPair *pair = pairs->pdata[i];
        g_autofree char *shown = NULL;
        if (strcmp(pair->name, "start") == 0 || strcmp(pair->name, "end") == 0)
            shown = web_message_print_time(
                (int64_t)(web_search_parse_time(pair->value) * G_USEC_PER_SEC));
        web_html_printf(page, "<span class=\"active\">%s: %s</span>", pair->name,
                        shown != NULL ? shown : pair->value);
    }
}

static void append_form(GString *page, const WebSearch *search)
{
    g_string_append(page, "<details class=\"filters\"><summary>Filter");
    append_active(page, search);
    g_string_append(page, "</summary>\n<form action=\"/log\" method=\"get\" role=\"search\">\n");
    append_fields(page, search);
    append_date(page, "From (UTC)", "start", search->times[WEB_SEARCH_START]);
    append_date(page, "Until (UTC)", "end", search->ends_now ? NAN : search->times[WEB_SEARCH_END]);
    append_severities(page, search->numbers[WEB_SEARCH_SEVERITY]);
    g_string_append(page, "<div class=\"actions\"><button>Search</button>"
                          "<a href=\"/log\">Clear</a></div>\n</form></details>\n");
}

static void append_page_link(GString *page, const WebSearch *search, int64_t number,
                             const char *rel, const char *text)
{
    g_autoptr(GString) link = g_string_new("/log");
    web_search_append(search, link);
    g_autofree char *number_text = g_strdup_printf("%" G_GINT64_FORMAT, number);
    web_query_append(link, "page", number_text);
    if (search->numbers[WEB_SEARCH_ROWS_PER_PAGE] != WEB_SEARCH_DEFAULT_ROWS) {
        g_autofree char *rows =
            g_strdup_printf("%" G_GINT64_FORMAT, search->numbers[WEB_SEARCH_ROWS_PER_PAGE]);
        web_query_append(link, "rows_per_page", rows);
    }
    web_html_printf(page, "<a rel=\"%s\" href=\"%s\">%s</a>", rel, link->str, text);
}

static void append_pages(GString *page, const WebSearch *search, uint64_t total)
{
    int64_t rows = MAX(search->numbers[WEB_SEARCH_ROWS_PER_PAGE], 1);
    int64_t number = search->numbers[WEB_SEARCH_PAGE];
    int64_t last = MAX(((int64_t)total + rows - 1) / rows, 1);
    g_autofree char *place =
        g_strdup_printf("Page %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT, number, last);
    g_string_append(page, "<nav class=\"pages\" aria-label=\"Pages\">");
    if (number > 1)
        append_page_link(page, search, MIN(number - 1, last), "prev", "← Newer");
    web_html_printf(page, "<span>%s</span>", place);
    if (number < last)
        append_page_link(page, search, number + 1, "next", "Older →");
    g_string_append(page, "</nav>\n");
}

static void append_links(GString *page, const WebSearch *search)
{
    static const struct {
        const char *path, *label;
    } links[] = {{"/log/feed.atom", "Atom feed"}, {"/raw", "JSON"}, {"/charts/line", "Chart"}};
    g_string_append(page, "<p class=\"links\">");
    for (unsigned i = 0; i < G_N_ELEMENTS(links); i++) {
        g_autoptr(GString) link = g_string_new(links[i].path);
        web_search_append(search, link);
        web_html_printf(page, "<a href=\"%s\">%s</a>", link->str, links[i].label);
    }
    g_string_append(page, "</p>\n");
}

/* The script puts new events in front of the list when it finds this element. */
static void append_live(GString *page, const WebSearch *search, const GPtrArray *events)
{
    const BusEvent *newest = events->len > 0 ? events->pdata[0] : NULL;
    g_autofree char *since =
        g_strdup_printf("%" G_GUINT64_FORMAT, newest != NULL ? newest->seq : (uint64_t)0);
    g_autoptr(GString) link = g_string_new("/events");
    web_search_append(search, link);
    if (newest != NULL)
        web_query_append(link, "since", since);
    web_html_printf(page,
                    "<p id=\"live\" class=\"live\" data-url=\"%s\" role=\"status\" hidden>"
                    "<span class=\"dot\"></span><span class=\"state\">connecting …</span>"
                    "<button type=\"button\">Pause</button></p>\n",
                    link->str);
}

static WebResponse *respond(const WebSearch *search, const GPtrArray *events, uint64_t total)
{
    bool live = search->numbers[WEB_SEARCH_PAGE] == 1 && search->ends_now &&
                strcmp(search->texts[WEB_SEARCH_ORDER], "desc") == 0;
    g_autoptr(GString) page = g_string_new(NULL);
    web_html_begin(page, "Events", live ? WEB_HTML_LIVE : WEB_HTML_PLAIN);
    g_autofree char *count = g_strdup_printf("%" G_GUINT64_FORMAT, total);
    web_html_printf(page, "<div class=\"title\"><h1>Events</h1><p class=\"total\">%s</p></div>\n",
                    count);
    append_form(page, search);
    if (live)
        append_live(page, search, events);
    web_html_append_events(page, events, "large");
    if (events->len == 0)
        g_string_append(page, "<p class=\"empty\">No event fits.</p>\n");
    append_pages(page, search, total);
    append_links(page, search);
    web_html_end(page);
    return web_html_respond(200, g_steal_pointer(&page));
}

/* A person who looks for a word need not know that the archive wants a beginning. */
static char *add_start(const char *raw, double now)
{
    g_autoptr(GPtrArray) pairs = web_query_parse(raw, NULL);
    if (pairs == NULL)
        return g_strdup(raw);
    const char *contains = web_query_find(pairs, "contains");
    const char *start = web_query_find(pairs, "start");
    if (contains == NULL || contains[0] == '\0' || (start != NULL && start[0] != '\0'))
        return g_strdup(raw);
    return g_strdup_printf("%s&start=%.0f", raw, now - (WEB_SEARCH_CONTAINS_DAYS - 1) * 86400.0);
}

WebResponse *web_log_handle(const WebSite *site, const WebRequest *request)
{
    g_autoptr(GError) error = NULL;
    double now = (double)g_get_real_time() / G_USEC_PER_SEC;
    g_autofree char *raw = add_start(request->query, now);
    g_autoptr(WebSearch) search = web_search_parse(raw, now, WEB_SEARCH_LENIENT, &error);
    if (search == NULL)
        return web_html_refuse(400, error->message);
    g_auto(WebLogsLease) lease = {0};
    uint64_t total = 0;
    g_autoptr(GPtrArray) events = NULL;
    if (web_logs_borrow(site->logs, &lease, &error))
        events = web_search_run(lease.log, search, &total, &error);
    if (events == NULL) {
        web_logs_note(&lease, error);
        unsigned status = web_json_status(error);
        return web_html_refuse(status,
                               status < 500 ? error->message : "The event log cannot be reached.");
    }
    return respond(search, events, total);
}
