/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * NoCloud: a seed directory, a volume labelled “cidata”, or a URL that the firmware’s serial number
 * or the kernel’s arguments name (“ds=nocloud;s=URL;h=HOST;i=ID”).
 */
#include "base/fd.h"
#include "provision/datasources/common.h"
#include "provision/datasources/sources.h"
#include "provision/error.h"

#include <fcntl.h>
#include <string.h>

#define DMI_DIR "sys/class/dmi/id/"
#define MAX_DMI_BYTES 4096

/**
 * What “ds=nocloud;…” says. All owned, all nullable.
 */
typedef struct {
    char *seed;
    char *hostname;
    char *id;
} Settings;

static void settings_clear(Settings *self)
{
    g_free(self->seed);
    g_free(self->hostname);
    g_free(self->id);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Settings, settings_clear)

/* dmidecode's words for what sysfs has under other names */
static const struct {
    const char *word;
    const char *file;
} dmi_names[] = {
    {"baseboard-asset-tag", "board_asset_tag"},
    {"baseboard-manufacturer", "board_vendor"},
    {"baseboard-product-name", "board_name"},
    {"baseboard-serial-number", "board_serial"},
    {"baseboard-version", "board_version"},
    {"bios-release-date", "bios_date"},
    {"bios-vendor", "bios_vendor"},
    {"bios-version", "bios_version"},
    {"chassis-asset-tag", "chassis_asset_tag"},
    {"chassis-manufacturer", "chassis_vendor"},
    {"chassis-serial-number", "chassis_serial"},
    {"chassis-version", "chassis_version"},
    {"system-manufacturer", "sys_vendor"},
    {"system-product-name", "product_name"},
    {"system-serial-number", "product_serial"},
    {"system-uuid", "product_uuid"},
    {"system-version", "product_version"},
};

static char *read_dmi(int root, const char *word, gsize word_chars)
{
    for (size_t i = 0; i < G_N_ELEMENTS(dmi_names); i++) {
        if (strlen(dmi_names[i].word) != word_chars ||
            strncmp(dmi_names[i].word, word, word_chars) != 0)
            continue;
        g_autofree char *path = g_strconcat(DMI_DIR, dmi_names[i].file, NULL);
        g_autoptr(GBytes) bytes = base_fd_read_file(root, path, MAX_DMI_BYTES, NULL);
        return bytes != NULL ? g_strstrip(g_strdup(g_bytes_get_data(bytes, NULL))) : g_strdup("");
    }
    return NULL;
}

