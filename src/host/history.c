/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What this host ran and why it stopped running it: a file that is only ever added to.
 */
#include "host/history.h"

#include "base/error.h"
#include "base/fd.h"
#include "host/commit.h"

#include <errno.h>
#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_BYTES (2 * 1024 * 1024)
#define LINE_MAX_BYTES (16 * 1024)
#define OLD_NAME HOST_HISTORY_NAME ".1"

static const char *const event_names[HOST_HISTORY_N_EVENTS] = {
    [HOST_HISTORY_BOOT] = "boot",           [HOST_HISTORY_DOWN] = "down",
    [HOST_HISTORY_STAGED] = "staged",       [HOST_HISTORY_DEPLOYED] = "deployed",
    [HOST_HISTORY_FINALIZED] = "finalized", [HOST_HISTORY_FINALIZE_FAILED] = "finalize-failed",
    [HOST_HISTORY_DROPPED] = "dropped",     [HOST_HISTORY_ROLLED_BACK] = "rolled-back",
    [HOST_HISTORY_GREEN] = "green",         [HOST_HISTORY_RED] = "red",
    [HOST_HISTORY_BLOCKED] = "blocked",
};

const char *host_history_event_name(HostHistoryEvent self)
{
    return event_names[self];
}

static void record_free(void *data)
{
    HostHistoryRecord *record = data;
    g_free(record->boot_id);
    g_free(record->commit);
    g_free(record->version);
    g_free(record->text);
    g_free(record);
}

GPtrArray *host_history_records_new(void)
{
    return g_ptr_array_new_with_free_func(record_free);
}

static char *get_text(JsonObject *object, const char *key)
{
    JsonNode *node = json_object_get_member(object, key);
    return node != NULL && JSON_NODE_HOLDS_VALUE(node) &&
                   json_node_get_value_type(node) == G_TYPE_STRING
               ? json_node_dup_string(node)
               : g_strdup("");
}

static HostHistoryRecord *parse_line(JsonParser *parser, const char *line, size_t size_bytes)
{
    if (size_bytes == 0 || size_bytes > LINE_MAX_BYTES ||
        !json_parser_load_from_data(parser, line, (gssize)size_bytes, NULL))
        return NULL;
    JsonNode *root = json_parser_get_root(parser);
    if (root == NULL || !JSON_NODE_HOLDS_OBJECT(root))
        return NULL;
    JsonObject *object = json_node_get_object(root);
    JsonNode *time = json_object_get_member(object, "time");
    g_autofree char *event = get_text(object, "event");
    int found = -1;
    for (int i = 0; i < HOST_HISTORY_N_EVENTS; i++)
        if (strcmp(event_names[i], event) == 0)
            found = i;
    if (found < 0 || time == NULL || !JSON_NODE_HOLDS_VALUE(time))
        return NULL;
    HostHistoryRecord *record = g_new0(HostHistoryRecord, 1);
    *record = (HostHistoryRecord){.time_s = json_node_get_int(time),
                                  .event = (HostHistoryEvent)found,
                                  .boot_id = get_text(object, "boot-id"),
                                  .commit = get_text(object, "commit"),
                                  .version = get_text(object, "version"),
                                  .text = get_text(object, "text")};
    return record;
}

void host_history_parse(const char *text, size_t size_bytes, GPtrArray *records)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    const char *end = text + size_bytes;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline != NULL ? newline : end;
        HostHistoryRecord *record = parse_line(parser, text, (size_t)(stop - text));
        if (record != NULL)
            g_ptr_array_add(records, record);
        text = stop + 1;
    }
}

static void load_file(const char *state_dir, const char *name, size_t max_bytes, GPtrArray *records)
{
    g_autofree char *path = g_build_filename(state_dir, name, NULL);
    base_autofd fd = open(path, O_RDONLY | O_CLOEXEC);
    off_t size = fd >= 0 ? lseek(fd, 0, SEEK_END) : -1;
    if (size < 0)
        return;
    /* the first of the lines may be half of one then, and is skipped as such */
    off_t start = max_bytes > 0 && size > (off_t)max_bytes ? size - (off_t)max_bytes : 0;
    if (lseek(fd, start, SEEK_SET) < 0)
        return;
    g_autoptr(GBytes) bytes = base_fd_read_all(fd, 2 * MAX_BYTES, NULL);
    if (bytes != NULL)
        host_history_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), records);
}

