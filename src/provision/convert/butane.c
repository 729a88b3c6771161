/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Butane to Ignition. Butane's keys are Ignition's with underscores; what it has beyond them is
 * here: inline and local contents, mount units.
 */
#include "provision/convert/convert.h"

#include "base/fd.h"
#include "provision/data-url.h"
#include "provision/ignition/keys.h"

#include <string.h>

#define LOCAL_MAX_BYTES (32 * 1024 * 1024)

typedef struct {
    int files;
    ProvisionReport *report;
    ProvisionValue *units; /* (borrowed): where mount units go */
} Converter;

static char *to_snake(const char *name)
{
    GString *out = g_string_new(NULL);
    for (const char *p = name; *p != '\0'; p++) {
        if (g_str_has_prefix(p, "MiB")) {
            g_string_append(out, "_mib");
            p += 2;
        } else if (g_ascii_isupper(*p)) {
            g_string_append_printf(out, "_%c", g_ascii_tolower(*p));
        } else {
            g_string_append_c(out, *p);
        }
    }
    return g_string_free(out, FALSE);
}

static const ProvisionIgnitionKey *find_key(const ProvisionIgnitionSection *section,
                                            const char *snake)
{
    for (const ProvisionIgnitionKey *key = section->keys; key->name != NULL; key++) {
        g_autofree char *name = to_snake(key->name);
        if (strcmp(name, snake) == 0)
            return key;
    }
    return NULL;
}

static GBytes *read_local(const Converter *self, const ProvisionValue *path)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *padded = g_strdup_printf("/%s/", path->text);
    if (self->files < 0 || path->text[0] == '/' || strstr(padded, "/../") != NULL) {
        provision_report_add(self->report, &path->at, PROVISION_FAILED,
                             self->files < 0 ? "local files want --files-dir"
                                             : "‘%s’ leads out of the directory of local files",
                             path->text);
        return NULL;
    }
    GBytes *bytes = base_fd_read_file(self->files, path->text, LOCAL_MAX_BYTES, &local);
    if (bytes == NULL)
        provision_report_add(self->report, &path->at, PROVISION_FAILED, "%s", local->message);
    return bytes;
}

static bool is_text(const ProvisionValue *value)
{
    return value != NULL && value->kind == PROVISION_VALUE_STRING;
}

static void set_source(ProvisionValue *resource, const ProvisionPlace *at, GBytes *bytes)
{
    g_autofree char *url = provision_data_url_encode(bytes);
    provision_value_take_member(resource, "source", at, provision_value_new_string(at, url));
}

/* What Butane has beyond Ignition's keys; whether it was one of these. */
static bool convert_extra(const Converter *self, const ProvisionIgnitionSection *section,
                          const ProvisionMember *member, ProvisionValue *into)
{
    const ProvisionValue *value = member->value;
    bool is_resource = find_key(section, "source") != NULL;
    bool has_contents = find_key(section, "contents") != NULL && find_key(section, "path") == NULL;
    if (is_resource && strcmp(member->name, "inline") == 0 && is_text(value)) {
        g_autoptr(GBytes) bytes = g_bytes_new(value->text, strlen(value->text));
        set_source(into, &value->at, bytes);
        return true;
    }
    if (is_resource && strcmp(member->name, "local") == 0 && is_text(value)) {
        g_autoptr(GBytes) bytes = read_local(self, value);
        if (bytes != NULL)
            set_source(into, &value->at, bytes);
        return true;
    }
    if (has_contents && strcmp(member->name, "contents_local") == 0 && is_text(value)) {
        g_autoptr(GBytes) bytes = read_local(self, value);
        g_autofree char *text =
            bytes == NULL ? NULL
                          : g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
        if (text != NULL)
            provision_value_take_member(into, "contents", &value->at,
                                        provision_value_new_string(&value->at, text));
        return true;
    }
    return strcmp(member->name, "with_mount_unit") == 0;
}

static ProvisionValue *convert_value(const Converter *self, const ProvisionIgnitionKey *key,
                                     const ProvisionValue *value);

