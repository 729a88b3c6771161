/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * RAID arrays (mdadm) and encrypted volumes (cryptsetup, clevis).
 */
#include "provision/disks/disks-private.h"

#include "base/error.h"
#include "base/fd.h"

#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define KEY_BYTES 4096

static char **end(GStrvBuilder *builder)
{
    char **argv = g_strv_builder_end(builder);
    g_strv_builder_unref(builder);
    return argv;
}

static void add_all(GStrvBuilder *builder, char **words)
{
    for (char **word = words; word != NULL && *word != NULL; word++)
        g_strv_builder_add(builder, *word);
}

bool provision_disks_make_raid(ProvisionDisks *self, const ProvisionRaid *raid, GError **error)
{
    unsigned n = g_strv_length(raid->devices);
    if (raid->spares >= n)
        return base_error_set(error, BASE_ERROR_INVALID, "array ‘%s’ is all spares", raid->name);
    for (char **device = raid->devices; *device != NULL; device++) {
        if (!provision_disks_wait(self, *device, error))
            return false;
    }
    g_autofree char *active = g_strdup_printf("%u", n - raid->spares);
    g_autofree char *spares = g_strdup_printf("%u", raid->spares);
    GStrvBuilder *builder = g_strv_builder_new();
    g_strv_builder_add_many(builder, "mdadm", "--create", raid->name, "--force", "--run",
                            "--homehost", "any", "--level", raid->level, "--raid-devices", active,
                            NULL);
    if (raid->spares > 0)
        g_strv_builder_add_many(builder, "--spare-devices", spares, NULL);
    add_all(builder, raid->options);
    add_all(builder, raid->devices);
    g_auto(GStrv) argv = end(builder);
    g_autofree char *what = g_strdup_printf("making array ‘%s’", raid->name);
    if (!provision_disks_run(self, what, (const char *const *)argv, NULL, error))
        return false;
    provision_disks_settle(self);
    return true;
}

