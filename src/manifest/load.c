/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From a path to a manifest: reads the file and all that it includes, merges, finishes and
 * digests. The only part of the parser that opens files.
 */
#include "manifest/manifest.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "manifest/conditions.h"
#include "manifest/keys.h"
#include "manifest/print.h"
#include "manifest/records.h"
#include "manifest/repos.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define LOAD_MAX_FILES 256

/* One file that is being read, linked to the one that includes it. */
typedef struct LoadFile LoadFile;
struct LoadFile {
    const LoadFile *parent;
    const char *path;
    const char *real; /* owned by Load.seen */
};

typedef struct {
    GHashTable *seen;     /* real path → "FILE:LINE" that brought it in */
    GPtrArray *variables; /* ManifestVariable: all set so far; the first of a name counts */
} Load;

static char *chain_text(const LoadFile *file, const char *real)
{
    GString *text = g_string_new(file->path);
    for (const LoadFile *f = file; strcmp(f->real, real) != 0;) {
        f = f->parent;
        g_string_prepend(text, " → ");
        g_string_prepend(text, f->path);
    }
    return g_string_free(text, FALSE);
}

static bool check_new(const Load *load, const LoadFile *parent, const char *path, const char *real,
                      const ManifestPlace *place, GError **error)
{
    for (const LoadFile *f = parent; f != NULL; f = f->parent) {
        if (strcmp(f->real, real) != 0)
            continue;
        g_autofree char *chain = chain_text(parent, real);
        g_set_error(error, MANIFEST_ERROR, MANIFEST_ERROR_CYCLE,
                    "%s:%u:%u: the manifest includes itself: %s → %s", place->file, place->line,
                    place->column, chain, path);
        return false;
    }
    const char *earlier = g_hash_table_lookup(load->seen, real);
    if (earlier != NULL)
        return manifest_place_set_error(
            place, error, "‘%s’ is included a second time; the first is at %s", path, earlier);
    if (g_hash_table_size(load->seen) >= LOAD_MAX_FILES)
        return manifest_place_set_error(place, error, "more than %d files", LOAD_MAX_FILES);
    return true;
}

static ManifestLayer *load_file(Load *load, LoadFile *file, const ManifestPlace *place,
                                GError **error);

static ManifestLayer *load_include(Load *load, const LoadFile *parent,
                                   const ManifestString *include, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(parent->path);
    g_autofree char *path = g_path_is_absolute(include->text) || strcmp(folder, ".") == 0
                                ? g_strdup(include->text)
                                : g_build_filename(folder, include->text, NULL);
    LoadFile file = {.parent = parent, .path = path};
    return load_file(load, &file, &include->place, error);
}

static void add_variable(Load *load, const char *name, const char *value, bool is_plain,
                         const ManifestPlace *place)
{
    for (guint i = 0; i < load->variables->len; i++) {
        if (strcmp(((const ManifestVariable *)load->variables->pdata[i])->name, name) == 0)
            return;
    }
    ManifestVariable *variable = g_new0(ManifestVariable, 1);
    variable->name = g_strdup(name);
    variable->value = g_strdup(value);
    variable->is_plain = is_plain;
    variable->place = manifest_place_copy(place);
    g_ptr_array_add(load->variables, variable);
}

/* What a file sets is seen by its conditions and by those of all that it includes. */
static void add_variables(Load *load, const ManifestLayer *layer)
{
    static const ManifestPlace nowhere = {.file = NULL};
    for (guint i = 0; i < layer->variables->len; i++) {
        const ManifestVariable *variable = layer->variables->pdata[i];
        add_variable(load, variable->name, variable->value, variable->is_plain, &variable->place);
    }
    if (layer->values->releasever != NULL)
        add_variable(load, "releasever", layer->values->releasever,
                     layer->values->releasever_is_plain, &nowhere);
    add_variable(load, "basearch", manifest_key_basearch(), false, &nowhere);
}

static GBytes *read_file(const char *path, const ManifestPlace *place, GError **error)
{
    g_autoptr(GError) inner = NULL;
    GBytes *bytes = base_fd_read_file(AT_FDCWD, path, BASE_YAML_MAX_BYTES, &inner);
    if (bytes != NULL)
        return bytes;
    if (place != NULL)
        manifest_place_set_error(place, error, "%s", inner->message);
    else
        g_set_error(error, MANIFEST_ERROR, MANIFEST_ERROR_FAILED, "%s", inner->message);
    return NULL;
}

