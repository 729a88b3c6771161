/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reading mappings by tables: scalars as cloud-init takes them, unknown keys with the nearest one,
 * every complaint with its place. No key is passed over without a word.
 */
#include "provision/cloud/read.h"

#include "base/nearest.h"

#include <string.h>

#define MAX_NAME_CHARS 32
#define MAX_GUESSES 200

void provision_cloud_fail(ProvisionCloud *cloud, const ProvisionPlace *at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    provision_report_add(cloud->report, at, PROVISION_FAILED, "%s", message);
}

/* {systemd-creds: BASE64}, which JSON can say too. */
static const ProvisionValue *encrypted_of(const ProvisionValue *value)
{
    if (value->kind == PROVISION_VALUE_STRING)
        return value->is_encrypted ? value : NULL;
    if (value->kind != PROVISION_VALUE_MAP || value->members->len != 1)
        return NULL;
    const ProvisionValue *inner = provision_value_find(value, "systemd-creds");
    return inner != NULL && inner->kind == PROVISION_VALUE_STRING ? inner : NULL;
}

static GBytes *decrypt(ProvisionCloud *cloud, const ProvisionValue *value)
{
    if (cloud->env->decrypt == NULL)
        return g_bytes_new_static("(encrypted)", strlen("(encrypted)"));
    g_autoptr(GError) local = NULL;
    GBytes *bytes = cloud->env->decrypt(cloud->env->decrypt_data, value->text, &local);
    if (bytes == NULL)
        provision_cloud_fail(cloud, &value->at, "%s", local->message);
    return bytes;
}

GBytes *provision_cloud_bytes(ProvisionCloud *cloud, const ProvisionValue *value)
{
    const ProvisionValue *encrypted = encrypted_of(value);
    if (encrypted != NULL)
        return decrypt(cloud, encrypted);
    if (value->bytes != NULL)
        return g_bytes_ref(value->bytes);
    if (value->kind == PROVISION_VALUE_NULL)
        return g_bytes_new_static("", 0);
    char *text = provision_value_to_text(value);
    if (text != NULL)
        return g_bytes_new_take(text, strlen(text));
    provision_cloud_fail(cloud, &value->at, "must be text, not %s",
                         provision_value_kind_name(value->kind));
    return NULL;
}

char *provision_cloud_text(ProvisionCloud *cloud, const ProvisionValue *value)
{
    if (encrypted_of(value) == NULL && value->bytes == NULL) {
        char *text = provision_value_to_text(value);
        if (text == NULL)
            provision_cloud_fail(cloud, &value->at, "must be text, not %s",
                                 provision_value_kind_name(value->kind));
        return text;
    }
    g_autoptr(GBytes) bytes = provision_cloud_bytes(cloud, value);
    if (bytes == NULL)
        return NULL;
    gsize size_bytes = 0;
    const char *data = g_bytes_get_data(bytes, &size_bytes);
    if (size_bytes > 0 && !g_utf8_validate_len(data, size_bytes, NULL)) {
        provision_cloud_fail(cloud, &value->at, "is no UTF-8 text once it is decoded");
        return NULL;
    }
    return g_strndup(size_bytes == 0 ? "" : data, size_bytes);
}

bool provision_cloud_flag(ProvisionCloud *cloud, const ProvisionValue *value, bool *out_flag)
{
    static const char *const yes[] = {"true", "1", "on", "yes", NULL};
    static const char *const no[] = {"false", "0", "off", "no", NULL};
    if (value->kind == PROVISION_VALUE_BOOL) {
        *out_flag = value->boolean;
        return true;
    }
    g_autofree char *text = provision_value_to_text(value);
    g_autofree char *lower = g_ascii_strdown(text == NULL ? "" : text, -1);
    g_strstrip(lower);
    if (g_strv_contains(yes, lower) || g_strv_contains(no, lower)) {
        *out_flag = g_strv_contains(yes, lower);
        return true;
    }
    provision_cloud_fail(cloud, &value->at, "must be true or false, not %s",
                         provision_value_kind_name(value->kind));
    return false;
}

