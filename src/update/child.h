/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "update/machine.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * UpdateChildDone:
 * @output: (nullable): the JSON object that it printed; %NULL for none or when it failed
 * @error: (nullable): why it failed: the last line that it wrote to standard error
 * @user_data: passed through
 */
typedef void (*UpdateChildDone)(JsonObject *output, const GError *error, void *user_data);

/**
 * update_child_start:
 * @argv: what to run
 * @done: called from the main loop when it has ended
 * @user_data: for @done
 * @cancellable: kills the child
 * @error: it could not be started; @done is not called then
 */
bool update_child_start(const char *const *argv, UpdateChildDone done, void *user_data,
                        GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
