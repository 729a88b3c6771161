/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which rpms are only files.
 */
#include "tree/formats/rpm-plan.h"

#include "tree/rpm/files.h"

#include <rpm/rpmtag.h>
#include <string.h>

typedef struct {
    const char *name;
    rpmTagVal tag;    /* one more tag that it has, 0 for none */
    const char *text; /* of that tag */
    const char *dir;  /* where its only file is */
} Case;

static void put_text(Header header, rpmTagVal tag, const char *text)
{
    /* triggers and relations are lists, scripts are not */
    if (rpmTagGetReturnType(tag) == RPM_ARRAY_RETURN_TYPE)
        (void)headerPutStringArray(header, tag, &text, 1);
    else
        (void)headerPutString(header, tag, text);
}

static void add(GPtrArray *imported, const Case *what)
{
    uint32_t index = 0;
    g_autoptr(TreeRpmHeader) header = headerNew();
    (void)headerPutString(header, RPMTAG_NAME, what->name);
    put_text(header, RPMTAG_PROVIDENAME, what->name);
    put_text(header, RPMTAG_BASENAMES, what->name);
    put_text(header, RPMTAG_DIRNAMES, what->dir != NULL ? what->dir : "/usr/share/");
    (void)headerPutUint32(header, RPMTAG_DIRINDEXES, &index, 1);
    if (what->tag != 0)
        put_text(header, what->tag, what->text);
    unsigned size_bytes = 0;
    void *blob = headerExport(header, &size_bytes);
    PackagesPackage *package = g_new0(PackagesPackage, 1);
    package->name = g_strdup(what->name);
    PackagesImported *one = g_new0(PackagesImported, 1);
    one->package = package;
    one->root = store_node_new_dir(0755);
    one->header = g_bytes_new_with_free_func(blob, size_bytes, free, blob);
    g_ptr_array_add(imported, one);
}

static void free_one(void *data)
{
    PackagesImported *one = data;
    packages_package_free((PackagesPackage *)one->package);
    packages_imported_free(one);
}

static char *print(const Case *cases, size_t n_cases)
{
    g_autoptr(GPtrArray) imported = g_ptr_array_new_with_free_func(free_one);
    for (size_t i = 0; i < n_cases; i++)
        add(imported, &cases[i]);
    g_autoptr(GPtrArray) stages = tree_rpm_plan(imported);
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

static void test_cut(void)
{
    static const Case cases[] = {
        {"alone", RPMTAG_REQUIRENAME, "lib", NULL},
        {"itself", RPMTAG_REQUIRENAME, "itself", NULL},
        {"lib", 0, NULL, NULL},
        {"of-path", 0, NULL, "/usr/bin/"},
        {"of-rich", 0, NULL, NULL},
        {"ordered", 0, NULL, NULL},
        {"posttrans", RPMTAG_POSTTRANS, "true", NULL},
        {"post-of-a-program", RPMTAG_POSTINPROG, "/sbin/ldconfig", NULL},
        {"triggered", 0, NULL, NULL},
        {"trigger-on-file", RPMTAG_FILETRIGGERNAME, "/usr/lib/watched", NULL},
        {"trigger-on-files", RPMTAG_TRANSFILETRIGGERNAME, "/usr/lib/seen", NULL},
        {"trigger-on-name", RPMTAG_TRIGGERNAME, "triggered", NULL},
        {"wants-order", RPMTAG_ORDERNAME, "ordered", NULL},
        {"wants-path", RPMTAG_REQUIRENAME, "/usr/bin/of-path", NULL},
        {"wants-rich", RPMTAG_REQUIRENAME, "((of-rich or other) if lib)", NULL},
        {"watched", 0, NULL, "/usr/lib/watched.d/"},
        {"seen", 0, NULL, "/usr/lib/seen/"},
    };
    g_autofree char *text = print(cases, G_N_ELEMENTS(cases));
    g_assert_cmpstr(text, ==,
                    " lib of-path of-rich ordered posttrans post-of-a-program triggered "
                    "trigger-on-file trigger-on-files trigger-on-name watched seen"
                    " | alone itself wants-order wants-path wants-rich");
}

static void test_one_stage(void)
{
    static const Case scripted[] = {{"a", RPMTAG_PREIN, "true", NULL}};
    static const Case plain[] = {{"a", 0, NULL, NULL}};
    g_autofree char *first = print(scripted, 1);
    g_autofree char *last = print(plain, 1);
    g_autofree char *none = print(NULL, 0);
    g_assert_cmpstr(first, ==, " a");
    g_assert_cmpstr(last, ==, " a");
    g_assert_cmpstr(none, ==, "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tree/rpm-plan/cut", test_cut);
    g_test_add_func("/tree/rpm-plan/one-stage", test_one_stage);
    return g_test_run();
}
