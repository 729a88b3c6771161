/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files about what happened: result.json of our own, and status.json, result.json, instance-data
 * and logs where cloud-init has them, since scripts everywhere read those.
 */
#include "provision/state/results.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CLOUD_RUN "/run/cloud-init"
#define CLOUD_DATA "/var/lib/cloud/data"
#define LOG "/var/log/cloud-init.log"

static const ProvisionPlace nowhere = {.source = "results"};

/* stage, and what cloud-init calls it */
static const char *const stages[][2] = {{"local", "init-local"},
                                        {"network", "init"},
                                        {"config", "modules-config"},
                                        {"final", "modules-final"}};

static void set_float(ProvisionValue *map, const char *name, int64_t time_us)
{
    ProvisionValue *value = provision_value_new(&nowhere, PROVISION_VALUE_FLOAT);
    value->text = g_strdup_printf("%" G_GINT64_FORMAT ".%06d", time_us / G_USEC_PER_SEC,
                                  (int)(time_us % G_USEC_PER_SEC));
    provision_value_take_member(map, name, &nowhere, value);
}

static void set_null(ProvisionValue *map, const char *name)
{
    provision_value_take_member(map, name, &nowhere,
                                provision_value_new(&nowhere, PROVISION_VALUE_NULL));
}

static void set_int(ProvisionValue *map, const char *name, unsigned number)
{
    ProvisionValue *value = provision_value_new(&nowhere, PROVISION_VALUE_INT);
    value->integer = number;
    value->text = g_strdup_printf("%u", number);
    provision_value_take_member(map, name, &nowhere, value);
}

static ProvisionValue *fresh_status(void)
{
    ProvisionValue *map = provision_value_new(&nowhere, PROVISION_VALUE_MAP);
    ProvisionValue *v1 = provision_value_new(&nowhere, PROVISION_VALUE_MAP);
    set_null(v1, "datasource");
    for (unsigned i = 0; i < G_N_ELEMENTS(stages); i++) {
        ProvisionValue *stage = provision_value_new(&nowhere, PROVISION_VALUE_MAP);
        provision_value_take_member(stage, "errors", &nowhere,
                                    provision_value_new(&nowhere, PROVISION_VALUE_LIST));
        set_null(stage, "finished");
        set_null(stage, "start");
        provision_value_take_member(v1, stages[i][1], &nowhere, stage);
    }
    set_null(v1, "stage");
    provision_value_take_member(map, "v1", &nowhere, v1);
    return map;
}

static ProvisionValue *fresh_result(void)
{
    ProvisionValue *map = provision_value_new(&nowhere, PROVISION_VALUE_MAP);
    provision_value_set_string(map, "version", ATOLL_VERSION);
    provision_value_set_string(map, "outcome", "applied");
    provision_value_take_member(map, "records", &nowhere,
                                provision_value_new(&nowhere, PROVISION_VALUE_LIST));
    return map;
}

char *provision_results_nothing(const ProvisionInstance *instance)
{
    g_autoptr(ProvisionValue) result = fresh_result();
    provision_value_set_string(result, "instance_id", instance->id);
    provision_value_set_string(result, "platform", instance->platform);
    return provision_value_print(result);
}

static ProvisionValue *read_json(ProvisionRoot *root, const char *path)
{
    g_autoptr(GBytes) bytes = provision_root_read(root, path, NULL);
    g_autoptr(GError) ignored = NULL;
    ProvisionValue *value =
        bytes != NULL ? provision_value_parse(path, bytes, PROVISION_VALUE_JSON, &ignored) : NULL;
    if (value != NULL && value->kind != PROVISION_VALUE_MAP)
        g_clear_pointer(&value, provision_value_unref);
    return value;
}

ProvisionResults *provision_results_load(ProvisionRoot *root, bool fresh)
{
    ProvisionResults *self = g_new0(ProvisionResults, 1);
    self->root = root;
    if (!fresh) {
        self->result = read_json(root, PROVISION_RESULT_FILE);
        self->status = read_json(root, CLOUD_DATA "/status.json");
    }
    if (self->result == NULL || provision_value_find(self->result, "records") == NULL) {
        g_clear_pointer(&self->result, provision_value_unref);
        self->result = fresh_result();
    }
    if (self->status == NULL || provision_value_find(self->status, "v1") == NULL) {
        g_clear_pointer(&self->status, provision_value_unref);
        self->status = fresh_status();
    }
    return self;
}

void provision_results_free(ProvisionResults *self)
{
    if (self == NULL)
        return;
    provision_value_unref(self->result);
    provision_value_unref(self->status);
    g_free(self);
}

static bool write_file(ProvisionRoot *root, const char *path, const char *text, mode_t mode,
                       GError **error)
{
    const ProvisionRootOwner owner = {mode, geteuid(), getegid()};
    return provision_root_write(root, path, text, strlen(text), &owner, PROVISION_ROOT_UNWATCHED,
                                NULL, error);
}

static bool write_json(ProvisionRoot *root, const char *path, const ProvisionValue *value,
                       mode_t mode, GError **error)
{
    g_autofree char *text = provision_value_print(value);
    return write_file(root, path, text, mode, error);
}

