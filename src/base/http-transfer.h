/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/digest.h"
#include "base/http.h"

#include <curl/curl.h>

G_BEGIN_DECLS

/**
 * BaseHttpState:
 * @BASE_HTTP_WAITING: not started, or to be tried again when its time has come
 * @BASE_HTTP_RUNNING: its easy handle is under way
 * @BASE_HTTP_DONE: the file is in place, or rightly missing
 * @BASE_HTTP_FAILED: given up
 */
typedef enum {
    BASE_HTTP_WAITING,
    BASE_HTTP_RUNNING,
    BASE_HTTP_DONE,
    BASE_HTTP_FAILED,
} BaseHttpState;

/**
 * BaseHttpTransfer:
 * @item: (borrowed): what to fetch
 * @state: where it stands
 * @easy: (nullable): the handle of the current try
 * @fd: the part file, -1 while closed
 * @at_bytes: how much of the part file is good
 * @try_from_bytes: where the current try began
 * @range_from_bytes: where the server says that its answer begins
 * @wait_until_us: monotonic time before which it is not tried again
 *
 * One item through all its tries: the part file, its running digest, and the verdict on each
 * try. Which transfer runs when is base/http.c's business.
 */
typedef struct {
    BaseHttpItem *item;
    BaseHttpState state;
    CURL *easy;
    struct curl_slist *headers;
    int fd;
    char *part_path;
    BaseSha256 *sha256;
    char *validator;
    uint64_t at_bytes;
    uint64_t try_from_bytes;
    uint64_t range_from_bytes;
    int64_t wait_until_us;
    unsigned n_tries;
    bool resumed;
    bool restarted;
    bool answer_judged;
    bool discard_answer;
    bool restart_needed;
    GError *write_error;
    char curl_message[CURL_ERROR_SIZE];
} BaseHttpTransfer;

void base_http_transfer_init(BaseHttpTransfer *self, BaseHttpItem *item);
void base_http_transfer_clear(BaseHttpTransfer *self);

/**
 * base_http_transfer_start:
 * @self: a waiting transfer
 * @error: return location
 *
 * Opens the part file and makes the easy handle of the next try: @state becomes running. A
 * part file that is complete already is finished at once: @state becomes done.
 */
bool base_http_transfer_start(BaseHttpTransfer *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * base_http_transfer_end_try:
 * @self: a running transfer
 * @result: what libcurl says of the try
 * @error: set when @state becomes failed
 *
 * Judges the try: @state becomes done, waiting or failed.
 */
bool base_http_transfer_end_try(BaseHttpTransfer *self, CURLcode result,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