GPtrArray *host_history_load(const char *state_dir, size_t max_bytes)
{
    GPtrArray *records = host_history_records_new();
    if (max_bytes == 0)
        load_file(state_dir, OLD_NAME, 0, records);
    load_file(state_dir, HOST_HISTORY_NAME, max_bytes, records);
    return records;
}

static char *read_boot_id(void)
{
    g_autoptr(GBytes) bytes =
        base_fd_read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, NULL);
    if (bytes == NULL)
        return g_strdup("");
    return g_strchomp(g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes)));
}

static void add_text(JsonBuilder *json, const char *key, const char *text)
{
    if (text == NULL || *text == '\0')
        return;
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    json_builder_set_member_name(json, key);
    json_builder_add_string_value(json, valid);
}

static char *make_line(HostHistoryEvent event, const char *commit, const char *version,
                       const char *text)
{
    g_autofree char *boot_id = read_boot_id();
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    json_builder_set_member_name(json, "time");
    json_builder_add_int_value(json, g_get_real_time() / G_USEC_PER_SEC);
    add_text(json, "event", event_names[event]);
    add_text(json, "boot-id", boot_id);
    add_text(json, "commit", commit);
    add_text(json, "version", version);
    add_text(json, "text", text);
    json_builder_end_object(json);
    g_autoptr(JsonNode) root = json_builder_get_root(json);
    g_autofree char *printed = json_to_string(root, FALSE);
    return g_strconcat(printed, "\n", NULL);
}

/* A line that was cut off ends here, and so does not spoil the next one. */
static bool write_line(int fd, const char *line, GError **error)
{
    char last = '\n';
    off_t size = lseek(fd, 0, SEEK_END);
    if (size > 0 && pread(fd, &last, 1, size - 1) != 1)
        last = '\n';
    g_autofree char *text = g_strconcat(last != '\n' ? "\n" : "", line, NULL);
    if (!base_fd_write_all(fd, text, strlen(text), error))
        return false;
    return fsync(fd) == 0 || base_error_set_errno(error, errno, "syncing ‘%s’", HOST_HISTORY_NAME);
}

