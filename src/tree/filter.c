/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `documentation: false` and `install-langs`: the same cut that dpkg's path-exclude makes, so
 * dpkg's lists still name what was left out.
 */
#include "tree/filter.h"

#include <string.h>

struct _TreeFilter {
    const Manifest *manifest; /* borrowed */
};

TreeFilter *tree_filter_new(const Manifest *manifest)
{
    TreeFilter *self = g_new0(TreeFilter, 1);
    self->manifest = manifest;
    return self;
}

void tree_filter_free(TreeFilter *self)
{
    g_free(self);
}

static bool is_documentation(const char *path, bool is_dir)
{
    static const char *const folders[] = {
        "usr/share/man",  "usr/share/info",    "usr/share/gtk-doc", "usr/share/doc-base",
        "usr/share/help", "usr/share/lintian", "usr/share/linda",   NULL,
    };
    if (g_strv_contains(folders, path))
        return true;
    /* licences oblige: /usr/share/doc/NAME/copyright and links between such folders stay */
    return !is_dir && g_str_has_prefix(path, "usr/share/doc/") &&
           strchr(path + strlen("usr/share/doc/"), '/') != NULL &&
           !g_str_has_suffix(path, "/copyright");
}

static bool is_wanted_language(const GPtrArray *languages, const char *name)
{
    size_t stem = strcspn(name, "_@.");
    for (guint i = 0; i < languages->len; i++) {
        const char *wanted = ((const ManifestString *)languages->pdata[i])->text;
        size_t wanted_stem = strcspn(wanted, "_@.");
        if (wanted_stem != stem || strncmp(wanted, name, stem) != 0)
            continue;
        /* "en" wants every English; "en_GB" wants en and en_GB */
        if (wanted[wanted_stem] == '\0' || name[stem] == '\0' ||
            strncmp(name, wanted, strcspn(wanted, "@.")) == 0)
            return true;
    }
    return false;
}

static bool is_unwanted_language(const GPtrArray *languages, const char *path, bool is_dir)
{
    const char *name = NULL;
    if (!is_dir || languages->len == 0)
        return false;
    if (g_str_has_prefix(path, "usr/share/locale/"))
        name = path + strlen("usr/share/locale/");
    else if (g_str_has_prefix(path, "usr/share/man/") &&
             !g_str_has_prefix(path, "usr/share/man/man"))
        name = path + strlen("usr/share/man/");
    return name != NULL && strchr(name, '/') == NULL && !is_wanted_language(languages, name);
}

bool tree_filter_drops(const TreeFilter *self, const char *path, bool is_dir)
{
    return (!self->manifest->documentation && is_documentation(path, is_dir)) ||
           is_unwanted_language(self->manifest->install_langs, path, is_dir);
}
