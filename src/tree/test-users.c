/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Ids that stay: what a branch once gave to a name.
 */
#include "tree/users.h"

#include <string.h>

static const char passwd[] = "root:x:0:0:root:/root:/bin/bash\n"
                             "sync:x:4:65534:sync:/bin:/bin/sync\n"
                             "alpha:x:100:101::/nonexistent:/usr/sbin/nologin\n"
                             "beta:x:101:102:Be \"ta\":/var/lib/beta:/usr/sbin/nologin\n"
                             "person:x:1000:1000::/home/person:/bin/sh\n";
static const char group[] = "root:x:0:\nalpha:x:101:\nbeta:x:102:alpha\n";

static GVariant *ids(const char *text)
{
    return g_variant_ref_sink(g_variant_new_parsed(text));
}

static void test_first(void)
{
    g_autoptr(TreeUsersMap) map = tree_users_plan(passwd, group, NULL, NULL);
    g_autofree char *text = tree_users_rewrite(map, passwd);
    g_assert_cmpstr(text, ==, passwd);
    g_autoptr(GVariant) uids = tree_users_uids(map);
    g_autofree char *printed = g_variant_print(uids, FALSE);
    g_assert_cmpstr(printed, ==, "{'alpha': 100, 'beta': 101}");
}

static void test_kept(void)
{
    /* beta was there before alpha came; a gone user's id is not given again */
    g_autoptr(GVariant) last = ids("{'beta': uint32 100, 'gone': 101}");
    g_autoptr(GVariant) last_groups = ids("{'beta': uint32 101}");
    g_autoptr(TreeUsersMap) map = tree_users_plan(passwd, group, last, last_groups);
    g_assert_cmpuint(tree_users_map_uid(map, 101), ==, 100);
    g_assert_cmpuint(tree_users_map_uid(map, 100), ==, 999);
    g_assert_cmpuint(tree_users_map_uid(map, 0), ==, 0);
    g_assert_cmpuint(tree_users_map_uid(map, 1000), ==, 1000);
    g_assert_cmpuint(tree_users_map_gid(map, 102), ==, 101);
    g_autofree char *text = tree_users_rewrite(map, passwd);
    g_assert_nonnull(strstr(text, "\nbeta:x:100:101:"));
    g_assert_nonnull(strstr(text, "\nalpha:x:999:999:"));
    g_autofree char *groups = tree_users_rewrite(map, group);
    g_assert_nonnull(strstr(groups, "\nbeta:x:101:alpha"));
    g_autoptr(GVariant) uids = tree_users_uids(map);
    g_autofree char *printed = g_variant_print(uids, FALSE);
    g_assert_cmpstr(printed, ==, "{'alpha': 999, 'beta': 100, 'gone': 101}");
}

static void test_sysusers(void)
{
    g_autofree char *text = tree_users_sysusers(passwd, group);
    g_assert_nonnull(strstr(text, "\ng beta 102 -\n"));
    g_assert_nonnull(strstr(text, "\nu beta 101:102 \"Be  ta \" /var/lib/beta "));
    g_assert_nonnull(strstr(text, "\nm alpha beta\n"));
    g_assert_null(strstr(text, "u root"));
    g_assert_null(strstr(text, "person"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tree/users/first", test_first);
    g_test_add_func("/tree/users/kept", test_kept);
    g_test_add_func("/tree/users/sysusers", test_sysusers);
    return g_test_run();
}
