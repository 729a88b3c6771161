/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What Ignition's command line means: its options with one dash or two, as Go's are.
 */
#include "cmd/provision/commands.h"

#include <string.h>

char **cmd_provision_ignition_argv(char **argv)
{
    GStrvBuilder *builder = g_strv_builder_new();
    bool version = false, has_root = false;
    g_strv_builder_add_many(builder, "atoll-provision", "initramfs", NULL);
    for (char **word = argv + 1; *word != NULL; word++) {
        bool one_dash = word[0][0] == '-' && word[0][1] != '-' && word[0][1] != '\0';
        g_autofree char *two = g_strconcat(one_dash ? "-" : "", *word, NULL);
        version = version || strcmp(two, "--version") == 0;
        has_root = has_root || strcmp(two, "--root") == 0 || g_str_has_prefix(two, "--root=");
        /* where Ignition keeps what its stages tell each other: atoll has a place of its own */
        if (strcmp(two, "--state-file") == 0 && word[1] != NULL)
            word++;
        if (g_str_has_prefix(two, "--state-file"))
            continue;
        g_autofree char *need =
            g_str_has_prefix(two, "--neednet") ? g_strconcat("--need-net", two + 9, NULL) : NULL;
        g_strv_builder_add(builder, need != NULL ? need : two);
    }
    if (!has_root)
        g_strv_builder_add(builder, "--root=/");
    char **words = g_strv_builder_end(builder);
    g_strv_builder_unref(builder);
    if (version) {
        g_strfreev(words);
        const char *const only[] = {"atoll-provision", "--version", NULL};
        words = g_strdupv((char **)only);
    }
    return words;
}
