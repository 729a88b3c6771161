/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Module streams, read by libmodulemd. A package of a stream that is not enabled does not
 * count, and neither does one of no module that has the name of one in an enabled stream:
 * the rules of dnf's modular filtering.
 */
#include "packages/rpm-modules.h"

#include "base/nearest.h"

#include <modulemd-2.0/modulemd.h>
#include <string.h>

#define MAX_ROUNDS 100

struct _PackagesModules {
    ModulemdModuleIndex *index;
    GHashTable *active;    /* module → stream */
    GHashTable *artifacts; /* NEVRA → "module:stream", of all streams */
    GHashTable *counting;  /* NEVRA, of streams that count */
    GHashTable *names;     /* package name → "module:stream", of streams that count */
};

PackagesModules *packages_modules_new(void)
{
    PackagesModules *self = g_new0(PackagesModules, 1);
    self->index = modulemd_module_index_new();
    self->active = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    self->artifacts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    self->counting = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return self;
}

void packages_modules_free(PackagesModules *self)
{
    if (self == NULL)
        return;
    g_clear_object(&self->index);
    g_hash_table_unref(self->active);
    g_hash_table_unref(self->artifacts);
    g_hash_table_unref(self->counting);
    g_hash_table_unref(self->names);
    g_free(self);
}

bool packages_modules_add(PackagesModules *self, GBytes *text, GError **error)
{
    g_autoptr(GPtrArray) failures = g_ptr_array_new_with_free_func(g_object_unref);
    g_autoptr(GError) inner = NULL;
    gsize size_bytes = 0;
    const char *data = g_bytes_get_data(text, &size_bytes);
    g_autofree char *yaml = g_strndup(data != NULL ? data : "", size_bytes);
    if (modulemd_module_index_update_from_string(self->index, yaml, FALSE, &failures, &inner))
        return true;
    const GError *why = inner;
    if (why == NULL && failures->len > 0)
        why = modulemd_subdocument_info_get_gerror(failures->pdata[0]);
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, "modules: %s",
                why != NULL ? why->message : "they cannot be read");
    return false;
}

/* --- which streams --- */

static bool set_error(const ManifestString *at, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static bool set_error(const ManifestString *at, GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_UNSOLVABLE, "%s:%u:%u: %s", at->place.file,
                at->place.line, at->place.column, message);
    return false;
}

static bool has_stream(ModulemdModule *module, const char *stream)
{
    GPtrArray *streams = modulemd_module_get_all_streams(module);
    for (guint i = 0; i < streams->len; i++)
        if (g_strcmp0(modulemd_module_stream_get_stream_name(streams->pdata[i]), stream) == 0)
            return true;
    return false;
}

static bool set_no_module(const PackagesModules *self, const ManifestString *at, const char *name,
                          GError **error)
{
    g_auto(GStrv) known = modulemd_module_index_get_module_names_as_strv(self->index);
    const char *nearest = base_nearest_name(name, (const char *const *)known);
    return set_error(at, error, "no repository has a module ‘%s’%s%s%s", name,
                     nearest != NULL ? "; did you mean ‘" : "", nearest != NULL ? nearest : "",
                     nearest != NULL ? "’?" : "");
}

static bool set_no_stream(ModulemdModule *module, const ManifestString *at, const char *stream,
                          GError **error)
{
    g_auto(GStrv) streams = modulemd_module_get_stream_names_as_strv(module);
    g_autofree char *list = g_strjoinv("’, ‘", streams);
    return set_error(at, error, "module ‘%s’ has no stream ‘%s’; it has ‘%s’",
                     modulemd_module_get_module_name(module), stream, list);
}

static const char *default_stream(ModulemdModule *module)
{
    ModulemdDefaults *defaults = modulemd_module_get_defaults(module);
    return defaults != NULL && MODULEMD_IS_DEFAULTS_V1(defaults)
               ? modulemd_defaults_v1_get_default_stream(MODULEMD_DEFAULTS_V1(defaults), NULL)
               : NULL;
}

