/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * OpenStack, by its metadata service or on a config drive; oVirt’s, Nutanix’s and others’ drives
 * have the same files.
 */
#include "base/fd.h"
#include "provision/datasources/common.h"
#include "provision/datasources/linklocal.h"
#include "provision/datasources/sources.h"
#include "provision/error.h"

#include <fcntl.h>
#include <string.h>

#define MAX_VERSIONS 32

/**
 * Where the files are: either a directory or a service, below "openstack/VERSION".
 */
typedef struct {
    ProvisionService *service; /* (nullable) */
    int dir;
    const char *shown;
} Tree;

static bool matches(const ProvisionPlatform *platform)
{
    static const char *const products[] = {"OpenStack Nova", "OpenStack Compute", NULL};
    static const char *const tags[] = {"OpenStack Nova",
                                       "OpenStack Compute",
                                       "OpenTelekomCloud",
                                       "SAP CCloud VM",
                                       "HUAWEICLOUD",
                                       "Samsung Cloud Platform",
                                       NULL};
    return g_strv_contains(products, platform->product_name) ||
           g_strv_contains(tags, platform->chassis_asset_tag) ||
           g_strv_contains(products, platform->pid1_product);
}

static bool has_drive(const ProvisionPlatform *platform)
{
    return provision_platform_has_seed(platform, "config_drive") ||
           provision_platform_volume(platform, "config-2") != NULL;
}

static bool read_blob(const Tree *tree, const char *path, GBytes **out_bytes, GError **error)
{
    g_autoptr(GError) local = NULL;
    *out_bytes = NULL;
    if (tree->service != NULL) {
        g_autofree char *url = g_strconcat("/", path, NULL);
        return provision_service_get(tree->service, url, out_bytes, error);
    }
    *out_bytes = provision_source_read(tree->dir, path, &local);
    if (local == NULL)
        return true;
    g_propagate_error(error, g_steal_pointer(&local));
    return false;
}

static bool read_json(const Tree *tree, const char *version, const char *name,
                      ProvisionValue **out_value, GError **error)
{
    g_autoptr(GBytes) bytes = NULL;
    g_autofree char *path = g_strdup_printf("openstack/%s/%s", version, name);
    g_autofree char *shown = g_strdup_printf("%s/%s", tree->shown, path);
    *out_value = NULL;
    if (!read_blob(tree, path, &bytes, error))
        return false;
    if (bytes == NULL)
        return true;
    *out_value = provision_value_parse(shown, bytes, PROVISION_VALUE_JSON, error);
    return *out_value != NULL;
}

/* vendor_data.json is a document whose key “cloud-init” has what is meant for us; or a text. */
static bool read_vendor(const Tree *tree, const char *version, const char *name, GBytes **out_bytes,
                        GError **error)
{
    g_autoptr(ProvisionValue) value = NULL;
    if (!read_json(tree, version, name, &value, error))
        return false;
    if (value == NULL)
        return true;
    const ProvisionValue *ours =
        value->kind == PROVISION_VALUE_MAP ? provision_value_find(value, "cloud-init") : value;
    if (ours == NULL)
        return true;
    g_autofree char *text = ours->kind == PROVISION_VALUE_STRING ? g_strdup(ours->text) : NULL;
    if (text != NULL)
        *out_bytes = g_bytes_new(text, strlen(text));
    else if (ours->kind == PROVISION_VALUE_LIST) {
        /* a list of parts */
        g_autofree char *json = provision_value_print(ours);
        g_autofree char *archive = g_strconcat("#cloud-config-archive\n", json, NULL);
        *out_bytes = g_bytes_new(archive, strlen(archive));
    }
    return true;
}

