/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One file's way from a server to the disk: part file, resuming, digest, and whether a failed
 * try is worth another (RFC 9110: 14 ranges, 15 status codes).
 */
#include "base/http-transfer.h"

#include "base/error.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_TRIES 5
#define FIRST_WAIT_US (G_USEC_PER_SEC / 4)
#define MAX_WAIT_US (60 * G_USEC_PER_SEC)
#define MAX_REDIRECTS 10L
#define CONNECT_TIMEOUT_SECONDS 20L
#define LOW_SPEED_BYTES_PER_SECOND 128L
#define LOW_SPEED_SECONDS 30L
#define RECEIVE_BUFFER_BYTES (256L << 10)
#define PART_READ_BYTES (256u << 10)
#define SETTLE_SECONDS 60

void base_http_transfer_init(BaseHttpTransfer *self, BaseHttpItem *item)
{
    *self = (BaseHttpTransfer){.item = item, .fd = -1};
    item->out_missing = false;
    item->out_unchanged = false;
}

static void end_easy(BaseHttpTransfer *self)
{
    g_clear_pointer(&self->easy, curl_easy_cleanup);
    g_clear_pointer(&self->headers, curl_slist_free_all);
}

void base_http_transfer_clear(BaseHttpTransfer *self)
{
    end_easy(self);
    base_fd_clear(&self->fd);
    self->fd = -1;
    /* An empty part file is worth nothing to the next call. */
    if (self->part_path != NULL && self->state != BASE_HTTP_DONE && self->at_bytes == 0)
        (void)unlink(self->part_path);
    g_clear_pointer(&self->part_path, g_free);
    g_clear_pointer(&self->sha256, base_sha256_free);
    g_clear_pointer(&self->validator, g_free);
    g_clear_error(&self->write_error);
}

static uint64_t limit_bytes(const BaseHttpItem *item)
{
    return item->max_bytes != 0 ? item->max_bytes : item->size_bytes;
}

static bool restart_part(BaseHttpTransfer *self, GError **error)
{
    if (ftruncate(self->fd, 0) < 0 || lseek(self->fd, 0, SEEK_SET) < 0)
        return base_error_set_errno(error, errno, "emptying ‘%s’", self->part_path);
    uint8_t ignored[BASE_SHA256_BYTES];
    base_sha256_finish(self->sha256, ignored);
    self->at_bytes = 0;
    self->try_from_bytes = 0;
    self->resumed = false;
    return true;
}

static bool hash_part(BaseHttpTransfer *self, GError **error)
{
    g_autofree uint8_t *buffer = g_malloc(PART_READ_BYTES);
    for (;;) {
        ssize_t n = read(self->fd, buffer, PART_READ_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return base_error_set_errno(error, errno, "reading ‘%s’", self->part_path);
        if (n == 0)
            return true;
        base_sha256_update(self->sha256, buffer, (size_t)n);
        self->at_bytes += (uint64_t)n;
    }
}

static bool open_part(BaseHttpTransfer *self, GError **error)
{
    const BaseHttpItem *item = self->item;
    self->part_path = g_strconcat(item->path, ".part", NULL);
    self->sha256 = base_sha256_new();
    self->fd = open(self->part_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (self->fd < 0)
        return base_error_set_errno(error, errno, "opening ‘%s’", self->part_path);
    if (item->sha256 == NULL || item->only_if_newer)
        return restart_part(self, error);
    if (!hash_part(self, error))
        return false;
    uint64_t limit = limit_bytes(item);
    if (limit != 0 && self->at_bytes > limit)
        return restart_part(self, error);
    return true;
}

/* A date has seconds only: a file that changed a moment ago may change again under the same
 * date (RFC 9110, 8.8.2.2). Such a file gets no date, and is fetched again next time. */
static bool set_modified(BaseHttpTransfer *self, GError **error)
{
    curl_off_t modified = -1;
    int64_t settled = g_get_real_time() / G_USEC_PER_SEC - SETTLE_SECONDS;
    if (curl_easy_getinfo(self->easy, CURLINFO_FILETIME_T, &modified) != CURLE_OK || modified < 0 ||
        modified > settled)
        modified = 0;
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = (time_t)modified}};
    if (futimens(self->fd, times) < 0)
        return base_error_set_errno(error, errno, "dating ‘%s’", self->part_path);
    return true;
}

