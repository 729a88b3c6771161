/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lines of /etc/fstab, marked as cloud-init marks its own, and a swap file.
 */
#include "provision/apply/apply.h"

#include "base/error.h"
#include "base/fd.h"
#include "provision/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define FSTAB "/etc/fstab"
#define MARK "comment=cloudconfig"
#define OPTIONS "defaults,nofail,x-systemd.after=atoll-provision-network.service,_netdev"
#define GIB (1024ULL * 1024 * 1024)

static bool check_field(const char *field, GError **error)
{
    if (field[0] != '\0' && strpbrk(field, " \t\n#") == NULL)
        return true;
    g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                "‘%s’ cannot be a field of /etc/fstab (write \\040 for a space)", field);
    return false;
}

/* (transfer full): the line of one mount; NULL when it says that there is none */
static char *line_of(ProvisionApply *self, const ProvisionMount *mount, GError **error)
{
    const char *fields[6] = {NULL, NULL, "auto", OPTIONS, "0", "2"};
    char **defaults = self->plan->settings.mount_default_fields.texts;
    unsigned given = defaults != NULL ? g_strv_length(defaults) : 0;
    for (unsigned i = 0; i < 6; i++) {
        if (i < given && defaults[i][0] != '\0')
            fields[i] = defaults[i];
        if (mount->fields[i] != NULL && mount->fields[i][0] != '\0')
            fields[i] = mount->fields[i];
        if (fields[i] == NULL) {
            g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                        "a mount needs a device and a path");
            return NULL;
        }
        if (!check_field(fields[i], error))
            return NULL;
    }
    g_autofree char *device =
        fields[0][0] != '/' && strchr(fields[0], '=') == NULL && strchr(fields[0], ':') == NULL &&
                strlen(fields[0]) <= 8 &&
                (g_str_has_prefix(fields[0], "sd") || g_str_has_prefix(fields[0], "vd") ||
                 g_str_has_prefix(fields[0], "xvd") || g_str_has_prefix(fields[0], "nvme"))
            ? g_strdup_printf("/dev/%s", fields[0])
            : g_strdup(fields[0]);
    return g_strdup_printf("%s\t%s\t%s\t%s,%s\t%s\t%s", device, fields[1], fields[2], fields[3],
                           MARK, fields[4], fields[5]);
}

static bool device_is_there(char **lines, const char *line)
{
    size_t size = strcspn(line, " \t");
    for (char **other = lines; *other != NULL; other++)
        if (strstr(*other, MARK) == NULL && strncmp(*other, line, size) == 0 &&
            g_ascii_isspace((*other)[size]))
            return true;
    return false;
}

static bool make_mount_point(ProvisionApply *self, const char *line, GError **error)
{
    g_auto(GStrv) fields = g_strsplit(line, "\t", -1);
    const ProvisionRootOwner owner = {0755, geteuid(), getegid()};
    return fields[1][0] != '/' ||
           provision_root_make_dir(self->root, fields[1], &owner, PROVISION_ROOT_KEEP, NULL, error);
}

static uint64_t swap_size(ProvisionApply *self, const struct statvfs *fs)
{
    const ProvisionSettings *s = &self->plan->settings;
    struct sysinfo info = {0};
    uint64_t max = s->swap_maxsize_bytes > 0 ? (uint64_t)s->swap_maxsize_bytes : UINT64_MAX;
    if (s->swap_size_bytes != -2)
        return MIN((uint64_t)s->swap_size_bytes, max);
    (void)sysinfo(&info);
    uint64_t memory = (uint64_t)info.totalram * info.mem_unit;
    uint64_t free_bytes = (uint64_t)fs->f_bavail * fs->f_frsize;
    uint64_t wanted = memory <= GIB       ? memory
                      : memory <= 2 * GIB ? 2 * GIB
                      : memory <= 8 * GIB ? memory / 2
                                          : 4 * GIB;
    return MIN(MIN(wanted, free_bytes / 4), max);
}

