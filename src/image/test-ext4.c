/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tests of image/ext4: e2fsck checks it, debugfs reads it back, twice gives the same bytes.
 */
#include "image/ext4.h"

#include "base/fd.h"
#include "base/run.h"
#include "image/error.h"
#include "image/layout.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define UUID "817ab235-efba-8429-aa1b-8807ac71945e"
#define TIMESTAMP 1763596800
#define MANY_FILES 2000

static void write_text(int dfd, const char *path, const char *text, mode_t mode)
{
    g_autoptr(GError) error = NULL;
    bool ok =
        base_fd_replace_file(dfd, path, text, strlen(text), mode, BASE_FD_REPLACE_NO_SYNC, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
}

static char *make_source(int *out_dfd)
{
    g_autoptr(GError) error = NULL;
    char *path = g_dir_make_tmp("ext4-XXXXXX", &error);
    g_assert_no_error(error);
    base_autofd dfd = base_fd_open_dir(AT_FDCWD, path, &error);
    g_assert_no_error(error);
    g_assert_true(base_fd_make_dirs(dfd, "many", 0750, &error));
    g_assert_true(base_fd_make_dirs(dfd, "sealed/inside", 0755, &error));
    write_text(dfd, "small", "hello\n", 0640);
    write_text(dfd, "empty", "", 0600);
    g_autofree char *large = g_strnfill(5 * 1024 * 1024 + 3, 'x');
    write_text(dfd, "large", large, 0644);
    g_assert_cmpint(linkat(dfd, "small", dfd, "sealed/small-too", 0), ==, 0);
    g_assert_cmpint(symlinkat("small", dfd, "short-link"), ==, 0);
    g_autofree char *target = g_strnfill(200, 't');
    g_assert_cmpint(symlinkat(target, dfd, "long-link"), ==, 0);
    for (int i = 0; i < MANY_FILES; i++) {
        g_autofree char *name = g_strdup_printf("many/a-file-with-a-longer-name-%d", i);
        write_text(dfd, name, "x", 0644);
    }
    g_autofree char *small = g_build_filename(path, "small", NULL);
    g_assert_cmpint(setxattr(small, "user.atoll", "value", 5, 0), ==, 0);
    *out_dfd = base_fd_steal(&dfd);
    return path;
}

static char *write_image(int source_dfd, uint64_t size_bytes, GError **error)
{
    g_autofree char *path = NULL;
    base_autofd fd = g_file_open_tmp("ext4-XXXXXX", &path, NULL);
    g_assert_cmpint(ftruncate(fd, (off_t)size_bytes), ==, 0);
    ImageExt4Usage usage = {0};
    g_assert_true(image_ext4_measure(source_dfd, &usage, NULL));
    if (size_bytes == 0) {
        size_bytes = image_ext4_size_bytes(&usage);
        g_assert_cmpint(ftruncate(fd, (off_t)size_bytes), ==, 0);
    }
    const ImageExt4 ext4 = {.path = path,
                            .size_bytes = size_bytes,
                            .uuid = UUID,
                            .label = "root",
                            .timestamp = TIMESTAMP,
                            .immutable_path = "sealed"};
    if (!image_ext4_write(&ext4, source_dfd, &usage, NULL, NULL, error)) {
        g_unlink(path);
        return NULL;
    }
    return g_steal_pointer(&path);
}

static char *debugfs(const char *path, const char *request)
{
    g_autoptr(GError) error = NULL;
    const char *const argv[] = {"/usr/sbin/debugfs", "-R", request, path, NULL};
    char *output = NULL;
    bool ok = base_run(&(BaseRun){.argv = argv}, &output, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    return output;
}

static void assert_answer(const char *path, const char *request, const char *wanted)
{
    g_autofree char *output = debugfs(path, request);
    if (strstr(output, wanted) == NULL)
        g_error("‘%s’ says no ‘%s’ but:\n%s", request, wanted, output);
}

static void test_oracles(void)
{
    g_autoptr(GError) error = NULL;
    base_autofd dfd = -1;
    g_autofree char *source = make_source(&dfd);
    g_autofree char *path = write_image(dfd, 0, &error);
    g_assert_no_error(error);

    bool ok = base_run_simple("e2fsck", &error, "/usr/sbin/e2fsck", "-fn", path, NULL);
    g_assert_no_error(error);
    g_assert_true(ok);
    assert_answer(path, "cat /small", "hello\n");
    assert_answer(path, "cat /sealed/small-too", "hello\n");
    assert_answer(path, "stat /small", "Links: 2");
    assert_answer(path, "stat /small", "Mode:  0640");
    assert_answer(path, "stat /large", "Size: 5242883");
    assert_answer(path, "stat /many", "Mode:  0750");
    assert_answer(path, "stat /sealed", "Flags: 0x80010");
    assert_answer(path, "stat /short-link", "Fast link dest: \"small\"");
    assert_answer(path, "stat /long-link", "Size: 200");
    assert_answer(path, "ea_get /small user.atoll", "value");
    assert_answer(path, "stat /many/a-file-with-a-longer-name-1999", "Size: 1");
    g_autofree char *copy = g_strdup_printf("%s.large", path);
    g_autofree char *dump = g_strdup_printf("dump /large %s", copy);
    g_autofree char *ignored = debugfs(path, dump);
    g_autofree char *original = g_build_filename(source, "large", NULL);
    ok = base_run_simple("comparing", &error, "cmp", copy, original, NULL);
    g_assert_no_error(error);
    g_assert_true(ok);
    g_unlink(copy);
    g_unlink(path);
    g_assert_true(base_fd_remove_tree(AT_FDCWD, source, NULL));
}

static void test_same_input_same_bytes(void)
{
    g_autoptr(GError) error = NULL;
    base_autofd dfd = -1, copy_dfd = -1;
    g_autofree char *source = make_source(&dfd);
    g_autofree char *copy = make_source(&copy_dfd);
    g_autofree char *a = write_image(dfd, 0, &error);
    g_assert_no_error(error);
    g_autofree char *b = write_image(copy_dfd, 0, &error);
    g_assert_no_error(error);
    bool ok = base_run_simple("comparing", &error, "cmp", a, b, NULL);
    g_assert_no_error(error);
    g_assert_true(ok);
    g_unlink(a);
    g_unlink(b);
    g_assert_true(base_fd_remove_tree(AT_FDCWD, source, NULL));
    g_assert_true(base_fd_remove_tree(AT_FDCWD, copy, NULL));
}

static void test_full(void)
{
    g_autoptr(GError) error = NULL;
    base_autofd dfd = -1;
    g_autofree char *source = make_source(&dfd);
    base_autofd fd = openat(dfd, "too-large", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    g_assert_cmpint(ftruncate(fd, 96 << 20), ==, 0);
    g_autofree char *path = write_image(dfd, 88 * IMAGE_MIB, &error);
    g_assert_error(error, IMAGE_ERROR, IMAGE_ERROR_SIZE);
    g_assert_null(path);
    g_assert_true(base_fd_remove_tree(AT_FDCWD, source, NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/image/ext4/oracles", test_oracles);
    g_test_add_func("/image/ext4/same-input-same-bytes", test_same_input_same_bytes);
    g_test_add_func("/image/ext4/full", test_full);
    return g_test_run();
}
