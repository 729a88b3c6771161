/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * CloudStack's password server.
 */
#include "provision/datasources/password.h"

#include <string.h>

#define TIMEOUT_US (5 * G_USEC_PER_SEC)
#define MAX_PASSWORD_CHARS 512

void provision_password_fetch(const ProvisionDatasourceEnv *env, const char *base,
                              ProvisionInstance *instance, GCancellable *cancellable)
{
    static const char *const ask[] = {"DomU_Request: send_my_password", NULL};
    static const char *const keep[] = {"DomU_Request: saved_password", NULL};
    ProvisionDatasourceEnv short_env = *env;
    short_env.endpoint = NULL;
    short_env.deadline_us = MIN(env->deadline_us, g_get_monotonic_time() + TIMEOUT_US);
    const char *const bases[] = {base, NULL};
    ProvisionService service = {.env = &short_env, .bases = bases, .cancellable = cancellable};
    g_auto(BaseHttpAnswer) answer = {0};
    g_auto(BaseHttpAnswer) kept = {0};
    if (!provision_service_call(&service, "GET", "/", ask, NULL, &answer, NULL) ||
        answer.status != 200)
        return;
    gsize size_bytes = 0;
    const char *data = g_bytes_get_data(answer.body, &size_bytes);
    g_autofree char *text = g_strndup(data, MIN(size_bytes, MAX_PASSWORD_CHARS + 1));
    g_strstrip(text);
    if (*text == '\0' || strlen(text) > MAX_PASSWORD_CHARS || strchr(text, '\n') != NULL ||
        strcmp(text, "saved_password") == 0 || strcmp(text, "bad_request") == 0)
        return;
    provision_source_set(&instance->password, g_steal_pointer(&text));
    /* if this fails the same password is given again at the next boot: harmless */
    (void)!provision_service_call(&service, "GET", "/", keep, NULL, &kept, NULL);
}
