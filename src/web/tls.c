/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The listener's certificate, and who a client's certificate says it is. Sessions themselves
 * are libmicrohttpd's and GnuTLS's.
 */
#include "web/tls.h"

#include "base/error.h"
#include "base/fd.h"

#include <fcntl.h>
#include <gnutls/x509.h>
#include <string.h>

#define PEM_MAX_BYTES (1024 * 1024)
#define NAME_MAX_BYTES 128

static char *load_pem(const char *path, GError **error)
{
    g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, path, PEM_MAX_BYTES, error);
    if (bytes == NULL)
        return NULL;
    size_t size = 0;
    const char *text = g_bytes_get_data(bytes, &size);
    return g_strndup(text, size);
}

static gnutls_datum_t datum_of(char *text)
{
    return (gnutls_datum_t){.data = (unsigned char *)text, .size = (unsigned)strlen(text)};
}

/* libmicrohttpd would only say that it cannot start. */
static bool check(const WebTls *self, const char *certificate_path, const char *key_path,
                  const char *client_ca_path, GError **error)
{
    gnutls_certificate_credentials_t credentials = NULL;
    if (gnutls_certificate_allocate_credentials(&credentials) < 0)
        g_error("out of memory");
    gnutls_datum_t certificate = datum_of(self->certificate);
    gnutls_datum_t key = datum_of(self->key);
    int status =
        gnutls_certificate_set_x509_key_mem(credentials, &certificate, &key, GNUTLS_X509_FMT_PEM);
    bool good = true;
    if (status < 0) {
        good = base_error_set(error, BASE_ERROR_INVALID,
                              "‘%s’ and ‘%s’ are no certificate with its private key in PEM: %s",
                              certificate_path, key_path, gnutls_strerror(status));
    } else if (self->client_ca != NULL) {
        gnutls_datum_t ca = datum_of(self->client_ca);
        int found = gnutls_certificate_set_x509_trust_mem(credentials, &ca, GNUTLS_X509_FMT_PEM);
        if (found <= 0)
            good =
                base_error_set(error, BASE_ERROR_INVALID, "‘%s’ has no certificate in PEM: %s",
                               client_ca_path, found < 0 ? gnutls_strerror(found) : "it is empty");
    }
    gnutls_certificate_free_credentials(credentials);
    return good;
}

WebTls *web_tls_load(const char *certificate_path, const char *key_path, const char *client_ca_path,
                     GError **error)
{
    g_autoptr(WebTls) self = g_new0(WebTls, 1);
    self->certificate = load_pem(certificate_path, error);
    if (self->certificate == NULL)
        return NULL;
    self->key = load_pem(key_path, error);
    if (self->key == NULL)
        return NULL;
    if (client_ca_path != NULL) {
        self->client_ca = load_pem(client_ca_path, error);
        if (self->client_ca == NULL)
            return NULL;
    }
    return check(self, certificate_path, key_path, client_ca_path, error) ? g_steal_pointer(&self)
                                                                          : NULL;
}

void web_tls_free(WebTls *self)
{
    if (self == NULL)
        return;
    g_free(self->certificate);
    g_free(self->key);
    g_free(self->client_ca);
    g_free(self);
}

static char *read_name(const gnutls_datum_t *der)
{
    gnutls_x509_crt_t certificate = NULL;
    if (gnutls_x509_crt_init(&certificate) < 0)
        return NULL;
    char name[NAME_MAX_BYTES + 1] = "";
    size_t size = sizeof name;
    int status = gnutls_x509_crt_import(certificate, der, GNUTLS_X509_FMT_DER);
    if (status >= 0)
        status = gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name,
                                               &size);
    gnutls_x509_crt_deinit(certificate);
    bool sane = status >= 0 && size > 0 && strlen(name) == size;
    for (const char *next = name; sane && *next != '\0'; next++)
        sane = g_ascii_isgraph(*next);
    return sane ? g_strdup(name) : NULL;
}

WebTlsPeer web_tls_check_peer(gnutls_session_t session, char **out_name)
{
    unsigned n_certificates = 0;
    const gnutls_datum_t *certificates = gnutls_certificate_get_peers(session, &n_certificates);
    if (certificates == NULL || n_certificates == 0)
        return WEB_TLS_PEER_NONE;
    gnutls_typed_vdata_st purpose = {
        .type = GNUTLS_DT_KEY_PURPOSE_OID,
        .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT,
    };
    unsigned status = 0;
    if (gnutls_certificate_verify_peers(session, &purpose, 1, &status) < 0 || status != 0)
        return WEB_TLS_PEER_REFUSED;
    char *name = read_name(&certificates[0]);
    if (name == NULL)
        return WEB_TLS_PEER_REFUSED;
    *out_name = name;
    return WEB_TLS_PEER_TRUSTED;
}
