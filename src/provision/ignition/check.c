/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Checking a config against the table of keys: types, unknown keys, what a later spec brought,
 * what is required, elements that are there twice. The rules of sections are in rules*.c.
 */
#include "provision/ignition/ignition.h"
#include "provision/ignition/keys.h"
#include "provision/ignition/rules.h"

#include "base/nearest.h"

#include <string.h>

typedef struct {
    ProvisionReport *report;
    unsigned minor;
    bool good;
} Checker;

static void fail(Checker *self, const ProvisionPlace *at, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
static void fail(Checker *self, const ProvisionPlace *at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    provision_report_add(self->report, at, PROVISION_FAILED, "%s", message);
    self->good = false;
}

static void check_map(Checker *self, const ProvisionIgnitionSection *section,
                      const ProvisionValue *map);

static void report_unknown(const Checker *self, const ProvisionIgnitionSection *section,
                           const ProvisionMember *member)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (const ProvisionIgnitionKey *key = section->keys; key->name != NULL; key++)
        g_ptr_array_add(names, (gpointer)key->name);
    g_ptr_array_add(names, NULL);
    const char *near = base_nearest_name(member->name, (const char *const *)names->pdata);
    ProvisionPlace at = member->at;
    at.key = member->value->at.key;
    provision_report_add(self->report, &at, PROVISION_UNKNOWN,
                         near != NULL ? "Ignition has no such key; did you mean ‘%s’?"
                                      : "Ignition has no such key",
                         near);
}

static void check_text_list(Checker *self, const ProvisionIgnitionKey *key,
                            const ProvisionValue *list)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < list->items->len; i++) {
        const ProvisionValue *item = list->items->pdata[i];
        if (item->kind != PROVISION_VALUE_STRING)
            fail(self, &item->at, "text is wanted, not %s", provision_value_kind_name(item->kind));
        else if ((key->flags & PROVISION_IGNITION_APPEND) == 0 &&
                 !g_hash_table_add(seen, item->text))
            fail(self, &item->at, "is there twice");
    }
}

static void check_list(Checker *self, const ProvisionIgnitionKey *key, const ProvisionValue *list)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < list->items->len; i++) {
        const ProvisionValue *item = list->items->pdata[i];
        if (item->kind != PROVISION_VALUE_MAP) {
            fail(self, &item->at, "a mapping is wanted, not %s",
                 provision_value_kind_name(item->kind));
            continue;
        }
        check_map(self, key->section, item);
        char *id = provision_ignition_identity(key->section, item);
        if ((key->flags & PROVISION_IGNITION_APPEND) != 0 || id == NULL)
            g_free(id);
        else if (!g_hash_table_add(seen, id))
            fail(self, &item->at, "another element has the same %s", key->section->id);
    }
}

static void check_value(Checker *self, const ProvisionIgnitionKey *key, const ProvisionValue *value)
{
    if (value->kind == PROVISION_VALUE_NULL)
        return;
    if (value->kind != key->kind)
        fail(self, &value->at, "%s is wanted, not %s", provision_value_kind_name(key->kind),
             provision_value_kind_name(value->kind));
    else if (key->kind == PROVISION_VALUE_MAP)
        check_map(self, key->section, value);
    else if (key->kind == PROVISION_VALUE_LIST && key->section == NULL)
        check_text_list(self, key, value);
    else if (key->kind == PROVISION_VALUE_LIST)
        check_list(self, key, value);
}

/* Files, directories and links may not share a path, nor a kernel argument both be wanted and not.
 */
static void check_siblings(Checker *self, const ProvisionIgnitionSection *section,
                           const ProvisionValue *map)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (const char *const *name = section->siblings; name != NULL && *name != NULL; name++) {
        const ProvisionValue *list = provision_value_find(map, *name);
        const ProvisionIgnitionKey *key = provision_ignition_key_find(section, *name);
        if (list == NULL || list->kind != PROVISION_VALUE_LIST)
            continue;
        for (guint i = 0; i < list->items->len; i++) {
            const ProvisionValue *item = list->items->pdata[i];
            char *id = provision_ignition_identity(key->section, item);
            const char *other = id == NULL ? NULL : g_hash_table_lookup(seen, id);
            if (other != NULL && strcmp(other, *name) != 0)
                fail(self, &item->at, "is among the %s too", other);
            if (id != NULL)
                g_hash_table_replace(seen, id, (gpointer)*name);
        }
    }
}

static void check_map(Checker *self, const ProvisionIgnitionSection *section,
                      const ProvisionValue *map)
{
    for (guint i = 0; i < map->members->len; i++) {
        const ProvisionMember *member = map->members->pdata[i];
        const ProvisionIgnitionKey *key = provision_ignition_key_find(section, member->name);
        if (key == NULL)
            report_unknown(self, section, member);
        else if (key->since > self->minor)
            provision_report_add(self->report, &member->value->at, PROVISION_UNKNOWN,
                                 "came with spec 3.%u.0, and this config says 3.%u.0", key->since,
                                 self->minor);
        else
            check_value(self, key, member->value);
    }
    for (const ProvisionIgnitionKey *key = section->keys; key->name != NULL; key++) {
        const ProvisionValue *value = provision_value_find(map, key->name);
        if ((key->flags & PROVISION_IGNITION_REQUIRED) != 0 && key->since <= self->minor &&
            (value == NULL || value->kind == PROVISION_VALUE_NULL))
            fail(self, &map->at, "‘%s’ is missing", key->name);
    }
    check_siblings(self, section, map);
}

static const ProvisionValue *find_version(const ProvisionValue *config)
{
    const ProvisionValue *ignition = provision_value_find(config, "ignition");
    return provision_value_find(ignition, "version");
}

bool provision_ignition_is_config(const ProvisionValue *value)
{
    const ProvisionValue *version = find_version(value);
    return version != NULL && version->kind == PROVISION_VALUE_STRING;
}

static bool check_version(Checker *self, const ProvisionValue *config)
{
    const ProvisionValue *version = find_version(config);
    if (config->kind != PROVISION_VALUE_MAP || version == NULL) {
        fail(self, &config->at, "not an Ignition config: ‘ignition.version’ is missing");
        return false;
    }
    if (version->kind == PROVISION_VALUE_STRING) {
        for (unsigned minor = 0; minor <= PROVISION_IGNITION_MAX_MINOR; minor++) {
            char known[16];
            (void)g_snprintf(known, sizeof known, "3.%u.0", minor);
            if (strcmp(version->text, known) == 0) {
                self->minor = minor;
                return true;
            }
        }
    }
    fail(self, &version->at, "‘%s’ is no version that atoll knows: 3.0.0 to 3.%d.0",
         version->kind == PROVISION_VALUE_STRING ? version->text
                                                 : provision_value_kind_name(version->kind),
         PROVISION_IGNITION_MAX_MINOR);
    return false;
}

bool provision_ignition_check(const ProvisionValue *config, ProvisionReport *report)
{
    Checker self = {.report = report, .good = true};
    if (!check_version(&self, config))
        return false;
    check_map(&self, &provision_ignition_config, config);
    /* rules may rely on types */
    return self.good && provision_ignition_check_rules(config, self.minor, report);
}