/* The digest of a part is only known at its end; a copy of the file under its final name
 * exists only once it was right. */
static bool put_in_place(BaseHttpTransfer *self, GError **error)
{
    if (self->item->only_if_newer && !set_modified(self, error))
        return false;
    if (fsync(self->fd) < 0)
        return base_error_set_errno(error, errno, "syncing ‘%s’", self->part_path);
    if (rename(self->part_path, self->item->path) < 0)
        return base_error_set_errno(error, errno, "renaming ‘%s’ to ‘%s’", self->part_path,
                                    self->item->path);
    base_fd_clear(&self->fd);
    self->fd = -1;
    self->state = BASE_HTTP_DONE;
    return true;
}

static bool set_wait(BaseHttpTransfer *self, int64_t wait_us)
{
    end_easy(self);
    self->wait_until_us = g_get_monotonic_time() + wait_us;
    self->state = BASE_HTTP_WAITING;
    return true;
}

static bool fail(BaseHttpTransfer *self)
{
    self->state = BASE_HTTP_FAILED;
    return false;
}

static bool drop_part(BaseHttpTransfer *self)
{
    (void)unlink(self->part_path);
    self->at_bytes = 0;
    return fail(self);
}

static bool retry_from_scratch(BaseHttpTransfer *self, GError **error)
{
    self->restarted = true;
    if (!restart_part(self, error))
        return fail(self);
    return set_wait(self, 0);
}

static bool accept_part(BaseHttpTransfer *self, GError **error)
{
    const BaseHttpItem *item = self->item;
    char hex[BASE_SHA256_HEX_CHARS + 1];
    base_sha256_finish_hex(self->sha256, hex);
    bool size_differs = item->size_bytes != 0 && self->at_bytes != item->size_bytes;
    bool digest_differs = item->sha256 != NULL && g_ascii_strcasecmp(item->sha256, hex) != 0;

    if (!size_differs && !digest_differs)
        return put_in_place(self, error) || fail(self);
    if (self->resumed && !self->restarted)
        return retry_from_scratch(self, error);
    if (size_differs)
        base_error_set(error, BASE_ERROR_INVALID,
                       "it has %" G_GUINT64_FORMAT " bytes, wanted %" G_GUINT64_FORMAT,
                       self->at_bytes, item->size_bytes);
    else
        base_error_set(error, BASE_ERROR_INVALID, "its SHA-256 is %s, wanted %s", hex,
                       item->sha256);
    return drop_part(self);
}

/* --- the answer --- */

static bool is_file_url(const BaseHttpTransfer *self)
{
    return g_ascii_strncasecmp(self->item->url, "file:", 5) == 0;
}

