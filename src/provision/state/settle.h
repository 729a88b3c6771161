/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/apply/root.h"
#include "provision/instance.h"

G_BEGIN_DECLS

/**
 * provision_settle:
 * @root: a root in which all has been done
 * @instance: for whom
 *
 * Keeps what the next boots are told by (facts.h), and what /run has after a boot with nothing to
 * do. Of a platform that can change its mind without a trace on this machine nothing is kept: its
 * next boots ask it.
 */
bool provision_settle(ProvisionRoot *root, const ProvisionInstance *instance,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_unsettle: the next boot looks at everything */
bool provision_unsettle(ProvisionRoot *root, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
