/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/yaml.h"

G_BEGIN_DECLS

/** HostCheckValue: what a kind's key has in YAML; a list makes one check of each item */
typedef enum { HOST_CHECK_LIST, HOST_CHECK_MAPPING, HOST_CHECK_SWITCH } HostCheckValue;

/**
 * HostCheckKind:
 * @name: its key in a file of checks; %NULL for executables
 * @value: see #HostCheckValue
 * @valid: (nullable): what is wrong with a subject and detail, with the mend, or %NULL
 * @run: does it once; @subject is the item or key, @detail the mapping's value, both borrowed;
 *   an error says what is wrong with the host; @cancellable is the time limit
 * @doc: one sentence for people
 *
 * One kind of check: a file beside this one, a row in kinds.c.
 */
typedef struct {
    const char *name;
    HostCheckValue value;
    char *(*valid)(const char *subject, const char *detail);
    bool (*run)(const char *subject, const char *detail, GCancellable *cancellable, GError **error);
    const char *doc;
} HostCheckKind;

/** host_check_kinds: %NULL-terminated, in the order of the manual */
extern const HostCheckKind *const host_check_kinds[];

extern const HostCheckKind host_check_units;
extern const HostCheckKind host_check_no_failed_units;
extern const HostCheckKind host_check_resolve;
extern const HostCheckKind host_check_url;
extern const HostCheckKind host_check_free_space;
extern const HostCheckKind host_check_time;

G_END_DECLS