/* "NAME:STREAM" or "NAME", which means its default stream; "/PROFILE" is cut off before. */
static bool enable_one(PackagesModules *self, const ManifestString *at, const char *spec,
                       GError **error)
{
    g_auto(GStrv) parts = g_strsplit(spec, ":", 2);
    ModulemdModule *module = modulemd_module_index_get_module(self->index, parts[0]);
    if (module == NULL)
        return set_no_module(self, at, parts[0], error);
    const char *stream = parts[1] != NULL ? parts[1] : default_stream(module);
    if (stream == NULL)
        return set_error(at, error, "module ‘%s’ has no default stream; say ‘%s:STREAM’", parts[0],
                         parts[0]);
    if (!has_stream(module, stream))
        return set_no_stream(module, at, stream, error);
    const char *earlier = g_hash_table_lookup(self->active, parts[0]);
    if (earlier != NULL && strcmp(earlier, stream) != 0)
        return set_error(at, error, "module ‘%s’ has one stream at a time, and ‘%s’ is enabled",
                         parts[0], earlier);
    g_hash_table_replace(self->active, g_strdup(parts[0]), g_strdup(stream));
    return true;
}

static bool enable_named(PackagesModules *self, const GPtrArray *strings, GError **error)
{
    for (guint i = 0; i < strings->len; i++) {
        const ManifestString *string = strings->pdata[i];
        g_auto(GStrv) parts = g_strsplit(string->text, "/", 2);
        if (!enable_one(self, string, parts[0], error))
            return false;
    }
    return true;
}

/* Whether a requirement on a stream of @module ("el8", or "-el9": any but that) holds. */
static bool allows(char **streams, const char *stream)
{
    bool has_positive = false;
    for (char **one = streams; *one != NULL; one++) {
        if (**one == '-') {
            if (strcmp(*one + 1, stream) == 0)
                return false;
            continue;
        }
        has_positive = true;
        if (strcmp(*one, stream) == 0)
            return true;
    }
    return !has_positive;
}

static bool fits_platform(const char *platform_module, char **streams)
{
    const char *colon = platform_module != NULL ? strchr(platform_module, ':') : NULL;
    return colon == NULL || allows(streams, colon + 1);
}

static bool fits(const PackagesModules *self, ModulemdDependencies *dependencies,
                 const char *platform_module)
{
    g_auto(GStrv) modules = modulemd_dependencies_get_runtime_modules_as_strv(dependencies);
    for (char **module = modules; *module != NULL; module++) {
        g_auto(GStrv) streams =
            modulemd_dependencies_get_runtime_streams_as_strv(dependencies, *module);
        const char *active = g_hash_table_lookup(self->active, *module);
        if (strcmp(*module, "platform") == 0 ? !fits_platform(platform_module, streams)
                                             : active == NULL || !allows(streams, active))
            return false;
    }
    return true;
}

/* Each of a context's dependencies is an alternative; it has to hold as a whole. */
static bool context_fits(const PackagesModules *self, ModulemdModuleStreamV2 *context,
                         const char *platform_module)
{
    GPtrArray *dependencies = modulemd_module_stream_v2_get_dependencies(context);
    for (guint i = 0; i < dependencies->len; i++)
        if (fits(self, dependencies->pdata[i], platform_module))
            return true;
    return dependencies->len == 0;
}

/* What an enabled stream needs is enabled as well: its default stream, or the only one allowed. */
static bool enable_needed(PackagesModules *self, ModulemdDependencies *dependencies)
{
    bool changed = false;
    g_auto(GStrv) modules = modulemd_dependencies_get_runtime_modules_as_strv(dependencies);
    for (char **name = modules; *name != NULL; name++) {
        ModulemdModule *module = modulemd_module_index_get_module(self->index, *name);
        if (module == NULL || g_hash_table_contains(self->active, *name))
            continue;
        g_auto(GStrv) streams =
            modulemd_dependencies_get_runtime_streams_as_strv(dependencies, *name);
        const char *choice = default_stream(module);
        if (choice == NULL || !allows(streams, choice))
            choice = g_strv_length(streams) == 1 ? streams[0] : NULL;
        if (choice == NULL || !has_stream(module, choice))
            continue;
        g_hash_table_replace(self->active, g_strdup(*name), g_strdup(choice));
        changed = true;
    }
    return changed;
}

