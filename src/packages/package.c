/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The record of one chosen package.
 */
#include "packages/package.h"

void packages_package_free(PackagesPackage *self)
{
    if (self == NULL)
        return;
    g_free(self->name);
    g_free(self->version);
    g_free(self->arch);
    g_free(self->source);
    g_free(self->sha256);
    g_free(self->repo_id);
    g_free(self->url);
    g_strfreev(self->mirrors);
    g_clear_pointer(&self->keys, g_bytes_unref);
    g_free(self->path);
    g_free(self);
}
