/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/yaml.h"
#include "manifest/manifest.h"

typedef struct _JsonBuilder JsonBuilder;

G_BEGIN_DECLS

/**
 * manifest_rpm_repo_parse:
 * @yaml: the document
 * @node: a mapping of "repos" with "type: rpm"
 * @repo: gets all but name and URLs that are spelt as a Debian repository's
 * @error: %BASE_ERROR_INVALID, with the place
 */
bool manifest_rpm_repo_parse(const BaseYaml *yaml, const BaseYamlNode *node, ManifestRepo *repo,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * manifest_rpm_repo_check:
 * @repo: a repository with its rpm part, variables replaced
 * @error: %MANIFEST_ERROR_INVALID, with the place: no URL, no key where one is needed, a key
 *   that is not there
 */
bool manifest_rpm_repo_check(const ManifestRepo *repo, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * manifest_rpm_repo_print:
 * @repo: a repository with its rpm part
 * @json: gets an object
 * @for_digest: keys by the digest of their contents
 * @error: a key that cannot be read
 */
bool manifest_rpm_repo_print(const ManifestRepo *repo, JsonBuilder *json, bool for_digest,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** manifest_rpm_repo_is_armoured: whether one of gpgkeys is a key itself, not a file's name */
bool manifest_rpm_repo_is_armoured(const char *key);

G_END_DECLS
