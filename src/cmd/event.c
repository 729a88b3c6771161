/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What commands tell the event log.
 */
#include "cmd/event.h"

#include "base/error.h"
#include "base/fd.h"
#include "bus/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define MAX_REASON_BYTES 4096

static void set_reason(JsonObject *body, const GError *failure)
{
    g_autofree char *head = g_strndup(failure->message, MAX_REASON_BYTES);
    g_autofree char *reason = g_utf8_make_valid(head, -1);
    json_object_set_string_member(body, "reason", reason);
}

static bool publish(const CmdArgs *args, const BusDraft *draft, GError **error)
{
    g_autofree char *state_dir = cmd_args_state_dir(args);
    g_autofree char *database = cmd_args_database(args);
    /* what failed before there was a state leaves none behind */
    if (draft->severity == BUS_SEVERITY_ERROR && !g_file_test(state_dir, G_FILE_TEST_IS_DIR))
        return true;
    if (!base_fd_make_dirs(AT_FDCWD, state_dir, 0755, error))
        return false;
    g_autoptr(BaseDb) db = base_db_open(database, error);
    if (db == NULL)
        return false;
    g_autoptr(BusLog) log = bus_log_open(db, state_dir, error);
    return log != NULL && bus_publish(log, draft, NULL, error);
}

/* A log on a full disk has no room for the news that it is full. */
static bool is_worth_telling(const GError *failure)
{
    return failure == NULL || !base_error_is_no_space(failure);
}

void cmd_event_publish(const CmdArgs *args, const char *topic, const char *actor,
                       const char *const *objects, JsonObject *body, const GError *failure)
{
    if (!is_worth_telling(failure))
        return;
    if (failure != NULL)
        set_reason(body, failure);
    BusDraft draft = {
        .topic = topic,
        .actor = actor,
        .severity = failure != NULL ? BUS_SEVERITY_ERROR : BUS_SEVERITY_INFO,
        .objects = objects,
        .body = body,
    };
    g_autoptr(GError) error = NULL;
    if (publish(args, &draft, &error))
        return;
    /* whoever has failed says one thing */
    if (failure != NULL)
        g_debug("the event %s was not published: %s", topic, error->message);
    else
        fprintf(stderr, "warning: the event %s was not published: %s\n", topic, error->message);
}
