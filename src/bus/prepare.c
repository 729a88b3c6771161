/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What appending an event does before it needs the log: publishers that wait for their turn do it
 * meanwhile, each in its thread.
 */
#include "bus/prepare.h"

#include "bus/canonical.h"
#include "bus/hash.h"
#include "bus/policy.h"
#include "bus/signed.h"

#include <string.h>

static char *print_text(const char *text, GError **error)
{
    if (bus_canonical_is_object(text))
        return g_strdup(text);
    g_autoptr(JsonNode) node = bus_canonical_parse(text, strlen(text), error);
    if (node == NULL)
        return NULL;
    if (!JSON_NODE_HOLDS_OBJECT(node)) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID, "it has to be a JSON object");
        return NULL;
    }
    g_autoptr(GString) out = g_string_sized_new(256);
    if (!bus_canonical_print_node(node, out, error))
        return NULL;
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static char *print_body(const BusDraft *draft, GError **error)
{
    if (draft->body_text != NULL)
        return print_text(draft->body_text, error);
    if (draft->body == NULL)
        return g_strdup("{}");
    g_autoptr(GString) out = g_string_sized_new(256);
    if (!bus_canonical_print(draft->body, out, error))
        return NULL;
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static bool set_body(BusEvent *event, const BusDraft *draft, BaseSha256 *sha256, GError **error)
{
    event->body = print_body(draft, error);
    size_t size_bytes = event->body != NULL ? strlen(event->body) : 0;
    if (size_bytes > BUS_BODY_MAX_BYTES)
        g_set_error(error, BUS_ERROR, BUS_ERROR_TOO_LARGE,
                    "it has %zu bytes, of at most %d: what is larger goes by its digest",
                    size_bytes, BUS_BODY_MAX_BYTES);
    if (event->body == NULL || size_bytes > BUS_BODY_MAX_BYTES) {
        g_prefix_error(error, "the body: ");
        return false;
    }
    bus_hash_text(sha256, event->body, size_bytes, event->body_digest);
    return true;
}

static bool set_objects(BusEvent *event, const BusDraft *draft, GError **error)
{
    unsigned n = 0;
    for (; draft->objects != NULL && draft->objects[n] != NULL; n++) {
        if (!bus_signed_check_object(draft->objects[n], error))
            return false;
    }
    if (n > BUS_OBJECTS_MAX) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_TOO_LARGE,
                    "the event has %u objects, of at most %d", n, BUS_OBJECTS_MAX);
        return false;
    }
    event->objects =
        draft->objects != NULL ? g_strdupv((char **)draft->objects) : g_new0(char *, 1);
    return true;
}

static bool set_id(BusEvent *event, const BusDraft *draft, GError **error)
{
    if (draft->id == NULL)
        return true;
    event->id = g_ascii_strdown(draft->id, -1);
    if (bus_signed_is_id(event->id))
        return true;
    g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID, "the id ‘%.64s’ is no UUID", draft->id);
    return false;
}

static bool check(const BusDraft *draft, GError **error)
{
    if (draft->topic == NULL || draft->actor == NULL || draft->time_us < 0 ||
        draft->time_us > INT64_C(253402300799) * G_USEC_PER_SEC || (int)draft->severity < 0 ||
        draft->severity > 100) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                    "an event needs a topic, an actor, a time from 1970 to 9999 and a severity of "
                    "0 to 100");
        return false;
    }
    return bus_topic_check(draft->topic, error) &&
           bus_signed_check_name("actor", draft->actor, error) &&
           (draft->schema == NULL || bus_signed_check_name("schema", draft->schema, error));
}

BusEvent *bus_prepare(const BusDraft *draft, BaseSha256 *sha256, GError **error)
{
    if (!check(draft, error))
        return NULL;
    g_autoptr(BusEvent) event = g_new0(BusEvent, 1);
    event->time_us = draft->time_us;
    event->topic = g_strdup(draft->topic);
    event->actor = g_strdup(draft->actor);
    event->schema = g_strdup(draft->schema);
    event->severity = draft->severity != 0 ? draft->severity : BUS_SEVERITY_INFO;
    if (!set_id(event, draft, error) || !set_objects(event, draft, error) ||
        !set_body(event, draft, sha256, error))
        return NULL;
    return g_steal_pointer(&event);
}

GPtrArray *bus_prepare_all(const BusDraft *drafts, unsigned n_drafts, BaseSha256 *sha256,
                           GError **error)
{
    g_autoptr(GPtrArray) events = g_ptr_array_new_full(n_drafts, (GDestroyNotify)bus_event_free);
    for (unsigned i = 0; i < n_drafts; i++) {
        if (drafts[i].topic != NULL && g_str_has_prefix(drafts[i].topic, BUS_TOPIC_OWN)) {
            g_set_error(error, BUS_ERROR, BUS_ERROR_DENIED,
                        "topics that begin with " BUS_TOPIC_OWN " are the log's own");
            return NULL;
        }
    }
    for (unsigned i = 0; i < n_drafts; i++) {
        BusEvent *event = bus_prepare(&drafts[i], sha256, error);
        if (event == NULL)
            return NULL;
        g_ptr_array_add(events, event);
    }
    return g_steal_pointer(&events);
}
