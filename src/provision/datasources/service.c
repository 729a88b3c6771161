/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What metadata services have in common: retries until a deadline, caps, tokens. What they say is
 * each datasource's.
 */
#include "provision/datasources/service.h"

#include "base/error.h"
#include "provision/error.h"

#include <string.h>

#define FIRST_DELAY_MS 100
#define MAX_DELAY_MS 5000
#define CALL_TIMEOUT_MS 20000
#define CONNECT_TIMEOUT_MS 5000
#define FIRST_CONNECT_TIMEOUT_MS 2000
#define MAX_REDIRECTS 5
#define MAX_TOKEN_CHARS 4096

static int64_t left_ms(const ProvisionService *self)
{
    return (self->env->deadline_us - g_get_monotonic_time()) / 1000;
}

const char *provision_service_base(const ProvisionService *self)
{
    return self->env->endpoint != NULL ? self->env->endpoint : self->bases[self->current];
}

static char *url_of(const ProvisionService *self, const char *path)
{
    return *path == '/' ? g_strconcat(provision_service_base(self), path, NULL) : g_strdup(path);
}

static bool is_passing(const ProvisionService *self, unsigned status)
{
    return status == 408 || status == 429 || status >= 500 ||
           (self->retry_not_found && (status == 404 || status == 410));
}

static bool try_once(ProvisionService *self, const char *method, const char *path,
                     const char *const *headers, GBytes *body, BaseHttpAnswer *out_answer,
                     GError **error)
{
    g_autofree char *url = url_of(self, path);
    int64_t rest_ms = MAX(left_ms(self), 1);
    bool several = self->bases != NULL && self->bases[0] != NULL && self->bases[1] != NULL;
    BaseHttpCall call = {
        .method = method,
        .url = url,
        .headers = headers,
        .body = body,
        .max_bytes = PROVISION_INSTANCE_MAX_BYTES,
        .timeout_ms = (unsigned)MIN(rest_ms, CALL_TIMEOUT_MS),
        .connect_timeout_ms = (unsigned)MIN(
            rest_ms, several && !self->answered ? FIRST_CONNECT_TIMEOUT_MS : CONNECT_TIMEOUT_MS),
        .follow = headers[0] == NULL ? MAX_REDIRECTS : 0,
        .unix_socket = self->unix_socket,
        .local_port = self->local_port,
        .direct = true,
    };
    return base_http_call(&call, out_answer, self->cancellable, error);
}

static void wait_ms(ProvisionService *self, int64_t ms)
{
    int64_t until_us = MIN(g_get_monotonic_time() + ms * 1000, self->env->deadline_us);
    while (g_get_monotonic_time() < until_us && !g_cancellable_is_cancelled(self->cancellable))
        g_usleep(MIN(50000, (gulong)MAX(until_us - g_get_monotonic_time(), 1)));
}

static void next_base(ProvisionService *self)
{
    if (self->answered || self->bases == NULL || self->bases[self->current] == NULL)
        return;
    self->current = self->bases[self->current + 1] != NULL ? self->current + 1 : 0;
}

static char **join(const char *const *a, const char *const *b)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    for (; a != NULL && *a != NULL; a++)
        g_ptr_array_add(all, g_strdup(*a));
    for (; b != NULL && *b != NULL; b++)
        g_ptr_array_add(all, g_strdup(*b));
    g_ptr_array_add(all, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&all), FALSE);
}

/* An answer that is too long stays so; all else may be better next time. */
static bool is_final(const ProvisionService *self, const GError *error)
{
    return g_error_matches(error, BASE_ERROR, BASE_ERROR_INVALID) ||
           g_cancellable_is_cancelled(self->cancellable);
}

bool provision_service_call(ProvisionService *self, const char *method, const char *path,
                            const char *const *headers, GBytes *body, BaseHttpAnswer *out_answer,
                            GError **error)
{
    g_auto(GStrv) all = join(self->headers, headers);
    int64_t delay_ms = FIRST_DELAY_MS;
    for (;;) {
        g_autoptr(GError) local = NULL;
        g_auto(BaseHttpAnswer) answer = {0};
        bool got = try_once(self, method, path, (const char *const *)all, body, &answer, &local);
        self->answered = self->answered || got;
        if (got && (!is_passing(self, answer.status) || left_ms(self) <= delay_ms)) {
            *out_answer = answer;
            answer.body = NULL;
            return true;
        }
        if (!got && (is_final(self, local) || left_ms(self) <= delay_ms)) {
            g_propagate_error(error, g_steal_pointer(&local));
            return false;
        }
        if (!got)
            next_base(self);
        wait_ms(self, MAX(delay_ms, (int64_t)MIN(answer.retry_after_s, 60) * 1000));
        delay_ms = MIN(delay_ms * 2, MAX_DELAY_MS);
    }
}

