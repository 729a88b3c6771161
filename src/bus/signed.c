/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The signed text of an event: written from its fields, and read back only in exactly that
 * form, so that there is one text for one event.
 */
#include "bus/signed.h"

#include "bus/canonical.h"

#include <string.h>
#include <time.h>

#define TIME_CHARS 27
#define TIME_MAX_US (INT64_C(253402300799) * G_USEC_PER_SEC + 999999) /* year 9999 */

static char *put_digits(char *p, int value, int n_digits, char end)
{
    for (int i = n_digits - 1; i >= 0; i--) {
        p[i] = (char)('0' + value % 10);
        value /= 10;
    }
    p[n_digits] = end;
    return p + n_digits + 1;
}

static void print_time(int64_t time_us, char text[static TIME_CHARS + 1])
{
    time_us = CLAMP(time_us, 0, TIME_MAX_US);
    time_t seconds = time_us / G_USEC_PER_SEC;
    struct tm tm;
    (void)gmtime_r(&seconds, &tm);
    char *p = put_digits(text, tm.tm_year + 1900, 4, '-');
    p = put_digits(p, tm.tm_mon + 1, 2, '-');
    p = put_digits(p, tm.tm_mday, 2, 'T');
    p = put_digits(p, tm.tm_hour, 2, ':');
    p = put_digits(p, tm.tm_min, 2, ':');
    p = put_digits(p, tm.tm_sec, 2, '.');
    p = put_digits(p, (int)(time_us % G_USEC_PER_SEC), 6, 'Z');
    *p = '\0';
}

char *bus_time_print(int64_t time_us)
{
    char *text = g_malloc(TIME_CHARS + 1);
    print_time(time_us, text);
    return text;
}

/* The number in @n_digits digits at @p, or -1. */
static int read_digits(const char *p, int n_digits)
{
    int value = 0;
    for (int i = 0; i < n_digits; i++) {
        if (!g_ascii_isdigit(p[i]))
            return -1;
        value = value * 10 + (p[i] - '0');
    }
    return value;
}

bool bus_time_parse(const char *text, int64_t *out_time_us)
{
    if (strlen(text) != TIME_CHARS)
        return false;
    struct tm tm = {
        .tm_year = read_digits(text, 4) - 1900,
        .tm_mon = read_digits(text + 5, 2) - 1,
        .tm_mday = read_digits(text + 8, 2),
        .tm_hour = read_digits(text + 11, 2),
        .tm_min = read_digits(text + 14, 2),
        .tm_sec = read_digits(text + 17, 2),
    };
    int micros = read_digits(text + 20, 6);
    if (micros < 0)
        return false;
    int64_t time_us = (int64_t)timegm(&tm) * G_USEC_PER_SEC + micros;
    /* What is out of range, or not at its place, does not come out as it went in. */
    char again[TIME_CHARS + 1];
    print_time(time_us, again);
    if (time_us < 0 || strcmp(again, text) != 0)
        return false;
    *out_time_us = time_us;
    return true;
}

bool bus_signed_read_hex(const char *text, uint8_t *out_bytes, size_t size_bytes)
{
    if (strlen(text) != 2 * size_bytes)
        return false;
    for (size_t i = 0; i < 2 * size_bytes; i++) {
        int digit = g_ascii_isupper(text[i]) ? -1 : g_ascii_xdigit_value(text[i]);
        if (digit < 0)
            return false;
        out_bytes[i / 2] = (uint8_t)(i % 2 == 0 ? digit << 4 : out_bytes[i / 2] | digit);
    }
    return true;
}

/* No printf here, and no search for the end of what is known: this runs for each event. */
#define APPEND(out, literal) bus_canonical_append(out, literal, sizeof(literal) - 1)

static void append_hash(GString *out, const uint8_t hash[static BASE_SHA256_BYTES])
{
    char hex[2 * BASE_SHA256_BYTES + 1];
    base_digest_to_hex(hash, BASE_SHA256_BYTES, hex);
    bus_canonical_append(out, hex, 2 * BASE_SHA256_BYTES);
}

static void append_optional(GString *out, const char *text)
{
    if (text != NULL)
        bus_canonical_append_string(out, text);
    else
        APPEND(out, "null");
}

