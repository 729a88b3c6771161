/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manifest/manifest.h"
#include "packages/error.h"

G_BEGIN_DECLS

/**
 * PackagesSource:
 * @repo_id: (owned): ManifestRepo.id
 * @url: (owned): base URL (http, https or file:///), without a slash at its end
 * @suite: (owned): suite; a flat repository's ends in "/"
 * @components: (owned): components; empty for a flat repository
 * @keyrings: (owned): paths of OpenPGP keyrings, binary or armoured
 * @inline_key: (owned) (nullable): an armoured key that stands in the source itself
 * @fingerprints: (owned): when not empty, only these keys of the keyrings count
 * @trusted: taken without a signature
 * @ignore_expiry: a Release past its Valid-Until is taken
 * @origin: (owned): "FILE:LINE", for messages
 *
 * One suite of one repository: what has one Release file.
 */
typedef struct {
    char *repo_id;
    char *url;
    char *suite;
    char **components;
    char **keyrings;
    char *inline_key;
    char **fingerprints;
    bool trusted;
    bool ignore_expiry;
    char *origin;
} PackagesSource;

void packages_source_free(PackagesSource *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PackagesSource, packages_source_free)

/** packages_source_is_flat: %TRUE if its index stands beside its Release file */
bool packages_source_is_flat(const PackagesSource *self);

/**
 * PackagesSourcesContext:
 * @repo_id: (borrowed): id of the sources to make
 * @file: (borrowed): name of the file being read, for messages
 * @root: (borrowed): directory that stands for "/" in Signed-By paths; "" for the machine's
 * @arch: (borrowed): sources for other architectures are passed over
 */
typedef struct {
    const char *repo_id;
    const char *file;
    const char *root;
    const char *arch;
} PackagesSourcesContext;

/**
 * packages_sources_parse_list:
 * @context: see #PackagesSourcesContext
 * @data: text in the one-line form of sources.list(5)
 * @size_bytes: its length
 * @sources: (element-type PackagesSource): the enabled binary sources are appended
 * @error: %PACKAGES_ERROR_INVALID names file and line
 */
bool packages_sources_parse_list(const PackagesSourcesContext *context, const char *data,
                                 size_t size_bytes, GPtrArray *sources,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** packages_sources_parse_deb822: as packages_sources_parse_list(), for the .sources form */
bool packages_sources_parse_deb822(const PackagesSourcesContext *context, const char *data,
                                   size_t size_bytes, GPtrArray *sources,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * packages_sources_load:
 * @repos: (element-type ManifestRepo): a manifest's repositories
 * @root: where "host-apt" finds etc/apt; "" for the machine itself
 * @arch: Debian architecture
 * @error: %PACKAGES_ERROR_INVALID names the place
 *
 * Spells out repositories suite by suite; "host-apt" becomes the sources, keyrings and expiry
 * setting of the machine's apt. A suite named twice comes once, with the components of both.
 *
 * Returns: (transfer full) (element-type PackagesSource): at least one source
 */
GPtrArray *packages_sources_load(const GPtrArray *repos, const char *root, const char *arch,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
