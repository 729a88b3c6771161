/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a dozen reads say of the machine: SMBIOS, the hypervisor, the kernel's arguments. Labels are
 * volume.c's, which is asked last and only by those who need them.
 */
#include "provision/platform.h"

#include "base/error.h"
#include "base/fd.h"
#include "provision/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define MAX_FIELD_BYTES 65536
#define MAX_FIELD_CHARS 4096

/* What firmware says is shown, compared and put into URLs: only what can be printed is kept. */
static char *clean(const char *text, gsize size_bytes)
{
    GString *out = g_string_new(NULL);
    for (gsize i = 0; i < size_bytes && text[i] != '\0' && out->len < MAX_FIELD_CHARS; i++)
        if (g_ascii_isprint(text[i]))
            g_string_append_c(out, text[i]);
    g_strstrip(out->str);
    return g_string_free(out, FALSE);
}

static char *read_field(int root, const char *path)
{
    g_autoptr(GBytes) bytes = base_fd_read_file(root, path, MAX_FIELD_BYTES, NULL);
    if (bytes == NULL)
        return g_strdup("");
    gsize size_bytes = 0;
    const char *text = g_bytes_get_data(bytes, &size_bytes);
    return clean(text, size_bytes);
}

static char *read_dmi(int root, const char *name)
{
    g_autofree char *path = g_strconcat("sys/class/dmi/id/", name, NULL);
    return read_field(root, path);
}

/* Words as the kernel splits them: blanks inside quotes do not part, the quotes go. */
char **provision_platform_split_args(const char *line)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    g_autoptr(GString) word = g_string_new(NULL);
    bool quoted = false;
    for (const char *c = line;; c++) {
        bool ends = *c == '\0' || (!quoted && g_ascii_isspace(*c));
        if (ends && word->len > 0) {
            g_ptr_array_add(words, g_strdup(word->str));
            g_string_truncate(word, 0);
        }
        if (*c == '\0')
            break;
        if (*c == '"')
            quoted = !quoted;
        else if (!ends)
            g_string_append_c(word, *c);
    }
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&words), FALSE);
}

static char *read_environment(int root, const char *name)
{
    g_autoptr(GBytes) bytes = base_fd_read_file(root, "proc/1/environ", MAX_FIELD_BYTES, NULL);
    if (bytes == NULL)
        return g_strdup("");
    gsize size_bytes = 0;
    const char *text = g_bytes_get_data(bytes, &size_bytes);
    size_t name_chars = strlen(name);
    for (gsize i = 0; i < size_bytes; i += strlen(text + i) + 1)
        if (strncmp(text + i, name, name_chars) == 0 && text[i + name_chars] == '=')
            return clean(text + i + name_chars + 1, strlen(text + i + name_chars + 1));
    return g_strdup("");
}

/* systemd's words for those hypervisors that a datasource asks about. */
static char *guess_virt(const ProvisionPlatform *self, const char *container)
{
    static const struct {
        const char *text;
        const char *virt;
    } vendors[] = {
        {"VMware", "vmware"},
        {"VMW", "vmware"},
        {"QEMU", "qemu"},
        {"KVM", "kvm"},
        {"Xen", "xen"},
        {"innotek GmbH", "oracle"},
        {"Microsoft Corporation", "microsoft"},
    };
    if (*container != '\0')
        return g_strdup(container);
    const char *const fields[] = {self->product_name, self->sys_vendor, self->bios_vendor};
    for (size_t f = 0; f < G_N_ELEMENTS(fields); f++)
        for (size_t i = 0; i < G_N_ELEMENTS(vendors); i++)
            if (g_str_has_prefix(fields[f], vendors[i].text))
                return g_strdup(vendors[i].virt);
    return g_strdup("");
}

static bool exists(int root, const char *path)
{
    return faccessat(root, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static char **find_seeds(int root)
{
    static const char *const names[] = {"nocloud",    "nocloud-net", "config_drive",
                                        "opennebula", "azure",       "ovf"};
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_strconcat("var/lib/cloud/seed/", names[i], NULL);
        if (exists(root, path))
            g_ptr_array_add(found, g_strdup(names[i]));
    }
    g_ptr_array_add(found, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&found), FALSE);
}

