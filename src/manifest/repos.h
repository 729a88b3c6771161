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

G_END_DECLS
