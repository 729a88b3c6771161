/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The one way from raw bytes to a plan: envelopes off, cloud-configs merged, vendor-data below
 * user-data, every part to the reader of its format.
 */
#include "provision/config.h"

#include "provision/error.h"

#include <string.h>

typedef struct {
    const ProvisionConfigEnv *env;
    ProvisionReport *report;
    ProvisionConfig *config;
    GCancellable *cancellable;
} Loader;

void provision_config_free(ProvisionConfig *self)
{
    if (self == NULL)
        return;
    provision_plan_free(self->plan);
    provision_value_unref(self->cloud_config);
    g_clear_pointer(&self->parts, g_ptr_array_unref);
    g_clear_pointer(&self->vendor_parts, g_ptr_array_unref);
    g_free(self);
}

static ProvisionValue *merge_one(ProvisionValue *into, const ProvisionPart *part, GError **error)
{
    bool patch = part->kind == PROVISION_PART_JSON_PATCH;
    g_autoptr(ProvisionValue) start = into;
    g_autoptr(ProvisionValue) value = provision_value_parse_at(
        part->at.source, part->at.line, part->bytes, PROVISION_VALUE_YAML_1_1, error);
    if (value == NULL)
        return NULL;
    if (patch && start == NULL)
        start = provision_value_new(&value->at, PROVISION_VALUE_MAP);
    if (patch)
        return provision_cloud_patch(start, value, error);
    if (value->kind == PROVISION_VALUE_NULL)
        return start != NULL ? g_steal_pointer(&start)
                             : provision_value_new(&value->at, PROVISION_VALUE_MAP);
    return provision_cloud_merge(g_steal_pointer(&start), value, part->merge_type, error);
}

/* All cloud-configs among @parts, in order. One that is wrong is said, and left out. */
static ProvisionValue *merge_parts(const Loader *loader, const GPtrArray *parts)
{
    g_autoptr(ProvisionValue) merged = NULL;
    for (guint i = 0; i < parts->len; i++) {
        const ProvisionPart *part = parts->pdata[i];
        g_autoptr(GError) local = NULL;
        if (part->kind != PROVISION_PART_CLOUD_CONFIG && part->kind != PROVISION_PART_JSON_PATCH)
            continue;
        ProvisionValue *before = merged == NULL ? NULL : provision_value_ref(merged);
        ProvisionValue *after = merge_one(before, part, &local);
        if (after == NULL) {
            provision_report_add_error(loader->report, &part->at, local);
            continue;
        }
        provision_value_unref(merged);
        merged = after;
    }
    return g_steal_pointer(&merged);
}

static bool is_enabled(const ProvisionValue *config, const char *name)
{
    const ProvisionValue *vendor = provision_value_find(config, name);
    const ProvisionValue *enabled = provision_value_find(vendor, "enabled");
    if (enabled == NULL)
        enabled = vendor;
    return enabled == NULL || enabled->kind != PROVISION_VALUE_BOOL || enabled->boolean;
}

static GPtrArray *open_blob(const Loader *loader, const ProvisionEnvelopeEnv *env,
                            const char *source, GBytes *bytes, GError **error)
{
    return provision_envelope_open(source, bytes, env, loader->report, loader->cancellable, error);
}

/* The number of this instance among those that were started with one call; NULL: unknown. */
static char *launch_index_of(const ProvisionInstance *instance)
{
    static const char *const names[] = {"launch-index", "ami-launch-index"};
    const ProvisionValue *value = NULL;
    for (size_t i = 0; value == NULL && i < G_N_ELEMENTS(names); i++)
        value = provision_value_find(instance->meta_data, names[i]);
    return value != NULL ? provision_value_print(value) : NULL;
}

static bool is_number(const char *text, gint64 *out_number)
{
    g_autofree char *plain = g_strdup(text);
    /* a text in JSON */
    g_strdelimit(plain, "\"", ' ');
    return g_ascii_string_to_signed(g_strstrip(plain), 10, G_MININT32, G_MAXINT32, out_number,
                                    NULL);
}

/* Which instance a part is for: what its header says, else a cloud-config itself. */
static char *wanted_by(const ProvisionPart *part)
{
    if (part->launch_index != NULL || part->kind != PROVISION_PART_CLOUD_CONFIG)
        return g_strdup(part->launch_index);
    g_autoptr(ProvisionValue) value = provision_value_parse_at(
        part->at.source, part->at.line, part->bytes, PROVISION_VALUE_YAML_1_1, NULL);
    const ProvisionValue *index = provision_value_find(value, "launch-index");
    return index != NULL ? provision_value_print(index) : NULL;
}

/* As cloud-init has it: a part without a number is for all, one that is for another instance is
 * left out. */
