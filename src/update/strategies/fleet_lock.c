/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reboots when a lock server gives the host a slot (FleetLock protocol, version 1).
 */
#include "base/http-call.h"
#include "update/refusal.h"
#include "update/strategy.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define ANSWER_MAX_BYTES (64 * 1024)
#define TIMEOUT_MS (60 * 1000)
#define RETRY_S 60
#define RETRY_MAX_S (60 * 60)

static char *check(const UpdateConfig *config)
{
    return *config->fleet_lock_url == '\0'
               ? g_strdup("the strategy fleet_lock needs ‘fleet-lock.url’")
               : NULL;
}

static GBytes *request_body(const UpdateConfig *config, const char *node_id)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "client_params");
    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "id");
    json_builder_add_string_value(builder, node_id);
    json_builder_set_member_name(builder, "group");
    json_builder_add_string_value(builder, config->group);
    json_builder_end_object(builder);
    json_builder_end_object(builder);
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    char *text = json_to_string(root, FALSE);
    return g_bytes_new_take(text, strlen(text));
}

static bool post(const UpdateConfig *config, const char *node_id, const char *path,
                 BaseHttpAnswer *out_answer, GCancellable *cancellable, GError **error)
{
    static const char *const headers[] = {"fleet-lock-protocol: true",
                                          "Content-Type: application/json", NULL};
    g_autoptr(GBytes) body = request_body(config, node_id);
    const char *base = config->fleet_lock_url;
    size_t chars = strlen(base);
    while (chars > 0 && base[chars - 1] == '/')
        chars--;
    g_autofree char *url = g_strdup_printf("%.*s%s", (int)chars, base, path);
    BaseHttpCall call = {.url = url,
                         .headers = headers,
                         .body = body,
                         .max_bytes = ANSWER_MAX_BYTES,
                         .timeout_ms = TIMEOUT_MS};
    return base_http_call(&call, out_answer, cancellable, error);
}

static bool may_reboot(const UpdateConfig *config, const char *node_id, int64_t now_s,
                       UpdateVerdict *out_verdict, GCancellable *cancellable, GError **error)
{
    g_auto(BaseHttpAnswer) answer = {0};
    if (!post(config, node_id, "/v1/pre-reboot", &answer, cancellable, error))
        return false;
    if (answer.status == 200) {
        *out_verdict = (UpdateVerdict){.may = true};
        return true;
    }
    g_autofree char *text = update_refusal_text(answer.body);
    uint64_t wait_s = answer.retry_after_s > 0 ? MIN(answer.retry_after_s, RETRY_MAX_S) : RETRY_S;
    *out_verdict =
        (UpdateVerdict){.again_s = now_s + (int64_t)wait_s,
                        .reason = g_strdup_printf("the lock server gives no slot (status %u%s)",
                                                  answer.status, text)};
    return true;
}

static bool steady(const UpdateConfig *config, const char *node_id, GCancellable *cancellable,
                   GError **error)
{
    g_auto(BaseHttpAnswer) answer = {0};
    if (!post(config, node_id, "/v1/steady-state", &answer, cancellable, error))
        return false;
    if (answer.status == 200)
        return true;
    g_autofree char *text = update_refusal_text(answer.body);
    g_set_error(error, UPDATE_ERROR, UPDATE_ERROR_FAILED,
                "the lock server does not take its slot back (status %u%s)", answer.status, text);
    return false;
}

const UpdateStrategy update_strategy_fleet_lock = {
    .name = "fleet_lock", .check = check, .may_reboot = may_reboot, .steady = steady};
