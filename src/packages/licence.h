/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/error.h"

#include <stdbool.h>

G_BEGIN_DECLS

#define PACKAGES_LICENCE_MAX_BYTES 65536
#define PACKAGES_LICENCE_MAX_DEPTH 64

/**
 * PackagesLicenceKind:
 * @PACKAGES_LICENCE_ONE: one licence, perhaps with an exception
 * @PACKAGES_LICENCE_AND: all of its terms apply
 * @PACKAGES_LICENCE_OR: who takes it chooses one of its terms
 */
typedef enum {
    PACKAGES_LICENCE_ONE,
    PACKAGES_LICENCE_AND,
    PACKAGES_LICENCE_OR
} PackagesLicenceKind;

/**
 * PackagesLicence:
 * @kind: what it is
 * @id: (owned) (nullable): of one licence: "MIT", "GPL-2.0-or-later", "LicenseRef-x"
 * @exception: (owned) (nullable): of one licence: what follows WITH
 * @terms: (owned) (nullable) (element-type PackagesLicence): of the others; never of their own
 *   kind, none twice
 *
 * A licence expression (SPDX 2.3, annex D).
 */
typedef struct {
    PackagesLicenceKind kind;
    char *id;
    char *exception;
    GPtrArray *terms;
} PackagesLicence;

void packages_licence_free(PackagesLicence *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PackagesLicence, packages_licence_free)

/** packages_licence_new: (transfer full): one licence */
PackagesLicence *packages_licence_new(const char *id, const char *exception);

/**
 * packages_licence_join:
 * @kind: %PACKAGES_LICENCE_AND or %PACKAGES_LICENCE_OR
 * @left: (transfer full) (nullable)
 * @right: (transfer full) (nullable)
 *
 * Returns: (transfer full) (nullable): both as one expression, flattened, without doubles; the
 *   other one when one is %NULL
 */
PackagesLicence *packages_licence_join(PackagesLicenceKind kind, PackagesLicence *left,
                                       PackagesLicence *right);

/**
 * packages_licence_parse:
 * @text: an expression; operators in any case, known identifiers in any case
 * @error: %PACKAGES_ERROR_INVALID names the column
 *
 * Deprecated identifiers of the GNU family become today's ("GPL-2.0+": "GPL-2.0-or-later").
 *
 * Returns: (transfer full): the expression
 */
PackagesLicence *packages_licence_parse(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** packages_licence_print: (transfer full): as SPDX writes it, with no more parentheses than
 * it takes */
char *packages_licence_print(const PackagesLicence *self);

/**
 * packages_licence_is_allowed:
 * @self: an expression
 * @denied: %NULL-terminated identifiers that nobody may use, with * and ? as wildcards
 *
 * Returns: whether somebody can fulfil it without any licence of @denied: of terms joined by OR
 *   one is enough
 */
bool packages_licence_is_allowed(const PackagesLicence *self, const char *const *denied);

/** packages_licence_collect: adds each licence in it ("GPL-2.0-only WITH x") to the set @names
 * of owned strings */
void packages_licence_collect(const PackagesLicence *self, GHashTable *names);

/**
 * packages_licence_from_debian:
 * @text: the first line of a License field (Debian's copyright-format 1.0): names joined by
 *   "and", "or" and ", and"
 * @prefix: what goes before a name that SPDX does not know ("glibc")
 *
 * Known names become SPDX's ("Expat": MIT); an unknown one becomes LicenseRef-PREFIX-NAME, with
 * "public-domain" as LicenseRef-public-domain in every package.
 *
 * Returns: (transfer full) (nullable): the expression; %NULL for a line that names none
 */
PackagesLicence *packages_licence_from_debian(const char *text, const char *prefix);

G_END_DECLS
