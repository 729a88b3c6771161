/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * systemd units: files, drop-ins, masks, and which are enabled: as a preset, which is what Ignition
 * leaves, and by the links themselves.
 */
#include "provision/apply/apply.h"

#include "base/error.h"
#include "provision/apply/install.h"
#include "provision/error.h"

#include <string.h>
#include <unistd.h>

#define UNIT_DIR "/etc/systemd/system"
#define PRESET "/etc/systemd/system-preset/20-ignition.preset"
#define UNIT_NAME_MAX_CHARS 255

static bool check_name(const char *name, const char *suffix, GError **error)
{
    const char *dot = strrchr(name, '.');
    bool good = name[0] != '\0' && name[0] != '.' && strlen(name) <= UNIT_NAME_MAX_CHARS &&
                dot != NULL && dot[1] != '\0' && strpbrk(name, "/\n ") == NULL &&
                (suffix == NULL || g_str_has_suffix(name, suffix));
    if (!good)
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                    "‘%s’ is no name of a unit or drop-in", name);
    return good;
}

static bool write_dropin(ProvisionApply *self, const ProvisionUnit *unit,
                         const ProvisionNode *dropin, bool *out_changed, GError **error)
{
    size_t size = 0;
    GBytes *bytes = dropin->contents != NULL ? dropin->contents->inline_bytes : NULL;
    const void *data = bytes != NULL ? g_bytes_get_data(bytes, &size) : NULL;
    const ProvisionRootOwner owner = {0644, geteuid(), getegid()};
    if (!check_name(dropin->path, ".conf", error))
        return false;
    if (size == 0)
        return true;
    g_autofree char *path = g_strdup_printf(UNIT_DIR "/%s.d/%s", unit->name, dropin->path);
    return provision_root_write(self->root, path, data, size, &owner, PROVISION_ROOT_DEFAULT,
                                out_changed, error);
}

static bool set_mask(ProvisionApply *self, const ProvisionUnit *unit, bool *out_changed,
                     GError **error)
{
    g_autofree char *path = g_strdup_printf(UNIT_DIR "/%s", unit->name);
    g_autofree char *name = NULL;
    if (unit->masked == PROVISION_YES)
        return provision_root_link(self->root, path, "/dev/null", geteuid(), getegid(),
                                   PROVISION_ROOT_DEFAULT, out_changed, error);
    struct stat st = {0};
    if (unit->masked == PROVISION_UNSET ||
        !provision_root_stat(self->root, path, PROVISION_ROOT_DEFAULT, &st) || !S_ISLNK(st.st_mode))
        return true;
    /* only a mask, not a link to a unit */
    int dfd = provision_root_open_parent(self->root, path, PROVISION_ROOT_DEFAULT, false, &name,
                                         NULL, error);
    char target[16] = "";
    if (dfd < 0)
        return false;
    ssize_t size = readlinkat(dfd, name, target, sizeof target - 1);
    (void)close(dfd);
    return size < 0 || strcmp(target, "/dev/null") != 0 ||
           provision_root_remove(self->root, path, PROVISION_ROOT_DEFAULT, out_changed, error);
}

static bool make_unit(ProvisionApply *self, const ProvisionUnit *unit, bool *out_changed,
                      GError **error)
{
    bool changed = false;
    if (!check_name(unit->name, NULL, error))
        return false;
    if (unit->contents != NULL && unit->contents[0] != '\0' && unit->masked != PROVISION_YES) {
        g_autofree char *path = g_strdup_printf(UNIT_DIR "/%s", unit->name);
        const ProvisionRootOwner owner = {0644, geteuid(), getegid()};
        if (!provision_root_write(self->root, path, unit->contents, strlen(unit->contents), &owner,
                                  PROVISION_ROOT_DEFAULT, &changed, error))
            return false;
        *out_changed |= changed;
    }
    for (guint i = 0; unit->dropins != NULL && i < unit->dropins->len; i++) {
        changed = false;
        if (!write_dropin(self, unit, unit->dropins->pdata[i], &changed, error))
            return false;
        *out_changed |= changed;
    }
    changed = false;
    if (!set_mask(self, unit, &changed, error))
        return false;
    *out_changed |= changed;
    return true;
}

