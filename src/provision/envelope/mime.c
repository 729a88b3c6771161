/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * As much MIME (RFC 2045, 2046, 2047 not) as user-data has: nested multiparts, the transfer
 * encodings, file names. The parts of a multipart are ranges of the text; only leaves are copied.
 */
#include "provision/envelope/mime.h"

#include "provision/error.h"

#include <string.h>

#define SNIFF_BYTES 4096
#define MAX_HEADER_BYTES (64 * 1024)

typedef struct {
    const char *source;
    const char *text;
    GPtrArray *parts;
    GError **error;
} Parser;

typedef struct {
    const char *p;
    const char *end;
    unsigned line;
} Range;

static bool parse_entity(Parser *parser, Range range, unsigned depth);

void provision_mime_part_free(ProvisionMimePart *self)
{
    if (self == NULL)
        return;
    g_free(self->content_type);
    g_clear_pointer(&self->headers, g_hash_table_unref);
    g_free(self->filename);
    g_clear_pointer(&self->bytes, g_bytes_unref);
    g_free(self);
}

static void part_free(gpointer data)
{
    provision_mime_part_free(data);
}

bool provision_mime_is_message(GBytes *bytes)
{
    static const char wanted[] = "mime-version:";
    gsize size_bytes = 0;
    const char *text = g_bytes_get_data(bytes, &size_bytes);
    size_t length = strlen(wanted);
    for (size_t i = 0; i + length <= MIN(size_bytes, SNIFF_BYTES); i++) {
        if (g_ascii_strncasecmp(text + i, wanted, length) == 0)
            return true;
    }
    return false;
}

static bool fail(const Parser *parser, unsigned line, const char *message)
{
    g_set_error(parser->error, PROVISION_ERROR, PROVISION_ERROR_INVALID, "%s:%u:1: %s",
                parser->source, line, message);
    return false;
}

/* The line at @range's start, without its end; moves @range behind it. */
static Range take_line(Range *range)
{
    const char *newline = memchr(range->p, '\n', (size_t)(range->end - range->p));
    Range line = {
        .p = range->p, .end = newline == NULL ? range->end : newline, .line = range->line};
    range->p = newline == NULL ? range->end : newline + 1;
    range->line += newline != NULL;
    if (line.end > line.p && line.end[-1] == '\r')
        line.end--;
    return line;
}

static bool add_header(const Parser *parser, GHashTable *headers, GString *header, unsigned line)
{
    if (header->len == 0)
        return true;
    char *colon = strchr(header->str, ':');
    if (colon == NULL || colon == header->str)
        return fail(parser, line, "a header without a colon");
    if (g_hash_table_size(headers) >= PROVISION_MIME_MAX_HEADERS)
        return fail(parser, line, "too many headers");
    *colon = '\0';
    char *name = g_ascii_strdown(header->str, -1);
    char *value = g_strdup(g_strstrip(colon + 1));
    g_strstrip(name);
    /* The first of equal ones counts, as in Python. */
    if (g_hash_table_contains(headers, name)) {
        g_free(name);
        g_free(value);
    } else {
        g_hash_table_insert(headers, name, value);
    }
    g_string_truncate(header, 0);
    return true;
}

static GHashTable *parse_headers(const Parser *parser, Range *range)
{
    g_autoptr(GHashTable) headers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GString) header = g_string_new(NULL);
    unsigned header_line = range->line;
    const char *start = range->p;
    while (range->p < range->end) {
        Range before = *range;
        Range line = take_line(range);
        if (range->p - start > MAX_HEADER_BYTES ||
            memchr(line.p, '\0', (size_t)(line.end - line.p))) {
            fail(parser, line.line, "headers without an end");
            return NULL;
        }
        if (line.p == line.end)
            break;
        if ((*line.p == ' ' || *line.p == '\t') && header->len > 0) {
            g_string_append_len(header, line.p, line.end - line.p);
            continue;
        }
        if (!add_header(parser, headers, header, header_line))
            return NULL;
        header_line = line.line;
        if (line.p == parser->text && line.end - line.p > 5 && memcmp(line.p, "From ", 5) == 0)
            continue;
        /* The body of a part may begin without the empty line: Python takes it so. */
        if (memchr(line.p, ':', (size_t)(line.end - line.p)) == NULL) {
            *range = before;
            break;
        }
        g_string_append_len(header, line.p, line.end - line.p);
    }
    if (!add_header(parser, headers, header, header_line))
        return NULL;
    return g_steal_pointer(&headers);
}

