/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What has to come before everything else.
 */
#include "base/start.h"

void base_start(void)
{
    (void)g_ascii_strtoull("0", NULL, 10);
}
