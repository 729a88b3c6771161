/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The agent's configuration: one table of keys, drop-ins merged over it.
 */
#include "update/config.h"

#include "base/yaml.h"
#include "update/config-private.h"

#include <string.h>

#define SECTION_MAX_CHARS 32
#define ORIGIN_DEFAULT "default"

static void *field(const UpdateConfigKey *key, UpdateConfig *self)
{
    return (char *)self + key->offset;
}

static const void *const_field(const UpdateConfigKey *key, const UpdateConfig *self)
{
    return (const char *)self + key->offset;
}

static unsigned count_keys(void)
{
    unsigned n = 0;
    while (update_config_keys[n].name != NULL)
        n++;
    return n;
}

UpdateConfig *update_config_new(void)
{
    UpdateConfig *self = g_new0(UpdateConfig, 1);
    self->origins = g_new0(char *, count_keys() + 1);
    self->windows = g_array_new(FALSE, FALSE, sizeof(UpdateWindow));
    for (unsigned i = 0; update_config_keys[i].name != NULL; i++) {
        const UpdateConfigKey *key = &update_config_keys[i];
        self->origins[i] = g_strdup(ORIGIN_DEFAULT);
        if (key->kind == UPDATE_CONFIG_TEXT)
            *(char **)field(key, self) = g_strdup(key->preset);
        else if (key->kind == UPDATE_CONFIG_BOOL)
            *(bool *)field(key, self) = strcmp(key->preset, "true") == 0;
        else if (key->kind == UPDATE_CONFIG_COUNT)
            *(uint64_t *)field(key, self) = g_ascii_strtoull(key->preset, NULL, 10);
        else if (key->kind == UPDATE_CONFIG_FRACTION)
            *(double *)field(key, self) = -1;
    }
    return self;
}

void update_config_free(UpdateConfig *self)
{
    if (self == NULL)
        return;
    for (unsigned i = 0; update_config_keys[i].name != NULL; i++)
        if (update_config_keys[i].kind == UPDATE_CONFIG_TEXT)
            g_free(*(char **)field(&update_config_keys[i], self));
    g_array_unref(self->windows);
    g_strfreev(self->origins);
    g_free(self);
}

/* Reading one drop-in: values go to @self only when @apply is set, after a first pass that
 * found nothing wrong. */
typedef struct {
    UpdateConfig *self;
    const BaseYaml *yaml;
    bool apply;
} Reading;

static bool read_text(const Reading *r, const UpdateConfigKey *key, const BaseYamlNode *node,
                      GError **error)
{
    const char *text = NULL;
    if (!base_yaml_get_string(r->yaml, node, key->name, &text, error))
        return false;
    g_autofree char *wrong = key->check != NULL ? key->check(text) : NULL;
    if (wrong != NULL)
        return base_yaml_set_error(r->yaml, node, error, "‘%s’ is ‘%s’: %s", key->name, text,
                                   wrong);
    if (r->apply) {
        g_free(*(char **)field(key, r->self));
        *(char **)field(key, r->self) = g_strdup(text);
    }
    return true;
}

static bool read_number(const Reading *r, const UpdateConfigKey *key, const BaseYamlNode *node,
                        GError **error)
{
    const char *text = NULL;
    guint64 count = 0;
    if (!base_yaml_get_string(r->yaml, node, key->name, &text, error))
        return false;
    if (key->kind == UPDATE_CONFIG_COUNT) {
        if (!g_ascii_string_to_unsigned(text, 10, key->min, key->max, &count, NULL))
            return base_yaml_set_error(r->yaml, node, error,
                                       "‘%s’ is ‘%s’: a whole number from %" G_GUINT64_FORMAT
                                       " to %" G_GUINT64_FORMAT " is wanted",
                                       key->name, text, key->min, key->max);
        if (r->apply)
            *(uint64_t *)field(key, r->self) = count;
        return true;
    }
    char *end = NULL;
    double fraction = g_ascii_strtod(text, &end);
    if (*text == '\0' || *end != '\0' || !(fraction >= 0 && fraction <= 1))
        return base_yaml_set_error(r->yaml, node, error,
                                   "‘%s’ is ‘%s’: a number from 0 to 1 is wanted", key->name, text);
    if (r->apply)
        *(double *)field(key, r->self) = fraction;
    return true;
}

