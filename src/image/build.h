/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/digest.h"
#include "base/progress.h"
#include "image/formats/format.h"
#include "image/layout.h"

#include <stdbool.h>

G_BEGIN_DECLS

/**
 * ImageBuildOptions:
 * @repo_path: OSTree repository, archive or bare-user
 * @ref: branch name or commit checksum
 * @scratch_dir: directory for temporary files, on a file system with room for the disk; made
 * @images_dir: where the image goes when @output_path is %NULL; made
 * @output_path: (nullable): the image file
 * @format: one of image_formats()
 * @disk_bytes: size of the disk; 0 for content and room for an update
 * @stateroot: (nullable): name of the stateroot; %NULL means "atoll"
 * @kargs: (nullable): %NULL-terminated kernel arguments; one replaces the default of its name
 * @root_password_hash: (nullable): crypt(5) hash for root
 * @ssh_key: (nullable): public key that may log in as root
 * @update_url: (nullable): URL of the published repository that the host follows
 */
typedef struct {
    const char *repo_path;
    const char *ref;
    const char *scratch_dir;
    const char *images_dir;
    const char *output_path;
    const ImageFormat *format;
    uint64_t disk_bytes;
    const char *stateroot;
    const char *const *kargs;
    const char *root_password_hash;
    const char *ssh_key;
    const char *update_url;
} ImageBuildOptions;

/**
 * ImageBuildResult:
 * @path: the image
 * @commit: its commit
 * @version: (nullable): the commit's version
 * @file_bytes: length of the file
 * @disk_bytes: length of the disk in it
 * @sha256: digest of the file
 * @root_uuid: UUID of the root file system
 */
typedef struct {
    char *path;
    char *commit;
    char *version;
    uint64_t file_bytes;
    uint64_t disk_bytes;
    char sha256[BASE_SHA256_HEX_CHARS + 1];
    char root_uuid[IMAGE_UUID_CHARS + 1];
} ImageBuildResult;

void image_build_result_clear(ImageBuildResult *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ImageBuildResult, image_build_result_clear)

/**
 * image_build:
 * @options: what to build
 * @progress: (nullable): who listens
 * @cancellable: (nullable): stops it
 * @out_result: what was built
 * @error: an #ImageError, or what the layer below says
 *
 * Makes a disk image that boots under BIOS and UEFI out of a commit, without loop devices or
 * mounts. Needs base_userns_enter() before. The image appears under its name only when it is
 * complete and on disk; scratch space is given back also on failure.
 */
bool image_build(const ImageBuildOptions *options, const BaseProgress *progress,
                 GCancellable *cancellable, ImageBuildResult *out_result,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
