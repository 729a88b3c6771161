/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rules on the scripts of debs.
 */
#include "tree/deb-rules.h"

#include "base/fd.h"
#include "packages/formats/deb.h"
#include "tree/rules.h"

#include <fcntl.h>
#include <string.h>

/* where a script that may fail is called from */
#define ORIGINALS "/run/atoll/scripts"

typedef struct {
    const char *root;
    const char *scratch;
    GArray *binds;    /* owned: BaseSandboxBind */
    GPtrArray *paths; /* owned: text that @binds borrows */
} Build;

void tree_deb_rules_clear(TreeDebRules *self)
{
    g_clear_pointer(&self->binds, g_free);
    g_clear_pointer(&self->paths, g_ptr_array_unref);
}

static void add_bind(Build *build, char *source, char *target)
{
    const BaseSandboxBind bind = {.source = source, .target = target, .writable = false};
    g_ptr_array_add(build->paths, source);
    g_ptr_array_add(build->paths, target);
    g_array_append_val(build->binds, bind);
}

static char *write_script(const TreeRule *rule, const char *file)
{
    switch (rule->action) {
    case TREE_RULE_REPLACE:
        return g_str_has_prefix(rule->with, "#!")
                   ? g_strdup(rule->with)
                   : g_strdup_printf("#!%s\n%s",
                                     rule->interpreter != NULL ? rule->interpreter : "/bin/sh",
                                     rule->with);
    case TREE_RULE_MAY_FAIL:
        return g_strdup_printf("#!/bin/sh\n" ORIGINALS "/%s \"$@\" || :\n", file);
    case TREE_RULE_SKIP:
    default:
        return g_strdup("#!/bin/sh\n");
    }
}

/* @file is "NAME.postinst" or, of a package that others of its name may stand beside,
 * "NAME:ARCH.postinst". */
static bool apply(Build *build, const TreeRule *rule, const char *file, GError **error)
{
    g_autofree char *text = write_script(rule, file);
    char *other = g_build_filename(build->scratch, file, NULL);
    char *place = g_strconcat("/" PACKAGES_DPKG_DIR "/info/", file, NULL);
    if (rule->action == TREE_RULE_MAY_FAIL)
        add_bind(build, g_strconcat(build->root, place, NULL),
                 g_strconcat(ORIGINALS "/", file, NULL));
    add_bind(build, other, place);
    return base_fd_replace_file(AT_FDCWD, other, text, strlen(text), 0755, BASE_FD_REPLACE_NO_SYNC,
                                error);
}

static bool look_at(Build *build, const TreeRules *rules, const PackagesImported *one,
                    GError **error)
{
    static const char *const scripts[] = {"preinst", "postinst", NULL};
    StoreNode *info = store_node_find(one->root, PACKAGES_DPKG_DIR "/info");
    g_autoptr(GPtrArray) names =
        info != NULL && store_node_is_dir(info) ? store_node_names(info) : g_ptr_array_new();
    for (guint i = 0; i < names->len; i++) {
        const char *dot = strrchr(names->pdata[i], '.');
        const TreeRule *rule = dot != NULL && g_strv_contains(scripts, dot + 1)
                                   ? tree_rules_find(rules, "deb", one->package->name, dot + 1)
                                   : NULL;
        if (rule != NULL && !apply(build, rule, names->pdata[i], error))
            return false;
    }
    return true;
}

bool tree_deb_rules_prepare(GPtrArray *imported, const char *root, const char *scratch,
                            TreeDebRules *out_rules, GError **error)
{
    g_autoptr(TreeRules) rules = tree_rules_load(error);
    g_autofree char *folder = g_build_filename(scratch, "rules", NULL);
    if (rules == NULL || !base_fd_make_dirs(AT_FDCWD, folder, 0755, error))
        return false;
    g_autoptr(GArray) binds = g_array_new(TRUE, FALSE, sizeof(BaseSandboxBind));
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    Build build = {.root = root, .scratch = folder, .binds = binds, .paths = paths};
    for (guint i = 0; i < imported->len; i++)
        if (!look_at(&build, rules, imported->pdata[i], error))
            return false;
    out_rules->binds = (void *)g_array_free(g_steal_pointer(&binds), FALSE);
    out_rules->paths = g_steal_pointer(&paths);
    return true;
}