static ProvisionValue *convert_map(const Converter *self, const ProvisionIgnitionSection *section,
                                   const ProvisionValue *map)
{
    ProvisionValue *into = provision_value_new(&map->at, PROVISION_VALUE_MAP);
    for (guint i = 0; i < map->members->len; i++) {
        const ProvisionMember *member = map->members->pdata[i];
        const ProvisionIgnitionKey *key = find_key(section, member->name);
        if (key != NULL)
            provision_value_take_member(into, key->name, &member->at,
                                        convert_value(self, key, member->value));
        else if (!convert_extra(self, section, member, into))
            provision_report_add(self->report, &member->value->at, PROVISION_UNSUPPORTED,
                                 "‘%s’ has no counterpart in Ignition that atoll makes",
                                 member->name);
    }
    return into;
}

static ProvisionValue *convert_value(const Converter *self, const ProvisionIgnitionKey *key,
                                     const ProvisionValue *value)
{
    if (key->section == NULL || value->kind != key->kind)
        return provision_value_ref((ProvisionValue *)value);
    if (value->kind == PROVISION_VALUE_MAP)
        return convert_map(self, key->section, value);
    ProvisionValue *list = provision_value_new(&value->at, PROVISION_VALUE_LIST);
    for (guint i = 0; i < value->items->len; i++) {
        const ProvisionValue *item = value->items->pdata[i];
        provision_value_take_item(list, item->kind == PROVISION_VALUE_MAP
                                            ? convert_map(self, key->section, item)
                                            : provision_value_ref((ProvisionValue *)item));
    }
    return list;
}

/* systemd's name of the unit that mounts @path */
static char *mount_unit_name(const char *path)
{
    GString *name = g_string_new(NULL);
    for (const char *p = path + strspn(path, "/"); *p != '\0'; p++) {
        if (*p == '/')
            g_string_append_c(name, '-');
        else if (g_ascii_isalnum(*p) || *p == '_' || (*p == '.' && name->len > 0))
            g_string_append_c(name, *p);
        else
            g_string_append_printf(name, "\\x%02x", (unsigned char)*p);
    }
    if (name->len == 0)
        g_string_append_c(name, '-');
    return g_string_free(name, FALSE);
}

static const char *text_of(const ProvisionValue *map, const char *key)
{
    const ProvisionValue *value = provision_value_find(map, key);
    return is_text(value) ? value->text : NULL;
}

static void add_mount_unit(const Converter *self, const ProvisionValue *filesystem)
{
    const ProvisionValue *with = provision_value_find(filesystem, "with_mount_unit");
    const char *path = text_of(filesystem, "path");
    const char *device = text_of(filesystem, "device");
    const char *format = text_of(filesystem, "format");
    bool swap = g_strcmp0(format, "swap") == 0;
    if (with == NULL || with->kind != PROVISION_VALUE_BOOL || !with->boolean || device == NULL ||
        (path == NULL && !swap))
        return;
    g_autofree char *escaped = mount_unit_name(swap ? device : path);
    g_autofree char *device_unit = mount_unit_name(device);
    g_autofree char *name = g_strconcat(escaped, swap ? ".swap" : ".mount", NULL);
    g_autofree char *contents =
        swap ? g_strdup_printf("[Swap]\nWhat=%s\n\n[Install]\nRequiredBy=swap.target\n", device)
             : g_strdup_printf("[Unit]\nRequires=systemd-fsck@%s.service\n"
                               "After=systemd-fsck@%s.service\n\n[Mount]\nWhere=%s\nWhat=%s\n"
                               "Type=%s\n\n[Install]\nRequiredBy=local-fs.target\n",
                               device_unit, device_unit, path, device,
                               format != NULL ? format : "auto");
    ProvisionValue *unit = provision_value_new(&with->at, PROVISION_VALUE_MAP);
    ProvisionValue *enabled = provision_value_new(&with->at, PROVISION_VALUE_BOOL);
    enabled->boolean = true;
    provision_value_set_string(unit, "name", name);
    provision_value_take_member(unit, "enabled", &with->at, enabled);
    provision_value_set_string(unit, "contents", contents);
    provision_value_take_item(self->units, unit);
}

