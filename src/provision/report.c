/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What came of every key. Who prints it, and where to, is not known here.
 */
#include "provision/report.h"

#include <string.h>

static void record_free(gpointer data)
{
    ProvisionRecord *self = data;
    g_free(self->message);
    g_free(self);
}

ProvisionReport *provision_report_new(void)
{
    ProvisionReport *self = g_new0(ProvisionReport, 1);
    self->records = g_ptr_array_new_with_free_func(record_free);
    return self;
}

void provision_report_free(ProvisionReport *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref(self->records);
    g_free(self);
}

void provision_report_add(ProvisionReport *self, const ProvisionPlace *at, ProvisionOutcome outcome,
                          const char *format, ...)
{
    ProvisionRecord *record = g_new0(ProvisionRecord, 1);
    record->at = *at;
    record->outcome = outcome;
    if (format != NULL) {
        va_list args;
        va_start(args, format);
        record->message = g_strdup_vprintf(format, args);
        va_end(args);
        /* One record is one line wherever it is printed: what a configuration says goes in here. */
        g_strdelimit(record->message, "\r\n\t", ' ');
    }
    g_ptr_array_add(self->records, record);
}

void provision_report_add_error(ProvisionReport *self, const ProvisionPlace *at,
                                const GError *error)
{
    ProvisionPlace place = *at;
    const char *message = error->message;
    size_t length = at->source == NULL ? 0 : strlen(at->source);
    if (length > 0 && strncmp(message, at->source, length) == 0 && message[length] == ':') {
        char *after = NULL;
        guint64 line = g_ascii_strtoull(message + length + 1, &after, 10);
        guint64 column = *after == ':' ? g_ascii_strtoull(after + 1, &after, 10) : 0;
        bool placed = line > 0 && *after == ':' && after[1] == ' ';
        place.line = placed ? (unsigned)line : place.line;
        place.column = placed ? (unsigned)column : place.column;
        message = placed ? after + 2 : message + length + 1;
    }
    while (*message == ' ')
        message++;
    provision_report_add(self, &place, PROVISION_FAILED, "%s", message);
}

ProvisionOutcome provision_report_worst(const ProvisionReport *self)
{
    ProvisionOutcome worst = PROVISION_APPLIED;
    for (guint i = 0; i < self->records->len; i++) {
        const ProvisionRecord *record = self->records->pdata[i];
        if (record->outcome != PROVISION_UNCHANGED && record->outcome > worst)
            worst = record->outcome;
    }
    return worst;
}

const char *provision_outcome_name(ProvisionOutcome outcome)
{
    static const char *const names[] = {
        [PROVISION_APPLIED] = "applied",
        [PROVISION_UNCHANGED] = "unchanged",
        [PROVISION_NOT_APPLICABLE] = "not-applicable",
        [PROVISION_UNSUPPORTED] = "unsupported",
        [PROVISION_UNKNOWN] = "unknown",
        [PROVISION_FAILED] = "failed",
    };
    return names[outcome];
}
