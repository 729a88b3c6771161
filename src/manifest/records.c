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

ManifestRpmRepo *manifest_rpm_repo_new(void)
{
    ManifestRpmRepo *self = g_new0(ManifestRpmRepo, 1);
    self->gpgkeys = g_new0(char *, 1);
    self->excludepkgs = g_new0(char *, 1);
    self->includepkgs = g_new0(char *, 1);
    self->gpgcheck = true;
    self->cost = MANIFEST_RPM_REPO_COST;
    self->priority = MANIFEST_RPM_REPO_PRIORITY;
    return self;
}

void manifest_rpm_repo_free(ManifestRpmRepo *self)
{
    if (self == NULL)
        return;
    g_free(self->metalink);
    g_free(self->mirrorlist);
    g_strfreev(self->gpgkeys);
    g_strfreev(self->excludepkgs);
    g_strfreev(self->includepkgs);
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
    manifest_rpm_repo_free(self->rpm);
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

void manifest_id_free(ManifestId *self)
{
    if (self == NULL)
        return;
    g_free(self->name);
    g_free(self);
}

void manifest_ids_free(ManifestIds *self)
{
    if (self == NULL)
        return;
    g_free(self->path);
    g_clear_pointer(&self->entries, g_ptr_array_unref);
    manifest_place_clear(&self->place);
    g_free(self);
}

void manifest_patterns_free(ManifestPatterns *self)
{
    if (self == NULL)
        return;
    g_free(self->package);
    g_strfreev(self->patterns);
    manifest_place_clear(&self->place);
    g_free(self);
}

void manifest_repo_packages_free(ManifestRepoPackages *self)
{
    if (self == NULL)
        return;
    g_free(self->repo);
    g_clear_pointer(&self->packages, g_ptr_array_unref);
    manifest_place_clear(&self->place);
    g_free(self);
}

void manifest_include_free(ManifestInclude *self)
{
    if (self == NULL)
        return;
    manifest_string_free(self->file);
    manifest_layer_free(self->inlined);
    g_clear_pointer(&self->conditions, g_ptr_array_unref);
    g_free(self);
}

void manifest_note(GPtrArray *notes, const ManifestPlace *place, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    ManifestString *note = g_new0(ManifestString, 1);
    note->text = g_strdup_vprintf(format, args);
    va_end(args);
    note->place = manifest_place_copy(place);
    g_ptr_array_add(notes, note);
}

static GPtrArray *new_strings(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)manifest_string_free);
}

static GPtrArray *new_files(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)manifest_file_free);
}

Manifest *manifest_new(void)
{
    Manifest *self = g_new0(Manifest, 1);
    self->repos = g_ptr_array_new_with_free_func((GDestroyNotify)manifest_repo_free);
    self->packages = new_strings();
    self->exclude_packages = new_strings();
    self->install_langs = new_strings();
    self->units = new_strings();
    self->add_files = new_files();
    self->remove_files = new_strings();
    self->postprocess = new_strings();
    self->container_cmd = new_strings();
    self->initramfs_args = new_strings();
    self->etc_group_members = new_strings();
    self->ignore_removed_users = new_strings();
    self->ignore_removed_groups = new_strings();
    self->ostree_layers = new_strings();
    self->ostree_override_layers = new_strings();
    self->remove_from_packages =
        g_ptr_array_new_with_free_func((GDestroyNotify)manifest_patterns_free);
    self->repo_packages =
        g_ptr_array_new_with_free_func((GDestroyNotify)manifest_repo_packages_free);
    self->lockfile_repos = new_strings();
    self->repovars = g_ptr_array_new_with_free_func((GDestroyNotify)manifest_variable_free);
    self->modules.enable = new_strings();
    self->modules.install = new_strings();
    self->finalize = new_files();
    self->notes = new_strings();
    return self;
}

static void free_texts(Manifest *self)
{
    g_free(self->path);
    g_free(self->ref);
    g_free(self->default_target);
    g_free(self->releasever);
    g_free(self->automatic_version_prefix);
    g_free(self->edition);
    g_free(self->basearch);
    g_free(self->boot_location);
    g_free(self->kernel_modules);
    g_free(self->opt_usrlocal);
    g_free(self->sysusers);
    g_free(self->mutate_os_release);
    g_free(self->automatic_version_suffix);
    g_free(self->repo_metadata);
    g_free(self->advisories_metadata);
    g_free(self->platform_module);
    g_free(self->postprocess_script);
    manifest_place_clear(&self->postprocess_script_place);
    g_free(self->digest);
}

static void free_lists(Manifest *self)
{
    GPtrArray *const lists[] = {
        self->repos,
        self->packages,
        self->exclude_packages,
        self->install_langs,
        self->units,
        self->add_files,
        self->remove_files,
        self->postprocess,
        self->container_cmd,
        self->initramfs_args,
        self->etc_group_members,
        self->ignore_removed_users,
        self->ignore_removed_groups,
        self->ostree_layers,
        self->ostree_override_layers,
        self->remove_from_packages,
        self->repo_packages,
        self->lockfile_repos,
        self->repovars,
        self->modules.enable,
        self->modules.install,
        self->finalize,
        self->notes,
    };
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        if (lists[i] != NULL) /* merging takes lists out */
            g_ptr_array_unref(lists[i]);
    }
}

void manifest_free(Manifest *self)
{
    if (self == NULL)
        return;
    free_texts(self);
    free_lists(self);
    manifest_ids_free(self->check_passwd);
    manifest_ids_free(self->check_groups);
    g_clear_pointer(&self->metadata, g_variant_unref);
    g_clear_pointer(&self->extra, g_variant_unref);
    g_free(self);
}

ManifestLayer *manifest_layer_new(void)
{
    ManifestLayer *self = g_new0(ManifestLayer, 1);
    self->values = manifest_new();
    self->includes = g_ptr_array_new_with_free_func((GDestroyNotify)manifest_include_free);
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
