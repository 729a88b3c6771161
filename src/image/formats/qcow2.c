/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * QEMU's qcow2, version 3 (docs/interop/qcow2.txt in QEMU), without compression: header, then
 * data clusters and the second-level tables as they come, then first-level table, reference
 * counts. Written in one pass; holes and clusters of zeroes are left out.
 */
#include "image/formats/format.h"

#include "base/error.h"
#include "base/fd.h"
#include "image/error.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define CLUSTER_BITS 16u
#define CLUSTER_BYTES (UINT64_C(1) << CLUSTER_BITS)
#define L2_ENTRIES (CLUSTER_BYTES / 8)
/* 16-bit counts (refcount_order 4) */
#define REFCOUNTS_PER_BLOCK (CLUSTER_BYTES / 2)
#define REFCOUNT_ORDER 4u
#define HEADER_BYTES 104u
#define MAGIC 0x514649fbu
/* "this cluster is referenced once": it may be written in place */
#define FLAG_COPIED (UINT64_C(1) << 63)

typedef struct {
    int raw_fd;
    int out_fd;
    uint64_t disk_bytes;
    uint64_t next_cluster;
    uint64_t *l1; /* host order */
    size_t l1_entries;
    uint64_t *l2; /* tables of all L1 entries in turn, big endian; NULL rows are never written */
    uint8_t *buffer;
} Writer;

static bool write_at(const Writer *writer, uint64_t offset_bytes, const void *data,
                     size_t size_bytes, GError **error)
{
    const uint8_t *bytes = data;
    while (size_bytes > 0) {
        ssize_t n = pwrite(writer->out_fd, bytes, size_bytes, (off_t)offset_bytes);
        if (n < 0) {
            int saved_errno = errno;
            if (saved_errno == EINTR)
                continue;
            return base_error_set_errno(error, saved_errno, "writing qcow2 image");
        }
        bytes += n;
        offset_bytes += (uint64_t)n;
        size_bytes -= (size_t)n;
    }
    return true;
}

static bool read_cluster(const Writer *writer, uint64_t offset_bytes, size_t *out_bytes,
                         GError **error)
{
    size_t want_bytes = (size_t)MIN(CLUSTER_BYTES, writer->disk_bytes - offset_bytes);
    size_t done_bytes = 0;
    while (done_bytes < want_bytes) {
        ssize_t n = pread(writer->raw_fd, writer->buffer + done_bytes, want_bytes - done_bytes,
                          (off_t)(offset_bytes + done_bytes));
        if (n == 0) {
            g_set_error(error, IMAGE_ERROR, IMAGE_ERROR_FAILED,
                        "the raw disk ends at 0x%" G_GINT64_MODIFIER "x",
                        offset_bytes + done_bytes);
            return false;
        }
        if (n < 0) {
            int saved_errno = errno;
            if (saved_errno == EINTR)
                continue;
            return base_error_set_errno(error, saved_errno, "reading raw disk");
        }
        done_bytes += (size_t)n;
    }
    memset(writer->buffer + want_bytes, 0, (size_t)CLUSTER_BYTES - want_bytes);
    *out_bytes = want_bytes;
    return true;
}

static bool is_zero(const uint8_t *bytes, size_t size_bytes)
{
    return size_bytes == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size_bytes - 1) == 0);
}

static bool add_cluster(Writer *writer, uint64_t offset_bytes, GError **error)
{
    size_t size_bytes = 0;
    if (!read_cluster(writer, offset_bytes, &size_bytes, error))
        return false;
    if (is_zero(writer->buffer, size_bytes))
        return true;
    uint64_t guest_cluster = offset_bytes >> CLUSTER_BITS;
    size_t row = (size_t)(guest_cluster / L2_ENTRIES);
    if (writer->l1[row] == 0)
        writer->l1[row] = writer->next_cluster++ << CLUSTER_BITS;
    uint64_t at = writer->next_cluster++ << CLUSTER_BITS;
    writer->l2[guest_cluster] = GUINT64_TO_BE(at | FLAG_COPIED);
    return write_at(writer, at, writer->buffer, (size_t)CLUSTER_BYTES, error);
}

/* Where the next data at or after @offset_bytes starts; the disk's end when there is none. */
static uint64_t next_data(const Writer *writer, uint64_t offset_bytes)
{
    off_t at = lseek(writer->raw_fd, (off_t)offset_bytes, SEEK_DATA);
    if (at < 0)
        return errno == ENXIO ? writer->disk_bytes : offset_bytes;
    return MIN((uint64_t)at, writer->disk_bytes) >> CLUSTER_BITS << CLUSTER_BITS;
}

static bool add_data(Writer *writer, const BaseProgress *progress, GCancellable *cancellable,
                     GError **error)
{
    uint64_t offset_bytes = next_data(writer, 0);
    while (offset_bytes < writer->disk_bytes) {
        off_t hole = lseek(writer->raw_fd, (off_t)offset_bytes, SEEK_HOLE);
        uint64_t end_bytes =
            hole < 0 ? writer->disk_bytes : MIN((uint64_t)hole, writer->disk_bytes);
        end_bytes = MAX(end_bytes, offset_bytes + 1);
        for (; offset_bytes < end_bytes; offset_bytes += CLUSTER_BYTES)
            if (!add_cluster(writer, offset_bytes, error))
                return false;
        base_progress_update(progress, MIN(offset_bytes, writer->disk_bytes), writer->disk_bytes,
                             "bytes");
        if (g_cancellable_set_error_if_cancelled(cancellable, error))
            return false;
        if (offset_bytes < writer->disk_bytes)
            offset_bytes = next_data(writer, offset_bytes);
    }
    return true;
}