static bool refuse_status(const ProvisionService *self, const char *path, unsigned status,
                          GError **error)
{
    g_autofree char *url = url_of(self, path);
    g_autofree char *shown = base_http_public_url(url);
    g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_FAILED, "‘%s’ answers with status %u",
                shown, status);
    return false;
}

bool provision_service_get(ProvisionService *self, const char *path, GBytes **out_bytes,
                           GError **error)
{
    g_auto(BaseHttpAnswer) answer = {0};
    if (!provision_service_call(self, "GET", path, NULL, NULL, &answer, error))
        return false;
    bool is_nothing = answer.status == 404 || answer.status == 410 || answer.status == 204 ||
                      (answer.status == 200 && g_bytes_get_size(answer.body) == 0);
    if (!is_nothing && answer.status != 200)
        return refuse_status(self, path, answer.status, error);
    *out_bytes = is_nothing ? NULL : g_bytes_ref(answer.body);
    return true;
}

bool provision_service_get_value(ProvisionService *self, const char *path,
                                 ProvisionValueSyntax syntax, ProvisionValue **out_value,
                                 GError **error)
{
    g_autoptr(GBytes) bytes = NULL;
    *out_value = NULL;
    if (!provision_service_get(self, path, &bytes, error))
        return false;
    if (bytes == NULL)
        return true;
    g_autofree char *url = url_of(self, path);
    g_autofree char *shown = base_http_public_url(url);
    g_autoptr(ProvisionValue) value = provision_value_parse(shown, bytes, syntax, error);
    if (value == NULL)
        return false;
    if (value->kind != PROVISION_VALUE_MAP && value->kind != PROVISION_VALUE_LIST)
        return provision_value_set_error(&value->at, error, "metadata wanted, got %s",
                                         provision_value_kind_name(value->kind));
    *out_value = g_steal_pointer(&value);
    return true;
}

bool provision_service_get_text(ProvisionService *self, const char *path, char **out_text,
                                GError **error)
{
    g_autoptr(GBytes) bytes = NULL;
    *out_text = NULL;
    if (!provision_service_get(self, path, &bytes, error))
        return false;
    if (bytes == NULL)
        return true;
    gsize size_bytes = 0;
    const char *data = g_bytes_get_data(bytes, &size_bytes);
    g_autofree char *text = g_strndup(data, size_bytes);
    if (!g_utf8_validate(text, -1, NULL)) {
        g_autofree char *url = url_of(self, path);
        g_autofree char *shown = base_http_public_url(url);
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID, "‘%s’ is not UTF-8", shown);
        return false;
    }
    *out_text = g_strdup(g_strstrip(text));
    return true;
}

/* A token goes into a header: one with a line break would make headers of its own. */
static char *token_of(GBytes *body)
{
    gsize size_bytes = 0;
    const char *data = g_bytes_get_data(body, &size_bytes);
    g_autofree char *token = g_strndup(data, MIN(size_bytes, MAX_TOKEN_CHARS + 1));
    g_strstrip(token);
    bool good = *token != '\0' && strlen(token) <= MAX_TOKEN_CHARS;
    for (const char *c = token; *c != '\0' && good; c++)
        good = g_ascii_isprint(*c);
    return good ? g_steal_pointer(&token) : NULL;
}

bool provision_service_token(ProvisionService *self, const char *method, const char *path,
                             const char *ttl_header, const char *name, char **out_header,
                             GError **error)
{
    const char *const headers[] = {ttl_header, NULL};
    static const char empty[] = "";
    g_autoptr(GBytes) body = g_bytes_new_static(empty, 0);
    g_auto(BaseHttpAnswer) answer = {0};
    *out_header = NULL;
    if (!provision_service_call(self, method, path, headers, body, &answer, error))
        return false;
    if (answer.status == 403 || answer.status == 404 || answer.status == 405 ||
        answer.status == 400 || answer.status == 501)
        return true;
    if (answer.status != 200)
        return refuse_status(self, path, answer.status, error);
    g_autofree char *token = token_of(answer.body);
    if (token == NULL) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                    "‘%s%s’ gives a token that is none", provision_service_base(self), path);
        return false;
    }
    *out_header = g_strdup_printf("%s: %s", name, token);
    return true;
}
