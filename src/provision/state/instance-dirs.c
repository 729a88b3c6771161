/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * /var/lib/cloud as cloud-init lays it out.
 */
#include "provision/state/instance-dirs.h"

#include "provision/error.h"

#include <string.h>
#include <unistd.h>

#define CLOUD "/var/lib/cloud"
#define ID_MAX_CHARS 255

static bool check_id(const char *id, GError **error)
{
    bool good = id != NULL && id[0] != '\0' && strlen(id) <= ID_MAX_CHARS && strcmp(id, ".") != 0 &&
                strcmp(id, "..") != 0;
    for (const char *c = id; good && *c != '\0'; c++)
        good = (unsigned char)*c >= 0x20 && *c != '/' && *c != 0x7f;
    if (!good)
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                    "the platform's instance id is no name (empty, a path, or with control "
                    "characters)");
    return good;
}

static bool write_text(ProvisionRoot *root, const char *path, const char *text, mode_t mode,
                       GError **error)
{
    const ProvisionRootOwner owner = {mode, geteuid(), getegid()};
    return provision_root_write(root, path, text, strlen(text), &owner, PROVISION_ROOT_UNWATCHED,
                                NULL, error);
}

static char *read_line(ProvisionRoot *root, const char *path)
{
    char *text = provision_root_read_text(root, path);
    return text != NULL ? g_strstrip(text) : NULL;
}

char *provision_instance_dirs_find(ProvisionRoot *root, const ProvisionInstance *instance,
                                   bool trust, GError **error)
{
    g_autofree char *known = trust ? read_line(root, CLOUD "/data/instance-id") : NULL;
    const char *id = known != NULL && known[0] != '\0' ? known : instance->id;
    return check_id(id, error) ? g_build_filename(CLOUD "/instances", id, NULL) : NULL;
}

bool provision_instance_dirs_make(ProvisionRoot *root, const ProvisionInstance *instance,
                                  bool trust, char **out_dir, GError **error)
{
    static const char *const inside[] = {"sem", "scripts", "handlers", NULL};
    static const char *const shared[] = {"sem",
                                         "data",
                                         "scripts/per-boot",
                                         "scripts/per-instance",
                                         "scripts/per-once",
                                         "scripts/vendor",
                                         "seed",
                                         NULL};
    const ProvisionRootOwner owner = {0755, geteuid(), getegid()};
    g_autofree char *known = read_line(root, CLOUD "/data/instance-id");
    const char *id = trust && known != NULL && known[0] != '\0' ? known : instance->id;
    if (!check_id(id, error))
        return false;
    g_autofree char *directory = g_build_filename(CLOUD "/instances", id, NULL);
    g_autofree char *line = g_strdup_printf("%s\n", id);
    g_autofree char *previous =
        g_strdup_printf("%s\n", known != NULL ? known : "NO_PREVIOUS_INSTANCE_ID");
    for (const char *const *name = shared; *name != NULL; name++) {
        g_autofree char *path = g_build_filename(CLOUD, *name, NULL);
        if (!provision_root_make_dir(root, path, &owner,
                                     PROVISION_ROOT_UNWATCHED | PROVISION_ROOT_KEEP, NULL, error))
            return false;
    }
    for (const char *const *name = inside; *name != NULL; name++) {
        g_autofree char *path = g_build_filename(directory, *name, NULL);
        if (!provision_root_make_dir(root, path, &owner,
                                     PROVISION_ROOT_UNWATCHED | PROVISION_ROOT_KEEP, NULL, error))
            return false;
    }
    if (!provision_root_link(root, CLOUD "/instance", directory, geteuid(), getegid(),
                             PROVISION_ROOT_UNWATCHED, NULL, error) ||
        (g_strcmp0(known, id) != 0 &&
         !write_text(root, CLOUD "/data/previous-instance-id", previous, 0644, error)) ||
        !write_text(root, CLOUD "/data/instance-id", line, 0644, error) ||
        !write_text(root, "/run/cloud-init/.instance-id", line, 0644, error))
        return false;
    *out_dir = g_steal_pointer(&directory);
    return true;
}

static bool write_blob(ProvisionRoot *root, const char *directory, const char *name, GBytes *bytes,
                       GError **error)
{
    const ProvisionRootOwner owner = {0600, geteuid(), getegid()};
    g_autofree char *path = g_build_filename(directory, name, NULL);
    size_t size = 0;
    const void *data = bytes != NULL ? g_bytes_get_data(bytes, &size) : NULL;
    return provision_root_write(root, path, data != NULL ? data : "", size, &owner,
                                PROVISION_ROOT_UNWATCHED, NULL, error);
}

bool provision_instance_dirs_fill(ProvisionRoot *root, const char *instance_dir,
                                  const ProvisionInstance *instance,
                                  const ProvisionValue *cloud_config, GError **error)
{
    g_autofree char *merged =
        cloud_config != NULL ? provision_value_print(cloud_config) : g_strdup("{}");
    g_autofree char *text = g_strdup_printf("#cloud-config\n%s\n", merged);
    g_autoptr(GBytes) config = g_bytes_new(text, strlen(text));
    g_autofree char *datasource = g_strdup_printf("%s\n", instance->platform);
    g_autofree char *path = g_build_filename(instance_dir, "datasource", NULL);
    return write_blob(root, instance_dir, "user-data.txt", instance->user_data, error) &&
           write_blob(root, instance_dir, "vendor-data.txt", instance->vendor_data, error) &&
           write_blob(root, instance_dir, "vendor-data2.txt", instance->vendor_data2, error) &&
           write_blob(root, instance_dir, "cloud-config.txt", config, error) &&
           write_text(root, path, datasource, 0644, error);
}