static void drop_others(const Loader *loader, GPtrArray *parts, const ProvisionInstance *instance)
{
    g_autofree char *own = launch_index_of(instance);
    gint64 mine = 0;
    if (own == NULL || !is_number(own, &mine))
        return;
    for (guint i = 0; i < parts->len;) {
        const ProvisionPart *part = parts->pdata[i];
        g_autofree char *wanted = wanted_by(part);
        gint64 number = 0;
        if (wanted == NULL || (is_number(wanted, &number) && number == mine)) {
            i++;
            continue;
        }
        provision_report_add(loader->report, &part->at, PROVISION_UNCHANGED,
                             "is for the launch index %s, and this instance has %s", wanted, own);
        g_ptr_array_remove_index(parts, i);
    }
}

static bool read_vendor_data(Loader *loader, const ProvisionEnvelopeEnv *env,
                             const ProvisionInstance *instance, GError **error)
{
    ProvisionConfig *config = loader->config;
    /* The weaker one is merged last, below all else. */
    const struct {
        const char *name;
        GBytes *bytes;
    } blobs[] = {{"vendor_data2", instance->vendor_data2}, {"vendor_data", instance->vendor_data}};
    for (size_t i = 0; i < G_N_ELEMENTS(blobs); i++) {
        if (blobs[i].bytes == NULL || !is_enabled(config->cloud_config, blobs[i].name))
            continue;
        g_autofree char *source = g_strdelimit(g_strdup(blobs[i].name), "_", '-');
        g_autoptr(GPtrArray) parts = open_blob(loader, env, source, blobs[i].bytes, error);
        if (parts == NULL)
            return false;
        g_autoptr(ProvisionValue) below = merge_parts(loader, parts);
        if (below != NULL && config->cloud_config != NULL) {
            ProvisionValue *merged = provision_cloud_merge_below(config->cloud_config, below);
            provision_value_unref(config->cloud_config);
            config->cloud_config = merged;
        } else if (below != NULL) {
            config->cloud_config = g_steal_pointer(&below);
        }
        g_ptr_array_extend_and_steal(config->vendor_parts, g_steal_pointer(&parts));
    }
    return true;
}

static void add_script(ProvisionPlan *plan, const ProvisionPart *part)
{
    bool hook = part->kind == PROVISION_PART_BOOTHOOK;
    ProvisionCommand *command = provision_command_new(
        &part->at, hook ? PROVISION_STAGE_LOCAL : PROVISION_STAGE_FINAL, part->frequency);
    command->name = g_strdup(part->name);
    command->script = g_bytes_ref(part->bytes);
    g_ptr_array_add(plan->commands, command);
}

static void add_scripts(ProvisionPlan *plan, const GPtrArray *parts, ProvisionPartKind kind)
{
    for (guint i = 0; i < parts->len; i++) {
        const ProvisionPart *part = parts->pdata[i];
        if (part->kind == kind)
            add_script(plan, part);
    }
}

/* cloud-init's modules run vendors' scripts, those for once, for each boot, and then the rest by
 * name, of which runcmd is one. */
static int rank(const ProvisionCommand *command)
{
    if (command->stage != PROVISION_STAGE_FINAL)
        return -1;
    return command->frequency == PROVISION_ONCE     ? 0
           : command->frequency == PROVISION_ALWAYS ? 1
                                                    : 2;
}

static gint compare_commands(gconstpointer left, gconstpointer right)
{
    const ProvisionCommand *a = *(const ProvisionCommand *const *)left;
    const ProvisionCommand *b = *(const ProvisionCommand *const *)right;
    if (rank(a) != rank(b))
        return rank(a) < rank(b) ? -1 : 1;
    return rank(a) == 2 ? g_strcmp0(a->name, b->name) : 0;
}

static void add_programs(ProvisionConfig *config, guint first)
{
    ProvisionPlan *plan = config->plan;
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();
    add_scripts(plan, config->vendor_parts, PROVISION_PART_BOOTHOOK);
    add_scripts(plan, config->parts, PROVISION_PART_BOOTHOOK);
    add_scripts(plan, config->parts, PROVISION_PART_SCRIPT);
    for (guint i = first; i < plan->commands->len; i++)
        g_ptr_array_add(sorted, plan->commands->pdata[i]);
    g_ptr_array_sort(sorted, compare_commands); /* a stable sort */
    if (sorted->len > 0)
        memcpy(plan->commands->pdata + first, sorted->pdata, sorted->len * sizeof(gpointer));
}

/* A config that a server could make another one tomorrow: fetched, and without a digest. */
static bool is_loose(const ProvisionValue *reference)
{
    const ProvisionValue *source = provision_value_find(reference, "source");
    const ProvisionValue *hash = provision_value_look_up(reference, "verification.hash");
    bool has_source = source != NULL && source->kind == PROVISION_VALUE_STRING &&
                      source->text[0] != '\0' && !g_str_has_prefix(source->text, "data:");
    return has_source && (hash == NULL || hash->kind != PROVISION_VALUE_STRING);
}

