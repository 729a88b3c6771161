/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Names of a cpio archive that the cpio program made, and of broken ones.
 */
#include "tree/cpio.h"

#include "base/fd.h"
#include "base/run.h"

#include <fcntl.h>
#include <string.h>

static GHashTable *new_set(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void test_real(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("atoll-cpio-XXXXXX", &error);
    g_assert_no_error(error);
    g_autofree char *script = g_strdup_printf(
        "cd '%s' && mkdir -p usr/bin && echo text > usr/bin/a && ln -s a usr/bin/b && "
        "find usr | cpio --quiet -o -H newc > out.cpio",
        dir);
    g_assert_true(base_run_simple("making an archive", &error, "sh", "-ec", script, NULL));
    g_assert_no_error(error);
    g_autofree char *path = g_build_filename(dir, "out.cpio", NULL);
    g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, path, 1 << 20, &error);
    g_assert_no_error(error);
    g_autoptr(GHashTable) names = new_set();
    size_t size_bytes = 0;
    const char *data = g_bytes_get_data(bytes, &size_bytes);
    g_assert_true(tree_cpio_list(data, size_bytes, names, &error));
    g_assert_cmpuint(g_hash_table_size(names), ==, 4);
    g_assert_true(g_hash_table_contains(names, "usr/bin/b"));
    /* cut anywhere before the trailer, it is malformed, never read past its end */
    size_t trailer = 0;
    for (size_t i = 0; i + 10 < size_bytes && trailer == 0; i++)
        if (memcmp(data + i, "TRAILER!!!", 10) == 0)
            trailer = i;
    g_assert_cmpuint(trailer, >, 0);
    for (size_t cut = 0; cut < trailer; cut += 7) {
        g_autofree char *copy = g_memdup2(data, cut);
        g_autoptr(GError) cut_error = NULL;
        g_autoptr(GHashTable) some = new_set();
        g_assert_false(tree_cpio_list(copy, cut, some, &cut_error));
        g_assert_error(cut_error, TREE_ERROR, TREE_ERROR_FAILED);
    }
    g_assert_true(base_fd_remove_tree(AT_FDCWD, dir, &error));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tree/cpio/real", test_real);
    return g_test_run();
}