static long answer_status(const BaseHttpTransfer *self)
{
    long status = 0;
    (void)curl_easy_getinfo(self->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

/* Looks at an answer before its first byte is written: does it carry on where the part ends? */
static bool judge_answer(BaseHttpTransfer *self, GError **error)
{
    if (self->answer_judged)
        return true;
    self->answer_judged = true;
    if (is_file_url(self))
        return true;
    long status = answer_status(self);
    if (status == 200)
        return self->try_from_bytes == 0 || restart_part(self, error);
    if (status == 206 && self->range_from_bytes == self->try_from_bytes)
        return true;
    self->restart_needed = status == 206 || status == 416;
    self->discard_answer = true;
    return true;
}

static bool take_body(BaseHttpTransfer *self, const char *data, size_t size_bytes, GError **error)
{
    if (!judge_answer(self, error))
        return false;
    if (self->discard_answer)
        return true;
    uint64_t limit = limit_bytes(self->item);
    if (limit != 0 && size_bytes > limit - self->at_bytes) {
        self->at_bytes = 0;
        return base_error_set(error, BASE_ERROR_INVALID,
                              "it is longer than %" G_GUINT64_FORMAT " bytes", limit);
    }
    if (!base_fd_write_all(self->fd, data, size_bytes, error)) {
        g_prefix_error(error, "writing ‘%s’: ", self->part_path);
        return false;
    }
    base_sha256_update(self->sha256, data, size_bytes);
    self->at_bytes += size_bytes;
    return true;
}

static size_t on_body(char *data, size_t size, size_t n, void *user_data)
{
    BaseHttpTransfer *self = user_data;
    size_t size_bytes = size * n;
    if (self->write_error != NULL)
        return 0;
    return take_body(self, data, size_bytes, &self->write_error) ? size_bytes : 0;
}

static char *header_value(const char *line, size_t size_bytes, const char *name)
{
    size_t name_bytes = strlen(name);
    if (size_bytes <= name_bytes || line[name_bytes] != ':' ||
        g_ascii_strncasecmp(line, name, name_bytes) != 0)
        return NULL;
    char *value = g_strndup(line + name_bytes + 1, size_bytes - name_bytes - 1);
    return g_strstrip(value);
}

static size_t on_header(char *data, size_t size, size_t n, void *user_data)
{
    BaseHttpTransfer *self = user_data;
    size_t size_bytes = size * n;
    if (size_bytes >= 5 && strncmp(data, "HTTP/", 5) == 0) {
        self->range_from_bytes = UINT64_MAX;
        return size_bytes;
    }
    g_autofree char *range = header_value(data, size_bytes, "content-range");
    if (range != NULL && g_ascii_strncasecmp(range, "bytes ", 6) == 0)
        self->range_from_bytes = g_ascii_strtoull(range + 6, NULL, 10);
    /* A weak validator must not be used in If-Range (RFC 9110, 13.1.5). */
    g_autofree char *tag = header_value(data, size_bytes, "etag");
    if (tag != NULL && tag[0] == '"') {
        g_free(self->validator);
        self->validator = g_steal_pointer(&tag);
    }
    return size_bytes;
}

/* --- one try --- */

static bool may_resume(const BaseHttpTransfer *self)
{
    return self->at_bytes > 0 &&
           (self->item->sha256 != NULL || self->validator != NULL || is_file_url(self));
}

static void set_range(BaseHttpTransfer *self)
{
    g_autofree char *range = g_strdup_printf("%" G_GUINT64_FORMAT "-", self->at_bytes);
    curl_easy_setopt(self->easy, CURLOPT_RANGE, range);
    if (self->validator != NULL) {
        g_autofree char *header = g_strconcat("If-Range: ", self->validator, NULL);
        self->headers = curl_slist_append(self->headers, header);
    }
    self->resumed = true;
}

static void set_condition(BaseHttpTransfer *self)
{
    struct stat st;
    curl_easy_setopt(self->easy, CURLOPT_FILETIME, 1L);
    if (stat(self->item->path, &st) < 0 || st.st_mtime == 0)
        return;
    curl_easy_setopt(self->easy, CURLOPT_TIMECONDITION, (long)CURL_TIMECOND_IFMODSINCE);
    curl_easy_setopt(self->easy, CURLOPT_TIMEVALUE_LARGE, (curl_off_t)st.st_mtime);
}

static void make_easy(BaseHttpTransfer *self)
{
    CURL *easy = curl_easy_init();
    g_assert(easy != NULL);
    self->easy = easy;
    curl_easy_setopt(easy, CURLOPT_URL, self->item->url);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, self);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "atoll/" ATOLL_VERSION);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https,file");
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXREDIRS, MAX_REDIRECTS);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, RECEIVE_BUFFER_BYTES);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_SECONDS);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, LOW_SPEED_BYTES_PER_SECOND);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, LOW_SPEED_SECONDS);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, self->curl_message);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, self);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, self);
    if (self->at_bytes > 0)
        set_range(self);
    if (self->item->only_if_newer)
        set_condition(self);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, self->headers);
}

bool base_http_transfer_start(BaseHttpTransfer *self, GError **error)
{
    if (self->part_path == NULL && !open_part(self, error))
        return fail(self);
    if (self->at_bytes > 0 && !may_resume(self) && !restart_part(self, error))
        return fail(self);
    if (self->at_bytes > 0 && self->at_bytes == self->item->size_bytes) {
        self->resumed = true;
        if (!accept_part(self, error))
            return false;
        if (self->state == BASE_HTTP_DONE)
            return true;
    }
    self->n_tries++;
    self->try_from_bytes = self->at_bytes;
    self->range_from_bytes = UINT64_MAX;
    self->answer_judged = false;
    self->discard_answer = false;
    self->restart_needed = false;
    self->curl_message[0] = '\0';
    make_easy(self);
    self->state = BASE_HTTP_RUNNING;
    return true;
}

