/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of package formats.
 */
#include "packages/format.h"

#include "packages/formats/deb.h"
#include "packages/formats/rpm.h"

#include <string.h>

static const PackagesFormat *const formats[] = {
    &packages_deb_format,
    &packages_rpm_format,
};

const PackagesFormat *packages_format_find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++)
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    return NULL;
}

void packages_contents_clear(PackagesContents *self)
{
    g_clear_pointer(&self->root, store_node_free);
    g_clear_pointer(&self->stanza, g_free);
    g_clear_pointer(&self->header, g_bytes_unref);
}
