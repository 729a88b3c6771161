/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reading a config with all that it refers to: config.replace and config.merge, depth first, and
 * the configs that lie in the image.
 */
#include "provision/ignition/ignition.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/http-call.h"
#include "provision/error.h"
#include "provision/ignition/plan-private.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

typedef struct {
    ProvisionFetcher *fetcher;
    ProvisionReport *report;
    GCancellable *cancellable;
    unsigned n_configs;
    unsigned depth;
} Reader;

static bool set_first_failure(const ProvisionReport *report, guint from, GError **error)
{
    for (guint i = from; i < report->records->len; i++) {
        const ProvisionRecord *record = report->records->pdata[i];
        if (record->outcome == PROVISION_FAILED)
            return provision_value_set_error(&record->at, error, "%s", record->message);
    }
    g_assert_not_reached();
}

static ProvisionValue *parse(Reader *self, const char *source, unsigned first_line, GBytes *bytes,
                             GError **error)
{
    guint from = self->report->records->len;
    g_autoptr(ProvisionValue) value =
        provision_value_parse_at(source, first_line, bytes, PROVISION_VALUE_JSON, error);
    if (value == NULL)
        return NULL;
    if (!provision_ignition_check(value, self->report)) {
        set_first_failure(self->report, from, error);
        return NULL;
    }
    return g_steal_pointer(&value);
}

bool provision_ignition_configure_fetcher(const ProvisionValue *config, ProvisionFetcher *fetcher,
                                          GCancellable *cancellable, GError **error)
{
    const ProvisionValue *ignition = provision_value_find(config, "ignition");
    const ProvisionValue *timeouts = provision_value_find(ignition, "timeouts");
    const ProvisionValue *proxy = provision_value_find(ignition, "proxy");
    const ProvisionValue *tls =
        provision_value_find(provision_value_find(ignition, "security"), "tls");
    g_auto(GStrv) no_proxy = provision_ignition_texts(proxy, "noProxy");
    g_autofree char *joined = no_proxy == NULL ? NULL : g_strjoinv(",", no_proxy);
    provision_fetcher_set_timeouts(fetcher,
                                   provision_ignition_number(timeouts, "httpResponseHeaders", -1),
                                   provision_ignition_number(timeouts, "httpTotal", -1));
    provision_fetcher_set_proxies(fetcher, provision_ignition_nonempty(proxy, "httpProxy"),
                                  provision_ignition_nonempty(proxy, "httpsProxy"), joined);
    unsigned n = provision_ignition_items(tls, "certificateAuthorities");
    g_autoptr(GByteArray) pem = g_byte_array_new();
    for (unsigned i = 0; i < n; i++) {
        g_autoptr(ProvisionContents) contents =
            provision_ignition_contents(provision_ignition_item(tls, "certificateAuthorities", i));
        g_autoptr(GBytes) bytes =
            provision_fetcher_get(fetcher, contents, PROVISION_VALUE_MAX_BYTES, cancellable, error);
        if (bytes == NULL)
            return false;
        gsize size_bytes = 0;
        const guint8 *data = g_bytes_get_data(bytes, &size_bytes);
        g_byte_array_append(pem, data, (guint)size_bytes);
        g_byte_array_append(pem, (const guint8 *)"\n", 1);
    }
    g_autoptr(GBytes) all = g_byte_array_free_to_bytes(g_steal_pointer(&pem));
    provision_fetcher_set_authorities(fetcher, n > 0 ? all : NULL);
    return true;
}

static ProvisionValue *fetch(Reader *self, const ProvisionValue *resource, GError **error)
{
    g_autoptr(ProvisionContents) contents = provision_ignition_contents(resource);
    if (++self->n_configs > PROVISION_IGNITION_MAX_CONFIGS) {
        provision_value_set_error(&resource->at, error, "more than %d configs refer to each other",
                                  PROVISION_IGNITION_MAX_CONFIGS);
        return NULL;
    }
    g_autoptr(GBytes) bytes = provision_fetcher_get(
        self->fetcher, contents, PROVISION_VALUE_MAX_BYTES, self->cancellable, error);
    if (bytes == NULL)
        return NULL;
    g_autofree char *url = g_str_has_prefix(contents->url, "data:")
                               ? g_strdup_printf("%s (%s)", resource->at.source, resource->at.key)
                               : base_http_public_url(contents->url);
    return parse(self, url, 1, bytes, error);
}

