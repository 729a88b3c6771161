/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Who is asked for this host's configuration, and asking. Switches and lists of the owner count
 * more than what the machine says; guesses are the last.
 */
#include "provision/identify.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/http-call.h"
#include "provision/error.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#define DISABLED_FILE "etc/cloud/cloud-init.disabled"
#define MAX_CONFIG_BYTES (1024 * 1024)
#define MAX_URL_BYTES (1024 * 1024)
#define MAX_FILES 256
#define PROBE_US (4 * G_USEC_PER_SEC)
#define URL_TIMEOUT_MS 30000

void provision_identity_free(ProvisionIdentity *self)
{
    if (self == NULL)
        return;
    g_free(self->reason);
    g_clear_pointer(&self->datasources, g_ptr_array_unref);
    g_free(self->inline_config);
    g_free(self->config_url);
    g_free(self);
}

/* “cc: TEXT end_cc”, as often as one likes; “\n” is a line break, and %41 an A. */
static char *find_inline(const char *line)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (const char *at = strstr(line, "cc:"); at != NULL; at = strstr(at, "cc:")) {
        if (at != line && at[-1] != ' ') {
            at += 3;
            continue;
        }
        at += 3;
        const char *end = strstr(at, "end_cc");
        gsize chars = end != NULL ? (gsize)(end - at) : strlen(at);
        g_autofree char *raw = g_strndup(at, chars);
        g_strstrip(raw);
        g_autofree char *text = g_uri_unescape_string(raw, NULL);
        g_auto(GStrv) lines = g_strsplit(text != NULL ? text : raw, "\\n", -1);
        g_autofree char *joined = g_strjoinv("\n", lines);
        g_string_append_printf(out, "%s\n", joined);
        at += chars;
    }
    return out->len > 0 ? g_strconcat("#cloud-config\n", out->str, NULL) : NULL;
}

static bool add(ProvisionIdentity *self, const ProvisionDatasource *source)
{
    for (guint i = 0; i < self->datasources->len; i++)
        if (g_ptr_array_index(self->datasources, i) == source)
            return false;
    g_ptr_array_add(self->datasources, (gpointer)source);
    return true;
}

