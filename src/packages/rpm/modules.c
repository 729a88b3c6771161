/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Module streams. A package of a stream that is not enabled does not
 * count, and neither does one of no module that has the name of one in an enabled stream:
 * the rules of dnf's modular filtering.
 */
#include "packages/rpm/modules.h"

#include "base/nearest.h"
#include "packages/rpm/modulemd.h"

#include <string.h>

#define MAX_ROUNDS 100

struct _PackagesModules {
    PackagesModulemd metadata;
    GHashTable *active;    /* module → stream */
    GHashTable *artifacts; /* NEVRA → "module:stream", of all streams */
    GHashTable *counting;  /* NEVRA, of streams that count */
    GHashTable *names;     /* package name → "module:stream", of streams that count */
};

PackagesModules *packages_modules_new(void)
{
    PackagesModules *self = g_new0(PackagesModules, 1);
    packages_modulemd_init(&self->metadata);
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
    packages_modulemd_clear(&self->metadata);
    g_hash_table_unref(self->active);
    g_hash_table_unref(self->artifacts);
    g_hash_table_unref(self->counting);
    g_hash_table_unref(self->names);
    g_free(self);
}

bool packages_modules_add(PackagesModules *self, GBytes *text, GError **error)
{
    g_autoptr(GError) inner = NULL;
    if (packages_modulemd_parse(&self->metadata, text, &inner))
        return true;
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, "modules: %s", inner->message);
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

static bool has_stream(const PackagesModules *self, const char *module, const char *stream)
{
    for (guint i = 0; i < self->metadata.contexts->len; i++) {
        const PackagesModulemdContext *context = self->metadata.contexts->pdata[i];
        if (strcmp(context->module, module) == 0 &&
            (stream == NULL || strcmp(context->stream, stream) == 0))
            return true;
    }
    return false;
}