/* Where a signature is wanted it must cover what a config names, too. */
static bool check_references(const Loader *loader, const ProvisionPart *part, GError **error)
{
    if (!provision_trust_is_required(loader->env->envelope.trust))
        return true;
    g_autoptr(ProvisionValue) value = provision_value_parse_at(
        part->at.source, part->at.line, part->bytes, PROVISION_VALUE_JSON, NULL);
    const ProvisionValue *list = provision_value_look_up(value, "ignition.config.merge");
    const ProvisionValue *loose = provision_value_look_up(value, "ignition.config.replace");
    if (loose != NULL && !is_loose(loose))
        loose = NULL;
    for (guint i = 0; list != NULL && list->kind == PROVISION_VALUE_LIST && i < list->items->len;
         i++) {
        if (is_loose(list->items->pdata[i]))
            loose = list->items->pdata[i];
    }
    if (loose == NULL)
        return true;
    g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_REFUSED,
                "%s:%u:%u: %s: the signature does not cover what is fetched: give its "
                "verification.hash",
                loose->at.source, loose->at.line, loose->at.column, loose->at.key);
    return false;
}

static bool read_ignition(const Loader *loader, const ProvisionPart *part, GError **error)
{
    const ProvisionConfigEnv *env = loader->env;
    g_autoptr(GError) local = NULL;
    if (!check_references(loader, part, error))
        return false;
    if (env->ignition == NULL) {
        provision_report_add(loader->report, &part->at, PROVISION_UNSUPPORTED,
                             "Ignition is not read here");
        return true;
    }
    if (env->ignition(env->ignition_data, part, loader->config->plan, loader->report,
                      loader->cancellable, &local))
        return true;
    if (g_error_matches(local, PROVISION_ERROR, PROVISION_ERROR_REFUSED)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    provision_report_add_error(loader->report, &part->at, local);
    return true;
}

static bool read_parts(const Loader *loader, GError **error)
{
    ProvisionConfig *config = loader->config;
    bool has_ignition = false;
    bool has_cloud_config = false;
    for (guint i = 0; i < config->parts->len; i++) {
        const ProvisionPart *part = config->parts->pdata[i];
        has_cloud_config = has_cloud_config || part->kind == PROVISION_PART_CLOUD_CONFIG;
        if (part->kind != PROVISION_PART_IGNITION)
            continue;
        has_ignition = true;
        if (!read_ignition(loader, part, error))
            return false;
    }
    guint first = config->plan->commands->len;
    add_scripts(config->plan, config->vendor_parts, PROVISION_PART_SCRIPT);
    if (config->cloud_config != NULL || !has_ignition) {
        const ProvisionPlace nowhere = {.source = "user-data"};
        g_autoptr(ProvisionValue) empty = provision_value_new(&nowhere, PROVISION_VALUE_NULL);
        provision_cloud_plan(config->cloud_config != NULL ? config->cloud_config : empty,
                             &loader->env->cloud, config->plan, loader->report);
    }
    add_programs(config, first);
    if (has_ignition)
        config->plan->format = "ignition";
    else if (config->cloud_config != NULL || has_cloud_config)
        config->plan->format = "cloud-config";
    else if (config->parts->len > 0)
        config->plan->format = "script";
    return true;
}

static void read_network(const Loader *loader, const ProvisionInstance *instance)
{
    const char *source =
        instance->network_source != NULL ? instance->network_source : "network-config";
    g_autoptr(GError) local = NULL;
    if (instance->network_config == NULL)
        return;
    g_autoptr(ProvisionValue) value =
        provision_value_parse(source, instance->network_config, PROVISION_VALUE_YAML_1_1, &local);
    const ProvisionPlace at = {.source = provision_place_intern(source)};
    if (value == NULL)
        provision_report_add_error(loader->report, &at, local);
    else
        loader->config->plan->network = provision_network_read(value, loader->report);
}

ProvisionConfig *provision_config_read(const ProvisionInstance *instance,
                                       const ProvisionConfigEnv *env, ProvisionReport *report,
                                       GCancellable *cancellable, GError **error)
{
    g_autoptr(ProvisionConfig) config = g_new0(ProvisionConfig, 1);
    g_autoptr(ProvisionValue) data = NULL;
    ProvisionEnvelopeEnv envelope = env->envelope;
    Loader loader = {.env = env, .report = report, .config = config, .cancellable = cancellable};
    config->plan = provision_plan_new();
    if (envelope.instance_data == NULL)
        envelope.instance_data = data = provision_config_instance_data(instance);
    g_autoptr(GBytes) nothing = g_bytes_new_static("", 0);
    config->parts = open_blob(&loader, &envelope, env->source != NULL ? env->source : "user-data",
                              instance->user_data != NULL ? instance->user_data : nothing, error);
    if (config->parts == NULL)
        return NULL;
    drop_others(&loader, config->parts, instance);
    config->vendor_parts = open_blob(&loader, &envelope, "vendor-data", nothing, error);
    if (config->vendor_parts == NULL)
        return NULL;
    config->cloud_config = merge_parts(&loader, config->parts);
    if (!read_vendor_data(&loader, &envelope, instance, error) || !read_parts(&loader, error))
        return NULL;
    read_network(&loader, instance);
    return g_steal_pointer(&config);
}