/* --- the verdict --- */

static bool is_transient_result(CURLcode result)
{
    static const CURLcode transient[] = {
        CURLE_COULDNT_RESOLVE_HOST,
        CURLE_COULDNT_RESOLVE_PROXY,
        CURLE_COULDNT_CONNECT,
        CURLE_OPERATION_TIMEDOUT,
        CURLE_SEND_ERROR,
        CURLE_RECV_ERROR,
        CURLE_GOT_NOTHING,
        CURLE_PARTIAL_FILE,
        CURLE_HTTP2,
        CURLE_HTTP2_STREAM,
        CURLE_SSL_CONNECT_ERROR,
        CURLE_AGAIN,
        CURLE_WEIRD_SERVER_REPLY,
    };
    for (size_t i = 0; i < G_N_ELEMENTS(transient); i++)
        if (transient[i] == result)
            return true;
    return false;
}

static bool is_transient_status(long status)
{
    return status == 408 || status == 425 || status == 429 || status == 500 || status == 502 ||
           status == 503 || status == 504;
}

static bool retry_later(BaseHttpTransfer *self)
{
    int64_t wait_us = FIRST_WAIT_US << (self->n_tries - 1);
    curl_off_t retry_after = 0;
    if (curl_easy_getinfo(self->easy, CURLINFO_RETRY_AFTER, &retry_after) == CURLE_OK &&
        retry_after > 0)
        wait_us = MAX(wait_us, MIN(retry_after, 3600) * G_USEC_PER_SEC);
    return set_wait(self, MIN(wait_us, MAX_WAIT_US));
}

static bool end_missing(BaseHttpTransfer *self, GError **error)
{
    (void)unlink(self->part_path);
    self->at_bytes = 0;
    if (self->item->optional) {
        self->item->out_missing = true;
        self->state = BASE_HTTP_DONE;
        return true;
    }
    base_error_set(error, BASE_ERROR_NOT_FOUND, "there is no such file");
    return fail(self);
}

static bool end_unchanged(BaseHttpTransfer *self)
{
    (void)unlink(self->part_path);
    self->item->out_unchanged = true;
    self->state = BASE_HTTP_DONE;
    return true;
}

static bool end_http(BaseHttpTransfer *self, GError **error)
{
    long status = answer_status(self);
    long condition_unmet = 0;
    (void)curl_easy_getinfo(self->easy, CURLINFO_CONDITION_UNMET, &condition_unmet);
    if (status == 304 || condition_unmet != 0)
        return end_unchanged(self);
    if (status == 404 || status == 410)
        return end_missing(self, error);
    if (!judge_answer(self, error))
        return fail(self);
    if (self->restart_needed && !self->restarted)
        return retry_from_scratch(self, error);
    if (!self->discard_answer)
        return accept_part(self, error);
    if (is_transient_status(status) && self->n_tries < MAX_TRIES)
        return retry_later(self);
    base_error_set(error, BASE_ERROR_HTTP, "the server answered with status %ld", status);
    return fail(self);
}

static bool end_result(BaseHttpTransfer *self, CURLcode result, GError **error)
{
    if (result == CURLE_OK)
        return end_http(self, error);
    if (result == CURLE_FILE_COULDNT_READ_FILE)
        return end_missing(self, error);
    if ((result == CURLE_RANGE_ERROR || result == CURLE_BAD_DOWNLOAD_RESUME) && !self->restarted)
        return retry_from_scratch(self, error);
    if (is_transient_result(result) && self->n_tries < MAX_TRIES)
        return retry_later(self);
    const char *message =
        self->curl_message[0] != '\0' ? self->curl_message : curl_easy_strerror(result);
    base_error_set(error, BASE_ERROR_HTTP, "%s", message);
    return fail(self);
}

bool base_http_transfer_end_try(BaseHttpTransfer *self, CURLcode result, GError **error)
{
    bool ok;
    if (self->write_error != NULL) {
        g_propagate_error(error, g_steal_pointer(&self->write_error));
        ok = fail(self);
    } else {
        ok = end_result(self, result, error);
    }
    end_easy(self);
    return ok;
}
