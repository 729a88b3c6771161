/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/value.h"

G_BEGIN_DECLS

#define PROVISION_IGNITION_MAX_MINOR 6

typedef struct _ProvisionIgnitionSection ProvisionIgnitionSection;

/**
 * ProvisionIgnitionKeyFlags:
 * @PROVISION_IGNITION_REQUIRED: must be there
 * @PROVISION_IGNITION_APPEND: a list whose elements may repeat; merging appends
 */
typedef enum {
    PROVISION_IGNITION_REQUIRED = 1 << 0,
    PROVISION_IGNITION_APPEND = 1 << 1,
} ProvisionIgnitionKeyFlags;

/**
 * ProvisionIgnitionKey:
 * @name: the key; %NULL ends a table
 * @kind: what it has: a list without @section is one of texts
 * @since: the N of spec 3.N.0 that brought it
 * @section: (nullable): of a mapping, or of a list's elements
 * @flags: see #ProvisionIgnitionKeyFlags
 */
typedef struct {
    const char *name;
    ProvisionValueKind kind;
    unsigned since;
    const ProvisionIgnitionSection *section;
    unsigned flags;
} ProvisionIgnitionKey;

/**
 * ProvisionIgnitionSection:
 * @keys: its table
 * @id: (nullable): the key that identifies it in a list
 * @siblings: (nullable): keys whose lists are one when elements are identified
 */
struct _ProvisionIgnitionSection {
    const ProvisionIgnitionKey *keys;
    const char *id;
    const char *const *siblings;
};

/** provision_ignition_config: what a whole config may have */
extern const ProvisionIgnitionSection provision_ignition_config;

/** provision_ignition_key_find: (nullable): the row of @name */
const ProvisionIgnitionKey *provision_ignition_key_find(const ProvisionIgnitionSection *section,
                                                        const char *name);

/** provision_ignition_identity: (transfer full) (nullable): what identifies @element in a list of
 * @section: its @id's text; a partition's number, else its label; a text itself */
char *provision_ignition_identity(const ProvisionIgnitionSection *section,
                                  const ProvisionValue *element);

G_END_DECLS
