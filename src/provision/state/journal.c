/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Messages to journald over its socket, so that no library of systemd is needed: fields as lines,
 * a value with line breaks after its length.
 */
#include "provision/state/journal.h"

#include "base/fd.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void add_field(GByteArray *data, const char *field)
{
    const char *equals = strchr(field, '=');
    if (equals == NULL)
        return;
    if (strchr(equals, '\n') == NULL) {
        g_byte_array_append(data, (const guint8 *)field, (guint)strlen(field));
    } else {
        guint64 size = GUINT64_TO_LE(strlen(equals + 1));
        g_byte_array_append(data, (const guint8 *)field, (guint)(equals - field));
        g_byte_array_append(data, (const guint8 *)"\n", 1);
        g_byte_array_append(data, (const guint8 *)&size, sizeof size);
        g_byte_array_append(data, (const guint8 *)equals + 1, (guint)strlen(equals + 1));
    }
    g_byte_array_append(data, (const guint8 *)"\n", 1);
}

void provision_journal_send(const char *message_id, const char *const *fields)
{
    static const struct sockaddr_un address = {.sun_family = AF_UNIX,
                                               .sun_path = "/run/systemd/journal/socket"};
    base_autofd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_autoptr(GByteArray) data = g_byte_array_new();
    g_autofree char *id = g_strdup_printf("MESSAGE_ID=%s", message_id);
    if (fd < 0)
        return;
    add_field(data, id);
    add_field(data, "SYSLOG_IDENTIFIER=atoll-provision");
    for (; *fields != NULL; fields++)
        add_field(data, *fields);
    (void)sendto(fd, data->data, data->len, MSG_NOSIGNAL | MSG_DONTWAIT,
                 (const struct sockaddr *)&address, sizeof address);
}

void provision_journal_record(const char *stage, const ProvisionRecord *record)
{
    bool bad = record->outcome == PROVISION_FAILED;
    bool odd = record->outcome != PROVISION_APPLIED && record->outcome != PROVISION_UNCHANGED;
    const char *key = record->at.key != NULL ? record->at.key : "-";
    g_autofree char *message = g_strdup_printf(
        "MESSAGE=%s: %s%s%s", key, provision_outcome_name(record->outcome),
        record->message != NULL ? ": " : "", record->message != NULL ? record->message : "");
    g_autofree char *priority = g_strdup_printf("PRIORITY=%d", bad ? 3 : odd ? 4 : 6);
    g_autofree char *key_field = g_strdup_printf("ATOLL_KEY=%s", key);
    g_autofree char *outcome =
        g_strdup_printf("ATOLL_OUTCOME=%s", provision_outcome_name(record->outcome));
    g_autofree char *stage_field = g_strdup_printf("ATOLL_STAGE=%s", stage);
    g_autofree char *source = g_strdup_printf("ATOLL_SOURCE=%s:%u:%u",
                                              record->at.source != NULL ? record->at.source : "-",
                                              record->at.line, record->at.column);
    const char *const fields[] = {message, priority, key_field, outcome, stage_field, source, NULL};
    provision_journal_send(PROVISION_JOURNAL_KEY, fields);
}