static bool link_to_data(ProvisionRoot *root, const char *name, GError **error)
{
    g_autofree char *path = g_build_filename(CLOUD_RUN, name, NULL);
    g_autofree char *target = g_strdup_printf("../.." CLOUD_DATA "/%s", name);
    return provision_root_link(root, path, target, geteuid(), getegid(), PROVISION_ROOT_UNWATCHED,
                               NULL, error);
}

static ProvisionValue *stage_of(ProvisionResults *self, const char *stage, ProvisionValue **out_v1,
                                const char **out_name)
{
    ProvisionValue *v1 = (ProvisionValue *)provision_value_find(self->status, "v1");
    for (unsigned i = 0; i < G_N_ELEMENTS(stages); i++)
        if (strcmp(stages[i][0], stage) == 0)
            *out_name = stages[i][1];
    *out_v1 = v1;
    ProvisionValue *value = (ProvisionValue *)provision_value_find(v1, *out_name);
    if (value != NULL && value->kind == PROVISION_VALUE_MAP)
        return value;
    value = provision_value_new(&nowhere, PROVISION_VALUE_MAP);
    provision_value_take_member(v1, *out_name, &nowhere, value);
    return value;
}

bool provision_results_begin(ProvisionResults *self, const char *stage, GError **error)
{
    ProvisionValue *v1 = NULL;
    const char *name = NULL;
    ProvisionValue *value = stage_of(self, stage, &v1, &name);
    set_float(value, "start", g_get_real_time());
    set_null(value, "finished");
    provision_value_set_string(v1, "stage", name);
    const ProvisionRootOwner private = {0700, geteuid(), getegid()};
    return provision_root_make_dir(self->root, PROVISION_RUN_DIR, &private,
                                   PROVISION_ROOT_UNWATCHED, NULL, error) &&
           write_json(self->root, CLOUD_DATA "/status.json", self->status, 0644, error) &&
           link_to_data(self->root, "status.json", error);
}

bool provision_results_instance(ProvisionResults *self, const ProvisionInstance *instance,
                                const ProvisionValue *instance_data, GError **error)
{
    ProvisionValue *v1 = (ProvisionValue *)provision_value_find(self->status, "v1");
    g_autofree char *id_file = g_strdup_printf("cloud-id-%s", instance->platform);
    g_autofree char *id_path = g_build_filename(CLOUD_RUN, id_file, NULL);
    g_autofree char *id_line = g_strdup_printf("%s\n", instance->platform);
    g_autofree char *datasource = g_strdup_printf(
        "DataSource%s%s%s%s", instance->platform, instance->subplatform != NULL ? " [" : "",
        instance->subplatform != NULL ? instance->subplatform : "",
        instance->subplatform != NULL ? "]" : "");
    provision_value_set_string(v1, "datasource", datasource);
    provision_value_set_string(self->result, "instance_id", instance->id);
    provision_value_set_string(self->result, "platform", instance->platform);
    return write_json(self->root, CLOUD_RUN "/instance-data.json", instance_data, 0600, error) &&
           write_json(self->root, CLOUD_RUN "/instance-data-sensitive.json", instance_data, 0600,
                      error) &&
           write_file(self->root, id_path, id_line, 0644, error) &&
           provision_root_link(self->root, CLOUD_RUN "/cloud-id", id_file, geteuid(), getegid(),
                               PROVISION_ROOT_UNWATCHED, NULL, error);
}

static ProvisionValue *record_value(const char *stage, const ProvisionRecord *record)
{
    ProvisionValue *map = provision_value_new(&nowhere, PROVISION_VALUE_MAP);
    provision_value_set_string(map, "key", record->at.key);
    provision_value_set_string(map, "outcome", provision_outcome_name(record->outcome));
    provision_value_set_string(map, "stage", stage);
    provision_value_set_string(map, "source", record->at.source);
    if (record->at.line > 0) {
        set_int(map, "line", record->at.line);
        set_int(map, "column", record->at.column);
    }
    provision_value_set_string(map, "message", record->message);
    return map;
}

static const char *text_of(const ProvisionValue *map, const char *name)
{
    const ProvisionValue *value = provision_value_find(map, name);
    return value != NULL && value->text != NULL ? value->text : "";
}

/* Records of an earlier run of the stage make way. */
static void replace_records(ProvisionResults *self, const char *stage,
                            const ProvisionReport *report)
{
    ProvisionValue *records = (ProvisionValue *)provision_value_find(self->result, "records");
    for (guint i = records->items->len; i > 0; i--)
        if (strcmp(text_of(records->items->pdata[i - 1], "stage"), stage) == 0)
            g_ptr_array_remove_index(records->items, i - 1);
    for (guint i = 0; i < report->records->len; i++)
        provision_value_take_item(records, record_value(stage, report->records->pdata[i]));
}

static int rank_of(const char *outcome)
{
    if (strcmp(outcome, "failed") == 0)
        return 2;
    return strcmp(outcome, "applied") == 0 || strcmp(outcome, "unchanged") == 0 ? 0 : 1;
}

