/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Leaving word for the next boots that there is nothing to do.
 */
#include "provision/state/settle.h"

#include "base/fd.h"
#include "provision/state/facts.h"
#include "provision/state/results.h"
#include "provision/volume.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const texts[] = {"proc/cmdline",
                                    "sys/class/dmi/id/sys_vendor",
                                    "sys/class/dmi/id/product_name",
                                    "sys/class/dmi/id/product_serial",
                                    "sys/class/dmi/id/product_uuid",
                                    "sys/class/dmi/id/chassis_asset_tag",
                                    "sys/hypervisor/uuid"};
static const char *const files[] = {"usr/bin/atoll-provision",
                                    "etc/cloud/cloud.cfg",
                                    "etc/cloud/cloud-init.disabled",
                                    "etc/atoll/provision/trusted.ed25519.d",
                                    "var/lib/atoll/provision/manifest.json",
                                    "var/lib/cloud/instance",
                                    "var/lib/cloud/sem",
                                    "var/lib/cloud/scripts/per-boot"};
/* and what is in them */
static const char *const directories[] = {
    "etc/cloud/cloud.cfg.d", "etc/atoll/provision.d",      "usr/lib/atoll/provision.d",
    "etc/systemd/network",   "var/lib/cloud/seed/nocloud", "var/lib/cloud/seed/nocloud-net"};

static bool add(GString *facts, ProvisionRoot *root, const char *kind, const char *path)
{
    char *line = provision_fact_line(provision_root_fd(root), kind, path);
    if (line != NULL)
        g_string_append(facts, line);
    free(line);
    return line != NULL;
}

static bool add_directory(GString *facts, ProvisionRoot *root, const char *path)
{
    g_autofree char *absolute = g_strconcat("/", path, NULL);
    g_autoptr(GPtrArray) names = provision_root_list(root, absolute);
    bool good = add(facts, root, "stat", path);
    for (guint i = 0; good && i < names->len; i++) {
        g_autofree char *file = g_build_filename(path, names->pdata[i], NULL);
        good = add(facts, root, "stat", file);
    }
    return good;
}

static bool add_volumes(GString *facts, ProvisionRoot *root)
{
    g_autoptr(GPtrArray) volumes = provision_volumes_new();
    bool good = add(facts, root, "disks", "-") && add(facts, root, "cards", "-");
    provision_volumes_find(provision_root_fd(root), volumes);
    for (guint i = 0; good && i < volumes->len; i++)
        good = add(facts, root, "volume", ((ProvisionVolume *)volumes->pdata[i])->device + 1);
    return good;
}

/* Of this instance: who takes a mark away wants the step once more. */
static bool add_instance(GString *facts, ProvisionRoot *root)
{
    char target[1024] = "";
    if (readlinkat(provision_root_fd(root), "var/lib/cloud/instance", target, sizeof target - 1) <=
        1)
        return false;
    g_autofree char *marks = g_build_filename(target + 1, "sem", NULL);
    g_autofree char *finished = g_build_filename(target + 1, "boot-finished", NULL);
    return add(facts, root, "stat", marks) && add(facts, root, "stat", finished);
}

/* (nullable): when one of them cannot be known */
static GString *collect(ProvisionRoot *root)
{
    GString *facts = g_string_new(NULL);
    bool good = true;
    for (size_t i = 0; good && i < G_N_ELEMENTS(texts); i++)
        good = add(facts, root, "text", texts[i]);
    for (size_t i = 0; good && i < G_N_ELEMENTS(files); i++)
        good = add(facts, root, "stat", files[i]);
    for (size_t i = 0; good && i < G_N_ELEMENTS(directories); i++)
        good = add_directory(facts, root, directories[i]);
    if (!good || !add_instance(facts, root) || !add_volumes(facts, root)) {
        g_string_free(facts, TRUE);
        return NULL;
    }
    g_string_append(facts, "end\n");
    return facts;
}

