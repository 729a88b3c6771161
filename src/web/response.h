/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "web/request.h"

#include <stdint.h>
#include <sys/types.h>

G_BEGIN_DECLS

/**
 * WebWaker:
 * @wake: there may be something to read: asks for it again, from any thread
 * @cut: hangs up at once, also when the client takes nothing
 * @data: for both
 *
 * How the owner of a #WebStream reaches whoever sends it. Valid until the stream's free().
 */
typedef struct {
    void (*wake)(void *data);
    void (*cut)(void *data);
    void *data;
} WebWaker;

/**
 * WebStream:
 * @start: called once, before the first read
 * @read: fills @buffer: the number of bytes, 0 to wait until woken, -1 at the end; never blocks
 * @free: the client is gone or has everything; after it no #WebWaker may be called
 * @data: (owned): for all of them
 *
 * A body that comes bit by bit.
 */
typedef struct {
    void (*start)(void *data, const WebWaker *waker);
    ssize_t (*read)(void *data, char *buffer, size_t size_bytes);
    void (*free)(void *data);
    void *data;
} WebStream;

/**
 * WebResponse:
 * @status: HTTP status code
 * @headers: name, value, name, value (owned strings)
 * @body: (nullable): a body in memory
 * @fd: a file to send instead (owned), or -1
 * @offset_bytes: where in @fd the body starts
 * @size_bytes: length of the body
 * @stream: sent instead when its read() is set (owned)
 *
 * A handler's answer.
 */
typedef struct {
    unsigned status;
    GPtrArray *headers;
    GBytes *body;
    int fd;
    uint64_t offset_bytes;
    uint64_t size_bytes;
    WebStream stream;
} WebResponse;

void web_response_free(WebResponse *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WebResponse, web_response_free)

/** web_response_new: an answer without a body */
WebResponse *web_response_new(unsigned status);

/** web_response_new_bytes: an answer with @body (borrowed) of type @content_type */
WebResponse *web_response_new_bytes(unsigned status, const char *content_type, GBytes *body);

/**
 * web_response_new_file:
 * @status: 200 or 206
 * @content_type: value of that header
 * @fd: (transfer full): a regular file
 * @offset_bytes: first byte to send
 * @size_bytes: how many to send
 */
WebResponse *web_response_new_file(unsigned status, const char *content_type, int fd,
                                   uint64_t offset_bytes, uint64_t size_bytes);

/** web_response_new_stream: an answer whose end is not known; @stream's data is taken */
WebResponse *web_response_new_stream(const char *content_type, WebStream stream);

/**
 * web_response_new_error:
 * @request: what is answered: the body is JSON when web_request_is_api(), else text
 * @status: HTTP status code
 * @message: one line, lower case
 */
WebResponse *web_response_new_error(const WebRequest *request, unsigned status,
                                    const char *message);

/** web_response_add_header: adds a header; both strings are copied */
void web_response_add_header(WebResponse *self, const char *name, const char *value);

/** web_response_header: (nullable): the value of the first header @name */
const char *web_response_header(const WebResponse *self, const char *name);

G_END_DECLS
