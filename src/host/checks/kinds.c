/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of built-in checks.
 */
#include "host/checks/check.h"

const HostCheckKind *const host_check_kinds[] = {
    &host_check_units,
    &host_check_no_failed_units,
    &host_check_resolve,
    &host_check_url,
    &host_check_free_space,
    &host_check_time,
    NULL,
};
