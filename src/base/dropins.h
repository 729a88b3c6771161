/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * base_dropins_find:
 * @dfd: directory descriptor or AT_FDCWD
 * @dirs: directories relative to @dfd, the weakest first, %NULL-terminated; missing ones are fine
 * @suffix: of the files that count (".yaml")
 * @error: a directory that cannot be read
 *
 * A file hides those of the same name in weaker directories; a link to /dev/null hides them and
 * brings nothing.
 *
 * Returns: (transfer full) (element-type utf8): paths relative to @dfd, in the order of their names
 */
GPtrArray *base_dropins_find(int dfd, const char *const *dirs, const char *suffix,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
