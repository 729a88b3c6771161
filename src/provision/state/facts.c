/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Facts that say whether a host that is set up has anything to do.
 */
#include "provision/state/facts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX_BYTES 4096
#define LIST_MAX_BYTES 16384
#define FACTS_MAX_BYTES (256 * 1024)
#define VOLUME_MAX_BYTES (4 * 1024 * 1024)
#define CHUNK_BYTES 16384

typedef struct {
    char text[LIST_MAX_BYTES];
    size_t length;
    bool full;
} List;

static void list_add(List *list, const char *text)
{
    size_t length = strlen(text);
    if (list->length + length + 1 > sizeof list->text) {
        list->full = true;
        return;
    }
    memcpy(list->text + list->length, text, length + 1);
    list->length += length;
}

static ssize_t read_file(int dfd, const char *path, char *buffer, size_t size_bytes)
{
    int fd = openat(dfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ssize_t length = 0;
    if (fd < 0)
        return -1;
    for (ssize_t n = 1; n > 0 && (size_t)length<size_bytes - 1; length += n> 0 ? n : 0)
        n = read(fd, buffer + length, size_bytes - 1 - (size_t)length);
    (void)close(fd);
    buffer[length] = '\0';
    return length;
}

static char *read_text(int root, const char *path)
{
    char buffer[TEXT_MAX_BYTES + 1];
    return strdup(read_file(root, path, buffer, sizeof buffer) < 0 ? "-" : buffer);
}

static char *read_stat(int root, const char *path)
{
    struct stat st;
    char text[160];
    if (fstatat(root, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return strdup("-");
    (void)snprintf(text, sizeof text, "%ju %jd %jd.%09ld %o", (uintmax_t)st.st_ino,
                   (intmax_t)st.st_size, (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
                   (unsigned)st.st_mode);
    return strdup(text);
}

static int is_name(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* One line for each entry of a directory that @describe has something to say of. */
static char *read_entries(int root, const char *path,
                          bool (*describe)(int root, const char *name, List *list))
{
    struct dirent **names = NULL;
    List list = {.length = 0};
    int n = scandirat(root, path, &names, is_name, alphasort);
    for (int i = 0; i < n; i++) {
        if (!describe(root, names[i]->d_name, &list))
            list.full = true;
        free(names[i]);
    }
    free(names);
    return list.full ? NULL : strdup(list.length > 0 ? list.text : "-");
}

/* Bridges and the like come and go: only what is a device is a card. */
static bool describe_card(int root, const char *name, List *list)
{
    char path[512], address[64];
    struct stat st;
    (void)snprintf(path, sizeof path, "sys/class/net/%s/device", name);
    if (fstatat(root, path, &st, 0) < 0)
        return true;
    (void)snprintf(path, sizeof path, "sys/class/net/%s/address", name);
    if (read_file(root, path, address, sizeof address) < 0)
        address[0] = '\0';
    list_add(list, name);
    list_add(list, "=");
    list_add(list, address);
    return true;
}

/* The labels of volume.c, where iso9660 and FAT keep theirs. */
static bool is_labelled(int fd)
{
    static const char *const labels[] = {"cidata",   "config-2", "context", "cdrom",
                                         "metadata", "ovf env",  "ovfenv",  "rd_rdfe"};
    static const struct {
        off_t at;
        size_t length;
    } places[] = {{32768 + 40, 32}, {43, 11}, {71, 11}};
    for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
        char label[33] = "";
        if (pread(fd, label, places[p].length, places[p].at) != (ssize_t)places[p].length)
            continue;
        for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
            if (strncasecmp(label, labels[i], strlen(labels[i])) == 0)
                return true;
    }
    return false;
}

static bool describe_disk(int root, const char *name, List *list)
{
    static const char *const passed_over[] = {"ram", "loop", "zram", "dm-", "md", "nbd"};
    char path[512], size[64];
    for (size_t i = 0; i < sizeof passed_over / sizeof *passed_over; i++)
        if (strncmp(name, passed_over[i], strlen(passed_over[i])) == 0)
            return true;
    (void)snprintf(path, sizeof path, "sys/class/block/%s/size", name);
    if (read_file(root, path, size, sizeof size) <= 0 || strcmp(size, "0\n") == 0)
        return true;
    (void)snprintf(path, sizeof path, "dev/%s", name);
    int fd = openat(root, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    list_add(list, name);
    list_add(list, fd >= 0 && is_labelled(fd) ? "!" : "=");
    list_add(list, size);
    if (fd >= 0)
        (void)close(fd);
    return true;
}

/* FNV-1a: nothing hangs on it being hard to forge, since who writes the volume is who is obeyed. */
static char *read_volume(int root, const char *path)
{
    char chunk[CHUNK_BYTES];
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    uint64_t size_bytes = 0;
    char text[64];
    int fd = openat(root, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return strdup("-");
    for (ssize_t n = 0; (n = read(fd, chunk, sizeof chunk)) > 0 && size_bytes <= VOLUME_MAX_BYTES;
         size_bytes += (uint64_t)n)
        for (ssize_t i = 0; i < n; i++)
            hash = (hash ^ (unsigned char)chunk[i]) * UINT64_C(0x100000001b3);
    (void)close(fd);
    (void)snprintf(text, sizeof text, "%" PRIu64 " %016" PRIx64, size_bytes, hash);
    return size_bytes > VOLUME_MAX_BYTES ? NULL : strdup(text);
}

char *provision_fact_value(int root, const char *kind, const char *path)
{
    if (strcmp(kind, "text") == 0)
        return read_text(root, path);
    if (strcmp(kind, "stat") == 0)
        return read_stat(root, path);
    if (strcmp(kind, "cards") == 0)
        return read_entries(root, "sys/class/net", describe_card);
    if (strcmp(kind, "disks") == 0)
        return read_entries(root, "sys/class/block", describe_disk);
    if (strcmp(kind, "volume") == 0)
        return read_volume(root, path);
    return NULL;
}

/* Values have lines and all kinds of bytes: they are kept as hex digits. */
static char *to_hex(const char *text)
{
    size_t length = strlen(text);
    char *hex = malloc(2 * length + 1);
    if (hex == NULL)
        abort();
    hex[0] = '\0';
    for (size_t i = 0; i < length; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", (unsigned char)text[i]);
    return hex;
}

char *provision_fact_line(int root, const char *kind, const char *path)
{
    char *value = provision_fact_value(root, kind, path);
    char *line = NULL;
    if (value == NULL || strpbrk(path, "\t\n") != NULL) {
        free(value);
        return NULL;
    }
    char *hex = to_hex(value);
    if (asprintf(&line, "%s\t%s\t%s\n", kind, path, hex) < 0)
        abort();
    free(hex);
    free(value);
    return line;
}

static bool holds(int root, const char *kind, const char *path, const char *wanted)
{
    char *value = provision_fact_value(root, kind, path);
    size_t length = value != NULL ? strlen(value) : 0;
    bool same = value != NULL && strlen(wanted) == 2 * length;
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; same && i < length; i++)
        same = wanted[2 * i] == digits[(unsigned char)value[i] >> 4] &&
               wanted[2 * i + 1] == digits[(unsigned char)value[i] & 15];
    free(value);
    return same;
}

bool provision_facts_hold(int root, bool *out_of_devices)
{
    static char text[FACTS_MAX_BYTES];
    ssize_t length = read_file(root, PROVISION_FACTS_FILE, text, sizeof text);
    char *next = text;
    *out_of_devices = false;
    /* the last line says that all are there */
    if (length < 4 || (size_t)length == sizeof text - 1 || strcmp(text + length - 4, "end\n") != 0)
        return false;
    text[length - 4] = '\0';
    for (char *line = strsep(&next, "\n"); line != NULL && *line != '\0';
         line = strsep(&next, "\n")) {
        char *kind = strsep(&line, "\t");
        char *path = strsep(&line, "\t");
        if (path == NULL || line == NULL)
            return false;
        *out_of_devices = strcmp(kind, "text") != 0 && strcmp(kind, "stat") != 0;
        if (!holds(root, kind, path, line))
            return false;
    }
    return true;
}
