/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From a commit to a disk image: sysroot in scratch space, boot loader, partition table, file
 * systems, format, and the rename that makes it appear.
 */
#include "image/build.h"

#include "base/error.h"
#include "base/fd.h"
#include "image/error.h"
#include "image/ext4.h"
#include "image/fat.h"
#include "image/grub.h"
#include "image/kargs.h"
#include "image/scratch.h"
#include "image/source.h"
#include "image/sysroot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define REMOTE "atoll"
#define STATEROOT "atoll"
#define ROOT_LABEL "root"
#define GIB (UINT64_C(1) << 30)

/* Everything that the steps hand on to each other. */
typedef struct {
    const ImageBuildOptions *options;
    const BaseProgress *progress;
    GCancellable *cancellable;
    const char *scratch;
    ImageSource source;
    char *sysroot_path;
    char *deployment_path; /* relative to sysroot_path */
    ImageExt4Usage usage;
    ImageLayout layout;
    ImageGrub grub;
} Build;

static void build_clear(Build *self)
{
    image_source_clear(&self->source);
    image_grub_clear(&self->grub);
    g_clear_pointer(&self->sysroot_path, g_free);
    g_clear_pointer(&self->deployment_path, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Build, build_clear)

void image_build_result_clear(ImageBuildResult *self)
{
    g_clear_pointer(&self->path, g_free);
    g_clear_pointer(&self->commit, g_free);
    g_clear_pointer(&self->version, g_free);
}

static bool make_sysroot(Build *build, GError **error)
{
    const ImageBuildOptions *options = build->options;
    build->sysroot_path = g_build_filename(build->scratch, "sysroot", NULL);
    if (!base_fd_make_dirs(AT_FDCWD, build->sysroot_path, 0755, error))
        return false;
    g_auto(GStrv) kargs = image_kargs_merge(build->layout.root_uuid, options->kargs, error);
    if (kargs == NULL)
        return false;
    const ImageSysrootOptions sysroot_options = {
        .repo = build->source.repo,
        .commit = build->source.commit,
        .ref = build->source.ref,
        .remote = REMOTE,
        .update_url = options->update_url,
        .stateroot = options->stateroot != NULL ? options->stateroot : STATEROOT,
        .kargs = (const char *const *)kargs,
        .root_password_hash = options->root_password_hash,
        .ssh_key = options->ssh_key,
    };
    base_progress_phase(build->progress, "copying commit");
    g_autoptr(OstreeSysroot) sysroot = image_sysroot_pull(
        build->sysroot_path, &sysroot_options, build->progress, build->cancellable, error);
    if (sysroot == NULL)
        return false;
    base_progress_phase(build->progress, "deploying");
    return image_sysroot_deploy(sysroot, &sysroot_options, &build->deployment_path,
                                build->cancellable, error);
}

static bool make_boot_loader(Build *build, GError **error)
{
    base_progress_phase(build->progress, "making boot loader");
    g_autofree char *root = g_build_filename(build->sysroot_path, build->deployment_path, NULL);
    return image_grub_build(&build->grub, root, build->scratch, build->layout.root_uuid,
                            build->cancellable, error);
}

/* Identifiers must be known before the deployment, sizes only after: so this comes twice. */
static bool settle_size(Build *build, int sysroot_dfd, GError **error)
{
    if (!image_ext4_measure(sysroot_dfd, &build->usage, error))
        return false;
    uint64_t least_bytes = image_layout_disk_bytes(image_ext4_size_bytes(&build->usage));
    uint64_t disk_bytes = build->options->disk_bytes;
    if (disk_bytes == 0)
        /* room for another deployment while an update is under way */
        disk_bytes = (least_bytes + build->usage.bytes + 2 * GIB - 1) / GIB * GIB;
    if (disk_bytes < least_bytes) {
        g_set_error(error, IMAGE_ERROR, IMAGE_ERROR_SIZE,
                    "a disk of %" G_GUINT64_FORMAT " MiB is too small for ‘%s’: it takes at "
                    "least %" G_GUINT64_FORMAT " MiB, and as much again for updates",
                    disk_bytes / IMAGE_MIB, build->options->ref, least_bytes / IMAGE_MIB);
        return false;
    }
    image_layout_init(&build->layout, disk_bytes, build->source.commit);
    return true;
}

static int create_file(const char *path, uint64_t size_bytes, GError **error)
{
    base_autofd fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0 || ftruncate(fd, (off_t)size_bytes) != 0) {
        int saved_errno = errno;
        base_error_set_errno(error, saved_errno, "creating ‘%s’", path);
        return -1;
    }
    return base_fd_steal(&fd);
}

