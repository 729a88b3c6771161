/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of the agent's configuration keys, and the drop-in directories.
 */
#include "base/dropins.h"
#include "base/fd.h"
#include "base/yaml.h"
#include "update/config.h"
#include "update/strategy.h"

#include <fcntl.h>
#include <string.h>

#define DAY_S (24 * 60 * 60)

static char *check_url(const char *text)
{
    if (*text == '\0' || g_str_has_prefix(text, "https://") || g_str_has_prefix(text, "http://"))
        return NULL;
    return g_strdup("a URL that begins with https:// or http:// is wanted");
}

/* FleetLock's rule for groups; a stream goes into URLs and refs too. */
static char *check_word(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if (!g_ascii_isalnum(*c) && *c != '.' && *c != '-')
            return g_strdup("only letters, digits, ‘.’ and ‘-’ are allowed");
    return *text == '\0' ? g_strdup("it is empty") : NULL;
}

static char *check_uuid(const char *text)
{
    if (*text == '\0' || (strlen(text) == 32 && strspn(text, "0123456789abcdef") == 32))
        return NULL;
    return g_strdup("32 hexadecimal digits in lower case are wanted");
}

static char *check_zone(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GTimeZone) zone = update_window_zone(text, &error);
    return zone == NULL ? g_strdup(error->message) : NULL;
}

static char *check_strategy(const char *text)
{
    if (update_strategy_find(text) != NULL)
        return NULL;
    g_autoptr(GString) names = g_string_new("one of");
    for (unsigned i = 0; update_strategies[i] != NULL; i++)
        g_string_append_printf(names, "%s %s", i > 0 ? "," : "", update_strategies[i]->name);
    g_string_append(names, " is wanted");
    return g_string_free(g_steal_pointer(&names), FALSE);
}

#define FIELD(name) .offset = G_STRUCT_OFFSET(UpdateConfig, name)

const UpdateConfigKey update_config_keys[] = {
    {"fleet-lock.url", UPDATE_CONFIG_TEXT, FIELD(fleet_lock_url), .check = check_url, .preset = "",
     .doc = "base URL of the lock server, for the strategy fleet_lock"},
    {"graph.interval-seconds", UPDATE_CONFIG_COUNT, FIELD(interval_s), 10, 7 * DAY_S,
     .preset = "300", .doc = "time between two looks at the graph; up to a tenth is added"},
    {"graph.stream", UPDATE_CONFIG_TEXT, FIELD(stream), .check = check_word, .preset = "stable",
     .doc = "the line of releases to follow"},
    {"graph.url", UPDATE_CONFIG_TEXT, FIELD(graph_url), .check = check_url, .preset = "",
     .doc = "base URL of the update graph; without one the agent looks for no updates"},
    {"identity.group", UPDATE_CONFIG_TEXT, FIELD(group), .check = check_word, .preset = "default",
     .doc = "the group of hosts this one belongs to"},
    {"identity.node-uuid", UPDATE_CONFIG_TEXT, FIELD(node_uuid), .check = check_uuid, .preset = "",
     .doc = "who asks; derived from the machine id when empty"},
    {"identity.rollout-wariness", UPDATE_CONFIG_FRACTION, FIELD(wariness),
     .doc = "place in a rollout, 0 the first to 1 the last; by the node's UUID when not given"},
    {"periodic.time-zone", UPDATE_CONFIG_TEXT, FIELD(time_zone), .check = check_zone,
     .preset = "UTC", .doc = "time zone of the windows: UTC, localtime or a name"},
    {"periodic.windows", UPDATE_CONFIG_WINDOWS, FIELD(windows),
     .doc = "weekly windows for the strategy periodic: days, start, length-minutes"},
    {"report.token-file", UPDATE_CONFIG_TEXT, FIELD(report_token_file),
     .preset = "/etc/atoll/report.token", .doc = "file with the token for report.url"},
    {"report.url", UPDATE_CONFIG_TEXT, FIELD(report_url), .check = check_url, .preset = "",
     .doc = "base URL of the server that ‘atoll-host report’ tells; without one nothing is told"},
    {"updates.allow-downgrade", UPDATE_CONFIG_BOOL, FIELD(allow_downgrade), .preset = "false",
     .doc = "whether to take an older release when the graph leads to it"},
    {"updates.enabled", UPDATE_CONFIG_BOOL, FIELD(enabled), .preset = "true",
     .doc = "whether to look for updates at all"},
    {"updates.stage-tries", UPDATE_CONFIG_COUNT, FIELD(stage_tries), 1, 1000, .preset = "12",
     .doc = "how often staging a release may fail before it is left alone"},
    {"updates.strategy", UPDATE_CONFIG_TEXT, FIELD(strategy), .check = check_strategy,
     .preset = "immediate", .doc = "when to reboot: immediate, periodic, fleet_lock or manual"},
    {"users.delay-seconds", UPDATE_CONFIG_COUNT, FIELD(users_delay_s), 0, DAY_S, .preset = "600",
     .doc = "how long logged-in people hold a reboot up"},
    {.name = NULL},
};

UpdateConfig *update_config_load(const char *const *dirs, GError **error)
{
    g_autoptr(UpdateConfig) self = update_config_new();
    g_autoptr(GPtrArray) paths = base_dropins_find(AT_FDCWD, dirs, ".yaml", error);
    for (guint i = 0; paths != NULL && i < paths->len; i++) {
        const char *path = paths->pdata[i];
        g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, path, BASE_YAML_MAX_BYTES, error);
        if (bytes == NULL || !update_config_read(self, path, bytes, error))
            return NULL;
    }
    return paths != NULL ? g_steal_pointer(&self) : NULL;
}
