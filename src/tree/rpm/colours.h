/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/import.h"

#include <rpm/rpmfiles.h>

G_BEGIN_DECLS

/**
 * tree_rpm_colours_find:
 * @imported: (element-type PackagesImported): all rpms of a tree
 *
 * Finds the programs that two packages have at one path for different sizes of word: as rpm does
 * with _prefer_color 2, the one of 64 bits goes in, and the other's package notes that it gave
 * way.
 *
 * Returns: (transfer full): what gives way, for tree_rpm_colours_gives_way()
 */
GHashTable *tree_rpm_colours_find(const GPtrArray *imported);

/** tree_rpm_colours_gives_way: whether file @index of @files, of the package of that digest, is
 * left out for another of its path */
bool tree_rpm_colours_gives_way(GHashTable *colours, const char *package_sha256, rpmfiles files,
                                int index);

G_END_DECLS
