/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a manifest asks for beyond packages, done in the mounted tree after their scripts, so
 * that postprocess scripts and the initramfs see it.
 */
#include "tree/customize.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sandbox.h"
#include "tree/copy.h"
#include "tree/inside.h"
#include "tree/kernel-modules.h"

#include <fcntl.h>
#include <string.h>

#define OS_RELEASE "usr/lib/os-release"
#define OS_RELEASE_MAX_BYTES (64 * 1024)
#define SCRIPT_MAX_BYTES (16 * 1024 * 1024)

static bool prefix_place(GError **error, const ManifestPlace *place)
{
    g_prefix_error(error, "%s:%u:%u: ", place->file, place->line, place->column);
    return false;
}

/* --- units --- */

static bool enable(TreeScripts *scripts, GPtrArray *units, GCancellable *cancellable,
                   GError **error)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_ptr_array_add(argv, (void *)"systemctl");
    g_ptr_array_add(argv, (void *)"enable");
    for (guint i = 0; i < units->len; i++)
        g_ptr_array_add(argv, ((const ManifestString *)units->pdata[i])->text);
    g_ptr_array_add(argv, NULL);
    return tree_scripts_run(scripts, (const char *const *)argv->pdata, NULL, "enabling units",
                            cancellable, error);
}

/* All at once; one by one only to find out which of them it was. */
static bool enable_units(const TreeCustomize *self, GCancellable *cancellable, GError **error)
{
    g_autoptr(GError) together = NULL;
    const Manifest *manifest = self->manifest;
    if (manifest->units->len > 0 &&
        !enable(self->scripts, manifest->units, cancellable, &together)) {
        for (guint i = 0; i < manifest->units->len; i++) {
            g_autoptr(GPtrArray) one = g_ptr_array_new();
            g_ptr_array_add(one, manifest->units->pdata[i]);
            if (!enable(self->scripts, one, cancellable, error))
                return prefix_place(error, &((ManifestString *)manifest->units->pdata[i])->place);
        }
        g_propagate_error(error, g_steal_pointer(&together));
        return false;
    }
    if (manifest->default_target == NULL)
        return true;
    const char *const argv[] = {"systemctl", "set-default", manifest->default_target, NULL};
    return tree_scripts_run(self->scripts, argv, NULL, "setting the default target", cancellable,
                            error);
}

/* --- scripts --- */

static bool run_script(const TreeCustomize *self, const void *text, size_t size_bytes,
                       const ManifestPlace *place, GCancellable *cancellable, GError **error)
{
    g_autofree char *folder =
        g_build_filename(tree_scripts_get_scratch(self->scripts), "postprocess", NULL);
    g_autofree char *path = g_build_filename(folder, "script", NULL);
    static const char *const argv[] = {"/run/atoll/script", NULL};
    if (base_fd_make_dirs(AT_FDCWD, folder, 0755, error) &&
        base_fd_replace_file(AT_FDCWD, path, text, size_bytes, 0755, BASE_FD_REPLACE_NO_SYNC,
                             error) &&
        tree_scripts_run(self->scripts, argv, folder, "postprocess script", cancellable, error))
        return true;
    return prefix_place(error, place);
}

static bool run_postprocess(const TreeCustomize *self, GCancellable *cancellable, GError **error)
{
    const Manifest *manifest = self->manifest;
    for (guint i = 0; i < manifest->postprocess->len; i++) {
        const ManifestString *script = manifest->postprocess->pdata[i];
        bool has_interpreter = g_str_has_prefix(script->text, "#!");
        g_autofree char *text =
            g_strconcat(has_interpreter ? "" : "#!/bin/sh\nset -eu\n", script->text, NULL);
        if (!run_script(self, text, strlen(text), &script->place, cancellable, error))
            return false;
    }
    if (manifest->postprocess_script == NULL)
        return true;
    g_autoptr(GBytes) bytes =
        base_fd_read_file(AT_FDCWD, manifest->postprocess_script, SCRIPT_MAX_BYTES, error);
    if (bytes == NULL)
        return prefix_place(error, &manifest->postprocess_script_place);
    return run_script(self, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes),
                      &manifest->postprocess_script_place, cancellable, error);
}

/* A program of the machine, not of the tree: it sees the machine, read-only and without network,
 * and the tree as its working directory. */
static bool run_finalize(const TreeCustomize *self, const ManifestFile *file,
                         GCancellable *cancellable, GError **error)
{
    const BaseSandboxBind binds[] = {
        {tree_scripts_get_root(self->scripts), "/run/atoll/tree", true},
        {file->source, "/run/atoll/program", false},
        {NULL, NULL, false},
    };
    static const char *const argv[] = {"/bin/sh", "-c",
                                       "cd /run/atoll/tree && exec /run/atoll/program", NULL};
    g_autofree char *what = g_strdup_printf("‘%s’", file->source);
    BaseSandbox sandbox = {
        .root = "/",
        .binds = binds,
        .run = {.argv = argv, .what = what, .name = ""},
    };
    return base_sandbox_run(&sandbox, NULL, cancellable, error);
}

/* --- files --- */

static const PackagesImported *find_imported(const GPtrArray *imported, const char *name)
{
    for (guint i = 0; i < imported->len; i++) {
        const PackagesImported *one = imported->pdata[i];
        if (strcmp(one->package->name, name) == 0)
            return one;
    }
    return NULL;
}

typedef struct {
    GPtrArray *regexes;
    GPtrArray *paths; /* owned: what matches */
} Match;

