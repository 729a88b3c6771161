/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/http-call.h"
#include "provision/datasource.h"

G_BEGIN_DECLS

/**
 * ProvisionService:
 * @env: whose deadline and endpoint count
 * @bases: where it may be, %NULL-terminated ("http://169.254.169.254", the IPv6 address); the first
 *   that answers is kept
 * @headers: (nullable): "Name: value" of every request, %NULL-terminated
 * @unix_socket: (nullable): see #BaseHttpCall
 * @local_port: see #BaseHttpCall
 * @retry_not_found: 404 and 410 are "not yet" (Azure)
 * @current: which of @bases answered
 * @answered: whether one has
 * @cancellable: (nullable)
 *
 * A metadata service. What fails on the way, or with 408, 429 or 5xx, is tried again, ever more
 * slowly, until the deadline. Redirects are followed only when no @headers could be carried off by
 * them. All borrowed; fill in what matters.
 */
typedef struct {
    const ProvisionDatasourceEnv *env;
    const char *const *bases;
    const char *const *headers;
    const char *unix_socket;
    unsigned local_port;
    bool retry_not_found;
    unsigned current;
    bool answered;
    GCancellable *cancellable;
} ProvisionService;

/**
 * provision_service_call:
 * @self: a service
 * @method: "GET", …
 * @path: begins with a slash; or a whole URL
 * @headers: (nullable): more headers
 * @body: (nullable)
 * @out_answer: whatever its status
 * @error: the last failure, when the deadline has passed
 */
bool provision_service_call(ProvisionService *self, const char *method, const char *path,
                            const char *const *headers, GBytes *body, BaseHttpAnswer *out_answer,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_service_get: what is at @path; *out_bytes is %NULL for 404, 204 and an empty body.
 * Any other status is an error */
bool provision_service_get(ProvisionService *self, const char *path, GBytes **out_bytes,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_service_get_value: as provision_service_get(), read as JSON or YAML, which must be a
 * mapping or list */
bool provision_service_get_value(ProvisionService *self, const char *path,
                                 ProvisionValueSyntax syntax, ProvisionValue **out_value,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_service_get_text: as provision_service_get(), one line without blanks around it */
bool provision_service_get_text(ProvisionService *self, const char *path, char **out_text,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_service_base: (transfer none): the address that answered */
const char *provision_service_base(const ProvisionService *self);

/**
 * provision_service_token:
 * @self: a service
 * @method: "PUT"
 * @path: where tokens are
 * @ttl_header: "Name: seconds" for it
 * @name: of the header that the token is then sent in
 * @out_header: (nullable): "NAME: TOKEN"; %NULL when the service has no tokens (403, 404, 405, …)
 */
bool provision_service_token(ProvisionService *self, const char *method, const char *path,
                             const char *ttl_header, const char *name, char **out_header,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
