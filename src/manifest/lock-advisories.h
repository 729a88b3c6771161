/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/yaml.h"

#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

/** MANIFEST_LOCK_ADVISORIES_TYPE: rpm-ostree's id, kind, severity, packages, more */
#define MANIFEST_LOCK_ADVISORIES_TYPE "a(suuasa{sv})"

/** MANIFEST_LOCK_ADVISORY_SECURITY: the only kind that is kept, as libdnf counts kinds */
#define MANIFEST_LOCK_ADVISORY_SECURITY 1

/**
 * manifest_lock_severity_parse:
 * @text: "important", in any case
 *
 * Returns: its number in #MANIFEST_LOCK_ADVISORIES_TYPE, 1 (low) to 4 (critical); 0 for none and
 *   for words that are unknown
 */
uint32_t manifest_lock_severity_parse(const char *text);

/**
 * manifest_lock_advisories_take:
 * @yaml: a lock
 * @out_advisories: (transfer full) (nullable): its advisories, %NULL when it has none
 * @error: names file, line and column
 */
bool manifest_lock_advisories_take(const BaseYaml *yaml, GVariant **out_advisories,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** manifest_lock_advisories_print: appends the member "advisories" of a lock, after a comma */
void manifest_lock_advisories_print(GString *out, GVariant *advisories);

G_END_DECLS
