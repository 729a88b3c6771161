/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A repo for the fuzz targets that write objects, and what must hold for what they read.
 */
#include "support/scratch-repo.h"

#include "base/fd.h"
#include "store/store.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 128

/* libFuzzer calls a target over and over: what it needs once has to be static. */
static struct {
    char *dir;
    Store *store;
} scratch;

static void remove_scratch(void)
{
    store_close(g_steal_pointer(&scratch.store));
    (void)!base_fd_remove_tree(AT_FDCWD, scratch.dir, NULL);
    g_clear_pointer(&scratch.dir, g_free);
}

int support_scratch_repo_fd(void)
{
    if (scratch.store == NULL) {
        g_autoptr(GError) error = NULL;
        scratch.dir = g_dir_make_tmp("atoll-fuzz-XXXXXX", &error);
        g_assert_no_error(error);
        scratch.store = store_open(scratch.dir, NULL, &error);
        g_assert_no_error(error);
        (void)atexit(remove_scratch);
    }
    return store_get_build_fd(scratch.store);
}

static void check_below(const StoreNode *node, unsigned depth)
{
    g_assert_cmpuint(depth, <, DEPTH_MAX);
    g_assert_true(node->target == NULL || g_utf8_validate(node->target, -1, NULL));
    if (!store_node_is_dir(node))
        return;
    g_autoptr(GPtrArray) names = store_node_names(node);
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        g_assert_true(*name != '\0' && strlen(name) <= 255 && strchr(name, '/') == NULL);
        g_assert_true(strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
        g_assert_true(g_utf8_validate(name, -1, NULL));
        check_below(g_hash_table_lookup(node->children, name), depth + 1);
    }
}

void support_check_tree(const StoreNode *root)
{
    check_below(root, 0);
}