/* Conditions are all decided before anything is included, as rpm-ostree does it. */
static bool drop_unwanted(Load *load, ManifestLayer *layer, GError **error)
{
    for (guint i = 0; i < layer->includes->len;) {
        const ManifestInclude *include = layer->includes->pdata[i];
        bool is_wanted = true;
        if (include->conditions != NULL &&
            !manifest_conditions_hold(include->conditions, load->variables, &is_wanted, error))
            return false;
        if (is_wanted)
            i++;
        else
            g_ptr_array_remove_index(layer->includes, i);
    }
    return true;
}

static bool merge_includes(Load *load, const LoadFile *file, ManifestLayer *layer, GError **error)
{
    for (guint i = 0; i < layer->includes->len; i++) {
        ManifestInclude *include = layer->includes->pdata[i];
        if (include->inlined != NULL) {
            add_variables(load, include->inlined);
            manifest_layer_merge(layer, include->inlined);
            continue;
        }
        g_autoptr(ManifestLayer) included = load_include(load, file, include->file, error);
        if (included == NULL)
            return false;
        manifest_layer_merge(layer, included);
    }
    return true;
}

/* Programs of the folder finalize.d beside a manifest; whether they count, the edition says. */
static bool find_finalize(const char *path, ManifestLayer *layer, GError **error)
{
    g_autofree char *beside = g_path_get_dirname(path);
    g_autofree char *absolute = g_canonicalize_filename(beside, NULL);
    g_autofree char *folder = g_build_filename(absolute, "finalize.d", NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    for (const char *name = NULL; dir != NULL && (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *program = g_build_filename(folder, name, NULL);
        if (name[0] == '.' || !g_file_test(program, G_FILE_TEST_IS_REGULAR))
            continue;
        if (layer->values->finalize->len >= LOAD_MAX_FILES) {
            g_set_error(error, MANIFEST_ERROR, MANIFEST_ERROR_INVALID, "%s: more than %d programs",
                        folder, LOAD_MAX_FILES);
            return false;
        }
        ManifestFile *file = g_new0(ManifestFile, 1);
        file->source = g_strdup(program);
        file->target = g_strdup(name);
        file->place = (ManifestPlace){.file = g_strdup(program), .line = 1, .column = 1};
        g_ptr_array_add(layer->values->finalize, file);
    }
    return true;
}

/* @place says who includes it; NULL for the first file. */
static ManifestLayer *load_file(Load *load, LoadFile *file, const ManifestPlace *place,
                                GError **error)
{
    g_autoptr(GBytes) bytes = read_file(file->path, place, error);
    if (bytes == NULL)
        return NULL;
    g_autofree char *resolved = realpath(file->path, NULL);
    g_autofree char *real = g_strdup(resolved == NULL ? file->path : resolved);
    if (place != NULL && !check_new(load, file->parent, file->path, real, place, error))
        return NULL;
    file->real = real;
    g_hash_table_insert(load->seen, g_strdup(real),
                        place == NULL ? g_strdup(file->path)
                                      : g_strdup_printf("%s:%u", place->file, place->line));
    g_autoptr(ManifestLayer) layer = manifest_layer_parse(file->path, bytes, error);
    if (layer == NULL)
        return NULL;
    add_variables(load, layer);
    if (!find_finalize(file->path, layer, error) || !drop_unwanted(load, layer, error) ||
        !merge_includes(load, file, layer, error))
        return NULL;
    return g_steal_pointer(&layer);
}

static Manifest *load_flattened(const char *path, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GPtrArray) variables =
        g_ptr_array_new_with_free_func((GDestroyNotify)manifest_variable_free);
    Load load = {.seen = seen, .variables = variables};
    LoadFile file = {.path = path};
    g_autoptr(ManifestLayer) layer = load_file(&load, &file, NULL, error);
    g_autoptr(Manifest) manifest = layer == NULL ? NULL : manifest_layer_finish(layer, path, error);
    if (manifest == NULL || !manifest_repos_load_named(manifest, error))
        return NULL;
    return g_steal_pointer(&manifest);
}

static bool set_digest(Manifest *self, GError **error)
{
    g_autofree char *json = manifest_print_for_digest(self, error);
    if (json == NULL)
        return false;
    self->digest = base_sha256_hex(json, strlen(json));
    return true;
}

Manifest *manifest_load(const char *path, GError **error)
{
    g_autoptr(GError) inner = NULL;
    g_autoptr(Manifest) self = load_flattened(path, &inner);
    if (self != NULL && set_digest(self, &inner))
        return g_steal_pointer(&self);
    /* Callers of this room know its domain, not the YAML parser's. */
    if (g_error_matches(inner, BASE_ERROR, BASE_ERROR_INVALID))
        g_set_error_literal(error, MANIFEST_ERROR, MANIFEST_ERROR_INVALID, inner->message);
    else
        g_propagate_error(error, g_steal_pointer(&inner));
    return NULL;
}
