/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/state/manifest.h"

#define PROVISION_MANIFEST_FILE PROVISION_STATE_DIR "/manifest.json"
#define PROVISION_MANIFEST_LOG PROVISION_STATE_DIR "/manifest.log"

/** provision_manifest_find: (nullable): the entry of @path */
ProvisionManifestEntry *provision_manifest_find(ProvisionManifest *self, const char *path);
/** provision_manifest_find_account: (nullable): the entry of @name in @file */
ProvisionManifestAccount *provision_manifest_find_account(ProvisionManifest *self, const char *file,
                                                          const char *name);
/** provision_manifest_print_entry: (transfer full): as JSON, on one line */
char *provision_manifest_print_entry(const ProvisionManifestEntry *entry);
