/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Keys of the host as a whole that are more than a text, a flag or a list; and packages, which an
 * image-based host leaves to its policy.
 */
#include "provision/cloud/read.h"

#include <string.h>

static void set_text(ProvisionText *to, const ProvisionPlace *at, char *text)
{
    g_free(to->text);
    to->at = *at;
    to->text = text;
}

/* A boolean or a word: "true", "false", "noblock", "localhost", "unchanged", … */
void provision_cloud_read_words(ProvisionCloud *cloud, const ProvisionMember *member,
                                gpointer target)
{
    static const struct {
        const char *key;
        const char *words[5];
    } known[] = {
        {"mode", {"auto", "growpart", "gpart", "off", NULL}},
        {"ssh_pwauth", {"unchanged", NULL}},
        {"manage_etc_hosts", {"localhost", "template", NULL}},
        {"resize_rootfs", {"noblock", NULL}},
    };
    const ProvisionValue *value = member->value;
    if (value->kind == PROVISION_VALUE_NULL)
        return;
    if (value->kind == PROVISION_VALUE_STRING) {
        g_autofree char *word = g_ascii_strdown(value->text, -1);
        for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
            if (g_str_has_suffix(member->at.key, known[i].key) &&
                g_strv_contains(known[i].words, word)) {
                set_text(target, &member->at, g_steal_pointer(&word));
                return;
            }
        }
    }
    bool flag = false;
    bool is_mode = strcmp(member->name, "mode") == 0;
    if (provision_cloud_flag(cloud, value, &flag))
        set_text(target, &member->at,
                 g_strdup(is_mode ? (flag ? "auto" : "off")
                          : flag  ? "true"
                                  : "false"));
}

void provision_cloud_read_ntp(ProvisionCloud *cloud, const ProvisionMember *member, gpointer target)
{
    const ProvisionValue *value = member->value;
    ProvisionFlag *enabled = &cloud->plan->settings.ntp_enabled;
    (void)target;
    if (value->kind != PROVISION_VALUE_MAP && value->kind != PROVISION_VALUE_NULL) {
        provision_cloud_fail(cloud, &value->at, "must be a mapping, not %s",
                             provision_value_kind_name(value->kind));
        return;
    }
    enabled->at = member->at;
    enabled->value = PROVISION_YES;
    for (const ProvisionCloudKey *key = provision_cloud_keys; key->name != NULL; key++) {
        if (strcmp(key->name, "ntp") == 0 && value->kind == PROVISION_VALUE_MAP)
            provision_cloud_read_fields(cloud, value, key->fields, &cloud->plan->settings);
    }
}

void provision_cloud_read_locale(ProvisionCloud *cloud, const ProvisionMember *member,
                                 gpointer target)
{
    const ProvisionValue *value = member->value;
    (void)target;
    bool off = value->kind == PROVISION_VALUE_NULL ||
               (value->kind == PROVISION_VALUE_BOOL && !value->boolean);
    char *text = off ? NULL : provision_cloud_text(cloud, value);
    if (text != NULL)
        set_text(&cloud->plan->settings.locale, &member->at, text);
}

/* {rotate: true, timeout: 1} → "rotate", "timeout:1" */
void provision_cloud_read_resolv_options(ProvisionCloud *cloud, const ProvisionMember *member,
                                         gpointer target)
{
    ProvisionTexts *options = target;
    const ProvisionValue *map = member->value;
    if (map->kind == PROVISION_VALUE_NULL)
        return;
    if (map->kind != PROVISION_VALUE_MAP) {
        provision_cloud_fail(cloud, &map->at, "must be a mapping, not %s",
                             provision_value_kind_name(map->kind));
        return;
    }
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (guint i = 0; i < map->members->len; i++) {
        const ProvisionMember *option = map->members->pdata[i];
        if (option->value->kind == PROVISION_VALUE_BOOL) {
            if (option->value->boolean)
                g_strv_builder_add(builder, option->name);
            continue;
        }
        g_autofree char *text = provision_cloud_text(cloud, option->value);
        g_autofree char *line = g_strdup_printf("%s:%s", option->name, text);
        if (text != NULL)
            g_strv_builder_add(builder, line);
    }
    g_strfreev(options->texts);
    options->at = member->at;
    options->texts = g_strv_builder_end(builder);
}

static ProvisionHostKey *host_key_of(ProvisionCloud *cloud, const ProvisionMember *member,
                                     const char *type)
{
    GPtrArray *keys = cloud->plan->host_keys;
    for (guint i = 0; i < keys->len; i++) {
        ProvisionHostKey *key = keys->pdata[i];
        if (strcmp(key->type, type) == 0)
            return key;
    }
    ProvisionHostKey *key = provision_host_key_new(&member->at, type);
    g_ptr_array_add(keys, key);
    return key;
}

