/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Objects of Amazon's S3. A public object needs nothing; any other is asked for again, signed with
 * the credentials that the instance's role gets from the metadata service.
 */
#include "provision/fetch-private.h"

#include "provision/error.h"
#include "provision/value.h"

#include <string.h>

#define METADATA "http://169.254.169.254/latest/"
#define METADATA_MAX_BYTES (64 * 1024)
/* S3 refuses a signed request without it, and not every curl adds it */
#define EMPTY_BODY                                                                                 \
    "x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

typedef struct {
    char *bucket;
    char *key; /* with the query, still escaped */
    char *region;
    const char *domain;
} Object;

static void object_clear(Object *self)
{
    g_free(self->bucket);
    g_free(self->key);
    g_free(self->region);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Object, object_clear)

static bool is_bucket(const char *name)
{
    size_t length =
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
    return length > 0 && name[length] == '\0' && name[0] != '.' && strstr(name, "..") == NULL;
}

static bool parse_object(const char *url, Object *out_object, GError **error)
{
    g_auto(GStrv) arn = NULL;
    const char *path = url + strlen("s3://");
    out_object->domain = "amazonaws.com";
    if (g_str_has_prefix(url, "arn:")) {
        arn = g_strsplit(url, ":", 6);
        if (g_strv_length(arn) == 6 && strcmp(arn[1], "aws-cn") == 0)
            out_object->domain = "amazonaws.com.cn";
        if (g_strv_length(arn) != 6 || strcmp(arn[2], "s3") != 0 ||
            g_str_has_prefix(arn[5], "accesspoint")) {
            g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                        "of arn: URLs only arn:PARTITION:s3:::BUCKET/KEY is supported");
            return false;
        }
        if (arn[3][0] != '\0')
            out_object->region = g_strdup(arn[3]);
        path = arn[5];
    }
    const char *slash = strchr(path, '/');
    out_object->bucket = slash == NULL ? g_strdup(path) : g_strndup(path, (gsize)(slash - path));
    out_object->key = g_strdup(slash == NULL ? "" : slash + 1);
    if (is_bucket(out_object->bucket) && out_object->key[0] != '\0')
        return true;
    g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID, "not s3://BUCKET/KEY");
    return false;
}

static char *metadata(ProvisionFetcher *self, const char *token, const char *path,
                      GCancellable *cancellable, GError **error)
{
    g_autofree char *url = g_strconcat(METADATA, path, NULL);
    g_autofree char *header = g_strconcat("X-aws-ec2-metadata-token: ", token, NULL);
    const char *const headers[] = {
        token != NULL ? header : "X-aws-ec2-metadata-token-ttl-seconds: 300", NULL};
    const BaseHttpCall call = {
        .method = token == NULL ? "PUT" : NULL,
        .url = url,
        .headers = headers,
        .max_bytes = METADATA_MAX_BYTES,
        .direct = true,
    };
    g_auto(BaseHttpAnswer) answer = {0};
    if (!provision_fetcher_call(self, &call, &answer, cancellable, error))
        return NULL;
    gsize size_bytes = 0;
    const char *data = g_bytes_get_data(answer.body, &size_bytes);
    return g_strstrip(g_strndup(data, size_bytes));
}

typedef struct {
    char *keys;
    char *token_header;
    char *region;
} Credentials;

static void credentials_clear(Credentials *self)
{
    g_free(self->keys);
    g_free(self->token_header);
    g_free(self->region);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Credentials, credentials_clear)

static const char *text_of(const ProvisionValue *map, const char *name)
{
    const ProvisionValue *value = provision_value_find(map, name);
    return value != NULL && value->kind == PROVISION_VALUE_STRING ? value->text : NULL;
}

static bool get_credentials(ProvisionFetcher *self, Credentials *out_credentials,
                            GCancellable *cancellable, GError **error)
{
    g_autofree char *token = metadata(self, NULL, "api/token", cancellable, error);
    if (token == NULL)
        return false;
    g_autofree char *role =
        metadata(self, token, "meta-data/iam/security-credentials/", cancellable, error);
    if (role == NULL)
        return false;
    g_autofree char *path = g_strconcat("meta-data/iam/security-credentials/", role, NULL);
    g_autofree char *json = metadata(self, token, path, cancellable, error);
    out_credentials->region =
        json == NULL ? NULL
                     : metadata(self, token, "meta-data/placement/region", cancellable, error);
    if (out_credentials->region == NULL)
        return false;
    g_autoptr(GBytes) bytes = g_bytes_new_static(json, strlen(json));
    g_autoptr(ProvisionValue) value = provision_value_parse("credentials of the instance's role",
                                                            bytes, PROVISION_VALUE_JSON, error);
    if (value == NULL)
        return false;
    const char *id = text_of(value, "AccessKeyId");
    const char *secret = text_of(value, "SecretAccessKey");
    const char *session = text_of(value, "Token");
    if (id == NULL || secret == NULL || session == NULL) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_FAILED,
                    "the instance's role has no credentials");
        return false;
    }
    out_credentials->keys = g_strdup_printf("%s:%s", id, secret);
    out_credentials->token_header = g_strdup_printf("x-amz-security-token: %s", session);
    return true;
}

GBytes *provision_fetcher_get_s3(ProvisionFetcher *self, const BaseHttpCall *wanted,
                                 GCancellable *cancellable, GError **error)
{
    g_auto(Object) object = {0};
    g_auto(BaseHttpAnswer) answer = {0};
    g_autoptr(GError) local = NULL;
    if (!parse_object(wanted->url, &object, error))
        return NULL;
    BaseHttpCall call = *wanted;
    g_autofree char *url = g_strdup_printf(
        "https://%s.s3.%s%s%s/%s", object.bucket, object.region != NULL ? object.region : "",
        object.region != NULL ? "." : "", object.domain, object.key);
    call.url = url;
    call.proxy = self->https_proxy;
    if (provision_fetcher_call(self, &call, &answer, cancellable, &local))
        return g_steal_pointer(&answer.body);
    g_auto(Credentials) credentials = {0};
    if (!get_credentials(self, &credentials, cancellable, NULL)) {
        g_propagate_prefixed_error(error, g_steal_pointer(&local),
                                   "this host has no role whose credentials could be used: ");
        return NULL;
    }
    const char *region = object.region != NULL ? object.region : credentials.region;
    g_autofree char *regional =
        g_strdup_printf("https://%s.s3.%s.%s/%s", object.bucket, region, object.domain, object.key);
    const char *const headers[] = {credentials.token_header, EMPTY_BODY, NULL};
    call.url = regional;
    call.headers = headers;
    call.aws_region = region;
    call.aws_keys = credentials.keys;
    if (!provision_fetcher_call(self, &call, &answer, cancellable, error))
        return NULL;
    return g_steal_pointer(&answer.body);
}
