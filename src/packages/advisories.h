/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/error.h"

#include <stdbool.h>

G_BEGIN_DECLS

/** PackagesSeverity: from low to high */
typedef enum {
    PACKAGES_SEVERITY_UNIMPORTANT,
    PACKAGES_SEVERITY_UNKNOWN,
    PACKAGES_SEVERITY_LOW,
    PACKAGES_SEVERITY_MEDIUM,
    PACKAGES_SEVERITY_HIGH,
    PACKAGES_SEVERITY_CRITICAL,
} PackagesSeverity;

/** packages_severity_name: "high" */
const char *packages_severity_name(PackagesSeverity severity);

/** packages_severity_parse: %FALSE unless @text is one of the names above, in any case, or what
 * distributions call them ("important", "moderate") */
bool packages_severity_parse(const char *text, PackagesSeverity *out_severity);

/**
 * PackagesSubject:
 * @name: a package
 * @version: its version, as the format writes it
 * @arch: its architecture
 * @source: its source package
 * @source_version: that one's version
 *
 * An installed package. All borrowed.
 */
typedef struct {
    const char *name;
    const char *version;
    const char *arch;
    const char *source;
    const char *source_version;
} PackagesSubject;

/**
 * PackagesAudit:
 * @format: "deb" or "rpm"
 * @os_id: "debian", as os-release(5) says
 * @os_version: "12"
 * @release: "bookworm"
 * @subjects: the packages
 * @n_subjects: how many
 *
 * What is held against advisories. All borrowed.
 */
typedef struct {
    const char *format;
    const char *os_id;
    const char *os_version;
    const char *release;
    const PackagesSubject *subjects;
    size_t n_subjects;
} PackagesAudit;

/**
 * PackagesFinding:
 * @id: (owned): "CVE-2024-0001", "FEDORA-2024-0123456789"
 * @aliases: (owned) (nullable): other names, with blanks between
 * @severity: how bad
 * @package: (owned): the source package of a deb, the package of an rpm
 * @version: (owned): its version here
 * @fixed: (owned) (nullable): version that fixes it; %NULL when there is none
 * @title: (owned) (nullable): one line
 *
 * A vulnerability that a package here has.
 */
typedef struct {
    char *id;
    char *aliases;
    PackagesSeverity severity;
    char *package;
    char *version;
    char *fixed;
    char *title;
} PackagesFinding;

/** packages_findings_new: (transfer full) (element-type PackagesFinding): an empty list */
GPtrArray *packages_findings_new(void);

/** packages_findings_sort: worst first, then by package and id; of two of the same package and id
 * one goes */
void packages_findings_sort(GPtrArray *findings);

/**
 * packages_advisories_match:
 * @audit: what to hold against them
 * @path: file with advisories: the Debian security tracker's JSON, an updateinfo.xml, or OSV (one
 *   entry, a list, a zip file of entries); plain or compressed
 * @findings: (element-type PackagesFinding): gets what was found
 * @error: %PACKAGES_ERROR_INVALID names file and place
 *
 * Reads the file in one pass; never more than one entry of it is in memory.
 */
bool packages_advisories_match(const PackagesAudit *audit, const char *path, GPtrArray *findings,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** packages_advisories_match_fd: as packages_advisories_match(), from an open file */
bool packages_advisories_match_fd(const PackagesAudit *audit, int fd, GPtrArray *findings,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** packages_evr_compare: below, at or above zero as version @a is older, the same or newer than
 * @b, in the way of @format ("deb", "rpm") */
int packages_evr_compare(const char *format, const char *a, const char *b);

G_END_DECLS