static int compare_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Each once, sorted, with a NULL at the end: the modules, or the streams of @module. */
static GPtrArray *list_names(const PackagesModules *self, const char *module)
{
    GPtrArray *names = g_ptr_array_new();
    for (guint i = 0; i < self->metadata.contexts->len; i++) {
        const PackagesModulemdContext *context = self->metadata.contexts->pdata[i];
        char *name = module == NULL ? context->module : context->stream;
        if ((module == NULL || strcmp(context->module, module) == 0) &&
            !g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
            g_ptr_array_add(names, name);
    }
    g_ptr_array_sort(names, compare_text);
    g_ptr_array_add(names, NULL);
    return names;
}

static const PackagesModulemdDefault *find_default(const PackagesModules *self, const char *module)
{
    for (guint i = 0; i < self->metadata.defaults->len; i++) {
        const PackagesModulemdDefault *one = self->metadata.defaults->pdata[i];
        if (strcmp(one->module, module) == 0)
            return one;
    }
    return NULL;
}

static bool set_no_module(const PackagesModules *self, const ManifestString *at, const char *name,
                          GError **error)
{
    g_autoptr(GPtrArray) known = list_names(self, NULL);
    const char *nearest = base_nearest_name(name, (const char *const *)known->pdata);
    return set_error(at, error, "no repository has a module ‘%s’%s%s%s", name,
                     nearest != NULL ? "; did you mean ‘" : "", nearest != NULL ? nearest : "",
                     nearest != NULL ? "’?" : "");
}

static bool set_no_stream(const PackagesModules *self, const ManifestString *at, const char *module,
                          const char *stream, GError **error)
{
    g_autoptr(GPtrArray) streams = list_names(self, module);
    g_autofree char *list = g_strjoinv("’, ‘", (char **)streams->pdata);
    return set_error(at, error, "module ‘%s’ has no stream ‘%s’; it has ‘%s’", module, stream,
                     list);
}

static const char *default_stream(const PackagesModules *self, const char *module)
{
    const PackagesModulemdDefault *one = find_default(self, module);
    return one != NULL ? one->stream : NULL;
}

/* "NAME:STREAM" or "NAME", which means its default stream; "/PROFILE" is cut off before. */
static bool enable_one(PackagesModules *self, const ManifestString *at, const char *spec,
                       GError **error)
{
    g_auto(GStrv) parts = g_strsplit(spec, ":", 2);
    if (parts[0] == NULL || !has_stream(self, parts[0], NULL))
        return set_no_module(self, at, parts[0] != NULL ? parts[0] : "", error);
    const char *stream = parts[1] != NULL ? parts[1] : default_stream(self, parts[0]);
    if (stream == NULL)
        return set_error(at, error, "module ‘%s’ has no default stream; say ‘%s:STREAM’", parts[0],
                         parts[0]);
    if (!has_stream(self, parts[0], stream))
        return set_no_stream(self, at, parts[0], stream, error);
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

static bool fits(const PackagesModules *self, const GPtrArray *needs, const char *platform_module)
{
    for (guint i = 0; i < needs->len; i++) {
        const PackagesModulemdList *need = needs->pdata[i];
        const char *active = g_hash_table_lookup(self->active, need->name);
        if (strcmp(need->name, "platform") == 0 ? !fits_platform(platform_module, need->values)
                                                : active == NULL || !allows(need->values, active))
            return false;
    }
    return true;
}

/* Each of a context's dependencies is an alternative; it has to hold as a whole. */
static bool context_fits(const PackagesModules *self, const PackagesModulemdContext *context,
                         const char *platform_module)
{
    for (guint i = 0; i < context->dependencies->len; i++)
        if (fits(self, context->dependencies->pdata[i], platform_module))
            return true;
    return context->dependencies->len == 0;
}

static bool is_active(const PackagesModules *self, const PackagesModulemdContext *context)
{
    const char *active = g_hash_table_lookup(self->active, context->module);
    return active != NULL && strcmp(active, context->stream) == 0;
}

/* What an enabled stream needs is enabled as well: its default stream, or the only one allowed. */
static bool enable_needed(PackagesModules *self, const GPtrArray *needs)
{
    bool changed = false;
    for (guint i = 0; i < needs->len; i++) {
        const PackagesModulemdList *need = needs->pdata[i];
        if (g_hash_table_contains(self->active, need->name))
            continue;
        const char *choice = default_stream(self, need->name);
        if (choice == NULL || !allows(need->values, choice))
            choice = g_strv_length(need->values) == 1 ? need->values[0] : NULL;
        if (choice == NULL || !has_stream(self, need->name, choice))
            continue;
        g_hash_table_replace(self->active, g_strdup(need->name), g_strdup(choice));
        changed = true;
    }
    return changed;
}

static bool enable_all_needed(PackagesModules *self)
{
    bool changed = false;
    for (guint i = 0; i < self->metadata.contexts->len; i++) {
        const PackagesModulemdContext *context = self->metadata.contexts->pdata[i];
        for (guint j = 0; is_active(self, context) && j < context->dependencies->len; j++)
            changed = enable_needed(self, context->dependencies->pdata[j]) || changed;
    }
    return changed;
}

static void enable_defaults(PackagesModules *self)
{
    for (guint i = 0; i < self->metadata.defaults->len; i++) {
        const PackagesModulemdDefault *one = self->metadata.defaults->pdata[i];
        if (one->stream != NULL && has_stream(self, one->module, one->stream) &&
            !g_hash_table_contains(self->active, one->module))
            g_hash_table_replace(self->active, g_strdup(one->module), g_strdup(one->stream));
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

static void note_artifacts(PackagesModules *self, const PackagesModulemdContext *context,
                           const char *platform_module)
{
    bool counts = is_active(self, context) && context_fits(self, context, platform_module);
    g_autofree char *id = g_strdup_printf("%s:%s", context->module, context->stream);
    for (char **nevra = context->artifacts; *nevra != NULL; nevra++) {
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

static const PackagesModulemdList *find_list(const GPtrArray *lists, const char *name)
{
    for (guint i = 0; i < lists->len; i++) {
        const PackagesModulemdList *list = lists->pdata[i];
        if (strcmp(list->name, name) == 0)
            return list;
    }
    return NULL;
}

static const PackagesModulemdList *find_profile(const PackagesModules *self, const char *module,
                                                const char *stream, const char *name)
{
    const PackagesModulemdList *profile = NULL;
    for (guint i = 0; profile == NULL && i < self->metadata.contexts->len; i++) {
        const PackagesModulemdContext *context = self->metadata.contexts->pdata[i];
        if (strcmp(context->module, module) == 0 && strcmp(context->stream, stream) == 0)
            profile = find_list(context->profiles, name);
    }
    return profile;
}

static bool add_profile(const PackagesModules *self, const char *module, const char *name,
                        const ManifestString *at, GPtrArray *wanted, GError **error)
{
    const char *stream = g_hash_table_lookup(self->active, module);
    const PackagesModulemdList *profile = find_profile(self, module, stream, name);
    if (profile == NULL)
        return set_error(at, error, "stream ‘%s:%s’ has no profile ‘%s’", module, stream, name);
    for (char **rpm = profile->values; *rpm != NULL; rpm++) {
        ManifestString *string = g_new0(ManifestString, 1);
        string->text = g_strdup(*rpm);
        string->place = (ManifestPlace){
            .file = g_strdup(at->place.file), .line = at->place.line, .column = at->place.column};
        g_ptr_array_add(wanted, string);
    }
    return true;
}

static char **default_profiles(const PackagesModules *self, const char *module)
{
    const PackagesModulemdDefault *one = find_default(self, module);
    const char *stream = g_hash_table_lookup(self->active, module);
    const PackagesModulemdList *list = one != NULL ? find_list(one->profiles, stream) : NULL;
    return list != NULL && list->values[0] != NULL ? g_strdupv(list->values)
                                                   : g_strsplit("default", "/", -1);
}

static bool install_one(const PackagesModules *self, const ManifestString *string,
                        GPtrArray *wanted, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(string->text, "/", 2);
    g_auto(GStrv) words = g_strsplit(parts[0], ":", 2);
    g_auto(GStrv) profiles =
        parts[1] != NULL ? g_strsplit(parts[1], ",", -1) : default_profiles(self, words[0]);
    for (char **profile = profiles; *profile != NULL; profile++)
        if (!add_profile(self, words[0], *profile, string, wanted, error))
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
    for (unsigned i = 0; i < MAX_ROUNDS && enable_all_needed(self); i++)
        ;
    enable_defaults(self);
    for (guint i = 0; i < self->metadata.contexts->len; i++)
        note_artifacts(self, self->metadata.contexts->pdata[i], manifest->platform_module);
    for (guint i = 0; modules->install != NULL && i < modules->install->len; i++)
        if (!install_one(self, modules->install->pdata[i], wanted, error))
            return false;
    return true;
}
