/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Writes the EFI system partition: a FAT32 file system made in one go from a list of files.
 * Short names only, no times; the result has no room for surprises and is the same every time.
 */
#include "image/fat.h"

#include "base/error.h"
#include "image/error.h"
#include "image/layout.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define SECTOR_BYTES 512u
#define RESERVED_SECTORS 32u
#define FAT_COUNT 2u
#define BACKUP_SECTOR 6u
#define DIR_ENTRY_BYTES 32u
#define FIRST_CLUSTER 2u
#define END_OF_CHAIN 0x0fffffffu
#define MIN_CLUSTERS 65525u
#define MEDIA_FIXED 0xf8u
#define ATTRIBUTE_VOLUME 0x08u
#define ATTRIBUTE_DIRECTORY 0x10u
#define ATTRIBUTE_ARCHIVE 0x20u

typedef struct Node Node;
struct Node {
    char name[11];
    GBytes *contents; /* NULL for a directory */
    GPtrArray *children;
    Node *parent;
    uint32_t cluster;
};

typedef struct {
    const ImageFat *shape;
    int fd;
    uint32_t cluster_bytes;
    uint32_t n_clusters;
    uint32_t fat_sectors;
    uint32_t *fat;
    uint32_t next_cluster;
} Writer;

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value & 0xffff);
    put16(at + 2, value >> 16);
}

static void node_free(Node *node)
{
    if (node == NULL)
        return;
    g_clear_pointer(&node->children, g_ptr_array_unref);
    g_free(node);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Node, node_free)

static Node *node_new(Node *parent, const char *name, GBytes *contents)
{
    Node *node = g_new0(Node, 1);
    memcpy(node->name, name, sizeof node->name);
    node->contents = contents;
    node->parent = parent;
    node->children = g_ptr_array_new_with_free_func((GDestroyNotify)node_free);
    if (parent != NULL)
        g_ptr_array_add(parent->children, node);
    return node;
}

/* "BOOTX64.EFI" → "BOOTX64 EFI"; false when it is no such name */
static bool short_name(const char *part, char out_name[static 11])
{
    const char *dot = strrchr(part, '.');
    size_t stem_chars = dot != NULL ? (size_t)(dot - part) : strlen(part);
    size_t suffix_chars = dot != NULL ? strlen(dot + 1) : 0;
    if (stem_chars < 1 || stem_chars > 8 || suffix_chars > 3)
        return false;
    for (const char *c = part; *c != '\0'; c++)
        if (c != dot && !g_ascii_isupper(*c) && !g_ascii_isdigit(*c) && *c != '_' && *c != '-')
            return false;
    memset(out_name, ' ', 11);
    memcpy(out_name, part, stem_chars);
    if (dot != NULL)
        memcpy(out_name + 8, dot + 1, suffix_chars);
    return true;
}

static bool add_file(Node *root, const ImageFatFile *file, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(file->path, "/", IMAGE_FAT_MAX_DEPTH + 1);
    Node *at = root;
    for (size_t i = 0; i == 0 || parts[i] != NULL; i++) {
        char name[11];
        if (parts[i] == NULL || i >= IMAGE_FAT_MAX_DEPTH || !short_name(parts[i], name)) {
            g_set_error(error, IMAGE_ERROR, IMAGE_ERROR_FAILED,
                        "‘%s’ is not a path of upper-case 8.3 names", file->path);
            return false;
        }
        if (parts[i + 1] == NULL) {
            (void)node_new(at, name, file->contents);
            break;
        }
        Node *next = NULL;
        for (guint j = 0; j < at->children->len && next == NULL; j++) {
            Node *child = g_ptr_array_index(at->children, j);
            if (child->contents == NULL && memcmp(child->name, name, sizeof name) == 0)
                next = child;
        }
        at = next != NULL ? next : node_new(at, name, NULL);
    }
    return true;
}

static bool write_at(const Writer *writer, uint64_t offset_bytes, const void *data,
                     size_t size_bytes, GError **error)
{
    const uint8_t *bytes = data;
    offset_bytes += writer->shape->offset_bytes;
    while (size_bytes > 0) {
        ssize_t n = pwrite(writer->fd, bytes, size_bytes, (off_t)offset_bytes);
        if (n < 0) {
            int saved_errno = errno;
            if (saved_errno == EINTR)
                continue;
            return base_error_set_errno(error, saved_errno, "writing EFI system partition");
        }
        bytes += n;
        offset_bytes += (uint64_t)n;
        size_bytes -= (size_t)n;
    }
    return true;
}

