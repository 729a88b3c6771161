/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/package.h"
#include "tree/error.h"

G_BEGIN_DECLS

/**
 * TreeReproduce:
 * @metadata: of the commit to make again
 * @parent: (nullable): checksum of its parent
 * @public_key: base64 of the key that is in its tree
 * @packages: (element-type PackagesPackage): its packages; with a path or a URL where the store
 *   has not imported them
 * @timestamp_s: its time
 *
 * What a compose takes from a commit instead of finding it out. All borrowed.
 */
typedef struct {
    GVariant *metadata;
    const char *parent;
    const char *public_key;
    GPtrArray *packages;
    uint64_t timestamp_s;
} TreeReproduce;

G_END_DECLS
