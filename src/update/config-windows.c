/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The configuration's weekly windows: a list of {days, start, length-minutes}.
 */
#include "update/config-private.h"

#include <stdio.h>
#include <string.h>

#define WEEK_MINUTES (7 * 24 * 60)

static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

static bool read_start(const BaseYaml *yaml, const BaseYamlNode *node, unsigned *out_minute,
                       GError **error)
{
    const char *text = NULL;
    unsigned hour = 24;
    unsigned minute = 60;
    if (!base_yaml_get_string(yaml, node, "start", &text, error))
        return false;
    if (strlen(text) == 5 && text[2] == ':' && g_ascii_isdigit(text[0]) &&
        g_ascii_isdigit(text[1]) && g_ascii_isdigit(text[3]) && g_ascii_isdigit(text[4])) {
        hour = (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0');
        minute = (unsigned)(text[3] - '0') * 10 + (unsigned)(text[4] - '0');
    }
    if (hour > 23 || minute > 59)
        return base_yaml_set_error(yaml, node, error,
                                   "‘start’ is ‘%s’: a time of day from 00:00 to 23:59 is wanted",
                                   text);
    *out_minute = hour * 60 + minute;
    return true;
}

static bool read_length(const BaseYaml *yaml, const BaseYamlNode *node, unsigned *out_minutes,
                        GError **error)
{
    const char *text = NULL;
    guint64 minutes = 0;
    if (!base_yaml_get_string(yaml, node, "length-minutes", &text, error))
        return false;
    if (!g_ascii_string_to_unsigned(text, 10, 1, WEEK_MINUTES, &minutes, NULL))
        return base_yaml_set_error(yaml, node, error,
                                   "‘length-minutes’ is ‘%s’: 1 to %d (a week) is wanted", text,
                                   WEEK_MINUTES);
    *out_minutes = (unsigned)minutes;
    return true;
}

/* "Sat" and "Saturday", in any case. */
static unsigned find_day(const char *text)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(days); i++)
        if (strlen(text) >= 3 && g_ascii_strncasecmp(text, days[i], 3) == 0)
            return i + 1;
    return 0;
}

static bool read_window(const BaseYaml *yaml, const BaseYamlNode *node, GArray *windows,
                        GError **error)
{
    static const char *const known[] = {"days", "start", "length-minutes", NULL};
    UpdateWindow window = {0};
    if (!base_yaml_check_kind(yaml, node, "a window", BASE_YAML_MAPPING, error) ||
        !base_yaml_check_keys(yaml, node, known, error))
        return false;
    for (unsigned i = 0; known[i] != NULL; i++)
        if (base_yaml_find(node, known[i]) == NULL)
            return base_yaml_set_error(yaml, node, error, "a window needs ‘%s’", known[i]);
    const BaseYamlNode *list = base_yaml_find(node, "days");
    if (!read_start(yaml, base_yaml_find(node, "start"), &window.start_minute, error) ||
        !read_length(yaml, base_yaml_find(node, "length-minutes"), &window.length_minutes, error) ||
        !base_yaml_check_kind(yaml, list, "days", BASE_YAML_LIST, error))
        return false;
    for (guint i = 0; i < list->values->len; i++) {
        const char *text = NULL;
        if (!base_yaml_get_string(yaml, list->values->pdata[i], "days", &text, error))
            return false;
        window.day = find_day(text);
        if (window.day == 0)
            return base_yaml_set_error(yaml, list->values->pdata[i], error,
                                       "‘%s’ is no day of the week (Mon to Sun)", text);
        g_array_append_val(windows, window);
    }
    return true;
}

GArray *update_config_windows(const BaseYaml *yaml, const BaseYamlNode *node, GError **error)
{
    g_autoptr(GArray) windows = g_array_new(FALSE, FALSE, sizeof(UpdateWindow));
    if (!base_yaml_check_kind(yaml, node, "periodic.windows", BASE_YAML_LIST, error))
        return NULL;
    for (guint i = 0; i < node->values->len; i++)
        if (!read_window(yaml, node->values->pdata[i], windows, error))
            return NULL;
    return g_steal_pointer(&windows);
}

char *update_config_windows_text(const GArray *windows)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < windows->len; i++) {
        const UpdateWindow *window = &g_array_index(windows, UpdateWindow, i);
        g_string_append_printf(text, "%s%s %02u:%02u for %u min", i > 0 ? ", " : "",
                               days[window->day - 1], window->start_minute / 60,
                               window->start_minute % 60, window->length_minutes);
    }
    return g_string_free(text, FALSE);
}