static uint64_t cluster_offset_bytes(const Writer *writer, uint32_t cluster)
{
    uint64_t data_sectors = RESERVED_SECTORS + (uint64_t)FAT_COUNT * writer->fat_sectors;
    return data_sectors * SECTOR_BYTES +
           (uint64_t)(cluster - FIRST_CLUSTER) * writer->cluster_bytes;
}

/* Puts one file or directory into the next clusters, in a row, and chains them. */
static bool write_chain(Writer *writer, uint32_t cluster, const void *data, size_t size_bytes,
                        GError **error)
{
    uint32_t count = (uint32_t)((size_bytes + writer->cluster_bytes - 1) / writer->cluster_bytes);
    for (uint32_t i = 0; i < count; i++)
        writer->fat[cluster + i] = i + 1 < count ? cluster + i + 1 : END_OF_CHAIN;
    return write_at(writer, cluster_offset_bytes(writer, cluster), data, size_bytes, error);
}

static size_t node_size_bytes(const Writer *writer, const Node *node)
{
    if (node->contents != NULL)
        return g_bytes_get_size(node->contents);
    /* "." and "..", or the root's volume label; and room for the end mark */
    size_t bytes = (node->children->len + 3) * DIR_ENTRY_BYTES;
    return (bytes + writer->cluster_bytes - 1) / writer->cluster_bytes * writer->cluster_bytes;
}

static bool assign_clusters(Writer *writer, Node *node, GError **error)
{
    uint64_t count =
        (node_size_bytes(writer, node) + writer->cluster_bytes - 1) / writer->cluster_bytes;
    if (writer->next_cluster + count > writer->n_clusters + FIRST_CLUSTER) {
        g_set_error(error, IMAGE_ERROR, IMAGE_ERROR_SIZE,
                    "the EFI system partition of %" G_GUINT64_FORMAT
                    " MiB is too small for its files",
                    writer->shape->size_bytes / IMAGE_MIB);
        return false;
    }
    node->cluster = count > 0 ? writer->next_cluster : 0;
    writer->next_cluster += (uint32_t)count;
    for (guint i = 0; i < node->children->len; i++)
        if (!assign_clusters(writer, g_ptr_array_index(node->children, i), error))
            return false;
    return true;
}

static uint8_t *put_entry(uint8_t *at, const char *name, unsigned attributes, uint32_t cluster,
                          uint32_t size_bytes)
{
    memcpy(at, name, 11);
    at[11] = (uint8_t)attributes;
    /* 1980-01-01, the first day that FAT knows */
    put16(at + 16, 0x21);
    put16(at + 18, 0x21);
    put16(at + 20, cluster >> 16);
    put16(at + 24, 0x21);
    put16(at + 26, cluster & 0xffff);
    put32(at + 28, size_bytes);
    return at + DIR_ENTRY_BYTES;
}

static void label_name(const Writer *writer, char out_name[static 11])
{
    memset(out_name, ' ', 11);
    memcpy(out_name, writer->shape->label, MIN(strlen(writer->shape->label), 11));
}

static bool write_node(Writer *writer, const Node *node, GError **error)
{
    if (node->contents != NULL) {
        size_t size_bytes = 0;
        const void *data = g_bytes_get_data(node->contents, &size_bytes);
        return write_chain(writer, node->cluster, data, size_bytes, error);
    }
    size_t size_bytes = node_size_bytes(writer, node);
    g_autofree uint8_t *entries = g_malloc0(size_bytes);
    uint8_t *at = entries;
    if (node->parent == NULL) {
        char label[11];
        label_name(writer, label);
        at = put_entry(at, label, ATTRIBUTE_VOLUME, 0, 0);
    } else {
        /* the root is cluster 0 in "..", whatever cluster it really has */
        uint32_t up = node->parent->parent != NULL ? node->parent->cluster : 0;
        at = put_entry(at, ".          ", ATTRIBUTE_DIRECTORY, node->cluster, 0);
        at = put_entry(at, "..         ", ATTRIBUTE_DIRECTORY, up, 0);
    }
    for (guint i = 0; i < node->children->len; i++) {
        const Node *child = g_ptr_array_index(node->children, i);
        if (child->contents != NULL)
            at = put_entry(at, child->name, ATTRIBUTE_ARCHIVE, child->cluster,
                           (uint32_t)g_bytes_get_size(child->contents));
        else
            at = put_entry(at, child->name, ATTRIBUTE_DIRECTORY, child->cluster, 0);
    }
    if (!write_chain(writer, node->cluster, entries, size_bytes, error))
        return false;
    for (guint i = 0; i < node->children->len; i++)
        if (!write_node(writer, g_ptr_array_index(node->children, i), error))
            return false;
    return true;
}

