/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Azure: the metadata service, the provisioning volume (ovf-env.xml) that older hosts have, and the
 * report to the fabric that the host is up, without which Azure thinks that it never came.
 */
#include "base/fd.h"
#include "provision/datasources/common.h"
#include "provision/datasources/sources.h"
#include "provision/error.h"
#include "provision/netplan.h"

#include <fcntl.h>
#include <string.h>

#define ASSET_TAG "7783-7084-3265-9085-8269-3286-77"
#define INSTANCE_PATH "/metadata/instance?api-version=2021-08-01&extended=true"
#define USER_DATA_PATH "/metadata/instance/compute/userData?api-version=2021-01-01&format=text"
#define MAX_TEXT_CHARS 1024

static const char *const bases[] = {"http://169.254.169.254", NULL};
static const char *const headers[] = {"Metadata: true", NULL};
static const char *const wire_bases[] = {"http://168.63.129.16", NULL};
static const char *const wire_headers[] = {"x-ms-agent-name: WALinuxAgent",
                                           "x-ms-version: 2012-11-30", NULL};

static bool matches(const ProvisionPlatform *platform)
{
    return strcmp(platform->chassis_asset_tag, ASSET_TAG) == 0 ||
           provision_platform_has_seed(platform, "azure");
}

/**
 * Reading XML for the texts of a few elements, by their names without prefix.
 */
typedef struct {
    const char *names[8]; /* %NULL-terminated */
    char *texts[8];       /* owned: the first of each */
    ProvisionInstance *instance;
    char *element; /* owned */
} Xml;

static void xml_clear(Xml *self)
{
    for (size_t i = 0; i < G_N_ELEMENTS(self->texts); i++)
        g_free(self->texts[i]);
    g_free(self->element);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Xml, xml_clear)

static void on_start(GMarkupParseContext *context, const gchar *element, const gchar **names,
                     const gchar **values, gpointer data, GError **error)
{
    Xml *self = data;
    const char *colon = strchr(element, ':');
    (void)context, (void)names, (void)values, (void)error;
    provision_source_set(&self->element, g_strdup(colon != NULL ? colon + 1 : element));
}

static void on_end(GMarkupParseContext *context, const gchar *element, gpointer data,
                   GError **error)
{
    Xml *self = data;
    (void)context, (void)element, (void)error;
    g_clear_pointer(&self->element, g_free);
}

static void on_text(GMarkupParseContext *context, const gchar *text, gsize size_bytes,
                    gpointer data, GError **error)
{
    Xml *self = data;
    (void)context, (void)error;
    if (self->element == NULL || size_bytes == 0)
        return;
    g_autofree char *value = g_strndup(text, size_bytes);
    g_strstrip(value);
    if (*value == '\0')
        return;
    if (self->instance != NULL && strcmp(self->element, "Value") == 0)
        provision_source_add_key_lines(self->instance, value);
    for (size_t i = 0; i < G_N_ELEMENTS(self->names) && self->names[i] != NULL; i++)
        if (strcmp(self->names[i], self->element) == 0 && self->texts[i] == NULL)
            self->texts[i] = g_steal_pointer(&value);
}

static bool read_xml(Xml *self, const char *what, GBytes *bytes, GError **error)
{
    static const GMarkupParser parser = {
        .start_element = on_start, .end_element = on_end, .text = on_text};
    g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(
        &parser, G_MARKUP_TREAT_CDATA_AS_TEXT | G_MARKUP_IGNORE_QUALIFIED, self, NULL);
    gsize size_bytes = 0;
    const char *text = g_bytes_get_data(bytes, &size_bytes);
    g_autoptr(GError) local = NULL;
    /* a byte order mark is not XML to GLib */
    if (size_bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        size_bytes -= 3;
    }
    if (size_bytes > 0 && g_markup_parse_context_parse(context, text, (gssize)size_bytes, &local) &&
        g_markup_parse_context_end_parse(context, &local))
        return true;
    g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID, "%s: %s", what,
                local != NULL ? local->message : "it is empty");
    return false;
}

bool provision_azure_read_ovf(GBytes *xml, ProvisionInstance *instance, GError **error)
{
    g_auto(Xml) self = {.names = {"HostName", "UserName", "UserPassword", "CustomData", NULL},
                        .instance = instance};
    if (!read_xml(&self, "ovf-env.xml", xml, error))
        return false;
    if (self.texts[0] != NULL)
        provision_source_set(&instance->hostname, g_steal_pointer(&self.texts[0]));
    if (self.texts[1] != NULL)
        provision_source_set(&instance->default_user, g_steal_pointer(&self.texts[1]));
    if (self.texts[2] != NULL && strcmp(self.texts[2], "REDACTED") != 0)
        provision_source_set(&instance->password, g_steal_pointer(&self.texts[2]));
    if (self.texts[3] == NULL)
        return true;
    g_autoptr(GBytes) raw = g_bytes_new(self.texts[3], strlen(self.texts[3]));
    GBytes *decoded = provision_source_from_base64(raw);
    if (decoded == NULL) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                    "ovf-env.xml: CustomData is not base64");
        return false;
    }
    provision_source_set_bytes(&instance->user_data, decoded);
    return true;
}

