/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * fedmsg's signatures (its crypto/x509): RSA, PKCS #1 v1.5, SHA-1, over the envelope as JSON
 * without signature and certificate; both travel in base64, in lines of 76 characters.
 */
#include "bus/transports/fedmsg.h"

#include "base/fd.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <string.h>

#define LINE_CHARS 76
#define MAX_PEM_BYTES 65536
#define MAX_POLICY_BYTES (4 * 1024 * 1024)

struct _BusFedmsgSigner {
    char *certificate;
    EVP_PKEY *key;
};

struct _BusFedmsgVerifier {
    X509_STORE *store;
    JsonObject *policy;
    bool nitpicky;
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_CRL, X509_CRL_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_STORE_CTX, X509_STORE_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_MD_CTX, EVP_MD_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)

static bool set_openssl(GError **error, BusError code, const char *what)
{
    unsigned long number = ERR_get_error();
    const char *reason = ERR_reason_error_string(number);
    ERR_clear_error();
    g_set_error(error, BUS_ERROR, code, "%s: %s", what, reason != NULL ? reason : "refused");
    return false;
}

static X509 *parse_certificate(const void *data, size_t size_bytes)
{
    g_autoptr(BIO) bio = BIO_new_mem_buf(data, (int)size_bytes);
    return PEM_read_bio_X509(bio, NULL, NULL, NULL);
}

/* Never asks a terminal for the passphrase. */
static int no_passphrase(char *buffer, int size, int is_write, void *user_data)
{
    return -1;
}

static char *wrap_base64(const void *data, size_t size_bytes)
{
    g_autofree char *text = g_base64_encode(data, size_bytes);
    g_autoptr(GString) lines = g_string_new(NULL);
    size_t length = strlen(text);
    for (size_t at = 0; at < length; at += LINE_CHARS) {
        g_string_append_len(lines, text + at, (gssize)MIN(LINE_CHARS, length - at));
        g_string_append_c(lines, '\n');
    }
    return g_string_free(g_steal_pointer(&lines), FALSE);
}

static char *print_certificate(X509 *certificate)
{
    g_autoptr(BIO) bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    if (!PEM_write_bio_X509(bio, certificate))
        return NULL;
    long size_bytes = BIO_get_mem_data(bio, &data);
    return wrap_base64(data, (size_t)size_bytes);
}

BusFedmsgSigner *bus_fedmsg_signer_load(const char *cert_path, const char *key_path, GError **error)
{
    g_autoptr(GBytes) cert_bytes = base_fd_read_file(AT_FDCWD, cert_path, MAX_PEM_BYTES, error);
    if (cert_bytes == NULL)
        return NULL;
    g_autoptr(GBytes) key_bytes = base_fd_read_file(AT_FDCWD, key_path, MAX_PEM_BYTES, error);
    if (key_bytes == NULL)
        return NULL;
    g_autoptr(X509) certificate =
        parse_certificate(g_bytes_get_data(cert_bytes, NULL), g_bytes_get_size(cert_bytes));
    if (certificate == NULL) {
        g_autofree char *what = g_strdup_printf("‘%s’ holds no PEM certificate", cert_path);
        (void)set_openssl(error, BUS_ERROR_INVALID, what);
        return NULL;
    }
    g_autoptr(BIO) bio =
        BIO_new_mem_buf(g_bytes_get_data(key_bytes, NULL), (int)g_bytes_get_size(key_bytes));
    g_autoptr(EVP_PKEY) key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    if (key == NULL || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
        g_autofree char *what =
            g_strdup_printf("‘%s’ holds no RSA key in PEM without a passphrase", key_path);
        (void)set_openssl(error, BUS_ERROR_INVALID, what);
        return NULL;
    }
    if (!X509_check_private_key(certificate, key)) {
        ERR_clear_error();
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                    "the key ‘%s’ does not belong to the certificate ‘%s’", key_path, cert_path);
        return NULL;
    }
    BusFedmsgSigner *self = g_new0(BusFedmsgSigner, 1);
    self->certificate = print_certificate(certificate);
    self->key = g_steal_pointer(&key);
    return self;
}

void bus_fedmsg_signer_free(BusFedmsgSigner *self)
{
    if (self == NULL)
        return;
    g_free(self->certificate);
    EVP_PKEY_free(self->key);
    g_free(self);
}

bool bus_fedmsg_sign(BusFedmsgSigner *self, JsonObject *envelope, GError **error)
{
    json_object_set_string_member(envelope, "crypto", "x509");
    g_autoptr(JsonNode) node = json_node_init_object(json_node_alloc(), envelope);
    g_autoptr(GString) text = g_string_new(NULL);
    bus_fedmsg_dumps(node, text);
    g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();
    size_t size_bytes = (size_t)EVP_PKEY_get_size(self->key);
    g_autofree unsigned char *signature = g_malloc(size_bytes);
    if (EVP_DigestSignInit(context, NULL, EVP_sha1(), NULL, self->key) != 1 ||
        EVP_DigestSign(context, signature, &size_bytes, (const unsigned char *)text->str,
                       text->len) != 1)
        return set_openssl(error, BUS_ERROR_FAILED, "signing");
    g_autofree char *wrapped = wrap_base64(signature, size_bytes);
    json_object_set_string_member(envelope, "signature", wrapped);
    json_object_set_string_member(envelope, "certificate", self->certificate);
    return true;
}