/* What is merged has been fetched: the references would only be fetched once more. */
static ProvisionValue *without_references(const ProvisionValue *config)
{
    ProvisionValue *copy = provision_value_new(&config->at, PROVISION_VALUE_MAP);
    for (guint i = 0; i < config->members->len; i++) {
        const ProvisionMember *member = config->members->pdata[i];
        ProvisionValue *value = NULL;
        if (strcmp(member->name, "ignition") == 0) {
            value = provision_value_new(&member->value->at, PROVISION_VALUE_MAP);
            for (guint j = 0; j < member->value->members->len; j++) {
                const ProvisionMember *inner = member->value->members->pdata[j];
                if (strcmp(inner->name, "config") != 0)
                    provision_value_take_member(value, inner->name, &inner->at,
                                                provision_value_ref(inner->value));
            }
        }
        provision_value_take_member(copy, member->name, &member->at,
                                    value != NULL ? value : provision_value_ref(member->value));
    }
    return copy;
}

static ProvisionValue *resolve(Reader *self, const ProvisionValue *config, GError **error);

static ProvisionValue *resolve_reference(Reader *self, const ProvisionValue *resource,
                                         const ProvisionValue *below, GError **error)
{
    g_autoptr(ProvisionValue) fetched = fetch(self, resource, error);
    if (fetched == NULL)
        return NULL;
    /* what it refers to itself is fetched with its own proxies and authorities already */
    g_autoptr(ProvisionValue) with =
        below == NULL ? provision_value_ref(fetched) : provision_ignition_merge(below, fetched);
    if (!provision_ignition_configure_fetcher(with, self->fetcher, self->cancellable, error))
        return NULL;
    return resolve(self, fetched, error);
}

static ProvisionValue *resolve(Reader *self, const ProvisionValue *config, GError **error)
{
    const ProvisionValue *references =
        provision_value_find(provision_value_find(config, "ignition"), "config");
    const ProvisionValue *replace = provision_value_find(references, "replace");
    g_autoptr(ProvisionValue) merged = NULL;
    if (self->depth >= PROVISION_IGNITION_MAX_DEPTH) {
        provision_value_set_error(&config->at, error, "configs refer to each other, %d deep",
                                  PROVISION_IGNITION_MAX_DEPTH);
        return NULL;
    }
    self->depth++;
    if (provision_ignition_nonempty(replace, "source") != NULL) {
        merged = resolve_reference(self, replace, NULL, error);
    } else {
        merged = without_references(config);
        for (unsigned i = 0; merged != NULL && i < provision_ignition_items(references, "merge");
             i++) {
            g_autoptr(ProvisionValue) parent = g_steal_pointer(&merged);
            g_autoptr(ProvisionValue) child = resolve_reference(
                self, provision_ignition_item(references, "merge", i), parent, error);
            if (child != NULL)
                merged = provision_ignition_merge(parent, child);
        }
    }
    self->depth--;
    return g_steal_pointer(&merged);
}

static ProvisionValue *read_config(Reader *self, const char *source, unsigned first_line,
                                   GBytes *bytes, GError **error)
{
    g_autoptr(ProvisionValue) value = parse(self, source, first_line, bytes, error);
    if (value == NULL || self->fetcher == NULL)
        return g_steal_pointer(&value);
    if (!provision_ignition_configure_fetcher(value, self->fetcher, self->cancellable, error))
        return NULL;
    return resolve(self, value, error);
}

ProvisionValue *provision_ignition_read(const char *source, unsigned first_line, GBytes *bytes,
                                        ProvisionFetcher *fetcher, ProvisionReport *report,
                                        GCancellable *cancellable, GError **error)
{
    Reader self = {.fetcher = fetcher, .report = report, .cancellable = cancellable};
    return read_config(&self, source, first_line, bytes, error);
}

static const char *const places[] = {"run/ignition", "etc/ignition", "usr/lib/ignition"};

/* name → path of what counts, of one kind of directory in all places */
static bool list_configs(int root, const char *directory, GTree *into, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        g_autofree char *path = g_strconcat(places[i], "/", directory, NULL);
        int fd = openat(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int saved_errno = errno;
        if (fd < 0 && (saved_errno == ENOENT || saved_errno == ENOTDIR))
            continue;
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        if (dir == NULL)
            return base_error_set_errno(error, saved_errno, "opening ‘/%s’", path);
        for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
            if (g_str_has_suffix(entry->d_name, ".ign") && entry->d_name[0] != '.' &&
                g_tree_lookup(into, entry->d_name) == NULL)
                g_tree_insert(into, g_strdup(entry->d_name),
                              g_strconcat(path, "/", entry->d_name, NULL));
        }
        closedir(dir);
    }
    return true;
}

