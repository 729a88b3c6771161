/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The Range header of RFC 9110, 14.2: one range of bytes.
 */
#include "web/range.h"

#include <stdbool.h>
#include <string.h>

/* Digits only: no sign, no blank; what overflows is as good as the largest number. */
static bool parse_number(const char **text, uint64_t *out_value)
{
    const char *start = *text;
    uint64_t value = 0;
    for (; g_ascii_isdigit(**text); (*text)++) {
        uint64_t digit = (uint64_t)(**text - '0');
        bool fits = value <= (UINT64_MAX - digit) / 10;
        value = fits ? value * 10 + digit : UINT64_MAX;
    }
    *out_value = value;
    return *text != start;
}

static WebRange parse_suffix(const char *text, uint64_t size_bytes, uint64_t *out_offset_bytes,
                             uint64_t *out_length_bytes)
{
    uint64_t length = 0;
    if (!parse_number(&text, &length) || *text != '\0')
        return WEB_RANGE_WHOLE;
    if (length == 0 || size_bytes == 0)
        return WEB_RANGE_UNSATISFIABLE;
    *out_length_bytes = MIN(length, size_bytes);
    *out_offset_bytes = size_bytes - *out_length_bytes;
    return WEB_RANGE_PART;
}

WebRange web_range_parse(const char *header, uint64_t size_bytes, uint64_t *out_offset_bytes,
                         uint64_t *out_length_bytes)
{
    static const char unit[] = "bytes=";
    if (header == NULL || g_ascii_strncasecmp(header, unit, strlen(unit)) != 0)
        return WEB_RANGE_WHOLE;
    const char *text = header + strlen(unit);
    if (*text == '-')
        return parse_suffix(text + 1, size_bytes, out_offset_bytes, out_length_bytes);

    uint64_t first = 0;
    uint64_t last = UINT64_MAX;
    if (!parse_number(&text, &first) || *text++ != '-')
        return WEB_RANGE_WHOLE;
    if (*text != '\0' && (!parse_number(&text, &last) || *text != '\0' || last < first))
        return WEB_RANGE_WHOLE;
    if (first >= size_bytes)
        return WEB_RANGE_UNSATISFIABLE;
    *out_offset_bytes = first;
    *out_length_bytes = MIN(last, size_bytes - 1) - first + 1;
    return WEB_RANGE_PART;
}
