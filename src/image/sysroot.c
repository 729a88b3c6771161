/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The OSTree sysroot of a new disk, made with libostree in a scratch directory: repository,
 * stateroot, first deployment, and the links that make libostree write the boot menu.
 */
#include "image/sysroot.h"

#include "base/error.h"
#include "base/fd.h"
#include "boot/counter.h"
#include "boot/environment.h"
#include "boot/menu.h"
#include "image/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_SHADOW_BYTES (1u << 20)

/* The menu that libostree starts from; it keeps what is outside of entries. Tenths of seconds. */
#define EMPTY_MENU "TIMEOUT 10\n"

static bool make_link(int dfd, const char *target, const char *path, GError **error)
{
    if (symlinkat(target, dfd, path) == 0)
        return true;
    int saved_errno = errno;
    return base_error_set_errno(error, saved_errno, "linking ‘%s’", path);
}

static bool write_file(int dfd, const char *path, const char *text, mode_t mode, GError **error)
{
    return base_fd_replace_file(dfd, path, text, strlen(text), mode, BASE_FD_REPLACE_NO_SYNC,
                                error);
}

/* /boot/syslinux/syslinux.cfg is what makes libostree choose its syslinux backend; being a link
 * through /boot/loader, it flips with it. */
static bool write_boot(int dfd, GError **error)
{
    g_autofree char *script = boot_menu_script();
    return base_fd_make_dirs(dfd, "boot/loader.0", 0755, error) &&
           base_fd_make_dirs(dfd, "boot/syslinux", 0755, error) &&
           base_fd_make_dirs(dfd, "boot/grub", 0755, error) &&
           write_file(dfd, "boot/loader.0/syslinux.cfg", EMPTY_MENU, 0644, error) &&
           make_link(dfd, "loader.0", "boot/loader", error) &&
           make_link(dfd, "../loader/syslinux.cfg", "boot/syslinux/syslinux.cfg", error) &&
           write_file(dfd, "boot/grub/grub.cfg", script, 0644, error);
}

static bool configure_repo(OstreeRepo *repo, const ImageSysrootOptions *options, GError **error)
{
    g_autoptr(GKeyFile) config = ostree_repo_copy_config(repo);
    g_key_file_set_string(config, "sysroot", "bootloader", "syslinux");
    g_key_file_set_boolean(config, "sysroot", "readonly", TRUE);
    if (options->update_url != NULL) {
        g_autofree char *group = g_strdup_printf("remote \"%s\"", options->remote);
        g_key_file_set_string(config, group, "url", options->update_url);
        g_key_file_set_boolean(config, group, "gpg-verify", FALSE);
        g_key_file_set_string(config, group, "sign-verify", "ed25519");
    }
    return ostree_repo_write_config(repo, config, error) &&
           ostree_repo_reload_config(repo, NULL, error);
}

typedef struct {
    const BaseProgress *progress;
} PullWatch;

static void on_pull_changed(OstreeAsyncProgress *progress, gpointer user_data)
{
    const PullWatch *watch = user_data;
    guint fetched = ostree_async_progress_get_uint(progress, "fetched");
    guint requested = ostree_async_progress_get_uint(progress, "requested");
    base_progress_update(watch->progress, fetched, requested, "objects");
}

static bool pull(OstreeRepo *repo, const ImageSysrootOptions *options, const BaseProgress *progress,
                 GCancellable *cancellable, GError **error)
{
    const char *const refs[] = {options->commit, NULL};
    g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&builder, "{sv}", "refs", g_variant_new_strv(refs, -1));
    /* A damaged repository is found here and not on a host; and objects become root's, whoever
     * owns that repository. */
    g_variant_builder_add(&builder, "{sv}", "flags",
                          g_variant_new_int32(OSTREE_REPO_PULL_FLAGS_UNTRUSTED));
    g_autoptr(GVariant) pull_options = g_variant_ref_sink(g_variant_builder_end(&builder));
    g_autofree char *path = g_file_get_path(ostree_repo_get_path(options->repo));
    g_autofree char *url = g_strdup_printf("file://%s", path);
    PullWatch watch = {.progress = progress};
    g_autoptr(OstreeAsyncProgress) async =
        ostree_async_progress_new_and_connect(on_pull_changed, &watch);
    bool ok = ostree_repo_pull_with_options(repo, url, pull_options, async, cancellable, error);
    ostree_async_progress_finish(async);
    return ok && (options->ref == NULL ||
                  ostree_repo_set_ref_immediate(repo, options->remote, options->ref,
                                                options->commit, cancellable, error));
}

OstreeSysroot *image_sysroot_pull(const char *path, const ImageSysrootOptions *options,
                                  const BaseProgress *progress, GCancellable *cancellable,
                                  GError **error)
{
    base_autofd dfd = base_fd_open_dir(AT_FDCWD, path, error);
    if (dfd < 0 || !write_boot(dfd, error))
        return NULL;
    g_autoptr(GFile) file = g_file_new_for_path(path);
    g_autoptr(OstreeSysroot) sysroot = ostree_sysroot_new(file);
    g_autoptr(OstreeRepo) repo = NULL;
    if (!ostree_sysroot_ensure_initialized(sysroot, cancellable, error) ||
        !ostree_sysroot_load(sysroot, cancellable, error) ||
        !ostree_sysroot_init_osname(sysroot, options->stateroot, cancellable, error) ||
        !ostree_sysroot_get_repo(sysroot, &repo, cancellable, error))
        return NULL;
    /* scratch: the disk is synced once, as a whole */
    ostree_repo_set_disable_fsync(repo, TRUE);
    if (!configure_repo(repo, options, error) ||
        !pull(repo, options, progress, cancellable, error)) {
        g_prefix_error(error, "copying commit %.12s: ", options->commit);
        return NULL;
    }
    return g_steal_pointer(&sysroot);
}

