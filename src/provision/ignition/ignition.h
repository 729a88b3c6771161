/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/envelope/envelope.h"
#include "provision/fetch.h"
#include "provision/plan.h"
#include "provision/report.h"
#include "provision/value.h"

G_BEGIN_DECLS

/* Ignition configs, specs 3.0.0 to 3.6.0, as trees of values: checked, merged, turned into a plan.
 */

#define PROVISION_IGNITION_MAX_CONFIGS 64
#define PROVISION_IGNITION_MAX_DEPTH 16

/** provision_ignition_is_config: whether @value looks like an Ignition config: a mapping with
 * "ignition", "version" in it */
bool provision_ignition_is_config(const ProvisionValue *value);

/**
 * provision_ignition_check:
 * @config: one config, before merging
 * @report: gets what is wrong (failed), keys that nobody knows or that came with a later spec
 *   (unknown), what atoll does not do (unsupported)
 *
 * Types, required keys, and the rules of the spec.
 *
 * Returns: whether nothing failed
 */
bool provision_ignition_check(const ProvisionValue *config, ProvisionReport *report);

/**
 * provision_ignition_merge:
 * @parent: a checked config
 * @child: a checked config that wins
 *
 * Merges as Ignition does: mappings by key, lists by what identifies their elements; files,
 * directories and links are one list in this.
 *
 * Returns: (transfer full): the merged config
 */
ProvisionValue *provision_ignition_merge(const ProvisionValue *parent, const ProvisionValue *child);

/**
 * provision_ignition_read:
 * @source: what @bytes are, for places
 * @first_line: the line of @source that they begin with
 * @bytes: a config; hostile
 * @fetcher: (nullable): gets what ignition.config names, with the proxies, timeouts and
 *   authorities of the configs; without it these references are left as they are
 * @report: as provision_ignition_check()
 * @cancellable: (nullable)
 * @error: %PROVISION_ERROR_INVALID: the first thing that is wrong;
 *   %PROVISION_ERROR_NEED_NETWORK: @fetcher may not use the network and must
 *
 * Parses, checks, replaces and merges.
 *
 * Returns: (transfer full): the merged config
 */
ProvisionValue *provision_ignition_read(const char *source, unsigned first_line, GBytes *bytes,
                                        ProvisionFetcher *fetcher, ProvisionReport *report,
                                        GCancellable *cancellable,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * provision_ignition_read_base:
 * @root: descriptor of the root directory
 * @platform: (nullable): for base.platform.d
 * @fetcher: as provision_ignition_read()
 * @report: as provision_ignition_check()
 * @cancellable: (nullable)
 * @error: as provision_ignition_read()
 *
 * Merges the configs *.ign of usr/lib, etc and run/ignition/base.d and base.platform.d/PLATFORM.
 * A file in run hides one of its name in etc, and that one in usr/lib.
 *
 * Returns: (transfer full) (nullable): %NULL without error when there are none
 */
ProvisionValue *provision_ignition_read_base(int root, const char *platform,
                                             ProvisionFetcher *fetcher, ProvisionReport *report,
                                             GCancellable *cancellable, GError **error);

/** provision_ignition_read_user: (nullable) (transfer full): the bytes of run, etc or
 * usr/lib/ignition/user.ign; %NULL without error when there is none */
GBytes *provision_ignition_read_user(int root, const char **out_source, GError **error);

/**
 * provision_ignition_plan:
 * @config: a merged config that was checked
 * @plan: what it wants is added here
 * @report: gets what is unsupported, by name and place, and values that merging made wrong
 *
 * Turns a config into a plan. Nothing is fetched.
 */
void provision_ignition_plan(const ProvisionValue *config, ProvisionPlan *plan,
                             ProvisionReport *report);

/** provision_ignition_configure_fetcher: gives @fetcher the proxies, timeouts and (fetched)
 * authorities of @config */
bool provision_ignition_configure_fetcher(const ProvisionValue *config, ProvisionFetcher *fetcher,
                                          GCancellable *cancellable,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_ignition_needs_network: whether @config has a source that is not in itself */
bool provision_ignition_needs_network(const ProvisionValue *config);

/** provision_ignition_add_part: reads @part and adds it to @plan, with a #ProvisionFetcher
 * (nullable) as data: ProvisionConfigEnv.ignition */
bool provision_ignition_add_part(gpointer fetcher, const ProvisionPart *part, ProvisionPlan *plan,
                                 ProvisionReport *report, GCancellable *cancellable,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
