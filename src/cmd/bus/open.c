/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the commands of the event log share: opening it, who acts, printing an event.
 */
#include "cmd/bus/open.h"

#include "base/fd.h"
#include "bus/dump.h"
#include "cmd/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A database server that is restarted is back after this: a writer would lose what it was given,
 * and waits for one that has to recover from a crash first. */
#define AWAY_READ_US (5 * G_USEC_PER_SEC)
#define AWAY_WRITE_US (60 * G_USEC_PER_SEC)
/* from when on whoever waits is told why */
#define AWAY_QUIET_US (2 * G_USEC_PER_SEC)
#define AWAY_PAUSE_US 200000

void cmd_bus_close(CmdBus *self)
{
    if (self == NULL)
        return;
    bus_log_close(self->log);
    base_db_close(self->db);
    g_free(self);
}

/* A reader makes no database; a writer makes the directory for one. */
static bool prepare_file(const char *url, CmdBusMode mode, GError **error)
{
    const char *path = g_str_has_prefix(url, "sqlite:") ? url + strlen("sqlite:") : url;
    if (strstr(url, "://") != NULL)
        return true;
    if (mode == CMD_BUS_WRITE) {
        g_autofree char *dir = g_path_get_dirname(path);
        return base_fd_make_dirs(AT_FDCWD, dir, 0755, error);
    }
    if (access(path, F_OK) == 0)
        return true;
    g_set_error(error, CMD_ERROR, CMD_ERROR_FAILED,
                "there is no event log in ‘%s’ yet: atoll bus publish makes one", path);
    return false;
}

CmdBus *cmd_bus_open(const CmdArgs *args, CmdBusMode mode, GError **error)
{
    g_autofree char *url = cmd_args_database(args);
    g_autofree char *state = cmd_args_state_dir(args);
    g_autoptr(CmdBus) self = g_new0(CmdBus, 1);
    if (!prepare_file(url, mode, error))
        return NULL;
    int64_t start_us = g_get_monotonic_time();
    int64_t try_us = mode == CMD_BUS_WRITE ? AWAY_WRITE_US : AWAY_READ_US;
    bool told = false;
    for (;;) {
        g_autoptr(GError) local = NULL;
        self->db = base_db_open(url, &local);
        if (self->db != NULL)
            self->log = bus_log_open(self->db, mode == CMD_BUS_WRITE ? state : NULL, &local);
        if (self->log != NULL)
            return g_steal_pointer(&self);
        int64_t waited_us = g_get_monotonic_time() - start_us;
        if (!g_error_matches(local, BASE_DB_ERROR, BASE_DB_ERROR_AWAY) || waited_us > try_us) {
            g_propagate_error(error, g_steal_pointer(&local));
            return NULL;
        }
        if (waited_us > AWAY_QUIET_US && !told) {
            g_printerr("atoll: waiting for it: %s\n", local->message);
            told = true;
        }
        g_clear_pointer(&self->db, base_db_close);
        g_usleep(AWAY_PAUSE_US);
    }
}

char *cmd_bus_actor(const CmdArgs *args)
{
    const char *actor = cmd_args_string(args, "actor");
    return actor != NULL ? g_strdup(actor) : g_strconcat("person:", g_get_user_name(), NULL);
}

bool cmd_bus_print_event(const BusEvent *event, bool json, GError **error)
{
    g_autofree char *line = NULL;
    if (json) {
        line = bus_dump_print(event, error);
        if (line == NULL)
            return false;
    } else {
        g_autofree char *time = bus_time_print(event->time_us);
        g_autofree char *objects = g_strjoinv(" ", event->objects);
        line = g_strdup_printf("%" G_GUINT64_FORMAT " %.19sZ %s %s%s%s %s\n", event->seq, time,
                               event->topic, event->actor, objects[0] != '\0' ? " " : "", objects,
                               event->body != NULL ? event->body : "(body gone)");
    }
    if (fputs(line, stdout) == EOF) {
        g_set_error(error, CMD_ERROR, CMD_ERROR_FAILED, "writing to standard output: %s",
                    g_strerror(errno));
        return false;
    }
    return true;
}

void cmd_bus_print_json(JsonObject *object)
{
    g_autoptr(JsonNode) node = json_node_init_object(json_node_alloc(), object);
    g_autofree char *text = bus_json_print(node, true);
    puts(text);
}

bool cmd_bus_read_number(const char *what, const char *text, uint64_t *out_number, GError **error)
{
    if (g_ascii_string_to_unsigned(text, 10, 0, INT64_MAX, out_number, NULL))
        return true;
    g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE, "%s has to be a whole number, not ‘%s’", what,
                text);
    return false;
}

bool cmd_bus_read_severity(const char *name, BusSeverity *out_severity, GError **error)
{
    if (bus_severity_parse(name, out_severity))
        return true;
    g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE,
                "--severity has to be debug, info, warning or error, not ‘%s’", name);
    return false;
}

bool cmd_bus_read_time(const char *what, const char *text, int64_t *out_time_us, GError **error)
{
    guint64 seconds = 0;
    if (g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32, &seconds, NULL)) {
        *out_time_us = (int64_t)seconds * G_USEC_PER_SEC;
        return true;
    }
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autofree char *whole =
        strchr(text, 'T') == NULL ? g_strconcat(text, "T00:00:00Z", NULL) : NULL;
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(whole != NULL ? whole : text, utc);
    if (time == NULL) {
        g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE,
                    "%s has to be a time, as 2026-11-20, 2026-11-20T12:00:00Z or seconds since "
                    "1970, not ‘%s’",
                    what, text);
        return false;
    }
    *out_time_us = g_date_time_to_unix(time) * G_USEC_PER_SEC + g_date_time_get_microsecond(time);
    return true;
}

GBytes *cmd_bus_read_file(const char *path, size_t max_bytes, GError **error)
{
    return strcmp(path, "-") == 0 ? base_fd_read_all(STDIN_FILENO, max_bytes, error)
                                  : base_fd_read_file(AT_FDCWD, path, max_bytes, error);
}

char **cmd_bus_strings(const CmdArgs *args, const char *name)
{
    const char *const *strings = cmd_args_strings(args, name);
    return strings[0] != NULL ? g_strdupv((char **)strings) : NULL;
}

CmdExit cmd_bus_wrong_action(const char *command, const char *known, GError **error)
{
    g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE, "atoll bus %s wants %s", command, known);
    return CMD_EXIT_USAGE;
}
