/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/event.h"

G_BEGIN_DECLS

/** WebMessageForm: how datagrepper shows an event */
typedef enum {
    WEB_MESSAGE_RAW, /* /raw and /id: fedmsg's members */
    WEB_MESSAGE_V2,  /* /v2/…: fedora-messaging's */
} WebMessageForm;

/** web_message_print: (transfer full): @event in that form */
JsonObject *web_message_print(const BusEvent *event, WebMessageForm form);

/**
 * web_message_print_meta:
 * @event: an event
 * @names: (element-type utf8): what is wanted ("summary", "packages", …)
 * @now_us: for "date"
 *
 * Returns: (transfer full): those members
 */
JsonObject *web_message_print_meta(const BusEvent *event, const GPtrArray *names, int64_t now_us);

/** web_message_summary: (transfer full): one line for people: the body's own "summary", or what
 * the topic and the objects say */
char *web_message_summary(const BusEvent *event);

/** web_message_short_topic: (transfer none): the topic from its category on */
const char *web_message_short_topic(const char *topic);

/** web_message_ago: (transfer full): "3 minutes ago" */
char *web_message_ago(int64_t time_us, int64_t now_us);

/** web_message_print_time: (transfer full): "2026-11-20T12:00:00Z" */
char *web_message_print_time(int64_t time_us);

G_END_DECLS
