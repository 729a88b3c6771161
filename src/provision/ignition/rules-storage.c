/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The spec's rules for files, directories, links and units.
 */
#include "provision/ignition/rules.h"

#include <string.h>

static const char *const node_lists[] = {"directories", "files", "links"};

static void check_owner(ProvisionIgnitionRules *self, const ProvisionValue *node, const char *key)
{
    const ProvisionValue *owner = provision_value_find(node, key);
    if (provision_ignition_number(owner, "id", -1) >= 0 &&
        provision_ignition_nonempty(owner, "name") != NULL)
        provision_ignition_rules_fail(self, &owner->at, "either an id or a name, not both");
    if (provision_ignition_number(owner, "id", 0) < 0 ||
        provision_ignition_number(owner, "id", 0) > G_MAXUINT32 - 1)
        provision_ignition_rules_fail(self, &owner->at, "not an id");
}

static void check_mode(ProvisionIgnitionRules *self, const ProvisionValue *node)
{
    const ProvisionValue *value = provision_value_find(node, "mode");
    int64_t mode = provision_ignition_number(node, "mode", 0);
    if (mode < 0 || mode > 07777)
        provision_ignition_rules_fail(self, &value->at,
                                      "not a mode: 0 to 4095 (07777; JSON has no octal numbers)");
    else if (mode > 0777 && self->minor < 6)
        provision_report_add(self->report, &value->at, PROVISION_NOT_APPLICABLE,
                             "set-uid, set-gid and sticky bits came with spec 3.6.0, and are "
                             "left out");
}

static void check_file(ProvisionIgnitionRules *self, const ProvisionValue *file)
{
    const ProvisionValue *contents = provision_value_find(file, "contents");
    provision_ignition_rules_resource(self, contents);
    if (provision_ignition_flag(file, "overwrite") == 1 &&
        provision_ignition_text(contents, "source") == NULL)
        provision_ignition_rules_fail(
            self, &file->at, "‘overwrite’ wants contents with a source (“data:,” for none)");
    for (unsigned i = 0; i < provision_ignition_items(file, "append"); i++)
        provision_ignition_rules_resource(self, provision_ignition_item(file, "append", i));
}

static void check_link(ProvisionIgnitionRules *self, const ProvisionValue *storage,
                       const ProvisionValue *link)
{
    const char *path = provision_ignition_text(link, "path");
    const char *target = provision_ignition_nonempty(link, "target");
    if (target == NULL) {
        provision_ignition_rules_fail(self, &link->at, "‘target’ is missing");
        return;
    }
    if (provision_ignition_flag(link, "hard") != 1)
        return;
    g_autofree char *whole = g_canonicalize_filename(target, path);
    for (unsigned i = 0; i < provision_ignition_items(storage, "directories"); i++) {
        const ProvisionValue *other = provision_ignition_item(storage, "directories", i);
        if (g_strcmp0(provision_ignition_text(other, "path"), whole) == 0)
            provision_ignition_rules_fail(self, &link->at, "a hard link to a directory");
    }
}

/* A path that leads through a link of the same config would depend on the order of writing. */
static void check_through_links(ProvisionIgnitionRules *self, GHashTable *links,
                                const ProvisionValue *node)
{
    g_autofree char *path = g_strdup(provision_ignition_text(node, "path"));
    for (char *slash = strrchr(path, '/'); slash != NULL && slash != path;
         slash = strrchr(path, '/')) {
        *slash = '\0';
        if (g_hash_table_contains(links, path))
            provision_ignition_rules_fail(self, &node->at, "its path leads through the link ‘%s’",
                                          path);
    }
}

static void check_units_do_not_collide(ProvisionIgnitionRules *self, GHashTable *units,
                                       const ProvisionValue *node)
{
    if (g_hash_table_contains(units, provision_ignition_text(node, "path")))
        provision_ignition_rules_fail(self, &node->at, "is a unit or drop-in of this config too");
}

static GHashTable *unit_paths(const ProvisionValue *systemd)
{
    GHashTable *paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (unsigned i = 0; i < provision_ignition_items(systemd, "units"); i++) {
        const ProvisionValue *unit = provision_ignition_item(systemd, "units", i);
        const char *name = provision_ignition_text(unit, "name");
        if (provision_ignition_nonempty(unit, "contents") != NULL)
            g_hash_table_add(paths, g_strconcat("/etc/systemd/system/", name, NULL));
        for (unsigned j = 0; j < provision_ignition_items(unit, "dropins"); j++) {
            const ProvisionValue *dropin = provision_ignition_item(unit, "dropins", j);
            if (provision_ignition_nonempty(dropin, "contents") != NULL)
                g_hash_table_add(paths, g_strdup_printf("/etc/systemd/system/%s.d/%s", name,
                                                        provision_ignition_text(dropin, "name")));
        }
    }
    return paths;
}

