/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/report.h"
#include "provision/value.h"

G_BEGIN_DECLS

/**
 * ProvisionIgnitionRules:
 * @report: gets what is wrong
 * @minor: of the config's spec, 3.@minor.0
 * @good: becomes %FALSE when something is
 *
 * What the checks of sections share.
 */
typedef struct {
    ProvisionReport *report;
    unsigned minor;
    bool good;
} ProvisionIgnitionRules;

/** provision_ignition_check_rules: the spec's rules, of a config whose types are right */
bool provision_ignition_check_rules(const ProvisionValue *config, unsigned minor,
                                    ProvisionReport *report);

/* Parts of it. */
void provision_ignition_rules_storage(ProvisionIgnitionRules *self, const ProvisionValue *config);
void provision_ignition_rules_disks(ProvisionIgnitionRules *self, const ProvisionValue *storage);
void provision_ignition_rules_units(ProvisionIgnitionRules *self, const ProvisionValue *systemd);
void provision_ignition_rules_resource(ProvisionIgnitionRules *self,
                                       const ProvisionValue *resource);

/** provision_ignition_rules_fail: something is wrong at @at */
void provision_ignition_rules_fail(ProvisionIgnitionRules *self, const ProvisionPlace *at,
                                   const char *format, ...) G_GNUC_PRINTF(3, 4);

/** provision_ignition_rules_path: @map's @key is an absolute path without “.”, “..”, “//” */
void provision_ignition_rules_path(ProvisionIgnitionRules *self, const ProvisionValue *map,
                                   const char *key);

/* Reading what is of the right type; what is not there is NULL, false, the fallback. */

/** provision_ignition_text: (nullable): the text of @map's @key */
const char *provision_ignition_text(const ProvisionValue *map, const char *key);
/** provision_ignition_nonempty: (nullable): as provision_ignition_text(), "" is %NULL too */
const char *provision_ignition_nonempty(const ProvisionValue *map, const char *key);
/** provision_ignition_number: the number of @map's @key */
int64_t provision_ignition_number(const ProvisionValue *map, const char *key, int64_t fallback);
/** provision_ignition_flag: 1 yes, 0 no, -1 unsaid */
int provision_ignition_flag(const ProvisionValue *map, const char *key);
/** provision_ignition_items: how many elements the list @map's @key has */
unsigned provision_ignition_items(const ProvisionValue *map, const char *key);
/** provision_ignition_item: an element of it */
const ProvisionValue *provision_ignition_item(const ProvisionValue *map, const char *key,
                                              unsigned index);

G_END_DECLS
