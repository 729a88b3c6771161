/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * main() of a fuzz target without a fuzzer: runs it once over each file of the directories
 * (or files) that it is given, and over every prefix of the small ones.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define REPLAY_PREFIX_MAX_BYTES 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of its exact size, so that a sanitizer sees a read past its end. */
static void run_once(const char *data, size_t size)
{
    g_autofree uint8_t *copy = g_memdup2(data, size);
    static const uint8_t nothing[1] = {0};
    LLVMFuzzerTestOneInput(size == 0 ? nothing : copy, size);
}

static bool run_file(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *data = NULL;
    gsize size = 0;
    if (!g_file_get_contents(path, &data, &size, &error)) {
        fprintf(stderr, "%s\n", error->message);
        return false;
    }
    run_once(data, size);
    for (size_t length = 0; size <= REPLAY_PREFIX_MAX_BYTES && length < size; length++)
        run_once(data, length);
    return true;
}

static int run_dir(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    int n_files = 0;
    for (const char *name = NULL; dir != NULL && (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *child = g_build_filename(path, name, NULL);
        if (!run_file(child))
            return 0;
        n_files++;
    }
    return n_files;
}

int main(int argc, char **argv)
{
    int n_files = 0;
    for (int i = 1; i < argc; i++) {
        int n = g_file_test(argv[i], G_FILE_TEST_IS_DIR) ? run_dir(argv[i]) : run_file(argv[i]);
        if (n == 0) {
            fprintf(stderr, "%s: nothing to replay\n", argv[i]);
            return 1;
        }
        n_files += n;
    }
    printf("%d files\n", n_files);
    return 0;
}
