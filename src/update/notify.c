/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * sd_notify(3)'s protocol: a datagram to the socket that the environment names.
 */
#include "update/notify.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <string.h>

void update_notify_send(const char *text)
{
    const char *path = g_getenv("NOTIFY_SOCKET");
    if (path == NULL || (*path != '/' && *path != '@'))
        return;
    g_autoptr(GSocketAddress) address =
        *path == '@'
            ? g_unix_socket_address_new_with_type(path + 1, -1, G_UNIX_SOCKET_ADDRESS_ABSTRACT)
            : g_unix_socket_address_new(path);
    g_autoptr(GSocket) socket =
        g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);
    /* telling is a courtesy: without a listener the agent works as well */
    if (socket != NULL)
        (void)g_socket_send_to(socket, address, text, strlen(text), NULL, NULL);
}

static gboolean on_watchdog(gpointer unused)
{
    (void)unused;
    update_notify_send("WATCHDOG=1");
    return G_SOURCE_CONTINUE;
}

guint update_notify_watchdog(void)
{
    guint64 interval_us = 0;
    const char *text = g_getenv("WATCHDOG_USEC");
    if (text == NULL || !g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT32, &interval_us, NULL))
        return 0;
    guint interval_ms = (guint)(interval_us / 2000);
    return g_timeout_add(MAX(interval_ms, 1), on_watchdog, NULL);
}
