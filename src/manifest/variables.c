/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * ${name} in values. A value replaces once: what a variable holds is not searched again, so
 * that nothing can grow without bound.
 */
#include "manifest/variables.h"

#include "base/nearest.h"
#include "manifest/keys.h"
#include "manifest/metadata.h"
#include "manifest/records.h"

#include <string.h>

typedef struct {
    const ManifestLayer *layer;
    const ManifestPlace *place;
} Replace;

static const char *find_value(const ManifestLayer *layer, const char *name)
{
    for (guint i = 0; i < layer->variables->len; i++) {
        const ManifestVariable *variable = layer->variables->pdata[i];
        if (strcmp(variable->name, name) == 0)
            return variable->value;
    }
    if (strcmp(name, "releasever") == 0)
        return layer->values->releasever;
    if (strcmp(name, "basearch") == 0)
        return manifest_key_basearch();
    return NULL;
}

static bool set_unknown(const Replace *r, const char *name, GError **error)
{
    g_autoptr(GPtrArray) known = g_ptr_array_new();
    for (guint i = 0; i < r->layer->variables->len; i++)
        g_ptr_array_add(known, ((ManifestVariable *)r->layer->variables->pdata[i])->name);
    g_ptr_array_add(known, (gpointer) "releasever");
    g_ptr_array_add(known, (gpointer) "basearch");
    g_ptr_array_add(known, NULL);
    const char *nearest = base_nearest_name(name, (const char *const *)known->pdata);
    if (nearest == NULL)
        return manifest_place_set_error(r->place, error,
                                        "variable ‘%s’ is not set; set it under ‘variables’", name);
    if (strcmp(nearest, name) == 0)
        return manifest_place_set_error(r->place, error, "‘${%s}’ is used, but ‘%s’ is not set",
                                        name, name);
    return manifest_place_set_error(r->place, error, "variable ‘%s’ is not set; did you mean ‘%s’?",
                                    name, nearest);
}

static char *replace(const char *text, gpointer user_data, GError **error)
{
    const Replace *r = user_data;
    g_autoptr(GString) out = g_string_new(NULL);
    const char *rest = text;
    for (const char *start = NULL; (start = strstr(rest, "${")) != NULL;) {
        const char *end = strchr(start, '}');
        if (end == NULL) {
            manifest_place_set_error(r->place, error, "‘%s’ has a ‘${’ without its ‘}’", text);
            return NULL;
        }
        g_autofree char *name = g_strndup(start + 2, (gsize)(end - start - 2));
        const char *value = find_value(r->layer, name);
        if (value == NULL) {
            set_unknown(r, name, error);
            return NULL;
        }
        g_string_append_len(out, rest, start - rest);
        g_string_append(out, value);
        if (out->len > BASE_YAML_MAX_BYTES) {
            manifest_place_set_error(r->place, error, "variables make this too long");
            return NULL;
        }
        rest = end + 1;
    }
    g_string_append(out, rest);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static bool replace_in_place(const Replace *r, char **text, GError **error)
{
    if (*text == NULL)
        return true;
    char *replaced = replace(*text, (gpointer)r, error);
    if (replaced == NULL)
        return false;
    g_free(*text);
    *text = replaced;
    return true;
}

static bool replace_in_texts(const Replace *r, char **texts, GError **error)
{
    for (size_t i = 0; texts[i] != NULL; i++) {
        if (!replace_in_place(r, &texts[i], error))
            return false;
    }
    return true;
}

static bool replace_in_repos(const ManifestLayer *layer, GError **error)
{
    for (guint i = 0; i < layer->values->repos->len; i++) {
        ManifestRepo *repo = layer->values->repos->pdata[i];
        const Replace r = {.layer = layer, .place = &repo->place};
        if (!replace_in_texts(&r, repo->urls, error) ||
            !replace_in_texts(&r, repo->suites, error) ||
            !replace_in_texts(&r, repo->components, error) ||
            (repo->rpm != NULL && (!replace_in_place(&r, &repo->rpm->metalink, error) ||
                                   !replace_in_place(&r, &repo->rpm->mirrorlist, error))))
            return false;
    }
    return true;
}

static bool replace_in_metadata(const Replace *r, GVariant **metadata, GError **error)
{
    if (*metadata == NULL)
        return true;
    GVariant *replaced = manifest_metadata_map(*metadata, replace, (gpointer)r, error);
    if (replaced == NULL)
        return false;
    g_variant_unref(*metadata);
    *metadata = replaced;
    return true;
}

bool manifest_variables_replace(ManifestLayer *layer, GError **error)
{
    bool fine = true;
    for (const ManifestKey *key = manifest_keys; fine && key->name != NULL; key++) {
        const Replace r = {.layer = layer, .place = &layer->places[key - manifest_keys]};
        if ((key->flags & MANIFEST_KEY_VARIABLE) == 0 || r.place->file == NULL)
            continue;
        void *field = manifest_key_field(key, layer->values);
        if (key->kind == MANIFEST_KEY_STRING)
            fine = replace_in_place(&r, field, error);
        else if (key->kind == MANIFEST_KEY_REPOS)
            fine = replace_in_repos(layer, error);
        else if (key->kind == MANIFEST_KEY_METADATA)
            fine = replace_in_metadata(&r, field, error);
    }
    return fine;
}
