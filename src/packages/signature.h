/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/sources.h"

G_BEGIN_DECLS

/**
 * packages_signature_open:
 * @source: whose keys count
 * @clearsigned: an InRelease file
 * @scratch_dir: directory for temporary files
 * @cancellable: (nullable)
 * @error: %PACKAGES_ERROR_SIGNATURE
 *
 * Verifies a clear-signed text with gpgv: at least one good signature by a key of @source,
 * none that is bad, none by a weak digest, and nothing beside the one signed text.
 *
 * Returns: (transfer full): the signed text alone, as gpgv read it
 */
GBytes *packages_signature_open(const PackagesSource *source, GBytes *clearsigned,
                                const char *scratch_dir, GCancellable *cancellable,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * packages_signature_check:
 * @source: whose keys count
 * @text: a Release file
 * @signature: its armoured detached signature
 * @scratch_dir: directory for temporary files
 * @cancellable: (nullable)
 * @error: %PACKAGES_ERROR_SIGNATURE
 *
 * As packages_signature_open(), for a signature that stands in a file of its own.
 *
 * Returns: (transfer full): @text
 */
GBytes *packages_signature_check(const PackagesSource *source, GBytes *text, GBytes *signature,
                                 const char *scratch_dir, GCancellable *cancellable,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * packages_signature_dearmor:
 * @data: an OpenPGP file, binary or armoured (RFC 4880, 6.2)
 *
 * Returns: (transfer full): the binary packets of all its armoured blocks, or @data itself
 *   when it has none
 */
GBytes *packages_signature_dearmor(GBytes *data);

G_END_DECLS
