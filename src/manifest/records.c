/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Making and freeing of the records that a manifest is made of.
 */
#include "manifest/records.h"

ManifestPlace manifest_place_at(const BaseYaml *yaml, const BaseYamlNode *node)
{
    return (ManifestPlace){
        .file = g_strdup(yaml->name), .line = node->line, .column = node->column};
}

ManifestPlace manifest_place_copy(const ManifestPlace *place)
{
    return (ManifestPlace){
        .file = g_strdup(place->file), .line = place->line, .column = place->column};
}

void manifest_place_clear(ManifestPlace *place)
{
    g_clear_pointer(&place->file, g_free);
}

bool manifest_place_set_error(const ManifestPlace *place, GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, MANIFEST_ERROR, MANIFEST_ERROR_INVALID, "%s:%u:%u: %s", place->file,
                place->line, place->column, message);
    return false;
}

ManifestString *manifest_string_new(const char *text, const BaseYaml *yaml,
                                    const BaseYamlNode *node)
{
    ManifestString *self = g_new0(ManifestString, 1);
    self->text = g_strdup(text);
    self->place = manifest_place_at(yaml, node);
    return self;
}

void manifest_string_free(ManifestString *self)
{
    if (self == NULL)
        return;
    g_free(self->text);
    manifest_place_clear(&self->place);
    g_free(self);
}

void manifest_repo_free(ManifestRepo *self)
{
    if (self == NULL)
        return;
    g_free(self->id);
    g_strfreev(self->urls);
    g_strfreev(self->suites);
    g_strfreev(self->components);
    g_free(self->keyring);
    manifest_place_clear(&self->place);
    g_free(self);
}

void manifest_file_free(ManifestFile *self)
{
    if (self == NULL)
        return;
    g_free(self->source);
    g_free(self->target);
    manifest_place_clear(&self->place);
    g_free(self);
}

void manifest_variable_free(ManifestVariable *self)
{
    if (self == NULL)
        return;
    g_free(self->name);
    g_free(self->value);
    manifest_place_clear(&self->place);
    g_free(self);
}

static GPtrArray *new_strings(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)manifest_string_free);
}

Manifest *manifest_new(void)
{
    Manifest *self = g_new0(Manifest, 1);
    self->repos = g_ptr_array_new_with_free_func((GDestroyNotify)manifest_repo_free);
    self->packages = new_strings();
    self->exclude_packages = new_strings();
    self->install_langs = new_strings();
    self->units = new_strings();
    self->add_files = g_ptr_array_new_with_free_func((GDestroyNotify)manifest_file_free);
    self->remove_files = new_strings();
    self->postprocess = new_strings();
    return self;
}

void manifest_free(Manifest *self)
{
    if (self == NULL)
        return;
    g_free(self->path);
    g_free(self->ref);
    g_clear_pointer(&self->repos, g_ptr_array_unref);
    g_clear_pointer(&self->packages, g_ptr_array_unref);
    g_clear_pointer(&self->exclude_packages, g_ptr_array_unref);
    g_clear_pointer(&self->install_langs, g_ptr_array_unref);
    g_clear_pointer(&self->units, g_ptr_array_unref);
    g_clear_pointer(&self->add_files, g_ptr_array_unref);
    g_clear_pointer(&self->remove_files, g_ptr_array_unref);
    g_clear_pointer(&self->postprocess, g_ptr_array_unref);
    g_free(self->default_target);
    g_free(self->releasever);
    g_free(self->automatic_version_prefix);
    g_clear_pointer(&self->metadata, g_variant_unref);
    g_free(self->digest);
    g_free(self);
}

ManifestLayer *manifest_layer_new(void)
{
    ManifestLayer *self = g_new0(ManifestLayer, 1);
    self->values = manifest_new();
    self->includes = new_strings();
    self->variables = g_ptr_array_new_with_free_func((GDestroyNotify)manifest_variable_free);
    return self;
}

void manifest_layer_free(ManifestLayer *self)
{
    if (self == NULL)
        return;
    g_clear_pointer(&self->values, manifest_free);
    g_clear_pointer(&self->includes, g_ptr_array_unref);
    g_clear_pointer(&self->variables, g_ptr_array_unref);
    for (size_t i = 0; i < MANIFEST_LAYER_MAX_KEYS; i++)
        manifest_place_clear(&self->places[i]);
    g_free(self);
}
