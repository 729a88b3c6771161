/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One look at the update graph: the question, and what the answer means for this host.
 */
#include "update/check.h"

#include "base/http-call.h"
#include "update/refusal.h"

#include <string.h>

#define TIMEOUT_MS (5 * 60 * 1000)
#define REDIRECTS 5

void update_check_free(UpdateCheck *self)
{
    if (self == NULL)
        return;
    g_free(self->version);
    g_free(self->commit);
    g_free(self->barrier);
    g_free(self->deadend);
    g_free(self->text);
    g_free(self);
}

static void add_key(GString *url, const char *key, const char *value)
{
    if (value == NULL || *value == '\0')
        return;
    g_autofree char *escaped = g_uri_escape_string(value, NULL, FALSE);
    g_string_append_printf(url, "%c%s=%s", strchr(url->str, '?') == NULL ? '?' : '&', key, escaped);
}

char *update_check_url(const UpdateAsker *asker)
{
    const UpdateConfig *config = asker->config;
    g_autoptr(GString) url = g_string_new(config->graph_url);
    while (url->len > 0 && url->str[url->len - 1] == '/')
        g_string_truncate(url, url->len - 1);
    (void)g_string_replace(url, "${stream}", config->stream, 0);
    (void)g_string_replace(url, "${group}", config->group, 0);
    (void)g_string_replace(url, "${basearch}", asker->basearch, 0);
    g_string_append(url, "/v1/graph");
    add_key(url, "basearch", asker->basearch);
    add_key(url, "stream", config->stream);
    add_key(url, "os_version", asker->version);
    add_key(url, "os_checksum", asker->host.booted);
    add_key(url, "node_uuid", asker->node_id);
    add_key(url, "group", config->group);
    if (config->wariness >= 0) {
        char text[G_ASCII_DTOSTR_BUF_SIZE];
        add_key(url, "rollout_wariness",
                g_ascii_formatd(text, sizeof text, "%.6f", config->wariness));
    }
    return g_string_free(g_steal_pointer(&url), FALSE);
}

static void describe_target(UpdateCheck *self, const UpdateRelease *target)
{
    self->version = g_strdup(target->version);
    self->commit = g_strdup(target->payload);
    self->barrier = g_strdup(target->barrier);
    if (self->kind == UPDATE_CHOICE_BLOCKED)
        self->text = g_strdup_printf("%s is offered, and has failed here before; ‘atoll-host "
                                     "unblock %s’ lets it try again",
                                     target->version, target->version);
    else if (target->barrier != NULL)
        self->text = g_strdup_printf("%s is next: every host has to pass through it (%s)",
                                     target->version, target->barrier);
    else
        self->text = g_strdup_printf("%s is next", target->version);
}

UpdateCheck *update_check_describe(const UpdateGraph *graph, const UpdateAsker *asker)
{
    UpdateChoice choice = update_graph_choose(graph, &asker->host);
    UpdateCheck *self = g_new0(UpdateCheck, 1);
    self->kind = choice.kind;
    self->n_releases = update_graph_size(graph);
    if (choice.booted != NULL)
        self->deadend = g_strdup(choice.booted->deadend);
    if (choice.target != NULL)
        describe_target(self, choice.target);
    else if (choice.kind == UPDATE_CHOICE_DEADEND)
        self->text = g_strdup_printf("no update leads away from this release: %s; install a newer "
                                     "release, or rebase",
                                     self->deadend);
    else if (choice.kind == UPDATE_CHOICE_UNKNOWN)
        self->text = g_strdup_printf("the update graph of stream %s does not know what runs here "
                                     "(commit %.12s…): it will offer nothing until it does, or "
                                     "until this host is rebased",
                                     asker->config->stream, asker->host.booted);
    else
        self->text = g_strdup("up to date");
    return self;
}

UpdateCheck *update_check_ask(const UpdateAsker *asker, uint64_t *out_retry_s,
                              GCancellable *cancellable, GError **error)
{
    static const char *const headers[] = {"Accept: application/json", NULL};
    g_autofree char *url = update_check_url(asker);
    g_autofree char *public_url = base_http_public_url(url);
    g_auto(BaseHttpAnswer) answer = {0};
    BaseHttpCall call = {.url = url,
                         .headers = headers,
                         .max_bytes = UPDATE_GRAPH_MAX_BYTES,
                         .timeout_ms = TIMEOUT_MS,
                         .follow = REDIRECTS};
    *out_retry_s = 0;
    if (!base_http_call(&call, &answer, cancellable, error))
        return NULL;
    if (answer.status != 200) {
        g_autofree char *why = update_refusal_text(answer.body);
        *out_retry_s = answer.retry_after_s;
        g_set_error(error, UPDATE_ERROR, UPDATE_ERROR_FAILED, "‘%s’ answers with status %u%s",
                    public_url, answer.status, why);
        return NULL;
    }
    gsize size_bytes = 0;
    const char *data = g_bytes_get_data(answer.body, &size_bytes);
    g_autoptr(UpdateGraph) graph = update_graph_parse(data != NULL ? data : "", size_bytes, error);
    if (graph == NULL) {
        g_prefix_error(error, "‘%s’: ", public_url);
        return NULL;
    }
    return update_check_describe(graph, asker);
}
