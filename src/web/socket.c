/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From "ADDRESS:PORT" to a listening socket.
 */
#include "web/socket.h"

#include "base/error.h"
#include "base/fd.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

static socklen_t address_length(const struct sockaddr *address)
{
    return address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                          : sizeof(struct sockaddr_in);
}

char *web_socket_print_host(const struct sockaddr *address)
{
    char host[NI_MAXHOST] = "";
    if (getnameinfo(address, address_length(address), host, sizeof host, NULL, 0, NI_NUMERICHOST) !=
        0)
        return g_strdup("?");
    return g_strdup(host);
}

static bool split(const char *listen, char **out_host, char **out_port, GError **error)
{
    const char *colon = strrchr(listen, ':');
    guint64 port = 0;
    if (colon == NULL || !g_ascii_string_to_unsigned(colon + 1, 10, 0, 65535, &port, NULL))
        return base_error_set(error, BASE_ERROR_INVALID,
                              "cannot listen on ‘%s’: want ADDRESS:PORT, such as 127.0.0.1:8080, "
                              "[::1]:8080 or :8080 for all addresses",
                              listen);
    size_t length = (size_t)(colon - listen);
    bool bracketed = length >= 2 && listen[0] == '[' && listen[length - 1] == ']';
    *out_host = bracketed ? g_strndup(listen + 1, length - 2) : g_strndup(listen, length);
    *out_port = g_strdup_printf("%u", (unsigned)port);
    return true;
}

static struct addrinfo *resolve(const char *listen, GError **error)
{
    g_autofree char *host = NULL;
    g_autofree char *port = NULL;
    if (!split(listen, &host, &port, error))
        return NULL;
    bool is_any = host == NULL || host[0] == '\0';
    struct addrinfo *found = NULL;
    struct addrinfo hints = {
        .ai_family = is_any ? AF_INET6 : AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
    };
    int status = getaddrinfo(is_any ? NULL : host, port, &hints, &found);
    if (status != 0) {
        base_error_set(error, BASE_ERROR_INVALID,
                       "cannot listen on ‘%s’: want a numeric address: %s", listen,
                       gai_strerror(status));
        return NULL;
    }
    return found;
}

static int bind_and_listen(const struct addrinfo *info, const char *text, GError **error)
{
    base_autofd fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int yes = 1;
    int no = 0;
    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        if (info->ai_family == AF_INET6)
            (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    }
    if (fd < 0 || bind(fd, info->ai_addr, info->ai_addrlen) != 0 || listen(fd, SOMAXCONN) != 0) {
        base_error_set_errno(error, errno, "cannot listen on ‘%s’", text);
        return -1;
    }
    return base_fd_steal(&fd);
}

int web_socket_listen(const char *listen, char **out_address, unsigned *out_port, GError **error)
{
    struct addrinfo *info = resolve(listen, error);
    if (info == NULL)
        return -1;
    base_autofd fd = bind_and_listen(info, listen, error);
    freeaddrinfo(info);
    if (fd < 0)
        return -1;

    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage storage;
    } bound = {0};
    socklen_t length = sizeof bound;
    if (getsockname(fd, &bound.any, &length) != 0) {
        base_error_set_errno(error, errno, "reading the address of ‘%s’", listen);
        return -1;
    }
    bool v6 = bound.any.sa_family == AF_INET6;
    g_autofree char *host = web_socket_print_host(&bound.any);
    *out_port = ntohs(v6 ? bound.v6.sin6_port : bound.v4.sin_port);
    *out_address = g_strdup_printf(v6 ? "[%s]:%u" : "%s:%u", host, *out_port);
    return base_fd_steal(&fd);
}
