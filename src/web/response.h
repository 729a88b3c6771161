/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "web/request.h"

#include <stdint.h>

G_BEGIN_DECLS

/**
 * WebResponse:
 * @status: HTTP status code
 * @headers: name, value, name, value (owned strings)
 * @body: (nullable): a body in memory
 * @fd: a file to send instead (owned), or -1
 * @offset_bytes: where in @fd the body starts
 * @size_bytes: length of the body
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

/**
 * web_response_new_error:
 * @request: what is answered: below /api/ the body is JSON, else text
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
