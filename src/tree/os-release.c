/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * os-release(5), as much of it as accounting needs.
 */
#include "tree/os-release.h"

#include <string.h>

void tree_os_release_clear(TreeOsRelease *self)
{
    g_clear_pointer(&self->id, g_free);
    g_clear_pointer(&self->version_id, g_free);
    g_clear_pointer(&self->codename, g_free);
    g_clear_pointer(&self->pretty_name, g_free);
}

/* The value of @key in @line, unquoted. */
static char *take(const char *line, const char *key)
{
    size_t n = strlen(key);
    if (strncmp(line, key, n) != 0 || line[n] != '=')
        return NULL;
    char *value = g_shell_unquote(line + n + 1, NULL);
    if (value != NULL && g_utf8_validate(value, -1, NULL))
        return value;
    g_free(value);
    return NULL;
}

static void set(char **field, char *value)
{
    if (value == NULL)
        return;
    g_free(*field);
    *field = value;
}

void tree_os_release_parse(TreeOsRelease *self, const char *data, size_t size_bytes)
{
    tree_os_release_clear(self);
    self->id = g_strdup("linux");
    self->version_id = g_strdup("");
    self->codename = g_strdup("");
    self->pretty_name = g_strdup("");
    g_autofree char *text = g_strndup(data, MIN(size_bytes, 65536));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        set(&self->id, take(*line, "ID"));
        set(&self->version_id, take(*line, "VERSION_ID"));
        set(&self->codename, take(*line, "VERSION_CODENAME"));
        set(&self->pretty_name, take(*line, "PRETTY_NAME"));
    }
}
