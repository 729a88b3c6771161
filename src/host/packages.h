/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

/**
 * HostPackage:
 * @name: (owned)
 * @arch: (owned)
 * @old: (owned) (nullable): version in the one image
 * @new: (owned) (nullable): version in the other
 * @advisories: (owned): what the update mends, "DSA-1 (important)", …; %NULL-terminated
 *
 * A package that two images do not have alike.
 */
typedef struct {
    char *name;
    char *arch;
    char *old;
    char *new;
    char **advisories;
} HostPackage;

/**
 * host_packages_compare:
 * @old: metadata of a commit
 * @new: metadata of another
 *
 * Goes by what the commits themselves list: ‘atoll.packages’, and ‘rpmostree.advisories’ of the new
 * one.
 *
 * Returns: (transfer full) (nullable) (element-type HostPackage): the differences by name; %NULL
 *   when one of them has no list
 */
GPtrArray *host_packages_compare(GVariant *old, GVariant *new);

G_END_DECLS
