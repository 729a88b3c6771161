/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * OpenNebula’s context.sh: shell variables, read as text. No shell ever sees them.
 */
#include "base/fd.h"
#include "provision/datasources/common.h"
#include "provision/datasources/sources.h"
#include "provision/error.h"
#include "provision/netplan.h"

#include <fcntl.h>
#include <string.h>

#define MAX_VARIABLES 4096
#define MAX_CARDS 64

typedef struct {
    const char *c;
    const char *end;
    unsigned line;
} Reader;

static bool refuse(const Reader *self, GError **error, const char *what)
{
    g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID, "context.sh:%u: %s", self->line,
                what);
    return false;
}

static char next(Reader *self)
{
    char c = *self->c++;
    if (c == '\n')
        self->line++;
    return c;
}

static bool read_single(Reader *self, GString *out, GError **error)
{
    unsigned line = self->line;
    while (self->c < self->end && *self->c != '\'')
        g_string_append_c(out, next(self));
    if (self->c >= self->end) {
        self->line = line;
        return refuse(self, error, "a quote is not closed");
    }
    self->c++;
    return true;
}

static bool read_double(Reader *self, GString *out, GError **error)
{
    unsigned line = self->line;
    while (self->c < self->end && *self->c != '"') {
        if (*self->c == '$' || *self->c == '`')
            return refuse(self, error, "expansions are not carried out");
        if (*self->c == '\\' && self->c + 1 < self->end && strchr("\\\"$`\n", self->c[1]) != NULL) {
            self->c++;
            if (next(self) != '\n')
                g_string_append_c(out, self->c[-1]);
            continue;
        }
        g_string_append_c(out, next(self));
    }
    if (self->c >= self->end) {
        self->line = line;
        return refuse(self, error, "a quote is not closed");
    }
    self->c++;
    return true;
}

/* $'…' as bash's printf %q writes line breaks and tabs */
static bool read_ansi(Reader *self, GString *out, GError **error)
{
    unsigned line = self->line;
    while (self->c < self->end && *self->c != '\'') {
        if (*self->c != '\\' || self->c + 1 >= self->end) {
            g_string_append_c(out, next(self));
            continue;
        }
        self->c++;
        char c = next(self);
        static const char escapes[] = "n\nt\tr\ra\ab\bf\fv\v";
        const char *known = strchr("ntrabfv", c);
        g_string_append_c(out, known != NULL ? strchr(escapes, c)[1] : c);
    }
    if (self->c >= self->end) {
        self->line = line;
        return refuse(self, error, "a quote is not closed");
    }
    self->c++;
    return true;
}

/* Pieces of a shell word that stand together: 'it'\''s'. */
static bool read_word(Reader *self, GString *out, GError **error)
{
    while (self->c < self->end && !g_ascii_isspace(*self->c)) {
        char c = *self->c;
        if (c == ';' || c == '#')
            return true;
        self->c++;
        if (c == '\'') {
            if (!read_single(self, out, error))
                return false;
        } else if (c == '"') {
            if (!read_double(self, out, error))
                return false;
        } else if (c == '$' && self->c < self->end && *self->c == '\'') {
            self->c++;
            if (!read_ansi(self, out, error))
                return false;
        } else if (c == '\\' && self->c < self->end) {
            g_string_append_c(out, next(self));
        } else if (strchr("$`|&<>()", c) != NULL) {
            return refuse(self, error, "only NAME='text' is read, nothing is carried out");
        } else {
            g_string_append_c(out, c);
        }
    }
    return true;
}

static void skip_blanks(Reader *self)
{
    while (self->c < self->end) {
        if (*self->c == '#')
            while (self->c < self->end && *self->c != '\n')
                self->c++;
        else if (g_ascii_isspace(*self->c) || *self->c == ';')
            next(self);
        else
            break;
    }
}