ProvisionPlatform *provision_platform_read(int root, GError **error)
{
    g_autoptr(ProvisionPlatform) self = g_new0(ProvisionPlatform, 1);
    self->volumes_root = g_new(int, 1);
    *self->volumes_root = -1;
    self->volumes = provision_volumes_new();
    self->sys_vendor = read_dmi(root, "sys_vendor");
    self->product_name = read_dmi(root, "product_name");
    self->product_serial = read_dmi(root, "product_serial");
    g_autofree char *uuid = read_dmi(root, "product_uuid");
    self->product_uuid = g_ascii_strdown(uuid, -1);
    self->chassis_asset_tag = read_dmi(root, "chassis_asset_tag");
    self->board_asset_tag = read_dmi(root, "board_asset_tag");
    self->bios_vendor = read_dmi(root, "bios_vendor");
    g_autofree char *xen_uuid = read_field(root, "sys/hypervisor/uuid");
    self->hypervisor_uuid = g_ascii_strdown(xen_uuid, -1);
    g_autofree char *container = read_field(root, "run/systemd/container");
    self->virt = guess_virt(self, container);
    self->kernel_line = read_field(root, "proc/cmdline");
    self->kernel_args = provision_platform_split_args(self->kernel_line);
    self->seeds = find_seeds(root);
    self->pid1_product = read_environment(root, "product_name");
    self->has_fw_cfg = exists(root, "sys/firmware/qemu_fw_cfg/by_name/opt/com.coreos/config/raw");
    self->has_lxd = exists(root, "dev/lxd/sock") || exists(root, "dev/incus/sock") ||
                    exists(root, "dev/virtio-ports/com.canonical.lxd") ||
                    exists(root, "dev/virtio-ports/org.linuxcontainers.lxd");
    *self->volumes_root = fcntl(root, F_DUPFD_CLOEXEC, 3);
    if (*self->volumes_root < 0) {
        int saved_errno = errno;
        base_error_set_errno(error, saved_errno, "keeping the root directory open");
        return NULL;
    }
    return g_steal_pointer(&self);
}

void provision_platform_free(ProvisionPlatform *self)
{
    if (self == NULL)
        return;
    g_free(self->sys_vendor);
    g_free(self->product_name);
    g_free(self->product_serial);
    g_free(self->product_uuid);
    g_free(self->chassis_asset_tag);
    g_free(self->board_asset_tag);
    g_free(self->bios_vendor);
    g_free(self->hypervisor_uuid);
    g_free(self->virt);
    g_strfreev(self->kernel_args);
    g_free(self->kernel_line);
    g_strfreev(self->seeds);
    g_free(self->pid1_product);
    g_clear_pointer(&self->volumes, g_ptr_array_unref);
    if (self->volumes_root != NULL)
        base_fd_clear(self->volumes_root);
    g_free(self->volumes_root);
    g_free(self);
}

const char *provision_platform_karg(const ProvisionPlatform *self, const char *name)
{
    size_t name_chars = strlen(name);
    const char *found = NULL;
    for (char **arg = self->kernel_args; *arg != NULL; arg++) {
        if (strncmp(*arg, name, name_chars) != 0)
            continue;
        if ((*arg)[name_chars] == '=')
            found = *arg + name_chars + 1;
        else if ((*arg)[name_chars] == '\0')
            found = "";
    }
    return found;
}

bool provision_platform_has_seed(const ProvisionPlatform *self, const char *name)
{
    return g_strv_contains((const char *const *)self->seeds, name);
}

const ProvisionVolume *provision_platform_volume(const ProvisionPlatform *self, const char *label)
{
    /* most hosts are known by SMBIOS and never come here */
    if (self->volumes_root != NULL && *self->volumes_root >= 0) {
        base_autofd root = base_fd_steal(self->volumes_root);
        provision_volumes_find(root, self->volumes);
    }
    for (guint i = 0; i < self->volumes->len; i++) {
        const ProvisionVolume *volume = g_ptr_array_index(self->volumes, i);
        bool is_prefix = g_str_has_suffix(label, "*");
        if (is_prefix ? g_ascii_strncasecmp(volume->label, label, strlen(label) - 1) == 0
                      : g_ascii_strcasecmp(volume->label, label) == 0)
            return volume;
    }
    return NULL;
}
