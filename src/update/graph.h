/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "update/error.h"

#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

#define UPDATE_GRAPH_MAX_BYTES (16 * 1024 * 1024)
#define UPDATE_GRAPH_MAX_NODES 20000
#define UPDATE_GRAPH_MAX_EDGES 400000

/**
 * UpdateRelease:
 * @version: (owned)
 * @payload: (owned): OSTree commit, in hex; %NULL for a node of another scheme
 * @age: place in the stream's history: larger is newer
 * @barrier: (owned) (nullable): why every host has to pass through it
 * @deadend: (owned) (nullable): why no update leads away from it
 *
 * A node of the graph.
 */
typedef struct {
    char *version;
    char *payload;
    uint64_t age;
    char *barrier;
    char *deadend;
} UpdateRelease;

/**
 * UpdateGraph:
 *
 * Which release may go to which (Cincinnati v1, with Fedora CoreOS's metadata keys).
 */
typedef struct _UpdateGraph UpdateGraph;

/**
 * update_graph_parse:
 * @data: a server's answer
 * @size_bytes: its length
 * @error: %UPDATE_ERROR_INVALID: names the node or edge, what was wanted and what was there
 *
 * Reads a graph of a server that may be hostile: size, nodes and edges are capped, indices are
 * checked, no version or payload may stand twice. Nodes of schemes other than "checksum" are
 * kept (edges count them) but never chosen. Unknown keys are let be: the protocol grows.
 *
 * Returns: (transfer full): the graph
 */
UpdateGraph *update_graph_parse(const char *data, size_t size_bytes,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
void update_graph_free(UpdateGraph *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(UpdateGraph, update_graph_free)

/** update_graph_size: how many releases it has, those of other schemes included */
unsigned update_graph_size(const UpdateGraph *self);

/** update_graph_find: (nullable): the release with this commit */
const UpdateRelease *update_graph_find(const UpdateGraph *self, const char *payload);

/**
 * UpdateHost:
 * @booted: commit that runs
 * @present: commits that are deployed already, %NULL-terminated: nothing to fetch again
 * @blocked: commits that failed here, %NULL-terminated: never chosen
 * @allow_downgrade: whether a release of lower age may be taken
 *
 * What a choice depends on. All borrowed.
 */
typedef struct {
    const char *booted;
    const char *const *present;
    const char *const *blocked;
    bool allow_downgrade;
} UpdateHost;

/**
 * UpdateChoiceKind:
 * @UPDATE_CHOICE_NONE: this is the newest the host may have
 * @UPDATE_CHOICE_TARGET: an update
 * @UPDATE_CHOICE_DEADEND: no update will ever lead away from here; somebody has to act
 * @UPDATE_CHOICE_UNKNOWN: the graph does not know the commit that runs; somebody has to act
 * @UPDATE_CHOICE_BLOCKED: there are updates, and every one of them has failed here before
 */
typedef enum {
    UPDATE_CHOICE_NONE,
    UPDATE_CHOICE_TARGET,
    UPDATE_CHOICE_DEADEND,
    UPDATE_CHOICE_UNKNOWN,
    UPDATE_CHOICE_BLOCKED,
} UpdateChoiceKind;

/**
 * UpdateChoice:
 * @kind: see #UpdateChoiceKind
 * @booted: (nullable): the release that runs, when the graph knows it
 * @target: (nullable): the release to take; set for TARGET, and for BLOCKED the one that failed
 *
 * Borrowed from the graph.
 */
typedef struct {
    UpdateChoiceKind kind;
    const UpdateRelease *booted;
    const UpdateRelease *target;
} UpdateChoice;

/**
 * update_graph_choose:
 * @self: the graph
 * @host: who asks
 *
 * The newest of the releases that an edge leads to from the one that runs (found by its commit,
 * since versions may be given twice across architectures). A barrier is obeyed by this alone:
 * no edge passes it by.
 */
UpdateChoice update_graph_choose(const UpdateGraph *self, const UpdateHost *host);

G_END_DECLS