typedef void (*ContextVisit)(PackagesModules *self, ModulemdModuleStreamV2 *context, void *data);

static void visit_contexts(PackagesModules *self, ContextVisit visit, void *data)
{
    g_auto(GStrv) names = modulemd_module_index_get_module_names_as_strv(self->index);
    for (char **name = names; *name != NULL; name++) {
        ModulemdModule *module = modulemd_module_index_get_module(self->index, *name);
        GPtrArray *streams = modulemd_module_get_all_streams(module);
        for (guint i = 0; i < streams->len; i++)
            if (MODULEMD_IS_MODULE_STREAM_V2(streams->pdata[i]))
                visit(self, streams->pdata[i], data);
    }
}

static bool is_active(const PackagesModules *self, ModulemdModuleStreamV2 *context)
{
    ModulemdModuleStream *stream = MODULEMD_MODULE_STREAM(context);
    const char *active =
        g_hash_table_lookup(self->active, modulemd_module_stream_get_module_name(stream));
    return active != NULL && strcmp(active, modulemd_module_stream_get_stream_name(stream)) == 0;
}

static void visit_needs(PackagesModules *self, ModulemdModuleStreamV2 *context, void *data)
{
    bool *changed = data;
    GPtrArray *dependencies = modulemd_module_stream_v2_get_dependencies(context);
    for (guint i = 0; is_active(self, context) && i < dependencies->len; i++)
        if (enable_needed(self, dependencies->pdata[i]))
            *changed = true;
}

static void enable_defaults(PackagesModules *self)
{
    g_auto(GStrv) names = modulemd_module_index_get_module_names_as_strv(self->index);
    for (char **name = names; *name != NULL; name++) {
        ModulemdModule *module = modulemd_module_index_get_module(self->index, *name);
        const char *stream = default_stream(module);
        if (stream != NULL && has_stream(module, stream) &&
            !g_hash_table_contains(self->active, *name))
            g_hash_table_replace(self->active, g_strdup(*name), g_strdup(stream));
    }
}

/* --- what they have --- */

static char *name_of(const char *nevra)
{
    g_autofree char *name = g_strdup(nevra);
    for (int i = 0; i < 2; i++) {
        char *dash = strrchr(name, '-');
        if (dash != NULL)
            *dash = '\0';
    }
    return g_steal_pointer(&name);
}

static void note_artifacts(PackagesModules *self, ModulemdModuleStreamV2 *context, void *data)
{
    const char *platform_module = data;
    ModulemdModuleStream *stream = MODULEMD_MODULE_STREAM(context);
    bool counts = is_active(self, context) && context_fits(self, context, platform_module);
    g_autofree char *id = g_strdup_printf("%s:%s", modulemd_module_stream_get_module_name(stream),
                                          modulemd_module_stream_get_stream_name(stream));
    g_auto(GStrv) artifacts = modulemd_module_stream_v2_get_rpm_artifacts_as_strv(context);
    for (char **nevra = artifacts; *nevra != NULL; nevra++) {
        g_hash_table_replace(self->artifacts, g_strdup(*nevra), g_strdup(id));
        if (!counts || g_str_has_suffix(*nevra, ".src"))
            continue;
        g_hash_table_add(self->counting, g_strdup(*nevra));
        g_hash_table_replace(self->names, name_of(*nevra), g_strdup(id));
    }
}

