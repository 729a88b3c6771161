/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/licence.h"

G_BEGIN_DECLS

#define PACKAGES_COPYRIGHT_MAX_BYTES (16u << 20)
#define PACKAGES_COPYRIGHT_MAX_PARAGRAPHS 20000

/**
 * PackagesCopyrightPart:
 * @files: (owned) (nullable): patterns of the source's files; %NULL for a licence that stands
 *   alone, or the whole package
 * @name: (owned): the License field's first line
 * @line: where the paragraph starts, the first is 1
 *
 * One paragraph.
 */
typedef struct {
    char **files;
    char *name;
    unsigned line;
} PackagesCopyrightPart;

/**
 * PackagesCopyright:
 * @machine_readable: in Debian's copyright-format 1.0; else licences were recognised in prose
 * @parts: (owned) (element-type PackagesCopyrightPart): none in prose
 * @licence: (owned) (nullable): all that applies to some part of the package, joined by AND;
 *   %NULL when nothing was recognised
 *
 * A Debian package's copyright file.
 */
typedef struct {
    bool machine_readable;
    GPtrArray *parts;
    PackagesLicence *licence;
} PackagesCopyright;

void packages_copyright_free(PackagesCopyright *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PackagesCopyright, packages_copyright_free)

/**
 * packages_copyright_parse:
 * @data: the file
 * @size_bytes: its length
 * @prefix: names licences that SPDX does not know, see packages_licence_from_debian()
 *
 * Never fails: a file that claims to be machine-readable and is not, counts as prose. In prose a
 * licence is recognised by its file in /usr/share/common-licenses or by its own well-known
 * words.
 *
 * Returns: (transfer full): what it says
 */
PackagesCopyright *packages_copyright_parse(const char *data, size_t size_bytes,
                                            const char *prefix);

/**
 * packages_copyright_find:
 * @self: a machine-readable file
 * @path: a file of the source package
 *
 * Returns: (transfer none) (nullable): the last paragraph with a pattern that fits (* and ? fit
 *   slashes too, a backslash takes the next character as it is)
 */
const PackagesCopyrightPart *packages_copyright_find(const PackagesCopyright *self,
                                                     const char *path);

G_END_DECLS
