/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

/**
 * WebRange:
 * @WEB_RANGE_WHOLE: no range, or one that may be ignored: answer 200
 * @WEB_RANGE_PART: one satisfiable range: answer 206
 * @WEB_RANGE_UNSATISFIABLE: answer 416
 */
typedef enum {
    WEB_RANGE_WHOLE,
    WEB_RANGE_PART,
    WEB_RANGE_UNSATISFIABLE,
} WebRange;

/**
 * web_range_parse:
 * @header: (nullable): value of the Range header (RFC 9110, 14.2)
 * @size_bytes: length of the whole representation
 * @out_offset_bytes: first byte, set for %WEB_RANGE_PART
 * @out_length_bytes: how many, set for %WEB_RANGE_PART, never 0
 *
 * Malformed headers, other units and lists of ranges are ignored, as the RFC allows.
 */
WebRange web_range_parse(const char *header, uint64_t size_bytes, uint64_t *out_offset_bytes,
                         uint64_t *out_length_bytes);

G_END_DECLS
