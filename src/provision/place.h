/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * ProvisionPlace:
 * @source: (nullable): what it stands in: a file, a part of the user-data, a URL without
 *   secrets; an interned string
 * @key: (nullable): the key's path ("users[1].shell"); an interned string
 * @line: first is 1; 0 when there is none
 * @column: first is 1
 *
 * Where a value comes from. A plain value: it is copied, and owns nothing.
 */
typedef struct {
    const char *source;
    const char *key;
    unsigned line;
    unsigned column;
} ProvisionPlace;

/** provision_place_intern: (transfer none): @text for a #ProvisionPlace, kept until the process
 * ends; equal texts are kept once */
const char *provision_place_intern(const char *text);

G_END_DECLS
