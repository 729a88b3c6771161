/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What validate and plan share: a configuration read from a file, and what is said of it.
 */
#include "cmd/provision/input.h"

#include "base/error.h"
#include "base/fd.h"
#include "provision/ignition/ignition.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STEP_BYTES (64 * 1024)

GBytes *cmd_provision_read_file(const char *path, GError **error)
{
    bool is_stdin = strcmp(path, "-") == 0;
    base_autofd fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        int saved_errno = errno;
        base_error_set_errno(error, saved_errno, "opening ‘%s’", path);
        return NULL;
    }
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autofree guint8 *step = g_malloc(STEP_BYTES);
    ssize_t n = 0;
    while ((n = read(fd, step, STEP_BYTES)) > 0) {
        if (bytes->len + (size_t)n > PROVISION_ENVELOPE_MAX_BYTES) {
            base_error_set(error, BASE_ERROR_INVALID,
                           "‘%s’ is larger than the %d MiB that are read", path,
                           PROVISION_ENVELOPE_MAX_BYTES / 1024 / 1024);
            return NULL;
        }
        g_byte_array_append(bytes, step, (guint)n);
    }
    if (n < 0) {
        int saved_errno = errno;
        base_error_set_errno(error, saved_errno, "reading ‘%s’", path);
        return NULL;
    }
    return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
}

ProvisionConfig *cmd_provision_read_config(const CmdArgs *args, ProvisionReport *report,
                                           GCancellable *cancellable, GError **error)
{
    const char *path = cmd_args_operands(args)[0];
    const char *root = cmd_args_string(args, "root");
    g_autoptr(GBytes) bytes = cmd_provision_read_file(path, error);
    g_autoptr(ProvisionTrust) trust = NULL;
    if (bytes == NULL)
        return NULL;
    if (root != NULL) {
        base_autofd fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0) {
            int saved_errno = errno;
            base_error_set_errno(error, saved_errno, "opening ‘%s’", root);
            return NULL;
        }
        trust = provision_trust_load(fd, error);
        if (trust == NULL)
            return NULL;
    }
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    bool is_network = cmd_args_flag(args, "network-config");
    ProvisionInstance instance = {0};
    char platform[] = "none";
    instance.platform = platform;
    instance.user_data = is_network ? NULL : bytes;
    instance.network_config = is_network ? bytes : NULL;
    g_autofree char *network_source = g_strdup(name);
    instance.network_source = network_source;
    g_autoptr(ProvisionFetcher) fetcher =
        cmd_args_flag(args, "fetch") ? provision_fetcher_new() : NULL;
    const ProvisionConfigEnv env = {
        .source = name,
        .ignition = provision_ignition_add_part,
        .ignition_data = fetcher,
        .envelope = {.trust = trust,
                     .may_be_base64 = true,
                     .fetch = cmd_args_flag(args, "fetch") ? provision_config_fetch : NULL},
    };
    return provision_config_read(&instance, &env, report, cancellable, error);
}

static bool is_said(const ProvisionRecord *record)
{
    return record->outcome != PROVISION_APPLIED && record->outcome != PROVISION_UNCHANGED;
}

static const char *severity(ProvisionOutcome outcome)
{
    return outcome == PROVISION_FAILED ? "error" : "warning";
}

ProvisionValue *cmd_provision_report_value(const ProvisionReport *report)
{
    static const ProvisionPlace nowhere = {0};
    ProvisionValue *list = provision_value_new(&nowhere, PROVISION_VALUE_LIST);
    for (guint i = 0; i < report->records->len; i++) {
        const ProvisionRecord *record = report->records->pdata[i];
        if (!is_said(record))
            continue;
        ProvisionValue *map = provision_value_new(&nowhere, PROVISION_VALUE_MAP);
        provision_value_set_string(map, "severity", severity(record->outcome));
        provision_value_set_string(map, "outcome", provision_outcome_name(record->outcome));
        provision_value_set_string(map, "source", record->at.source);
        provision_value_set_string(map, "key", record->at.key);
        provision_value_set_string(map, "message", record->message);
        const struct {
            const char *name;
            unsigned number;
        } numbers[] = {{"line", record->at.line}, {"column", record->at.column}};
        for (size_t n = 0; n < G_N_ELEMENTS(numbers); n++) {
            ProvisionValue *number = provision_value_new(&nowhere, PROVISION_VALUE_INT);
            number->integer = numbers[n].number;
            provision_value_take_member(map, numbers[n].name, &nowhere, number);
        }
        provision_value_take_item(list, map);
    }
    return list;
}

void cmd_provision_print_report(const ProvisionReport *report)
{
    for (guint i = 0; i < report->records->len; i++) {
        const ProvisionRecord *record = report->records->pdata[i];
        const ProvisionPlace *at = &record->at;
        if (!is_said(record))
            continue;
        if (at->source != NULL)
            printf("%s:", at->source);
        if (at->line > 0)
            printf("%u:%u:", at->line, at->column);
        printf(" %s: ", severity(record->outcome));
        if (at->key != NULL && at->key[0] != '\0')
            printf("%s: ", at->key);
        if (record->outcome != PROVISION_FAILED && record->outcome != PROVISION_UNKNOWN)
            printf("%s: ",
                   record->outcome == PROVISION_UNSUPPORTED ? "unsupported" : "not applicable");
        printf("%s\n", record->message == NULL ? "" : record->message);
    }
}

bool cmd_provision_has(const ProvisionReport *report, ProvisionOutcome outcome)
{
    for (guint i = 0; i < report->records->len; i++) {
        const ProvisionRecord *record = report->records->pdata[i];
        if (record->outcome == outcome)
            return true;
    }
    return false;
}
