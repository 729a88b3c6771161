/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The preflight for people and for programs.
 */
#include "host/preflight.h"

#include <json-glib/json-glib.h>

#define MAX_LINES 12

static void add_text(JsonBuilder *json, const char *name, const char *text)
{
    json_builder_set_member_name(json, name);
    if (text != NULL)
        json_builder_add_string_value(json, text);
    else
        json_builder_add_null_value(json);
}

static void add_number(JsonBuilder *json, const char *name, bool is_known, uint64_t number)
{
    json_builder_set_member_name(json, name);
    if (is_known)
        json_builder_add_int_value(json, (gint64)MIN(number, (uint64_t)G_MAXINT64));
    else
        json_builder_add_null_value(json);
}

static void add_bool(JsonBuilder *json, const char *name, bool value)
{
    json_builder_set_member_name(json, name);
    json_builder_add_boolean_value(json, value);
}

static void add_commit(JsonBuilder *json, const char *name, const HostCommit *commit)
{
    json_builder_set_member_name(json, name);
    json_builder_begin_object(json);
    add_text(json, "version", commit->version);
    add_text(json, "checksum", commit->checksum);
    json_builder_end_object(json);
}

static void add_etc(JsonBuilder *json, const GPtrArray *etc)
{
    json_builder_set_member_name(json, "etc");
    json_builder_begin_array(json);
    for (guint i = 0; etc != NULL && i < etc->len; i++) {
        const HostEtcEntry *entry = etc->pdata[i];
        if (!entry->default_changed && entry->conflict == NULL)
            continue;
        json_builder_begin_object(json);
        add_text(json, "path", entry->path);
        add_text(json, "change", host_etc_change_name(entry->change));
        add_text(json, "policy", host_etc_policy_name(entry->policy));
        add_bool(json, "default-gone", entry->default_gone);
        add_text(json, "conflict", entry->conflict);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

static void add_packages(JsonBuilder *json, const GPtrArray *packages)
{
    json_builder_set_member_name(json, "packages");
    if (packages == NULL) {
        json_builder_add_null_value(json);
        return;
    }
    json_builder_begin_array(json);
    for (guint i = 0; i < packages->len; i++) {
        const HostPackage *package = packages->pdata[i];
        json_builder_begin_object(json);
        add_text(json, "name", package->name);
        add_text(json, "architecture", package->arch);
        add_text(json, "old", package->old);
        add_text(json, "new", package->new);
        json_builder_set_member_name(json, "advisories");
        json_builder_begin_array(json);
        for (unsigned k = 0; package->advisories[k] != NULL; k++)
            json_builder_add_string_value(json, package->advisories[k]);
        json_builder_end_array(json);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

static void add_texts(JsonBuilder *json, const char *name, const GPtrArray *texts)
{
    json_builder_set_member_name(json, name);
    json_builder_begin_array(json);
    for (guint i = 0; i < texts->len; i++)
        json_builder_add_string_value(json, texts->pdata[i]);
    json_builder_end_array(json);
}

char *host_preflight_print_json(const HostPreflight *self, const HostCommit *commit,
                                const HostCommit *current)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    add_commit(json, "new", commit);
    add_commit(json, "current", current);
    add_text(json, "key", commit->key);
    add_number(json, "fetch-objects", self->knows_sizes, self->sizes.n_objects);
    add_number(json, "fetch-bytes", self->knows_sizes, self->sizes.fetch_bytes);
    add_number(json, "disk-bytes", self->knows_sizes, self->sizes.disk_bytes);
    add_number(json, "disk-free-bytes", true, self->root_free_bytes);
    add_number(json, "boot-bytes", self->knows_boot, self->boot_bytes);
    add_number(json, "boot-free-bytes", self->knows_boot, self->boot_free_bytes);
    add_bool(json, "needs-reboot", self->needs_reboot);
    add_etc(json, self->etc);
    add_packages(json, self->packages);
    add_texts(json, "id-drift", self->ids);
    add_texts(json, "problems", self->problems);
    json_builder_end_object(json);
    g_autoptr(JsonNode) root = json_builder_get_root(json);
    return json_to_string(root, TRUE);
}

static void print_sizes(const HostPreflight *self, GString *text)
{
    g_autofree char *fetch = g_format_size(self->sizes.fetch_bytes);
    g_autofree char *disk = g_format_size(self->sizes.disk_bytes);
    g_autofree char *available = g_format_size(self->root_free_bytes);
    g_autofree char *boot = g_format_size(self->boot_bytes);
    g_autofree char *boot_free = g_format_size(self->boot_free_bytes);
    if (self->knows_sizes)
        g_string_append_printf(text,
                               "  to fetch    %s in %" G_GUINT64_FORMAT
                               " files; %s on the disk, which has %s free\n",
                               fetch, self->sizes.n_objects, disk, available);
    else
        g_string_append_printf(
            text, "  to fetch    not known: the commit does not say (%s are free)\n", available);
    if (self->knows_boot && self->boot_bytes > 0)
        g_string_append_printf(text, "  /boot       %s, of %s free\n", boot, boot_free);
    else if (self->knows_boot)
        g_string_append(text, "  /boot       has this kernel already\n");
}

static void print_packages(const HostPreflight *self, GString *text)
{
    guint n = self->packages != NULL ? self->packages->len : 0;
    if (self->packages == NULL)
        g_string_append(text, "  packages    not known: the commits have no list\n");
    else
        g_string_append_printf(text, "  packages    %u changed\n", n);
    for (guint i = 0; i < MIN(n, MAX_LINES); i++) {
        const HostPackage *package = self->packages->pdata[i];
        g_autofree char *advisories = g_strjoinv(", ", package->advisories);
        g_string_append_printf(text, "    %s %s -> %s%s%s\n", package->name,
                               package->old != NULL ? package->old : "(new)",
                               package->new != NULL ? package->new : "(removed)",
                               *advisories != '\0' ? ": " : "", advisories);
    }
    if (n > MAX_LINES)
        g_string_append_printf(text, "    and %u more (--json has all)\n", n - MAX_LINES);
}

static const char *fate(const HostEtcEntry *entry)
{
    if (entry->conflict != NULL)
        return entry->conflict;
    if (entry->default_gone)
        return "has no default any more; stays";
    switch (entry->policy) {
    case HOST_ETC_TAKE:
        return "gives way to the new default (saved)";
    case HOST_ETC_FAIL:
        return "has a new default: the policy is to fail";
    case HOST_ETC_KEEP:
    default:
        return "hides a new default";
    }
}

char *host_preflight_print_text(const HostPreflight *self)
{
    g_autoptr(GString) text = g_string_new(NULL);
    print_sizes(self, text);
    print_packages(self, text);
    g_string_append_printf(text, "  reboot      %s\n",
                           self->needs_reboot ? "needed"
                                              : "not needed: the files are those that run");
    for (guint i = 0; self->etc != NULL && i < self->etc->len; i++) {
        const HostEtcEntry *entry = self->etc->pdata[i];
        if (entry->default_changed || entry->conflict != NULL)
            g_string_append_printf(text, "  %s  %s here; %s\n", entry->path,
                                   host_etc_change_name(entry->change), fate(entry));
    }
    for (guint i = 0; i < self->ids->len; i++)
        g_string_append_printf(text, "  ids         %s\n", (const char *)self->ids->pdata[i]);
    return g_string_free(g_steal_pointer(&text), FALSE);
}