static bool write_bytes(ProvisionRoot *root, const char *path, const void *data, size_t size_bytes,
                        mode_t mode, GError **error)
{
    const ProvisionRootOwner owner = {mode, geteuid(), getegid()};
    return provision_root_write(root, path, data, size_bytes, &owner, PROVISION_ROOT_UNWATCHED,
                                NULL, error);
}

/* A boot with nothing to do has no records; all else in /run is as it is now. */
static bool keep_file(ProvisionRoot *root, const char *from, const char *to, GError **error)
{
    struct stat st = {0};
    size_t size_bytes = 0;
    if (!provision_root_stat(root, from, PROVISION_ROOT_DEFAULT, &st))
        return true;
    if (S_ISLNK(st.st_mode)) {
        char target[1024] = "";
        g_autofree char *name = NULL;
        base_autofd dfd = provision_root_open_parent(root, from, PROVISION_ROOT_UNWATCHED, false,
                                                     &name, NULL, error);
        return dfd >= 0 && readlinkat(dfd, name, target, sizeof target - 1) >= 0 &&
               provision_root_link(root, to, target, geteuid(), getegid(), PROVISION_ROOT_UNWATCHED,
                                   NULL, error);
    }
    if (!S_ISREG(st.st_mode))
        return true;
    g_autoptr(GBytes) bytes = provision_root_read(root, from, error);
    const void *data = bytes != NULL ? g_bytes_get_data(bytes, &size_bytes) : NULL;
    return bytes != NULL &&
           write_bytes(root, to, data != NULL ? data : "", size_bytes, st.st_mode & 07777, error);
}

static bool keep_dir(ProvisionRoot *root, const char *from, const char *to, GError **error)
{
    const ProvisionRootOwner owner = {0700, geteuid(), getegid()};
    g_autoptr(GPtrArray) names = provision_root_list(root, from);
    if (!provision_root_remove(root, to, PROVISION_ROOT_UNWATCHED, NULL, error) ||
        !provision_root_make_dir(root, to, &owner, PROVISION_ROOT_UNWATCHED, NULL, error))
        return false;
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *source = g_build_filename(from, names->pdata[i], NULL);
        g_autofree char *target = g_build_filename(to, names->pdata[i], NULL);
        if (!keep_file(root, source, target, error))
            return false;
    }
    return true;
}

static bool keep_result(ProvisionRoot *root, const ProvisionInstance *instance, GError **error)
{
    static const char path[] = "/" PROVISION_FACTS_RUN "/provision/result.json";
    g_autofree char *text = provision_results_nothing(instance);
    return write_bytes(root, path, text, strlen(text), 0600, error);
}

bool provision_unsettle(ProvisionRoot *root, GError **error)
{
    return provision_root_remove(root, "/" PROVISION_FACTS_FILE, PROVISION_ROOT_UNWATCHED, NULL,
                                 error) &&
           provision_root_remove(root, "/" PROVISION_FACTS_RUN, PROVISION_ROOT_UNWATCHED, NULL,
                                 error);
}

bool provision_settle(ProvisionRoot *root, const ProvisionInstance *instance, GError **error)
{
    static const char *const secretive[] = {"vmware", "lxd", NULL};
    if (g_strv_contains(secretive, instance->platform))
        return provision_unsettle(root, error);
    if (!keep_dir(root, PROVISION_RUN_DIR, "/" PROVISION_FACTS_RUN "/provision", error) ||
        !keep_dir(root, "/run/cloud-init", "/" PROVISION_FACTS_RUN "/cloud-init", error) ||
        !keep_result(root, instance, error))
        return false;
    provision_root_sync(root);
    GString *facts = collect(root);
    if (facts == NULL)
        return provision_unsettle(root, error);
    bool good = write_bytes(root, "/" PROVISION_FACTS_FILE, facts->str, facts->len, 0600, error);
    g_string_free(facts, TRUE);
    return good;
}
