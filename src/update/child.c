/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The agent's children: a program that prints one JSON object, or says why not.
 */
#include "update/child.h"

#include <signal.h>
#include <string.h>

typedef struct {
    GSubprocess *process; /* owned */
    UpdateChildDone done;
    void *user_data;
    GCancellable *cancellable; /* owned */
    gulong cancel_id;
} Child;

static void child_free(Child *self)
{
    g_cancellable_disconnect(self->cancellable, self->cancel_id);
    g_clear_object(&self->cancellable);
    g_clear_object(&self->process);
    g_free(self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Child, child_free)

static void on_cancelled(GCancellable *cancellable, gpointer process)
{
    (void)cancellable;
    g_subprocess_send_signal(process, SIGTERM);
}

/* (transfer full): the last line of @text that says something */
static char *last_line(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (unsigned i = g_strv_length(lines); i-- > 0;)
        if (*g_strstrip(lines[i]) != '\0')
            return g_strdup(lines[i]);
    return g_strdup("no reason given");
}

static GError *failure(GSubprocess *process, GBytes *errors)
{
    gsize size_bytes = 0;
    const char *data = g_bytes_get_data(errors, &size_bytes);
    g_autofree char *text = g_utf8_make_valid(data != NULL ? data : "", (gssize)size_bytes);
    g_autofree char *line = last_line(text);
    if (g_subprocess_get_if_signaled(process))
        return g_error_new(UPDATE_ERROR, UPDATE_ERROR_FAILED, "ended by signal %d",
                           g_subprocess_get_term_sig(process));
    return g_error_new_literal(UPDATE_ERROR, UPDATE_ERROR_FAILED, line);
}

static void on_done(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(Child) self = data;
    g_autoptr(GBytes) output = NULL;
    g_autoptr(GBytes) errors = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonParser) parser = json_parser_new();
    JsonObject *object = NULL;
    if (g_subprocess_communicate_finish(G_SUBPROCESS(source), result, &output, &errors, &error)) {
        if (!g_subprocess_get_successful(self->process))
            error = failure(self->process, errors);
        else if (g_bytes_get_size(output) > 0 &&
                 json_parser_load_from_data(parser, g_bytes_get_data(output, NULL),
                                            (gssize)g_bytes_get_size(output), NULL) &&
                 json_parser_get_root(parser) != NULL &&
                 JSON_NODE_HOLDS_OBJECT(json_parser_get_root(parser)))
            object = json_node_get_object(json_parser_get_root(parser));
    }
    self->done(object, error, self->user_data);
}

bool update_child_start(const char *const *argv, UpdateChildDone done, void *user_data,
                        GCancellable *cancellable, GError **error)
{
    g_autoptr(GSubprocess) process = g_subprocess_newv(
        argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, error);
    if (process == NULL)
        return false;
    Child *self = g_new0(Child, 1);
    *self = (Child){.process = g_object_ref(process),
                    .done = done,
                    .user_data = user_data,
                    .cancellable = g_object_ref(cancellable)};
    self->cancel_id = g_cancellable_connect(cancellable, G_CALLBACK(on_cancelled),
                                            g_object_ref(process), g_object_unref);
    g_subprocess_communicate_async(process, NULL, NULL, on_done, self);
    return true;
}
