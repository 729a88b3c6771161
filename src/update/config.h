/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "update/error.h"
#include "update/window.h"

#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

/**
 * UpdateConfig:
 * @stream: the line of releases ("stable")
 * @graph_url: base of the update graph ("https://example.org"); empty asks nobody
 * @interval_s: time between two looks at the graph; up to a tenth is added at random
 * @group: reboot group, and a key of the graph's query
 * @node_uuid: who asks; empty derives it from the machine id
 * @wariness: -1 for by @node_uuid, else 0 (first) to 1 (last)
 * @enabled: whether to look for updates at all
 * @allow_downgrade: take a release of lower age when the graph leads to it
 * @strategy: when to reboot: a name of update_strategies
 * @fleet_lock_url: base of the lock server, for the strategy fleet_lock
 * @report_url: base of the server that gets reports; empty reports nothing
 * @report_token_file: where the token for it is
 * @windows: (element-type UpdateWindow): for the strategy periodic
 * @time_zone: of @windows: "UTC", "localtime" or a name like "Europe/Paris"
 * @users_delay_s: how long logged-in people can hold a reboot up
 * @stage_tries: how often staging one release may fail before it is left alone
 * @origins: (owned): for each row of update_config_keys, "FILE:LINE", or "default"
 *
 * How the agent behaves. Built once, then constant; texts are owned.
 */
typedef struct {
    char *stream;
    char *graph_url;
    uint64_t interval_s;
    char *group;
    char *node_uuid;
    double wariness;
    bool enabled;
    bool allow_downgrade;
    char *strategy;
    char *fleet_lock_url;
    char *report_url;
    char *report_token_file;
    GArray *windows;
    char *time_zone;
    uint64_t users_delay_s;
    uint64_t stage_tries;
    char **origins;
} UpdateConfig;

/** UpdateConfigKind: what a key's value looks like; each is the type of its field */
typedef enum {
    UPDATE_CONFIG_TEXT,
    UPDATE_CONFIG_BOOL,
    UPDATE_CONFIG_COUNT,
    UPDATE_CONFIG_FRACTION,
    UPDATE_CONFIG_WINDOWS,
} UpdateConfigKind;

/**
 * UpdateConfigKey:
 * @name: "SECTION.KEY"; %NULL ends the table
 * @kind: see #UpdateConfigKind
 * @offset: of its field
 * @min: smallest COUNT
 * @max: largest COUNT
 * @check: (nullable): what is wrong with a text, with the mend, or %NULL
 * @preset: (nullable): the default as text
 * @doc: one sentence for people
 *
 * A row of the table that reading, printing and the man page's test go by.
 */
typedef struct {
    const char *name;
    UpdateConfigKind kind;
    size_t offset;
    uint64_t min;
    uint64_t max;
    char *(*check)(const char *text);
    const char *preset;
    const char *doc;
} UpdateConfigKey;

extern const UpdateConfigKey update_config_keys[];

/**
 * update_config_load:
 * @dirs: directories of drop-ins ("*.yaml"), the weakest first, %NULL-terminated; missing ones
 *   are fine
 * @error: "FILE:LINE:COLUMN: …", with the nearest known key for an unknown one
 *
 * Reads the drop-ins in the order of their names; a file hides those of the same name in
 * weaker directories (a link to /dev/null hides them all), and a later file's keys win.
 *
 * Returns: (transfer full): the merged configuration
 */
UpdateConfig *update_config_load(const char *const *dirs, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void update_config_free(UpdateConfig *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(UpdateConfig, update_config_free)

/**
 * update_config_read:
 * @self: what is there so far; changed only when all of @data is good
 * @path: name for messages and origins
 * @bytes: one drop-in
 * @error: as for update_config_load()
 */
bool update_config_read(UpdateConfig *self, const char *path, GBytes *bytes,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** update_config_new: (transfer full): all defaults */
UpdateConfig *update_config_new(void);

/** update_config_value: (transfer full): the value of the row @index as text */
char *update_config_value(const UpdateConfig *self, unsigned index);

G_END_DECLS
