/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads hostile *.repo files.
 */
#include "manifest/records.h"
#include "manifest/repo-file.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *find(const char *name, void *user_data)
{
    (void)user_data;
    return strcmp(name, "releasever") == 0 ? "42" : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    ManifestRepoFile file = {
        .name = "x.repo", .data = (const char *)data, .size_bytes = size, .variable = find};
    g_autoptr(GPtrArray) repos = manifest_repo_file_parse(&file, NULL, NULL, &error);
    g_assert_true((repos == NULL) == (error != NULL));
    if (repos == NULL)
        g_assert_true(g_str_has_prefix(error->message, "x.repo:"));
    return 0;
}
