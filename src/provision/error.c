/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The error domain of provisioning.
 */
#include "provision/error.h"

G_DEFINE_QUARK(provision_error, provision_error)
