/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A user database of anything: the input is passwd, group and shadow at once, and a name on its
 * first line. Adding a user must leave every line that was there.
 */
#include "base/fd.h"
#include "provision/apply/accounts.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put(ProvisionRoot *root, const char *path, const char *text)
{
    if (!provision_root_write_text(root, path, text, 0600, NULL, NULL))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *path = g_dir_make_tmp("atoll-fuzz-XXXXXX", NULL);
    g_autofree char *text = g_strndup((const char *)data, MIN(size, 4096));
    g_autofree char *name = g_strndup(text, strcspn(text, "\n"));
    g_autoptr(ProvisionRoot) root = provision_root_open(path, NULL);
    if (root == NULL)
        abort();
    put(root, "/etc/passwd", text);
    put(root, "/etc/group", text);
    put(root, "/etc/shadow", text);
    put(root, "/etc/login.defs", text);
    {
        g_autoptr(ProvisionAccounts) accounts = provision_accounts_open(root, NULL);
        const ProvisionAccountsNew user = {.name = name,
                                           .uid = -1,
                                           .own_group = true,
                                           .home = "/h",
                                           .shell = "/s",
                                           .password = "!",
                                           .inactive_days = -1};
        bool there = provision_accounts_find_user(accounts, name, NULL);
        g_autoptr(GError) error = NULL;
        if (!there && provision_accounts_add_user(accounts, &user, &error)) {
            if (!provision_accounts_save(accounts, NULL))
                abort();
            g_autofree char *after = provision_root_read_text(root, "/etc/passwd");
            g_autofree char *line = g_strdup_printf("\n%s:x:", name);
            if (strpbrk(name, ":/\n") != NULL || strstr(after, line) == NULL)
                abort();
        }
    }
    if (!base_fd_remove_tree(AT_FDCWD, path, NULL))
        abort();
    return 0;
}
