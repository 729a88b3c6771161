/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One request with a small answer, for protocols rather than files.
 */
#include "base/http-call.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/http-curl.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define CONNECT_TIMEOUT_MS 20000L
#define LOCAL_PORT_TRIES 64

typedef struct {
    GByteArray *body; /* owned */
    uint64_t max_bytes;
    bool too_long;
    bool has_head;
    bool too_late;
    int64_t headers_deadline_us; /* 0: none */
    GCancellable *cancellable;
} Receiver;

void base_http_answer_clear(BaseHttpAnswer *self)
{
    g_clear_pointer(&self->body, g_bytes_unref);
    g_clear_pointer(&self->location, g_free);
}

static size_t on_body(char *data, size_t size, size_t n, void *user_data)
{
    Receiver *receiver = user_data;
    if (receiver->body->len + size * n > receiver->max_bytes) {
        receiver->too_long = true;
        return 0;
    }
    g_byte_array_append(receiver->body, (const guint8 *)data, (guint)(size * n));
    return size * n;
}

static size_t on_head(char *data, size_t size, size_t n, void *user_data)
{
    Receiver *receiver = user_data;
    (void)data;
    receiver->has_head = true;
    return size * n;
}

static int on_progress(void *user_data, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    Receiver *receiver = user_data;
    (void)a, (void)b, (void)c, (void)d;
    receiver->too_late = receiver->headers_deadline_us > 0 && !receiver->has_head &&
                         g_get_monotonic_time() > receiver->headers_deadline_us;
    return receiver->too_late || g_cancellable_is_cancelled(receiver->cancellable);
}

/* GnuTLS takes certificates from a file only: one that is gone when it is closed. */
static bool set_authorities(const BaseHttpCurl *curl, CURL *easy, GBytes *pem, int *out_fd,
                            GError **error)
{
    gsize size_bytes = 0;
    gconstpointer data = g_bytes_get_data(pem, &size_bytes);
    struct curl_blob blob = {(void *)data, size_bytes, CURL_BLOB_COPY};
    if (curl->easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob) == CURLE_OK)
        return true;
    base_autofd fd = memfd_create("certificates", MFD_CLOEXEC);
    if (fd < 0) {
        int saved_errno = errno;
        return base_error_set_errno(error, saved_errno, "keeping certificates");
    }
    if (!base_fd_write_all(fd, data, size_bytes, error))
        return false;
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    *out_fd = base_fd_steal(&fd);
    if (curl->easy_setopt(easy, CURLOPT_CAINFO, path) == CURLE_OK)
        return true;
    return base_error_set(error, BASE_ERROR_HTTP, "libcurl takes no certificates");
}

static void set_request(const BaseHttpCurl *curl, CURL *easy, const BaseHttpCall *call,
                        struct curl_slist *headers)
{
    curl->easy_setopt(easy, CURLOPT_URL, call->url);
    curl->easy_setopt(easy, CURLOPT_USERAGENT, "atoll/" ATOLL_VERSION);
    curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR,
                      call->protocols != NULL ? call->protocols : "http,https");
    curl->easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl->easy_setopt(easy, CURLOPT_FOLLOWLOCATION, call->follow > 0 ? 1L : 0L);
    curl->easy_setopt(easy, CURLOPT_MAXREDIRS, (long)call->follow);
    curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl->easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                      call->connect_timeout_ms > 0 ? (long)call->connect_timeout_ms
                                                   : CONNECT_TIMEOUT_MS);
    curl->easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)call->timeout_ms);
    curl->easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    if (call->direct)
        curl->easy_setopt(easy, CURLOPT_PROXY, "");
    if (call->proxy != NULL)
        curl->easy_setopt(easy, CURLOPT_PROXY, call->proxy);
    if (call->no_proxy != NULL)
        curl->easy_setopt(easy, CURLOPT_NOPROXY, call->no_proxy);
    if (call->unix_socket != NULL)
        curl->easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, call->unix_socket);
    if (call->body != NULL) {
        gsize size_bytes = 0;
        const void *data = g_bytes_get_data(call->body, &size_bytes);
        curl->easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size_bytes);
        curl->easy_setopt(easy, CURLOPT_POSTFIELDS, data != NULL ? data : "");
    }
    if (call->method != NULL)
        curl->easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
    if (call->aws_region != NULL) {
        g_autofree char *signature = g_strdup_printf("aws:amz:%s:s3", call->aws_region);
        curl->easy_setopt(easy, CURLOPT_AWS_SIGV4, signature);
        curl->easy_setopt(easy, CURLOPT_USERPWD, call->aws_keys);
    }
}