/* "enable NAME" or "disable NAME"; instances of a template are one line, "enable x@.service y z":
 * systemd takes the first line that fits, so that a second one would mean nothing. */
static void add_presets(GString *presets, const ProvisionPlan *plan, ProvisionTristate enabled)
{
    const char *verb = enabled == PROVISION_YES ? "enable" : "disable";
    g_autoptr(GPtrArray) templates = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) lines = g_ptr_array_new();
    for (guint i = 0; i < plan->units->len; i++) {
        const ProvisionUnit *unit = plan->units->pdata[i];
        const char *at = strchr(unit->name, '@');
        const char *dot = strrchr(unit->name, '.');
        guint found = 0;
        if (unit->enabled != enabled || dot == NULL)
            continue;
        if (at == NULL || at + 1 >= dot) {
            g_string_append_printf(presets, "%s %s\n", verb, unit->name);
            continue;
        }
        g_autofree char *name =
            g_strdup_printf("%.*s%s", (int)(at - unit->name + 1), unit->name, dot);
        while (found < templates->len && strcmp(templates->pdata[found], name) != 0)
            found++;
        if (found == templates->len) {
            g_ptr_array_add(lines, g_string_new(NULL));
            g_string_append_printf(lines->pdata[found], "%s %s", verb, name);
            g_ptr_array_add(templates, g_steal_pointer(&name));
        }
        g_string_append_printf(lines->pdata[found], " %.*s", (int)(dot - at - 1), at + 1);
    }
    for (guint i = 0; i < lines->len; i++) {
        GString *line = lines->pdata[i];
        g_string_append_printf(presets, "%s\n", line->str);
        g_string_free(line, TRUE);
    }
}

/* Enables or disables; what was enabled in a root that runs already is to be started. */
static bool set_enabled(ProvisionApply *self, const ProvisionUnit *unit, GPtrArray *start,
                        bool *out_changed, GError **error)
{
    bool changed = false;
    if (unit->enabled == PROVISION_UNSET || !check_name(unit->name, NULL, error))
        return unit->enabled == PROVISION_UNSET;
    bool good = unit->enabled == PROVISION_YES
                    ? provision_install_enable(self->root, unit->name, &changed, error)
                    : provision_install_disable(self->root, unit->name, &changed, error);
    if (good && changed && unit->enabled == PROVISION_YES)
        g_ptr_array_add(start, unit->name);
    *out_changed |= changed;
    return good;
}

static bool apply_unit(ProvisionApply *self, const ProvisionUnit *unit, GPtrArray *start,
                       bool *out_changed, GError **error)
{
    g_autoptr(GError) local = NULL;
    bool changed = false;
    bool good =
        make_unit(self, unit, &changed, &local) && set_enabled(self, unit, start, &changed, &local);
    if (base_error_is_no_space(local)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    *out_changed |= changed;
    /* Ignition has only a preset for it, which means nothing then */
    if (g_error_matches(local, PROVISION_ERROR, PROVISION_ERROR_NOT_FOUND))
        provision_report_add(self->report, &unit->at, PROVISION_NOT_APPLICABLE, "%s",
                             local->message);
    else
        provision_apply_outcome(self, &unit->at, good, changed, g_steal_pointer(&local));
    return true;
}

bool provision_apply_units(ProvisionApply *self, GError **error)
{
    g_autoptr(GString) presets = g_string_new(NULL);
    g_autoptr(GPtrArray) start = g_ptr_array_new();
    bool any = false;
    for (guint i = 0; i < self->plan->units->len; i++)
        if (!apply_unit(self, self->plan->units->pdata[i], start, &any, error))
            return false;
    add_presets(presets, self->plan, PROVISION_YES);
    add_presets(presets, self->plan, PROVISION_NO);
    if (presets->len > 0 &&
        !provision_root_write_text(self->root, PRESET, presets->str, 0644, NULL, error))
        return false;
    if (any && provision_apply_has_systemd(self))
        provision_apply_systemctl(self, "daemon-reload", NULL);
    for (guint i = 0; i < start->len; i++)
        provision_apply_systemctl(self, "start", start->pdata[i]);
    return true;
}
