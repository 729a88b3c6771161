/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tree/error.h"

#include <stddef.h>

G_BEGIN_DECLS

/**
 * TreeOsRelease:
 * @id: (owned): "debian"; "linux" when nothing is said
 * @version_id: (owned): "12", or empty
 * @codename: (owned): "bookworm", or empty
 * @pretty_name: (owned): "Debian GNU/Linux 12 (bookworm)", or empty
 *
 * What a tree says it is (os-release(5)).
 */
typedef struct {
    char *id;
    char *version_id;
    char *codename;
    char *pretty_name;
} TreeOsRelease;

void tree_os_release_clear(TreeOsRelease *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TreeOsRelease, tree_os_release_clear)

/** tree_os_release_parse: reads @size_bytes bytes at @data; lines that say nothing known or are
 * malformed are passed over */
void tree_os_release_parse(TreeOsRelease *self, const char *data, size_t size_bytes);

G_END_DECLS
