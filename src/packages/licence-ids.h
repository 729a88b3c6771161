/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** packages_licence_ids_find: (nullable): the SPDX licence identifier that @name is, in any case */
const char *packages_licence_ids_find(const char *name);

/** packages_licence_ids_find_exception: (nullable): as packages_licence_ids_find(), for what may
 * follow WITH */
const char *packages_licence_ids_find_exception(const char *name);

G_END_DECLS
