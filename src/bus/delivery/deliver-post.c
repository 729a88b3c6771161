/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One delivery by libcurl, with its bounds: time, size of the answer, where a redirect may lead.
 */
#include "bus/delivery/deliver-post.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECT_SECONDS 10L
#define TOTAL_SECONDS 30L
#define MAX_ANSWER_BYTES 65536
#define MAX_REDIRECTS 3

struct _BusDeliverPost {
    CURL *easy;
    struct curl_slist *headers;
    struct curl_slist *recipients;
    char *data;
    size_t size_bytes;
    size_t at_bytes;
    size_t answer_bytes;
    char *target;
    unsigned n_redirects;
    bool allow_private;
    bool refused_private;
};

void bus_deliver_post_free(BusDeliverPost *self)
{
    if (self == NULL)
        return;
    curl_easy_cleanup(self->easy);
    curl_slist_free_all(self->headers);
    curl_slist_free_all(self->recipients);
    g_free(self->data);
    g_free(self->target);
    g_free(self);
}

CURL *bus_deliver_post_easy(BusDeliverPost *self)
{
    return self->easy;
}

/* What a receiver answers is of no interest; that it never ends is. */
static size_t take_answer(char *data, size_t size, size_t n, void *user_data)
{
    BusDeliverPost *self = user_data;
    self->answer_bytes += size * n;
    return self->answer_bytes <= MAX_ANSWER_BYTES ? size * n : 0;
}

static size_t give_data(char *buffer, size_t size, size_t n, void *user_data)
{
    BusDeliverPost *self = user_data;
    size_t length = MIN(size * n, self->size_bytes - self->at_bytes);
    memcpy(buffer, self->data + self->at_bytes, length);
    self->at_bytes += length;
    return length;
}

static GInetAddress *read_address(const struct curl_sockaddr *address)
{
    if (address->family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, &address->addr, sizeof in);
        return g_inet_address_new_from_bytes((const guint8 *)&in.sin_addr, G_SOCKET_FAMILY_IPV4);
    }
    if (address->family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, &address->addr, MIN(sizeof in6, address->addrlen));
        return g_inet_address_new_from_bytes((const guint8 *)&in6.sin6_addr, G_SOCKET_FAMILY_IPV6);
    }
    return NULL;
}

/* The administrator chose the first address; a redirect is the receiver's choice, and must not
 * reach what only this machine can. Looked at here, after the name was resolved. */
