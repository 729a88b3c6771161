/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A store in a directory of its own, for unit tests.
 */
#include "support/store-fixture.h"

#include "base/fd.h"

#include <fcntl.h>

void support_store_set_up(SupportStore *self, const void *data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    self->dir = g_dir_make_tmp("atoll-test-XXXXXX", &error);
    g_assert_no_error(error);
    self->store = store_open(self->dir, NULL, &error);
    g_assert_no_error(error);
}

void support_store_tear_down(SupportStore *self, const void *data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    store_close(self->store);
    g_assert_true(base_fd_remove_tree(AT_FDCWD, self->dir, &error));
    g_free(self->dir);
}
