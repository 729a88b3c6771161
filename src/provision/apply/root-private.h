/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/apply/label.h"
#include "provision/apply/root.h"

struct _ProvisionRoot {
    char *path;
    int fd;
    bool is_running;
    uid_t owner;
    ProvisionRootWatch watch;
    bool labels_known; /* opened when something is made: most runs make nothing */
    ProvisionLabels *labels;
};

/** provision_root_label: what was just made at @name of @dfd gets the label of @path */
bool provision_root_label(ProvisionRoot *self, int dfd, const char *name, const char *path,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_root_check_writable: an error when the place is in /proc, /sys or their like */
bool provision_root_check_writable(int dfd, const char *path,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
