/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How SQLite's write-ahead log lies on the disk: it grows in steps, with zeros ahead of what is
 * written, and the frames of a commit go out in one write. A file that grows with each commit has
 * its size written each time it is synced, beside the data; one whose blocks are there has not.
 *
 * SQLite's own file system is used for all; only the log's writes come by here. They are made by
 * the one connection that holds the write lock, so nobody else grows the file meanwhile. Zeros are
 * no frame: whoever recovers the log ends before them.
 */
#include "base/db-private.h"

#include <sqlite3.h>
#include <string.h>

#define WAL_HEADER_BYTES 32
#define FRAME_HEADER_BYTES 24
/* Where a frame's header has the size of the database, when the frame is the last of a commit. */
#define COMMIT_OFFSET 4
/* Of frames that wait for the last one of their commit. SQLite's own file system writes less than
 * 128 KiB at once. */
#define BUFFER_BYTES (128 * 1024 - 1)
/* As much as is there already, so that a short log stays small, within these. */
#define STEP_MIN_BYTES (64 * 1024)
#define STEP_MAX_BYTES (1024 * 1024)

/*
 * Wal:
 * @real: behind this in the same memory
 * @size_bytes: it has at least so many, or had
 * @buffer: (owned) (nullable): @n_buffered bytes that are to lie from @offset on
 * @commits: the next page is the last one of a commit
 */
typedef struct {
    sqlite3_file base;
    sqlite3_file *real;
    sqlite3_int64 size_bytes;
    uint8_t *buffer;
    int n_buffered;
    sqlite3_int64 offset;
    bool commits;
} Wal;

static Wal *from_file(sqlite3_file *file)
{
    return (Wal *)(void *)file;
}

/* Without room for it the write itself tells. */
static void grow(Wal *self, sqlite3_int64 offset)
{
    static const uint8_t zeros[STEP_MIN_BYTES];
    sqlite3_int64 size_bytes = 0;
    if (self->real->pMethods->xFileSize(self->real, &size_bytes) != SQLITE_OK)
        return;
    sqlite3_int64 end = offset + CLAMP(offset, STEP_MIN_BYTES, STEP_MAX_BYTES);
    for (sqlite3_int64 at = offset; size_bytes <= at && at < end; at += STEP_MIN_BYTES) {
        if (self->real->pMethods->xWrite(self->real, zeros, STEP_MIN_BYTES, at) != SQLITE_OK)
            break;
        size_bytes = at + STEP_MIN_BYTES;
    }
    self->size_bytes = size_bytes;
}

static int put(Wal *self, const void *data, int n, sqlite3_int64 offset)
{
    if (offset + n > self->size_bytes)
        grow(self, offset);
    return self->real->pMethods->xWrite(self->real, data, n, offset);
}

static int flush(Wal *self)
{
    int n = self->n_buffered;
    self->n_buffered = 0;
    return n > 0 ? put(self, self->buffer, n, self->offset) : SQLITE_OK;
}

static void add(Wal *self, const void *data, int n, sqlite3_int64 offset)
{
    if (self->buffer == NULL)
        self->buffer = g_malloc(BUFFER_BYTES);
    if (self->n_buffered == 0)
        self->offset = offset;
    memcpy(self->buffer + self->n_buffered, data, (size_t)n);
    self->n_buffered += n;
}

/* The last frame of a commit goes out at once with all before it: whoever else reads the log may
 * look for it then, also without a sync. */
static int write_file(sqlite3_file *file, const void *data, int n, sqlite3_int64 offset)
{
    Wal *self = from_file(file);
    bool is_header = n == FRAME_HEADER_BYTES && offset >= WAL_HEADER_BYTES;
    bool follows = self->n_buffered > 0 && offset == self->offset + self->n_buffered;
    if (!follows || n > BUFFER_BYTES - self->n_buffered) {
        int result = flush(self);
        if (result != SQLITE_OK)
            return result;
    }
    if (n > BUFFER_BYTES || (!is_header && !follows))
        return put(self, data, n, offset);
    add(self, data, n, offset);
    bool ends = !is_header && self->commits;
    uint32_t size_pages = 0;
    if (is_header)
        memcpy(&size_pages, (const uint8_t *)data + COMMIT_OFFSET, sizeof size_pages);
    self->commits = size_pages != 0;
    return ends ? flush(self) : SQLITE_OK;
}

static int read_file(sqlite3_file *file, void *data, int n, sqlite3_int64 offset)
{
    Wal *self = from_file(file);
    int result = flush(self);
    return result == SQLITE_OK ? self->real->pMethods->xRead(self->real, data, n, offset) : result;
}

static int truncate_file(sqlite3_file *file, sqlite3_int64 size_bytes)
{
    Wal *self = from_file(file);
    int result = flush(self);
    self->size_bytes = MIN(self->size_bytes, size_bytes);
    return result == SQLITE_OK ? self->real->pMethods->xTruncate(self->real, size_bytes) : result;
}

static int sync_file(sqlite3_file *file, int flags)
{
    Wal *self = from_file(file);
    int result = flush(self);
    return result == SQLITE_OK ? self->real->pMethods->xSync(self->real, flags) : result;
}

static int get_file_size(sqlite3_file *file, sqlite3_int64 *out_size_bytes)
{
    Wal *self = from_file(file);
    int result = flush(self);
    return result == SQLITE_OK ? self->real->pMethods->xFileSize(self->real, out_size_bytes)
                               : result;
}

static int close_file(sqlite3_file *file)
{
    Wal *self = from_file(file);
    int result = flush(self);
    g_clear_pointer(&self->buffer, g_free);
    int closed = self->real->pMethods->xClose(self->real);
    return result == SQLITE_OK ? closed : result;
}

static int control_file(sqlite3_file *file, int operation, void *data)
{
    sqlite3_file *real = from_file(file)->real;
    return real->pMethods->xFileControl(real, operation, data);
}

static int get_sector_size(sqlite3_file *file)
{
    sqlite3_file *real = from_file(file)->real;
    return real->pMethods->xSectorSize(real);
}

static int get_characteristics(sqlite3_file *file)
{
    sqlite3_file *real = from_file(file)->real;
    return real->pMethods->xDeviceCharacteristics(real);
}

/* Locks and shared memory are the database file's, never the log's. */
static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = get_file_size,
    .xFileControl = control_file,
    .xSectorSize = get_sector_size,
    .xDeviceCharacteristics = get_characteristics,
};

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *out_flags)
{
    sqlite3_vfs *real = vfs->pAppData;
    if ((flags & SQLITE_OPEN_WAL) == 0)
        return real->xOpen(real, name, file, flags, out_flags);
    Wal *self = from_file(file);
    memset(self, 0, sizeof *self);
    self->real = (sqlite3_file *)(void *)(self + 1);
    int result = real->xOpen(real, name, self->real, flags, out_flags);
    if (self->real->pMethods != NULL)
        file->pMethods = &methods;
    return result;
}

const char *base_db_sqlite_get_vfs(void)
{
    static sqlite3_vfs vfs;
    static gsize ready;
    if (g_once_init_enter(&ready)) {
        sqlite3_vfs *real = sqlite3_vfs_find(NULL);
        vfs = *real;
        vfs.zName = "atoll";
        vfs.pNext = NULL;
        vfs.pAppData = real;
        vfs.szOsFile = (int)sizeof(Wal) + real->szOsFile;
        vfs.xOpen = open_file;
        if (sqlite3_vfs_register(&vfs, 0) != SQLITE_OK)
            g_error("SQLite takes no file system");
        g_once_init_leave(&ready, 1);
    }
    return vfs.zName;
}