static bool write_l2(const Writer *writer, GError **error)
{
    for (size_t row = 0; row < writer->l1_entries; row++)
        if (writer->l1[row] != 0 &&
            !write_at(writer, writer->l1[row], writer->l2 + row * L2_ENTRIES, (size_t)CLUSTER_BYTES,
                      error))
            return false;
    return true;
}

static bool write_l1(Writer *writer, uint64_t *out_offset_bytes, GError **error)
{
    size_t size_bytes = writer->l1_entries * 8;
    g_autofree uint64_t *table = g_new(uint64_t, writer->l1_entries);
    for (size_t i = 0; i < writer->l1_entries; i++)
        table[i] = writer->l1[i] != 0 ? GUINT64_TO_BE(writer->l1[i] | FLAG_COPIED) : 0;
    *out_offset_bytes = writer->next_cluster << CLUSTER_BITS;
    writer->next_cluster += (size_bytes + CLUSTER_BYTES - 1) / CLUSTER_BYTES;
    return write_at(writer, *out_offset_bytes, table, size_bytes, error);
}

/* Table and blocks count themselves: more blocks until all clusters are covered. */
static bool write_refcounts(Writer *writer, uint64_t *out_offset_bytes,
                            uint32_t *out_table_clusters, GError **error)
{
    uint64_t n_blocks = 0, n_table = 0, total = 0;
    for (;;) {
        total = writer->next_cluster + n_blocks + n_table;
        uint64_t blocks = (total + REFCOUNTS_PER_BLOCK - 1) / REFCOUNTS_PER_BLOCK;
        uint64_t table = (blocks * 8 + CLUSTER_BYTES - 1) / CLUSTER_BYTES;
        if (blocks == n_blocks && table == n_table)
            break;
        n_blocks = blocks;
        n_table = table;
    }
    uint64_t blocks_at = writer->next_cluster + n_table;
    g_autofree uint64_t *table = g_new0(uint64_t, (size_t)(n_table * L2_ENTRIES));
    for (uint64_t i = 0; i < n_blocks; i++)
        table[i] = GUINT64_TO_BE((blocks_at + i) << CLUSTER_BITS);
    *out_offset_bytes = writer->next_cluster << CLUSTER_BITS;
    *out_table_clusters = (uint32_t)n_table;
    if (!write_at(writer, *out_offset_bytes, table, (size_t)(n_table * CLUSTER_BYTES), error))
        return false;
    uint16_t *counts = (uint16_t *)(void *)writer->buffer;
    for (uint64_t i = 0; i < n_blocks; i++) {
        for (uint64_t j = 0; j < REFCOUNTS_PER_BLOCK; j++)
            counts[j] = i * REFCOUNTS_PER_BLOCK + j < total ? GUINT16_TO_BE(1) : 0;
        if (!write_at(writer, (blocks_at + i) << CLUSTER_BITS, counts, (size_t)CLUSTER_BYTES,
                      error))
            return false;
    }
    return true;
}

static void put32(uint8_t *at, uint32_t value)
{
    value = GUINT32_TO_BE(value);
    memcpy(at, &value, sizeof value);
}

static void put64(uint8_t *at, uint64_t value)
{
    value = GUINT64_TO_BE(value);
    memcpy(at, &value, sizeof value);
}

static bool write_tables(Writer *writer, GError **error)
{
    uint64_t l1_offset_bytes = 0, refcount_offset_bytes = 0;
    uint32_t refcount_clusters = 0;
    if (!write_l2(writer, error) || !write_l1(writer, &l1_offset_bytes, error) ||
        !write_refcounts(writer, &refcount_offset_bytes, &refcount_clusters, error))
        return false;
    uint8_t header[HEADER_BYTES + 8] = {0}; /* and the end of the header extensions */
    put32(header, MAGIC);
    put32(header + 4, 3);
    put32(header + 20, CLUSTER_BITS);
    put64(header + 24, writer->disk_bytes);
    put32(header + 36, (uint32_t)writer->l1_entries);
    put64(header + 40, l1_offset_bytes);
    put64(header + 48, refcount_offset_bytes);
    put32(header + 56, refcount_clusters);
    put32(header + 96, REFCOUNT_ORDER);
    put32(header + 100, HEADER_BYTES);
    return write_at(writer, 0, header, sizeof header, error);
}

static bool convert(int raw_fd, uint64_t disk_bytes, int out_fd, const BaseProgress *progress,
                    GCancellable *cancellable, GError **error)
{
    uint64_t clusters = (disk_bytes + CLUSTER_BYTES - 1) / CLUSTER_BYTES;
    size_t rows = (size_t)MAX((clusters + L2_ENTRIES - 1) / L2_ENTRIES, 1);
    g_autofree uint64_t *l1 = g_new0(uint64_t, rows);
    /* 8 bytes for each 64 KiB of disk: 1 MiB for 8 GiB, and untouched pages take none */
    g_autofree uint64_t *l2 = g_new0(uint64_t, rows * L2_ENTRIES);
    g_autofree uint8_t *buffer = g_malloc((size_t)CLUSTER_BYTES);
    Writer writer = {.raw_fd = raw_fd,
                     .out_fd = out_fd,
                     .disk_bytes = disk_bytes,
                     .next_cluster = 1,
                     .l1 = l1,
                     .l1_entries = rows,
                     .l2 = l2,
                     .buffer = buffer};
    return add_data(&writer, progress, cancellable, error) && write_tables(&writer, error);
}

const ImageFormat image_format_qcow2 = {
    .name = "qcow2",
    .suffix = "qcow2",
    .summary = "QEMU's format, version 3, holes left out",
    .convert = convert,
};