static GBytes *get_key(ProvisionDisks *self, const ProvisionLuks *luks, GError **error)
{
    if (luks->key != NULL && self->contents != NULL)
        return self->contents(self->contents_data, luks->key, self->cancellable, error);
    g_autofree guint8 *random = g_malloc(KEY_BYTES);
    for (size_t done = 0; done < KEY_BYTES;) {
        ssize_t n = getrandom(random + done, KEY_BYTES - done, 0);
        int saved_errno = errno;
        if (n < 0 && saved_errno != EINTR) {
            base_error_set_errno(error, saved_errno, "making a key");
            return NULL;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return g_bytes_new(random, KEY_BYTES);
}

static bool is_clevis(const ProvisionLuks *luks)
{
    return luks->tpm2 || luks->tang != NULL || luks->clevis_pin != NULL;
}

static bool save(const char *name, const char *suffix, GBytes *bytes, GError **error)
{
    g_autofree char *path = g_strconcat(PROVISION_DISKS_STATE "/", name, suffix, NULL);
    gsize size_bytes = 0;
    const void *data = g_bytes_get_data(bytes, &size_bytes);
    return base_fd_make_dirs(AT_FDCWD, PROVISION_DISKS_STATE, 0700, error) &&
           base_fd_replace_file(AT_FDCWD, path, data, size_bytes, 0600, BASE_FD_REPLACE_NO_SYNC,
                                error);
}

static bool format(ProvisionDisks *self, const ProvisionLuks *luks, GBytes *key, GError **error)
{
    GStrvBuilder *builder = g_strv_builder_new();
    g_strv_builder_add_many(builder, "cryptsetup", "luksFormat", "--type", "luks2", "--batch-mode",
                            "--key-file", "-", NULL);
    if (luks->label != NULL)
        g_strv_builder_add_many(builder, "--label", luks->label, NULL);
    if (luks->uuid != NULL)
        g_strv_builder_add_many(builder, "--uuid", luks->uuid, NULL);
    add_all(builder, luks->options);
    g_strv_builder_add(builder, luks->device);
    g_auto(GStrv) argv = end(builder);
    g_autofree char *what = g_strdup_printf("encrypting ‘%s’", luks->device);
    return provision_disks_wipe(luks->device, error) &&
           provision_disks_run(self, what, (const char *const *)argv, key, error);
}

static bool open_volume(ProvisionDisks *self, const ProvisionLuks *luks, GBytes *key,
                        GError **error)
{
    GStrvBuilder *builder = g_strv_builder_new();
    g_strv_builder_add_many(builder, "cryptsetup", "luksOpen", "--key-file", "-", NULL);
    if (luks->discard)
        g_strv_builder_add_many(builder, "--allow-discards", "--persistent", NULL);
    add_all(builder, luks->open_options);
    if (luks->open_options != NULL && !luks->discard)
        g_strv_builder_add(builder, "--persistent");
    g_strv_builder_add_many(builder, luks->device, luks->name, NULL);
    g_auto(GStrv) argv = end(builder);
    g_autofree char *what = g_strdup_printf("opening the encrypted ‘%s’", luks->device);
    return provision_disks_run(self, what, (const char *const *)argv, key, error);
}

static void append_json(GString *json, const char *text)
{
    g_string_append_c(json, '"');
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\')
            g_string_append_c(json, '\\');
        g_string_append_c(json, *p);
    }
    g_string_append_c(json, '"');
}

/* clevis' sss: so many of these pins open the volume */
static char *sss_config(const ProvisionLuks *luks)
{
    g_autoptr(GString) json = g_string_new(NULL);
    g_string_append_printf(json, "{\"t\":%u,\"pins\":{", luks->threshold > 0 ? luks->threshold : 1);
    if (luks->tpm2)
        g_string_append_printf(json, "\"tpm2\":[{}]%s", luks->tang != NULL ? "," : "");
    for (char **tang = luks->tang; tang != NULL && *tang != NULL; tang++) {
        g_auto(GStrv) words = g_strsplit(*tang, " ", 3);
        g_string_append(json, tang == luks->tang ? "\"tang\":[{\"url\":" : ",{\"url\":");
        append_json(json, words[0]);
        g_string_append(json, ",\"thp\":");
        append_json(json, words[1]);
        if (words[2] != NULL)
            g_string_append_printf(json, ",\"adv\":%s", words[2]);
        g_string_append(json, tang[1] == NULL ? "}]" : "}");
    }
    g_string_append(json, "}}");
    return g_string_free(g_steal_pointer(&json), FALSE);
}

static bool bind_clevis(ProvisionDisks *self, const ProvisionLuks *luks, GError **error)
{
    g_autofree char *key = g_strconcat(PROVISION_DISKS_STATE "/", luks->name, ".key", NULL);
    g_autofree char *config =
        luks->clevis_pin != NULL ? g_strdup(luks->clevis_config) : sss_config(luks);
    const char *pin = luks->clevis_pin != NULL ? luks->clevis_pin : "sss";
    const char *const argv[] = {"clevis", "luks", "bind",       "-f", "-y",   "-k",
                                key,      "-d",   luks->device, pin,  config, NULL};
    return provision_disks_run(self, "binding the encrypted volume with clevis", argv, NULL, error);
}

static bool is_there(const ProvisionLuks *luks, const ProvisionProbe *probe)
{
    return strcmp(probe->type, "crypto_LUKS") == 0 &&
           (luks->label == NULL || strcmp(luks->label, probe->label) == 0) &&
           (luks->uuid == NULL || g_ascii_strcasecmp(luks->uuid, probe->uuid) == 0);
}

/* What the real root needs to open it again: a line for crypttab, and the key. */
static bool keep(const ProvisionLuks *luks, GBytes *key, GError **error)
{
    ProvisionProbe probe = {0};
    if (!provision_disks_probe(luks->device, &probe, error))
        return false;
    g_autofree char *line =
        is_clevis(luks)
            ? g_strdup_printf("%s UUID=%s none luks%s%s\n", luks->name, probe.uuid,
                              luks->tang != NULL ? ",_netdev" : "", luks->discard ? ",discard" : "")
            : g_strdup_printf("%s UUID=%s /etc/luks/%s luks%s\n", luks->name, probe.uuid,
                              luks->name, luks->discard ? ",discard" : "");
    g_autoptr(GBytes) bytes = g_bytes_new(line, strlen(line));
    if (is_clevis(luks)) {
        g_autofree char *path = g_strconcat(PROVISION_DISKS_STATE "/", luks->name, ".key", NULL);
        (void)unlink(path);
    }
    return save(luks->name, ".crypttab", bytes, error) &&
           (is_clevis(luks) || save(luks->name, ".key", key, error));
}

bool provision_disks_make_luks(ProvisionDisks *self, const ProvisionLuks *luks, GError **error)
{
    ProvisionProbe probe = {0};
    if (!provision_disks_wait(self, luks->device, error) ||
        !provision_disks_probe(luks->device, &probe, error))
        return false;
    bool reuse = !luks->wipe && probe.type[0] != '\0';
    if (reuse && !is_there(luks, &probe))
        return base_error_set(error, BASE_ERROR_FAILED,
                              "‘%s’ has %s in it, and wipeVolume is not set", luks->device,
                              probe.type);
    if (reuse && (luks->key == NULL || is_clevis(luks)))
        return base_error_set(error, BASE_ERROR_FAILED,
                              "‘%s’ is encrypted already: only a volume with a key file is opened "
                              "again; set wipeVolume to make it anew",
                              luks->device);
    g_autoptr(GBytes) key = get_key(self, luks, error);
    if (key == NULL)
        return false;
    if (!reuse && !format(self, luks, key, error))
        return false;
    if (is_clevis(luks) &&
        (!save(luks->name, ".key", key, error) || !bind_clevis(self, luks, error)))
        return false;
    if (!open_volume(self, luks, key, error) || !keep(luks, key, error))
        return false;
    provision_disks_settle(self);
    return true;
}