static bool write_esp(const Build *build, int fd, GError **error)
{
    const ImagePartition *partition = &build->layout.partitions[IMAGE_PARTITION_ESP];
    const ImageFat fat = {.offset_bytes = partition->offset_bytes,
                          .size_bytes = partition->size_bytes,
                          .volume_id = build->layout.esp_volume_id,
                          .label = "ESP"};
    const ImageFatFile files[] = {{"EFI/BOOT/BOOTX64.EFI", build->grub.efi_core}};
    return image_fat_write(&fat, fd, files, G_N_ELEMENTS(files), error);
}

static bool write_root(const Build *build, const char *disk_path, int sysroot_dfd, GError **error)
{
    const ImagePartition *partition = &build->layout.partitions[IMAGE_PARTITION_ROOT];
    const ImageExt4 ext4 = {.path = disk_path,
                            .offset_bytes = partition->offset_bytes,
                            .size_bytes = partition->size_bytes,
                            .uuid = build->layout.root_uuid,
                            .label = ROOT_LABEL,
                            .timestamp = MAX((int64_t)build->source.timestamp, 1),
                            .immutable_path = build->deployment_path};
    base_progress_phase(build->progress, "writing root file system");
    return image_ext4_write(&ext4, sysroot_dfd, &build->usage, build->progress, build->cancellable,
                            error);
}

/* The raw disk at @path, which must not exist. */
static bool write_disk(Build *build, const char *path, GError **error)
{
    base_autofd sysroot_dfd = base_fd_open_dir(AT_FDCWD, build->sysroot_path, error);
    if (sysroot_dfd < 0 || !settle_size(build, sysroot_dfd, error))
        return false;
    base_autofd fd = create_file(path, build->layout.disk_bytes, error);
    return fd >= 0 && image_layout_write(&build->layout, path, error) &&
           image_grub_install_bios(&build->grub, &build->layout, fd, error) &&
           write_esp(build, fd, error) && write_root(build, path, sysroot_dfd, error);
}

/* Brings the raw disk into its format at @path. */
static bool convert_disk(const Build *build, const char *raw_path, const char *path, GError **error)
{
    const ImageFormat *format = build->options->format;
    g_autofree char *phase = g_strdup_printf("writing %s", format->name);
    base_progress_phase(build->progress, phase);
    base_autofd raw_fd = open(raw_path, O_RDONLY | O_CLOEXEC);
    if (raw_fd < 0) {
        int saved_errno = errno;
        return base_error_set_errno(error, saved_errno, "opening ‘%s’", raw_path);
    }
    base_autofd fd = create_file(path, 0, error);
    if (fd < 0)
        return false;
    if (!format->convert(raw_fd, build->layout.disk_bytes, fd, build->progress, build->cancellable,
                         error)) {
        g_prefix_error(error, "writing ‘%s’: ", path);
        return false;
    }
    return true;
}

