/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/transport.h"

G_BEGIN_DECLS

/** BUS_FEDMSG_MAX_BYTES: a frame with more is refused */
#define BUS_FEDMSG_MAX_BYTES (BUS_BODY_MAX_BYTES + 64 * 1024)

/** BusFedmsgSigner: our certificate and RSA key; used by one thread at a time */
typedef struct _BusFedmsgSigner BusFedmsgSigner;

/** bus_fedmsg_signer_load: (transfer full): from two PEM files, which have to belong together */
BusFedmsgSigner *bus_fedmsg_signer_load(const char *cert_path, const char *key_path,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
void bus_fedmsg_signer_free(BusFedmsgSigner *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BusFedmsgSigner, bus_fedmsg_signer_free)

/** BusFedmsgVerifier: whose messages are taken; used by one thread at a time */
typedef struct _BusFedmsgVerifier BusFedmsgVerifier;

/**
 * bus_fedmsg_verifier_load:
 * @ca_path: PEM file of the certificate authority
 * @crl_path: (nullable): PEM file of the certificates that it revoked
 * @policy_path: (nullable): JSON object: topic to an array of the common names that may send it
 * @nitpicky: a topic that the policy does not list is refused
 *
 * Returns: (transfer full)
 */
BusFedmsgVerifier *bus_fedmsg_verifier_load(const char *ca_path, const char *crl_path,
                                            const char *policy_path, bool nitpicky,
                                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
void bus_fedmsg_verifier_free(BusFedmsgVerifier *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BusFedmsgVerifier, bus_fedmsg_verifier_free)

/**
 * bus_fedmsg_dumps:
 * @node: any JSON
 * @out: gets what Python's json.dumps(…, sort_keys=True, separators=(",", ":")) makes of it:
 *   the bytes that fedmsg signs
 */
void bus_fedmsg_dumps(JsonNode *node, GString *out);

/** bus_fedmsg_id: (transfer full): fedmsg's msg_id of an event: the year, "-", the UUID */
char *bus_fedmsg_id(const BusEvent *event);

/**
 * bus_fedmsg_print:
 * @event: one that has a body
 * @signer: (nullable): %NULL leaves it unsigned
 *
 * Returns: (transfer full): the envelope, JSON: topic, msg, timestamp, msg_id, i, username,
 *   seq_id and, signed, crypto, signature, certificate. seq_id is under the signature, so that
 *   what is replayed still verifies (fedora-infra/fedmsg#403)
 */
char *bus_fedmsg_print(const BusEvent *event, BusFedmsgSigner *signer,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * bus_fedmsg_parse:
 * @topic: (nullable): what the first frame said (@topic_bytes long); %NULL for a replayed one
 * @topic_bytes: its length
 * @data: the envelope
 * @size_bytes: its length
 * @verifier: (nullable): %NULL takes unsigned messages
 *
 * Returns: (transfer full): the message, its actor "x509:" and the common name of whoever signed
 *   it; a bad one says why in @bad: malformed, forged, from a certificate of somebody else's
 *   authority, expired or revoked, or one that may not send the topic
 */
BusMessage *bus_fedmsg_parse(const char *topic, size_t topic_bytes, const char *data,
                             size_t size_bytes, BusFedmsgVerifier *verifier);

/**
 * bus_fedmsg_verify:
 * @envelope: @data, parsed
 * @data: the envelope's text
 * @size_bytes: its length
 * @out_name: (out) (transfer full): common name of the certificate
 * @error: %BUS_ERROR_DENIED
 */
bool bus_fedmsg_verify(BusFedmsgVerifier *self, JsonObject *envelope, const char *data,
                       size_t size_bytes, char **out_name,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_fedmsg_sign: adds crypto, signature and certificate to @envelope, as fedmsg does */
bool bus_fedmsg_sign(BusFedmsgSigner *self, JsonObject *envelope,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
