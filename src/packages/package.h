/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

#define PACKAGES_PACKAGE_MAX_MIRRORS 5

/** PackagesFormat: a kind of packages, deb or rpm; see format.h */
typedef struct PackagesFormat PackagesFormat;

/**
 * PackagesPackage:
 * @format: (borrowed): what kind of package it is; never %NULL for one that is imported
 * @name: (owned): "bash"
 * @version: (owned): with epoch and revision, as the distribution writes it ("1:2.0-3")
 * @arch: (owned): in the distribution's words: "amd64", "all"; "x86_64", "noarch"
 * @source: (owned): name of its source package
 * @sha256: (owned): digest of the package file, in hex
 * @size_bytes: size of the package file
 * @installed_bytes: what it takes unpacked, as the distribution says
 * @repo_id: (owned): ManifestRepo.id it comes from
 * @url: (owned): where its file is (http, https or file)
 * @mirrors: (owned) (nullable): URLs to try after @url
 * @keys: (owned) (nullable): OpenPGP keys, binary, one of which must have signed the package
 *   itself; %NULL where the signed index vouches for it
 * @path: (owned) (nullable): the file on this machine, once fetched (or for file URLs at once)
 *
 * One package that the solver chose.
 */
typedef struct {
    const PackagesFormat *format;
    char *name;
    char *version;
    char *arch;
    char *source;
    char *sha256;
    uint64_t size_bytes;
    uint64_t installed_bytes;
    char *repo_id;
    char *url;
    char **mirrors;
    GBytes *keys;
    char *path;
} PackagesPackage;

void packages_package_free(PackagesPackage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PackagesPackage, packages_package_free)

G_END_DECLS