bool host_history_append(const char *state_dir, HostHistoryEvent event, const char *commit,
                         const char *version, const char *text, GError **error)
{
    g_autofree char *line = make_line(event, commit, version, text);
    struct stat st;
    if (!base_fd_make_dirs(AT_FDCWD, state_dir, 0755, error))
        return false;
    base_autofd dir_fd = base_fd_open_dir(AT_FDCWD, state_dir, error);
    if (dir_fd < 0)
        return false;
    if (fstatat(dir_fd, HOST_HISTORY_NAME, &st, 0) == 0 && st.st_size > MAX_BYTES &&
        renameat(dir_fd, HOST_HISTORY_NAME, dir_fd, OLD_NAME) != 0)
        return base_error_set_errno(error, errno, "putting ‘%s’ aside", HOST_HISTORY_NAME);
    base_autofd fd =
        openat(dir_fd, HOST_HISTORY_NAME, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        return base_error_set_errno(error, errno, "opening ‘%s/%s’", state_dir, HOST_HISTORY_NAME);
    return write_line(fd, line, error);
}

void host_history_note(const char *state_dir, HostHistoryEvent event, const char *commit,
                       const char *version, const char *text)
{
    g_autoptr(GError) error = NULL;
    if (!host_history_append(state_dir, event, commit, version, text, &error))
        g_warning("the history lacks ‘%s’: %s", event_names[event], error->message);
}

bool host_history_note_boot(const HostSysroot *sysroot, const char *state_dir)
{
    if (sysroot->booted == NULL)
        return false;
    g_autofree char *boot_id = read_boot_id();
    g_autoptr(GPtrArray) records = host_history_load(state_dir, 64 * 1024);
    for (guint i = records->len; i-- > 0;) {
        const HostHistoryRecord *record = records->pdata[i];
        if (record->event == HOST_HISTORY_BOOT && strcmp(record->boot_id, boot_id) == 0)
            return false;
    }
    const char *checksum = ostree_deployment_get_csum(sysroot->booted);
    g_autoptr(HostCommit) commit = host_commit_load(sysroot->repo, checksum, NULL);
    host_history_note(state_dir, HOST_HISTORY_BOOT, checksum,
                      commit != NULL ? commit->version : NULL, NULL);
    return true;
}

HostHistoryPending host_history_pending(const GPtrArray *records, const char *running,
                                        const char *staged, const HostHistoryRecord **out_record)
{
    const HostHistoryRecord *last = NULL;
    HostHistoryPending pending = HOST_HISTORY_NOT_PENDING;
    for (guint i = 0; i < records->len; i++) {
        const HostHistoryRecord *record = records->pdata[i];
        switch (record->event) {
        case HOST_HISTORY_STAGED:
            last = record;
            pending = HOST_HISTORY_NOT_PENDING;
            break;
        case HOST_HISTORY_FINALIZE_FAILED:
            last = record;
            pending = HOST_HISTORY_FAILED;
            break;
        case HOST_HISTORY_BOOT:
            if (last != NULL && pending == HOST_HISTORY_NOT_PENDING &&
                strcmp(last->boot_id, record->boot_id) != 0)
                pending = HOST_HISTORY_SKIPPED;
            break;
        case HOST_HISTORY_FINALIZED:
        case HOST_HISTORY_DEPLOYED:
        case HOST_HISTORY_DROPPED:
        case HOST_HISTORY_ROLLED_BACK:
            last = NULL;
            pending = HOST_HISTORY_NOT_PENDING;
            break;
        case HOST_HISTORY_DOWN:
        case HOST_HISTORY_GREEN:
        case HOST_HISTORY_RED:
        case HOST_HISTORY_BLOCKED:
        case HOST_HISTORY_N_EVENTS:
        default:
            break;
        }
    }
    if (last == NULL || strcmp(last->commit, running) == 0 || g_strcmp0(last->commit, staged) == 0)
        return HOST_HISTORY_NOT_PENDING;
    *out_record = last;
    return pending;
}

static char *name_of(const HostHistoryRecord *record)
{
    return *record->version != '\0' ? g_strdup(record->version)
                                    : g_strdup_printf("%.12s", record->commit);
}

/* (transfer full) (nullable): what @record has to do with the end of a boot */
static char *explain_end(const HostHistoryRecord *record)
{
    g_autofree char *name = name_of(record);
    if (record->event == HOST_HISTORY_FINALIZED)
        return g_strconcat("updated to ", name, NULL);
    if (record->event == HOST_HISTORY_ROLLED_BACK)
        return g_strconcat("rolled back to ", name, NULL);
    if (record->event == HOST_HISTORY_FINALIZE_FAILED)
        return g_strconcat("shut down; finalising ", name, " failed", NULL);
    return NULL;
}

char *host_history_end(const GPtrArray *records, guint index)
{
    g_autofree char *why = g_strdup("shut down");
    bool is_down = false;
    for (guint i = index + 1; i < records->len; i++) {
        const HostHistoryRecord *record = records->pdata[i];
        if (record->event == HOST_HISTORY_BOOT)
            return is_down ? g_steal_pointer(&why)
                           : g_strdup("broke off: power cut, crash or reset");
        is_down = is_down || record->event == HOST_HISTORY_DOWN;
        char *better = explain_end(record);
        if (better != NULL) {
            g_free(why);
            why = better;
        }
    }
    return is_down ? g_steal_pointer(&why) : g_strdup("runs");
}
