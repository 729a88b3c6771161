/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a blob is, by its first characters or its content type: two tables, as cloud-init has them.
 */
#include "provision/envelope/sniff.h"

#include "provision/envelope/unpack.h"
#include "provision/value.h"

#include <string.h>

/* Longer beginnings stand before shorter ones that they start with. */
static const struct {
    const char *start;
    ProvisionSniff what;
} starts[] = {
    {"## template: jinja", PROVISION_SNIFF_JINJA},
    {"#cloud-config-archive", PROVISION_SNIFF_ARCHIVE},
    {"#cloud-config-jsonp", PROVISION_SNIFF_JSON_PATCH},
    {"#cloud-config", PROVISION_SNIFF_CLOUD_CONFIG},
    {"#cloud-boothook", PROVISION_SNIFF_BOOTHOOK},
    {"#include-once", PROVISION_SNIFF_INCLUDE_ONCE},
    {"#include", PROVISION_SNIFF_INCLUDE},
    {"#part-handler", PROVISION_SNIFF_PART_HANDLER},
    {"#!", PROVISION_SNIFF_SCRIPT},
};

static const struct {
    const char *type;
    ProvisionSniff what;
    bool look;
} types[] = {
    {"text/plain", PROVISION_SNIFF_UNKNOWN, true},
    {"text/x-not-multipart", PROVISION_SNIFF_UNKNOWN, true},
    {"text/x-shellscript", PROVISION_SNIFF_SCRIPT, true},
    {"text/x-shellscript-per-boot", PROVISION_SNIFF_SCRIPT_PER_BOOT, false},
    {"text/x-shellscript-per-instance", PROVISION_SNIFF_SCRIPT_PER_INSTANCE, false},
    {"text/x-shellscript-per-once", PROVISION_SNIFF_SCRIPT_PER_ONCE, false},
    {"text/cloud-config", PROVISION_SNIFF_CLOUD_CONFIG, false},
    {"text/cloud-config-archive", PROVISION_SNIFF_ARCHIVE, false},
    {"text/cloud-config-jsonp", PROVISION_SNIFF_JSON_PATCH, false},
    {"text/cloud-boothook", PROVISION_SNIFF_BOOTHOOK, false},
    {"text/x-include-url", PROVISION_SNIFF_INCLUDE, false},
    {"text/x-include-once-url", PROVISION_SNIFF_INCLUDE_ONCE, false},
    {"text/part-handler", PROVISION_SNIFF_PART_HANDLER, false},
    {"text/jinja2", PROVISION_SNIFF_JINJA, false},
    {"application/vnd.coreos.ignition+json", PROVISION_SNIFF_IGNITION, false},
    {"application/gzip", PROVISION_SNIFF_PACKED, true},
    {"application/gzip-compressed", PROVISION_SNIFF_PACKED, true},
    {"application/gzipped", PROVISION_SNIFF_PACKED, true},
    {"application/x-compress", PROVISION_SNIFF_PACKED, true},
    {"application/x-compressed", PROVISION_SNIFF_PACKED, true},
    {"application/x-gunzip", PROVISION_SNIFF_PACKED, true},
    {"application/x-gzip", PROVISION_SNIFF_PACKED, true},
    {"application/x-gzip-compressed", PROVISION_SNIFF_PACKED, true},
    {"application/zstd", PROVISION_SNIFF_PACKED, true},
};

ProvisionSniff provision_sniff_type(const char *content_type, bool *out_look)
{
    *out_look = false;
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        if (strcmp(types[i].type, content_type) != 0)
            continue;
        *out_look = types[i].look;
        return types[i].what;
    }
    return PROVISION_SNIFF_UNKNOWN;
}

ProvisionSniff provision_sniff_text(GBytes *bytes)
{
    gsize size_bytes = 0;
    const char *p = g_bytes_get_data(bytes, &size_bytes);
    if (size_bytes == 0)
        return PROVISION_SNIFF_EMPTY;
    const char *end = p + size_bytes;
    if (provision_unpack_is_packed(bytes))
        return PROVISION_SNIFF_PACKED;
    if (size_bytes >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
        p += 3;
    while (p < end && g_ascii_isspace(*p))
        p++;
    if (p == end)
        return PROVISION_SNIFF_EMPTY;
    for (size_t i = 0; i < G_N_ELEMENTS(starts); i++) {
        size_t length = strlen(starts[i].start);
        if ((size_t)(end - p) >= length && g_ascii_strncasecmp(p, starts[i].start, length) == 0)
            return starts[i].what;
    }
    unsigned line = 0;
    return *p == '{' && provision_sniff_ignition(bytes, &line) >= 0 ? PROVISION_SNIFF_IGNITION
                                                                    : PROVISION_SNIFF_UNKNOWN;
}

gssize provision_sniff_ignition(GBytes *bytes, unsigned *out_line)
{
    gsize size_bytes = 0;
    const char *text = g_bytes_get_data(bytes, &size_bytes);
    if (size_bytes == 0)
        return -1;
    const char *end = text + size_bytes;
    const char *p = text;
    unsigned line = 0;
    while (p < end && *p != '{') {
        if (*p == '#') {
            while (p < end && *p != '\n')
                p++;
        } else if (*p == '\n') {
            line++;
            p++;
        } else if (g_ascii_isspace(*p)) {
            p++;
        } else {
            return -1;
        }
    }
    if (p == end || g_strstr_len(p, end - p, "\"ignition\"") == NULL)
        return -1;
    g_autoptr(GBytes) rest = g_bytes_new_from_bytes(bytes, (gsize)(p - text), (gsize)(end - p));
    g_autoptr(ProvisionValue) value = provision_value_parse("", rest, PROVISION_VALUE_JSON, NULL);
    /* Broken JSON with that key is an Ignition config whose author wants to hear of it. */
    if (value != NULL && provision_value_look_up(value, "ignition.version") == NULL)
        return -1;
    *out_line = line;
    return p - text;
}