static bool read_assignment(Reader *self, GHashTable *variables, GError **error)
{
    const char *begin = self->c;
    while (self->c < self->end && (g_ascii_isalnum(*self->c) || *self->c == '_'))
        self->c++;
    if (self->c == begin || g_ascii_isdigit(*begin) || self->c >= self->end || *self->c != '=')
        return refuse(self, error, "NAME='text' wanted");
    g_autofree char *name = g_strndup(begin, (gsize)(self->c - begin));
    g_autoptr(GString) value = g_string_new(NULL);
    self->c++;
    if (!read_word(self, value, error))
        return false;
    if (!g_utf8_validate(value->str, (gssize)value->len, NULL))
        return refuse(self, error, "the text is not UTF-8");
    g_hash_table_replace(variables, g_steal_pointer(&name), g_strdup(value->str));
    if (g_hash_table_size(variables) > MAX_VARIABLES)
        return refuse(self, error, "there are too many variables");
    return true;
}

GHashTable *provision_opennebula_parse(GBytes *bytes, GError **error)
{
    gsize size_bytes = 0;
    const char *data = g_bytes_get_data(bytes, &size_bytes);
    Reader self = {.c = data, .end = data + size_bytes, .line = 1};
    g_autoptr(GHashTable) variables =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    if (size_bytes == 0)
        return g_steal_pointer(&variables);
    for (skip_blanks(&self); self.c < self.end; skip_blanks(&self)) {
        if (strncmp(self.c, "export ", MIN(7, (size_t)(self.end - self.c))) == 0) {
            self.c += MIN(7, self.end - self.c);
            continue;
        }
        if (!read_assignment(&self, variables, error))
            return NULL;
    }
    return g_steal_pointer(&variables);
}

static const char *card_field(GHashTable *variables, unsigned card, const char *field)
{
    g_autofree char *name = g_strdup_printf("ETH%u_%s", card, field);
    const char *value = g_hash_table_lookup(variables, name);
    return value != NULL && *value != '\0' ? value : NULL;
}

static void add_words(ProvisionValue *device, const char *words,
                      void (*add)(ProvisionValue *device, const char *word))
{
    g_auto(GStrv) parts = words != NULL ? g_strsplit_set(words, " ,", -1) : NULL;
    for (char **part = parts; part != NULL && *part != NULL; part++)
        if (**part != '\0')
            add(device, *part);
}

/* The first four octets of OpenNebula's addresses are the IPv4 address: so it is the mask that may
 * be missing, and then is /24. */
static void add_card(ProvisionValue *plan, GHashTable *variables, unsigned card)
{
    g_autofree char *id = g_strdup_printf("eth%u", card);
    ProvisionValue *device = provision_netplan_device(plan, "ethernets", id);
    const char *mask = card_field(variables, card, "MASK");
    const char *prefix6 = card_field(variables, card, "IP6_PREFIX_LENGTH");
    const char *gateway = card_field(variables, card, "GATEWAY");
    const char *gateway6 = card_field(variables, card, "IP6_GATEWAY");
    const char *method = card_field(variables, card, "METHOD");
    const char *metric = card_field(variables, card, "METRIC");
    const char *mtu = card_field(variables, card, "MTU");
    if (gateway6 == NULL)
        gateway6 = card_field(variables, card, "GATEWAY6");
    int64_t metric_number =
        metric != NULL ? (int64_t)(g_ascii_strtoull(metric, NULL, 10) & G_MAXINT32) : -1;
    provision_netplan_match_mac(device, card_field(variables, card, "MAC"));
    if (method != NULL && strcmp(method, "dhcp") == 0)
        provision_netplan_set_flag(device, "dhcp4", true);
    else
        provision_netplan_add_address(device, card_field(variables, card, "IP"),
                                      mask != NULL ? mask : "24");
    provision_netplan_add_address(device, card_field(variables, card, "IP6"),
                                  prefix6 != NULL ? prefix6 : "64");
    provision_netplan_add_address(device, card_field(variables, card, "IP6_ULA"),
                                  prefix6 != NULL ? prefix6 : "64");
    if (gateway != NULL)
        provision_netplan_add_route(device, "default", NULL, gateway, metric_number);
    if (gateway6 != NULL)
        provision_netplan_add_route(device, "default", NULL, gateway6, metric_number);
    if (mtu != NULL)
        provision_netplan_set_number(device, "mtu",
                                     (int64_t)(g_ascii_strtoull(mtu, NULL, 10) & 0x1ffff));
    add_words(device, g_hash_table_lookup(variables, "DNS"), provision_netplan_add_dns);
    add_words(device, card_field(variables, card, "DNS"), provision_netplan_add_dns);
    add_words(device, card_field(variables, card, "SEARCH_DOMAIN"), provision_netplan_add_search);
}

