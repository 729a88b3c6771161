/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * /events/SEQ, /events/SEQ/proof, /bus/head: single events and what proves them.
 */
#include "web/handlers/handlers.h"

#include "bus/proof.h"
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

WebResponse *web_event_prove(const WebSite *site, const WebRequest *request)
{
    uint64_t seq = 0;
    if (!parse_seq(request, &seq))
        return web_json_refuse(404, "want the number of an event");
    g_autoptr(GError) error = NULL;
    g_auto(WebLogsLease) lease = {0};
    JsonObject *proof = NULL;
    if (web_logs_borrow(site->logs, &lease, &error))
        proof = bus_proof_inclusion(lease.log, seq, &error);
    if (proof == NULL) {
        web_logs_note(&lease, error);
        return web_json_refuse_error(error);
    }
    return web_json_respond(200, proof);
}

WebResponse *web_bus_head(const WebSite *site, const WebRequest *request)
{
    g_autoptr(GError) error = NULL;
    g_auto(WebLogsLease) lease = {0};
    g_autoptr(BusSignedHead) head = NULL;
    if (web_logs_borrow(site->logs, &lease, &error))
        head = bus_signed_head_make(lease.log, &error);
    if (head == NULL) {
        web_logs_note(&lease, error);
        return web_json_refuse_error(error);
    }
    return web_json_respond(200, bus_signed_head_to_json(head));
}
