/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/yaml.h"
#include "manifest/manifest.h"

G_BEGIN_DECLS

/**
 * manifest_repos_parse:
 * @yaml: the document
 * @node: the value of "repos"
 * @repos: (element-type ManifestRepo): gets the repositories
 * @error: %BASE_ERROR_INVALID, with the place
 */
bool manifest_repos_parse(const BaseYaml *yaml, const BaseYamlNode *node, GPtrArray *repos,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * manifest_repo_check:
 * @repo: a repository, variables replaced
 * @error: %MANIFEST_ERROR_INVALID, with the place
 */
bool manifest_repo_check(const ManifestRepo *repo, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * manifest_repos_load_named:
 * @manifest: a finished manifest
 * @error: %MANIFEST_ERROR_INVALID, with the place: no *.repo file has the name, a file is
 *   malformed, repositories of both kinds
 *
 * Replaces the repositories that are only named by what the *.repo files say that lie beside
 * the file that names them, or beside the manifest.
 */
bool manifest_repos_load_named(Manifest *manifest, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
