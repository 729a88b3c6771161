/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Makes an ext4 file system inside a disk file: its size, mke2fs's options, opening and closing.
 * Filling it is ext4-fill.c.
 */
#include "image/ext4.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/run.h"
#include "image/error.h"
#include "image/ext4-private.h"
#include "image/layout.h"

#include <dirent.h>
#include <errno.h>
#include <et/com_err.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define INODE_BYTES 256
#define BYTES_PER_INODE 16384
#define MAX_JOURNAL_BYTES (64 * IMAGE_MIB)

/* What the kernels and the GRUB of every supported distribution read; stated in full, so that
 * the machine's own mke2fs.conf has no say. */
#define FEATURES                                                                                   \
    "none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,"              \
    "sparse_super,large_file,huge_file,dir_nlink,extra_isize,metadata_csum"

bool image_ext4_set_error(GError **error, errcode_t code, const char *what)
{
    if (code == EXT2_ET_BLOCK_ALLOC_FAIL || code == EXT2_ET_INODE_ALLOC_FAIL)
        g_set_error(error, IMAGE_ERROR, IMAGE_ERROR_SIZE, "%s: the root partition is full", what);
    else if (code == ENOSPC || code == EDQUOT)
        base_error_set_errno(error, (int)code, "%s", what);
    else
        g_set_error(error, IMAGE_ERROR, IMAGE_ERROR_FAILED, "%s: %s", what, error_message(code));
    return false;
}

static bool measure_dir(int dir_fd, GHashTable *seen, ImageExt4Usage *usage, GError **error);

static bool measure_entry(int dir_fd, const char *name, GHashTable *seen, ImageExt4Usage *usage,
                          GError **error)
{
    struct stat st;
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        int saved_errno = errno;
        return base_error_set_errno(error, saved_errno, "measuring ‘%s’", name);
    }
    if (S_ISDIR(st.st_mode)) {
        base_autofd child_fd = base_fd_open_dir(dir_fd, name, error);
        return child_fd >= 0 && measure_dir(child_fd, seen, usage, error);
    }
    if (st.st_nlink > 1) {
        gint64 key = (gint64)st.st_ino;
        if (!g_hash_table_add(seen, g_memdup2(&key, sizeof key)))
            return true;
    }
    usage->inodes++;
    if (S_ISREG(st.st_mode))
        usage->bytes += ((uint64_t)st.st_size + IMAGE_EXT4_BLOCK_BYTES - 1) /
                        IMAGE_EXT4_BLOCK_BYTES * IMAGE_EXT4_BLOCK_BYTES;
    return true;
}

static bool measure_dir(int dir_fd, GHashTable *seen, ImageExt4Usage *usage, GError **error)
{
    usage->inodes++;
    usage->bytes += IMAGE_EXT4_BLOCK_BYTES;
    DIR *dir = fdopendir(dup(dir_fd));
    if (dir == NULL) {
        int saved_errno = errno;
        return base_error_set_errno(error, saved_errno, "reading a directory");
    }
    rewinddir(dir);
    bool ok = true;
    for (struct dirent *entry = readdir(dir); ok && entry != NULL; entry = readdir(dir))
        if (!g_str_equal(entry->d_name, ".") && !g_str_equal(entry->d_name, ".."))
            ok = measure_entry(dir_fd, entry->d_name, seen, usage, error);
    closedir(dir);
    return ok;
}

bool image_ext4_measure(int source_dfd, ImageExt4Usage *out_usage, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    ImageExt4Usage usage = {0};
    if (!measure_dir(source_dfd, seen, &usage, error))
        return false;
    *out_usage = usage;
    return true;
}

uint64_t image_ext4_size_bytes(const ImageExt4Usage *usage)
{
    /* Inode tables come with the size; if there are many small files, they decide it. */
    uint64_t by_inodes = usage->inodes * BYTES_PER_INODE * 21 / 20;
    uint64_t by_bytes = usage->bytes + usage->bytes / 20 + MAX_JOURNAL_BYTES + 16 * IMAGE_MIB;
    uint64_t size_bytes = MAX(by_bytes, by_inodes);
    size_bytes += size_bytes * INODE_BYTES / BYTES_PER_INODE;
    return (size_bytes + IMAGE_MIB - 1) / IMAGE_MIB * IMAGE_MIB;
}