/* The parameter @name of a header "value; name=x; other=\"y z\"". */
static char *find_parameter(const char *header, const char *name)
{
    const char *p = header == NULL ? NULL : strchr(header, ';');
    size_t length = strlen(name);
    while (p != NULL && *p == ';') {
        p++;
        while (g_ascii_isspace(*p))
            p++;
        bool found = g_ascii_strncasecmp(p, name, length) == 0;
        const char *equals = p;
        while (*equals != '\0' && *equals != '=' && *equals != ';')
            equals++;
        found = found && equals == p + length;
        p = *equals == '=' ? equals + 1 : equals;
        g_autoptr(GString) value = g_string_new(NULL);
        bool quoted = *p == '"';
        for (p += quoted; *p != '\0' && (quoted ? *p != '"' : *p != ';'); p++) {
            if (quoted && *p == '\\' && p[1] != '\0')
                p++;
            g_string_append_c(value, *p);
        }
        p += quoted && *p == '"';
        while (*p != '\0' && *p != ';')
            p++;
        if (found)
            return g_strdup(quoted ? value->str : g_strstrip(value->str));
    }
    return NULL;
}

static char *content_type_of(GHashTable *headers)
{
    const char *header = g_hash_table_lookup(headers, "content-type");
    if (header == NULL)
        return g_strdup("text/plain");
    g_autofree char *type = g_ascii_strdown(header, (gssize)strcspn(header, ";"));
    g_strstrip(type);
    const char *slash = strchr(type, '/');
    bool valid =
        slash != NULL && slash > type && slash[1] != '\0' && strchr(slash + 1, '/') == NULL;
    return g_strdup(valid ? type : "text/plain");
}

static int hex_value(const char *p)
{
    return g_ascii_isxdigit(p[0]) && g_ascii_isxdigit(p[1])
               ? g_ascii_xdigit_value(p[0]) * 16 + g_ascii_xdigit_value(p[1])
               : -1;
}

static GBytes *decode_quoted_printable(Range range)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    for (const char *p = range.p; p < range.end; p++) {
        if (*p != '=') {
            g_byte_array_append(out, (const guint8 *)p, 1);
            continue;
        }
        const char *soft = p + 1;
        while (soft < range.end && (*soft == ' ' || *soft == '\t' || *soft == '\r'))
            soft++;
        if (soft == range.end || *soft == '\n') {
            p = soft == range.end ? soft - 1 : soft;
            continue;
        }
        int value = range.end - p > 2 ? hex_value(p + 1) : -1;
        guint8 byte = value < 0 ? (guint8)'=' : (guint8)value;
        g_byte_array_append(out, &byte, 1);
        p += value < 0 ? 0 : 2;
    }
    return g_byte_array_free_to_bytes(g_steal_pointer(&out));
}

static bool decode_leaf(const Parser *parser, Range body, ProvisionMimePart *part)
{
    const char *header = g_hash_table_lookup(part->headers, "content-transfer-encoding");
    g_autofree char *encoding = g_ascii_strdown(header == NULL ? "7bit" : header, -1);
    g_strstrip(encoding);
    size_t length = (size_t)(body.end - body.p);
    if (strcmp(encoding, "base64") == 0) {
        g_autofree char *text = g_strndup(body.p, length);
        gsize size_bytes = 0;
        guchar *decoded = g_base64_decode(text, &size_bytes);
        part->bytes = g_bytes_new_take(decoded, size_bytes);
        return true;
    }
    if (strcmp(encoding, "quoted-printable") == 0) {
        part->bytes = decode_quoted_printable(body);
        return true;
    }
    if (strcmp(encoding, "7bit") != 0 && strcmp(encoding, "8bit") != 0 &&
        strcmp(encoding, "binary") != 0 && strcmp(encoding, "") != 0)
        return fail(parser, body.line, "unknown Content-Transfer-Encoding");
    part->bytes = g_bytes_new(body.p, length);
    part->line = body.line;
    return true;
}

/* Text in another character set becomes UTF-8; where the machine cannot, it stays. */
static void convert_charset(ProvisionMimePart *part)
{
    g_autofree char *charset =
        find_parameter(g_hash_table_lookup(part->headers, "content-type"), "charset");
    if (charset == NULL || g_ascii_strcasecmp(charset, "utf-8") == 0 ||
        g_ascii_strcasecmp(charset, "us-ascii") == 0 ||
        !g_str_has_prefix(part->content_type, "text/"))
        return;
    gsize size_bytes = 0;
    gsize written = 0;
    const char *data = g_bytes_get_data(part->bytes, &size_bytes);
    if (size_bytes == 0)
        return;
    char *text = g_convert(data, (gssize)size_bytes, "UTF-8", charset, NULL, &written, NULL);
    if (text == NULL)
        return;
    g_bytes_unref(part->bytes);
    part->bytes = g_bytes_new_take(text, written);
}