/* Digest, sync and rename: after it the image is there, whatever happens. */
static bool publish(const Build *build, const char *part_path, const char *path,
                    ImageBuildResult *result, GError **error)
{
    base_progress_phase(build->progress, "syncing image");
    base_autofd fd = open(part_path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0 || fsync(fd) != 0) {
        int saved_errno = errno;
        return base_error_set_errno(error, saved_errno, "syncing ‘%s’", part_path);
    }
    g_autofree char *sha256 = base_sha256_hex_of_fd(fd, error);
    if (sha256 == NULL)
        return false;
    if (rename(part_path, path) != 0) {
        int saved_errno = errno;
        return base_error_set_errno(error, saved_errno, "renaming ‘%s’", part_path);
    }
    g_autofree char *dir = g_path_get_dirname(path);
    base_autofd dir_fd = base_fd_open_dir(AT_FDCWD, dir, error);
    if (dir_fd < 0)
        return false;
    if (fsync(dir_fd) != 0) {
        int saved_errno = errno;
        return base_error_set_errno(error, saved_errno, "syncing ‘%s’", dir);
    }
    result->file_bytes = (uint64_t)st.st_size;
    g_strlcpy(result->sha256, sha256, sizeof result->sha256);
    return true;
}

static char *output_path(const Build *build)
{
    const ImageBuildOptions *options = build->options;
    if (options->output_path != NULL)
        return g_strdup(options->output_path);
    g_autofree char *name = build->source.ref != NULL ? g_strdup(build->source.ref)
                                                      : g_strndup(build->source.commit, 12);
    g_autofree char *version = build->source.version != NULL ? g_strdup(build->source.version)
                                                             : g_strndup(build->source.commit, 12);
    g_strdelimit(name, "/", '-');
    g_strdelimit(version, "/", '-');
    g_autofree char *file = g_strdup_printf("%s-%s.%s", name, version, options->format->suffix);
    return g_build_filename(options->images_dir, file, NULL);
}

static bool write_image(Build *build, const char *path, ImageBuildResult *result, GError **error)
{
    g_autofree char *part_path = g_strdup_printf("%s.part%d", path, getpid());
    g_autofree char *raw_path = g_build_filename(build->scratch, "disk.raw", NULL);
    bool in_place = build->options->format->convert == NULL;
    bool ok = write_disk(build, in_place ? part_path : raw_path, error) &&
              (in_place || convert_disk(build, raw_path, part_path, error)) &&
              publish(build, part_path, path, result, error);
    if (!ok)
        (void)unlink(part_path); /* the error that is reported already says more */
    return ok;
}

static bool run_build(Build *build, ImageBuildResult *out_result, GError **error)
{
    const ImageBuildOptions *options = build->options;
    if (!image_source_open(&build->source, options->repo_path, options->ref, build->cancellable,
                           error))
        return false;
    image_layout_init(&build->layout, image_layout_disk_bytes(1), build->source.commit);
    g_auto(ImageBuildResult) result = {.path = output_path(build)};
    g_autofree char *dir = g_path_get_dirname(result.path);
    if (!base_fd_make_dirs(AT_FDCWD, dir, 0755, error) || !make_sysroot(build, error) ||
        !make_boot_loader(build, error) || !write_image(build, result.path, &result, error))
        return false;
    result.commit = g_strdup(build->source.commit);
    result.version = g_strdup(build->source.version);
    result.disk_bytes = build->layout.disk_bytes;
    g_strlcpy(result.root_uuid, build->layout.root_uuid, sizeof result.root_uuid);
    *out_result = result;
    result = (ImageBuildResult){0};
    return true;
}

bool image_build(const ImageBuildOptions *options, const BaseProgress *progress,
                 GCancellable *cancellable, ImageBuildResult *out_result, GError **error)
{
    g_auto(ImageScratch) scratch = {.fd = -1};
    if (!image_scratch_make(&scratch, options->scratch_dir, error))
        return false;
    g_auto(Build) build = {.options = options,
                           .progress = progress,
                           .cancellable = cancellable,
                           .scratch = scratch.path};
    if (run_build(&build, out_result, error))
        return true;
    g_prefix_error(error, "making image of ‘%s’: ", options->ref);
    return false;
}
