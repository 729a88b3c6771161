/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * librpm's types as autoptrs, and headers as they are kept with imported packages.
 */
#include "tree/rpm/types.h"

#include "tree/error.h"

#define HEADER_MIN_BYTES 8
#define HEADER_MAX_BYTES (256 * 1024 * 1024)

void tree_rpm_header_free(TreeRpmHeader *self)
{
    (void)headerFree(self);
}

void tree_rpm_files_free(TreeRpmFiles *self)
{
    (void)rpmfilesFree(self);
}

TreeRpmHeader *tree_rpm_header_load(GBytes *bytes, GError **error)
{
    size_t size_bytes = 0;
    void *data = (void *)g_bytes_get_data(bytes, &size_bytes);
    /* librpm takes a size of 0 to mean that the lengths in the header are to be believed */
    TreeRpmHeader *header = size_bytes >= HEADER_MIN_BYTES && size_bytes <= HEADER_MAX_BYTES
                                ? headerImport(data, (unsigned)size_bytes, HEADERIMPORT_COPY)
                                : NULL;
    if (header == NULL)
        g_set_error_literal(error, TREE_ERROR, TREE_ERROR_FAILED,
                            "the header kept with the package is damaged");
    return header;
}
