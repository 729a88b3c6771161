/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A link-local address for platforms without DHCP, by the old ioctls, which the kernel has always
 * had and which need no library.
 */
#include "provision/datasources/linklocal.h"

#include "base/error.h"
#include "base/fd.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>

#define ALIAS ":atoll"
#define MAX_CARDS 1024
#define CARRIER_TRIES 50
#define CARRIER_WAIT_US 100000

static guint64 read_number(int root, const char *card, const char *name)
{
    g_autofree char *path = g_strdup_printf("sys/class/net/%s/%s", card, name);
    g_autoptr(GBytes) bytes = base_fd_read_file(root, path, 64, NULL);
    return bytes != NULL ? g_ascii_strtoull(g_bytes_get_data(bytes, NULL), NULL, 0) : 0;
}

static bool is_physical(int root, const char *card)
{
    g_autofree char *path = g_strdup_printf("sys/class/net/%s/device", card);
    return faccessat(root, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool is_ethernet(int root, const char *card)
{
    return strcmp(card, "lo") != 0 && read_number(root, card, "type") == 1;
}

char *provision_linklocal_first_card(int root)
{
    base_autofd fd = openat(root, "sys/class/net", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    g_autofree char *best = NULL;
    guint64 best_rank = G_MAXUINT64;
    if (dir == NULL)
        return NULL;
    (void)base_fd_steal(&fd);
    unsigned n = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL && n < MAX_CARDS;
         entry = readdir(dir), n++) {
        const char *card = entry->d_name;
        if (*card == '.' || strlen(card) >= IFNAMSIZ || !is_ethernet(root, card))
            continue;
        guint64 rank = read_number(root, card, "ifindex");
        /* a virtual one counts only when there is no card */
        rank += is_physical(root, card) ? 0 : G_MAXUINT32;
        if (rank < best_rank) {
            best_rank = rank;
            g_free(best);
            best = g_strdup(card);
        }
    }
    closedir(dir);
    return g_steal_pointer(&best);
}

static bool has_route(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(80)};
    to.sin_addr.s_addr = htonl(0xa9fea9fe); /* 169.254.169.254 */
    base_autofd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0;
}

static void name_request(struct ifreq *request, const char *name)
{
    memset(request, 0, sizeof *request);
    g_strlcpy(request->ifr_name, name, sizeof request->ifr_name);
}

static bool set_address(int fd, const char *name, unsigned long command, uint32_t address)
{
    struct ifreq request;
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
    name_request(&request, name);
    memcpy(&request.ifr_addr, &in, sizeof in);
    return ioctl(fd, command, &request) == 0;
}

static bool set_up(int fd, ProvisionLinklocal *self)
{
    struct ifreq request;
    name_request(&request, self->name);
    if (ioctl(fd, SIOCGIFFLAGS, &request) != 0)
        return false;
    self->was_up = (request.ifr_flags & IFF_UP) != 0;
    request.ifr_flags |= IFF_UP;
    if (ioctl(fd, SIOCSIFFLAGS, &request) != 0)
        return false;
    for (int i = 0; i < CARRIER_TRIES; i++) {
        name_request(&request, self->name);
        if (ioctl(fd, SIOCGIFFLAGS, &request) != 0 || (request.ifr_flags & IFF_RUNNING) != 0)
            break;
        g_usleep(CARRIER_WAIT_US);
    }
    return true;
}

bool provision_linklocal_open(ProvisionLinklocal *self, int root, GError **error)
{
    self->name[0] = '\0';
    if (has_route())
        return true;
    g_autofree char *card = provision_linklocal_first_card(root);
    if (card == NULL)
        return base_error_set(error, BASE_ERROR_NOT_FOUND, "there is no network card");
    g_strlcpy(self->name, card, sizeof self->name);
    g_autofree char *alias = g_strconcat(card, ALIAS, NULL);
    base_autofd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    uint16_t host = 0;
    (void)!getrandom(&host, sizeof host, GRND_NONBLOCK);
    /* 169.254.1.0 to 169.254.168.255: neither reserved nor the services' own */
    uint32_t address = 0xa9fe0000 | (uint32_t)(0x100 + host % 0xa800);
    bool good = fd >= 0 && strlen(alias) < IFNAMSIZ && set_up(fd, self) &&
                set_address(fd, alias, SIOCSIFADDR, address) &&
                set_address(fd, alias, SIOCSIFNETMASK, 0xffff0000);
    int saved_errno = errno;
    if (good)
        return true;
    base_error_set_errno(error, saved_errno, "giving ‘%s’ a link-local address", card);
    provision_linklocal_close(self);
    return false;
}

void provision_linklocal_close(ProvisionLinklocal *self)
{
    if (self->name[0] == '\0')
        return;
    struct ifreq request;
    g_autofree char *alias = g_strconcat(self->name, ALIAS, NULL);
    base_autofd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    /* an alias that is put down is gone */
    name_request(&request, alias);
    if (ioctl(fd, SIOCGIFFLAGS, &request) == 0) {
        request.ifr_flags &= ~IFF_UP;
        (void)ioctl(fd, SIOCSIFFLAGS, &request);
    }
    if (!self->was_up) {
        name_request(&request, self->name);
        if (ioctl(fd, SIOCGIFFLAGS, &request) == 0) {
            request.ifr_flags &= ~IFF_UP;
            (void)ioctl(fd, SIOCSIFFLAGS, &request);
        }
    }
    self->name[0] = '\0';
}
