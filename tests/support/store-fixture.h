/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/store.h"

G_BEGIN_DECLS

/**
 * SupportStore:
 * @dir: (owned): the state directory, with room for a test's own files
 * @store: the store in it
 *
 * What a unit test with contents needs: for g_test_add() with the two functions below.
 */
typedef struct {
    char *dir;
    Store *store;
} SupportStore;

/** support_store_set_up: makes both */
void support_store_set_up(SupportStore *self, const void *data);

/** support_store_tear_down: removes both */
void support_store_tear_down(SupportStore *self, const void *data);

G_END_DECLS