char **provision_cloud_texts(ProvisionCloud *cloud, const ProvisionValue *value)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    if (value->kind == PROVISION_VALUE_NULL)
        return g_strv_builder_end(builder);
    guint count = value->kind == PROVISION_VALUE_LIST ? value->items->len : 1;
    for (guint i = 0; i < count; i++) {
        const ProvisionValue *item =
            value->kind == PROVISION_VALUE_LIST ? value->items->pdata[i] : value;
        g_autofree char *text = provision_cloud_text(cloud, item);
        if (text != NULL)
            g_strv_builder_add(builder, text);
    }
    return g_strv_builder_end(builder);
}

bool provision_cloud_is_name(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length > MAX_NAME_CHARS || !(g_ascii_isalpha(name[0]) || name[0] == '_'))
        return false;
    for (const char *p = name + 1; *p != '\0'; p++) {
        bool last_dollar = *p == '$' && p[1] == '\0';
        if (!g_ascii_isalnum(*p) && strchr("_-.", *p) == NULL && !last_dollar)
            return false;
    }
    return true;
}

bool provision_cloud_is_path(const char *path)
{
    if (path[0] != '/')
        return false;
    for (const char *p = path; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return false;
    }
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    for (unsigned i = 0; parts[i] != NULL; i++) {
        if (strcmp(parts[i], "..") == 0)
            return false;
    }
    return true;
}

static void read_int(ProvisionCloud *cloud, const ProvisionValue *value, int64_t *out)
{
    gint64 number = 0;
    if (value->kind == PROVISION_VALUE_INT)
        *out = value->integer;
    else if (value->kind == PROVISION_VALUE_STRING &&
             g_ascii_string_to_signed(value->text, 10, G_MININT64, G_MAXINT64, &number, NULL))
        *out = number;
    else
        provision_cloud_fail(cloud, &value->at, "must be a whole number, not %s",
                             provision_value_kind_name(value->kind));
}

static void keep_for_policy(ProvisionCloud *cloud, const ProvisionMember *member)
{
    ProvisionText *other = g_new0(ProvisionText, 1);
    other->at = member->at;
    other->text = provision_value_print(member->value);
    g_ptr_array_add(cloud->plan->packages.others, other);
}

static void take_text(char **to, char *text)
{
    if (text == NULL)
        return;
    g_free(*to);
    *to = text;
}

static void take_texts(char ***to, char **texts)
{
    g_strfreev(*to);
    *to = texts;
}

static void read_section(ProvisionCloud *cloud, const ProvisionMember *member,
                         const ProvisionCloudKey *key, gpointer target)
{
    if (member->value->kind == PROVISION_VALUE_NULL)
        return;
    if (member->value->kind != PROVISION_VALUE_MAP)
        provision_cloud_fail(cloud, &member->value->at, "must be a mapping, not %s",
                             provision_value_kind_name(member->value->kind));
    else
        provision_cloud_read_fields(cloud, member->value, key->fields, target);
}

/* What goes into the plan as it is. */
static void read_plain(ProvisionCloud *cloud, const ProvisionMember *member,
                       const ProvisionCloudKey *key, gpointer target)
{
    void *at = (char *)target + key->offset;
    const ProvisionValue *value = member->value;
    bool flag = false;
    if (value->kind == PROVISION_VALUE_NULL) /* as good as not there */
        return;
    if (key->kind == PROVISION_CLOUD_TEXT) {
        take_text(at, provision_cloud_text(cloud, value));
    } else if (key->kind == PROVISION_CLOUD_TEXTS) {
        take_texts(at, provision_cloud_texts(cloud, value));
    } else if (key->kind == PROVISION_CLOUD_INT) {
        read_int(cloud, value, at);
    } else if (key->kind == PROVISION_CLOUD_SET_TEXT) {
        ((ProvisionText *)at)->at = member->at;
        take_text(&((ProvisionText *)at)->text, provision_cloud_text(cloud, value));
    } else if (key->kind == PROVISION_CLOUD_SET_TEXTS) {
        ((ProvisionTexts *)at)->at = member->at;
        take_texts(&((ProvisionTexts *)at)->texts, provision_cloud_texts(cloud, value));
    } else if (!provision_cloud_flag(cloud, value, &flag)) {
        return;
    } else if (key->kind == PROVISION_CLOUD_BOOL) {
        *(bool *)at = flag;
    } else if (key->kind == PROVISION_CLOUD_TRISTATE) {
        *(ProvisionTristate *)at = flag ? PROVISION_YES : PROVISION_NO;
    } else {
        ((ProvisionFlag *)at)->at = member->at;
        ((ProvisionFlag *)at)->value = flag ? PROVISION_YES : PROVISION_NO;
    }
}

