/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The stages of debs: closed under dependencies, and a function of the set alone.
 */
#include "tree/formats/deb-plan.h"

#include "packages/formats/deb.h"

#include <string.h>

static void add(GPtrArray *imported, const char *name, const char *fields, const char *script)
{
    PackagesPackage *package = g_new0(PackagesPackage, 1);
    package->name = g_strdup(name);
    PackagesImported *one = g_new0(PackagesImported, 1);
    one->package = package;
    one->root = store_node_new_dir(0755);
    one->stanza = g_strdup_printf("Package: %s\n%s", name, fields);
    if (script != NULL) {
        g_autofree char *path = g_strdup_printf(PACKAGES_DPKG_DIR "/info/%s.%s", name, script);
        store_node_put(one->root, path, g_new0(StoreNode, 1));
    }
    g_ptr_array_add(imported, one);
}

static void free_one(void *data)
{
    PackagesImported *one = data;
    packages_package_free((PackagesPackage *)one->package);
    packages_imported_free(one);
}

static char *print(GPtrArray *imported)
{
    g_autoptr(GPtrArray) stages = tree_deb_plan(imported);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < stages->len; i++) {
        const GPtrArray *stage = stages->pdata[i];
        g_string_append(text, i > 0 ? " |" : "");
        for (guint n = 0; n < stage->len; n++)
            g_string_append_printf(text, " %s",
                                   ((const PackagesImported *)stage->pdata[n])->package->name);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void test_stages(void)
{
    g_autoptr(GPtrArray) imported = g_ptr_array_new_with_free_func(free_one);
    add(imported, "alone", "", NULL);
    add(imported, "base", "Essential: yes\nDepends: awk, libc (>= 2)\n", "postinst");
    add(imported, "daemon", "Depends: lib:any | other,\n common [amd64]\n", "postinst");
    add(imported, "common", "", NULL);
    add(imported, "interested", "", "triggers");
    add(imported, "lib", "Depends: libc\n", NULL);
    add(imported, "libc", "", "postinst");
    add(imported, "loop1", "Depends: loop2\n", NULL);
    add(imported, "loop2", "Depends: loop1\n", NULL);
    add(imported, "mawk", "Provides: awk (= 1)\n", NULL);
    add(imported, "other", "Depends: missing\n", NULL);
    add(imported, "required", "Priority: required\nPre-Depends: self\n", NULL);
    add(imported, "self", "Depends: self\n", NULL);
    g_autofree char *text = print(imported);
    g_assert_cmpstr(text, ==,
                    " base libc mawk required self | common lib loop1 loop2 other"
                    " | daemon interested | alone");
}

static void test_nothing(void)
{
    g_autoptr(GPtrArray) imported = g_ptr_array_new_with_free_func(free_one);
    g_autofree char *none = print(imported);
    g_assert_cmpstr(none, ==, "");
    add(imported, "broken", "no field at all\n", NULL);
    g_autofree char *text = print(imported);
    g_assert_cmpstr(text, ==, " broken");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/deb-plan/stages", test_stages);
    g_test_add_func("/deb-plan/nothing", test_nothing);
    return g_test_run();
}
