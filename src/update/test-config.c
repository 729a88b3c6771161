/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Drop-ins, windows and the two tables.
 */
#include "update/config.h"
#include "update/strategy.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static void test_tables(void)
{
    for (unsigned i = 0; update_config_keys[i].name != NULL; i++) {
        const UpdateConfigKey *key = &update_config_keys[i];
        g_assert_nonnull(strchr(key->name, '.'));
        g_assert_nonnull(key->doc);
        if (i > 0) /* sections are taken from neighbours */
            g_assert_cmpstr(update_config_keys[i - 1].name, <, key->name);
        g_autofree char *wrong =
            key->check != NULL && key->preset != NULL ? key->check(key->preset) : NULL;
        g_assert_null(wrong);
    }
    for (unsigned i = 0; update_strategies[i] != NULL; i++) {
        g_assert_nonnull(update_strategies[i]->may_reboot);
        g_assert_true(update_strategy_find(update_strategies[i]->name) == update_strategies[i]);
    }
    g_assert_null(update_strategy_find("never"));
}

typedef struct {
    const char *text;
    const char *message;
} Refusal;

static const Refusal refusals[] = {
    {"updates:\n  strategie: periodic\n", "f.yaml:2:3"},
    {"updates:\n  strategie: periodic\n", "strategy"},
    {"update:\n  enabled: true\n", "updates"},
    {"updates:\n  strategy: sometimes\n", "fleet_lock, immediate, manual, periodic"},
    {"updates:\n  enabled: 1\n", "f.yaml:2"},
    {"graph:\n  url: ftp://example.org\n", "https://"},
    {"graph:\n  interval-seconds: 1\n", "from 10 to 604800"},
    {"identity:\n  rollout-wariness: nan\n", "from 0 to 1"},
    {"identity:\n  rollout-wariness: 1.5\n", "from 0 to 1"},
    {"identity:\n  group: a b\n", "only letters"},
    {"identity:\n  node-uuid: xyz\n", "32 hexadecimal"},
    {"periodic:\n  time-zone: Mars/Olympus\n", "Mars/Olympus"},
    {"periodic:\n  windows:\n    - {days: [Mon], start: '24:00', length-minutes: 5}\n", "24:00"},
    {"periodic:\n  windows:\n    - {days: [Mo], start: '23:00', length-minutes: 5}\n", "‘Mo’"},
    {"periodic:\n  windows:\n    - {days: [Mon], start: '23:00', length-minutes: 0}\n", "10080"},
    {"periodic:\n  windows:\n    - {days: [Mon], length-minutes: 3}\n", "needs ‘start’"},
};

static void test_refusals(void)
{
    g_autoptr(UpdateConfig) config = update_config_new();
    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = g_strconcat(refusals[i].text, "users:\n  delay-seconds: 7\n", NULL);
        g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
        g_assert_false(update_config_read(config, "f.yaml", bytes, &error));
        g_assert_nonnull(error);
        if (strstr(error->message, refusals[i].message) == NULL)
            g_error("‘%s’ does not name ‘%s’", error->message, refusals[i].message);
        g_assert_cmpuint(config->users_delay_s, ==, 600);
    }
}

static void write_file(const char *dir, const char *name, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, &error));
}

static const char *origin(const UpdateConfig *config, const char *name)
{
    for (unsigned i = 0; update_config_keys[i].name != NULL; i++)
        if (strcmp(update_config_keys[i].name, name) == 0)
            return config->origins[i];
    g_assert_not_reached();
}

