/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where a host's Ignition config comes from before the real root is there.
 */
#include "provision/early/early.h"

#include "base/error.h"
#include "base/fd.h"
#include "provision/envelope/envelope.h"
#include "provision/error.h"
#include "provision/ignition/ignition.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define FW_CFG "/sys/firmware/qemu_fw_cfg/by_name/opt/"
#define CMDLINE_MAX_BYTES (64 * 1024)

char *provision_early_karg(const char *cmdline, const char *name)
{
    g_auto(GStrv) words = g_strsplit_set(cmdline, " \n", -1);
    size_t length = strlen(name);
    char *value = NULL;
    for (char **word = words; *word != NULL; word++) {
        if (strncmp(*word, name, length) != 0 || ((*word)[length] != '=' && (*word)[length] != 0))
            continue;
        g_free(value);
        value = g_strdup((*word)[length] == '=' ? *word + length + 1 : "");
    }
    return value;
}

static char *read_karg(const char *name)
{
    g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, "/proc/cmdline", CMDLINE_MAX_BYTES, NULL);
    return bytes == NULL ? NULL : provision_early_karg(g_bytes_get_data(bytes, NULL), name);
}

/* One config at @path: NULL without error when there is none. */
static GBytes *read_optional(const char *path, GError **error)
{
    g_autoptr(GError) local = NULL;
    GBytes *bytes = base_fd_read_file(AT_FDCWD, path, PROVISION_VALUE_MAX_BYTES, &local);
    if (bytes == NULL && !g_error_matches(local, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        g_propagate_error(error, g_steal_pointer(&local));
    return bytes;
}

static GBytes *read_platform(const char *platform, const char **out_source, GError **error)
{
    if (g_strcmp0(platform, "file") == 0) {
        *out_source = g_getenv("IGNITION_CONFIG_FILE");
        if (*out_source == NULL)
            *out_source = "config.ign";
        return base_fd_read_file(AT_FDCWD, *out_source, PROVISION_VALUE_MAX_BYTES, error);
    }
    if (platform != NULL && strcmp(platform, "qemu") != 0)
        return NULL;
    static const char *const names[] = {FW_CFG "com.coreos/config/raw",
                                        FW_CFG "org.flatcar-linux/config/raw"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GError) local = NULL;
        GBytes *bytes = read_optional(names[i], &local);
        *out_source = "fw_cfg";
        if (local != NULL)
            g_propagate_error(error, g_steal_pointer(&local));
        if (bytes != NULL || local != NULL)
            return bytes;
    }
    return NULL;
}

static GBytes *read_user(ProvisionEarly *self, int root, const char **out_source, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *url = read_karg("ignition.config.url");
    g_autofree char *id =
        self->platform != NULL ? g_strdup(self->platform) : read_karg("ignition.platform.id");
    GBytes *bytes = provision_ignition_read_user(root, out_source, &local);
    if (bytes == NULL && local == NULL && url != NULL && url[0] != '\0' &&
        g_strcmp0(id, "file") != 0) {
        *out_source = "ignition.config.url";
        bytes = provision_fetcher_get_url(self->fetcher, url, PROVISION_VALUE_MAX_BYTES,
                                          self->cancellable, &local);
    } else if (bytes == NULL && local == NULL) {
        bytes = read_platform(id, out_source, &local);
    }
    if (local != NULL)
        g_propagate_error(error, g_steal_pointer(&local));
    return bytes;
}

/* Compression, signatures, MIME: as in the real root. What is cloud-config waits for that. */
static ProvisionValue *open_user(ProvisionEarly *self, int root, const char *source, GBytes *bytes,
                                 GError **error)
{
    g_autoptr(ProvisionTrust) trust = provision_trust_load(root, error);
    if (trust == NULL)
        return NULL;
    const ProvisionEnvelopeEnv env = {.trust = trust, .may_be_base64 = true};
    g_autoptr(GPtrArray) parts =
        provision_envelope_open(source, bytes, &env, self->report, self->cancellable, error);
    g_autoptr(ProvisionValue) merged = NULL;
    for (guint i = 0; parts != NULL && i < parts->len; i++) {
        const ProvisionPart *part = parts->pdata[i];
        if (part->kind != PROVISION_PART_IGNITION)
            continue;
        g_autoptr(ProvisionValue) config =
            provision_ignition_read(part->at.source, MAX(part->at.line, 1), part->bytes,
                                    self->fetcher, self->report, self->cancellable, error);
        if (config == NULL)
            return NULL;
        g_autoptr(ProvisionValue) before = g_steal_pointer(&merged);
        merged =
            before == NULL ? g_steal_pointer(&config) : provision_ignition_merge(before, config);
    }
    return g_steal_pointer(&merged);
}

ProvisionValue *provision_early_acquire(ProvisionEarly *self, GError **error)
{
    const char *source = NULL;
    g_autoptr(GError) local = NULL;
    base_autofd root = base_fd_open_dir(AT_FDCWD, "/", error);
    if (root < 0)
        return NULL;
    g_autoptr(ProvisionValue) base = provision_ignition_read_base(
        root, self->platform, self->fetcher, self->report, self->cancellable, &local);
    g_autoptr(GBytes) bytes = local != NULL ? NULL : read_user(self, root, &source, &local);
    g_autoptr(ProvisionValue) user =
        bytes == NULL ? NULL : open_user(self, root, source, bytes, &local);
    if (local != NULL) {
        g_propagate_error(error, g_steal_pointer(&local));
        return NULL;
    }
    if (base == NULL || user == NULL)
        return base != NULL ? g_steal_pointer(&base) : g_steal_pointer(&user);
    return provision_ignition_merge(base, user);
}