static bool judge(const BaseHttpCurl *curl, const BaseHttpCall *call, const Receiver *receiver,
                  CURLcode result, const char *message, GError **error)
{
    g_autofree char *url = base_http_public_url(call->url);
    if (g_cancellable_set_error_if_cancelled(receiver->cancellable, error))
        return false;
    if (receiver->too_late)
        g_set_error(error, BASE_ERROR, BASE_ERROR_HTTP, "‘%s’ does not answer in %.3g s", url,
                    call->headers_timeout_ms / 1000.0);
    else if (receiver->too_long)
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                    "‘%s’ answers with more than %" G_GUINT64_FORMAT " bytes", url,
                    call->max_bytes);
    else if (result == CURLE_TFTP_NOTFOUND)
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "‘%s’: the server has no such file",
                    url);
    else if (result != CURLE_OK)
        g_set_error(error, BASE_ERROR, BASE_ERROR_HTTP, "‘%s’: %s", url,
                    *message != '\0' ? message : curl->easy_strerror(result));
    return result == CURLE_OK;
}

/* libcurl counts upwards only, but who asks for a low port wants to stay below it */
static CURLcode perform(const BaseHttpCurl *curl, CURL *easy, unsigned local_port)
{
    if (local_port == 0)
        return curl->easy_perform(easy);
    CURLcode result = CURLE_INTERFACE_FAILED;
    for (unsigned port = local_port; port > 0 && local_port - port < LOCAL_PORT_TRIES; port--) {
        curl->easy_setopt(easy, CURLOPT_LOCALPORT, (long)port);
        result = curl->easy_perform(easy);
        if (result != CURLE_INTERFACE_FAILED)
            break;
    }
    return result;
}

bool base_http_call(const BaseHttpCall *call, BaseHttpAnswer *out_answer, GCancellable *cancellable,
                    GError **error)
{
    const BaseHttpCurl *curl = base_http_curl(error);
    if (curl == NULL)
        return false;
    g_autoptr(GByteArray) body = g_byte_array_new();
    Receiver receiver = {.body = body, .max_bytes = call->max_bytes, .cancellable = cancellable};
    struct curl_slist *headers = NULL;
    char message[CURL_ERROR_SIZE] = "";
    long status = 0;
    curl_off_t retry_after_s = 0;
    CURL *easy = curl->easy_init();
    base_autofd certificates = -1;
    if (call->authorities != NULL &&
        !set_authorities(curl, easy, call->authorities, &certificates, error)) {
        curl->easy_cleanup(easy);
        return false;
    }
    /* no waiting for a “100 Continue” that small servers never send; without a body curl would only
     * sign the header that it leaves out */
    if (call->body != NULL)
        headers = curl->slist_append(headers, "Expect:");
    for (const char *const *header = call->headers; header != NULL && *header != NULL; header++)
        headers = curl->slist_append(headers, *header);
    set_request(curl, easy, call, headers);
    curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, message);
    curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl->easy_setopt(easy, CURLOPT_WRITEDATA, &receiver);
    curl->easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl->easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl->easy_setopt(easy, CURLOPT_XFERINFODATA, &receiver);
    if (call->headers_timeout_ms > 0) {
        receiver.headers_deadline_us =
            g_get_monotonic_time() + (int64_t)call->headers_timeout_ms * 1000;
        curl->easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head);
        curl->easy_setopt(easy, CURLOPT_HEADERDATA, &receiver);
    }
    CURLcode result = perform(curl, easy, call->local_port);
    char *location = NULL;
    if (curl->easy_getinfo(easy, CURLINFO_REDIRECT_URL, &location) == CURLE_OK)
        location = g_strdup(location);
    curl->easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl->easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    curl->easy_cleanup(easy);
    curl->slist_free_all(headers);
    if (!judge(curl, call, &receiver, result, message, error)) {
        g_free(location);
        return false;
    }
    out_answer->location = location;
    out_answer->status = (unsigned)status;
    out_answer->retry_after_s = retry_after_s > 0 ? (uint64_t)retry_after_s : 0;
    out_answer->body = g_byte_array_free_to_bytes(g_steal_pointer(&body));
    return true;
}
