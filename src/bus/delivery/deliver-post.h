/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/delivery/deliver.h"
#include "bus/delivery/notify.h"
#include "bus/delivery/webhook.h"

#include <curl/curl.h>

G_BEGIN_DECLS

/**
 * BusDeliverPost:
 *
 * One transfer: an event to a webhook, or a mail to its server.
 */
typedef struct _BusDeliverPost BusDeliverPost;

/** bus_deliver_post_hook: (transfer full): @payload to @hook */
BusDeliverPost *bus_deliver_post_hook(const BusWebhook *hook, const char *instance,
                                      const char *topic, const char *id, const char *payload);

/** bus_deliver_post_mail: (transfer full): @mail, a whole message, to @address */
BusDeliverPost *bus_deliver_post_mail(const BusDeliverOptions *options, const char *address,
                                      const char *mail);

void bus_deliver_post_free(BusDeliverPost *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BusDeliverPost, bus_deliver_post_free)

/** bus_deliver_post_easy: (transfer none): its handle, whose private pointer is the caller's */
CURL *bus_deliver_post_easy(BusDeliverPost *self);

/**
 * bus_deliver_post_finish:
 * @code: how the transfer ended
 * @out_again: set when the receiver sent us elsewhere: the handle is ready for one more transfer
 * @error: what went wrong, without secrets
 *
 * Returns: whether it was taken
 */
bool bus_deliver_post_finish(BusDeliverPost *self, CURLcode code, bool *out_again, GError **error);

/** bus_deliver_post_perform: the whole of it, for a single one */
bool bus_deliver_post_perform(BusDeliverPost *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