static bool load_authority(X509_STORE *store, const char *path, GError **error)
{
    g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, path, MAX_PEM_BYTES, error);
    if (bytes == NULL)
        return false;
    g_autoptr(X509) authority =
        parse_certificate(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    if (authority != NULL && X509_STORE_add_cert(store, authority) == 1)
        return true;
    g_autofree char *what = g_strdup_printf("‘%s’ holds no PEM certificate", path);
    return set_openssl(error, BUS_ERROR_INVALID, what);
}

static bool load_revoked(X509_STORE *store, const char *path, GError **error)
{
    g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, path, MAX_POLICY_BYTES, error);
    if (bytes == NULL)
        return false;
    g_autoptr(BIO) bio =
        BIO_new_mem_buf(g_bytes_get_data(bytes, NULL), (int)g_bytes_get_size(bytes));
    g_autoptr(X509_CRL) crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
    if (crl != NULL && X509_STORE_add_crl(store, crl) == 1 &&
        X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) == 1)
        return true;
    g_autofree char *what = g_strdup_printf("‘%s’ holds no PEM revocation list", path);
    return set_openssl(error, BUS_ERROR_INVALID, what);
}

static JsonObject *load_policy(const char *path, GError **error)
{
    g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, path, MAX_POLICY_BYTES, error);
    if (bytes == NULL)
        return NULL;
    g_autoptr(JsonObject) policy = bus_transport_parse(
        g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), MAX_POLICY_BYTES, error);
    if (policy == NULL) {
        g_prefix_error(error, "reading the policy ‘%s’: ", path);
        return NULL;
    }
    g_autoptr(GList) topics = json_object_get_members(policy);
    for (GList *topic = topics; topic != NULL; topic = topic->next) {
        if (!JSON_NODE_HOLDS_ARRAY(json_object_get_member(policy, topic->data))) {
            g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                        "‘%s’: topic ‘%s’ wants an array of names", path, (char *)topic->data);
            return NULL;
        }
    }
    return g_steal_pointer(&policy);
}

BusFedmsgVerifier *bus_fedmsg_verifier_load(const char *ca_path, const char *crl_path,
                                            const char *policy_path, bool nitpicky, GError **error)
{
    g_autoptr(BusFedmsgVerifier) self = g_new0(BusFedmsgVerifier, 1);
    self->store = X509_STORE_new();
    self->nitpicky = nitpicky;
    if (!load_authority(self->store, ca_path, error) ||
        (crl_path != NULL && !load_revoked(self->store, crl_path, error)))
        return NULL;
    self->policy = policy_path != NULL ? load_policy(policy_path, error) : json_object_new();
    return self->policy != NULL ? g_steal_pointer(&self) : NULL;
}

void bus_fedmsg_verifier_free(BusFedmsgVerifier *self)
{
    if (self == NULL)
        return;
    X509_STORE_free(self->store);
    g_clear_pointer(&self->policy, json_object_unref);
    g_free(self);
}