static void take_meta_data(ProvisionInstance *instance, ProvisionValue *data)
{
    provision_source_set(&instance->id, provision_source_text(data, "uuid"));
    if (instance->id == NULL)
        instance->id = provision_source_text(data, "instance-id");
    provision_source_set(&instance->hostname, provision_source_text(data, "hostname"));
    if (instance->hostname == NULL)
        instance->hostname = provision_source_text(data, "local-hostname");
    provision_source_set(&instance->zone, provision_source_text(data, "availability_zone"));
    const ProvisionValue *keys = provision_value_find(data, "public_keys");
    provision_source_add_keys(instance,
                              keys != NULL ? keys : provision_value_find(data, "public-keys"));
    if (instance->password == NULL)
        instance->password = provision_source_text(data, "admin_pass");
    /* what is kept of the metadata is shown to others */
    if (provision_value_find(data, "admin_pass") != NULL)
        provision_value_set_string(data, "admin_pass", "(secret)");
    provision_source_set_value(instance, provision_value_ref(data));
}

/* Newest first of those that this program knows; “latest” is asked when there is no list. */
static char *choose_version(const char *list)
{
    static const char *const known[] = {"2018-08-27", "2017-02-22", "2016-10-06",
                                        "2016-06-30", "2015-10-15", "2013-10-17",
                                        "2013-04-04", "2012-08-10", NULL};
    g_auto(GStrv) have = g_strsplit_set(list, "\r\n", MAX_VERSIONS);
    for (char **line = have; *line != NULL; line++) {
        g_strstrip(*line);
        if (g_str_has_suffix(*line, "/"))
            (*line)[strlen(*line) - 1] = '\0';
    }
    for (const char *const *version = known; *version != NULL; version++)
        if (g_strv_contains((const char *const *)have, *version))
            return g_strdup(*version);
    return g_strdup("latest");
}

static bool read_tree(const Tree *tree, const char *version, ProvisionInstance *instance,
                      GError **error)
{
    g_autoptr(ProvisionValue) data = NULL;
    g_autoptr(ProvisionValue) network = NULL;
    g_autoptr(GBytes) user_data = NULL;
    g_autofree char *user_path = g_strdup_printf("openstack/%s/user_data", version);
    if (!read_json(tree, version, "meta_data.json", &data, error))
        return false;
    if (data == NULL)
        return provision_source_nothing(error, "‘%s’ has no openstack/%s/meta_data.json",
                                        tree->shown, version);
    if (data->kind != PROVISION_VALUE_MAP)
        return provision_value_set_error(&data->at, error, "a mapping wanted, got %s",
                                         provision_value_kind_name(data->kind));
    take_meta_data(instance, data);
    if (!read_blob(tree, user_path, &user_data, error) ||
        !read_vendor(tree, version, "vendor_data.json", &instance->vendor_data, error) ||
        !read_vendor(tree, version, "vendor_data2.json", &instance->vendor_data2, error) ||
        !read_json(tree, version, "network_data.json", &network, error))
        return false;
    provision_source_set_bytes(&instance->user_data, g_steal_pointer(&user_data));
    if (network != NULL)
        provision_source_set_bytes(&instance->network_config, provision_openstack_network(network));
    return true;
}

static bool fetch_service(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,
                          GCancellable *cancellable, GError **error)
{
    g_autofree char *card = provision_linklocal_first_card(env->root);
    g_autofree char *ipv6 =
        card != NULL ? g_strdup_printf("http://[fe80::a9fe:a9fe%%25%s]", card) : NULL;
    const char *const bases[] = {"http://169.254.169.254", ipv6, NULL};
    ProvisionService service = {.env = env, .bases = bases, .cancellable = cancellable};
    g_autofree char *list = NULL;
    if (!provision_service_get_text(&service, "/openstack", &list, error))
        return false;
    if (list == NULL)
        return provision_source_nothing(error, "‘%s/openstack’ does not exist",
                                        provision_service_base(&service));
    g_autofree char *version = choose_version(list);
    Tree tree = {.service = &service, .dir = -1, .shown = provision_service_base(&service)};
    if (!read_tree(&tree, version, instance, error))
        return false;
    provision_source_set(&instance->subplatform, g_strdup(tree.shown));
    return provision_source_finish(instance, "openstack", NULL, error);
}

