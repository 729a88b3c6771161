/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The list of deployments for people and for programs.
 */
#include "host/status.h"

#include <json-glib/json-glib.h>

static const struct {
    HostStatusFlags flag;
    const char *name;
} flag_names[] = {
    {HOST_STATUS_BOOTED, "booted"},   {HOST_STATUS_STAGED, "staged"},
    {HOST_STATUS_DEFAULT, "default"}, {HOST_STATUS_ROLLBACK, "rollback"},
    {HOST_STATUS_PINNED, "pinned"},
};

static void add_string(JsonBuilder *builder, const char *name, const char *value)
{
    json_builder_set_member_name(builder, name);
    if (value != NULL)
        json_builder_add_string_value(builder, value);
    else
        json_builder_add_null_value(builder);
}

static void add_integer(JsonBuilder *builder, const char *name, int64_t value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, value);
}

static void add_signature(JsonBuilder *builder, const HostStatus *status)
{
    json_builder_set_member_name(builder, "signature");
    json_builder_begin_object(builder);
    add_string(builder, "state", host_signature_name(status->signature));
    add_string(builder, "key", status->commit->key);
    json_builder_end_object(builder);
}

static void add_kernel_args(JsonBuilder *builder, const HostStatus *status)
{
    g_auto(GStrv) args = g_strsplit(status->kernel_args, " ", -1);
    json_builder_set_member_name(builder, "kernel-args");
    json_builder_begin_array(builder);
    for (unsigned i = 0; args[i] != NULL; i++) {
        if (args[i][0] != '\0')
            json_builder_add_string_value(builder, args[i]);
    }
    json_builder_end_array(builder);
}

static void add_status(JsonBuilder *builder, const HostStatus *status, int64_t now)
{
    g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc((gint64)status->commit->timestamp);
    g_autofree char *time = when != NULL ? g_date_time_format_iso8601(when) : NULL;
    json_builder_begin_object(builder);
    for (unsigned i = 0; i < G_N_ELEMENTS(flag_names); i++) {
        json_builder_set_member_name(builder, flag_names[i].name);
        json_builder_add_boolean_value(builder, (status->flags & flag_names[i].flag) != 0);
    }
    add_string(builder, "osname", status->osname);
    add_string(builder, "checksum", status->commit->checksum);
    add_integer(builder, "serial", status->serial);
    add_string(builder, "version", status->commit->version);
    add_string(builder, "origin", status->refspec);
    add_string(builder, "timestamp", time);
    add_integer(builder, "age-seconds", now - (int64_t)status->commit->timestamp);
    add_signature(builder, status);
    add_kernel_args(builder, status);
    json_builder_end_object(builder);
}

char *host_status_print_json(const HostSysroot *sysroot, const GPtrArray *list, int64_t now)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    add_string(builder, "sysroot", sysroot->path);
    json_builder_set_member_name(builder, "is-booted");
    json_builder_add_boolean_value(builder, sysroot->booted != NULL);
    json_builder_set_member_name(builder, "deployments");
    json_builder_begin_array(builder);
    for (unsigned i = 0; i < list->len; i++)
        add_status(builder, list->pdata[i], now);
    json_builder_end_array(builder);
    json_builder_end_object(builder);
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    return json_to_string(root, TRUE);
}

static char *print_age(int64_t seconds)
{
    static const struct {
        int64_t seconds;
        const char *one, *many;
    } units[] = {{86400, "day", "days"}, {3600, "hour", "hours"}, {60, "minute", "minutes"}};
    for (unsigned i = 0; i < G_N_ELEMENTS(units); i++) {
        int64_t count = seconds / units[i].seconds;
        if (count > 0)
            return g_strdup_printf("%" G_GINT64_FORMAT " %s ago", count,
                                   count == 1 ? units[i].one : units[i].many);
    }
    return g_strdup(seconds >= 0 ? "just now" : "in the future");
}

static char *print_signature(const HostStatus *status)
{
    switch (status->signature) {
    case HOST_SIGNATURE_GOOD:
        return g_strdup_printf("good, key %s", status->commit->key);
    case HOST_SIGNATURE_NONE:
        return g_strdup("NONE: the commit is not signed");
    case HOST_SIGNATURE_REVOKED:
        return g_strdup("REVOKED: signed with a key that is not trusted any more");
    case HOST_SIGNATURE_NO_KEYS:
        return g_strdup("not checked: the image has no trusted key");
    case HOST_SIGNATURE_UNTRUSTED:
    default:
        return g_strdup("BAD: not by a key that the image trusts");
    }
}

static void append_names(GString *text, unsigned flags)
{
    unsigned start = (unsigned)text->len;
    for (unsigned i = 0; i < G_N_ELEMENTS(flag_names); i++) {
        if ((flags & flag_names[i].flag) != 0)
            g_string_append_printf(text, "%s%s", text->len > start ? ", " : "", flag_names[i].name);
    }
    if (text->len == start)
        g_string_append(text, "kept");
}

static void append_line(GString *text, const char *name, const char *value)
{
    g_string_append_printf(text, "    %-11s %s\n", name, value != NULL ? value : "-");
}

char *host_status_print_text(const GPtrArray *list, int64_t now)
{
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < list->len; i++) {
        const HostStatus *status = list->pdata[i];
        const HostCommit *commit = status->commit;
        g_autofree char *version = g_strescape(commit->version ? commit->version : "?", NULL);
        g_autofree char *age = print_age(now - (int64_t)commit->timestamp);
        g_autofree char *signature = print_signature(status);
        g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc((gint64)commit->timestamp);
        g_autofree char *date =
            when != NULL ? g_date_time_format(when, "%Y-%m-%d %H:%M:%S UTC") : g_strdup("?");
        g_autofree char *made = g_strdup_printf("%s (%s)", date, age);
        g_string_append_printf(text, "%s%s %s (", i > 0 ? "\n" : "",
                               (status->flags & HOST_STATUS_BOOTED) != 0 ? "*" : " ", version);
        append_names(text, status->flags);
        g_string_append(text, ")\n");
        append_line(text, "commit", commit->checksum);
        append_line(text, "made", made);
        append_line(text, "origin", status->refspec);
        append_line(text, "signature", signature);
        append_line(text, "kernel", status->kernel_args);
    }
    return g_string_free(text, FALSE);
}
