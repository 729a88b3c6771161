/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/log.h"

G_BEGIN_DECLS

/**
 * BusToken:
 * @id: (owned): names it; not secret
 * @actor: (owned): whose events it publishes
 * @topics: (owned): globs of the topics it may publish, %NULL-terminated
 * @added_us: when it was made, microseconds of Unix time
 * @expires_us: when it ends; 0 for never
 *
 * What somebody who publishes over the network shows. The secret itself is nowhere: the
 * database has its SHA-256, which is enough for 256 random bits.
 */
typedef struct {
    char *id;
    char *actor;
    char **topics;
    int64_t added_us;
    int64_t expires_us;
} BusToken;

void bus_token_free(BusToken *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BusToken, bus_token_free)

/** bus_token_prepare: makes the table of tokens; once, before bus_token_check() */
bool bus_token_prepare(BusLog *log, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * bus_token_add:
 * @log: the log, opened for writing, no transaction open
 * @by: who makes it: the actor of the event
 * @actor: who will publish with it
 * @topics: globs, %NULL-terminated, at least one
 * @expires_us: microseconds of Unix time, 0 for never
 * @error: %BUS_ERROR_INVALID
 *
 * Makes a token, and in the same transaction the event that says so.
 *
 * Returns: (transfer full): the token itself, "atoll_ID_SECRET", for the one time it is known
 */
char *bus_token_add(BusLog *log, const char *by, const char *actor, const char *const *topics,
                    int64_t expires_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_token_remove: takes token @id out, with an event of @by; %BUS_ERROR_NOT_FOUND */
bool bus_token_remove(BusLog *log, const char *by, const char *id,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_token_list: (transfer full) (element-type BusToken): all, oldest first */
GPtrArray *bus_token_list(BusLog *log, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * bus_token_check:
 * @log: the log
 * @text: what a client showed
 * @now_us: microseconds of Unix time
 * @error: %BUS_ERROR_DENIED for one that is malformed, unknown, or over: it does not say which
 *
 * Returns: (transfer full): the token
 */
BusToken *bus_token_check(BusLog *log, const char *text, int64_t now_us,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_token_allows: whether one of its globs covers @topic */
bool bus_token_allows(const BusToken *self, const char *topic);

G_END_DECLS
