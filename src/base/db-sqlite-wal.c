/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How SQLite's write-ahead log lies on the disk: it grows in steps, with zeros ahead of what is
 * written, and a frame goes out in one write. A file that grows with each commit has its size
 * written each time it is synced, beside the data; one whose blocks are there has not.
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
/* Larger pages than this are written beside their headers; ours have 4096. */
#define PAGE_MAX_BYTES 8192
/* As much as is there already, so that a short log stays small, within these. */
#define STEP_MIN_BYTES (64 * 1024)
#define STEP_MAX_BYTES (1024 * 1024)

typedef struct {
    sqlite3_file base;
    sqlite3_file *real;       /* behind this in the same memory */
    sqlite3_int64 size_bytes; /* it has at least so many, or had */
    bool has_header;          /* of a frame whose page is yet to come */
    sqlite3_int64 header_offset;
    uint8_t frame[FRAME_HEADER_BYTES + PAGE_MAX_BYTES];
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
    if (!self->has_header)
        return SQLITE_OK;
    self->has_header = false;
    return put(self, self->frame, FRAME_HEADER_BYTES, self->header_offset);
}

static int write_file(sqlite3_file *file, const void *data, int n, sqlite3_int64 offset)
{
    Wal *self = from_file(file);
    if (self->has_header && offset == self->header_offset + FRAME_HEADER_BYTES &&
        n <= PAGE_MAX_BYTES) {
        self->has_header = false;
        memcpy(self->frame + FRAME_HEADER_BYTES, data, (size_t)n);
        return put(self, self->frame, FRAME_HEADER_BYTES + n, self->header_offset);
    }
    int result = flush(self);
    if (result != SQLITE_OK || n != FRAME_HEADER_BYTES || offset < WAL_HEADER_BYTES)
        return result != SQLITE_OK ? result : put(self, data, n, offset);
    memcpy(self->frame, data, FRAME_HEADER_BYTES);
    self->has_header = true;
    self->header_offset = offset;
    return SQLITE_OK;
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
    memset(self, 0, offsetof(Wal, frame));
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