static bool read_volume(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,
                        GError **error)
{
    static const char *const seeds[] = {"azure", NULL};
    static const char *const labels[] = {"rd_rdfe*", NULL};
    g_autoptr(GError) local = NULL;
    base_autofd dir =
        provision_source_open_seed(env, seeds, labels, &instance->subplatform, &local);
    g_autoptr(GBytes) xml = dir >= 0 ? provision_source_read(dir, "ovf-env.xml", &local) : NULL;
    g_autoptr(GBytes) custom =
        dir >= 0 && local == NULL ? provision_source_read(dir, "CustomData.bin", &local) : NULL;
    if (local != NULL && !g_error_matches(local, PROVISION_ERROR, PROVISION_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    if (xml != NULL && !provision_azure_read_ovf(xml, instance, error))
        return false;
    if (custom != NULL && instance->user_data == NULL)
        provision_source_set_bytes(&instance->user_data,
                                   provision_source_maybe_base64(g_steal_pointer(&custom)));
    return true;
}

static const ProvisionValue *item(const ProvisionValue *list, guint i)
{
    return list != NULL && list->items != NULL && i < list->items->len
               ? g_ptr_array_index(list->items, i)
               : NULL;
}

/* DHCP gives the first address of each card; the others are said only here. */
static void add_family(ProvisionValue *device, const ProvisionValue *card, const char *family,
                       const char *fallback_prefix)
{
    g_autofree char *addresses_path = g_strconcat(family, ".ipAddress", NULL);
    g_autofree char *subnet_path = g_strconcat(family, ".subnet", NULL);
    const ProvisionValue *addresses = provision_value_look_up(card, addresses_path);
    const ProvisionValue *subnet = item(provision_value_look_up(card, subnet_path), 0);
    g_autofree char *prefix = subnet != NULL ? provision_source_text(subnet, "prefix") : NULL;
    for (guint i = 1; item(addresses, i) != NULL; i++) {
        g_autofree char *address = provision_source_text(item(addresses, i), "privateIpAddress");
        provision_netplan_add_address(device, address, prefix != NULL ? prefix : fallback_prefix);
    }
}

static void add_card(ProvisionValue *plan, const ProvisionValue *card, guint index)
{
    g_autofree char *id = g_strdup_printf("eth%u", index);
    g_autofree char *flat = provision_source_text(card, "macAddress");
    g_autoptr(GString) mac = g_string_new(NULL);
    for (size_t i = 0; flat != NULL && i < strlen(flat) && i < 12; i++)
        g_string_append_printf(mac, "%s%c", i > 0 && i % 2 == 0 ? ":" : "", flat[i]);
    ProvisionValue *device = provision_netplan_device(plan, "ethernets", id);
    provision_netplan_match_mac(device, mac->str);
    provision_netplan_set_flag(device, "dhcp4", true);
    provision_netplan_override_metric(device, "dhcp4-overrides", 100 * (index + 1));
    bool has_ipv6 = item(provision_value_look_up(card, "ipv6.ipAddress"), 0) != NULL;
    provision_netplan_set_flag(device, "dhcp6", has_ipv6);
    if (has_ipv6)
        provision_netplan_override_metric(device, "dhcp6-overrides", 100 * (index + 1));
    add_family(device, card, "ipv4", "24");
    add_family(device, card, "ipv6", "128");
}

static GBytes *network_of(const ProvisionValue *data)
{
    g_autoptr(ProvisionValue) plan = provision_netplan_new();
    const ProvisionValue *cards = provision_value_look_up(data, "network.interface");
    for (guint i = 0; item(cards, i) != NULL; i++)
        add_card(plan, item(cards, i), i);
    return provision_netplan_print(plan);
}

static void take_meta_data(ProvisionInstance *instance, const ProvisionValue *data)
{
    char *hostname = provision_source_text(data, "compute.osProfile.computerName");
    char *user = provision_source_text(data, "compute.osProfile.adminUsername");
    if (hostname != NULL)
        provision_source_set(&instance->hostname, hostname);
    if (user != NULL)
        provision_source_set(&instance->default_user, user);
    provision_source_set(&instance->region, provision_source_text(data, "compute.location"));
    provision_source_set(&instance->zone, provision_source_text(data, "compute.zone"));
    const ProvisionValue *keys = provision_value_look_up(data, "compute.publicKeys");
    for (guint i = 0; item(keys, i) != NULL; i++) {
        g_autofree char *key = provision_source_text(item(keys, i), "keyData");
        /* Azure breaks long keys over lines, as Windows does */
        g_auto(GStrv) pieces = key != NULL ? g_strsplit(key, "\r\n", -1) : NULL;
        g_autofree char *whole = pieces != NULL ? g_strjoinv("", pieces) : NULL;
        provision_source_add_key_lines(instance, whole);
    }
    provision_source_set_bytes(&instance->network_config, network_of(data));
}

static bool fetch(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,
                  GCancellable *cancellable, GError **error)
{
    ProvisionService service = {.env = env,
                                .bases = bases,
                                .headers = headers,
                                .retry_not_found = true,
                                .cancellable = cancellable};
    g_autoptr(ProvisionValue) data = NULL;
    g_autoptr(GBytes) user_data = NULL;
    if (!read_volume(env, instance, error) ||
        !provision_service_get_value(&service, INSTANCE_PATH, PROVISION_VALUE_JSON, &data, error))
        return false;
    /* this one is rightly missing when there is none */
    service.retry_not_found = false;
    if (instance->user_data == NULL &&
        !provision_service_get(&service, USER_DATA_PATH, &user_data, error))
        return false;
    if (data == NULL)
        return provision_source_nothing(error, "Azure’s service knows no instance");
    if (user_data != NULL) {
        GBytes *decoded = provision_source_from_base64(user_data);
        if (decoded == NULL) {
            g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                        "Azure’s userData is not base64");
            return false;
        }
        provision_source_set_bytes(&instance->user_data, decoded);
    }
    take_meta_data(instance, data);
    const char *uuid = env->platform->product_uuid;
    g_autofree char *vm_id = provision_source_text(data, "compute.vmId");
    provision_source_set_value(instance, g_steal_pointer(&data));
    if (instance->subplatform == NULL)
        instance->subplatform = g_strdup(provision_service_base(&service));
    return provision_source_finish(instance, "azure", *uuid != '\0' ? uuid : vm_id, error);
}

static bool report(ProvisionService *service, const Xml *goal, GError **error)
{
    static const char *const type[] = {"Content-Type: text/xml; charset=utf-8", NULL};
    g_autofree char *body =
        g_markup_printf_escaped("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                                "<Health xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
                                "xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">"
                                "<GoalStateIncarnation>%s</GoalStateIncarnation>"
                                "<Container><ContainerId>%s</ContainerId><RoleInstanceList><Role>"
                                "<InstanceId>%s</InstanceId><Health><State>Ready</State></Health>"
                                "</Role></RoleInstanceList></Container></Health>",
                                goal->texts[0], goal->texts[1], goal->texts[2]);
    g_autoptr(GBytes) bytes = g_bytes_new(body, strlen(body));
    g_auto(BaseHttpAnswer) answer = {0};
    if (!provision_service_call(service, "POST", "/machine?comp=health", type, bytes, &answer,
                                error))
        return false;
    if (answer.status / 100 != 2)
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_FAILED,
                    "Azure’s fabric answers the report with status %u", answer.status);
    return answer.status / 100 == 2;
}