static uint64_t journal_bytes(uint64_t size_bytes)
{
    return CLAMP(size_bytes / 32 / IMAGE_MIB * IMAGE_MIB, 4 * IMAGE_MIB, MAX_JOURNAL_BYTES);
}

static bool make_empty(const ImageExt4 *self, GCancellable *cancellable, GError **error)
{
    g_autofree char *size = g_strdup_printf("%" G_GUINT64_FORMAT "k", self->size_bytes / 1024);
    g_autofree char *extended = g_strdup_printf(
        "offset=%" G_GUINT64_FORMAT ",hash_seed=%s,root_owner=0:0,assume_storage_prezeroed=1,"
        "lazy_itable_init=0,nodiscard",
        self->offset_bytes, self->uuid);
    g_autofree char *inode_ratio = g_strdup_printf("%d", BYTES_PER_INODE);
    g_autofree char *inode_bytes = g_strdup_printf("%d", INODE_BYTES);
    g_autofree char *block_bytes = g_strdup_printf("%u", IMAGE_EXT4_BLOCK_BYTES);
    g_autofree char *journal =
        g_strdup_printf("size=%" G_GUINT64_FORMAT, journal_bytes(self->size_bytes) / IMAGE_MIB);
    const char *argv[] = {"mke2fs",    "-q", "-F",        "-t", "ext4",      "-b",
                          block_bytes, "-I", inode_bytes, "-i", inode_ratio, "-m",
                          "1",         "-L", self->label, "-U", self->uuid,  "-O",
                          FEATURES,    "-J", journal,     "-E", extended,    self->path,
                          size,        NULL};
    g_auto(GStrv) env = g_get_environ();
    g_autofree char *now = g_strdup_printf("%" G_GINT64_FORMAT, self->timestamp);
    env = g_environ_setenv(env, "E2FSPROGS_FAKE_TIME", now, TRUE);
    env = g_environ_setenv(env, "MKE2FS_CONFIG", "/dev/null", TRUE);
    const char *path = g_environ_getenv(env, "PATH");
    g_autofree char *sbin_path = g_strdup_printf("%s:/usr/sbin:/sbin", path != NULL ? path : "");
    env = g_environ_setenv(env, "PATH", sbin_path, TRUE);
    g_autofree char *program = g_find_program_in_path("mke2fs");
    if (program == NULL)
        argv[0] = "/usr/sbin/mke2fs";
    BaseRun run = {.argv = argv,
                   .env = (const char *const *)env,
                   .what = "making root file system",
                   .flags = BASE_RUN_DIE_WITH_PARENT};
    return base_run(&run, NULL, cancellable, error);
}

static bool fill(ImageExt4Fill *job, int source_dfd, GError **error)
{
    errcode_t code = ext2fs_read_bitmaps(job->fs);
    if (code != 0)
        return image_ext4_set_error(error, code, "reading bitmaps of the root file system");
    job->fs->now = job->shape->timestamp;
    return image_ext4_fill(job, source_dfd, error);
}

bool image_ext4_write(const ImageExt4 *self, int source_dfd, const ImageExt4Usage *usage,
                      const BaseProgress *progress, GCancellable *cancellable, GError **error)
{
    g_assert(self->timestamp > 0);
    if (!make_empty(self, cancellable, error))
        return false;
    base_autofd disk_fd = open(self->path, O_RDWR | O_CLOEXEC);
    if (disk_fd < 0) {
        int saved_errno = errno;
        return base_error_set_errno(error, saved_errno, "opening ‘%s’", self->path);
    }
    g_autofree char *io_options = g_strdup_printf("offset=%" G_GUINT64_FORMAT, self->offset_bytes);
    ImageExt4Fill job = {.disk_fd = disk_fd,
                         .shape = self,
                         .total_bytes = usage->bytes,
                         .progress = progress,
                         .cancellable = cancellable};
    errcode_t code = ext2fs_open2(self->path, io_options, EXT2_FLAG_RW | EXT2_FLAG_64BITS, 0, 0,
                                  unix_io_manager, &job.fs);
    if (code != 0)
        return image_ext4_set_error(error, code, "opening root file system");
    if (!fill(&job, source_dfd, error)) {
        ext2fs_free(job.fs);
        return false;
    }
    code = ext2fs_close_free(&job.fs);
    if (code != 0)
        return image_ext4_set_error(error, code, "closing root file system");
    return true;
}
