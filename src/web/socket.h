/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>
#include <sys/socket.h>

G_BEGIN_DECLS

/**
 * web_socket_listen:
 * @listen: as in web_listener_new(); numeric addresses only
 * @out_address: (out) (transfer full): what it is bound to, "ADDRESS:PORT"
 * @out_port: the port it is bound to
 * @error: return location
 *
 * Returns: a listening socket, or -1
 */
int web_socket_listen(const char *listen, char **out_address, unsigned *out_port,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** web_socket_print_host: (transfer full): the numeric host part of @address */
char *web_socket_print_host(const struct sockaddr *address);

G_END_DECLS
