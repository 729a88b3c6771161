/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What scripts, clouds' tools and people type as “cloud-init …”, in our commands.
 */
#include "cmd/provision/cloud-init.h"

#include "cmd/provision/commands.h"

#include <stdio.h>
#include <string.h>

static int run(const char *command, char **rest)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_ptr_array_add(argv, (gpointer) "cloud-init");
    g_ptr_array_add(argv, (gpointer)command);
    for (; *rest != NULL; rest++)
        g_ptr_array_add(argv, *rest);
    g_ptr_array_add(argv, NULL);
    return cmd_main("cloud-init", "Ask about this host's first boot", atoll_provision_commands,
                    (int)argv->len - 1, (char **)argv->pdata);
}

/* schema --config-file FILE, schema --system: validate FILE */
static int schema(char **rest)
{
    char *file = NULL;
    for (char **word = rest; *word != NULL; word++) {
        if ((strcmp(*word, "-c") == 0 || strcmp(*word, "--config-file") == 0) && word[1] != NULL)
            file = word[1];
        else if (g_str_has_prefix(*word, "--config-file="))
            file = *word + strlen("--config-file=");
        else if (strcmp(*word, "--system") == 0)
            file = (char *)"/var/lib/cloud/instance/user-data.txt";
    }
    char *validate[] = {file, NULL};
    return file != NULL ? run("validate", validate) : run("schema", validate);
}

int cmd_provision_cloud_init_main(int argc, char **argv)
{
    static const char *const same[] = {"status", "query", "clean", NULL};
    static const char *const boots[] = {"init", "modules", "single", "features", NULL};
    const char *word = argc > 1 ? argv[1] : "--help";
    char **rest = argc > 1 ? argv + 2 : argv + argc;
    if (strcmp(word, "--version") == 0 || strcmp(word, "-v") == 0) {
        (void)printf("cloud-init %s (atoll-provision)\n", ATOLL_VERSION);
        return 0;
    }
    if (g_strv_contains(same, word))
        return run(word, rest);
    if (strcmp(word, "schema") == 0)
        return schema(rest);
    if (g_strv_contains(boots, word)) {
        (void)fprintf(stderr,
                      "cloud-init: ‘%s’ is done by atoll-provision's services; see "
                      "“atoll-provision apply”\n",
                      word);
        return 0;
    }
    (void)fprintf(stderr, "cloud-init: this host has atoll-provision, whose cloud-init knows "
                          "status, query, schema, clean and --version\n");
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 ? 0 : 2;
}
