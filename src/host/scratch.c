/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A repo in /tmp for what has not been let in.
 */
#include "host/scratch.h"

#include "base/fd.h"

#include <fcntl.h>

/* What a remote's section may have that matters for a fetch; signatures are our part. */
static const char *const remote_options[] = {
    "url",
    "contenturl",
    "metalink",
    "proxy",
    "http2",
    "tls-permissive",
    "tls-ca-path",
    "tls-client-cert-path",
    "tls-client-key-path",
    "collection-id",
    "unconfigured-state",
};

void host_scratch_clear(HostScratch *self)
{
    g_clear_object(&self->repo);
    g_autoptr(GError) error = NULL;
    if (self->path != NULL && !base_fd_remove_tree(AT_FDCWD, self->path, &error))
        g_debug("%s", error->message); /* it is in /tmp: a leftover harms nobody */
    g_clear_pointer(&self->path, g_free);
}

static bool copy_remote(OstreeRepo *from, const char *remote, GKeyFile *to, GError **error)
{
    g_autofree char *section = g_strdup_printf("remote \"%s\"", remote);
    g_key_file_set_string(to, section, "gpg-verify", "false");
    for (unsigned i = 0; i < G_N_ELEMENTS(remote_options); i++) {
        g_autofree char *value = NULL;
        if (!ostree_repo_get_remote_option(from, remote, remote_options[i], NULL, &value, error)) {
            g_prefix_error(
                error, "the host has no remote ‘%s’: add it to /etc/ostree/remotes.d: ", remote);
            return false;
        }
        if (value != NULL)
            g_key_file_set_string(to, section, remote_options[i], value);
    }
    return true;
}

bool host_scratch_open(HostScratch *self, OstreeRepo *host_repo, const char *remote, GError **error)
{
    self->path = g_dir_make_tmp("atoll-host-XXXXXX", error);
    if (self->path == NULL)
        return false;
    g_autoptr(GFile) dir = g_file_new_for_path(self->path);
    self->repo = ostree_repo_new(dir);
    if (!ostree_repo_create(self->repo, OSTREE_REPO_MODE_ARCHIVE, NULL, error))
        return false;
    g_autoptr(GKeyFile) config = ostree_repo_copy_config(self->repo);
    return copy_remote(host_repo, remote, config, error) &&
           ostree_repo_write_config(self->repo, config, error) &&
           ostree_repo_reload_config(self->repo, NULL, error);
}
