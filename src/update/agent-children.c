/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The agent's children: counted, so that none outlives it.
 */
#include "update/agent-private.h"

#include <string.h>

typedef struct {
    UpdateAgent *agent; /* borrowed */
    UpdateChildDone done;
} Call;

static void on_done(JsonObject *output, const GError *error, void *user_data)
{
    g_autofree Call *call = user_data;
    call->agent->n_children--;
    if (!call->agent->stopping)
        call->done(output, error, call->agent);
}

/* A child that cannot be started has failed like any other, but not before its caller is done. */
static gboolean report_failure(gpointer data)
{
    g_autoptr(GError) error =
        g_error_new_literal(UPDATE_ERROR, UPDATE_ERROR_FAILED, "its process could not be started");
    on_done(NULL, error, data);
    return G_SOURCE_REMOVE;
}

void update_agent_start(UpdateAgent *self, const char *const *argv, UpdateChildDone done)
{
    g_autoptr(GError) error = NULL;
    if (self->stopping)
        return;
    Call *call = g_new0(Call, 1);
    *call = (Call){.agent = self, .done = done};
    self->n_children++;
    if (!update_child_start(argv, on_done, call, self->cancellable, &error)) {
        g_warning("%s", error->message);
        g_idle_add(report_failure, call);
    }
}

void update_agent_spawn(UpdateAgent *self, const char *const *args, UpdateChildDone done)
{
    const UpdateAgentOptions *options = self->options;
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_ptr_array_add(argv, (char *)options->program);
    bool is_agent = strcmp(args[0], "agent") == 0;
    for (; *args != NULL; args++)
        g_ptr_array_add(argv, (char *)*args);
    for (unsigned i = 0; is_agent && options->agent_args[i] != NULL; i++)
        g_ptr_array_add(argv, (char *)options->agent_args[i]);
    if (options->sysroot != NULL) {
        g_ptr_array_add(argv, (char *)"--sysroot");
        g_ptr_array_add(argv, (char *)options->sysroot);
    }
    g_ptr_array_add(argv, NULL);
    update_agent_start(self, (const char *const *)argv->pdata, done);
}

void update_agent_drain(UpdateAgent *self)
{
    self->stopping = true;
    g_cancellable_cancel(self->cancellable);
    while (self->n_children > 0)
        (void)g_main_context_iteration(NULL, TRUE);
}