/* “__dmi.system-uuid__” stands for what the firmware says; an unknown word stays. */
static char *expand(int root, const char *url)
{
    g_autoptr(GString) out = g_string_new(NULL);
    while (*url != '\0') {
        const char *end = g_str_has_prefix(url, "__dmi.") ? strstr(url + 6, "__") : NULL;
        g_autofree char *value =
            end != NULL ? read_dmi(root, url + 6, (gsize)(end - url - 6)) : NULL;
        if (value == NULL) {
            g_string_append_c(out, *url++);
            continue;
        }
        g_autofree char *escaped = g_uri_escape_string(value, NULL, FALSE);
        g_string_append(out, escaped);
        url = end + 2;
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static bool parse_settings(const char *text, Settings *out)
{
    g_auto(GStrv) parts = text != NULL ? g_strsplit(text, ";", -1) : NULL;
    if (parts == NULL || parts[0] == NULL ||
        (g_ascii_strcasecmp(parts[0], "nocloud") != 0 &&
         g_ascii_strcasecmp(parts[0], "nocloud-net") != 0))
        return false;
    for (char **part = parts + 1; *part != NULL; part++) {
        const char *equals = strchr(*part, '=');
        if (equals == NULL)
            continue;
        g_autofree char *name = g_strndup(*part, (gsize)(equals - *part));
        if (strcmp(name, "s") == 0 || strcmp(name, "seedfrom") == 0)
            provision_source_set(&out->seed, g_strdup(equals + 1));
        else if (strcmp(name, "h") == 0 || strcmp(name, "local-hostname") == 0)
            provision_source_set(&out->hostname, g_strdup(equals + 1));
        else if (strcmp(name, "i") == 0 || strcmp(name, "instance-id") == 0)
            provision_source_set(&out->id, g_strdup(equals + 1));
    }
    return true;
}

/* The kernel's arguments count more than the firmware's serial number. */
static bool read_settings(const ProvisionPlatform *platform, Settings *out)
{
    const char *serial = strstr(platform->product_serial, "ds=nocloud");
    bool found = serial != NULL && parse_settings(serial + strlen("ds="), out);
    const char *arg = provision_platform_karg(platform, "ds");
    if (arg == NULL)
        arg = provision_platform_karg(platform, "ci.ds");
    return parse_settings(arg, out) || found;
}

static bool matches(const ProvisionPlatform *platform)
{
    g_auto(Settings) settings = {0};
    return read_settings(platform, &settings) || provision_platform_has_seed(platform, "nocloud") ||
           provision_platform_has_seed(platform, "nocloud-net") ||
           provision_platform_volume(platform, "cidata") != NULL;
}

static bool is_remote(const char *seed)
{
    return seed != NULL &&
           (g_str_has_prefix(seed, "http://") || g_str_has_prefix(seed, "https://"));
}

static bool take_meta_data(ProvisionInstance *instance, const char *source, GBytes *bytes,
                           GError **error)
{
    if (bytes == NULL)
        return true;
    g_autoptr(ProvisionValue) data =
        provision_value_parse(source, bytes, PROVISION_VALUE_YAML_1_1, error);
    if (data == NULL)
        return false;
    if (data->kind == PROVISION_VALUE_NULL)
        return true;
    if (data->kind != PROVISION_VALUE_MAP)
        return provision_value_set_error(&data->at, error, "a mapping wanted, got %s",
                                         provision_value_kind_name(data->kind));
    const char *const ids[] = {"instance-id", "instance_id", NULL};
    for (const char *const *id = ids; *id != NULL; id++) {
        char *text = provision_source_text(data, *id);
        if (text != NULL)
            provision_source_set(&instance->id, text);
    }
    const char *const names[] = {"hostname", "local_hostname", "local-hostname", NULL};
    for (const char *const *name = names; *name != NULL; name++) {
        char *text = provision_source_text(data, *name);
        if (text != NULL)
            provision_source_set(&instance->hostname, text);
    }
    const char *const keys[] = {"public-keys", "public_keys", NULL};
    for (const char *const *key = keys; *key != NULL; key++)
        provision_source_add_keys(instance, provision_value_find(data, *key));
    provision_source_set_value(instance, g_steal_pointer(&data));
    return true;
}

static bool take(ProvisionInstance *instance, const char *name, const char *shown, GBytes *bytes,
                 GError **error)
{
    g_autofree char *source = g_strdup_printf("%s%s", shown, name);
    if (strcmp(name, "meta-data") == 0)
        return take_meta_data(instance, source, bytes, error);
    if (bytes == NULL)
        return true;
    if (strcmp(name, "user-data") == 0)
        provision_source_set_bytes(&instance->user_data, g_bytes_ref(bytes));
    else if (strcmp(name, "vendor-data") == 0)
        provision_source_set_bytes(&instance->vendor_data, g_bytes_ref(bytes));
    else {
        provision_source_set_bytes(&instance->network_config, g_bytes_ref(bytes));
        provision_source_set(&instance->network_source, g_steal_pointer(&source));
    }
    return true;
}

static const char *const file_names[] = {"meta-data", "user-data", "vendor-data", "network-config",
                                         NULL};

static bool read_dir(int dir, const char *shown, ProvisionInstance *instance, GError **error)
{
    g_autofree char *prefix = g_strconcat(shown, "/", NULL);
    bool any = false;
    for (const char *const *name = file_names; *name != NULL; name++) {
        g_autoptr(GError) local = NULL;
        g_autoptr(GBytes) bytes = provision_source_read(dir, *name, &local);
        if (local != NULL) {
            g_propagate_error(error, g_steal_pointer(&local));
            return false;
        }
        any = any || (bytes != NULL && name < file_names + 2);
        if (!take(instance, *name, prefix, bytes, error))
            return false;
    }
    return any ||
           provision_source_nothing(error, "‘%s’ has neither user-data nor meta-data", shown);
}

static bool read_url(ProvisionService *service, const char *seed, ProvisionInstance *instance,
                     GError **error)
{
    g_autofree char *shown = base_http_public_url(seed);
    bool any = false;
    for (const char *const *name = file_names; *name != NULL; name++) {
        g_autoptr(GBytes) bytes = NULL;
        /* "http://…/%s" or a prefix */
        const char *hole = strstr(seed, "%s");
        g_autofree char *url =
            hole != NULL ? g_strdup_printf("%.*s%s%s", (int)(hole - seed), seed, *name, hole + 2)
                         : g_strconcat(seed, *name, NULL);
        if (!provision_service_get(service, url, &bytes, error))
            return false;
        any = any || (bytes != NULL && name < file_names + 2);
        if (!take(instance, *name, shown, bytes, error))
            return false;
    }
    if (!any)
        return provision_source_nothing(error, "‘%s’ has neither user-data nor meta-data", shown);
    provision_source_set(&instance->subplatform, g_steal_pointer(&shown));
    return true;
}

/* A path of this host: "file:///…" or "/…" */
static bool read_path(const ProvisionDatasourceEnv *env, const char *seed,
                      ProvisionInstance *instance, GError **error)
{
    const char *path = g_str_has_prefix(seed, "file://") ? seed + strlen("file://") : seed;
    while (*path == '/')
        path++;
    base_autofd dir =
        openat(env->root, *path != '\0' ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return provision_source_nothing(error, "there is no directory ‘/%s’", path);
    provision_source_set(&instance->subplatform, g_strconcat("/", path, NULL));
    return read_dir(dir, instance->subplatform, instance, error);
}

static bool read_seed(const ProvisionDatasourceEnv *env, ProvisionDatasourceFlags kind,
                      const char *text, ProvisionInstance *instance, GCancellable *cancellable,
                      GError **error)
{
    g_autofree char *seed = expand(env->root, text);
    static const char *const none[] = {NULL};
    ProvisionService service = {.env = env, .bases = none, .cancellable = cancellable};
    if (is_remote(seed))
        return kind == PROVISION_DATASOURCE_NETWORK
                   ? read_url(&service, seed, instance, error)
                   : provision_source_nothing(error, "the seed is behind the network");
    if (g_str_has_prefix(seed, "/") || g_str_has_prefix(seed, "file://"))
        return read_path(env, seed, instance, error);
    g_autofree char *shown = base_http_public_url(seed);
    g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_FAILED,
                "the seed ‘%s’ is neither http, https, file nor a path", shown);
    return false;
}

static bool fetch_kind(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,
                       ProvisionDatasourceFlags kind, GCancellable *cancellable, GError **error)
{
    static const char *const seeds[] = {"nocloud", "nocloud-net", NULL};
    static const char *const labels[] = {"cidata", NULL};
    g_auto(Settings) settings = {0};
    bool said = read_settings(env->platform, &settings);
    g_autoptr(GError) local = NULL;
    base_autofd dir =
        provision_source_open_seed(env, seeds, labels, &instance->subplatform, &local);
    if (dir >= 0) {
        if (!read_dir(dir, instance->subplatform, instance, error))
            return false;
    } else if (!g_error_matches(local, PROVISION_ERROR, PROVISION_ERROR_NOT_FOUND) ||
               settings.seed == NULL) {
        bool enough = said && settings.id != NULL &&
                      g_error_matches(local, PROVISION_ERROR, PROVISION_ERROR_NOT_FOUND);
        if (!enough) {
            g_propagate_error(error, g_steal_pointer(&local));
            return false;
        }
    }
    g_autofree char *from = provision_source_text(instance->meta_data, "seedfrom");
    const char *seed = settings.seed != NULL ? settings.seed : from;
    if (seed != NULL && !read_seed(env, kind, seed, instance, cancellable, error))
        return false;
    if (settings.id != NULL)
        provision_source_set(&instance->id, g_strdup(settings.id));
    if (settings.hostname != NULL)
        provision_source_set(&instance->hostname, g_strdup(settings.hostname));
    return provision_source_finish(instance, "nocloud", "nocloud", error);
}

static bool fetch(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,
                  GCancellable *cancellable, GError **error)
{
    return fetch_kind(env, instance, PROVISION_DATASOURCE_LOCAL, cancellable, error);
}

static bool fetch_net(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,
                      GCancellable *cancellable, GError **error)
{
    return fetch_kind(env, instance, PROVISION_DATASOURCE_NETWORK, cancellable, error);
}

const ProvisionDatasource provision_source_nocloud = {
    .name = "nocloud",
    .title = "NoCloud",
    .flags = PROVISION_DATASOURCE_LOCAL,
    .matches = matches,
    .fetch = fetch,
};

const ProvisionDatasource provision_source_nocloud_net = {
    .name = "nocloud-net",
    .title = "NoCloud behind a URL",
    .flags = PROVISION_DATASOURCE_NETWORK,
    .matches = matches,
    .fetch = fetch_net,
};