static bool add_leaf(Parser *parser, Range body, GHashTable *headers, const char *content_type)
{
    g_autoptr(ProvisionMimePart) part = g_new0(ProvisionMimePart, 1);
    part->content_type = g_strdup(content_type);
    part->headers = g_hash_table_ref(headers);
    part->filename =
        find_parameter(g_hash_table_lookup(headers, "content-disposition"), "filename");
    if (part->filename == NULL)
        part->filename = find_parameter(g_hash_table_lookup(headers, "content-type"), "name");
    if (parser->parts->len >= PROVISION_MIME_MAX_PARTS)
        return fail(parser, body.line, "too many parts");
    if (!decode_leaf(parser, body, part))
        return false;
    convert_charset(part);
    g_ptr_array_add(parser->parts, g_steal_pointer(&part));
    return true;
}

/* 1: the boundary, 2: the closing one. */
static int is_boundary(Range line, const char *boundary, size_t length)
{
    const char *p = line.p;
    if ((size_t)(line.end - p) < length + 2 || memcmp(p, "--", 2) != 0 ||
        memcmp(p + 2, boundary, length) != 0)
        return 0;
    p += 2 + length;
    bool closes = line.end - p >= 2 && memcmp(p, "--", 2) == 0;
    p += closes ? 2 : 0;
    while (p < line.end && (*p == ' ' || *p == '\t' || *p == '\r'))
        p++;
    if (p < line.end)
        return 0;
    return closes ? 2 : 1;
}

static bool parse_multipart(Parser *parser, Range body, const char *boundary, unsigned depth)
{
    size_t length = strlen(boundary);
    Range part = {0};
    int found = 0;
    while (body.p < body.end && found != 2) {
        const char *before = body.p;
        found = is_boundary(take_line(&body), boundary, length);
        if (found == 0)
            continue;
        if (part.p != NULL) {
            /* The end of the line before a boundary is the boundary's. */
            part.end = before;
            if (part.end > part.p)
                part.end--;
            if (part.end > part.p && part.end[-1] == '\r')
                part.end--;
            if (!parse_entity(parser, part, depth + 1))
                return false;
        }
        part = (Range){.p = body.p, .end = body.end, .line = body.line};
    }
    if (part.p == NULL)
        return fail(parser, body.line, "a multipart whose boundary does not occur");
    if (found == 2)
        return true;
    /* Not closed: Python takes the last line's end off all the same. */
    if (part.end > part.p && part.end[-1] == '\n')
        part.end--;
    return parse_entity(parser, part, depth + 1);
}

static bool parse_entity(Parser *parser, Range range, unsigned depth)
{
    if (depth > PROVISION_MIME_MAX_DEPTH)
        return fail(parser, range.line, "nested too deep");
    unsigned line = range.line;
    g_autoptr(GHashTable) headers = parse_headers(parser, &range);
    if (headers == NULL)
        return false;
    g_autofree char *content_type = content_type_of(headers);
    if (!g_str_has_prefix(content_type, "multipart/"))
        return add_leaf(parser, range, headers, content_type);
    g_autofree char *boundary =
        find_parameter(g_hash_table_lookup(headers, "content-type"), "boundary");
    if (boundary == NULL || boundary[0] == '\0')
        return fail(parser, line, "a multipart without a boundary");
    return parse_multipart(parser, range, boundary, depth);
}

GPtrArray *provision_mime_parse(const char *source, GBytes *bytes, GError **error)
{
    gsize size_bytes = 0;
    const char *text = g_bytes_get_data(bytes, &size_bytes);
    g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(part_free);
    if (size_bytes == 0)
        return g_steal_pointer(&parts);
    Parser parser = {.source = source, .text = text, .parts = parts, .error = error};
    Range range = {.p = text, .end = text + size_bytes, .line = 1};
    /* Here-documents often begin with an empty line. */
    while (range.p < range.end && (*range.p == '\n' || *range.p == '\r' || *range.p == ' ')) {
        range.line += *range.p == '\n';
        range.p++;
    }
    parser.text = range.p;
    return parse_entity(&parser, range, 0) ? g_steal_pointer(&parts) : NULL;
}
