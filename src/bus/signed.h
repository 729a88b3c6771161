/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/event.h"

G_BEGIN_DECLS

/** BUS_SIGNED_MAX_BYTES: no signed text is longer */
#define BUS_SIGNED_MAX_BYTES (256 * 1024)

/** bus_signed_print: (transfer full): the signed text of @event's fields, canonical (RFC 8785) */
char *bus_signed_print(const BusEvent *event);

/**
 * bus_signed_parse:
 * @text: a signed text
 * @error: %BUS_ERROR_INVALID for all that bus_signed_print() would not write
 *
 * Returns: (transfer full): an event with the fields that @text has, and a copy of @text;
 *   signature, hash and body are zero
 */
BusEvent *bus_signed_parse(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_signed_scan: (transfer full): as bus_signed_parse(), without the proof that @text is
 * canonical, and without the copy: for a text that this log wrote, where speed counts */
BusEvent *bus_signed_scan(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_signed_check_name: whether @text is fit to be an actor or the id of a schema; @what names
 * it in the error */
bool bus_signed_check_name(const char *what, const char *text,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_signed_check_object: whether @text is "kind:id" */
bool bus_signed_check_object(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_signed_is_id: whether @text is a UUID in lower case */
bool bus_signed_is_id(const char *text);

/** bus_signed_read_hex: @size_bytes bytes of exactly 2 * @size_bytes lower-case hex digits */
bool bus_signed_read_hex(const char *text, uint8_t *out_bytes, size_t size_bytes);

G_END_DECLS