static bool set_root_password(int deployment_dfd, const char *hash, GError **error)
{
    g_autoptr(GBytes) bytes =
        base_fd_read_file(deployment_dfd, "etc/shadow", MAX_SHADOW_BYTES, error);
    if (bytes == NULL) {
        g_prefix_error(error, "setting root's password: ");
        return false;
    }
    g_auto(GStrv) lines = g_strsplit(g_bytes_get_data(bytes, NULL), "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_auto(GStrv) fields = g_strsplit(*line, ":", -1);
        if (g_strv_length(fields) < 3 || !g_str_equal(fields[0], "root"))
            continue;
        g_free(fields[1]);
        fields[1] = g_strdup(hash);
        g_free(*line);
        *line = g_strjoinv(":", fields);
        g_autofree char *text = g_strjoinv("\n", lines);
        struct stat st;
        if (fstatat(deployment_dfd, "etc/shadow", &st, AT_SYMLINK_NOFOLLOW) != 0) {
            int saved_errno = errno;
            return base_error_set_errno(error, saved_errno, "reading ‘etc/shadow’");
        }
        if (!write_file(deployment_dfd, "etc/shadow", text, st.st_mode & 07777, error))
            return false;
        if (fchownat(deployment_dfd, "etc/shadow", st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) !=
            0) {
            int saved_errno = errno;
            return base_error_set_errno(error, saved_errno, "writing ‘etc/shadow’");
        }
        return true;
    }
    g_set_error(error, IMAGE_ERROR, IMAGE_ERROR_TREE, "the tree's /etc/shadow has no root");
    return false;
}

static bool set_ssh_key(int sysroot_fd, const char *stateroot, const char *key, GError **error)
{
    g_autofree char *dir = g_strdup_printf("ostree/deploy/%s/var/roothome/.ssh", stateroot);
    g_autofree char *home = g_path_get_dirname(dir);
    g_autofree char *path = g_build_filename(dir, "authorized_keys", NULL);
    g_autofree char *line = g_strdup_printf("%s\n", key);
    return base_fd_make_dirs(sysroot_fd, home, 0700, error) &&
           base_fd_make_dirs(sysroot_fd, dir, 0700, error) &&
           write_file(sysroot_fd, path, line, 0600, error);
}

static OstreeDeployment *deploy_tree(OstreeSysroot *sysroot, const ImageSysrootOptions *options,
                                     GCancellable *cancellable, GError **error)
{
    g_autofree char *refspec = options->ref != NULL
                                   ? g_strdup_printf("%s:%s", options->remote, options->ref)
                                   : g_strdup(options->commit);
    g_autoptr(GKeyFile) origin = ostree_sysroot_origin_new_from_refspec(sysroot, refspec);
    g_autoptr(OstreeDeployment) deployment = NULL;
    if (!ostree_sysroot_deploy_tree(sysroot, options->stateroot, options->commit, origin, NULL,
                                    (char **)options->kargs, &deployment, cancellable, error) ||
        !ostree_sysroot_simple_write_deployment(sysroot, options->stateroot, deployment, NULL,
                                                OSTREE_SYSROOT_SIMPLE_WRITE_DEPLOYMENT_FLAGS_NONE,
                                                cancellable, error) ||
        /* or the scratch directory could not be removed; the disk gets the flag again */
        !ostree_sysroot_deployment_set_mutable(sysroot, deployment, TRUE, cancellable, error))
        return NULL;
    return g_steal_pointer(&deployment);
}

/* A tree without the program that finds versions good would use up its tries with being started. */
static bool write_counter(int sysroot_fd, int deployment_dfd, GError **error)
{
    bool is_blessed = faccessat(deployment_dfd, "usr/bin/atoll-host", F_OK, 0) == 0;
    char block[BOOT_ENVIRONMENT_BYTES];
    boot_environment_print(BOOT_COUNTER_NAME,
                           is_blessed ? boot_counter_name(BOOT_COUNTER_NEW_3) : BOOT_COUNTER_OFF,
                           block);
    return base_fd_replace_file(sysroot_fd, BOOT_ENVIRONMENT_PATH, block, sizeof block, 0644,
                                BASE_FD_REPLACE_NO_SYNC, error);
}

bool image_sysroot_deploy(OstreeSysroot *sysroot, const ImageSysrootOptions *options,
                          char **out_path, GCancellable *cancellable, GError **error)
{
    g_autoptr(OstreeDeployment) deployment = deploy_tree(sysroot, options, cancellable, error);
    if (deployment == NULL) {
        g_prefix_error(error, "deploying commit %.12s: ", options->commit);
        return false;
    }
    g_autofree char *path = ostree_sysroot_get_deployment_dirpath(sysroot, deployment);
    int sysroot_fd = ostree_sysroot_get_fd(sysroot);
    base_autofd deployment_dfd = base_fd_open_dir(sysroot_fd, path, error);
    if (deployment_dfd < 0 || !write_counter(sysroot_fd, deployment_dfd, error))
        return false;
    if (options->root_password_hash != NULL &&
        !set_root_password(deployment_dfd, options->root_password_hash, error))
        return false;
    if (options->ssh_key != NULL &&
        !set_ssh_key(sysroot_fd, options->stateroot, options->ssh_key, error))
        return false;
    *out_path = g_steal_pointer(&path);
    return true;
}
