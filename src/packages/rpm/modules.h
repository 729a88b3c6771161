/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manifest/manifest.h"
#include "packages/error.h"

G_BEGIN_DECLS

#define PACKAGES_MODULES_MAX_BYTES (256u << 20)

/**
 * PackagesModules:
 *
 * The modules of all repositories, and which of their streams count.
 */
typedef struct _PackagesModules PackagesModules;

PackagesModules *packages_modules_new(void);
void packages_modules_free(PackagesModules *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PackagesModules, packages_modules_free)

/**
 * packages_modules_add:
 * @self: gets the modules
 * @text: a modules.yaml (modulemd)
 * @error: %PACKAGES_ERROR_INVALID: a document that cannot be read, since its packages would
 *   pass for some that are in no module
 */
bool packages_modules_add(PackagesModules *self, GBytes *text,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * packages_modules_enable:
 * @self: the modules of all repositories
 * @manifest: "modules" and "platform-module" of it
 * @wanted: (element-type ManifestString): gets the packages of the profiles to install
 * @error: %PACKAGES_ERROR_UNSOLVABLE with the place: no such module, stream or profile, two
 *   streams of one module
 *
 * Chooses the streams that count: what the manifest enables or installs, what these need, and
 * the default streams of other modules.
 */
bool packages_modules_enable(PackagesModules *self, const Manifest *manifest, GPtrArray *wanted,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * packages_modules_verdict:
 * @self: modules with their streams chosen
 * @name: a package's name
 * @nevra: the package, "name-EPOCH:version-release.arch"
 *
 * Returns: (transfer none) (nullable): %NULL when the package counts, else the module
 *   ("NAME:STREAM") that it would need to be enabled, or that has another one of its name
 */
const char *packages_modules_verdict(const PackagesModules *self, const char *name,
                                     const char *nevra);

G_END_DECLS