void provision_ignition_rules_storage(ProvisionIgnitionRules *self, const ProvisionValue *config)
{
    const ProvisionValue *storage = provision_value_find(config, "storage");
    g_autoptr(GHashTable) units = unit_paths(provision_value_find(config, "systemd"));
    g_autoptr(GHashTable) links = g_hash_table_new(g_str_hash, g_str_equal);
    for (unsigned i = 0; i < provision_ignition_items(storage, "links"); i++) {
        const ProvisionValue *link = provision_ignition_item(storage, "links", i);
        g_hash_table_add(links, (gpointer)provision_ignition_text(link, "path"));
        check_link(self, storage, link);
    }
    for (size_t list = 0; list < G_N_ELEMENTS(node_lists); list++) {
        for (unsigned i = 0; i < provision_ignition_items(storage, node_lists[list]); i++) {
            const ProvisionValue *node = provision_ignition_item(storage, node_lists[list], i);
            provision_ignition_rules_path(self, node, "path");
            check_owner(self, node, "user");
            check_owner(self, node, "group");
            check_mode(self, node);
            check_through_links(self, links, node);
            check_units_do_not_collide(self, units, node);
            if (strcmp(node_lists[list], "files") == 0)
                check_file(self, node);
        }
    }
}

static bool has_suffix(const char *name, const char *const *suffixes)
{
    for (const char *const *suffix = suffixes; *suffix != NULL; suffix++) {
        if (g_str_has_suffix(name, *suffix))
            return true;
    }
    return false;
}

static bool is_name(const char *name, const char *const *suffixes)
{
    return strchr(name, '/') == NULL && name[0] != '.' && has_suffix(name, suffixes);
}

/* As go-systemd reads: text before the first section is passed over, then every line is an option,
 * a comment or a section. */
static void check_contents(ProvisionIgnitionRules *self, const ProvisionValue *unit)
{
    const char *text = provision_ignition_text(unit, "contents");
    const ProvisionValue *value = provision_value_find(unit, "contents");
    g_auto(GStrv) lines = text == NULL ? NULL : g_strsplit(text, "\n", -1);
    bool in_section = false, continued = false;
    for (unsigned i = 0; lines != NULL && lines[i] != NULL; i++) {
        bool was_continued = continued;
        char *line = g_strchomp(lines[i]);
        continued = g_str_has_suffix(line, "\\") && in_section;
        line = g_strchug(line);
        if (was_continued || line[0] == '\0' || line[0] == '#' || line[0] == ';')
            continue;
        if (line[0] == '[') {
            const char *end = strchr(line, ']');
            in_section = true;
            if (end == NULL || end[1] != '\0')
                provision_ignition_rules_fail(self, &value->at,
                                              "line %u of the unit: “[NAME]” is wanted", i + 1);
        } else if (in_section && strchr(line, '=') == NULL) {
            provision_ignition_rules_fail(self, &value->at,
                                          "line %u of the unit: “NAME=VALUE” is wanted", i + 1);
        }
    }
}

static void check_unit(ProvisionIgnitionRules *self, const ProvisionValue *unit)
{
    static const char *const kinds[] = {".service", ".socket", ".device", ".mount", ".automount",
                                        ".swap",    ".target", ".path",   ".timer", ".snapshot",
                                        ".slice",   ".scope",  NULL};
    static const char *const conf[] = {".conf", NULL};
    const char *name = provision_ignition_text(unit, "name");
    const char *contents = provision_ignition_nonempty(unit, "contents");
    if (!is_name(name, kinds))
        provision_ignition_rules_fail(self, &provision_value_find(unit, "name")->at,
                                      "‘%s’ is not the name of a unit", name);
    check_contents(self, unit);
    if (contents != NULL && provision_ignition_flag(unit, "enabled") == 1 &&
        strstr(contents, "[Install]") == NULL)
        provision_report_add(self->report, &provision_value_find(unit, "enabled")->at,
                             PROVISION_NOT_APPLICABLE,
                             "‘%s’ has no [Install] section: enabling it does nothing", name);
    for (unsigned i = 0; i < provision_ignition_items(unit, "dropins"); i++) {
        const ProvisionValue *dropin = provision_ignition_item(unit, "dropins", i);
        if (!is_name(provision_ignition_text(dropin, "name"), conf))
            provision_ignition_rules_fail(self, &dropin->at, "a drop-in's name ends in “.conf”");
        check_contents(self, dropin);
    }
}

void provision_ignition_rules_units(ProvisionIgnitionRules *self, const ProvisionValue *systemd)
{
    for (unsigned i = 0; i < provision_ignition_items(systemd, "units"); i++)
        check_unit(self, provision_ignition_item(systemd, "units", i));
}
