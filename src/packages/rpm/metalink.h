/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/error.h"

#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

#define PACKAGES_METALINK_MAX_BYTES (4u << 20)

/**
 * PackagesMetalink:
 * @bases: (owned) (element-type utf8): URLs of mirrors of the repository, without "/" at their
 *   ends, the preferred ones first
 * @digests: (owned) (element-type utf8): SHA-256 of each repomd.xml that a mirror may have: the
 *   newest, and those before it that are still good; empty for a plain list of mirrors
 *
 * Where a repository is, and what it holds.
 */
typedef struct {
    GPtrArray *bases;
    GPtrArray *digests;
} PackagesMetalink;

void packages_metalink_free(PackagesMetalink *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PackagesMetalink, packages_metalink_free)

/**
 * packages_metalink_parse:
 * @text: a metalink (version 3, as MirrorManager writes it) for repomd.xml
 * @error: %PACKAGES_ERROR_INVALID: no XML, no repomd.xml, no mirror, no SHA-256
 */
PackagesMetalink *packages_metalink_parse(GBytes *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * packages_metalink_parse_list:
 * @text: a mirrorlist: a URL on each line, "#" before comments
 * @error: %PACKAGES_ERROR_INVALID when it has no URL
 */
PackagesMetalink *packages_metalink_parse_list(GBytes *text,
                                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** packages_metalink_allows: whether a repomd.xml with the digest @sha256 is one of its own */
bool packages_metalink_allows(const PackagesMetalink *self, const char *sha256);

G_END_DECLS
