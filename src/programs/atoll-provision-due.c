/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-provision-due: whether this boot has anything to set up. Exits with 0 when it has, and with
 * 1 after it has put into /run what a boot with nothing to do leaves there. It runs at every boot,
 * so it uses libc only; in doubt there is something to do.
 */
#include "provision/state/facts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Waits until udev has got to the end of what the kernel found: before that cards have not got
 * their names, and some disks are missing. */
static bool settle(int root)
{
    static const char *const argv[] = {"udevadm", "settle", "--timeout=20", NULL};
    pid_t pid = 0;
    int status = 0;
    return faccessat(root, "run/udev/control", F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
           posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)argv, environ) == 0 &&
           waitpid(pid, &status, 0) == pid && status == 0;
}

/* udev is asked where it may make a difference: it is at work, or devices are all that differ. */
static bool facts_hold(int root)
{
    bool busy = faccessat(root, "run/udev/queue", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    bool of_devices = false;
    bool hold = provision_facts_hold(root, &of_devices);
    if (hold ? !busy : !of_devices)
        return hold;
    return settle(root) && provision_facts_hold(root, &of_devices);
}

static bool copy_bytes(int from, int to)
{
    char buffer[16384];
    ssize_t n = 0;
    while ((n = read(from, buffer, sizeof buffer)) > 0)
        if (write(to, buffer, (size_t)n) != n)
            return false;
    return n == 0;
}

static bool copy_link(int from, const char *name, int to)
{
    char target[1024];
    ssize_t n = readlinkat(from, name, target, sizeof target - 1);
    if (n < 0)
        return false;
    target[n] = '\0';
    return symlinkat(target, to, name) == 0;
}

static bool copy_file(int from, const char *name, int to)
{
    struct stat st;
    int source = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (source < 0)
        return errno == ELOOP && copy_link(from, name, to);
    /* nothing is readable to others before it is whole */
    int target = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good = target >= 0 && fstat(source, &st) == 0 && copy_bytes(source, target) &&
                fchmod(target, st.st_mode & 07777) == 0;
    if (target >= 0)
        (void)close(target);
    (void)close(source);
    return good;
}

/* The files of one directory, which is made if need be. */
static bool copy_dir(int root, const char *from_path, const char *to_path, mode_t mode)
{
    int from = openat(root, from_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = (mkdirat(root, to_path, mode) == 0 || errno == EEXIST) && from >= 0;
    int to = good ? openat(root, to_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    DIR *dir = to >= 0 ? fdopendir(from) : NULL;
    good = dir != NULL;
    for (struct dirent *entry = NULL; good && (entry = readdir(dir)) != NULL;)
        good = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
               copy_file(from, entry->d_name, to);
    if (dir != NULL)
        (void)closedir(dir);
    else if (from >= 0)
        (void)close(from);
    if (to >= 0)
        (void)close(to);
    return good;
}

int main(int argc, char **argv)
{
    int root = open(argc > 1 ? argv[1] : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat st;
    /* a second run in one boot is somebody's wish */
    if (root < 0 || fstatat(root, "run/cloud-init/status.json", &st, AT_SYMLINK_NOFOLLOW) == 0 ||
        !facts_hold(root))
        return 0;
    (void)mkdirat(root, "run/atoll", 0755);
    bool good = copy_dir(root, PROVISION_FACTS_RUN "/provision", "run/atoll/provision", 0700) &&
                copy_dir(root, PROVISION_FACTS_RUN "/cloud-init", "run/cloud-init", 0755);
    int mark =
        good ? openat(root, PROVISION_FACTS_SETTLED, O_WRONLY | O_CREAT | O_CLOEXEC, 0644) : -1;
    if (mark < 0)
        return 0;
    (void)puts("atoll-provision: this host is set up, there is nothing to do");
    return 1;
}