GBytes *provision_opennebula_network(GHashTable *variables)
{
    g_autoptr(ProvisionValue) plan = provision_netplan_new();
    for (unsigned card = 0; card < MAX_CARDS; card++)
        if (card_field(variables, card, "MAC") != NULL)
            add_card(plan, variables, card);
    return provision_netplan_print(plan);
}

static const char *first_of(GHashTable *variables, const char *a, const char *b)
{
    const char *value = g_hash_table_lookup(variables, a);
    return value != NULL ? value : g_hash_table_lookup(variables, b);
}

static void take_meta_data(ProvisionInstance *instance, GHashTable *variables)
{
    const ProvisionPlace nowhere = {0};
    ProvisionValue *map = provision_value_new(&nowhere, PROVISION_VALUE_MAP);
    g_autoptr(GList) names =
        g_list_sort(g_hash_table_get_keys(variables), (GCompareFunc)(void *)strcmp);
    for (GList *at = names; at != NULL; at = at->next)
        if (strstr(at->data, "PASSWORD") == NULL && strstr(at->data, "TOKEN") == NULL)
            provision_value_set_string(map, at->data, g_hash_table_lookup(variables, at->data));
    provision_source_set_value(instance, map);
}

static bool take_user_data(ProvisionInstance *instance, GHashTable *variables, GError **error)
{
    const char *text = first_of(variables, "USER_DATA", "USERDATA");
    const char *encoding = first_of(variables, "USERDATA_ENCODING", "USER_DATA_ENCODING");
    if (text == NULL)
        return true;
    g_autoptr(GBytes) raw = g_bytes_new(text, strlen(text));
    if (g_strcmp0(encoding, "base64") != 0) {
        provision_source_set_bytes(&instance->user_data, g_steal_pointer(&raw));
        return true;
    }
    GBytes *decoded = provision_source_from_base64(raw);
    if (decoded == NULL) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                    "USER_DATA of context.sh is not base64, as USERDATA_ENCODING says");
        return false;
    }
    provision_source_set_bytes(&instance->user_data, decoded);
    return true;
}

static bool has_volume(const ProvisionPlatform *platform)
{
    return provision_platform_has_seed(platform, "opennebula") ||
           provision_platform_volume(platform, "CONTEXT") != NULL ||
           provision_platform_volume(platform, "CDROM") != NULL;
}

static bool fetch(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,
                  GCancellable *cancellable, GError **error)
{
    static const char *const seeds[] = {"opennebula", NULL};
    static const char *const labels[] = {"CONTEXT", "CDROM", NULL};
    (void)cancellable;
    base_autofd dir = provision_source_open_seed(env, seeds, labels, &instance->subplatform, error);
    if (dir < 0)
        return false;
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) bytes = provision_source_read(dir, "context.sh", &local);
    if (local != NULL) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    if (bytes == NULL)
        return provision_source_nothing(error, "‘%s’ has no context.sh", instance->subplatform);
    g_autoptr(GHashTable) variables = provision_opennebula_parse(bytes, error);
    if (variables == NULL || !take_user_data(instance, variables, error))
        return false;
    const char *number = g_hash_table_lookup(variables, "VMID");
    const char *hostname = first_of(variables, "SET_HOSTNAME", "HOSTNAME");
    if (number != NULL)
        provision_source_set(&instance->id, g_strconcat("iid-opennebula-", number, NULL));
    provision_source_set(&instance->hostname, g_strdup(hostname));
    provision_source_set(&instance->password, g_strdup(g_hash_table_lookup(variables, "PASSWORD")));
    provision_source_set(&instance->default_user,
                         g_strdup(g_hash_table_lookup(variables, "USERNAME")));
    provision_source_add_key_lines(instance, first_of(variables, "SSH_PUBLIC_KEY", "SSH_KEY"));
    provision_source_set_bytes(&instance->network_config, provision_opennebula_network(variables));
    take_meta_data(instance, variables);
    return provision_source_finish(instance, "opennebula", "iid-dsopennebula", error);
}

const ProvisionDatasource provision_source_opennebula = {
    .name = "opennebula",
    .title = "OpenNebula",
    .flags = PROVISION_DATASOURCE_LOCAL,
    .matches = has_volume,
    .fetch = fetch,
};
