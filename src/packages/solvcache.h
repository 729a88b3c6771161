/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <solv/repo.h>
#include <stdbool.h>

G_BEGIN_DECLS

/**
 * packages_solvcache_load:
 * @path: a copy in libsolv's own form
 * @repo: an empty repo; stays empty when there is no copy that can be read
 *
 * Returns: whether @repo was filled; that it was not is no error, as its source is still there
 */
bool packages_solvcache_load(const char *path, Repo *repo);

/** packages_solvcache_write: leaves a copy of @repo at @path, whole or not at all */
bool packages_solvcache_write(const char *path, Repo *repo,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
