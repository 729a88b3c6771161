/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * /events/SEQ, /events/SEQ/proof, /bus/head: single events and what proves them.
 */
#include "web/handlers/handlers.h"

#include "web/json.h"

static bool parse_seq(const WebRequest *request, uint64_t *out_seq)
{
    guint64 seq = 0;
    if (!g_ascii_string_to_unsigned(web_request_param(request, "seq"), 10, 1, G_MAXINT64, &seq,
                                    NULL))
        return false;
    *out_seq = seq;
    return true;
}

WebResponse *web_event_get(const WebSite *site, const WebRequest *request)
{
    uint64_t seq = 0;
    if (!parse_seq(request, &seq))
        return web_json_refuse(404, "want the number of an event");
    g_autoptr(GError) error = NULL;
    g_auto(WebLogsLease) lease = {0};
    g_autoptr(BusEvent) event = NULL;
    if (web_logs_borrow(site->logs, &lease, &error))
        event = bus_log_find_seq(lease.log, seq, &error);
    if (event == NULL) {
        web_logs_note(&lease, error);
        return web_json_refuse_error(error);
    }
    return web_json_respond(200, bus_event_to_json(event));
}
