/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "update/config.h"
#include "update/graph.h"

G_BEGIN_DECLS

/**
 * UpdateCheck:
 * @kind: see #UpdateChoiceKind
 * @version: (owned) (nullable): of the release to take, or of the one that is blocked
 * @commit: (owned) (nullable): of it
 * @barrier: (owned) (nullable): why the release to take is a barrier
 * @deadend: (owned) (nullable): why no update leads away from what runs
 * @text: (owned): the outcome in words
 * @n_releases: in the graph
 *
 * What a look at the graph came to.
 */
typedef struct {
    UpdateChoiceKind kind;
    char *version;
    char *commit;
    char *barrier;
    char *deadend;
    char *text;
    unsigned n_releases;
} UpdateCheck;

void update_check_free(UpdateCheck *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(UpdateCheck, update_check_free)

/**
 * UpdateAsker:
 * @config: where to ask and as whom
 * @node_id: of this host
 * @host: what runs, what is deployed, what is blocked
 * @version: (nullable): version that runs
 * @basearch: this machine's architecture in the kernel's words ("x86_64")
 *
 * Who asks. All borrowed.
 */
typedef struct {
    const UpdateConfig *config;
    const char *node_id;
    UpdateHost host;
    const char *version;
    const char *basearch;
} UpdateAsker;

/** update_check_url: (transfer full): what is asked: GET BASE/v1/graph with the keys of Fedora
 * CoreOS; ${stream}, ${group} and ${basearch} in the base are replaced */
char *update_check_url(const UpdateAsker *asker);

/**
 * update_check_ask:
 * @asker: who asks
 * @out_retry_s: (out): set on failure: seconds the server wants peace for, 0 when it did not say
 * @cancellable: (nullable)
 * @error: the server cannot be reached, refuses, or sends no graph
 *
 * Returns: (transfer full): the outcome
 */
UpdateCheck *update_check_ask(const UpdateAsker *asker, uint64_t *out_retry_s,
                              GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** update_check_describe: (transfer full): @choice as an outcome */
UpdateCheck *update_check_describe(const UpdateGraph *graph, const UpdateAsker *asker);

G_END_DECLS