static void read_member(ProvisionCloud *cloud, const ProvisionMember *member,
                        const ProvisionCloudKey *key, gpointer target)
{
    switch (key->kind) {
    case PROVISION_CLOUD_SECTION:
        read_section(cloud, member, key, target);
        return;
    case PROVISION_CLOUD_CUSTOM:
        key->read(cloud, member, (char *)target + key->offset);
        return;
    case PROVISION_CLOUD_PACKAGES:
        keep_for_policy(cloud, member);
        return;
    case PROVISION_CLOUD_UNSUPPORTED:
        provision_report_add(cloud->report, &member->at, PROVISION_UNSUPPORTED, "%s", key->why);
        return;
    case PROVISION_CLOUD_NOT_APPLICABLE:
        provision_report_add(cloud->report, &member->at, PROVISION_NOT_APPLICABLE, "%s", key->why);
        return;
    case PROVISION_CLOUD_IGNORED:
        return;
    case PROVISION_CLOUD_TEXT:
    case PROVISION_CLOUD_BOOL:
    case PROVISION_CLOUD_TRISTATE:
    case PROVISION_CLOUD_INT:
    case PROVISION_CLOUD_TEXTS:
    case PROVISION_CLOUD_SET_TEXT:
    case PROVISION_CLOUD_SET_FLAG:
    case PROVISION_CLOUD_SET_TEXTS:
        read_plain(cloud, member, key, target);
        return;
    }
}

static void say_unknown(ProvisionCloud *cloud, const ProvisionMember *member,
                        const ProvisionCloudKey *fields)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (unsigned i = 0; fields[i].name != NULL; i++)
        g_ptr_array_add(names, (gpointer)(uintptr_t)fields[i].name);
    g_ptr_array_add(names, NULL);
    bool guess = strlen(member->name) <= 100 && cloud->report->records->len < MAX_GUESSES;
    const char *nearest =
        !guess ? NULL : base_nearest_name(member->name, (const char *const *)names->pdata);
    if (nearest == NULL) {
        provision_report_add(cloud->report, &member->at, PROVISION_UNKNOWN, "unknown key");
        return;
    }
    g_autofree char *spelled = g_strdup(nearest);
    if (strchr(member->name, '-') != NULL)
        g_strdelimit(spelled, "_", '-');
    provision_report_add(cloud->report, &member->at, PROVISION_UNKNOWN,
                         "unknown key; did you mean ‘%s’?", spelled);
}

void provision_cloud_read_fields(ProvisionCloud *cloud, const ProvisionValue *map,
                                 const ProvisionCloudKey *fields, gpointer target)
{
    for (guint i = 0; i < map->members->len; i++) {
        const ProvisionMember *member = map->members->pdata[i];
        g_autofree char *name = g_strdup(member->name);
        g_strdelimit(name, "-", '_');
        const ProvisionCloudKey *found = NULL;
        for (unsigned f = 0; fields[f].name != NULL && found == NULL; f++)
            found = strcmp(fields[f].name, name) == 0 ? &fields[f] : NULL;
        if (found != NULL)
            read_member(cloud, member, found, target);
        else
            say_unknown(cloud, member, fields);
    }
}
