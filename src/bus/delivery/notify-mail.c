/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A notice as mail (RFC 5322, RFC 2045, RFC 2047).
 */
#include "bus/delivery/notify.h"

#include "base/digest.h"

#include <string.h>

#define LINE_CHARS 76
#define MAX_BODY_BYTES 4096
#define ENCODED_CHARS 30

static bool is_plain(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c < ' ' || *c > '~')
            return false;
    }
    return true;
}

/* As encoded words where a header could not hold the text as it is. */
static void append_header(GString *out, const char *name, const char *text)
{
    if (is_plain(text)) {
        g_string_append_printf(out, "%s: %s\r\n", name, text);
        return;
    }
    g_string_append_printf(out, "%s:", name);
    for (const char *at = text; *at != '\0';) {
        const char *end = at;
        for (unsigned n = 0; n < ENCODED_CHARS / 3 && *end != '\0'; n++)
            end = g_utf8_next_char(end);
        g_autofree char *word = g_base64_encode((const guchar *)at, (gsize)(end - at));
        g_string_append_printf(out, " =?utf-8?B?%s?=\r\n", word);
        at = end;
    }
}

static char *format_time(int64_t time_us, const char *format)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(time_us / G_USEC_PER_SEC);
    return time != NULL ? g_date_time_format(time, format) : g_strdup("?");
}

/* Names of days and months are English in mail, whatever the locale. */
static char *format_date(int64_t time_us)
{
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(time_us / G_USEC_PER_SEC);
    if (time == NULL)
        time = g_date_time_new_from_unix_utc(0);
    g_autofree char *clock = g_date_time_format(time, "%H:%M:%S +0000");
    return g_strdup_printf("%s, %02d %s %04d %s", days[g_date_time_get_day_of_week(time) - 1],
                           g_date_time_get_day_of_month(time),
                           months[g_date_time_get_month(time) - 1], g_date_time_get_year(time),
                           clock);
}

static void append_event(GString *out, const BusEvent *event, const char *instance)
{
    g_autofree char *time = format_time(event->time_us, "%Y-%m-%d %H:%M:%S UTC");
    g_string_append_printf(out, "%s\n  at %s, by %s\n", event->topic, time, event->actor);
    for (size_t i = 0; event->objects != NULL && event->objects[i] != NULL; i++)
        g_string_append_printf(out, "  %s\n", event->objects[i]);
    if (instance != NULL)
        g_string_append_printf(out, "  %s/log/%" G_GUINT64_FORMAT "\n", instance, event->seq);
    if (event->body == NULL)
        return;
    size_t length = strlen(event->body);
    if (length <= MAX_BODY_BYTES) {
        g_string_append_printf(out, "  %s\n", event->body);
        return;
    }
    g_autofree char *head = g_strndup(event->body, MAX_BODY_BYTES);
    g_autofree char *valid = g_utf8_make_valid(head, -1);
    g_string_append_printf(out, "  %s … (%zu bytes)\n", valid, length);
}

static void append_base64(GString *out, const GString *text)
{
    g_autofree char *base64 = g_base64_encode((const guchar *)text->str, text->len);
    size_t length = strlen(base64);
    for (size_t at = 0; at < length; at += LINE_CHARS) {
        g_string_append_len(out, base64 + at, (gssize)MIN(LINE_CHARS, length - at));
        g_string_append(out, "\r\n");
    }
}

static char *make_id(const BusNotify *self, GPtrArray *events)
{
    g_autoptr(GString) all = g_string_new(self->name);
    for (unsigned i = 0; i < events->len; i++)
        g_string_append(all, ((const BusEvent *)g_ptr_array_index(events, i))->id);
    g_autofree char *hex = base_sha256_hex(all->str, all->len);
    return g_strndup(hex, 32);
}

char *bus_notify_mail(const BusNotify *self, GPtrArray *events, const char *from,
                      const char *instance)
{
    const BusEvent *last = g_ptr_array_index(events, events->len - 1);
    const char *host = strrchr(from, '@');
    g_autofree char *subject = events->len == 1
                                   ? g_strdup_printf("[atoll] %s by %s", last->topic, last->actor)
                                   : g_strdup_printf("[atoll] %u events", events->len);
    g_autofree char *id = make_id(self, events);
    g_autofree char *date = format_date(last->time_us);
    g_autoptr(GString) out = g_string_new(NULL);
    append_header(out, "From", from);
    append_header(out, "To", self->address);
    append_header(out, "Subject", subject);
    g_string_append_printf(out, "Date: %s\r\nMessage-ID: <%s@%s>\r\n", date, id,
                           host != NULL ? host + 1 : "atoll");
    append_header(out, "X-Atoll-Rule", self->name);
    g_string_append(out, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                         "Content-Type: text/plain; charset=utf-8\r\n"
                         "Content-Transfer-Encoding: base64\r\n\r\n");
    g_autoptr(GString) text = g_string_new(NULL);
    for (unsigned i = 0; i < events->len; i++) {
        if (i > 0)
            g_string_append_c(text, '\n');
        append_event(text, g_ptr_array_index(events, i), instance);
    }
    append_base64(out, text);
    return g_string_free(g_steal_pointer(&out), FALSE);
}