static bool ready(const ProvisionDatasourceEnv *env, const ProvisionInstance *instance,
                  GCancellable *cancellable, GError **error)
{
    ProvisionService service = {.env = env,
                                .bases = wire_bases,
                                .headers = wire_headers,
                                .retry_not_found = true,
                                .cancellable = cancellable};
    g_auto(Xml) goal = {.names = {"Incarnation", "ContainerId", "InstanceId", NULL}};
    g_autoptr(GBytes) bytes = NULL;
    (void)instance;
    if (!provision_service_get(&service, "/machine?comp=goalstate", &bytes, error))
        return false;
    if (bytes == NULL) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_FAILED,
                    "Azure’s fabric has no goal state for this host");
        return false;
    }
    if (!read_xml(&goal, "Azure’s goal state", bytes, error))
        return false;
    for (int i = 0; i < 3; i++) {
        if (goal.texts[i] != NULL && strlen(goal.texts[i]) <= MAX_TEXT_CHARS)
            continue;
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID, "Azure’s goal state has no %s",
                    goal.names[i]);
        return false;
    }
    return report(&service, &goal, error);
}

const ProvisionDatasource provision_source_azure = {
    .name = "azure",
    .title = "Azure",
    .flags = PROVISION_DATASOURCE_NETWORK,
    .matches = matches,
    .fetch = fetch,
    .ready = ready,
};
