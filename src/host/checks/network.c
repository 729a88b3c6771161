/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Names that resolve and URLs that answer.
 */
#include "base/http-call.h"
#include "base/run.h"
#include "host/checks/check.h"
#include "host/error.h"

#include <string.h>

#define TIMEOUT_MS (30 * 1000)
#define MAX_ANSWER_BYTES (16u << 20)
#define REDIRECTS 5

static char *valid_name(const char *subject, const char *detail)
{
    (void)detail;
    if (*subject != '\0' && *subject != '-' && strpbrk(subject, " \t/") == NULL)
        return NULL;
    return g_strdup("a host name is wanted");
}

static char *valid_url(const char *subject, const char *detail)
{
    (void)detail;
    if (g_str_has_prefix(subject, "https://") || g_str_has_prefix(subject, "http://"))
        return NULL;
    return g_strdup("a URL that begins with https:// or http:// is wanted");
}

/* A child, since nothing can interrupt getaddrinfo(). */
static bool run_resolve(const char *subject, const char *detail, GCancellable *cancellable,
                        GError **error)
{
    const char *const argv[] = {"getent", "ahosts", subject, NULL};
    const BaseRun run = {.argv = argv, .what = "resolving", .flags = BASE_RUN_DIE_WITH_PARENT};
    g_autoptr(GError) local = NULL;
    (void)detail;
    if (base_run(&run, NULL, cancellable, &local))
        return true;
    if (g_cancellable_is_cancelled(cancellable)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    return host_error_set(error, HOST_ERROR_FAILED, "‘%s’ does not resolve", subject);
}

static bool run_url(const char *subject, const char *detail, GCancellable *cancellable,
                    GError **error)
{
    g_auto(BaseHttpAnswer) answer = {0};
    const BaseHttpCall call = {.url = subject,
                               .max_bytes = MAX_ANSWER_BYTES,
                               .timeout_ms = TIMEOUT_MS,
                               .follow = REDIRECTS};
    (void)detail;
    if (!base_http_call(&call, &answer, cancellable, error))
        return false;
    if (answer.status >= 200 && answer.status < 300)
        return true;
    g_autofree char *url = base_http_public_url(subject);
    return host_error_set(error, HOST_ERROR_FAILED, "‘%s’ answers with status %u", url,
                          answer.status);
}

const HostCheckKind host_check_resolve = {
    .name = "resolve",
    .value = HOST_CHECK_LIST,
    .valid = valid_name,
    .run = run_resolve,
    .doc = "each of these host names resolves",
};

const HostCheckKind host_check_url = {
    .name = "url",
    .value = HOST_CHECK_LIST,
    .valid = valid_url,
    .run = run_url,
    .doc = "each of these URLs answers with a status from 200 to 299",
};