static bool add_named(ProvisionIdentity *self, const char *name)
{
    const ProvisionDatasource *source = provision_datasource_find(name);
    if (source == NULL)
        return false;
    add(self, source);
    /* behind the same name: a seed may be behind the network */
    if (strcmp(source->name, "nocloud") == 0)
        add(self, provision_datasource_find("nocloud-net"));
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The last file of the directories that has a list counts, as the last setting does. */
static void read_list_of(int root, const char *path, ProvisionValue **list)
{
    g_autoptr(GBytes) bytes = base_fd_read_file(root, path, MAX_CONFIG_BYTES, NULL);
    g_autoptr(ProvisionValue) value =
        bytes != NULL ? provision_value_parse(path, bytes, PROVISION_VALUE_YAML_1_1, NULL) : NULL;
    const ProvisionValue *found = value != NULL && value->kind == PROVISION_VALUE_MAP
                                      ? provision_value_find(value, "datasource_list")
                                      : NULL;
    if (found == NULL || found->kind != PROVISION_VALUE_LIST)
        return;
    provision_value_unref(*list);
    *list = provision_value_ref((ProvisionValue *)(uintptr_t)found);
}

static ProvisionValue *read_list(int root)
{
    static const char *const dirs[] = {"etc/cloud/cloud.cfg.d", "usr/lib/atoll/provision.d",
                                       "etc/atoll/provision.d"};
    ProvisionValue *list = NULL;
    read_list_of(root, "etc/cloud/cloud.cfg", &list);
    for (size_t i = 0; i < G_N_ELEMENTS(dirs); i++) {
        base_autofd fd = openat(root, dirs[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
        g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
        if (dir == NULL)
            continue;
        (void)base_fd_steal(&fd);
        for (struct dirent *entry = readdir(dir); entry != NULL && names->len < MAX_FILES;
             entry = readdir(dir))
            if (g_str_has_suffix(entry->d_name, ".cfg") || g_str_has_suffix(entry->d_name, ".yaml"))
                g_ptr_array_add(names, g_strdup(entry->d_name));
        closedir(dir);
        g_ptr_array_sort(names, compare_names);
        for (guint n = 0; n < names->len; n++) {
            g_autofree char *path = g_strdup_printf("%s/%s", dirs[i], (char *)names->pdata[n]);
            read_list_of(root, path, &list);
        }
    }
    return list;
}

static bool is_disabled(const ProvisionPlatform *platform, int root, ProvisionIdentity *self)
{
    const char *arg = provision_platform_karg(platform, "cloud-init");
    if (g_strcmp0(arg, "disabled") == 0)
        self->reason = g_strdup("the kernel’s argument cloud-init=disabled");
    else if (g_strcmp0(arg, "enabled") == 0)
        return false;
    else if (faccessat(root, DISABLED_FILE, F_OK, 0) == 0)
        self->reason = g_strdup("/" DISABLED_FILE " exists");
    return self->reason != NULL;
}

/* ds=nocloud;s=…, ds=[Ec2,GCE], ignition.platform.id=aws */
static bool by_kernel(ProvisionIdentity *self, const ProvisionPlatform *platform)
{
    static const char *const args[] = {"ds", "ci.ds", "ignition.platform.id"};
    for (size_t i = 0; i < G_N_ELEMENTS(args); i++) {
        const char *value = provision_platform_karg(platform, args[i]);
        if (value == NULL || *value == '\0')
            continue;
        g_autofree char *text = g_strndup(value, strcspn(value, ";"));
        g_auto(GStrv) names = g_strsplit_set(text, "[], ", -1);
        for (char **name = names; *name != NULL; name++)
            if (**name != '\0')
                add_named(self, *name);
        if (self->datasources->len == 0)
            continue;
        self->reason = g_strdup_printf("the kernel’s argument %s=%s", args[i], text);
        return true;
    }
    return false;
}

static void by_machine(ProvisionIdentity *self, const ProvisionPlatform *platform,
                       const ProvisionValue *list)
{
    for (const ProvisionDatasource *const *row = provision_datasources; *row != NULL; row++) {
        bool allowed = list == NULL;
        for (guint i = 0; !allowed && i < list->items->len; i++) {
            const ProvisionValue *item = g_ptr_array_index(list->items, i);
            const ProvisionDatasource *named =
                item->text != NULL ? provision_datasource_find(item->text) : NULL;
            allowed =
                named != NULL && (named == *row || (strcmp(named->name, "nocloud") == 0 &&
                                                    strcmp((*row)->name, "nocloud-net") == 0));
        }
        if (allowed && (*row)->matches(platform))
            add(self, *row);
    }
    if (self->datasources->len == 0)
        return;
    const ProvisionDatasource *first = g_ptr_array_index(self->datasources, 0);
    self->reason = g_strdup_printf("the machine says so (%s)", first->title);
}

/* Nothing is guessed on hardware whose maker is known to have no such service: a laptop's first
 * boot must not ask the network who it is. Only virtual machines and those without SMBIOS guess. */
static void by_guess(ProvisionIdentity *self, const ProvisionPlatform *platform)
{
    bool may_be_cloud = *platform->virt != '\0' || *platform->sys_vendor == '\0';
    for (const ProvisionDatasource *const *row = provision_datasources; *row != NULL; row++)
        if (may_be_cloud && ((*row)->flags & PROVISION_DATASOURCE_PROBE) != 0)
            add(self, *row);
    self->probing = self->datasources->len > 0;
    self->disabled = !self->probing;
    self->reason = g_strdup(self->probing ? "nothing says which platform this is"
                                          : "nothing says that there is a platform");
}

ProvisionIdentity *provision_identify(const ProvisionPlatform *platform, int root, GError **error)
{
    g_autoptr(ProvisionIdentity) self = g_new0(ProvisionIdentity, 1);
    (void)error;
    self->datasources = g_ptr_array_new();
    self->network_disabled =
        g_strcmp0(provision_platform_karg(platform, "network-config"), "disabled") == 0;
    if (is_disabled(platform, root, self)) {
        self->disabled = true;
        return g_steal_pointer(&self);
    }
    self->inline_config = find_inline(platform->kernel_line);
    self->config_url = g_strdup(provision_platform_karg(platform, "cloud-config-url"));
    if (by_kernel(self, platform))
        return g_steal_pointer(&self);
    g_autoptr(ProvisionValue) list = read_list(root);
    if (list != NULL && list->items != NULL && list->items->len == 1) {
        const ProvisionValue *only = g_ptr_array_index(list->items, 0);
        if (only->text != NULL && add_named(self, only->text)) {
            self->reason = g_strdup_printf("datasource_list of %s", only->at.source);
            return g_steal_pointer(&self);
        }
    }
    by_machine(self, platform,
               list != NULL && list->items != NULL && list->items->len > 0 ? list : NULL);
    if (self->datasources->len == 0)
        by_guess(self, platform);
    return g_steal_pointer(&self);
}

static bool is_remote(const char *url)
{
    return url != NULL && (g_str_has_prefix(url, "http://") || g_str_has_prefix(url, "https://"));
}

bool provision_identity_needs_network(const ProvisionIdentity *self)
{
    if (is_remote(self->config_url))
        return true;
    for (guint i = 0; i < self->datasources->len; i++) {
        const ProvisionDatasource *source = g_ptr_array_index(self->datasources, i);
        if ((source->flags & PROVISION_DATASOURCE_NETWORK) != 0)
            return true;
    }
    return false;
}

/* Below vendor-data2, which few platforms have: together they are an archive. */
static void add_below(ProvisionInstance *instance, const char *text, gsize size_bytes)
{
    if (instance->vendor_data2 == NULL) {
        instance->vendor_data2 = g_bytes_new(text, size_bytes);
        return;
    }
    const ProvisionPlace nowhere = {0};
    gsize old_bytes = 0;
    const char *old = g_bytes_get_data(instance->vendor_data2, &old_bytes);
    g_autofree char *old_text = g_strndup(old, old_bytes);
    g_autofree char *new_text = g_strndup(text, size_bytes);
    g_autoptr(ProvisionValue) list = provision_value_new(&nowhere, PROVISION_VALUE_LIST);
    provision_value_take_item(list, provision_value_new_string(&nowhere, new_text));
    provision_value_take_item(list, provision_value_new_string(&nowhere, old_text));
    g_autofree char *json = provision_value_print(list);
    g_autofree char *archive = g_strconcat("#cloud-config-archive\n", json, NULL);
    g_clear_pointer(&instance->vendor_data2, g_bytes_unref);
    instance->vendor_data2 = g_bytes_new(archive, strlen(archive));
}

/* The argument is other programs' too, who mean a whole disk image by it: what is long, or does
 * not begin like a cloud-config, is not ours and is no error. */
static bool add_url(const ProvisionIdentity *self, const ProvisionDatasourceEnv *env,
                    ProvisionInstance *instance, GCancellable *cancellable, GError **error)
{
    int64_t left_ms = (env->deadline_us - g_get_monotonic_time()) / 1000;
    BaseHttpCall call = {.url = self->config_url,
                         .max_bytes = MAX_URL_BYTES,
                         .timeout_ms = (unsigned)CLAMP(left_ms, 1, URL_TIMEOUT_MS),
                         .follow = 5};
    g_auto(BaseHttpAnswer) answer = {0};
    g_autoptr(GError) local = NULL;
    if (!is_remote(self->config_url))
        return true;
    if (!base_http_call(&call, &answer, cancellable, &local)) {
        if (g_error_matches(local, BASE_ERROR, BASE_ERROR_INVALID))
            return true;
        g_propagate_prefixed_error(error, g_steal_pointer(&local), "cloud-config-url: ");
        return false;
    }
    gsize size_bytes = 0;
    const char *text = g_bytes_get_data(answer.body, &size_bytes);
    bool is_ours = answer.status == 200 && size_bytes > strlen("#cloud-config") &&
                   strncmp(text, "#cloud-config", strlen("#cloud-config")) == 0;
    if (is_ours)
        add_below(instance, text, size_bytes);
    return true;
}

static ProvisionInstance *ask(const ProvisionDatasource *source, const ProvisionDatasourceEnv *env,
                              GCancellable *cancellable, GError **error)
{
    g_autoptr(ProvisionInstance) instance = provision_instance_new();
    if (!source->fetch(env, instance, cancellable, error)) {
        g_prefix_error(error, "%s: ", source->title);
        return NULL;
    }
    return g_steal_pointer(&instance);
}

/**
 * One guess: asked in a thread of its own.
 */
typedef struct {
    const ProvisionDatasource *source;
    const ProvisionDatasourceEnv *env;
    GCancellable *cancellable;
    ProvisionInstance *instance; /* owned, nullable */
    GThread *thread;
} Probe;

static gpointer probe(gpointer data)
{
    Probe *self = data;
    self->instance = ask(self->source, self->env, self->cancellable, NULL);
    return NULL;
}

/* Whoever has the higher row wins, not whoever is faster: a boot is as the one before. */
static ProvisionInstance *probe_all(const ProvisionIdentity *self,
                                    const ProvisionDatasourceEnv *env,
                                    const ProvisionDatasource **out_datasource,
                                    GCancellable *cancellable)
{
    ProvisionDatasourceEnv short_env = *env;
    short_env.deadline_us = MIN(env->deadline_us, g_get_monotonic_time() + PROBE_US);
    g_autofree Probe *probes = g_new0(Probe, self->datasources->len);
    ProvisionInstance *found = NULL;
    for (guint i = 0; i < self->datasources->len; i++) {
        probes[i] = (Probe){.source = g_ptr_array_index(self->datasources, i),
                            .env = &short_env,
                            .cancellable = cancellable};
        probes[i].thread = g_thread_new(probes[i].source->name, probe, &probes[i]);
    }
    for (guint i = 0; i < self->datasources->len; i++) {
        g_thread_join(probes[i].thread);
        if (found == NULL && probes[i].instance != NULL) {
            found = probes[i].instance;
            *out_datasource = probes[i].source;
        } else {
            provision_instance_free(probes[i].instance);
        }
    }
    return found;
}

static ProvisionInstance *ask_all(const ProvisionIdentity *self, const ProvisionDatasourceEnv *env,
                                  ProvisionDatasourceFlags kinds,
                                  const ProvisionDatasource **out_datasource,
                                  GCancellable *cancellable, GError **error)
{
    if (self->probing && (kinds & PROVISION_DATASOURCE_NETWORK) != 0) {
        ProvisionInstance *found = probe_all(self, env, out_datasource, cancellable);
        if (found != NULL)
            return found;
    }
    for (guint i = 0; i < self->datasources->len && !self->probing; i++) {
        const ProvisionDatasource *source = g_ptr_array_index(self->datasources, i);
        g_autoptr(GError) local = NULL;
        if ((source->flags & kinds) == 0)
            continue;
        ProvisionInstance *found = ask(source, env, cancellable, &local);
        *out_datasource = source;
        if (found != NULL)
            return found;
        if (!g_error_matches(local, PROVISION_ERROR, PROVISION_ERROR_NOT_FOUND)) {
            g_propagate_error(error, g_steal_pointer(&local));
            return NULL;
        }
    }
    g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_NOT_FOUND,
                "no datasource has a configuration for this host");
    return NULL;
}

ProvisionInstance *provision_identity_fetch(const ProvisionIdentity *self,
                                            const ProvisionDatasourceEnv *env,
                                            ProvisionDatasourceFlags kinds,
                                            const ProvisionDatasource **out_datasource,
                                            GCancellable *cancellable, GError **error)
{
    const ProvisionDatasource *source = NULL;
    bool may_ask_network = (kinds & PROVISION_DATASOURCE_NETWORK) != 0;
    if (self->disabled || (is_remote(self->config_url) && !may_ask_network)) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_NOT_FOUND, "%s",
                    self->disabled ? self->reason : "cloud-config-url= needs the network");
        return NULL;
    }
    g_autoptr(ProvisionInstance) instance = ask_all(self, env, kinds, &source, cancellable, error);
    if (instance == NULL)
        return NULL;
    if (!add_url(self, env, instance, cancellable, error))
        return NULL;
    if (self->inline_config != NULL)
        add_below(instance, self->inline_config, strlen(self->inline_config));
    if (out_datasource != NULL)
        *out_datasource = source;
    return g_steal_pointer(&instance);
}