static int worst_rank(const ProvisionValue *result)
{
    const ProvisionValue *records = provision_value_find(result, "records");
    int worst = 0;
    for (guint i = 0; records != NULL && records->items != NULL && i < records->items->len; i++)
        worst = MAX(worst, rank_of(text_of(records->items->pdata[i], "outcome")));
    return worst;
}

ProvisionOutcome provision_results_worst(const ProvisionResults *self)
{
    static const ProvisionOutcome by_rank[] = {PROVISION_APPLIED, PROVISION_UNSUPPORTED,
                                               PROVISION_FAILED};
    return by_rank[worst_rank(self->result)];
}

static ProvisionValue *errors_of(const ProvisionReport *report)
{
    ProvisionValue *errors = provision_value_new(&nowhere, PROVISION_VALUE_LIST);
    for (guint i = 0; i < report->records->len; i++) {
        const ProvisionRecord *record = report->records->pdata[i];
        if (record->outcome != PROVISION_FAILED)
            continue;
        g_autofree char *text =
            g_strdup_printf("%s: %s", record->at.key != NULL ? record->at.key : "?",
                            record->message != NULL ? record->message : "failed");
        provision_value_take_item(errors, provision_value_new_string(&nowhere, text));
    }
    return errors;
}

static bool write_cloud_result(ProvisionResults *self, const ProvisionValue *v1, GError **error)
{
    g_autoptr(ProvisionValue) result = provision_value_new(&nowhere, PROVISION_VALUE_MAP);
    ProvisionValue *inner = provision_value_new(&nowhere, PROVISION_VALUE_MAP);
    ProvisionValue *all = provision_value_new(&nowhere, PROVISION_VALUE_LIST);
    for (unsigned i = 0; i < G_N_ELEMENTS(stages); i++) {
        const ProvisionValue *stage = provision_value_find(v1, stages[i][1]);
        const ProvisionValue *errors = stage != NULL ? provision_value_find(stage, "errors") : NULL;
        for (guint e = 0; errors != NULL && errors->items != NULL && e < errors->items->len; e++)
            provision_value_take_item(all, provision_value_ref(errors->items->pdata[e]));
    }
    const ProvisionValue *datasource = provision_value_find(v1, "datasource");
    provision_value_set_string(inner, "datasource", datasource != NULL ? datasource->text : NULL);
    provision_value_take_member(inner, "errors", &nowhere, all);
    provision_value_take_member(result, "v1", &nowhere, inner);
    return write_json(self->root, CLOUD_DATA "/result.json", result, 0644, error) &&
           link_to_data(self->root, "result.json", error);
}

bool provision_results_end(ProvisionResults *self, const char *stage, const ProvisionReport *report,
                           bool last, GError **error)
{
    static const char *const outcomes[] = {"applied", "degraded", "failed"};
    ProvisionValue *v1 = NULL;
    const char *name = NULL;
    ProvisionValue *value = stage_of(self, stage, &v1, &name);
    replace_records(self, stage, report);
    provision_value_take_member(value, "errors", &nowhere, errors_of(report));
    set_float(value, "finished", g_get_real_time());
    set_null(v1, "stage");
    provision_value_set_string(self->result, "outcome", outcomes[worst_rank(self->result)]);
    return write_json(self->root, PROVISION_RESULT_FILE, self->result, 0600, error) &&
           write_json(self->root, CLOUD_DATA "/status.json", self->status, 0644, error) &&
           (!last || write_cloud_result(self, v1, error));
}

bool provision_results_fail(ProvisionRoot *root, const char *stage, const char *message,
                            GError **error)
{
    static const ProvisionPlace at = {.key = "datasource"};
    g_autoptr(ProvisionResults) self = provision_results_load(root, strcmp(stage, "local") == 0);
    g_autoptr(ProvisionReport) report = provision_report_new();
    g_autoptr(ProvisionReport) none = provision_report_new();
    provision_report_add(report, &at, PROVISION_FAILED, "%s", message);
    return provision_results_begin(self, stage, error) &&
           provision_results_end(self, stage, report, false, error) &&
           provision_results_begin(self, "final", error) &&
           provision_results_end(self, "final", none, true, error);
}

void provision_results_log(ProvisionRoot *root, const char *format, ...)
{
    g_autofree char *name = NULL;
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *time = g_date_time_format(now, "%Y-%m-%d %H:%M:%S");
    g_autofree char *line = g_strdup_printf("%s,%03d - atoll-provision[INFO]: %s\n", time,
                                            g_date_time_get_microsecond(now) / 1000, message);
    base_autofd dfd =
        provision_root_open_parent(root, LOG, PROVISION_ROOT_UNWATCHED, true, &name, NULL, NULL);
    base_autofd fd =
        dfd < 0 ? -1
                : openat(dfd, name, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0640);
    g_autoptr(GError) ignored = NULL;
    if (fd >= 0 && !base_fd_write_all(fd, line, strlen(line), &ignored))
        g_debug("%s", ignored->message);
}
