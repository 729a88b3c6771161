/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define PROVISION_ERROR (provision_error_quark())
GQuark provision_error_quark(void);

/**
 * ProvisionError:
 * @PROVISION_ERROR_FAILED: anything else
 * @PROVISION_ERROR_INVALID: a configuration that is not well-formed; names the place
 * @PROVISION_ERROR_NOT_FOUND: a datasource that has nothing for this host
 * @PROVISION_ERROR_REFUSED: a configuration whose signature is missing or wrong
 * @PROVISION_ERROR_NEED_NETWORK: something has to be fetched, and the network is not to be used yet
 */
typedef enum {
    PROVISION_ERROR_FAILED,
    PROVISION_ERROR_INVALID,
    PROVISION_ERROR_NOT_FOUND,
    PROVISION_ERROR_REFUSED,
    PROVISION_ERROR_NEED_NETWORK,
} ProvisionError;

G_END_DECLS