static int compare_names(gconstpointer a, gconstpointer b, gpointer data)
{
    (void)data;
    return strcmp(a, b);
}

static bool merge_configs(Reader *self, int root, const char *directory, ProvisionValue **merged,
                          GError **error)
{
    g_autoptr(GTree) found = g_tree_new_full(compare_names, NULL, g_free, g_free);
    if (!list_configs(root, directory, found, error))
        return false;
    for (GTreeNode *node = g_tree_node_first(found); node != NULL; node = g_tree_node_next(node)) {
        const char *path = g_tree_node_value(node);
        g_autofree char *source = g_strconcat("/", path, NULL);
        g_autoptr(GBytes) bytes = base_fd_read_file(root, path, PROVISION_VALUE_MAX_BYTES, error);
        g_autoptr(ProvisionValue) config =
            bytes == NULL ? NULL : read_config(self, source, 1, bytes, error);
        if (config == NULL)
            return false;
        g_autoptr(ProvisionValue) before = *merged;
        *merged =
            before == NULL ? g_steal_pointer(&config) : provision_ignition_merge(before, config);
    }
    return true;
}

ProvisionValue *provision_ignition_read_base(int root, const char *platform,
                                             ProvisionFetcher *fetcher, ProvisionReport *report,
                                             GCancellable *cancellable, GError **error)
{
    Reader self = {.fetcher = fetcher, .report = report, .cancellable = cancellable};
    g_autoptr(ProvisionValue) merged = NULL;
    if (!merge_configs(&self, root, "base.d", &merged, error))
        return NULL;
    if (platform != NULL && strchr(platform, '/') == NULL && platform[0] != '.') {
        g_autofree char *directory = g_strconcat("base.platform.d/", platform, NULL);
        if (!merge_configs(&self, root, directory, &merged, error))
            return NULL;
    }
    return g_steal_pointer(&merged);
}

GBytes *provision_ignition_read_user(int root, const char **out_source, GError **error)
{
    static const char *const sources[] = {"/run/ignition/user.ign", "/etc/ignition/user.ign",
                                          "/usr/lib/ignition/user.ign"};
    for (size_t i = 0; i < G_N_ELEMENTS(sources); i++) {
        g_autoptr(GError) local = NULL;
        GBytes *bytes = base_fd_read_file(root, sources[i] + 1, PROVISION_VALUE_MAX_BYTES, &local);
        if (bytes != NULL) {
            *out_source = sources[i];
            return bytes;
        }
        if (!g_error_matches(local, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
            g_propagate_error(error, g_steal_pointer(&local));
            return NULL;
        }
    }
    return NULL;
}

static bool needs_network(const ProvisionValue *value)
{
    if (value->kind == PROVISION_VALUE_LIST) {
        for (guint i = 0; i < value->items->len; i++) {
            if (needs_network(value->items->pdata[i]))
                return true;
        }
        return false;
    }
    if (value->kind != PROVISION_VALUE_MAP)
        return false;
    const char *source = provision_ignition_nonempty(value, "source");
    if (source != NULL && !g_str_has_prefix(source, "data:"))
        return true;
    const ProvisionValue *tang = provision_value_find(value, "tang");
    if ((tang != NULL && tang->kind == PROVISION_VALUE_LIST && tang->items->len > 0) ||
        provision_ignition_flag(value, "needsNetwork") == 1)
        return true;
    for (guint i = 0; i < value->members->len; i++) {
        const ProvisionMember *member = value->members->pdata[i];
        if (needs_network(member->value))
            return true;
    }
    return false;
}

bool provision_ignition_needs_network(const ProvisionValue *config)
{
    return needs_network(config);
}

bool provision_ignition_add_part(gpointer fetcher, const ProvisionPart *part, ProvisionPlan *plan,
                                 ProvisionReport *report, GCancellable *cancellable, GError **error)
{
    g_autoptr(ProvisionValue) config = provision_ignition_read(
        part->at.source, MAX(part->at.line, 1), part->bytes, fetcher, report, cancellable, error);
    if (config == NULL)
        return false;
    provision_ignition_plan(config, plan, report);
    return true;
}
