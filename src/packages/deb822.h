/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/error.h"

#include <stdbool.h>
#include <stddef.h>

G_BEGIN_DECLS

#define PACKAGES_DEB822_MAX_FIELDS 256
#define PACKAGES_DEB822_MAX_STANZA_BYTES (16u << 20)

/**
 * PackagesDeb822Field:
 * @name: (borrowed from the input): field name as written, not NUL-terminated
 * @name_bytes: its length
 * @value: (borrowed from the input): value without surrounding white space, not
 *   NUL-terminated; continuation lines stand as in the input
 * @value_bytes: its length
 */
typedef struct {
    const char *name;
    size_t name_bytes;
    const char *value;
    size_t value_bytes;
} PackagesDeb822Field;

/**
 * PackagesDeb822Stanza:
 * @fields: the first @n_fields are set
 * @n_fields: how many
 * @raw: (borrowed from the input): the stanza's text, its last newline included
 * @raw_bytes: its length
 * @line: line of the input on which it starts; the first is 1
 */
typedef struct {
    PackagesDeb822Field fields[PACKAGES_DEB822_MAX_FIELDS];
    size_t n_fields;
    const char *raw;
    size_t raw_bytes;
    unsigned line;
} PackagesDeb822Stanza;

/**
 * PackagesDeb822Iter:
 *
 * Walks the stanzas of deb822 text (deb822(5): control, Release, Packages, .sources) without
 * copying it. The members are its own.
 */
typedef struct {
    const char *data;
    size_t size_bytes;
    size_t offset;
    unsigned line;
} PackagesDeb822Iter;

/** packages_deb822_iter_init: readies @self for @size_bytes bytes at @data, which must outlive it
 */
void packages_deb822_iter_init(PackagesDeb822Iter *self, const char *data, size_t size_bytes);

/**
 * packages_deb822_iter_next:
 * @self: an iterator
 * @out_stanza: the next stanza; its n_fields is 0 at the end of the input
 * @error: %PACKAGES_ERROR_INVALID names the line: no colon, a bad or double field name, a
 *   continuation without a field, a NUL byte, more than the caps allow
 *
 * Comment lines and surplus empty lines are skipped.
 */
bool packages_deb822_iter_next(PackagesDeb822Iter *self, PackagesDeb822Stanza *out_stanza,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * packages_deb822_parse_one:
 * @data: text with exactly one stanza (a control or Release file)
 * @size_bytes: its length
 * @out_stanza: the stanza
 * @error: as packages_deb822_iter_next(), also for none or more than one stanza
 */
bool packages_deb822_parse_one(const char *data, size_t size_bytes,
                               PackagesDeb822Stanza *out_stanza,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * packages_deb822_find:
 * @stanza: a stanza
 * @name: field name, in any case
 *
 * Returns: (transfer none) (nullable): the field
 */
const PackagesDeb822Field *packages_deb822_find(const PackagesDeb822Stanza *stanza,
                                                const char *name);

/**
 * packages_deb822_dup:
 * @stanza: a stanza
 * @name: field name, in any case
 *
 * Returns: (transfer full) (nullable): a copy of the field's value without comment lines;
 *   %NULL when the stanza has no such field
 */
char *packages_deb822_dup(const PackagesDeb822Stanza *stanza, const char *name);

/** packages_deb822_field_is: %TRUE if the value of @field is exactly @text (ASCII case aside) */
bool packages_deb822_field_is(const PackagesDeb822Field *field, const char *text);

G_END_DECLS