static curl_socket_t open_socket(void *user_data, curlsocktype purpose,
                                 struct curl_sockaddr *address)
{
    BusDeliverPost *self = user_data;
    if (self->n_redirects > 0 && !self->allow_private) {
        g_autoptr(GInetAddress) inet = read_address(address);
        if (inet == NULL || bus_webhook_is_private(inet)) {
            self->refused_private = true;
            return CURL_SOCKET_BAD;
        }
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static BusDeliverPost *new_post(const char *url, const char *data)
{
    BusDeliverPost *self = g_new0(BusDeliverPost, 1);
    self->easy = curl_easy_init();
    self->target = g_strdup(url);
    self->data = g_strdup(data);
    self->size_bytes = strlen(data);
    curl_easy_setopt(self->easy, CURLOPT_URL, url);
    curl_easy_setopt(self->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(self->easy, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    curl_easy_setopt(self->easy, CURLOPT_TIMEOUT, TOTAL_SECONDS);
    curl_easy_setopt(self->easy, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(self->easy, CURLOPT_WRITEDATA, self);
    curl_easy_setopt(self->easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(self->easy, CURLOPT_OPENSOCKETDATA, self);
    curl_easy_setopt(self->easy, CURLOPT_USERAGENT, "atoll/" ATOLL_VERSION);
    return self;
}

BusDeliverPost *bus_deliver_post_hook(const BusWebhook *hook, const char *instance,
                                      const char *topic, const char *id, const char *payload)
{
    BusDeliverPost *self = new_post(hook->url, payload);
    self->allow_private = hook->allow_private;
    g_auto(GStrv) headers = bus_webhook_headers(hook, instance, topic, id, payload);
    for (size_t i = 0; headers[i] != NULL; i++)
        self->headers = curl_slist_append(self->headers, headers[i]);
    /* no “100 Continue” first: receivers that do not know it cost a second each */
    self->headers = curl_slist_append(self->headers, "Expect:");
    curl_easy_setopt(self->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(self->easy, CURLOPT_POST, 1L);
    curl_easy_setopt(self->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)self->size_bytes);
    curl_easy_setopt(self->easy, CURLOPT_POSTFIELDS, self->data);
    curl_easy_setopt(self->easy, CURLOPT_HTTPHEADER, self->headers);
    return self;
}

/* A password does not go over a wire that somebody could have taken STARTTLS away from. */
static long use_tls(const BusDeliverOptions *options)
{
    g_autoptr(GUri) url = g_uri_parse(options->smtp, G_URI_FLAGS_PARSE_RELAXED, NULL);
    const char *host = url != NULL ? g_uri_get_host(url) : NULL;
    bool local = g_strcmp0(host, "localhost") == 0 || g_strcmp0(host, "127.0.0.1") == 0 ||
                 g_strcmp0(host, "::1") == 0;
    bool must = options->smtp_ca_file != NULL || (options->smtp_password != NULL && !local);
    return must ? CURLUSESSL_ALL : CURLUSESSL_TRY;
}

BusDeliverPost *bus_deliver_post_mail(const BusDeliverOptions *options, const char *address,
                                      const char *mail)
{
    BusDeliverPost *self = new_post(options->smtp, mail);
    g_autofree char *from = g_strdup_printf("<%s>", options->from);
    g_autofree char *to = g_strdup_printf("<%s>", address);
    self->recipients = curl_slist_append(NULL, to);
    curl_easy_setopt(self->easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(self->easy, CURLOPT_USE_SSL, use_tls(options));
    if (options->smtp_ca_file != NULL)
        curl_easy_setopt(self->easy, CURLOPT_CAINFO, options->smtp_ca_file);
    curl_easy_setopt(self->easy, CURLOPT_MAIL_FROM, from);
    curl_easy_setopt(self->easy, CURLOPT_MAIL_RCPT, self->recipients);
    if (options->smtp_password != NULL)
        curl_easy_setopt(self->easy, CURLOPT_PASSWORD, options->smtp_password);
    curl_easy_setopt(self->easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(self->easy, CURLOPT_READFUNCTION, give_data);
    curl_easy_setopt(self->easy, CURLOPT_READDATA, self);
    return self;
}

static bool follow(BusDeliverPost *self, long status, GError **error)
{
    char *next = NULL;
    (void)curl_easy_getinfo(self->easy, CURLINFO_REDIRECT_URL, &next);
    /* only these two keep method and body (RFC 9110, 15.4.8 and 15.4.9) */
    if (next == NULL || (status != 307 && status != 308) || self->n_redirects >= MAX_REDIRECTS ||
        !bus_webhook_url_check(next, NULL)) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_FAILED,
                    "the receiver answers %ld: a redirect that is not followed", status);
        return false;
    }
    g_free(self->target);
    self->target = g_strdup(next);
    self->n_redirects++;
    self->answer_bytes = 0;
    curl_easy_setopt(self->easy, CURLOPT_URL, self->target);
    /* a connection that is open already would not be looked at */
    curl_easy_setopt(self->easy, CURLOPT_FRESH_CONNECT, 1L);
    return true;
}

bool bus_deliver_post_finish(BusDeliverPost *self, CURLcode code, bool *out_again, GError **error)
{
    long status = 0;
    *out_again = false;
    (void)curl_easy_getinfo(self->easy, CURLINFO_RESPONSE_CODE, &status);
    if (self->refused_private) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_FAILED,
                    "the receiver redirects to a private address");
        return false;
    }
    if (code == CURLE_WRITE_ERROR && self->answer_bytes > MAX_ANSWER_BYTES) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_FAILED, "the receiver answers more than %d bytes",
                    MAX_ANSWER_BYTES);
        return false;
    }
    if (code != CURLE_OK) {
        if (code == CURLE_USE_SSL_FAILED)
            g_set_error(error, BUS_ERROR, BUS_ERROR_FAILED,
                        "the mail server offers no TLS (STARTTLS), and gets no password without");
        else if (self->recipients != NULL && status >= 400)
            g_set_error(error, BUS_ERROR, BUS_ERROR_FAILED, "the mail server answers %ld", status);
        else
            g_set_error(error, BUS_ERROR, BUS_ERROR_FAILED, "%s", curl_easy_strerror(code));
        return false;
    }
    if (self->recipients != NULL || (status >= 200 && status < 300))
        return true;
    if (status >= 300 && status < 400) {
        *out_again = follow(self, status, error);
        return false;
    }
    g_set_error(error, BUS_ERROR, BUS_ERROR_FAILED, "the receiver answers %ld", status);
    return false;
}

bool bus_deliver_post_perform(BusDeliverPost *self, GError **error)
{
    bool again = true;
    bool ok = false;
    while (again)
        ok = bus_deliver_post_finish(self, curl_easy_perform(self->easy), &again, error);
    return ok;
}