/* rsa_private, rsa_public, rsa_certificate, … */
void provision_cloud_read_ssh_keys(ProvisionCloud *cloud, const ProvisionMember *member,
                                   gpointer target)
{
    static const char *const types[] = {"rsa", "ecdsa", "ed25519", NULL};
    const ProvisionValue *map = member->value;
    (void)target;
    if (map->kind != PROVISION_VALUE_MAP && map->kind != PROVISION_VALUE_NULL)
        provision_cloud_fail(cloud, &map->at, "must be a mapping, not %s",
                             provision_value_kind_name(map->kind));
    for (guint i = 0; map->kind == PROVISION_VALUE_MAP && i < map->members->len; i++) {
        const ProvisionMember *entry = map->members->pdata[i];
        g_auto(GStrv) words = g_strsplit(entry->name, "_", 2);
        const char *what = words[0] != NULL ? words[1] : NULL;
        bool private = g_strcmp0(what, "private") == 0;
        bool public = g_strcmp0(what, "public") == 0;
        if (what == NULL || (!private && !public && strcmp(what, "certificate") != 0)) {
            provision_report_add(cloud->report, &entry->at, PROVISION_UNKNOWN,
                                 "unknown key: TYPE_private, TYPE_public or TYPE_certificate");
            continue;
        }
        if (!g_strv_contains(types, words[0])) {
            provision_report_add(cloud->report, &entry->at, PROVISION_UNSUPPORTED,
                                 "host keys are of type rsa, ecdsa or ed25519");
            continue;
        }
        ProvisionHostKey *key = host_key_of(cloud, entry, words[0]);
        char **to = private ? &key->private_key : public ? &key->public_key : &key->certificate;
        g_free(*to);
        *to = provision_cloud_text(cloud, entry->value);
    }
}

void provision_cloud_read_tries(ProvisionCloud *cloud, const ProvisionMember *member,
                                gpointer target)
{
    int *tries = target;
    gint64 number = 0;
    if (member->value->kind == PROVISION_VALUE_NULL)
        return;
    g_autofree char *text = provision_cloud_text(cloud, member->value);
    if (text != NULL && g_ascii_string_to_signed(text, 10, 0, 1000, &number, NULL))
        *tries = (int)number;
    else if (text != NULL)
        provision_cloud_fail(cloud, &member->value->at, "must be a number up to 1000");
}

void provision_cloud_read_package_flag(ProvisionCloud *cloud, const ProvisionMember *member,
                                       gpointer target)
{
    ProvisionPackages *packages = &cloud->plan->packages;
    ProvisionFlag *to =
        strstr(member->name, "update") != NULL ? &packages->update : &packages->upgrade;
    bool flag = false;
    (void)target;
    if (member->value->kind == PROVISION_VALUE_NULL ||
        !provision_cloud_flag(cloud, member->value, &flag))
        return;
    to->at = member->at;
    to->value = flag ? PROVISION_YES : PROVISION_NO;
}

static void add_packages(ProvisionCloud *cloud, const ProvisionValue *list, GStrvBuilder *builder)
{
    for (guint i = 0; i < list->items->len; i++) {
        const ProvisionValue *item = list->items->pdata[i];
        if (item->kind == PROVISION_VALUE_MAP) { /* {snap: [NAME, …]} */
            for (guint m = 0; m < item->members->len; m++) {
                const ProvisionMember *manager = item->members->pdata[m];
                if (manager->value->kind == PROVISION_VALUE_LIST)
                    add_packages(cloud, manager->value, builder);
            }
            continue;
        }
        g_auto(GStrv) words = provision_cloud_texts(cloud, item);
        if (words[0] == NULL)
            continue;
        g_autofree char *name =
            words[1] == NULL ? g_strdup(words[0]) : g_strdup_printf("%s=%s", words[0], words[1]);
        g_strv_builder_add(builder, name);
    }
}

void provision_cloud_read_packages(ProvisionCloud *cloud, const ProvisionMember *member,
                                   gpointer target)
{
    ProvisionTexts *names = &cloud->plan->packages.names;
    const ProvisionValue *list = member->value;
    (void)target;
    if (list->kind == PROVISION_VALUE_NULL)
        return;
    if (list->kind != PROVISION_VALUE_LIST) {
        provision_cloud_fail(cloud, &list->at, "must be a list of packages, not %s",
                             provision_value_kind_name(list->kind));
        return;
    }
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    add_packages(cloud, list, builder);
    g_strfreev(names->texts);
    names->at = member->at;
    names->texts = g_strv_builder_end(builder);
}
