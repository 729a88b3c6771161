/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/datasource.h"
#include "provision/datasources/service.h"

G_BEGIN_DECLS

/** provision_source_nothing: sets %PROVISION_ERROR_NOT_FOUND; always %FALSE */
bool provision_source_nothing(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** provision_source_text: (transfer full) (nullable): the scalar at the dotted @path, as text */
char *provision_source_text(const ProvisionValue *value, const char *path);

/** provision_source_bytes: (transfer full) (nullable): the same as bytes; lists and mappings as
 * JSON, which is YAML */
GBytes *provision_source_bytes(const ProvisionValue *value, const char *path);

/** provision_source_from_base64: (transfer full) (nullable): @bytes decoded, whitespace ignored;
 * %NULL when it is not base64 */
GBytes *provision_source_from_base64(GBytes *bytes);

/** provision_source_maybe_base64: (transfer full): decoded when it is base64, else as it is; takes
 * @bytes (nullable) */
GBytes *provision_source_maybe_base64(GBytes *bytes);

/** provision_source_add_keys: keys of a list, a mapping (its values) or a text with lines */
void provision_source_add_keys(ProvisionInstance *instance, const ProvisionValue *keys);

/** provision_source_add_key_lines: one public key a line; comments and blanks are skipped */
void provision_source_add_key_lines(ProvisionInstance *instance, const char *lines);

/** provision_source_read: (transfer full) (nullable): a file of a directory, %NULL with no error
 * when there is none */
GBytes *provision_source_read(int dir, const char *path, GError **error);

/** provision_source_read_value: the same as a tree; %NULL with no error when there is none */
ProvisionValue *provision_source_read_value(int dir, const char *path, const char *shown,
                                            ProvisionValueSyntax syntax, GError **error);

/** provision_source_open_seed: the first of the seed directories @names below
 * /var/lib/cloud/seed, else the volume of one of @labels (%NULL-terminated); -1 with
 * %PROVISION_ERROR_NOT_FOUND when there is none */
int provision_source_open_seed(const ProvisionDatasourceEnv *env, const char *const *names,
                               const char *const *labels, char **out_subplatform, GError **error);

/** provision_source_finish: checks what @instance must have, and gives it @platform, and
 * @fallback_id (nullable) when it has no id */
bool provision_source_finish(ProvisionInstance *instance, const char *platform,
                             const char *fallback_id, GError **error);

/** provision_source_set: replaces an owned text */
void provision_source_set(char **field, char *taken);

/** provision_source_set_bytes: replaces an owned blob */
void provision_source_set_bytes(GBytes **field, GBytes *taken);

/** provision_source_set_value: takes a tree as the instance's metadata */
void provision_source_set_value(ProvisionInstance *instance, ProvisionValue *taken);

G_END_DECLS
