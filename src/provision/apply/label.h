/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/apply/root.h"

G_BEGIN_DECLS

/**
 * ProvisionLabels:
 *
 * The SELinux labels that a root's own policy wants for its paths.
 */
typedef struct _ProvisionLabels ProvisionLabels;

/**
 * provision_labels_open:
 * @root: a root
 *
 * libselinux is loaded only by a root that has a policy.
 *
 * Returns: (nullable): %NULL when the root has none, or SELinux is off in its /etc/selinux/config
 */
ProvisionLabels *provision_labels_open(ProvisionRoot *root);
void provision_labels_free(ProvisionLabels *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProvisionLabels, provision_labels_free)

/**
 * provision_labels_set:
 * @self: (nullable): labels; nothing is done without
 * @dfd: directory of what is labelled
 * @name: its name there, also a temporary one; a link is labelled itself
 * @path: the path of the root that it is for, without links
 * @error: return location
 *
 * A file system that takes no labels is no error.
 */
bool provision_labels_set(ProvisionLabels *self, int dfd, const char *name, const char *path,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
