/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/log.h"

#include <stdio.h>

G_BEGIN_DECLS

/** BUS_DUMP_LINE_MAX_BYTES: no line of a dump is longer */
#define BUS_DUMP_LINE_MAX_BYTES (8 * 1024 * 1024)

/** bus_dump_print: (transfer full): @event as one line, canonical, with its line end */
char *bus_dump_print(const BusEvent *event, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * BusDumpCounts:
 * @restored: events put in as they were
 * @published: lines that became new events
 * @known: lines whose event was in the log already
 */
typedef struct {
    uint64_t restored;
    uint64_t published;
    uint64_t known;
} BusDumpCounts;

/**
 * bus_dump_import:
 * @in: lines, one JSON object each: what bus_dump_print() wrote, or {topic, body} with, if
 *   there, id, actor, objects, severity, time, schema and fedora-messaging's headers
 * @name: of the file, for messages
 * @actor: who imports: actor of lines that name none
 * @out_counts: what came of them
 * @error: names the line; the batch of a hundred that it is in is given up, what @out_counts has
 *   stays done
 *
 * Events of an export are put into an empty log as they are, byte for byte, with their signatures
 * and the chain checked; the same file again goes on where it ended. Other lines are published as
 * new events, a hundred in a transaction; an id that is in the log is passed over.
 */
bool bus_dump_import(BusLog *log, FILE *in, const char *name, const char *actor,
                     GCancellable *cancellable, BusDumpCounts *out_counts,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_dump_restore: puts @event in as it is, in the caller's transaction; it has to be the next
 * one of the log, and signed as the log's policy wants */
bool bus_dump_restore(BusLog *log, const BusEvent *event, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
