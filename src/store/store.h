/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/error.h"

#include <ostree.h>
#include <stdbool.h>

G_BEGIN_DECLS

/**
 * Store:
 *
 * The state directory: build/ (a bare-user repo: every object ever imported), repo/ (the
 * published archive repo), cache/, images/, keys/, tmp/. One process at a time composes
 * into it: opening takes the lock.
 */
typedef struct _Store Store;

/**
 * store_open:
 * @state_dir: path, made when missing
 * @cancellable: (nullable)
 * @error: %BASE_ERROR_BUSY when another process has it, with its process id
 *
 * Opens the state directory for writing, makes what is missing, clears what a killed process
 * left in tmp/.
 *
 * Returns: (transfer full): the store
 */
Store *store_open(const char *state_dir, GCancellable *cancellable,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

void store_close(Store *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Store, store_close)

const char *store_get_dir(const Store *self);
OstreeRepo *store_get_build_repo(const Store *self);
OstreeRepo *store_get_published_repo(const Store *self);
/** store_get_build_fd: directory descriptor of build/ */
int store_get_build_fd(const Store *self);
/** store_get_published_fd: directory descriptor of repo/ */
int store_get_published_fd(const Store *self);

/** store_path: (transfer full): STATE/NAME */
char *store_path(const Store *self, const char *name);

/**
 * store_make_scratch:
 * @self: the store
 * @name: what it is for
 * @error: return location
 *
 * Returns: (transfer full): path of a new empty directory under tmp/, removed at the next
 *   store_open() at the latest
 */
char *store_make_scratch(const Store *self, const char *name,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
