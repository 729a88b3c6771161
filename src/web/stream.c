/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Bodies that come bit by bit, over libmicrohttpd's suspend and resume.
 */
#include "web/stream.h"

#include <string.h>
#include <sys/socket.h>

/* Only what HTTP/1.0 clients get goes through this; others get chunks out of the connection's
 * own memory. */
#define BLOCK_BYTES 512

/* A wake that comes between an empty read and the suspension must not be lost, and a
 * connection that is not suspended must not be resumed: hence the lock. */
typedef struct {
    WebStream stream;
    struct MHD_Connection *connection;
    uint64_t *size_bytes;
    GMutex lock;
    bool parked;
    bool woken;
} Sender;

static void wake(void *data)
{
    Sender *self = data;
    g_mutex_lock(&self->lock);
    self->woken = true;
    if (self->parked) {
        self->parked = false;
        MHD_resume_connection(self->connection);
    }
    g_mutex_unlock(&self->lock);
}

static void cut(void *data)
{
    Sender *self = data;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(self->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    /* What the client does not take must not stay in the kernel until it does: a reset. */
    struct linger none = {.l_onoff = 1, .l_linger = 0};
    if (info != NULL) {
        (void)setsockopt(info->connect_fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
        (void)shutdown(info->connect_fd, SHUT_RDWR);
    }
    wake(self);
}

static bool park(Sender *self)
{
    g_mutex_lock(&self->lock);
    bool parked = !self->woken;
    if (parked) {
        self->parked = true;
        MHD_suspend_connection(self->connection);
    }
    g_mutex_unlock(&self->lock);
    return parked;
}

static ssize_t on_read(void *data, uint64_t position, char *buffer, size_t size_bytes)
{
    Sender *self = data;
    ssize_t length = 0;
    do {
        g_mutex_lock(&self->lock);
        self->woken = false;
        g_mutex_unlock(&self->lock);
        length = self->stream.read(self->stream.data, buffer, size_bytes);
    } while (length == 0 && !park(self));
    if (length < 0)
        return MHD_CONTENT_READER_END_OF_STREAM;
    *self->size_bytes += (uint64_t)length;
    return length;
}

static void on_free(void *data)
{
    Sender *self = data;
    self->stream.free(self->stream.data);
    g_mutex_clear(&self->lock);
    g_free(self);
}

struct MHD_Response *web_stream_make(struct MHD_Connection *connection, uint64_t *size_bytes,
                                     WebStream *stream)
{
    Sender *self = g_new0(Sender, 1);
    g_mutex_init(&self->lock);
    self->connection = connection;
    self->size_bytes = size_bytes;
    self->stream = *stream;
    memset(stream, 0, sizeof *stream);
    WebWaker waker = {.wake = wake, .cut = cut, .data = self};
    self->stream.start(self->stream.data, &waker);
    struct MHD_Response *made =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, on_read, self, on_free);
    if (made == NULL)
        on_free(self);
    return made;
}