/* CloudStack's own drive: one file a value. */
static bool read_cloudstack(const Tree *tree, ProvisionInstance *instance, GError **error)
{
    static const struct {
        const char *path;
        size_t offset;
    } files[] = {
        {"cloudstack/metadata/instance-id.txt", offsetof(ProvisionInstance, id)},
        {"cloudstack/metadata/local-hostname.txt", offsetof(ProvisionInstance, hostname)},
        {"cloudstack/metadata/availability-zone.txt", offsetof(ProvisionInstance, zone)},
        {"cloudstack/password/vm_password.txt", offsetof(ProvisionInstance, password)},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autoptr(GBytes) bytes = NULL;
        if (!read_blob(tree, files[i].path, &bytes, error))
            return false;
        if (bytes == NULL)
            continue;
        g_autofree char *text = g_strdup(g_bytes_get_data(bytes, NULL));
        g_strstrip(text);
        if (*text != '\0' && g_utf8_validate(text, -1, NULL) &&
            g_strcmp0(text, "saved_password") != 0)
            provision_source_set((char **)(void *)((char *)instance + files[i].offset),
                                 g_steal_pointer(&text));
    }
    g_autoptr(GBytes) keys = NULL;
    g_autoptr(GBytes) user_data = NULL;
    if (!read_blob(tree, "cloudstack/metadata/public-keys.txt", &keys, error) ||
        !read_blob(tree, "cloudstack/userdata/user_data.txt", &user_data, error))
        return false;
    if (keys != NULL)
        provision_source_add_key_lines(instance, g_bytes_get_data(keys, NULL));
    provision_source_set_bytes(&instance->user_data, g_steal_pointer(&user_data));
    return true;
}

static bool fetch_drive_as(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,
                           const char *name, GError **error)
{
    static const char *const seeds[] = {"config_drive", NULL};
    static const char *const drive_labels[] = {"config-2", NULL};
    base_autofd dir =
        provision_source_open_seed(env, seeds, drive_labels, &instance->subplatform, error);
    if (dir < 0)
        return false;
    Tree tree = {.dir = dir, .shown = instance->subplatform};
    if (faccessat(dir, "openstack", F_OK, 0) == 0) {
        if (!read_tree(&tree, "latest", instance, error))
            return false;
    } else if (faccessat(dir, "cloudstack", F_OK, 0) == 0) {
        if (!read_cloudstack(&tree, instance, error))
            return false;
    } else {
        return provision_source_nothing(error, "‘%s’ has neither openstack/ nor cloudstack/",
                                        tree.shown);
    }
    return provision_source_finish(instance, name, NULL, error);
}

static bool fetch_drive(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,
                        GCancellable *cancellable, GError **error)
{
    (void)cancellable;
    return fetch_drive_as(env, instance, "config-drive", error);
}

static bool fetch_ovirt(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,
                        GCancellable *cancellable, GError **error)
{
    (void)cancellable;
    return fetch_drive_as(env, instance, "ovirt", error);
}

static bool matches_ovirt(const ProvisionPlatform *platform)
{
    bool is_ovirt = g_str_has_prefix(platform->sys_vendor, "oVirt") ||
                    g_str_has_prefix(platform->product_name, "oVirt") ||
                    g_str_has_prefix(platform->product_name, "RHEV");
    return is_ovirt && has_drive(platform);
}

const ProvisionDatasource provision_source_openstack = {
    .name = "openstack",
    .title = "OpenStack",
    .flags = PROVISION_DATASOURCE_NETWORK | PROVISION_DATASOURCE_PROBE,
    .matches = matches,
    .fetch = fetch_service,
};

const ProvisionDatasource provision_source_config_drive = {
    .name = "config-drive",
    .title = "a config drive",
    .flags = PROVISION_DATASOURCE_LOCAL,
    .matches = has_drive,
    .fetch = fetch_drive,
};

const ProvisionDatasource provision_source_ovirt = {
    .name = "ovirt",
    .title = "oVirt",
    .flags = PROVISION_DATASOURCE_LOCAL,
    .matches = matches_ovirt,
    .fetch = fetch_ovirt,
};