/* Made beside, so that a swap file that is there is one that is whole. */
static bool make_swap_file(ProvisionApply *self, const char *path, bool *out_changed,
                           GError **error)
{
    g_autofree char *name = NULL;
    struct stat st = {0};
    struct statvfs fs = {0};
    if (provision_root_stat(self->root, path, PROVISION_ROOT_DEFAULT, &st))
        return true;
    g_autofree char *beside = g_strdup_printf("%s.atoll-new", path);
    base_autofd dfd = provision_root_open_parent(self->root, beside, PROVISION_ROOT_DEFAULT, true,
                                                 &name, NULL, error);
    if (dfd < 0)
        return false;
    base_autofd fd = openat(dfd, name, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 || fstatvfs(fd, &fs) < 0)
        return base_error_set_errno(error, errno, "making the swap file ‘%s’", path);
    uint64_t size = swap_size(self, &fs);
    const char *const argv[] = {"/usr/sbin/mkswap", beside, NULL};
    int saved_errno = posix_fallocate(fd, 0, (off_t)size);
    if (saved_errno != 0)
        base_error_set_errno(error, saved_errno, "allocating the swap file ‘%s’", path);
    if (saved_errno != 0 || !provision_apply_run(self, argv, NULL, error)) {
        (void)unlinkat(dfd, name, 0);
        return false;
    }
    g_autofree char *last = g_path_get_basename(path);
    if (renameat(dfd, name, dfd, last) < 0)
        return base_error_set_errno(error, errno, "naming the swap file ‘%s’", path);
    *out_changed = true;
    return true;
}

static char *swap_line(ProvisionApply *self, bool *out_changed)
{
    const ProvisionSettings *s = &self->plan->settings;
    const char *path = s->swap_filename.text != NULL ? s->swap_filename.text : "/swap.img";
    static const ProvisionPlace unsaid = {.key = "swap"};
    const ProvisionPlace *at = s->swap_filename.text != NULL ? &s->swap_filename.at : &unsaid;
    g_autoptr(GError) local = NULL;
    bool changed = false;
    if (s->swap_size_bytes == -1 || s->swap_size_bytes == 0)
        return NULL;
    bool good = check_field(path, &local) && make_swap_file(self, path, &changed, &local);
    *out_changed |= changed;
    char *line = good ? g_strdup_printf("%s\tnone\tswap\tsw,%s\t0\t0", path, MARK) : NULL;
    provision_apply_outcome(self, at, good, changed, g_steal_pointer(&local));
    return line;
}

static bool is_removed_later(GPtrArray *mounts, guint index)
{
    const ProvisionMount *mount = mounts->pdata[index];
    for (guint i = index + 1; i < mounts->len; i++) {
        const ProvisionMount *later = mounts->pdata[i];
        if (later->remove && g_strcmp0(later->fields[0], mount->fields[0]) == 0)
            return true;
    }
    return mount->remove;
}

static void add_lines(ProvisionApply *self, char **lines, GString *text)
{
    GPtrArray *mounts = self->plan->mounts;
    for (guint i = 0; i < mounts->len; i++) {
        const ProvisionMount *mount = mounts->pdata[i];
        g_autoptr(GError) local = NULL;
        if (is_removed_later(mounts, i))
            continue;
        g_autofree char *line = line_of(self, mount, &local);
        bool there = line != NULL && device_is_there(lines, line);
        bool good = there || (line != NULL && make_mount_point(self, line, &local));
        if (good && !there)
            g_string_append_printf(text, "%s\n", line);
        provision_apply_outcome(self, &mount->at, good, !there, g_steal_pointer(&local));
    }
}

bool provision_apply_mounts(ProvisionApply *self, GError **error)
{
    g_autofree char *before = provision_root_read_text(self->root, FSTAB);
    g_auto(GStrv) lines = g_strsplit(before != NULL ? before : "", "\n", -1);
    g_autoptr(GString) text = g_string_new(NULL);
    bool changed = false;
    for (char **line = lines; *line != NULL; line++)
        if (strstr(*line, MARK) == NULL && (line[1] != NULL || **line != '\0'))
            g_string_append_printf(text, "%s\n", *line);
    add_lines(self, lines, text);
    g_autofree char *swap = swap_line(self, &changed);
    if (swap != NULL)
        g_string_append_printf(text, "%s\n", swap);
    const ProvisionRootOwner owner = {0644, geteuid(), getegid()};
    if (!provision_root_write(self->root, FSTAB, text->str, text->len, &owner,
                              PROVISION_ROOT_FOLLOW | PROVISION_ROOT_SYNC, &changed, error))
        return false;
    if (!changed || !provision_apply_has_systemd(self))
        return true;
    const char *const swapon[] = {"swapon", "-a", NULL};
    const char *const mount[] = {"mount", "-a", NULL};
    g_autoptr(GError) ignored = NULL;
    if ((swap != NULL && !provision_apply_run(self, swapon, NULL, &ignored)) ||
        !provision_apply_run(self, mount, NULL, ignored != NULL ? NULL : &ignored))
        g_debug("%s", ignored != NULL ? ignored->message : "mounting failed");
    provision_apply_systemctl(self, "daemon-reload", NULL);
    return true;
}
