/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Each of these returns (transfer full) (nullable) what is wrong with a text, with the mend,
 * or NULL when it is fine.
 */

/** manifest_check_ref: an OSTree branch: words of letters, digits, "-", "_", "." between "/" */
char *manifest_check_ref(const char *text);

/** manifest_check_package: a package's name, with ":ARCHITECTURE" or "=VERSION" if wanted */
char *manifest_check_package(const char *text);

/** manifest_check_unit: a systemd unit's whole name */
char *manifest_check_unit(const char *text);

/** manifest_check_target: the name of a systemd target */
char *manifest_check_target(const char *text);

/** manifest_check_locale: a locale as in /usr/share/locale, or a language */
char *manifest_check_locale(const char *text);

/** manifest_check_remove: a path below the tree's root, without the leading slash */
char *manifest_check_remove(const char *text);

/** manifest_check_target_path: where add-files may put something: in /usr or /etc */
char *manifest_check_target_path(const char *text);

/** manifest_check_source_path: what add-files may take: below the manifest's folder */
char *manifest_check_source_path(const char *text);

/** manifest_check_version_prefix: printable, without spaces */
char *manifest_check_version_prefix(const char *text);

/** manifest_check_version_suffix: one character */
char *manifest_check_version_suffix(const char *text);

/** manifest_check_basearch: an architecture */
char *manifest_check_basearch(const char *text);

/** manifest_check_account: the name of a user or group */
char *manifest_check_account(const char *text);

/** manifest_check_argument: an argument of a program: not empty, no control characters */
char *manifest_check_argument(const char *text);

/** manifest_check_not_empty: not empty */
char *manifest_check_not_empty(const char *text);

/** manifest_check_pattern: a regular expression */
char *manifest_check_pattern(const char *text);

/** manifest_check_script: not empty */
char *manifest_check_script(const char *text);

/** manifest_check_url: http, https or file */
char *manifest_check_url(const char *text);

/** manifest_check_repo_name: letters, digits, "-", "_", "." */
char *manifest_check_repo_name(const char *text);

/** manifest_check_suite: a suite or component, or the path of a flat repository */
char *manifest_check_suite(const char *text);

G_END_DECLS