char *bus_signed_print(const BusEvent *event)
{
    GString *out = g_string_sized_new(640);
    char logged[TIME_CHARS + 1];
    char time[TIME_CHARS + 1];
    print_time(event->logged_us, logged);
    if (event->time_us == event->logged_us)
        memcpy(time, logged, sizeof time);
    else
        print_time(event->time_us, time);
    APPEND(out, "{\"actor\":");
    bus_canonical_append_string(out, event->actor);
    APPEND(out, ",\"body-digest\":\"");
    append_hash(out, event->body_digest);
    APPEND(out, "\",\"id\":");
    bus_canonical_append_string(out, event->id);
    APPEND(out, ",\"key\":");
    bus_canonical_append_string(out, event->key);
    APPEND(out, ",\"logged\":\"");
    bus_canonical_append(out, logged, TIME_CHARS);
    APPEND(out, "\",\"objects\":[");
    for (unsigned i = 0; event->objects != NULL && event->objects[i] != NULL; i++) {
        if (i > 0)
            APPEND(out, ",");
        bus_canonical_append_string(out, event->objects[i]);
    }
    APPEND(out, "],\"prev\":\"");
    append_hash(out, event->prev);
    APPEND(out, "\",\"schema\":");
    append_optional(out, event->schema);
    APPEND(out, ",\"schema-digest\":");
    append_optional(out, event->schema_digest);
    APPEND(out, ",\"seq\":");
    bus_canonical_append_int(out, (int64_t)event->seq);
    APPEND(out, ",\"severity\":");
    bus_canonical_append_int(out, event->severity);
    APPEND(out, ",\"time\":\"");
    bus_canonical_append(out, time, TIME_CHARS);
    APPEND(out, "\",\"topic\":");
    bus_canonical_append_string(out, event->topic);
    APPEND(out, "}");
    return g_string_free(out, FALSE);
}

bool bus_signed_check_name(const char *what, const char *text, GError **error)
{
    size_t size_bytes = strlen(text);
    bool ok =
        size_bytes >= 1 && size_bytes <= BUS_NAME_MAX_BYTES && g_utf8_validate(text, -1, NULL);
    for (const char *p = text; ok && *p != '\0'; p = g_utf8_next_char(p))
        ok = !g_unichar_iscntrl(g_utf8_get_char(p));
    if (!ok)
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                    "the %s has to be 1 to %d bytes of UTF-8 without control characters", what,
                    BUS_NAME_MAX_BYTES);
    return ok;
}

bool bus_signed_check_object(const char *text, GError **error)
{
    size_t size_bytes = strlen(text);
    size_t kind = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_");
    bool ok = size_bytes <= BUS_OBJECT_MAX_BYTES && kind > 0 && text[kind] == ':' &&
              text[kind + 1] != '\0' && g_utf8_validate(text, -1, NULL);
    for (const char *p = text; ok && *p != '\0'; p = g_utf8_next_char(p))
        ok = !g_unichar_iscntrl(g_utf8_get_char(p));
    if (!ok)
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                    "an object has to be KIND:ID of at most %d bytes without control characters, "
                    "KIND of a-z, 0-9, ‘-’ and ‘_’",
                    BUS_OBJECT_MAX_BYTES);
    return ok;
}

bool bus_signed_is_id(const char *text)
{
    if (strlen(text) != BUS_ID_CHARS)
        return false;
    for (unsigned i = 0; i < BUS_ID_CHARS; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : (!g_ascii_isxdigit(text[i]) || g_ascii_isupper(text[i])))
            return false;
    }
    return true;
}

/* The text of a string at @p in canonical form; moves past it. */
static char *scan_string(const char **p)
{
    if (**p != '"')
        return NULL;
    const char *start = ++*p;
    while (**p != '"' && **p != '\0')
        *p += **p == '\\' && (*p)[1] != '\0' ? 2 : 1;
    if (**p != '"')
        return NULL;
    const char *end = (*p)++;
    if (memchr(start, '\\', end - start) == NULL)
        return g_strndup(start, end - start);
    g_autoptr(JsonNode) node = bus_canonical_parse(start - 1, end - start + 2, NULL);
    return node != NULL ? json_node_dup_string(node) : NULL;
}

static bool skip(const char **p, const char *literal)
{
    size_t n = strlen(literal);
    if (strncmp(*p, literal, n) != 0)
        return false;
    *p += n;
    return true;
}

static bool scan_text(const char **p, const char *literal, char **out_text)
{
    return skip(p, literal) && (*out_text = scan_string(p)) != NULL;
}

