/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * datagrepper's query API over the log: /raw, /v2/search, /id, /v2/id, /messagecount.
 */
#include "web/handlers/handlers.h"

#include "web/html.h"
#include "web/json.h"
#include "web/message.h"
#include "web/search.h"

#include <math.h>
#include <string.h>

static WebMessageForm form_of(const WebRequest *request)
{
    return g_str_has_prefix(request->path, "/v2/") ? WEB_MESSAGE_V2 : WEB_MESSAGE_RAW;
}

static void set_list(JsonObject *object, const char *name, const GPtrArray *list)
{
    JsonArray *array = json_array_new();
    for (unsigned i = 0; i < list->len; i++)
        json_array_add_string_element(array, list->pdata[i]);
    json_object_set_array_member(object, name, array);
}

static void set_time(JsonObject *object, const char *name, double seconds)
{
    if (isnan(seconds))
        json_object_set_null_member(object, name);
    else
        json_object_set_double_member(object, name, seconds);
}

static JsonObject *print_arguments(const WebSearch *search)
{
    static const struct {
        const char *name;
        WebSearchList list;
    } lists[] = {
        {"users", WEB_SEARCH_USER},
        {"packages", WEB_SEARCH_PACKAGE},
        {"categories", WEB_SEARCH_CATEGORY},
        {"topics", WEB_SEARCH_TOPIC},
        {"agents", WEB_SEARCH_AGENT},
        {"contains", WEB_SEARCH_CONTAINS},
        {"not_users", WEB_SEARCH_NOT_USER},
        {"not_packages", WEB_SEARCH_NOT_PACKAGE},
        {"not_categories", WEB_SEARCH_NOT_CATEGORY},
        {"not_topics", WEB_SEARCH_NOT_TOPIC},
        {"not_agents", WEB_SEARCH_NOT_AGENT},
        {"meta", WEB_SEARCH_META},
    };
    JsonObject *object = json_object_new();
    set_time(object, "start", search->times[WEB_SEARCH_START]);
    set_time(object, "delta", search->times[WEB_SEARCH_DELTA]);
    set_time(object, "end", search->times[WEB_SEARCH_END]);
    for (unsigned i = 0; i < G_N_ELEMENTS(lists); i++)
        set_list(object, lists[i].name, search->lists[lists[i].list]);
    json_object_set_int_member(object, "page", search->numbers[WEB_SEARCH_PAGE]);
    json_object_set_int_member(object, "rows_per_page", search->numbers[WEB_SEARCH_ROWS_PER_PAGE]);
    json_object_set_string_member(object, "order", search->texts[WEB_SEARCH_ORDER]);
    return object;
}

static JsonObject *print_message(const BusEvent *event, const WebSearch *search,
                                 const WebRequest *request)
{
    JsonObject *message = web_message_print(event, form_of(request));
    const GPtrArray *meta = search->lists[WEB_SEARCH_META];
    if (meta->len > 0)
        json_object_set_object_member(message, "meta",
                                      web_message_print_meta(event, meta, g_get_real_time()));
    return message;
}

static WebResponse *respond_list(const WebRequest *request, const WebSearch *search,
                                 const GPtrArray *events, uint64_t total)
{
    int64_t rows = search->numbers[WEB_SEARCH_ROWS_PER_PAGE];
    JsonArray *messages = json_array_new();
    for (unsigned i = 0; i < events->len; i++)
        json_array_add_object_element(messages, print_message(events->pdata[i], search, request));
    JsonObject *object = json_object_new();
    json_object_set_array_member(object, "raw_messages", messages);
    json_object_set_int_member(object, "total", (gint64)total);
    json_object_set_int_member(object, "pages", rows == 0 ? 1 : ((gint64)total + rows - 1) / rows);
    json_object_set_int_member(object, "count", events->len);
    json_object_set_object_member(object, "arguments", print_arguments(search));
    return web_json_respond_callback(200, object, search->texts[WEB_SEARCH_CALLBACK]);
}

static WebSearch *parse(const WebRequest *request, GError **error)
{
    double now = (double)g_get_real_time() / G_USEC_PER_SEC;
    return web_search_parse(request->query, now, WEB_SEARCH_LENIENT, error);
}

static bool wants_html(const WebRequest *request, const WebSearch *search)
{
    return search->texts[WEB_SEARCH_CALLBACK] == NULL &&
           web_html_is_wanted(web_request_header(request, "Accept"));
}

static WebResponse *respond_cards(const WebSearch *search, const GPtrArray *events)
{
    g_autoptr(GString) page = g_string_new(NULL);
    bool chrome = search->numbers[WEB_SEARCH_CHROME] != 0;
    if (chrome)
        web_html_begin(page, "Search", WEB_HTML_PLAIN);
    web_html_append_events(page, events, search->texts[WEB_SEARCH_SIZE]);
    if (chrome)
        web_html_end(page);
    return web_html_respond(200, g_steal_pointer(&page));
}

WebResponse *web_archive_search(const WebSite *site, const WebRequest *request)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(WebSearch) search = parse(request, &error);
    if (search == NULL)
        return web_json_refuse(400, error->message);
    g_auto(WebLogsLease) lease = {0};
    uint64_t total = 0;
    g_autoptr(GPtrArray) events = NULL;
    if (web_logs_borrow(site->logs, &lease, &error))
        events = web_search_run(lease.log, search, &total, &error);
    if (events == NULL) {
        web_logs_note(&lease, error);
        return web_json_refuse_error(error);
    }
    return wants_html(request, search) ? respond_cards(search, events)
                                       : respond_list(request, search, events, total);
}

WebResponse *web_archive_find(const WebSite *site, const WebRequest *request)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(WebSearch) search = parse(request, &error);
    if (search == NULL)
        return web_json_refuse(400, error->message);
    const char *id = search->texts[WEB_SEARCH_ID];
    if (id == NULL)
        return web_json_refuse(400, "parameter ‘id’ is missing");
    g_auto(WebLogsLease) lease = {0};
    g_autoptr(BusEvent) event = NULL;
    if (web_logs_borrow(site->logs, &lease, &error))
        event = bus_log_find(lease.log, id, &error);
    if (event == NULL) {
        web_logs_note(&lease, error);
        return web_json_refuse_error(error);
    }
    if (!wants_html(request, search))
        return web_json_respond_callback(200, print_message(event, search, request),
                                         search->texts[WEB_SEARCH_CALLBACK]);
    g_autoptr(GPtrArray) one = g_ptr_array_new();
    g_ptr_array_add(one, event);
    return respond_cards(search, one);
}

WebResponse *web_archive_count(const WebSite *site, const WebRequest *request)
{
    g_autoptr(GError) error = NULL;
    g_auto(WebLogsLease) lease = {0};
    uint64_t head = 0;
    if (!web_logs_borrow(site->logs, &lease, &error) || !bus_log_head(lease.log, &head, &error)) {
        web_logs_note(&lease, error);
        return web_json_refuse_error(error);
    }
    JsonObject *object = json_object_new();
    json_object_set_int_member(object, "messagecount", (gint64)head);
    return web_json_respond(200, object);
}