static void test_drop_ins(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("atoll-config-XXXXXX", NULL);
    g_autofree char *weak = g_build_filename(dir, "usr", NULL);
    g_autofree char *strong = g_build_filename(dir, "etc", NULL);
    g_autofree char *none = g_build_filename(dir, "none", NULL);
    g_autofree char *mask = g_build_filename(strong, "30-mask.yaml", NULL);
    g_assert_cmpint(g_mkdir(weak, 0755) | g_mkdir(strong, 0755), ==, 0);
    write_file(weak, "10-a.yaml", "updates: {strategy: manual}\ngraph: {stream: next}\n");
    write_file(weak, "20-b.yaml", "updates:\n  strategy: periodic\n");
    write_file(weak, "30-mask.yaml", "updates: {enabled: false}\n");
    write_file(strong, "10-a.yaml", "graph:\n  stream: testing\n");
    write_file(strong, "README", "not: yaml: at: all");
    g_assert_cmpint(symlink("/dev/null", mask), ==, 0);
    const char *dirs[] = {weak, none, strong, NULL};
    g_autoptr(UpdateConfig) config = update_config_load(dirs, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(config->stream, ==, "testing");
    g_assert_cmpstr(config->strategy, ==, "periodic");
    g_assert_true(config->enabled);
    g_assert_true(g_str_has_suffix(origin(config, "updates.strategy"), "usr/20-b.yaml:2"));
    g_assert_true(g_str_has_suffix(origin(config, "graph.stream"), "etc/10-a.yaml:2"));
    g_assert_cmpstr(origin(config, "updates.enabled"), ==, "default");
    g_autofree char *command = g_strdup_printf("rm -r '%s'", dir);
    g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
}

typedef struct {
    const char *now;
    const char *next; /* of the window's opening; "" for open */
} WindowCase;

/* Sundays and Saturdays 02:30 for two hours, and Mondays 23:00 for two, in Paris, whose clocks
 * jump from 02:00 to 03:00 on 2026-03-29. */
static const WindowCase window_cases[] = {
    {"2026-03-23T22:30:00Z", ""},                     /* Monday 23:30 */
    {"2026-03-23T23:59:59Z", ""},                     /* Tuesday 00:59 */
    {"2026-03-24T00:00:00Z", "2026-03-28T01:30:00Z"}, /* closed: next is Saturday 02:30 */
    {"2026-03-28T01:30:00Z", ""},
    {"2026-03-28T03:30:00Z", "2026-03-29T01:00:00Z"}, /* there is no 02:30: at 03:00, summer time */
    {"2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z"},
    {"2026-03-29T02:59:59Z", ""},
    {"2026-03-29T03:00:00Z", "2026-03-30T21:00:00Z"}, /* Monday 23:00, summer time */
};

static void test_windows(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GTimeZone) zone = update_window_zone("Europe/Paris", &error);
    g_assert_no_error(error);
    g_autoptr(UpdateConfig) config = update_config_new();
    static const char text[] = "periodic:\n  windows:\n"
                               "    - {days: [Sunday, sat], start: '02:30', length-minutes: 120}\n"
                               "    - {days: [Mon], start: '23:00', length-minutes: 120}\n";
    g_autoptr(GBytes) bytes = g_bytes_new_static(text, sizeof text - 1);
    g_assert_true(update_config_read(config, "f", bytes, &error));
    for (size_t i = 0; i < G_N_ELEMENTS(window_cases); i++) {
        const WindowCase *one = &window_cases[i];
        int64_t next_s = 0;
        g_autoptr(GDateTime) now = g_date_time_new_from_iso8601(one->now, NULL);
        bool open = update_window_is_open(config->windows, zone, g_date_time_to_unix(now), &next_s);
        g_autoptr(GDateTime) next = g_date_time_new_from_unix_utc(next_s);
        g_autofree char *next_text = g_date_time_format(next, "%Y-%m-%dT%H:%M:%SZ");
        g_assert_cmpstr(open ? "" : next_text, ==, one->next);
    }
    g_autoptr(GArray) empty = g_array_new(FALSE, FALSE, sizeof(UpdateWindow));
    int64_t next_s = 0;
    g_assert_false(update_window_is_open(empty, zone, 1000, &next_s));
    g_assert_cmpint(next_s, ==, -1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/update/tables", test_tables);
    g_test_add_func("/update/config/refusals", test_refusals);
    g_test_add_func("/update/config/drop-ins", test_drop_ins);
    g_test_add_func("/update/windows", test_windows);
    return g_test_run();
}
