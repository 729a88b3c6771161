/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/health-plan.h"

G_BEGIN_DECLS

/** HOST_HEALTH_FILE: the outcome of the last run, for status and metrics */
#define HOST_HEALTH_FILE "/run/atoll/health.json"

/**
 * HostHealthResult:
 * @name: (owned): of the check
 * @required: whether a version that fails it is no good
 * @passed: whether it came to pass
 * @text: (owned): what is wrong; "" when it passed
 * @duration_ms: of its last run
 */
typedef struct {
    char *name;
    bool required;
    bool passed;
    char *text;
    uint64_t duration_ms;
} HostHealthResult;

/**
 * HostHealth:
 * @results: (element-type HostHealthResult): in the order of the checks
 * @time_s: when they were made
 */
typedef struct {
    GPtrArray *results;
    int64_t time_s;
} HostHealth;

/** host_health_new: (transfer full): no results yet */
HostHealth *host_health_new(void);
/** host_health_new_broken: (transfer full): the only result is that the checks cannot be read */
HostHealth *host_health_new_broken(const char *text);
void host_health_free(HostHealth *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostHealth, host_health_free)

/** HostHealthFlags: whether to wait for what may still come to pass */
typedef enum { HOST_HEALTH_NOW = 0, HOST_HEALTH_WAIT = 1 << 0 } HostHealthFlags;

/**
 * host_health_run:
 * @checks: (element-type HostCheck): what to check
 * @flags: see #HostHealthFlags
 * @cancellable: (nullable)
 * @error: only when cancelled: a check that fails is an outcome
 *
 * Makes all checks, one after the other.
 */
HostHealth *host_health_run(const GPtrArray *checks, HostHealthFlags flags,
                            GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** host_health_count: how many have failed of those with @required */
unsigned host_health_count(const HostHealth *self, bool required);

/** host_health_first: (transfer full) (nullable): the first required one that failed, in words */
char *host_health_first(const HostHealth *self);

/** host_health_print_json: (transfer full): the contents of %HOST_HEALTH_FILE */
char *host_health_print_json(const HostHealth *self);

/** host_health_print_text: (transfer full): a line a check */
char *host_health_print_text(const HostHealth *self);

/** host_health_parse: (transfer full): what host_health_print_json() made */
HostHealth *host_health_parse(const char *data, size_t size_bytes,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** host_health_load: (transfer full) (nullable): from the file @path; %NULL when there is none that
 * makes sense */
HostHealth *host_health_load(const char *path);

/** host_health_save: replaces the file @path */
bool host_health_save(const HostHealth *self, const char *path,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
