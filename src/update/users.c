/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Who is logged in.
 */
#include "update/users.h"

#include <utmpx.h>

unsigned update_users_count(void)
{
    unsigned n = 0;
    setutxent();
    for (const struct utmpx *entry; (entry = getutxent()) != NULL;)
        if (entry->ut_type == USER_PROCESS && entry->ut_line[0] != '\0')
            n++;
    endutxent();
    return n;
}