static void match_path(const char *path, StoreNode *node, void *user_data)
{
    Match *match = user_data;
    g_autofree char *absolute = g_strconcat("/", path, NULL);
    bool is_database = g_str_has_prefix(path, "usr/lib/sysimage/");
    for (guint i = 0; *path != '\0' && !is_database && i < match->regexes->len; i++) {
        if (g_regex_match(match->regexes->pdata[i], absolute, 0, NULL)) {
            g_ptr_array_add(match->paths, g_strdup(path));
            return;
        }
    }
}

static bool remove_row(const TreeCustomize *self, const ManifestPatterns *row, GError **error)
{
    const PackagesImported *one = find_imported(self->imported, row->package);
    if (one == NULL)
        return base_error_set(error, BASE_ERROR_INVALID,
                              "‘remove-from-packages’ names package ‘%s’, which is not in the tree",
                              row->package);
    g_autoptr(GPtrArray) regexes = g_ptr_array_new_with_free_func((GDestroyNotify)g_regex_unref);
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; row->patterns[i] != NULL; i++) {
        GRegex *regex = g_regex_new(row->patterns[i], 0, 0, error);
        if (regex == NULL)
            return false;
        g_ptr_array_add(regexes, regex);
    }
    Match match = {.regexes = regexes, .paths = paths};
    store_tree_visit(one->root, match_path, &match);
    /* children before their directories */
    for (guint i = paths->len; i > 0; i--) {
        if (!tree_inside_remove(tree_scripts_get_root(self->scripts), paths->pdata[i - 1], error))
            return false;
    }
    return true;
}

static bool remove_from_packages(const TreeCustomize *self, GError **error)
{
    for (guint i = 0; i < self->manifest->remove_from_packages->len; i++) {
        const ManifestPatterns *row = self->manifest->remove_from_packages->pdata[i];
        if (!remove_row(self, row, error))
            return prefix_place(error, &row->place);
    }
    return true;
}

static char *replace_all(const char *text, const char *from, const char *to, bool *out_found)
{
    g_auto(GStrv) parts = g_strsplit(text, from, 0);
    *out_found = *out_found || (parts[0] != NULL && parts[1] != NULL);
    return g_strjoinv(to, parts);
}

char *tree_customize_os_release(const char *text, const char *base, const char *version,
                                bool *out_found)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
    GString *out = g_string_new(NULL);
    *out_found = false;
    for (size_t i = 0; lines[i] != NULL; i++) {
        bool is_last = lines[i + 1] == NULL;
        if (g_str_has_prefix(lines[i], "OSTREE_VERSION=") || (is_last && lines[i][0] == '\0'))
            continue;
        size_t length = strcspn(lines[i], "=");
        if (g_str_has_prefix(lines[i], "VERSION=") || g_str_has_prefix(lines[i], "PRETTY_NAME=")) {
            g_autofree char *value = replace_all(lines[i] + length, base, version, out_found);
            g_string_append_len(out, lines[i], (gssize)length);
            g_string_append_printf(out, "%s\n", value);
        } else {
            g_string_append_printf(out, "%s\n", lines[i]);
        }
    }
    g_string_append_printf(out, "OSTREE_VERSION='%s'\n", version);
    return g_string_free(out, FALSE);
}

static bool mutate_os_release(const TreeCustomize *self, GError **error)
{
    const char *base = self->manifest->mutate_os_release;
    if (base == NULL)
        return true;
    const char *root = tree_scripts_get_root(self->scripts);
    g_autofree char *old = tree_inside_read(root, OS_RELEASE, OS_RELEASE_MAX_BYTES, error);
    if (old == NULL)
        return false;
    bool found = false;
    g_autofree char *text = tree_customize_os_release(old, base, self->version, &found);
    if (!found)
        base_progress_note(self->progress,
                           "‘mutate-os-release’: ‘%s’ is in neither VERSION nor PRETTY_NAME of "
                           "/" OS_RELEASE,
                           base);
    return tree_inside_write(root, OS_RELEASE, text, error);
}

static bool run_sysusers(const TreeCustomize *self, GCancellable *cancellable, GError **error)
{
    static const char *const argv[] = {"systemd-sysusers", NULL};
    return g_strcmp0(self->manifest->sysusers, "compose-forced") != 0 ||
           tree_scripts_run(self->scripts, argv, NULL, "making users of sysusers.d", cancellable,
                            error);
}

static bool add_files(const TreeCustomize *self, GError **error)
{
    for (guint i = 0; i < self->manifest->add_files->len; i++) {
        const ManifestFile *file = self->manifest->add_files->pdata[i];
        if (!tree_copy_into(tree_scripts_get_root(self->scripts), file->source, file->target,
                            error))
            return prefix_place(error, &file->place);
    }
    return true;
}

bool tree_customize(const TreeCustomize *self, GCancellable *cancellable, GError **error)
{
    if (!run_sysusers(self, cancellable, error) || !remove_from_packages(self, error) ||
        !mutate_os_release(self, error) ||
        !tree_kernel_modules_trim(self->scripts, self->manifest, self->progress, cancellable,
                                  error) ||
        !add_files(self, error) || !enable_units(self, cancellable, error) ||
        !run_postprocess(self, cancellable, error))
        return false;
    for (guint i = 0; i < self->manifest->finalize->len; i++) {
        if (!run_finalize(self, self->manifest->finalize->pdata[i], cancellable, error))
            return false;
    }
    return true;
}