const char *packages_modules_verdict(const PackagesModules *self, const char *name,
                                     const char *nevra)
{
    if (g_hash_table_contains(self->counting, nevra))
        return NULL;
    const char *module = g_hash_table_lookup(self->artifacts, nevra);
    return module != NULL ? module : g_hash_table_lookup(self->names, name);
}

/* --- profiles --- */

static ModulemdProfile *find_profile(ModulemdModule *module, const char *stream, const char *name)
{
    GPtrArray *streams = modulemd_module_get_all_streams(module);
    for (guint i = 0; i < streams->len; i++) {
        if (g_strcmp0(modulemd_module_stream_get_stream_name(streams->pdata[i]), stream) != 0 ||
            !MODULEMD_IS_MODULE_STREAM_V2(streams->pdata[i]))
            continue;
        ModulemdProfile *profile = modulemd_module_stream_v2_get_profile(streams->pdata[i], name);
        if (profile != NULL)
            return profile;
    }
    return NULL;
}

static bool add_profile(ModulemdModule *module, const char *stream, const char *name,
                        const ManifestString *at, GPtrArray *wanted, GError **error)
{
    ModulemdProfile *profile = find_profile(module, stream, name);
    if (profile == NULL)
        return set_error(at, error, "stream ‘%s:%s’ has no profile ‘%s’",
                         modulemd_module_get_module_name(module), stream, name);
    g_auto(GStrv) rpms = modulemd_profile_get_rpms_as_strv(profile);
    for (char **rpm = rpms; *rpm != NULL; rpm++) {
        ManifestString *string = g_new0(ManifestString, 1);
        string->text = g_strdup(*rpm);
        string->place = (ManifestPlace){
            .file = g_strdup(at->place.file), .line = at->place.line, .column = at->place.column};
        g_ptr_array_add(wanted, string);
    }
    return true;
}

static char **default_profiles(ModulemdModule *module, const char *stream)
{
    ModulemdDefaults *defaults = modulemd_module_get_defaults(module);
    char **profiles = NULL;
    if (defaults != NULL && MODULEMD_IS_DEFAULTS_V1(defaults))
        profiles = modulemd_defaults_v1_get_default_profiles_for_stream_as_strv(
            MODULEMD_DEFAULTS_V1(defaults), stream, NULL);
    if (profiles != NULL && profiles[0] != NULL)
        return profiles;
    g_strfreev(profiles);
    return g_strsplit("default", "/", -1);
}

static bool install_one(PackagesModules *self, const ManifestString *string, GPtrArray *wanted,
                        GError **error)
{
    g_auto(GStrv) parts = g_strsplit(string->text, "/", 2);
    g_auto(GStrv) words = g_strsplit(parts[0], ":", 2);
    ModulemdModule *module = modulemd_module_index_get_module(self->index, words[0]);
    const char *stream = g_hash_table_lookup(self->active, words[0]);
    g_auto(GStrv) profiles =
        parts[1] != NULL ? g_strsplit(parts[1], ",", -1) : default_profiles(module, stream);
    for (char **profile = profiles; *profile != NULL; profile++)
        if (!add_profile(module, stream, *profile, string, wanted, error))
            return false;
    return true;
}

bool packages_modules_enable(PackagesModules *self, const Manifest *manifest, GPtrArray *wanted,
                             GError **error)
{
    const ManifestModules *modules = &manifest->modules;
    if ((modules->enable != NULL && !enable_named(self, modules->enable, error)) ||
        (modules->install != NULL && !enable_named(self, modules->install, error)))
        return false;
    bool changed = true;
    for (unsigned i = 0; changed && i < MAX_ROUNDS; i++) {
        changed = false;
        visit_contexts(self, visit_needs, &changed);
    }
    enable_defaults(self);
    visit_contexts(self, note_artifacts, manifest->platform_module);
    for (guint i = 0; modules->install != NULL && i < modules->install->len; i++)
        if (!install_one(self, modules->install->pdata[i], wanted, error))
            return false;
    return true;
}
