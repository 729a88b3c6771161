/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads what ‘dpkg --configure’ prints: how far it is, and whose script failed how.
 */
#include "tree/configure.h"

#include "base/error.h"

#include <string.h>

#define LINES_MAX 12
#define SETTING_UP "Setting up "
#define TRIGGERS "Processing triggers for "
#define FAILED "dpkg: error processing package "

void tree_configure_clear(TreeConfigure *self)
{
    g_clear_pointer(&self->package, g_free);
    g_clear_pointer(&self->failed, g_free);
    g_clear_pointer(&self->reason, g_free);
    g_queue_clear_full(&self->lines, g_free);
}

static void begin_package(TreeConfigure *self, const char *name)
{
    self->n_begun++;
    g_free(self->package);
    self->package = g_strndup(name, strcspn(name, " "));
    g_queue_clear_full(&self->lines, g_free);
}

void tree_configure_line(TreeConfigure *self, const char *line)
{
    if (self->failed != NULL) {
        if (self->reason == NULL)
            self->reason = g_strstrip(g_strdup(line));
        return;
    }
    if (g_str_has_prefix(line, FAILED)) {
        const char *name = line + strlen(FAILED);
        self->failed = g_strndup(name, strcspn(name, " :"));
    } else if (g_str_has_prefix(line, SETTING_UP)) {
        begin_package(self, line + strlen(SETTING_UP));
        base_progress_update(self->progress, ++self->done, self->total, "packages");
    } else if (g_str_has_prefix(line, TRIGGERS)) {
        begin_package(self, line + strlen(TRIGGERS));
    } else {
        g_queue_push_tail(&self->lines, g_strdup(line));
        if (self->lines.length > LINES_MAX)
            g_free(g_queue_pop_head(&self->lines));
    }
}

/* The script in dpkg's "installed NAME package post-installation script subprocess …". */
static const char *script_of(const char *reason)
{
    static const char *const names[][2] = {{"post-installation script", "postinst"},
                                           {"pre-installation script", "preinst"},
                                           {"pre-removal script", "prerm"},
                                           {"post-removal script", "postrm"},
                                           {NULL, NULL}};
    for (size_t i = 0; names[i][0] != NULL; i++)
        if (strstr(reason, names[i][0]) != NULL)
            return names[i][1];
    return NULL;
}

static char *describe(const TreeConfigure *self)
{
    const char *reason = self->reason != NULL ? self->reason : "no reason given";
    const char *script = script_of(reason);
    const char *status = strstr(reason, "exit status ");
    const char *killed = strstr(reason, "was killed by signal");
    if (script != NULL && status != NULL)
        return g_strdup_printf("the %s script of package ‘%s’ failed with %s", script, self->failed,
                               status);
    if (script != NULL && killed != NULL)
        return g_strdup_printf("the %s script of package ‘%s’ %s", script, self->failed, killed);
    return g_strdup_printf("package ‘%s’ cannot be configured: %s", self->failed, reason);
}

static char *join_lines(const TreeConfigure *self)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (const GList *link = self->lines.head; link != NULL; link = link->next)
        g_string_append_printf(text, "\n  | %s", (const char *)link->data);
    return g_utf8_make_valid(text->str, -1);
}

bool tree_configure_set_error(const TreeConfigure *self, GError *cause, GError **error)
{
    if (self->failed == NULL) {
        g_propagate_error(error, cause);
        return false;
    }
    g_autofree char *description = describe(self);
    g_autofree char *lines = join_lines(self);
    if (base_error_is_no_space(cause))
        base_error_set(error, BASE_ERROR_NO_SPACE, "%s%s", description, lines);
    else
        g_set_error(error, TREE_ERROR, TREE_ERROR_SCRIPT, "%s%s", description, lines);
    g_error_free(cause);
    return false;
}
