/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/import.h"
#include "packages/licence.h"

G_BEGIN_DECLS

/**
 * PackagesFacts:
 * @source_version: (owned): version of its source package
 * @supplier: (owned) (nullable): who supplies it: "Organization: NAME (ADDRESS)" or
 *   "Person: …", as SPDX writes it
 * @homepage: (owned) (nullable): http or https
 * @summary: (owned) (nullable): one line
 * @licence: (owned) (nullable): what it declares; %NULL when nothing was recognised
 * @is_exact: @licence comes from a field meant for programs, not from prose
 * @licence_text: (owned) (nullable): where its own words are: a path, or the words
 *
 * What a package says of itself beyond its name.
 */
typedef struct {
    char *source_version;
    char *supplier;
    char *homepage;
    char *summary;
    PackagesLicence *licence;
    bool is_exact;
    char *licence_text;
} PackagesFacts;

void packages_facts_clear(PackagesFacts *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PackagesFacts, packages_facts_clear)

/**
 * packages_facts_read:
 * @imported: a package
 * @tree: a tree with it and other packages, which may have its copyright file for it
 * @repo_fd: directory descriptor of the repo that has their contents
 * @out_facts: cleared by the caller
 * @error: the repo is damaged; what a package leaves out or writes wrongly is no error
 *
 * Of an rpm, it is the header that says all. Of a deb, licences are those of
 * /usr/share/doc/NAME/copyright; 300 such files take some 30 ms, so nothing is remembered from one
 * time to the next.
 */
bool packages_facts_read(const PackagesImported *imported, StoreNode *tree, int repo_fd,
                         PackagesFacts *out_facts, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** packages_facts_supplier: (transfer full) (nullable): "Name <address>" in SPDX's words; a name
 * of several people counts as an organization */
char *packages_facts_supplier(const char *text);

G_END_DECLS