static bool read_value(const Reading *r, const UpdateConfigKey *key, const BaseYamlNode *node,
                       GError **error)
{
    bool on = false;
    g_autoptr(GArray) windows = NULL;
    switch (key->kind) {
    case UPDATE_CONFIG_TEXT:
        return read_text(r, key, node, error);
    case UPDATE_CONFIG_COUNT:
    case UPDATE_CONFIG_FRACTION:
        return read_number(r, key, node, error);
    case UPDATE_CONFIG_BOOL:
        if (!base_yaml_get_bool(r->yaml, node, key->name, &on, error))
            return false;
        if (r->apply)
            *(bool *)field(key, r->self) = on;
        return true;
    case UPDATE_CONFIG_WINDOWS:
        windows = update_config_windows(r->yaml, node, error);
        if (windows == NULL)
            return false;
        if (r->apply) {
            GArray **at = field(key, r->self);
            g_array_unref(*at);
            *at = g_steal_pointer(&windows);
        }
        return true;
    default:
        g_assert_not_reached();
    }
}

/* Names of the sections, or of the keys in @section. */
static GPtrArray *names_in(const char *section)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (const UpdateConfigKey *key = update_config_keys; key->name != NULL; key++) {
        const char *dot = strchr(key->name, '.');
        g_autofree char *first = g_strndup(key->name, (gsize)(dot - key->name));
        if (section == NULL &&
            (names->len == 0 || !g_str_equal(g_ptr_array_index(names, names->len - 1), first)))
            g_ptr_array_add(names, g_steal_pointer(&first));
        else if (section != NULL && strcmp(first, section) == 0)
            g_ptr_array_add(names, g_strdup(dot + 1));
    }
    g_ptr_array_add(names, NULL);
    return names;
}

static bool read_section(const Reading *r, const BaseYamlNode *section, const BaseYamlNode *values,
                         GError **error)
{
    g_autoptr(GPtrArray) known = names_in(section->text);
    if (!base_yaml_check_kind(r->yaml, values, section->text, BASE_YAML_MAPPING, error) ||
        !base_yaml_check_keys(r->yaml, values, (const char *const *)known->pdata, error))
        return false;
    for (unsigned i = 0; update_config_keys[i].name != NULL; i++) {
        const UpdateConfigKey *key = &update_config_keys[i];
        size_t chars = strlen(section->text);
        if (strncmp(key->name, section->text, chars) != 0 || key->name[chars] != '.')
            continue;
        const BaseYamlNode *value = base_yaml_find(values, key->name + chars + 1);
        if (value == NULL)
            continue;
        if (!read_value(r, key, value, error))
            return false;
        if (r->apply) {
            g_free(r->self->origins[i]);
            r->self->origins[i] = g_strdup_printf("%s:%u", r->yaml->name, value->line);
        }
    }
    return true;
}

static bool read_document(const Reading *r, GError **error)
{
    const BaseYamlNode *root = r->yaml->root;
    if (root->kind == BASE_YAML_NULL)
        return true;
    g_autoptr(GPtrArray) sections = names_in(NULL);
    if (!base_yaml_check_kind(r->yaml, root, "the configuration", BASE_YAML_MAPPING, error) ||
        !base_yaml_check_keys(r->yaml, root, (const char *const *)sections->pdata, error))
        return false;
    for (guint i = 0; i < root->keys->len; i++)
        if (!read_section(r, root->keys->pdata[i], root->values->pdata[i], error))
            return false;
    return true;
}

bool update_config_read(UpdateConfig *self, const char *path, GBytes *bytes, GError **error)
{
    g_autoptr(BaseYaml) yaml = base_yaml_parse(path, bytes, error);
    if (yaml == NULL)
        return false;
    Reading look = {.self = self, .yaml = yaml};
    Reading take = {.self = self, .yaml = yaml, .apply = true};
    return read_document(&look, error) && read_document(&take, error);
}

char *update_config_value(const UpdateConfig *self, unsigned index)
{
    const UpdateConfigKey *key = &update_config_keys[index];
    const void *value = const_field(key, self);
    switch (key->kind) {
    case UPDATE_CONFIG_TEXT:
        return g_strdup(*(char *const *)value);
    case UPDATE_CONFIG_BOOL:
        return g_strdup(*(const bool *)value ? "true" : "false");
    case UPDATE_CONFIG_COUNT:
        return g_strdup_printf("%" G_GUINT64_FORMAT, *(const uint64_t *)value);
    case UPDATE_CONFIG_FRACTION:
        if (*(const double *)value < 0)
            return g_strdup("");
        return g_strdup_printf("%.6f", *(const double *)value);
    case UPDATE_CONFIG_WINDOWS:
        return update_config_windows_text(*(GArray *const *)value);
    default:
        g_assert_not_reached();
    }
}
