/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What reading a configuration takes from outside: instance data for templates, included URLs,
 * decrypted credentials.
 */
#include "provision/config.h"

#include "base/http-call.h"
#include "provision/error.h"

#include <string.h>

#define FETCH_TRIES 10
#define FETCH_TIMEOUT_MS 5000
#define FETCH_PAUSE_US (G_USEC_PER_SEC)
#define FETCH_REDIRECTS 10

static void add_both(ProvisionValue *map, const char *name, const char *alias, const char *text)
{
    provision_value_set_string(map, name, text);
    provision_value_set_string(map, alias, text);
}

ProvisionValue *provision_config_instance_data(const ProvisionInstance *instance)
{
    const ProvisionPlace at = {.source = "instance-data"};
    ProvisionValue *data = provision_value_new(&at, PROVISION_VALUE_MAP);
    ProvisionValue *v1 = provision_value_new(&at, PROVISION_VALUE_MAP);
    ProvisionValue *ds = provision_value_new(&at, PROVISION_VALUE_MAP);
    ProvisionValue *keys = provision_value_new(&at, PROVISION_VALUE_LIST);
    /* In instance-data.json it is the host's own name: no domain. */
    g_autofree char *host = instance->hostname == NULL
                                ? NULL
                                : g_strndup(instance->hostname, strcspn(instance->hostname, "."));
    add_both(v1, "cloud_name", "cloud-name", instance->platform);
    add_both(v1, "instance_id", "instance-id", instance->id);
    add_both(v1, "local_hostname", "local-hostname", host);
    add_both(v1, "availability_zone", "availability-zone", instance->zone);
    provision_value_set_string(v1, "region", instance->region);
    provision_value_set_string(v1, "platform", instance->platform);
    provision_value_set_string(v1, "subplatform", instance->subplatform);
    for (guint i = 0; instance->ssh_keys != NULL && i < instance->ssh_keys->len; i++)
        provision_value_take_item(keys,
                                  provision_value_new_string(&at, instance->ssh_keys->pdata[i]));
    provision_value_take_member(v1, "public_ssh_keys", &at, keys);
    ProvisionValue *meta = instance->meta_data != NULL
                               ? provision_value_ref(instance->meta_data)
                               : provision_value_new(&at, PROVISION_VALUE_MAP);
    /* Templates of Cluster API ask for these two, whatever the platform calls them. */
    if (meta->kind == PROVISION_VALUE_MAP) {
        ProvisionValue *named = provision_value_new(&at, PROVISION_VALUE_MAP);
        add_both(named, "local_hostname", "local-hostname", instance->hostname);
        add_both(named, "instance_id", "instance-id", instance->id);
        ProvisionValue *all = provision_cloud_merge_below(meta, named);
        provision_value_unref(meta);
        provision_value_unref(named);
        meta = all;
    }
    provision_value_take_member(ds, "meta_data", &at, meta);
    provision_value_take_member(data, "ds", &at, ds);
    provision_value_take_member(data, "v1", &at, v1);
    return data;
}

GBytes *provision_config_fetch(gpointer data, const char *url, uint64_t max_bytes,
                               GCancellable *cancellable, GError **error)
{
    const BaseHttpCall call = {.url = url,
                               .max_bytes = max_bytes,
                               .timeout_ms = FETCH_TIMEOUT_MS,
                               .follow = FETCH_REDIRECTS};
    g_autofree char *public_url = base_http_public_url(url);
    (void)data;
    for (unsigned i = 0; i < FETCH_TRIES; i++) {
        g_auto(BaseHttpAnswer) answer = {0};
        g_autoptr(GError) local = NULL;
        bool last = i + 1 == FETCH_TRIES;
        if (!base_http_call(&call, &answer, cancellable, &local)) {
            if (last || g_cancellable_is_cancelled(cancellable)) {
                g_propagate_error(error, g_steal_pointer(&local));
                return NULL;
            }
        } else if (answer.status >= 200 && answer.status < 300) {
            return g_bytes_ref(answer.body);
        } else if (last || (answer.status < 500 && answer.status != 429)) {
            g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_FAILED,
                        "‘%s’: the server answered %u", public_url, answer.status);
            return NULL;
        }
        g_usleep(FETCH_PAUSE_US);
    }
    return NULL;
}

GBytes *provision_config_decrypt(gpointer data, const char *base64, GError **error)
{
    (void)data;
    g_autoptr(GSubprocess) child = g_subprocess_new(
        G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
            G_SUBPROCESS_FLAGS_STDERR_PIPE,
        error, "systemd-creds", "decrypt", "--name=", "--newline=no", "-", "-", NULL);
    if (child == NULL) {
        g_prefix_error(error, "decrypting a value: ");
        return NULL;
    }
    g_autoptr(GBytes) in = g_bytes_new(base64, strlen(base64));
    g_autoptr(GBytes) out = NULL;
    g_autoptr(GBytes) err = NULL;
    if (!g_subprocess_communicate(child, in, NULL, &out, &err, error)) {
        g_prefix_error(error, "decrypting a value: ");
        return NULL;
    }
    if (!g_subprocess_get_successful(child)) {
        gsize size_bytes = 0;
        const char *said = g_bytes_get_data(err, &size_bytes);
        g_autofree char *text = g_strndup(said == NULL ? "" : said, size_bytes);
        g_autofree char *valid = g_utf8_make_valid(g_strstrip(text), -1);
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_FAILED,
                    "decrypting a value: systemd-creds said: %s", valid);
        return NULL;
    }
    return g_steal_pointer(&out);
}
