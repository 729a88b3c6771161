/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/error.h"

#include <stdbool.h>

G_BEGIN_DECLS

/**
 * PackagesModulemdList:
 * @name: (owned): of what it is a list
 * @values: (owned)
 *
 * A required module and the streams of it that will do ("-5": any but that; none: any), a
 * profile and its packages, or a stream and its default profiles.
 */
typedef struct {
    char *name;
    char **values;
} PackagesModulemdList;

/**
 * PackagesModulemdContext:
 * @module: (owned)
 * @stream: (owned)
 * @dependencies: (owned) (element-type GPtrArray): alternatives, each the
 *   #PackagesModulemdList of all modules that it requires
 * @profiles: (owned) (element-type PackagesModulemdList)
 * @artifacts: (owned): its packages, "name-EPOCH:version-release.arch"
 *
 * One build of a module stream.
 */
typedef struct {
    char *module;
    char *stream;
    GPtrArray *dependencies;
    GPtrArray *profiles;
    char **artifacts;
} PackagesModulemdContext;

/**
 * PackagesModulemdDefault:
 * @module: (owned)
 * @stream: (owned) (nullable): its default stream
 * @profiles: (owned) (element-type PackagesModulemdList): for each stream
 */
typedef struct {
    char *module;
    char *stream;
    GPtrArray *profiles;
} PackagesModulemdDefault;

/**
 * PackagesModulemd:
 * @contexts: (owned) (element-type PackagesModulemdContext)
 * @defaults: (owned) (element-type PackagesModulemdDefault)
 *
 * What a modules.yaml says.
 */
typedef struct {
    GPtrArray *contexts;
    GPtrArray *defaults;
} PackagesModulemd;

void packages_modulemd_init(PackagesModulemd *self);
void packages_modulemd_clear(PackagesModulemd *self);

/**
 * packages_modulemd_parse:
 * @self: what is read is added to it
 * @text: a modules.yaml (modulemd versions 1 and 2, modulemd-defaults version 1)
 * @error: %BASE_ERROR_INVALID with document, line and column
 *
 * Documents of other kinds (translations, obsoletes) are passed over.
 */
bool packages_modulemd_parse(PackagesModulemd *self, GBytes *text,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
