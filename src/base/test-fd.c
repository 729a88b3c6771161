/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reading files whole: of every size about the chunk's, of none, and more than is allowed.
 */
#include "base/fd.h"

#include "base/error.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_BYTES 150000u

static void test_sizes(void)
{
    static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 131072, MAX_BYTES};
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(GError) error = NULL;
        base_autofd fd = memfd_create("file", MFD_CLOEXEC);
        g_autofree char *data = g_strnfill(sizes[i], 'x');
        g_assert_true(base_fd_write_all(fd, data, sizes[i], &error));
        g_assert_cmpint(lseek(fd, 0, SEEK_SET), ==, 0);
        g_autoptr(GBytes) bytes = base_fd_read_all(fd, MAX_BYTES, &error);
        g_assert_no_error(error);
        g_assert_cmpmem(g_bytes_get_data(bytes, NULL), (int)g_bytes_get_size(bytes), data,
                        (int)sizes[i]);
        /* text may be read as a string */
        g_assert_true(sizes[i] == 0 || strlen(g_bytes_get_data(bytes, NULL)) == sizes[i]);
    }
}

static void test_too_large(void)
{
    static const size_t sizes[] = {MAX_BYTES + 1, 2 * MAX_BYTES};
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(GError) error = NULL;
        base_autofd fd = memfd_create("file", MFD_CLOEXEC);
        g_assert_cmpint(ftruncate(fd, (off_t)sizes[i]), ==, 0);
        g_assert_null(base_fd_read_all(fd, MAX_BYTES, &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
    }
}

/* Files of /proc have the size 0, pipes none. */
static void test_no_size(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) maps = base_fd_read_file(AT_FDCWD, "/proc/self/maps", 16u << 20, &error);
    g_assert_no_error(error);
    g_assert_nonnull(strstr(g_bytes_get_data(maps, NULL), "[stack]"));
    int ends[2];
    g_assert_cmpint(pipe(ends), ==, 0);
    base_autofd out = ends[0];
    g_assert_true(base_fd_write_all(ends[1], "text", 4, &error));
    (void)close(ends[1]);
    g_autoptr(GBytes) piped = base_fd_read_all(out, MAX_BYTES, &error);
    g_assert_cmpmem(g_bytes_get_data(piped, NULL), (int)g_bytes_get_size(piped), "text", 4);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/fd/sizes", test_sizes);
    g_test_add_func("/base/fd/too-large", test_too_large);
    g_test_add_func("/base/fd/no-size", test_no_size);
    return g_test_run();
}
