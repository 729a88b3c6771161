/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>

G_BEGIN_DECLS

/**
 * WebTls:
 * @certificate: (owned): PEM chain
 * @key: (owned): PEM private key
 * @client_ca: (owned) (nullable): PEM of who may vouch for clients
 *
 * What a listener speaks TLS with.
 */
typedef struct {
    char *certificate;
    char *key;
    char *client_ca;
} WebTls;

/**
 * web_tls_load:
 * @certificate_path: PEM file, the server's certificate first
 * @key_path: PEM file of its private key, without a passphrase
 * @client_ca_path: (nullable): PEM file
 * @error: names the file, and says when key and certificate are not a pair
 */
WebTls *web_tls_load(const char *certificate_path, const char *key_path, const char *client_ca_path,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
void web_tls_free(WebTls *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WebTls, web_tls_free)

/**
 * WebTlsPeer:
 * @WEB_TLS_PEER_NONE: the client showed no certificate
 * @WEB_TLS_PEER_TRUSTED: it did, and the client CA vouches for it
 * @WEB_TLS_PEER_REFUSED: it did, but nobody we trust vouches for it, now, as a client's
 */
typedef enum {
    WEB_TLS_PEER_NONE,
    WEB_TLS_PEER_TRUSTED,
    WEB_TLS_PEER_REFUSED,
} WebTlsPeer;

/**
 * web_tls_check_peer:
 * @session: after the handshake
 * @out_name: (out) (transfer full): the subject's common name, for %WEB_TLS_PEER_TRUSTED
 */
WebTlsPeer web_tls_check_peer(gnutls_session_t session, char **out_name);

G_END_DECLS