static bool scan_optional(const char **p, const char *literal, char **out_text)
{
    if (!skip(p, literal))
        return false;
    return skip(p, "null") || (*out_text = scan_string(p)) != NULL;
}

static bool scan_hex(const char **p, const char *literal, uint8_t *out_bytes)
{
    g_autofree char *text = NULL;
    return scan_text(p, literal, &text) && bus_signed_read_hex(text, out_bytes, BASE_SHA256_BYTES);
}

static bool scan_time(const char **p, const char *literal, int64_t *out_time_us)
{
    g_autofree char *text = NULL;
    return scan_text(p, literal, &text) && bus_time_parse(text, out_time_us);
}

static bool scan_number(const char **p, const char *literal, uint64_t *out_number)
{
    char *end = NULL;
    if (!skip(p, literal) || !g_ascii_isdigit(**p))
        return false;
    *out_number = g_ascii_strtoull(*p, &end, 10);
    *p = end;
    return *out_number <= INT64_MAX;
}

static bool scan_objects(const char **p, char ***out_objects)
{
    g_autoptr(GPtrArray) objects = g_ptr_array_new_with_free_func(g_free);
    bool ok = skip(p, ",\"objects\":[");
    while (ok && **p == '"') {
        char *object = scan_string(p);
        ok = object != NULL;
        if (ok)
            g_ptr_array_add(objects, object);
        ok = ok && objects->len <= BUS_OBJECTS_MAX && bus_signed_check_object(object, NULL);
        if (ok && !skip(p, ","))
            break;
    }
    if (!ok || !skip(p, "]"))
        return false;
    g_ptr_array_add(objects, NULL);
    *out_objects = (char **)g_ptr_array_free(g_steal_pointer(&objects), FALSE);
    return true;
}

static bool scan(const char *p, BusEvent *event)
{
    uint64_t severity = 0;
    bool ok = scan_text(&p, "{\"actor\":", &event->actor) &&
              scan_hex(&p, ",\"body-digest\":", event->body_digest) &&
              scan_text(&p, ",\"id\":", &event->id) && scan_text(&p, ",\"key\":", &event->key) &&
              scan_time(&p, ",\"logged\":", &event->logged_us) &&
              scan_objects(&p, &event->objects) && scan_hex(&p, ",\"prev\":", event->prev) &&
              scan_optional(&p, ",\"schema\":", &event->schema) &&
              scan_optional(&p, ",\"schema-digest\":", &event->schema_digest) &&
              scan_number(&p, ",\"seq\":", &event->seq) &&
              scan_number(&p, ",\"severity\":", &severity) && severity <= 100 &&
              scan_time(&p, ",\"time\":", &event->time_us) &&
              scan_text(&p, ",\"topic\":", &event->topic) && strcmp(p, "}") == 0;
    event->severity = (BusSeverity)severity;
    return ok;
}

static bool check_fields(const BusEvent *event, GError **error)
{
    if (!bus_signed_check_name("actor", event->actor, error) ||
        !bus_topic_check(event->topic, error) ||
        (event->schema != NULL && !bus_signed_check_name("schema", event->schema, error)))
        return false;
    if (event->seq == 0 || !bus_signed_is_id(event->id) || strlen(event->key) != 16 ||
        (event->schema_digest != NULL && !base_digest_is_sha256_hex(event->schema_digest))) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                    "seq, id, key or schema-digest is malformed");
        return false;
    }
    return true;
}

BusEvent *bus_signed_scan(const char *text, GError **error)
{
    g_autoptr(BusEvent) event = g_new0(BusEvent, 1);
    if (scan(text, event))
        return g_steal_pointer(&event);
    g_set_error(error, BUS_ERROR, BUS_ERROR_BROKEN,
                "a signed text is not that of an event; atoll bus verify");
    return NULL;
}

BusEvent *bus_signed_parse(const char *text, GError **error)
{
    g_autoptr(BusEvent) event = g_new0(BusEvent, 1);
    if (strlen(text) > BUS_SIGNED_MAX_BYTES || !scan(text, event)) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                    "the signed text is not that of an event in canonical form");
        return NULL;
    }
    if (!check_fields(event, error))
        return NULL;
    /* Whatever was read too kindly above does not come out as it went in. */
    event->signed_text = bus_signed_print(event);
    if (strcmp(event->signed_text, text) != 0) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                    "the signed text is not in canonical form");
        return NULL;
    }
    return g_steal_pointer(&event);
}