static bool check_certificate(BusFedmsgVerifier *self, X509 *certificate, GError **error)
{
    g_autoptr(X509_STORE_CTX) context = X509_STORE_CTX_new();
    if (X509_STORE_CTX_init(context, self->store, certificate, NULL) != 1)
        return set_openssl(error, BUS_ERROR_FAILED, "checking the certificate");
    if (X509_verify_cert(context) == 1)
        return true;
    ERR_clear_error();
    g_set_error(error, BUS_ERROR, BUS_ERROR_DENIED, "the certificate is not to be trusted: %s",
                X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
    return false;
}

static char *common_name(X509 *certificate)
{
    X509_NAME *subject = X509_get_subject_name(certificate);
    int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (index < 0)
        return NULL;
    unsigned char *text = NULL;
    int length =
        ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
    char *name = length > 0 && memchr(text, '\0', (size_t)length) == NULL &&
                         g_utf8_validate((const char *)text, length, NULL)
                     ? g_strndup((const char *)text, (size_t)length)
                     : NULL;
    OPENSSL_free(text);
    return name;
}

static bool check_policy(BusFedmsgVerifier *self, const char *topic, const char *name,
                         GError **error)
{
    if (!json_object_has_member(self->policy, topic)) {
        if (!self->nitpicky)
            return true;
        g_set_error(error, BUS_ERROR, BUS_ERROR_DENIED, "the policy does not list the topic ‘%s’",
                    topic);
        return false;
    }
    JsonArray *names = json_object_get_array_member(self->policy, topic);
    for (unsigned i = 0; i < json_array_get_length(names); i++) {
        JsonNode *allowed = json_array_get_element(names, i);
        if (json_node_get_value_type(allowed) == G_TYPE_STRING &&
            strcmp(json_node_get_string(allowed), name) == 0)
            return true;
    }
    g_set_error(error, BUS_ERROR, BUS_ERROR_DENIED, "‘%s’ may not send the topic ‘%s’", name,
                topic);
    return false;
}

static const char *skip_string(const char *at)
{
    for (at++; *at != '"'; at++) {
        if (*at == '\\')
            at++;
    }
    return at + 1;
}

/* The end of a member that begins at @at; the text is known to be JSON. */
static const char *skip_member(const char *at)
{
    unsigned depth = 0;
    for (;; at++) {
        while (*at == '"')
            at = skip_string(at);
        if (depth == 0 && (*at == ',' || *at == '}'))
            return at;
        if (*at == '{' || *at == '[')
            depth++;
        else if (*at == '}' || *at == ']')
            depth--;
    }
}

/* What was signed, cut out of the text that came: no number or escape is printed anew. */
static GString *cut_credentials(const char *text)
{
    GString *out = g_string_new("{");
    const char *at = strchr(text, '{') + 1;
    at += strspn(at, " \t\r\n");
    while (*at == '"') {
        const char *end = skip_member(at);
        if (!g_str_has_prefix(at, "\"signature\"") && !g_str_has_prefix(at, "\"certificate\"")) {
            if (out->len > 1)
                g_string_append_c(out, ',');
            g_string_append_len(out, at, end - at);
        }
        at = *end == ',' ? end + 1 : end;
        at += strspn(at, " \t\r\n");
    }
    return g_string_append_c(out, '}');
}

/* For a sender whose text is not what Python prints: the same members, printed so. */
static GString *print_without_credentials(JsonObject *envelope)
{
    g_autoptr(JsonObject) rest = json_object_new();
    g_autoptr(GList) names = json_object_get_members(envelope);
    for (GList *name = names; name != NULL; name = name->next) {
        if (strcmp(name->data, "signature") != 0 && strcmp(name->data, "certificate") != 0)
            json_object_set_member(rest, name->data, json_object_dup_member(envelope, name->data));
    }
    g_autoptr(JsonNode) node = json_node_init_object(json_node_alloc(), rest);
    GString *out = g_string_new(NULL);
    bus_fedmsg_dumps(node, out);
    return out;
}

static bool is_signed(EVP_PKEY *key, const GString *text, const unsigned char *signature,
                      size_t size_bytes)
{
    g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();
    bool ok = EVP_DigestVerifyInit(context, NULL, EVP_sha1(), NULL, key) == 1 &&
              EVP_DigestVerify(context, signature, size_bytes, (const unsigned char *)text->str,
                               text->len) == 1;
    ERR_clear_error();
    return ok;
}

static unsigned char *decode_member(JsonObject *envelope, const char *name, size_t *out_size_bytes,
                                    GError **error)
{
    JsonNode *node = json_object_get_member(envelope, name);
    if (node == NULL || json_node_get_value_type(node) != G_TYPE_STRING) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_DENIED, "it has no %s", name);
        return NULL;
    }
    const char *text = json_node_get_string(node);
    if (strlen(text) > MAX_PEM_BYTES) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_TOO_LARGE, "its %s has %zu bytes, of at most %d",
                    name, strlen(text), MAX_PEM_BYTES);
        return NULL;
    }
    return g_base64_decode(text, out_size_bytes);
}

bool bus_fedmsg_verify(BusFedmsgVerifier *self, JsonObject *envelope, const char *data,
                       size_t size_bytes, char **out_name, GError **error)
{
    size_t signature_bytes = 0;
    size_t certificate_bytes = 0;
    g_autofree unsigned char *signature =
        decode_member(envelope, "signature", &signature_bytes, error);
    if (signature == NULL)
        return false;
    g_autofree unsigned char *pem =
        decode_member(envelope, "certificate", &certificate_bytes, error);
    if (pem == NULL)
        return false;
    g_autoptr(X509) certificate = parse_certificate(pem, certificate_bytes);
    if (certificate == NULL)
        return set_openssl(error, BUS_ERROR_DENIED, "its certificate is none");
    g_autofree char *name = common_name(certificate);
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    if (name == NULL || key == NULL || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_DENIED,
                    "its certificate has no common name or no RSA key");
        return false;
    }
    if (!check_certificate(self, certificate, error))
        return false;
    g_autofree char *text = g_strndup(data, size_bytes);
    g_autoptr(GString) as_it_came = cut_credentials(text);
    g_autoptr(GString) as_python_prints = print_without_credentials(envelope);
    if (!is_signed(key, as_it_came, signature, signature_bytes) &&
        !is_signed(key, as_python_prints, signature, signature_bytes)) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_DENIED, "the signature of ‘%s’ is forged", name);
        return false;
    }
    if (!check_policy(self, json_object_get_string_member_with_default(envelope, "topic", ""), name,
                      error))
        return false;
    *out_name = g_steal_pointer(&name);
    return true;
}
