/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/event.h"
#include "cmd/command.h"

G_BEGIN_DECLS

/**
 * cmd_event_publish:
 * @args: of a command that has %CMD_OPTION_STATE and %CMD_OPTION_DATABASE
 * @topic: topic of the event
 * @actor: who did it ("service:compose")
 * @objects: what it is about, "kind:id", …, %NULL
 * @body: what there is to say
 * @failure: (nullable): why it failed: makes the event an error, with the reason in @body
 *
 * Tells the log what a command did. What was done is done: when the log cannot be written, that
 * is a warning on standard error; none beside the error of a command that failed. A failure
 * without a state directory is told to nobody, nor is a full disk.
 */
void cmd_event_publish(const CmdArgs *args, const char *topic, const char *actor,
                       const char *const *objects, JsonObject *body, const GError *failure);

G_END_DECLS