static void add_mount_units(Converter *self, const ProvisionValue *butane, ProvisionValue *config)
{
    const ProvisionValue *list =
        provision_value_find(provision_value_find(butane, "storage"), "filesystems");
    const ProvisionValue *systemd = provision_value_find(config, "systemd");
    const ProvisionValue *units = provision_value_find(systemd, "units");
    if (list == NULL || list->kind != PROVISION_VALUE_LIST)
        return;
    ProvisionValue *all = provision_value_new(&list->at, PROVISION_VALUE_LIST);
    ProvisionValue *section = provision_value_new(&list->at, PROVISION_VALUE_MAP);
    for (guint i = 0; units != NULL && units->kind == PROVISION_VALUE_LIST && i < units->items->len;
         i++)
        provision_value_take_item(all, provision_value_ref(units->items->pdata[i]));
    self->units = all;
    for (guint i = 0; i < list->items->len; i++)
        add_mount_unit(self, list->items->pdata[i]);
    bool any = all->items->len > 0;
    provision_value_take_member(section, "units", &all->at, all);
    if (any)
        provision_value_take_member(config, "systemd", &section->at, section);
    else
        provision_value_unref(section);
}

bool provision_convert_is_butane(const ProvisionValue *value)
{
    return is_text(provision_value_find(value, "variant")) &&
           is_text(provision_value_find(value, "version"));
}

static const char *spec_of(const char *variant, const char *version)
{
    static const struct {
        const char *variant, *version, *spec;
    } rows[] = {
        {"fcos", "1.0.0", "3.0.0"}, {"fcos", "1.1.0", "3.1.0"},    {"fcos", "1.2.0", "3.2.0"},
        {"fcos", "1.3.0", "3.2.0"}, {"fcos", "1.4.0", "3.3.0"},    {"fcos", "1.5.0", "3.4.0"},
        {"fcos", "1.6.0", "3.5.0"}, {"flatcar", "1.0.0", "3.3.0"}, {"flatcar", "1.1.0", "3.4.0"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (strcmp(rows[i].variant, variant) == 0 && strcmp(rows[i].version, version) == 0)
            return rows[i].spec;
    }
    return NULL;
}

ProvisionValue *provision_convert_butane(const ProvisionValue *butane, int files,
                                         ProvisionReport *report)
{
    Converter self = {.files = files, .report = report};
    const ProvisionValue *variant = provision_value_find(butane, "variant");
    const char *version = text_of(butane, "version");
    const char *spec = spec_of(variant->text, version);
    if (spec == NULL) {
        provision_report_add(report, &variant->at, PROVISION_FAILED,
                             "‘%s’ %s is not converted: fcos 1.0.0 to 1.6.0, flatcar 1.0.0 and "
                             "1.1.0 are",
                             variant->text, version);
        return NULL;
    }
    g_autoptr(ProvisionValue) rest = provision_value_new(&butane->at, PROVISION_VALUE_MAP);
    for (guint i = 0; i < butane->members->len; i++) {
        const ProvisionMember *member = butane->members->pdata[i];
        if (strcmp(member->name, "variant") != 0 && strcmp(member->name, "version") != 0)
            provision_value_take_member(rest, member->name, &member->at,
                                        provision_value_ref(member->value));
    }
    ProvisionValue *config = convert_map(&self, &provision_ignition_config, rest);
    const ProvisionValue *written = provision_value_find(config, "ignition");
    ProvisionValue *ignition = provision_value_new(&variant->at, PROVISION_VALUE_MAP);
    provision_value_set_string(ignition, "version", spec);
    for (guint i = 0;
         written != NULL && written->kind == PROVISION_VALUE_MAP && i < written->members->len;
         i++) {
        const ProvisionMember *member = written->members->pdata[i];
        provision_value_take_member(ignition, member->name, &member->at,
                                    provision_value_ref(member->value));
    }
    provision_value_take_member(config, "ignition", &variant->at, ignition);
    add_mount_units(&self, butane, config);
    return config;
}
