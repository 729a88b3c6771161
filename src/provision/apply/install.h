/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/apply/root.h"

G_BEGIN_DECLS

/**
 * provision_install_enable:
 * @root: where
 * @name: of a unit, or of an instance of a template
 * @out_changed: whether a link had to be made
 * @error: %PROVISION_ERROR_NOT_FOUND when there is no such unit
 *
 * Makes the links that “systemctl enable” makes: those that the unit's section [Install] names
 * (WantedBy, RequiredBy, Alias, Also, DefaultInstance; systemd.unit(5)).
 */
bool provision_install_enable(ProvisionRoot *root, const char *name, bool *out_changed,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_install_disable: takes the links to the unit away that are in
 * .wants and .requires of /etc/systemd/system; those of the vendor stay */
bool provision_install_disable(ProvisionRoot *root, const char *name, bool *out_changed,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
