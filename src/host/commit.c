/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the host wants to know of a commit.
 */
#include "host/commit.h"

HostCommit *host_commit_load(OstreeRepo *repo, const char *checksum, GError **error)
{
    g_autoptr(HostCommit) self = g_new0(HostCommit, 1);
    self->checksum = g_strdup(checksum);
    if (!ostree_repo_load_variant(repo, OSTREE_OBJECT_TYPE_COMMIT, checksum, &self->object,
                                  error) ||
        !ostree_repo_read_commit_detached_metadata(repo, checksum, &self->detached, NULL, error))
        return NULL;
    self->timestamp = ostree_commit_get_timestamp(self->object);
    g_autoptr(GVariant) metadata = g_variant_get_child_value(self->object, 0);
    g_variant_lookup(metadata, OSTREE_COMMIT_META_KEY_VERSION, "s", &self->version);
    return g_steal_pointer(&self);
}

void host_commit_free(HostCommit *self)
{
    if (self == NULL)
        return;
    g_clear_pointer(&self->object, g_variant_unref);
    g_clear_pointer(&self->detached, g_variant_unref);
    g_free(self->checksum);
    g_free(self->version);
    g_free(self->key);
    g_free(self);
}

char *host_commit_label(const HostCommit *self)
{
    if (self->version == NULL)
        return g_strdup(self->checksum);
    g_autofree char *version = g_strescape(self->version, NULL);
    return g_strdup_printf("%s (%.12s…)", version, self->checksum);
}