static bool write_boot_sectors(const Writer *writer, GError **error)
{
    uint8_t boot[SECTOR_BYTES] = {0xeb, 0x58, 0x90};
    memcpy(boot + 3, "MSWIN4.1", 8);
    put16(boot + 11, SECTOR_BYTES);
    boot[13] = (uint8_t)(writer->cluster_bytes / SECTOR_BYTES);
    put16(boot + 14, RESERVED_SECTORS);
    boot[16] = FAT_COUNT;
    boot[21] = MEDIA_FIXED;
    put16(boot + 24, 63);
    put16(boot + 26, 255);
    put32(boot + 28, (uint32_t)(writer->shape->offset_bytes / SECTOR_BYTES));
    put32(boot + 32, (uint32_t)(writer->shape->size_bytes / SECTOR_BYTES));
    put32(boot + 36, writer->fat_sectors);
    put32(boot + 44, FIRST_CLUSTER);
    put16(boot + 48, 1);
    put16(boot + 50, BACKUP_SECTOR);
    boot[64] = 0x80;
    boot[66] = 0x29;
    put32(boot + 67, writer->shape->volume_id);
    char label[11];
    label_name(writer, label);
    memcpy(boot + 71, label, sizeof label);
    memcpy(boot + 82, "FAT32   ", 8);
    put16(boot + 510, 0xaa55);

    uint8_t info[SECTOR_BYTES] = {0};
    put32(info, 0x41615252);
    put32(info + 484, 0x61417272);
    put32(info + 488, writer->n_clusters - (writer->next_cluster - FIRST_CLUSTER));
    put32(info + 492, writer->next_cluster);
    put32(info + 508, 0xaa550000);

    for (uint64_t at = 0; at <= BACKUP_SECTOR; at += BACKUP_SECTOR)
        if (!write_at(writer, at * SECTOR_BYTES, boot, sizeof boot, error) ||
            !write_at(writer, (at + 1) * SECTOR_BYTES, info, sizeof info, error))
            return false;
    return true;
}

static bool write_fats(const Writer *writer, GError **error)
{
    size_t used_bytes = (size_t)writer->next_cluster * 4;
    g_autofree uint8_t *bytes = g_malloc(used_bytes);
    for (uint32_t i = 0; i < writer->next_cluster; i++)
        put32(bytes + (size_t)i * 4, writer->fat[i]);
    for (uint32_t copy = 0; copy < FAT_COUNT; copy++) {
        uint64_t sector = RESERVED_SECTORS + (uint64_t)copy * writer->fat_sectors;
        if (!write_at(writer, sector * SECTOR_BYTES, bytes, used_bytes, error))
            return false;
    }
    return true;
}

static bool writer_init(Writer *writer, GError **error)
{
    uint64_t sectors = writer->shape->size_bytes / SECTOR_BYTES;
    /* one sector a cluster up to 260 MiB, as small ESPs have it, then what keeps the table small */
    uint32_t per_cluster = writer->shape->size_bytes <= 260 * IMAGE_MIB ? 1 : 64;
    writer->cluster_bytes = per_cluster * SECTOR_BYTES;
    uint64_t max_clusters = sectors / per_cluster;
    writer->fat_sectors =
        (uint32_t)(((max_clusters + FIRST_CLUSTER) * 4 + SECTOR_BYTES - 1) / SECTOR_BYTES);
    uint64_t overhead = RESERVED_SECTORS + (uint64_t)FAT_COUNT * writer->fat_sectors;
    if (sectors <= overhead || (sectors - overhead) / per_cluster < MIN_CLUSTERS) {
        g_set_error(error, IMAGE_ERROR, IMAGE_ERROR_SIZE,
                    "%" G_GUINT64_FORMAT " bytes are too few for a FAT32 file system",
                    writer->shape->size_bytes);
        return false;
    }
    writer->n_clusters = (uint32_t)((sectors - overhead) / per_cluster);
    writer->fat = g_new0(uint32_t, (size_t)writer->n_clusters + FIRST_CLUSTER);
    writer->fat[0] = 0x0fffff00u | MEDIA_FIXED;
    writer->fat[1] = END_OF_CHAIN;
    writer->next_cluster = FIRST_CLUSTER;
    return true;
}

bool image_fat_write(const ImageFat *self, int fd, const ImageFatFile *files, size_t n_files,
                     GError **error)
{
    g_autoptr(Node) root = node_new(NULL, "           ", NULL);
    for (size_t i = 0; i < n_files; i++)
        if (!add_file(root, &files[i], error))
            return false;
    Writer writer = {.shape = self, .fd = fd};
    bool ok = writer_init(&writer, error) && assign_clusters(&writer, root, error) &&
              write_node(&writer, root, error) && write_fats(&writer, error) &&
              write_boot_sectors(&writer, error);
    g_free(writer.fat);
    return ok;
}
